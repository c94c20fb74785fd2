import { StrongroomError, isNotFound, workspaceId } from '@strongroom/base';
import type { Clock, Fs, Random, Sha256, WorkspaceId } from '@strongroom/base';
import type { WorkspaceStatus } from '@strongroom/api';
import type { JournalLimits } from '@strongroom/journal';
import {
  createWorkspaceKeyRecord,
  verifyEd25519,
  describeWorkspaceKeyRecord,
  openWorkspaceKeys,
  sealingKeysOf,
} from '@strongroom/keys';
import type { Ed25519Signer, KeyProvider } from '@strongroom/keys';
import { openLedger } from '@strongroom/ledger';
import type { CatalogReader, WorkspaceRecord } from '../catalog/catalog.js';
import { isCustomerKey, providerNameOf } from '../keys/provider-set.js';
import type { ProviderSet } from '../keys/provider-set.js';
import { noteSigners } from '../keys/signing-keys.js';
import type { SigningKeys } from '../keys/signing-keys.js';
import type { Log } from '../log.js';
import { createDiskKeys } from './disk-keys.js';
import type { WorkspaceErrorCode } from './errors.js';
import { workspaceLimits } from './limits.js';
import type { WorkspaceLimits } from './limits.js';
import { serviceActor } from './record.js';
import type { RecordActor } from './record.js';
import { ledgerOrigin, openRunningWorkspace } from './running-workspace.js';
import type { RunningWorkspace, RunningWorkspaceOptions } from './running-workspace.js';
import type { KeyWork } from './key-work.js';
import type { Workspace, Workspaces } from './workspace.js';

export interface WorkspacesOptions {
  /** The service's data directory. Workspaces lie in `regions/<region>/workspaces/<id>` below it. */
  readonly root: string;
  /** Read on each use, so it may be opened after this. */
  readonly catalog: CatalogReader;
  readonly keyProvider: KeyProvider;
  /** Opens the provider of a customer's key by its name; without it there are no such keys. */
  readonly providers?: Pick<ProviderSet, 'open'>;
  /** Signs checkpoints and receipts of all workspaces, under each one's own name. */
  readonly signer: Ed25519Signer | SigningKeys;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly log: Log;
  readonly limits?: Partial<WorkspaceLimits>;
  /** The time that pruning goes by; the clock's without it. */
  readonly keepNow?: () => number;
  /** Entries from this position on are not pruned; `undefined`: none is kept for this. */
  readonly pruneBefore?: (id: WorkspaceId) => bigint | undefined;
  readonly journalLimits?: Partial<JournalLimits>;
}

/** Makes the door to all workspaces. Nothing is opened yet. */
export function openWorkspaces(options: WorkspacesOptions): ClosableWorkspaces {
  return new WorkspaceSet(options);
}

/** With what only the composition calls. */
export interface ClosableWorkspaces extends Workspaces {
  /** The keys' work of a workspace, opened where it is not; undefined while its key is away. */
  keyWork(id: WorkspaceId): Promise<KeyWork | undefined>;
  /** Ends what runs and removes the engine's keys and files: nothing can open them any more. */
  forgetKeys(id: WorkspaceId): Promise<void>;
  /** Lets a workspace begin anew with the key record that the catalog has now. */
  reopen(id: WorkspaceId): Promise<void>;
  /** Opens what has entries that wait to be applied or sealed, so recovery does not wait for a visitor. */
  openAll(): Promise<void>;
  /**
   * Hands the ledger of a workspace over to the newest signing key; of one that is deleted and kept as it
   * lies.
   */
  handOver(id: WorkspaceId, region: string, by: RecordActor): Promise<void>;
  /** Where a workspace's files are. */
  directoryOf(id: WorkspaceId, region: string): string;
  /**
   * Runs while nobody writes to the tables of a workspace: for a copy of its files. One that does
   * not open (a key away, damage) or is deleted is still by itself.
   */
  whileStill(id: WorkspaceId, run: () => Promise<void>): Promise<void>;
}

class WorkspaceSet implements ClosableWorkspaces {
  readonly #options: WorkspacesOptions;
  readonly #limits: WorkspaceLimits;
  readonly #open = new Map<WorkspaceId, Promise<RunningWorkspace>>();
  readonly #running = new Map<WorkspaceId, RunningWorkspace>();
  readonly #stop = new AbortController();
  /** Since when a customer's key cannot be asked for, by workspace; monotonic. */
  readonly #unreachable = new Map<WorkspaceId, number>();
  #watching: Promise<void> | undefined;
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
    this.#watching ??= this.#watchKeys();
  }

  async keyWork(id: WorkspaceId): Promise<KeyWork | undefined> {
    return (await this.#openRunning(id)).keyWork;
  }

  async forgetKeys(id: WorkspaceId): Promise<void> {
    const { fs } = this.#options;
    const directory = this.#directory(id, this.#record(id).region);
    await this.#exchange(id, { revoked: true }, async () => {
      await fs.removeTree(`${directory}/engine`);
      for (const name of ['engine-keys', 'engine-rotation', 'workspace-key']) {
        await fs.remove(`${directory}/${name}`).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      }
      await fs.syncDirectory(directory);
    });
  }

  async reopen(id: WorkspaceId): Promise<void> {
    await this.#exchange(id, {});
  }

  /** Closes what runs and starts anew; who asks for it meanwhile waits for the new one. */
  #exchange(
    id: WorkspaceId,
    why: { revoked?: boolean },
    between?: () => Promise<void>,
  ): Promise<RunningWorkspace> {
    const before = this.#open.get(id);
    return this.#hold(
      id,
      (async () => {
        const running = await before?.catch(() => undefined);
        await running?.close(why);
        await between?.();
        return this.#start(id);
      })(),
    );
  }

  async #watchKeys(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(this.#limits.keyCheckMs, signal).catch(() => undefined);
      // One that does not answer must not keep the others from being looked at.
      await Promise.all(
        [...this.#running].map(async ([id, running]) => {
          if (signal.aborted) return;
          await this.#checkKey(id, running).catch((error: unknown) => {
            log.error('a key was not checked', { workspace: id, code: codeOf(error) });
          });
        }),
      );
    }
  }

  async #checkKey(id: WorkspaceId, running: RunningWorkspace): Promise<void> {
    const record = this.#options.catalog.workspace(id);
    if (record === undefined || !isCustomerKey(providerNameOf(record.keyRecord))) return;
    const { clock, log } = this.#options;
    const verdict = await this.#tryKey(record);
    if (verdict === 'there') this.#unreachable.delete(id);
    if (verdict === 'unreachable' && !running.sealed) {
      const since = this.#unreachable.get(id) ?? clock.monotonicMs();
      this.#unreachable.set(id, since);
      if (clock.monotonicMs() - since < this.#limits.keyGraceMs) return;
    }
    if (running.sealed !== (verdict === 'there') || this.#running.get(id) !== running) return;
    const type = verdict === 'there' ? 'keyRestored' : 'keyRevoked';
    const note = async (workspace: RunningWorkspace): Promise<void> => {
      const [current] = describeWorkspaceKeyRecord(record.keyRecord);
      await workspace
        .record({
          type,
          actor: serviceActor,
          purpose: 'workspace',
          keyId: current?.keyId ?? '',
          provider: current?.providerId ?? '',
          reason: verdict,
        })
        .catch((error: unknown) => {
          log.error('the change of a key was not recorded', { workspace: id, code: codeOf(error) });
        });
    };
    log.warn(type === 'keyRevoked' ? 'a customer key is away' : 'a customer key is back', {
      workspace: id,
      verdict,
    });
    if (type === 'keyRevoked') {
      // The engine goes first; what is on record is written by the one that seals.
      await note(await this.#exchange(id, { revoked: true }));
    } else {
      await note(await this.#exchange(id, {}));
    }
  }

  async #tryKey(record: WorkspaceRecord): Promise<'there' | 'revoked' | 'unreachable'> {
    try {
      const keys = await openWorkspaceKeys({
        provider: await this.#providerOf(record),
        record: record.keyRecord,
        workspaceId: record.workspaceId,
        random: this.#options.random,
      });
      keys.close();
      return 'there';
    } catch (error) {
      return codeOf(error) === 'KEYS_UNREACHABLE' ? 'unreachable' : 'revoked';
    }
  }

  #providerOf(record: WorkspaceRecord): Promise<KeyProvider> {
    const name = providerNameOf(record.keyRecord);
    const { providers, keyProvider } = this.#options;
    if (!isCustomerKey(name) || providers === undefined) return Promise.resolve(keyProvider);
    return providers.open(name);
  }

  async handOver(id: WorkspaceId, region: string, by: RecordActor): Promise<void> {
    const origin = ledgerOrigin(id);
    const { catalog, signer } = this.#options;
    if (catalog.workspace(id) !== undefined) {
      const running = await this.#openRunning(id);
      return running.handOver(noteSigners(signer, origin).signer, by);
    }
    const directory = `${this.#directory(id, region)}/ledger`;
    if ((await this.#options.fs.stat(directory)) === undefined) return;
    const ledger = await openLedger({
      ...this.#options,
      ...noteSigners(signer, origin),
      directory,
      origin,
      verifySignature: verifyEd25519,
    });
    await ledger.close();
  }

  directoryOf(id: WorkspaceId, region: string): string {
    return this.#directory(id, region);
  }

  async whileStill(id: WorkspaceId, run: () => Promise<void>): Promise<void> {
    const running = await this.#openRunning(id).catch(() => undefined);
    return running === undefined ? run() : running.whileStill(run);
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
    this.#stop.abort(new Error('closing'));
    await this.#watching;
    await Promise.all([...this.#open.keys()].map((id) => this.suspend(id)));
  }

  #openRunning(id: WorkspaceId): Promise<RunningWorkspace> {
    return this.#open.get(id) ?? this.#hold(id, this.#start(id));
  }

  #hold(id: WorkspaceId, opening: Promise<RunningWorkspace>): Promise<RunningWorkspace> {
    this.#open.set(id, opening);
    this.#running.delete(id);
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
    const { root: _root, limits: _limits, providers: _providers, ...options } = this.#options;
    const open = async (
      how: Pick<RunningWorkspaceOptions, 'keyProvider' | 'sealing'>,
    ): Promise<RunningWorkspace> =>
      openRunningWorkspace({
        ...options,
        ...how,
        record,
        directory: this.#directory(id, record.region),
        limits: this.#limits,
      });
    try {
      return await open({ keyProvider: await this.#providerOf(record) });
    } catch (error) {
      const { keyProvider, random } = options;
      const { keyRecord } = record;
      const sealing = awayCodes.has(codeOf(error))
        ? sealingKeysOf({ record: keyRecord, workspaceId: id, random })
        : undefined;
      const ours = !isCustomerKey(providerNameOf(keyRecord));
      if (sealing === undefined || (ours && codeOf(error) !== 'KEYS_DESTROYED')) throw error;
      options.log.warn('workspace opened sealed', { workspace: id, code: codeOf(error) });
      return open({ keyProvider, sealing });
    }
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

/** The provider does not give the key: not the record's fault, nor ours. */
const awayCodes: ReadonlySet<string> = new Set([
  'KEYS_DESTROYED',
  'KEYS_REVOKED',
  'KEYS_UNREACHABLE',
  'KEYS_NOT_SUPPORTED',
]);

const codeOf = (error: unknown): string =>
  error instanceof StrongroomError ? error.code : 'UNKNOWN';
