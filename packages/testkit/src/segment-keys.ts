import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Random } from '@strongroom/base';
import { seededRandom } from './seeded-random.js';

interface Context {
  readonly journalId: string;
  readonly segment: bigint;
}

/**
 * Segment keys for tests of what uses a journal: really random (by the seed), really wrapped, and
 * bound to their context. Its type is that of the journal's `SegmentKeys`. Two with the same seed
 * open each other's keys; give them different sources of randomness where both make some.
 */
export function testSegmentKeys(
  seed: string | number,
  random: Random = seededRandom(`segment-keys/${seed}`),
): {
  create(context: Context): Promise<{ key: Uint8Array; wrapped: Uint8Array }>;
  open(wrapped: Uint8Array, context: Context): Promise<Uint8Array>;
} {
  const master = createHash('sha256').update(`master/${seed}`).digest();
  const bind = ({ journalId, segment }: Context): Buffer =>
    Buffer.from(`${journalId}/${segment}`, 'utf8');
  return {
    async create(context) {
      const key = random.bytes(32);
      const nonce = random.bytes(12);
      const cipher = createCipheriv('aes-256-gcm', master, nonce).setAAD(bind(context));
      const sealed = cipher.update(key);
      cipher.final();
      return { key, wrapped: new Uint8Array(Buffer.concat([nonce, sealed, cipher.getAuthTag()])) };
    },
    async open(wrapped, context) {
      const decipher = createDecipheriv('aes-256-gcm', master, wrapped.subarray(0, 12), {
        authTagLength: 16,
      });
      decipher.setAAD(bind(context)).setAuthTag(wrapped.subarray(44));
      const key = decipher.update(wrapped.subarray(12, 44));
      decipher.final();
      return new Uint8Array(key);
    },
  };
}
