import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startTestKeyVault } from '@strongroom/testkit';
import type { TestKeyVault } from '@strongroom/testkit';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import type { AzureClients, RawAnswer } from '../support/clients.js';
import { assertNowhere, newMarker } from '../support/canary.js';
import { eventually, Service } from '../support/service.js';

/** A workspace under a key of the customer's, in a vault of our own that speaks Key Vault's API. */
let vault: TestKeyVault;
let service: Service;
let clients: AzureClients;
let secrets: string;
const marker = newMarker();
/** For what many fsyncs go into: a busy machine takes its time. */
const patience = 120_000;
const group = (): string => service.bootstrap.resourceGroup;
const workspaceName = (): string => service.bootstrap.workspaceName;

before(async () => {
  vault = await startTestKeyVault();
  vault.createKey('cmk');
  vault.createKey('other');
  secrets = await mkdtemp(join(tmpdir(), 'strongroom-vault-'));
  await writeFile(join(secrets, 'secret'), vault.clientSecret, { mode: 0o600 });
  await writeFile(join(secrets, 'ca.pem'), vault.authorityPem);
  service = await Service.start({
    flags: [
      `--key-hosts=${new URL(vault.url).host}`,
      `--key-authority-file=${join(secrets, 'ca.pem')}`,
      `--key-vault-tenant=${vault.tenantId}`,
      `--key-vault-client-id=${vault.clientId}`,
      `--key-vault-secret-file=${join(secrets, 'secret')}`,
      `--key-vault-authority=${vault.url}`,
      '--key-vault-any-resource',
      '--key-check-seconds=1',
    ],
  });
  clients = azureClients(service);
});
after(async () => {
  await service?.remove();
  await vault?.close();
  await rm(secrets, { recursive: true, force: true });
});

const workspaceDirectory = (): string =>
  join(service.data, 'regions', 'local', 'workspaces', service.bootstrap.workspaceId);

const send = async (text: string, count = 1): Promise<RawAnswer> => {
  const { dcrImmutableId, streamName } = service.bootstrap;
  return raw(service, {
    method: 'POST',
    path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
    headers: { authorization: await bearer(service), 'content-type': 'application/json' },
    body: JSON.stringify(
      Array.from({ length: count }, (_, index) => ({
        TimeGenerated: new Date().toISOString(),
        Computer: 'c',
        FilePath: '/f',
        RawData: `${marker} ${text} ${index}`,
      })),
    ),
  });
};

const ask = async (query: string): Promise<RawAnswer> =>
  raw(service, {
    method: 'POST',
    path: `/v1/workspaces/${service.bootstrap.workspaceId}/query`,
    headers: { authorization: await bearer(service), 'content-type': 'application/json' },
    body: JSON.stringify({ query, timespan: 'P1D' }),
  });

const stored = async (): Promise<number> => {
  const kql = `Text_CL | where RawData has "${marker}" | summarize n = count()`;
  const [row] = await rowsOf(clients, service.bootstrap.workspaceId, kql);
  return Number(row?.['n']);
};

const api = async (method: string, path: string, body?: object): Promise<RawAnswer> =>
  raw(service, {
    method,
    path,
    headers: { authorization: await bearer(service), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

/** Engine processes of this service. */
const engines = (): number =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return Number(parent) === service.pid && line.includes('engine');
    } catch {
      return false;
    }
  }).length;

test('a workspace is linked to a key in a vault by Azure’s own client', async () => {
  assert.equal((await send('before')).status, 204);
  await eventually(stored, (n) => n === 1);
  const cluster = await clients.workspaces.clusters.createOrUpdate(group(), 'cmk-cluster', {
    location: 'local',
    sku: { name: 'CapacityReservation', capacity: 100 },
    keyVaultProperties: { keyVaultUri: vault.url, keyName: 'cmk', keyVersion: '' },
  });
  assert.equal(cluster.provisioningState, 'Succeeded');
  const linked = await clients.workspaces.linkedServices.createOrUpdate(
    group(),
    workspaceName(),
    'Cluster',
    { writeAccessResourceId: cluster.id! },
  );
  assert.equal(linked.writeAccessResourceId, cluster.id);
  const [associated] = (await clients.workspaces.clusters.get(group(), 'cmk-cluster'))
    .associatedWorkspaces!;
  assert.equal(associated?.workspaceId, service.bootstrap.workspaceId);
  assert.ok(vault.asked.includes('wrapkey cmk'));
  assert.equal((await send('linked')).status, 204);
  assert.equal(await eventually(stored, (n) => n === 2), 2);

  // The engine's files move to a fresh disk key by themselves; how far they are is shown.
  const status = async () => {
    const answer = await api('GET', `/api/workspaces/${service.bootstrap.workspaceId}/keys`);
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text) as {
      provider: string;
      managedBy: string;
      state: string;
      disk: { current: number; rotating: boolean; bytesUnderOldKeys: number };
    };
  };
  const rotated = await eventually(
    status,
    ({ disk }) => disk.current === 2 && !disk.rotating,
    patience,
  );
  assert.equal(rotated.managedBy, 'customer');
  assert.equal(rotated.provider, `azurekeyvault:${vault.url}/keys/cmk`);
  assert.equal(rotated.disk.bytesUnderOldKeys, 0);
  const kept = await readFile(join(workspaceDirectory(), 'workspace-key'));
  assert.ok(kept.includes('azurekeyvault:'));
  assert.ok(!kept.includes('local:'), 'no copy is left that the service could open alone');
  assert.equal(await stored(), 2);
  await assertNowhere(service, marker, 'after the link and its rotation');
});

test('a vault that is not allowed, and a key that is not there, change nothing', async () => {
  for (const [uri, keyName, code] of [
    ['https://elsewhere.example:8443', 'cmk', 'KeyVaultNotUsable'],
    [vault.url, 'none', 'KeyVaultAccessDenied'],
  ] as const) {
    const changed = clients.workspaces.clusters.update(group(), 'cmk-cluster', {
      keyVaultProperties: { keyVaultUri: uri, keyName, keyVersion: '' },
    });
    await assert.rejects(changed, { code });
  }
  assert.equal(await stored(), 2);
});

test('revoked: unreadable, no engine process; what comes is sealed and is there when the key returns', async () => {
  vault.set('cmk', 'disabled');
  const refused = await eventually(
    () => ask('Text_CL | count'),
    ({ status }) => status === 403,
  );
  assert.equal(refused.error?.code, 'CustomerManagedKeyUnavailable');
  await eventually(
    async () => engines(),
    (n) => n === 0,
  );
  assert.equal(engines(), 0);
  await assertNowhere(service, marker, 'after the revocation');
  const sealed = await send('sealed', 3);
  assert.equal(sealed.status, 204);
  assert.ok(sealed.headers['x-strongroom-receipt'] !== undefined, 'with a receipt');
  await assertNowhere(service, marker, 'after ingest while the key is away');
  // Nor does a start help: it opens sealed.
  await service.end('SIGKILL');
  await service.run();
  clients = azureClients(service);
  assert.equal((await send('sealed after a start', 2)).status, 204);
  assert.equal((await ask('Text_CL | count')).status, 403);
  await assertNowhere(service, marker, 'after a start while the key is away');

  vault.set('cmk', 'enabled');
  assert.equal(
    await eventually(
      () => stored().catch(() => 0),
      (n) => n === 7,
      patience,
    ),
    7,
  );
  await assertNowhere(service, marker, 'after the return');
  const [record] = await eventually(
    () =>
      rowsOf(
        clients,
        service.bootstrap.workspaceId,
        'LedgerRecords | where RecordType in ("keyRevoked", "keyRestored") | summarize n = count()',
      ),
    ([row]) => Number(row?.['n']) >= 2,
  );
  assert.ok(Number(record?.['n']) >= 2);
});

test('a vault that does not answer is no revocation: the service goes on', async () => {
  vault.set('cmk', 'down');
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  assert.equal(await stored(), 7);
  assert.equal((await send('while it is down')).status, 204);
  assert.equal(await eventually(stored, (n) => n === 8), 8);
  vault.set('cmk', 'enabled');
});

test('another version and another key take over', async () => {
  const version = vault.createKey('cmk');
  await clients.workspaces.clusters.update(group(), 'cmk-cluster', {
    keyVaultProperties: { keyVaultUri: vault.url, keyName: 'cmk', keyVersion: version },
  });
  await clients.workspaces.clusters.update(group(), 'cmk-cluster', {
    keyVaultProperties: { keyVaultUri: vault.url, keyName: 'other', keyVersion: '' },
  });
  vault.set('cmk', 'deleted');
  assert.equal((await send('under the other')).status, 204);
  assert.equal(await eventually(stored, (n) => n === 9), 9);
  await service.end('SIGTERM');
  await service.run();
  clients = azureClients(service);
  assert.equal(await eventually(stored, (n) => n === 9), 9);
});

test('destroyed: a signed certificate, and nothing to recover', async () => {
  const { workspaceId } = service.bootstrap;
  const path = `/api/workspaces/${workspaceId}/keys/destroy`;
  assert.equal((await api('POST', path, { confirm: 'another' })).status, 400);
  const destroyed = await api('POST', path, { confirm: workspaceName() });
  assert.equal(destroyed.status, 200, destroyed.text);
  const { certificate } = JSON.parse(destroyed.text) as { certificate: string };
  assert.match(certificate, /certificate of key destruction v1/);
  assert.match(certificate, new RegExp(`\n— strongroom/${workspaceId} `));
  assert.equal((await ask('Text_CL | count')).status, 403);
  await assertNowhere(service, marker, 'after the destruction');
  assert.ok(!(await readdir(workspaceDirectory())).includes('engine-keys'));
  const left = await readFile(join(workspaceDirectory(), 'workspace-key')).catch(() => '');
  assert.ok(left.length < 1_000, 'no wrapped key is in it');
  await service.end('SIGTERM');
  await service.run();
  clients = azureClients(service);
  assert.equal((await ask('Text_CL | count')).status, 403);
});
