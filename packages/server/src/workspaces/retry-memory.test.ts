import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '@strongroom/platform';
import { RetryMemory } from './retry-memory.js';
import { TimeMarks } from './time-marks.js';

const fingerprint = (number: number): Uint8Array => sha256(Uint8Array.of(number)).slice(0, 16);

test('finds what it was told, and forgets the oldest beyond its limit', () => {
  const memory = new RetryMemory(3);
  for (let at = 0; at < 5; at += 1) memory.add(BigInt(at), fingerprint(at));
  memory.add(5n, undefined);
  assert.equal(memory.next, 6n);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((at) => memory.find(fingerprint(at))),
    [undefined, undefined, 2n, 3n, 4n],
  );
  memory.forgetBelow(4n);
  assert.deepEqual([memory.find(fingerprint(3)), memory.find(fingerprint(4))], [undefined, 4n]);
});

test('a snapshot is whole or nothing', () => {
  const memory = new RetryMemory(10);
  const marks = new TimeMarks();
  for (let at = 0; at < 3; at += 1) {
    memory.add(BigInt(at), fingerprint(at));
    marks.add(at * 100_000, BigInt(at));
  }
  marks.add(900_000, 7n);
  const bytes = memory.encode(sha256, marks);
  const copy = new RetryMemory(10);
  const copiedMarks = new TimeMarks();
  assert.equal(copy.load(bytes, sha256, copiedMarks), true);
  assert.deepEqual([copy.next, copy.size, copy.find(fingerprint(2))], [3n, 3, 2n]);
  assert.deepEqual(
    [...copiedMarks].map(({ position }) => position),
    [0n, 1n, 2n],
    'marks beyond what the memory knows are read again',
  );
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    const other = new RetryMemory(10);
    assert.equal(other.load(changed, sha256, new TimeMarks()), false, `byte ${at}`);
    assert.equal(other.load(bytes.slice(0, at), sha256, new TimeMarks()), false, `cut at ${at}`);
    assert.equal(other.size, 0);
  }
});
