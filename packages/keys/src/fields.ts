import { concatBytes, equalBytes, fromUtf8, utf8 } from '@strongroom/base';
import { keysError } from './errors.js';

/** A 32-bit length in front of each part: no two lists of parts give the same bytes. */
export function frame(...parts: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const framed: Uint8Array[] = [];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? utf8(part) : part;
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, bytes.length);
    framed.push(size, bytes);
  }
  return concatBytes(...framed);
}

/** Big-endian fields, written one after the other. */
export class FieldWriter {
  readonly #parts: Uint8Array[] = [];

  bytes(value: Uint8Array): this {
    this.#parts.push(value);
    return this;
  }

  uint(value: number | bigint, size: 1 | 2 | 8): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
    return this.bytes(bytes.subarray(8 - size));
  }

  /** A length of `size` bytes, then the bytes. */
  sized(value: Uint8Array, size: 1 | 2): this {
    return this.uint(value.length, size).bytes(value);
  }

  end(): Uint8Array<ArrayBuffer> {
    return concatBytes(...this.#parts);
  }
}

/** Reads what {@link FieldWriter} wrote; throws `KEYS_MALFORMED` where bytes are missing or left over. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  refuse(why: string): never {
    throw keysError('KEYS_MALFORMED', `The ${this.#what} ${why}.`);
  }

  bytes(size: number): Uint8Array<ArrayBuffer> {
    if (this.#at + size > this.#bytes.length) this.refuse('is cut off');
    this.#at += size;
    return this.#bytes.slice(this.#at - size, this.#at);
  }

  uint(size: 1 | 2): number {
    return this.bytes(size).reduce((value, byte) => value * 256 + byte, 0);
  }

  uint64(): bigint {
    return new DataView(this.bytes(8).buffer).getBigUint64(0);
  }

  sized(size: 1 | 2): Uint8Array<ArrayBuffer> {
    return this.bytes(this.uint(size));
  }

  text(size: 1 | 2): string {
    const bytes = this.sized(size);
    try {
      return fromUtf8(bytes);
    } catch {
      return this.refuse('has text that is not UTF-8');
    }
  }

  /** Fixed bytes that must stand here: a magic, a version. */
  expect(expected: Uint8Array, why: string): void {
    if (!equalBytes(this.bytes(expected.length), expected)) this.refuse(why);
  }

  rest(): Uint8Array<ArrayBuffer> {
    return this.bytes(this.#bytes.length - this.#at);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) this.refuse('has bytes left over');
  }
}
