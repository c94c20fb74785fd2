import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareCells,
  filledColumns,
  formatCell,
  formatDatetime,
  formatDetail,
  numberOf,
  sortedOrder,
  structureOf,
  timespanSeconds,
} from './values.js';

test('shows datetimes to the millisecond, and all digits in the detail', () => {
  assert.equal(formatDatetime('2026-01-02T03:04:05.1234567Z', 'utc'), '2026-01-02 03:04:05.123');
  assert.equal(
    formatDetail('2026-01-02T03:04:05.1234567Z', 'datetime', 'utc'),
    '2026-01-02 03:04:05.1234567',
  );
  assert.equal(formatDatetime('not a time', 'utc'), 'not a time');
  assert.equal(formatDatetime('0001-01-01T00:00:00Z', 'utc'), '0001-01-01 00:00:00.000');
});

test('reads timespans', () => {
  const cases: [string, number | null][] = [
    ['00:00:01', 1],
    ['1.02:03:04.5', 93_784.5],
    ['-00:00:00.0000001', -1e-7],
    ['nonsense', null],
  ];
  for (const [text, seconds] of cases) assert.equal(timespanSeconds(text), seconds, text);
});

test('finds the structure in a dynamic value', () => {
  assert.deepEqual(structureOf('{"a":[1]}', 'dynamic'), { a: [1] });
  assert.deepEqual(structureOf({ a: 1 }, 'dynamic'), { a: 1 });
  assert.equal(structureOf('{broken', 'dynamic'), undefined);
  assert.equal(structureOf('"text"', 'dynamic'), undefined);
  assert.equal(structureOf(null, 'dynamic'), undefined);
  assert.equal(formatDetail('{"a":1}', 'dynamic', 'utc'), '{\n  "a": 1\n}');
});

test('numbers that cross as text are numbers', () => {
  assert.equal(numberOf('1.25'), 1.25);
  assert.equal(numberOf('Infinity'), Infinity);
  assert.equal(numberOf('NaN'), null);
  assert.equal(numberOf(''), null);
  assert.equal(numberOf(null), null);
});

test('nulls are empty cells', () => {
  assert.equal(formatCell(null, 'long', 'utc'), '');
  assert.equal(formatCell(false, 'bool', 'utc'), 'false');
});

test('sorts by type, stable, nulls last both ways', () => {
  const columns = [{ name: 'n', type: 'long' }];
  const rows = [[10], [null], [9], [10]];
  assert.deepEqual([...sortedOrder(rows, columns, { column: 0, descending: false })], [2, 0, 3, 1]);
  assert.deepEqual([...sortedOrder(rows, columns, { column: 0, descending: true })], [0, 3, 2, 1]);
  assert.deepEqual([...sortedOrder(rows, columns, undefined)], [0, 1, 2, 3]);
});

test('compares text with its numbers in order, timespans by length', () => {
  assert.ok(compareCells('host9', 'host10', 'string') < 0);
  assert.ok(compareCells('00:00:10', '1.00:00:00', 'timespan') < 0);
  assert.ok(compareCells('1.5', '1.25', 'decimal') > 0);
});

test('finds the columns that say anything', () => {
  const columns = ['a', 'b', 'c', 'd'].map((name) => ({ name, type: 'string' }));
  const rows = [
    [null, '', 'x', 0],
    [null, '', null, 0],
  ];
  assert.deepEqual(filledColumns(columns, rows), [2, 3]);
});
