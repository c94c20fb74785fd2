import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { principalId, workspaceId } from '@strongroom/base';
import { systemColumns } from '@strongroom/sql';
import { ManualClock } from '@strongroom/testkit';
import { openCatalog } from './open-catalog.js';
import type { StoredUser, StoredWorkspace } from './records.js';
import { fullTextColumns, standardTables } from './standard-tables.js';

const key = new Uint8Array(32).fill(7);
const marker = 'MARKER-THAT-MUST-NOT-BE-SEEN';

async function place(context: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'catalog-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'catalog.db');
  const open = (encryptionKey = key) =>
    openCatalog({ path, encryptionKey, clock: new ManualClock() });
  return { directory, path, open };
}

const user = (name: string, number = 1): StoredUser => ({
  id: principalId(`00000000-0000-0000-0000-00000000000${number}`),
  userName: name,
  displayName: marker,
  passwordHash: marker,
  disabled: false,
  createdAt: 1,
  passwordChangedAt: 1,
  validAfter: 1,
});
const workspace = (name: string, number: number): StoredWorkspace => ({
  workspaceId: workspaceId(`10000000-0000-0000-0000-00000000000${number}`),
  name,
  subscriptionId: 's',
  resourceGroup: 'g',
  region: 'local',
  resourceId: `/subscriptions/s/resourceGroups/g/providers/x/workspaces/${name}`,
  resourceKey: `/subscriptions/s/resourcegroups/g/providers/x/workspaces/${name}`,
  keyRecord: new Uint8Array([1, 2, 3]),
  retentionInDays: 31,
  createdAt: 1,
  tags: {},
  properties: { a: [1, { b: null }] },
  modifiedAt: 1,
  deletedAt: undefined,
});

test('what was committed is there after a restart; nothing of it can be read in the files', async (context) => {
  const { directory, path, open } = await place(context);
  const first = await open();
  await first.change(async (write) => {
    await write.putUser(user('Anna'));
    await write.putWorkspace(workspace(marker, 1));
  });
  // While it is open, so that the write-ahead log is looked at as well.
  for (const name of await readdir(directory)) {
    const bytes = await readFile(join(directory, name));
    for (const text of [marker, 'Anna', 'create table', 'SQLite format']) {
      assert.ok(!bytes.includes(text), `${text} in ${name}`);
    }
    assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600, name);
  }
  await first.close();
  const second = await open();
  assert.equal(second.snapshot.usersByName.get('anna')?.userName, 'Anna');
  assert.deepEqual(second.workspaces(), [workspace(marker, 1)]);
  await second.close();
  await assert.rejects(open(new Uint8Array(32).fill(8)), { code: 'CATALOG_UNREADABLE' });
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('a change is all or nothing, and is seen only when it is committed', async (context) => {
  const catalog = await (await place(context)).open();
  await assert.rejects(
    catalog.change(async (write) => {
      await write.putUser(user('a'));
      assert.equal(catalog.snapshot.users.size, 0);
      throw new Error('no');
    }),
    /no/,
  );
  assert.equal(catalog.snapshot.users.size, 0);
  await catalog.change((write) => write.putUser(user('a')));
  await assert.rejects(
    catalog.change((write) => write.putUser(user('A', 2))),
    { code: 'CATALOG_CONFLICT' },
  );
  assert.equal(catalog.snapshot.users.size, 1);
  await catalog.close();
});

test('changes at the same time come one after the other, each seeing the one before', async (context) => {
  const catalog = await (await place(context)).open();
  await Promise.all(
    Array.from({ length: 50 }, () =>
      catalog.change((write, { settings }) =>
        write.putSetting('count', String(Number(settings.get('count') ?? 0) + 1)),
      ),
    ),
  );
  assert.equal(catalog.snapshot.settings.get('count'), '50');
  await catalog.close();
});

test('a second process is refused while one has the catalog', async (context) => {
  const { open } = await place(context);
  const catalog = await open();
  await assert.rejects(open(), { code: 'CATALOG_IN_USE' });
  await catalog.close();
  await (await open()).close();
});

test('a soft-deleted workspace is invisible to the data plane; a removed one takes its roles along', async (context) => {
  const catalog = await (await place(context)).open();
  const one = workspace('one', 1);
  const other = workspace('one-more', 2);
  const assignment = (scopeKey: string, number: number) => ({
    id: `a${number}`,
    scope: scopeKey,
    scopeKey,
    roleId: 'r',
    principalId: user('x').id,
    principalType: 'User' as const,
    createdAt: 1,
    createdBy: 'x',
  });
  await catalog.change(async (write) => {
    await write.putWorkspace(one);
    await write.putWorkspace(other);
    await write.putAssignment(assignment(one.resourceKey, 1));
    await write.putAssignment(assignment(`${one.resourceKey}/tables/t`, 2));
    await write.putAssignment(assignment(other.resourceKey, 3));
  });
  await catalog.change((write) => write.putWorkspace({ ...one, deletedAt: 5 }));
  assert.equal(catalog.workspace(one.workspaceId), undefined);
  assert.equal(catalog.workspaceByResourceId(one.resourceKey), undefined);
  assert.equal(catalog.table(one.workspaceId, 'Syslog'), undefined);
  assert.deepEqual([...catalog.tableNames(one.workspaceId)], []);
  assert.equal(catalog.agentStream(one.workspaceId, 'Microsoft-Perf'), undefined);
  await catalog.change((write) => write.removeWorkspace(one));
  assert.deepEqual(
    catalog.snapshot.assignments.map(({ id }) => id),
    ['a3'],
  );
  await catalog.close();
});

test('the standard tables are whole and can be stored', () => {
  const tables = standardTables();
  assert.ok(tables.size >= 190, String(tables.size));
  for (const [name, { schema, fullTextColumns: indexed }] of tables) {
    assert.match(name, /^[A-Za-z][A-Za-z0-9]*$/);
    assert.deepEqual(schema.columns[0], { name: 'TimeGenerated', type: 'datetime' });
    const names = schema.columns.map((column) => column.name);
    assert.equal(new Set(names).size, names.length, name);
    for (const reserved of [...Object.keys(systemColumns), 'TenantId', 'Type']) {
      assert.ok(!names.includes(reserved), `${name}.${reserved}`);
    }
    for (const column of indexed) assert.ok(names.includes(column));
  }
  const columns = (name: string) => tables.get(name)?.schema.columns ?? [];
  assert.ok(columns('Syslog').some(({ name, type }) => name === 'ProcessID' && type === 'int'));
  assert.ok(columns('Perf').some(({ name, type }) => name === 'CounterValue' && type === 'real'));
  assert.ok(columns('LAQueryLogs').some(({ name }) => name === 'QueryText'));
  for (const type of ['Alert', 'Configuration', 'Event', 'Metadata', 'Performance', 'State']) {
    assert.ok(columns(`OperationsManager${type}`).length > 5, type);
  }
  assert.deepEqual(tables.get('Syslog')?.fullTextColumns, ['SyslogMessage']);
  assert.deepEqual(
    fullTextColumns([
      { name: 'RawData', type: 'string' },
      { name: 'Message', type: 'dynamic' },
      { name: 'ErrorMessage', type: 'string' },
      { name: 'Computer', type: 'string' },
    ]),
    ['RawData', 'ErrorMessage'],
  );
});
