import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { azureClients, raw, rowsOf } from '../support/clients.js';
import type { AzureClients } from '../support/clients.js';
import { cliJson, signInAdministrator } from '../support/cli.js';
import { eventually, Service } from '../support/service.js';

/**
 * Stored rows do not change. Here each role tries what there is: every management route with every
 * method, the ingest routes with the same request again, the query route with commands, and the
 * service is run with other settings. What can go by rule (purge, deletion, expiry) waits meanwhile.
 */
let service: Service;
let clients: AzureClients;
const roles = [
  'Owner',
  'Contributor',
  'Log Analytics Contributor',
  'Reader',
  'Data Purger',
  'User Access Administrator',
];
const tokens = new Map<string, string>();

before(async () => {
  service = await Service.start();
  clients = azureClients(service);
  await signInAdministrator(service);
  for (const role of roles) {
    const made = await cliJson<{ id: string; clientId: string; clientSecret: string }>(service, [
      'application',
      'create',
      role,
    ]);
    await cliJson(service, ['-w', 'default', 'role', 'assign', role, made.id]);
    const { credential } = azureClients(service, { ...service.bootstrap, ...made });
    const { token } = await credential.getToken('https://management.azure.com/.default');
    tokens.set(role, `Bearer ${token}`);
    const queries = await credential.getToken('https://api.loganalytics.io/.default');
    tokens.set(`${role} query`, `Bearer ${queries.token}`);
  }
  await clients.ingestion.upload(
    service.bootstrap.dcrImmutableId,
    service.bootstrap.streamName,
    Array.from({ length: 50 }, (_, index) => ({
      TimeGenerated: new Date(Date.UTC(2026, 9, 1, 0, 0, index)),
      Computer: `c${index}`,
      FilePath: '/kept',
      RawData: `row ${index}`,
    })),
  );
  await eventually(digest, (rows) => rows.length === 50);
});
after(() => service.remove());

const digest = (): Promise<Record<string, unknown>[]> =>
  rowsOf(
    clients,
    service.bootstrap.workspaceId,
    'Text_CL | where FilePath == "/kept" | extend at = ingestion_time() | project TimeGenerated, Computer, RawData, FilePath, at | sort by RawData asc',
    'P365D',
  );

test('no role alters a stored row by any route', async () => {
  const before = await digest();
  const {
    workspaceResourceId: workspace,
    dcrImmutableId,
    streamName,
    workspaceId,
  } = service.bootstrap;
  const table = `${workspace}/tables/Text_CL`;
  const column = (name: string, type: string) => ({ name, type });
  const all: [string, string, unknown?][] = [];
  for (const path of [
    workspace,
    table,
    `${table}/rows`,
    `${table}/rows/1`,
    `${table}/migrate`,
    `${table}/cancelSearch`,
    `${workspace}/tables/IngestionErrors`,
    `${workspace}/tables/LedgerRecords`,
    `${workspace}/savedSearches/x`,
    `${workspace}/sharedKeys`,
    `${workspace}/operations`,
    `${workspace}/operations/x`,
    `${workspace}/providers/Microsoft.Strongroom/retention`,
    `${workspace}/providers/Microsoft.Strongroom/records`,
    `/v1/workspaces/${workspaceId}/tables/Text_CL`,
    `/api/workspaces/${workspaceId}`,
    `/api/workspaces/${workspaceId}/tables/Text_CL`,
    `/api/workspaces/${workspaceId}/checkpoint`,
  ]) {
    for (const method of ['POST', 'PUT', 'PATCH']) {
      all.push([method, path, { properties: {} }]);
      all.push([method, path, { rows: [{ RawData: 'changed' }], update: { RawData: 'changed' } }]);
    }
  }
  for (const columns of [
    [column('TimeGenerated', 'dateTime')],
    [column('TimeGenerated', 'string'), column('RawData', 'string')],
    ['TimeGenerated:dateTime', 'Computer:int', 'FilePath:string', 'RawData:long'].map((text) => {
      const [name = '', type = ''] = text.split(':');
      return column(name, type);
    }),
  ]) {
    all.push(['PUT', table, { properties: { schema: { name: 'Text_CL', columns } } }]);
    all.push(['PATCH', table, { properties: { schema: { name: 'Text_CL', columns } } }]);
  }
  all.push(['PATCH', table, { properties: { retentionInDays: 4, totalRetentionInDays: 4 } }]);
  all.push(['PATCH', workspace, { properties: { retentionInDays: 4 } }]);
  all.push([
    'POST',
    `${workspace}/purge`,
    { table: 'Text_CL', filters: [{ column: 'FilePath', operator: '==', value: '/kept' }] },
  ]);
  let asked = 0;
  for (const role of roles) {
    for (const [method, path, body] of all) {
      const answer = await raw(service, {
        method,
        path: `${path}?api-version=${path.includes('Strongroom') ? '2026-11-01' : '2025-07-01'}`,
        headers: { authorization: tokens.get(role) ?? '', 'content-type': 'application/json' },
        body: JSON.stringify(body ?? {}),
      });
      assert.ok(answer.status < 500, `${role} ${method} ${path}: ${answer.status} ${answer.text}`);
      asked += 1;
    }
    for (const command of [
      '.delete table Text_CL records <| Text_CL',
      '.purge table Text_CL records <| Text_CL',
      '.set-or-replace Text_CL <| print RawData = "changed"',
      '.alter table Text_CL (RawData:long)',
      '.drop table Text_CL',
      'Text_CL; DROP TABLE workspace.Text_CL',
      'Text_CL | where RawData == "\'; ALTER TABLE workspace.Text_CL DELETE WHERE 1; --"',
      'externaldata(x:string)["/etc/passwd"]',
    ]) {
      const answer = await raw(service, {
        method: 'POST',
        path: `/v1/workspaces/${workspaceId}/query`,
        headers: {
          authorization: tokens.get(`${role} query`) ?? '',
          'content-type': 'application/json',
        },
        body: JSON.stringify({ query: command }),
      });
      assert.ok(answer.status < 500, `${role} ${command}: ${answer.status}`);
      asked += 1;
    }
  }
  // The sender itself: the same request again, and another body under the same id.
  const { token } = await clients.credential.getToken('https://monitor.azure.com/.default');
  for (const [method, text] of [
    ['POST', 'row 1'],
    ['POST', 'changed'],
    ['PUT', 'changed'],
    ['PATCH', 'changed'],
    ['DELETE', ''],
  ] as const) {
    await raw(service, {
      method,
      path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'x-ms-client-request-id': '6d5e6f0a-0f0e-4c3e-9a6f-0c6a8a1f9d12',
      },
      body: JSON.stringify([
        {
          TimeGenerated: '2026-10-01T00:00:01Z',
          Computer: 'c1',
          FilePath: '/other',
          RawData: text,
        },
      ]),
    });
  }
  assert.ok(asked > 700);
  assert.deepEqual(await digest(), before);
});

test('no setting alters a stored row', async () => {
  const before = await digest();
  for (const flags of [
    ['--journal-keep-hours', '0', '--erasure-wait-hours', '720'],
    ['--soft-delete-days', '0', '--engine-idle-minutes', '1', '--erasure-wait-hours', '720'],
  ]) {
    await service.end();
    await service.run(flags);
    clients = azureClients(service);
    assert.deepEqual(await digest(), before, flags.join(' '));
  }
});
