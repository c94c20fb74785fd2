import { equalBytes, utf8 } from '@strongroom/base';
import type { Fs, Sha256 } from '@strongroom/base';
import type { TimeMarks } from './time-marks.js';

/**
 * Which requests the workspace already holds: fingerprint → journal position.
 *
 * A fold over the journal's metadata, so it can be rebuilt while the journal holds the window. The
 * snapshot file only makes opening quick: it says up to which position it is complete, and what
 * follows is read from the journal. `docs/formats/entry.md` §Retry snapshot.
 */
export class RetryMemory {
  readonly #max: number;
  /** In the order of positions, so the oldest is first. */
  readonly #positions = new Map<string, number>();
  #next = 0n;

  constructor(max: number) {
    this.#max = max;
  }

  /** Entries below are known. */
  get next(): bigint {
    return this.#next;
  }

  get size(): number {
    return this.#positions.size;
  }

  find(fingerprint: Uint8Array): bigint | undefined {
    const position = this.#positions.get(keyOf(fingerprint));
    return position === undefined ? undefined : BigInt(position);
  }

  /** Notes the entry at `position`, and that all before it are known. */
  add(position: bigint, fingerprint: Uint8Array | undefined): void {
    if (position >= this.#next) this.#next = position + 1n;
    if (fingerprint === undefined) return;
    this.#positions.set(keyOf(fingerprint), Number(position));
    if (this.#positions.size > this.#max) {
      for (const oldest of this.#positions.keys()) {
        this.#positions.delete(oldest);
        break;
      }
    }
  }

  /** Forgets what lies below a position. */
  forgetBelow(position: bigint): void {
    for (const [key, at] of this.#positions) {
      if (BigInt(at) >= position) break;
      this.#positions.delete(key);
    }
  }

  /** What {@link load} reads: this and the journal's time marks, complete below {@link next}. */
  encode(sha256: Sha256, marks: TimeMarks): Uint8Array {
    const times = [...marks].filter(({ position }) => position < this.#next);
    const size = headSize + this.#positions.size * recordSize + times.length * markSize;
    const body = Buffer.alloc(size);
    body.set(magic, 0);
    body.writeBigUInt64BE(this.#next, 8);
    body.writeUInt32BE(this.#positions.size, 16);
    body.writeUInt32BE(times.length, 20);
    let at = headSize;
    for (const [key, position] of this.#positions) {
      body.write(key, at, 'latin1');
      body.writeBigUInt64BE(BigInt(position), at + 16);
      at += recordSize;
    }
    for (const { time, position } of times) {
      body.writeBigUInt64BE(BigInt(time), at);
      body.writeBigUInt64BE(position, at + 8);
      at += markSize;
    }
    return Buffer.concat([body, sha256(body)]);
  }

  /** Takes a snapshot over into this and `marks`; false where it is not whole: nothing was taken. */
  load(bytes: Uint8Array, sha256: Sha256, marks: TimeMarks): boolean {
    const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (raw.length < headSize + 32 || !equalBytes(raw.subarray(0, 8), magic)) return false;
    const marksAt = headSize + raw.readUInt32BE(16) * recordSize;
    const end = marksAt + raw.readUInt32BE(20) * markSize;
    if (raw.length !== end + 32) return false;
    const body = raw.subarray(0, end);
    if (!equalBytes(sha256(body), raw.subarray(end))) return false;
    for (let at = headSize; at < marksAt; at += recordSize) {
      const key = body.toString('latin1', at, at + 16);
      this.#positions.set(key, Number(body.readBigUInt64BE(at + 16)));
    }
    for (let at = marksAt; at < end; at += markSize) {
      marks.add(Number(body.readBigUInt64BE(at)), body.readBigUInt64BE(at + 8));
    }
    this.#next = body.readBigUInt64BE(8);
    return true;
  }
}

const magic = utf8('SRRETRY1');
const headSize = 24;
const recordSize = 24;
const markSize = 16;
const keyOf = (fingerprint: Uint8Array): string => Buffer.from(fingerprint).toString('latin1');

/** Writes a file so that after a crash it is the old one or the new one. */
export async function replaceFile(fs: Fs, path: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${path}.new`;
  if ((await fs.stat(fresh)) !== undefined) await fs.remove(fresh);
  const file = await fs.open(fresh, 'create');
  try {
    await file.write(0, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(fresh, path);
  await fs.syncDirectory(path.slice(0, path.lastIndexOf('/')));
}
