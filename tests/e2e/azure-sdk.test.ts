import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { azureClients, raw, rowsOf, bearer } from '../support/clients.js';
import type { AzureClients } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

let service: Service;
let clients: AzureClients;
before(async () => {
  service = await Service.start();
  clients = azureClients(service);
});
after(() => service.remove());

const ask = (kql: string, workspace = service.bootstrap.workspaceId) =>
  rowsOf(clients, workspace, kql);
const countOf = async (kql: string): Promise<number> =>
  Number((await ask(`${kql} | summarize n = count()`))[0]?.['n']);

test('100,000 rows sent with @azure/monitor-ingestion are there, each once', async () => {
  const rows = Array.from({ length: 100_000 }, (_, index) => ({
    TimeGenerated: new Date(Date.now() - 1000),
    Computer: `sdk-${index % 100}`,
    FilePath: '/sdk',
    RawData: `row ${index}`,
  }));
  await clients.ingestion.upload(
    service.bootstrap.dcrImmutableId,
    service.bootstrap.streamName,
    rows,
  );
  const [found] = await eventually(
    () =>
      ask(
        'Text_CL | where FilePath == "/sdk" | summarize n = count(), unique = dcount(RawData, 4)',
      ),
    ([row]) => Number(row?.['n']) >= 100_000,
  );
  assert.equal(Number(found?.['n']), 100_000);
  const spread = await ask(
    'Text_CL | where FilePath == "/sdk" | summarize n = count() by Computer | where n != 1000',
  );
  assert.deepEqual(spread, []);
});

test('a retry with the same id and body is stored once, across a kill; another body is new data', async () => {
  const { dcrImmutableId, streamName } = service.bootstrap;
  const id = '6d5e6f0a-0f0e-4c3e-9a6f-0c6a8a1f9d11';
  const time = new Date().toISOString();
  const send = (authorization: string, text: string) =>
    raw(service, {
      method: 'POST',
      path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
      headers: {
        authorization,
        'content-type': 'application/json',
        'x-ms-client-request-id': id,
      },
      body: JSON.stringify([{ TimeGenerated: time, FilePath: '/retry', RawData: text }]),
    });
  const token = await bearer(service);
  const first = await send(token, 'a');
  assert.equal(first.status, 204);
  assert.ok(first.headers['x-strongroom-receipt']);
  assert.equal((await send(token, 'a')).status, 204);
  assert.equal((await send(token, 'b')).status, 204);
  await service.end('SIGKILL');
  await service.run();
  clients = azureClients(service);
  assert.ok(
    [401, 403].includes((await send(token, 'a')).status),
    'the old secret ended, its token too',
  );
  const fresh = await bearer(service);
  assert.equal((await send(fresh, 'a')).status, 204);
  assert.equal((await send(fresh, 'c')).status, 204);
  const rows = await eventually(
    () =>
      ask(
        'Text_CL | where FilePath == "/retry" | summarize n = count() by RawData | sort by RawData asc',
      ),
    (found) => found.length === 3,
  );
  assert.deepEqual(
    rows.map((row) => `${String(row['RawData'])} ${String(row['n'])}`),
    ['a 1', 'b 1', 'c 1'],
  );
});

test('a workspace, a table and a rule of one’s own, with the management clients', async () => {
  const { resourceGroup, workspaceResourceId } = service.bootstrap;
  const location = (await clients.workspaces.workspaces.get(resourceGroup, 'default')).location;
  const made = await clients.workspaces.workspaces.createOrUpdate(resourceGroup, 'second', {
    location,
    sku: { name: 'PerGB2018' },
    retentionInDays: 31,
  });
  assert.match(made.customerId ?? '', /^[0-9a-f-]{36}$/);
  assert.notEqual(made.id?.toLowerCase(), workspaceResourceId.toLowerCase());
  await clients.workspaces.tables.createOrUpdate(resourceGroup, 'second', 'Own_CL', {
    schema: {
      name: 'Own_CL',
      columns: [
        { name: 'TimeGenerated', type: 'dateTime' },
        { name: 'Message', type: 'string' },
        { name: 'Count', type: 'int' },
        { name: 'Doubled', type: 'long' },
      ],
    },
  });
  const rule = await clients.monitor.dataCollectionRules.create(resourceGroup, 'own-rule', {
    body: {
      location,
      kind: 'Direct',
      streamDeclarations: {
        'Custom-Own_CL': {
          columns: [
            { name: 'TimeGenerated', type: 'datetime' },
            { name: 'Message', type: 'string' },
            { name: 'Count', type: 'int' },
          ],
        },
      },
      destinations: { logAnalytics: [{ workspaceResourceId: made.id!, name: 'own' }] },
      dataFlows: [
        {
          streams: ['Custom-Own_CL'],
          destinations: ['own'],
          transformKql: 'source | where Count != 0 | extend Doubled = tolong(Count) * 2',
          outputStream: 'Custom-Own_CL',
        },
      ],
    },
  });
  assert.match(rule.immutableId ?? '', /^dcr-[0-9a-f]{32}$/);
  const now = new Date().toISOString();
  await clients.ingestion.upload(rule.immutableId!, 'Custom-Own_CL', [
    { TimeGenerated: now, Message: 'kept', Count: 21 },
    { TimeGenerated: now, Message: 'filtered', Count: 0 },
    { TimeGenerated: now, Message: 'too large', Count: 99_999_999_999 },
    { Message: 'no time', Count: 1 },
    { TimeGenerated: 1767323045, Message: 'epoch', Count: 1 },
  ]);
  const rows = await eventually(
    () => ask('Own_CL | project Message, Count, Doubled', made.customerId!),
    (found) => found.length > 0,
  );
  assert.deepEqual(rows, [{ Message: 'kept', Count: 21, Doubled: 42 }]);
  const refused = await eventually(
    () => ask('IngestionErrors | project Reason, RawRecord | sort by Reason asc', made.customerId!),
    (found) => found.length >= 3,
  );
  assert.equal(refused.length, 3);
  assert.equal(await countOf('search "kept"'), 0, 'the first workspace sees none of it');
  const names: (string | undefined)[] = [];
  for await (const workspace of clients.workspaces.workspaces.listByResourceGroup(resourceGroup)) {
    names.push(workspace.name);
  }
  assert.deepEqual(names.map(String).sort(), ['default', 'second']);
});

test('single, batch, statistics, visualisation and partial errors with @azure/monitor-query-logs', async () => {
  const { workspaceId } = service.bootstrap;
  const single = await clients.query.queryWorkspace(
    workspaceId,
    'range x from 1 to 3 step 1 | summarize n = count() by x | render barchart',
    { duration: 'PT1H' },
    { includeQueryStatistics: true, includeVisualization: true, serverTimeoutInSeconds: 20 },
  );
  assert.equal(single.status, 'Success');
  assert.ok(single.statistics);
  assert.equal((single.visualization as { visualization?: string })?.visualization, 'barchart');
  const batch = await clients.query.queryBatch([
    { workspaceId, query: 'print x = 1', timespan: { duration: 'P1D' } },
    { workspaceId, query: 'print nonsense(', timespan: { duration: 'P1D' } },
    { workspaceId, query: 'print x = 2', timespan: { duration: 'P1D' } },
  ]);
  assert.deepEqual(
    batch.map(({ status }) => status),
    ['Success', 'PartialFailure', 'Success'],
  );
  await assert.rejects(
    clients.query.queryWorkspace(workspaceId, 'Heartbeat | where Nope == 1', { duration: 'P1D' }),
    (error: { statusCode?: number; code?: string; details?: unknown }) =>
      error.statusCode === 400 &&
      error.code === 'BadArgumentError' &&
      JSON.stringify(error.details).includes('SEM0100'),
  );
});
