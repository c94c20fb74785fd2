import {
  call,
  column,
  databaseName,
  infix,
  integer,
  storageType,
  systemColumns,
  ticksPerDay,
  ticksPerSecond,
  unixEpochTicks,
} from '@strongroom/sql';
import type {
  ColumnDefinition,
  ColumnSchema,
  Command,
  Expression,
  TableSchema,
} from '@strongroom/sql';
import { EngineError } from './errors.js';
import { deduplicationWindow, oldPartsSeconds, tableColumnsMax } from './limits.js';

/** A table as the engine keeps it. */
export interface TableDefinition extends TableSchema {
  /** String columns with a full-text index; message-like ones. Fixed when the table is made. */
  readonly fullTextColumns?: readonly string[];
}

/** Where rows that do not fit their table are kept, with the reason. Made in every engine. */
export const ingestionErrorsTable: TableDefinition = {
  name: 'IngestionErrors',
  columns: [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'TableName', type: 'string' },
    { name: 'StreamName', type: 'string' },
    { name: 'RuleId', type: 'string' },
    { name: 'Reason', type: 'string' },
    { name: 'ColumnName', type: 'string' },
    { name: 'Message', type: 'string' },
    { name: 'RawRecord', type: 'string' },
    { name: 'CorrelationId', type: 'string' },
  ],
};

/** Those of its columns that an insert fills; the others are the server's. */
export const deadLetterColumns = [
  'TimeGenerated',
  'TableName',
  'StreamName',
  'Reason',
  'ColumnName',
  'RawRecord',
] as const;

/** Why a row is a dead letter. Stable: users query by it. */
export type DeadLetterReason =
  /** The row is not a JSON object. */
  | 'MALFORMED_JSON'
  /** The value is of another kind than the column: a word for a number, an epoch number for a time. */
  | 'WRONG_TYPE'
  /** The value is of the column's kind and does not fit into it. */
  | 'VALUE_OUT_OF_RANGE'
  /** There is no `TimeGenerated`. */
  | 'MISSING_TIME';

const tableName = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;
const columnName = /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/;

/** Throws `ENGINE_BAD_TABLE` where a table cannot be stored. */
export function checkTable(table: TableDefinition): void {
  const bad = (why: string): never => {
    throw new EngineError('ENGINE_BAD_TABLE', `Table ${table.name}: ${why}.`);
  };
  if (!tableName.test(table.name)) bad('the name has a character or a length that is not allowed');
  if (table.columns.length > tableColumnsMax) bad(`more than ${tableColumnsMax} columns`);
  checkColumns(table.columns, bad);
  if (!table.columns.some((each) => each.name === 'TimeGenerated' && each.type === 'datetime')) {
    bad('no TimeGenerated of type datetime');
  }
}

/** Names and types of columns, and that no name is there twice. */
export function checkColumns(columns: readonly ColumnSchema[], bad: (why: string) => void): void {
  const names = new Set<string>();
  for (const each of columns) {
    if (!columnName.test(each.name)) bad(`a column's name is not allowed`);
    if (Object.hasOwn(systemColumns, each.name)) bad(`${each.name} is the engine's own`);
    if (names.has(each.name)) bad(`${each.name} is there twice`);
    if (!Object.hasOwn(storageType, each.type)) bad(`${each.name} has an unknown type`);
    names.add(each.name);
  }
}

export const target = (name: string): { database: string; name: string } => ({
  database: databaseName,
  name,
});

const zstd = call('ZSTD', integer(1));
const delta = call('Delta', integer(8));

/** How a column lies in ClickHouse. `TimeGenerated` is never null: such a row is a dead letter. */
export function columnDefinition(each: ColumnSchema): ColumnDefinition {
  const type = each.name === 'TimeGenerated' ? 'Int64' : storageType[each.type];
  const codecs =
    each.type === 'datetime' ? [delta, zstd] : each.type === 'guid' ? [zstd] : undefined;
  return codecs === undefined ? { name: each.name, type } : { name: each.name, type, codecs };
}

/** The arrival day of a row, counted from 0001-01-01. Tables are partitioned by it. */
export const arrivalDay = (ticks: bigint): bigint => ticks / ticksPerDay;

/**
 * The command that makes a table: one part a batch (a batch has one arrival day), ordered by time,
 * with a minmax index over journal positions for recovery.
 */
export function createTable(table: TableDefinition, hotDays: number): Command {
  const arrival = column('_TimeReceived');
  const systemCodecs: Readonly<Record<string, readonly Expression[]>> = {
    _TimeReceived: [delta, zstd],
    _Position: [delta, zstd],
    _Row: [call('Delta', integer(4)), zstd],
    _BilledSize: [zstd],
  };
  return {
    kind: 'createTable',
    table: target(table.name),
    ifNotExists: true,
    columns: [
      ...table.columns.map(columnDefinition),
      ...Object.entries(systemColumns).map(([name, type]) => ({
        name,
        type,
        codecs: systemCodecs[name] ?? [],
      })),
    ],
    indexes: [
      { name: '_position', expression: column('_Position'), type: 'minmax' },
      ...(table.fullTextColumns ?? []).map((name) => ({
        name: `_text_${name}`,
        expression: column(name),
        type: 'text',
        arguments: {
          tokenizer: column('splitByNonAlpha'),
          preprocessor: call('lowerUTF8', column(name)),
        },
      })),
    ],
    engine: 'MergeTree',
    partitionBy: call('intDiv', arrival, integer(ticksPerDay)),
    orderBy: [column('TimeGenerated')],
    ttlToVolume: {
      when: infix(
        '+',
        call(
          'toDateTime',
          call('intDiv', infix('-', arrival, integer(unixEpochTicks)), integer(ticksPerSecond)),
        ),
        call('toIntervalDay', integer(hotDays)),
      ),
      volume: 'cold',
    },
    settings: {
      storage_policy: 'tiered',
      non_replicated_deduplication_window: deduplicationWindow,
      // Merges replace parts that were synced, so what they write is synced too.
      min_rows_to_fsync_after_merge: 1,
      min_compressed_bytes_to_fsync_after_merge: 1,
      fsync_after_insert: 1,
      // It doubles the path on encrypted disks (26.7) and fails; the child syncs directories.
      fsync_part_directory: 0,
      max_suspicious_broken_parts: 0,
      max_suspicious_broken_parts_bytes: 1,
      // A partition is never merged away under a query for long, and old parts go soon.
      old_parts_lifetime: oldPartsSeconds,
      // An insert is one file with all columns, synced once; merges make wide parts.
      min_bytes_for_wide_part: 128 * 1024 * 1024,
    },
  };
}
