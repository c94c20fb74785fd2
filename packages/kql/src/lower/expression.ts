/** Bound expressions to SQL expressions. */

import { unreachable } from '@strongroom/base';
import {
  call,
  integer,
  subquery,
  text,
  type Expression as Sql,
  type Select,
} from '@strongroom/sql';
import type { Bound, BoundCall, Column } from '../semantics/bound.js';
import type { Plan } from '../plan/plan.js';
import { lowerConstant } from './constant.js';

/** What an expression needs from the relation that it is lowered in. */
export interface Surroundings {
  /** Counts a node; a problem when the statement has too many. */
  spend(): void;
  /** The SQL of a column here. */
  column(column: Column): Sql;
  /** A sub-query that gives this column, each row of it made by `value`. */
  query(plan: Plan, column: Column, value: (column: Sql) => Sql): Select;
  /** A window function over the rows in their order. */
  window(value: Sql, bound: BoundCall, args: readonly Sql[]): Sql;
}

/** Of a condition's parts, and the parts' own: what a filter may ask in another way. */
const connectives: ReadonlySet<string> = new Set(['and', 'or', 'not', '$not']);

/**
 * `exact` is false where null and false are the same (a filter). `instead` may replace what a filter
 * tests, however its tests are joined by `and`, `or` and `not`; no other part of the expression.
 */
export function lowerExpression(
  bound: Bound,
  around: Surroundings,
  exact = true,
  instead?: (test: BoundCall, sql: Sql) => Sql | undefined,
): Sql {
  around.spend();
  switch (bound.kind) {
    case 'constant':
      return lowerConstant(bound.type, bound.value);
    case 'column':
      return around.column(bound.column);
    case 'call': {
      const inside = connectives.has(bound.name) ? instead : undefined;
      const args = bound.args.map((arg, index) => {
        const condition =
          bound.conditions === 'all'
            ? !exact
            : bound.conditions !== 'none' && bound.conditions.includes(index);
        // `case`: every second argument is a condition.
        const alternating =
          bound.name === 'case' && index % 2 === 0 && index < bound.args.length - 1;
        return lowerExpression(arg, around, !(condition || alternating), inside);
      });
      const value = bound.lower(args, { args: bound.args, type: bound.type, exact });
      if (bound.window) return around.window(value, bound, args);
      return inside === undefined ? (instead?.(bound, value) ?? value) : value;
    }
    case 'scalar': {
      const query = subquery(around.query(bound.plan, bound.column, (each) => each));
      // No row gives the engine's null; a text has ''.
      return bound.type === 'string' || bound.type === 'dynamic'
        ? call('ifNull', query, text(''))
        : query;
    }
    case 'member': {
      const fold = (value: Sql): Sql => (bound.folded ? call('lowerUTF8', value) : value);
      const value = fold(lowerExpression(bound.value, around));
      const list = around.query(bound.plan, bound.column, fold);
      const test: Sql = { kind: 'in', value, list, negated: bound.negated };
      // A null is in no list.
      return bound.value.nullable ? call('ifNull', test, integer(bound.negated ? 1 : 0)) : test;
    }
    case 'collected': {
      const list = around.query(bound.plan, bound.column, (each) =>
        call('groupUniqArray', call('toString', each)),
      );
      return call('toJSONString', subquery(list));
    }
    default:
      return unreachable(bound);
  }
}
