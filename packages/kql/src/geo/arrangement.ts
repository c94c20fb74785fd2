/**
 * Rings and lines laid over each other: their edges cut where they meet, so that what is left are
 * pieces that meet at their ends only, each with the winding numbers of every layer on both its sides.
 * Union, intersection, buffer and the rules of a sound polygon are read off it.
 *
 * A winding number says how often a layer's rings go round a place. It is known far away, grows by one
 * where a piece is crossed from its right to its left, and so goes from piece to piece around each
 * vertex.
 */

import {
  across,
  arcsCross,
  cross,
  crossing,
  degreesOf,
  difference,
  dot,
  nearestOn,
  normal,
  samePointMax,
  size,
  sum,
  unit,
  type Vector,
} from './vector.js';
import type { Vertex } from './shape.js';

/** What one layer is made of. Rings have their inside to the left. */
export interface Layer {
  readonly rings?: readonly (readonly Vertex[])[];
  readonly lines?: readonly (readonly Vertex[])[];
  /** A point and how often the rings go round it. */
  readonly known?: { readonly at: Vector; readonly winding: number };
}

/** A piece of an edge between two vertices, which stand by their numbers. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  /** The number of the first edge that runs here, in the order of the layers. */
  readonly order: number;
  /** For each layer, how many more rings run this way than the other. */
  readonly turns: number[];
  /** For each layer, whether a ring or line of it runs here. */
  readonly holds: boolean[];
  /** For each layer, the winding number on the right. */
  readonly right: number[];
}

export interface Arrangement {
  readonly vertices: readonly Vertex[];
  readonly pieces: readonly Piece[];
  /** For each layer, its lines as numbers of vertices, with the cuts. */
  readonly lines: readonly (readonly (readonly number[])[])[];
}

export const leftOf = (piece: Piece, layer: number): number =>
  (piece.right[layer] ?? 0) + (piece.turns[layer] ?? 0);

/** Vertices by place: those nearer than `samePointMax` are one. */
class Vertices {
  readonly list: Vertex[] = [];
  private readonly cells = new Map<string, number[]>();
  private readonly cellSize = samePointMax * 64;

  numberOf(vertex: Vertex): number {
    const near = (delta: Vector): string =>
      sum(vertex.at, delta)
        .map((each) => Math.floor(each / this.cellSize))
        .join();
    const home = near([0, 0, 0]);
    const keys = new Set([home]);
    for (let corner = 0; corner < 8; corner += 1) {
      const shift = (bit: number): number => ((corner >> bit) % 2 === 1 ? 1 : -1) * samePointMax;
      keys.add(near([shift(0), shift(1), shift(2)]));
    }
    for (const key of keys) {
      for (const number of this.cells.get(key) ?? []) {
        const other = this.list[number] as Vertex;
        if (size(difference(other.at, vertex.at)) <= samePointMax) return number;
      }
    }
    const number = this.list.push(vertex) - 1;
    const cell = this.cells.get(home);
    if (cell === undefined) this.cells.set(home, [number]);
    else cell.push(number);
    return number;
  }

  at(number: number): Vector {
    return (this.list[number] as Vertex).at;
  }
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly layer: number;
  readonly isRing: boolean;
  readonly cuts: number[];
}

/** A box around an arc, which bulges beyond its ends. */
function boxOf(a: Vector, b: Vector): { readonly low: Vector; readonly high: Vector } {
  const chord = difference(a, b);
  const bulge = dot(chord, chord) / 4 + 4 * samePointMax;
  const low = (i: 0 | 1 | 2): number => Math.min(a[i], b[i]) - bulge;
  const high = (i: 0 | 1 | 2): number => Math.max(a[i], b[i]) + bulge;
  return { low: [low(0), low(1), low(2)], high: [high(0), high(1), high(2)] };
}

/** `visit` of every two arcs whose boxes meet. */
export function eachNearPair(
  arcs: readonly (readonly [Vector, Vector])[],
  visit: (first: number, second: number) => void,
): void {
  const boxes = arcs.map(([a, b]) => boxOf(a, b));
  // Swept along the axis on which the arcs are spread most.
  const spread = (axis: 0 | 1 | 2): number => {
    let [low, high] = [2, -2];
    for (const [a] of arcs) [low, high] = [Math.min(low, a[axis]), Math.max(high, a[axis])];
    return high - low;
  };
  const axis = ([0, 1, 2] as const).reduce((best, each) =>
    spread(each) > spread(best) ? each : best,
  );
  const order = boxes
    .map((box, index) => ({ box, index }))
    .toSorted((a, b) => a.box.low[axis] - b.box.low[axis]);
  const open: typeof order = [];
  for (const next of order) {
    let kept = 0;
    for (const other of open) {
      if (other.box.high[axis] < next.box.low[axis]) continue;
      open[kept] = other;
      kept += 1;
      const meets = ([0, 1, 2] as const).every(
        (each) =>
          other.box.low[each] <= next.box.high[each] && next.box.low[each] <= other.box.high[each],
      );
      if (meets) visit(Math.min(other.index, next.index), Math.max(other.index, next.index));
    }
    open.length = kept;
    open.push(next);
  }
}

/** Whether a point is on an arc, not at its ends, to what is one point. */
function isOn(a: Vector, b: Vector, point: Vector): boolean {
  if (size(difference(a, point)) <= samePointMax || size(difference(b, point)) <= samePointMax)
    return false;
  return size(difference(nearestOn(a, b, point), point)) <= samePointMax;
}

/**
 * Whether rings break the rules of one polygon: a vertex twice in a ring, edges that cross, an edge
 * that two share. Rings may touch at a vertex.
 */
export function unsoundRings(rings: readonly (readonly Vertex[])[]): boolean {
  const vertices = new Vertices();
  const arcs: (readonly [Vector, Vector])[] = [];
  const taken = new Set<string>();
  for (const ring of rings) {
    const numbers = ring.map((vertex) => vertices.numberOf(vertex));
    if (new Set(numbers).size < numbers.length || numbers.length < 3) return true;
    for (const [index, from] of numbers.entries()) {
      const to = numbers[(index + 1) % numbers.length] as number;
      const key = `${Math.min(from, to)},${Math.max(from, to)}`;
      if (taken.has(key)) return true;
      taken.add(key);
      arcs.push([vertices.at(from), vertices.at(to)]);
    }
  }
  let crosses = false;
  eachNearPair(arcs, (first, second) => {
    if (crosses) return;
    const [[a, b], [c, d]] = [arcs[first] as [Vector, Vector], arcs[second] as [Vector, Vector]];
    if (!arcsCross(a, b, c, d)) return;
    // An end that lies on the other arc touches it.
    const isOnOther = (from: Vector, to: Vector, point: Vector): boolean =>
      size(difference(nearestOn(from, to, point), point)) <= samePointMax;
    crosses =
      ![c, d].some((end) => isOnOther(a, b, end)) && ![a, b].some((end) => isOnOther(c, d, end));
  });
  return crosses;
}

/** The layers' edges, cut where they meet. `crossings: false` cuts at vertices only. */
export function arrange(
  layers: readonly Layer[],
  { crossings = true }: { readonly crossings?: boolean } = {},
): Arrangement {
  const vertices = new Vertices();
  const edges: Edge[] = [];
  const lineEdges = layers.map((): Edge[][] => []);
  for (const [layer, { rings = [], lines = [] }] of layers.entries()) {
    const add = (numbers: readonly number[], isRing: boolean): Edge[] => {
      const chain = numbers
        .slice(1)
        .map((to, index): Edge => ({
          from: numbers[index] as number,
          to,
          layer,
          isRing,
          cuts: [],
        }))
        .filter((edge) => edge.from !== edge.to);
      edges.push(...chain);
      return chain;
    };
    for (const ring of rings) {
      const numbers = ring.map((vertex) => vertices.numberOf(vertex));
      add([...numbers, numbers[0] as number], true);
    }
    for (const line of lines) {
      const chain = add(
        line.map((vertex) => vertices.numberOf(vertex)),
        false,
      );
      lineEdges[layer]?.push(chain);
    }
  }
  cutEdges(vertices, edges, crossings);
  const pieces = piecesOf(vertices, edges, layers.length);
  const lines = lineEdges.map((chains) =>
    chains.map((chain) => [
      ...chain.flatMap((edge) => [edge.from, ...edge.cuts]),
      ...chain.slice(-1).map((edge) => edge.to),
    ]),
  );
  wind(vertices, pieces, layers);
  return { vertices: vertices.list, pieces, lines };
}

function cutEdges(vertices: Vertices, edges: readonly Edge[], crossings: boolean): void {
  const arcs = edges.map((edge) => [vertices.at(edge.from), vertices.at(edge.to)] as const);
  eachNearPair(arcs, (first, second) => {
    const [e, f] = [edges[first] as Edge, edges[second] as Edge];
    const [[a, b], [c, d]] = [arcs[first] as [Vector, Vector], arcs[second] as [Vector, Vector]];
    let touches = false;
    const touch = (edge: Edge, [from, to]: readonly [Vector, Vector], number: number): void => {
      if (number === edge.from || number === edge.to) touches = true;
      else if (isOn(from, to, vertices.at(number))) {
        touches = true;
        edge.cuts.push(number);
      }
    };
    touch(e, [a, b], f.from);
    touch(e, [a, b], f.to);
    touch(f, [c, d], e.from);
    touch(f, [c, d], e.to);
    if (touches || !crossings || !arcsCross(a, b, c, d)) return;
    const at = crossing(a, b, c, d);
    const number = vertices.numberOf({ at, degrees: degreesOf(at) });
    if (number !== e.from && number !== e.to) e.cuts.push(number);
    if (number !== f.from && number !== f.to) f.cuts.push(number);
  });
  for (const edge of edges) {
    const [from, to] = [vertices.at(edge.from), vertices.at(edge.to)];
    const along = (number: number): number =>
      dot(difference(vertices.at(number), from), difference(to, from));
    const sorted = [...new Set(edge.cuts)].toSorted((a, b) => along(a) - along(b));
    edge.cuts.splice(0, edge.cuts.length, ...sorted);
  }
}

function piecesOf(vertices: Vertices, edges: readonly Edge[], layers: number): Piece[] {
  const pieces = new Map<string, Piece>();
  for (const [order, edge] of edges.entries()) {
    const stops = [edge.from, ...edge.cuts, edge.to];
    for (const [index, to] of stops.slice(1).entries()) {
      const from = stops[index] as number;
      const key = `${Math.min(from, to)},${Math.max(from, to)}`;
      let piece = pieces.get(key);
      if (piece === undefined) {
        const none = Array.from({ length: layers }, () => 0);
        piece = { from, to, order, turns: none, holds: none.map(() => false), right: [...none] };
        pieces.set(key, piece);
      }
      piece.holds[edge.layer] = true;
      if (edge.isRing) {
        piece.turns[edge.layer] = (piece.turns[edge.layer] ?? 0) + (piece.from === from ? 1 : -1);
      }
    }
  }
  return [...pieces.values()];
}

/** A piece as it goes out from a vertex. */
interface Spoke {
  readonly piece: Piece;
  readonly isForward: boolean;
  readonly direction: number;
}

/** The pieces at each vertex, against the clock. */
function spokesOf(vertices: readonly Vertex[], pieces: readonly Piece[]): Spoke[][] {
  const at = (number: number): Vector => (vertices[number] as Vertex).at;
  const spokes: Spoke[][] = [];
  const add = (number: number, other: number, piece: Piece, isForward: boolean): void => {
    const [here, there] = [at(number), at(other)];
    const east = across(here);
    const north = cross(here, east);
    const way = difference(there, here);
    const direction = Math.atan2(dot(way, north), dot(way, east));
    (spokes[number] ??= []).push({ piece, isForward, direction });
  };
  for (const piece of pieces) {
    add(piece.from, piece.to, piece, true);
    add(piece.to, piece.from, piece, false);
  }
  for (const list of spokes) list?.sort((a, b) => a.direction - b.direction);
  return spokes;
}

/** Fills in every piece's winding numbers: of one piece of what hangs together by a look from afar. */
function wind(vertices: Vertices, pieces: readonly Piece[], layers: readonly Layer[]): void {
  const spokes = spokesOf(vertices.list, pieces);
  const done = new Set<Piece>();
  const byLayer = layers.map((_, layer) => pieces.filter((piece) => piece.turns[layer] !== 0));
  for (const start of pieces) {
    if (done.has(start)) continue;
    for (const [layer, { known }] of layers.entries()) {
      start.right[layer] = known
        ? rightBySight(vertices, start, layer, byLayer[layer] ?? [], known)
        : 0;
    }
    done.add(start);
    const waiting = [start];
    for (let piece = waiting.pop(); piece !== undefined; piece = waiting.pop()) {
      for (const number of [piece.from, piece.to]) {
        const around = spokes[number] ?? [];
        const begin = around.findIndex((spoke) => spoke.piece === piece);
        for (let step = 0; step < around.length - 1; step += 1) {
          const here = around[(begin + step) % around.length] as Spoke;
          const next = around[(begin + step + 1) % around.length] as Spoke;
          if (done.has(next.piece)) continue;
          // What is to the left of one spoke is to the right of the next.
          for (const layer of layers.keys()) {
            const between = here.isForward
              ? leftOf(here.piece, layer)
              : (here.piece.right[layer] ?? 0);
            next.piece.right[layer] = next.isForward
              ? between
              : between - (next.piece.turns[layer] ?? 0);
          }
          done.add(next.piece);
          waiting.push(next.piece);
        }
      }
    }
  }
}

function rightBySight(
  vertices: Vertices,
  piece: Piece,
  layer: number,
  pieces: readonly Piece[],
  known: { readonly at: Vector; readonly winding: number },
): number {
  const [a, b] = [vertices.at(piece.from), vertices.at(piece.to)];
  const middle = unit(sum(a, b));
  let winding = known.winding;
  for (const other of pieces) {
    if (other === piece) continue;
    const [c, d] = [vertices.at(other.from), vertices.at(other.to)];
    if (!arcsCross(middle, known.at, c, d)) continue;
    // Seen from afar: from the right to the left of it, if the far end is on its right.
    const turns = other.turns[layer] ?? 0;
    winding += dot(normal(c, d), known.at) < 0 ? turns : -turns;
  }
  const cameFromLeft = dot(normal(a, b), known.at) >= 0;
  return cameFromLeft ? winding - (piece.turns[layer] ?? 0) : winding;
}

/** A piece as it bounds a result: with the inside to its left. */
interface Bound {
  readonly from: number;
  readonly to: number;
  readonly order: number;
}

/**
 * The rings around the places where `isInside` holds of the winding numbers; where they touch
 * themselves they are several. A ring begins after its last edge, in the order of the layers.
 */
export function ringsAround(
  { vertices, pieces }: Arrangement,
  isInside: (winding: (layer: number) => number) => boolean,
): Vertex[][] {
  const bounds: Bound[] = [];
  const pieceOf = new Map<Piece, Bound>();
  for (const piece of pieces) {
    const left = isInside((layer) => leftOf(piece, layer));
    const right = isInside((layer) => piece.right[layer] ?? 0);
    if (left === right) continue;
    const bound = left
      ? { from: piece.from, to: piece.to, order: piece.order }
      : { from: piece.to, to: piece.from, order: piece.order };
    bounds.push(bound);
    pieceOf.set(piece, bound);
  }
  const spokes = spokesOf(vertices, [...pieceOf.keys()]);
  const left = new Set(bounds);
  const rings: Vertex[][] = [];
  /** The sharpest turn to the left. */
  const after = (bound: Bound): Bound | undefined => {
    const around = spokes[bound.to] ?? [];
    const back = around.findIndex((spoke) => pieceOf.get(spoke.piece) === bound);
    for (let step = 1; step <= around.length; step += 1) {
      const spoke = around[(back - step + around.length) % around.length] as Spoke;
      const next = pieceOf.get(spoke.piece);
      if (next?.from === bound.to && left.has(next)) return next;
    }
    return undefined;
  };
  for (const first of bounds.toSorted((a, b) => a.order - b.order)) {
    const path: Bound[] = [];
    let next = left.has(first) ? first : undefined;
    while (next !== undefined) {
      left.delete(next);
      path.push(next);
      const end = next.to;
      const begin = path.findIndex((bound) => bound.from === end);
      if (begin >= 0) {
        const ring = path.splice(begin);
        if (ring.length > 2) rings.push(numbersFromLast(ring).map((at) => vertices[at] as Vertex));
      }
      // A path that came back to one of its vertices goes on from where it was there before.
      const last = path.at(-1);
      next = last && after(last);
    }
  }
  return rings;
}

function numbersFromLast(ring: readonly Bound[]): number[] {
  const last = ring.reduce((best, bound, index) => {
    const order = (ring[best] as Bound).order;
    return bound.order > order || (bound.order === order && index === best + 1) ? index : best;
  }, 0);
  return [...ring.slice(last + 1), ...ring.slice(0, last + 1)].map((bound) => bound.from);
}
