/** Statements that write a whole table anew: what frees the disk key that it lies under. */
import {
  call,
  column,
  databaseName,
  infix,
  integer,
  print,
  select,
  table as tableRelation,
  text,
  ticksPerDay,
} from '@strongroom/sql';
import type { Statement } from '@strongroom/sql';
import { copySettings } from './erasure.js';
import { target } from './table.js';

/** The table that another is written anew in. */
export const rewriteTableName = (table: string): string => `_rewrite_${table}`;

/** True for a table that a rewrite works with. */
export const isRewriteTable = (name: string): boolean => name.startsWith('_rewrite_');

/** Copies a table, one day after the other: an insert has one partition. */
export function rewriteStatements(of: {
  readonly table: string;
  readonly columns: readonly string[];
  readonly days: readonly bigint[];
}): readonly Statement[] {
  const fresh = target(rewriteTableName(of.table));
  const dayOf = call('intDiv', column('_TimeReceived'), integer(ticksPerDay));
  return [
    print({ kind: 'dropTable', table: fresh, ifExists: true, sync: true }),
    print({ kind: 'createTableAs', table: fresh, like: target(of.table) }),
    ...of.days.map((day) =>
      print({
        kind: 'insertSelect',
        table: fresh,
        columns: of.columns,
        query: select({
          items: of.columns.map((name) => ({ value: column(name) })),
          from: tableRelation(of.table, databaseName),
          where: infix('=', dayOf, integer(day)),
        }),
        settings: copySettings,
      }),
    ),
  ];
}

/** Puts the table that was written anew in the place of the old one, which goes with its files. */
export const exchangeStatements = (table: string): readonly Statement[] => [
  print({
    kind: 'exchangeTables',
    first: target(table),
    second: target(rewriteTableName(table)),
  }),
  print({
    kind: 'dropTable',
    table: target(rewriteTableName(table)),
    ifExists: true,
    sync: true,
  }),
];

/** `[name, uuid, rows]` of every table. */
export const tableIdentities = (): Statement =>
  print(
    select({
      items: [
        { value: column('name') },
        { value: call('toString', column('uuid')) },
        { value: call('toString', column('total_rows')) },
      ],
      from: tableRelation('tables', 'system'),
      where: infix('=', column('database'), text(databaseName)),
    }),
  );
