import { fromBase64, toBase64 } from '@strongroom/base';
import type { SignedCheckpoint, Verifier } from './checkpoint.js';
import { verifyCheckpoint } from './checkpoint.js';
import { ledgerError } from './errors.js';
import { limits } from './limits.js';
import { hashSize, leafHash, verifyInclusion } from './merkle-tree.js';
import { parseDecimal } from './note.js';
import { attempt } from './verdict.js';
import type { Verdict } from './verdict.js';

/** A proof that carries all it needs but the public key and the leaf (c2sp.org/tlog-proof). */
export interface ProofText {
  readonly index: bigint;
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint's whole note. */
  readonly checkpoint: string;
  /** Opaque and not authenticated. */
  readonly extra?: Uint8Array;
}

const header = 'c2sp.org/tlog-proof@v1';

/** The text of a proof; files of it end in `.tlog-proof`. */
export function printProof(proof: ProofText): string {
  const extra = proof.extra === undefined ? [] : [`extra ${toBase64(proof.extra)}`];
  const lines = [header, ...extra, `index ${proof.index}`, ...proof.hashes.map(toBase64), ''];
  return `${lines.join('\n')}\n${proof.checkpoint}`;
}

/** Reads a proof strictly; its checkpoint is not yet read. Throws `LEDGER_PROOF_MALFORMED`. */
export function parseProof(source: string): ProofText {
  const bad = (why: string): never => {
    throw ledgerError('LEDGER_PROOF_MALFORMED', `The proof ${why}.`);
  };
  if (source.length > limits.proofBytesMax) return bad('is too long');
  const blank = source.indexOf('\n\n');
  if (blank < 0) return bad('has no blank line before its checkpoint');
  const lines = source.slice(0, blank).split('\n');
  if (lines.shift() !== header) return bad('is of an unknown version');
  const extraText = lines[0]?.startsWith('extra ') === true ? lines.shift()!.slice(6) : undefined;
  const indexText = lines.shift();
  if (indexText?.startsWith('index ') !== true) return bad('has no index');
  const index = parseDecimal(indexText.slice(6));
  if (index === undefined) return bad('has no canonical index');
  if (lines.length > limits.pathHashesMax) return bad('has too many hashes');
  const decode = (text: string): Uint8Array => {
    const bytes = attempt('LEDGER_PROOF_MALFORMED', () => fromBase64(text));
    return bytes.ok ? bytes.value : bad('has base64 that is not canonical');
  };
  const hashes = lines.map(decode);
  if (hashes.some((hash) => hash.length !== hashSize)) return bad('has a hash of another size');
  const proof = { index, hashes, checkpoint: source.slice(blank + 2) };
  if (extraText === undefined) return proof;
  const extra = decode(extraText);
  if (extra.length > limits.proofExtraBytesMax) return bad('has too much extra data');
  return { ...proof, extra };
}

/**
 * Verifies that the ledger's signed tree holds this leaf: text form, checkpoint and Merkle path.
 * `commitment` is the leaf's data. Throws nothing.
 */
export async function verifyProof(
  source: string,
  options: Verifier & { readonly origin: string; readonly commitment: Uint8Array },
): Promise<Verdict<{ index: bigint; checkpoint: SignedCheckpoint }>> {
  const proof = attempt('LEDGER_PROOF_MALFORMED', () => parseProof(source));
  if (!proof.ok) return proof;
  const checkpoint = await verifyCheckpoint(proof.value.checkpoint, options);
  if (!checkpoint.ok) return checkpoint;
  const included = verifyInclusion(options.sha256, {
    index: proof.value.index,
    size: checkpoint.value.size,
    leafHash: leafHash(options.sha256, options.commitment),
    hashes: proof.value.hashes,
    root: checkpoint.value.root,
  });
  if (!included.ok) return included;
  return { ok: true, value: { index: proof.value.index, checkpoint: checkpoint.value } };
}
