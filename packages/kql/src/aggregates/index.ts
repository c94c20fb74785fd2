import { nullOf } from '@strongroom/sql';
import type { AggregateRow } from './row.js';
import { statisticRows } from './statistics.js';
import { aggregateRows } from './tables.js';

const rows = new Map<string, AggregateRow>(
  [...aggregateRows, ...statisticRows].map((row) => [row.name, row]),
);

export function aggregateNamed(name: string): AggregateRow | undefined {
  // Bound by the operator itself, since they have several columns.
  return rows.get(name) ?? severalColumns.get(name);
}

/** `arg_max` and `arg_min`: their columns are the operator's affair (`operators/summarize.ts`). */
const severalColumns = new Map<string, AggregateRow>(
  ['arg_max', 'arg_min', 'argmax', 'argmin'].map((name) => [
    name,
    { name, takes: 'scalar...', gives: 'dynamic', sql: (args) => args[0] ?? nullOf() },
  ]),
);

export function aggregateNames(): Iterable<string> {
  return [...rows.keys(), ...severalColumns.keys()];
}
