/**
 * Everything within a distance of a shape. A ring runs along at that distance, in arcs around vertices
 * that turn away from it and through vertices that turn towards it; the places that it goes round at
 * least once are the buffer. What is given lies whole in the result, which reaches beyond the distance
 * by the tolerance at most.
 */

import { arrange, ringsAround, type Layer } from './arrangement.js';
import { eachEdge } from './loop.js';
import { polygonsOf, windingOf } from './overlay.js';
import { vertexAt, type Line, type Polygon, type Vertex } from './shape.js';
import {
  ahead,
  angle,
  cross,
  distanceToArc,
  dot,
  earthRadiusMeters,
  samePointMax,
  scaled,
  sum,
  turned,
  unit,
  unitNormal,
  type Vector,
} from './vector.js';

/** The least part of the radius that a tolerance is, so that no arc has a million corners. */
const tolerancePartMin = 1e-6;

export interface BufferSize {
  readonly radiusMeters: number;
  readonly toleranceMeters: number;
}

interface Reach {
  readonly radius: number;
  /** How far corners of arcs lie beyond the radius. */
  readonly corner: number;
  /** The greatest turn of an arc between two corners. */
  readonly step: number;
}

/** Undefined of a radius or tolerance that is none. */
function reachOf({ radiusMeters, toleranceMeters }: BufferSize): Reach | undefined {
  const radius = radiusMeters / earthRadiusMeters;
  // Beyond a quarter of the way round nothing turns outwards any more.
  if (!(radius > 0 && radius < Math.PI / 2 && toleranceMeters > 0)) return undefined;
  const part = Math.min(Math.max(toleranceMeters / radiusMeters, tolerancePartMin), 1);
  const corner = Math.min(radius * (1 + part), (radius + Math.PI / 2) / 2);
  // A tangent's end at `corner` is half a step from where it touches.
  return { radius, corner, step: 2 * Math.acos(Math.tan(radius) / Math.tan(corner)) };
}

/** The place at a distance from another, in a direction at a right angle to it. */
const offset = (at: Vector, direction: Vector, distance: number): Vector =>
  unit(sum(scaled(at, Math.cos(distance)), scaled(direction, Math.sin(distance))));

/** Corners of edges that touch an arc, against the clock from a direction. */
function arc(centre: Vector, from: Vector, sweep: number, { radius, step }: Reach): Vector[] {
  const count = Math.max(1, Math.ceil(sweep / step - 1e-9));
  const each = sweep / count;
  const corner = Math.atan(Math.tan(radius) / Math.cos(each / 2));
  return Array.from({ length: count }, (_, index) =>
    offset(centre, turned(from, centre, (index + 0.5) * each), corner),
  );
}

/** The polygon around a point; undefined of a radius that is none. */
export function pointBuffer(point: Vertex, size: BufferSize): Polygon | undefined {
  const reach = reachOf(size);
  if (reach === undefined) return undefined;
  const east = cross([0, 0, 1], point.at);
  const start: Vector = dot(east, east) < 1e-20 ? [1, 0, 0] : unit(east);
  // A polygon has three corners at least.
  const step = Math.min(reach.step, (2 * Math.PI) / 3);
  return [arc(point.at, start, 2 * Math.PI, { ...reach, step }).map(vertexAt)];
}

/** The chain to the right of a closed one, at the radius. */
function besideOf(loop: readonly Vector[], reach: Reach): Vector[] {
  const { radius } = reach;
  const beside: Vector[] = [];
  const lengthMax = straightMax(reach);
  eachEdge(loop, (a, b, index) => {
    const out = scaled(unitNormal(a, b), -1);
    const length = angle(a, b);
    const pieces = Math.ceil(length / lengthMax);
    beside.push(offset(a, out, radius));
    for (let piece = 1; piece < pieces; piece += 1)
      beside.push(offset(ahead(a, b, (length * piece) / pieces), out, radius));
    beside.push(offset(b, out, radius));
    const next = loop[(index + 2) % loop.length] as Vector;
    const nextOut = scaled(unitNormal(b, next), -1);
    const turn = Math.atan2(dot(b, cross(out, nextOut)), dot(out, nextOut));
    // A line's end turns right back.
    const sweep = angle(a, next) <= samePointMax ? Math.PI : turn;
    if (sweep * radius > 1e-11) beside.push(...arc(b, out, sweep, reach));
    else if (sweep < -1e-7) beside.push(b);
  });
  return beside;
}

/** The longest edge along a great circle at the radius that still is within the tolerance halfway. */
function straightMax({ radius, corner }: Reach): number {
  const part = Math.tan(radius) / Math.tan(corner);
  return Math.max(2 * Math.acos(Math.min(part, 1)), 1e-6);
}

/** Points all over the sphere, from which one far from a shape is taken. */
function* lookouts(): Generator<Vector> {
  const golden = Math.PI * (3 - Math.sqrt(5));
  for (let index = 0; index < 64; index += 1) {
    const z = 1 - (2 * index + 1) / 64;
    const flat = Math.sqrt(1 - z * z);
    yield [flat * Math.cos(golden * index + 0.3), flat * Math.sin(golden * index + 0.3), z];
  }
}

/** A point farther than a distance from all of the loops; undefined where there is hardly any. */
export function farFrom(
  loops: readonly (readonly Vector[])[],
  distanceMin: number,
): Vector | undefined {
  let best: { readonly at: Vector; readonly distance: number } | undefined;
  for (const at of lookouts()) {
    let distance = Infinity;
    for (const loop of loops)
      eachEdge(loop, (a, b) => {
        distance = Math.min(distance, distanceToArc(a, b, at));
      });
    if (distance > (best?.distance ?? distanceMin)) best = { at, distance };
  }
  return best?.at;
}

function buffered(
  loops: readonly (readonly Vector[])[],
  reach: Reach,
  windingAt: (at: Vector) => number,
): readonly Polygon[] | undefined {
  const at = farFrom(loops, reach.corner * 1.01);
  if (at === undefined) return undefined;
  const rings = loops.map((loop) => besideOf(loop, reach).map(vertexAt));
  const layer: Layer = { rings, known: { at, winding: windingAt(at) } };
  return polygonsOf(ringsAround(arrange([layer]), (winding) => winding(0) > 0));
}

/** Undefined of a size that is none, or where the buffer is nearly all of the sphere. */
export function linesBuffer(
  lines: readonly Line[],
  size: BufferSize,
): readonly Polygon[] | undefined {
  const reach = reachOf(size);
  // There and back: a ring with nothing inside.
  const loops = lines.map((line) =>
    [...line, ...line.slice(1, -1).toReversed()].map((vertex) => vertex.at),
  );
  return reach && buffered(loops, reach, () => 0);
}

/** As of lines. Polygons that overlap become one. */
export function polygonsBuffer(
  polygons: readonly Polygon[],
  size: BufferSize,
): readonly Polygon[] | undefined {
  const reach = reachOf(size);
  const loops = polygons.flat().map((ring) => ring.map((vertex) => vertex.at));
  return reach && buffered(loops, reach, (at) => windingOf(loops, at));
}
