import type { Expression, OrderItem } from './expression.js';

export interface SelectItem {
  readonly value: Expression;
  readonly alias?: string;
}

/** Where rows come from. */
export type Relation =
  | {
      readonly kind: 'table';
      readonly name: string;
      readonly database?: string;
      readonly alias?: string;
    }
  | { readonly kind: 'query'; readonly query: Select | UnionAll; readonly alias?: string }
  /** A table function (`numbers(10)`, `input('…')`). */
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly args: readonly Expression[];
      readonly alias?: string;
    }
  | {
      readonly kind: 'join';
      readonly join: JoinKind;
      readonly left: Relation;
      readonly right: Relation;
      /** Absent for `CROSS JOIN` only. */
      readonly on?: Expression;
    };

export type JoinKind =
  | 'INNER JOIN'
  | 'ANY INNER JOIN'
  | 'LEFT JOIN'
  | 'LEFT ANY JOIN'
  | 'RIGHT JOIN'
  | 'FULL JOIN'
  | 'LEFT SEMI JOIN'
  | 'RIGHT SEMI JOIN'
  | 'LEFT ANTI JOIN'
  | 'RIGHT ANTI JOIN'
  | 'CROSS JOIN';

export interface Select {
  readonly kind: 'select';
  readonly distinct?: boolean;
  readonly items: readonly SelectItem[];
  readonly from?: Relation;
  /** `ARRAY JOIN` over arrays of equal length, or with `left` keeping rows with empty ones. */
  readonly arrayJoin?: { readonly left: boolean; readonly items: readonly SelectItem[] };
  readonly prewhere?: Expression;
  readonly where?: Expression;
  readonly groupBy?: readonly Expression[];
  readonly having?: Expression;
  readonly orderBy?: readonly OrderItem[];
  readonly limitBy?: { readonly count: bigint; readonly by: readonly Expression[] };
  readonly limit?: bigint;
  readonly offset?: bigint;
  readonly settings?: Settings;
}

export interface UnionAll {
  readonly kind: 'union';
  readonly queries: readonly Select[];
}

export type Query = Select | UnionAll;

/** ClickHouse settings by name. Names are identifiers; values are numbers or literals. */
export type Settings = Readonly<Record<string, number | bigint | string | boolean>>;

export function select(parts: Omit<Select, 'kind'>): Select {
  return { kind: 'select', ...parts };
}
export function unionAll(queries: readonly Select[]): UnionAll {
  return { kind: 'union', queries };
}
export function table(name: string, database?: string): Relation {
  return database === undefined ? { kind: 'table', name } : { kind: 'table', name, database };
}
