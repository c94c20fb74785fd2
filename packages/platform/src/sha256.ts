import { createHash, hash } from 'node:crypto';
import type { Sha256 } from '@strongroom/base';

/** SHA-256 of the parts one after the other (FIPS 180-4). */
export const sha256: Sha256 = (...parts) => {
  const [only] = parts;
  // Merkle nodes are millions of short single parts: the one-shot call takes half the time.
  if (parts.length === 1 && only !== undefined) {
    return new Uint8Array(hash('sha256', only, 'buffer'));
  }
  const all = createHash('sha256');
  for (const part of parts) all.update(part);
  return new Uint8Array(all.digest());
};
