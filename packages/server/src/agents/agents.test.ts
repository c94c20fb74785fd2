import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { makeCsr } from '@strongroom/keys';
import { systemClock } from '@strongroom/platform';
import { ManualClock } from '@strongroom/testkit';
import { openControlPlane } from '../control-plane-fixture.test.js';
import type { ControlPlane } from '../control-plane-fixture.test.js';
import { agentLimits } from './limits.js';

const clock = new ManualClock(systemClock.now());
let plane: ControlPlane;
let file: Record<string, string>;
let bearer: Record<string, string>;

before(async () => {
  plane = await openControlPlane(clock);
  file = JSON.parse(await readFile((await plane.start()).file!, 'utf8'));
  const token = await plane.token({
    clientId: file['clientId']!,
    clientSecret: file['clientSecret']!,
  });
  bearer = { authorization: `Bearer ${token}` };
});
after(() => plane.close());

const newCsr = async (): Promise<string> => (await makeCsr({ commonName: 'whatever' })).csrPem;
const der = (pem: string): Uint8Array => new Uint8Array(new X509Certificate(pem).raw);
const enrol = async (enrollmentKey: string, change: object = {}, callerIp = '192.0.2.50') =>
  plane.call('POST', '/agents/v1/enroll', {
    body: { enrollmentKey, csr: await newCsr(), computer: 'host1', version: '1.0', ...change },
    callerIp,
  });
const keysPath = (): string => `/api/workspaces/${file['workspaceId']}/enrollmentKeys`;
const newKey = async (body: object = {}) => {
  const made = await plane.call('POST', keysPath(), { body, headers: bearer });
  assert.equal(made.status, 201, made.text);
  return made.json;
};

test('an agent enrols, reads its configuration, renews, and is out when revoked', async () => {
  const enrolled = await enrol(file['enrollmentKey']!);
  assert.equal(enrolled.status, 200, enrolled.text);
  const { agentId, certificate, workspaceId, agentEndpoint, configuration } = enrolled.json;
  assert.equal(workspaceId, file['workspaceId']);
  assert.equal(agentEndpoint, 'https://localhost:8443');
  assert.equal(configuration.textFiles[0].stream, 'Custom-Text_CL');
  const first = der(certificate);
  const principal = plane.agents.readPrincipal(first);
  assert.deepEqual(
    [principal.kind, principal.name, principal.workspaceId],
    ['Agent', agentId, workspaceId],
  );
  const read = await plane.agentCall(first, 'GET', '/agents/v1/configuration');
  assert.deepEqual(read.json, configuration);

  const renewed = await plane.agentCall(first, 'POST', '/agents/v1/renew', {
    body: { csr: await newCsr() },
  });
  assert.equal(renewed.status, 200, renewed.text);
  // The answer may be lost: until a new certificate was used, the old one counts and renews again.
  clock.jump(3 * agentLimits.previousCertificateMs);
  plane.agents.readPrincipal(first);
  const again = await plane.agentCall(first, 'POST', '/agents/v1/renew', {
    body: { csr: await newCsr() },
  });
  const second = der(again.json.certificate);
  assert.throws(() => plane.agents.readPrincipal(der(renewed.json.certificate)), { status: 403 });
  plane.agents.readPrincipal(second);
  plane.agents.readPrincipal(first);
  await plane.agents.flush();
  clock.jump(agentLimits.previousCertificateMs + 1);
  assert.throws(() => plane.agents.readPrincipal(first), { status: 403 }, 'replaced');
  plane.agents.readPrincipal(second);

  const list = await plane.call('GET', `/api/workspaces/${workspaceId}/agents`, {
    headers: bearer,
  });
  const shown = list.json.value.find((agent: { agentId: string }) => agent.agentId === agentId);
  assert.deepEqual([shown.computer, shown.state], ['host1', 'Active']);
  assert.ok(Date.parse(shown.lastHeartbeat) > 0);

  const told: string[] = [];
  plane.agents.onRevoked((id) => told.push(id));
  const revoke = `/api/workspaces/${workspaceId}/agents/${agentId}/revoke`;
  assert.equal((await plane.call('POST', revoke, { headers: bearer })).status, 204);
  assert.deepEqual(told, [agentId]);
  assert.throws(() => plane.agents.readPrincipal(second), { status: 403 });
  assert.equal(
    (await plane.agentCall(second, 'POST', '/agents/v1/renew', { body: { csr: await newCsr() } }))
      .status,
    403,
  );
});

test('a certificate of our authority that was never enrolled is no agent', async () => {
  const { csrPem } = await makeCsr({ commonName: 'x' });
  const [agent] = [...plane.catalog.snapshot.agents.values()];
  const { agentId } = await import('@strongroom/base');
  const stranger = await plane.authority.issueAgentCertificate({
    csrPem,
    agentId: agentId(crypto.randomUUID()),
    workspaceId: agent!.workspaceId,
    days: 1,
  });
  assert.throws(() => plane.agents.readPrincipal(der(stranger.certificatePem)), { status: 403 });
  const server = await plane.authority.issueServerCertificate({ names: ['localhost'], days: 1 });
  assert.throws(() => plane.agents.readPrincipal(der(server.certificatePem)), { status: 403 });
  assert.throws(() => plane.agents.readPrincipal(new Uint8Array(3)), { status: 403 });
});

test('an enrolment key ends by its uses, its time, revocation and regeneration', async () => {
  const twice = await newKey({ usesMax: 2, description: 'two machines' });
  assert.match(twice.key, /^srk_[\w-]{43}$/);
  assert.match(
    twice.command,
    /^npx strongroom agent enrol https:\/\/localhost:8443 --key srk_[\w-]+ --pin sha256\/[A-Za-z0-9+/=]+$/,
  );
  const [one, two, three] = await Promise.all([
    enrol(twice.key),
    enrol(twice.key),
    enrol(twice.key),
  ]);
  assert.deepEqual(
    [one.status, two.status, three.status].sort((a, b) => a - b),
    [200, 200, 403],
  );

  const short = await newKey({ expiresInHours: 1 });
  clock.jump(3_600_001);
  assert.equal((await enrol(short.key)).json.error.code, 'EnrollmentKeyInvalid');
  clock.jump(-3_600_001);

  const revoked = await newKey();
  assert.equal(
    (await plane.call('DELETE', `${keysPath()}/${revoked.keyId}`, { headers: bearer })).status,
    204,
  );
  assert.equal((await enrol(revoked.key)).status, 403);

  const old = await newKey();
  const fresh = await plane.call('POST', `${keysPath()}/${old.keyId}/regenerate`, {
    headers: bearer,
  });
  assert.equal((await enrol(old.key)).status, 403);
  assert.equal((await enrol(fresh.json.key)).status, 200);

  const list = await plane.call('GET', keysPath(), { headers: bearer });
  const states = new Map(
    list.json.value.map((key: { keyId: string; state: string }) => [key.keyId, key.state]),
  );
  assert.equal(states.get(twice.keyId), 'UsedUp');
  assert.equal(states.get(revoked.keyId), 'Revoked');
  for (const { key } of [twice, short, revoked, old]) {
    assert.ok(!list.text.includes(key), 'no key is listed');
    assert.ok(!JSON.stringify(plane.events).includes(key), 'no key is audited');
  }
});

test('bad enrolments are refused, and an address that guesses is slowed down', async () => {
  const bad: [object, number][] = [
    [{ csr: 'nonsense' }, 400],
    [{ csr: undefined }, 400],
    [{ computer: '' }, 400],
    [{ computer: 'x'.repeat(300) }, 400],
    [{ enrollmentKey: 5 }, 400],
    [{ csr: 'x'.repeat(20_000) }, 400],
  ];
  for (const [change, status] of bad) {
    const answer = await enrol(file['enrollmentKey']!, change);
    assert.equal(answer.status, status, JSON.stringify(change).slice(0, 60));
  }
  const ip = '203.0.113.77';
  for (let count = 0; count <= agentLimits.enrolFailuresFree; count += 1) {
    assert.equal((await enrol('srk_guess', {}, ip)).status, 403);
  }
  const throttled = await enrol(file['enrollmentKey']!, {}, ip);
  assert.equal(throttled.status, 429);
  assert.ok(throttled.headers['retry-after'] !== undefined);
});
