import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advance, trustedClockLimits } from './trusted-clock.js';
import type { TrustedState } from './trusted-clock.js';

const hour = 3_600_000;
const day = 24 * hour;
const full: TrustedState = { trusted: 1_000 * day, budget: trustedClockLimits.jumpMsMax };

test('follows a clock that goes on as time does', () => {
  let state = full;
  for (let step = 1; step <= 1_000; step += 1) {
    state = advance(state, hour, full.trusted + step * hour);
  }
  assert.equal(state.trusted, full.trusted + 1_000 * hour);
});

test('a night off is believed, ten years are not', () => {
  assert.equal(advance(full, 0, full.trusted + 2 * day).trusted, full.trusted + 2 * day);
  const jumped = advance(full, hour, full.trusted + 3_650 * day);
  assert.equal(jumped.trusted, full.trusted + hour, 'only what has passed');
  const later = advance(jumped, 30 * day, full.trusted + 3_700 * day);
  assert.equal(later.trusted, full.trusted + hour + 30 * day);
});

test('many small jumps are not worth more than time that passes', () => {
  let state = full;
  let machine = full.trusted;
  let passed = 0;
  for (let step = 0; step < 500; step += 1) {
    machine += day;
    passed += hour;
    state = advance(state, hour, machine);
  }
  const { jumpEarned, jumpMsMax } = trustedClockLimits;
  assert.ok(state.trusted - full.trusted <= passed * (1 + jumpEarned) + jumpMsMax);
});

test('a clock set back never takes time back, and is followed again where it returns', () => {
  const back = advance(full, hour, full.trusted - 3_650 * day);
  assert.equal(back.trusted, full.trusted + hour);
  const again = advance(back, hour, full.trusted + 2 * hour);
  assert.equal(again.trusted, full.trusted + 2 * hour);
});
