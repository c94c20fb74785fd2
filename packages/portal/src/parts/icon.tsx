const paths = {
  play: 'M7 4.5v15l12-7.5z',
  stop: 'M6 6h12v12H6z',
  clock: 'M12 7v5l3.5 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  link: 'M10 14a4.5 4.5 0 0 0 6.4.4l3-3a4.5 4.5 0 0 0-6.4-6.4l-1.2 1.2M14 10a4.5 4.5 0 0 0-6.4-.4l-3 3a4.5 4.5 0 0 0 6.4 6.4l1.2-1.2',
  history: 'M3.5 12a8.5 8.5 0 1 0 2.6-6.1L3.5 8.5M3.5 4v4.5H8M12 7.5V12l3 2',
  download: 'M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M4.5 19.5h15',
  table: 'M3.5 5.5h17v13h-17zM3.5 10h17M9 10v8.5',
  chart: 'M4 4v16h16M8 15l3.5-4 3 2.5L20 8',
  bars: 'M5 20v-6M10 20V8M15 20v-9M20 20V4',
  columns: 'M4.5 4.5h4v15h-4zM10 4.5h4v15h-4zM15.5 4.5h4v15h-4z',
  chevron: 'M9.5 6 15 12l-5.5 6',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 20 20',
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4',
  check: 'M4.5 12.5 10 18 19.5 7',
  theme: 'M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.5c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5',
  plus: 'M12 5v14M5 12h14',
  key: 'M15.5 4a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM12.3 11.7 4 20M7 17l2.5 2.5M10 14l2 2',
  trash: 'M4.5 6.5h15M9.5 6.5v-2h5v2M6.5 6.5l.8 13h9.4l.8-13M10 10.5v5.5M14 10.5v5.5',
  refresh:
    'M20 11a8 8 0 0 0-14.5-3.5L4 9M4 4.5V9h4.5M4 13a8 8 0 0 0 14.5 3.5L20 15M20 19.5V15h-4.5',
  panel: 'M3.5 4.5h17v15h-17zM9.5 4.5v15',
  alert: 'M12 8.5v5M12 16.8v.2M12 3.5 2.5 20h19z',
  info: 'M12 11v5.5M12 7.6v.2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  up: 'M6 14.5 12 9l6 5.5',
  down: 'M6 9.5 12 15l6-5.5',
  function: 'M15 5c-3-1-4 1-4.4 4L9 18c-.4 2-1.5 2.5-3.5 2M7 10.5h7',
  server: 'M4 4.5h16v6H4zM4 13.5h16v6H4zM7.5 7.5h.1M7.5 16.5h.1',
  out: 'M14 4.5h5.5v15H14M15 12H4.5m0 0L9 7.5M4.5 12 9 16.5',
} as const;

export type IconName = keyof typeof paths;

/** A drawing beside words; it says nothing by itself and is hidden from assistive technology. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  const filled = name === 'play' || name === 'stop';
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={filled ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth={filled ? 0 : 1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** The product's mark: the dial of a strongroom's door. */
export function Mark({ size = 22 }: { readonly size?: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <rect x="1.5" y="1.5" width="21" height="21" rx="5.5" fill="var(--accent)" />
      <g fill="none" stroke="#fff" strokeWidth="1.7" strokeLinecap="round">
        <circle cx="12" cy="12" r="5.5" />
        <path d="M12 6.5v2.7M12 14.8v2.7M6.5 12h2.7M14.8 12h2.7" />
      </g>
      <circle cx="12" cy="12" r="1.6" fill="#fff" />
    </svg>
  );
}
