/** Polygons whose edges are straight on a map of degrees, as H3 takes them. */

import type { Polygon, Ring, Vertex } from './shape.js';

const radian = Math.PI / 180;

/** In parts of the sphere, of a ring's edges as straight lines of degrees; the sign is the way round. */
function ringPart(ring: Ring): number {
  let area = 0;
  for (const [index, a] of ring.entries()) {
    const b = ring[(index + 1) % ring.length] as Vertex;
    const step = b.degrees[0] - a.degrees[0];
    // Over the antimeridian.
    const turn = step > 180 ? step - 360 : step < -180 ? step + 360 : step;
    area += turn * radian * (Math.sin(a.degrees[1] * radian) + Math.sin(b.degrees[1] * radian));
  }
  return area / (8 * Math.PI);
}

/** About how many H3 cells of a resolution the polygons' outer rings hold. */
export function h3CellsAbout(polygons: readonly Polygon[], resolution: number): number {
  const parts = polygons.map(([outer]) => (outer === undefined ? 0 : Math.abs(ringPart(outer))));
  const cells = 2 + 120 * 7 ** resolution;
  return parts.reduce((total, part) => total + part, 0) * cells;
}
