/**
 * How KQL's values lie in ClickHouse. The KQL compiler and the engine's tables share this and
 * nothing else.
 */

/** KQL's scalar types, by the names that the query API uses. */
export type ScalarType =
  | 'bool'
  | 'datetime'
  | 'decimal'
  | 'dynamic'
  | 'guid'
  | 'int'
  | 'long'
  | 'real'
  | 'string'
  | 'timespan';

/**
 * ClickHouse's type for each.
 *
 * - `datetime` is 100 ns ticks since 0001-01-01T00:00:00Z and `timespan` is 100 ns ticks, as in
 *   .NET and so in Kusto: one integer covers the whole range (DateTime64 ends at 2299 and starts at
 *   1900), arithmetic and `bin` are exact, and an index on it is used as it is.
 * - `string` has no null; `''` is its empty value.
 * - `dynamic` is JSON text without insignificant white space; `''` is null. Not ClickHouse's `JSON`
 *   type, which writes property names into file names, outside the encrypted content.
 */
export const storageType: Readonly<Record<ScalarType, string>> = {
  bool: 'Nullable(Bool)',
  datetime: 'Nullable(Int64)',
  decimal: 'Nullable(Decimal(38, 17))',
  dynamic: 'String',
  guid: 'Nullable(UUID)',
  int: 'Nullable(Int32)',
  long: 'Nullable(Int64)',
  real: 'Nullable(Float64)',
  string: 'String',
  timespan: 'Nullable(Int64)',
};

/** Ticks (100 ns) between 0001-01-01T00:00:00Z and 1970-01-01T00:00:00Z. */
export const unixEpochTicks = 621_355_968_000_000_000n;
/** The last tick of 9999-12-31, KQL's greatest datetime. */
export const greatestDatetimeTicks = 3_155_378_975_999_999_999n;
export const ticksPerMillisecond = 10_000n;
export const ticksPerSecond = 10_000_000n;
export const ticksPerDay = 864_000_000_000n;

/** A column as users see it. Names are case-sensitive. */
export interface ColumnSchema {
  readonly name: string;
  readonly type: ScalarType;
}

/** A table as users see it, without the system columns below. */
export interface TableSchema {
  readonly name: string;
  /** In the order in which `T | take 1` shows them. Has `TimeGenerated: datetime`. */
  readonly columns: readonly ColumnSchema[];
  /**
   * String columns with a full-text index `text(tokenizer = splitByNonAlpha, preprocessor =
   * lowerUTF8(c))` in every part: set only where the table was made with it.
   */
  readonly fullTextColumns?: readonly string[];
}

/**
 * Columns that every stored table has beside its own, physical in ClickHouse and not Nullable.
 * `_TimeReceived` is KQL's `ingestion_time()`; `_Position` and `_Row` tie a row to its journal
 * entry (the row's number within the entry's rows for this table, from 0) and are not visible in
 * KQL. `TimeGenerated` is a plain Int64 too: a row without it goes to the dead letter.
 * `TenantId` (the workspace's GUID) and `Type` (the table's name) are constants that the compiler
 * puts in; they are not stored. `_BilledSize` is the row's size in bytes as received.
 */
export const systemColumns = {
  _TimeReceived: 'Int64',
  _Position: 'UInt64',
  _Row: 'UInt32',
  _BilledSize: 'UInt32',
} as const;

/** The database that holds a workspace's tables, in its own engine process. */
export const databaseName = 'workspace';
