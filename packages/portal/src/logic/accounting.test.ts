import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAccounts, underWay } from './accounting.js';

test('every record received is somewhere', () => {
  const [account] = readAccounts([['Custom-A', 100, 10, 60, 5, 3, 2, 4]]);
  assert.ok(account !== undefined);
  assert.equal(account.refused, 4);
  assert.equal(underWay(account), 20);
});

test('what is missing or no number counts as nothing', () => {
  const [account] = readAccounts([[null, '7', null, 'x']]);
  assert.ok(account !== undefined);
  assert.deepEqual(
    [account.stream, account.received, account.stored, underWay(account)],
    ['', 7, 0, 7],
  );
});
