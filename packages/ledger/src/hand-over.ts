import { equalBytes, fromBase64, fromUtf8, concatBytes, toBase64, utf8 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import type { Verifier } from './checkpoint.js';
import { ledgerError } from './errors.js';
import { historyRecord, splitHistory } from './history.js';
import { limits } from './limits.js';
import { hashSize } from './merkle-tree.js';
import {
  isName,
  parseDecimal,
  parseVerifierKey,
  printNote,
  printVerifierKey,
  signatureType,
  signNote,
  verifyNote,
} from './note.js';
import type { NoteSigner, VerifierKey } from './note.js';
import { accept, attempt, refuse } from './verdict.js';
import type { Verdict } from './verdict.js';

/** First line of a hand-over. */
const head = 'strongroom-handover/v1';

/**
 * A statement that a ledger's signing key is replaced (docs/formats/ledger.md, Hand-over). Both keys sign
 * it: the old one vouches for the new one, the new one says until where the old one was right.
 */
export interface HandOver {
  readonly origin: string;
  /** 1 for the first of a ledger, then rising by one. */
  readonly number: bigint;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly oldKey: VerifierKey;
  readonly newKey: VerifierKey;
  /** Leaves of the newest tree that the old key signed; it signs no larger one. */
  readonly size: bigint;
  readonly root: Uint8Array;
}

/** Signs a statement with both keys. */
export async function signHandOver(
  sha256: Sha256,
  about: Pick<HandOver, 'origin' | 'number' | 'time' | 'size' | 'root'>,
  keys: { readonly from: NoteSigner; readonly to: NoteSigner },
): Promise<string> {
  const { origin, number, time, size, root } = about;
  if (!isName(origin) || keys.from.keyName !== origin || keys.to.keyName !== origin) {
    throw ledgerError('LEDGER_BAD_NAME', 'A ledger signs with keys that have its name.');
  }
  const key = ({ publicKey }: NoteSigner): string =>
    printVerifierKey(sha256, { name: origin, publicKey });
  const lines = [head, origin, number, time, key(keys.from), key(keys.to), size, toBase64(root)];
  const text = lines.map((line) => `${line}\n`).join('');
  const [old, fresh] = [
    await signNote(sha256, text, keys.from),
    await signNote(sha256, text, keys.to),
  ];
  return printNote({ text, signatures: [...old.signatures, ...fresh.signatures] });
}

/**
 * Verifies that both keys which the statement names signed it. Whether one of them is to be trusted
 * is another question: {@link followHandOvers}. Throws nothing.
 */
export async function verifyHandOver(
  source: string,
  options: Pick<Verifier, 'sha256' | 'verifySignature'> & { readonly origin: string },
): Promise<Verdict<HandOver>> {
  const bad = (why: string): Verdict<never> =>
    refuse('LEDGER_HANDOVER_WRONG', `The hand-over ${why}.`);
  const end = source.lastIndexOf('\n\n');
  const lines = source.slice(0, Math.max(0, end)).split('\n');
  const [first, origin, numberText = '', timeText = '', oldText = '', newText = ''] = lines;
  if (first !== head || lines.length !== 8) return bad('is none');
  if (origin !== options.origin) return bad(`is of the ledger ${String(origin)}`);
  const number = parseDecimal(numberText);
  const time = parseDecimal(timeText);
  const size = parseDecimal(lines[6]!);
  const root = attempt('LEDGER_HANDOVER_WRONG', () => fromBase64(lines[7]!));
  const keys = attempt('LEDGER_HANDOVER_WRONG', () =>
    [oldText, newText].map((text) => parseVerifierKey(options.sha256, text)),
  );
  if (!keys.ok) return bad('has no readable keys');
  const [oldKey, newKey] = keys.value as [VerifierKey, VerifierKey];
  const plain = [oldKey, newKey].every(
    ({ name, type }) => name === origin && type === signatureType.ed25519,
  );
  if (!plain || equalBytes(oldKey.publicKey, newKey.publicKey)) return bad('has other keys');
  if (
    number === undefined ||
    number < 1n ||
    time === undefined ||
    time > BigInt(Number.MAX_SAFE_INTEGER) ||
    size === undefined ||
    !root.ok ||
    root.value.length !== hashSize
  ) {
    return bad('has no canonical numbers');
  }
  const verified = await verifyNote(source, { ...options, keys: [oldKey, newKey] });
  if (!verified.ok) return verified;
  const { signatures } = verified.value;
  const both = [oldKey, newKey].every(({ publicKey }) =>
    signatures.some(
      ({ key }) => key.type === signatureType.ed25519 && equalBytes(key.publicKey, publicKey),
    ),
  );
  if (!both) return bad('is not signed by both keys');
  return accept({ origin, number, time: Number(time), oldKey, newKey, size, root: root.value });
}

/** The keys of a ledger as its hand-overs join them. */
export interface KeyChain {
  /** What verifies: every key, each that was replaced with where it ends. */
  readonly keys: readonly VerifierKey[];
  /** The newest key; undefined where no key of the ledger is held. */
  readonly newest: VerifierKey | undefined;
  readonly handOvers: readonly HandOver[];
}

/**
 * Follows hand-overs from the keys that are held. All statements of the ledger are given, oldest
 * first; they must be one unbroken chain, and a held key must stand in it. From there the chain is
 * believed in both directions: forward because each old key vouches for the next, backward because
 * each new key says until where the one before was right. Throws nothing.
 *
 * A key of another ledger is left as it is.
 */
export async function followHandOvers(
  sources: readonly string[],
  options: Verifier & { readonly origin: string },
): Promise<Verdict<KeyChain>> {
  const { keys, origin } = options;
  const held = keys.filter(({ name }) => name === origin);
  if (sources.length === 0) return accept({ keys, newest: held[0], handOvers: [] });
  if (sources.length > limits.handOversMax) {
    return refuse('LEDGER_HANDOVER_WRONG', 'There are too many hand-overs.');
  }
  const chain: HandOver[] = [];
  for (const source of sources) {
    const verdict = await verifyHandOver(source, options);
    if (!verdict.ok) return verdict;
    const before = chain.at(-1);
    const { number, oldKey, size, time } = verdict.value;
    const follows =
      before === undefined
        ? number === 1n
        : number === before.number + 1n &&
          equalBytes(oldKey.publicKey, before.newKey.publicKey) &&
          size >= before.size &&
          time >= before.time;
    if (!follows) {
      return refuse('LEDGER_HANDOVER_WRONG', `Hand-over ${number} does not follow the one before.`);
    }
    chain.push(verdict.value);
  }
  const links: VerifierKey[] = [
    ...chain.map(({ oldKey, size, time }) => ({ ...oldKey, retired: { size, time } })),
    chain.at(-1)!.newKey,
  ];
  const inChain = ({ publicKey }: VerifierKey): boolean =>
    links.some((link) => equalBytes(link.publicKey, publicKey));
  if (new Set(links.map(({ publicKey }) => toBase64(publicKey))).size < links.length) {
    return refuse('LEDGER_HANDOVER_WRONG', 'A key comes back.');
  }
  if (!held.some(inChain)) {
    return refuse(
      'LEDGER_HANDOVER_WRONG',
      'The hand-overs do not begin or end with a trusted key.',
    );
  }
  const others = keys.filter((key) => key.name !== origin || !inChain(key));
  return accept({
    keys: [...links.toReversed(), ...others],
    newest: links.at(-1),
    handOvers: chain,
  });
}

/** A ledger's hand-overs as one file or answer: records as in the history, oldest first. */
export const printHandOvers = (sha256: Sha256, sources: readonly string[]): Uint8Array =>
  concatBytes(...sources.map((source) => historyRecord(sha256, utf8(source))));

/** Reads them strictly. Throws `LEDGER_NOTE_MALFORMED`: the file is replaced whole, never torn. */
export function parseHandOvers(sha256: Sha256, bytes: Uint8Array): string[] {
  const { notes, end } = splitHistory(sha256, bytes);
  if (end === bytes.length) return notes;
  throw ledgerError('LEDGER_NOTE_MALFORMED', `The hand-overs are damaged at byte ${end}.`);
}

/** The same, of text. Throws the same. */
export const parseHandOverText = (sha256: Sha256, text: string): string[] =>
  parseHandOvers(sha256, utf8(text));

/** The same for an answer over HTTP. */
export const printHandOverText = (sha256: Sha256, sources: readonly string[]): string =>
  fromUtf8(printHandOvers(sha256, sources));
