import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axisTimes } from './axis-labels.js';

test('labels follow the step, and midnight is a date', () => {
  const at = (hour: number, minute = 0, second = 0): number =>
    Date.UTC(2026, 10, 24, hour, minute, second) / 1000;
  assert.deepEqual(axisTimes([at(-2), at(0), at(2)], 7200, 'utc'), ['22:00', '24 Nov', '02:00']);
  assert.deepEqual(axisTimes([at(0), at(24)], 86_400, 'utc'), ['24 Nov', '25 Nov']);
  assert.deepEqual(axisTimes([at(3, 4, 5)], 5, 'utc'), ['03:04:05']);
  assert.deepEqual(axisTimes([at(3, 4, 5) + 0.25], 0.05, 'utc'), ['05.250']);
  assert.deepEqual(axisTimes([at(0)], 365 * 86_400, 'utc'), ['24 Nov 2026']);
});
