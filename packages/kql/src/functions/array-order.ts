/** `array_sort_asc` and `array_sort_desc`: one array put in order, and others in the order of the first. */

import { array, boolean, call, type Expression as Sql } from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import { asJson } from './conversion.js';
import { elements, isArray, jsonArray } from './dynamic.js';
import { formula, formulaRows } from './formula.js';
import type { FunctionRow } from './row.js';

/** The array arguments of a sort: all but a `nulls_last` at the end. */
export function sortedArrays(args: readonly Bound[]): number {
  return args.length > 1 && args.at(-1)?.type === 'bool' ? args.length - 1 : args.length;
}

/**
 * Positions of a list's elements in order: numbers by size before texts, which the engine's order
 * of JSON text would not give, and nulls at the end that is wanted.
 */
function order(list: Sql, nullsLast: Sql, descending: boolean): Sql {
  return formula(
    `let l = $list; ${descending ? 'arrayReverseSort' : 'arraySort'}(i -> let e = l[i];
       ((e = 'null') = $first, isNull(toFloat64OrNull(e)), toFloat64OrZero(e), e),
       arrayEnumerate(l))`,
    // The first part of the key is true for what comes last going up, and first going down.
    { list, first: descending ? formula('NOT $nullsLast', { nullsLast }) : nullsLast },
  );
}

/** One array gives its elements in order; several, an array of theirs: null for one of another length. */
function sorting(name: string, descending: boolean): FunctionRow {
  return {
    name,
    takes: ['dynamic', 'dynamic, bool', 'dynamic, scalar...'],
    gives: 'dynamic',
    sql: (args, context) => {
      const count = sortedArrays(context.args);
      const nullsLast =
        args[count] === undefined ? boolean(true) : formula('ifNull($b, true)', { b: args[count] });
      const lists = args.slice(0, count).map((arg, index) => {
        const of = context.args[index] as Bound;
        return of.type === 'dynamic'
          ? elements(arg, of)
          : call('JSONExtractArrayRaw', asJson(arg, of));
      });
      const [first] = lists as [Sql];
      const ifArray = (body: Sql): Sql =>
        formula(`if($is, $body, '')`, { is: isArray(args[0] as Sql, context.args[0]), body });
      const placed = (positions: Sql, list: Sql): Sql =>
        formula('arrayMap(i -> $list[i], $positions)', { positions, list });
      if (count === 1)
        return ifArray(jsonArray(placed(order(first, nullsLast, descending), first)));
      return ifArray(
        formula('let p = $positions; $result(p)', {
          positions: order(first, nullsLast, descending),
          result: (positions) =>
            jsonArray(
              array(
                ...lists.map((list) =>
                  formula(`if(length($list) = length($positions), $placed, 'null')`, {
                    list,
                    positions: positions as Sql,
                    placed: jsonArray(placed(positions as Sql, list)),
                  }),
                ),
              ),
            ),
        }),
      );
    },
  };
}

export const arrayOrderRows: readonly FunctionRow[] = formulaRows([
  sorting('array_sort_asc', false),
  sorting('array_sort_desc', true),
]);
