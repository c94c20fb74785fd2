/**
 * The S2 cells of one level that a shape has a part in, or that come within a distance of it. From the
 * six faces down, each cell takes along only the edges that matter to it.
 */

import { coveringCellsMax } from '../limits.js';
import { isInLoop, knownOf } from './loop.js';
import {
  centreOf,
  childrenOf,
  cornersOf,
  faces,
  fromFace,
  levelMax,
  onSphere,
  rectangleOf,
  tokenOf,
  type Cell,
  type Rectangle,
} from './s2-cell.js';
import type { Line, Polygon } from './shape.js';
import { angle, arcsDistance, distanceToArc, type Vector } from './vector.js';

type Arc = readonly [Vector, Vector];

/** What is covered: its edges, and what is inside of them. */
interface Region {
  readonly arcs: readonly Arc[];
  readonly isInside: (point: Vector) => boolean;
}

function regionOfLine(line: Line): Region {
  const arcs = line.slice(1).map((to, index): Arc => [(line[index] ?? to).at, to.at]);
  return { arcs, isInside: () => false };
}

function regionOfPolygon(polygon: Polygon): Region {
  const loops = polygon.map((ring) => {
    const loop = ring.map((vertex) => vertex.at);
    return { loop, known: knownOf(loop) };
  });
  const arcs = loops.flatMap(({ loop }) =>
    loop.map((from, index): Arc => [from, loop[(index + 1) % loop.length] ?? from]),
  );
  // Each ring, also one around a hole, has the polygon to its left.
  const isInside = (point: Vector): boolean =>
    loops.every(({ loop, known }) => isInLoop(loop, known, point));
  return { arcs, isInside };
}

/** Thrown where there are more cells than one covering may have. */
class TooMany extends Error {}

/** An edge's part on a face, in the face's plane. */
type Segment = readonly [u0: number, v0: number, u1: number, v1: number];

/** What rounding leaves: a cell that is touched counts, as it does in S2. */
const slack = 4e-15;

function onFace(face: number, [a, b]: Arc): Segment | undefined {
  const [from, to] = [fromFace(face, a), fromFace(face, b)];
  let [start, end] = [0, 1];
  for (const axis of [0, 1] as const) {
    for (const sign of [1, -1]) {
      const within = (at: Vector): number => at[2] * (1 + slack) - sign * at[axis];
      const [here, there] = [within(from), within(to)];
      if (here < 0 && there < 0) return undefined;
      if (here < 0) start = Math.max(start, here / (here - there));
      else if (there < 0) end = Math.min(end, here / (here - there));
    }
  }
  if (start > end) return undefined;
  const at = (part: number): readonly [number, number] => {
    const [u, v, out] = [0, 1, 2].map(
      (axis) => (from[axis] as number) * (1 - part) + (to[axis] as number) * part,
    ) as [number, number, number];
    return [u / out, v / out];
  };
  const segment: Segment = [...at(start), ...at(end)];
  return segment.every(Number.isFinite) ? segment : undefined;
}

function meets([u0, v0, u1, v1]: Segment, { u, v }: Rectangle): boolean {
  if (Math.max(u0, u1) < u[0] - slack || Math.min(u0, u1) > u[1] + slack) return false;
  if (Math.max(v0, v1) < v[0] - slack || Math.min(v0, v1) > v[1] + slack) return false;
  const [du, dv] = [u1 - u0, v1 - v0];
  const offset = dv * ((u[0] + u[1]) / 2 - u0) - du * ((v[0] + v[1]) / 2 - v0);
  const reach =
    Math.abs(dv) * ((u[1] - u[0]) / 2 + slack) + Math.abs(du) * ((v[1] - v[0]) / 2 + slack);
  return Math.abs(offset) <= reach;
}

type Place = readonly [u: number, v: number];

/** A place in a cell that no plain coordinates have: not its middle, through which edges run. */
function probeOf({ u, v }: Rectangle): Place {
  return [u[0] + (u[1] - u[0]) * 0.51237129, v[0] + (v[1] - v[0]) * 0.48913711];
}

/** Whether the ways between the places and along the segment cross. */
function crossesWay(from: Place, to: Place, [u0, v0, u1, v1]: Segment): boolean {
  const isLeft = (a: Place, b: Place, c: Place): boolean =>
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) >= 0;
  const [a, b]: [Place, Place] = [
    [u0, v0],
    [u1, v1],
  ];
  return isLeft(from, to, a) !== isLeft(from, to, b) && isLeft(a, b, from) !== isLeft(a, b, to);
}

function* descendants(cell: Cell, level: number): Generator<Cell> {
  if (cell.level === level) yield cell;
  else for (const child of childrenOf(cell)) yield* descendants(child, level);
}

function addAll(cell: Cell, level: number, into: Set<string>): void {
  if (into.size + 4 ** (level - cell.level) > 2 * coveringCellsMax) throw new TooMany();
  for (const each of descendants(cell, level)) into.add(tokenOf(each));
}

function add(cell: Cell, into: Set<string>): void {
  into.add(tokenOf(cell));
  if (into.size > coveringCellsMax) throw new TooMany();
}

function coverTouched({ arcs, isInside }: Region, level: number, into: Set<string>): void {
  const cover = (
    cell: Cell,
    segments: readonly Segment[],
    probe: Place,
    isProbeInside: boolean,
  ): void => {
    if (segments.length === 0) {
      if (isProbeInside) addAll(cell, level, into);
      return;
    }
    if (cell.level === level) {
      add(cell, into);
      return;
    }
    for (const child of childrenOf(cell)) {
      const rectangle = rectangleOf(child);
      const within = segments.filter((segment) => meets(segment, rectangle));
      const next = probeOf(rectangle);
      let isNextInside = isProbeInside;
      for (const segment of segments)
        if (crossesWay(probe, next, segment)) isNextInside = !isNextInside;
      cover(child, within, next, isNextInside);
    }
  };
  for (const face of faces) {
    const segments = arcs
      .map((arc) => onFace(face.face, arc))
      .filter((segment) => segment !== undefined);
    const probe = probeOf(rectangleOf(face));
    cover(face, segments, probe, isInside(onSphere(face.face, ...probe)));
  }
}

function coverNear(
  { arcs, isInside }: Region,
  level: number,
  distance: number,
  into: Set<string>,
): void {
  const isWithin = (cell: Cell, [a, b]: Arc): boolean => {
    const { u, v } = rectangleOf(cell);
    const [x, y, out] = fromFace(cell.face, a);
    const isHeld =
      out > 0 && x >= u[0] * out && x <= u[1] * out && y >= v[0] * out && y <= v[1] * out;
    const corners = cornersOf(cell);
    return (
      isHeld ||
      corners.some(
        (corner, index) =>
          arcsDistance(corner, corners[(index + 1) % 4] ?? corner, a, b) <= distance,
      )
    );
  };
  const cover = (cell: Cell, near: readonly Arc[]): void => {
    const centre = centreOf(cell);
    if (near.length === 0) {
      if (isInside(centre)) addAll(cell, level, into);
      return;
    }
    if (cell.level === level) {
      if (isInside(centre) || near.some((arc) => isWithin(cell, arc))) add(cell, into);
      return;
    }
    for (const child of childrenOf(cell)) {
      const middle = centreOf(child);
      const reach = Math.max(...cornersOf(child).map((corner) => angle(middle, corner)));
      cover(
        child,
        near.filter(([a, b]) => distanceToArc(a, b, middle) <= reach + distance),
      );
    }
  };
  for (const face of faces) cover(face, arcs);
}

function covering(
  regions: readonly Region[],
  { level, distance }: CoveringSize,
): readonly string[] | undefined {
  if (!(Number.isInteger(level) && level >= 0 && level <= levelMax)) return undefined;
  if (!(distance >= 0 && distance <= Math.PI)) return undefined;
  const tokens = new Set<string>();
  try {
    for (const region of regions) {
      if (distance > 0) coverNear(region, level, distance, tokens);
      else coverTouched(region, level, tokens);
    }
  } catch (error) {
    if (error instanceof TooMany) return undefined;
    throw error;
  }
  if (tokens.size > coveringCellsMax) return undefined;
  return regions.length === 1 ? [...tokens] : [...tokens].toSorted(byCell);
}

/** Along the curve: tokens leave out the zeros at their end. */
function byCell(a: string, b: string): number {
  const [x, y] = [a.padEnd(16, '0'), b.padEnd(16, '0')];
  return x < y ? -1 : x > y ? 1 : 0;
}

export interface CoveringSize {
  readonly level: number;
  /** How far beyond the shape cells still count, in radians. */
  readonly distance: number;
}

/** Tokens along the curve; undefined of a level that is none, or of too many cells. */
export const polygonsCovering = (
  polygons: readonly Polygon[],
  size: CoveringSize,
): readonly string[] | undefined => covering(polygons.map(regionOfPolygon), size);

export const linesCovering = (
  lines: readonly Line[],
  size: CoveringSize,
): readonly string[] | undefined => covering(lines.map(regionOfLine), size);
