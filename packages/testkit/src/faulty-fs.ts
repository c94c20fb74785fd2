import { posix } from 'node:path';
import { FsError, invariant } from '@strongroom/base';
import type { Fs, FsFile, FsStat } from '@strongroom/base';
import { seededRandom } from './seeded-random.js';
import type { SeededRandom } from './seeded-random.js';

/** What a disk writes whole or not at all. */
export const sectorSize = 512;

/** The operations that can fail and that are counted. */
export type FsOperation =
  | 'open'
  | 'readFile'
  | 'makeDirectory'
  | 'list'
  | 'rename'
  | 'remove'
  | 'removeTree'
  | 'stat'
  | 'syncDirectory'
  | 'freeBytes'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'size'
  | 'close';

/**
 * A failure to come.
 *
 * - `lost`: the operation has no effect and fails. A `sync` that is lost drops what it should have
 *   made durable: it stays readable, as from a page cache, but no later sync writes it. (Names wait
 *   for the next sync of their directory: file systems keep those in a log of their own.)
 * - `done`: the operation has its whole effect, and fails all the same.
 * - `partial`: a write has the effect of its first half; other operations as `lost`.
 * - `halt`: no effect at all, on the cache neither: the machine stopped before the operation. With
 *   `times: Infinity` and {@link FaultyFs.powerCut} after it, a power cut at the n-th operation.
 */
export interface FsFault {
  readonly code: string;
  readonly effect: 'lost' | 'done' | 'partial' | 'halt';
  /** Which of the operations that match fails, counted from 1 and from now. Default 1. */
  readonly nth?: number;
  /** How many fail from there on. Default 1. */
  readonly times?: number;
  /** Which operations count; default all. */
  readonly on?: readonly FsOperation[];
  /** Which paths count; default all. */
  readonly path?: RegExp;
}

interface PlannedFault {
  readonly fault: FsFault;
  before: number;
  left: number;
}

/** A change of a file's bytes that no sync has made durable yet. */
export type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

interface FileNode {
  readonly kind: 'file';
  readonly id: number;
  data: Uint8Array;
  durable: Uint8Array;
  /** Changes since the last sync that a sync would write. */
  pending: Change[];
  modifiedMs: number;
}

interface NameChange {
  /** Names and what they then mean; several where they change together, as in a rename. */
  readonly set: readonly { directory: number; name: string; node: number | undefined }[];
}

interface DirectoryNode {
  readonly kind: 'directory';
  readonly id: number;
  names: Map<string, number>;
  durable: Map<string, number>;
}

type Node = FileNode | DirectoryNode;

interface State {
  nodes: Map<number, Node>;
  /** Changes of names since their directories were synced, oldest first. */
  changes: NameChange[];
  nextId: number;
}

/** Opaque: what {@link FaultyFs.snapshot} keeps and {@link FaultyFs.restore} brings back. */
export interface FsSnapshot {
  readonly state: State;
}

const rootId = 1;

export function applyChange(data: Uint8Array, change: Change): Uint8Array {
  if (change.kind === 'truncate') {
    const out = new Uint8Array(change.size);
    out.set(data.subarray(0, change.size));
    return out;
  }
  const end = change.offset + change.bytes.length;
  let out = data;
  if (end > data.length) {
    out = new Uint8Array(end);
    out.set(data);
  }
  out.set(change.bytes, change.offset);
  return out;
}

/**
 * What is left of unsynced changes: each sector of each write is there or not, for itself. A size
 * that grew may have grown less, and what was not written reads as zeros or, as on a file system
 * that journals no data, as what lay there before.
 */
export function tear(
  durable: Uint8Array,
  pending: readonly Change[],
  random: SeededRandom,
): Uint8Array {
  const mood = random.pick(['none', 'all', 'mixed', 'mixed', 'prefix'] as const);
  let data: Uint8Array = new Uint8Array(durable);
  if (mood === 'none') return data;
  const garbage = random.chance(0.25);
  const keep = random.pick([0.1, 0.5, 0.9]);
  const stop = random.integer(pending.length + 1);
  for (const [index, change] of pending.entries()) {
    if (mood === 'all' || (mood === 'prefix' && index < stop)) {
      data = applyChange(data, change);
      continue;
    }
    if (mood === 'prefix' && index > stop) break;
    if (change.kind === 'truncate') {
      if (random.chance(keep)) data = applyChange(data, change);
      continue;
    }
    const end = change.offset + change.bytes.length;
    if (end > data.length && random.chance(0.8)) {
      const size = data.length + random.integer(end - data.length + 1);
      const grown = applyChange(data, { kind: 'truncate', size });
      if (garbage) grown.set(random.bytes(size - data.length), data.length);
      data = grown;
    }
    for (let at = change.offset; at < end;) {
      const next = Math.min(end, (Math.floor(at / sectorSize) + 1) * sectorSize);
      const kept = mood === 'prefix' ? random.chance(0.7) : random.chance(keep);
      if (kept && at < data.length) {
        const upTo = Math.min(next, data.length);
        data.set(change.bytes.subarray(at - change.offset, upTo - change.offset), at);
      } else if (mood === 'prefix') break;
      at = next;
    }
  }
  return data;
}

function copyState(state: State): State {
  const nodes = new Map<number, Node>();
  for (const [id, node] of state.nodes) {
    nodes.set(
      id,
      node.kind === 'file'
        ? {
            ...node,
            data: new Uint8Array(node.data),
            durable: new Uint8Array(node.durable),
            pending: [...node.pending],
          }
        : { ...node, names: new Map(node.names), durable: new Map(node.durable) },
    );
  }
  return { nodes, changes: [...state.changes], nextId: state.nextId };
}

function emptyState(): State {
  const root: DirectoryNode = {
    kind: 'directory',
    id: rootId,
    names: new Map(),
    durable: new Map(),
  };
  return { nodes: new Map([[rootId, root]]), changes: [], nextId: rootId + 1 };
}

/**
 * A file system in memory that forgets what was not synced and fails when told to.
 *
 * Durability as {@link Fs} promises it and not a bit more: bytes survive {@link powerCut} once
 * their file was synced, names once their directory was. Paths are absolute, with `/`.
 */
export class FaultyFs implements Fs {
  #state = emptyState();
  #faults: PlannedFault[] = [];
  readonly #counts = new Map<FsOperation, number>();
  /** Handles opened before a crash or restore are dead. */
  #epoch = 0;
  readonly #capacityBytes: number;
  readonly #now: () => number;

  /**
   * `capacityBytes`: size of the disk; writes beyond it fail with ENOSPC. `now`: for the time of
   * last change, in milliseconds since 1970.
   */
  constructor(options: { capacityBytes?: number; now?: () => number } = {}) {
    this.#capacityBytes = options.capacityBytes ?? 2 ** 40;
    this.#now = options.now ?? (() => 0);
  }

  /** How many operations were begun: of one kind, or of all. */
  count(operation?: FsOperation): number {
    if (operation !== undefined) return this.#counts.get(operation) ?? 0;
    let all = 0;
    for (const count of this.#counts.values()) all += count;
    return all;
  }

  /** Bytes in files that have a name. */
  get usedBytes(): number {
    let used = 0;
    this.#visit((_path, node) => {
      used += node.data.length;
    });
    return used;
  }

  /** Plans a failure. Several may be planned; the first that is due decides. */
  fail(fault: FsFault): void {
    const { nth = 1, times = 1 } = fault;
    this.#faults.push({ fault, before: nth - 1, left: times });
  }

  /** Forgets all planned failures. */
  heal(): void {
    this.#faults = [];
  }

  /** The process dies: handles are gone, but what was written stays readable. */
  crash(): void {
    this.#epoch += 1;
    this.heal();
  }

  /**
   * The power goes: what was not synced is lost, kept or torn at {@link sectorSize}, as the seed
   * says. Names that were not synced are kept or lost one by one; a rename wholly or not at all.
   */
  powerCut(options: { seed: string | number }): void {
    this.crash();
    const random = seededRandom(`power-cut/${options.seed}`);
    const { nodes } = this.#state;
    const mood = random.pick(['none', 'all', 'mixed', 'mixed'] as const);
    for (const change of this.#state.changes) {
      if (mood === 'none' || (mood === 'mixed' && random.chance(0.5))) continue;
      for (const { directory, name, node } of change.set) setName(nodes, directory, name, node);
    }
    this.#state.changes = [];
    for (const node of nodes.values()) {
      if (node.kind === 'directory') {
        node.names = new Map(node.durable);
      } else {
        node.data = tear(node.durable, node.pending, random);
        node.durable = new Uint8Array(node.data);
        node.pending = [];
      }
    }
    this.#dropUnreachable();
  }

  /** All that is on the disk and in its cache. Planned failures are no part of it. */
  snapshot(): FsSnapshot {
    return { state: copyState(this.#state) };
  }

  /** Brings a snapshot back; open handles die. */
  restore(snapshot: FsSnapshot): void {
    this.#epoch += 1;
    this.#state = copyState(snapshot.state);
  }

  /** Flips the bits of `mask` in one byte, in the cache and on the disk. */
  corrupt(path: string, offset: number, mask = 1): void {
    const node = this.#file(path);
    invariant(offset < node.data.length, 'the byte to corrupt is in the file');
    node.data[offset] = node.data[offset]! ^ mask;
    if (offset < node.durable.length) node.durable[offset] = node.durable[offset]! ^ mask;
  }

  /** Replaces a file's content, in the cache and on the disk, behind everyone's back. */
  overwrite(path: string, bytes: Uint8Array): void {
    const node = this.#file(path);
    node.data = new Uint8Array(bytes);
    node.durable = new Uint8Array(bytes);
    node.pending = [];
  }

  /** A copy of a file's content as a process would read it; counts as no operation. */
  peek(path: string): Uint8Array {
    return new Uint8Array(this.#file(path).data);
  }

  /** Every file's path, sorted. */
  paths(): string[] {
    const found: string[] = [];
    this.#visit((path) => found.push(path));
    return found.sort();
  }

  #visit(each: (path: string, file: FileNode) => void): void {
    const visit = (id: number, path: string): void => {
      const node = this.#state.nodes.get(id);
      invariant(node !== undefined, 'a name leads to a node');
      if (node.kind === 'file') each(path, node);
      else for (const [name, child] of node.names) visit(child, `${path}/${name}`);
    };
    visit(rootId, '');
  }

  #file(path: string): FileNode {
    const node = this.#resolve('peek', path);
    invariant(node.kind === 'file', `${path} is a file`);
    return node;
  }

  #dropUnreachable(): void {
    const reached = new Set<number>();
    const visit = (id: number): void => {
      reached.add(id);
      const node = this.#state.nodes.get(id);
      if (node?.kind === 'directory') for (const child of node.names.values()) visit(child);
    };
    visit(rootId);
    for (const id of this.#state.nodes.keys()) if (!reached.has(id)) this.#state.nodes.delete(id);
  }

  // ---- faults ------------------------------------------------------------------------------

  #fault(operation: FsOperation, path: string): FsFault | undefined {
    for (const planned of this.#faults) {
      const { on, path: pattern } = planned.fault;
      if (on !== undefined && !on.includes(operation)) continue;
      if (pattern !== undefined && !pattern.test(path)) continue;
      if (planned.before > 0) {
        planned.before -= 1;
        continue;
      }
      if (planned.left <= 0) continue;
      planned.left -= 1;
      return planned.fault;
    }
    return undefined;
  }

  /**
   * Runs one operation, or the failure that was planned for it. `half` is what a partial failure
   * leaves, `lost` what a lost one does (nothing, but for sync).
   */
  async #run<T>(
    operation: FsOperation,
    path: string,
    run: () => T,
    other: { half?: () => void; lost?: () => void } = {},
  ): Promise<T> {
    // As with a real disk, the answer comes in a later turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#counts.set(operation, this.count(operation) + 1);
    const fault = this.#fault(operation, path);
    if (fault === undefined) return run();
    if (fault.effect === 'done') run();
    else if (fault.effect === 'partial') (other.half ?? other.lost)?.();
    else if (fault.effect === 'lost') other.lost?.();
    throw new FsError({ code: fault.code, operation, path });
  }

  // ---- names -------------------------------------------------------------------------------

  #find(path: string): Node | undefined {
    invariant(posix.isAbsolute(path), `${path} is absolute`);
    let node: Node | undefined = this.#state.nodes.get(rootId);
    for (const name of posix.normalize(path).split('/')) {
      if (name === '') continue;
      if (node?.kind !== 'directory') return undefined;
      const id = node.names.get(name);
      node = id === undefined ? undefined : this.#state.nodes.get(id);
    }
    return node;
  }

  #resolve(operation: string, path: string): Node {
    const node = this.#find(path);
    if (node === undefined) throw new FsError({ code: 'ENOENT', operation, path });
    return node;
  }

  #parent(operation: string, path: string): { directory: DirectoryNode; name: string } {
    const directory = this.#resolve(operation, posix.dirname(path));
    if (directory.kind !== 'directory') throw new FsError({ code: 'ENOTDIR', operation, path });
    return { directory, name: posix.basename(path) };
  }

  #change(set: NameChange['set']): void {
    for (const { directory, name, node } of set) {
      const parent = this.#state.nodes.get(directory);
      invariant(parent?.kind === 'directory', 'a name lies in a directory');
      if (node === undefined) parent.names.delete(name);
      else parent.names.set(name, node);
    }
    this.#state.changes.push({ set });
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#run('makeDirectory', path, () => {
      let at = '';
      for (const name of posix.normalize(path).split('/')) {
        if (name === '') continue;
        const parent = this.#resolve('makeDirectory', at === '' ? '/' : at);
        if (parent.kind !== 'directory') {
          throw new FsError({ code: 'ENOTDIR', operation: 'makeDirectory', path });
        }
        at += `/${name}`;
        const there = this.#find(at);
        if (there?.kind === 'file') {
          throw new FsError({ code: 'EEXIST', operation: 'makeDirectory', path });
        }
        if (there !== undefined) continue;
        const id = this.#state.nextId;
        this.#state.nextId += 1;
        const made: DirectoryNode = {
          kind: 'directory',
          id,
          names: new Map(),
          durable: new Map(),
        };
        this.#state.nodes.set(id, made);
        this.#change([{ directory: parent.id, name, node: id }]);
      }
    });
  }

  async list(path: string): Promise<string[]> {
    return this.#run('list', path, () => {
      const node = this.#resolve('list', path);
      if (node.kind !== 'directory') {
        throw new FsError({ code: 'ENOTDIR', operation: 'list', path });
      }
      return [...node.names.keys()].sort();
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#run('rename', from, () => {
      const node = this.#resolve('rename', from);
      const source = this.#parent('rename', from);
      const target = this.#parent('rename', to);
      const there = this.#find(to);
      if (there !== undefined && there.kind !== node.kind) {
        const code = there.kind === 'directory' ? 'EISDIR' : 'ENOTDIR';
        throw new FsError({ code, operation: 'rename', path: from });
      }
      if (there?.kind === 'directory' && there.names.size > 0 && there !== node) {
        throw new FsError({ code: 'ENOTEMPTY', operation: 'rename', path: from });
      }
      if (there === node) return;
      this.#change([
        { directory: source.directory.id, name: source.name, node: undefined },
        { directory: target.directory.id, name: target.name, node: node.id },
      ]);
    });
  }

  async remove(path: string): Promise<void> {
    await this.#run('remove', path, () => {
      const node = this.#resolve('remove', path);
      if (node.kind === 'directory') {
        throw new FsError({ code: 'EISDIR', operation: 'remove', path });
      }
      const { directory, name } = this.#parent('remove', path);
      this.#change([{ directory: directory.id, name, node: undefined }]);
    });
  }

  async removeTree(path: string): Promise<void> {
    await this.#run('removeTree', path, () => {
      const visit = (at: string): void => {
        const node = this.#find(at);
        if (node === undefined) return;
        if (node.kind === 'directory') {
          for (const name of node.names.keys()) visit(posix.join(at, name));
        }
        const { directory, name } = this.#parent('removeTree', at);
        this.#change([{ directory: directory.id, name, node: undefined }]);
      };
      visit(path);
    });
  }

  async stat(path: string): Promise<FsStat | undefined> {
    return this.#run('stat', path, () => {
      const node = this.#find(path);
      if (node === undefined) return undefined;
      return {
        kind: node.kind,
        size: node.kind === 'file' ? node.data.length : 0,
        modifiedMs: node.kind === 'file' ? node.modifiedMs : 0,
        identity: `1:${node.id}`,
      };
    });
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#run('syncDirectory', path, () => {
      const node = this.#resolve('syncDirectory', path);
      if (node.kind !== 'directory') {
        throw new FsError({ code: 'ENOTDIR', operation: 'syncDirectory', path });
      }
      // A rename between two directories is durable once either was synced.
      const { nodes, changes } = this.#state;
      this.#state.changes = changes.filter(({ set }) => {
        if (!set.some(({ directory }) => directory === node.id)) return true;
        for (const each of set) setName(nodes, each.directory, each.name, each.node);
        return false;
      });
    });
  }

  async freeBytes(path: string): Promise<number> {
    return this.#run('freeBytes', path, () => Math.max(0, this.#capacityBytes - this.usedBytes));
  }

  async readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#run('readFile', path, () => {
      const node = this.#resolve('readFile', path);
      if (node.kind === 'directory') {
        throw new FsError({ code: 'EISDIR', operation: 'readFile', path });
      }
      return new Uint8Array(node.data);
    });
  }

  async open(path: string, how: 'read' | 'write' | 'create'): Promise<FsFile> {
    return this.#run('open', path, () => {
      if (how === 'create') {
        if (this.#find(path) !== undefined) {
          throw new FsError({ code: 'EEXIST', operation: 'open', path });
        }
        const { directory, name } = this.#parent('open', path);
        const id = this.#state.nextId;
        this.#state.nextId += 1;
        this.#state.nodes.set(id, {
          kind: 'file',
          id,
          data: new Uint8Array(0),
          durable: new Uint8Array(0),
          pending: [],
          modifiedMs: this.#now(),
        });
        this.#change([{ directory: directory.id, name, node: id }]);
      }
      const node = this.#resolve('open', path);
      if (node.kind === 'directory') {
        // A directory can be opened for reading, but not read as a file.
        throw new FsError({ code: 'EISDIR', operation: 'open', path });
      }
      return this.#handle(path, node, how !== 'read');
    });
  }

  // ---- files -------------------------------------------------------------------------------

  #handle(path: string, node: FileNode, writable: boolean): FsFile {
    const epoch = this.#epoch;
    let closed = false;
    const run = async <T>(
      operation: FsOperation,
      act: () => T,
      other: { half?: () => void; lost?: () => void } = {},
    ): Promise<T> => {
      const check = (): void => {
        if (closed || epoch !== this.#epoch) throw new FsError({ code: 'EBADF', operation, path });
      };
      check();
      return this.#run(
        operation,
        path,
        () => {
          check();
          return act();
        },
        other,
      );
    };
    const change = (operation: FsOperation, changed: Change): void => {
      if (epoch !== this.#epoch) return;
      if (!writable) throw new FsError({ code: 'EBADF', operation, path });
      const size = changed.kind === 'write' ? changed.offset + changed.bytes.length : changed.size;
      const growth = size - node.data.length;
      if (growth > 0 && this.usedBytes + growth > this.#capacityBytes) {
        throw new FsError({ code: 'ENOSPC', operation, path });
      }
      node.data = applyChange(node.data, changed);
      node.pending.push(changed);
      node.modifiedMs = this.#now();
    };
    return {
      read: (position, size) =>
        run('read', () => new Uint8Array(node.data.slice(position, position + size))),
      write: (position, ...parts) => {
        const bytes = new Uint8Array(Buffer.concat(parts));
        const write = (size: number): void => {
          if (size > 0 || bytes.length > 0) {
            change('write', { kind: 'write', offset: position, bytes: bytes.subarray(0, size) });
          }
        };
        return run('write', () => write(bytes.length), {
          half: () => write(Math.floor(bytes.length / 2)),
        });
      },
      sync: () => {
        // What is written after the call began waits for the next sync.
        const due = new Set(node.pending);
        const take = (keep: boolean): void => {
          for (const each of node.pending) {
            if (keep && due.has(each)) node.durable = applyChange(node.durable, each);
          }
          node.pending = node.pending.filter((each) => !due.has(each));
        };
        return run('sync', () => take(true), { lost: () => take(false) });
      },
      truncate: (size) => run('truncate', () => change('truncate', { kind: 'truncate', size })),
      size: () => run('size', () => node.data.length),
      close: async () => {
        if (epoch !== this.#epoch) return;
        await run('close', () => {
          closed = true;
        });
      },
    };
  }
}

function setName(
  nodes: Map<number, Node>,
  directory: number,
  name: string,
  node: number | undefined,
): void {
  const parent = nodes.get(directory);
  if (parent?.kind !== 'directory') return;
  if (node === undefined) parent.durable.delete(name);
  else parent.durable.set(name, node);
}
