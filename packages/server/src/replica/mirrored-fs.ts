import { dirname, join } from 'node:path';
import { FsError, StrongroomError, equalBytes, isNotFound } from '@strongroom/base';
import type { Fs, FsFile } from '@strongroom/base';

/**
 * What of the data directory has no second copy: ClickHouse's files and the followers' places come
 * from the snapshots in the replica, the rest is remade.
 */
const notMirrored =
  /^(?:agent|bootstrap\.json|catalog\.db(?:-\w+)?|service\/staged|regions\/[^/]+\/workspaces\/[^/]+\/(?:engine|cursors|records|staged))(?:\/|$)/;

/** The part of a replica that holds the mirrored files. */
export const mirrorName = 'mirror';

const copyBytes = 4 * 1024 * 1024;
/** Bytes at a file's end that are compared where its size is right. */
const tailBytes = 65_536;

/**
 * A file system that makes each change below `root` in every replica too: it resolves when all have
 * it, durable where the call makes it so, and fails where one fails. So what is acknowledged lies on
 * every disk. Reads are answered by the first copy.
 */
export function mirroredFs(fs: Fs, options: { root: string; replicas: readonly string[] }): Fs {
  const { root } = options;
  const mirrors = options.replicas.map((replica) => join(replica, mirrorName));
  /** The same path in each replica; none where it has no copy. */
  const copiesOf = (path: string): string[] => {
    if (path === root) return mirrors;
    if (!path.startsWith(`${root}/`)) return [];
    const relative = path.slice(root.length + 1);
    return notMirrored.test(relative) ? [] : mirrors.map((mirror) => join(mirror, relative));
  };
  const both = async (path: string, act: (path: string) => Promise<void>): Promise<void> => {
    await all([path, ...copiesOf(path)].map(act));
  };
  return {
    readFile: (path) => fs.readFile(path),
    list: (path) => fs.list(path),
    stat: (path) => fs.stat(path),
    freeBytes: (path) => fs.freeBytes(path),
    makeDirectory: (path, mode) => both(path, (each) => fs.makeDirectory(each, mode)),
    syncDirectory: (path) => both(path, (each) => fs.syncDirectory(each)),
    removeTree: (path) => both(path, (each) => fs.removeTree(each)),
    async remove(path) {
      await fs.remove(path);
      await all(copiesOf(path).map((each) => fs.remove(each).catch(ignoreNotFound)));
    },
    async rename(from, to) {
      const [copiesFrom, copiesTo] = [copiesOf(from), copiesOf(to)];
      await fs.rename(from, to);
      await all(copiesTo.map((copy, index) => fs.rename(copiesFrom[index] ?? copy, copy)));
    },
    async open(path, how, mode) {
      if (how === 'read') return fs.open(path, how, mode);
      const copies = copiesOf(path);
      const file = await fs.open(path, how, mode);
      const opened: FsFile[] = [file];
      try {
        for (const copy of copies) {
          // A copy that was lost or fell behind is made whole before it is written to.
          if (how === 'write') await copyWhole(fs, path, copy);
          else await fs.remove(copy).catch(ignoreNotFound);
          opened.push(await fs.open(copy, how, mode));
        }
      } catch (error) {
        await Promise.allSettled(opened.map((each) => each.close()));
        throw error;
      }
      return mirroredFile(opened);
    },
  };
}

function mirroredFile(files: readonly FsFile[]): FsFile {
  const [first] = files as readonly [FsFile, ...FsFile[]];
  return {
    read: (position, size) => first.read(position, size),
    size: () => first.size(),
    write: (position, ...parts) => all(files.map((file) => file.write(position, ...parts))),
    sync: () => all(files.map((file) => file.sync())),
    truncate: (size) => all(files.map((file) => file.truncate(size))),
    close: () => all(files.map((file) => file.close())),
  };
}

/** Waits for all, then fails with the first failure: none may still be under way. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'rejected') throw result.reason;
  }
}

const ignoreNotFound = (error: unknown): void => {
  if (!isNotFound(error)) throw error;
};

/**
 * Brings the replicas to where the data directory is, before anything is written. Rejects with
 * `REPLICA_AHEAD` where a replica holds what the data directory lost: it must be restored from it
 * (`strongroom restore --replica`), not overwrite it.
 */
export async function alignReplicas(
  fs: Fs,
  options: { root: string; replicas: readonly string[] },
): Promise<void> {
  const { root, replicas } = options;
  for (const replica of replicas) {
    const mirror = join(replica, mirrorName);
    await fs.makeDirectory(mirror);
    await refuseAhead(fs, root, mirror);
    await align(fs, { root, mirror, relative: '' });
    await fs.syncDirectory(replica);
  }
}

/** Segments and service keys are never replaced: one that only the replica has was lost here. */
async function refuseAhead(fs: Fs, root: string, mirror: string): Promise<void> {
  for await (const relative of filesBelow(fs, mirror, '')) {
    const newest = /^(.*\/journal)\/([0-9a-f]{16})\.segment$/.exec(relative);
    const isKey = /^keys\/[^/]+\.key$/.test(relative);
    if (!isKey && newest === null) continue;
    if ((await fs.stat(join(root, relative))) !== undefined) continue;
    if (newest !== null) {
      const [, directory = '', number = ''] = newest;
      const here = (await list(fs, join(root, directory))).filter((name) =>
        name.endsWith('.segment'),
      );
      // An older one was pruned here; the last change before a stop may not have reached the copy.
      if ((here.at(-1) ?? '') > `${number}.segment`) continue;
      if (!(await list(fs, join(root, dirname(directory)))).length) {
        // The workspace was deleted: its directory is gone altogether.
        if ((await list(fs, join(root, 'keys'))).length > 0) continue;
      }
    }
    throw new StrongroomError(
      'REPLICA_AHEAD',
      `The replica ${mirror} holds ${relative}, and the data directory does not.`,
      {
        hint: 'Restore from it: strongroom restore REPLICA/repository --mirror REPLICA/mirror --to NEWDIR.',
      },
    );
  }
}

async function align(
  fs: Fs,
  at: { root: string; mirror: string; relative: string },
): Promise<void> {
  const { root, mirror, relative } = at;
  const wanted = new Set<string>();
  for (const name of await list(fs, join(root, relative))) {
    const path = relative === '' ? name : `${relative}/${name}`;
    if (notMirrored.test(path) || name.endsWith('.new')) continue;
    wanted.add(name);
    const stat = await fs.stat(join(root, path));
    if (stat?.kind === 'directory') {
      await fs.makeDirectory(join(mirror, path));
      await align(fs, { root, mirror, relative: path });
    } else if (stat?.kind === 'file') {
      await copyWhole(fs, join(root, path), join(mirror, path));
    }
  }
  for (const name of await list(fs, join(mirror, relative))) {
    const path = relative === '' ? name : `${relative}/${name}`;
    if (!wanted.has(name) && path !== 'catalog.db') await fs.removeTree(join(mirror, path));
  }
  await fs.syncDirectory(join(mirror, relative));
}

/** Makes `to` what `from` is, durably, where it is not. */
async function copyWhole(fs: Fs, from: string, to: string): Promise<void> {
  const source = await fs.open(from, 'read');
  try {
    const size = await source.size();
    if (await isSame(fs, { source, size, to })) return;
    const unfinished = `${to}.copy`;
    await fs.remove(unfinished).catch(ignoreNotFound);
    const target = await fs.open(unfinished, 'create');
    try {
      for (let at = 0; at < size; at += copyBytes) {
        await target.write(at, await source.read(at, Math.min(copyBytes, size - at)));
      }
      await target.sync();
    } finally {
      await target.close();
    }
    await fs.rename(unfinished, to);
    await fs.syncDirectory(dirname(to));
  } finally {
    await source.close();
  }
}

async function isSame(
  fs: Fs,
  files: { source: FsFile; size: number; to: string },
): Promise<boolean> {
  const { source, size, to } = files;
  if ((await fs.stat(to))?.size !== size) return false;
  const copy = await fs.open(to, 'read');
  try {
    const from = Math.max(0, size - tailBytes);
    return equalBytes(await source.read(from, tailBytes), await copy.read(from, tailBytes));
  } finally {
    await copy.close();
  }
}

/** Puts whole bytes in each replica's mirror, durably: the catalog, which writes its own file. */
export async function putInReplicas(
  fs: Fs,
  replicas: readonly string[],
  file: { name: string; bytes: Uint8Array },
): Promise<void> {
  await all(
    replicas.map(async (replica) => {
      const path = join(replica, mirrorName, file.name);
      await fs.remove(`${path}.copy`).catch(ignoreNotFound);
      const target = await fs.open(`${path}.copy`, 'create');
      try {
        await target.write(0, file.bytes);
        await target.sync();
      } finally {
        await target.close();
      }
      await fs.rename(`${path}.copy`, path);
      await fs.syncDirectory(dirname(path));
    }),
  );
}

async function* filesBelow(fs: Fs, root: string, relative: string): AsyncGenerator<string> {
  for (const name of await list(fs, join(root, relative))) {
    const path = relative === '' ? name : `${relative}/${name}`;
    const stat = await fs.stat(join(root, path));
    if (stat?.kind === 'directory') yield* filesBelow(fs, root, path);
    else if (stat?.kind === 'file') yield path;
  }
}

async function list(fs: Fs, directory: string): Promise<string[]> {
  try {
    return await fs.list(directory);
  } catch (error) {
    if (error instanceof FsError && ['ENOENT', 'ENOTDIR'].includes(error.code)) return [];
    throw error;
  }
}
