import { concatBytes, equalBytes, fromBase64, toBase64, utf8 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import type { Verifier } from './checkpoint.js';
import { ledgerError } from './errors.js';
import { limits } from './limits.js';
import { allInclusionProofs, hashSize, leafHash, rootOfPath } from './merkle-tree.js';
import { isName, keyIdOf, parseDecimal, signatureType } from './note.js';
import type { NoteSigner } from './note.js';
import { accept, attempt, refuse } from './verdict.js';
import type { Verdict } from './verdict.js';

/**
 * The promise that an acknowledged entry will be in the ledger, at this position, with this
 * commitment (docs/formats/receipt.md).
 *
 * One signature covers a group commit: the receipt holds the Merkle path from its entry to the
 * group's root, so the cost of signing does not grow with the number of senders.
 */
export interface Receipt {
  /** The ledger's origin. */
  readonly origin: string;
  /** The entry's journal position, and its leaf's index. */
  readonly position: bigint;
  /** 32 bytes: the leaf's data. */
  readonly commitment: Uint8Array;
  /** When the entry was durable: milliseconds since 1970. */
  readonly time: number;
  /** Position of the group's first entry. */
  readonly groupStart: bigint;
  /** Entries in the group. */
  readonly groupCount: number;
  /** From the entry's leaf to the group's root. */
  readonly path: readonly Uint8Array[];
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

const version = 'v1';
/** First line of the signed message. No checkpoint begins with it: origins may not be it. */
export const receiptDomain = 'strongroom.receipt/v1';

interface Group {
  readonly origin: string;
  readonly start: bigint;
  readonly count: number;
  readonly root: Uint8Array;
  readonly time: number;
}

const groupMessage = ({ origin, start, count, root, time }: Group): Uint8Array =>
  utf8(`${receiptDomain}\n${origin}\n${start}\n${count}\n${toBase64(root)}\n${time}\n`);

/** True for an origin that can stand in a receipt: a name in visible ASCII without our separators. */
export const isOrigin = (origin: string): boolean =>
  isName(origin) && /^[!-~]+$/.test(origin) && !/[;,]/.test(origin) && origin !== receiptDomain;

/**
 * Signs the receipts of one group commit: the entry at `start + i` has `commitments[i]`. One
 * signature in all. The texts go into the header `x-strongroom-receipt`.
 */
export async function makeReceipts(
  sha256: Sha256,
  group: { origin: string; start: bigint; commitments: readonly Uint8Array[]; time: number },
  signer: NoteSigner,
): Promise<string[]> {
  const { origin, start, commitments, time } = group;
  if (!isOrigin(origin)) throw ledgerError('LEDGER_BAD_NAME', 'The origin is not usable.');
  if (commitments.length === 0 || commitments.length > limits.receiptGroupMax) {
    throw ledgerError('LEDGER_OUT_OF_RANGE', 'A receipt group is empty or too large.');
  }
  if (commitments.some((commitment) => commitment.length !== hashSize)) {
    throw ledgerError('LEDGER_BAD_COMMITMENT', 'A commitment is not 32 bytes.');
  }
  const leaves = commitments.map((commitment) => leafHash(sha256, commitment));
  const count = leaves.length;
  const { root, paths } = allInclusionProofs(sha256, leaves);
  const signature = await signer.sign(groupMessage({ origin, start, count, root, time }));
  const { keyName: name, publicKey } = signer;
  const keyId = keyIdOf(sha256, { name, type: signatureType.ed25519, publicKey });
  return commitments.map((commitment, at) =>
    printReceipt({
      origin,
      position: start + BigInt(at),
      commitment,
      time,
      groupStart: start,
      groupCount: count,
      path: paths[at]!,
      keyId,
      signature,
    }),
  );
}

/** The receipt of one entry that was alone in its group commit. */
export async function makeReceipt(
  sha256: Sha256,
  entry: { origin: string; position: bigint; commitment: Uint8Array; time: number },
  signer: NoteSigner,
): Promise<string> {
  const { origin, position: start, commitment, time } = entry;
  const group = { origin, start, commitments: [commitment], time };
  const [receipt] = await makeReceipts(sha256, group, signer);
  return receipt!;
}

/** The one-line text of a receipt, visible ASCII. */
export function printReceipt(receipt: Receipt): string {
  return [
    version,
    receipt.origin,
    receipt.position,
    toBase64(receipt.commitment),
    receipt.time,
    receipt.groupStart,
    receipt.groupCount,
    receipt.path.map(toBase64).join(','),
    toBase64(concatBytes(receipt.keyId, receipt.signature)),
  ].join(';');
}

/** Reads a receipt strictly, without verifying it. Throws `LEDGER_RECEIPT_MALFORMED`. */
export function parseReceipt(source: string): Receipt {
  const bad = (why: string): never => {
    throw ledgerError('LEDGER_RECEIPT_MALFORMED', `The receipt ${why}.`);
  };
  const base64 = (text: string, size: number): Uint8Array => {
    const bytes = attempt('LEDGER_RECEIPT_MALFORMED', () => fromBase64(text));
    if (!bytes.ok || bytes.value.length !== size) return bad('has a malformed hash or signature');
    return bytes.value;
  };
  const number = (text: string): bigint => parseDecimal(text) ?? bad('has a malformed number');
  const safe = (text: string): number => {
    const value = number(text);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : bad('has too large a number');
  };
  if (source.length > limits.receiptCharactersMax) return bad('is too long');
  const fields = source.split(';');
  if (fields.length !== 9) return bad('does not have nine fields');
  const [kind, origin, position, commitment, time, start, count, path, signature] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (kind !== version) return bad('is of an unknown version');
  if (!isOrigin(origin)) return bad('has a malformed origin');
  const hashes = path === '' ? [] : path.split(',');
  if (hashes.length > limits.pathHashesMax) return bad('has too many hashes');
  const signed = base64(signature, 4 + 64);
  const receipt: Receipt = {
    origin,
    position: number(position),
    commitment: base64(commitment, hashSize),
    time: safe(time),
    groupStart: number(start),
    groupCount: safe(count),
    path: hashes.map((hash) => base64(hash, hashSize)),
    keyId: signed.subarray(0, 4),
    signature: signed.subarray(4),
  };
  const offset = receipt.position - receipt.groupStart;
  if (offset < 0n || offset >= BigInt(receipt.groupCount)) return bad('lies outside its group');
  if (receipt.groupCount > limits.receiptGroupMax) return bad('has too large a group');
  return receipt;
}

/**
 * Verifies that a trusted key of the ledger signed this receipt. Throws nothing. Whether the promise
 * was kept is another question: is `leafHash(commitment)` the leaf at `position`?
 */
export async function verifyReceipt(
  source: string,
  options: Verifier & { readonly origin?: string },
): Promise<Verdict<Receipt>> {
  const parsed = attempt('LEDGER_RECEIPT_MALFORMED', () => parseReceipt(source));
  if (!parsed.ok) return parsed;
  const receipt = parsed.value;
  if (options.origin !== undefined && receipt.origin !== options.origin) {
    return refuse('LEDGER_ORIGIN_DIFFERS', `The receipt is of the ledger ${receipt.origin}.`);
  }
  const key = options.keys.find(
    ({ name, type, keyId }) =>
      name === receipt.origin && type === signatureType.ed25519 && equalBytes(keyId, receipt.keyId),
  );
  if (key === undefined) return refuse('LEDGER_UNSIGNED', 'No trusted key signed the receipt.');
  const { origin, groupStart: start, groupCount: count, time } = receipt;
  if (key.retired !== undefined && time > key.retired.time + limits.retiredReceiptMs) {
    return refuse('LEDGER_KEY_RETIRED', 'The receipt is by a key that was replaced before.');
  }
  // The group's root is not in the receipt: it is where the path leads.
  const root = rootOfPath(options.sha256, {
    index: receipt.position - start,
    size: BigInt(count),
    leafHash: leafHash(options.sha256, receipt.commitment),
    hashes: receipt.path,
  });
  if (!root.ok) return root;
  const message = groupMessage({ origin, start, count, root: root.value, time });
  const right = await options.verifySignature(key.publicKey, message, receipt.signature);
  return right ? accept(receipt) : refuse('LEDGER_SIGNATURE_WRONG', 'The signature is wrong.');
}
