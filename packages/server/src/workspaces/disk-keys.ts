import { StrongroomError, fromBase64, fromUtf8, toBase64, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import type { WorkspaceKeys } from '@strongroom/keys';
import type { WorkspaceErrorCode } from './errors.js';
import { replaceFile } from './retry-memory.js';

/** The engine's disk keys, unwrapped: by number, with the one that new files are written under. */
export interface DiskKeys {
  readonly current: number;
  readonly keys: Readonly<Record<number, Uint8Array>>;
}

const context = (number: number): string => `engine/${number}`;

/**
 * Makes the file with the engine's first disk key, wrapped under the workspace's key:
 * `docs/formats/entry.md` §Engine keys.
 */
export async function createDiskKeys(options: {
  path: string;
  fs: Fs;
  keys: WorkspaceKeys;
}): Promise<void> {
  const { key, wrapped } = options.keys.createDataKey('engine-disk', context(1));
  key.fill(0);
  const text = JSON.stringify({ version: 1, current: 1, keys: { 1: toBase64(wrapped) } });
  await replaceFile(options.fs, options.path, utf8(`${text}\n`));
}

/** Where the file lies, and what opens it. */
export interface DiskKeyFile {
  readonly path: string;
  readonly fs: Fs;
  readonly keys: WorkspaceKeys;
}

interface FileContent {
  readonly current: number;
  readonly keys: Readonly<Record<number, Uint8Array>>;
  /** Milliseconds since 1970, by number; older files do not say. */
  readonly made: Readonly<Record<number, number>>;
}

/** What the file says without its keys. */
export interface DiskKeyFacts {
  readonly current: number;
  readonly numbers: readonly number[];
  /** When the current one was made. */
  readonly madeAt: number | undefined;
  /** Ids of the workspace keys that they are wrapped under. */
  readonly wrappedBy: readonly string[];
}

async function readFile(options: { path: string; fs: Fs }): Promise<FileContent> {
  const bad = (cause?: unknown): StrongroomError<WorkspaceErrorCode> =>
    new StrongroomError('ENGINE_KEYS_UNREADABLE', 'The file of engine keys is damaged.', { cause });
  const bytes = await options.fs.readFile(options.path);
  let file: unknown;
  try {
    file = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw bad(cause);
  }
  if (typeof file !== 'object' || file === null) throw bad();
  if (!('version' in file) || file.version !== 1) throw bad();
  if (!('current' in file) || typeof file.current !== 'number') throw bad();
  if (!('keys' in file) || typeof file.keys !== 'object' || file.keys === null) throw bad();
  const keys: Record<number, Uint8Array> = {};
  for (const [name, wrapped] of Object.entries(file.keys)) {
    if (!/^[1-9]\d{0,4}$/.test(name) || typeof wrapped !== 'string') throw bad();
    keys[Number(name)] = fromBase64(wrapped);
  }
  if (keys[file.current] === undefined) throw bad();
  const made: Record<number, number> = {};
  if ('made' in file && typeof file.made === 'object' && file.made !== null) {
    for (const [name, at] of Object.entries(file.made)) {
      if (typeof at === 'number') made[Number(name)] = at;
    }
  }
  return { current: file.current, keys, made };
}

async function writeFile(options: { path: string; fs: Fs }, content: FileContent): Promise<void> {
  const keys = Object.fromEntries(
    Object.entries(content.keys).map(([number, wrapped]) => [number, toBase64(wrapped)]),
  );
  const made = Object.fromEntries(
    Object.entries(content.made).filter(([number]) => keys[number] !== undefined),
  );
  const text = JSON.stringify({ version: 1, current: content.current, keys, made });
  await replaceFile(options.fs, options.path, utf8(`${text}\n`));
}

/** What the file says. Rejects with `ENGINE_KEYS_UNREADABLE`. */
export async function describeDiskKeys(options: DiskKeyFile): Promise<DiskKeyFacts> {
  const { current, keys, made } = await readFile(options);
  return {
    current,
    numbers: Object.keys(keys).map(Number),
    madeAt: made[current],
    wrappedBy: Object.values(keys).map((wrapped) => options.keys.wrappingKeyId(wrapped)),
  };
}

/** Adds a key, which is the current one from now on; returns its number. */
export async function addDiskKey(options: DiskKeyFile & { now: number }): Promise<number> {
  const content = await readFile(options);
  const number = Math.max(...Object.keys(content.keys).map(Number)) + 1;
  const { key, wrapped } = options.keys.createDataKey('engine-disk', context(number));
  key.fill(0);
  await writeFile(options, {
    current: number,
    keys: { ...content.keys, [number]: wrapped },
    made: { ...content.made, [number]: options.now },
  });
  return number;
}

/** Leaves only the current key: nothing lies under the others any more. */
export async function dropOldDiskKeys(options: DiskKeyFile): Promise<void> {
  const { current, keys, made } = await readFile(options);
  await writeFile(options, { current, keys: { [current]: keys[current]! }, made });
}

/** Wraps the keys anew, under the workspace's current key, where they are under another. */
export async function rewrapDiskKeys(options: DiskKeyFile): Promise<void> {
  const content = await readFile(options);
  const { currentKeyId } = options.keys;
  if (
    Object.values(content.keys).every((each) => options.keys.wrappingKeyId(each) === currentKeyId)
  ) {
    return;
  }
  const keys = Object.fromEntries(
    Object.entries(content.keys).map(([number, wrapped]) => [
      number,
      options.keys.rewrapDataKey('engine-disk', wrapped, context(Number(number))),
    ]),
  );
  await writeFile(options, { ...content, keys });
}

/** Reads and unwraps them. The caller wipes what it gets. */
export async function openDiskKeys(options: DiskKeyFile): Promise<DiskKeys> {
  const content = await readFile(options);
  const keys: Record<number, Uint8Array> = {};
  for (const [number, wrapped] of Object.entries(content.keys)) {
    const { key } = options.keys.unwrapDataKey('engine-disk', wrapped, context(Number(number)));
    keys[Number(number)] = key;
  }
  return { current: content.current, keys };
}
