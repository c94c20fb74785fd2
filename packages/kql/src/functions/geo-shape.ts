/**
 * Lines and polygons against points and each other: vectors from the sphere's centre, whose edges
 * are the shorter arcs between them.
 */

import { nullOf, type Expression as Sql } from '@strongroom/sql';
import { lineCentroidOf } from '../geo/measure.js';
import { parseLines, printShape, vertexAt } from '../geo/shape.js';
import type { Bound } from '../semantics/bound.js';
import { formula, formulaRows, type Part, type Parts } from './formula.js';
import {
  areLines,
  earthRadiusMeters,
  geoRows,
  linesOf,
  onEarth,
  pointJson,
  polygonJson,
} from './geo.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const noReal = nullOf('Nullable(Float64)');
const noBool = nullOf('Nullable(UInt8)');
type Shape = 'line' | 'polygon';

const vector = (lon: Sql, lat: Sql): Sql =>
  formula(
    `let n = $lon * 0.017453292519943295; let t = $lat * 0.017453292519943295;
     (cos(t) * cos(n), cos(t) * sin(n), sin(t))`,
    { lon, lat },
  );

/** Algebra of vectors, as parts of formulas. */
export const algebra: Parts = {
  vector: (lon, lat) => vector(lon as Sql, lat as Sql),
  dot: (a, b) => formula('$a.1 * $b.1 + $a.2 * $b.2 + $a.3 * $b.3', { a: a as Sql, b: b as Sql }),
  cross: (a, b) =>
    formula('($a.2 * $b.3 - $a.3 * $b.2, $a.3 * $b.1 - $a.1 * $b.3, $a.1 * $b.2 - $a.2 * $b.1)', {
      a: a as Sql,
      b: b as Sql,
    }),
  longitude: (a) => formula('atan2($a.2, $a.1) * 57.29577951308232', { a: a as Sql }),
  latitude: (a) =>
    formula('atan2($a.3, sqrt($a.1 * $a.1 + $a.2 * $a.2)) * 57.29577951308232', { a: a as Sql }),
  point: (lon, lat) => pointJson(lon as Sql, lat as Sql),
  polygon: (ring) => polygonJson(ring as Sql),
  /** Every edge of every line, as pairs of vectors. */
  edges: (lines) =>
    formula(
      `arrayFlatten(arrayMap(l ->
         let v = arrayMap(p -> $vector(p.1, p.2), l);
         arrayZip(arrayPopBack(v), arrayPopFront(v)), $lines))`,
      { lines: lines as Sql, vector: (lon, lat) => vector(lon as Sql, lat as Sql) },
    ),
};

/** `body` of a shape's lines, or `otherwise` where it is none. */
export function ofLines(
  shape: Sql,
  of: Bound | undefined,
  what: Shape,
  otherwise: Sql,
  body: (lines: Sql) => Sql,
): Sql {
  return formula('let s = $lines; if($fits(s), $body(s), $otherwise)', {
    lines: linesOf(shape, of, what),
    fits: (lines) => areLines(lines as Sql, what),
    body: (lines) => body(lines as Sql),
    otherwise,
  });
}

/** The point of an edge that is nearest to a vector. */
export const nearestOf: Part = (edge, point) =>
  formula(
    `let e = $edge; let p = $point;
     let n = $cross(e.1, e.2);
     let m = $dot(n, n);
     let d = $dot(p, n);
     let c = if(m > 1e-30, (p.1 - d * n.1 / m, p.2 - d * n.2 / m, p.3 - d * n.3 / m), e.1);
     let i = m > 1e-30 AND $dot($cross(n, e.1), c) >= 0 AND $dot($cross(e.2, n), c) >= 0;
     let l = sqrt($dot(c, c));
     if(i, (c.1 / l, c.2 / l, c.3 / l), if($dot(p, e.1) >= $dot(p, e.2), e.1, e.2))`,
    { ...algebra, edge: edge as Sql, point: point as Sql },
  );

/** The nearest point on the edges to a point, as `(angle, vector)`. */
function nearest(lines: Sql, lon: Sql, lat: Sql): Sql {
  return formula(
    `let p = $vector($lon, $lat);
     arraySort(e -> e.1, arrayMap(e ->
       let q = $nearest(e, p);
       let x = $cross(p, q);
       (atan2(sqrt($dot(x, x)), $dot(p, q)), q), $edges($lines)))[1]`,
    { ...algebra, nearest: nearestOf, lines, lon, lat },
  );
}

/** Whether any edge of one crosses any of the other. */
function cross(a: Sql, b: Sql): Sql {
  return formula(
    `let f = $edges($b);
     arrayExists(e ->
       let n = $cross(e.1, e.2);
       arrayExists(g ->
         let m = $cross(g.1, g.2);
         $apart($dot(e.1, m), $dot(e.2, m)) AND $apart($dot(g.1, n), $dot(g.2, n))
         AND $dot((e.1.1 + e.2.1, e.1.2 + e.2.2, e.1.3 + e.2.3), (g.1.1 + g.2.1, g.1.2 + g.2.2, g.1.3 + g.2.3)) > 0, f),
       $edges($a))`,
    {
      ...algebra,
      a,
      b,
      // An end on the other's plane, to what rounding leaves, is on both sides of it.
      apart: (c, d) =>
        formula('$c * $d < 0 OR abs($c) < 1e-16 OR abs($d) < 1e-16', { c: c as Sql, d: d as Sql }),
    },
  );
}

function pointIn(lon: Sql, lat: Sql, polygon: Sql, of: Bound | undefined): Sql {
  const row = geoRows.find((each) => each.name === 'geo_point_in_polygon');
  const real: Bound = { kind: 'constant', type: 'real', value: 0, nullable: false };
  const args = [real, real, of ?? real];
  const inside = row?.sql([lon, lat, polygon], { args, type: 'bool', exact: true }) ?? noBool;
  return formula('ifNull($inside, 0) = 1', { inside });
}

function distanceTo(what: Shape): FunctionRow {
  return {
    name: `geo_distance_point_to_${what}`,
    takes: 'real, real, dynamic',
    gives: 'real',
    nulls: 'always',
    sql: (args, context) =>
      ofLines(at(args, 2), context.args[2], what, noReal, (lines) =>
        formula(
          `if(ifNull($on, 0) = 0, null('Nullable(Float64)'),
             if($inside, 0.0, $nearest(ifNull($lon, 0.0), ifNull($lat, 0.0)).1 * ${earthRadiusMeters}))`,
          {
            on: onEarth(at(args, 0), at(args, 1)),
            lon: at(args, 0),
            lat: at(args, 1),
            inside:
              what === 'line'
                ? formula('false')
                : pointIn(at(args, 0), at(args, 1), at(args, 2), context.args[2]),
            nearest: (lon, lat) => nearest(lines, lon as Sql, lat as Sql),
          },
        ),
      ),
  };
}

function closestOn(what: Shape): FunctionRow {
  return {
    name: `geo_closest_point_on_${what}`,
    takes: 'real, real, dynamic',
    gives: 'dynamic',
    sql: (args, context) =>
      ofLines(at(args, 2), context.args[2], what, formula("''"), (lines) =>
        formula(
          `if(ifNull($on, 0) = 0, '',
             let n = ifNull($lon, 0.0); let t = ifNull($lat, 0.0);
             let q = $nearest(n, t).2;
             $point(if($inside, n, $longitude(q)), if($inside, t, $latitude(q))))`,
          {
            ...algebra,
            on: onEarth(at(args, 0), at(args, 1)),
            lon: at(args, 0),
            lat: at(args, 1),
            inside:
              what === 'line'
                ? formula('false')
                : pointIn(at(args, 0), at(args, 1), at(args, 2), context.args[2]),
            nearest: (lon, lat) => nearest(lines, lon as Sql, lat as Sql),
          },
        ),
      ),
  };
}

/** A shape's first point is inside a polygon. */
const beginsIn = (lines: Sql, polygon: Sql, of: Bound | undefined): Sql =>
  formula('$in($lines[1][1].1, $lines[1][1].2)', {
    lines,
    in: (lon, lat) => pointIn(lon as Sql, lat as Sql, polygon, of),
  });

function intersects(name: string, first: Shape, second: Shape): FunctionRow {
  return {
    name,
    takes: 'dynamic, dynamic',
    gives: 'bool',
    nulls: 'always',
    sql: (args, context) =>
      ofLines(at(args, 0), context.args[0], first, noBool, (a) =>
        ofLines(at(args, 1), context.args[1], second, noBool, (b) =>
          formula('toNullable(toUInt8($cross OR $in OR $holds))', {
            cross: cross(a, b),
            in: second === 'polygon' ? beginsIn(a, at(args, 1), context.args[1]) : formula('false'),
            holds:
              first === 'polygon' ? beginsIn(b, at(args, 0), context.args[0]) : formula('false'),
          }),
        ),
      ),
  };
}

const rows: readonly FunctionRow[] = [
  distanceTo('line'),
  distanceTo('polygon'),
  closestOn('line'),
  closestOn('polygon'),
  intersects('geo_intersects_2lines', 'line', 'line'),
  intersects('geo_intersects_line_with_polygon', 'line', 'polygon'),
  intersects('geo_intersects_2polygons', 'polygon', 'polygon'),
  {
    // An edge's own centroid is its ends' sum, as long as half its tangent.
    name: 'geo_line_centroid',
    takes: 'dynamic',
    gives: 'dynamic',
    fold: ([line]) => {
      const parsed = parseLines(String(line));
      return parsed === undefined ? '' : printShape({ points: [vertexAt(lineCentroidOf(parsed))] });
    },
    sql: (args, context) =>
      ofLines(at(args, 0), context.args[0], 'line', formula("''"), (lines) =>
        formula(
          `let w = arrayMap(e ->
             let s = (e.1.1 + e.2.1, e.1.2 + e.2.2, e.1.3 + e.2.3);
             let d = (e.1.1 - e.2.1, e.1.2 - e.2.2, e.1.3 - e.2.3);
             let t = sqrt($dot(d, d) / greatest($dot(s, s), 1e-30));
             (s.1 * t, s.2 * t, s.3 * t), $edges($lines));
           let c = (arraySum(v -> v.1, w), arraySum(v -> v.2, w), arraySum(v -> v.3, w));
           $point($longitude(c), $latitude(c))`,
          { ...algebra, lines },
        ),
      ),
  },
];

export const geoShapeRows = formulaRows(rows);
