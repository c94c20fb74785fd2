import { dirname } from 'node:path';
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
  if ((await fs.stat(unfinished)) !== undefined) await fs.remove(unfinished);
  const file = await fs.open(unfinished, 'create', mode);
  try {
    await file.write(0, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(unfinished, path);
  try {
    await fs.syncDirectory(dirname(path));
  } catch (error) {
    // Whether the name will survive is unknown, and a key must not be used before it is certain.
    await fs.remove(path);
    throw error;
  }
}
