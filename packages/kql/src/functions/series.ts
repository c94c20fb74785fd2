/** Functions on numeric arrays, element by element. */

import {
  call,
  cast,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  text,
  type Expression as Sql,
  type InfixOperator,
} from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import { jsonExtract } from './conversion.js';
import { jsonArray } from './dynamic.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;

/** A dynamic array's numbers; what is no number is null. */
function numbers(value: Sql, of: Bound | undefined): Sql {
  return jsonExtract(value, of, 'Array(Nullable(Float64))');
}

/** What stands for a missing value becomes a gap, as a null is one. */
export function withGaps(list: Sql, placeholder: Sql | undefined): Sql {
  if (placeholder === undefined) return list;
  const isGap = call('ifNull', infix('=', column('v'), placeholder), integer(0));
  return call(
    'arrayMap',
    lambda(['v'], call('if', isGap, nullOf('Nullable(Float64)'), column('v'))),
    list,
  );
}

/** A real as JSON, null where there is none or it is not finite. */
function jsonNumber(value: Sql): Sql {
  return call(
    'if',
    call('isFinite', value),
    call('ifNull', call('toString', value), text('null')),
    text('null'),
  );
}

function jsonNumbers(list: Sql): Sql {
  return jsonArray(
    call('arrayMap', lambda(['r'], call('ifNull', jsonNumber(column('r')), text('null'))), list),
  );
}

function unary(name: string, make: (value: Sql) => Sql): FunctionRow {
  return {
    name,
    takes: 'dynamic',
    gives: 'dynamic',
    sql: (args, context) =>
      jsonNumbers(
        call('arrayMap', lambda(['v'], make(column('v'))), numbers(at(args, 0), context.args[0])),
      ),
  };
}

/** Arrays of the longer's length; the shorter's missing elements are null. */
function binary(name: string, make: (a: Sql, b: Sql) => Sql, isTruth: boolean): FunctionRow {
  return {
    name,
    takes: ['dynamic, dynamic', 'dynamic, real', 'real, dynamic'],
    gives: 'dynamic',
    sql: (args, context) => {
      const isSeries = (index: number): boolean => context.args[index]?.type === 'dynamic';
      const series = args.map((arg, index) =>
        isSeries(index) ? numbers(arg, context.args[index]) : arg,
      );
      // A number stands beside each element of the other's.
      const lists = series.map((each, index) =>
        isSeries(index)
          ? each
          : call(
              'arrayWithConstant',
              call('length', series[1 - index] as Sql),
              cast(each, 'Nullable(Float64)'),
            ),
      );
      const length = call('greatest', ...lists.map((list) => call('length', list)));
      const sized = lists.map((list) =>
        call('arrayResize', list, length, { kind: 'null', type: 'Nullable(Float64)' } as const),
      );
      const mapped = call('arrayMap', lambda(['a', 'b'], make(column('a'), column('b'))), ...sized);
      if (!isTruth) return jsonNumbers(mapped);
      const word = call(
        'multiIf',
        call('isNull', column('r')),
        text('null'),
        column('r'),
        text('true'),
        text('false'),
      );
      return jsonArray(call('arrayMap', lambda(['r'], word), mapped));
    },
  };
}

const operation =
  (operator: InfixOperator) =>
  (a: Sql, b: Sql): Sql =>
    infix(operator, a, b);

export const seriesRows: readonly FunctionRow[] = [
  unary('series_abs', (value) => call('abs', value)),
  unary('series_acos', (value) => call('acos', value)),
  unary('series_asin', (value) => call('asin', value)),
  unary('series_atan', (value) => call('atan', value)),
  unary('series_ceiling', (value) => call('ceil', value)),
  unary('series_cos', (value) => call('cos', value)),
  unary('series_exp', (value) => call('exp', value)),
  unary('series_floor', (value) => call('floor', value)),
  unary('series_log', (value) => call('log', value)),
  unary('series_sign', (value) => call('sign', value)),
  unary('series_sin', (value) => call('sin', value)),
  unary('series_tan', (value) => call('tan', value)),
  binary('series_add', operation('+'), false),
  binary('series_subtract', operation('-'), false),
  binary('series_multiply', operation('*'), false),
  binary('series_divide', operation('/'), false),
  binary('series_pow', (a, b) => call('pow', a, b), false),
  binary('series_greater', operation('>'), true),
  binary('series_greater_equals', operation('>='), true),
  binary('series_less', operation('<'), true),
  binary('series_less_equals', operation('<='), true),
  binary('series_equals', operation('='), true),
  binary('series_not_equals', operation('!='), true),
  {
    name: 'series_sum',
    takes: 'dynamic',
    gives: 'real',
    sql: (args, context) =>
      call(
        'arraySum',
        call(
          'arrayMap',
          lambda(['v'], call('ifNull', column('v'), integer(0))),
          numbers(at(args, 0), context.args[0]),
        ),
      ),
  },
  {
    name: 'series_product',
    takes: 'dynamic',
    gives: 'real',
    sql: (args, context) =>
      call(
        'arrayProduct',
        call(
          'arrayMap',
          lambda(['v'], call('ifNull', column('v'), integer(1))),
          numbers(at(args, 0), context.args[0]),
        ),
      ),
  },
  {
    name: 'series_magnitude',
    takes: 'dynamic',
    gives: 'real',
    sql: (args, context) => {
      const value = call('ifNull', column('v'), integer(0));
      return call(
        'sqrt',
        call(
          'arraySum',
          call(
            'arrayMap',
            lambda(['v'], infix('*', value, value)),
            numbers(at(args, 0), context.args[0]),
          ),
        ),
      );
    },
  },
  {
    name: 'series_dot_product',
    takes: ['dynamic, dynamic', 'dynamic, number', 'number, dynamic'],
    gives: 'real',
    sql: (args, context) => {
      const lists = args.map((arg, index) => {
        const of = context.args[index];
        return of?.type === 'dynamic' ? numbers(arg, of) : undefined;
      });
      const length = call(
        'least',
        ...lists.flatMap((list) => (list === undefined ? [] : [call('length', list)])),
        integer(1_048_576),
      );
      const sized = lists.map((list, index) =>
        list === undefined
          ? call('arrayWithConstant', length, call('toFloat64', at(args, index)))
          : call('arrayResize', list, length),
      );
      return call(
        'arraySum',
        call(
          'arrayMap',
          lambda(['a', 'b'], call('ifNull', infix('*', column('a'), column('b')), integer(0))),
          ...sized,
        ),
      );
    },
  },
  ...(['forward', 'backward'] as const).map((direction): FunctionRow => ({
    name: `series_fill_${direction}`,
    takes: ['dynamic', 'dynamic, real'],
    gives: 'dynamic',
    sql: (args, context) => {
      const list = withGaps(numbers(at(args, 0), context.args[0]), args[1]);
      const turned = direction === 'forward' ? list : call('reverse', list);
      const filled = call('arrayFill', lambda(['v'], call('isNotNull', column('v'))), turned);
      return jsonNumbers(direction === 'forward' ? filled : call('reverse', filled));
    },
  })),
  {
    name: 'series_fill_const',
    takes: ['dynamic, number', 'dynamic, number, real'],
    gives: 'dynamic',
    sql: (args, context) =>
      jsonNumbers(
        call(
          'arrayMap',
          lambda(['v'], call('ifNull', column('v'), call('toFloat64', at(args, 1)))),
          withGaps(numbers(at(args, 0), context.args[0]), args[2]),
        ),
      ),
  },
];
