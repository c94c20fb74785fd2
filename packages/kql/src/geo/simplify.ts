/**
 * Fewer vertices: what lies within the tolerance of a straight way is left out (Douglas and Peucker
 * 1973), and so is what is nearer than the tolerance to a vertex that stays. Ends of lines and places
 * where borders part stay, so that what two polygons share is still shared.
 */

import { arrange, ringsAround, unsoundRings, type Layer } from './arrangement.js';
import { farFrom } from './buffer.js';
import { linesUnion, polygonsOf, windingOf } from './overlay.js';
import type { Line, Polygon, Ring, Vertex } from './shape.js';
import { angle, distanceToArc, earthRadiusMeters, type Vector } from './vector.js';

/** A quarter of the way round less a seventh: what S2 can snap to, 70 degrees. */
const toleranceRadiansMax = (70 * Math.PI) / 180;

function radiansOf(toleranceMeters: number): number | undefined {
  const radians = toleranceMeters / earthRadiusMeters;
  return radians >= 0 && radians <= toleranceRadiansMax + 1e-2 ? radians : undefined;
}

/** The chain's vertices that stay; its ends always do. */
function thinned(chain: readonly Vertex[], tolerance: number): readonly Vertex[] {
  const at = (index: number): Vector => (chain[index] as Vertex).at;
  const stays = new Set([0, chain.length - 1]);
  const waiting: [number, number][] = [[0, chain.length - 1]];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const [from, to] = part;
    let [farthest, distance] = [-1, tolerance];
    for (let index = from + 1; index < to; index += 1) {
      const off = distanceToArc(at(from), at(to), at(index));
      if (off > distance) [farthest, distance] = [index, off];
    }
    if (farthest < 0) continue;
    stays.add(farthest);
    waiting.push([from, farthest], [farthest, to]);
  }
  const kept: Vertex[] = [];
  const last = chain.at(-1) as Vertex;
  for (const [index, vertex] of chain.entries()) {
    if (!stays.has(index)) continue;
    const before = kept.at(-1);
    const isEnd = index === 0 || index === chain.length - 1;
    const isApart =
      before !== undefined &&
      angle(before.at, vertex.at) >= tolerance &&
      angle(last.at, vertex.at) >= tolerance;
    if (isEnd || isApart) kept.push(vertex);
  }
  return kept;
}

/** A closed chain's vertices that stay, beginning with its first. */
function thinnedRing(ring: readonly Vertex[], tolerance: number): readonly Vertex[] {
  const first = ring[0] as Vertex;
  let [far, distance] = [0, 0];
  for (const [index, vertex] of ring.entries()) {
    const off = angle(first.at, vertex.at);
    if (off > distance) [far, distance] = [index, off];
  }
  if (distance <= tolerance) return [first];
  const there = thinned(ring.slice(0, far + 1), tolerance);
  const back = thinned([...ring.slice(far), first], tolerance);
  return [...there, ...back.slice(1, -1)];
}

/** Which vertices stay, of chains that part only where `isFixed`. */
function staying(
  chains: readonly { readonly vertices: readonly Vertex[]; readonly isRing: boolean }[],
  isFixed: (vertex: Vertex) => boolean,
  tolerance: number,
): ReadonlySet<Vertex> {
  const stays = new Set<Vertex>();
  const keep = (vertices: readonly Vertex[]): void => {
    for (const vertex of vertices) stays.add(vertex);
  };
  for (const { vertices, isRing } of chains) {
    const begin = vertices.findIndex(isFixed);
    if (isRing && begin < 0) {
      keep(thinnedRing(vertices, tolerance));
      continue;
    }
    const from = isRing ? begin : 0;
    const way = isRing ? [...vertices.slice(from), ...vertices.slice(0, from + 1)] : vertices;
    let start = 0;
    for (let index = 1; index < way.length; index += 1) {
      if (index < way.length - 1 && !isFixed(way[index] as Vertex)) continue;
      const part = way.slice(start, index + 1);
      // A border that two go along, each its own way, is thinned the same way.
      const [a, b] = [part[0] as Vertex, part.at(-1) as Vertex];
      const isBackwards =
        a.degrees[0] > b.degrees[0] ||
        (a.degrees[0] === b.degrees[0] && a.degrees[1] > b.degrees[1]);
      keep(thinned(isBackwards ? part.toReversed() : part, tolerance));
      start = index;
    }
  }
  return stays;
}

/** Rings of each polygon and lines with cuts at each other's vertices, and where they part. */
function laidOut(layers: readonly Layer[]): {
  readonly ways: readonly (readonly (readonly Vertex[])[])[];
  readonly isFixed: (vertex: Vertex) => boolean;
} {
  const { vertices, pieces, lines } = arrange(layers, { crossings: false });
  const ends = new Map<number, number>();
  for (const piece of pieces) {
    for (const end of [piece.from, piece.to]) ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const fixed = new Set(
    vertices.filter((_, number) => ends.get(number) !== undefined && ends.get(number) !== 2),
  );
  return {
    ways: lines.map((chains) =>
      chains.map((chain) => chain.map((number) => vertices[number] as Vertex)),
    ),
    isFixed: (vertex) => fixed.has(vertex),
  };
}

/** Undefined of a tolerance that is none; lines shorter than it disappear. */
export function simplifiedLines(
  lines: readonly Line[],
  toleranceMeters: number,
): readonly Line[] | undefined {
  const tolerance = radiansOf(toleranceMeters);
  if (tolerance === undefined) return undefined;
  const { ways, isFixed } = laidOut([{ lines: linesUnion(lines) }]);
  const chains = ways.flat().map((vertices) => ({ vertices, isRing: false }));
  const stays = staying(chains, isFixed, tolerance);
  return chains
    .map(({ vertices }) => vertices.filter((vertex) => stays.has(vertex)))
    .filter(([first, second, ...more]) =>
      first !== undefined && second !== undefined
        ? more.length > 0 || angle(first.at, second.at) >= tolerance
        : false,
    );
}

/** As of lines. Each of the shapes keeps its own polygons, and borders that it shares. */
export function simplifiedPolygons(
  shapes: readonly (readonly Polygon[])[],
  toleranceMeters: number,
): readonly Polygon[] | undefined {
  const tolerance = radiansOf(toleranceMeters);
  if (tolerance === undefined) return undefined;
  const polygons = shapes.flat();
  const closed = (ring: Ring): readonly Vertex[] => [...ring, ring[0] as Vertex];
  const { ways, isFixed } = laidOut(polygons.map((polygon) => ({ lines: polygon.map(closed) })));
  const rings = ways.map((each) => each.map((way) => way.slice(0, -1)));
  const chains = rings.flat().map((vertices) => ({ vertices, isRing: true }));
  const stays = staying(chains, isFixed, tolerance);
  return rings.flatMap((each, index) => {
    const kept = each.map((ring) => ring.filter((vertex) => stays.has(vertex)));
    const [outer, ...holes] = kept;
    if (outer === undefined || outer.length < 3) return [];
    const polygon = [outer, ...holes.filter((hole) => hole.length > 2)];
    return unsoundRings(polygon) ? untangled(polygon, polygons[index] ?? [], tolerance) : [polygon];
  });
}

/** What the rings still go round, where thinning made them cross. */
function untangled(rings: readonly Ring[], before: Polygon, tolerance: number): readonly Polygon[] {
  const loops = before.map((ring) => ring.map((vertex) => vertex.at));
  const at = farFrom(loops, tolerance * 2);
  if (at === undefined) return [];
  const known = { at, winding: windingOf(loops, at) };
  return polygonsOf(ringsAround(arrange([{ rings, known }]), (winding) => winding(0) > 0));
}
