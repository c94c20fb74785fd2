import { dirname, join } from 'node:path';
import { StrongroomError, equalBytes, fromUtf8, invariant } from '@strongroom/base';
import type { Clock, Fs, Random, WorkspaceId } from '@strongroom/base';
import { listSnapshots, openRepository, takeSnapshot } from '@strongroom/backup';
import type { BackupProgress, SourceFile, StoredLedger } from '@strongroom/backup';
import type { KeyProvider } from '@strongroom/keys';
import type { BackupState } from '@strongroom/api';
import type { Catalog } from '../catalog/open-catalog.js';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import type { ClosableWorkspaces } from '../workspaces/workspaces.js';
import { stageWorkspace, stagingName } from './stage.js';
import type { HardLink } from './stage.js';

/** Tries to take all workspaces and the catalog in one state of their keys. */
const stagingTries = 5;
const scheduleLookMs = 60_000;
/** After a failure another try waits so long. */
const retryMs = 3_600_000;

export interface BackupsOptions {
  /** The service's data directory. */
  readonly root: string;
  /** Where the repositories are; none: there are no backups. */
  readonly destinations: readonly string[];
  /** After so many hours another snapshot is taken; 0: only when asked. */
  readonly everyHours: number;
  readonly catalog: Catalog;
  readonly workspaces: Pick<ClosableWorkspaces, 'whileStill' | 'directoryOf' | 'statuses'>;
  /** The root key: it alone opens a backup. */
  readonly keyProvider: KeyProvider;
  readonly fs: Fs;
  readonly hardLink: HardLink;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Takes snapshots of the whole service while it works. One at a time. */
export interface Backups {
  /** Begins a snapshot, or finds the one that is being taken. Rejects where none can be. */
  start(): BackupState;
  state(): BackupState;
  /**
   * The position of a workspace from which on the newest snapshot needs the journal; 0 before the
   * first one of this run.
   */
  holdFrom(id: WorkspaceId): bigint;
  close(): Promise<void>;
}

/** Opens them, and removes what a crash left: second names would keep erased files on the disk. */
export async function openBackups(options: BackupsOptions): Promise<Backups> {
  await unstage(options);
  return new ServiceBackups(options);
}

async function unstage({ root, fs, catalog, workspaces }: BackupsOptions): Promise<void> {
  const directories = [join(root, 'service')];
  for (const { workspaceId: id, region } of catalog.snapshot.workspaces.values()) {
    directories.push(workspaces.directoryOf(id, region));
  }
  for (const directory of directories) await fs.removeTree(join(directory, stagingName));
}

class ServiceBackups implements Backups {
  readonly #options: BackupsOptions;
  readonly #stop = new AbortController();
  #running: { startedAt: number; progress: BackupProgress | undefined } | undefined;
  #work: Promise<void> = Promise.resolve();
  #last: BackupState['last'];
  #failed: BackupState['failed'];
  #applied: ReadonlyMap<string, bigint> = new Map();
  readonly #schedule: Promise<void>;

  constructor(options: BackupsOptions) {
    this.#options = options;
    this.#schedule =
      options.destinations.length === 0 || options.everyHours === 0
        ? Promise.resolve()
        : this.#keepSchedule();
  }

  start(): BackupState {
    if (this.#options.destinations.length === 0) {
      throw new StrongroomError('BACKUP_NOT_CONFIGURED', 'No directory for backups is set.', {
        hint: 'Start the service with --backup DIR.',
      });
    }
    if (this.#running === undefined && !this.#stop.signal.aborted) {
      this.#running = { startedAt: this.#options.clock.now(), progress: undefined };
      this.#work = this.#run(this.#running.startedAt).finally(() => (this.#running = undefined));
    }
    return this.state();
  }

  state(): BackupState {
    const iso = (time: number): string => new Date(time).toISOString();
    const running = this.#running;
    return {
      destinations: this.#options.destinations,
      everyHours: this.#options.everyHours,
      ...(running === undefined
        ? {}
        : { running: { startedAt: iso(running.startedAt), ...running.progress } }),
      ...(this.#last === undefined ? {} : { last: this.#last }),
      ...(this.#failed === undefined ? {} : { failed: this.#failed }),
    };
  }

  holdFrom(id: WorkspaceId): bigint {
    return this.#applied.get(id) ?? 0n;
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('closing'));
    await this.#work;
    await this.#schedule;
  }

  async #run(startedAt: number): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const taken = await this.#take(startedAt);
      const endedAt = clock.now();
      this.#last = {
        id: taken.id,
        startedAt: new Date(startedAt).toISOString(),
        endedAt: new Date(endedAt).toISOString(),
        files: taken.progress.files,
        bytes: taken.progress.bytes,
        written: taken.progress.written,
      };
      this.#failed = undefined;
      log.info('backup taken', { ...this.#last });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const code = error instanceof StrongroomError ? error.code : 'BACKUP_FAILED';
      this.#failed = { at: new Date(clock.now()).toISOString(), code };
      log.error('backup failed', errorFields(error));
    }
  }

  /** One state into all repositories. */
  async #take(time: number): ReturnType<typeof takeSnapshot> {
    const { destinations, fs, random, clock, keyProvider: provider } = this.#options;
    const { signal } = this.#stop;
    try {
      const applied = new Map(
        this.#options.workspaces
          .statuses()
          .map((status) => [status.workspaceId, BigInt(status.applied || '0')]),
      );
      const staged = await this.#stage();
      let taken: Awaited<ReturnType<typeof takeSnapshot>> | undefined;
      for (const directory of destinations) {
        const repository = await openRepository({ directory, fs, random, provider, create: true });
        taken = await takeSnapshot({
          repository,
          fs,
          clock,
          random,
          time,
          signal,
          ...staged,
          onProgress: (progress) => {
            if (this.#running !== undefined) this.#running.progress = progress;
          },
        });
      }
      this.#applied = applied;
      invariant(taken !== undefined, 'a snapshot has somewhere to go');
      return taken;
    } finally {
      await unstage(this.#options);
    }
  }

  /**
   * All workspaces, then the catalog; again where a workspace or its key changed meanwhile: keys of
   * one moment do not open the files of another.
   */
  async #stage(): Promise<{ files: SourceFile[]; ledgers: StoredLedger[] }> {
    const { catalog, workspaces, root, fs, hardLink } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const before = new Map(catalog.snapshot.workspaces);
      const files: SourceFile[] = [];
      for (const { workspaceId: id, region } of before.values()) {
        const directory = workspaces.directoryOf(id, region);
        const path = directory.slice(root.length + 1);
        await workspaces.whileStill(id, async () => {
          files.push(...(await stageWorkspace({ directory, path, fs, hardLink })));
        });
      }
      files.push({ path: 'catalog.db', from: await catalog.readFile() });
      const { workspaces: after } = catalog.snapshot;
      const same =
        after.size === before.size &&
        [...after].every(([id, { keyRecord }]) => {
          const was = before.get(id)?.keyRecord;
          return was !== undefined && equalBytes(was, keyRecord);
        });
      if (same) {
        files.push(...(await this.#serviceFiles()));
        return { files, ledgers: ledgersOf(files) };
      }
      if (attempt === stagingTries) {
        throw new StrongroomError('BACKUP_BUSY', 'Keys are being rotated.', {
          hint: 'Try again when the rotation has ended.',
        });
      }
    }
  }

  /** The service's keys (each wrapped by the root) and its own journal and ledger. */
  async #serviceFiles(): Promise<SourceFile[]> {
    const { root, fs, hardLink } = this.#options;
    const files = await stageWorkspace({
      directory: join(root, 'service'),
      path: 'service',
      fs,
      hardLink,
    });
    for (const name of await fs.list(join(root, 'keys'))) {
      const from = join(root, 'keys', name);
      if (name.endsWith('.new') || (await fs.stat(from))?.kind !== 'file') continue;
      files.push({ path: `keys/${name}`, from: await fs.readFile(from) });
    }
    return files;
  }

  async #keepSchedule(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    try {
      for (let due = await this.#due(); ;) {
        await clock.sleep(scheduleLookMs, signal);
        if (clock.now() < due) continue;
        // One may have been taken by hand meanwhile.
        due = await this.#due();
        if (clock.now() < due) continue;
        this.start();
        await this.#work;
        due = this.#failed === undefined ? await this.#due() : clock.now() + retryMs;
      }
    } catch (error) {
      if (!signal.aborted) log.error('backups are not scheduled any more', errorFields(error));
    }
  }

  /** When the next snapshot is to be taken: the oldest of the repositories decides. */
  async #due(): Promise<number> {
    const { destinations, fs, random, keyProvider: provider, everyHours } = this.#options;
    let due = Number.POSITIVE_INFINITY;
    for (const directory of destinations) {
      if ((await fs.stat(join(directory, 'repository'))) === undefined) return 0;
      const repository = await openRepository({ directory, fs, random, provider, create: false });
      const last = (await listSnapshots(repository)).at(-1);
      due = Math.min(due, last === undefined ? 0 : last.time + everyHours * 3_600_000);
    }
    return due;
  }
}

/** The checkpoints among the files: what a restore is held against. */
function ledgersOf(files: readonly SourceFile[]): StoredLedger[] {
  return files.flatMap(({ path, from }) =>
    path.endsWith('/ledger/checkpoint') && typeof from !== 'string'
      ? [{ path: dirname(path), checkpoint: fromUtf8(from) }]
      : [],
  );
}
