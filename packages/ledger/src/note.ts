import {
  concatBytes,
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
  utf8,
} from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { ledgerError } from './errors.js';
import { limits } from './limits.js';
import { accept, attempt, refuse } from './verdict.js';
import type { Verdict } from './verdict.js';

/** Whether an Ed25519 signature over `message` verifies (RFC 8032). Handed in; throws nothing. */
export type VerifySignature = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** Who signs a ledger's checkpoints and receipts. */
export interface NoteSigner {
  /** The key's name in signature lines: the ledger's origin. */
  readonly keyName: string;
  /** 32 bytes (RFC 8032 §5.1.5). */
  readonly publicKey: Uint8Array;
  /** The 64 bytes of an Ed25519 signature. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** Signature type bytes (c2sp.org/signed-note, Signature types) that we make and verify. */
export const signatureType = { ed25519: 0x01, timestampedEd25519: 0x04 } as const;

/** One signature line. `keyId` is 4 bytes. */
export interface NoteSignature {
  readonly keyName: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** A parsed, not yet verified note. `text` ends in a newline. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A key that verifies notes, and its text form `name+hash+base64`. */
export interface VerifierKey {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly type: number;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /**
   * Where a key that was replaced ends: it signs no tree of more leaves, and no receipt after that time
   * (milliseconds since 1970).
   */
  readonly retired?: { readonly size: bigint; readonly time: number };
}

// Unicode spaces as the reference implementation sees them, plus "+"; control characters and lone
// surrogates have no place in a name either.
const nameTrap = /[\s\u0085+\p{Cc}\p{Cs}]/u;
// Control characters below U+0020 but the newline, and surrogates that UTF-8 cannot carry.
const noteTrap = /[^\P{Cc}\n\u007f-\u009f]|\p{Cs}/u;

/** True for an origin or key name that is unambiguous in notes (c2sp.org/signed-note, Format). */
export const isName = (name: string): boolean =>
  name.length > 0 && name.length <= limits.nameCharactersMax && !nameTrap.test(name);

/** First four bytes of SHA-256(name || 0x0A || type || public key) (c2sp.org/signed-note, Signatures). */
export function keyIdOf(
  sha256: Sha256,
  key: { name: string; type: number; publicKey: Uint8Array },
): Uint8Array {
  const hash = sha256(utf8(`${key.name}\n`), new Uint8Array([key.type]), key.publicKey);
  return hash.subarray(0, 4);
}

/** A number in canonical decimal: no sign, no leading zero, below 2^63. `undefined` for all else. */
export function parseDecimal(text: string): bigint | undefined {
  // `BigInt` alone would take "", "0x1f", " 7 " and "-1".
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value < 1n << 63n ? value : undefined;
}

/** The text form of an Ed25519 verifier key: `<name>+<hex key id>+<base64(type || key)>`. */
export function printVerifierKey(
  sha256: Sha256,
  key: { name: string; publicKey: Uint8Array; type?: number },
): string {
  const { name, publicKey, type = signatureType.ed25519 } = key;
  if (!isName(name)) throw ledgerError('LEDGER_BAD_NAME', 'The key name is not usable in a note.');
  if (publicKey.length !== 32) {
    throw ledgerError('LEDGER_KEY_MALFORMED', 'An Ed25519 public key has 32 bytes.');
  }
  const id = toHex(keyIdOf(sha256, { name, type, publicKey }));
  return `${name}+${id}+${toBase64(concatBytes(new Uint8Array([type]), publicKey))}`;
}

/** Reads a verifier key strictly. Throws `LEDGER_KEY_MALFORMED`. */
export function parseVerifierKey(sha256: Sha256, text: string): VerifierKey {
  const bad = (why: string): never => {
    throw ledgerError('LEDGER_KEY_MALFORMED', `The verifier key ${why}.`);
  };
  // The base64 may hold "+" too, so only the first two separate.
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,128})$/.exec(text);
  if (match === null) return bad('does not have the form name+hash+base64');
  const name = match[1]!;
  if (!isName(name)) return bad('has a name that is not usable in a note');
  const bytes = attempt('LEDGER_KEY_MALFORMED', () => fromBase64(match[3]!));
  if (!bytes.ok) return bad('is not canonical base64');
  const type = bytes.value[0];
  const publicKey = bytes.value.subarray(1);
  if (type !== signatureType.ed25519 && type !== signatureType.timestampedEd25519) {
    return bad('has an unknown signature type');
  }
  if (publicKey.length !== 32) return bad('does not hold 32 bytes');
  const keyId = fromHex(match[2]!);
  if (!equalBytes(keyId, keyIdOf(sha256, { name, type, publicKey }))) {
    return bad('does not have the hash of its own name and key');
  }
  return { name, keyId, type, publicKey };
}

/** Reads a signed note strictly (c2sp.org/signed-note, Format). Throws `LEDGER_NOTE_MALFORMED`. */
export function parseNote(source: string): Note {
  const bad = (why: string): never => {
    throw ledgerError('LEDGER_NOTE_MALFORMED', `The note ${why}.`);
  };
  if (source.length > limits.noteBytesMax) return bad('is too long');
  if (noteTrap.test(source)) return bad('has a control character');
  const split = source.lastIndexOf('\n\n');
  if (split < 0) return bad('has no blank line before its signatures');
  if (!source.endsWith('\n')) return bad('does not end in a newline');
  const text = source.slice(0, split + 1);
  const lines = source.slice(split + 2, -1).split('\n');
  if (source.length === split + 2) return bad('has no signature');
  if (lines.length > limits.noteSignaturesMax) return bad('has too many signatures');
  const signatures = lines.map((line) => {
    const match = /^\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
    if (match === null || !isName(match[1]!)) return bad('has a malformed signature line');
    const bytes = attempt('LEDGER_NOTE_MALFORMED', () => fromBase64(match[2]!));
    if (!bytes.ok || bytes.value.length < 5) return bad('has a malformed signature');
    const { value } = bytes;
    return { keyName: match[1]!, keyId: value.subarray(0, 4), signature: value.subarray(4) };
  });
  return { text, signatures };
}

/** The text of a note with its signatures. */
export function printNote(note: Note): string {
  const lines = note.signatures.map(
    ({ keyName, keyId, signature }) =>
      `\u2014 ${keyName} ${toBase64(concatBytes(keyId, signature))}\n`,
  );
  return `${note.text}\n${lines.join('')}`;
}

/** Signs a text, which must end in a newline, with a plain Ed25519 note signature. */
export async function signNote(sha256: Sha256, text: string, signer: NoteSigner): Promise<Note> {
  if (!text.endsWith('\n') || noteTrap.test(text)) {
    throw ledgerError('LEDGER_NOTE_MALFORMED', 'A note is text that ends in a newline.');
  }
  return { text, signatures: [await noteSignature(sha256, utf8(text), signer)] };
}

async function noteSignature(
  sha256: Sha256,
  message: Uint8Array,
  signer: NoteSigner,
): Promise<NoteSignature> {
  const { keyName, publicKey } = signer;
  if (!isName(keyName))
    throw ledgerError('LEDGER_BAD_NAME', 'The key name is not usable in a note.');
  const keyId = keyIdOf(sha256, { name: keyName, type: signatureType.ed25519, publicKey });
  return { keyName, keyId, signature: await signer.sign(message) };
}

/** The message of a timestamped signature (c2sp.org/tlog-cosignature, Ed25519 signed message). */
const timestampedMessage = (text: string, seconds: bigint): Uint8Array =>
  utf8(`cosignature/v1\ntime ${seconds}\n${text}`);

/** A timestamped Ed25519 signature over a checkpoint's text (c2sp.org/tlog-cosignature). */
export async function timestampedSignature(
  sha256: Sha256,
  text: string,
  options: { signer: NoteSigner; seconds: bigint },
): Promise<NoteSignature> {
  const { keyName, publicKey } = options.signer;
  const type = signatureType.timestampedEd25519;
  const keyId = keyIdOf(sha256, { name: keyName, type, publicKey });
  const signed = await options.signer.sign(timestampedMessage(text, options.seconds));
  const stamp = new Uint8Array(8);
  new DataView(stamp.buffer).setBigUint64(0, options.seconds);
  return { keyName, keyId, signature: concatBytes(stamp, signed) };
}

/** A signature of a note that a trusted key made. `seconds`: its signed time, where it has one. */
export interface VerifiedSignature {
  readonly key: VerifierKey;
  readonly seconds: bigint | undefined;
}

/**
 * Verifies a note against trusted keys: every signature that claims one of them must verify, and at
 * least one must be there; signatures by unknown keys are ignored (c2sp.org/signed-note, Signatures).
 * A type 0x01 key also stands for its own timestamped signatures (type 0x04).
 */
export async function verifyNote(
  source: string,
  options: { sha256: Sha256; verifySignature: VerifySignature; keys: readonly VerifierKey[] },
): Promise<Verdict<{ note: Note; signatures: readonly VerifiedSignature[] }>> {
  const parsed = attempt('LEDGER_NOTE_MALFORMED', () => parseNote(source));
  if (!parsed.ok) return parsed;
  const note = parsed.value;
  const keys = options.keys.flatMap((key) => alsoTimestamped(options.sha256, key));
  const signatures: VerifiedSignature[] = [];
  for (const line of note.signatures) {
    const key = keys.find(
      ({ name, keyId }) => name === line.keyName && equalBytes(keyId, line.keyId),
    );
    if (key === undefined) continue;
    const stamped = key.type === signatureType.timestampedEd25519;
    const seconds = stamped ? secondsOf(line.signature) : undefined;
    const message =
      seconds === undefined ? utf8(note.text) : timestampedMessage(note.text, seconds);
    const signature = seconds === undefined ? line.signature : line.signature.subarray(8);
    const right =
      stamped === (seconds !== undefined) &&
      signature.length === 64 &&
      (await options.verifySignature(key.publicKey, message, signature));
    if (!right) return refuse('LEDGER_SIGNATURE_WRONG', `The signature by ${key.name} is wrong.`);
    signatures.push({ key, seconds });
  }
  if (signatures.length === 0) {
    return refuse('LEDGER_UNSIGNED', 'No trusted key signed the note.');
  }
  return accept({ note, signatures });
}

function alsoTimestamped(sha256: Sha256, key: VerifierKey): VerifierKey[] {
  if (key.type !== signatureType.ed25519) return [key];
  const type = signatureType.timestampedEd25519;
  return [key, { ...key, type, keyId: keyIdOf(sha256, { ...key, type }) }];
}

/** The time of a timestamped signature; `undefined` where the bytes are not one. */
function secondsOf(signature: Uint8Array): bigint | undefined {
  if (signature.length !== 72) return undefined;
  const seconds = new DataView(signature.buffer, signature.byteOffset, 8).getBigUint64(0);
  return seconds < 1n << 63n ? seconds : undefined;
}
