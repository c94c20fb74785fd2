import { randomBytes, randomUUID } from 'node:crypto';
import type { Random } from '@strongroom/base';

/** The system's cryptographic random source. */
export const systemRandom: Random = {
  bytes: (size) => new Uint8Array(randomBytes(size)),
  uuid: () => randomUUID(),
};
