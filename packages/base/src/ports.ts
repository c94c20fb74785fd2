/**
 * What the outside world is to our code: handed in, so that tests can lose a write, turn the clock
 * back or replay a crash from one seed.
 */

/** Time. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z; may jump either way. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. For durations and time-outs. */
  monotonicMs(): number;
  /** Resolves after `ms`. Rejects with the signal's reason where it is aborted first. */
  sleep(ms: number, signal?: AbortSignalLike): Promise<void>;
}

/** The part of `AbortSignal` that pure code needs. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Unpredictable bytes: keys, salts, nonces, ids. */
export interface Random {
  bytes(size: number): Uint8Array<ArrayBuffer>;
  /** A version 4 GUID in lower case. */
  uuid(): string;
}

/** What is known of a path. Sizes in bytes. */
export interface FsStat {
  readonly kind: 'file' | 'directory' | 'other';
  readonly size: number;
  readonly modifiedMs: number;
  /** Identifies the file whatever its name: device and inode. */
  readonly identity: string;
  /** Permission bits (0o777 and below); left out where the file system has none. */
  readonly mode?: number;
}

/**
 * Files, with durability spelled out.
 *
 * A write is durable only once {@link FsFile.sync} on that file resolved; a name (created, renamed
 * or removed) only once {@link Fs.syncDirectory} on its directory did. All failures reject with a
 * `FsError`, whose `code` is the system's (`ENOSPC`, `EIO`, `ENOENT`, …).
 */
export interface Fs {
  /**
   * Opens a file. `read`: must exist. `write`: must exist, for reading and writing at positions.
   * `create`: must not exist; made with `mode` (default 0o600), for reading and writing.
   */
  open(path: string, how: 'read' | 'write' | 'create', mode?: number): Promise<FsFile>;
  /** Whole content. */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Makes the directory and its parents with `mode` (default 0o700); no error where it exists. */
  makeDirectory(path: string, mode?: number): Promise<void>;
  /** Names in a directory, sorted. */
  list(path: string): Promise<string[]>;
  /** Replaces `to` where it exists, atomically. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Removes a directory and all below it; no error where it does not exist. */
  removeTree(path: string): Promise<void>;
  /** `undefined` where nothing is there. Does not follow symbolic links. */
  stat(path: string): Promise<FsStat | undefined>;
  /** When it resolves, the directory's names survive power loss. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes free for this account on the path's file system. */
  freeBytes(path: string): Promise<number>;
}

/** An open file. Positions and sizes in bytes. */
export interface FsFile {
  /** Reads up to `size` bytes at `position`; fewer only at the end of the file. */
  read(position: number, size: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Writes all of `parts`, one after the other, from `position`. */
  write(position: number, ...parts: readonly Uint8Array[]): Promise<void>;
  /** When it resolves, all bytes written so far and the size survive power loss (fdatasync). */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** A failed file operation. `code` is the system's name for it (`ENOSPC`, `EIO`, `ENOENT`, …). */
export class FsError extends Error {
  readonly code: string;
  readonly operation: string;
  readonly path: string;

  constructor(options: { code: string; operation: string; path: string; cause?: unknown }) {
    super(`${options.operation} ${options.path}: ${options.code}`, { cause: options.cause });
    this.name = 'FsError';
    this.code = options.code;
    this.operation = options.operation;
    this.path = options.path;
  }
}

/** True where a file operation failed because nothing is there. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof FsError && error.code === 'ENOENT';

/** A one-shot SHA-256. Pure packages are handed one; `platform` and the browser each have theirs. */
export type Sha256 = (...parts: readonly Uint8Array[]) => Uint8Array<ArrayBuffer>;
