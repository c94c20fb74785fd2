/**
 * Edges that are straight on a map of degrees, as chains of edges that are great circles: an edge is
 * halved until its chain is near enough (the method of S2's edge tessellator).
 */

import { densePointsMax } from '../limits.js';
import type { Vertex } from './shape.js';
import { angle, between, dot, samePointMax, vectorOf, type Degrees } from './vector.js';

/** Where the two ways are farthest apart, as a part of the edge, for edges of most shapes. */
const probe = 0.3121569108224831;
/** What is measured there is at least this part of the most that lies between them. */
const measuredPart = 0.8382999256988851;

const middleOf = (a: Degrees, b: Degrees, part: number): Degrees => [
  a[0] + (b[0] - a[0]) * part,
  a[1] + (b[1] - a[1]) * part,
];

function isNear(a: Degrees, b: Degrees, tolerance: number): boolean {
  const [from, to] = [vectorOf(a), vectorOf(b)];
  if (dot(from, to) < -samePointMax) return false;
  return [probe, 1 - probe].every(
    (part) => angle(between(from, to, part), vectorOf(middleOf(a, b, part))) <= tolerance,
  );
}

const turnedBack = (longitude: number): number =>
  longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude;

/**
 * The chain with the vertices that it needs between its own; undefined where these are too many.
 * `wraps`: an edge over more than half of the degrees goes the other way round, over the antimeridian.
 */
export function densified(
  chain: readonly Vertex[],
  { toleranceRadians, wraps }: { readonly toleranceRadians: number; readonly wraps: boolean },
): readonly Vertex[] | undefined {
  const scaled = toleranceRadians * measuredPart;
  const result: Vertex[] = [];
  const put = ([longitude, latitude]: Degrees): void => {
    const degrees: Degrees = [turnedBack(longitude), latitude];
    result.push({ at: vectorOf(degrees), degrees });
  };
  const divide = (a: Degrees, b: Degrees, depth: number): void => {
    if (result.length > densePointsMax) return;
    if (depth < 40 && !isNear(a, b, scaled)) {
      const middle = middleOf(a, b, 0.5);
      divide(a, middle, depth + 1);
      put(middle);
      divide(middle, b, depth + 1);
    }
  };
  for (const [index, vertex] of chain.entries()) {
    const before = chain[index - 1]?.degrees;
    if (before !== undefined) {
      const step = vertex.degrees[0] - before[0];
      const turn = wraps && Math.abs(step) > 180 ? (step > 0 ? -360 : 360) : 0;
      divide(before, [vertex.degrees[0] + turn, vertex.degrees[1]], 0);
    }
    result.push(vertex);
    if (result.length > densePointsMax) return undefined;
  }
  return result;
}
