/** Figures with their spread, and the table that people read. */

/** The value below which this share of the numbers lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** One line of the report. */
export interface Figure {
  readonly section: string;
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  /** Least and greatest of several runs. */
  readonly spread?: readonly [number, number];
  /** What it is measured against, in the same run. */
  readonly against?: { readonly what: string; readonly value: number; readonly unit?: string };
  /** `value` over the reference, or its like; see the column's name. */
  readonly ratio?: number;
  readonly goal?: string;
  readonly met?: boolean;
  readonly note?: string;
}

/** The median of several runs, with the least and the greatest. */
export function spreadOf(values: readonly number[]): {
  value: number;
  spread?: readonly [number, number];
} {
  const value = median(values);
  return values.length < 2
    ? { value }
    : { value, spread: [Math.min(...values), Math.max(...values)] };
}

export function number(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toFixed(digits);
}

/** Lines of a table with columns as wide as they need. */
export function printFigures(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    `${number(figure.value)} ${figure.unit}`.trim(),
    figure.spread === undefined ? '' : `${number(figure.spread[0])} – ${number(figure.spread[1])}`,
    figure.against === undefined
      ? ''
      : `${number(figure.against.value)} ${figure.against.unit ?? figure.unit} ${figure.against.what}`,
    figure.ratio === undefined ? '' : number(figure.ratio),
    `${figure.goal ?? ''}${figure.met === undefined ? '' : figure.met ? ' ✓' : ' ✗'}`,
    figure.note ?? '',
  ]);
  const head = ['what', 'measured', 'spread', 'against, in the same run', 'ratio', 'goal', ''];
  const widths = head.map((name, at) =>
    Math.max(name.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  const lines = [line(head), line(widths.map((width) => '─'.repeat(width)))];
  let section = '';
  figures.forEach((figure, at) => {
    if (figure.section !== section) {
      if (section !== '') lines.push('');
      section = figure.section;
    }
    lines.push(line(rows[at]!));
  });
  return lines.join('\n');
}
