import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromUtf8, utf8, workspaceId } from '@strongroom/base';
import type { WorkspaceId } from '@strongroom/base';
import { openLocalKeystore } from '@strongroom/keys';
import type { Ed25519Signer, KeyProvider } from '@strongroom/keys';
import { nodeFileSystem, sha256, systemClock, systemRandom } from '@strongroom/platform';
import { testSigner } from '@strongroom/testkit';
import type { ColumnSchema, Statement } from '@strongroom/sql';
import type { CatalogReader, TableRecord, WorkspaceRecord } from '../catalog/catalog.js';
import { standardTables } from '../catalog/standard-tables.js';
import { createLog } from '../log.js';
import { workspaceLimits } from './limits.js';
import type { WorkspaceLimits } from './limits.js';
import { openRunningWorkspace } from './running-workspace.js';
import type { RunningWorkspace } from './running-workspace.js';
import { openWorkspaces } from './workspaces.js';
import type { AppendedBatch } from './workspace.js';

/** One real workspace in a temporary directory: journal, ledger, records, engine. For tests. */
export interface WorkspaceFixture {
  readonly id: WorkspaceId;
  readonly directory: string;
  readonly catalog: CatalogReader;
  readonly keyProvider: KeyProvider;
  readonly signer: Ed25519Signer;
  readonly record: WorkspaceRecord;
  /** Custom tables by name; change them as you like. */
  readonly tables: Map<string, TableRecord>;
  open(limits?: Partial<WorkspaceLimits>): Promise<RunningWorkspace>;
  remove(): Promise<void>;
}

export const eventColumns: readonly ColumnSchema[] = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'Message', type: 'string' },
  { name: 'Count', type: 'long' },
];
const log = createLog((line) => process.env['DEBUG'] && process.stderr.write(line), Date.now);

/** Limits under which a test sees followers move at once. */
export const quickLimits: Partial<WorkspaceLimits> = {
  applyLingerMs: 4,
  applyOwnLingerMs: 4,
  sealIntervalMs: 10,
  commitIntervalMs: 10,
  accountingIntervalMs: 3_600_000,
};

export async function workspaceFixture(
  signer: Ed25519Signer = testSigner('strongroom/fixture'),
): Promise<WorkspaceFixture> {
  const root = await mkdtemp(join(tmpdir(), 'strongroom-workspace-'));
  const id = workspaceId(randomUUID());
  const keyProvider = await openLocalKeystore({
    path: join(root, 'root.key'),
    fs: nodeFileSystem,
    random: systemRandom,
    create: true,
  });
  const tables = new Map<string, TableRecord>([
    [
      'Events_CL',
      {
        schema: { name: 'Events_CL', columns: eventColumns },
        kind: 'CustomLog',
        fullTextColumns: ['Message'],
      },
    ],
  ]);
  const records: WorkspaceRecord[] = [];
  const catalog: CatalogReader = {
    workspace: () => records[0],
    workspaceByResourceId: () => records[0],
    workspaces: () => records,
    table: (_, name) => tables.get(name) ?? standardTables().get(name),
    tableNames: () => [...standardTables().keys(), ...tables.keys()],
    functions: () => [],
    rule: () => undefined,
    agentStream: () => undefined,
  };
  const ports = {
    catalog,
    keyProvider,
    signer,
    fs: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    sha256,
    log,
  };
  const { keyRecord } = await openWorkspaces({ ...ports, root: join(root, 'data') }).create(
    id,
    'local',
  );
  const record: WorkspaceRecord = {
    workspaceId: id,
    name: 'test',
    subscriptionId: randomUUID(),
    resourceGroup: 'g',
    region: 'local',
    resourceId: `/${id}`,
    resourceKey: `/${id}`,
    keyRecord,
    retentionInDays: 30,
    createdAt: 0,
  };
  records.push(record);
  const directory = join(root, 'data/regions/local/workspaces', id);
  return {
    id,
    directory,
    catalog,
    keyProvider,
    signer,
    record,
    tables,
    open: (limits = {}) =>
      openRunningWorkspace({
        ...ports,
        record,
        directory,
        limits: { ...workspaceLimits, ...quickLimits, ...limits },
      }),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** Appends rows of one batch to a table of the event columns. */
export function appendEvents(
  workspace: RunningWorkspace,
  rows: readonly Readonly<Record<string, unknown>>[],
  table = 'Events_CL',
  columns: readonly ColumnSchema[] = eventColumns,
): Promise<AppendedBatch> {
  return workspace.append({
    workspaceId: workspace.id,
    route: { stream: `Custom-${table}`, table, columns },
    source: { kind: 'Application', id: 'tester' },
    rows: utf8(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
    shape: 'ndjson',
    rowCount: rows.length,
  });
}

/** Waits until all that is durable is applied and sealed. */
export async function settle(workspace: RunningWorkspace): Promise<void> {
  for (let tries = 0; tries < 3_000; tries += 1) {
    const { applied, sealed, journalNext } = workspace.status();
    if (applied === journalNext && sealed === journalNext) return;
    await systemClock.sleep(10);
  }
  throw new Error('the followers did not catch up');
}

/** Rows of a statement. */
export async function rowsOf(
  workspace: RunningWorkspace,
  statement: Statement,
  tables: readonly string[],
): Promise<unknown[][]> {
  let text = '';
  const run = workspace.query(statement, {
    tables,
    maxSeconds: 20,
    maxMemoryBytes: 1 << 30,
    signal: new AbortController().signal,
    queryId: randomUUID(),
  });
  for await (const chunk of run) text += fromUtf8(chunk);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown[]);
}
