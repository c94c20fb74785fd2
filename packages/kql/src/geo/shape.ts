/**
 * GeoJSON (RFC 7946) to lines and polygons on the sphere and back, as strict as the reference is: what
 * breaks one of its rules is no shape.
 */

import { unsoundRings } from './arrangement.js';
import { loopArea } from './loop.js';
import { angle, degreesOf, samePointMax, vectorOf, type Degrees, type Vector } from './vector.js';

/** A vertex, with the coordinates that it was given by, so that they go out unchanged. */
export interface Vertex {
  readonly at: Vector;
  readonly degrees: Degrees;
}

/** At least two vertices, neighbours apart and not opposite. */
export type Line = readonly Vertex[];

/** A closed chain, without the first vertex again at its end. Its inside is to the left. */
export type Ring = readonly Vertex[];

/** A ring around the area and rings around its holes. */
export type Polygon = readonly Ring[];

/** What a shape is made of. */
export interface Shape {
  readonly points?: readonly Vertex[];
  readonly lines?: readonly Line[];
  readonly polygons?: readonly Polygon[];
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export const vertexAt = (at: Vector): Vertex => ({ at, degrees: degreesOf(at) });

export function vertexOf(longitude: number, latitude: number): Vertex | undefined {
  if (!(Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90)) return undefined;
  const degrees: Degrees = [longitude, latitude];
  return { at: vectorOf(degrees), degrees };
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function objectOf(text: string): { readonly [key: string]: Json } | undefined {
  const json = parseJson(text);
  return json !== null && typeof json === 'object' && !Array.isArray(json)
    ? (json as { readonly [key: string]: Json })
    : undefined;
}

/** Every part read, or undefined where one is none. */
function each<T>(
  json: Json | undefined,
  countMin: number,
  read: (json: Json) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(json) || json.length < countMin) return undefined;
  const parts: T[] = [];
  for (const one of json as readonly Json[]) {
    const part = read(one);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts;
}

function parsePosition(json: Json): Vertex | undefined {
  if (!Array.isArray(json)) return undefined;
  const [longitude, latitude] = json as readonly Json[];
  return typeof longitude === 'number' && typeof latitude === 'number'
    ? vertexOf(longitude, latitude)
    : undefined;
}

function areApart(a: Vertex, b: Vertex): boolean {
  const between = angle(a.at, b.at);
  return between > samePointMax && between < Math.PI - samePointMax;
}

function parseLine(json: Json): Line | undefined {
  const line = each(json, 2, parsePosition);
  return line?.every((vertex, index) => index === 0 || areApart(line[index - 1] as Vertex, vertex))
    ? line
    : undefined;
}

function parseRing(json: Json): Ring | undefined {
  const closed = parseLine(json);
  if (closed === undefined || closed.length < 4) return undefined;
  const [first, last] = [closed[0] as Vertex, closed.at(-1) as Vertex];
  return angle(first.at, last.at) <= samePointMax ? closed.slice(0, -1) : undefined;
}

const reversed = (ring: Ring): Ring => ring.toReversed();

/** The same ring around the smaller part of the sphere. */
export function aroundSmaller(ring: Ring): Ring {
  return loopArea(ring.map((vertex) => vertex.at)) < 0 ? reversed(ring) : ring;
}

/** Rings as they are given, which may go round either way. */
function parseRings(json: Json): Polygon | undefined {
  const rings = each(json, 1, parseRing);
  return rings === undefined || unsoundRings(rings) ? undefined : rings;
}

function parsePolygon(json: Json): Polygon | undefined {
  return parseRings(json)?.map((ring, index) =>
    index === 0 ? aroundSmaller(ring) : reversed(aroundSmaller(ring)),
  );
}

/** The lines of a LineString or MultiLineString. */
export function parseLines(text: string): readonly Line[] | undefined {
  const json = objectOf(text);
  if (json?.['type'] === 'MultiLineString') return each(json['coordinates'], 1, parseLine);
  if (json?.['type'] !== 'LineString') return undefined;
  const line = parseLine(json['coordinates'] ?? null);
  return line && [line];
}

function eachPolygon(
  text: string,
  read: (json: Json) => Polygon | undefined,
): readonly Polygon[] | undefined {
  const json = objectOf(text);
  if (json?.['type'] === 'MultiPolygon') return each(json['coordinates'], 1, read);
  if (json?.['type'] !== 'Polygon') return undefined;
  const polygon = read(json['coordinates'] ?? null);
  return polygon && [polygon];
}

/** The polygons of a Polygon or MultiPolygon, which may overlap. */
export const parsePolygons = (text: string): readonly Polygon[] | undefined =>
  eachPolygon(text, parsePolygon);

/** The same, with the rings the way they are given. */
export const parsePolygonsAsGiven = (text: string): readonly Polygon[] | undefined =>
  eachPolygon(text, parseRings);

/** Every shape of a JSON array, read from its own text. */
export function parseArray<T>(
  text: string,
  parse: (text: string) => T | undefined,
): readonly T[] | undefined {
  return each(parseJson(text), 1, (json) => parse(JSON.stringify(json)));
}

/** The line of a LineString: where several make no sense. */
export function parseOneLine(text: string): Line | undefined {
  const lines = parseLines(text);
  return lines?.length === 1 ? lines[0] : undefined;
}

const closedRing = (ring: Ring): readonly Degrees[] =>
  [...ring, ring[0] as Vertex].map((vertex) => vertex.degrees);

const geometry = (type: string, coordinates: unknown): object => ({ type, coordinates });

function geometriesOf({ points = [], lines = [], polygons = [] }: Shape): readonly object[] {
  const pointsOut = points.map((point) => point.degrees);
  const linesOut = lines.map((line) => line.map((vertex) => vertex.degrees));
  const polygonsOut = polygons.map((polygon) => polygon.map(closedRing));
  const one = (type: string, parts: readonly unknown[]): readonly object[] =>
    parts.length === 0
      ? []
      : [parts.length === 1 ? geometry(type, parts[0]) : geometry(`Multi${type}`, parts)];
  return [
    ...one('Point', pointsOut),
    ...one('LineString', linesOut),
    ...one('Polygon', polygonsOut),
  ];
}

/** The GeoJSON of a shape: one geometry, or a collection of none or several kinds. */
export function printShape(shape: Shape): string {
  const geometries = geometriesOf(shape);
  return JSON.stringify(
    geometries.length === 1 ? geometries[0] : { type: 'GeometryCollection', geometries },
  );
}
