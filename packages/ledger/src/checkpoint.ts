import { fromBase64, toBase64 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { ledgerError } from './errors.js';
import { hashSize } from './merkle-tree.js';
import {
  isName,
  parseDecimal,
  parseNote,
  printNote,
  signatureType,
  signNote,
  timestampedSignature,
  verifyNote,
} from './note.js';
import type { NoteSigner, VerifierKey, VerifySignature } from './note.js';
import { accept, attempt, refuse } from './verdict.js';
import type { Verdict } from './verdict.js';

/** The body of a checkpoint (c2sp.org/tlog-checkpoint, Note text). */
export interface CheckpointBody {
  readonly origin: string;
  /** Leaves in the tree. */
  readonly size: bigint;
  readonly root: Uint8Array;
  /** Opaque further lines; ours have none. */
  readonly extensions: readonly string[];
}

/** A checkpoint that its ledger signed, as `checkpoint` holds it on disk. */
export interface SignedCheckpoint {
  /** The whole signed note. */
  readonly text: string;
  readonly origin: string;
  /** Leaves in the tree. */
  readonly size: bigint;
  readonly root: Uint8Array;
  /** When it was signed: milliseconds since 1970, whole seconds. It is signed too. */
  readonly time: number;
}

/** The note text of a checkpoint. */
export function printCheckpointBody(body: CheckpointBody): string {
  const lines = [body.origin, body.size.toString(), toBase64(body.root), ...body.extensions];
  return lines.map((line) => `${line}\n`).join('');
}

/** Reads the note text of a checkpoint strictly. Throws `LEDGER_CHECKPOINT_MALFORMED`. */
export function parseCheckpointBody(text: string): CheckpointBody {
  const bad = (why: string): never => {
    throw ledgerError('LEDGER_CHECKPOINT_MALFORMED', `The checkpoint ${why}.`);
  };
  if (!text.endsWith('\n')) return bad('does not end in a newline');
  const [origin, sizeText, rootText, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || sizeText === undefined || rootText === undefined) {
    return bad('has fewer than three lines');
  }
  if (origin === '' || extensions.includes('')) return bad('has an empty line');
  const size = parseDecimal(sizeText);
  if (size === undefined) return bad('has no canonical size');
  const root = attempt('LEDGER_CHECKPOINT_MALFORMED', () => fromBase64(rootText));
  if (!root.ok || root.value.length !== hashSize) return bad('has no root of 32 bytes');
  return { origin, size, root: root.value, extensions };
}

/** Reads a checkpoint's note without verifying its signatures: for display only. Throws. */
export const parseCheckpoint = (source: string): CheckpointBody =>
  parseCheckpointBody(parseNote(source).text);

/**
 * Signs a tree's head: with a plain note signature, which every C2SP client knows, and with a
 * timestamped one by the same key, so that the time is signed as well without an extension line.
 */
export async function signCheckpoint(
  sha256: Sha256,
  head: { origin: string; size: bigint; root: Uint8Array; time: number },
  signer: NoteSigner,
): Promise<SignedCheckpoint> {
  const { origin, size, root } = head;
  if (!isName(origin)) throw ledgerError('LEDGER_BAD_NAME', 'The origin is not usable in a note.');
  const text = printCheckpointBody({ origin, size, root, extensions: [] });
  const seconds = BigInt(Math.floor(head.time / 1000));
  const note = await signNote(sha256, text, signer);
  const stamped = await timestampedSignature(sha256, text, { signer, seconds });
  const signed = printNote({ text, signatures: [...note.signatures, stamped] });
  return { text: signed, origin, size, root, time: Number(seconds) * 1000 };
}

/** Beyond this a number of milliseconds is no longer exact. */
const secondsMax = BigInt(Math.floor(Number.MAX_SAFE_INTEGER / 1000));

/** What a verifier of checkpoints and receipts trusts, and computes with. */
export interface Verifier {
  readonly sha256: Sha256;
  readonly verifySignature: VerifySignature;
  /** Keys of ledgers: each speaks for the ledger whose origin is its name. */
  readonly keys: readonly VerifierKey[];
}

/**
 * Verifies a checkpoint of one ledger: trusted signature, origin, canonical form, signed time.
 * Throws nothing.
 */
export async function verifyCheckpoint(
  source: string,
  options: Verifier & { readonly origin: string },
): Promise<Verdict<SignedCheckpoint>> {
  // Only keys of that name: neither a witness nor another ledger speaks for this one.
  const keys = options.keys.filter(({ name }) => name === options.origin);
  const verified = await verifyNote(source, { ...options, keys });
  if (!verified.ok) return verified;
  const { note, signatures } = verified.value;
  const body = attempt('LEDGER_CHECKPOINT_MALFORMED', () => parseCheckpointBody(note.text));
  if (!body.ok) return body;
  const { origin, size, root } = body.value;
  if (origin !== options.origin) {
    return refuse('LEDGER_ORIGIN_DIFFERS', `The checkpoint is of the ledger ${origin}.`);
  }
  const retired = signatures.find(({ key }) => key.retired !== undefined)?.key.retired;
  if (retired !== undefined && size > retired.size) {
    return refuse(
      'LEDGER_KEY_RETIRED',
      `The checkpoint of ${size} leaves is by a key that was replaced at ${retired.size}.`,
    );
  }
  // Both of the ledger's own signatures, so that no bit of the checkpoint can be changed unseen.
  if (!signatures.some(({ key }) => key.type === signatureType.ed25519)) {
    return refuse('LEDGER_UNSIGNED', 'No trusted key signed the checkpoint plainly.');
  }
  const seconds = signatures.find((signature) => signature.seconds !== undefined)?.seconds;
  if (seconds === undefined || seconds > secondsMax) {
    return refuse('LEDGER_TIME_MISSING', 'The checkpoint carries no usable signed time.');
  }
  return accept({ text: source, origin, size, root, time: Number(seconds) * 1000 });
}
