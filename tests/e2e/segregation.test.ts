import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { enrol, nodeSystem } from '@strongroom/agent';
import { makeCsr } from '@strongroom/keys';
import { nodeFileSystem, systemClock, systemRandom } from '@strongroom/platform';
import { cli, cliJson, signInAdministrator } from '../support/cli.js';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import type { AzureClients } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

/**
 * Two workspaces, A (the default) and B, each with a principal of its own. Whatever B's principal
 * holds, sends or spells, nothing of A's comes through, and the other way round.
 */
const secret = 'onlyInWorkspaceA';
let service: Service;
let ofA: AzureClients;
let ofB: AzureClients;
let tokenOfB: string;
let workspaceB: { workspaceId: string; resourceId: string };
let applicationB: { id: string; clientId: string; clientSecret: string };

before(async () => {
  service = await Service.start();
  ofA = azureClients(service);
  await signInAdministrator(service);
  await cliJson(service, ['workspace', 'create', 'beta']);
  const list = await cliJson<{ name: string; workspaceId: string; resourceId: string }[]>(service, [
    'workspace',
    'list',
  ]);
  workspaceB = list.find(({ name }) => name === 'beta')!;
  applicationB = await cliJson(service, ['application', 'create', 'of-b']);
  await cliJson(service, ['-w', 'beta', 'role', 'assign', 'Owner', applicationB.id]);
  ofB = azureClients(service, { ...service.bootstrap, ...applicationB });
  tokenOfB = `Bearer ${(await ofB.credential.getToken('https://monitor.azure.com/.default')).token}`;
  await ofA.ingestion.upload(service.bootstrap.dcrImmutableId, service.bootstrap.streamName, [
    { TimeGenerated: new Date(), FilePath: '/a', RawData: secret },
  ]);
  const rows = await eventually(
    () => rowsOf(ofA, service.bootstrap.workspaceId, `Text_CL | where RawData has "${secret}"`),
    (found) => found.length === 1,
  );
  assert.equal(rows.length, 1);
});
after(() => service.remove());

test("B's principal works in B", async () => {
  const rows = await rowsOf(ofB, workspaceB.workspaceId, 'print x = 1');
  assert.deepEqual(rows, [{ x: 1 }]);
});

test("B's token asks nothing of A, however A is named or spelled", async () => {
  const { workspaceId, workspaceResourceId } = service.bootstrap;
  const own = `/v1/workspaces/${workspaceB.workspaceId}`;
  const targets = [
    `/v1/workspaces/${workspaceId}/query`,
    `/v1/workspaces/${workspaceId.toUpperCase()}/query`,
    `/V1/Workspaces/${workspaceId}/Query`,
    `/v1//workspaces//${workspaceId}/query`,
    `/workspaces/${workspaceId}/query`,
    `/v1${workspaceResourceId}/query`,
    `/v1/${workspaceResourceId}/query`,
    `/v1/${encodeURIComponent(workspaceResourceId)}/query`,
    `${own}%2F..%2F${workspaceId}/query`,
    `${own}/../${workspaceId}/query`,
    `/v1/workspaces/${workspaceB.workspaceId}%2f%2e%2e%2f${workspaceId}/query`,
  ];
  for (const path of targets) {
    const answer = await raw(service, {
      method: 'POST',
      path,
      headers: { authorization: tokenOfB, 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'Text_CL | take 10' }),
    });
    assert.ok([400, 403, 404].includes(answer.status), `${path}: ${answer.status} ${answer.text}`);
    assert.ok(!answer.text.includes(secret), path);
  }
});

test('a header or a body that names A changes nothing', async () => {
  const { workspaceId, workspaceName, workspaceResourceId } = service.bootstrap;
  for (const named of [workspaceId, workspaceName, workspaceResourceId]) {
    const answer = await raw(service, {
      method: 'POST',
      path: `/v1/workspaces/${workspaceB.workspaceId}/query`,
      headers: {
        authorization: tokenOfB,
        'content-type': 'application/json',
        'x-workspace-id': named,
        'x-ms-workspace': named,
      },
      body: JSON.stringify({ query: 'search *', workspaces: [named] }),
    });
    assert.ok(!answer.text.includes(secret), answer.text.slice(0, 300));
    assert.ok([400, 403, 404].includes(answer.status), `${answer.status}`);
  }
});

for (const query of [
  (name: string) => `workspace("${name}").Text_CL`,
  (name: string) => `union workspace("${name}").Text_CL, Heartbeat`,
  (name: string) => `Heartbeat | join (workspace("${name}").Text_CL) on TimeGenerated`,
  (name: string) => `let f = () { workspace("${name}").Text_CL }; f()`,
  (name: string) => `database("${name}").Text_CL`,
  (name: string) => `cluster("${name}").database("workspace").Text_CL`,
]) {
  test(`KQL in B reaches nothing of A: ${query('A')}`, async () => {
    const { workspaceId, workspaceName, workspaceResourceId } = service.bootstrap;
    for (const named of [workspaceId, workspaceName, workspaceResourceId]) {
      await assert.rejects(rowsOf(ofB, workspaceB.workspaceId, query(named)));
    }
  });
}

test('a search over all of B finds nothing of A', async () => {
  assert.deepEqual(await rowsOf(ofB, workspaceB.workspaceId, `search "${secret}"`), []);
});

test("B's principal sends nothing into A and administers nothing of A", async () => {
  const { dcrImmutableId, streamName, workspaceResourceId } = service.bootstrap;
  const sent = await raw(service, {
    method: 'POST',
    path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
    headers: { authorization: tokenOfB, 'content-type': 'application/json' },
    body: '[{"TimeGenerated":"2026-01-01T00:00:00Z"}]',
  });
  assert.equal(sent.status, 403);
  const token = await ofB.credential.getToken('https://management.azure.com/.default');
  for (const path of [
    workspaceResourceId,
    `${workspaceResourceId}/tables`,
    `${workspaceResourceId}/providers/Microsoft.Authorization/roleAssignments`,
    `/${encodeURIComponent(workspaceResourceId)}/providers/Microsoft.Authorization/roleAssignments`,
    workspaceResourceId.replace('/providers', '//providers').toUpperCase(),
  ]) {
    const answer = await raw(service, {
      method: 'GET',
      path: `${path}?api-version=2022-04-01`,
      headers: { authorization: `Bearer ${token.token}` },
    });
    assert.ok([400, 403, 404].includes(answer.status), `${path}: ${answer.status}`);
  }
  const deleted = await raw(service, {
    method: 'DELETE',
    path: `${workspaceResourceId}?api-version=2025-07-01&force=true`,
    headers: { authorization: `Bearer ${token.token}` },
  });
  assert.equal(deleted.status, 403);
  const agents = await raw(service, {
    method: 'GET',
    path: `/api/workspaces/${service.bootstrap.workspaceId}/agents`,
    headers: { authorization: `Bearer ${token.token}` },
  });
  assert.ok([401, 403, 404].includes(agents.status), String(agents.status));
});

test('a token for another audience is not taken', async () => {
  const answer = await raw(service, {
    method: 'POST',
    path: `/v1/workspaces/${workspaceB.workspaceId}/query`,
    headers: {
      authorization: `Bearer ${(await ofB.credential.getToken('https://management.azure.com/.default')).token}`,
      'content-type': 'application/json',
    },
    body: '{"query":"print 1"}',
  });
  assert.equal(answer.status, 403);
  assert.equal(answer.error?.code, 'InvalidAuthenticationTokenAudience');
});

test('an agent of B writes into B alone; its certificate opens nothing else; revoked, it is out', async () => {
  const key = await cliJson<{ key: string; command: string }>(service, [
    '-w',
    'beta',
    'agent',
    'key',
    'create',
    '--uses',
    '1',
  ]);
  const pin = /--pin (\S+)/.exec(key.command)?.[1] ?? '';
  const { csrPem, privateKeyPem } = await makeCsr({ commonName: 'whatever' });
  const enrolment = (enrollmentKey: string) =>
    raw(service, {
      method: 'POST',
      path: '/agents/v1/enroll',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        enrollmentKey,
        csr: csrPem,
        computer: 'b-machine',
        version: '1',
        workspaceId: service.bootstrap.workspaceId,
      }),
    });
  assert.equal((await enrolment('srk_guess')).status, 403);
  const enrolled = await enrolment(key.key);
  assert.equal(enrolled.status, 200, enrolled.text);
  assert.equal((await enrolment(key.key)).status, 403, 'the key had one use');
  const {
    certificate: cert,
    agentId,
    workspaceId,
  } = JSON.parse(enrolled.text) as Record<string, string>;
  assert.equal(workspaceId, workspaceB.workspaceId);
  const asAgent = (method: string, path: string, body?: string) =>
    raw(service, {
      method,
      path,
      headers: {
        'content-type': 'application/x-ndjson',
        'x-ms-client-request-id': systemRandom.uuid(),
        'x-workspace-id': service.bootstrap.workspaceId,
      },
      cert: cert!,
      key: privateKeyPem,
      ...(body === undefined ? {} : { body }),
    });
  const time = new Date().toISOString();
  const beat = `{"TimeGenerated":"${time}","Computer":"b-machine","TenantId":"${service.bootstrap.workspaceId}"}\n`;
  assert.equal((await asAgent('POST', '/agents/v1/streams/Microsoft-Heartbeat', beat)).status, 204);
  const inB = await eventually(
    () => rowsOf(ofB, workspaceB.workspaceId, 'Heartbeat | project Computer, TenantId'),
    (rows) => rows.length === 1,
  );
  assert.deepEqual(inB, [{ Computer: 'b-machine', TenantId: workspaceB.workspaceId }]);
  const inA = await rowsOf(ofA, service.bootstrap.workspaceId, 'search "b-machine"');
  assert.deepEqual(inA, []);
  for (const [method, path] of [
    ['POST', `/v1/workspaces/${workspaceB.workspaceId}/query`],
    ['GET', '/api/workspaces'],
    ['GET', workspaceB.resourceId],
  ] as const) {
    assert.equal(
      (
        await asAgent(
          method,
          `${path}?api-version=2025-07-01`,
          method === 'POST' ? '{"query":"print 1"}' : undefined,
        )
      ).status,
      401,
      path,
    );
  }
  assert.equal(
    (await raw(service, { method: 'GET', path: '/agents/v1/configuration' })).status,
    401,
  );
  const stranger = await raw(service, {
    method: 'GET',
    path: '/agents/v1/configuration',
    headers: { authorization: await bearer(service) },
  });
  assert.equal(stranger.status, 401, 'a token is no certificate');
  const revoked = await cli(service, ['-w', 'beta', 'agent', 'revoke', agentId!]);
  assert.equal(revoked.code, 0, revoked.notes);
  assert.equal((await asAgent('POST', '/agents/v1/streams/Microsoft-Heartbeat', beat)).status, 403);
  assert.ok(pin.startsWith('sha256/'));
  await assert.rejects(
    enrol({
      fs: nodeFileSystem,
      clock: systemClock,
      random: systemRandom,
      system: nodeSystem,
      server: service.bootstrap.url,
      enrollmentKey: service.bootstrap.enrollmentKey,
      pin: `sha256/${Buffer.alloc(32).toString('base64')}`,
      stateDirectory: join(service.directory, 'wrong-pin'),
      keyDirectory: join(service.directory, 'wrong-pin-key'),
    }),
    'a server with another authority is not talked to',
  );
});

test('a removed role and a deleted application end at once', async () => {
  await cliJson(service, ['-w', 'beta', 'role', 'remove', 'Owner', applicationB.id]);
  await assert.rejects(rowsOf(ofB, workspaceB.workspaceId, 'print 1'), { statusCode: 403 });
  await cliJson(service, ['application', 'delete', applicationB.id]);
  await assert.rejects(
    rowsOf(ofB, workspaceB.workspaceId, 'print 1'),
    (error: { statusCode?: number }) => [401, 403].includes(error.statusCode ?? 0),
  );
});

test('the bootstrap application may do what it is for, and nothing else', async () => {
  const authorization = await bearer(service);
  for (const [method, path] of [
    ['GET', '/api/users'],
    ['POST', '/api/users'],
    ['GET', '/api/applications'],
    ['POST', `/v1/workspaces/${workspaceB.workspaceId}/query`],
  ] as const) {
    const answer = await raw(service, {
      method,
      path,
      headers: { authorization, 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: '{"query":"print 1","userName":"x"}' } : {}),
    });
    assert.ok([401, 403].includes(answer.status), `${method} ${path}: ${answer.status}`);
  }
});

test('no engine can be spoken to: there is no socket on any path and no port but ours', async () => {
  const sockets: string[] = [];
  const look = async (directory: string): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      const path = join(directory, entry.name);
      if (entry.isSocket() || entry.isFIFO()) sockets.push(path);
      else if (entry.isDirectory()) await look(path);
    }
  };
  await look(service.directory);
  assert.deepEqual(sockets, []);
  const children = (await readdir('/proc'))
    .filter((name) => /^\d+$/.test(name))
    .map(async (pid) => {
      const [status, arguments_, environment] = await Promise.all(
        ['status', 'cmdline', 'environ'].map((file) =>
          readFile(join('/proc', pid, file), 'utf8').catch(() => ''),
        ),
      );
      return { pid, parent: /^PPid:\s+(\d+)/m.exec(status ?? '')?.[1], arguments_, environment };
    });
  const engines = (await Promise.all(children)).filter(
    ({ parent }) => parent === String(service.pid),
  );
  assert.ok(engines.length > 0, 'an engine runs');
  const inodes = new Set(
    (await Promise.all(['tcp', 'tcp6'].map((file) => readFile(`/proc/net/${file}`, 'utf8'))))
      .flatMap((text) => text.split('\n').slice(1))
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A')
      .map((fields) => `socket:[${fields[9]}]`),
  );
  for (const { pid, arguments_, environment } of engines) {
    const { readlink } = await import('node:fs/promises');
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      assert.ok(!inodes.has(target), `an engine listens (${target})`);
    }
    assert.ok(!/key|secret/i.test(arguments_ ?? ''), 'no key on a command line');
    assert.ok(!/STRONGROOM|KEY|SECRET/.test(environment ?? ''), 'no key in an initial environment');
  }
});
