import { dirname } from 'node:path';
import { FsError } from '@strongroom/base';
import type { Fs } from '@strongroom/base';

/**
 * Writes a file, whole or not at all, with mode 0600: new bytes are synced under another name, which
 * then takes the place, and the directory is synced. A crash leaves the old file, the new one, or a
 * `.new` file that the next write removes.
 */
export async function writeFileDurably(
  fs: Fs,
  path: string,
  bytes: Uint8Array,
  mode = 0o600,
): Promise<void> {
  const unfinished = `${path}.new`;
  const replaces = (await fs.stat(path)) !== undefined;
  if ((await fs.stat(unfinished)) !== undefined) await fs.remove(unfinished);
  const file = await fs.open(unfinished, 'create', mode);
  try {
    await file.write(0, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await fs.rename(unfinished, path);
    await fs.syncDirectory(dirname(path));
  } catch (error) {
    // Whether the name will survive is unknown, and a key must not be used before it is certain. What
    // was there before is gone already: then the new file must stay.
    if (!replaces && (await fs.stat(path)) !== undefined) await fs.remove(path);
    throw error;
  }
}

/**
 * Makes a directory with the parents that are missing (mode 0700), all their names durable. Names that
 * are there already are synced too: an earlier try may have failed between making and syncing them.
 */
export async function makeDirectoryDurably(fs: Fs, path: string): Promise<void> {
  const parent = dirname(path);
  if (parent === path) return;
  await makeDirectoryDurably(fs, parent);
  const existed = (await fs.stat(path)) !== undefined;
  if (!existed) await fs.makeDirectory(path);
  try {
    await fs.syncDirectory(parent);
  } catch (error) {
    // A directory that we may not even read, or that cannot be synced, holds no name of our making.
    if (existed && error instanceof FsError && notOursCodes.has(error.code)) return;
    throw error;
  }
}

const notOursCodes = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL', 'ENOSYS', 'ENOTSUP']);
