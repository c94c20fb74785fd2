import { dirname, join } from 'node:path';
import { equalBytes, isNotFound } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { exportError } from './errors.js';
import type { ExportTarget } from './target.js';

/**
 * A directory of this machine, best one on a disk or file system that keeps what is written once. A file
 * is written beside its place, synced, and only then named; files can be read by their owner and group.
 */
export function directoryTarget(options: { readonly path: string; readonly fs: Fs }): ExportTarget {
  const { path: root, fs } = options;
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    try {
      return await fs.readFile(join(root, name));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw failed(error);
    }
  };
  return {
    read,
    async create(name, content) {
      const there = await read(name);
      if (there !== undefined) {
        if (equalBytes(there, content)) return syncNames(fs, root, name);
        throw exportError('EXPORT_OBJECT_DIFFERS', `Another ${name} is there already.`);
      }
      try {
        const path = join(root, name);
        const fresh = `${path}.new`;
        await fs.makeDirectory(dirname(path), 0o750);
        await fs.remove(fresh).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
        const file = await fs.open(fresh, 'create', 0o440);
        try {
          await file.write(0, content);
          await file.sync();
        } finally {
          await file.close();
        }
        await fs.rename(fresh, path);
        await syncNames(fs, root, name);
      } catch (error) {
        throw failed(error);
      }
    },
  };
}

/** The file's name and those of the directories above it. */
async function syncNames(fs: Fs, root: string, name: string): Promise<void> {
  const depth = name.split('/').length;
  let directory = dirname(join(root, name));
  for (let level = 0; level < depth; level += 1, directory = dirname(directory)) {
    await fs.syncDirectory(directory);
  }
}

const failed = (cause: unknown): Error =>
  exportError('EXPORT_TARGET_FAILED', 'The directory of the export cannot be written.', cause);
