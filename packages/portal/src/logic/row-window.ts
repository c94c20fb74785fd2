/** The rows that are in the page: those in view and a few beyond. `last` is exclusive. */
export interface RowWindow {
  readonly first: number;
  readonly last: number;
}

/**
 * Which of `count` rows of one height a scrolled view needs. The edges move in steps of
 * `beyond` rows, so that most scrolling moves no edge and draws nothing again.
 */
export function rowWindow(view: {
  readonly scrollTop: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly count: number;
  readonly beyond: number;
}): RowWindow {
  const { scrollTop, height, rowHeight, count, beyond } = view;
  const top = Math.max(0, Math.min(scrollTop, count * rowHeight - height));
  const firstSeen = Math.floor(top / rowHeight);
  const lastSeen = Math.ceil((top + height) / rowHeight);
  return {
    first: Math.max(0, (Math.floor(firstSeen / beyond) - 1) * beyond),
    last: Math.min(count, (Math.ceil(lastSeen / beyond) + 1) * beyond),
  };
}

/** The columns that are drawn, as positions among those shown; `last` is exclusive. */
export interface ColumnWindow {
  readonly first: number;
  readonly last: number;
  /** Width of the columns before `first`, in pixels. */
  readonly before: number;
}

/**
 * Which of the columns of these widths a scrolled view needs, with up to `beyond` pixels at each
 * side. The edges move in steps of `beyond`, as those of {@link rowWindow} do.
 */
export function columnWindow(view: {
  readonly scrollLeft: number;
  readonly width: number;
  readonly widths: readonly number[];
  readonly beyond: number;
}): ColumnWindow {
  const { scrollLeft, width, widths, beyond } = view;
  const from = (Math.floor(Math.max(0, scrollLeft) / beyond) - 1) * beyond;
  const to = (Math.ceil((Math.max(0, scrollLeft) + width) / beyond) + 1) * beyond;
  let [first, last, before, edge] = [0, 0, 0, 0];
  for (const [at, size] of widths.entries()) {
    if (edge >= to) break;
    if (edge + size <= from) {
      first = at + 1;
      before = edge + size;
    }
    edge += size;
    last = at + 1;
  }
  return { first: Math.min(first, last), last, before };
}
