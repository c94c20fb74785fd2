/**
 * Points of the unit sphere as vectors from its centre. An edge is the shorter arc of the great circle
 * through its ends.
 */

export type Vector = readonly [number, number, number];

/** Longitude and latitude in degrees. */
export type Degrees = readonly [number, number];

export const earthRadiusMeters = 6_371_010;

/**
 * Points nearer than this, in radians, are one: a good part of a tenth of a micrometre on earth, and
 * some ten times what rounding leaves of a coordinate.
 */
export const samePointMax = 1e-14;

const radian = Math.PI / 180;

export function vectorOf([longitude, latitude]: Degrees): Vector {
  const [x, y] = [longitude * radian, latitude * radian];
  const cos = Math.cos(y);
  return [cos * Math.cos(x), cos * Math.sin(x), Math.sin(y)];
}

export function degreesOf([x, y, z]: Vector): Degrees {
  return [Math.atan2(y, x) / radian, Math.atan2(z, Math.hypot(x, y)) / radian];
}

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export const sum = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];

export const difference = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

export const scaled = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by];

export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

export const size = (a: Vector): number => Math.sqrt(dot(a, a));

export function unit(a: Vector): Vector {
  const length = size(a);
  return length === 0 ? a : scaled(a, 1 / length);
}

/** Twice the cross product, exact also of points that are near each other. */
export const normal = (a: Vector, b: Vector): Vector => cross(difference(a, b), sum(a, b));

/** The normal of length 1; any that fits, of ends that are the same or opposite. */
export function unitNormal(a: Vector, b: Vector): Vector {
  const n = normal(a, b);
  return size(n) < 1e-30 ? across(a) : unit(n);
}

/** Some vector of length 1 at a right angle. */
export function across(a: Vector): Vector {
  const [x, y, z] = a.map(Math.abs) as [number, number, number];
  return unit(cross(a, x <= y && x <= z ? [1, 0, 0] : y <= z ? [0, 1, 0] : [0, 0, 1]));
}

/** In radians. */
export function angle(a: Vector, b: Vector): number {
  return Math.atan2(size(normal(a, b)) / 2, dot(a, b));
}

/** Above 0 where `c` is to the left of the way from `a` to `b`, seen from outside. */
export const side = (a: Vector, b: Vector, c: Vector): number => dot(normal(a, b), c);

/** Whether the arcs cross, away from their ends; an end on the other's circle counts as to its left. */
export function arcsCross(a: Vector, b: Vector, c: Vector, d: Vector): boolean {
  const ab = normal(a, b);
  const cOnLeft = dot(ab, c) >= 0;
  const dOnLeft = dot(ab, d) >= 0;
  if (cOnLeft === dOnLeft) return false;
  const cd = normal(c, d);
  const aOnLeft = dot(cd, a) >= 0;
  const bOnLeft = dot(cd, b) >= 0;
  // One to the left and one to the right of each other's circle, and on the same half of the sphere.
  return aOnLeft !== bOnLeft && aOnLeft === dOnLeft;
}

/** Where the great circles of two arcs that cross meet, on the arcs' half of the sphere. */
export function crossing(a: Vector, b: Vector, c: Vector, d: Vector): Vector {
  const point = unit(cross(unitNormal(a, b), unitNormal(c, d)));
  return dot(point, sum(sum(a, b), sum(c, d))) < 0 ? scaled(point, -1) : point;
}

/** The point of an arc that is nearest to a point. */
export function nearestOn(a: Vector, b: Vector, point: Vector): Vector {
  const n = normal(a, b);
  const length = size(n);
  if (length > 1e-30) {
    const nUnit = scaled(n, 1 / length);
    const foot = difference(point, scaled(nUnit, dot(point, nUnit)));
    if (dot(cross(nUnit, a), foot) > 0 && dot(cross(b, nUnit), foot) > 0) return unit(foot);
  }
  return dot(difference(point, a), difference(point, a)) <=
    dot(difference(point, b), difference(point, b))
    ? a
    : b;
}

export const distanceToArc = (a: Vector, b: Vector, point: Vector): number =>
  angle(nearestOn(a, b, point), point);

/** The shortest distance between two arcs. */
export function arcsDistance(a: Vector, b: Vector, c: Vector, d: Vector): number {
  if (arcsCross(a, b, c, d)) return 0;
  return Math.min(
    distanceToArc(a, b, c),
    distanceToArc(a, b, d),
    distanceToArc(c, d, a),
    distanceToArc(c, d, b),
  );
}

/** The point of an arc at a part of its length, from 0 to 1. */
export function between(a: Vector, b: Vector, part: number): Vector {
  if (part === 0 || part === 1) return part === 0 ? a : b;
  return ahead(a, b, angle(a, b) * part);
}

/** The point that one comes to from `a` towards `b`, after a distance in radians. */
export function ahead(a: Vector, b: Vector, distance: number): Vector {
  const forward = unit(cross(unitNormal(a, b), a));
  return unit(sum(scaled(a, Math.cos(distance)), scaled(forward, Math.sin(distance))));
}

/** A point turned around an axis of length 1, against the clock seen from the axis' tip. */
export function turned(point: Vector, axis: Vector, radians: number): Vector {
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  return unit(
    sum(
      sum(scaled(point, cos), scaled(cross(axis, point), sin)),
      scaled(axis, dot(axis, point) * (1 - cos)),
    ),
  );
}

/** The signed area of a triangle, in steradians (Eriksson 1990); above 0 where it goes against the clock. */
export function triangleArea(a: Vector, b: Vector, c: Vector): number {
  const volume = dot(a, cross(difference(b, a), difference(c, a)));
  return 2 * Math.atan2(volume, 1 + dot(a, b) + dot(b, c) + dot(c, a));
}
