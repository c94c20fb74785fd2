/** What simulations of a whole workspace share; holds no test itself. */
import { StrongroomError, fromUtf8, toBase64, utf8, workspaceId } from '@strongroom/base';
import type { Clock, Fs, Random } from '@strongroom/base';
import { ed25519Signer, openLocalKeystore } from '@strongroom/keys';
import type { JournalLimits } from '@strongroom/journal';
import { sha256 } from '@strongroom/platform';
import { FaultyFs, seededRandom } from '@strongroom/testkit';
import { createHash } from 'node:crypto';
import type { CatalogReader, TableRecord, WorkspaceRecord } from '../catalog/catalog.js';
import { standardTables } from '../catalog/standard-tables.js';
import { createLog } from '../log.js';
import type { OutcomeSource } from './accounting-recovery.js';
import type { PositionRange, TableBatch, TableWriter } from './applier.js';
import type { RowSource } from './committer.js';
import { workspaceLimits } from './limits.js';
import type { WorkspaceLimits } from './limits.js';
import { openRunningWorkspace } from './running-workspace.js';
import type { RunningWorkspace } from './running-workspace.js';
import { openWorkspaces } from './workspaces.js';

export const simulatedId = workspaceId('11111111-2222-4333-8444-555555555555');
export const simulatedSigner = ed25519Signer(createHash('sha256').update('simulation').digest());
const log = createLog(() => undefined, Date.now);
const columns = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'n', type: 'string' },
] as const;
const textTable: TableRecord = {
  schema: { name: 'Text_CL', columns },
  kind: 'CustomLog',
  fullTextColumns: [],
};
export const textRoute = { stream: 'Custom-Text_CL', table: 'Text_CL', columns } as const;

/** Small windows, so that hours of simulated time meet all upkeep. */
export const simulatedLimits: WorkspaceLimits = {
  ...workspaceLimits,
  retryWindowMs: 2 * 60 * 60_000,
  journalKeepMs: 60 * 60_000,
  pruneIntervalMs: 20 * 60_000,
  retrySaveMs: 60_000,
};

interface StoredRow {
  readonly position: bigint;
  readonly text: string;
}

/**
 * Tables as an engine gives them: an insert is there whole and durably, or not at all, when it
 * resolves; where the process dies in it, either.
 */
export class SimulatedTables {
  readonly #rows = new Map<string, StoredRow[]>();

  rows(table: string): readonly string[] {
    return (this.#rows.get(table) ?? []).map(({ text }) => text);
  }

  /** As one process uses them; `step` is called before and after each effect, and may never return. */
  writer(step: () => Promise<void>): TableWriter {
    return {
      stage: () => () => undefined,
      insert: async (batch: TableBatch) => {
        await step();
        const rows = batch.entries.flatMap(({ position, rows: bytes }) =>
          fromUtf8(bytes)
            .split('\n')
            .filter(Boolean)
            .map((text) => ({ position, text })),
        );
        this.#of(batch.table).push(...rows);
        await step();
        return { rowsStored: rows.length, rowsDeadLettered: 0, rowsFiltered: 0 };
      },
      countRange: async (table, range) => {
        await step();
        return BigInt(this.#of(table).filter((row) => within(row, range)).length);
      },
      deleteRange: async (table, range) => {
        await step();
        const kept = this.#of(table).filter((row) => !within(row, range));
        this.#rows.set(table.schema.name, kept);
        await step();
      },
    };
  }

  /** Roots as an engine would give them, of hashes of the rows' texts. */
  source(): RowSource {
    return {
      tables: async () => [...this.#rows.keys()],
      entryRows: async (table, range) => {
        const byPosition = new Map<bigint, string[]>();
        for (const row of this.#of(table)) {
          if (!within(row, range)) continue;
          byPosition.set(row.position, [...(byPosition.get(row.position) ?? []), row.text]);
        }
        return [...byPosition].map(([position, texts]) => ({
          position,
          day: 1n,
          rows: texts.length,
          root: toBase64(sha256(utf8(texts.join('\n')))),
          later: 0,
        }));
      },
    };
  }

  /** What became of entries, as an engine would tell it; `step` as for {@link writer}. */
  outcomes(step: () => Promise<void>): OutcomeSource {
    return {
      stored: async (table, range) => {
        await step();
        const counts = new Map<bigint, number>();
        for (const row of this.#rows.get(table) ?? []) {
          if (within(row, range)) counts.set(row.position, (counts.get(row.position) ?? 0) + 1);
        }
        return [...counts].map(([position, rows]) => ({ position, rows }));
      },
      deadLetters: async () => {
        await step();
        return [];
      },
    };
  }

  #of(table: TableRecord): StoredRow[] {
    const rows = this.#rows.get(table.schema.name) ?? [];
    this.#rows.set(table.schema.name, rows);
    return rows;
  }
}

const within = ({ position }: StoredRow, { from, to }: PositionRange): boolean =>
  position >= from && position < to;

interface OpenOptions {
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  /** Tables of the simulation; left out where the workspace's own engine is meant. */
  readonly writer?: TableWriter;
  readonly rows?: RowSource;
  readonly outcomes?: OutcomeSource;
  readonly limits?: Partial<WorkspaceLimits>;
  readonly journalLimits?: Partial<JournalLimits>;
}

/** One workspace below `root`, with keys that follow from the seed, and what makes and opens it. */
export async function workspaceAt(seed: string | number, root: string) {
  const random = seededRandom(`world/${seed}`);
  const keyProvider = await openLocalKeystore({
    path: '/root/root.key',
    fs: new FaultyFs(),
    random,
    create: true,
  });
  const records: WorkspaceRecord[] = [];
  const catalog: CatalogReader = {
    workspace: (id) => records.find((each) => each.workspaceId === id),
    workspaceByResourceId: () => undefined,
    workspaces: () => records,
    table: (_, name) => (name === 'Text_CL' ? textTable : standardTables().get(name)),
    tableNames: () => ['Text_CL', ...standardTables().keys()],
    functions: () => [],
    rule: () => undefined,
    agentStream: () => undefined,
  };
  const common = { catalog, keyProvider, signer: simulatedSigner, sha256, log };
  const directory = `${root}/regions/local/workspaces/${simulatedId}`;
  /** Takes the workspace's wrapped key, which the catalog would hold. */
  const know = (keyRecord: Uint8Array): void => {
    const resourceId =
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/w';
    records.push({
      workspaceId: simulatedId,
      name: 'w',
      subscriptionId: 's',
      resourceGroup: 'g',
      region: 'local',
      resourceId,
      resourceKey: resourceId.toLowerCase(),
      keyRecord,
      retentionInDays: 31,
      createdAt: 0,
    });
  };
  return {
    directory,
    keyProvider,
    know,
    async make(fs: Fs, clock: Clock): Promise<Uint8Array> {
      const set = openWorkspaces({ ...common, root, fs, clock, random });
      const { keyRecord } = await set.create(simulatedId, 'local');
      know(keyRecord);
      return keyRecord;
    },
    open: (options: OpenOptions): Promise<RunningWorkspace> =>
      openRunningWorkspace({
        ...common,
        record: records[0]!,
        directory,
        fs: options.fs,
        clock: options.clock,
        random: options.random,
        ...(options.writer === undefined ? {} : { writer: options.writer }),
        ...(options.rows === undefined ? {} : { rows: options.rows }),
        ...(options.outcomes === undefined ? {} : { outcomes: options.outcomes }),
        limits: { ...simulatedLimits, ...options.limits },
        journalLimits: {
          segmentBytesMax: 9000,
          reservedBytes: 0,
          groupEntriesMax: 4,
          ...options.journalLimits,
        },
      }),
  };
}

/** A disk in memory with one workspace made on it. */
export interface SimulatedWorld extends Awaited<ReturnType<typeof workspaceAt>> {
  readonly disk: FaultyFs;
  readonly tables: SimulatedTables;
}

export async function simulatedWorld(
  seed: string | number,
  clock: Clock,
  options: { capacityBytes?: number } = {},
): Promise<SimulatedWorld> {
  const disk = new FaultyFs({ ...options, now: () => clock.now() });
  // A place that the real disk does not have either: nothing may escape the simulation.
  const root = '/dev/null/simulated';
  await disk.makeDirectory(root);
  await disk.syncDirectory('/');
  await disk.syncDirectory('/dev');
  await disk.syncDirectory('/dev/null');
  const workspace = await workspaceAt(seed, root);
  await workspace.make(disk, clock);
  const tables = new SimulatedTables();
  return {
    ...workspace,
    disk,
    tables,
    open: (process) => workspace.open({ rows: tables.source(), ...process }),
  };
}

export const isStrongroomError = (error: unknown): error is StrongroomError =>
  error instanceof StrongroomError;
