/** Sketches, weighted percentiles and covariance. */

import {
  array,
  call,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  parametric,
  real,
  text,
  type Expression as Sql,
  type ScalarType,
} from '@strongroom/sql';
import { asJsonElement, asText } from '../functions/conversion.js';
import { digestArrays, digestState, hllHashes, hllState } from '../functions/sketch.js';
import type { Bound } from '../semantics/bound.js';
import type { AggregateContext, AggregateRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const same = (args: readonly Bound[]): ScalarType => {
  const type = args[0]?.type ?? 'long';
  return type === 'int' || type === 'bool' ? 'long' : type;
};

/** Aggregates only where each condition that there is holds. */
function where(name: string, conditions: readonly (Sql | undefined)[], ...args: Sql[]): Sql {
  const given = conditions.filter((each) => each !== undefined);
  if (given.length === 0) return call(name, ...args);
  const test = given.length === 1 ? (given[0] as Sql) : infix('AND', ...given);
  return call(`${name}If`, ...args, test);
}

const present = (value: Sql, of: Bound | undefined): Sql | undefined =>
  of?.nullable === true ? call('isNotNull', value) : undefined;

function hll(value: Sql, of: Bound, condition?: Sql): Sql {
  // By the text, so that an int and a long of the same value are one.
  const hash = call('xxHash64', asText(value, { ...of, nullable: false } as Bound));
  const known = of.nullable ? call('ifNull', hash, integer(0)) : hash;
  return hllState(where('groupUniqArray', [present(value, of), condition], known));
}

function tdigest(value: Sql, of: Bound | undefined, weight: Sql | undefined): Sql {
  const number = call('toFloat64', value);
  const known = of?.nullable === true ? call('assumeNotNull', number) : number;
  const times =
    weight === undefined
      ? integer(1, 'Int64')
      : call('toInt64', call('ifNull', weight, integer(0)));
  const sums = where('sumMap', [present(value, of)], array(known), array(times));
  return stateOf(sums);
}

function stateOf(sums: Sql): Sql {
  const part = (position: number): Sql => call('tupleElement', column('s'), integer(position));
  return call(
    'arrayElement',
    call('arrayMap', lambda(['s'], digestState(part(1), part(2))), array(sums)),
    integer(1),
  );
}

/** Constant percentages, given one by one or as a dynamic array; each as a fraction. */
function levels(given: readonly Bound[]): number[] {
  return given
    .flatMap((each) => {
      if (each.kind !== 'constant' || each.value === null) return [];
      if (each.type !== 'dynamic') return [Number(each.value)];
      const parsed: unknown = JSON.parse(String(each.value));
      return Array.isArray(parsed) ? parsed.map(Number) : [Number(parsed)];
    })
    .map((each) => (Number.isNaN(each) ? 0 : Math.min(100, Math.max(0, each)) / 100));
}

function suffix(value: Bound | undefined): string {
  return value?.kind === 'constant' ? `_${String(value.value).replace('.', '_')}` : '';
}

function weighted(value: Sql, weight: Sql, level: number, of: Bound | undefined): Sql {
  const typed = of?.type === 'int' ? call('toInt64', value) : value;
  const times = call('toUInt64', call('greatest', call('ifNull', weight, integer(0)), integer(0)));
  return parametric('quantileExactWeightedOrNull', [real(level)], typed, times);
}

/** A JSON array of the values of several aggregates. */
function jsonList(values: readonly Sql[], of: Bound | undefined): Sql {
  const element = { ...(of as Bound), type: same(of === undefined ? [] : [of]), nullable: true };
  const items = values.map((value) => asJsonElement(value, element as Bound));
  return call(
    'concat',
    text('['),
    call('arrayStringConcat', array(...items), text(',')),
    text(']'),
  );
}

function covariance(engine: string, args: readonly Sql[], condition?: Sql): Sql {
  const [a, b] = [call('toFloat64', at(args, 0)), call('toFloat64', at(args, 1))];
  const both = infix('AND', call('isNotNull', a), call('isNotNull', b));
  const count = where('count', [both, condition]);
  return call(
    'multiIf',
    infix('=', count, integer(0)),
    nullOf('Nullable(Float64)'),
    infix('=', count, integer(1)),
    real(0),
    where(engine, [condition], a, b),
  );
}

const merged = (name: string): AggregateRow => ({
  name,
  takes: 'dynamic',
  gives: 'dynamic',
  naming: { prefix: 'merge_tdigests' },
  sql: (args, context) => {
    const [values, weights] = digestArrays(at(args, 0), context.args[0]);
    return stateOf(call('sumMap', values, weights));
  },
});

export const statisticRows: readonly AggregateRow[] = [
  {
    name: 'hll',
    takes: ['scalar', 'scalar, integer'],
    gives: 'dynamic',
    sql: (args, context) => hll(at(args, 0), context.args[0] as Bound),
  },
  {
    name: 'hll_if',
    takes: ['scalar, bool', 'scalar, bool, integer'],
    gives: 'dynamic',
    conditions: [1],
    sql: (args, context) => hll(at(args, 0), context.args[0] as Bound, at(args, 1)),
  },
  {
    name: 'hll_merge',
    takes: 'dynamic',
    gives: 'dynamic',
    sql: (args, context) =>
      hllState(call('groupUniqArrayArray', hllHashes(at(args, 0), context.args[0]))),
  },
  {
    name: 'tdigest',
    takes: ['summable', 'summable, integer', 'datetime', 'datetime, integer'],
    gives: 'dynamic',
    sql: (args, context) => tdigest(at(args, 0), context.args[0], args[1]),
  },
  merged('tdigest_merge'),
  merged('merge_tdigest'),
  {
    name: 'percentilew',
    takes: ['summable, integer, number', 'datetime, integer, number'],
    gives: same,
    naming: { prefix: 'percentile' },
    sql: (args, context) =>
      weighted(at(args, 0), at(args, 1), levels(context.args.slice(2))[0] ?? 0.5, context.args[0]),
    several: (args) => percentileColumns(args),
  },
  {
    name: 'percentilesw',
    takes: ['summable, integer, number...', 'datetime, integer, number...'],
    gives: same,
    naming: { prefix: 'percentile' },
    sql: (args) => at(args, 0),
    several: (args) => percentileColumns(args),
  },
  {
    name: 'percentilesw_array',
    takes: [
      'summable, integer, dynamic',
      'summable, integer, number...',
      'datetime, integer, dynamic',
      'datetime, integer, number...',
    ],
    gives: 'dynamic',
    naming: { prefix: 'percentiles' },
    sql: (args, context) =>
      jsonList(
        levels(context.args.slice(2)).map((level) =>
          weighted(at(args, 0), at(args, 1), level, context.args[0]),
        ),
        context.args[0],
      ),
  },
  {
    name: 'percentiles_array',
    takes: ['summable, dynamic', 'summable, number...', 'datetime, dynamic', 'datetime, number...'],
    gives: 'dynamic',
    naming: { prefix: 'percentiles' },
    sql: (args, context) =>
      jsonList(
        levels(context.args.slice(1)).map((level) =>
          parametric('quantileExactLowOrNull', [real(level)], at(args, 0)),
        ),
        context.args[0],
      ),
  },
  ...(
    [
      ['covariance', 'covarSampStable'],
      ['covariancep', 'covarPopStable'],
    ] as const
  ).flatMap(([name, engine]): AggregateRow[] => [
    {
      name,
      takes: 'number, number',
      gives: 'real',
      sql: (args) => covariance(engine, args),
    },
    {
      name: `${name}if`,
      takes: 'number, number, bool',
      gives: 'real',
      conditions: [2],
      sql: (args) => covariance(engine, args, at(args, 2)),
    },
  ]),
];

function percentileColumns(args: readonly Bound[]) {
  return args.slice(2).map((level) => ({
    suffix: suffix(level),
    type: same(args),
    sql: (values: readonly Sql[], context: AggregateContext): Sql =>
      weighted(at(values, 0), at(values, 1), levels([level])[0] ?? 0.5, context.args[0]),
  }));
}
