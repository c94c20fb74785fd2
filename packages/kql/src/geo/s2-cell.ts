/**
 * S2 cells (https://s2geometry.io/devguide/s2cell_hierarchy): squares of a grid on each face of a cube
 * around the sphere. On a face's plane, edges of the sphere are straight.
 */

import { dot, unit, type Vector } from './vector.js';

/** What a face's own axes are on the sphere: along u, along v, and through its middle. */
const axes: readonly (readonly [Vector, Vector, Vector])[] = [
  [
    [0, 1, 0],
    [0, 0, 1],
    [1, 0, 0],
  ],
  [
    [-1, 0, 0],
    [0, 0, 1],
    [0, 1, 0],
  ],
  [
    [-1, 0, 0],
    [0, -1, 0],
    [0, 0, 1],
  ],
  [
    [0, 0, -1],
    [0, -1, 0],
    [-1, 0, 0],
  ],
  [
    [0, 0, -1],
    [1, 0, 0],
    [0, -1, 0],
  ],
  [
    [0, 1, 0],
    [1, 0, 0],
    [0, 0, -1],
  ],
];

/** Along the curve, the quarter of a square at each step, as 2i + j, and how the curve turns in it. */
const quarters: readonly (readonly number[])[] = [
  [0, 1, 3, 2],
  [0, 2, 3, 1],
  [3, 2, 0, 1],
  [3, 1, 0, 2],
];
const turns: readonly number[] = [1, 0, 0, 3];

export const levelMax = 30;

export interface Cell {
  readonly face: number;
  readonly level: number;
  /** Along the curve of its level. */
  readonly position: bigint;
  readonly orientation: number;
  /** Its place in the grid of its level. */
  readonly i: number;
  readonly j: number;
}

/** A rectangle of a face's plane. */
export interface Rectangle {
  readonly u: readonly [number, number];
  readonly v: readonly [number, number];
}

export const faces: readonly Cell[] = [0, 1, 2, 3, 4, 5].map((face) => ({
  face,
  level: 0,
  position: 0n,
  orientation: face % 2,
  i: 0,
  j: 0,
}));

/** Its four parts, along the curve. */
export function childrenOf(cell: Cell): readonly Cell[] {
  return (quarters[cell.orientation] as readonly number[]).map((quarter, index) => ({
    face: cell.face,
    level: cell.level + 1,
    position: cell.position * 4n + BigInt(index),
    orientation: cell.orientation ^ (turns[index] as number),
    i: cell.i * 2 + (quarter >> 1),
    j: cell.j * 2 + (quarter % 2),
  }));
}

/** From a cell's grid, of nearly equal areas, to the face's plane. */
function planeOf(step: number): number {
  return step >= 0.5 ? (4 * step * step - 1) / 3 : (1 - 4 * (1 - step) * (1 - step)) / 3;
}

export function rectangleOf({ level, i, j }: Cell): Rectangle {
  const size = 2 ** -level;
  return {
    u: [planeOf(i * size), planeOf((i + 1) * size)],
    v: [planeOf(j * size), planeOf((j + 1) * size)],
  };
}

export function centreOf({ face, level, i, j }: Cell): Vector {
  const size = 2 ** -level;
  return onSphere(face, planeOf((i + 0.5) * size), planeOf((j + 0.5) * size));
}

export function onSphere(face: number, u: number, v: number): Vector {
  const [along, up, out] = axes[face] as readonly [Vector, Vector, Vector];
  const at = (axis: 0 | 1 | 2): number => along[axis] * u + up[axis] * v + out[axis];
  return unit([at(0), at(1), at(2)]);
}

/** As u, v and how far out of the face: on the plane where the last is 1. */
export function fromFace(face: number, point: Vector): Vector {
  const [along, up, out] = axes[face] as readonly [Vector, Vector, Vector];
  return [dot(along, point), dot(up, point), dot(out, point)];
}

/** Against the clock. */
export function cornersOf(cell: Cell): readonly [Vector, Vector, Vector, Vector] {
  const { u, v } = rectangleOf(cell);
  const at = (x: 0 | 1, y: 0 | 1): Vector => onSphere(cell.face, u[x], v[y]);
  return [at(0, 0), at(1, 0), at(1, 1), at(0, 1)];
}

/** The text that stands for a cell. */
export function tokenOf(cell: Cell): string {
  const free = BigInt(2 * (levelMax - cell.level));
  const id = (BigInt(cell.face) << 61n) | (((cell.position << 1n) | 1n) << free);
  return id.toString(16).padStart(16, '0').replace(/0+$/, '');
}
