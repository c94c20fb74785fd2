/** The colours that a canvas draws with; CSS variables mean nothing to it. */
export interface ChartColours {
  readonly series: readonly string[];
  readonly other: string;
  readonly axis: string;
  readonly rule: string;
  readonly surface: string;
}

/** Reads the tokens as the element's theme resolves them. */
export function chartColours(element: HTMLElement): ChartColours {
  const probe = document.createElement('span');
  element.append(probe);
  const read = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    series: Array.from({ length: 8 }, (_, at) => read(`--series-${at + 1}`)),
    other: read('--series-other'),
    axis: read('--text-2'),
    rule: read('--line'),
    surface: read('--surface'),
  };
  probe.remove();
  return colours;
}

/** A resolved `rgb(…)` colour, see-through. */
export function withAlpha(colour: string, alpha: number): string {
  const parts = /\(([^)]+)\)/
    .exec(colour)?.[1]
    ?.split(/[\s,/]+/)
    .slice(0, 3);
  return parts ? `rgba(${parts.join(', ')}, ${alpha})` : colour;
}
