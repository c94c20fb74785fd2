import { histogramBarsMax, histogramRowsMin } from './limits.js';
import type { ResultColumn, Row } from './values.js';
import { instantOf } from './values.js';

/** How many rows fall into each span of time. */
export interface TimeHistogram {
  readonly column: string;
  /** Start of the first span, in milliseconds since 1970. */
  readonly startMs: number;
  readonly stepMs: number;
  readonly counts: readonly number[];
}

/** Widths that people read with ease: 1, 5, 10 … of each unit. */
const steps = [
  1,
  10,
  100,
  500,
  1_000,
  5_000,
  10_000,
  30_000,
  60_000,
  300_000,
  600_000,
  1_800_000,
  3_600_000,
  10_800_000,
  21_600_000,
  43_200_000,
  86_400_000,
  7 * 86_400_000,
  30 * 86_400_000,
  365 * 86_400_000,
];

/**
 * Counts the rows by their `TimeGenerated`, else (where there are enough rows for a shape) by the
 * first datetime column. `undefined` without such a column or without two different times.
 */
export function histogramOf(
  columns: readonly ResultColumn[],
  rows: readonly Row[],
): TimeHistogram | undefined {
  const named = columns.findIndex((c) => c.name === 'TimeGenerated' && c.type === 'datetime');
  const at = named >= 0 ? named : columns.findIndex((column) => column.type === 'datetime');
  const column = columns[at];
  if (!column || (named < 0 && rows.length < histogramRowsMin)) return undefined;
  const times = new Float64Array(rows.length);
  let count = 0;
  let minMs = Infinity;
  let maxMs = -Infinity;
  for (const row of rows) {
    const ms = instantOf(row[at]);
    if (ms === null) continue;
    times[count++] = ms;
    if (ms < minMs) minMs = ms;
    if (ms > maxMs) maxMs = ms;
  }
  if (count < 2 || minMs === maxMs) return undefined;
  const stepMs =
    steps.find((step) => (maxMs - minMs) / step < histogramBarsMax - 1) ??
    Math.ceil((maxMs - minMs) / (histogramBarsMax - 1));
  const startMs = Math.floor(minMs / stepMs) * stepMs;
  const counts = Array.from({ length: Math.floor((maxMs - startMs) / stepMs) + 1 }, () => 0);
  for (let index = 0; index < count; index++) {
    const bar = Math.floor(((times[index] ?? 0) - startMs) / stepMs);
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  return { column: column.name, startMs, stepMs, counts };
}

/** `60000` as `1 min`: what one bar stands for. */
export function stepLabel(stepMs: number): string {
  const units: [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
    [1, 'ms'],
  ];
  const [size, unit] = units.find(([ms]) => stepMs >= ms) ?? [1, 'ms'];
  return `${Math.round((stepMs / size) * 10) / 10} ${unit}`;
}
