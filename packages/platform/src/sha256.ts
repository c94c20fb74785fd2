import { createHash } from 'node:crypto';
import type { Sha256 } from '@strongroom/base';

/** SHA-256 of the parts one after the other (FIPS 180-4). */
export const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};
