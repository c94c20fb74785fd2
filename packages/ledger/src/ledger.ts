import { equalBytes, fromUtf8, invariant, isNotFound, utf8 } from '@strongroom/base';
import type { Clock, Fs, Sha256, StrongroomError } from '@strongroom/base';
import { signCheckpoint, verifyCheckpoint } from './checkpoint.js';
import type { SignedCheckpoint, Verifier } from './checkpoint.js';
import { ledgerError } from './errors.js';
import { followHandOvers, parseHandOvers, printHandOvers, signHandOver } from './hand-over.js';
import { History } from './history.js';
import { limits } from './limits.js';
import {
  consistencyRanges,
  foldNodes,
  hashSize,
  inclusionRanges,
  joinHashes,
  leafHash,
  nodesOf,
  rootOf,
} from './merkle-tree.js';
import type { LeafRange, TreeNode } from './merkle-tree.js';
import { keyIdOf, printVerifierKey, signatureType } from './note.js';
import type { NoteSigner, VerifierKey, VerifySignature } from './note.js';
import { printProof } from './proof.js';
import { isOrigin } from './receipt.js';
import {
  Frontier,
  fullTiles,
  levelCount,
  partialWidth,
  tileHeight,
  tilePath,
  tileWidth,
} from './tile.js';
import type { TileId } from './tile.js';
import { readTile } from './tile-file.js';

/** What a ledger is opened with. */
export interface LedgerOptions {
  /** Made where it does not exist, in a parent that is durable. The ledger owns everything in it. */
  readonly directory: string;
  readonly fs: Fs;
  readonly sha256: Sha256;
  readonly clock: Clock;
  /** The ledger's identity, the first line of its checkpoints: visible ASCII, like a URL without scheme. */
  readonly origin: string;
  /**
   * Its `keyName` is the origin (c2sp.org/tlog-checkpoint, Signatures). A ledger that an earlier key
   * signs is handed over to it when it is opened.
   */
  readonly signer: NoteSigner;
  /** Earlier signing keys whose private halves are still here. */
  readonly earlier?: readonly NoteSigner[];
  readonly verifySignature: VerifySignature;
}

/** A Merkle path, with the tree that it is in. */
export interface InclusionProof {
  readonly index: bigint;
  readonly size: bigint;
  readonly leafHash: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

/** A proof that a tree continues a smaller one. */
export interface ConsistencyProof {
  readonly oldSize: bigint;
  readonly size: bigint;
  readonly hashes: readonly Uint8Array[];
}

/**
 * The Merkle tree over one journal, on disk as c2sp.org/tlog-tiles lays it out.
 *
 * It is a fold over the journal: `append` only remembers, `seal` makes durable, and what was not
 * sealed before a crash is appended again from `size`. One ledger is open on a directory at a time.
 */
export interface Ledger {
  readonly origin: string;
  /** Leaves that the newest checkpoint covers, durably. After a start, append from here. */
  readonly size: bigint;
  /** The next leaf to append: `size` plus the leaves that wait for a seal. */
  readonly nextIndex: bigint;
  /** The newest signed checkpoint; `undefined` only before the first seal. */
  readonly checkpoint: SignedCheckpoint | undefined;
  /** The key that verifies its checkpoints, as text `name+hash+base64`. */
  readonly verifierKey: string;
  /** What signs for this ledger now: checkpoints, receipts, statements. */
  readonly signer: NoteSigner;
  /** Every key that it ever had, the present one first; each that was replaced with its end. */
  readonly keys: readonly VerifierKey[];
  /** The signed hand-overs from key to key, oldest first. */
  readonly handOvers: readonly string[];
  /**
   * Adds leaves, the first at `startIndex`. Leaves that are there already are compared.
   *
   * Throws `LEDGER_FORK` where a different leaf stands at an index, after which the ledger refuses
   * everything but proofs; `LEDGER_GAP` beyond `nextIndex`; `LEDGER_UNSEALED_FULL` where a seal must
   * come first; `LEDGER_BAD_COMMITMENT` for a commitment that is not 32 bytes. Then nothing was added.
   */
  append(commitments: readonly Uint8Array[], startIndex: bigint): Promise<void>;
  /**
   * Signs the tree with all appended leaves. When it resolves, tiles and checkpoint survive power
   * loss. When it rejects, call again: no signature left the process that the next one contradicts.
   * Without new leaves it resolves with the checkpoint that is there.
   */
  seal(): Promise<SignedCheckpoint>;
  /** The path of a sealed leaf in the tree of `size` leaves (the newest by default). */
  proveInclusion(index: bigint, size?: bigint): Promise<InclusionProof>;
  /** The path of a sealed leaf in the newest tree, as a text that needs only the public key. */
  proofText(index: bigint): Promise<string>;
  /** That the tree of `size` leaves (the newest by default) continues that of `oldSize`. */
  proveConsistency(oldSize: bigint, size?: bigint): Promise<ConsistencyProof>;
  /** The root at a size up to the newest. */
  rootAt(size: bigint): Promise<Uint8Array>;
  /**
   * Replaces the signing key. When it resolves, the statement that both keys signed is durable, and
   * `to` signs everything from there on. When it rejects, nothing more is sealed before a later seal
   * or hand-over has made it durable. Does nothing where `to` is the key already.
   */
  handOver(to: NoteSigner): Promise<void>;
  /** Waits for a running seal; appended leaves that are not sealed are forgotten. */
  close(): Promise<void>;
}

/**
 * Opens the ledger, or makes an empty one. Throws `LEDGER_KEY_MISSING` where the key that signs it now
 * is neither `signer` nor among `earlier`, `LEDGER_CHECKPOINT_INVALID` where the checkpoint is
 * not signed by the ledger's keys, `LEDGER_TILE_DAMAGED` where the tree's right edge does not hash to
 * its root: then nothing may be signed before a person has looked.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { directory, fs, sha256, origin, signer } = options;
  if (!isOrigin(origin)) throw ledgerError('LEDGER_BAD_NAME', 'The origin is not usable.');
  if (signer.keyName !== origin) {
    throw ledgerError('LEDGER_BAD_NAME', 'A ledger signs with a key that has its name.');
  }
  await fs.makeDirectory(directory);
  // The checkpoint that is read next may be one whose rename was not synced before a crash.
  await fs.syncDirectory(directory);
  await fs.syncDirectory(parentOf(directory));
  const handOvers = await readHandOvers(options);
  const { keys, present } = await keysOf(options, handOvers);
  const checkpoint = await readCheckpoint({ ...options, keys });
  const frontier = await readFrontier(options, checkpoint);
  await writePublicKeys(fs, directory, sha256, keys);
  const history = await History.open({ fs, sha256, directory: `${directory}/history` });
  if (checkpoint === undefined && !(await history.isEmpty())) {
    // A crash leaves the old checkpoint or the new one. Signing anew from nothing would be a fork.
    throw ledgerError('LEDGER_CHECKPOINT_INVALID', 'The checkpoint is gone, but not its history.');
  }
  const state = { keys, handOvers, signer: present, checkpoint, frontier, history };
  const ledger = new DirectoryLedger(options, state);
  await ledger.handOver(signer);
  return ledger;
}

const handOverFile = 'handovers';

/** The statements beside the ledger, replaced whole by renaming; none before the first rotation. */
async function readHandOvers({
  fs,
  directory,
  sha256,
}: Pick<LedgerOptions, 'fs' | 'directory' | 'sha256'>): Promise<string[]> {
  const path = `${directory}/${handOverFile}`;
  if ((await fs.stat(path)) === undefined) return [];
  return parseHandOvers(sha256, await fs.readFile(path));
}

/** The key of a signer as verifiers see it. */
const verifierKeyOf = (sha256: Sha256, { keyName: name, publicKey }: NoteSigner): VerifierKey => {
  const type = signatureType.ed25519;
  return { name, type, publicKey, keyId: keyIdOf(sha256, { name, type, publicKey }) };
};

/** All keys of a ledger, and which of those that are held signs it now. */
async function keysOf(
  options: LedgerOptions,
  handOvers: readonly string[],
): Promise<{ keys: readonly VerifierKey[]; present: NoteSigner }> {
  const { sha256, fs, directory, signer, origin } = options;
  const held = [signer, ...(options.earlier ?? [])];
  const own = held.map((each) => verifierKeyOf(sha256, each));
  if (handOvers.length > 0) {
    const followed = await followHandOvers(handOvers, { ...options, keys: own });
    if (!followed.ok) {
      throw ledgerError('LEDGER_KEY_MISSING', `${followed.code}: ${followed.message}`);
    }
    const { newest, keys } = followed.value;
    const present = held.find(({ publicKey }) => equalBytes(publicKey, newest!.publicKey));
    if (present === undefined) {
      throw ledgerError('LEDGER_KEY_MISSING', 'The key that signs this ledger now is not here.');
    }
    // What is held beyond the chain has signed nothing in this ledger yet.
    const joined = keys.filter((key) => key.retired !== undefined || key === newest);
    return { keys: joined, present };
  }
  // Before the first hand-over it is the key that signed the checkpoint; without one, the key that was
  // told to senders, because there may be receipts by it.
  for (const [at, key] of own.entries()) {
    if (await readCheckpoint({ ...options, keys: [key] }).catch(() => undefined)) {
      return { keys: [key], present: held[at]! };
    }
  }
  const path = `${directory}/public-keys`;
  const told = (await fs.stat(path)) === undefined ? '' : fromUtf8(await fs.readFile(path));
  const named = own.findIndex(({ publicKey }) =>
    told.startsWith(`${printVerifierKey(sha256, { name: origin, publicKey })}\n`),
  );
  const at = Math.max(0, named);
  return { keys: [own[at]!], present: held[at]! };
}

/** The directory that holds a path. */
function parentOf(path: string): string {
  const at = path.replace(/\/+$/, '').lastIndexOf('/');
  return at < 0 ? '.' : at === 0 ? '/' : path.slice(0, at);
}

/**
 * Keeps `public-keys` beside the tiles, one key a line: what a copy of the directory is verified with
 * by whoever kept no key of their own.
 */
async function writePublicKeys(
  fs: Fs,
  directory: string,
  sha256: Sha256,
  keys: readonly VerifierKey[],
): Promise<void> {
  const path = `${directory}/public-keys`;
  const bytes = utf8(keys.map((key) => `${printVerifierKey(sha256, key)}\n`).join(''));
  const present = (await fs.stat(path)) === undefined ? undefined : await fs.readFile(path);
  if (present !== undefined && equalBytes(present, bytes)) return;
  await replaceFile(fs, path, bytes);
  await fs.syncDirectory(directory);
}

/** Reads and verifies `checkpoint`. It was renamed into place, so it is whole or not there. */
export async function readCheckpoint(
  options: Verifier & { fs: Fs; directory: string; origin: string },
): Promise<SignedCheckpoint | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await options.fs.readFile(`${options.directory}/checkpoint`);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch (cause) {
    throw ledgerError('LEDGER_CHECKPOINT_INVALID', 'The checkpoint is not text.', cause);
  }
  const verdict = await verifyCheckpoint(text, options);
  if (!verdict.ok) {
    throw ledgerError('LEDGER_CHECKPOINT_INVALID', `${verdict.code}: ${verdict.message}`);
  }
  return verdict.value;
}

/** Reads the partial tiles of the checkpoint's tree and holds them against its root. */
async function readFrontier(
  { fs, directory, sha256 }: Pick<LedgerOptions, 'fs' | 'directory' | 'sha256'>,
  checkpoint: SignedCheckpoint | undefined,
): Promise<Frontier> {
  if (checkpoint === undefined) return new Frontier();
  const { size, root } = checkpoint;
  const levels: Uint8Array[][] = [];
  for (let level = 0; level < levelCount(size); level += 1) {
    const width = partialWidth(size, level);
    const id = { level, index: fullTiles(size, level), width };
    levels.push(width === 0 ? [] : await readTile(fs, directory, id));
  }
  const frontier = new Frontier(levels);
  if (frontier.size !== size || !equalBytes(frontier.root(sha256), root)) {
    throw ledgerError('LEDGER_TILE_DAMAGED', 'The right edge does not hash to the signed root.');
  }
  return frontier;
}

class DirectoryLedger implements Ledger {
  readonly origin: string;
  readonly #options: LedgerOptions;
  #signer: NoteSigner;
  #keys: readonly VerifierKey[];
  #handOvers: readonly string[];
  /** A hand-over that may or may not be durable: nothing is signed before it is. */
  #unfinished: { readonly statement: string; readonly to: NoteSigner } | undefined;
  readonly #history: History;
  /** The right edge of the sealed tree. Replaced, never changed, by `seal`. */
  #frontier: Frontier;
  #checkpoint: SignedCheckpoint | undefined;
  /** Leaf hashes after the sealed tree. Owned by `append`; `seal` takes from its front. */
  #pending: Uint8Array[] = [];
  /** Full tiles that were verified up to the sealed root; the oldest use goes first. */
  readonly #cache = new Map<string, readonly Uint8Array[]>();
  /** Directories whose names are known to be durable. */
  readonly #durableDirectories: Set<string>;
  /** Set by a fork: no further leaf, no further signature. */
  #stopped: StrongroomError | undefined;
  /** The end of the queue that appends and seals stand in. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    options: LedgerOptions,
    state: {
      signer: NoteSigner;
      keys: readonly VerifierKey[];
      handOvers: readonly string[];
      checkpoint: SignedCheckpoint | undefined;
      frontier: Frontier;
      history: History;
    },
  ) {
    this.#options = options;
    this.origin = options.origin;
    this.#signer = state.signer;
    this.#keys = state.keys;
    this.#handOvers = state.handOvers;
    this.#checkpoint = state.checkpoint;
    this.#frontier = state.frontier;
    this.#history = state.history;
    this.#durableDirectories = signedDirectories(state.frontier.size);
  }

  get signer(): NoteSigner {
    return this.#signer;
  }

  get keys(): readonly VerifierKey[] {
    return this.#keys;
  }

  get handOvers(): readonly string[] {
    return this.#handOvers;
  }

  get verifierKey(): string {
    const { keyName: name, publicKey } = this.#signer;
    return printVerifierKey(this.#options.sha256, { name, publicKey });
  }

  handOver(to: NoteSigner): Promise<void> {
    return this.#inTurn(() => this.#handOver(to));
  }

  async #handOver(to: NoteSigner): Promise<void> {
    if (this.#stopped !== undefined) throw this.#stopped;
    await this.#finishHandOver();
    const from = this.#signer;
    if (equalBytes(from.publicKey, to.publicKey)) return;
    const { sha256, clock, origin } = this.#options;
    const statement = await signHandOver(
      sha256,
      {
        origin,
        number: BigInt(this.#handOvers.length) + 1n,
        time: Math.max(clock.now(), this.#checkpoint?.time ?? 0, this.#handedOverAt()),
        size: this.size,
        root: this.#frontier.root(sha256),
      },
      { from, to },
    );
    this.#unfinished = { statement, to };
    await this.#finishHandOver();
  }

  /** When the last hand-over was; it never goes back. */
  #handedOverAt(): number {
    return Math.max(0, ...this.#keys.map(({ retired }) => retired?.time ?? 0));
  }

  /** Makes a hand-over durable and takes the new key. Done again, it writes the same bytes. */
  async #finishHandOver(): Promise<void> {
    if (this.#unfinished === undefined) return;
    const { statement, to } = this.#unfinished;
    const { fs, directory, sha256, origin } = this.#options;
    const handOvers = [...this.#handOvers, statement];
    const followed = await followHandOvers(handOvers, {
      ...this.#options,
      keys: this.#keys,
      origin,
    });
    invariant(followed.ok, 'a hand-over of our own that does not verify');
    await replaceFile(fs, `${directory}/${handOverFile}`, printHandOvers(sha256, handOvers));
    await fs.syncDirectory(directory);
    this.#handOvers = handOvers;
    this.#signer = to;
    this.#keys = followed.value.keys;
    this.#unfinished = undefined;
    await writePublicKeys(fs, directory, sha256, this.#keys);
  }

  get size(): bigint {
    return this.#frontier.size;
  }

  get nextIndex(): bigint {
    return this.#frontier.size + BigInt(this.#pending.length);
  }

  get checkpoint(): SignedCheckpoint | undefined {
    return this.#checkpoint;
  }

  append(commitments: readonly Uint8Array[], startIndex: bigint): Promise<void> {
    return this.#inTurn(() => this.#append(commitments, startIndex));
  }

  seal(): Promise<SignedCheckpoint> {
    return this.#inTurn(() => this.#seal());
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      this.#stopped ??= ledgerError('LEDGER_CLOSED', 'The ledger is closed.');
    });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(run);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** Lets others run now and then: a follower that catches up must not hold up an ingest. */
  #breathe(): Promise<void> {
    return this.#options.clock.sleep(0);
  }

  async #append(commitments: readonly Uint8Array[], startIndex: bigint): Promise<void> {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (startIndex < 0n || startIndex > this.nextIndex) {
      throw ledgerError('LEDGER_GAP', `Leaf ${startIndex} does not follow ${this.nextIndex}.`);
    }
    if (commitments.some(({ length }) => length !== hashSize)) {
      throw ledgerError('LEDGER_BAD_COMMITMENT', 'A commitment is not 32 bytes.');
    }
    const leaves: Uint8Array[] = [];
    for (const commitment of commitments) {
      leaves.push(leafHash(this.#options.sha256, commitment));
      if (leaves.length % limits.leavesPerTurn === 0) await this.#breathe();
    }
    const known = Number(this.nextIndex - startIndex);
    for (const [at, leaf] of leaves.slice(0, known).entries()) {
      const index = startIndex + BigInt(at);
      if (equalBytes(leaf, await this.#leafAt(index))) continue;
      this.#stopped = ledgerError('LEDGER_FORK', `Another leaf stands at index ${index}.`);
      throw this.#stopped;
    }
    const fresh = leaves.slice(known);
    if (this.#pending.length + fresh.length > limits.pendingLeavesMax) {
      throw ledgerError('LEDGER_UNSEALED_FULL', 'Too many leaves wait for a seal.');
    }
    for (const leaf of fresh) this.#pending.push(leaf);
  }

  async #leafAt(index: bigint): Promise<Uint8Array> {
    const pending = this.#pending[Number(index - this.size)];
    if (index >= this.size) {
      invariant(pending !== undefined, 'a leaf beyond the tree');
      return pending;
    }
    return this.#node({ height: 0, index });
  }

  async #seal(): Promise<SignedCheckpoint> {
    if (this.#stopped !== undefined) throw this.#stopped;
    await this.#finishHandOver();
    const { fs, directory, sha256, clock, origin } = this.#options;
    if (this.#pending.length === 0 && this.#checkpoint !== undefined) return this.#checkpoint;

    const sealed = this.#frontier;
    const frontier = sealed.clone();
    const completed: { id: TileId; hashes: readonly Uint8Array[] }[] = [];
    const leaves = this.#pending.slice();
    for (const [at, leaf] of leaves.entries()) {
      frontier.push(sha256, leaf, (id, hashes) => completed.push({ id, hashes }));
      if ((at + 1) % limits.leavesPerTurn === 0) await this.#breathe();
    }
    // A level whose edge did not change has its tile from an earlier seal.
    const changed = frontier.partialTiles().filter(({ id }) => {
      const { level, index, width } = id;
      return fullTiles(sealed.size, level) !== index || partialWidth(sealed.size, level) !== width;
    });

    // Every path written here is referenced by no signed checkpoint: full tiles and widths beyond
    // the sealed size. So a crash that leaves some of them changes nothing that was signed: the next
    // start reads the old edge, and this same code writes them again.
    await this.#writeTiles([...completed, ...changed]);

    // All tiles of the new tree are durable now, names included. Only after that may a checkpoint
    // exist that speaks of them, even in memory: a signature that left this process can't be taken back.
    const time = Math.max(clock.now(), this.#checkpoint?.time ?? 0);
    const head = { origin, size: frontier.size, root: frontier.root(sha256), time };
    const checkpoint = await signCheckpoint(sha256, head, this.#signer);

    // Replaced by rename, so that a crash leaves the old or the new one, each with its tiles. Where
    // the rename was done but not reported, the next seal signs a tree that continues both.
    await this.#replaceCheckpoint(checkpoint);
    this.#frontier = frontier;
    this.#checkpoint = checkpoint;
    this.#pending = this.#pending.slice(leaves.length);

    // What follows adds nothing to the promise: a copy for the record, and room on the disk.
    await this.#history.record(checkpoint);
    for (const { id } of completed) {
      // Partial tiles may go once the full one is there (c2sp.org/tlog-tiles, Partial Tiles).
      await fs.removeTree(`${directory}/${tilePath(id)}.p`);
      this.#durableDirectories.delete(`${tilePath(id)}.p`);
    }
    return checkpoint;
  }

  async #writeTiles(
    tiles: readonly { id: TileId; hashes: readonly Uint8Array[] }[],
  ): Promise<void> {
    const { fs, directory } = this.#options;
    const paths = tiles.map(({ id }) => tilePath(id));
    const changed = new Set<string>();
    const made = new Set<string>();
    for (const path of paths) {
      changed.add(parentOf(path));
      for (const at of ancestorsOf(path)) {
        if (this.#durableDirectories.has(at) || made.has(at)) continue;
        // Made by a seal that failed or crashed: nothing signed is in it, and whether its name will
        // ever be durable nobody knows (a failed fsync may have dropped it). So it is made afresh.
        await fs.removeTree(`${directory}/${at}`);
        await fs.makeDirectory(`${directory}/${at}`);
        made.add(at);
        changed.add(parentOf(at));
      }
    }
    // A few at a time: each holds a file open until its bytes are on the disk.
    for (let at = 0; at < tiles.length; at += writersMax) {
      await Promise.all(
        tiles
          .slice(at, at + writersMax)
          .map(({ hashes }, index) =>
            replaceFile(fs, `${directory}/${paths[at + index]}`, joinHashes(hashes)),
          ),
      );
    }
    for (const path of changed) await fs.syncDirectory(below(directory, path));
    for (const path of made) this.#durableDirectories.add(path);
  }

  async #replaceCheckpoint(checkpoint: SignedCheckpoint): Promise<void> {
    const { fs, directory } = this.#options;
    await replaceFile(fs, `${directory}/checkpoint`, utf8(checkpoint.text));
    await fs.syncDirectory(directory);
  }

  async proveInclusion(index: bigint, size: bigint = this.size): Promise<InclusionProof> {
    if (index < 0n || index >= size || size > this.size) {
      throw ledgerError('LEDGER_OUT_OF_RANGE', `No sealed leaf ${index} in a tree of ${size}.`);
    }
    const hashes: Uint8Array[] = [];
    for (const range of inclusionRanges(index, size)) hashes.push(await this.#rangeHash(range));
    return { index, size, leafHash: await this.#node({ height: 0, index }), hashes };
  }

  async proofText(index: bigint): Promise<string> {
    // Taken together: a seal may replace the checkpoint while the path is being read.
    const checkpoint = this.#checkpoint;
    const { hashes } = await this.proveInclusion(index, checkpoint?.size ?? 0n);
    invariant(checkpoint !== undefined, 'a proof without a checkpoint');
    return printProof({ index, hashes, checkpoint: checkpoint.text });
  }

  async proveConsistency(oldSize: bigint, size: bigint = this.size): Promise<ConsistencyProof> {
    if (oldSize < 0n || oldSize > size || size > this.size) {
      throw ledgerError('LEDGER_OUT_OF_RANGE', `No sealed trees of ${oldSize} and ${size} leaves.`);
    }
    const hashes: Uint8Array[] = [];
    for (const range of consistencyRanges(oldSize, size)) hashes.push(await this.#rangeHash(range));
    return { oldSize, size, hashes };
  }

  async rootAt(size: bigint): Promise<Uint8Array> {
    if (size < 0n || size > this.size) {
      throw ledgerError('LEDGER_OUT_OF_RANGE', `No sealed tree of ${size} leaves.`);
    }
    return size === 0n ? this.#options.sha256() : this.#rangeHash({ start: 0n, end: size });
  }

  async #rangeHash(range: LeafRange): Promise<Uint8Array> {
    const hashes: Uint8Array[] = [];
    for (const node of nodesOf(range)) hashes.push(await this.#node(node));
    return foldNodes(this.#options.sha256, hashes);
  }

  /** The hash of a perfect subtree in the sealed tree. */
  async #node({ height, index }: TreeNode): Promise<Uint8Array> {
    const level = Math.floor(height / tileHeight);
    const inner = height % tileHeight;
    const first = index << BigInt(inner);
    const offset = Number(first % BigInt(tileWidth));
    const tile = await this.#tile(level, first / BigInt(tileWidth));
    return rootOf(this.#options.sha256, tile.slice(offset, offset + 2 ** inner));
  }

  /**
   * The hashes of a tile, verified: those on the right edge were held against the signed root when
   * opened, a full one against the hash that stands for it in the tile above.
   */
  async #tile(level: number, index: bigint): Promise<readonly Uint8Array[]> {
    const frontier = this.#frontier;
    if (index === fullTiles(frontier.size, level)) return frontier.levels[level] ?? [];
    invariant(index < fullTiles(frontier.size, level), 'a tile beyond the tree');
    const { fs, directory, sha256 } = this.#options;
    const id = { level, index, width: tileWidth };
    const path = tilePath(id);
    const cached = this.#cache.get(path);
    if (cached !== undefined) {
      this.#cache.delete(path);
      this.#cache.set(path, cached);
      return cached;
    }
    const hashes = await readTile(fs, directory, id);
    const above = await this.#tile(level + 1, index / BigInt(tileWidth));
    const expected = above[Number(index % BigInt(tileWidth))];
    if (expected === undefined || !equalBytes(rootOf(sha256, hashes), expected)) {
      throw ledgerError('LEDGER_TILE_DAMAGED', `The tile ${path} is not what its parent says.`);
    }
    this.#cache.set(path, hashes);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > limits.cachedTilesMax && oldest !== undefined)
      this.#cache.delete(oldest);
    return hashes;
  }
}

/** Files written at once. */
const writersMax = 16;

/** A path below a directory, which `.` stands for. */
const below = (directory: string, path: string): string =>
  path === '.' ? directory : `${directory}/${path}`;

/** The directories that a path below the ledger's lies in, outermost first. */
function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let at = parentOf(path); at !== '.'; at = parentOf(at)) ancestors.unshift(at);
  return ancestors;
}

/** Directories that hold a tile of the signed tree, so that their names were synced before it was signed. */
function signedDirectories(size: bigint): Set<string> {
  const directories = new Set<string>();
  for (let level = 0; level < levelCount(size); level += 1) {
    const index = fullTiles(size, level);
    const width = partialWidth(size, level);
    const tiles = [
      ...(index > 0n ? [{ level, index: index - 1n, width: tileWidth }] : []),
      ...(width > 0 ? [{ level, index, width }] : []),
    ];
    for (const id of tiles) for (const path of ancestorsOf(tilePath(id))) directories.add(path);
  }
  return directories;
}

/**
 * Writes a whole file under another name, syncs its bytes, and renames it into place: never torn, and
 * each try makes a new name, because the fate of a name whose sync failed is unknown. The new name is
 * durable only once the directory was synced.
 */
async function replaceFile(fs: Fs, path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${path}.new`;
  const exists = (await fs.stat(unfinished)) !== undefined;
  const file = await fs.open(unfinished, exists ? 'write' : 'create');
  try {
    await file.write(0, bytes);
    await file.truncate(bytes.length);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(unfinished, path);
}
