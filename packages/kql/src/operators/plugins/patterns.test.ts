import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baskets, clusters, closedPatterns, differences, TooManyPatterns } from './patterns.js';

type Cell = string | null | undefined;
const groups = (
  ...rows: readonly (readonly [cells: readonly Cell[], a: number, b?: number])[]
) => ({
  rows: rows.map(([cells]) => cells),
  weights: rows.map(([, a, b]) => [a, b ?? 0] as const),
});

/** Storms as in the reference's example: most hail does no damage, most thunder does. */
const storms = groups(
  [['TEXAS', 'Hail', 'NO'], 300],
  [['KANSAS', 'Hail', 'NO'], 250],
  [['IOWA', 'Hail', 'YES'], 20],
  [['IOWA', 'Wind', 'YES'], 120],
  [['KANSAS', 'Wind', 'YES'], 100],
  [['TEXAS', 'Wind', 'NO'], 40],
  [['OHIO', 'Flood', 'NO'], 30],
);

test('baskets are the closed patterns over the threshold, each once', () => {
  const found = baskets(storms, 0.2, 5).map((each) => [...each.cells, each.weights[0]]);
  assert.deepEqual(found, [
    [undefined, undefined, 'NO', 620],
    [undefined, 'Hail', undefined, 570],
    [undefined, 'Hail', 'NO', 550],
    ['KANSAS', undefined, undefined, 350],
    ['TEXAS', undefined, 'NO', 340],
    ['TEXAS', 'Hail', 'NO', 300],
    [undefined, 'Wind', undefined, 260],
    ['KANSAS', 'Hail', 'NO', 250],
    [undefined, undefined, 'YES', 240],
    [undefined, 'Wind', 'YES', 220],
  ]);
});

test('values that follow from others do not count as dimensions', () => {
  const found = baskets(groups([['a', 'b', 'c'], 9], [['x', 'y', 'z'], 1]), 0.5, 1);
  assert.deepEqual(
    found.map((each) => each.cells),
    [['a', 'b', 'c']],
  );
});

test('what no pattern may hold is in none', () => {
  const found = baskets(groups([[undefined, null], 5], [[undefined, 'b'], 5]), 0.5, 5);
  assert.deepEqual(
    found.map((each) => each.cells),
    [
      [undefined, null],
      [undefined, 'b'],
    ],
  );
});

test('baskets are all that counting every subset finds', () => {
  let state = 7;
  const random = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  const many = groups(
    ...Array.from({ length: 60 }, () => {
      const cells = Array.from({ length: 4 }, () => String(random(3)));
      return [cells, 1 + random(5)] as const;
    }),
  );
  const total = many.weights.reduce((sum, [weight]) => sum + weight, 0);
  const expected = new Map<string, number>();
  for (const row of many.rows) {
    for (let mask = 1; mask < 16; mask++) {
      const fixed = row.map((cell, at) => ((mask >> at) & 1 ? cell : undefined));
      const inside = many.rows.flatMap((other, at) =>
        fixed.every((cell, column) => cell === undefined || cell === other[column]) ? [at] : [],
      );
      const weight = inside.reduce((sum, at) => sum + (many.weights[at]?.[0] ?? 0), 0);
      if (weight < 0.1 * total) continue;
      const closed = row.map((cell, column) =>
        inside.every((at) => many.rows[at]?.[column] === cell) ? cell : undefined,
      );
      expected.set(JSON.stringify(closed), weight);
    }
  }
  const found = baskets(many, 0.1, 4).map((each) => [JSON.stringify(each.cells), each.weights[0]]);
  assert.deepEqual(
    found.map(String).sort(),
    [...expected].map(([key, weight]) => `${key},${weight}`).sort(),
  );
});

test('differences are the patterns that tell two sets apart, the greatest first', () => {
  const found = differences(
    groups(
      [['Hail', 'NO', 'x'], 50, 5],
      [['Hail', 'NO', 'y'], 45, 2],
      [['Wind', 'YES', 'x'], 5, 60],
      [['Flood', 'YES', 'y'], 10, 11],
    ),
    0.05,
    5,
  ).map((each) => [...each.cells, ...each.weights]);
  assert.deepEqual(found.slice(0, 2), [
    [undefined, 'YES', undefined, 15, 71],
    ['Hail', 'NO', undefined, 95, 7],
  ]);
});

test('equal sets have no differences', () => {
  assert.deepEqual(differences(groups([['a'], 5, 10], [['b'], 50, 100]), 0.05, 5), []);
});

test('clusters are few, common and telling', () => {
  const found = clusters(storms, 0.6, 25).map((each) => [...each.cells, each.weights[0]]);
  assert.deepEqual(found.slice(0, 2), [
    [undefined, 'Hail', 'NO', 550],
    [undefined, 'Wind', 'YES', 220],
  ]);
  assert.ok(found.length <= 4);
});

test('a pattern planted in noise is found', () => {
  const noise = Array.from(
    { length: 500 },
    (_, at) => [[`h${at}`, `u${at % 50}`, `c${at % 7}`], 1] as const,
  );
  const planted = Array.from(
    { length: 200 },
    (_, at) => [[`k${at}`, 'root', 'failed'], 1] as const,
  );
  const [first] = clusters(groups(...noise, ...planted), 0.5, 25);
  assert.deepEqual(first?.cells, [undefined, 'root', 'failed']);
  assert.equal(first?.weights[0], 200);
});

test('nothing has no patterns', () => {
  assert.deepEqual(clusters(groups(), 0.5, 25), []);
  assert.deepEqual(baskets(groups(), 0.05, 5), []);
  assert.deepEqual(differences(groups(), 0.05, 5), []);
});

test('a search that would take too long is given up', () => {
  const cells = (at: number) =>
    Array.from({ length: 24 }, (_, column) => String((at >> column) & 1));
  const wide = groups(...Array.from({ length: 2000 }, (_, at) => [cells(at * 7919), 1] as const));
  assert.throws(
    () => closedPatterns(wide, { dimensionsMax: 24, isFrequent: () => true }),
    TooManyPatterns,
  );
});
