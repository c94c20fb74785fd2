import { StrongroomError, workspaceId } from '@strongroom/base';
import type { Clock, Fs, Random, Sha256, WorkspaceId } from '@strongroom/base';
import type { WorkspaceStatus } from '@strongroom/api';
import type { JournalLimits } from '@strongroom/journal';
import { createWorkspaceKeyRecord, openWorkspaceKeys } from '@strongroom/keys';
import type { Ed25519Signer, KeyProvider } from '@strongroom/keys';
import type { CatalogReader, WorkspaceRecord } from '../catalog/catalog.js';
import type { Log } from '../log.js';
import { createDiskKeys } from './disk-keys.js';
import type { WorkspaceErrorCode } from './errors.js';
import { workspaceLimits } from './limits.js';
import type { WorkspaceLimits } from './limits.js';
import { openRunningWorkspace } from './running-workspace.js';
import type { RunningWorkspace } from './running-workspace.js';
import type { Workspace, Workspaces } from './workspace.js';

export interface WorkspacesOptions {
  /** The service's data directory. Workspaces lie in `regions/<region>/workspaces/<id>` below it. */
  readonly root: string;
  /** Read on each use, so it may be opened after this. */
  readonly catalog: CatalogReader;
  readonly keyProvider: KeyProvider;
  /** Signs checkpoints and receipts of all workspaces, under each one's own name. */
  readonly signer: Ed25519Signer;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly log: Log;
  readonly limits?: Partial<WorkspaceLimits>;
  /** The time that pruning goes by; the clock's without it. */
  readonly keepNow?: () => number;
  readonly journalLimits?: Partial<JournalLimits>;
}

/** Makes the door to all workspaces. Nothing is opened yet. */
export function openWorkspaces(options: WorkspacesOptions): ClosableWorkspaces {
  return new WorkspaceSet(options);
}

/** With what only the composition calls. */
export interface ClosableWorkspaces extends Workspaces {
  /** Opens what has entries that wait to be applied or sealed, so recovery does not wait for a visitor. */
  openAll(): Promise<void>;
}

class WorkspaceSet implements ClosableWorkspaces {
  readonly #options: WorkspacesOptions;
  readonly #limits: WorkspaceLimits;
  readonly #open = new Map<WorkspaceId, Promise<RunningWorkspace>>();
  readonly #running = new Map<WorkspaceId, RunningWorkspace>();
  #closed = false;

  constructor(options: WorkspacesOptions) {
    this.#options = options;
    this.#limits = { ...workspaceLimits, ...options.limits };
  }

  open(id: WorkspaceId): Promise<Workspace> {
    return this.#openRunning(id);
  }

  async openAll(): Promise<void> {
    for (const { workspaceId: id } of this.#options.catalog.workspaces()) {
      try {
        await this.#openRunning(id);
      } catch (error) {
        // One that cannot be opened (a key away, damage) must not keep the others closed.
        this.#options.log.error('workspace did not open', { workspace: id, code: codeOf(error) });
      }
    }
  }

  statuses(): readonly WorkspaceStatus[] {
    return this.#options.catalog.workspaces().map((record): WorkspaceStatus => {
      const running = this.#running.get(record.workspaceId);
      if (running !== undefined) return running.status();
      const { workspaceId: id, name } = record;
      return { workspaceId: id, name, journalNext: '', applied: '', sealed: '', engine: 'closed' };
    });
  }

  async create(id: WorkspaceId, region: string): Promise<{ keyRecord: Uint8Array }> {
    const { keyProvider, random, clock, fs } = this.#options;
    const directory = this.#directory(id, region);
    if ((await fs.stat(directory)) !== undefined) {
      throw new StrongroomError<WorkspaceErrorCode>(
        'WORKSPACE_EXISTS',
        'The directory of this workspace exists already.',
      );
    }
    const keyRecord = await createWorkspaceKeyRecord({
      provider: keyProvider,
      workspaceId: id,
      random,
      clock,
    });
    const keys = await openWorkspaceKeys({
      provider: keyProvider,
      record: keyRecord,
      workspaceId: id,
      random,
    });
    try {
      for (const name of ['journal', 'ledger', 'engine', 'cursors']) {
        await fs.makeDirectory(`${directory}/${name}`);
      }
      await createDiskKeys({ path: `${directory}/engine-keys`, fs, keys });
      for (const path of parentsOf(directory, this.#options.root)) await fs.syncDirectory(path);
    } finally {
      keys.close();
    }
    return { keyRecord };
  }

  async remove(id: WorkspaceId, region?: string): Promise<void> {
    const where = region ?? this.#record(id).region;
    await this.suspend(id);
    await this.#options.fs.removeTree(this.#directory(id, where));
  }

  async suspend(id: WorkspaceId): Promise<void> {
    const opening = this.#open.get(id);
    this.#open.delete(id);
    this.#running.delete(id);
    const running = await opening?.catch(() => undefined);
    await running?.close();
  }

  async dropTable(id: WorkspaceId, table: string): Promise<void> {
    const running = await this.#openRunning(id);
    await running.dropTable(table);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open.keys()].map((id) => this.suspend(id)));
  }

  #openRunning(id: WorkspaceId): Promise<RunningWorkspace> {
    const known = this.#open.get(id);
    if (known !== undefined) return known;
    const opening = this.#start(id);
    this.#open.set(id, opening);
    opening.then(
      (running) => {
        if (this.#open.get(id) === opening) this.#running.set(id, running);
      },
      () => {
        // The next use tries again.
        if (this.#open.get(id) === opening) this.#open.delete(id);
      },
    );
    return opening;
  }

  async #start(id: WorkspaceId): Promise<RunningWorkspace> {
    if (this.#closed) {
      throw new StrongroomError<WorkspaceErrorCode>('WORKSPACE_CLOSED', 'The service is closing.');
    }
    const record = this.#record(id);
    const { root: _root, limits: _limits, ...options } = this.#options;
    return openRunningWorkspace({
      ...options,
      record,
      directory: this.#directory(id, record.region),
      limits: this.#limits,
    });
  }

  #record(id: WorkspaceId): WorkspaceRecord {
    const record = this.#options.catalog.workspace(id);
    if (record !== undefined) return record;
    throw new StrongroomError<WorkspaceErrorCode>(
      'WORKSPACE_NOT_FOUND',
      'There is no workspace with this id.',
    );
  }

  #directory(id: WorkspaceId, region: string): string {
    // Both come from the catalog; a path is built from nothing but checked names all the same.
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(region)) {
      throw new StrongroomError<WorkspaceErrorCode>(
        'WORKSPACE_NOT_FOUND',
        'The region is no name.',
      );
    }
    return `${this.#options.root}/regions/${region}/workspaces/${workspaceId(id)}`;
  }
}

/** Directories from `path` up to and with `root`, deepest first. */
function parentsOf(path: string, root: string): string[] {
  const parents: string[] = [];
  for (let at = path; at.length >= root.length; at = at.slice(0, at.lastIndexOf('/'))) {
    parents.push(at);
    if (at === root) break;
  }
  return parents;
}

const codeOf = (error: unknown): string =>
  error instanceof StrongroomError ? error.code : 'UNKNOWN';
