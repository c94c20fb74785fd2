import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { principalId, utf8, workspaceId } from '@strongroom/base';
import { openLocalKeystore, verifyEd25519 } from '@strongroom/keys';
import { parseVerifierKey, printVerifierKey, verifyNote } from '@strongroom/ledger';
import { nodeFileSystem, sha256, systemClock, systemRandom } from '@strongroom/platform';
import { eachSeed, seedsFrom, testSigner } from '@strongroom/testkit';
import type { Principal } from '../access/principal.js';
import { openCatalog } from '../catalog/open-catalog.js';
import type { Catalog } from '../catalog/open-catalog.js';
import type { StoredErasure, StoredWorkspace } from '../catalog/records.js';
import { createLog } from '../log.js';
import { workspaceLimits } from '../workspaces/limits.js';
import type { Workspace, Workspaces } from '../workspaces/workspace.js';
import { ledgerOrigin } from '../workspaces/running-workspace.js';
import { openWorkspaces } from '../workspaces/workspaces.js';
import { readFilters } from './filters.js';
import { openErasures } from './erasures.js';
import type { Erasures } from './erasures.js';

const log = createLog((line) => process.env['DEBUG'] && process.stderr.write(line), Date.now);
const id = workspaceId(randomUUID());
const columns = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'Who', type: 'string' },
] as const;
const signer = testSigner('strongroom/erasures');
const by: Principal = {
  kind: 'User',
  id: principalId(randomUUID()),
  name: 'purger',
  proof: 'token',
};

let root: string;
let catalog: Catalog;
let workspaces: ReturnType<typeof openWorkspaces>;
let erasures: Erasures;
let record: StoredWorkspace;
let time = systemClock.now();
/** Fails the named call once, before it does anything or after it has. */
let fault: { call: string; when: 'before' | 'after' } | undefined;

/** The workspaces, with faults between the steps of an erasure. */
function faulty(real: Workspaces): Workspaces {
  const guarded =
    (name: string, act: (...asked: never[]) => unknown) =>
    async (...asked: never[]): Promise<unknown> => {
      const hit = fault?.call === name ? fault.when : undefined;
      if (hit !== undefined) fault = undefined;
      if (hit === 'before') throw new Error(`${name} is lost`);
      const result = await act(...asked);
      if (hit === 'after') throw new Error(`${name} is done and not told`);
      return result;
    };
  const guardAll = (target: object, names: readonly string[]): object =>
    new Proxy(target, {
      get: (of, name) => {
        const value: unknown = Reflect.get(of, name, of);
        if (typeof value !== 'function') return value;
        const bound = (value as (...asked: never[]) => unknown).bind(of);
        return names.includes(String(name)) ? guarded(String(name), bound) : bound;
      },
    });
  return guardAll(
    {
      ...real,
      statuses: () => real.statuses(),
      create: real.create.bind(real),
      suspend: real.suspend.bind(real),
      remove: real.remove.bind(real),
      dropTable: real.dropTable.bind(real),
      close: () => real.close(),
      open: async (each: typeof id) => {
        const open = await real.open(each);
        const erasing = guardAll(open.erasing, steps);
        const outer = guardAll(open, steps) as Workspace;
        return new Proxy(outer, {
          get: (of, name) => (name === 'erasing' ? erasing : (Reflect.get(of, name) as unknown)),
        });
      },
    },
    steps,
  ) as Workspaces;
}
const steps = [
  'stage',
  'staged',
  'eraseDay',
  'sweep',
  'rowCommitments',
  'record',
  'positions',
  'eraseEntries',
  'forget',
  'signNote',
  'dropTable',
  'entriesOf',
  'remove',
];

async function openAll(): Promise<void> {
  const keyProvider = await openLocalKeystore({
    path: join(root, 'root.key'),
    fs: nodeFileSystem,
    random: systemRandom,
    create: true,
  });
  workspaces = openWorkspaces({
    root: join(root, 'data'),
    catalog,
    keyProvider,
    signer,
    fs: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    sha256,
    log,
    limits: {
      ...workspaceLimits,
      applyLingerMs: 4,
      applyOwnLingerMs: 4,
      sealIntervalMs: 10,
      commitIntervalMs: 10,
    },
  });
  erasures = openErasures({
    catalog,
    workspaces: faulty(workspaces),
    audit: { record: async () => undefined },
    clock: systemClock,
    trusted: { now: () => time },
    log,
    signAsService: async (text) => `${text}\n— service\n`,
    serviceLedger: 'strongroom/service',
    waitMs: 24 * 3_600_000,
    softDeleteMs: 14 * 86_400_000,
    pollMs: 3_600_000,
  });
}

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'strongroom-erasures-'));
  await nodeFileSystem.makeDirectory(join(root, 'data'));
  catalog = await openCatalog({
    path: join(root, 'data', 'catalog.db'),
    encryptionKey: systemRandom.bytes(32),
    clock: systemClock,
  });
  await openAll();
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
    createdAt: 0,
    tags: {},
    properties: {},
    modifiedAt: 0,
    deletedAt: undefined,
  };
  await catalog.change((write) => write.putWorkspace(record));
});
after(async () => {
  await erasures.close();
  await workspaces.close();
  await catalog.close();
  await rm(root, { recursive: true, force: true });
});

const table = (name: string) => ({
  workspaceId: id,
  name,
  kind: 'CustomLog' as const,
  columns,
  properties: {},
  createdAt: 0,
  modifiedAt: 0,
});

async function send(name: string, who: readonly string[]): Promise<void> {
  const open = await workspaces.open(id);
  await open.append({
    workspaceId: id,
    route: { stream: name, table: name, columns },
    source: { kind: 'Application', id: 'tester' },
    rows: utf8(
      who
        .map((each) => `${JSON.stringify({ TimeGenerated: '2026-01-01T00:00:00Z', Who: each })}\n`)
        .join(''),
    ),
    shape: 'ndjson',
    rowCount: who.length,
  });
  for (;;) {
    const { applied, journalNext } = open.status();
    if (applied === journalNext) return;
    await systemClock.sleep(5);
  }
}
async function count(name: string, kql = 'source'): Promise<number> {
  const found = catalog.table(id, name);
  if (found === undefined) return 0;
  const open = await workspaces.open(id);
  return Number((await open.erasing.count(found, kql)).rows);
}
const request = (name: string, kind: 'purge' | 'table', who = 'eve'): Promise<StoredErasure> =>
  erasures.request({
    id: `${kind === 'purge' ? 'purge' : 'delete'}-${randomUUID()}`,
    kind,
    workspace: record,
    table: name,
    request:
      kind === 'purge'
        ? { kql: `source | where Who == "${who}"`, filter: 'Who ==' }
        : { definition: JSON.stringify(table(name)) },
    waitMs: erasures.waitMs,
    by,
    correlationId: 'c',
    ...(kind === 'purge'
      ? {}
      : { alongside: (write) => write.removeTable({ workspaceId: id, name }) }),
  });
const now = (erasure: StoredErasure): StoredErasure => catalog.snapshot.erasures.get(erasure.id)!;
const wait = (hours: number): void => {
  time += hours * 3_600_000;
};

test('a purge waits, can be called off, and otherwise takes its rows and says so', async () => {
  await catalog.change((write) => write.putTable(table('A_CL')));
  await send('A_CL', ['ada', 'eve', 'bo', 'eve']);
  const first = await request('A_CL', 'purge');
  wait(23);
  await erasures.runDue();
  assert.equal(await count('A_CL'), 4);
  await erasures.cancel(now(first), by);
  assert.equal(now(first).request['kql'], undefined);
  wait(2);
  await erasures.runDue();
  assert.equal(await count('A_CL'), 4);
  await assert.rejects(() => erasures.cancel(now(first), by), /does not wait any more/);

  const second = await request('A_CL', 'purge');
  wait(25);
  await erasures.runDue();
  const done = now(second);
  assert.equal(done.state, 'completed', JSON.stringify(done.progress));
  assert.equal(await count('A_CL'), 2);
  assert.equal(done.request['kql'], undefined, 'its value is forgotten too');
  const key = printVerifierKey(sha256, { name: ledgerOrigin(id), publicKey: signer.publicKey });
  const verified = await verifyNote(done.certificate, {
    sha256,
    verifySignature: verifyEd25519,
    keys: [parseVerifierKey(sha256, key)],
  });
  assert.ok(verified.ok && verified.value.signatures.length === 1);
});

test('records that were set aside go with the rows of their table, and their entries with them', async () => {
  await catalog.change((write) => write.putTable(table('L_CL')));
  const open = await workspaces.open(id);
  const aside = async (who: string, name = 'L_CL'): Promise<void> => {
    await open.append({
      workspaceId: id,
      route: { stream: name, table: name, columns },
      source: { kind: 'Application', id: 'tester' },
      rows: utf8(`${JSON.stringify({ TimeGenerated: 'no time', Who: who })}\n`),
      shape: 'ndjson',
      rowCount: 1,
    });
    // Entries are applied in order.
    await send('L_CL', ['bo']);
  };
  const letters = async (kql: string): Promise<number> => {
    const found = catalog.table(id, 'IngestionErrors');
    return Number((await open.erasing.count(found!, kql)).rows);
  };
  const held = async (): Promise<number> => (await open.erasing.entriesOf('L_CL')).size;
  await send('L_CL', ['eve']);
  for (const who of ['eve', 'ada']) await aside(who);
  await aside('eve', 'A_CL');
  assert.equal(await letters('source'), 3);
  const before = await held();
  const filters = readFilters(
    [{ column: 'Who', operator: '==', value: 'eve' }],
    catalog.table(id, 'L_CL')!.schema.columns,
    'L_CL',
  );
  const erasure = await erasures.request({
    id: `purge-${randomUUID()}`,
    kind: 'purge',
    workspace: record,
    table: 'L_CL',
    request: { kql: filters.kql, lettersKql: filters.lettersKql, filter: filters.description },
    waitMs: erasures.waitMs,
    by,
    correlationId: 'c',
  });
  wait(25);
  await erasures.runDue();
  const done = now(erasure);
  assert.equal(done.state, 'completed', JSON.stringify(done.progress));
  assert.equal(done.request['lettersKql'], undefined);
  assert.equal(done.progress['rowsSetAside'], '1');
  assert.match(done.certificate, /"rowsSetAside":"1"/);
  assert.equal(await letters('source | where RawRecord has "eve" and TableName == "L_CL"'), 0);
  assert.equal(await letters('source'), 2, 'ada’s, and that of another table');
  assert.equal(await held(), before - 2, 'both entries that had the value');
  // With the table goes every record of it.
  const gone = await request('L_CL', 'table');
  wait(25);
  await erasures.runDue();
  assert.equal(now(gone).state, 'completed', JSON.stringify(now(gone).progress));
  assert.equal(await letters('source'), 1);
  assert.equal(await held(), 0);
  await request('A_CL', 'purge').then(async (each) => erasures.cancel(now(each), by));
});

test('a lock or a hold that comes while it waits stands against it', async () => {
  const lock = {
    scope: '/w',
    scopeKey: '/w',
    name: 'l',
    level: 'CanNotDelete',
    notes: '',
    owners: [],
    createdAt: 0,
    createdBy: 'a',
    modifiedAt: 0,
  } as const;
  const erasure = await request('A_CL', 'purge', 'ada');
  await catalog.change((write) => write.putLock(lock));
  wait(25);
  await erasures.runDue();
  assert.equal(await count('A_CL'), 2);
  assert.deepEqual(
    [now(erasure).state, now(erasure).progress['waitsFor']],
    ['waiting', 'ScopeLocked'],
  );
  await assert.rejects(() => request('A_CL', 'purge'), /locked/);
  await catalog.change((write) => write.removeLock(lock));
  await erasures.runDue();
  assert.equal(now(erasure).state, 'completed');
  assert.equal(await count('A_CL'), 1);
});

/** Every step of an erasure, cut before it is done and after it was done and not told. */
const cuts = (
  [
    [
      'purge',
      [
        'eraseDay',
        'stage',
        'staged',
        'sweep',
        'rowCommitments',
        'record',
        'positions',
        'eraseEntries',
        'forget',
        'signNote',
      ],
    ],
    ['table', ['dropTable', 'entriesOf', 'record', 'eraseEntries', 'signNote']],
  ] as const
).flatMap(([kind, calls]) =>
  calls.flatMap((call) => [
    { kind, call, when: 'after' as const },
    { kind, call, when: 'before' as const },
  ]),
);
/** Seven of them, a step apart; the long suite takes all. */
const seeds = seedsFrom(process.env, 7);

test('cut off at any step, before or after it, an erasure is finished by the next start', async () => {
  const taken = { ...seeds, count: Math.min(seeds.count, cuts.length) };
  await eachSeed(taken, async (seed) => {
    const { kind, call, when } = cuts[(seed * 13) % cuts.length]!;
    const at = `T${seed}_CL`;
    await catalog.change((write) => write.putTable(table(at)));
    await send(at, ['ada', 'eve']);
    await send(at, ['eve']);
    const erasure = await request(at, kind);
    wait(25);
    fault = { call, when };
    await erasures.runDue();
    assert.equal(fault, undefined, `${call} is a step of a ${kind}`);
    assert.notEqual(now(erasure).state, 'completed', `${kind} cut ${when} ${call}`);
    if (seed % 3 === 0) {
      // As another process would find it.
      await erasures.close();
      await workspaces.close();
      await openAll();
    }
    await erasures.runDue();
    const done = now(erasure);
    assert.equal(done.state, 'completed', `${kind} cut ${when} ${call}: ${JSON.stringify(done)}`);
    assert.equal(await count(at), kind === 'purge' ? 1 : 0);
    const open = await workspaces.open(id);
    assert.equal((await open.erasing.tables()).includes(at), kind === 'purge');
    assert.ok(done.certificate !== '');
  });
});

test('a deleted workspace is gone when its wait is over, key and files', async () => {
  const deletion = await erasures.request({
    id: `delete-${randomUUID()}`,
    kind: 'workspace',
    workspace: record,
    table: '',
    request: {},
    waitMs: erasures.softDeleteMs,
    by,
    correlationId: 'c',
    alongside: (write) => write.putWorkspace({ ...record, deletedAt: time }),
  });
  await workspaces.suspend(id);
  wait(13 * 24);
  await erasures.runDue();
  assert.ok(catalog.snapshot.workspaces.has(id));
  wait(25);
  fault = { call: 'remove', when: 'before' };
  await erasures.runDue();
  assert.ok(!catalog.snapshot.workspaces.has(id), 'the key goes first');
  await erasures.runDue();
  assert.equal(now(deletion).state, 'completed');
  assert.ok(JSON.parse(now(deletion).certificate.split('\n')[2]!).keyDestroyed);
  const directory = join(root, 'data', 'regions', 'local', 'workspaces', id);
  assert.equal(await nodeFileSystem.stat(directory), undefined);
});
