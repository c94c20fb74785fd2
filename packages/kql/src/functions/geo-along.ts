/** Places along lines, distances on the spheroid, circles, and geohashes beside each other. */

import { integer, real, text, type Expression as Sql } from '@strongroom/sql';
import { pointAlong, partAt } from '../geo/measure.js';
import { parseOneLine, printShape, vertexAt, vertexOf } from '../geo/shape.js';
import { formula, formulaRows, type Part, type Parts } from './formula.js';
import { distance, earthRadiusMeters, geohash, geohashCell, onEarth } from './geo.js';
import { algebra, nearestOf, ofLines } from './geo-shape.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const noReal = formula("null('Nullable(Float64)')");

// ---- on the spheroid --------------------------------------------------------------------------

/** WGS 84: half the axis through the equator, in metres, and how flat it is. */
const [equatorMeters, flattening] = [6_378_137, 1 / 298.257223563];
const poleMeters = equatorMeters * (1 - flattening);
const flatnessSquared = equatorMeters ** 2 / poleMeters ** 2 - 1;

/** Each brings three digits; only between places that are nearly opposite they are too few. */
const vincentyRounds = 10;

const vincenty: Parts = {
  reduced: (lat) =>
    formula(`atan($k * tan($lat * 0.017453292519943295))`, {
      k: real(1 - flattening),
      lat: lat as Sql,
    }),
  /** The sine of the arc on the auxiliary sphere, its cosine, the azimuth's sine, and cos 2σm. */
  arc: (u, v, l) =>
    formula(
      `let x = cos($v) * sin($l); let y = cos($u) * sin($v) - sin($u) * cos($v) * cos($l);
       let s = sqrt(x * x + y * y);
       let c = sin($u) * sin($v) + cos($u) * cos($v) * cos($l);
       let a = if(s = 0, 0.0, cos($u) * x / if(s = 0, 1.0, s));
       let m = 1 - a * a;
       (s, c, a, if(m < 1e-15, 0.0, c - 2 * sin($u) * sin($v) / if(m < 1e-15, 1.0, m)))`,
      { u: u as Sql, v: v as Sql, l: l as Sql },
    ),
};

/** One round of Vincenty's inverse method: a better difference of longitudes on the sphere. */
const round: Part = (u, v, difference, l) =>
  formula(
    `let r = $arc($u, $v, $l); let m = 1 - r.3 * r.3;
     let k = $f / 16 * m * (4 + $f * (4 - 3 * m));
     $difference + (1 - k) * $f * r.3 * (atan2(r.1, r.2) + k * r.1 * (r.4 + k * r.2 * (2 * r.4 * r.4 - 1)))`,
    {
      ...vincenty,
      f: real(flattening),
      u: u as Sql,
      v: v as Sql,
      difference: difference as Sql,
      l: l as Sql,
    },
  );

/** The length of the geodesic on the spheroid (Vincenty 1975), in metres, of degrees. */
export function spheroidDistance(lon1: Sql, lat1: Sql, lon2: Sql, lat2: Sql): Sql {
  const names = Array.from({ length: vincentyRounds }, (_, index) => `l${index}`);
  const rounds = names
    .map((name, index) => `let ${name} = $round(u, v, d, ${index === 0 ? 'd' : names[index - 1]});`)
    .join('\n');
  return formula(
    `let u = $reduced($lat1); let v = $reduced($lat2);
     let d = ($lon2 - $lon1) * 0.017453292519943295;
     ${rounds}
     let r = $arc(u, v, ${names.at(-1)});
     let q = (1 - r.3 * r.3) * $e;
     let a = 1 + q / 16384 * (4096 + q * (q * (320 - 175 * q) - 768));
     let b = q / 1024 * (256 + q * (q * (74 - 47 * q) - 128));
     let w = b * r.1 * (r.4 + b / 4 * (r.2 * (2 * r.4 * r.4 - 1)
       - b / 6 * r.4 * (4 * r.1 * r.1 - 3) * (4 * r.4 * r.4 - 3)));
     $half * a * (atan2(r.1, r.2) - w)`,
    {
      ...vincenty,
      round,
      e: real(flatnessSquared),
      half: real(poleMeters),
      lon1,
      lat1,
      lon2,
      lat2,
    },
  );
}

// ---- along lines ------------------------------------------------------------------------------

const along: Parts = {
  ...algebra,
  /** From one vector to another: exact also where they are near each other. */
  angle: (a, b) =>
    formula(
      `let d = ($a.1 - $b.1, $a.2 - $b.2, $a.3 - $b.3);
       2 * asin(least(sqrt(d.1 * d.1 + d.2 * d.2 + d.3 * d.3) / 2, 1.0))`,
      { a: a as Sql, b: b as Sql },
    ),
};

/** How long it is between two vectors, on the sphere in radians or on the spheroid in metres. */
const spheroidLength: Part = (a, b) =>
  formula('$meters($longitude($a), $latitude($a), $longitude($b), $latitude($b))', {
    ...algebra,
    a: a as Sql,
    b: b as Sql,
    meters: (lon1, lat1, lon2, lat2) =>
      spheroidDistance(lon1 as Sql, lat1 as Sql, lon2 as Sql, lat2 as Sql),
  });

/** The part of a line's length, from 0 to 1, at which it is nearest to a point. */
function partOf(lines: Sql, lon: Sql, lat: Sql, length: Part): Sql {
  return formula(
    `if(length($lines) != 1, null('Nullable(Float64)'),
       let e = $edges($lines);
       let d = arrayMap(e -> $length(e.1, e.2), e);
       let s = arrayCumSum(d);
       let p = $vector($lon, $lat);
       let n = arrayMap(e -> let q = $nearest(e, p); ($angle(p, q), q), e);
       let i = indexOf(arrayMap(n -> n.1, n), arrayMin(arrayMap(n -> n.1, n)));
       toNullable(least((s[i] - d[i] + least($length(e[i].1, n[i].2), d[i])) / s[length(s)], 1.0)))`,
    { ...along, nearest: nearestOf, length, lines, lon, lat },
  );
}

// ---- rows -------------------------------------------------------------------------------------

const known = (value: Sql, otherwise: number): Sql =>
  formula('ifNull($value, $otherwise)', { value, otherwise: real(otherwise) });

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';

/** The order in which the reference lists them: steps to the east and to the north. */
const around = '[(-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1)]';

const rows: readonly FunctionRow[] = [
  {
    name: 'geo_distance_2points',
    takes: 'real, real, real, real, bool?',
    gives: 'real',
    nulls: 'always',
    sql: (args, context) => {
      const [lon1, lat1, lon2, lat2] = [at(args, 0), at(args, 1), at(args, 2), at(args, 3)];
      const how = context.args[4];
      const isNever = how === undefined || (how.kind === 'constant' && how.value !== true);
      const number = (each: Sql): Sql => known(each, 0);
      const ends = [number(lon1), number(lat1), number(lon2), number(lat2)] as const;
      return formula(
        `if(ifNull($first AND $second, 0) = 0, null('Nullable(Float64)'), toNullable($meters))`,
        {
          first: onEarth(lon1, lat1),
          second: onEarth(lon2, lat2),
          meters: isNever
            ? distance(lon1, lat1, lon2, lat2)
            : formula('if(ifNull($on, 0) = 1, $spheroid, $sphere)', {
                on: at(args, 4),
                spheroid: spheroidDistance(...ends),
                sphere: distance(...ends),
              }),
        },
      );
    },
  },
  {
    name: 'geo_line_locate_point',
    takes: 'dynamic, real, real, bool?',
    gives: 'real',
    nulls: 'always',
    constants: [3],
    fold: ([line, lon, lat, onSpheroid]) => {
      const parsed = parseOneLine(String(line));
      const point = isNumber(lon) && isNumber(lat) ? vertexOf(Number(lon), Number(lat)) : undefined;
      if (parsed === undefined || point === undefined) return null;
      return onSpheroid === true ? undefined : partAt(parsed, point.at);
    },
    sql: (args, context) => {
      const [, , , onSpheroid] = context.args;
      const isSpheroid = onSpheroid?.kind === 'constant' && onSpheroid.value === true;
      const length: Part = isSpheroid ? spheroidLength : (along['angle'] as Part);
      const [lon, lat] = [at(args, 1), at(args, 2)];
      return ofLines(at(args, 0), context.args[0], 'line', noReal, (lines) =>
        formula(`if(ifNull($on, 0) = 0, null('Nullable(Float64)'), $part)`, {
          on: onEarth(lon, lat),
          part: partOf(lines, known(lon, 0), known(lat, 0), length),
        }),
      );
    },
  },
  {
    name: 'geo_line_interpolate_point',
    takes: 'dynamic, real',
    gives: 'dynamic',
    fold: ([line, part]) => {
      const parsed = parseOneLine(String(line));
      if (parsed === undefined || !isNumber(part) || !(part >= 0 && part <= 1)) return '';
      return printShape({ points: [vertexAt(pointAlong(parsed, Number(part)))] });
    },
    sql: (args, context) =>
      ofLines(at(args, 0), context.args[0], 'line', text(''), (lines) =>
        formula(
          `if(length($lines) != 1 OR ifNull($part < 0 OR $part > 1 OR isNaN($part), true), '',
             let e = $edges($lines);
             let d = arrayMap(e -> $angle(e.1, e.2), e);
             let s = arrayCumSum(d);
             let w = $known * s[length(s)];
             let i = greatest(arrayFirstIndex(t -> t >= w, s), toUInt32(w > 0) * length(s) * toUInt32(w > s[length(s)]), 1);
             let n = $cross(e[i].1, e[i].2);
             let m = sqrt($dot(n, n));
             let f = $cross((n.1 / m, n.2 / m, n.3 / m), e[i].1);
             let c = cos(w - (s[i] - d[i])); let b = sin(w - (s[i] - d[i]));
             let q = (e[i].1.1 * c + f.1 * b, e[i].1.2 * c + f.2 * b, e[i].1.3 * c + f.3 * b);
             $point($longitude(q), $latitude(q)))`,
          { ...along, lines, part: at(args, 1), known: known(at(args, 1), 0) },
        ),
      ),
  },
  {
    // The corners lie as far beyond the radius as the tolerance lets them; the edges touch the circle.
    name: 'geo_point_buffer',
    takes: 'real, real, real, real?',
    gives: 'dynamic',
    sql: (args) =>
      formula(
        `let x = $lon * 0.017453292519943295; let y = $lat * 0.017453292519943295;
         let r = $radius / ${earthRadiusMeters}; let t = $tolerance / greatest($radius, 1e-9);
         if(ifNull($on, 0) = 0 OR NOT (r > 0 AND r < 1.5707963267948966 AND t > 0), '',
           let k = least(r * (1 + least(greatest(t, 1e-6), 1.0)), (r + 1.5707963267948966) / 2);
           let h = 2 * acos(tan(r) / tan(k));
           let n = toUInt32(ceil(6.283185307179586 / least(h, 2.0943951023931953) - 1e-9));
           let a = 6.283185307179586 / n;
           let c = atan(tan(r) / cos(a / 2));
           let p = (cos(y) * cos(x), cos(y) * sin(x), sin(y));
           let e = (-sin(x), cos(x), 0.0);
           let u = $cross(p, e);
           $polygon(arrayMap(i ->
             let g = (i % n + 0.5) * a; let b = cos(g) * sin(c); let d = sin(g) * sin(c);
             let q = (p.1 * cos(c) + e.1 * b + u.1 * d, p.2 * cos(c) + e.2 * b + u.2 * d, p.3 * cos(c) + e.3 * b + u.3 * d);
             [$longitude(q), $latitude(q)], range(n + 1))))`,
        {
          ...algebra,
          on: onEarth(at(args, 0), at(args, 1)),
          lon: known(at(args, 0), 0),
          lat: known(at(args, 1), 0),
          radius: known(at(args, 2), -1),
          tolerance: known(args[3] ?? integer(10), -1),
        },
      ),
  },
  {
    // Beyond a pole there is none; beyond 180 degrees one goes on at the other end.
    name: 'geo_geohash_neighbors',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) =>
      geohashCell(at(args, 0), (west, south, width, height) =>
        formula(
          `toJSONString(arrayFilter(h -> h != '', arrayMap(o ->
             let n = $west + (o.1 + 0.5) * $width; let t = $south + (o.2 + 0.5) * $height;
             if(t > 90 OR t < -90, '',
               $geohash(if(n > 180, n - 360, if(n < -180, n + 360, n)), t, toInt64(length($hash)))),
             ${around})))`,
          {
            west,
            south,
            width,
            height,
            hash: at(args, 0),
            geohash: (lon, lat, length) => geohash(lon as Sql, lat as Sql, length as Sql),
          },
        ),
      ),
  },
];

export const geoAlongRows = formulaRows(rows);
