import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnWindow, rowWindow } from './row-window.js';

const f = (scrollTop: number, count = 100_000, height = 500) =>
  rowWindow({ scrollTop, height, rowHeight: 28, count, beyond: 8 });

test('covers what is seen, at any place, with little beyond', () => {
  for (const scrollTop of [0, 1, 27, 28, 12_345, 2_799_500]) {
    const { first, last } = f(scrollTop);
    assert.ok(first * 28 <= scrollTop);
    assert.ok(last * 28 >= Math.min(scrollTop + 500, 2_800_000));
    assert.ok(last - first <= 18 + 4 * 8, `${last - first} rows`);
  }
});

test('stays within the rows', () => {
  assert.deepEqual(f(0, 0), { first: 0, last: 0 });
  assert.deepEqual(f(0, 3), { first: 0, last: 3 });
  assert.equal(f(1e9).last, 100_000);
  assert.ok(f(1e9).first < 100_000);
  assert.equal(f(-50).first, 0);
});

test('a small step moves no edge', () => {
  assert.deepEqual(f(28 * 80), f(28 * 80 + 20));
});

const widths = Array.from({ length: 3_000 }, (_, at) => 60 + (at % 5) * 40);
const columns = (scrollLeft: number, of: readonly number[] = widths) =>
  columnWindow({ scrollLeft, width: 1_000, widths: of, beyond: 400 });
const sum = (list: readonly number[]): number => list.reduce((total, width) => total + width, 0);

test('covers the columns that are seen, at any place, with little beyond', () => {
  for (const scrollLeft of [0, 1, 399, 400, 12_345, sum(widths) - 1_000]) {
    const { first, last, before } = columns(scrollLeft);
    assert.equal(before, sum(widths.slice(0, first)));
    assert.ok(before <= scrollLeft);
    assert.ok(sum(widths.slice(0, last)) >= scrollLeft + 1_000);
    assert.ok(last - first <= 50, `${last - first} columns`);
  }
});

test('a few columns are all drawn; none are none', () => {
  assert.deepEqual(columns(0, [100, 100]), { first: 0, last: 2, before: 0 });
  assert.deepEqual(columns(0, []), { first: 0, last: 0, before: 0 });
});
