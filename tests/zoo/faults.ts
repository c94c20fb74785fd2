/** The bug zoo: faults that the suites must catch, each a small edit of the built program. */
export interface Fault {
  /** What is wrong, as a reviewer would say it. */
  readonly name: string;
  /** Below `packages/`, in what was built. */
  readonly file: string;
  readonly search: string;
  /** Which occurrence, from 1. Default 1. */
  readonly nth?: number;
  readonly replace: string;
  /** The suite that must fail, below `packages/`. */
  readonly suite: string;
  /** Seeds that it takes, where the usual number is not enough. */
  readonly seeds?: number;
}

const crash = 'journal/dist/crash.test.js';
const cursor = 'journal/dist/cursor-file.test.js';
const damage = 'journal/dist/damage.test.js';
const simulation = 'server/dist/workspaces/power-cut.test.js';

export const faults: readonly Fault[] = [
  // ---- the journal
  {
    name: 'a group is acknowledged before its fsync',
    file: 'journal/dist/segmented-journal.js',
    search: 'await active.file.sync();',
    replace: '',
    suite: crash,
  },
  {
    name: 'a segment header is not synced',
    file: 'journal/dist/segmented-journal.js',
    search: '            await file.sync();',
    replace: '',
    suite: crash,
  },
  {
    name: 'the directory is not synced after a roll',
    file: 'journal/dist/segmented-journal.js',
    search: 'await this.#fs.syncDirectory(this.#directory);',
    replace: '',
    suite: crash,
  },
  {
    name: 'a failed group is acknowledged all the same',
    file: 'journal/dist/segmented-journal.js',
    search: 'await this.#abandon(active, error);\n            throw error;',
    replace: 'await this.#abandon(active, error);',
    suite: crash,
  },
  {
    name: 'a segment whose fsync failed is written on',
    file: 'journal/dist/segmented-journal.js',
    search: 'async #abandon(active, error) {\n        this.#active = undefined;',
    replace: 'async #abandon(active, error) {\n        return;',
    suite: 'journal/dist/journal.test.js',
  },
  {
    name: 'opening does not write again what only the cache may hold',
    file: 'journal/dist/open-journal.js',
    search: 'await rewrite(fs, newest.path',
    replace: 'if (false) await rewrite(fs, newest.path',
    suite: crash,
  },
  {
    name: 'segments are removed before the mark says so',
    file: 'journal/dist/segmented-journal.js',
    search: 'await this.#storeMark();\n                await this.#storeMark();',
    replace: '',
    suite: crash,
  },
  {
    name: "a body's checksum is not looked at",
    file: 'journal/dist/format.js',
    search: 'body.length === frame.bodySize && crc32(body) === frame.bodyCrc',
    replace: 'body.length === frame.bodySize',
    suite: damage,
  },
  {
    name: "a frame header's checksum is not looked at",
    file: 'journal/dist/format.js',
    search: 'if (crc32(bytes.subarray(0, 124)) !== bytes.readUInt32BE(124))',
    replace: 'if (false)',
    suite: damage,
  },
  {
    name: "a segment header's checksum is not looked at",
    file: 'journal/dist/format.js',
    search: 'if (!sha256(body).equals(bytes.subarray(segmentHeaderSize - 32)))',
    replace: 'if (false)',
    suite: damage,
  },
  {
    name: 'damage before the mark is taken for a torn tail',
    file: 'journal/dist/segment.js',
    search: 'if (end.next < mark.next)',
    replace: 'if (false)',
    suite: damage,
  },
  {
    name: 'damage before a later group is taken for a torn tail',
    file: 'journal/dist/segment.js',
    search: 'if (droppedBytes > 0 && (await holdsLaterGroup(file, segment, end)))',
    replace: 'if (false)',
    suite: damage,
  },
  {
    name: 'an entry need not follow the one before it',
    file: 'journal/dist/segment.js',
    search: 'if (!equalBytes(linkOf(state.link, frame), frame.link))',
    replace: 'if (false)',
    suite: damage,
  },
  {
    name: 'damage is stepped over without an act',
    file: 'journal/dist/quarantine.js',
    search: '=> quarantine.ranges.some(',
    replace: '=> true || quarantine.ranges.some(',
    suite: 'journal/dist/salvage.test.js',
  },
  {
    name: 'an act gives up more than is damaged',
    file: 'journal/dist/salvage.js',
    search: 'from: state.next, to: upTo',
    replace: 'from: 0n, to: upTo',
    suite: 'journal/dist/salvage.test.js',
  },
  {
    name: 'a cursor is stored without fsync',
    file: 'journal/dist/cursor-file.js',
    search: 'await file.sync();',
    nth: 2,
    replace: '',
    suite: cursor,
  },
  {
    name: 'a cursor file is renamed before it is synced',
    file: 'journal/dist/cursor-file.js',
    search: 'await file.sync();',
    replace: '',
    suite: cursor,
  },
  {
    name: 'a cursor is written over the only whole slot',
    file: 'journal/dist/cursor-file.js',
    search: 'const next = { generation: (slot?.generation ?? 0n) + 1n, value };',
    replace: 'const next = { generation: (slot?.generation ?? 0n) + 2n, value };',
    suite: cursor,
  },
  {
    name: "a cursor's hash is not looked at",
    file: 'journal/dist/cursor-file.js',
    search: 'if (!hash.equals(bytes.subarray(end, end + hashSize)))',
    replace: 'if (false)',
    suite: cursor,
  },
  {
    name: 'a cursor that only the cache holds is acted upon',
    file: 'journal/dist/cursor-file.js',
    search: '            await overwrite(slot);',
    replace: '',
    suite: cursor,
    seeds: 2000,
  },
  // ---- the ledger
  {
    name: 'tiles are not synced',
    file: 'ledger/dist/ledger.js',
    search: '        await file.sync();',
    replace: '',
    suite: 'ledger/dist/ledger.test.js',
  },
  {
    name: 'a checkpoint is signed before its tiles are written',
    file: 'ledger/dist/ledger.js',
    search: 'await this.#writeTiles([...completed, ...changed]);',
    replace: '',
    suite: 'ledger/dist/ledger.test.js',
  },
  {
    name: "the checkpoint's new name is not synced",
    file: 'ledger/dist/ledger.js',
    search: '        await fs.syncDirectory(directory);\n    }\n    async proveInclusion',
    replace: '    }\n    async proveInclusion',
    suite: 'ledger/dist/ledger.test.js',
  },
  {
    name: 'names of tiles are not synced',
    file: 'ledger/dist/ledger.js',
    search: 'await fs.syncDirectory(below(directory, path));',
    replace: '',
    suite: 'ledger/dist/ledger.test.js',
  },
  {
    name: 'a tile is not held against its parent',
    file: 'ledger/dist/ledger.js',
    search: '!equalBytes(rootOf(sha256, hashes), expected)',
    replace: 'false',
    suite: 'ledger/dist/ledger.test.js',
  },
  {
    name: 'the right edge is not held against the signed root',
    file: 'ledger/dist/ledger.js',
    search: 'if (frontier.size !== size || !equalBytes(frontier.root(sha256), root))',
    replace: 'if (false)',
    suite: 'ledger/dist/ledger.test.js',
  },
  {
    name: 'another leaf at a sealed index is no fork',
    file: 'ledger/dist/ledger.js',
    search: 'if (equalBytes(leaf, await this.#leafAt(index)))',
    replace: 'if (true)',
    suite: 'ledger/dist/ledger.test.js',
  },
  {
    name: 'the signed time goes back with the clock',
    file: 'ledger/dist/ledger.js',
    search: 'Math.max(clock.now(), this.#checkpoint?.time ?? 0)',
    replace: 'clock.now()',
    suite: 'ledger/dist/ledger.test.js',
  },
  {
    name: 'leaves and inner nodes are hashed alike',
    file: 'ledger/dist/merkle-tree.js',
    search: 'input[0] = 1;',
    replace: 'input[0] = 0;',
    suite: 'ledger/dist/merkle-tree.test.js',
  },
  {
    name: 'the old root of a consistency proof is not compared',
    file: 'ledger/dist/merkle-tree.js',
    search: 'if (!equalBytes(oldHash, oldRoot))',
    replace: 'if (false)',
    suite: 'ledger/dist/merkle-tree.test.js',
  },
  {
    name: 'an inclusion proof may be too short',
    file: 'ledger/dist/merkle-tree.js',
    search: "return last === 0n ? accept(hash) : wrong('The path is too short.');",
    replace: 'return accept(hash);',
    suite: 'ledger/dist/merkle-tree.test.js',
  },
  {
    name: "a note's signature is not verified",
    file: 'ledger/dist/note.js',
    search: 'if (!right)',
    replace: 'if (false)',
    suite: 'ledger/dist/note.test.js',
  },
  {
    name: 'a ledger that went back is believed',
    file: 'ledger/dist/ledger-verification.js',
    search: 'if (size > checkpoint.size)',
    replace: 'if (false)',
    suite: 'ledger/dist/ledger-verification.test.js',
  },
  {
    name: "a receipt's leaf is not compared",
    file: 'ledger/dist/ledger-verification.js',
    search: 'if (equalBytes(hash, promised))',
    replace: 'if (true)',
    suite: 'ledger/dist/ledger-verification.test.js',
  },
  {
    name: 'the recomputed root is not compared',
    file: 'ledger/dist/ledger-verification.js',
    search: 'if (root !== undefined && !equalBytes(root, checkpoint.root))',
    replace: 'if (false)',
    suite: 'ledger/dist/ledger-verification.test.js',
  },
  // ---- the workspace's followers
  {
    name: 'rows are inserted under a plan that was not stored',
    file: 'server/dist/workspaces/applier.js',
    search: 'try {\n            await this.#store();\n        }',
    replace: 'try {\n        }',
    suite: simulation,
  },
  {
    name: 'a plan whose storing failed is used',
    file: 'server/dist/workspaces/applier.js',
    search: '            this.#plan = undefined;\n            throw error;',
    replace: '            throw error;',
    suite: simulation,
    seeds: 400,
  },
  {
    name: 'what a planned range left behind is not removed',
    file: 'server/dist/workspaces/applier.js',
    search: 'await this.#clear(this.#plan);',
    replace: '',
    suite: simulation,
  },
  {
    name: 'retries are not remembered',
    file: 'server/dist/workspaces/running-workspace.js',
    search: 'this.#parts.retries.add(appended.sequence, metadata.fingerprint);',
    replace: '',
    suite: simulation,
  },
  {
    name: 'retries are not read back after a start',
    file: 'server/dist/workspaces/running-workspace.js',
    search: 'retries.add(sequence, fingerprint);',
    replace: 'retries.add(sequence, undefined);',
    suite: simulation,
  },
  {
    name: 'a receipt is given before the entry is appended twice',
    file: 'server/dist/workspaces/running-workspace.js',
    search: 'const earlier = known === undefined',
    replace: 'const earlier = known !== undefined ? undefined : known === undefined',
    suite: simulation,
  },
  {
    name: 'two senders may share a request id (the principal is left out of the key)',
    file: 'server/dist/workspaces/entry.js',
    search: '[retry.principal, retry.rule,',
    replace: "['', retry.rule,",
    suite: 'server/dist/workspaces/entry.test.js',
  },
  {
    name: 'what was applied after the newest accounts, and came before them, is not counted',
    file: 'server/dist/workspaces/accounting-recovery.js',
    search: 'smaller(note.flush, note.appliedTo)',
    replace: 'note.flush',
    suite: simulation,
  },
  {
    name: 'a retried recovery counts again what it had counted',
    file: 'server/dist/workspaces/accounting-recovery.js',
    search: 'const applied = unbooked',
    replace:
      'accounting.bookedTo({ receivedTo: options.next, appliedTo });\n    for (const { position, metadata, bytes } of seen) if (position >= receivedTo) accounting.count(wayOf(metadata, true), { BatchesReceived: 1, RowsReceived: metadata.rowCount, BytesReceived: bytes });\n    const applied = unbooked',
    suite: simulation,
  },
  {
    name: 'the sealer skips what it was not told of',
    file: 'server/dist/workspaces/sealer.js',
    search: 'this.#recent[at].sequence === from + BigInt(at - skip)',
    replace: 'true',
    suite: 'server/dist/workspaces/sealer.test.js',
  },
  // ---- the agent's spool
  {
    name: 'segments are removed behind a cursor that is not durable',
    file: 'agent/dist/sealed-file.js',
    search: '        await file.sync();',
    replace: '',
    suite: 'agent/dist/spool.test.js',
  },
  {
    name: 'positions do not move with their rows',
    file: 'agent/dist/spool.js',
    search: 'this.#fold(lane, sequence, batch.positions);',
    replace: '',
    suite: 'agent/dist/spool.test.js',
  },
  // ---- keys
  {
    name: 'a sealed box is not bound to its context',
    file: 'keys/dist/aead.js',
    search: ', box.context)',
    replace: ')',
    suite: 'keys/dist/aead.test.js',
  },
  {
    name: 'a box that does not authenticate is opened',
    file: 'keys/dist/aead.js',
    search: "throw keysError('KEYS_OPEN_FAILED'",
    replace: "void keysError('KEYS_OPEN_FAILED'",
    suite: 'keys/dist/aead.test.js',
  },
  {
    name: 'a key file is used before it is durable',
    file: 'keys/dist/key-file.js',
    search: '        await file.sync();',
    replace: '',
    suite: 'keys/dist/service-keys.test.js',
  },
  // ---- access
  {
    name: 'a scope holds all that begin with its text',
    file: 'server/dist/access/decide.js',
    search: 'scope.startsWith(`${at}/`)',
    replace: 'scope.startsWith(at)',
    suite: 'server/dist/access/access.test.js',
  },
  {
    name: "an agent's certificate is good for any workspace",
    file: 'server/dist/access/decide.js',
    search: 'facts.workspaceKey(principal.workspaceId) === scope &&',
    replace: '',
    suite: 'server/dist/access/access.test.js',
  },
  {
    name: 'a disabled principal keeps its roles',
    file: 'server/dist/access/decide.js',
    search: 'if (!isScope(scope) || !known.isActive(principal))',
    replace: 'if (!isScope(scope))',
    suite: 'server/dist/access/access.test.js',
  },
  // ---- the engine
  {
    name: 'a part is not held against the manifest',
    file: 'engine/dist/child/manifest.js',
    search: 'if (now.hash === entry.hash)',
    replace: 'if (true)',
    suite: 'engine/dist/manifest.test.js',
  },
  {
    name: 'a part that nobody vouches for is served',
    file: 'engine/dist/child/manifest.js',
    search: 'if (this.#state.parts.has(key))\n                continue;',
    replace: 'continue;',
    suite: 'engine/dist/manifest.test.js',
  },
  {
    name: "the manifest's MAC is not looked at",
    file: 'engine/dist/child/manifest.js',
    search: 'if (mac.length !== expected.length || !timingSafeEqual(mac, expected))',
    replace: 'if (false)',
    suite: 'engine/dist/manifest.test.js',
  },
];
