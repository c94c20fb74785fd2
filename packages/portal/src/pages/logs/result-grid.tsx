import type { CSSProperties, PointerEvent as ReactPointerEvent, RefObject } from 'react';
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { jsonOf, tabbedOf } from '../../logic/delimited.js';
import { cellCharactersMax, widthSampleRows } from '../../logic/limits.js';
import type { ColumnWindow, RowWindow } from '../../logic/row-window.js';
import { columnWindow, rowWindow } from '../../logic/row-window.js';
import type { ResultColumn, Row, Sorting, Zone } from '../../logic/values.js';
import { formatCell, isNumeric } from '../../logic/values.js';
import { Icon } from '../../parts/icon.js';

const rowHeight = 28;
const headHeight = 32;
const columnWidthMin = 60;
const rowsBeyond = 8;
const pixelsBeyond = 480;

interface ResultGridProps {
  readonly columns: readonly ResultColumn[];
  /** The columns to show, as indexes into `columns`. */
  readonly shown: readonly number[];
  readonly rows: readonly Row[];
  /** Indexes into `rows` in display order. */
  readonly order: Uint32Array;
  readonly sorting: Sorting | undefined;
  readonly zone: Zone;
  /** The row shown in detail, as a position in `order`. */
  readonly opened: number | undefined;
  readonly onSort: (sorting: Sorting | undefined) => void;
  readonly onOpen: (position: number | undefined) => void;
  /** Adds a condition on a cell's value to the query. */
  readonly onFilter: (column: ResultColumn, value: unknown, keep: boolean) => void;
}

interface CellPlace {
  readonly row: number;
  readonly column: number;
}

/** Widths that fit the head and the first rows, in pixels. */
function initialWidths(columns: readonly ResultColumn[], rows: readonly Row[], zone: Zone) {
  return columns.map((column, at) => {
    let characters = column.name.length + 3;
    for (const row of rows.slice(0, widthSampleRows))
      characters = Math.max(characters, formatCell(row[at], column.type, zone).length);
    return Math.round(Math.min(560, Math.max(84, characters * 7.1 + 22)));
  });
}

interface GridRowProps {
  readonly columns: readonly ResultColumn[];
  readonly shown: readonly number[];
  /** Which of `shown` are drawn. */
  readonly across: ColumnWindow;
  readonly row: Row;
  readonly position: number;
  readonly start: number;
  readonly zone: Zone;
  readonly opened: boolean;
  readonly activeColumn: number | undefined;
  readonly gridId: string;
}

const GridRow = memo(function GridRow(props: GridRowProps) {
  const { columns, shown, across, row, position, start, zone, opened, activeColumn, gridId } =
    props;
  return (
    <div
      role="row"
      aria-rowindex={position + 2}
      aria-selected={opened}
      className={position % 2 === 1 ? 'grid-row odd' : 'grid-row'}
      style={{ transform: `translateY(${start}px)`, paddingLeft: across.before }}
      data-position={position}
    >
      {shown.slice(across.first, across.last).map((at, index) => {
        const value = row[at];
        const type = columns[at]?.type ?? '';
        const text = formatCell(value, type, zone);
        const missing = value === null || value === undefined;
        return (
          <div
            key={at}
            role="gridcell"
            id={activeColumn === at ? `${gridId}-active` : undefined}
            aria-colindex={across.first + index + 1}
            className={`grid-cell${isNumeric(type) ? ' number' : ''}${missing ? ' missing' : ''}${activeColumn === at ? ' active' : ''}`}
            style={{ width: `var(--w${at})` }}
            data-column={at}
          >
            {missing ? 'null' : text.slice(0, cellCharactersMax)}
          </div>
        );
      })}
    </div>
  );
});

interface GridWindow {
  readonly rows: RowWindow;
  readonly across: ColumnWindow;
}

/** Keeps the rows and columns in view in step with the scroller's place and size. */
function useGridWindow(
  scroller: RefObject<HTMLDivElement | null>,
  count: number,
  shownWidths: readonly number[],
): GridWindow & { readonly follow: () => void } {
  const [seen, setSeen] = useState<GridWindow>({
    rows: { first: 0, last: 0 },
    across: { first: 0, last: 0, before: 0 },
  });
  const measure = (): GridWindow => ({
    rows: rowWindow({
      scrollTop: scroller.current?.scrollTop ?? 0,
      height: scroller.current?.clientHeight ?? 0,
      rowHeight,
      count,
      beyond: rowsBeyond,
    }),
    across: columnWindow({
      scrollLeft: scroller.current?.scrollLeft ?? 0,
      width: scroller.current?.clientWidth ?? 0,
      widths: shownWidths,
      beyond: pixelsBeyond,
    }),
  });
  const update = (next: GridWindow): void =>
    setSeen((old) => {
      const rows =
        old.rows.first === next.rows.first && old.rows.last === next.rows.last
          ? old.rows
          : next.rows;
      const across =
        old.across.first === next.across.first &&
        old.across.last === next.across.last &&
        old.across.before === next.across.before
          ? old.across
          : next.across;
      return rows === old.rows && across === old.across ? old : { rows, across };
    });
  const latest = useRef(measure);
  useEffect(() => {
    latest.current = measure;
  });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => update(latest.current()));
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller, count, shownWidths]);
  return {
    // A result that shrank is drawn once before the effect has looked again.
    rows: { first: Math.min(seen.rows.first, count), last: Math.min(seen.rows.last, count) },
    across: seen.across,
    // In the same frame: rows that come late are seen as a flash.
    follow: () => flushSync(() => update(measure())),
  };
}

/**
 * The result as a grid. Only the rows and columns in view are in the page, so that a hundred
 * thousand scroll like ten. Arrow keys move, Enter opens a row, Ctrl+C copies a cell.
 */
export function ResultGrid(props: ResultGridProps) {
  const { columns, shown, rows, order, sorting, zone, opened, onSort, onOpen, onFilter } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const gridId = 'results';
  const fitted = useMemo(() => initialWidths(columns, rows, zone), [columns, rows, zone]);
  const [resized, setResized] = useState<{ columns: unknown; widths: readonly number[] }>();
  const widths = resized?.columns === columns ? resized.widths : fitted;
  const [marked, setMarked] = useState<{ order: Uint32Array; place: CellPlace }>();
  // In another order the place would be another row's.
  const active = marked?.order === order ? marked.place : undefined;
  const setActive = (place: CellPlace): void => setMarked({ order, place });
  const [menu, setMenu] = useState<{ x: number; y: number; place: CellPlace }>();

  const shownWidths = useMemo(() => shown.map((at) => widths[at] ?? 0), [shown, widths]);
  const { rows: seen, across, follow } = useGridWindow(scroller, order.length, shownWidths);

  const rowAt = (position: number): Row | undefined => {
    const index = order[position];
    return index === undefined ? undefined : rows[index];
  };
  const placeOf = (target: EventTarget): CellPlace | undefined => {
    if (!(target instanceof Element)) return undefined;
    const cell = target.closest<HTMLElement>('[data-column]');
    const row = target.closest<HTMLElement>('[data-position]');
    if (!cell || !row) return undefined;
    return { row: Number(row.dataset['position']), column: Number(cell.dataset['column']) };
  };
  const copy = (text: string): void => {
    navigator.clipboard.writeText(text).catch(() => undefined);
  };
  const copyCell = (place: CellPlace): void => {
    const column = columns[place.column];
    copy(formatCell(rowAt(place.row)?.[place.column], column?.type ?? '', zone));
  };
  /** `step` counts in the columns that are shown. */
  const moveTo = (row: number, step: number): void => {
    const place = Math.max(0, Math.min(shown.length - 1, step));
    const next = {
      row: Math.max(0, Math.min(order.length - 1, row)),
      column: shown[place] ?? 0,
    };
    setActive(next);
    if (opened !== undefined) onOpen(next.row);
    const element = scroller.current;
    if (!element) return;
    const top = next.row * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight - headHeight)
      element.scrollTop = top + rowHeight - element.clientHeight + headHeight;
    const left = shown.slice(0, place).reduce((sum, at) => sum + (widths[at] ?? 0), 0);
    const right = left + (widths[next.column] ?? 0);
    if (left < element.scrollLeft) element.scrollLeft = left;
    else if (right > element.scrollLeft + element.clientWidth)
      element.scrollLeft = right - element.clientWidth;
  };
  const resize = (at: number, width: number): void => {
    setResized({
      columns,
      widths: widths.map((old, index) =>
        index === at ? Math.max(columnWidthMin, Math.round(width)) : old,
      ),
    });
  };
  const startResize = (event: ReactPointerEvent<HTMLElement>, at: number): void => {
    event.preventDefault();
    event.stopPropagation();
    const handle = event.currentTarget;
    const startX = event.clientX;
    const startWidth = widths[at] ?? columnWidthMin;
    handle.setPointerCapture(event.pointerId);
    const moved = (move: PointerEvent): void => resize(at, startWidth + move.clientX - startX);
    const done = (): void => {
      handle.removeEventListener('pointermove', moved);
      handle.removeEventListener('pointerup', done);
      handle.removeEventListener('pointercancel', done);
    };
    handle.addEventListener('pointermove', moved);
    handle.addEventListener('pointerup', done);
    handle.addEventListener('pointercancel', done);
  };
  const nextSorting = (at: number): Sorting | undefined => {
    if (sorting?.column !== at) return { column: at, descending: false };
    return sorting.descending ? undefined : { column: at, descending: true };
  };
  const keyDown = (event: React.KeyboardEvent): void => {
    if (event.target !== scroller.current) return;
    const at = {
      row: active?.row ?? 0,
      column: active ? Math.max(0, shown.indexOf(active.column)) : 0,
    };
    const page = Math.max(
      1,
      Math.floor((scroller.current.clientHeight - headHeight) / rowHeight) - 1,
    );
    const ctrl = event.ctrlKey || event.metaKey;
    switch (event.key) {
      case 'ArrowDown':
        moveTo(active ? at.row + 1 : 0, at.column);
        break;
      case 'ArrowUp':
        moveTo(at.row - 1, at.column);
        break;
      case 'ArrowRight':
        moveTo(at.row, active ? at.column + 1 : 0);
        break;
      case 'ArrowLeft':
        moveTo(at.row, at.column - 1);
        break;
      case 'PageDown':
        moveTo(at.row + page, at.column);
        break;
      case 'PageUp':
        moveTo(at.row - page, at.column);
        break;
      case 'Home':
        moveTo(ctrl ? 0 : at.row, 0);
        break;
      case 'End':
        moveTo(ctrl ? order.length - 1 : at.row, shown.length - 1);
        break;
      case 'Enter':
      case ' ':
        onOpen(at.row);
        break;
      case 'Escape':
        if (opened === undefined) return;
        onOpen(undefined);
        break;
      case 'c':
        if (!ctrl || !active || getSelection()?.isCollapsed === false) return;
        copyCell(active);
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  const positions = Array.from({ length: seen.last - seen.first }, (_, at) => seen.first + at);
  const pool = 32 * Math.ceil(positions.length / 32);
  const total = shownWidths.reduce((sum, width) => sum + width, 0);
  const drawn = shown.slice(across.first, across.last);
  const style = Object.fromEntries(
    drawn.map((at) => [`--w${at}`, `${widths[at] ?? columnWidthMin}px`]),
  ) as CSSProperties;

  return (
    <div className="grid-frame">
      <div
        ref={scroller}
        id={gridId}
        className="grid"
        role="grid"
        aria-label="Results"
        aria-rowcount={order.length + 1}
        aria-colcount={shown.length}
        aria-activedescendant={active ? `${gridId}-active` : undefined}
        tabIndex={0}
        style={style}
        onKeyDown={keyDown}
        onScroll={() => {
          follow();
          if (menu) setMenu(undefined);
        }}
      >
        <div
          className="grid-body"
          role="rowgroup"
          style={{ height: headHeight + order.length * rowHeight, width: total }}
          onClick={(event) => {
            const place = placeOf(event.target);
            if (!place || getSelection()?.isCollapsed === false) return;
            setActive(place);
            onOpen(place.row);
          }}
          onContextMenu={(event) => {
            const place = placeOf(event.target) ?? active;
            if (!place) return;
            event.preventDefault();
            setActive(place);
            setMenu({ x: event.clientX, y: event.clientY, place });
          }}
        >
          <div
            className="grid-head"
            role="row"
            aria-rowindex={1}
            style={{ width: total, paddingLeft: across.before }}
          >
            {drawn.map((at, index) => {
              const column = columns[at];
              if (!column) return null;
              const sorted = sorting?.column === at ? sorting : undefined;
              return (
                <div
                  key={at}
                  role="columnheader"
                  aria-colindex={across.first + index + 1}
                  aria-sort={sorted ? (sorted.descending ? 'descending' : 'ascending') : 'none'}
                  className={isNumeric(column.type) ? 'grid-title number' : 'grid-title'}
                  style={{ width: `var(--w${at})` }}
                >
                  <button
                    type="button"
                    title={`${column.name} (${column.type})`}
                    onClick={() => {
                      scroller.current?.scrollTo({ top: 0 });
                      onSort(nextSorting(at));
                    }}
                    onKeyDown={(event) => {
                      if (!event.altKey) return;
                      const step =
                        event.key === 'ArrowRight' ? 16 : event.key === 'ArrowLeft' ? -16 : 0;
                      if (step === 0) return;
                      event.preventDefault();
                      resize(at, (widths[at] ?? 0) + step);
                    }}
                  >
                    <span>{column.name}</span>
                    {sorted && <Icon name={sorted.descending ? 'down' : 'up'} size={12} />}
                  </button>
                  <span
                    className="grid-resize"
                    aria-hidden="true"
                    onPointerDown={(event) => startResize(event, at)}
                    onDoubleClick={() => resize(at, fitted[at] ?? 120)}
                  />
                </div>
              );
            })}
          </div>
          {positions.map((position) => {
            const row = rowAt(position);
            if (!row) return null;
            return (
              <GridRow
                // A row that leaves gives its elements to the one that enters.
                key={position % pool}
                columns={columns}
                shown={shown}
                across={across}
                row={row}
                position={position}
                start={headHeight + position * rowHeight}
                zone={zone}
                opened={opened === position}
                activeColumn={active?.row === position ? active.column : undefined}
                gridId={gridId}
              />
            );
          })}
        </div>
      </div>
      {menu && (
        <CellMenu
          x={menu.x}
          y={menu.y}
          onClose={() => setMenu(undefined)}
          items={[
            { label: 'Copy cell', act: () => copyCell(menu.place) },
            { label: 'Copy row', act: () => copy(tabbedOf(columns, rowAt(menu.place.row) ?? [])) },
            {
              label: 'Copy row as JSON',
              act: () => copy(jsonOf(columns, [rowAt(menu.place.row) ?? []])),
            },
            ...[true, false].map((keep) => ({
              label: keep ? 'Only rows with this value' : 'Leave out this value',
              act: () => {
                const column = columns[menu.place.column];
                if (column) onFilter(column, rowAt(menu.place.row)?.[menu.place.column], keep);
              },
            })),
          ]}
        />
      )}
    </div>
  );
}

function CellMenu(props: {
  readonly x: number;
  readonly y: number;
  readonly onClose: () => void;
  readonly items: readonly { readonly label: string; readonly act: () => void }[];
}) {
  const list = useRef<HTMLDivElement>(null);
  const close = useRef(props.onClose);
  useEffect(() => {
    close.current = props.onClose;
  });
  useEffect(() => {
    list.current?.querySelector('button')?.focus();
    const outside = (event: PointerEvent): void => {
      if (event.target instanceof Node && !list.current?.contains(event.target)) close.current();
    };
    document.addEventListener('pointerdown', outside, true);
    return () => document.removeEventListener('pointerdown', outside, true);
  }, []);
  const step = (by: number): void => {
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = buttons.findIndex((button) => button === document.activeElement);
    buttons[(at + by + buttons.length) % buttons.length]?.focus();
  };
  return (
    <div
      ref={list}
      className="cell-menu"
      role="menu"
      aria-label="Cell"
      style={{
        left: Math.min(props.x, innerWidth - 220),
        top: Math.min(props.y, innerHeight - 180),
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') props.onClose();
        else if (event.key === 'ArrowDown') step(1);
        else if (event.key === 'ArrowUp') step(-1);
        else return;
        event.preventDefault();
      }}
    >
      {props.items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          className="menu-item"
          onClick={() => {
            item.act();
            props.onClose();
          }}
        >
          {item.label}
        </button>
      ))}
    </div>
  );
}
