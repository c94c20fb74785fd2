import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { utf8 } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import { systemClock } from '@strongroom/platform';
import { ManualClock } from '@strongroom/testkit';
import { HttpError } from '../http/errors.js';
import type { Incoming } from '../http/request.js';
import { readRequestPath } from '../http/request-path.js';
import { ingestLimits } from './limits.js';
import { receiveBody } from './receive.js';

const limits = { ...ingestLimits, wireBytesMax: 1000, plainBytesMax: 5000 };

function request(body: AsyncIterable<Uint8Array>, headers: Record<string, string>): Incoming {
  return {
    method: 'POST',
    path: readRequestPath('/'),
    headers,
    origin: '',
    callerIp: '',
    correlationId: '',
    signal: new AbortController().signal,
    body,
  };
}

async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const receive = (
  bytes: Uint8Array,
  headers: Record<string, string> = {},
  clock: Clock = systemClock,
) => receiveBody(request(pieces(bytes), headers), limits, clock);
const gzip = { 'content-encoding': 'gzip' };
const refused = (status: number, code: string) => (error: unknown) => {
  assert.ok(error instanceof HttpError);
  assert.deepEqual([error.status, error.code], [status, code]);
  return true;
};

test('gives the plain bytes, and takes exactly the limits', async () => {
  for (const size of [0, 1, 999, 1000]) {
    const { plain } = await receive(new Uint8Array(size).fill(65));
    assert.equal(plain.length, size);
  }
  for (const size of [0, 1, 4999, 5000]) {
    const wire = gzipSync(new Uint8Array(size).fill(65));
    const received = await receive(wire, gzip);
    assert.deepEqual([received.plain.length, received.wireBytes], [size, wire.length]);
  }
  const twoMembers = Buffer.concat([gzipSync('ab'), gzipSync('cd')]);
  assert.equal(Buffer.from((await receive(twoMembers, gzip)).plain).toString(), 'abcd');
});

test('tells of each piece that it keeps, and ends with what that throws', async () => {
  let told = 0;
  const body = request(pieces(new Uint8Array(100).fill(65)), {});
  const count = (bytes: number): void => {
    told += bytes;
    if (told > 50) throw new HttpError(429, 'TooManyRequests', 'enough');
  };
  await assert.rejects(
    receiveBody(body, limits, systemClock, count),
    refused(429, 'TooManyRequests'),
  );
  assert.equal(told, 56);
});

test('refuses one byte beyond, declared or not, plain or inflated', async () => {
  const large = refused(413, 'ContentLengthLimitExceeded');
  await assert.rejects(receive(new Uint8Array(1001)), large);
  await assert.rejects(receive(new Uint8Array(1), { 'content-length': '1001' }), large);
  await assert.rejects(receive(gzipSync(new Uint8Array(5001)), gzip), large);
  await assert.rejects(receive(gzipSync(new Uint8Array(900_000)), gzip), large);
});

test('refuses gzip that is none, is damaged, is cut anywhere, or lies about its size', async () => {
  const bad = refused(400, 'InvalidPayload');
  const whole = gzipSync('[{"a":1}]');
  await assert.rejects(receive(utf8('[{"a":1}]'), gzip), bad);
  await assert.rejects(receive(deflateSync('[{"a":1}]'), gzip), bad);
  for (let cut = 1; cut < whole.length; cut += 1) {
    await assert.rejects(receive(whole.subarray(0, cut), gzip), bad, `cut at ${cut}`);
  }
  const lying = whole.slice();
  lying.fill(255, lying.length - 4);
  await assert.rejects(receive(lying, gzip), bad);
  await assert.rejects(
    receive(whole, { 'content-encoding': 'br' }),
    refused(415, 'UnsupportedContentEncoding'),
  );
});

test('gives up a body that stops, and one that dribbles', async () => {
  const clock = new ManualClock();
  async function* dribble(everyMs: number): AsyncGenerator<Uint8Array> {
    for (;;) {
      yield Uint8Array.of(32);
      await clock.sleep(everyMs);
    }
  }
  for (const everyMs of [limits.bodyIdleMs + 1, 10_000]) {
    const outcome = assert.rejects(
      receiveBody(request(dribble(everyMs), {}), limits, clock),
      refused(408, 'RequestTimeout'),
    );
    for (let step = 0; step < 16; step += 1) await clock.advance(5_000);
    await outcome;
  }
});
