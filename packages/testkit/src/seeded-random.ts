import { createCipheriv, createHash } from 'node:crypto';
import type { Random } from '@strongroom/base';
import { invariant } from '@strongroom/base';

/** A {@link Random} that gives the same for the same seed, with what tests draw from it. */
export interface SeededRandom extends Random {
  /** An integer from 0 up to and without `below` (1 to 2^32), evenly. */
  integer(below: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of the items, evenly. */
  pick<T>(items: readonly T[]): T;
  /** Another source that depends on this one's seed and the name alone. */
  fork(name: string): SeededRandom;
}

const blockBytes = 4096;

/**
 * A repeatable random source: the key stream of AES-256-CTR under SHA-256 of the seed. As good as
 * the cipher, unlike a linear congruential generator, whose output compresses and repeats.
 */
export function seededRandom(seed: string | number): SeededRandom {
  const key = createHash('sha256').update(`strongroom/testkit/${seed}`).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(blockBytes);
  let block: Buffer = Buffer.alloc(0);

  const bytes = (size: number): Uint8Array<ArrayBuffer> => {
    if (size > blockBytes) return new Uint8Array(stream.update(Buffer.alloc(size)));
    const out = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      if (block.length === 0) block = stream.update(zeros);
      const part = block.subarray(0, size - filled);
      out.set(part, filled);
      filled += part.length;
      block = block.subarray(part.length);
    }
    return out;
  };

  const word = (): number => Buffer.from(bytes(4)).readUInt32BE();

  const integer = (below: number): number => {
    invariant(Number.isInteger(below) && below >= 1 && below <= 2 ** 32, 'below is 1 to 2^32');
    const limit = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const value = word();
      if (value < limit) return value % below;
    }
  };

  return {
    bytes,
    integer,
    chance: (probability) => word() < probability * 2 ** 32,
    pick: (items) => {
      invariant(items.length > 0, 'there is something to pick from');
      return items[integer(items.length)]!;
    },
    fork: (name) => seededRandom(`${seed}/${name}`),
    uuid() {
      const id = Buffer.from(bytes(16));
      id[6] = (id[6]! & 0x0f) | 0x40;
      id[8] = (id[8]! & 0x3f) | 0x80;
      const hex = id.toString('hex');
      return [
        hex.slice(0, 8),
        hex.slice(8, 12),
        hex.slice(12, 16),
        hex.slice(16, 20),
        hex.slice(20),
      ].join('-');
    },
  };
}
