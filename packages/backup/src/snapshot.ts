import { join, normalize, isAbsolute, dirname } from 'node:path';
import { concatBytes, toHex, utf8 } from '@strongroom/base';
import type { AbortSignalLike, Clock, Fs, Random } from '@strongroom/base';
import { backupError } from './errors.js';
import { limits } from './limits.js';
import { readJson } from './repository.js';
import type { Repository } from './repository.js';

/** A file to be stored. `path` is relative to the data directory, with `/`. */
export interface SourceFile {
  readonly path: string;
  /** Where its bytes are now, or the bytes. */
  readonly from: string | Uint8Array;
  /** Only so many of its first bytes. Default: all that are there when it is opened. */
  readonly size?: number;
}

/** What a snapshot says of one file. */
export interface StoredFile {
  readonly path: string;
  readonly size: number;
  readonly modifiedMs: number;
  /** Device and inode it was read from; with size and time, whether it can have changed. */
  readonly identity: string;
  readonly pieces: readonly string[];
}

/** A ledger as the snapshot holds it: what it was signed as at that moment. */
export interface StoredLedger {
  /** Directory of the ledger, relative. */
  readonly path: string;
  readonly checkpoint: string;
}

export interface Snapshot {
  readonly id: string;
  /** Milliseconds since 1970 when it was begun. */
  readonly time: number;
  readonly files: readonly StoredFile[];
  readonly ledgers: readonly StoredLedger[];
}

/** What is shown while it works. Bytes. */
export interface BackupProgress {
  readonly files: number;
  readonly filesTotal: number;
  /** Of the files looked at so far. */
  readonly bytes: number;
  /** Written to the repository: what was not there. */
  readonly written: number;
}

export interface TakeSnapshotOptions {
  readonly repository: Repository;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  /** In the order in which they must be read. */
  readonly files: readonly SourceFile[];
  readonly ledgers: readonly StoredLedger[];
  /** When the state that `files` are of was taken. Default: now. */
  readonly time?: number;
  readonly signal?: AbortSignalLike;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/**
 * Stores what changed since the newest snapshot and makes a new one. Interrupted, it leaves no
 * snapshot, and the next one finds the pieces that were written.
 */
export async function takeSnapshot(
  options: TakeSnapshotOptions,
): Promise<{ id: string; progress: BackupProgress }> {
  const { repository, clock, random, signal } = options;
  const time = options.time ?? clock.now();
  const before = await newest(repository);
  const known = new Map(before?.files.map((file) => [file.path, file]));
  const files: StoredFile[] = [];
  let bytes = 0;
  let written = 0;
  const progress = (): BackupProgress => ({
    files: files.length,
    filesTotal: options.files.length,
    bytes,
    written,
  });
  for (const source of options.files) {
    if (signal?.aborted === true) throw signal.reason;
    const stored = await store(
      options,
      source,
      before === undefined ? undefined : { time: before.time, file: known.get(source.path) },
    );
    files.push(stored.file);
    bytes += stored.file.size;
    written += stored.written;
    options.onProgress?.(progress());
  }
  const list = utf8(JSON.stringify({ files, ledgers: options.ledgers }));
  if (list.length > limits.listBytesMax) {
    throw backupError('BACKUP_TOO_LARGE', 'There are more files than one snapshot can list.');
  }
  const pieces: string[] = [];
  for (let at = 0; at < list.length; at += limits.pieceBytes) {
    const piece = await repository.put(list.subarray(at, at + limits.pieceBytes));
    pieces.push(piece.name);
    written += piece.written;
  }
  const stamp = new Date(time).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const id = `${stamp}-${toHex(random.bytes(4))}`;
  await repository.putSnapshot(
    id,
    utf8(JSON.stringify({ version: 1, time, files: files.length, bytes, list: pieces })),
  );
  return { id, progress: progress() };
}

async function store(
  options: TakeSnapshotOptions,
  source: SourceFile,
  before: { time: number; file: StoredFile | undefined } | undefined,
): Promise<{ file: StoredFile; written: number }> {
  const { repository, fs } = options;
  const path = checkPath(source.path);
  if (typeof source.from !== 'string') {
    const { pieces, written } = await putAll(repository, source.from.length, (at, size) =>
      Promise.resolve((source.from as Uint8Array).subarray(at, at + size)),
    );
    const size = source.from.length;
    return { file: { path, size, modifiedMs: 0, identity: '', pieces }, written };
  }
  const stat = await fs.stat(source.from);
  const file = await fs.open(source.from, 'read');
  try {
    const size = source.size ?? (await file.size());
    const { modifiedMs = 0, identity = '' } = stat ?? {};
    const was = before?.file;
    if (
      was !== undefined &&
      was.size === size &&
      was.modifiedMs === modifiedMs &&
      was.identity === identity &&
      modifiedMs < before!.time - limits.settledMs
    ) {
      return { file: was, written: 0 };
    }
    const { pieces, written } = await putAll(repository, size, (at, most) => file.read(at, most));
    return { file: { path, size, modifiedMs, identity, pieces }, written };
  } finally {
    await file.close();
  }
}

async function putAll(
  repository: Repository,
  size: number,
  read: (at: number, size: number) => Promise<Uint8Array>,
): Promise<{ pieces: string[]; written: number }> {
  const pieces: string[] = [];
  let written = 0;
  for (let at = 0; at < size; at += limits.pieceBytes) {
    const wanted = Math.min(limits.pieceBytes, size - at);
    const content = await read(at, wanted);
    if (content.length !== wanted) {
      throw backupError('BACKUP_DAMAGED', 'A file became shorter while it was read.');
    }
    const piece = await repository.put(content);
    pieces.push(piece.name);
    written += piece.written;
  }
  return { pieces, written };
}

/** The newest snapshot, `undefined` where there is none. */
export async function newest(repository: Repository): Promise<Snapshot | undefined> {
  const id = (await repository.snapshotIds()).at(-1);
  return id === undefined ? undefined : readSnapshot(repository, id);
}

/** What a snapshot's own file says, without its list. */
export interface SnapshotSummary {
  readonly id: string;
  readonly time: number;
  readonly files: number;
  readonly bytes: number;
}

interface SnapshotFile extends Omit<SnapshotSummary, 'id'> {
  readonly list: readonly string[];
}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

async function readSnapshotFile(repository: Repository, id: string): Promise<SnapshotFile> {
  const value = readJson(await repository.getSnapshot(id), `Snapshot ${id}`) as Partial<
    SnapshotFile & { version: number }
  >;
  const { version, time, files, bytes, list } = value;
  if (version !== 1 || !isNumber(time) || !isNumber(files) || !isNumber(bytes) || !isTexts(list)) {
    throw backupError('BACKUP_DAMAGED', `Snapshot ${id} is of another version or damaged.`);
  }
  return { time, files, bytes, list };
}

/** All snapshots, oldest first. */
export async function listSnapshots(repository: Repository): Promise<SnapshotSummary[]> {
  const summaries: SnapshotSummary[] = [];
  for (const id of await repository.snapshotIds()) {
    const { time, files, bytes } = await readSnapshotFile(repository, id);
    summaries.push({ id, time, files, bytes });
  }
  return summaries;
}

/** Reads a snapshot with its list of files. */
export async function readSnapshot(repository: Repository, id: string): Promise<Snapshot> {
  const { time, list } = await readSnapshotFile(repository, id);
  const parts: Uint8Array[] = [];
  for (const name of list) parts.push(await repository.get(name));
  const { files, ledgers } = readJson(concatBytes(...parts), `The list of ${id}`) as {
    files: StoredFile[];
    ledgers: StoredLedger[];
  };
  for (const file of files) checkPath(file.path);
  return { id, time, files, ledgers };
}

/**
 * Reads every piece of every snapshot (or of one) and compares it with its name. What is damaged is
 * named by file; nothing is thrown for it.
 */
export async function verifyRepository(
  repository: Repository,
  options: {
    readonly snapshot?: string;
    readonly signal?: AbortSignalLike;
    readonly onProgress?: (pieces: number) => void;
  } = {},
): Promise<{
  snapshots: number;
  pieces: number;
  problems: { snapshot: string; path: string; message: string }[];
}> {
  const ids = options.snapshot === undefined ? await repository.snapshotIds() : [options.snapshot];
  const good = new Set<string>();
  const problems: { snapshot: string; path: string; message: string }[] = [];
  const messageOf = (error: unknown): string =>
    error instanceof Error ? error.message : String(error);
  for (const id of ids) {
    let snapshot: Snapshot;
    try {
      snapshot = await readSnapshot(repository, id);
    } catch (error) {
      problems.push({ snapshot: id, path: `snapshots/${id}`, message: messageOf(error) });
      continue;
    }
    for (const file of snapshot.files) {
      try {
        for (const name of file.pieces) {
          if (options.signal?.aborted === true) throw options.signal.reason;
          if (good.has(name)) continue;
          await repository.get(name);
          good.add(name);
          options.onProgress?.(good.size);
        }
      } catch (error) {
        if (options.signal?.aborted === true) throw error;
        problems.push({ snapshot: id, path: file.path, message: messageOf(error) });
      }
    }
  }
  return { snapshots: ids.length, pieces: good.size, problems };
}

/** Removes snapshots, then every piece that no other one names. */
export async function forgetSnapshots(
  repository: Repository,
  ids: readonly string[],
): Promise<{ removed: number; bytes: number }> {
  const existing = new Set(await repository.snapshotIds());
  for (const id of ids) {
    if (!existing.has(id)) throw backupError('BACKUP_NO_SNAPSHOT', `There is no snapshot '${id}'.`);
  }
  // What stays is read before anything goes: a list that cannot be read must not cost its pieces.
  const used = new Set<string>();
  for (const id of existing) {
    if (ids.includes(id)) continue;
    for (const name of (await readSnapshotFile(repository, id)).list) used.add(name);
    for (const file of (await readSnapshot(repository, id)).files) {
      for (const name of file.pieces) used.add(name);
    }
  }
  for (const id of ids) await repository.removeSnapshot(id);
  return repository.sweep((name) => used.has(name));
}

/**
 * Writes a snapshot's files below `target`, which must be missing or empty. When it resolves they
 * survive power loss. An interrupted restore leaves files there and is begun anew elsewhere.
 */
export async function restoreSnapshot(options: {
  readonly repository: Repository;
  readonly snapshot: Snapshot;
  readonly fs: Fs;
  readonly target: string;
  readonly signal?: AbortSignalLike;
  readonly onProgress?: (progress: { files: number; filesTotal: number; bytes: number }) => void;
}): Promise<void> {
  const { repository, snapshot, fs, target, signal } = options;
  if ((await fs.stat(target)) !== undefined && (await fs.list(target)).length > 0) {
    throw backupError('BACKUP_TARGET_NOT_EMPTY', `${target} is not empty.`, {
      hint: 'Restore into a directory that is empty or does not exist yet.',
    });
  }
  const directories = new Set<string>([target]);
  await fs.makeDirectory(target);
  let bytes = 0;
  for (const [index, stored] of snapshot.files.entries()) {
    if (signal?.aborted === true) throw signal.reason;
    const path = join(target, checkPath(stored.path));
    for (let at = dirname(path); !directories.has(at); at = dirname(at)) directories.add(at);
    await fs.makeDirectory(dirname(path));
    const file = await fs.open(path, 'create');
    try {
      let at = 0;
      for (const name of stored.pieces) {
        const content = await repository.get(name);
        await file.write(at, content);
        at += content.length;
      }
      if (at !== stored.size) {
        throw backupError(
          'BACKUP_DAMAGED',
          `${stored.path} has ${at} bytes instead of ${stored.size}.`,
        );
      }
      await file.sync();
    } finally {
      await file.close();
    }
    bytes += stored.size;
    options.onProgress?.({ files: index + 1, filesTotal: snapshot.files.length, bytes });
  }
  for (const directory of directories) await fs.syncDirectory(directory);
  await fs.syncDirectory(dirname(target));
}

function checkPath(path: string): string {
  if (
    path === '' ||
    isAbsolute(path) ||
    path.includes('\0') ||
    path.includes('\\') ||
    normalize(path) !== path ||
    path.split('/').some((part) => part === '..' || part === '.')
  ) {
    throw backupError('BACKUP_BAD_PATH', 'A path leaves the directory that it is of.');
  }
  return path;
}
