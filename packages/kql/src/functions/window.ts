/** Functions that look at other rows, in the input's order. `$window…` calls get their OVER in lower/. */

import { call, integer, type Expression as Sql, type ScalarType } from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const same = (args: readonly Bound[]): ScalarType => args[0]?.type ?? 'long';

function neighbour(name: 'prev' | 'next'): FunctionRow {
  return {
    name,
    takes: ['scalar', 'scalar, integer', 'scalar, integer, scalar'],
    gives: same,
    nulls: 'always',
    window: true,
    constants: [1],
    sql: (args) =>
      call(
        name === 'prev' ? 'lagInFrame' : 'leadInFrame',
        at(args, 0),
        args[1] ?? integer(1),
        ...(args[2] === undefined ? [] : [args[2]]),
      ),
  };
}

export const windowRows: readonly FunctionRow[] = [
  {
    name: 'row_number',
    takes: ['', 'integer', 'integer, bool'],
    gives: 'long',
    nulls: 'never',
    window: true,
    sql: () => call('row_number'),
  },
  neighbour('prev'),
  neighbour('next'),
  {
    name: 'row_cumsum',
    takes: ['summable', 'summable, bool'],
    gives: (args) => (args[0]?.type === 'int' ? 'long' : same(args)),
    window: true,
    sql: (args) => call('sum', at(args, 0)),
  },
];
