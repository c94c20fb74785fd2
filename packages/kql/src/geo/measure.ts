/** Areas, centroids, and places along lines. */

import { eachEdge, loopArea, loopMoment } from './loop.js';
import { linesUnion, merged } from './overlay.js';
import type { Line, Polygon, Vertex } from './shape.js';
import {
  ahead,
  angle,
  difference,
  earthRadiusMeters,
  nearestOn,
  scaled,
  size,
  sum,
  unit,
  type Vector,
} from './vector.js';

/** In square metres, of places in any of the polygons. */
export function areaOf(polygons: readonly Polygon[]): number {
  const rings = merged(polygons).flat();
  // A hole's ring goes the other way round: its area is below 0.
  const areas = rings.map((ring) => loopArea(ring.map((vertex) => vertex.at)));
  return areas.reduce((total, area) => total + area, 0) * earthRadiusMeters ** 2;
}

export function centroidOf(polygons: readonly Polygon[]): Vector {
  let moment: Vector = [0, 0, 0];
  for (const ring of merged(polygons).flat())
    moment = sum(moment, loopMoment(ring.map((vertex) => vertex.at)));
  return unit(moment);
}

/** In metres, of the border around places in any of the polygons. */
export function perimeterOf(polygons: readonly Polygon[]): number {
  let length = 0;
  for (const ring of merged(polygons).flat())
    eachEdge(
      ring.map((vertex) => vertex.at),
      (a, b) => {
        length += angle(a, b);
      },
    );
  return length * earthRadiusMeters;
}

/** In metres; what lines share counts once. */
export const lengthOf = (lines: readonly Line[]): number =>
  separately(lines).reduce((total, line) => total + stretches(line).length, 0) * earthRadiusMeters;

/** The middle of all that the lines hold; what they share counts once. */
export function lineCentroidOf(lines: readonly Line[]): Vector {
  let moment: Vector = [0, 0, 0];
  for (const { from, to } of separately(lines).flatMap((line) => stretches(line).edges))
    moment = sum(moment, scaled(unit(sum(from, to)), size(difference(from, to))));
  return unit(moment);
}

const separately = (lines: readonly Line[]): readonly Line[] =>
  lines.length === 1 ? lines : linesUnion(lines);

/** The edges of a line with how far, in radians, each begins from the line's start. */
function stretches(line: Line): { readonly edges: Stretch[]; readonly length: number } {
  const edges: Stretch[] = [];
  let start = 0;
  for (const [index, to] of line.slice(1).entries()) {
    const from = line[index] as Vertex;
    const length = angle(from.at, to.at);
    edges.push({ from: from.at, to: to.at, start, length });
    start += length;
  }
  return { edges, length: start };
}

interface Stretch {
  readonly from: Vector;
  readonly to: Vector;
  readonly start: number;
  readonly length: number;
}

/** The point at a part of the line's length, from 0 to 1. */
export function pointAlong(line: Line, part: number): Vector {
  const { edges, length } = stretches(line);
  const wanted = part * length;
  const edge = edges.findLast((each) => each.start <= wanted) ?? edges[0];
  if (edge === undefined) return (line[0] as Vertex).at;
  const offset = wanted - edge.start;
  return offset >= edge.length ? edge.to : ahead(edge.from, edge.to, offset);
}

/** The part of the line's length, from 0 to 1, at which it comes nearest to a point. */
export function partAt(line: Line, point: Vector): number {
  const { edges, length } = stretches(line);
  let [best, nearest] = [0, Infinity];
  for (const edge of edges) {
    const foot = nearestOn(edge.from, edge.to, point);
    const distance = angle(foot, point);
    if (distance >= nearest) continue;
    nearest = distance;
    best = edge.start + Math.min(angle(edge.from, foot), edge.length);
  }
  return Math.min(best / length, 1);
}
