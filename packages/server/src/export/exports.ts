import { join } from 'node:path';
import { StrongroomError, hasCode, isNotFound } from '@strongroom/base';
import type { Clock, Fs, Random, Sha256, WorkspaceId } from '@strongroom/base';
import { openCursorFile } from '@strongroom/journal';
import { verifyEd25519 } from '@strongroom/keys';
import type { Catalog } from '../catalog/open-catalog.js';
import type { StoredResource, StoredWorkspace } from '../catalog/records.js';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import type { ClosableWorkspaces } from '../workspaces/workspaces.js';
import { exportLimits } from './limits.js';
import { TableExport } from './table-export.js';
import type { ConfiguredTarget } from './targets.js';

/** Continuous export of tables: docs/export.md. */
export interface Exports {
  readonly targets: ReadonlyMap<string, ConfiguredTarget>;
  /** The exports of a workspace. */
  list(workspace: StoredWorkspace): readonly DataExport[];
  /** How far each table of an export is. */
  status(found: DataExport): Promise<readonly TableStatus[]>;
  /** Removes what is kept of how far an export that was deleted was. */
  forget(found: DataExport): Promise<void>;
  close(): Promise<void>;
}

/** An export as it is stored. */
export interface DataExport {
  readonly resource: StoredResource;
  readonly id: string;
  readonly workspaceId: WorkspaceId;
  readonly tables: readonly string[];
  readonly target: string;
  readonly enable: boolean;
  readonly everySeconds: number;
  /** Stands before the names of its objects. */
  readonly prefix: string;
}

export interface TableStatus {
  readonly table: string;
  readonly state: 'running' | 'paused' | 'failing' | 'stopped';
  /** A code; empty where all is well. */
  readonly reason: string;
  readonly files: number;
  /** Rows of positions below are in the target. */
  readonly exported: string;
  readonly committed: string;
  readonly positionsBehind: string;
  /** Age of the oldest rows that wait. */
  readonly secondsBehind: number;
}

export interface ExportsOptions {
  readonly catalog: Catalog;
  readonly workspaces: Pick<ClosableWorkspaces, 'open' | 'directoryOf'>;
  readonly targets: ReadonlyMap<string, ConfiguredTarget>;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly log: Log;
}

/** Begins to export what is enabled. */
export function openExports(options: ExportsOptions): Exports {
  return new RunningExports(options);
}

/** Reads a stored export. */
export function readDataExport(resource: StoredResource): DataExport {
  const { workspaceId, tableNames, target, enable, everySeconds } = resource.properties as {
    workspaceId: WorkspaceId;
    tableNames: readonly string[];
    target: string;
    enable: boolean;
    everySeconds: number;
  };
  const id = resource.immutableId;
  return {
    resource,
    id,
    workspaceId,
    tables: tableNames,
    target,
    enable,
    everySeconds,
    prefix: `${workspaceId}/${resource.name.toLowerCase()}-${id.slice(0, 8)}/`,
  };
}

/** One table of an export, at work. */
interface Running {
  readonly table: TableExport;
  readonly stop: AbortController;
  work: Promise<void> | undefined;
  notBefore: number;
  waitMs: number;
  problem: string;
}

class RunningExports implements Exports {
  readonly targets: ReadonlyMap<string, ConfiguredTarget>;
  readonly #options: ExportsOptions;
  readonly #stop = new AbortController();
  readonly #running = new Map<string, Running>();
  readonly #loop: Promise<void>;

  constructor(options: ExportsOptions) {
    this.#options = options;
    this.targets = options.targets;
    this.#loop = this.#run();
  }

  list(workspace: StoredWorkspace): readonly DataExport[] {
    return this.#all().filter(({ workspaceId }) => workspaceId === workspace.workspaceId);
  }

  async status(found: DataExport): Promise<readonly TableStatus[]> {
    const { clock, workspaces } = this.#options;
    const { committed } = await workspaces.open(found.workspaceId);
    return found.tables.map((table) => {
      const running = this.#running.get(keyOf(found, table));
      const status = running?.table.status;
      const exported = status?.exported ?? 0n;
      const behind = committed > exported ? committed - exported : 0n;
      const problem = this.targets.has(found.target)
        ? (running?.problem ?? '')
        : 'EXPORT_TARGET_UNKNOWN';
      return {
        table,
        state: !found.enable
          ? 'stopped'
          : problem === ''
            ? 'running'
            : problem === 'WORKSPACE_KEY_AWAY'
              ? 'paused'
              : 'failing',
        reason: problem,
        files: status?.files ?? 0,
        exported: exported.toString(),
        committed: committed.toString(),
        positionsBehind: behind.toString(),
        secondsBehind:
          status?.waitingSince === undefined
            ? 0
            : Math.max(0, Math.round((clock.now() - status.waitingSince) / 1000)),
      };
    });
  }

  async forget(found: DataExport): Promise<void> {
    const { fs } = this.#options;
    for (const table of found.tables) {
      const key = keyOf(found, table);
      await this.#end(key);
      await fs.remove(this.#cursorPath(found, table)).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('closing'));
    await this.#loop;
    for (const key of this.#running.keys()) await this.#end(key);
  }

  #all(): DataExport[] {
    const { snapshot } = this.#options.catalog;
    return (
      [...snapshot.resources.values()]
        .filter(({ kind }) => kind === 'dataExport')
        .map(readDataExport)
        // One of a workspace that is gone is not taken up by another of its name.
        .filter(({ workspaceId }) => this.#options.catalog.workspace(workspaceId) !== undefined)
    );
  }

  #cursorPath(found: DataExport, table: string): string {
    const { catalog, workspaces } = this.#options;
    const region = catalog.workspace(found.workspaceId)?.region ?? found.resource.region;
    const directory = workspaces.directoryOf(found.workspaceId, region);
    return join(directory, 'cursors', `export-${found.id}-${table}`);
  }

  async #end(key: string): Promise<void> {
    const running = this.#running.get(key);
    this.#running.delete(key);
    running?.stop.abort(new Error('the export ended'));
    await running?.work;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await clock.sleep(exportLimits.lookMs, signal);
        await this.#look();
      } catch (error) {
        if (!signal.aborted) log.error('exports were not looked at', errorFields(error));
      }
    }
  }

  async #look(): Promise<void> {
    const enabled = this.#all().filter(({ enable }) => enable);
    const wanted = new Set(
      enabled.flatMap((found) => found.tables.map((table) => keyOf(found, table))),
    );
    for (const key of this.#running.keys()) if (!wanted.has(key)) await this.#end(key);
    for (const found of enabled) {
      for (const table of found.tables) {
        const key = keyOf(found, table);
        const running = this.#running.get(key) ?? (await this.#begin(found, table));
        if (running === undefined || running.work !== undefined) continue;
        if (this.#options.clock.monotonicMs() < running.notBefore) continue;
        running.work = this.#work(found, table, running).finally(() => (running.work = undefined));
      }
    }
  }

  async #begin(found: DataExport, table: string): Promise<Running | undefined> {
    const { fs, clock, random, sha256 } = this.#options;
    const configured = this.targets.get(found.target);
    if (configured === undefined) return undefined;
    const stop = new AbortController();
    const running: Running = {
      table: new TableExport({
        exportId: found.id,
        table,
        prefix: found.prefix,
        everyMs: found.everySeconds * 1000,
        target: configured.target,
        cursor: await openCursorFile({ path: this.#cursorPath(found, table), fs }),
        sha256,
        verifySignature: verifyEd25519,
        clock,
        random,
        signal: stop.signal,
      }),
      stop,
      work: undefined,
      notBefore: 0,
      waitMs: exportLimits.retryMsMin,
      problem: '',
    };
    this.#running.set(keyOf(found, table), running);
    return running;
  }

  /** Exports what there is; a failure is tried again, ever more slowly. */
  async #work(found: DataExport, table: string, running: Running): Promise<void> {
    const { workspaces, clock, log } = this.#options;
    const { signal } = running.stop;
    try {
      const workspace = await workspaces.open(found.workspaceId);
      while (!signal.aborted && (await running.table.step(workspace))) continue;
      running.problem = '';
      running.waitMs = exportLimits.retryMsMin;
    } catch (error) {
      // Closed to be opened again with other keys: the next look finds it.
      if (signal.aborted || hasCode(error, 'WORKSPACE_CLOSED')) return;
      const code = error instanceof StrongroomError ? error.code : 'EXPORT_FAILED';
      if (code !== running.problem) {
        log.warn('exporting failed', {
          workspace: found.workspaceId,
          table,
          ...errorFields(error),
        });
      }
      running.problem = code;
      running.notBefore = clock.monotonicMs() + running.waitMs;
      running.waitMs = Math.min(running.waitMs * 2, exportLimits.retryMsMax);
    }
  }
}

/** Another version of an export is taken up as another one. */
const keyOf = ({ id, resource }: DataExport, table: string): string =>
  `${id}/${resource.version}/${table}`;
