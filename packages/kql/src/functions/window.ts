/** Functions that look at other rows, in the input's order. `$window…` calls get their OVER in lower/. */

import { call, integer, type Expression as Sql, type ScalarType } from '@strongroom/sql';
import { hasNull, type Bound } from '../semantics/bound.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const same = (args: readonly Bound[]): ScalarType => args[0]?.type ?? 'long';

function neighbour(direction: 'prev' | 'next'): FunctionRow {
  return {
    name: direction,
    takes: ['scalar', 'scalar, integer', 'scalar, integer, scalar'],
    gives: same,
    nulls: 'always',
    window: true,
    constants: [1],
    sql: (args, context) => {
      // Beyond the first and last row there is a null, even of what has none.
      const [of] = context.args;
      const bare = of !== undefined && hasNull(of.type) && !of.nullable;
      const value = bare ? call('toNullable', at(args, 0)) : at(args, 0);
      const name = direction === 'prev' ? 'lagInFrame' : 'leadInFrame';
      return call(name, value, args[1] ?? integer(1), ...(args[2] === undefined ? [] : [args[2]]));
    },
  };
}

export const windowRows: readonly FunctionRow[] = [
  {
    name: 'row_number',
    // With a condition to begin anew it would need a group of its own: not there yet.
    takes: ['', 'integer'],
    gives: 'long',
    nulls: 'never',
    window: true,
    sql: () => call('row_number'),
  },
  neighbour('prev'),
  neighbour('next'),
  {
    name: 'row_cumsum',
    takes: 'summable',
    gives: (args) => (args[0]?.type === 'int' ? 'long' : same(args)),
    window: true,
    sql: (args) => call('sum', at(args, 0)),
  },
];
