import type { Expression as Sql, ScalarType } from '@strongroom/sql';
import type { FunctionRow } from '../functions/row.js';
import type { Bound } from '../semantics/bound.js';

/** What an aggregate's row may look at while it makes SQL. */
export interface AggregateContext {
  readonly args: readonly Bound[];
  /** The row's place in the input's order, where the order matters and there is one. */
  readonly order: Sql | undefined;
}

/** How a result column without a name is called. */
export type AggregateNaming =
  /** `sum_x`; `sum_` where the first argument has no name. */
  | { readonly prefix: string }
  /** As the first argument (`take_any`). */
  | 'first';

/** One aggregate function. To add one, add a row to a table in this folder. */
export interface AggregateRow {
  readonly name: string;
  /** As in `FunctionRow.takes`. */
  readonly takes: string | readonly string[];
  readonly gives: ScalarType | ((args: readonly Bound[]) => ScalarType);
  /** Default: the row's name is the prefix. */
  readonly naming?: AggregateNaming;
  /** False where there is a value even of no rows (`count`). Default: true for types with a null. */
  readonly nullable?: boolean;
  /** Wants its input's order (`make_list`). */
  readonly ordered?: boolean;
  /** Arguments (by position) that are conditions: null is as good as false there. */
  readonly conditions?: readonly number[];
  readonly sql: (args: readonly Sql[], context: AggregateContext) => Sql;
  /** What the value becomes that `sql` gives, of the same type. */
  readonly finish?: FunctionRow;
  /** For rows with several result columns: their names and types, and each one's SQL. */
  readonly several?: (args: readonly Bound[]) => readonly {
    readonly suffix: string;
    readonly type: ScalarType;
    readonly sql: (args: readonly Sql[], context: AggregateContext) => Sql;
  }[];
}
