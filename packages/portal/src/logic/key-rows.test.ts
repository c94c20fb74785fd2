import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keeperText, keyRows } from './key-rows.js';
import type { KeyStatus } from './key-rows.js';

const day = '2026-11-24T00:00:00.000Z';
const status: KeyStatus = {
  provider: 'local:1',
  managedBy: 'service',
  state: 'available',
  keys: [
    { keyId: 'aabbccddeeff', kind: 'symmetric', state: 'current', created: day, segments: 3 },
    { keyId: 'old', kind: 'symmetric', state: 'retired', created: day, segments: 1 },
  ],
  nextRotation: day,
  signing: { verifierKey: 'o+12345678+x', created: day, nextRotation: day, underOldKey: false },
  authority: { fingerprint: '0123456789', created: day, nextRotation: day },
  agentsUnderOldAuthority: 2,
  disk: { current: 2, rotating: true, bytes: 2048, bytesUnderOldKeys: 0 },
};

test('each key says what is still under an older one', () => {
  assert.deepEqual(
    keyRows(status).map(({ what, name, underOld }) => [what, name, underOld]),
    [
      ['Workspace key', 'aabbccdd', '1 segment'],
      ['Tables', 'key 2', 'being written anew'],
      ['Ledger signature', '12345678', undefined],
      ['Agents’ certificates', '01234567', '2 agents'],
    ],
  );
});

test('while the key is away what lies in tables is not known', () => {
  const { disk: _disk, ...away } = status;
  assert.equal(keyRows({ ...away, state: 'away' }).length, 3);
});

test('who holds the key is said', () => {
  assert.match(keeperText(status), /The service holds/);
  const vault = { ...status, managedBy: 'customer', provider: 'azurekeyvault:https://v/keys/k' };
  assert.match(keeperText(vault as KeyStatus), /You hold .* Azure Key Vault/);
});
