/**
 * S2 cells (https://s2geometry.io/devguide/s2cell_hierarchy): a face of a cube, and on it a square of
 * a grid of 2^level by 2^level, numbered along a Hilbert curve. And neighbours of the other grids.
 */

import { call, integer, text, type Expression as Sql } from '@strongroom/sql';
import { formula, formulaRows, type Parts } from './formula.js';
import { ofCell, onEarth, pointJson, polygonJson } from './geo.js';
import type { FunctionRow } from './row.js';

/** The most that the documentation allows. */
const ringsMax = 142;

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;

/** The token of a cell's face and number within its level. */
const tokenText: Parts[string] = (n, level) =>
  formula(
    `replaceRegexpOne(lower(leftPad(hex(toUInt64(bitShiftLeft(toUInt64($n * 2 + 1), 60 - 2 * $level))), 16, '0')), '0+$', '')`,
    { n: n as Sql, level: level as Sql },
  );

/** Parts of formulas: `x`, `y`, `z` on the sphere, `u`, `v` on a face, `i`, `j` in the finest grid. */
const cube: Parts = {
  /** The face that a vector meets, and where: (face, u, v). */
  face: (p) =>
    formula(
      `let p = $p;
       let f = if(abs(p.1) > abs(p.2) AND abs(p.1) > abs(p.3), if(p.1 < 0, 3, 0),
         if(abs(p.2) > abs(p.3) AND abs(p.2) >= abs(p.1), if(p.2 < 0, 4, 1), if(p.3 < 0, 5, 2)));
       let w = multiIf(f = 0, (p.2 / p.1, p.3 / p.1), f = 1, (-p.1 / p.2, p.3 / p.2),
         f = 2, (-p.1 / p.3, -p.2 / p.3), f = 3, (p.3 / p.1, p.2 / p.1),
         f = 4, (p.3 / p.2, -p.1 / p.2), (-p.2 / p.3, -p.1 / p.3));
       (f, w.1, w.2)`,
      { p: p as Sql },
    ),
  vector: (f, u, v) =>
    formula(
      `let u = $u; let v = $v;
       multiIf($f = 0, (1.5 - 0.5, u, v), $f = 1, (-u, 1.5 - 0.5, v), $f = 2, (-u, -v, 1.5 - 0.5),
         $f = 3, (0.5 - 1.5, -v, -u), $f = 4, (v, 0.5 - 1.5, -u), (v, u, 0.5 - 1.5))`,
      { f: f as Sql, u: u as Sql, v: v as Sql },
    ),
  /** From a face's coordinates to those of cells of nearly equal areas, from 0 to 1, and back. */
  even: (u) =>
    formula('if($u >= 0, 0.5 * sqrt(1 + 3 * $u), 1 - 0.5 * sqrt(1 - 3 * $u))', { u: u as Sql }),
  uneven: (s) =>
    formula('if($s >= 0.5, 4 * $s * $s - 1, 1 - 4 * (1 - $s) * (1 - $s)) / 3', { s: s as Sql }),
  leaf: (s) =>
    formula('toUInt64(least(greatest(floor($s * 1073741824), 0), 1073741823))', { s: s as Sql }),
  /** The token of the cell of a level that a leaf lies in. */
  token: (f, i, j, level) =>
    formula(
      `let a = arrayFold((a, k) ->
         let b = bitAnd(bitShiftRight($i, k), 1) * 2 + bitAnd(bitShiftRight($j, k), 1);
         let q = [0, 1, 3, 2, 0, 3, 1, 2, 2, 3, 1, 0, 2, 1, 3, 0][a.2 * 4 + b + 1];
         (toUInt64(a.1 * 4 + q), toUInt8(bitXor(a.2, [1, 0, 0, 3][q + 1]))),
         arrayMap(k -> toUInt8(29 - k), range(toUInt8($level))), (toUInt64($f), toUInt8($f % 2)));
       $text(a.1, $level)`,
      { text: tokenText, f: f as Sql, i: i as Sql, j: j as Sql, level: level as Sql },
    ),
  longitude: (p) => formula('atan2($p.2, $p.1) * 57.29577951308232', { p: p as Sql }),
  latitude: (p) =>
    formula('atan2($p.3, sqrt($p.1 * $p.1 + $p.2 * $p.2)) * 57.29577951308232', { p: p as Sql }),
};

/** `body` for a token's cell: its face, place in the grid of its level, and level; `''` where it is none. */
function ofToken(token: Sql, body: string, parts: Parts = {}): Sql {
  return formula(
    `let n = if(match($token, '^[0-9a-fA-F]{1,16}$'), reinterpretAsUInt64(reverse(unhex(rightPad(if(match($token, '^[0-9a-fA-F]{1,16}$'), $token, '1'), 16, '0')))), toUInt64(0));
     let b = bitAnd(n, bitNot(n) + 1);
     if(n = 0 OR bitShiftRight(n, 61) > 5 OR bitAnd(b, toUInt64(1537228672809129301)) = 0, '',
       let c = arrayFold((a, k) ->
         let q = bitAnd(bitShiftRight(n, 59 - 2 * k), 3);
         let g = [0, 1, 3, 2, 0, 2, 3, 1, 3, 2, 0, 1, 3, 1, 0, 2][a.3 * 4 + q + 1];
         (toUInt64(a.1 * 2 + intDiv(g, 2)), toUInt64(a.2 * 2 + g % 2), toUInt8(bitXor(a.3, [1, 0, 0, 3][q + 1]))),
         range(toUInt8(30 - intDiv(bitCount(bitAnd(b - 1, toUInt64(1152921504606846975))), 2))),
         (toUInt64(0), toUInt64(0), toUInt8(bitAnd(bitShiftRight(n, 61), 1))));
       let f = toUInt8(bitShiftRight(n, 61));
       let l = toUInt8(30 - intDiv(bitCount(bitAnd(b - 1, toUInt64(1152921504606846975))), 2));
       let h = toFloat64(bitShiftLeft(toUInt64(1), l));
       ${body})`,
    { ...cube, ...parts, token },
  );
}

const places: Parts = {
  /** A place on the face of the cell, in cells of its level, as an array of degrees. */
  degrees: (f, h, i, j) =>
    formula(
      `let p = $vector($f, $uneven($i / $h), $uneven($j / $h)); [$longitude(p), $latitude(p)]`,
      { ...cube, f: f as Sql, h: h as Sql, i: i as Sql, j: j as Sql },
    ),
};

const known = (value: Sql): Sql => call('assumeNotNull', call('ifNull', value, integer(0)));

const rows: readonly FunctionRow[] = [
  {
    name: 'geo_point_to_s2cell',
    takes: ['real, real', 'real, real, integer'],
    gives: 'string',
    sql: (args) => {
      const level = args[2] ?? integer(11);
      return formula(
        `if(ifNull($valid AND $level >= 0 AND $level <= 30, 0),
           let x = $lon * 0.017453292519943295; let y = $lat * 0.017453292519943295;
           let w = $face((cos(y) * cos(x), cos(y) * sin(x), sin(y)));
           let i = $leaf($even(w.2)); let j = $leaf($even(w.3));
           $token(w.1, i, j, least(greatest($level, 0), 30)), '')`,
        {
          ...cube,
          valid: onEarth(at(args, 0), at(args, 1)),
          lon: known(at(args, 0)),
          lat: known(at(args, 1)),
          level: known(level),
        },
      );
    },
  },
  {
    name: 'geo_s2cell_to_central_point',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) =>
      ofToken(at(args, 0), 'let d = $degrees(f, h, c.1 + 0.5, c.2 + 0.5); $json(d[1], d[2])', {
        ...places,
        json: (lon, lat) => pointJson(lon as Sql, lat as Sql),
      }),
  },
  {
    name: 'geo_s2cell_to_polygon',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) =>
      ofToken(
        at(args, 0),
        '$json(arrayMap(e -> $degrees(f, h, c.1 + e.1, c.2 + e.2), [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]))',
        { ...places, json: (ring) => polygonJson(ring as Sql) },
      ),
  },
  {
    // A leaf just beyond a face's edge is one of the next face: the faces' own coordinates go on there.
    name: 'geo_s2cell_neighbors',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) =>
      ofToken(
        at(args, 0),
        `let t = arrayMap(e ->
           let i = (c.1 + e.1 + 0.5) / h; let j = (c.2 + e.2 + 0.5) / h;
           let w = $face($vector(f, $beside(i), $beside(j)));
           if(i > 0 AND i < 1 AND j > 0 AND j < 1, (toUInt8(f), $leaf(i), $leaf(j)),
             (toUInt8(w.1), $leaf((w.2 + 1) / 2), $leaf((w.3 + 1) / 2))),
           [(1, 1), (-1, -1), (1, -1), (0, -1), (0, 1), (1, 0), (-1, 0), (-1, 1)]);
         toJSONString(arrayDistinct(arrayMap(a -> $text(a.1, l), arrayFold((a, k) ->
           arrayMap((a, e) ->
             let b = bitAnd(bitShiftRight(e.2, k), 1) * 2 + bitAnd(bitShiftRight(e.3, k), 1);
             let q = [0, 1, 3, 2, 0, 3, 1, 2, 2, 3, 1, 0, 2, 1, 3, 0][a.2 * 4 + b + 1];
             (toUInt64(a.1 * 4 + q), toUInt8(bitXor(a.2, [1, 0, 0, 3][q + 1]))), a, t),
           arrayMap(k -> toUInt8(29 - k), range(l)),
           arrayMap(e -> (toUInt64(e.1), toUInt8(e.1 % 2)), t)))))`,
        {
          text: tokenText,
          beside: (s) =>
            formula(
              'if($s > 0 AND $s < 1, 2 * $s - 1, if($s < 0.5, -1.0000000001, 1.0000000001))',
              {
                s: s as Sql,
              },
            ),
        },
      ),
  },
  {
    // By discs and not by rings, which the engine refuses around the twelve pentagons.
    name: 'geo_h3cell_rings',
    takes: ['text', 'text, integer'],
    gives: 'dynamic',
    sql: (args) =>
      ofCell(at(args, 0), text(''), (cell) =>
        formula(
          `let h = $cell; let k = ifNull(toInt64($distance), -1);
           if(k >= 0 AND k <= ${ringsMax},
             toJSONString(arrayMap(n -> arrayMap(e -> h3ToString(e), if(n = 0, [h],
               arrayFilter(e -> NOT has(h3kRing(h, toUInt16(greatest(n, 1) - 1)), e), h3kRing(h, toUInt16(n))))),
               range(toUInt16(least(greatest(k, 0), ${ringsMax}) + 1)))), '')`,
          { cell, distance: args[1] ?? integer(1) },
        ),
      ),
  },
];

export const geoCellRows = formulaRows(rows);
