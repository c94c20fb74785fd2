import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@strongroom/testkit';
import { RateLimiter } from './rate-limiter.js';

test('takes the limit within a minute, by key, and forgets what is older', async () => {
  const clock = new ManualClock();
  const rates = new RateLimiter({ clock, requestsMax: 2, bytesMax: 100 });
  assert.equal(rates.admitRequest('a'), 0);
  await clock.advance(30_000);
  assert.equal(rates.admitRequest('a'), 0);
  assert.ok(rates.admitRequest('a') > 0);
  assert.equal(rates.admitRequest('b'), 0);
  await clock.advance(35_000);
  assert.equal(rates.admitRequest('a'), 0, 'the first one is older than a minute');
  assert.ok(rates.admitRequest('a') > 0);
  await clock.advance(3_600_000);
  assert.equal(rates.admitRequest('a'), 0);
  rates.addBytes('a', 100);
  assert.ok(rates.admitRequest('a') > 0);
});
