import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from './limits.js';
import { isInventoryDue } from './sent-inventory.js';

void test('an inventory is sent when it changed, when a day has gone, or when time went back', () => {
  const sent = { hash: 'a', sentAtMs: 1_000_000 };
  const due = (hash: string, now: number) => isInventoryDue(sent, { hash, now });
  assert.equal(isInventoryDue(undefined, { hash: 'a', now: 0 }), true);
  assert.equal(due('a', sent.sentAtMs + 1), false);
  assert.equal(due('b', sent.sentAtMs + 1), true);
  assert.equal(due('a', sent.sentAtMs + limits.inventoryAgainMs - 1), false);
  assert.equal(due('a', sent.sentAtMs + limits.inventoryAgainMs), true);
  assert.equal(due('a', sent.sentAtMs - 1), true);
});
