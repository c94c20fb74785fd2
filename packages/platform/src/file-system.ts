import { constants, promises as node } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { FsError } from '@strongroom/base';
import type { Fs, FsFile, FsStat } from '@strongroom/base';

async function attempt<T>(operation: string, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'EUNKNOWN';
    throw new FsError({ code, operation, path, cause });
  }
}

const flags = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

class NodeFile implements FsFile {
  readonly #handle: FileHandle;
  readonly #path: string;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  async read(position: number, size: number): Promise<Uint8Array<ArrayBuffer>> {
    const buffer = new Uint8Array(size);
    let filled = 0;
    await attempt('read', this.#path, async () => {
      while (filled < size) {
        const { bytesRead } = await this.#handle.read(
          buffer,
          filled,
          size - filled,
          position + filled,
        );
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    });
    return filled === size ? buffer : buffer.slice(0, filled);
  }

  async write(position: number, ...parts: readonly Uint8Array[]): Promise<void> {
    await attempt('write', this.#path, async () => {
      let at = position;
      let rest = parts;
      if (parts.length > 1) {
        // One call for all; the loop below writes what a full disk or a signal left over.
        const { bytesWritten } = await this.#handle.writev(parts as Uint8Array[], position);
        at += bytesWritten;
        let left = bytesWritten;
        rest = parts.flatMap((part) => {
          const skipped = Math.min(left, part.length);
          left -= skipped;
          return skipped === part.length ? [] : [part.subarray(skipped)];
        });
      }
      for (const part of rest) {
        let written = 0;
        while (written < part.length) {
          const { bytesWritten } = await this.#handle.write(
            part,
            written,
            part.length - written,
            at,
          );
          written += bytesWritten;
          at += bytesWritten;
        }
      }
    });
  }

  async sync(): Promise<void> {
    await attempt('fdatasync', this.#path, () => this.#handle.datasync());
  }

  async truncate(size: number): Promise<void> {
    await attempt('truncate', this.#path, () => this.#handle.truncate(size));
  }

  async size(): Promise<number> {
    return attempt('fstat', this.#path, async () => (await this.#handle.stat()).size);
  }

  async close(): Promise<void> {
    await attempt('close', this.#path, () => this.#handle.close());
  }
}

/** The machine's file system. */
export const nodeFileSystem: Fs = {
  async open(path, how, mode = 0o600) {
    const handle = await attempt('open', path, () => node.open(path, flags[how], mode));
    return new NodeFile(handle, path);
  },
  async readFile(path) {
    return attempt('read', path, async () => new Uint8Array(await node.readFile(path)));
  },
  async makeDirectory(path, mode = 0o700) {
    await attempt('mkdir', path, () => node.mkdir(path, { recursive: true, mode }));
  },
  async list(path) {
    return attempt('readdir', path, async () => (await node.readdir(path)).sort());
  },
  async rename(from, to) {
    await attempt('rename', from, () => node.rename(from, to));
  },
  async remove(path) {
    await attempt('unlink', path, () => node.unlink(path));
  },
  async removeTree(path) {
    await attempt('rm', path, () => node.rm(path, { recursive: true, force: true }));
  },
  async stat(path): Promise<FsStat | undefined> {
    try {
      const stat = await node.lstat(path, { bigint: true });
      return {
        kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other',
        size: Number(stat.size),
        modifiedMs: Number(stat.mtimeMs),
        identity: `${stat.dev}:${stat.ino}`,
        mode: Number(stat.mode) & 0o777,
      };
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'EUNKNOWN';
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw new FsError({ code, operation: 'stat', path, cause });
    }
  },
  async syncDirectory(path) {
    await attempt('fsync', path, async () => {
      const handle = await node.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  },
  async freeBytes(path) {
    return attempt('statfs', path, async () => {
      const stat = await node.statfs(path);
      return Number(stat.bavail) * Number(stat.bsize);
    });
  },
};

/** Gives a file a second name on the same file system. */
export const hardLink = (from: string, to: string): Promise<void> =>
  attempt('link', from, () => node.link(from, to));
