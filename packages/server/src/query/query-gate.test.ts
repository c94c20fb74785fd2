import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@strongroom/testkit';
import { HttpError } from '../http/errors.js';
import { queryLimits } from './limits.js';
import { QueryGate } from './query-gate.js';

const limits = {
  ...queryLimits,
  runningPerWorkspaceMax: 2,
  waitingPerWorkspaceMax: 1,
  waitMsMax: 1000,
};
const never = new AbortController().signal;
const is429 = (error: unknown): boolean =>
  error instanceof HttpError && error.status === 429 && error.headers['retry-after'] !== undefined;

test('lets so many run, so many wait in turn, and refuses the rest', async () => {
  const gate = new QueryGate(new ManualClock(), limits);
  const leaveFirst = await gate.enter('w', never);
  await gate.enter('w', never);
  const waiting = gate.enter('w', never);
  await assert.rejects(() => gate.enter('w', never), is429);
  (await gate.enter('other', never))();
  leaveFirst();
  leaveFirst();
  const leaveThird = await waiting;
  const fourth = gate.enter('w', never);
  leaveThird();
  (await fourth)();
});

test('who waits too long, or leaves, frees the place', async () => {
  const clock = new ManualClock();
  const gate = new QueryGate(clock, limits);
  const leave = [await gate.enter('w', never), await gate.enter('w', never)];
  const late = assert.rejects(gate.enter('w', never), is429);
  await clock.advance(1000);
  await late;
  const client = new AbortController();
  const gone = assert.rejects(gate.enter('w', client.signal), is429);
  client.abort();
  await gone;
  const next = gate.enter('w', never);
  for (const each of leave) each();
  (await next)();
});
