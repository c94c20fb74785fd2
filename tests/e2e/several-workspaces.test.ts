import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cliJson, signInAdministrator } from '../support/cli.js';
import { azureClients, raw, rowsOf } from '../support/clients.js';
import type { AzureClients } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

/**
 * Queries over two workspaces, A (the default) and B: by their owner, and by principals that may read
 * one of them only.
 */
let service: Service;
let owner: AzureClients;
let ofB: AzureClients;
let b: { workspaceId: string; resourceId: string };

const ask = (kql: string, workspace = service.bootstrap.workspaceId, clients = owner) =>
  rowsOf(clients, workspace, kql);

before(async () => {
  service = await Service.start();
  owner = azureClients(service);
  await signInAdministrator(service);
  const { resourceGroup } = service.bootstrap;
  const location = (await owner.workspaces.workspaces.get(resourceGroup, 'default')).location;
  const made = await owner.workspaces.workspaces.createOrUpdate(resourceGroup, 'beta', {
    location,
    sku: { name: 'PerGB2018' },
    retentionInDays: 31,
  });
  b = { workspaceId: made.customerId!, resourceId: made.id! };
  const columns = [
    { name: 'TimeGenerated', type: 'datetime' as const },
    { name: 'FilePath', type: 'string' as const },
    { name: 'RawData', type: 'string' as const },
  ];
  await owner.workspaces.tables.createOrUpdate(resourceGroup, 'beta', 'Text_CL', {
    schema: {
      name: 'Text_CL',
      columns: columns.map(({ name, type }) => ({
        name,
        type: type === 'datetime' ? 'dateTime' : type,
      })),
    },
  });
  const rule = await owner.monitor.dataCollectionRules.create(resourceGroup, 'beta-rule', {
    body: {
      location,
      kind: 'Direct',
      streamDeclarations: { 'Custom-Text_CL': { columns } },
      destinations: { logAnalytics: [{ workspaceResourceId: b.resourceId, name: 'own' }] },
      dataFlows: [
        {
          streams: ['Custom-Text_CL'],
          destinations: ['own'],
          outputStream: 'Custom-Text_CL',
        },
      ],
    },
  });
  const now = new Date();
  await owner.ingestion.upload(service.bootstrap.dcrImmutableId, service.bootstrap.streamName, [
    { TimeGenerated: now, FilePath: '/both', RawData: 'in a' },
    { TimeGenerated: now, FilePath: '/a', RawData: 'only a' },
  ]);
  await owner.ingestion.upload(rule.immutableId!, 'Custom-Text_CL', [
    { TimeGenerated: now, FilePath: '/both', RawData: 'in b' },
    { TimeGenerated: now, FilePath: '/b', RawData: 'only b' },
    { TimeGenerated: now, FilePath: '/b', RawData: 'only b' },
  ]);
  await eventually(
    () => ask('Text_CL'),
    (found) => found.length === 2,
  );
  await eventually(
    () => ask('Text_CL', b.workspaceId),
    (found) => found.length === 3,
  );
  const application = await cliJson<{ id: string; clientId: string; clientSecret: string }>(
    service,
    ['application', 'create', 'of-b'],
  );
  await cliJson(service, ['-w', 'beta', 'role', 'assign', 'Owner', application.id]);
  ofB = azureClients(service, { ...service.bootstrap, ...application });
});
after(() => service.remove());

test('workspace("…") by name, id and resource id', async () => {
  for (const name of ['beta', b.workspaceId, b.resourceId, 'BETA']) {
    assert.deepEqual(
      await ask(
        `workspace("${name}").Text_CL | summarize n = count() by FilePath | sort by FilePath asc`,
      ),
      [
        { FilePath: '/b', n: 2 },
        { FilePath: '/both', n: 1 },
      ],
    );
  }
});

test('unions and joins over two workspaces', async () => {
  assert.deepEqual(
    await ask(
      'union Text_CL, workspace("beta").Text_CL | summarize n = count() by FilePath, TenantId | sort by FilePath asc, n asc | project FilePath, n',
    ),
    [
      { FilePath: '/a', n: 1 },
      { FilePath: '/b', n: 2 },
      { FilePath: '/both', n: 1 },
      { FilePath: '/both', n: 1 },
    ],
  );
  assert.deepEqual(
    await ask(
      'Text_CL | join kind=inner workspace("beta").Text_CL on FilePath | project RawData, RawData1',
    ),
    [{ RawData: 'in a', RawData1: 'in b' }],
  );
});

test('additionalWorkspaces of @azure/monitor-query-logs put a query to all of them', async () => {
  const both = await owner.query.queryWorkspace(
    service.bootstrap.workspaceId,
    'Text_CL | summarize n = count() by TenantId | sort by n asc',
    { duration: 'P1D' },
    { additionalWorkspaces: ['beta'] },
  );
  assert.equal(both.status, 'Success');
  assert.deepEqual(both.status === 'Success' && both.tables[0]?.rows, [
    [service.bootstrap.workspaceId, 2],
    [b.workspaceId, 3],
  ]);
});

test('the query is on record in each workspace that it concerned', async () => {
  const mark = 'marked-across';
  await ask(`union Text_CL, workspace("beta").Text_CL | where RawData != "${mark}" | count`);
  for (const workspace of [service.bootstrap.workspaceId, b.workspaceId]) {
    const [found] = await eventually(
      () =>
        ask(
          `LAQueryLogs | where QueryText startswith "union" and QueryText has "${mark}" | project StatsWorkspaceCount, ResponseCode, RequestTarget, n = array_length(RequestContext.workspaces)`,
          workspace,
        ),
      (rows) => rows.length === 1,
    );
    assert.deepEqual(found, {
      StatsWorkspaceCount: 2,
      ResponseCode: 200,
      RequestTarget: service.bootstrap.workspaceResourceId,
      n: 2,
    });
  }
});

test('a workspace without access is not told from one that is not there', async () => {
  const token = `Bearer ${(await ofB.credential.getToken('https://monitor.azure.com/.default')).token}`;
  const { workspaceId, workspaceName, workspaceResourceId } = service.bootstrap;
  const answerTo = async (name: string, body: object): Promise<string> => {
    const answer = await raw(service, {
      method: 'POST',
      path: `/v1/workspaces/${b.workspaceId}/query`,
      headers: { authorization: token, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.error?.code, 'BadArgumentError');
    return JSON.stringify(answer.error)
      .replaceAll(name, 'X')
      .replaceAll(/"correlationId":"[^"]*"/g, '')
      .replaceAll(/"length":\d+/g, '');
  };
  const nowhere = ['nowhere', 'ffffffff-0000-4000-8000-000000000000', `${workspaceResourceId}x`];
  for (const [at, name] of [workspaceName, workspaceId, workspaceResourceId].entries()) {
    for (const body of [
      (each: string) => ({ query: `workspace("${each}").Text_CL` }),
      (each: string) => ({ query: `union Text_CL, workspace("${each}").Text_CL` }),
      (each: string) => ({ query: 'Text_CL', workspaces: [each] }),
    ]) {
      const other = nowhere[at]!;
      assert.equal(await answerTo(name, body(name)), await answerTo(other, body(other)));
    }
  }
  // Names and ids of A, asked about nine times by B's principal, are on record in A.
  const refusals = await eventually(
    () =>
      ask(
        'AzureActivity | where OperationNameValue has "query/read" and ActivityStatus == "Refused" | count',
      ),
    ([found]) => Number(found?.['Count']) >= 9,
  );
  assert.deepEqual(refusals, [{ Count: 9 }]);
});
