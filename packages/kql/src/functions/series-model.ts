/**
 * What a series is made of: periods, seasons, trends, outliers, lines, polynomials, spectra.
 *
 * Periods are found as the documented examples have them: peaks of the periodogram that white
 * noise would hardly have (1 in 100), each placed exactly by the autocorrelation's highest peak
 * around it. A score is the autocorrelation, made up for the shorter overlap by its square root.
 */

import { array, call, cast, text, type Expression as Sql } from '@strongroom/sql';
import type { Bound, CallContext } from '../semantics/bound.js';
import type { ConstantValue } from '../syntax/tree.js';
import { jsonExtract } from './conversion.js';
import { formula, formulaRows, type Parts } from './formula.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;

/** An array's numbers; what is no number is null. */
function numbers(value: Sql, of: Bound | undefined): Sql {
  return jsonExtract(value, of, 'Array(Nullable(Float64))');
}

/** `body` of the series as `x`, which has no gaps and at least one element; null of any other. */
function ofWhole(value: Sql, of: Bound | undefined, body: (x: Sql) => Sql): Sql {
  return formula(
    `let x = $list;
     if($whole(x), $body(arrayMap(v -> ifNull(v, 0.0), if($whole(x), x, $one))), '')`,
    {
      list: numbers(value, of),
      one: cast(
        array(call('toFloat64', { kind: 'integer', value: 0n })),
        'Array(Nullable(Float64))',
      ),
      whole: (x) => formula('notEmpty($x) AND arrayAll(v -> isNotNull(v), $x)', { x: x as Sql }),
      body: (x) => formula('let y = $x; $body(y)', { x: x as Sql, body: (y) => body(y as Sql) }),
    },
  );
}

/** `{"name":…}` of columns that a call gives at once; lists and numbers. */
function bag(names: readonly string[], tuple: Sql): Sql {
  return formula(`let b = $tuple; $made(b)`, {
    tuple,
    made: (made) =>
      call(
        'concat',
        ...names.flatMap((name, index) => [
          text(`${index === 0 ? '{' : ','}"${name}":`),
          formula(`toJSONString($made.${index + 1})`, { made: made as Sql }),
        ]),
        text('}'),
      ),
  });
}

function constantAt(context: CallContext, index: number): ConstantValue | undefined {
  const arg = context.args[index];
  return arg?.kind === 'constant' ? arg.value : undefined;
}

function numberAt(context: CallContext, index: number, otherwise: number): number {
  const value = constantAt(context, index);
  return value === undefined || value === null || !Number.isFinite(Number(value))
    ? otherwise
    : Number(value);
}

/** The argument as an `Int64`, or what stands for it. */
function longAt(args: readonly Sql[], index: number, otherwise: number): Sql {
  const given = args[index];
  return given === undefined
    ? { kind: 'integer', value: BigInt(otherwise), type: 'Int64' }
    : formula(`toInt64(ifNull($given, ${otherwise}))`, { given });
}

// ---- spectra ----------------------------------------------------------------------------------

function transform(args: readonly Sql[], context: CallContext, inverse: boolean): Sql {
  const sign = inverse ? '-' : '';
  return ofWhole(at(args, 0), context.args[0], (x) =>
    bag(
      ['real', 'imag'],
      formula(
        `let n = length($x);
         let y = arrayResize(arrayMap(v -> ifNull(v, 0.0), $imaginary), n);
         let c = arrayMap(j -> cos(6.283185307179586 * j / n), range(n));
         let s = arrayMap(j -> ${sign}sin(6.283185307179586 * j / n), range(n));
         (arrayMap(k -> arraySum((v, u, t) -> v * c[(k * t) % n + 1] + u * s[(k * t) % n + 1],
            $x, y, range(n)) / $size(n), range(n)),
          arrayMap(k -> arraySum((v, u, t) -> u * c[(k * t) % n + 1] - v * s[(k * t) % n + 1],
            $x, y, range(n)) / $size(n), range(n)))`,
        {
          x,
          size: (n) => (inverse ? (n as Sql) : formula('1.0')),
          imaginary:
            args[1] === undefined
              ? cast(array(), 'Array(Nullable(Float64))')
              : numbers(args[1], context.args[1]),
        },
      ),
    ),
  );
}

// ---- periods ----------------------------------------------------------------------------------

/** `(score, period)` of a series' periods between two lengths, the best first. */
function periodsOf(x: Sql, least: Sql, most: Sql): Sql {
  return formula(
    `let x = $x;
     let n = toInt64(length(x));
     let h = intDiv(n, 2);
     let m = arrayAvg(x);
     let z = arrayMap(v -> v - m, x);
     let d = arraySum(v -> v * v, z);
     let c = arrayMap(j -> cos(6.283185307179586 * j / n), range(n));
     let s = arrayMap(j -> sin(6.283185307179586 * j / n), range(n));
     let p = arrayMap(k ->
        pow(arraySum((v, t) -> v * c[(k * t) % n + 1], z, range(n)), 2)
        + pow(arraySum((v, t) -> v * s[(k * t) % n + 1], z, range(n)), 2), range(1, h + 1));
     let w = arrayAvg(p) * log(n * 50);
     let a = arrayMap(l -> arraySum((v, u) -> v * u,
        arraySlice(z, 1, n - l), arraySlice(z, l + 1, n - l)) / d, range(0, h + 2));
     let f = arrayFilter((k, q) -> q > w AND k > 1, range(1, h + 1), p);
     arrayReverseSort(arrayDistinct(arrayFlatten(arrayMap(k ->
       arraySlice(arrayReverseSort(arrayMap(l -> (a[l + 1] * sqrt(n / (n - l)), toFloat64(l)),
         arrayFilter(l -> a[l + 1] > 0 AND a[l + 1] > a[l] AND a[l + 1] >= a[l + 2],
           range(
             toInt64(greatest(4.0, $least, floor(n / (k + 1)))),
             toInt64(least(toFloat64(h), $most, ceil(n / (k - 1)))) + 1)))), 1, 1), f))))`,
    { x, least, most },
  );
}

// ---- decomposition ----------------------------------------------------------------------------

interface Decomposition {
  /** Points at the end that are not learned from. */
  readonly testPoints: Sql;
  /** A period, 0 for none, less for what is found. */
  readonly seasonality: Sql;
  readonly trend: string;
  readonly threshold: Sql;
}

/** The series' median of each phase. */
function seasonOf(x: Sql, learned: Sql, period: Sql): Sql {
  return formula(
    `let y = $learned;
     let p = $period;
     let f = arrayMap(j -> arrayReduce('quantileExactInclusive(0.5)',
        arrayFilter((v, i) -> (i - 1) % greatest(p, 1) = j, y, arrayEnumerate(y))),
        range(greatest(least(p, toInt64(length(y))), 1)));
     arrayMap(i -> if(p > 0, f[(i - 1) % greatest(p, 1) + 1], 0.0), arrayEnumerate($x))`,
    { x, learned, period },
  );
}

const lineOf = (list: Sql): Sql =>
  formula(`arrayReduce('simpleLinearRegression', arrayEnumerate($list), $list)`, { list });

/** `(baseline, seasonal, trend, residual)`, in the documented order of steps. */
function decompose(x: Sql, how: Decomposition): Sql {
  const trends: Readonly<Record<string, string>> = {
    linefit: 'let k = $line(arraySlice(g, 1, m)); arrayMap(i -> k.1 * i + k.2, arrayEnumerate(x))',
    none: 'arrayMap(v -> 0.0, x)',
    avg: 'let k = arrayAvg(arraySlice(g, 1, m)); arrayMap(v -> k, x)',
  };
  // A slope hides a period: it is looked for beside the line.
  const level =
    how.trend === 'linefit'
      ? 'let k = $line(y); arrayMap((v, i) -> v - k.1 * i - k.2, y, arrayEnumerate(y))'
      : 'y';
  return formula(
    `let x = $x;
     let m = if($test > 0 AND $test < toInt64(length(x)), toInt64(length(x)) - $test, toInt64(length(x)));
     let y = arraySlice(x, 1, m);
     let p = if($seasonality < 0,
       let q = $periods(if($seasonality < 0, ${level}, [0.0]));
       if(notEmpty(q) AND q[1].1 >= $threshold, toInt64(q[1].2), toInt64(0)),
       $seasonality);
     let s = $season(x, y, p);
     let g = arrayMap((v, w) -> v - w, x, s);
     let t = ${trends[how.trend] ?? trends['avg']};
     let b = arrayMap((v, w) -> v + w, s, t);
     (b, s, t, arrayMap((v, w) -> v - w, x, b))`,
    {
      x,
      test: how.testPoints,
      seasonality: how.seasonality,
      threshold: how.threshold,
      line: (list) => lineOf(list as Sql),
      periods: (y) => periodsOf(y as Sql, formula('4.0'), formula('1e9')),
      season: (all, y, p) => seasonOf(all as Sql, y as Sql, p as Sql),
    } satisfies Parts,
  );
}

/** How far each element is beyond the middle of the others, in widths of that middle. */
function outliers(x: Sql, low: number, high: number, learned: Sql): Sql {
  return formula(
    `let o = $x;
     let y = arraySlice(o, 1, $learned(o));
     let q = arrayReduce('quantileExactInclusive(${low / 100})', y);
     let r = arrayReduce('quantileExactInclusive(${high / 100})', y);
     let d = greatest(r - q, 0.0000000001 * arrayMax(v -> abs(v), y), 1e-300);
     arrayMap(v -> if(v > r, (v - r) / d, if(v < q, (v - q) / d, 0.0)), o)`,
    {
      x,
      learned: (all) =>
        formula(
          'if($test > 0 AND $test < toInt64(length($all)), toInt64(length($all)) - $test, toInt64(length($all)))',
          { all: all as Sql, test: learned },
        ),
    },
  );
}

const percentiles = (method: unknown): readonly [number, number] =>
  String(method).toLowerCase() === 'tukey' ? [25, 75] : [10, 90];

// ---- lines and polynomials --------------------------------------------------------------------

/** A list's `(rsquare, slope, intercept, variance, residual variance, fitted)`. */
function lineParts(list: Sql): Sql {
  return formula(
    `let y = $list;
     let k = arrayReduce('simpleLinearRegression', arrayEnumerate(y), y);
     let f = arrayMap(i -> k.1 * i + k.2, arrayEnumerate(y));
     let r = arrayReduce('varSampStable', arrayMap((v, w) -> v - w, y, f));
     let v = arrayReduce('varSampStable', y);
     (1 - r / v, k.1, k.2, v, r, f)`,
    { list },
  );
}

/** What a line leaves of a list, squared and added up. */
function lineRest(list: Sql): Sql {
  return formula(
    `let y = $list;
     let n = length(y);
     let a = arrayAvg(y);
     let b = (n + 1) / 2;
     let c = arraySum((v, i) -> (v - a) * (i - b), y, arrayEnumerate(y));
     let d = n * (n * n - 1) / 12;
     arraySum(v -> pow(v - a, 2), y) - if(d > 0, c * c / greatest(d, 1), 0.0)`,
    { list },
  );
}

const twoLinesNames = [
  'rsquare',
  'split_idx',
  'variance',
  'rvariance',
  'line_fit',
  'right_rsquare',
  'right_slope',
  'right_interception',
  'right_variance',
  'right_rvariance',
  'left_rsquare',
  'left_slope',
  'left_interception',
  'left_variance',
  'left_rvariance',
] as const;

/** The names of a polynomial's steps: `pa`, `pb`, … */
const letter = (index: number): string => String.fromCharCode(97 + index);
const degreeMax = 20;

/** By polynomials orthogonal on the points (Forsythe 1957), which stay exact where powers do not. */
function polynomial(x: Sql, y: Sql, degree: number): Sql {
  const lines = [
    'let x = $x; let y = $y;',
    `let pa = arrayMap(v -> 1.0, x);`,
    `let ca = arrayPushFront(arrayWithConstant(${degree}, 0.0), 1.0);`,
  ];
  const norm = (step: string): string => `arraySum(v -> v * v, p${step})`;
  for (let index = 0; index <= degree; index++) {
    const step = letter(index);
    lines.push(`let n${step} = ${norm(step)};`);
    lines.push(
      `let w${step} = if(n${step} > 0, arraySum((v, u) -> v * u, y, p${step}) / n${step}, 0.0);`,
    );
    if (index === degree) break;
    const next = letter(index + 1);
    lines.push(
      `let a${step} = if(n${step} > 0, arraySum((v, u) -> v * u * u, x, p${step}) / n${step}, 0.0);`,
    );
    if (index === 0) {
      lines.push(`let p${next} = arrayMap((v, u) -> (v - a${step}) * u, x, p${step});`);
      lines.push(
        `let c${next} = arrayMap((v, u) -> v - a${step} * u, arrayPopBack(arrayPushFront(c${step}, 0.0)), c${step});`,
      );
    } else {
      const last = letter(index - 1);
      lines.push(`let b${step} = if(n${last} > 0, n${step} / n${last}, 0.0);`);
      lines.push(
        `let p${next} = arrayMap((v, u, t) -> (v - a${step}) * u - b${step} * t, x, p${step}, p${last});`,
      );
      lines.push(
        `let c${next} = arrayMap((v, u, t) -> v - a${step} * u - b${step} * t, arrayPopBack(arrayPushFront(c${step}, 0.0)), c${step}, c${last});`,
      );
    }
  }
  const steps = Array.from({ length: degree + 1 }, (_, index) => letter(index));
  const sum = (of: 'p' | 'c'): string =>
    `arrayMap((${steps.map((step) => `v${step}`).join(', ')}) -> ${steps
      .map((step) => `w${step} * v${step}`)
      .join(' + ')}, ${steps.map((step) => `${of}${step}`).join(', ')})`;
  lines.push(`let f = ${sum('p')};`);
  lines.push(`let v = arrayReduce('varSampStable', y);`);
  lines.push(`let r = arrayReduce('varSampStable', arrayMap((v, w) -> v - w, y, f));`);
  lines.push(`(1 - r / v, reverse(${sum('c')}), v, r, f)`);
  return formula(lines.join('\n'), { x, y });
}

/** A row whose bag `operators/several.ts` takes apart; not called by its name. */
const several = (row: FunctionRow): FunctionRow => row;

const decomposition = (
  args: readonly Sql[],
  context: CallContext,
  places: { seasonality: number; trend: number; test: number; threshold: number },
  trend: string,
): Decomposition => ({
  testPoints: longAt(args, places.test, 0),
  seasonality: longAt(args, places.seasonality, -1),
  trend: String(constantAt(context, places.trend) ?? trend).toLowerCase(),
  threshold: formula(`${numberAt(context, places.threshold, 0.6).toFixed(6)}`),
});

const rows: readonly FunctionRow[] = [
  {
    name: 'series_fir',
    takes: ['dynamic, dynamic', 'dynamic, dynamic, bool', 'dynamic, dynamic, bool, bool'],
    gives: 'dynamic',
    sql: (args, context) =>
      ofWhole(at(args, 0), context.args[0], (x) =>
        ofWhole(at(args, 1), context.args[1], (w) =>
          formula(
            `let g = arrayExists(v -> v < 0, $w);
             let o = ${args[2] === undefined ? 'NOT g' : 'ifNull($normalize, NOT g)'};
             let s = if(o, arraySum($w), 1.0);
             let c = ${args[3] === undefined ? '0' : 'if(ifNull($center, false), intDiv(toInt64(length($w)), 2), 0)'};
             let n = toInt64(length($x));
             if(o AND g, '', toJSONString(arrayMap(i -> arraySum((v, j) ->
               let k = toInt64(i) - toInt64(j) + 1 + c;
               if(k >= 1 AND k <= n, v * $x[greatest(k, 1)], 0.0), $w, arrayEnumerate($w)) / s,
               arrayEnumerate($x))))`,
            {
              x,
              w,
              ...(args[2] === undefined ? {} : { normalize: args[2] }),
              ...(args[3] === undefined ? {} : { center: args[3] }),
            },
          ),
        ),
      ),
  },
  several({
    name: '$series_fft',
    takes: ['dynamic', 'dynamic, dynamic'],
    gives: 'dynamic',
    sql: (args, context) => transform(args, context, false),
  }),
  several({
    name: '$series_ifft',
    takes: ['dynamic', 'dynamic, dynamic'],
    gives: 'dynamic',
    sql: (args, context) => transform(args, context, true),
  }),
  several({
    name: '$series_periods_detect',
    takes: 'dynamic, real, real, integer',
    gives: 'dynamic',
    sql: (args, context) =>
      ofWhole(at(args, 0), context.args[0], (x) =>
        bag(
          ['periods', 'scores'],
          formula(
            `let q = $periods;
             let n = toUInt32(least(greatest($count, 0), 1000));
             (arrayResize(arrayMap(t -> t.2, q), n), arrayResize(arrayMap(t -> t.1, q), n))`,
            {
              periods: periodsOf(
                x,
                formula('least(greatest(ifNull($l, 0.0), 0.0), 1e9)', { l: at(args, 1) }),
                formula('least(greatest(ifNull($m, 0.0), 0.0), 1e9)', { m: at(args, 2) }),
              ),
              count: longAt(args, 3, 1),
            },
          ),
        ),
      ),
  }),
  several({
    name: '$series_periods_validate',
    takes: 'dynamic, real...',
    gives: 'dynamic',
    sql: (args, context) =>
      ofWhole(at(args, 0), context.args[0], (x) =>
        bag(
          ['periods', 'scores'],
          formula(
            `let q = $periods;
             let g = $given;
             (g, arrayMap(p -> ifNull(arrayFirst(t -> t.2 = round(p), q).1, 0.0), g))`,
            {
              periods: periodsOf(x, formula('4.0'), formula('1e9')),
              given: array(
                ...args.slice(1).map((each) => formula('toFloat64(ifNull($each, 0))', { each })),
              ),
            },
          ),
        ),
      ),
  }),
  {
    name: 'series_seasonal',
    takes: ['dynamic', 'dynamic, integer', 'dynamic, integer, integer'],
    gives: 'dynamic',
    sql: (args, context) =>
      ofWhole(at(args, 0), context.args[0], (x) =>
        formula('toJSONString($parts.2)', {
          parts: decompose(x, {
            testPoints: longAt(args, 2, 0),
            seasonality: longAt(args, 1, -1),
            trend: 'none',
            threshold: formula('0.6'),
          }),
        }),
      ),
  },
  several({
    name: '$series_decompose',
    takes: [
      'dynamic',
      'dynamic, integer',
      'dynamic, integer, string',
      'dynamic, integer, string, integer',
      'dynamic, integer, string, integer, real',
    ],
    gives: 'dynamic',
    constants: [2, 4],
    sql: (args, context) =>
      ofWhole(at(args, 0), context.args[0], (x) =>
        bag(
          ['baseline', 'seasonal', 'trend', 'residual'],
          decompose(
            x,
            decomposition(
              args,
              context,
              { seasonality: 1, trend: 2, test: 3, threshold: 4 },
              'avg',
            ),
          ),
        ),
      ),
  }),
  several({
    name: '$series_decompose_forecast',
    takes: [
      'dynamic, integer',
      'dynamic, integer, integer',
      'dynamic, integer, integer, string',
      'dynamic, integer, integer, string, real',
    ],
    gives: 'dynamic',
    constants: [3, 4],
    sql: (args, context) =>
      ofWhole(at(args, 0), context.args[0], (x) =>
        bag(
          ['baseline', 'seasonal', 'trend', 'residual'],
          decompose(
            x,
            decomposition(
              args,
              context,
              { seasonality: 2, trend: 3, test: 1, threshold: 4 },
              'linefit',
            ),
          ),
        ),
      ),
  }),
  several({
    name: '$series_decompose_anomalies',
    takes: [
      'dynamic',
      'dynamic, real',
      'dynamic, real, integer',
      'dynamic, real, integer, string',
      'dynamic, real, integer, string, integer',
      'dynamic, real, integer, string, integer, string',
      'dynamic, real, integer, string, integer, string, real',
    ],
    gives: 'dynamic',
    constants: [3, 5, 6],
    sql: (args, context) => {
      const how = decomposition(
        args,
        context,
        { seasonality: 2, trend: 3, test: 4, threshold: 6 },
        'avg',
      );
      const [low, high] = percentiles(constantAt(context, 5));
      return ofWhole(at(args, 0), context.args[0], (x) =>
        bag(
          ['ad_flag', 'ad_score', 'baseline'],
          formula(
            `let d = $parts;
             let o = $outliers(d.4);
             (arrayMap(v -> if(v > $k, toInt8(1), if(v < negate($k), toInt8(-1), toInt8(0))), o), o, d.1)`,
            {
              parts: decompose(x, how),
              outliers: (rest) => outliers(rest as Sql, low, high, how.testPoints),
              k:
                args[1] === undefined
                  ? formula('1.5')
                  : formula('ifNull($given, 1.5)', { given: args[1] }),
            },
          ),
        ),
      );
    },
  }),
  {
    name: 'series_outliers',
    takes: [
      'dynamic',
      'dynamic, string',
      'dynamic, string, real',
      'dynamic, string, real, real',
      'dynamic, string, real, real, real',
      'dynamic, string, real, real, real, integer',
    ],
    gives: 'dynamic',
    constants: [1, 3, 4],
    sql: (args, context) => {
      const kind = constantAt(context, 1);
      const custom = String(kind).toLowerCase() !== 'tukey';
      const clamp = (value: number): number => Math.min(98, Math.max(2, value));
      const [low, high] = custom
        ? [clamp(numberAt(context, 3, 10)), clamp(numberAt(context, 4, 90))]
        : [25, 75];
      // Gaps score 0 and are not among the others.
      return formula(
        `let n = $list;
         let y = arrayMap(v -> ifNull(v, 0.0), arrayFilter(v -> isNotNull(v), n));
         if(empty(y), if(empty(n), '', toJSONString(arrayMap(v -> 0, n))),
           let s = $outliers(if(empty(y), [0.0], y));
           let k = arrayCumSum(v -> toInt64(isNotNull(v)), n);
           toJSONString(arrayMap((v, i) -> if(isNull(v), 0.0, s[greatest(i, 1)]), n, k)))`,
        {
          list:
            args[2] === undefined
              ? numbers(at(args, 0), context.args[0])
              : formula(
                  `arrayMap(v -> if(ifNull(v = $ignored, false), null('Nullable(Float64)'), v), $list)`,
                  { ignored: args[2], list: numbers(at(args, 0), context.args[0]) },
                ),
          outliers: (y) => outliers(y as Sql, low, high, longAt(args, 5, 0)),
        },
      );
    },
  },
  {
    name: 'series_fit_2lines_dynamic',
    takes: 'dynamic',
    gives: 'dynamic',
    sql: (args, context) =>
      ofWhole(at(args, 0), context.args[0], (x) =>
        formula(`if(length($x) < 4, '', $bag($x))`, {
          x,
          bag: () =>
            bag(
              twoLinesNames,
              formula(
                `let y = if(length($x) < 4, [0.0, 1.0, 0.0, 1.0], $x);
                 let n = toInt64(length(y));
                 let c = range(2, n - 1);
                 let e = arrayMap(k -> $rest(arraySlice(y, 1, k)) + $rest(arraySlice(y, k + 1)), c);
                 let k = c[indexOf(e, arrayMin(e))];
                 let a = $line(arraySlice(y, 1, k));
                 let b = $line(arraySlice(y, k + 1));
                 let f = arrayConcat(a.6, b.6);
                 let v = arrayReduce('varSampStable', y);
                 let r = arrayReduce('varSampStable', arrayMap((v, w) -> v - w, y, f));
                 (1 - r / v, toInt64(k), v, r, f, b.1, b.2, b.3, b.4, b.5, a.1, a.2, a.3, a.4, a.5)`,
                {
                  x,
                  rest: (list) => lineRest(list as Sql),
                  line: (list) => lineParts(list as Sql),
                },
              ),
            ),
        }),
      ),
  },
  several({
    name: '$series_fit_poly',
    takes: ['dynamic', 'dynamic, dynamic', 'dynamic, dynamic, integer', 'dynamic, integer'],
    gives: 'dynamic',
    constants: [2],
    sql: (args, context) => {
      const hasX = context.args[1]?.type === 'dynamic';
      const degree = numberAt(context, hasX ? 2 : 1, 1);
      const steps = Math.min(degreeMax, Math.max(0, Math.trunc(degree)));
      const names = ['rsquare', 'coefficients', 'variance', 'rvariance', 'poly_fit'];
      return ofWhole(at(args, 0), context.args[0], (y) =>
        hasX
          ? ofWhole(at(args, 1), context.args[1], (x) =>
              formula(`if(length($x) != length($y), '', $fit(arrayResize($x, length($y))))`, {
                x,
                y,
                fit: (sized) => bag(names, polynomial(sized as Sql, y, steps)),
              }),
            )
          : bag(
              names,
              polynomial(
                formula('arrayMap(i -> toFloat64(i), arrayEnumerate($y))', { y }),
                y,
                steps,
              ),
            ),
      );
    },
  }),
];

export const seriesModelRows = formulaRows(rows);
