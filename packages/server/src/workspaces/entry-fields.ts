import { StrongroomError, concatBytes, fromUtf8, utf8 } from '@strongroom/base';
import type { WorkspaceErrorCode } from './errors.js';

/** The fields of entry metadata: `docs/formats/entry.md`. Integers are big-endian. */
export function uint16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function uint64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

export function sized16(value: string): Uint8Array {
  const bytes = utf8(value);
  return concatBytes(uint16(bytes.length), bytes);
}

/** A refusal to read metadata. */
export const unreadable = (what: string): StrongroomError<WorkspaceErrorCode> =>
  new StrongroomError('ENTRY_UNREADABLE', `The entry's metadata has ${what}.`);

/** UTF-8, strictly. */
export function strictText(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw unreadable('text that is not UTF-8');
  }
}

/** Reads fields one after the other. Throws `ENTRY_UNREADABLE` beyond the end. */
export class EntryReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(size: number): Uint8Array {
    if (this.#at + size > this.#bytes.length) throw unreadable('too few bytes');
    const bytes = this.#bytes.subarray(this.#at, this.#at + size);
    this.#at += size;
    return new Uint8Array(bytes);
  }

  uint8(): number {
    return this.take(1)[0]!;
  }

  uint16(): number {
    return Buffer.from(this.take(2)).readUInt16BE();
  }

  uint32(): number {
    return Buffer.from(this.take(4)).readUInt32BE();
  }

  uint64(): bigint {
    return Buffer.from(this.take(8)).readBigUInt64BE();
  }

  text16(): string {
    return strictText(this.take(this.uint16()));
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }
}
