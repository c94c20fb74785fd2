import { createHash } from 'node:crypto';
import { ed25519Signer } from '@strongroom/keys';
import type { Ed25519Signer } from '@strongroom/keys';

/** A signer whose Ed25519 key follows from its name: the same in every run, and worth nothing. */
export function testSigner(keyName: string, seed = keyName): Ed25519Signer & { keyName: string } {
  const bytes = createHash('sha256').update(`strongroom/test-signer/${seed}`).digest();
  return { keyName, ...ed25519Signer(new Uint8Array(bytes)) };
}
