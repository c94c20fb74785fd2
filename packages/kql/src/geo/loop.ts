/** What is measured of a closed chain of points, whose inside is to the left. */

import {
  angle,
  arcsCross,
  dot,
  normal,
  scaled,
  size,
  sum,
  triangleArea,
  unit,
  type Vector,
} from './vector.js';

export type Loop = readonly Vector[];

/** `visit` of each edge, the one from the last point to the first too. */
export function eachEdge(loop: Loop, visit: (a: Vector, b: Vector, index: number) => void): void {
  for (let index = 0; index < loop.length; index += 1) {
    visit(loop[index] as Vector, loop[(index + 1) % loop.length] as Vector, index);
  }
}

/** Directions that no plain coordinates have. */
const witnesses: readonly Vector[] = (
  [
    [0.577, 0.4129, -0.7046],
    [-0.3117, 0.6731, 0.6707],
    [0.1931, -0.8273, 0.5275],
    [-0.6229, -0.5437, -0.5626],
  ] as const
).map(unit);

/**
 * The area to the left, in steradians, above -2π to 2π: below 0 it is what the loop leaves out, with the
 * sign changed. So small areas keep their digits, whichever way they are gone round.
 */
export function loopArea(loop: Loop): number {
  const whole = 4 * Math.PI;
  // A triangle with a corner opposite to another has no one area.
  const suits = (from: Vector): boolean => loop.every((each) => dot(from, each) > -0.999999);
  const from = [loop[0] as Vector, ...witnesses].find(suits) ?? (loop[0] as Vector);
  let area = 0;
  eachEdge(loop, (a, b) => {
    area += triangleArea(from, a, b);
  });
  area %= whole;
  if (area > whole / 2) return area - whole;
  return area <= -whole / 2 ? area + whole : area;
}

/**
 * The integral of the position over the area to the left: each edge gives half its angle along its
 * normal (Stokes' theorem).
 */
export function loopMoment(loop: Loop): Vector {
  let moment: Vector = [0, 0, 0];
  eachEdge(loop, (a, b) => {
    const n = normal(a, b);
    const length = size(n);
    if (length > 0) moment = sum(moment, scaled(n, angle(a, b) / (2 * length)));
  });
  return moment;
}

/** A point of the sphere of which it is known whether a loop has it inside. */
export interface Known {
  readonly at: Vector;
  readonly isInside: boolean;
}

/** Which side of the loop a point far from its first edge is on. */
export function knownOf(loop: Loop): Known {
  const [a, b] = [loop[0] as Vector, loop[1] as Vector];
  const middle = unit(sum(a, b));
  const at = witnesses.reduce((best, each) =>
    Math.abs(dot(unit(normal(a, b)), each)) > Math.abs(dot(unit(normal(a, b)), best)) ? each : best,
  );
  // Going out from the first edge's middle, one begins inside if one begins to its left.
  let isInside = dot(normal(a, b), at) >= 0;
  eachEdge(loop, (c, d, index) => {
    if (index > 0 && arcsCross(middle, at, c, d)) isInside = !isInside;
  });
  return { at, isInside };
}

/** Whether a point is to the left, by the edges on the way to a point that is known. */
export function isInLoop(loop: Loop, known: Known, point: Vector): boolean {
  let isInside = known.isInside;
  eachEdge(loop, (c, d) => {
    if (arcsCross(point, known.at, c, d)) isInside = !isInside;
  });
  return isInside;
}
