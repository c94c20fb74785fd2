import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { concatBytes, fromHex, utf8 } from '@strongroom/base';
import type { Random } from '@strongroom/base';
import { keysError } from './errors.js';

/**
 * Hybrid public key encryption, RFC 9180, base mode, single shot: DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256 and AES-256-GCM. Checked against the RFC's vectors and another implementation.
 */

/** Bytes of an X25519 key, of the encapsulated key, and of what sealing adds in all. */
export const x25519KeySize = 32;
export const hpkeOverhead = x25519KeySize + 16;

/** Key encapsulation, key derivation and cipher by their numbers (RFC 9180 §7). */
const kemId = 0x0020;
const kdfId = 0x0001;
/** AES-256-GCM. 0x0001 is AES-128-GCM, which only the RFC's vectors use. */
const aes256Gcm = 0x0002;
const keySizes: Readonly<Record<number, 16 | 32>> = { 0x0001: 16, [aes256Gcm]: 32 };
const modeBase = 0;

const spkiPrefix = fromHex('302a300506032b656e032100');
const pkcs8Prefix = fromHex('302e020100300506032b656e04220420');

const i2osp2 = (value: number): Uint8Array => new Uint8Array([value >> 8, value & 0xff]);
const kemSuite = concatBytes(utf8('KEM'), i2osp2(kemId));
const hpkeSuite = (aeadId: number): Uint8Array =>
  concatBytes(utf8('HPKE'), i2osp2(kemId), i2osp2(kdfId), i2osp2(aeadId));

const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHmac('sha256', key).update(data).digest());

/** RFC 9180 §4, over HKDF (RFC 5869) with SHA-256. */
const labeledExtract = (
  suite: Uint8Array,
  options: { salt: Uint8Array; label: string; input: Uint8Array },
): Uint8Array => {
  const labeled = concatBytes(utf8('HPKE-v1'), suite, utf8(options.label), options.input);
  return hmac(options.salt.length === 0 ? new Uint8Array(32) : options.salt, labeled);
};

/** At most 32 bytes: one block of HKDF-Expand. */
const labeledExpand = (
  suite: Uint8Array,
  options: { key: Uint8Array; label: string; info: Uint8Array; size: number },
): Uint8Array => {
  const { key, label, info, size } = options;
  const labeled = concatBytes(i2osp2(size), utf8('HPKE-v1'), suite, utf8(label), info);
  return hmac(key, concatBytes(labeled, new Uint8Array([1]))).subarray(0, size);
};

const publicObject = (raw: Uint8Array): KeyObject =>
  createPublicKey({
    key: Buffer.from(concatBytes(spkiPrefix, raw)),
    format: 'der',
    type: 'spki',
  });

function privateObject(raw: Uint8Array): KeyObject {
  const der = Buffer.from(concatBytes(pkcs8Prefix, raw));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}

function checkRaw(raw: Uint8Array): void {
  if (raw.length !== x25519KeySize) throw keysError('KEYS_BAD_KEY', 'An X25519 key has 32 bytes.');
}

/** The public half of a 32-byte X25519 private key. Throws `KEYS_BAD_KEY`. */
export function x25519PublicKey(privateKey: Uint8Array): Uint8Array<ArrayBuffer> {
  checkRaw(privateKey);
  const spki = createPublicKey(privateObject(privateKey)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(spki.subarray(spki.length - x25519KeySize));
}

/** RFC 9180 §4.1: ExtractAndExpand over the Diffie-Hellman value. */
function sharedSecret(options: {
  privateKey: Uint8Array;
  peer: Uint8Array;
  encapsulated: Uint8Array;
  recipient: Uint8Array;
}): Uint8Array {
  const { privateKey, peer, encapsulated, recipient } = options;
  let dh: Uint8Array;
  try {
    // OpenSSL refuses a peer of small order, as §7.1.4 asks.
    dh = diffieHellman({ privateKey: privateObject(privateKey), publicKey: publicObject(peer) });
  } catch {
    throw keysError('KEYS_OPEN_FAILED', 'The X25519 public key is not usable.');
  }
  const empty = new Uint8Array(0);
  const key = labeledExtract(kemSuite, { salt: empty, label: 'eae_prk', input: dh });
  dh.fill(0);
  const info = concatBytes(encapsulated, recipient);
  return labeledExpand(kemSuite, { key, label: 'shared_secret', info, size: 32 });
}

/** RFC 9180 §5.1, base mode. */
function schedule(
  secret: Uint8Array,
  info: Uint8Array,
  aeadId: number,
): { key: Uint8Array; nonce: Uint8Array } {
  const suite = hpkeSuite(aeadId);
  const empty = new Uint8Array(0);
  const pskIdHash = labeledExtract(suite, { salt: empty, label: 'psk_id_hash', input: empty });
  const infoHash = labeledExtract(suite, { salt: empty, label: 'info_hash', input: info });
  const context = concatBytes(new Uint8Array([modeBase]), pskIdHash, infoHash);
  const prk = labeledExtract(suite, { salt: secret, label: 'secret', input: empty });
  const size = keySizes[aeadId] ?? 32;
  return {
    key: labeledExpand(suite, { key: prk, label: 'key', info: context, size }),
    nonce: labeledExpand(suite, { key: prk, label: 'base_nonce', info: context, size: 12 }),
  };
}

/** What is sealed, to whom, and what it is bound to. */
export interface HpkeBox {
  /** 32 bytes: the recipient's public key. */
  readonly publicKey: Uint8Array;
  /** What the bytes are for; both sides give the same. */
  readonly info: Uint8Array;
  readonly plain: Uint8Array;
}

/** Encapsulated key (32 bytes), ciphertext, tag. Whoever seals cannot open it again. */
export function sealHpke(random: Random, box: HpkeBox): Uint8Array<ArrayBuffer> {
  const ephemeral = random.bytes(x25519KeySize);
  try {
    return sealHpkeWith({ ...box, ephemeral, aad: new Uint8Array(0), aeadId: aes256Gcm });
  } finally {
    ephemeral.fill(0);
  }
}

/** @internal With the ephemeral key and the cipher given: for the vectors. */
export function sealHpkeWith(
  box: HpkeBox & { ephemeral: Uint8Array; aad: Uint8Array; aeadId: number },
): Uint8Array<ArrayBuffer> {
  checkRaw(box.publicKey);
  const encapsulated = x25519PublicKey(box.ephemeral);
  const secret = sharedSecret({
    privateKey: box.ephemeral,
    peer: box.publicKey,
    encapsulated,
    recipient: box.publicKey,
  });
  const { key, nonce } = schedule(secret, box.info, box.aeadId);
  const cipher = createCipheriv(`aes-${key.length === 16 ? 128 : 256}-gcm`, key, nonce, {
    authTagLength: 16,
  });
  cipher.setAAD(box.aad);
  const body = cipher.update(box.plain);
  cipher.final();
  key.fill(0);
  secret.fill(0);
  return concatBytes(encapsulated, body, cipher.getAuthTag());
}

/** Opens what {@link sealHpke} sealed. Throws `KEYS_OPEN_FAILED`, `KEYS_MALFORMED`, `KEYS_BAD_KEY`. */
export function openHpke(box: {
  readonly privateKey: Uint8Array;
  readonly info: Uint8Array;
  readonly sealed: Uint8Array;
}): Uint8Array<ArrayBuffer> {
  const { sealed } = box;
  if (sealed.length < hpkeOverhead) throw keysError('KEYS_MALFORMED', 'The sealed box is cut off.');
  const encapsulated = sealed.subarray(0, x25519KeySize);
  const recipient = x25519PublicKey(box.privateKey);
  const secret = sharedSecret({
    privateKey: box.privateKey,
    peer: encapsulated,
    encapsulated,
    recipient,
  });
  const { key, nonce } = schedule(secret, box.info, aes256Gcm);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(new Uint8Array(0));
  decipher.setAuthTag(sealed.subarray(sealed.length - 16));
  const plain = decipher.update(sealed.subarray(x25519KeySize, sealed.length - 16));
  key.fill(0);
  secret.fill(0);
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    throw keysError('KEYS_OPEN_FAILED', 'The box does not open: wrong key or use, or changed.');
  }
  return new Uint8Array(plain);
}
