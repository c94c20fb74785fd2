import { equalBytes, fromBase64, toBase64 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { parseCheckpointBody, verifyCheckpoint } from './checkpoint.js';
import type { Verifier } from './checkpoint.js';
import { limits } from './limits.js';
import { hashSize, verifyConsistency } from './merkle-tree.js';
import { keyIdOf, parseDecimal, parseNote, printNote, timestampedSignature } from './note.js';
import type { NoteSigner, VerifierKey } from './note.js';
import { attempt } from './verdict.js';

/** What is asked of a witness (c2sp.org/tlog-witness, add-checkpoint). */
export interface AddCheckpoint {
  /** The size that the witness saw last, as the asker believes. */
  readonly oldSize: bigint;
  readonly hashes: readonly Uint8Array[];
  /** A signed note. */
  readonly checkpoint: string;
}

/** The body of an add-checkpoint request. */
export const printAddCheckpoint = ({ oldSize, hashes, checkpoint }: AddCheckpoint): string =>
  `old ${oldSize}\n${hashes.map((hash) => `${toBase64(hash)}\n`).join('')}\n${checkpoint}`;

/** Reads it strictly; `undefined` for everything else. */
export function parseAddCheckpoint(source: string): AddCheckpoint | undefined {
  if (source.length > limits.noteBytesMax) return undefined;
  const blank = source.indexOf('\n\n');
  const [first = '', ...lines] = source.slice(0, Math.max(0, blank)).split('\n');
  const oldSize = first.startsWith('old ') ? parseDecimal(first.slice(4)) : undefined;
  if (oldSize === undefined || lines.length > limits.pathHashesMax) return undefined;
  const hashes = lines.map((line) => attempt('LEDGER_PROOF_MALFORMED', () => fromBase64(line)));
  const read = hashes.flatMap((hash) =>
    hash.ok && hash.value.length === hashSize ? [hash.value] : [],
  );
  if (read.length !== lines.length) return undefined;
  return { oldSize, hashes: read, checkpoint: source.slice(blank + 2) };
}

/** What a witness saw last of one ledger. */
export interface WitnessedTree {
  readonly size: bigint;
  readonly root: Uint8Array;
}

/** What it answers. On `cosign` the tree is stored durably first, and only then signed. */
export type WitnessAnswer =
  | { readonly kind: 'cosign'; readonly tree: WitnessedTree; readonly text: string }
  | { readonly kind: 'conflict'; readonly size: bigint }
  | { readonly kind: 'refused'; readonly status: 400 | 403 | 404 | 422; readonly reason: string };

/** The name of the ledger that a request is about; `undefined` where it has none. */
export function originOf(request: AddCheckpoint): string | undefined {
  const read = attempt('LEDGER_CHECKPOINT_MALFORMED', () =>
    parseCheckpointBody(parseNote(request.checkpoint).text),
  );
  return read.ok ? read.value.origin : undefined;
}

/** Decides as the specification says, in its order. Throws nothing. */
export async function decideWitness(
  request: AddCheckpoint,
  options: Verifier & { readonly seen: WitnessedTree | undefined },
): Promise<WitnessAnswer> {
  const origin = originOf(request);
  if (origin === undefined) return { kind: 'refused', status: 400, reason: 'malformed' };
  if (!options.keys.some(({ name }) => name === origin)) {
    return { kind: 'refused', status: 404, reason: 'unknown log' };
  }
  const verified = await verifyCheckpoint(request.checkpoint, { ...options, origin });
  if (!verified.ok) return { kind: 'refused', status: 403, reason: verified.code };
  const { size, root } = verified.value;
  if (request.oldSize > size) return { kind: 'refused', status: 400, reason: 'old size' };
  const seen = options.seen ?? { size: 0n, root: options.sha256() };
  if (request.oldSize !== seen.size) return { kind: 'conflict', size: seen.size };
  if (size === seen.size && !equalBytes(root, seen.root)) {
    return { kind: 'conflict', size: seen.size };
  }
  const continued = verifyConsistency(options.sha256, {
    oldSize: seen.size,
    oldRoot: seen.root,
    size,
    root,
    hashes: request.hashes,
  });
  if (!continued.ok) return { kind: 'refused', status: 422, reason: continued.message };
  return { kind: 'cosign', tree: { size, root }, text: parseNote(request.checkpoint).text };
}

/** A witness's signature line over a checkpoint's text (c2sp.org/tlog-cosignature). */
export async function cosignatureLine(
  sha256: Sha256,
  text: string,
  options: { readonly signer: NoteSigner; readonly seconds: bigint },
): Promise<string> {
  const signature = await timestampedSignature(sha256, text, options);
  return printNote({ text: '\n', signatures: [signature] }).slice(2);
}

/**
 * A checkpoint with a witness's lines added. Lines that are malformed, or not by this witness, are left
 * out; `undefined` where none is left.
 */
export function withCosignatures(
  sha256: Sha256,
  checkpoint: string,
  options: { readonly lines: string; readonly witness: VerifierKey },
): string | undefined {
  const note = parseNote(checkpoint);
  const read = attempt('LEDGER_NOTE_MALFORMED', () => parseNote(`x\n\n${options.lines}`));
  if (!read.ok) return undefined;
  const { name, publicKey } = options.witness;
  const keyId = keyIdOf(sha256, { name, type: 4, publicKey });
  const own = read.value.signatures.filter(
    (each) => each.keyName === name && equalBytes(each.keyId, keyId),
  );
  if (own.length === 0) return undefined;
  return printNote({ text: note.text, signatures: [...note.signatures, ...own] });
}
