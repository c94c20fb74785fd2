/**
 * How parent and child speak over the inherited socket: `docs/formats/engine.md`.
 *
 * A frame is the header's size (u32, big endian), the payload's size (u32), the header (JSON in
 * UTF-8) and the payload (raw bytes: rows, results, keys), which is never copied into a string.
 */

import { invariant } from '@strongroom/base';
import { frameHeaderBytesMax } from './limits.js';

export interface Frame<Header> {
  readonly header: Header;
  /** The frame's own bytes; the receiver may keep and change them. */
  readonly payload: Buffer;
}

const prefixSize = 8;

/** The bytes of a frame, as parts to be written one after the other. */
export function encodeFrame(header: object, payload: readonly Uint8Array[] = []): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  let size = 0;
  for (const part of payload) size += part.length;
  const prefix = Buffer.allocUnsafe(prefixSize);
  prefix.writeUInt32BE(text.length, 0);
  prefix.writeUInt32BE(size, 4);
  return [prefix, text, ...payload];
}

/** Puts frames together from what a socket gives. One buffer a frame, each byte copied once. */
export class FrameReader<Header> {
  readonly #onFrame: (frame: Frame<Header>) => void;
  readonly #prefix = Buffer.alloc(prefixSize);
  #have = 0;
  #body: Buffer | undefined;
  #headerSize = 0;

  constructor(onFrame: (frame: Frame<Header>) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body === undefined) {
        const taken = chunk.copy(this.#prefix, this.#have, at, at + prefixSize - this.#have);
        at += taken;
        this.#have += taken;
        if (this.#have < prefixSize) return;
        this.#headerSize = this.#prefix.readUInt32BE(0);
        invariant(this.#headerSize <= frameHeaderBytesMax, 'a frame header beyond its limit');
        // Not from the shared pool: the payload is kept and handed to the engine.
        this.#body = Buffer.allocUnsafeSlow(this.#headerSize + this.#prefix.readUInt32BE(4));
        this.#have = 0;
      }
      const body: Buffer = this.#body;
      const taken = chunk.copy(body, this.#have, at);
      at += taken;
      this.#have += taken;
      if (this.#have === body.length) {
        this.#body = undefined;
        this.#have = 0;
        const header = JSON.parse(body.toString('utf8', 0, this.#headerSize)) as Header;
        this.#onFrame({ header, payload: body.subarray(this.#headerSize) });
      }
    }
  }
}
