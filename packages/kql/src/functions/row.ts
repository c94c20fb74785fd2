import { invariant } from '@strongroom/base';
import type { ScalarType } from '@strongroom/sql';
import type { Bound, LowerCall } from '../semantics/bound.js';
import type { ConstantValue } from '../syntax/tree.js';

/** What folding knows of the query. */
export interface FoldContext {
  /** The query's time, in ticks. */
  readonly now: bigint;
}

/** Makes a call, of a function or of an infix operator, by name, or of a row that has no name in KQL. */
export type ComposeCall = (of: string | FunctionRow, args: readonly Bound[]) => Bound;

export type Nulls = 'args' | 'never' | 'always';

/** One scalar function. To add one, add a row to a table in this folder (see README.md). */
export interface FunctionRow {
  readonly name: string;
  readonly aliases?: readonly string[];
  /**
   * The arguments' types, one text for each overload, the first that fits is taken:
   * `'string, long, long?'`, `'scalar...'` (one or more), `'bool, common, common'`.
   * Types: KQL's own; `scalar` (any, as it is), `text` (a string, or a dynamic's), `printable` (any, made a string), `integer` (int or
   * long), `number` (int, long, real or decimal, as it is), `summable` (number or timespan),
   * `orderable` (all but dynamics and guids), `common` (all made the same type), `alike` (the same,
   * where there is one), `type` (a `typeof`).
   */
  readonly takes: string | readonly string[];
  /** The result's type. A function of the converted arguments where it depends on them. */
  readonly gives: ScalarType | ((args: readonly Bound[]) => ScalarType);
  /**
   * `args` (default): null where an argument may be null; `never`; `always`. Strings and dynamics
   * are never null: `sql` must make '' of it. A function of the converted arguments where it
   * depends on them.
   */
  readonly nulls?: Nulls | ((args: readonly Bound[]) => Nulls);
  readonly volatile?: boolean;
  /** A window function: needs serialized rows. */
  readonly window?: boolean;
  /** A window function's argument that is true where it begins anew. */
  readonly restartAt?: number;
  /** The call made of other calls; `sql` is then never asked. */
  readonly composed?: (args: readonly Bound[], make: ComposeCall) => Bound | undefined;
  /** Positions whose null is as good as false, or `all`. */
  readonly conditions?: 'all' | readonly number[];
  /** Positions that must be constants. */
  readonly constants?: readonly number[];
  /** The words that a constant text may be, in any case. */
  readonly choices?: Readonly<Record<number, readonly string[]>>;
  /** Positions of regular expressions: a constant one is checked. */
  readonly regexes?: readonly number[] | ((args: readonly Bound[]) => readonly number[]);
  /** The value for constant arguments; `undefined` leaves it to the engine. */
  readonly fold?: (
    values: readonly ConstantValue[],
    context: FoldContext,
    args: readonly Bound[],
  ) => ConstantValue | undefined;
  readonly sql: LowerCall;
  /**
   * SQL cannot say it: `fold` answers for every value, not for constants only, and always
   * (docs/adr/0034). See `computedRow`.
   */
  readonly computed?: {
    /** Different arguments in one query: fewer than `computedRowsMax` where each takes long. */
    readonly rowsMax?: number;
  };
}

/** A function that SQL cannot say: `of` gives its value. It must be quick, and sure to end. */
export function computedRow(
  row: Pick<FunctionRow, 'name' | 'aliases' | 'takes' | 'gives' | 'constants'> & {
    readonly of: (
      values: readonly ConstantValue[],
      context: FoldContext,
      args: readonly Bound[],
    ) => ConstantValue;
    readonly rowsMax?: number;
  },
): FunctionRow {
  const { of, rowsMax, ...rest } = row;
  return {
    ...rest,
    nulls: 'always',
    fold: of,
    computed: rowsMax === undefined ? {} : { rowsMax },
    sql: () => {
      invariant(false, `${row.name} is answered before there is SQL`);
    },
  };
}
