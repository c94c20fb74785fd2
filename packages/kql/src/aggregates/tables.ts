/** The aggregate functions. See README.md for how to add one. */

import {
  call,
  cast,
  column,
  infix,
  inList,
  integer,
  lambda,
  nullOf,
  parametric,
  real,
  text,
  tuple,
  type Expression as Sql,
  type ScalarType,
} from '@strongroom/sql';
import { asJson, asJsonElement } from '../functions/conversion.js';
import { schemaRow, shapeOf } from '../functions/json-schema.js';
import { makeListMax } from '../limits.js';
import type { Bound } from '../semantics/bound.js';
import type { AggregateContext, AggregateRow } from './row.js';

const first = (args: readonly Sql[]): Sql => args[0] as Sql;
const promoted = (args: readonly Bound[]): ScalarType => {
  const type = args[0]?.type ?? 'long';
  return type === 'int' || type === 'bool' ? 'long' : type;
};
const same = (args: readonly Bound[]): ScalarType => args[0]?.type ?? 'long';
const averaged = (args: readonly Bound[]): ScalarType => {
  const type = args[0]?.type ?? 'real';
  return type === 'decimal' || type === 'timespan' || type === 'datetime' ? type : 'real';
};

/** `name` and `nameif`, the latter by the engine's -If combinator. */
function withCondition(
  row: AggregateRow,
  ifName: string,
  sqlIf: (args: readonly Sql[], condition: Sql, context: AggregateContext) => Sql,
): AggregateRow[] {
  const takes = (typeof row.takes === 'string' ? [row.takes] : row.takes).map((each) => {
    const [head, ...rest] = each.split(',');
    return [head, ' bool', ...rest].join(',');
  });
  const conditional: AggregateRow = {
    ...row,
    name: ifName,
    takes,
    conditions: [1],
    gives:
      typeof row.gives === 'function'
        ? (args) =>
            (row.gives as (args: readonly Bound[]) => ScalarType)(
              args.filter((_, index) => index !== 1),
            )
        : row.gives,
    sql: (args, context) =>
      sqlIf(
        args.filter((_, index) => index !== 1),
        args[1] as Sql,
        { ...context, args: context.args.filter((_, index) => index !== 1) },
      ),
  };
  return [row, conditional];
}

function sumSql(args: readonly Sql[], context: AggregateContext, condition?: Sql): Sql {
  const type = context.args[0]?.type;
  const value = type === 'int' || type === 'bool' ? call('toInt64', first(args)) : first(args);
  // Kusto's sum of nothing is 0 for numbers.
  const name = condition === undefined ? 'sum' : 'sumIf';
  const total = condition === undefined ? call(name, value) : call(name, value, condition);
  return call('ifNull', total, zero(type));
}

function zero(type: ScalarType | undefined): Sql {
  if (type === 'real') return real(0);
  if (type === 'decimal') return cast(integer(0), 'Decimal(38, 17)');
  return integer(0, 'Int64');
}

function avgSql(args: readonly Sql[], context: AggregateContext, condition?: Sql): Sql {
  const type = context.args[0]?.type;
  const name = condition === undefined ? 'avgOrNull' : 'avgOrNullIf';
  const rest = condition === undefined ? [] : [condition];
  if (type === 'timespan')
    return call(
      'accurateCastOrNull',
      call('trunc', call(name, first(args), ...rest)),
      text('Int64'),
    );
  if (type === 'datetime') {
    // The mean of ticks near 6e17 would lose its last digits as a real; the mean of differences from a near point does not.
    const origin = integer(630_822_816_000_000_000n);
    const mean = call(name, infix('-', first(args), origin), ...rest);
    return infix('+', call('accurateCastOrNull', call('round', mean), text('Int64')), origin);
  }
  if (type === 'decimal')
    return cast(call(name, first(args), ...rest), 'Nullable(Decimal(38, 17))');
  // Of nothing, the sum 0 is divided by the count 0.
  return call('ifNull', call(name, first(args), ...rest), real(Number.NaN));
}

/** The JSON array of collected JSON texts. */
function jsonArray(list: Sql): Sql {
  return call('concat', text('['), call('arrayStringConcat', list, text(',')), text(']'));
}

function sizeOf(context: AggregateContext): bigint {
  const size = context.args[1];
  const given =
    size?.kind === 'constant' && typeof size.value === 'bigint' ? size.value : BigInt(makeListMax);
  return given > 0n && given < BigInt(makeListMax) ? given : BigInt(makeListMax);
}

/** The condition that leaves nulls out of lists and sets, with another's. */
function presentCondition(
  value: Sql,
  of: Bound | undefined,
  condition: Sql | undefined,
): Sql | undefined {
  let test: Sql | undefined;
  if (of?.type === 'dynamic')
    test = { kind: 'in', value, list: [text(''), text('null')], negated: true };
  else if (of?.nullable === true) test = call('isNotNull', value);
  if (test === undefined) return condition;
  return condition === undefined ? test : infix('AND', test, condition);
}

function listSql(
  args: readonly Sql[],
  context: AggregateContext,
  condition?: Sql,
  withNulls = false,
): Sql {
  const of = context.args[0] as Bound;
  const value = first(args);
  const size = integer(sizeOf(context));
  const element = asJsonElement(value, of);
  const test = withNulls ? condition : presentCondition(value, of, condition);
  const rest = test === undefined ? [] : [test];
  const name = test === undefined ? 'groupArray' : 'groupArrayIf';
  if (context.order === undefined) return jsonArray(parametric(name, [size], element, ...rest));
  const pairs = call(
    'arraySort',
    lambda(['x'], call('tupleElement', column('x'), integer(1))),
    call(name, tuple(context.order, element), ...rest),
  );
  const ordered = call(
    'arrayMap',
    lambda(['x'], call('tupleElement', column('x'), integer(2))),
    pairs,
  );
  return jsonArray(call('arraySlice', ordered, integer(1), size));
}

function setSql(args: readonly Sql[], context: AggregateContext, condition?: Sql): Sql {
  const of = context.args[0] as Bound;
  const value = first(args);
  const size = integer(sizeOf(context));
  const test = presentCondition(value, of, condition);
  const rest = test === undefined ? [] : [test];
  const name = test === undefined ? 'groupUniqArray' : 'groupUniqArrayIf';
  // An array's elements are members of the set, as in Kusto.
  if (of.type === 'dynamic') {
    const elements = call(
      'if',
      infix('=', call('substring', value, integer(1), integer(1)), text('[')),
      call('JSONExtractArrayRaw', value),
      { kind: 'array', items: [value] },
    );
    const arrays = test === undefined ? 'groupUniqArrayArray' : 'groupUniqArrayArrayIf';
    return jsonArray(parametric(arrays, [size], elements, ...rest));
  }
  const present = { ...of, nullable: false } as Bound;
  if (!valuesOfSets.has(of.type))
    return jsonArray(parametric(name, [size], asJson(value, present), ...rest));
  // The values themselves are collected: JSON is made of those that differ, not of each row.
  const values = parametric(name, [size], value, ...rest);
  return jsonArray(call('arrayMap', lambda(['x'], asJson(column('x'), present)), values));
}

/** Types of which equal values have equal JSON, and others have not. */
const valuesOfSets: ReadonlySet<ScalarType> = new Set([
  'string',
  'int',
  'long',
  'datetime',
  'timespan',
  'guid',
]);

function dcountSql(args: readonly Sql[], condition?: Sql, exact = false): Sql {
  const name = exact ? 'uniqExact' : 'uniqCombined64';
  const count =
    condition === undefined ? call(name, first(args)) : call(`${name}If`, first(args), condition);
  // Of nothing but nulls the engine's count is null.
  return call('toInt64', exact ? count : call('ifNull', count, integer(0)));
}

function conditionSuffix(name: string, condition: Sql | undefined, ...args: Sql[]): Sql {
  return condition === undefined ? call(name, ...args) : call(`${name}If`, ...args, condition);
}

const plain =
  (name: string): AggregateRow['sql'] =>
  (args) =>
    call(name, first(args));

/** A percentile's own part of its column's name: `50`, `99_9`. */
function percentSuffix(value: Bound | undefined): string {
  if (value?.kind !== 'constant') return '';
  return String(value.value).replace('.', '_');
}

function levelOf(value: Bound | undefined): Sql {
  const number = value?.kind === 'constant' && value.value !== null ? Number(value.value) : 50;
  return real(Number.isNaN(number) ? 0 : Math.min(100, Math.max(0, number)) / 100);
}

/** Kusto's percentile is a value of the data (nearest rank), not one between two. */
function percentileSql(value: Sql, level: Sql): Sql {
  return parametric('quantileExactLowOrNull', [level], value);
}

/** One of several percentiles of a value, which the engine finds in one sorting. */
function percentileOf(value: Sql, levels: readonly Sql[], index: number): Sql {
  if (levels.length === 1) return percentileSql(value, levels[0] as Sql);
  const found = call(
    'arrayElement',
    parametric('quantilesExactLow', levels, value),
    integer(index + 1),
  );
  return call('if', infix('=', call('count', value), integer(0)), nullOf(), found);
}

function percentileResult(of: Bound | undefined): ScalarType {
  const type = of?.type ?? 'real';
  return type === 'int' || type === 'bool'
    ? 'long'
    : type === 'dynamic' || type === 'string'
      ? 'real'
      : type;
}

function percentileValue(value: Sql, of: Bound | undefined): Sql {
  const type = of?.type;
  if (type === 'int') return call('toInt64', value);
  return value;
}

/** JSON bags merged, the first value of a key kept. */
function bagSql(value: Sql, condition: Sql | undefined, size: Sql): Sql {
  const pairs = call('JSONExtractKeysAndValuesRaw', value);
  const collected =
    condition === undefined
      ? call('groupArrayArray', pairs)
      : call('groupArrayArrayIf', pairs, condition);
  const once = call(
    'arrayFilter',
    lambda(['x', 'n'], infix('=', column('n'), integer(1))),
    column('all'),
    call(
      'arrayEnumerateUniq',
      call('arrayMap', lambda(['x'], call('tupleElement', column('x'), integer(1))), column('all')),
    ),
  );
  const printed = call(
    'arrayMap',
    lambda(
      ['x'],
      call(
        'concat',
        call('toJSONString', call('tupleElement', column('x'), integer(1))),
        text(':'),
        call('tupleElement', column('x'), integer(2)),
      ),
    ),
    call('arraySlice', once, integer(1), size),
  );
  const whole = call('concat', text('{'), call('arrayStringConcat', printed, text(',')), text('}'));
  return call(
    'arrayElement',
    call('arrayMap', lambda(['all'], whole), { kind: 'array', items: [collected] }),
    integer(1),
  );
}

const statistics: readonly (readonly [string, string])[] = [
  ['stdev', 'stddevSamp'],
  ['stdevp', 'stddevPop'],
  ['variance', 'varSamp'],
  ['variancep', 'varPop'],
];

const bits: readonly (readonly [string, string])[] = [
  ['binary_all_and', 'groupBitAnd'],
  ['binary_all_or', 'groupBitOr'],
  ['binary_all_xor', 'groupBitXor'],
];

/** Fewer than two values have a deviation of 0 in Kusto. */
function deviation(name: string, value: Sql, condition?: Sql): Sql {
  const of = call('toFloat64', value);
  const result = conditionSuffix(name, condition, of);
  const count = conditionSuffix('count', condition, of);
  return call('if', infix('<', count, integer(2)), real(0), result);
}

export const aggregateRows: readonly AggregateRow[] = [
  {
    name: 'count',
    takes: '',
    gives: 'long',
    nullable: false,
    sql: () => call('toInt64', call('count')),
  },
  {
    name: 'countif',
    takes: 'bool',
    gives: 'long',
    nullable: false,
    conditions: [0],
    sql: (args) => call('toInt64', call('countIf', first(args))),
  },
  ...withCondition(
    {
      name: 'sum',
      takes: 'summable',
      gives: promoted,
      nullable: false,
      sql: (args, context) => sumSql(args, context),
    },
    'sumif',
    (args, condition, context) => sumSql(args, context, condition),
  ),
  ...withCondition(
    {
      name: 'avg',
      takes: ['number', 'timespan', 'datetime'],
      gives: averaged,
      sql: (args, context) => avgSql(args, context),
    },
    'avgif',
    (args, condition, context) => avgSql(args, context, condition),
  ),
  ...withCondition(
    { name: 'min', takes: 'orderable', gives: same, sql: minMax('min') },
    'minif',
    (args, condition, context) => minMax('min')(args, context, condition),
  ),
  ...withCondition(
    { name: 'max', takes: 'orderable', gives: same, sql: minMax('max') },
    'maxif',
    (args, condition, context) => minMax('max')(args, context, condition),
  ),
  ...withCondition(
    {
      name: 'dcount',
      takes: ['scalar', 'scalar, integer'],
      gives: 'long',
      nullable: false,
      sql: (args) => dcountSql(args),
    },
    'dcountif',
    (args, condition) => dcountSql(args, condition),
  ),
  ...withCondition(
    {
      name: 'count_distinct',
      takes: 'scalar',
      gives: 'long',
      nullable: false,
      sql: (args) => dcountSql(args, undefined, true),
    },
    'count_distinctif',
    (args, condition) => dcountSql(args, condition, true),
  ),
  ...[{ name: 'make_set' }, { name: 'makeset' }].flatMap(({ name }) =>
    withCondition(
      {
        name,
        takes: ['scalar', 'scalar, integer'],
        gives: 'dynamic',
        naming: { prefix: 'set' },
        sql: (args, context) => setSql(args, context),
      },
      `${name}_if`,
      (args, condition, context) => setSql(args, context, condition),
    ),
  ),
  ...[{ name: 'make_list' }, { name: 'makelist' }].flatMap(({ name }) =>
    withCondition(
      {
        name,
        takes: ['scalar', 'scalar, integer'],
        gives: 'dynamic',
        naming: { prefix: 'list' },
        ordered: true,
        sql: (args, context) => listSql(args, context),
      },
      `${name}_if`,
      (args, condition, context) => listSql(args, context, condition),
    ),
  ),
  {
    name: 'make_list_with_nulls',
    takes: 'scalar',
    gives: 'dynamic',
    naming: { prefix: 'list' },
    ordered: true,
    sql: (args, context) => listSql(args, context, undefined, true),
  },
  {
    name: 'buildschema',
    takes: 'dynamic',
    gives: 'dynamic',
    naming: { prefix: 'schema' },
    sql: (args) =>
      call(
        'toJSONString',
        call(
          'groupUniqArrayIf',
          shapeOf(first(args)),
          inList(first(args), [text(''), text('null')], true),
        ),
      ),
    finish: schemaRow,
  },
  ...[
    { name: 'make_bag', prefix: 'bag' },
    { name: 'make_dictionary', prefix: 'dictionary' },
  ].flatMap(({ name, prefix }) =>
    withCondition(
      {
        name,
        takes: ['dynamic', 'dynamic, integer'],
        gives: 'dynamic',
        naming: { prefix },
        sql: (args, context) => bagSql(first(args), undefined, integer(sizeOf(context))),
      },
      `${name}_if`,
      (args, condition, context) => bagSql(first(args), condition, integer(sizeOf(context))),
    ),
  ),
  ...statistics.flatMap(([name, sqlName]) =>
    withCondition(
      { name, takes: 'summable', gives: 'real', sql: (args) => deviation(sqlName, first(args)) },
      `${name}if`,
      (args, condition) => deviation(sqlName, first(args), condition),
    ),
  ),
  ...bits.map(([name, sqlName]): AggregateRow => ({
    name,
    takes: 'long',
    gives: 'long',
    naming: 'first',
    sql: plain(`${sqlName}OrNull`),
  })),
  ...['take_any', 'any'].map((name): AggregateRow => ({
    name,
    takes: 'scalar',
    gives: same,
    ...(name === 'take_any' ? { naming: 'first' as const } : {}),
    sql: (args, context) => anyValue(first(args), context.args[0]),
  })),
  ...['take_anyif', 'anyif'].map((name): AggregateRow => ({
    name,
    takes: 'scalar, bool',
    gives: same,
    conditions: [1],
    ...(name === 'take_anyif' ? { naming: 'first' as const } : {}),
    sql: (args, context) => anyValue(first(args), context.args[0], args[1] as Sql),
  })),
  {
    name: 'percentile',
    takes: ['number, number', 'timespan, number', 'datetime, number'],
    gives: (args) => percentileResult(args[0]),
    sql: (args, context) =>
      percentileSql(percentileValue(first(args), context.args[0]), levelOf(context.args[1])),
    several: (args) => [
      {
        suffix: `_${percentSuffix(args[1])}`,
        type: percentileResult(args[0]),
        sql: (values, context) =>
          percentileSql(percentileValue(first(values), context.args[0]), levelOf(context.args[1])),
      },
    ],
  },
  {
    name: 'percentiles',
    naming: { prefix: 'percentile' },
    takes: ['number, number...', 'timespan, number...', 'datetime, number...'],
    gives: (args) => percentileResult(args[0]),
    sql: (args) => first(args),
    several: (args) =>
      args.slice(1).map((level, index, levels) => ({
        suffix: `_${percentSuffix(level)}`,
        type: percentileResult(args[0]),
        sql: (values: readonly Sql[], context: AggregateContext) =>
          percentileOf(percentileValue(first(values), context.args[0]), levels.map(levelOf), index),
      })),
  },
];

function minMax(name: 'min' | 'max') {
  return (args: readonly Sql[], context: AggregateContext, condition?: Sql): Sql => {
    const type = context.args[0]?.type;
    // Strings have no null to start from; the empty one is Kusto's answer for no rows.
    if (type === 'string' || type === 'dynamic') {
      return condition === undefined
        ? call(name, first(args))
        : call(`${name}If`, first(args), condition);
    }
    return condition === undefined
      ? call(`${name}OrNull`, first(args))
      : call(`${name}OrNullIf`, first(args), condition);
  };
}

/** Any value, an empty one only where there is no other. */
function anyValue(value: Sql, of: Bound | undefined, condition?: Sql): Sql {
  if (of?.type === 'string' || of?.type === 'dynamic') {
    return call(
      'ifNull',
      conditionSuffix('any', condition, call('nullIf', value, text(''))),
      text(''),
    );
  }
  return condition === undefined ? call('anyOrNull', value) : call('anyOrNullIf', value, condition);
}
