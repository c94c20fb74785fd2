import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { utf8, workspaceId } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import { openLocalKeystore } from '@strongroom/keys';
import { nodeFileSystem, sha256, systemClock, systemRandom } from '@strongroom/platform';
import { testSigner } from '@strongroom/testkit';
import { openCatalog } from '../catalog/open-catalog.js';
import type { Catalog } from '../catalog/open-catalog.js';
import type { StoredWorkspace } from '../catalog/records.js';
import { createLog } from '../log.js';
import { workspaceLimits } from '../workspaces/limits.js';
import type { Workspace } from '../workspaces/workspace.js';
import { openWorkspaces } from '../workspaces/workspaces.js';
import { arrivalDayOf, openRetention } from './retention.js';
import type { Retention } from './retention.js';
import { openTrustedClock } from './trusted-clock.js';
import type { TrustedClock } from './trusted-clock.js';

const day = 86_400_000;
const start = systemClock.now();
let offset = -60 * day;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + offset };
const log = createLog((line) => process.env['DEBUG'] && process.stderr.write(line), Date.now);
const id = workspaceId(randomUUID());
const columns = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'Message', type: 'string' },
] as const;

let root: string;
let catalog: Catalog;
let workspaces: ReturnType<typeof openWorkspaces>;
let trusted: TrustedClock;
let retention: Retention;
let open: Workspace;
let record: StoredWorkspace;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'strongroom-retention-'));
  const keyProvider = await openLocalKeystore({
    path: join(root, 'root.key'),
    fs: nodeFileSystem,
    random: systemRandom,
    create: true,
  });
  await nodeFileSystem.makeDirectory(join(root, 'data'));
  catalog = await openCatalog({
    path: join(root, 'data', 'catalog.db'),
    encryptionKey: systemRandom.bytes(32),
    clock,
  });
  trusted = await openTrustedClock({ catalog, clock, log });
  workspaces = openWorkspaces({
    root: join(root, 'data'),
    catalog,
    keyProvider,
    signer: testSigner('strongroom/retention'),
    fs: nodeFileSystem,
    clock,
    random: systemRandom,
    sha256,
    log,
    limits: { ...workspaceLimits, applyLingerMs: 4, sealIntervalMs: 10 },
    keepNow: () => trusted.now(),
  });
  const { keyRecord } = await workspaces.create(id, 'local');
  record = {
    workspaceId: id,
    name: 'w',
    subscriptionId: 's',
    resourceGroup: 'g',
    region: 'local',
    resourceId: '/w',
    resourceKey: '/w',
    keyRecord,
    retentionInDays: 31,
    createdAt: clock.now(),
    tags: {},
    properties: {},
    modifiedAt: clock.now(),
    deletedAt: undefined,
  };
  await catalog.change(async (write) => {
    await write.putWorkspace(record);
    for (const name of ['Short_CL', 'Long_CL']) {
      await write.putTable({
        workspaceId: id,
        name,
        kind: 'CustomLog',
        columns,
        properties: name === 'Long_CL' ? { totalRetentionInDays: 400 } : {},
        createdAt: 0,
        modifiedAt: 0,
      });
    }
  });
  open = await workspaces.open(id);
  retention = openRetention({ catalog, workspaces, clock, trusted, log });
});
after(async () => {
  await retention.close();
  await workspaces.close();
  await trusted.close();
  await catalog.close();
  await rm(root, { recursive: true, force: true });
});

/** Sends a row to each table, and waits until it is in them. */
async function send(): Promise<void> {
  for (const table of ['Short_CL', 'Long_CL']) {
    await open.append({
      workspaceId: id,
      route: { stream: table, table, columns },
      source: { kind: 'Application', id: 'tester' },
      rows: utf8(`${JSON.stringify({ TimeGenerated: '2026-01-01T00:00:00Z', Message: 'm' })}\n`),
      shape: 'ndjson',
      rowCount: 1,
    });
  }
  await settle();
}
/** Waits until all is applied and sealed: a checkpoint that is signed under a wrong clock holds expiry up. */
async function settle(): Promise<void> {
  for (;;) {
    const { applied, sealed, journalNext } = open.status();
    if (applied === journalNext && sealed === journalNext) return;
    await systemClock.sleep(10);
  }
}
const daysOf = async (table: string): Promise<number[]> =>
  (await open.erasing.days(table)).map(({ day: each }) => Number(each - arrivalDayOf(start)));
/** Lets days pass as they would: the trusted clock sees them. */
async function pass(days: number): Promise<void> {
  for (let step = 0; step < days; step += 1) {
    offset += day;
    await trusted.confirm();
  }
}
async function recordTypes(): Promise<string[]> {
  const types: string[] = [];
  for await (const { record: each } of open.records()) types.push(each.type);
  return types;
}

test('whole days go when they are older than their table keeps, on record', async () => {
  await send(); // 60 days ago
  await pass(20);
  await send(); // 40 days ago
  await pass(30);
  await send(); // 10 days ago
  await pass(10);
  assert.deepEqual(await daysOf('Short_CL'), [-60, -40, -10]);
  await retention.run();
  assert.deepEqual(await daysOf('Short_CL'), [-10]);
  assert.deepEqual(await daysOf('Long_CL'), [-60, -40, -10]);
  assert.equal((await recordTypes()).filter((type) => type === 'partitionExpired').length, 1);
  const status = retention.status(id);
  assert.deepEqual(
    status.expired.map(({ table, rows }) => [table, rows]),
    [['Short_CL', 2]],
  );
});

test('a lock or a hold keeps what has expired, also when it is set on the table alone', async () => {
  await pass(31);
  const lock = {
    scope: '/w/tables/Short_CL',
    scopeKey: '/w/tables/short_cl',
    name: 'l',
    level: 'CanNotDelete',
    notes: '',
    owners: [],
    createdAt: 0,
    createdBy: 'a',
    modifiedAt: 0,
  } as const;
  await catalog.change((write) => write.putLock(lock));
  await retention.run();
  assert.deepEqual(await daysOf('Short_CL'), [-10]);
  assert.equal(retention.status(id).keptBy['Short_CL'], 'ScopeLocked');
  await catalog.change((write) => write.removeLock(lock));
  await open.record({
    type: 'holdPlaced',
    actor: { kind: 'User', id: 'u' },
    holdId: 'h',
    name: 'h',
    scope: '/w',
    approversNeeded: 2,
    approvers: [],
  });
  await retention.run();
  assert.equal(retention.status(id).keptBy['Short_CL'], 'ScopeOnHold');
  await open.record({
    type: 'holdLifted',
    actor: { kind: 'User', id: 'u' },
    holdId: 'h',
    name: 'h',
    scope: '/w',
  });
  const [hold] = catalog.snapshot.holds.values();
  await catalog.change((write) => write.putHold({ ...hold!, liftedAt: 1 }));
});

test('a clock that is set forward by years expires nothing until a person says it is right', async () => {
  await settle();
  offset += 10 * 365 * day;
  await retention.run();
  assert.deepEqual(await daysOf('Long_CL'), [-60, -40, -10]);
  assert.ok(trusted.status().inDoubt);
  offset -= 10 * 365 * day;
  assert.ok(!trusted.status().inDoubt);
  // Nor does one that is set back.
  offset -= 10 * 365 * day;
  await retention.run();
  assert.deepEqual(await daysOf('Long_CL'), [-60, -40, -10]);
  offset += 10 * 365 * day;
  await retention.run();
  assert.deepEqual(await daysOf('Short_CL'), [], 'what was held up goes now');
  assert.deepEqual(await daysOf('Long_CL'), [-60, -40, -10]);
});

test('a shortened retention takes effect when its wait is over', async () => {
  const { withWait } = await import('./days.js');
  const now = trusted.now();
  const properties = withWait(
    { totalRetentionInDays: 100 },
    { daysBefore: 400, daysAfter: 100, now, immediate: false },
  );
  await catalog.change((write) =>
    write.putTable({
      workspaceId: id,
      name: 'Long_CL',
      kind: 'CustomLog',
      columns,
      properties,
      createdAt: 0,
      modifiedAt: 0,
    }),
  );
  await pass(29);
  await retention.run();
  assert.deepEqual(await daysOf('Long_CL'), [-60, -40, -10]);
  await pass(2);
  await retention.run();
  // 62 days have passed since the start: 122, 102 and 72 days old.
  assert.deepEqual(await daysOf('Long_CL'), [-10]);
});
