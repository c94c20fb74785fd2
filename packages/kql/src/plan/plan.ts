/**
 * The relational plan: what the query means, free of KQL's names and of SQL's clauses. Columns are
 * identities; which of them are visible, and under which names, is the binder's affair, so
 * `project` and its family leave no node here.
 */

import type { ScalarType } from '@strongroom/sql';
import type { Bound, Column } from '../semantics/bound.js';
import type { AggregateRow } from '../aggregates/row.js';

export interface Definition {
  readonly column: Column;
  readonly value: Bound;
}

export interface SortKey {
  readonly column: Column;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export type AggregateCall =
  | {
      readonly kind: 'call';
      readonly row: AggregateRow;
      readonly args: readonly Bound[];
      /** One column, or several for `percentiles`. */
      readonly columns: readonly Column[];
    }
  /** `arg_max`, `arg_min`: values of the row in which `by` is greatest or least. */
  | {
      readonly kind: 'extreme';
      readonly direction: 'max' | 'min';
      readonly by: Bound;
      readonly byColumn: Column | undefined;
      readonly values: readonly Definition[];
    };

export interface UnionInput {
  readonly plan: Plan;
  /** What stands for each of the union's columns. */
  readonly values: readonly Bound[];
  /** One of them, where that is cheaper than all: a union over everything has thousands of columns. */
  readonly at?: (index: number) => Bound;
}

export type JoinKind =
  | 'inner'
  | 'leftouter'
  | 'rightouter'
  | 'fullouter'
  | 'leftsemi'
  | 'rightsemi'
  | 'leftanti'
  | 'rightanti'
  | 'cross';

export type Plan =
  /** A stored table of this workspace. Cannot be made without the workspace that it lies in. */
  | {
      readonly kind: 'scan';
      readonly workspaceId: string;
      readonly table: string;
      /** The table surely holds no row. */
      readonly isEmpty: boolean;
      readonly columns: readonly { readonly stored: string; readonly column: Column }[];
      /** Where each is among `columns`, for tables that are scanned by many queries. */
      readonly places?: ReadonlyMap<Column, number>;
      readonly timeRange: { readonly start: bigint; readonly end: bigint } | undefined;
      /** Columns that a full-text index answers for. */
      readonly fullText: ReadonlySet<Column>;
    }
  /** Rows written in the query. */
  | {
      readonly kind: 'values';
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly Bound[])[];
    }
  /** Rows that an inquiry brought, or that were made of them: cells as text (inquiry.ts). */
  | {
      readonly kind: 'answer';
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly (string | null)[])[];
    }
  /** A relation that the caller names (a transformation's `source`). */
  | {
      readonly kind: 'given';
      readonly columns: readonly { readonly stored: string; readonly column: Column }[];
    }
  /** `count` integers from 0. */
  | { readonly kind: 'numbers'; readonly column: Column; readonly count: bigint | Bound }
  | { readonly kind: 'extend'; readonly input: Plan; readonly definitions: readonly Definition[] }
  | { readonly kind: 'filter'; readonly input: Plan; readonly predicate: Bound }
  | {
      readonly kind: 'aggregate';
      readonly input: Plan;
      readonly keys: readonly Definition[];
      readonly aggregates: readonly AggregateCall[];
    }
  | { readonly kind: 'sort'; readonly input: Plan; readonly keys: readonly SortKey[] }
  | { readonly kind: 'limit'; readonly input: Plan; readonly count: bigint }
  /** Any rows, as many as asked for. */
  | { readonly kind: 'sample'; readonly input: Plan; readonly count: bigint }
  /** At most `count` rows for each value of the keys, the first in the input's order. */
  | {
      readonly kind: 'limit-by';
      readonly input: Plan;
      readonly count: bigint;
      readonly keys: readonly Column[];
    }
  | {
      readonly kind: 'join';
      readonly join: JoinKind;
      readonly left: Plan;
      readonly right: Plan;
      readonly keys: readonly { readonly left: Bound; readonly right: Bound }[];
      /** Columns made of the sides' own: the outer side's can be null here. */
      readonly columns: readonly {
        readonly column: Column;
        readonly of: Column;
        readonly side: 'left' | 'right';
      }[];
    }
  | {
      readonly kind: 'union';
      readonly columns: readonly Column[];
      readonly inputs: readonly UnionInput[];
    }
  | {
      readonly kind: 'expand';
      readonly input: Plan;
      readonly items: readonly {
        readonly column: Column;
        readonly value: Bound;
        readonly element: ScalarType;
        readonly bagsAsPairs: boolean;
      }[];
      readonly index: Column | undefined;
      readonly limit: bigint | undefined;
    }
  /** `scan`: the rows of each part, in the input's order, through steps that remember (lower/walk.ts). */
  | {
      readonly kind: 'walk';
      readonly input: Plan;
      /** Parts are walked through apart. */
      readonly keys: readonly Column[];
      readonly declared: readonly { readonly column: Column; readonly fallback: Bound }[];
      /** The number of the sequence that a row belongs to. */
      readonly matchId: Column | undefined;
      readonly steps: readonly {
        readonly output: 'all' | 'last' | 'none';
        readonly condition: Bound;
        /** For each declared column, what this step makes it; else its fallback. */
        readonly assigned: readonly (Bound | undefined)[];
        /** What `step.x` stands for: the step's latest row's column, or a declared one by its index. */
        readonly state: readonly { readonly column: Column; readonly of: Column | number }[];
      }[];
    };
