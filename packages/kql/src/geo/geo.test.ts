/** Shapes on the sphere, against numbers that were got in another way. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@strongroom/testkit';
import { linesBuffer, pointBuffer, polygonsBuffer } from './buffer.js';
import { linesCovering, polygonsCovering } from './covering.js';
import { areaOf, partAt, pointAlong } from './measure.js';
import { linesIntersection, polygonsIntersection, unionOfAll, windingOf } from './overlay.js';
import { childrenOf, cornersOf, faces, tokenOf } from './s2-cell.js';
import {
  parseLines,
  parsePolygons,
  printShape,
  vertexOf,
  type Line,
  type Polygon,
  type Vertex,
} from './shape.js';
import { simplifiedPolygons } from './simplify.js';
import {
  angle,
  degreesOf,
  distanceToArc,
  earthRadiusMeters,
  vectorOf,
  type Vector,
} from './vector.js';

const seed = Number(process.env['STRONGROOM_TEST_SEED'] ?? 20_261);
const random = seededRandom(seed);
/** From 0 to 1. */
const chance = (): number => random.integer(2 ** 30) / 2 ** 30;
const between = (low: number, high: number): number => low + chance() * (high - low);

const polygon = (...rings: number[][][]): readonly Polygon[] => {
  const found = parsePolygons(JSON.stringify({ type: 'Polygon', coordinates: rings }));
  assert.ok(found !== undefined, `no polygon: ${JSON.stringify(rings)}`);
  return found;
};

const lineOf = (coordinates: number[][]): Line => {
  const found = parseLines(JSON.stringify({ type: 'LineString', coordinates }));
  assert.ok(found?.[0] !== undefined);
  return found[0];
};

const at = (longitude: number, latitude: number): Vertex => {
  const vertex = vertexOf(longitude, latitude);
  assert.ok(vertex !== undefined);
  return vertex;
};

/** A ring of random radius around a place, as a star seen from there. */
function star(longitude: number, latitude: number, degreesMax: number): readonly Polygon[] {
  const count = 3 + random.integer(12);
  const squeeze = 1 / Math.cos((latitude * Math.PI) / 180);
  const ring = Array.from({ length: count }, (_, index) => {
    const turn = ((index + between(0, 0.8)) * 2 * Math.PI) / count;
    const far = between(0.2, 1) * degreesMax;
    return [longitude + Math.cos(turn) * far * squeeze, latitude + Math.sin(turn) * far];
  });
  return polygon([...ring, ring[0] as number[]]);
}

const isIn = (polygons: readonly Polygon[], point: Vector): boolean =>
  windingOf(
    polygons.flat().map((ring) => ring.map((vertex) => vertex.at)),
    point,
  ) > 0;

void test(`unions and intersections hold what they should (seed ${seed})`, () => {
  for (let round = 0; round < 150; round += 1) {
    const [a, b] = [star(10, 50, 1), star(10 + between(-1, 1), 50 + between(-1, 1), 1)];
    const union = unionOfAll([a, b]);
    const shared = polygonsIntersection(a, b).polygons ?? [];
    const total = areaOf(a) + areaOf(b);
    assert.ok(Math.abs(areaOf(union) + areaOf(shared) - total) < total * 1e-9, `round ${round}`);
    for (let probe = 0; probe < 40; probe += 1) {
      const point = vectorOf([10 + between(-2, 2), 50 + between(-1.5, 1.5)]);
      const [inA, inB] = [isIn(a, point), isIn(b, point)];
      assert.equal(isIn(union, point), inA || inB, `union, round ${round}`);
      assert.equal(isIn(shared, point), inA && inB, `intersection, round ${round}`);
    }
  }
});

void test('polygons of the cells of a grid make one polygon without seams', () => {
  const cells = Array.from({ length: 36 }, (_, index) => {
    const [x, y] = [index % 6, Math.floor(index / 6)];
    return polygon([
      [x, y],
      [x + 1, y],
      [x + 1, y + 1],
      [x, y + 1],
      [x, y],
    ]);
  });
  const union = unionOfAll(cells);
  assert.equal(union.length, 1);
  assert.equal(union[0]?.length, 1);
  assert.equal(union[0]?.[0]?.length, 24);
});

void test('holes stay holes, and touching polygons stay apart', () => {
  const frame = polygon(
    [
      [0, 0],
      [10, 0],
      [10, 10],
      [0, 10],
      [0, 0],
    ],
    [
      [4, 4],
      [4, 6],
      [6, 6],
      [6, 4],
      [4, 4],
    ],
  );
  const inHole = polygon([
    [4, 4],
    [5, 4.5],
    [4.5, 5],
    [4, 4],
  ]);
  assert.deepEqual(
    unionOfAll([frame, inHole]).map((each) => each.map((ring) => ring.length)),
    [[3], [4, 4]],
  );
  assert.equal(
    printShape(polygonsIntersection(frame, inHole)),
    '{"type":"Point","coordinates":[4,4]}',
  );
});

void test('polygons that share a border meet in a line', () => {
  const [west, east] = [
    polygon([
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
      [0, 0],
    ]),
    polygon([
      [1, 0],
      [2, 0],
      [2, 1],
      [1, 1],
      [1, 0],
    ]),
  ];
  assert.equal(
    printShape(polygonsIntersection(west, east)),
    '{"type":"LineString","coordinates":[[1,0],[1,1]]}',
  );
});

void test('shapes reach over the antimeridian and around the poles', () => {
  const fiji = polygon([
    [179, -1],
    [-179, -1],
    [-179, 1],
    [179, 1],
    [179, -1],
  ]);
  assert.ok(isIn(fiji, vectorOf([180, 0])) && isIn(fiji, vectorOf([-179.5, 0.5])));
  assert.ok(!isIn(fiji, vectorOf([0, 0])));
  const cap = polygon([
    [0, 60],
    [90, 60],
    [180, 60],
    [-90, 60],
    [0, 60],
  ]);
  assert.ok(isIn(cap, vectorOf([45, 89])) && !isIn(cap, vectorOf([45, 20])));
  const both = polygonsIntersection(
    cap,
    polygon([
      [-10, 50],
      [10, 50],
      [180, 89],
      [-10, 50],
    ]),
  );
  assert.equal(both.polygons?.length, 1);
});

void test(`buffers hold what is near, and nothing that is not (seed ${seed})`, () => {
  for (let round = 0; round < 60; round += 1) {
    const line = lineOf(
      Array.from({ length: 2 + random.integer(10) }, () => [between(0, 2), between(0, 2)]),
    );
    const area = star(1, 1, 1);
    const radiusMeters = between(1_000, 60_000);
    const size = { radiusMeters, toleranceMeters: radiusMeters / 100 };
    for (const [buffer, edges, isInside] of [
      [linesBuffer([line], size), line, (): boolean => false],
      [
        polygonsBuffer(area, size),
        [...(area[0]?.[0] ?? []), area[0]?.[0]?.[0] as Vertex],
        (point: Vector): boolean => isIn(area, point),
      ],
    ] as const) {
      assert.ok(buffer !== undefined);
      for (let probe = 0; probe < 60; probe += 1) {
        const point = vectorOf([between(-0.6, 2.6), between(-0.6, 2.6)]);
        const distances = edges
          .slice(1)
          .map((to, index) => distanceToArc((edges[index] as Vertex).at, to.at, point));
        const meters = isInside(point) ? 0 : Math.min(...distances) * earthRadiusMeters;
        const held = isIn(buffer, point);
        assert.ok(held || meters > radiusMeters - 1e-3, `round ${round}: left out`);
        assert.ok(!held || meters < radiusMeters * 1.01 + 1e-3, `round ${round}: too much`);
      }
    }
  }
});

void test('a point’s buffer is as wide as it says, at a pole too', () => {
  for (const centre of [at(-115.17, 36.15), at(0, 90), at(180, 0)]) {
    const ring = pointBuffer(centre, { radiusMeters: 20_000, toleranceMeters: 10 })?.[0] ?? [];
    assert.equal(ring.length, 100);
    for (const corner of ring) {
      const meters = angle(centre.at, corner.at) * earthRadiusMeters;
      assert.ok(meters > 20_000 && meters <= 20_010, String(meters));
    }
  }
  for (const radiusMeters of [0, -1, NaN])
    assert.equal(pointBuffer(at(0, 0), { radiusMeters, toleranceMeters: 10 }), undefined);
});

void test(`a covering has the cells that a shape is in, and no others (seed ${seed})`, () => {
  for (let round = 0; round < 12; round += 1) {
    // Around a corner of the cube, where three faces meet, and elsewhere.
    const [longitude, latitude] = round < 6 ? [45, 35.26] : [between(-170, 170), between(-60, 60)];
    const area = star(longitude, latitude, 2);
    const tokens = polygonsCovering(area, { level: 8, distance: 0 });
    const near = polygonsCovering(area, { level: 8, distance: 0.01 });
    assert.ok(tokens !== undefined && near !== undefined);
    assert.ok(tokens.every((token) => near.includes(token)));
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].toSorted((a, b) => (a.padEnd(16, '0') < b.padEnd(16, '0') ? -1 : 1)),
    );
    const cells = new Map(
      (polygonsCovering(area, { level: 8, distance: 0.05 }) ?? []).map((token) => [
        token,
        cellOf(token),
      ]),
    );
    for (const [token, cell] of cells) {
      const { points = [], lines = [], polygons = [] } = polygonsIntersection(area, [[cell]]);
      const meets = points.length + lines.length + polygons.length > 0;
      assert.equal(tokens.includes(token), meets, `${token}, round ${round}`);
    }
  }
});

/** The corners of a cell, read from its token as the S2 guide says. */
function cellOf(token: string): readonly Vertex[] {
  const id = BigInt(`0x${token.padEnd(16, '0')}`);
  let level = 30;
  for (let low = id; low % 4n === 0n && level > 0; low /= 4n) level -= 1;
  let cell = faces[Number(id >> 61n)];
  for (let step = 0; step < level; step += 1)
    cell = cell && childrenOf(cell)[Number((id >> BigInt(59 - 2 * step)) & 3n)];
  assert.ok(cell !== undefined && tokenOf(cell) === token);
  return cornersOf(cell).map((corner) => ({ at: corner, degrees: degreesOf(corner) }));
}

void test('a line’s covering goes with it', () => {
  const line = lineOf([
    [-10, 5],
    [30, 42],
  ]);
  const tokens = linesCovering([line], { level: 6, distance: 0 }) ?? [];
  for (let part = 0; part <= 1; part += 0.01) {
    const point = pointAlong(line, part);
    assert.ok(Math.abs(partAt(line, point) - part) < 1e-9);
    const one = polygonsCovering([[pointRing(point)]], { level: 6, distance: 0 }) ?? [];
    assert.ok(one.some((token) => tokens.includes(token)));
  }
  assert.equal(linesCovering([line], { level: 30, distance: 0 }), undefined);
  assert.equal(linesCovering([line], { level: 31, distance: 0 }), undefined);
});

function pointRing(point: Vector): readonly Vertex[] {
  const [longitude, latitude] = degreesOf(point);
  return [
    at(longitude, latitude - 1e-7),
    at(longitude + 1e-7, latitude),
    at(longitude, latitude + 1e-7),
  ];
}

void test(`what is simplified stays within the tolerance (seed ${seed})`, () => {
  for (let round = 0; round < 40; round += 1) {
    const count = 200;
    const ring = Array.from({ length: count }, (_, index) => {
      const turn = (index * 2 * Math.PI) / count;
      const far = 0.1 * (1 + between(-0.02, 0.02));
      return [10 + Math.cos(turn) * far, 10 + Math.sin(turn) * far];
    });
    const before = polygon([...ring, ring[0] as number[]]);
    const tolerance = between(50, 800);
    const after = simplifiedPolygons([before], tolerance)?.[0]?.[0] ?? [];
    assert.ok(after.length >= 3 && after.length < count);
    for (const vertex of before[0]?.[0] ?? []) {
      const off = Math.min(
        ...after.map((from, index) =>
          distanceToArc(from.at, (after[(index + 1) % after.length] as Vertex).at, vertex.at),
        ),
      );
      assert.ok(off * earthRadiusMeters <= 2 * tolerance, `round ${round}`);
    }
  }
});

void test('a border that two share is simplified once', () => {
  const border = Array.from({ length: 21 }, (_, index) => [
    1 + 0.0001 * ((index * 7) % 5),
    index / 20,
  ]);
  const west = polygon([[0, 0], ...border, [0, 1], [0, 0]]);
  const east = polygon([[2, 0], [2, 1], ...border.toReversed(), [2, 0]]);
  const after = simplifiedPolygons([west, east], 100) ?? [];
  assert.equal(after.length, 2);
  assert.ok((after[0]?.[0]?.length ?? 0) < 10);
  assert.equal(unionOfAll(after.map((each) => [each]))[0]?.length, 1);
});

void test('what breaks the rules is no shape', () => {
  const ring = (...coordinates: number[][]): string =>
    JSON.stringify({ type: 'Polygon', coordinates: [coordinates] });
  for (const text of [
    '',
    'null',
    '[]',
    '{"type":"Polygon"}',
    '{"type":"Polygon","coordinates":[]}',
    '{"type":"Point","coordinates":[1,2]}',
    ring([0, 0], [1, 1], [0, 0]),
    ring([0, 0], [10, 10], [10, 10], [0, 0]),
    ring([0, 0], [1, 0], [1, 1], [0, 1]),
    ring([0, 0], [181, 0], [1, 1], [0, 0]),
    // A bow tie, a vertex met twice, an edge through opposite places.
    ring([0, 0], [1, 1], [1, 0], [0, 1], [0, 0]),
    ring([0, 0], [2, 0], [1, 1], [2, 2], [0, 2], [1, 1], [0, 0]),
    ring([0, 0], [180, 0], [90, 10], [0, 0]),
  ])
    assert.equal(parsePolygons(text), undefined, text);
  for (const coordinates of [
    [[0, 0]],
    [
      [0, 0],
      [0, 0],
    ],
    [
      [0, 0],
      [180, 0],
    ],
    [
      [0, 0],
      ['1', 2],
    ],
  ])
    assert.equal(parseLines(JSON.stringify({ type: 'LineString', coordinates })), undefined);
});

void test('lines that cross meet in points, and in lines where they run together', () => {
  const shape = linesIntersection(
    [
      lineOf([
        [0, 0],
        [4, 0],
      ]),
      lineOf([
        [10, 0],
        [10, 10],
      ]),
    ],
    [
      lineOf([
        [1, -1],
        [1, 1],
      ]),
      lineOf([
        [10, 2],
        [10, 4],
      ]),
    ],
  );
  assert.equal(shape.points?.length, 1);
  assert.equal(shape.lines?.length, 1);
  assert.deepEqual(
    shape.lines?.[0]?.map((vertex) => vertex.degrees),
    [
      [10, 2],
      [10, 4],
    ],
  );
});
