/** Functions that look at other rows, in the input's order. Each window call gets its OVER in lower/. */

import {
  call,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  type Expression as Sql,
  type ScalarType,
} from '@strongroom/sql';
import { constant, hasNull, type Bound } from '../semantics/bound.js';
import type { ComposeCall, FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const same = (args: readonly Bound[]): ScalarType => args[0]?.type ?? 'long';

function neighbour(direction: 'prev' | 'next'): FunctionRow {
  return {
    name: direction,
    takes: ['scalar', 'scalar, integer', 'common, integer, common'],
    gives: same,
    nulls: 'always',
    window: true,
    constants: [1],
    sql: (args, context) => {
      // Beyond the first and last row there is a null, even of what has none (a row of literals).
      const [of] = context.args;
      const isBare = of !== undefined && hasNull(of.type);
      const value = isBare ? call('toNullable', at(args, 0)) : at(args, 0);
      const given = context.args[1];
      const offset =
        given?.kind === 'constant' && typeof given.value === 'bigint' ? given.value : 1n;
      // The engine's offsets are above 0: back by -2 is on by 2.
      const back = (direction === 'prev') === offset >= 0n;
      const size = integer(offset < 0n ? -offset : offset);
      return call(
        back ? 'lagInFrame' : 'leadInFrame',
        value,
        size,
        ...(args[2] === undefined ? [] : [args[2]]),
      );
    },
  };
}

const optional = (arg: Bound | undefined): Bound[] => (arg === undefined ? [] : [arg]);

/** True in the first row, and where the term is not that of the row before. */
function changes(make: ComposeCall, term: Bound): Bound {
  const first = make('==', [make('row_number', []), constant('long', 1n)]);
  const other = make('!=', [term, make('prev', [term])]);
  return make('or', [first, make('coalesce', [other, constant('bool', false)])]);
}

function begins(make: ComposeCall, term: Bound, restart: Bound | undefined): Bound {
  const changed = changes(make, term);
  return restart === undefined ? changed : make('or', [restart, changed]);
}

export const windowRows: readonly FunctionRow[] = [
  {
    name: 'row_number',
    takes: ['', 'integer', 'integer, bool'],
    gives: 'long',
    nulls: 'never',
    window: true,
    restartAt: 1,
    sql: () => call('row_number'),
  },
  neighbour('prev'),
  neighbour('next'),
  {
    name: 'row_cumsum',
    takes: ['summable', 'summable, bool'],
    gives: (args) => (args[0]?.type === 'int' ? 'long' : same(args)),
    window: true,
    restartAt: 1,
    sql: (args) => call('sum', at(args, 0)),
  },
  {
    name: 'row_rank_dense',
    takes: ['scalar', 'scalar, bool'],
    gives: 'long',
    nulls: 'never',
    window: true,
    composed: ([term, restart], make) => {
      if (term === undefined) return constant('long', null);
      const one = make('iff', [
        begins(make, term, restart),
        constant('long', 1n),
        constant('long', 0n),
      ]);
      return make('row_cumsum', [one, ...optional(restart)]);
    },
    sql: () => call('row_number'),
  },
  {
    // What it has become.
    name: 'row_rank',
    takes: ['scalar', 'scalar, bool'],
    gives: 'long',
    nulls: 'never',
    window: true,
    constants: [1],
    composed: ([term, dense], make) => {
      const isDense = dense?.kind !== 'constant' || dense.value !== false;
      const args = term === undefined ? [] : [term];
      return make(isDense ? 'row_rank_dense' : 'row_rank_min', args);
    },
    sql: () => call('row_number'),
  },
  {
    name: 'row_rank_min',
    takes: ['scalar', 'scalar, bool'],
    gives: 'long',
    nulls: 'never',
    window: true,
    composed: ([term, restart], make) => {
      if (term === undefined) return constant('long', null);
      const number = make('row_number', [constant('long', 1n), ...optional(restart)]);
      const first = make('iff', [begins(make, term, restart), number, constant('long', 0n)]);
      return make('$running_max', [first, ...optional(restart)]);
    },
    sql: () => call('row_number'),
  },
  {
    name: 'row_window_session',
    takes: ['datetime, timespan, timespan', 'datetime, timespan, timespan, bool'],
    gives: 'datetime',
    nulls: 'always',
    window: true,
    // A null, a jump or a restart parts the rows; within a part, the distance from the first does.
    composed: ([value, fromFirst, fromNeighbour, restart], make) => {
      if (value === undefined || fromFirst === undefined || fromNeighbour === undefined)
        return constant('datetime', null);
      const before = make('prev', [value]);
      const jump = make('>=', [value, make('+', [before, fromNeighbour])]);
      const parts = make('or', [
        make('isnull', [before]),
        make('coalesce', [jump, constant('bool', false)]),
        ...optional(restart),
      ]);
      return make('$session', [value, make('$so_far', [value, parts]), fromFirst]);
    },
    sql: () => call('row_number'),
  },
];

/** What the functions above are composed of; no query can name them. */
export const hiddenWindowRows: readonly FunctionRow[] = [
  {
    name: '$running_max',
    takes: ['integer', 'integer, bool'],
    gives: 'long',
    nulls: 'never',
    window: true,
    restartAt: 1,
    sql: (args) => call('max', at(args, 0)),
  },
  {
    name: '$restarts',
    takes: 'bool',
    gives: 'long',
    nulls: 'never',
    window: true,
    sql: (args) => call('countIf', call('ifNull', at(args, 0), integer(0))),
  },
  {
    // The values of a part up to this row; not a dynamic, but a list of the engine's.
    name: '$so_far',
    takes: 'datetime, bool',
    gives: 'datetime',
    nulls: 'never',
    window: true,
    restartAt: 1,
    sql: (args) => call('groupArray', at(args, 0)),
  },
  {
    name: '$session',
    takes: 'datetime, datetime, timespan',
    gives: 'datetime',
    nulls: 'always',
    sql: (args) => {
      const [start, value] = [column('s'), column('v')];
      const later = infix('>=', value, infix('+', start, call('assumeNotNull', at(args, 2))));
      const first = call('arrayElement', at(args, 1), integer(1));
      const step = lambda(['s', 'v'], call('if', later, value, start));
      const started = call('arrayFold', step, at(args, 1), first);
      return call('if', call('isNull', at(args, 0)), nullOf('Nullable(Int64)'), started);
    },
  },
];
