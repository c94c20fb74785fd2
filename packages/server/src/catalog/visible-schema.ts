import type { ColumnSchema, TableSchema } from '@strongroom/sql';

/** Columns that every table shows and none stores: the compiler puts their values in. */
const constants: readonly ColumnSchema[] = [
  { name: 'TenantId', type: 'string' },
  { name: 'Type', type: 'string' },
];

/** A stored table as people see it: with `TenantId` and `Type`, before the columns with `_`. */
export function visibleSchema({ name, columns }: TableSchema): TableSchema {
  const known = new Set(columns.map((column) => column.name));
  const missing = constants.filter((column) => !known.has(column.name));
  const hidden = columns.findIndex((column) => column.name.startsWith('_'));
  const at = hidden < 0 ? columns.length : hidden;
  return { name, columns: [...columns.slice(0, at), ...missing, ...columns.slice(at)] };
}
