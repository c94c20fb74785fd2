import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { azureClients, rowsOf } from '../support/clients.js';
import type { AzureClients } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

let service: Service;
let clients: AzureClients;
before(async () => {
  service = await Service.start({ agent: true });
  clients = azureClients(service);
});
after(() => service.remove());

const ask = (kql: string) => rowsOf(clients, service.bootstrap.workspaceId, kql);

test('the last line of the start is ready and the address', () => {
  const lines = service.output.trim().split('\n');
  const ready = lines.findLast((line) => line.startsWith('ready '));
  assert.equal(ready, `ready ${service.bootstrap.url}`);
  assert.ok(service.administrator.password.length >= 16);
});

test('bootstrap.json is for its owner alone and holds what a script needs', async () => {
  const path = join(service.data, 'bootstrap.json');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const text = await readFile(path, 'utf8');
  assert.deepEqual(Object.keys(JSON.parse(text) as object).sort(), [
    'caFile',
    'clientId',
    'clientSecret',
    'customTable',
    'dcrImmutableId',
    'enrollmentKey',
    'resourceGroup',
    'streamName',
    'subscriptionId',
    'tenantId',
    'url',
    'workspaceId',
    'workspaceName',
    'workspaceResourceId',
  ]);
  assert.ok(!text.includes(service.administrator.password));
});

for (const [table, filter] of [
  ['Heartbeat', `Computer =~ "${hostname()}"`],
  ['Perf', 'isnotnull(CounterValue)'],
  ['ConfigurationData', 'isnotempty(SoftwareName)'],
] as const) {
  test(`this machine's rows are in ${table}`, async () => {
    const rows = await eventually(
      () => ask(`${table} | where ${filter} | take 1`),
      (found) => found.length === 1,
    );
    assert.equal(rows.length, 1);
  });
}

test("this machine's text logs are in Syslog or the custom table", async () => {
  const rows = await eventually(
    () => ask('union Syslog, Text_CL | summarize n = count()'),
    ([row]) => Number(row?.['n'] ?? 0) > 0,
  );
  assert.ok(Number(rows[0]?.['n']) > 0);
});

test('SIGTERM ends it cleanly within five seconds, and it goes on where it was', async () => {
  const [before] = await ask('Heartbeat | summarize n = count(), first = min(TimeGenerated)');
  const { code, ms } = await service.end('SIGTERM');
  assert.equal(code, 0);
  assert.ok(ms < 5_000, `${ms} ms`);
  await service.run();
  clients = azureClients(service);
  const [again] = await ask('Heartbeat | summarize n = count(), first = min(TimeGenerated)');
  assert.ok(Number(again?.['n']) >= Number(before?.['n']));
  assert.deepEqual(again?.['first'], before?.['first']);
});
