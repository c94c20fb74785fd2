/**
 * Names that survive power loss. ClickHouse syncs the files of tables, parts and merges, but on
 * encrypted disks none of the directories that name them: this does. It must be done before what a
 * name replaces is removed (`old_parts_lifetime`), and before a table is said to be there.
 */

import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Below the engine's directory: where tables, their parts and their definitions are named. */
const tops = ['db', 'hot', 'cold'];
/** Clocks of file systems tick in milliseconds: what changed so lately may change again unseen. */
const settledMs = 50;

export class DurableNames {
  readonly #directory: string;
  readonly #now: () => number;
  /** Directories as they were when last synced: their time of last change. */
  #synced = new Map<string, bigint>();
  #syncing: Promise<void> = Promise.resolve();

  constructor(options: { directory: string; now: () => number }) {
    this.#directory = options.directory;
    this.#now = options.now;
  }

  /** Syncs every directory that changed since it was last synced. */
  sync(): Promise<void> {
    const done = this.#syncing.then(async () => {
      const seen = new Map<string, bigint>();
      await syncOne(this.#directory);
      for (const top of tops) await this.#sync(join(this.#directory, top), seen);
      this.#synced = seen;
    });
    this.#syncing = done.catch(() => undefined);
    return done;
  }

  async #sync(directory: string, seen: Map<string, bigint>): Promise<void> {
    const entries = await orGone(readdir(directory, { withFileTypes: true }));
    if (entries === undefined) return;
    // Parents last: a name counts only once what it leads to does.
    const below = entries.filter((entry) => entry.isDirectory());
    await eachOf(below, (entry) => this.#sync(join(directory, entry.name), seen));
    const known = this.#synced.get(directory);
    const changed = (await orGone(stat(directory, { bigint: true })))?.mtimeNs;
    if (changed === undefined) return;
    if (changed !== known) await syncOne(directory);
    if (this.#now() - Number(changed / 1_000_000n) > settledMs) seen.set(directory, changed);
  }
}

/** Some at a time: each holds a file open, and waits for the disk. */
const atOnceMax = 8;

export async function eachOf<T>(
  items: readonly T[],
  run: (item: T) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < items.length; at += atOnceMax) {
    await Promise.all(items.slice(at, at + atOnceMax).map(run));
  }
}

async function syncOne(directory: string): Promise<void> {
  const handle = await orGone(open(directory, 'r'));
  if (handle === undefined) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `undefined` where the directory was removed meanwhile. */
async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
