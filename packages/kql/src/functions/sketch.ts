/**
 * `hll` and `tdigest`, the values that stand for a set of values. Not the engine's own states,
 * whose bytes must not be read from a user's table, but JSON that plain functions work on:
 *
 * - `hll`: the least hashes of the values, ascending. Fewer than `hashesMax` are all there are;
 *   otherwise their density tells the count, to about 1.6 %.
 * - `tdigest`: `[value, weight]` pairs, ascending; exact up to `centroidsMax` different values.
 */

import {
  array,
  call,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  real,
  text,
  tuple,
  type Expression as Sql,
} from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import { jsonExtract } from './conversion.js';
import type { FunctionRow } from './row.js';

const hashesMax = 4096;
const centroidsMax = 1024;

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const pair = (of: Sql, position: 1 | 2): Sql => call('tupleElement', of, integer(position));

/** `body` with `name` standing for `value`, which is computed once. */
function letting(name: string, value: Sql, body: Sql): Sql {
  return call('arrayElement', call('arrayMap', lambda([name], body), array(value)), integer(1));
}

/** The state of an array of hashes, none of them twice. */
export function hllState(hashes: Sql): Sql {
  return call(
    'toJSONString',
    call('arraySlice', call('arraySort', hashes), integer(1), integer(hashesMax)),
  );
}

export function hllHashes(state: Sql, of: Bound | undefined): Sql {
  return jsonExtract(state, of, 'Array(UInt64)');
}

/** The state of two arrays: values, ascending and none twice, and their weights. */
export function digestState(values: Sql, weights: Sql): Sql {
  const total = call('toInt64', call('arraySum', column('w')));
  const bucket = call(
    'arrayMap',
    lambda(
      ['c'],
      array(
        call(
          'intDiv',
          infix('*', infix('-', column('c'), integer(1)), integer(centroidsMax)),
          total,
        ),
      ),
    ),
    call('arrayCumSum', column('w')),
  );
  const merged = call(
    'arrayReduce',
    text('sumMap'),
    bucket,
    call(
      'arrayMap',
      lambda(['a', 'b'], array(infix('*', column('a'), column('b')))),
      column('v'),
      column('w'),
    ),
    call('arrayMap', lambda(['b'], array(column('b'))), column('w')),
  );
  const compressed = letting(
    'm',
    merged,
    call(
      'arrayMap',
      lambda(['a', 'b'], tuple(infix('/', column('a'), column('b')), column('b'))),
      call('tupleElement', column('m'), integer(2)),
      call('tupleElement', column('m'), integer(3)),
    ),
  );
  const exact = call(
    'arrayMap',
    lambda(['a', 'b'], tuple(column('a'), column('b'))),
    column('v'),
    column('w'),
  );
  const state = call(
    'multiIf',
    call('empty', column('v')),
    text(''),
    infix('<=', call('length', column('v')), integer(centroidsMax)),
    call('toJSONString', exact),
    call('toJSONString', compressed),
  );
  return letting('v', values, letting('w', weights, state));
}

/** A state's pairs. */
export function digestPairs(state: Sql, of: Bound | undefined): Sql {
  return jsonExtract(state, of, 'Array(Tuple(Float64, Int64))');
}

const weightsOf = (pairs: Sql): Sql => call('arrayMap', lambda(['x'], pair(column('x'), 2)), pairs);
const valuesOf = (pairs: Sql): Sql => call('arrayMap', lambda(['x'], pair(column('x'), 1)), pairs);

/** The value at a percentage, by nearest rank; null of an empty state. */
function quantile(pairs: Sql, percentage: Sql): Sql {
  const level = call(
    'greatest',
    call('least', infix('/', call('toFloat64', percentage), real(100)), real(1)),
    real(0),
  );
  const rank = infix('*', level, call('arraySum', weightsOf(column('d'))));
  const found = call(
    'arrayFirst',
    lambda(['x', 'c'], infix('>=', column('c'), rank)),
    column('d'),
    call('arrayCumSum', weightsOf(column('d'))),
  );
  return letting(
    'd',
    pairs,
    call('if', call('empty', column('d')), nullOf('Nullable(Float64)'), pair(found, 1)),
  );
}

/** How many of the values are not greater. */
function rank(pairs: Sql, value: Sql): Sql {
  return call(
    'toFloat64',
    call(
      'arraySum',
      lambda(
        ['x'],
        call('if', infix('<=', pair(column('x'), 1), value), pair(column('x'), 2), integer(0)),
      ),
      pairs,
    ),
  );
}

/** The state of the pairs of several states. */
function mergedDigest(lists: readonly Sql[]): Sql {
  const all = lists.length === 1 ? (lists[0] as Sql) : call('arrayConcat', ...lists);
  const sums = call(
    'arrayReduce',
    text('sumMap'),
    call('arrayMap', lambda(['x'], array(pair(column('x'), 1))), all),
    call('arrayMap', lambda(['x'], array(pair(column('x'), 2))), all),
  );
  return letting('s', sums, digestState(pair(column('s'), 1), pair(column('s'), 2)));
}

export const sketchRows: readonly FunctionRow[] = [
  {
    name: 'dcount_hll',
    takes: 'dynamic',
    gives: 'long',
    sql: (args, context) => {
      const greatest = call('arrayElement', column('h'), integer(hashesMax));
      const density = infix('/', call('toFloat64', greatest), real(2 ** 64));
      return letting(
        'h',
        hllHashes(at(args, 0), context.args[0]),
        call(
          'if',
          infix('<', call('length', column('h')), integer(hashesMax)),
          call('toInt64', call('length', column('h'))),
          call('toInt64', call('round', infix('/', real(hashesMax - 1), density))),
        ),
      );
    },
  },
  {
    name: 'hll_merge',
    takes: 'dynamic, dynamic...',
    gives: 'dynamic',
    sql: (args, context) =>
      hllState(
        call(
          'arrayDistinct',
          call('arrayConcat', ...args.map((arg, index) => hllHashes(arg, context.args[index]))),
        ),
      ),
  },
  {
    name: 'percentile_tdigest',
    aliases: ['percentiles_tdigest'],
    takes: 'dynamic, real',
    gives: 'real',
    nulls: 'always',
    sql: (args, context) => quantile(digestPairs(at(args, 0), context.args[0]), at(args, 1)),
  },
  {
    name: 'percentiles_array_tdigest',
    takes: ['dynamic, dynamic', 'dynamic, real...'],
    gives: 'dynamic',
    sql: (args, context) => {
      const levels =
        context.args[1]?.type === 'dynamic'
          ? jsonExtract(at(args, 1), context.args[1], 'Array(Float64)')
          : array(...args.slice(1));
      const pairs = digestPairs(at(args, 0), context.args[0]);
      return call(
        'toJSONString',
        call('arrayMap', lambda(['p'], quantile(pairs, column('p'))), levels),
      );
    },
  },
  {
    name: 'hll_isvalid',
    takes: ['dynamic', 'dynamic, scalar'],
    gives: 'bool',
    nulls: 'never',
    sql: (args, context) => {
      const hashes = hllHashes(at(args, 0), context.args[0]);
      return infix('=', at(args, 0), call('toJSONString', hashes));
    },
  },
  {
    name: 'tdigest_isvalid',
    takes: ['dynamic', 'dynamic, scalar'],
    gives: 'bool',
    nulls: 'never',
    sql: (args) => {
      const kind = (of: Sql): Sql => infix('=', call('JSONType', of), text('Array'));
      const isPair = infix(
        'AND',
        kind(column('e')),
        infix('=', call('JSONLength', column('e')), integer(2)),
      );
      const pairs = call('JSONExtractArrayRaw', at(args, 0));
      return infix('AND', kind(at(args, 0)), call('arrayAll', lambda(['e'], isPair), pairs));
    },
  },
  {
    name: 'rank_tdigest',
    takes: 'dynamic, real',
    gives: 'real',
    sql: (args, context) => rank(digestPairs(at(args, 0), context.args[0]), at(args, 1)),
  },
  {
    name: 'percentrank_tdigest',
    takes: 'dynamic, real',
    gives: 'real',
    sql: (args, context) =>
      letting(
        'd',
        digestPairs(at(args, 0), context.args[0]),
        infix(
          '/',
          infix('*', rank(column('d'), at(args, 1)), integer(100)),
          call('arraySum', weightsOf(column('d'))),
        ),
      ),
  },
  {
    name: 'merge_tdigest',
    aliases: ['tdigest_merge'],
    takes: 'dynamic, dynamic...',
    gives: 'dynamic',
    sql: (args, context) =>
      mergedDigest(args.map((arg, index) => digestPairs(arg, context.args[index]))),
  },
];

/** For the aggregate that merges: a state's values and weights apart. */
export function digestArrays(state: Sql, of: Bound | undefined): readonly [Sql, Sql] {
  const pairs = digestPairs(state, of);
  return [valuesOf(pairs), weightsOf(pairs)];
}
