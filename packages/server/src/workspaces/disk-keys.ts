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

/** Reads and unwraps them. The caller wipes what it gets. */
export async function openDiskKeys(options: {
  path: string;
  fs: Fs;
  keys: WorkspaceKeys;
}): Promise<DiskKeys> {
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
    keys[Number(name)] = options.keys.unwrapDataKey(
      'engine-disk',
      fromBase64(wrapped),
      context(Number(name)),
    ).key;
  }
  if (keys[file.current] === undefined) throw bad();
  return { current: file.current, keys };
}
