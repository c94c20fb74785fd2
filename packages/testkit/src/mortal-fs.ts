import type { Fs, FsFile } from '@strongroom/base';

/** A process's view of a disk, and the moment at which the process ends. */
export interface MortalFs {
  readonly fs: Fs;
  readonly dead: boolean;
  /** Operations begun so far. */
  readonly operations: number;
  /** Resolves when the process has ended and nothing of it is under way on the disk any more. */
  readonly died: Promise<void>;
  /** Ends it now. */
  kill(): void;
}

/**
 * A file system as one process sees it: after `operations` of them (or {@link MortalFs.kill}) the
 * process is dead. What it had begun comes to its end on the disk, nothing begins any more, and no
 * answer reaches it: its promises stay open for good, as a dead process's do.
 */
export function mortalFs(disk: Fs, operations = Number.POSITIVE_INFINITY): MortalFs {
  let begun = 0;
  let underWay = 0;
  let dead = false;
  let die: () => void = () => undefined;
  const died = new Promise<void>((resolve) => (die = resolve));
  const never = new Promise<never>(() => undefined);

  const ended = (): void => {
    if (dead && underWay === 0) die();
  };
  const kill = (): void => {
    dead = true;
    ended();
  };
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (begun >= operations) kill();
    if (dead) return never;
    begun += 1;
    underWay += 1;
    try {
      return await work();
    } finally {
      underWay -= 1;
      if (dead) {
        ended();
        await never;
      }
    }
  };

  const mortalFile = (file: FsFile): FsFile => ({
    read: (position, size) => run(() => file.read(position, size)),
    write: (position, ...parts) => run(() => file.write(position, ...parts)),
    sync: () => run(() => file.sync()),
    truncate: (size) => run(() => file.truncate(size)),
    size: () => run(() => file.size()),
    close: () => run(() => file.close()),
  });
  const fs: Fs = {
    open: async (path, how, mode) =>
      mortalFile(
        await run(() => (mode === undefined ? disk.open(path, how) : disk.open(path, how, mode))),
      ),
    readFile: (path) => run(() => disk.readFile(path)),
    makeDirectory: (path, mode) =>
      run(() => (mode === undefined ? disk.makeDirectory(path) : disk.makeDirectory(path, mode))),
    list: (path) => run(() => disk.list(path)),
    rename: (from, to) => run(() => disk.rename(from, to)),
    remove: (path) => run(() => disk.remove(path)),
    removeTree: (path) => run(() => disk.removeTree(path)),
    stat: (path) => run(() => disk.stat(path)),
    syncDirectory: (path) => run(() => disk.syncDirectory(path)),
    freeBytes: (path) => run(() => disk.freeBytes(path)),
  };
  return {
    fs,
    died,
    kill,
    get dead() {
      return dead;
    },
    get operations() {
      return begun;
    },
  };
}
