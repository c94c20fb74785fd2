/** What a numeric array amounts to, and functions whose elements depend on each other. */

import {
  array,
  call,
  cast,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  real,
  text,
  type Expression as Sql,
} from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import { jsonExtract } from './conversion.js';
import { withGaps } from './series.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const noReal = nullOf('Nullable(Float64)');

/** `body` with `name` standing for `value`, which is computed once. */
function letting(name: string, value: Sql, body: Sql): Sql {
  return call('arrayElement', call('arrayMap', lambda([name], body), array(value)), integer(1));
}

/** An array's numbers; what is no number is null. */
function numbers(value: Sql, of: Bound | undefined): Sql {
  return jsonExtract(value, of, 'Array(Nullable(Float64))');
}

const isWhole = (list: Sql): Sql =>
  infix(
    'AND',
    call('notEmpty', list),
    call('arrayAll', lambda(['v'], call('isNotNull', column('v'))), list),
  );

/** For arrays without gaps; the engine may look at others too, so gaps must not fail. */
const known = (list: Sql): Sql =>
  call('arrayMap', lambda(['v'], call('ifNull', column('v'), real(0))), list);

/** Of two arrays of one length without gaps; otherwise null. */
function ofTwo(name: string, body: (a: Sql, b: Sql) => Sql): FunctionRow {
  return {
    name,
    takes: 'dynamic, dynamic',
    gives: 'real',
    nulls: 'always',
    sql: (args, context) => {
      const [a, b] = [column('n'), column('o')];
      const fits = infix(
        'AND',
        isWhole(a),
        isWhole(b),
        infix('=', call('length', a), call('length', b)),
      );
      return letting(
        'n',
        numbers(at(args, 0), context.args[0]),
        letting(
          'o',
          numbers(at(args, 1), context.args[1]),
          call('if', fits, call('toNullable', body(a, b)), noReal),
        ),
      );
    },
  };
}

const product = (a: Sql, b: Sql): Sql =>
  call(
    'arraySum',
    lambda(
      ['v', 'w'],
      infix('*', call('ifNull', column('v'), integer(0)), call('ifNull', column('w'), integer(0))),
    ),
    a,
    b,
  );

/** Of a list without gaps; a place is that in the whole series. */
const statistics: readonly (readonly [string, (list: Sql, whole: Sql) => Sql])[] = [
  ['min', (list) => call('arrayMin', list)],
  ['min_idx', (list, all) => infix('-', call('indexOf', all, call('arrayMin', list)), integer(1))],
  ['max', (list) => call('arrayMax', list)],
  ['max_idx', (list, all) => infix('-', call('indexOf', all, call('arrayMax', list)), integer(1))],
  ['avg', (list) => call('arrayAvg', list)],
  ['stdev', (list) => call('arrayReduce', text('stddevSampStable'), list)],
  ['variance', (list) => call('arrayReduce', text('varSampStable'), list)],
  ['sum', (list) => call('arraySum', list)],
  ['len', (list) => call('length', list)],
];

export const seriesStatisticRows: readonly FunctionRow[] = [
  ofTwo('series_pearson_correlation', (a, b) =>
    call('arrayReduce', text('corrStable'), known(a), known(b)),
  ),
  ofTwo('series_cosine_similarity', (a, b) =>
    infix('/', product(a, b), call('sqrt', infix('*', product(a, a), product(b, b)))),
  ),
  {
    name: 'series_stats_dynamic',
    takes: ['dynamic', 'dynamic, bool'],
    gives: 'dynamic',
    constants: [1],
    sql: (args, context) => {
      const given = context.args[1];
      const ignoresGaps = given?.kind === 'constant' && given.value === true;
      const pieces = statistics.flatMap(([name, make], index) => [
        text(`${index === 0 ? '{' : ','}"${name}":`),
        call('toJSONString', make(column('o'), column('n'))),
      ]);
      const present = call(
        'arrayFilter',
        lambda(['v'], call('isNotNull', column('v'))),
        column('n'),
      );
      const has = ignoresGaps ? call('notEmpty', present) : isWhole(column('n'));
      const values = known(ignoresGaps ? present : column('n'));
      const nothing = `{${statistics.map(([name]) => `"${name}":null`).join(',')}}`;
      return letting(
        'n',
        numbers(at(args, 0), context.args[0]),
        call(
          'if',
          has,
          letting(
            'o',
            call('if', has, values, cast(array(), 'Array(Float64)')),
            call('concat', ...pieces, text('}')),
          ),
          text(nothing),
        ),
      );
    },
  },
  {
    // The straight line of least squares through a series, its places being 1, 2, 3…
    name: 'series_fit_line_dynamic',
    takes: 'dynamic',
    gives: 'dynamic',
    sql: (args, context) => {
      const places = call('range', integer(1), infix('+', call('length', column('o')), integer(1)));
      const part = (index: number): Sql => call('tupleElement', column('p'), integer(index));
      const fitted = call(
        'arrayMap',
        lambda(['i'], infix('+', infix('*', part(1), column('i')), part(2))),
        places,
      );
      const variance = (list: Sql): Sql => call('arrayReduce', text('varSampStable'), list);
      const left = variance(
        call(
          'arrayMap',
          lambda(['v', 'w'], infix('-', column('v'), column('w'))),
          column('o'),
          column('q'),
        ),
      );
      const values: readonly (readonly [string, Sql])[] = [
        ['rsquare', infix('-', integer(1), infix('/', left, variance(column('o'))))],
        ['slope', part(1)],
        ['variance', variance(column('o'))],
        ['rvariance', left],
        ['interception', part(2)],
        ['line_fit', column('q')],
      ];
      const pieces = values.flatMap(([name, value], index) => [
        text(`${index === 0 ? '{' : ','}"${name}":`),
        call('toJSONString', value),
      ]);
      const nothing = `{${values.map(([name]) => `"${name}":null`).join(',')}}`;
      const whole = isWhole(column('n'));
      return letting(
        'n',
        numbers(at(args, 0), context.args[0]),
        call(
          'if',
          whole,
          letting(
            'o',
            call('if', whole, known(column('n')), cast(array(), 'Array(Float64)')),
            letting(
              'p',
              call('arrayReduce', text('simpleLinearRegression'), places, column('o')),
              letting('q', fitted, call('concat', ...pieces, text('}'))),
            ),
          ),
          text(nothing),
        ),
      );
    },
  },
  {
    name: 'series_fill_linear',
    takes: ['dynamic', 'dynamic, real', 'dynamic, real, bool', 'dynamic, real, bool, real'],
    gives: 'dynamic',
    sql: (args, context) => {
      // As it is written: read as a value, 1.0 would be 1.
      const raw = at(args, 0);
      const gaps = withGaps(numbers(at(args, 0), context.args[0]), args[1]);
      const places = call(
        'arrayMap',
        lambda(['v', 'i'], call('if', call('isNull', column('v')), integer(0), column('i'))),
        column('n'),
        call('arrayEnumerate', column('n')),
      );
      const isPlace = lambda(['q'], infix('!=', column('q'), integer(0)));
      const before = call('arrayFill', isPlace, places);
      const after = call('reverse', call('arrayFill', isPlace, call('reverse', places)));
      const valueAt = (place: string): Sql => call('arrayElement', column('n'), column(place));
      const between = infix(
        '+',
        valueAt('p'),
        infix(
          '/',
          infix(
            '*',
            infix('-', valueAt('q'), valueAt('p')),
            infix('-', call('toInt64', column('i')), call('toInt64', column('p'))),
          ),
          infix('-', call('toInt64', column('q')), call('toInt64', column('p'))),
        ),
      );
      const edges = call('ifNull', args[2] ?? integer(1), integer(1));
      const edge = (place: string): Sql => call('if', edges, valueAt(place), noReal);
      const none = integer(0);
      const filled = call(
        'arrayMap',
        lambda(
          ['i', 'p', 'q'],
          call(
            'multiIf',
            infix('AND', infix('=', column('p'), none), infix('=', column('q'), none)),
            call('toNullable', args[3] ?? call('toFloat64', none)),
            infix('=', column('p'), none),
            edge('q'),
            infix('=', column('q'), none),
            edge('p'),
            infix('=', column('p'), column('q')),
            valueAt('p'),
            between,
          ),
        ),
        call('arrayEnumerate', column('n')),
        before,
        after,
      );
      // Whole numbers stay whole; of an array of nulls alone the constant is as it is.
      const typed = call(
        'if',
        infix(
          'OR',
          call('match', raw, text('[.eE]')),
          call('not', call('match', raw, text('[0-9]'))),
        ),
        call('toJSONString', column('o')),
        call(
          'toJSONString',
          call(
            'arrayMap',
            lambda(['v'], call('accurateCastOrNull', call('trunc', column('v')), text('Int64'))),
            column('o'),
          ),
        ),
      );
      return letting('n', gaps, letting('o', filled, typed));
    },
  },
  {
    name: 'series_iir',
    takes: 'dynamic, dynamic, dynamic',
    gives: 'dynamic',
    sql: (args, context) => {
      // y[i] = (b0·x[i] + b1·x[i-1] + … - a1·y[i-1] - …) / a0
      const earlier = (list: string): Sql => {
        const place = infix(
          '-',
          call('toInt64', column('i')),
          infix('-', call('toInt64', column('j')), integer(1)),
        );
        return call(
          'if',
          infix('>=', place, integer(1)),
          call('arrayElement', column(list), call('greatest', place, integer(1))),
          integer(0),
        );
      };
      const weighed = (weights: string, list: string, from: number): Sql =>
        call(
          'arraySum',
          lambda(
            ['w', 'j'],
            call(
              'if',
              infix('>=', column('j'), integer(from)),
              infix('*', column('w'), earlier(list)),
              integer(0),
            ),
          ),
          column(weights),
          call('arrayEnumerate', column(weights)),
        );
      const next = infix(
        '/',
        infix('-', weighed('b', 'x', 1), weighed('a', 'y', 2)),
        call('arrayElement', column('a'), integer(1)),
      );
      const folded = call(
        'arrayFold',
        lambda(['y', 'i'], call('arrayPushBack', column('y'), call('toFloat64', next))),
        call('arrayEnumerate', column('x')),
        cast(array(), 'Array(Float64)'),
      );
      const safe = (index: number): Sql => {
        const list = numbers(at(args, index), context.args[index]);
        return letting(
          'n',
          list,
          call('if', isWhole(column('n')), known(column('n')), cast(array(), 'Array(Float64)')),
        );
      };
      const fits = infix(
        'AND',
        call('notEmpty', column('x')),
        call('notEmpty', column('b')),
        call('notEmpty', column('a')),
      );
      return letting(
        'x',
        safe(0),
        letting(
          'b',
          safe(1),
          letting('a', safe(2), call('if', fits, call('toJSONString', folded), text(''))),
        ),
      );
    },
  },
  {
    name: 'set_equals',
    takes: 'dynamic, dynamic',
    gives: 'bool',
    sql: (args, context) => {
      const [a, b] = args.map((arg, index) =>
        call('JSONExtractArrayRaw', jsonExtract(arg, context.args[index], 'String')),
      ) as [Sql, Sql];
      return infix('AND', call('hasAll', a, b), call('hasAll', b, a));
    },
  },
  {
    name: 'around',
    takes: [
      'number, number, number',
      'datetime, datetime, timespan',
      'timespan, timespan, timespan',
    ],
    gives: 'bool',
    sql: (args) => ({
      kind: 'between',
      value: at(args, 0),
      low: infix('-', at(args, 1), at(args, 2)),
      high: infix('+', at(args, 1), at(args, 2)),
    }),
  },
];
