/**
 * `scan` as SQL: the rows of a part become an array in their order, which two folds walk through. The
 * accumulator holds the state of each step and the rows that came out; since it is copied at each
 * row, the inner fold begins anew for every piece of the array, and the outer one joins the pieces.
 *
 * The logic is the reference's: at each row the steps are tried from the last to the first. A step
 * is reached from the one before it (its state moves on, "taken" below), or again by itself.
 */

import {
  and,
  array,
  call,
  cast,
  column as name,
  infix,
  integer,
  lambda,
  not,
  or,
  parametric,
  storageType,
  text,
  tuple,
  type Expression as Sql,
} from '@strongroom/sql';
import { walkPieceRows, walkRowsMax } from '../limits.js';
import type { Walk } from '../plan/walk.js';
import type { Bound, Column } from '../semantics/bound.js';
import { lowerConstant } from './constant.js';

interface WalkContext {
  /** The row's columns, in the order in which they stand after its place. */
  readonly row: readonly Column[];
  /** Of them, those that come out again. */
  readonly passed: readonly Column[];
  lower(bound: Bound, column: (column: Column) => Sql): Sql;
  /** A name that nothing else in the statement has. */
  fresh(of: string): string;
}

/** Where each part of an outgoing row stands in its tuple, from 1. */
export interface Outgoing {
  readonly place: number;
  readonly rank: number;
  readonly match: number;
  readonly columns: ReadonlyMap<Column, number>;
}

/** The array of outgoing rows, made of the array of a part's rows (tuples of the place and the row's columns). */
export function walkedRows(
  plan: Walk,
  rows: Sql,
  context: WalkContext,
): { value: Sql; out: Outgoing } {
  return new Fold(plan, context).walk(rows);
}

const element = (of: Sql, index: number): Sql => call('tupleElement', of, integer(index));
const typesOf = (columns: readonly Column[]): string[] =>
  columns.map((column) => storageType[column.type]);

/** Before a step's own fields in its state: whether it is active, and the number of the match. */
const stateHead = ['UInt8', 'Int64'];

class Fold {
  private readonly plan: Walk;
  private readonly context: WalkContext;
  private readonly outType: string;
  /** Columns of the state of each step, those of the steps before it first. */
  private readonly fields: readonly (readonly Column[])[];
  private readonly stateTypes: readonly string[];
  private readonly out: Outgoing;

  constructor(plan: Walk, context: WalkContext) {
    this.plan = plan;
    this.context = context;
    const declared = plan.declared.map((each) => each.column);
    const columns = [...context.passed, ...declared];
    this.outType = `Tuple(${['Int64', 'Int64', 'Int64', ...typesOf(columns)].join(', ')})`;
    this.out = {
      place: 1,
      rank: 2,
      match: 3,
      columns: new Map(columns.map((column, index) => [column, index + 4])),
    };
    let before: readonly Column[] = [];
    this.fields = plan.steps.map((step) => {
      before = [...before, ...step.state.map((each) => each.column)];
      return before;
    });
    this.stateTypes = this.fields.map((fields, index) => {
      const last = plan.steps[index]?.output === 'last' ? [this.outType] : [];
      return `Tuple(${[...stateHead, ...typesOf(fields), ...last].join(', ')})`;
    });
  }

  walk(rows: Sql): { value: Sql; out: Outgoing } {
    const { context } = this;
    const outArray = `Array(${this.outType})`;
    const accType = `Tuple(${['Int64', ...this.stateTypes, outArray].join(', ')})`;
    const outAt = this.stateTypes.length + 2;
    const [acc, row] = [context.fresh('$acc'), context.fresh('$row')];
    const [all, piece, part] = [
      context.fresh('$all'),
      context.fresh('$piece'),
      context.fresh('$part'),
    ];
    const states = (of: Sql): Sql[] => this.plan.steps.map((_, index) => element(of, index + 2));
    const begin = cast(
      tuple(integer(0), ...this.plan.steps.map((_, index) => this.empty(index)), this.none()),
      accType,
    );
    const step = lambda([acc, row], cast(this.step(name(acc), name(row), outAt), accType));
    const inner = call(
      'arrayFold',
      step,
      name(piece),
      cast(tuple(element(name(all), 1), ...states(name(all)), this.none()), accType),
    );
    const joined = this.bind(part, inner, (each) =>
      cast(
        tuple(
          element(each, 1),
          ...states(each),
          call('arrayConcat', element(name(all), outAt), element(each, outAt)),
        ),
        accType,
      ),
    );
    const [each, number] = [context.fresh('$each'), context.fresh('$number')];
    const pieces = call(
      'arraySplit',
      lambda(
        [each, number],
        infix('=', infix('%', name(number), integer(walkPieceRows)), integer(1)),
      ),
      rows,
      call('arrayEnumerate', rows),
    );
    const folded = call('arrayFold', lambda([all, piece], joined), pieces, begin);
    const value = this.bind(context.fresh('$end'), folded, (end) =>
      call('arrayConcat', element(end, outAt), ...this.pendingAtEnd(states(end))),
    );
    return { value, out: this.out };
  }

  /** A value under a name, so that what is used often is made once. */
  private bind(as: string, value: Sql, body: (value: Sql) => Sql): Sql {
    const mapped = call('arrayMap', lambda([as], body(name(as))), array(value));
    return call('arrayElement', mapped, integer(1));
  }

  /** One row through all steps: the accumulator after it. */
  private step(acc: Sql, row: Sql, outAt: number): Sql {
    const { plan, context } = this;
    const count = plan.steps.length;
    const indexes = plan.steps.map((_, index) => index);
    const old = (index: number): Sql => element(acc, index + 2);
    const never = integer(0, 'UInt8');
    const taken = indexes.map((index) =>
      index === 0
        ? never
        : and([
            this.isActive(old(index - 1)),
            this.condition(index, row, old(index - 1), index - 1),
          ]),
    );
    return this.bind(context.fresh('$taken'), tuple(...taken, never), (takes) => {
      const isTaken = (index: number): Sql => element(takes, index + 1);
      // What moved on to the next step is gone here.
      const left = indexes.map((index) =>
        index === count - 1
          ? old(index)
          : call('if', isTaken(index + 1), this.empty(index), old(index)),
      );
      return this.bind(context.fresh('$left'), tuple(...left), (lefts) => {
        const state = (index: number): Sql => element(lefts, index + 1);
        const again = indexes.map((index) =>
          and([
            not(isTaken(index)),
            ...(index === 0 ? [] : [this.isActive(state(index))]),
            this.condition(index, row, state(index), index),
          ]),
        );
        return this.bind(context.fresh('$again'), tuple(...again, never), (agains) => {
          const isAgain = (index: number): Sql => element(agains, index + 1);
          const bases = indexes.map((index) =>
            index === 0
              ? state(0)
              : call('if', isTaken(index), this.movedOn(index, old(index - 1)), state(index)),
          );
          return this.bind(context.fresh('$base'), tuple(...bases, never), (all) => {
            const base = (index: number): Sql => element(all, index + 1);
            const made = indexes.map((index) => this.assigned(index, row, base(index)));
            return this.bind(context.fresh('$made'), tuple(...made, never), (values) => {
              const assigned = (index: number, at: number): Sql =>
                element(element(values, index + 1), at + 1);
              const isNew = and([isAgain(0), not(this.isActive(state(0)))]);
              const match = (index: number): Sql =>
                index === 0
                  ? call('if', this.isActive(state(0)), element(state(0), 2), element(acc, 1))
                  : element(base(index), 2);
              const outgoing = (index: number): Sql =>
                cast(
                  tuple(
                    element(row, 1),
                    integer(count - index),
                    match(index),
                    ...context.passed.map((column) => this.rowColumn(row, column)),
                    ...plan.declared.map((_, at) => assigned(index, at)),
                  ),
                  this.outType,
                );
              const states = indexes.map((index) => {
                const { state: own, output } = plan.steps[index] as Walk['steps'][number];
                const inherited = (this.fields[index - 1] ?? []).map((_, at) =>
                  element(base(index), stateHead.length + at + 1),
                );
                const fields = own.map(({ of }) =>
                  typeof of === 'number' ? assigned(index, of) : this.rowColumn(row, of),
                );
                const last = output === 'last' ? [outgoing(index)] : [];
                const next = cast(
                  tuple(integer(1), match(index), ...inherited, ...fields, ...last),
                  this.stateTypes[index] as string,
                );
                return call('if', or([isTaken(index), isAgain(index)]), next, state(index));
              });
              const outs = indexes.toReversed().flatMap((index): Sql[] => {
                const { output } = plan.steps[index] as Walk['steps'][number];
                if (output === 'none') return [];
                const [when, value] =
                  output === 'all'
                    ? [or([isTaken(index), isAgain(index)]), outgoing(index)]
                    : [
                        // Its row is the last once the step is left, or reached anew.
                        and([this.isActive(old(index)), or([isTaken(index), isTaken(index + 1)])]),
                        this.pending(index, old(index)),
                      ];
                return [call('if', when, array(value), this.none())];
              });
              return tuple(
                infix('+', element(acc, 1), isNew),
                ...states,
                call('arrayConcat', element(acc, outAt), this.none(), ...outs),
              );
            });
          });
        });
      });
    });
  }

  private isActive(state: Sql): Sql {
    return element(state, 1);
  }

  /** The row that a step with `output=last` holds back. */
  private pending(index: number, state: Sql): Sql {
    return element(state, stateHead.length + (this.fields[index] ?? []).length + 1);
  }

  private pendingAtEnd(states: readonly Sql[]): Sql[] {
    return states.flatMap((state, index) =>
      this.plan.steps[index]?.output === 'last'
        ? [call('if', this.isActive(state), array(this.pending(index, state)), this.none())]
        : [],
    );
  }

  private none(): Sql {
    return cast(array(), `Array(${this.outType})`);
  }

  private emptyOf(column: Column): Sql {
    const { declared, steps } = this.plan;
    for (const step of steps) {
      const field = step.state.find((each) => each.column === column);
      if (typeof field?.of === 'number') {
        const fallback = declared[field.of]?.fallback;
        if (fallback !== undefined) return this.context.lower(fallback, refuse);
      }
    }
    return lowerConstant(column.type, null);
  }

  private emptyRow(): Sql {
    const columns = [...this.out.columns.keys()];
    return tuple(
      integer(0),
      integer(0),
      integer(0),
      ...columns.map((column) => lowerConstant(column.type, null)),
    );
  }

  private empty(index: number): Sql {
    const fields = (this.fields[index] ?? []).map((column) => this.emptyOf(column));
    const last = this.plan.steps[index]?.output === 'last' ? [this.emptyRow()] : [];
    return cast(
      tuple(integer(0), integer(0), ...fields, ...last),
      this.stateTypes[index] as string,
    );
  }

  /** The state of the step before as that of this one, its own fields empty. */
  private movedOn(index: number, before: Sql): Sql {
    const inherited = (this.fields[index - 1] ?? []).map((_, at) =>
      element(before, stateHead.length + at + 1),
    );
    const own = (this.plan.steps[index]?.state ?? []).map((each) => this.emptyOf(each.column));
    const last = this.plan.steps[index]?.output === 'last' ? [this.emptyRow()] : [];
    return cast(
      tuple(integer(1), element(before, 2), ...inherited, ...own, ...last),
      this.stateTypes[index] as string,
    );
  }

  private rowColumn(row: Sql, column: Column): Sql {
    return element(row, this.context.row.indexOf(column) + 2);
  }

  /** What a column is for a step: the row's own, a declared one's default, or a step's in the state. */
  private reader(row: Sql, state: Sql, of: number): (column: Column) => Sql {
    return (column) => {
      const declared = this.plan.declared.find((each) => each.column === column);
      if (declared !== undefined) return this.context.lower(declared.fallback, refuse);
      if (this.context.row.includes(column)) return this.rowColumn(row, column);
      const at = (this.fields[of] ?? []).indexOf(column);
      return at < 0 ? this.emptyOf(column) : element(state, stateHead.length + at + 1);
    };
  }

  private condition(index: number, row: Sql, state: Sql, of: number): Sql {
    const { condition } = this.plan.steps[index] as Walk['steps'][number];
    const value = this.context.lower(condition, this.reader(row, state, of));
    return call('toUInt8', condition.nullable ? call('ifNull', value, integer(0)) : value);
  }

  /** Every declared column's value where this step is reached, as one tuple. */
  private assigned(index: number, row: Sql, base: Sql): Sql {
    const { assigned } = this.plan.steps[index] as Walk['steps'][number];
    const values = this.plan.declared.map(({ fallback }, at) =>
      this.context.lower(assigned[at] ?? fallback, this.reader(row, base, index)),
    );
    const types = typesOf(this.plan.declared.map((each) => each.column));
    return cast(tuple(...values, integer(0)), `Tuple(${[...types, 'UInt8'].join(', ')})`);
  }
}

function refuse(column: Column): never {
  throw new Error(`BUG: the column ${column.sql} is not a constant`);
}

/** All rows of a part in their order, each a tuple whose first element is its place. */
export function rowsInOrder(
  place: Sql,
  columns: readonly Sql[],
  fresh: (of: string) => string,
): Sql {
  const row = fresh('$row');
  const rows = parametric('groupArray', [integer(walkRowsMax + 1)], tuple(place, ...columns));
  return call('arraySort', lambda([row], element(name(row), 1)), rows);
}

/** Nothing, or an error of the query where a part has too many rows. */
export function rowsWithin(rows: Sql): Sql {
  const message = `scan takes at most ${walkRowsMax} rows of a part`;
  return call('throwIf', infix('>', call('length', rows), integer(walkRowsMax)), text(message));
}
