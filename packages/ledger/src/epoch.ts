import { fromBase64, fromUtf8, toBase64, utf8 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { verifyCheckpoint } from './checkpoint.js';
import type { SignedCheckpoint, Verifier } from './checkpoint.js';
import { ledgerError } from './errors.js';
import { isName, parseDecimal, printNote, signNote, signatureType, verifyNote } from './note.js';
import type { NoteSigner, VerifierKey } from './note.js';
import { attempt, refuse } from './verdict.js';
import type { Verdict } from './verdict.js';

/** First line of an epoch statement. */
const head = 'strongroom-epoch/v1';

/**
 * A statement that a ledger was restored to an earlier point on purpose: from `kept` on it goes another
 * way than somebody may have seen (docs/formats/ledger.md, Epochs).
 */
export interface Epoch {
  readonly origin: string;
  /** Rises by one with each restore; 1 is the first. */
  readonly number: bigint;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** One line by who did it. */
  readonly reason: string;
  /** The last checkpoint that the ledger still continues. */
  readonly kept: SignedCheckpoint;
  /** The key of the ledger that signed it. */
  readonly key: VerifierKey;
}

/** Signs a statement. `kept` is a whole signed checkpoint of the ledger. */
export async function signEpoch(
  sha256: Sha256,
  epoch: Omit<Epoch, 'kept' | 'key'> & { readonly kept: string },
  signer: NoteSigner,
): Promise<string> {
  const { origin, number, time, reason, kept } = epoch;
  if (!isName(origin) || number < 1n || /[\p{Cc}\p{Cs}]/u.test(reason) || reason.trim() === '') {
    throw ledgerError('LEDGER_NOTE_MALFORMED', 'An epoch has an origin, a number and a reason.');
  }
  const lines = [head, origin, number.toString(), String(time), reason, toBase64(utf8(kept))];
  return printNote(await signNote(sha256, lines.map((line) => `${line}\n`).join(''), signer));
}

/** Verifies a statement of one ledger, with the checkpoint in it. Throws nothing. */
export async function verifyEpoch(
  source: string,
  options: Verifier & { readonly origin: string },
): Promise<Verdict<Epoch>> {
  const keys = options.keys.filter(({ name }) => name === options.origin);
  const verified = await verifyNote(source, { ...options, keys });
  if (!verified.ok) return verified;
  const { note, signatures } = verified.value;
  const plain = signatures.find(({ key }) => key.type === signatureType.ed25519);
  if (plain === undefined) {
    return refuse('LEDGER_UNSIGNED', 'No trusted key signed the epoch.');
  }
  const [first, origin, numberText = '', timeText = '', reason = '', keptText = '', ...more] =
    note.text.split('\n');
  const number = parseDecimal(numberText);
  const time = parseDecimal(timeText);
  const decoded = attempt('LEDGER_NOTE_MALFORMED', () => fromUtf8(fromBase64(keptText)));
  if (
    first !== head ||
    number === undefined ||
    number < 1n ||
    time === undefined ||
    time > BigInt(Number.MAX_SAFE_INTEGER) ||
    !decoded.ok ||
    more.length !== 1 ||
    more[0] !== ''
  ) {
    return refuse('LEDGER_NOTE_MALFORMED', 'The note is not an epoch statement.');
  }
  if (origin !== options.origin) {
    return refuse('LEDGER_ORIGIN_DIFFERS', `The epoch is of the ledger ${String(origin)}.`);
  }
  const kept = await verifyCheckpoint(decoded.value, options);
  if (!kept.ok) return kept;
  // A key that was replaced may speak only of the time before.
  const { retired } = plain.key;
  if (retired !== undefined && kept.value.size > retired.size) {
    return refuse('LEDGER_KEY_RETIRED', 'The epoch is by a key that was replaced before.');
  }
  const value = { origin, number, time: Number(time), reason, kept: kept.value, key: plain.key };
  return { ok: true, value };
}
