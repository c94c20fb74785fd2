import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { concatBytes, equalBytes, fromHex } from '@strongroom/base';
import { keysError } from './errors.js';
import { parsePem } from './pem.js';

// DER around the 32 bytes of a raw key (RFC 8410 §4, §7).
const publicPrefix = fromHex('302a300506032b6570032100');
const privatePrefix = fromHex('302e020100300506032b657004220420');

/** Whether an Ed25519 signature verifies (RFC 8032). Throws nothing; false for hostile input. */
export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    return verify(null, message, ed25519PublicKey(publicKey), signature);
  } catch {
    return false;
  }
}

/** A public key object from its 32 bytes. */
export const ed25519PublicKey = (publicKey: Uint8Array): KeyObject =>
  createPublicKey({
    key: Buffer.from(concatBytes(publicPrefix, publicKey)),
    format: 'der',
    type: 'spki',
  });

/** The 32 bytes of a public key in PEM, as `NAME.pub.pem` holds it. Throws `KEYS_BAD_KEY`. */
export function readEd25519PublicKey(pem: string): Uint8Array<ArrayBuffer> {
  const der = parsePem('PUBLIC KEY', pem);
  if (der?.length !== publicPrefix.length + 32 || !equalBytes(der.subarray(0, 12), publicPrefix)) {
    throw keysError('KEYS_BAD_KEY', 'The text is not one Ed25519 public key in PEM.');
  }
  return der.slice(publicPrefix.length);
}

/** Signs with Ed25519. */
export interface Ed25519Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
}

/** A signer from a 32-byte seed (RFC 8032 §5.1.5). Throws `KEYS_BAD_KEY`. */
export function ed25519Signer(seed: Uint8Array): Ed25519Signer {
  if (seed.length !== 32) throw keysError('KEYS_BAD_KEY', 'An Ed25519 seed has 32 bytes.');
  const der = Buffer.from(concatBytes(privatePrefix, seed));
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    publicKey: new Uint8Array(spki.subarray(spki.length - 32)),
    sign: async (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}
