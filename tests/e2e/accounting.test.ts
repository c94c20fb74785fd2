import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import type { AzureClients } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

let service: Service;
let clients: AzureClients;
before(async () => {
  service = await Service.start();
  clients = azureClients(service);
});
after(() => service.remove());

const ask = (kql: string) => rowsOf(clients, service.bootstrap.workspaceId, kql);

test('a crash loses no count: received = stored + refused + dropped, as it was', async () => {
  const { dcrImmutableId, streamName } = service.bootstrap;
  const authorization = await bearer(service);
  const send = async (id: string, body: string): Promise<number> => {
    const answer = await raw(service, {
      method: 'POST',
      path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
      headers: { authorization, 'content-type': 'application/json', 'x-ms-client-request-id': id },
      body,
    });
    return answer.status;
  };
  const rows = (count: number) =>
    JSON.stringify(
      Array.from({ length: count }, (_, index) =>
        index === 0
          ? { TimeGenerated: 'no time', RawData: 'set aside' }
          : { TimeGenerated: new Date().toISOString(), FilePath: '/a', RawData: `r${index}` },
      ),
    );
  const once = rows(7);
  for (let batch = 0; batch < 5; batch += 1) {
    assert.equal(await send(`00000000-0000-4000-8000-00000000000${batch}`, rows(10)), 204);
  }
  assert.equal(await send('00000000-0000-4000-8000-0000000000aa', once), 204);
  assert.equal(await send('00000000-0000-4000-8000-0000000000aa', once), 204);
  assert.equal(await send('00000000-0000-4000-8000-0000000000bb', '[{"broken'), 400);
  assert.equal(await send('00000000-0000-4000-8000-0000000000cc', '[{"broken'), 400);
  await eventually(
    () => ask('Text_CL | where FilePath == "/a" | summarize Count = count()'),
    ([row]) => Number(row?.['Count']) === 51,
  );
  // What has no entry of its own is noted within a second.
  await sleep(1_500);
  await service.end('SIGKILL');
  await service.run();
  await sleep(2_500);
  // A kill before anything of it was written loses nothing either.
  await service.end('SIGKILL');
  await service.run();
  const sums = `IngestionAccounting | where StreamName == '${streamName}' | summarize
    received = sum(RowsReceived), batches = sum(BatchesReceived), repeated = sum(RowsRepeated),
    refused = sum(BatchesRefused), stored = sum(RowsStored), dead = sum(RowsDeadLettered),
    filtered = sum(RowsFiltered), dropped = sum(RowsDropped)`;
  // Written by the end of a run that had the time to count; however often it is tried, it is the same.
  let sum: Record<string, unknown> | undefined;
  for (let tries = 0; tries < 6 && !(Number(sum?.['stored']) > 0); tries += 1) {
    await sleep(2_000 * (tries + 1));
    await service.end('SIGTERM');
    await service.run();
    clients = azureClients(service);
    [sum] = await eventually(
      () => ask(sums),
      ([row]) => Number(row?.['stored']) > 0,
      5_000,
    );
  }
  assert.deepEqual(sum, {
    received: 64,
    batches: 9,
    repeated: 7,
    refused: 2,
    stored: 51,
    dead: 6,
    filtered: 0,
    dropped: 0,
  });
});

test('a daily quota is kept, across a kill, and can be raised', async () => {
  const { dcrImmutableId, streamName, resourceGroup } = service.bootstrap;
  const send = async (bytes: number): Promise<number> => {
    const answer = await raw(service, {
      method: 'POST',
      path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
      headers: { authorization: await bearer(service), 'content-type': 'application/json' },
      body: JSON.stringify([
        { TimeGenerated: new Date().toISOString(), RawData: 'x'.repeat(bytes) },
      ]),
    });
    if (answer.status === 429) assert.equal(answer.error?.code, 'DailyQuotaExceeded');
    return answer.status;
  };
  const quota = (dailyQuotaGb: number) =>
    clients.workspaces.workspaces.update(resourceGroup, 'default', {
      workspaceCapping: { dailyQuotaGb },
    });
  await quota(0.0001);
  assert.equal(await send(60_000), 204);
  assert.equal(await send(60_000), 429);
  assert.equal(await send(10_000), 204);
  await sleep(1_200);
  await service.end('SIGKILL');
  await service.run();
  clients = azureClients(service);
  await eventually(
    () => send(60_000),
    (status) => status === 429,
  );
  assert.equal(await send(60_000), 429, 'what was used before the kill is remembered');
  await quota(-1);
  assert.equal(await send(60_000), 204);
});
