import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentHealth, relativeTime } from './agent-status.js';
import { agentLateAfterMs, agentSilentAfterMs } from './limits.js';

test('health follows the last heartbeat, at the limits and beyond', () => {
  const now = Date.UTC(2026, 0, 1);
  const f = (silenceMs: number) =>
    agentHealth({ state: 'Active', lastHeartbeat: new Date(now - silenceMs).toISOString() }, now);
  assert.equal(f(0), 'healthy');
  assert.equal(f(agentLateAfterMs - 1), 'healthy');
  assert.equal(f(agentLateAfterMs), 'late');
  assert.equal(f(agentSilentAfterMs), 'silent');
  assert.equal(agentHealth({ state: 'Active', lastHeartbeat: null }, now), 'never');
  assert.equal(agentHealth({ state: 'Revoked', lastHeartbeat: null }, now), 'revoked');
});

test('says how long ago', () => {
  const now = 1_000_000_000_000;
  const f = (ms: number) => relativeTime(new Date(now - ms).toISOString(), now);
  assert.equal(f(0), 'now');
  assert.equal(f(42_000), '42 s ago');
  assert.equal(f(150_000), '2 min ago');
  assert.equal(f(-3 * 86_400_000), 'in 3 d');
  assert.equal(relativeTime(null, now), 'never');
});
