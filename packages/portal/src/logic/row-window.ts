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
