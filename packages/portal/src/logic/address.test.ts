import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageOf, parseAddress, printAddress } from './address.js';

test('a query survives the URL, whatever is in it', () => {
  const queries = [
    'Heartbeat | take 10',
    'T\n| where Message has "a&b=c#d+e%20"\n| extend Übung = "🙂"',
    "print x = '+ +'",
  ];
  for (const query of queries) {
    const address = {
      workspaceId: '11111111-2222-3333-4444-555555555555',
      range: { kind: 'last', duration: 'PT1H' } as const,
      query,
    };
    assert.deepEqual(parseAddress(printAddress(address)), address);
  }
});

test('a fragment of anything else is an empty address', () => {
  assert.deepEqual(parseAddress(''), {});
  assert.deepEqual(parseAddress('#section'), {});
  assert.deepEqual(parseAddress('#timespan=never&workspace='), {});
  assert.equal(printAddress({}), '');
});

test('pages are found by path', () => {
  assert.equal(pageOf('/portal/'), 'logs');
  assert.equal(pageOf('/portal'), 'logs');
  assert.equal(pageOf('/portal/agents'), 'agents');
  assert.equal(pageOf('/portal/agents/x'), 'agents');
  assert.equal(pageOf('/portal/constructor'), 'logs');
});
