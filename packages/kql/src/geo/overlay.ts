/** Unions and intersections of polygons and lines: what an arrangement of them leaves. */

import {
  arrange,
  leftOf,
  ringsAround,
  type Arrangement,
  type Layer,
  type Piece,
} from './arrangement.js';
import { isInLoop, knownOf, loopArea, type Known } from './loop.js';
import type { Line, Polygon, Ring, Shape, Vertex } from './shape.js';
import type { Vector } from './vector.js';

const loopOf = (ring: Ring): readonly Vector[] => ring.map((vertex) => vertex.at);

/** Whether the ring goes round a hole: it has the larger part of the sphere inside. */
const isHole = (ring: Ring): boolean => loopArea(loopOf(ring)) < 0;

/** How often loops go round a place: in how many areas it is, less in how many holes of them. */
export function windingOf(loops: readonly (readonly Vector[])[], at: Vector): number {
  let winding = 0;
  for (const loop of loops) {
    // A hole's loop has everything but the hole inside: it takes one away from the hole only.
    const isAroundHole = loopArea(loop) < 0;
    winding += Number(isInLoop(loop, knownOf(loop), at)) - Number(isAroundHole);
  }
  return winding;
}

/** A layer whose winding number is that of places in polygons: 1, or more where they overlap. */
export function layerOf(polygons: readonly Polygon[]): Layer {
  const rings = polygons.flat();
  const loops = rings.map(loopOf);
  const { at } = knownOf(loops[0] ?? []);
  return { rings, known: { at, winding: windingOf(loops, at) } };
}

/** Rings put together to polygons: each hole in the smallest ring that holds it. */
export function polygonsOf(rings: readonly Ring[]): readonly Polygon[] {
  const outer = rings.filter((ring) => !isHole(ring));
  const polygons = outer.map((ring) => [ring]);
  const sizes = outer.map((ring) => loopArea(loopOf(ring)));
  const known: (Known | undefined)[] = [];
  for (const hole of rings.filter(isHole)) {
    let best: number | undefined;
    for (const [index, ring] of outer.entries()) {
      if (best !== undefined && (sizes[index] as number) >= (sizes[best] as number)) continue;
      const corners = new Set(ring);
      const probe = hole.find((vertex) => !corners.has(vertex));
      const loop = loopOf(ring);
      known[index] ??= knownOf(loop);
      if (probe !== undefined && isInLoop(loop, known[index], probe.at)) best = index;
    }
    if (best !== undefined) polygons[best]?.push(hole);
  }
  return polygons;
}

/** The union of two, as polygons that do not overlap. */
export function unionOf(a: readonly Polygon[], b: readonly Polygon[]): readonly Polygon[] {
  const layers = [a, b].filter((each) => each.length > 0).map(layerOf);
  const rings = ringsAround(arrange(layers), (winding) =>
    layers.some((_, layer) => winding(layer) > 0),
  );
  return polygonsOf(rings);
}

const verticesCount = (polygons: readonly Polygon[]): number =>
  polygons.flat().reduce((total, ring) => total + ring.length, 0);

/** The union of several: always of the two smallest, the earlier first. */
export function unionOfAll(shapes: readonly (readonly Polygon[])[]): readonly Polygon[] {
  const queue = shapes.map((polygons) => ({ polygons, size: verticesCount(polygons) }));
  queue.sort((a, b) => a.size - b.size);
  while (queue.length > 1) {
    const [first, second] = queue.splice(0, 2) as [(typeof queue)[0], (typeof queue)[0]];
    const size = first.size + second.size;
    const polygons = unionOf(first.polygons, second.polygons);
    const after = queue.findIndex((each) => each.size > size);
    queue.splice(after < 0 ? queue.length : after, 0, { polygons, size });
  }
  return queue[0]?.polygons ?? [];
}

/** Polygons that may overlap as polygons that do not. */
export function merged(polygons: readonly Polygon[]): readonly Polygon[] {
  return polygons.length === 1 ? polygons : unionOfAll(polygons.map((polygon) => [polygon]));
}

// ---- intersections ----------------------------------------------------------------------------

const isInClosed = (piece: Piece, layer: number): boolean =>
  leftOf(piece, layer) > 0 || (piece.right[layer] ?? 0) > 0;

/** The vertices that both layers hold and no piece of the result does. */
function loosePoints(
  { vertices, pieces }: Arrangement,
  isHeld: (piece: Piece, layer: number) => boolean,
  isTaken: (piece: Piece) => boolean,
): readonly Vertex[] {
  const held = [new Set<number>(), new Set<number>()];
  const taken = new Set<number>();
  for (const piece of pieces) {
    for (const end of [piece.from, piece.to]) {
      for (const [layer, ends] of held.entries()) if (isHeld(piece, layer)) ends.add(end);
      if (isTaken(piece)) taken.add(end);
    }
  }
  return vertices.filter(
    (_, number) => held.every((ends) => ends.has(number)) && !taken.has(number),
  );
}

/** The parts of lines that are kept, each piece once. */
function chainsOf(
  arrangement: Arrangement,
  lines: readonly (readonly number[])[],
  isKept: (piece: Piece) => boolean,
): readonly Line[] {
  const keyOf = (from: number, to: number): string => `${Math.min(from, to)},${Math.max(from, to)}`;
  const kept = new Set(
    arrangement.pieces.filter(isKept).map((piece) => keyOf(piece.from, piece.to)),
  );
  const chains: Vertex[][] = [];
  for (const line of lines) {
    let chain: Vertex[] | undefined;
    for (const [index, to] of line.slice(1).entries()) {
      const from = line[index] as number;
      if (!kept.delete(keyOf(from, to))) {
        chain = undefined;
        continue;
      }
      if (chain === undefined) chains.push((chain = [arrangement.vertices[from] as Vertex]));
      chain.push(arrangement.vertices[to] as Vertex);
    }
  }
  return chains;
}

export function polygonsIntersection(a: readonly Polygon[], b: readonly Polygon[]): Shape {
  const arrangement = arrange([layerOf(a), layerOf(b)]);
  const isInside = (winding: (layer: number) => number): boolean =>
    winding(0) > 0 && winding(1) > 0;
  const rings = ringsAround(arrangement, isInside);
  const touchesArea = (piece: Piece): boolean =>
    isInside((layer) => leftOf(piece, layer)) || isInside((layer) => piece.right[layer] ?? 0);
  // A border that both share, from its two sides.
  const isBorder = (piece: Piece): boolean =>
    !touchesArea(piece) && isInClosed(piece, 0) && isInClosed(piece, 1);
  return {
    points: loosePoints(arrangement, isInClosed, (piece) => touchesArea(piece) || isBorder(piece)),
    lines: joined(
      arrangement.pieces
        .filter(isBorder)
        .map((piece) => [
          arrangement.vertices[piece.from] as Vertex,
          arrangement.vertices[piece.to] as Vertex,
        ]),
    ),
    polygons: polygonsOf(rings),
  };
}

export function lineAndPolygonIntersection(
  lines: readonly Line[],
  polygons: readonly Polygon[],
): Shape {
  const arrangement = arrange([{ lines }, layerOf(polygons)]);
  const isLine = (piece: Piece): boolean => piece.holds[0] ?? false;
  const isKept = (piece: Piece): boolean => isLine(piece) && isInClosed(piece, 1);
  return {
    points: loosePoints(
      arrangement,
      (piece, layer) => (layer === 0 ? isLine(piece) : isInClosed(piece, 1)),
      isKept,
    ),
    lines: chainsOf(arrangement, arrangement.lines[0] ?? [], isKept),
  };
}

export function linesIntersection(a: readonly Line[], b: readonly Line[]): Shape {
  const arrangement = arrange([{ lines: a }, { lines: b }]);
  const holds = (piece: Piece, layer: number): boolean => piece.holds[layer] ?? false;
  const isKept = (piece: Piece): boolean => holds(piece, 0) && holds(piece, 1);
  return {
    points: loosePoints(arrangement, holds, isKept),
    lines: chainsOf(arrangement, arrangement.lines[0] ?? [], isKept),
  };
}

/** Every piece of the lines once, in lines as long as can be without a branch in them. */
export function linesUnion(lines: readonly Line[]): readonly Line[] {
  const arrangement = arrange([{ lines }], { crossings: false });
  return joined(chainsOf(arrangement, arrangement.lines[0] ?? [], () => true));
}

/** Lines that end where just one other ends become one. */
function joined(lines: readonly Line[]): readonly Line[] {
  const ends = new Map<Vertex, number>();
  for (const line of lines) {
    for (const end of [line[0], line.at(-1)] as [Vertex, Vertex])
      ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const result: Vertex[][] = [];
  for (const line of lines.map((each) => [...each])) {
    let longer = line;
    for (let again = true; again;) {
      again = false;
      for (const [index, other] of result.entries()) {
        const link = linked(other, longer, (end) => ends.get(end) === 2);
        if (link === undefined) continue;
        longer = link;
        result.splice(index, 1);
        again = true;
        break;
      }
    }
    result.push(longer);
  }
  return result;
}

/** Two chains as one, if an end of the one is an end of the other. */
function linked(
  a: readonly Vertex[],
  b: readonly Vertex[],
  isFree: (end: Vertex) => boolean,
): Vertex[] | undefined {
  const [aFirst, aLast] = [a[0] as Vertex, a.at(-1) as Vertex];
  const [bFirst, bLast] = [b[0] as Vertex, b.at(-1) as Vertex];
  if (aFirst === aLast || bFirst === bLast) return undefined;
  if (aLast === bFirst && isFree(aLast)) return [...a, ...b.slice(1)];
  if (bLast === aFirst && isFree(aFirst)) return [...b, ...a.slice(1)];
  if (aLast === bLast && isFree(aLast)) return [...a, ...b.toReversed().slice(1)];
  if (aFirst === bFirst && isFree(aFirst)) return [...a.toReversed(), ...b.slice(1)];
  return undefined;
}
