/** Typed expressions: every name resolved, every conversion made visible, every overload chosen. */

import type { Expression as Sql, ScalarType } from '@strongroom/sql';
import type { Span } from '../diagnostics.js';
import type { Plan } from '../plan/plan.js';
import type { ConstantValue } from '../syntax/tree.js';

/** A column somewhere in a plan. Identity matters, not the name: two scans have two columns. */
export interface Column {
  readonly type: ScalarType;
  /** False only where no row can hold a null; strings and dynamics never do (theirs is ''). */
  readonly nullable: boolean;
  /** Its name in SQL, unlike any other's in the statement. */
  readonly sql: string;
}

/** What a call's row may look at while it makes SQL. */
export interface CallContext {
  readonly args: readonly Bound[];
  readonly type: ScalarType;
  /** False where null and false mean the same (a filter's predicate): the shorter SQL will do. */
  readonly exact: boolean;
}

export type LowerCall = (args: readonly Sql[], call: CallContext) => Sql;

/** How a call that SQL cannot say is answered (plan/computed.ts). */
export interface Computed {
  /** Of the arguments' values. */
  readonly of: (values: readonly ConstantValue[], args: readonly Bound[]) => ConstantValue;
  /** Different arguments in one query, where there may be fewer than of other functions. */
  readonly rowsMax: number | undefined;
  readonly span: Span;
}

export interface BoundCall {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Bound[];
  readonly type: ScalarType;
  readonly nullable: boolean;
  readonly lower: LowerCall;
  /** Nodes below and with this one, those of shared parts (a `let`) counted at each use. */
  readonly size: number;
  /** Another value for each row or use (`rand`): never written twice in SQL. */
  readonly volatile: boolean;
  /** Looks at other rows in the input's order (`prev`, `row_number`). */
  readonly window: boolean;
  /** A window's argument that is true where it begins anew; lowering makes `parts` of it. */
  readonly restartAt?: number | undefined;
  /** A window looks only at rows of the same values in these. */
  readonly parts?: readonly Column[];
  /** Arguments for which null is as good as false. */
  readonly conditions: 'none' | 'all' | readonly number[];
  /** Set where there is no SQL for it: it is taken out of the plan before lowering. */
  readonly computed?: Computed;
}

export type Bound =
  | {
      readonly kind: 'constant';
      readonly type: ScalarType;
      readonly value: ConstantValue;
      readonly nullable: boolean;
    }
  | {
      readonly kind: 'column';
      readonly column: Column;
      readonly type: ScalarType;
      readonly nullable: boolean;
    }
  | BoundCall
  /** The first row's value of a query (`toscalar`). */
  | {
      readonly kind: 'scalar';
      readonly plan: Plan;
      readonly column: Column;
      readonly type: ScalarType;
      readonly nullable: boolean;
    }
  /** `x in (T)`. */
  | {
      readonly kind: 'member';
      readonly value: Bound;
      readonly plan: Plan;
      readonly column: Column;
      /** Case does not matter: both sides are folded. */
      readonly folded: boolean;
      readonly negated: boolean;
      readonly type: 'bool';
      readonly nullable: false;
    }
  /** `x has_any (T)`: a list from a query's column. */
  | {
      readonly kind: 'collected';
      readonly plan: Plan;
      readonly column: Column;
      readonly type: 'dynamic';
      readonly nullable: false;
    };

/** Strings and dynamics have an empty value instead of a null. */
export function hasNull(type: ScalarType): boolean {
  return type !== 'string' && type !== 'dynamic';
}

export function constant(type: ScalarType, value: ConstantValue): Bound {
  return { kind: 'constant', type, value, nullable: value === null && hasNull(type) };
}

export function reference(column: Column): Bound {
  return { kind: 'column', column, type: column.type, nullable: column.nullable };
}

/** Every column that an expression reads, sub-queries apart. */
export function columnsOf(bound: Bound, into: Set<Column>): void {
  switch (bound.kind) {
    case 'column':
      into.add(bound.column);
      return;
    case 'call':
      for (const arg of bound.args) columnsOf(arg, into);
      for (const part of bound.parts ?? []) into.add(part);
      return;
    case 'member':
      columnsOf(bound.value, into);
      return;
    case 'constant':
    case 'scalar':
    case 'collected':
      return;
  }
}

/** Nodes of an expression, as written out. */
export function sizeOf(bound: Bound): number {
  if (bound.kind === 'call') return bound.size;
  return bound.kind === 'member' ? 1 + sizeOf(bound.value) : 1;
}

export function isVolatile(bound: Bound): boolean {
  return bound.kind === 'call' && (bound.volatile || bound.args.some(isVolatile));
}

export function hasWindow(bound: Bound): boolean {
  return bound.kind === 'call' && (bound.window || bound.args.some(hasWindow));
}
