import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameReader, encodeFrame } from './frames.js';
import type { Frame } from './frames.js';
import { frameHeaderBytesMax } from './limits.js';

describe('frames', () => {
  const sent = [
    { header: { id: 1, text: 'é' }, payload: [] },
    { header: { id: 2 }, payload: [Buffer.from('ab'), Buffer.from([0, 255])] },
    { header: {}, payload: [Buffer.alloc(70_000, 7)] },
  ];
  const bytes = Buffer.concat(sent.flatMap((each) => encodeFrame(each.header, each.payload)));

  it('come out as they went in, however the bytes are cut', () => {
    for (const size of [1, 3, 8, 4096, bytes.length]) {
      const got: Frame<object>[] = [];
      const reader = new FrameReader<object>((frame) => got.push(frame));
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      assert.deepEqual(
        got.map(({ header, payload }) => ({ header, payload: payload.toString('hex') })),
        sent.map(({ header, payload }) => ({
          header,
          payload: Buffer.concat(payload).toString('hex'),
        })),
      );
    }
  });

  it('have a largest header', () => {
    const prefix = Buffer.alloc(8);
    const reader = new FrameReader(() => undefined);
    prefix.writeUInt32BE(frameHeaderBytesMax + 1);
    assert.throws(() => reader.push(prefix), /beyond its limit/);
  });
});
