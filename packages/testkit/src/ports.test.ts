import { test } from 'node:test';
import assert from 'node:assert/strict';
import { isGuid } from '@strongroom/base';
import { ManualClock, seededRandom } from './index.js';

void test('gives the same for the same seed, whatever the sizes asked for', () => {
  const [a, b] = [seededRandom(7), seededRandom(7)];
  const parts = Buffer.concat([a.bytes(5), a.bytes(4000), a.bytes(995)]);
  assert.deepEqual(parts, Buffer.from(Buffer.concat([b.bytes(2500), b.bytes(2500)])));
  assert.notDeepEqual(seededRandom(8).bytes(16), seededRandom(7).bytes(16));
  assert.ok(isGuid(a.uuid()));
});

void test('draws integers evenly', () => {
  const random = seededRandom('even');
  const counts = [0, 0, 0, 0, 0, 0];
  for (let draw = 0; draw < 60_000; draw += 1) counts[random.integer(6)]! += 1;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, String(counts));
});

void test('wakes sleepers in order of time and leaves the others asleep', async () => {
  const clock = new ManualClock(1000);
  const woken: string[] = [];
  const sleep = (name: string, ms: number): Promise<void> =>
    clock.sleep(ms).then(() => {
      woken.push(`${name}@${clock.now()}`);
    });
  const all = [sleep('b', 20), sleep('a', 10)];
  const never = clock.sleep(100);
  await clock.advance(50);
  await Promise.all(all);
  assert.deepEqual(woken, ['a@1010', 'b@1020']);
  assert.equal(clock.now(), 1050);
  assert.equal(clock.sleepers, 1);
  clock.jump(-5000);
  assert.equal(clock.now(), -3950);
  assert.equal(clock.monotonicMs(), 50);
  await clock.advance(50);
  await never;
});

void test('rejects a sleep that is aborted', async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const sleeping = clock.sleep(10, stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(sleeping, /enough/);
  assert.equal(clock.sleepers, 0);
});
