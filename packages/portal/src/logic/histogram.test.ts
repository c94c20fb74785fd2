import assert from 'node:assert/strict';
import { test } from 'node:test';
import { histogramOf, stepLabel } from './histogram.js';
import { histogramBarsMax, histogramRowsMin } from './limits.js';

const columns = [
  { name: 'Other', type: 'datetime' },
  { name: 'TimeGenerated', type: 'datetime' },
];

test('counts every row with a time, in at most so many bars', () => {
  for (const spanMs of [1, 999, 60_000, 86_400_000, 40 * 86_400_000, 9e12]) {
    const rows = Array.from({ length: 500 }, (_, at) => [
      null,
      new Date((spanMs * at) / 499).toISOString(),
    ]);
    const histogram = histogramOf(columns, rows);
    assert.ok(histogram);
    assert.equal(histogram.column, 'TimeGenerated');
    assert.ok(histogram.counts.length <= histogramBarsMax + 1, `${histogram.counts.length}`);
    assert.equal(
      histogram.counts.reduce((sum, count) => sum + count, 0),
      500,
    );
  }
});

test('needs a column of time and two different times', () => {
  assert.equal(histogramOf([{ name: 'a', type: 'long' }], [[1]]), undefined);
  assert.equal(histogramOf(columns, [[null, null]]), undefined);
  const same = '2026-01-01T00:00:00Z';
  assert.equal(
    histogramOf(columns, [
      [null, same],
      [null, same],
    ]),
    undefined,
  );
});

test('names a step in its unit', () => {
  assert.equal(stepLabel(60_000), '1 min');
  assert.equal(stepLabel(30_000), '30 s');
  assert.equal(stepLabel(86_400_000), '1 d');
});

test('another column needs enough rows to have a shape', () => {
  const other = [{ name: 'LastSeen', type: 'datetime' }];
  const rows = (count: number) =>
    Array.from({ length: count }, (_, at) => [new Date(at * 1000).toISOString()]);
  assert.equal(histogramOf(other, rows(histogramRowsMin - 1)), undefined);
  assert.equal(histogramOf(other, rows(histogramRowsMin))?.column, 'LastSeen');
});
