import { equalBytes, fromUtf8, hasCode, StrongroomError, toHex } from '@strongroom/base';
import type { Fs, Sha256 } from '@strongroom/base';
import { parseCheckpoint, verifyCheckpoint } from './checkpoint.js';
import type { SignedCheckpoint, Verifier } from './checkpoint.js';
import { verifyEpoch } from './epoch.js';
import type { Epoch } from './epoch.js';
import type { LedgerProblemCode } from './errors.js';
import { followHandOvers, parseHandOvers } from './hand-over.js';
import type { HandOver, KeyChain } from './hand-over.js';
import { readHistory } from './history.js';
import { readCheckpoint } from './ledger.js';
import { limits } from './limits.js';
import { leafHash } from './merkle-tree.js';
import { parseVerifierKey } from './note.js';
import type { VerifierKey, VerifySignature } from './note.js';
import { verifyReceipt } from './receipt.js';
import { Frontier, fullTiles, partialWidth, tilePath, tileWidth } from './tile.js';
import type { TileId } from './tile.js';
import { readTile } from './tile-file.js';
import { attempt } from './verdict.js';

/** One thing that does not hold. `path` is below the ledger's directory, or names what was handed in. */
export interface LedgerProblem {
  readonly code: LedgerProblemCode;
  readonly path: string;
  readonly message: string;
}

/** What an offline verification found. `ok` only where nothing is wrong. */
export interface LedgerVerdict {
  readonly ok: boolean;
  readonly problems: readonly LedgerProblem[];
  /** Problems beyond the first {@link limits.problemsMax}. */
  readonly problemsOmitted: number;
  /** Leaves of the signed tree; 0n where there is no valid checkpoint. */
  readonly size: bigint;
  /** The root recomputed from the leaf tiles, in hexadecimal; `undefined` where they could not all be read. */
  readonly root: string | undefined;
  readonly checkpoint: SignedCheckpoint | undefined;
  /** The keys that it was verified with. */
  readonly verifierKeys: readonly string[];
  /**
   * The statement of a restore beside the ledger, where it explains checkpoints of `expected` that the tree
   * does not continue. Whoever asks decides whether to take it; nothing of it is a problem here.
   */
  readonly epoch?: Epoch & { readonly statement: string; readonly explains: readonly string[] };
  /** The same, with those that hand-overs led to: each that was replaced with its end. */
  readonly keys: readonly VerifierKey[];
}

/** What an offline verification is given. */
export interface LedgerVerificationOptions {
  readonly directory: string;
  readonly fs: Fs;
  readonly sha256: Sha256;
  readonly verifySignature: VerifySignature;
  /** Trusted keys, as text `name+hash+base64`; hand-overs beside the ledger are followed from them. */
  readonly publicKeys: readonly string[];
  /** The ledger that it must be; by default any that one of the keys is named after. */
  readonly origin?: string;
  /** Checkpoints that someone outside kept: the tree must continue each. */
  readonly expected?: readonly string[];
  /** Receipts that someone outside kept: each must have become the leaf at its position. */
  readonly receipts?: readonly string[];
  /** What must stand at positions, and where it is from: entries of a journal, kept records. */
  readonly leaves?: ReadonlyMap<bigint, { readonly path: string; readonly commitment: Uint8Array }>;
  /** Called now and then with the leaves done so far. */
  readonly onProgress?: (leaves: bigint, size: bigint) => void;
}

/**
 * Verifies a ledger's directory with public keys alone: signature, every tile recomputed from the
 * leaf tiles, the root, the history, and whatever an outsider kept. Throws nothing but bugs.
 */
export async function verifyLedgerDirectory(
  options: LedgerVerificationOptions,
): Promise<LedgerVerdict> {
  const problems: LedgerProblem[] = [];
  let problemsOmitted = 0;
  const report = (code: LedgerProblemCode, path: string, message: string): void => {
    if (problems.length < limits.problemsMax) problems.push({ code, path, message });
    else problemsOmitted += 1;
  };
  const { checkpoint, root, keys, epoch } = await verifyAll(options, report);
  return {
    ok: problems.length === 0,
    problems,
    problemsOmitted,
    checkpoint,
    verifierKeys: options.publicKeys,
    keys,
    ...(epoch === undefined || epoch.explains.length === 0 ? {} : { epoch }),
    size: checkpoint?.size ?? 0n,
    root: root === undefined ? undefined : toHex(root),
  };
}

type Report = (code: LedgerProblemCode, path: string, message: string) => void;

interface Findings {
  checkpoint: SignedCheckpoint | undefined;
  root: Uint8Array | undefined;
  keys: readonly VerifierKey[];
  epoch?: FoundEpoch | undefined;
}

/** What it explains is filled in as it is met. */
type FoundEpoch = Epoch & { readonly statement: string; readonly explains: string[] };

async function verifyAll(options: LedgerVerificationOptions, report: Report): Promise<Findings> {
  const { sha256, fs, directory } = options;
  const keys = attempt('LEDGER_KEY_MALFORMED', () =>
    options.publicKeys.map((key) => parseVerifierKey(sha256, key)),
  );
  if (!keys.ok) report(keys.code, 'publicKeys', keys.message);
  if (!keys.ok) return { checkpoint: undefined, root: undefined, keys: [] };
  const origin = options.origin ?? (await claimedOrigin(options, keys.value));
  const alone = { sha256, verifySignature: options.verifySignature, keys: keys.value, origin };
  const chain = await readChain(options, { verifier: alone, report });
  const verifier = { ...alone, keys: chain.keys };

  let checkpoint: SignedCheckpoint | undefined;
  try {
    checkpoint = await readCheckpoint({ ...verifier, fs, directory });
  } catch (error) {
    if (error instanceof StrongroomError)
      report('LEDGER_CHECKPOINT_INVALID', 'checkpoint', error.message);
    else report('LEDGER_UNREADABLE', 'checkpoint', String(error));
    return { checkpoint, root: undefined, keys: verifier.keys };
  }
  if (checkpoint === undefined) {
    report('LEDGER_CHECKPOINT_MISSING', 'checkpoint', 'There is no checkpoint.');
    return { checkpoint, root: undefined, keys: verifier.keys };
  }

  const epoch = await readEpoch(options, { verifier, report });
  const found = { handOvers: chain.handOvers, epoch };
  const heads = await expectedHeads(options, { verifier, checkpoint, report }, found);
  const leaves = await expectedLeaves(options, { verifier, checkpoint, report });
  const root = await recompute(options, { checkpoint, heads, leaves, report });
  if (root !== undefined && !equalBytes(root, checkpoint.root)) {
    report('LEDGER_ROOT_DIFFERS', 'checkpoint', 'The leaves do not hash to the signed root.');
  }
  return { checkpoint, root, keys: verifier.keys, epoch };
}

/** The origin that the checkpoint claims, where a trusted key has that name; else the first key's. */
async function claimedOrigin(
  { fs, directory }: LedgerVerificationOptions,
  keys: readonly VerifierKey[],
): Promise<string> {
  const named = keys.map(({ name }) => name);
  try {
    const { origin } = parseCheckpoint(fromUtf8(await fs.readFile(`${directory}/checkpoint`)));
    if (named.includes(origin)) return origin;
  } catch {
    // What is wrong with it is found, and reported, when it is verified.
  }
  return named[0] ?? '';
}

const handOverPath = 'handovers';

/** The keys that the ledger's hand-overs lead to from the trusted ones. */
async function readChain(
  { fs, directory, sha256 }: LedgerVerificationOptions,
  { verifier, report }: { verifier: Verifier & { readonly origin: string }; report: Report },
): Promise<Pick<KeyChain, 'keys' | 'handOvers'>> {
  const none = { keys: verifier.keys, handOvers: [] };
  let statements: string[];
  try {
    const path = `${directory}/${handOverPath}`;
    if ((await fs.stat(path)) === undefined) return none;
    statements = parseHandOvers(sha256, await fs.readFile(path));
  } catch (error) {
    const damaged = error instanceof StrongroomError;
    report(damaged ? 'LEDGER_HANDOVER_WRONG' : 'LEDGER_UNREADABLE', handOverPath, String(error));
    return none;
  }
  const followed = await followHandOvers(statements, verifier);
  if (followed.ok) return followed.value;
  report(followed.code, handOverPath, followed.message);
  return none;
}

const epochPath = 'epoch';

/** The statement of the newest restore beside the ledger. */
async function readEpoch(
  { fs, directory }: LedgerVerificationOptions,
  { verifier, report }: { verifier: Verifier & { readonly origin: string }; report: Report },
): Promise<FoundEpoch | undefined> {
  const path = `${directory}/${epochPath}`;
  try {
    if ((await fs.stat(path)) === undefined) return undefined;
    const statement = fromUtf8(await fs.readFile(path));
    const verdict = await verifyEpoch(statement, verifier);
    if (verdict.ok) return { ...verdict.value, statement, explains: [] };
    report(verdict.code, epochPath, verdict.message);
  } catch (error) {
    report('LEDGER_UNREADABLE', epochPath, String(error));
  }
  return undefined;
}

interface Context {
  readonly verifier: Verifier & { readonly origin: string };
  readonly checkpoint: SignedCheckpoint;
  readonly report: Report;
}

/** A root that the tree must have had at a size, and who says so. */
interface ExpectedHead {
  readonly path: string;
  readonly size: bigint;
  readonly root: Uint8Array;
  /** The restore that explains it where the tree does not have it. */
  readonly epoch?: FoundEpoch | undefined;
}

async function expectedHeads(
  options: LedgerVerificationOptions,
  { verifier, checkpoint, report }: Context,
  found: { handOvers: readonly HandOver[]; epoch: FoundEpoch | undefined },
): Promise<ExpectedHead[]> {
  const sources = (options.expected ?? []).map((text, at) => ({ path: `expected[${at}]`, text }));
  try {
    for (const { path, text } of await readHistory({
      ...options,
      directory: `${options.directory}/history`,
    })) {
      sources.push({ path: path.slice(options.directory.length + 1), text });
    }
  } catch (error) {
    report('LEDGER_UNREADABLE', 'history', String(error));
  }
  const heads: ExpectedHead[] = [];
  if (found.epoch !== undefined) {
    const { size, root } = found.epoch.kept;
    heads.push({ path: epochPath, size, root });
  }
  for (const { number, size, root } of found.handOvers) {
    const path = `${handOverPath} ${number}`;
    if (size <= checkpoint.size) heads.push({ path, size, root });
    else {
      const message = `It speaks of ${size} leaves; the ledger has ${checkpoint.size}.`;
      report('LEDGER_ROLLED_BACK', path, message);
    }
  }
  for (const { path, text } of sources) {
    const verdict = await verifyCheckpoint(text, verifier);
    if (!verdict.ok) {
      report(verdict.code, path, verdict.message);
      continue;
    }
    const { size, root } = verdict.value;
    // What someone saw behind the kept checkpoint is what the restore lost.
    const lost = found.epoch !== undefined && size > found.epoch.kept.size;
    const outside = path.startsWith('expected[');
    if (lost && outside && size > checkpoint.size) found.epoch?.explains.push(path);
    else if (lost && outside) heads.push({ path, size, root, epoch: found.epoch });
    else if (size > checkpoint.size) {
      const message = `It speaks of ${size} leaves; the ledger has ${checkpoint.size}.`;
      report('LEDGER_ROLLED_BACK', path, message);
    } else heads.push({ path, size, root });
  }
  return heads.sort((a, b) => (a.size < b.size ? -1 : a.size > b.size ? 1 : 0));
}

/** A leaf that a receipt promised. */
interface ExpectedLeaf {
  readonly path: string;
  readonly hash: Uint8Array;
  readonly code: LedgerProblemCode;
}

async function expectedLeaves(
  options: LedgerVerificationOptions,
  { verifier, checkpoint, report }: Context,
): Promise<Map<bigint, ExpectedLeaf[]>> {
  const leaves = new Map<bigint, ExpectedLeaf[]>();
  for (const [at, text] of (options.receipts ?? []).entries()) {
    const path = `receipts[${at}]`;
    const verdict = await verifyReceipt(text, verifier);
    if (!verdict.ok) {
      report(verdict.code, path, verdict.message);
      continue;
    }
    const { position, commitment } = verdict.value;
    if (position >= checkpoint.size) {
      report('LEDGER_RECEIPT_BROKEN', path, `The ledger ends before position ${position}.`);
      continue;
    }
    const expected = leaves.get(position) ?? [];
    const hash = leafHash(options.sha256, commitment);
    expected.push({ path, hash, code: 'LEDGER_RECEIPT_BROKEN' });
    leaves.set(position, expected);
  }
  for (const [position, { path, commitment }] of options.leaves ?? []) {
    // What is not sealed yet stands in no tree.
    if (position >= checkpoint.size) continue;
    const expected = leaves.get(position) ?? [];
    const hash = leafHash(options.sha256, commitment);
    expected.push({ path, hash, code: 'LEDGER_ENTRY_DIFFERS' });
    leaves.set(position, expected);
  }
  return leaves;
}

/**
 * Folds all leaf tiles into a tree, holding each tile above, each earlier head and each promised leaf
 * against it on the way. `undefined` where leaf tiles are missing or torn: then nothing after the
 * first of them can be said.
 */
async function recompute(
  options: LedgerVerificationOptions,
  work: {
    checkpoint: SignedCheckpoint;
    heads: readonly ExpectedHead[];
    leaves: ReadonlyMap<bigint, readonly ExpectedLeaf[]>;
    report: Report;
  },
): Promise<Uint8Array | undefined> {
  const { sha256 } = options;
  const { size } = work.checkpoint;
  const read = tileReader(options, work.report);
  const frontier = new Frontier();
  const heads = [...work.heads];
  const checkHeads = (): void => {
    for (; heads[0]?.size === frontier.size; heads.shift()) {
      const { path, root, epoch } = heads[0];
      if (equalBytes(frontier.root(sha256), root)) continue;
      if (epoch !== undefined) {
        epoch.explains.push(path);
        continue;
      }
      const message = `The tree of ${frontier.size} leaves is not the one that was signed.`;
      work.report('LEDGER_HISTORY_DIFFERS', path, message);
    }
  };
  const compare = async (id: TileId, hashes: readonly Uint8Array[]): Promise<void> => {
    const stored = id.level === 0 ? hashes : await read(id);
    if (stored === undefined) return;
    const at = stored.findIndex((hash, index) => !equalBytes(hash, hashes[index]!));
    if (at < 0) return;
    const message = `Hash ${at} is not what the tiles below it say.`;
    work.report('LEDGER_TILE_DAMAGED', tilePath(id), message);
  };

  checkHeads();
  const tileCount = fullTiles(size, 0);
  for (let index = 0n; index <= tileCount; index += 1n) {
    const width = index < tileCount ? tileWidth : partialWidth(size, 0);
    if (width === 0) break;
    const hashes = await read({ level: 0, index, width });
    if (hashes === undefined) return undefined;
    const completed: [TileId, readonly Uint8Array[]][] = [];
    for (const hash of hashes) {
      for (const { path, hash: promised, code } of work.leaves.get(frontier.size) ?? []) {
        if (equalBytes(hash, promised)) continue;
        const message = `Another entry stands at position ${frontier.size}.`;
        work.report(code, path, message);
      }
      frontier.push(sha256, hash, (id, full) => completed.push([id, full]));
      checkHeads();
    }
    for (const [id, full] of completed) await compare(id, full);
    if (index % 256n === 0n) options.onProgress?.(frontier.size, size);
  }
  for (const { id, hashes } of frontier.partialTiles()) await compare(id, hashes);
  options.onProgress?.(frontier.size, size);
  return frontier.root(sha256);
}

function tileReader(options: LedgerVerificationOptions, report: Report) {
  return async (id: TileId): Promise<Uint8Array[] | undefined> => {
    try {
      return await readTile(options.fs, options.directory, id);
    } catch (error) {
      const damaged = hasCode(error, 'LEDGER_TILE_DAMAGED');
      const code = damaged ? 'LEDGER_TILE_DAMAGED' : 'LEDGER_UNREADABLE';
      report(code, tilePath(id), damaged ? error.message : String(error));
      return undefined;
    }
  };
}
