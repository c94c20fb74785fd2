/**
 * Power cuts for programs whose files do not pass through our file-system port (ClickHouse, SQLite):
 * their system calls are recorded by `strace`, and replayed here up to any moment onto a disk that
 * keeps what was synced and loses, keeps or tears the rest. See `docs/adr/0053-recorded-power-cuts.md`.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { invariant } from '@strongroom/base';
import { applyChange, tear } from './faulty-fs.js';
import type { Change } from './faulty-fs.js';
import { seededRandom } from './seeded-random.js';

/** System calls that change files, in the words of strace's `-e trace=`. */
const tracedCalls = [
  'open,openat,creat,close,dup,dup2,dup3,fcntl',
  'write,pwrite64,writev,pwritev,pwritev2,lseek',
  'truncate,ftruncate,fallocate,copy_file_range,sendfile,splice',
  'fsync,fdatasync,sync_file_range,sync,syncfs,msync,mmap',
  'rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,symlinkat',
  'clone,clone3,fork,vfork,io_uring_setup',
].join(',');

/** Arguments of `strace` that record what {@link readRecording} reads. The command follows. */
export const straceArguments = (output: string): readonly string[] => [
  '-f',
  '--seccomp-bpf',
  '-qq',
  '-y',
  '-xx',
  '-s',
  String(64 * 1024 * 1024),
  '-e',
  'signal=none',
  '-e',
  `trace=${tracedCalls}`,
  '-o',
  output,
];

/** One change of the disk, or a line that the program said. */
export type RecordedEvent =
  | { readonly kind: 'write'; readonly path: string; readonly offset: number; bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  | { readonly kind: 'create'; readonly path: string; readonly truncate: boolean }
  | { readonly kind: 'makeDirectory'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'symlink'; readonly path: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string }
  /** `id` joins the beginning of a sync with its end: what is written between waits for the next. */
  | { readonly kind: 'syncBegins'; readonly path: string; readonly id: number }
  | { readonly kind: 'syncEnds'; readonly path: string; readonly id: number }
  /** A line on standard output. */
  | { readonly kind: 'said'; readonly line: string };

const unhex = (text: string): Buffer => Buffer.from(text.replace(/\\x/g, ''), 'hex');
const textOf = (hex: string): string => unhex(hex).toString('utf8');

interface Call {
  readonly thread: string;
  readonly name: string;
  readonly text: string;
  readonly result: number;
}

/** Joins the halves of calls that others interrupted; yields beginnings of syncs apart. */
function* callsIn(trace: string): Generator<Call & { half: 'begins' | 'ends' | 'whole' }> {
  const unfinished = new Map<string, string>();
  for (let at = 0; at < trace.length;) {
    let end = trace.indexOf('\n', at);
    if (end < 0) end = trace.length;
    const line = trace.slice(at, end);
    at = end + 1;
    const space = line.indexOf(' ');
    const thread = line.slice(0, space);
    let text = line.slice(space).trimStart();
    if (text.startsWith('+++') || text.startsWith('---')) continue;
    let half: 'ends' | 'whole' = 'whole';
    if (text.startsWith('<...')) {
      const rest = text.slice(text.indexOf('resumed>') + 'resumed>'.length);
      text = `${unfinished.get(thread) ?? ''}${rest}`;
      unfinished.delete(thread);
      half = 'ends';
    } else if (text.endsWith('<unfinished ...>')) {
      text = text.slice(0, -'<unfinished ...>'.length).trimEnd();
      unfinished.set(thread, text);
      const name = text.slice(0, text.indexOf('('));
      yield { thread, name, text, result: 0, half: 'begins' };
      continue;
    }
    const equals = text.lastIndexOf(' = ');
    if (equals < 0) continue;
    const name = text.slice(0, text.indexOf('('));
    const result = Number.parseInt(text.slice(equals + 3), 10);
    yield { thread, name, text: text.slice(0, equals), result, half };
  }
}

/** The process of each thread: a descriptor is a process's, not a thread's. */
function processesIn(calls: readonly Call[]): (thread: string) => string {
  const parents = new Map<string, string>();
  for (const { name, thread, text, result } of calls) {
    if (!/^(?:clone|clone3|fork|vfork)$/.test(name) || !(result > 0)) continue;
    if (text.includes('CLONE_THREAD')) parents.set(String(result), thread);
  }
  return (thread) => {
    let at = thread;
    for (let parent = parents.get(at); parent !== undefined; parent = parents.get(at)) at = parent;
    return at;
  };
}

/**
 * Reads a recording: what happened below `root`, in order. Throws where the program changed files by
 * a way that is not replayed (shared writable mappings, io_uring, copies inside the kernel).
 */
export function readRecording(trace: string, root: string): RecordedEvent[] {
  const halves = [...callsIn(trace)];
  const processOf = processesIn(halves);
  const events: RecordedEvent[] = [];
  const positions = new Map<string, number>();
  const sizes = new Map<string, number>();
  const syncs = new Map<string, number>();
  let nextId = 0;
  let said = '';

  const below = (path: string): string | undefined => {
    const clean = posix.normalize(path);
    return clean === root || clean.startsWith(`${root}/`)
      ? clean.slice(root.length) || '/'
      : undefined;
  };
  /** `17<\x2f…>` as descriptor and path; undefined where it is no file of ours. */
  const descriptor = (text: string): { fd: string; path: string } | undefined => {
    const match = /^(\d+)<([^>]*)>/.exec(text);
    if (match === null || text.startsWith('(deleted)', match[0].length)) return undefined;
    const path = below(textOf(match[2]!));
    return path === undefined ? undefined : { fd: match[1]!, path };
  };
  const strings = (text: string): string[] =>
    [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((match) => match[1]!);
  /** Paths in a call: those relative to a directory descriptor are resolved by strace's `-y`. */
  const pathsIn = (text: string): (string | undefined)[] => {
    const found: (string | undefined)[] = [];
    const pattern = /(?:(AT_FDCWD|\d+)(?:<((?:\\x[0-9a-f]{2})*)>)?, )?"((?:\\x[0-9a-f]{2})*)"/g;
    for (const match of text.matchAll(pattern)) {
      const name = textOf(match[3]!);
      const base = match[2] === undefined ? '/' : textOf(match[2]);
      found.push(below(posix.isAbsolute(name) ? name : posix.join(base, name)));
    }
    return found;
  };
  const wrote = (path: string, offset: number, bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    events.push({ kind: 'write', path, offset, bytes });
    sizes.set(path, Math.max(sizes.get(path) ?? 0, offset + bytes.length));
  };

  for (const call of halves) {
    const { thread, name, text, result, half } = call;
    const process = processOf(thread);
    const body = text.slice(name.length + 1);
    if (name === 'fsync' || name === 'fdatasync') {
      const file = descriptor(body);
      if (file === undefined) continue;
      if (half !== 'ends') {
        nextId += 1;
        syncs.set(thread, nextId);
        events.push({ kind: 'syncBegins', path: file.path, id: nextId });
      }
      const id = syncs.get(thread);
      if (half !== 'begins' && result === 0 && id !== undefined) {
        events.push({ kind: 'syncEnds', path: file.path, id });
      }
      continue;
    }
    if (half === 'begins' || !(result >= 0)) continue;
    switch (name) {
      case 'open':
      case 'openat':
      case 'creat': {
        const [path] = pathsIn(body);
        if (path === undefined) break;
        const truncate = /\bO_TRUNC\b/.test(body);
        if (/\bO_CREAT\b/.test(body)) events.push({ kind: 'create', path, truncate });
        else if (truncate) events.push({ kind: 'truncate', path, size: 0 });
        const append = /\bO_APPEND\b/.test(body);
        if (truncate) sizes.set(path, 0);
        positions.set(`${process}:${result}`, append ? (sizes.get(path) ?? 0) : 0);
        break;
      }
      case 'lseek': {
        const file = descriptor(body);
        if (file !== undefined) positions.set(`${process}:${file.fd}`, result);
        break;
      }
      case 'write':
      case 'writev': {
        const bytes = Buffer.concat(strings(body).map(unhex)).subarray(0, result);
        if (body.startsWith('1<') && descriptor(body) === undefined) {
          said += bytes.toString('utf8');
          for (let end = said.indexOf('\n'); end >= 0; end = said.indexOf('\n')) {
            events.push({ kind: 'said', line: said.slice(0, end) });
            said = said.slice(end + 1);
          }
          break;
        }
        const file = descriptor(body);
        if (file === undefined) break;
        const key = `${process}:${file.fd}`;
        const offset = positions.get(key) ?? 0;
        positions.set(key, offset + result);
        wrote(file.path, offset, bytes);
        break;
      }
      case 'pwrite64':
      case 'pwritev':
      case 'pwritev2': {
        const file = descriptor(body);
        if (file === undefined) break;
        const pattern = name === 'pwritev2' ? /, (\d+), [^,]+\)$/ : /, (\d+)\)$/;
        const numbers = pattern.exec(body.trimEnd());
        invariant(numbers !== null, `an offset in ${name}`);
        const bytes = Buffer.concat(strings(body).map(unhex)).subarray(0, result);
        wrote(file.path, Number(numbers[1]), bytes);
        break;
      }
      case 'ftruncate': {
        const file = descriptor(body);
        const size = Number(/, (\d+)\)$/.exec(body.trimEnd())?.[1]);
        if (file === undefined) break;
        events.push({ kind: 'truncate', path: file.path, size });
        sizes.set(file.path, size);
        break;
      }
      case 'mkdir':
      case 'mkdirat': {
        const [path] = pathsIn(body);
        if (path !== undefined) events.push({ kind: 'makeDirectory', path });
        break;
      }
      case 'rename':
      case 'renameat':
      case 'renameat2':
      case 'link':
      case 'linkat': {
        const [path, to] = pathsIn(body);
        if (path === undefined || to === undefined) break;
        invariant(!body.includes('RENAME_EXCHANGE'), 'an exchange of names is replayed apart');
        events.push({ kind: name.startsWith('link') ? 'link' : 'rename', path, to });
        break;
      }
      case 'symlink':
      case 'symlinkat': {
        const found = strings(body);
        const path = below(textOf(found[1] ?? ''));
        if (path !== undefined) events.push({ kind: 'symlink', path, to: textOf(found[0]!) });
        break;
      }
      case 'unlink':
      case 'unlinkat':
      case 'rmdir': {
        const [path] = pathsIn(body);
        if (path !== undefined) events.push({ kind: 'remove', path });
        break;
      }
      case 'mmap':
        if (!/MAP_SHARED/.test(body) || !/PROT_WRITE/.test(body)) break;
        if (mapped(body, descriptor)) throw new Error(`not replayed: ${name} of a file of ours`);
        break;
      case 'fallocate':
      case 'copy_file_range':
      case 'sendfile':
      case 'splice':
      case 'truncate':
      case 'sync':
      case 'syncfs':
      case 'io_uring_setup':
        if (body.split(', ').some((part) => descriptor(part) !== undefined)) {
          throw new Error(`not replayed: ${name} of a file of ours`);
        }
        break;
      default:
    }
  }
  return events;
}

const mapped = (body: string, descriptor: (text: string) => unknown): boolean =>
  body.split(', ').some((part) => descriptor(part) !== undefined);

interface FileNode {
  readonly kind: 'file';
  durable: Uint8Array;
  pending: Change[];
}
interface LinkNode {
  readonly kind: 'symlink';
  readonly to: string;
}
interface DirectoryNode {
  readonly kind: 'directory';
  readonly names: Map<string, Node>;
  readonly durable: Map<string, Node>;
}
type Node = FileNode | LinkNode | DirectoryNode;

/** Names that change together: a rename is there wholly or not at all. */
interface NameChange {
  readonly set: readonly { directory: DirectoryNode; name: string; node: Node | undefined }[];
}

const directoryNode = (): DirectoryNode => ({
  kind: 'directory',
  names: new Map(),
  durable: new Map(),
});

/** A disk as a recording makes it, event by event, and what a power cut leaves of it. */
export class RecordedDisk {
  readonly #root = directoryNode();
  #changes: NameChange[] = [];
  readonly #syncs = new Map<number, { node: Node; due: Set<unknown> }>();

  apply(event: RecordedEvent): void {
    switch (event.kind) {
      case 'said':
        return;
      case 'write':
        this.#fileAt(event.path)?.pending.push({
          kind: 'write',
          offset: event.offset,
          bytes: event.bytes,
        });
        return;
      case 'truncate':
        this.#fileAt(event.path)?.pending.push({ kind: 'truncate', size: event.size });
        return;
      case 'create': {
        const there = this.#find(event.path);
        if (there?.kind === 'file' && event.truncate) {
          there.pending.push({ kind: 'truncate', size: 0 });
        }
        if (there !== undefined) return;
        this.#set(event.path, { kind: 'file', durable: new Uint8Array(0), pending: [] });
        return;
      }
      case 'makeDirectory':
        this.#set(event.path, directoryNode());
        return;
      case 'symlink':
        this.#set(event.path, { kind: 'symlink', to: event.to });
        return;
      case 'link': {
        const node = this.#find(event.path);
        if (node !== undefined) this.#set(event.to, node);
        return;
      }
      case 'rename': {
        const node = this.#find(event.path);
        const [from, to] = [this.#parent(event.path), this.#parent(event.to)];
        if (node === undefined || from === undefined || to === undefined) return;
        this.#change({
          set: [
            { directory: from.directory, name: from.name, node: undefined },
            { directory: to.directory, name: to.name, node },
          ],
        });
        return;
      }
      case 'remove':
        this.#set(event.path, undefined);
        return;
      case 'syncBegins': {
        const node = this.#find(event.path);
        if (node === undefined) return;
        const due = new Set<unknown>(
          node.kind === 'file'
            ? node.pending
            : this.#changes.filter(({ set }) => set.some(({ directory }) => directory === node)),
        );
        this.#syncs.set(event.id, { node, due });
        return;
      }
      case 'syncEnds': {
        const sync = this.#syncs.get(event.id);
        if (sync === undefined) return;
        this.#syncs.delete(event.id);
        this.#makeDurable(sync.node, sync.due);
      }
    }
  }

  #makeDurable(node: Node, due: ReadonlySet<unknown>): void {
    if (node.kind === 'file') {
      for (const each of node.pending) {
        if (due.has(each)) node.durable = applyChange(node.durable, each);
      }
      node.pending = node.pending.filter((each) => !due.has(each));
      return;
    }
    this.#changes = this.#changes.filter((change) => {
      if (!due.has(change)) return true;
      for (const { directory, name, node: named } of change.set) {
        if (named === undefined) directory.durable.delete(name);
        else directory.durable.set(name, named);
      }
      return false;
    });
  }

  /**
   * Writes what a power cut now would leave into `target`, an empty directory. This disk goes on as
   * if nothing had happened, so that one replay serves many cuts. `order` says what the file system
   * promises of names beyond their sync: `none`, or `kept` where, as ext4 and XFS log them, what
   * changed first is kept first and a sync of anything keeps all names before it.
   */
  cut(options: { seed: string | number; target: string; order: 'none' | 'kept' }): void {
    const random = seededRandom(`power-cut/${options.seed}`);
    const names = new Map<DirectoryNode, Map<string, Node>>();
    const namesOf = (directory: DirectoryNode): Map<string, Node> => {
      const known = names.get(directory) ?? new Map(directory.durable);
      names.set(directory, known);
      return known;
    };
    const mood = random.pick(['none', 'all', 'mixed', 'mixed'] as const);
    const stop = random.integer(this.#changes.length + 1);
    for (const [index, change] of this.#changes.entries()) {
      const kept =
        mood === 'all' ||
        (mood === 'mixed' && (options.order === 'kept' ? index < stop : random.chance(0.5)));
      if (!kept) continue;
      for (const { directory, name, node } of change.set) {
        if (node === undefined) namesOf(directory).delete(name);
        else namesOf(directory).set(name, node);
      }
    }
    const torn = new Map<FileNode, Uint8Array>();
    const write = (directory: DirectoryNode, path: string): void => {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      for (const [name, node] of namesOf(directory)) {
        const at = join(path, name);
        if (node.kind === 'directory') write(node, at);
        else if (node.kind === 'symlink') symlinkSync(node.to, at);
        else if (node.kind === 'file') {
          const bytes = torn.get(node) ?? tear(node.durable, node.pending, random);
          torn.set(node, bytes);
          writeFileSync(at, bytes, { mode: 0o600 });
        }
      }
    };
    write(this.#root, options.target);
  }

  #fileAt(path: string): FileNode | undefined {
    const node = this.#find(path);
    return node?.kind === 'file' ? node : undefined;
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path.split('/')) {
      if (name === '') continue;
      node = node?.kind === 'directory' ? node.names.get(name) : undefined;
    }
    return node;
  }

  #parent(path: string): { directory: DirectoryNode; name: string } | undefined {
    const directory = this.#find(dirname(path));
    return directory?.kind === 'directory' ? { directory, name: posix.basename(path) } : undefined;
  }

  #set(path: string, node: Node | undefined): void {
    const parent = this.#parent(path);
    if (parent === undefined) return;
    if (node?.kind === 'directory' && parent.directory.names.has(parent.name)) return;
    this.#change({ set: [{ directory: parent.directory, name: parent.name, node }] });
  }

  #change(change: NameChange): void {
    for (const { directory, name, node } of change.set) {
      if (node === undefined) directory.names.delete(name);
      else directory.names.set(name, node);
    }
    this.#changes.push(change);
  }
}
