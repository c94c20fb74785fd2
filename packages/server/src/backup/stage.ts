import { join } from 'node:path';
import { isNotFound } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import type { SourceFile } from '@strongroom/backup';

/** Gives a file a second name; both must lie on one file system. */
export type HardLink = (from: string, to: string) => Promise<void>;

/** The directory in a workspace's own that holds its staged files. Nothing else lies in it. */
export const stagingName = 'staged';

/**
 * Files that are written in place or are the place where something else has been read to: taken as
 * bytes, in this order, before all others. So what they speak of is in what is taken after them.
 */
const firstTaken = ['ledger/checkpoint', 'cursors', 'records/mark', 'journal/mark'];

/**
 * Never part of a backup: ClickHouse's lock and scratch space, and what a crash left half-written.
 * Symbolic links and empty directories are not either: ClickHouse makes them when it opens.
 */
const leftOut = /^(?:engine\/db\/(?:tmp|status)|staged)(?:\/|$)|\.new$/;

/** Bytes of a file that is taken as bytes; larger ones get a second name instead. */
const copiedBytesMax = 65_536;

/**
 * Takes a workspace's directory as it is now, in the time that it takes to name its files: each gets a
 * second name in `staged/`, small ones are read. Parts, tiles and sealed segments never change; what
 * is appended to is read as far as it went now. Call it while the engine's process is closed.
 */
export async function stageWorkspace(options: {
  readonly directory: string;
  /** The directory's path in the snapshot. */
  readonly path: string;
  readonly fs: Fs;
  readonly hardLink: HardLink;
}): Promise<SourceFile[]> {
  const { directory, path, fs, hardLink } = options;
  const staging = join(directory, stagingName);
  await fs.removeTree(staging);
  await fs.makeDirectory(staging);
  const files: SourceFile[] = [];
  const taken = new Set<string>();
  let count = 0;
  const take = async (name: string, asBytes: boolean): Promise<void> => {
    if (taken.has(name) || leftOut.test(name)) return;
    const from = join(directory, name);
    const stat = await fs.stat(from);
    if (stat === undefined) return;
    if (stat.kind === 'directory') {
      for (const each of await list(fs, from)) await take(`${name}/${each}`, asBytes);
      return;
    }
    if (stat.kind !== 'file') return;
    taken.add(name);
    try {
      if (asBytes || (stat.size <= copiedBytesMax && !isImmutable(name))) {
        files.push({ path: `${path}/${name}`, from: await fs.readFile(from) });
        return;
      }
      const link = join(staging, String(count++));
      await hardLink(from, link);
      const size = (await fs.stat(link))?.size ?? 0;
      files.push({ path: `${path}/${name}`, from: link, size });
    } catch (error) {
      // A partial tile that became a whole one, a pruned segment: what took its place is taken too.
      if (!isGone(error)) throw error;
    }
  };
  for (const name of firstTaken) await take(name, true);
  for (const name of await list(fs, directory)) await take(name, false);
  return files;
}

/** ClickHouse's files below its volumes: written once, then only removed. */
const isImmutable = (name: string): boolean => /^engine\/(?:hot|cold)\//.test(name);

const isGone = (error: unknown): boolean =>
  isNotFound(error) || (error instanceof Error && 'code' in error && error.code === 'ENOENT');

async function list(fs: Fs, directory: string): Promise<string[]> {
  try {
    return await fs.list(directory);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
