/**
 * Statements that take single rows out of a table for good.
 *
 * The rows are chosen once and kept, as (position, row, day), in a table of their own; the days that
 * they lie in are then written anew without them and put in the place of the old ones. No mutation:
 * its text would stay in the clear, and the old parts with it. Each step can be done again.
 */
import { StrongroomError } from '@strongroom/base';
import {
  and,
  call,
  column,
  databaseName,
  inList,
  infix,
  integer,
  not,
  print,
  select,
  systemColumns,
  table as tableRelation,
  text,
  ticksPerDay,
  tuple,
} from '@strongroom/sql';
import type { Command, Expression, Query, Select, Statement } from '@strongroom/sql';
import type { EngineErrorCode } from './errors.js';
import { overSource } from './insert-plan.js';
import type { TableDefinition } from './table.js';
import { target } from './table.js';

/** Rows that were chosen, by arrival day. */
export interface StagedErasure {
  readonly rows: bigint;
  readonly days: readonly StagedDay[];
}

export interface StagedDay {
  /** Days since 0001-01-01. */
  readonly day: bigint;
  readonly rows: bigint;
}

/** Rows of a table: all of some days, or those that a compiled `where` over `source` lets through. */
export interface ErasureChoice {
  readonly table: TableDefinition;
  /** Reads the relation named `source`; a row in, at most one row out. */
  readonly chosen: Query;
  /** Only rows of entries below this position. */
  readonly before: bigint;
}

/** Copies of a day are written in blocks of this, so that a large one needs no large memory. */
const copyRows = 262_144;
const copyBytes = 64 * 1024 * 1024;

const idForm = /^[0-9a-f-]{1,64}$/;

/** The table that holds an erasure's chosen rows, and the one that a day is written anew in. */
export function erasureTables(id: string): { staged: string; fresh: string } {
  if (!idForm.test(id)) {
    throw new StrongroomError<EngineErrorCode>('ENGINE_BAD_OPTION', 'An erasure has another id.');
  }
  return { staged: `_erasure_${id}`, fresh: `_erasure_${id}_fresh` };
}

/** True for a table that an erasure works with. */
export const isErasureTable = (name: string): boolean => name.startsWith('_erasure_');

const dayOf: Expression = call('intDiv', column('_TimeReceived'), integer(ticksPerDay));

const chosenRows = ({ table, chosen, before }: ErasureChoice): Select =>
  overSource(
    chosen,
    'source',
    select({
      items: [...table.columns.map(({ name }) => name), ...Object.keys(systemColumns)].map(
        (name) => ({ value: column(name) }),
      ),
      from: tableRelation(table.name, databaseName),
      where: infix('<', column('_Position'), integer(before)),
    }),
  );

/** `[rows, days, least time, greatest time]` of a choice. */
export const countChoice = (choice: ErasureChoice): Statement =>
  print(
    select({
      items: [
        { value: call('toString', call('count')) },
        { value: call('toString', call('uniqExact', dayOf)) },
        { value: call('toString', call('min', column('_TimeReceived'))) },
        { value: call('toString', call('max', column('_TimeReceived'))) },
      ],
      from: { kind: 'query', query: chosenRows(choice) },
    }),
  );

/** Makes the table of chosen rows and fills it. It is empty or whole: one insert, one part or more. */
export function stageStatements(id: string, choice: ErasureChoice): readonly Statement[] {
  const staged = target(erasureTables(id).staged);
  const make: Command = {
    kind: 'createTable',
    table: staged,
    ifNotExists: false,
    columns: [
      { name: '_Position', type: 'UInt64' },
      { name: '_Row', type: 'UInt32' },
      { name: '_Day', type: 'Int64' },
    ],
    engine: 'MergeTree',
    orderBy: [column('_Day'), column('_Position'), column('_Row')],
    settings: { storage_policy: 'tiered', fsync_after_insert: 1 },
  };
  return [
    print({ kind: 'dropTable', table: staged, ifExists: true, sync: true }),
    print(make),
    print({
      kind: 'insertSelect',
      table: staged,
      columns: ['_Position', '_Row', '_Day'],
      query: select({
        items: [
          { value: column('_Position') },
          { value: column('_Row') },
          { value: dayOf, alias: '_Day' },
        ],
        from: { kind: 'query', query: chosenRows(choice) },
      }),
      settings: copySettings,
    }),
  ];
}

/** Settings of a copy from table to table. */
export const copySettings = {
  min_insert_block_size_rows: copyRows,
  min_insert_block_size_bytes: copyBytes,
  max_block_size: 65_536,
};

/** `[day, rows]` of the chosen rows. */
export const stagedDays = (id: string): Statement =>
  print(
    select({
      items: [
        { value: call('toString', column('_Day')) },
        { value: call('toString', call('count')) },
      ],
      from: tableRelation(erasureTables(id).staged, databaseName),
      groupBy: [column('_Day')],
      orderBy: [{ value: column('_Day'), direction: 'ASC', nulls: 'LAST' }],
    }),
  );

/** `[position, day]` of the chosen rows above one, each once, so many at most. */
export const stagedPositions = (id: string, above: bigint, most: bigint): Statement =>
  print(
    select({
      distinct: true,
      items: [{ value: column('_Position'), alias: 'p' }, { value: column('_Day') }],
      from: tableRelation(erasureTables(id).staged, databaseName),
      where: infix('>=', column('_Position'), integer(above)),
      orderBy: [{ value: column('p'), direction: 'ASC', nulls: 'LAST' }],
      limit: most,
      settings: { output_format_json_quote_64bit_integers: 1 },
    }),
  );

/** Writes a day anew without its chosen rows. Fills `fresh`, which is empty before. */
export function copyStatements(
  id: string,
  day: { table: string; columns: readonly string[]; day: bigint },
): readonly Statement[] {
  const { staged, fresh } = erasureTables(id);
  const rowKey = tuple(column('_Position'), column('_Row'));
  const chosen = select({
    items: [{ value: column('_Position') }, { value: column('_Row') }],
    from: tableRelation(staged, databaseName),
    where: infix('=', column('_Day'), integer(day.day)),
  });
  return [
    print({ kind: 'dropTable', table: target(fresh), ifExists: true, sync: true }),
    print({ kind: 'createTableAs', table: target(fresh), like: target(day.table) }),
    print({
      kind: 'insertSelect',
      table: target(fresh),
      columns: day.columns,
      query: select({
        items: day.columns.map((name) => ({ value: column(name) })),
        from: tableRelation(day.table, databaseName),
        where: and([infix('=', dayOf, integer(day.day)), not(inList(rowKey, chosen))]),
      }),
      settings: copySettings,
    }),
  ];
}

/** Puts the day as it was written anew in the place of the old one; none left is none. */
export const replaceStatement = (id: string, day: { table: string; day: bigint }): Statement =>
  print({
    kind: 'replacePartition',
    table: target(day.table),
    from: target(erasureTables(id).fresh),
    partition: { id: String(day.day) },
    settings: { allow_replace_partition_from_empty_source: 1 },
  });

/**
 * Dropping a day that no table has makes the engine remove old parts now rather than in a minute.
 */
export const sweepStatement = (table: string): Statement =>
  print({
    kind: 'alterPartition',
    table: target(table),
    action: 'DROP PARTITION',
    partition: { id: '0' },
  });

/** `[parts]`: replaced parts of a table that still hold rows, because a query reads them. */
export const replacedParts = (table: string): Statement =>
  print(
    select({
      items: [{ value: call('toString', call('count')) }],
      from: tableRelation('parts', 'system'),
      where: and([
        infix('=', column('database'), text(databaseName)),
        infix('=', column('table'), text(table)),
        not(column('active')),
        infix('>', column('rows'), integer(0)),
      ]),
    }),
  );

/** Caches that hold values of rows: keys, and words of text indexes. */
export const forgetStatements = (): readonly Statement[] =>
  (
    [
      'DROP TEXT INDEX CACHES',
      'DROP PRIMARY INDEX CACHE',
      'DROP QUERY CONDITION CACHE',
      'DROP UNCOMPRESSED CACHE',
      'DROP MARK CACHE',
    ] as const
  ).map((action) => print({ kind: 'system', action }));
