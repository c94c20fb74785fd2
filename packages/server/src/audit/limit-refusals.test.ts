import assert from 'node:assert/strict';
import { test } from 'node:test';
import { principalId } from '@strongroom/base';
import { ManualClock } from '@strongroom/testkit';
import { HttpError } from '../http/errors.js';
import type { AuditEvent } from './audit.js';
import { limitRefusals, refusalsPerMinuteMax } from './limit-refusals.js';

const event = (id: string, outcome: AuditEvent['outcome']): AuditEvent => ({
  principal: { kind: 'Application', id: principalId(id), name: 'a', proof: 'token' },
  operation: 'x',
  outcome,
  target: '/',
});
const one = '11111111-1111-4111-8111-111111111111';
const other = '22222222-2222-4222-8222-222222222222';

test('hears so many refusals of a principal in a minute, all of others, and every act', async () => {
  let written = 0;
  const clock = new ManualClock();
  const audit = limitRefusals({ record: async () => void (written += 1) }, clock);
  for (let count = 0; count < refusalsPerMinuteMax; count += 1) {
    await audit.record(event(one, 'Refused'));
  }
  await assert.rejects(
    audit.record(event(one, 'Refused')),
    (error: unknown) => error instanceof HttpError && error.status === 429,
  );
  assert.equal(written, refusalsPerMinuteMax);
  await audit.record(event(other, 'Refused'));
  await audit.record(event(one, 'Started'));
  await audit.record({ ...event(one, 'Refused'), principal: { anonymous: true } });
  assert.equal(written, refusalsPerMinuteMax + 3);
  await clock.advance(61_000);
  await audit.record(event(one, 'Refused'));
});
