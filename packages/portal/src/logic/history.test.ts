import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHistory, withEntry } from './history.js';
import { historyEntriesMax } from './limits.js';

const entry = (query: string, atMs = 0) => ({
  query,
  workspaceId: 'w',
  timespan: 'PT1H',
  atMs,
  outcome: 'failed' as const,
});

test('newest first, a repeated query once, no more than the limit', () => {
  let history = withEntry([], entry('a', 1));
  history = withEntry(history, entry('b', 2));
  history = withEntry(history, entry('a', 3));
  assert.deepEqual(
    history.map((one) => [one.query, one.atMs]),
    [
      ['a', 3],
      ['b', 2],
    ],
  );
  for (let at = 0; at < historyEntriesMax + 5; at++) history = withEntry(history, entry(`q${at}`));
  assert.equal(history.length, historyEntriesMax);
});

test('what was stored is checked', () => {
  assert.deepEqual(parseHistory(null), []);
  assert.deepEqual(parseHistory('{'), []);
  assert.deepEqual(parseHistory('[1,{"query":2}]'), []);
  assert.deepEqual(parseHistory(JSON.stringify([entry('a')])), [entry('a')]);
});
