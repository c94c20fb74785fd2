/** Statements that are not queries: what the engine's tables are made, filled and emptied with. */

import type { Expression } from './expression.js';
import type { Query, Settings } from './select.js';

export interface TableName {
  readonly database: string;
  readonly name: string;
}

export interface ColumnDefinition {
  readonly name: string;
  /** ClickHouse's name for the type. */
  readonly type: string;
  readonly default?: Expression;
  /** A chain of codecs, each a call or a column-like word: `[call('Delta', …), call('ZSTD', …)]`. */
  readonly codecs?: readonly Expression[];
}

export interface IndexDefinition {
  readonly name: string;
  readonly expression: Expression;
  /** `minmax`, `text(…)`: printed as a call, with named arguments. */
  readonly type: string;
  readonly arguments?: Readonly<Record<string, Expression>>;
  readonly granularity?: number;
}

export type Command =
  | { readonly kind: 'createDatabase'; readonly name: string; readonly ifNotExists: boolean }
  | {
      readonly kind: 'createTable';
      readonly table: TableName;
      readonly ifNotExists: boolean;
      readonly columns: readonly ColumnDefinition[];
      readonly indexes?: readonly IndexDefinition[];
      readonly engine: string;
      readonly engineArguments?: readonly Expression[];
      readonly partitionBy?: Expression;
      readonly orderBy?: readonly Expression[];
      /** Moves to a volume only: no table deletes by TTL (expiry is an act that is recorded). */
      readonly ttlToVolume?: { readonly when: Expression; readonly volume: string };
      readonly settings?: Settings;
    }
  | {
      readonly kind: 'dropTable';
      readonly table: TableName;
      readonly ifExists: boolean;
      readonly sync: boolean;
    }
  /** An empty table of the same columns, indexes, order and settings. */
  | { readonly kind: 'createTableAs'; readonly table: TableName; readonly like: TableName }
  | { readonly kind: 'renameTable'; readonly from: TableName; readonly to: TableName }
  | { readonly kind: 'exchangeTables'; readonly first: TableName; readonly second: TableName }
  | { readonly kind: 'truncateTable'; readonly table: TableName }
  | {
      readonly kind: 'insertSelect';
      readonly table: TableName;
      readonly columns: readonly string[];
      readonly query: Query;
      readonly settings?: Settings;
      /** For `INSERT … SELECT … FROM input(…)`: the format of the bytes that follow. */
      readonly format?: string;
    }
  | {
      readonly kind: 'alterPartition';
      readonly table: TableName;
      readonly action:
        'DROP PARTITION' | 'DETACH PARTITION' | 'ATTACH PARTITION' | 'FREEZE PARTITION';
      readonly partition: Expression | { readonly id: string };
      readonly settings?: Settings;
    }
  /** Puts a partition of another table in the place of this one's, at once. */
  | {
      readonly kind: 'replacePartition';
      readonly table: TableName;
      readonly from: TableName;
      readonly partition: { readonly id: string };
      readonly settings?: Settings;
    }
  | {
      readonly kind: 'movePartition';
      readonly table: TableName;
      readonly partition: { readonly id: string };
      readonly to: { readonly volume: string } | { readonly disk: string };
    }
  | {
      readonly kind: 'addColumn';
      readonly table: TableName;
      readonly column: ColumnDefinition;
      readonly ifNotExists: boolean;
    }
  | {
      readonly kind: 'dropColumn';
      readonly table: TableName;
      readonly column: string;
      readonly ifExists: boolean;
    }
  /** A lightweight delete; `where` must hold no customer's literal (it is kept in the clear). */
  | {
      readonly kind: 'delete';
      readonly table: TableName;
      readonly where: Expression;
      readonly settings?: Settings;
    }
  | { readonly kind: 'optimize'; readonly table: TableName; readonly final: boolean }
  | { readonly kind: 'system'; readonly action: SystemAction; readonly table?: TableName }
  | { readonly kind: 'killQuery'; readonly queryId: string }
  | { readonly kind: 'set'; readonly settings: Settings }
  | { readonly kind: 'use'; readonly database: string };

export type SystemAction =
  | 'FLUSH LOGS'
  | 'JEMALLOC PURGE'
  | 'SYNC FILE CACHE'
  | 'STOP MERGES'
  | 'START MERGES'
  | 'DROP MARK CACHE'
  | 'DROP UNCOMPRESSED CACHE'
  | 'DROP QUERY CACHE'
  | 'DROP QUERY CONDITION CACHE'
  | 'DROP PRIMARY INDEX CACHE'
  | 'DROP TEXT INDEX CACHES';
