import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes, equalBytes, toHex } from '@strongroom/base';
import type { Random } from '@strongroom/base';
import { keysError } from './errors.js';
import { FieldReader } from './fields.js';
import { limits } from './limits.js';

/** A symmetric key with the id that headers name it by. */
export interface AeadKey {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Bytes of a key, of a key id, and of everything that a sealed box adds to its plain text. */
export const keySize = 32;
export const keyIdSize = 16;
const nonceSize = 12;
const tagSize = 16;
const headerSize = 2 + keyIdSize;
export const sealedOverhead = headerSize + nonceSize + tagSize;

const version = 1;
/** Algorithm ids of the sealed box. 1: AES-256-GCM, 96-bit random nonce, 128-bit tag. */
const aes256Gcm = 1;

/**
 * Seals bytes: version, algorithm, key id, nonce, ciphertext, tag (docs/formats/keys.md). `context`
 * says what the bytes are and where they belong; it is authenticated together with the header, not
 * stored, and must be the same when opened.
 *
 * The nonce is random, so one key may seal at most 2^32 boxes (NIST SP 800-38D §8.3).
 */
export function sealAead(
  random: Random,
  key: AeadKey,
  box: { plain: Uint8Array; context: Uint8Array },
): Uint8Array<ArrayBuffer> {
  checkKey(key);
  if (box.plain.length + sealedOverhead > limits.sealedBytesMax) {
    throw keysError('KEYS_OUT_OF_RANGE', 'The bytes to seal are too many.');
  }
  const header = concatBytes(new Uint8Array([version, aes256Gcm]), key.id);
  const nonce = random.bytes(nonceSize);
  const cipher = createCipheriv('aes-256-gcm', key.key, nonce, { authTagLength: tagSize });
  cipher.setAAD(concatBytes(header, box.context));
  const body = cipher.update(box.plain);
  cipher.final();
  return concatBytes(header, nonce, body, cipher.getAuthTag());
}

/**
 * Opens what {@link sealAead} sealed. Throws `KEYS_OPEN_FAILED` where key, context or any byte
 * differs, `KEYS_UNKNOWN_KEY` where the header names another key, `KEYS_MALFORMED` for other forms.
 */
export function openAead(
  key: AeadKey,
  box: { sealed: Uint8Array; context: Uint8Array },
): Uint8Array<ArrayBuffer> {
  checkKey(key);
  const { sealed, context } = box;
  if (!equalBytes(sealedKeyId(sealed), key.id)) {
    throw keysError(
      'KEYS_UNKNOWN_KEY',
      `The box was sealed under another key than ${toHex(key.id)}.`,
    );
  }
  const nonce = sealed.subarray(headerSize, headerSize + nonceSize);
  const body = sealed.subarray(headerSize + nonceSize, sealed.length - tagSize);
  const decipher = createDecipheriv('aes-256-gcm', key.key, nonce, { authTagLength: tagSize });
  decipher.setAAD(concatBytes(sealed.subarray(0, headerSize), context));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagSize));
  const plain = decipher.update(body);
  try {
    decipher.final();
  } catch {
    // Nothing of the unauthenticated plain text may leave, and OpenSSL's reason says nothing.
    plain.fill(0);
    throw keysError('KEYS_OPEN_FAILED', 'The box does not open: wrong key or context, or changed.');
  }
  return new Uint8Array(plain);
}

/** The id of the key that a box was sealed under. Throws `KEYS_MALFORMED`. Not authenticated yet. */
export function sealedKeyId(sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  const reader = new FieldReader(sealed, 'sealed box');
  if (sealed.length < sealedOverhead) reader.refuse('is cut off');
  if (sealed.length > limits.sealedBytesMax) reader.refuse('is too long');
  reader.expect(new Uint8Array([version]), 'is of an unknown version');
  reader.expect(new Uint8Array([aes256Gcm]), 'is of an unknown algorithm');
  return reader.bytes(keyIdSize);
}

function checkKey(key: AeadKey): void {
  if (key.key.length !== keySize || key.id.length !== keyIdSize) {
    throw keysError('KEYS_BAD_KEY', 'A key has 32 bytes and its id 16.');
  }
}
