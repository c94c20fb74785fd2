/** The beta distribution and Welch's test, by the continued fraction of the incomplete beta function. */

import { type Expression as Sql } from '@strongroom/sql';
import { formula, formulaRows, type Parts } from './formula.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;

/** `ln B(a, b)` */
const logBeta = (a: Sql, b: Sql): Sql =>
  formula('lgamma($a) + lgamma($b) - lgamma($a + $b)', { a, b });

/** The fraction's part of I(x; a, b), for x below (a + 1) / (a + b + 2): DLMF 8.17.22, from its end. */
function fraction(x: Sql, a: Sql, b: Sql): Sql {
  return formula(
    `let x = $x; let a = $a; let b = $b;
     exp(a * log(x) + b * log(1 - x) - $logBeta(a, b)) / a / arrayFold((f, m) ->
       1 - (a + m - 1) * (a + b + m - 1) * x / ((a + 2 * m - 2) * (a + 2 * m - 1))
         / (1 + m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)) / f),
       reverse(range(1, toUInt32(least(60 + 3 * sqrt(greatest(a, b)), 3000.0)))), toFloat64(1))`,
    { x, a, b, logBeta: (c, d) => logBeta(c as Sql, d as Sql) },
  );
}

/** I(x; a, b) of x between 0 and 1 and of positive a and b. */
function incompleteBeta(x: Sql, a: Sql, b: Sql): Sql {
  return formula(
    `let x = $x; let a = $a; let b = $b;
     let t = x > (a + 1) / (a + b + 2);
     let f = $fraction(if(t, 1 - x, x), if(t, b, a), if(t, a, b));
     multiIf(x <= 0, 0.0, x >= 1, 1.0, t, 1 - f, f)`,
    { x, a, b, fraction: (y, c, d) => fraction(y as Sql, c as Sql, d as Sql) },
  );
}

const betaPart: Parts = { beta: (x, a, b) => incompleteBeta(x as Sql, a as Sql, b as Sql) };

/** `body` of three numbers `x`, `a` and `b`; NaN where they are not on the distribution. */
function onBeta(body: string): FunctionRow['sql'] {
  return (args) =>
    formula(
      `if(isNull($x) OR isNull($a) OR isNull($b), null('Nullable(Float64)'),
         let x = ifNull($x, 0.5); let a = ifNull($a, 1.0); let b = ifNull($b, 1.0);
         let o = x >= 0 AND x <= 1 AND a > 0 AND b > 0 AND isFinite(a) AND isFinite(b);
         if(o, $body(if(o, x, 0.5), if(o, a, 1.0), if(o, b, 1.0)), 0 / 0))`,
      {
        x: at(args, 0),
        a: at(args, 1),
        b: at(args, 2),
        body: (x, a, b) =>
          formula(`let x = $x; let a = $a; let b = $b; ${body}`, {
            ...betaPart,
            x: x as Sql,
            a: a as Sql,
            b: b as Sql,
            logBeta: (c, d) => logBeta(c as Sql, d as Sql),
          }),
      },
    );
}

const rows: readonly FunctionRow[] = [
  {
    name: 'beta_cdf',
    takes: 'real, real, real',
    gives: 'real',
    sql: onBeta('$beta(x, a, b)'),
  },
  {
    name: 'beta_pdf',
    takes: 'real, real, real',
    gives: 'real',
    sql: onBeta('exp((a - 1) * log(x) + (b - 1) * log(1 - x) - $logBeta(a, b))'),
  },
  {
    // By halving; the last bit of a real is reached after 60 steps.
    name: 'beta_inv',
    takes: 'real, real, real',
    gives: 'real',
    nulls: 'always',
    sql: (args, context) =>
      formula(`if($p > 0 AND $p <= 1, $inverse, null('Nullable(Float64)'))`, {
        p: at(args, 0),
        inverse: onBeta(
          `arrayFold((r, i) -> let m = (r.1 + r.2) / 2; let u = $beta(m, a, b) < x;
             (if(u, m, r.1), if(u, r.2, m)), range(60), (toFloat64(0), toFloat64(1))).2`,
        )(args, context),
      }),
  },
  {
    name: 'welch_test',
    takes: 'real, real, real, real, real, real',
    gives: 'real',
    nulls: 'always',
    sql: (args) =>
      formula(
        `let p = ifNull($b / $c, 0.0);
         let q = ifNull($e / $f, 0.0);
         let d = pow(p + q, 2) / (pow(p, 2) / greatest(ifNull($c, 0) - 1, 1e-9) + pow(q, 2) / greatest(ifNull($f, 0) - 1, 1e-9));
         let t = pow(ifNull($a - $d, 0.0), 2) / (p + q);
         let o = isFinite(d) AND isFinite(t) AND d > 0 AND isNotNull($a + $b + $c + $d + $e + $f);
         if(o, $beta(if(o, d / (d + t), 0.5), if(o, d / 2, 1.0), 0.5), null('Nullable(Float64)'))`,
        {
          ...betaPart,
          a: at(args, 0),
          b: at(args, 1),
          c: at(args, 2),
          d: at(args, 3),
          e: at(args, 4),
          f: at(args, 5),
        },
      ),
  },
];

export const probabilityRows = formulaRows(rows);
