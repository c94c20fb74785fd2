/**
 * Geometry that SQL cannot say to the documented accuracy: shapes laid over each other, coverings,
 * buffers (docs/adr/0019). What is no shape, and a number out of its range, give null.
 */

import type { Expression as Sql } from '@strongroom/sql';
import { linesBuffer, polygonsBuffer } from '../geo/buffer.js';
import { linesCovering, polygonsCovering } from '../geo/covering.js';
import { densified } from '../geo/densify.js';
import { areaOf, centroidOf, perimeterOf } from '../geo/measure.js';
import {
  lineAndPolygonIntersection,
  linesIntersection,
  linesUnion,
  merged,
  polygonsIntersection,
  unionOfAll,
} from '../geo/overlay.js';
import {
  parseArray,
  parseLines,
  parsePolygons,
  parsePolygonsAsGiven,
  printShape,
  vertexAt,
  type Polygon,
  type Shape,
  type Vertex,
} from '../geo/shape.js';
import { simplifiedLines, simplifiedPolygons } from '../geo/simplify.js';
import { earthRadiusMeters } from '../geo/vector.js';
import { h3CellsAbout } from '../geo/straight.js';
import { geoJsonOfWkt } from '../geo/wkt.js';
import { h3CellsMax } from '../limits.js';
import { constant } from '../semantics/bound.js';
import type { ConstantValue } from '../syntax/tree.js';
import { jsonExtract } from './conversion.js';
import { closed, formula } from './formula.js';
import { computedRow, type FunctionRow } from './row.js';

/** S2 cells are of this level unless the query says otherwise. */
const defaultLevel = 11n;
/** The same of H3 cells. */
const defaultResolution = 6n;
const defaultToleranceMeters = 10;
const [denseToleranceMetersMin, denseToleranceMetersMax] = [0.1, 10_000];

type Values = readonly ConstantValue[];

const textAt = (values: Values, index: number): string => String(values[index] ?? '');

/** NaN, which no range has, of null. */
function numberAt(values: Values, index: number, otherwise: number): number {
  if (values.length <= index) return otherwise;
  const value = values[index];
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
}

/** The GeoJSON of what `of` makes, or the null of a dynamic. */
function shapeRow(
  name: string,
  takes: string,
  of: (values: Values) => Shape | undefined,
): FunctionRow {
  return computedRow({
    name,
    takes,
    gives: 'dynamic',
    of: (values) => {
      const shape = of(values);
      return shape === undefined ? '' : printShape(shape);
    },
  });
}

const measureRow = (name: string, of: (polygons: readonly Polygon[]) => number): FunctionRow =>
  computedRow({
    name,
    takes: 'dynamic',
    gives: 'real',
    of: (values) => {
      const polygons = polygonsAt(values, 0);
      return polygons === undefined ? null : of(polygons);
    },
  });

/** `of` what was read, where all of it could be. */
function both<A, B, C>(
  a: A | undefined,
  b: B | undefined,
  of: (a: A, b: B) => C | undefined,
): C | undefined {
  return a === undefined || b === undefined ? undefined : of(a, b);
}

const polygonsAt = (values: Values, index: number): readonly Polygon[] | undefined =>
  parsePolygons(textAt(values, index));

const linesAt = (values: Values, index: number) => parseLines(textAt(values, index));

const ifAny = (shape: Shape): Shape | undefined =>
  [shape.points, shape.lines, shape.polygons].some((parts) => (parts?.length ?? 0) > 0)
    ? shape
    : undefined;

const lineBuffer = (values: Values): readonly Polygon[] | undefined =>
  both(linesAt(values, 0), bufferSize(values), linesBuffer);

const polygonBuffer = (values: Values): readonly Polygon[] | undefined =>
  both(polygonsAt(values, 0), bufferSize(values), polygonsBuffer);

const bufferSize = (values: Values) => ({
  radiusMeters: numberAt(values, 1, NaN),
  toleranceMeters: numberAt(values, 2, defaultToleranceMeters),
});

function coveringRow(
  name: string,
  of: (
    text: string,
    size: { readonly level: number; readonly distance: number },
  ) => readonly string[] | undefined,
): FunctionRow {
  return computedRow({
    name,
    takes: 'dynamic, integer?, real?',
    gives: 'dynamic',
    of: (values) => {
      const level = numberAt(values, 1, Number(defaultLevel));
      const distance = numberAt(values, 2, 0) / earthRadiusMeters;
      const tokens = of(textAt(values, 0), { level, distance });
      return tokens === undefined ? '' : JSON.stringify(tokens);
    },
  });
}

/** Each chain of a shape densified; undefined where one cannot be. */
function denseChains<T extends readonly Vertex[]>(
  chains: readonly T[],
  values: Values,
): readonly (readonly Vertex[])[] | undefined {
  const tolerance = numberAt(values, 1, defaultToleranceMeters);
  if (!(tolerance >= denseToleranceMetersMin && tolerance <= denseToleranceMetersMax))
    return undefined;
  const how = { toleranceRadians: tolerance / earthRadiusMeters, wraps: values[2] === true };
  const dense: (readonly Vertex[])[] = [];
  for (const chain of chains) {
    const made = densified(chain, how);
    if (made === undefined) return undefined;
    dense.push(made);
  }
  return dense;
}

function densePolygon(polygon: Polygon, values: Values): Polygon | undefined {
  const closed = polygon.map((ring) => [...ring, ring[0] as Vertex]);
  return denseChains(closed, values)?.map((chain) => chain.slice(0, -1));
}

/** The polygon that H3 is asked for: sound, buffered, and not of far too many cells. */
const h3Polygons = computedRow({
  name: 'geo_polygon_to_h3cells',
  takes: 'dynamic, integer, real?',
  gives: 'dynamic',
  of: (values) => {
    const [resolution, radius] = [numberAt(values, 1, NaN), numberAt(values, 2, 0)];
    const sound = polygonsAt(values, 0);
    const size = { radiusMeters: radius, toleranceMeters: defaultToleranceMeters };
    const polygons =
      radius === 0 || sound === undefined ? sound && merged(sound) : polygonsBuffer(sound, size);
    if (polygons === undefined || !(resolution >= 0 && resolution <= 15)) return '';
    // Cells differ in size by less than twice.
    if (h3CellsAbout(polygons, resolution) > 4 * h3CellsMax) return '';
    return JSON.stringify(
      polygons.map((polygon) =>
        polygon.map((ring) => [...ring, ring[0] as Vertex].map((vertex) => vertex.degrees)),
      ),
    );
  },
});

/** The engine's cells of what `h3Polygons` makes. */
const h3Cells: FunctionRow = {
  name: 'geo_polygon_to_h3cells',
  takes: 'dynamic, integer',
  gives: 'dynamic',
  sql: ([polygons, resolution], context) =>
    closed(
      formula(
        `let p = JSONExtract($polygons, 'Array(Array(Array(Tuple(Float64, Float64))))');
         let c = h3PolygonToCells(p, toUInt8(least(greatest(ifNull($resolution, 0), 0), 15)));
         if(empty(p) OR length(c) > ${h3CellsMax}, '', toJSONString(arrayMap(h -> h3ToString(h), c)))`,
        {
          polygons: jsonExtract(polygons as Sql, context.args[0], 'String'),
          resolution: resolution as Sql,
        },
      ),
    ),
};

export const geoComputedRows: readonly FunctionRow[] = [
  {
    ...h3Cells,
    takes: 'dynamic, integer?, real?',
    composed: ([polygon, resolution, radius], make) => {
      if (polygon === undefined) return constant('dynamic', '');
      const level = resolution ?? constant('long', defaultResolution);
      const sound = make(h3Polygons, [polygon, level, ...(radius === undefined ? [] : [radius])]);
      return make(h3Cells, [sound, level]);
    },
  },
  computedRow({
    name: 'geo_from_wkt',
    takes: 'text',
    gives: 'dynamic',
    of: (values) => geoJsonOfWkt(textAt(values, 0)) ?? '',
  }),
  shapeRow('geo_intersection_2lines', 'dynamic, dynamic', (values) =>
    both(linesAt(values, 0), linesAt(values, 1), linesIntersection),
  ),
  shapeRow('geo_intersection_line_with_polygon', 'dynamic, dynamic', (values) =>
    both(linesAt(values, 0), polygonsAt(values, 1), lineAndPolygonIntersection),
  ),
  shapeRow('geo_intersection_2polygons', 'dynamic, dynamic', (values) =>
    both(polygonsAt(values, 0), polygonsAt(values, 1), polygonsIntersection),
  ),
  shapeRow('geo_union_polygons_array', 'dynamic', (values) => {
    const shapes = parseArray(textAt(values, 0), parsePolygons);
    return shapes && { polygons: unionOfAll(shapes.flat().map((polygon) => [polygon])) };
  }),
  shapeRow('geo_union_lines_array', 'dynamic', (values) => {
    const shapes = parseArray(textAt(values, 0), parseLines);
    return shapes && { lines: linesUnion(shapes.flat()) };
  }),
  shapeRow('geo_simplify_polygons_array', 'dynamic, real?', (values) => {
    const shapes = parseArray(textAt(values, 0), parsePolygons);
    const tolerance = numberAt(values, 1, defaultToleranceMeters);
    const polygons = shapes && simplifiedPolygons(shapes.map(merged), tolerance);
    return polygons && ifAny({ polygons });
  }),
  shapeRow('geo_polygon_simplify', 'dynamic, real?', (values) => {
    const shape = polygonsAt(values, 0);
    const tolerance = numberAt(values, 1, defaultToleranceMeters);
    const polygons = shape && simplifiedPolygons([merged(shape)], tolerance);
    return polygons && ifAny({ polygons });
  }),
  shapeRow('geo_line_simplify', 'dynamic, real?', (values) => {
    const shape = linesAt(values, 0);
    const lines = shape && simplifiedLines(shape, numberAt(values, 1, defaultToleranceMeters));
    return lines && ifAny({ lines });
  }),
  shapeRow('geo_polygon_densify', 'dynamic, real?, bool?', (values) => {
    const dense: Polygon[] = [];
    for (const polygon of parsePolygonsAsGiven(textAt(values, 0)) ?? []) {
      const made = densePolygon(polygon, values);
      if (made === undefined) return undefined;
      dense.push(made);
    }
    return ifAny({ polygons: dense });
  }),
  shapeRow('geo_line_densify', 'dynamic, real?, bool?', (values) => {
    const lines = denseChains(linesAt(values, 0) ?? [], values);
    return lines && ifAny({ lines });
  }),
  measureRow('geo_polygon_area', areaOf),
  measureRow('geo_polygon_perimeter', perimeterOf),
  shapeRow('geo_polygon_centroid', 'dynamic', (values) => {
    const polygons = polygonsAt(values, 0);
    return polygons && { points: [vertexAt(centroidOf(polygons))] };
  }),
  shapeRow('geo_polygon_buffer', 'dynamic, real, real?', (values) => {
    const polygons = polygonBuffer(values);
    return polygons && { polygons };
  }),
  shapeRow('geo_line_buffer', 'dynamic, real, real?', (values) => {
    const polygons = lineBuffer(values);
    return polygons && { polygons };
  }),
  coveringRow('geo_polygon_to_s2cells', (text, size) =>
    both(parsePolygons(text), size, polygonsCovering),
  ),
  coveringRow('geo_line_to_s2cells', (text, size) => both(parseLines(text), size, linesCovering)),
];
