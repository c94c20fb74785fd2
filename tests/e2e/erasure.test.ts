import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ManagementLockClient } from '@azure/arm-locks';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import type { AzureClients } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

let service: Service;
let clients: AzureClients;
let locks: ManagementLockClient;
const group = () => service.bootstrap.resourceGroup;
const name = 'default';
const marker = 'person-to-be-forgotten-5d1c';

async function start(): Promise<void> {
  clients = azureClients(service);
  const { url, subscriptionId } = service.bootstrap;
  locks = new ManagementLockClient(clients.credential, subscriptionId, {
    endpoint: url,
    credentialScopes: ['https://management.azure.com/.default'],
    tlsOptions: { ca: service.ca },
  });
}
before(async () => {
  service = await Service.start({ flags: ['--erasure-wait-hours', '0'] });
  await start();
});
after(() => service.remove());

const countOf = async (kql: string): Promise<number> =>
  Number(
    (await rowsOf(clients, service.bootstrap.workspaceId, `${kql} | summarize n = count()`))[0]?.[
      'n'
    ],
  );
const call = async (method: string, path: string, body?: unknown) => {
  const answer = await raw(service, {
    method,
    path: `${path}${path.includes('?') ? '&' : '?'}api-version=2025-07-01`,
    headers: { authorization: await bearer(service), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { ...answer, json: answer.text === '' ? undefined : JSON.parse(answer.text) };
};
const workspacePath = () => service.bootstrap.workspaceResourceId;
const isLocked = (error: unknown): boolean =>
  (error as { code?: string; statusCode?: number }).code === 'ScopeLocked' &&
  (error as { statusCode?: number }).statusCode === 409;

async function send(count: number, text: (index: number) => string): Promise<void> {
  const before = await countOf('Text_CL');
  await clients.ingestion.upload(
    service.bootstrap.dcrImmutableId,
    service.bootstrap.streamName,
    Array.from({ length: count }, (_, index) => ({
      TimeGenerated: new Date(),
      Computer: `c${index % 3}`,
      FilePath: '/erasure',
      RawData: text(index),
    })),
  );
  await eventually(
    () => countOf('Text_CL'),
    (n) => n >= before + count,
  );
}

test('purge with Microsoft’s client: rows go from table and journal, on record, with a certificate', async () => {
  await send(100, (index) => (index % 10 === 0 ? marker : `row ${index}`));
  await send(50, (index) => `other ${index}`);
  const body = {
    table: 'Text_CL',
    filters: [
      { column: 'RawData', operator: '==', value: marker },
      { column: 'TimeGenerated', operator: '>', value: '2020-01-01T00:00:00' },
    ],
  };
  const dry = await call('POST', `${workspacePath()}/purge?dryRun=true`, body);
  assert.equal(dry.status, 200, dry.text);
  assert.equal(dry.json.rows, 10);
  assert.equal(await countOf('Text_CL'), 150);

  const answer = await clients.workspaces.workspacePurge.purge(group(), name, body);
  assert.match(answer.operationId, /^purge-[0-9a-f-]{36}$/);
  const status = await eventually(
    () => clients.workspaces.workspacePurge.getPurgeStatus(group(), name, answer.operationId),
    ({ status }) => status === 'completed',
  );
  assert.equal(status.status, 'completed');
  assert.equal(await countOf(`Text_CL | where RawData == '${marker}'`), 0);
  assert.equal(await countOf(`Text_CL | where RawData has 'forgotten'`), 0);
  assert.equal(await countOf('Text_CL'), 140);

  const shown = await call('GET', `${workspacePath()}/operations/${answer.operationId}`);
  assert.equal(shown.json.rows, 10);
  assert.equal(shown.json.filter, 'RawData ==; TimeGenerated >');
  assert.ok(!shown.text.includes(marker), 'the value is forgotten as well');
  const certificate = shown.json.certificate as string;
  const facts = JSON.parse(certificate.split('\n')[2]!);
  assert.equal(facts.rows, '10');
  assert.equal(facts.journalEntries, 1);
  assert.equal(facts.records.length, 2);
  assert.match(facts.checkpoint, /^strongroom\//);
  const records = await eventually(
    () =>
      rowsOf(
        clients,
        service.bootstrap.workspaceId,
        'LedgerRecords | where RecordType in ("purgeRequested", "tablePurged", "journalPurged") | project RecordType',
      ),
    (rows) => rows.length >= 3,
  );
  assert.deepEqual(
    records.map((row) => String(row['RecordType'])).sort((a, b) => (a < b ? -1 : 1)),
    ['journalPurged', 'purgeRequested', 'tablePurged'],
  );

  // What it left is whole, also after a kill.
  await service.end('SIGKILL');
  await service.run();
  await start();
  assert.equal(await countOf('Text_CL'), 140);
});

test('a request that names what is not there is refused with its code', async () => {
  const purge = (body: unknown) => call('POST', `${workspacePath()}/purge`, body);
  for (const body of [
    { table: 'No_CL', filters: [{ column: 'RawData', operator: '==', value: 'x' }] },
    { table: 'Text_CL', filters: [] },
    { table: 'Text_CL', filters: [{ column: 'Nope', operator: '==', value: 'x' }] },
    { table: 'Text_CL', filters: [{ column: 'RawData', operator: 'has', value: 'x' }] },
    { table: 'Text_CL', filters: [{ column: 'RawData', operator: '>', value: 'x' }] },
    { table: 'Text_CL', filters: [{ column: 'TimeGenerated', operator: '==', value: 'now()' }] },
    { table: 'Text_CL', filters: [{ column: 'RawData', key: 'k', operator: '==', value: 'x' }] },
  ]) {
    const answer = await purge(body);
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.error?.code, 'InvalidParameter');
  }
});

test('locks with Microsoft’s client stand against purge and deletion, across a restart', async () => {
  const { managementLocks } = locks;
  const scope = workspacePath();
  const body = {
    table: 'Text_CL',
    filters: [{ column: 'RawData', operator: '==', value: 'other 1' }],
  };
  const purge = () => clients.workspaces.workspacePurge.purge(group(), name, body);
  const made = await managementLocks.createOrUpdateAtResourceLevel(
    group(),
    'Microsoft.OperationalInsights',
    '',
    'workspaces',
    name,
    'keep',
    { level: 'CanNotDelete', notes: 'an audit runs' },
  );
  assert.equal(made.level, 'CanNotDelete');
  assert.equal(made.notes, 'an audit runs');
  await assert.rejects(purge, isLocked);
  await assert.rejects(() => clients.workspaces.tables.delete(group(), name, 'Text_CL'), isLocked);
  await assert.rejects(() => clients.workspaces.workspaces.delete(group(), name), isLocked);
  await assert.rejects(
    () => clients.workspaces.workspaces.update(group(), name, { retentionInDays: 10 }),
    isLocked,
  );
  await service.end('SIGKILL');
  await service.run();
  await start();
  await assert.rejects(purge, isLocked);
  const again = locks.managementLocks;
  const listed: string[] = [];
  for await (const lock of again.listAtResourceLevel(
    group(),
    'Microsoft.OperationalInsights',
    '',
    'workspaces',
    name,
  )) {
    listed.push(lock.name ?? '');
  }
  assert.deepEqual(listed, ['keep']);
  assert.equal((await again.getByScope(scope, 'keep')).level, 'CanNotDelete');
  await again.createOrUpdateByScope(`${scope}/tables/Text_CL`, 'table', { level: 'ReadOnly' });
  await again.deleteByScope(scope, 'keep');
  await assert.rejects(purge, isLocked, 'the table’s own lock');
  await send(5, () => 'locks let data in');
  await again.deleteAtResourceLevel(
    group(),
    'Microsoft.OperationalInsights',
    'workspaces/default',
    'tables',
    'Text_CL',
    'table',
  );
  await purge();
  await eventually(
    () => countOf(`Text_CL | where RawData == 'other 1'`),
    (n) => n === 0,
  );
  assert.equal(await countOf(`Text_CL | where RawData == 'other 1'`), 0);
});

test('a deleted table is gone with its rows, from the journal as well', async () => {
  const at = `${workspacePath()}/tables/Text_CL`;
  const dry = await call('DELETE', `${at}?dryRun=true`);
  assert.ok(dry.json.rows > 100, dry.text);
  assert.equal((await call('DELETE', at)).status, 200);
  const list = await call('GET', `${workspacePath()}/operations`);
  const deletion = list.json.value.find((each: { kind: string }) => each.kind === 'table');
  assert.equal(deletion.state, 'completed', JSON.stringify(deletion));
  assert.equal(deletion.rows, dry.json.rows);
  const facts = JSON.parse(deletion.certificate.split('\n')[2]);
  assert.ok(facts.journalEntries >= 1);
  assert.equal((await call('GET', at)).status, 404);
});

test('nothing of what was purged lies in any file', async () => {
  const found: string[] = [];
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) await visit(inner);
      else if (entry.isFile()) {
        const bytes = await readFile(inner).catch(() => Buffer.alloc(0));
        if (bytes.includes(marker)) found.push(inner);
      }
    }
  };
  await visit(service.directory);
  assert.deepEqual(found, []);
});
