import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatSeconds, readAnswer } from './answer.js';

test('reads tables, statistics, rendering and a partial error', () => {
  const answer = readAnswer({
    tables: [{ name: 'PrimaryResult', columns: [{ name: 'n', type: 'long' }], rows: [[1], [2]] }],
    statistics: {
      query: { executionTime: 0.25, inputDatasetStatistics: { bytes: { scanned: 1000 } } },
    },
    render: {
      visualization: 'TimeChart',
      title: null,
      yMin: 'NaN',
      yColumns: 'a, b',
      legend: 'hidden',
      series: null,
    },
    error: { code: 'PartialError', message: 'too many' },
  });
  assert.deepEqual(answer, {
    columns: [{ name: 'n', type: 'long' }],
    rows: [[1], [2]],
    rendering: { visualization: 'timechart', yColumns: ['a', 'b'], legendHidden: true },
    executionSeconds: 0.25,
    bytesRead: 1000,
    partial: { code: 'PartialError', message: 'too many' },
  });
});

test('what is no answer is refused', () => {
  for (const body of [null, {}, [], { tables: [] }, { tables: [{ rows: [] }] }])
    assert.equal(readAnswer(body), undefined);
});

test('amounts are short', () => {
  assert.equal(formatBytes(999), '999 B');
  assert.equal(formatBytes(1_234_567), '1.2 MB');
  assert.equal(formatBytes(999_999), '1.0 MB');
  assert.equal(formatSeconds(0.0156), '16 ms');
  assert.equal(formatSeconds(2.5), '2.50 s');
  assert.equal(formatSeconds(75), '1 min 15 s');
});
