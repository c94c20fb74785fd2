import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { enrol, nodeSystem } from '@strongroom/agent';
import { makeCsr } from '@strongroom/keys';
import { nodeFileSystem, systemClock, systemRandom } from '@strongroom/platform';
import { raw } from '../support/clients.js';
import { cli, cliJson, signInAdministrator } from '../support/cli.js';
import { Service } from '../support/service.js';

/** The authority of certificates is replaced under agents and clients. */
let service: Service;
before(async () => {
  service = await Service.start();
  await signInAdministrator(service);
});
after(() => service?.remove());

interface RawAgent {
  readonly id: string;
  readonly cert: string;
  readonly key: string;
}
async function newAgent(): Promise<RawAgent> {
  const made = await cliJson<{ key: string }>(service, ['agent', 'key', 'create', '--uses', '1']);
  const { csrPem, privateKeyPem } = await makeCsr({ commonName: 'a' });
  const answer = await raw(service, {
    method: 'POST',
    path: '/agents/v1/enroll',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ enrollmentKey: made.key, csr: csrPem, computer: 'a', version: '1' }),
  });
  assert.equal(answer.status, 200, answer.text);
  const { agentId, certificate } = JSON.parse(answer.text) as Record<string, string>;
  return { id: agentId!, cert: certificate!, key: privateKeyPem };
}
const asks = async ({ cert, key }: RawAgent): Promise<number> =>
  (await raw(service, { method: 'GET', path: '/agents/v1/configuration', cert, key })).status;
async function renew(agent: RawAgent): Promise<RawAgent> {
  const { csrPem, privateKeyPem } = await makeCsr({ commonName: 'a' });
  const answer = await raw(service, {
    method: 'POST',
    path: '/agents/v1/renew',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ csr: csrPem }),
    cert: agent.cert,
    key: agent.key,
  });
  assert.equal(answer.status, 200, answer.text);
  const { certificate, authority } = JSON.parse(answer.text) as Record<string, string>;
  assert.equal(authority!.match(/BEGIN CERTIFICATE/g)?.length, 2, 'it learns both');
  return { id: agent.id, cert: certificate!, key: privateKeyPem };
}

interface ServiceKeys {
  readonly authority: {
    readonly fingerprint: string;
    readonly earlier?: { readonly fingerprint: string; readonly agents: number };
  };
}
const list = (): Promise<ServiceKeys> => cliJson<ServiceKeys>(service, ['keys', 'list']);

test('the authority is replaced: agents move at renewal, both count, then the old one is ended', async () => {
  const [moved, left, revoked] = [await newAgent(), await newAgent(), await newAgent()];
  const before = await list();
  const trusted = service.ca;
  const rotated = await cliJson<ServiceKeys>(service, ['keys', 'rotate', '--what', 'ca']);
  assert.notEqual(rotated.authority.fingerprint, before.authority.fingerprint);
  assert.equal(rotated.authority.earlier?.fingerprint, before.authority.fingerprint);
  assert.equal(rotated.authority.earlier?.agents, 3);
  // Once more is refused while two count.
  const again = await cli(service, ['keys', 'rotate', 'ca']);
  assert.notEqual(again.code, 0);
  assert.match(again.notes, /still counts/);

  // Whoever knows the old one alone is still served; old certificates count, also over a restart.
  assert.equal(service.ca, trusted);
  assert.equal(await asks(moved), 200);
  await service.end();
  await service.run();
  service.ca = trusted;
  assert.equal(await asks(left), 200);
  const fresh = await renew(moved);
  assert.equal(await asks(fresh), 200);
  assert.equal((await list()).authority.earlier?.agents, 2);
  // A new machine: the line pins what the server shows, the certificate is by the new key.
  const line = await cliJson<{ key: string; command: string }>(service, ['agent', 'key', 'create']);
  await enrol({
    fs: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    system: nodeSystem,
    server: service.bootstrap.url,
    enrollmentKey: line.key,
    pin: /--pin (\S+)/.exec(line.command)?.[1] ?? '',
    stateDirectory: join(service.directory, 'agent-state'),
    keyDirectory: join(service.directory, 'agent-key'),
  });
  assert.equal((await list()).authority.earlier?.agents, 2);
  // Revocation does not ask which key signed.
  assert.equal((await cli(service, ['agent', 'revoke', revoked.id])).code, 0);
  assert.equal(await asks(revoked), 403);

  const ended = await cliJson<ServiceKeys>(service, ['keys', 'ca', 'prune', '--yes']);
  assert.equal(ended.authority.earlier, undefined);
  // What trusts the old certificate alone is no longer served; the file has the new one.
  service.ca = trusted;
  await assert.rejects(asks(fresh), /certificate/);
  service.ca = await readFile(service.bootstrap.caFile, 'utf8');
  assert.equal(service.ca.match(/BEGIN CERTIFICATE/g)?.length, 1);
  assert.equal(await asks(fresh), 200);
  assert.equal(await asks(left), 401, 'a certificate by the old key is a stranger’s');
  await service.end();
  await service.run();
  service.ca = await readFile(service.bootstrap.caFile, 'utf8');
  assert.equal(await asks(fresh), 200);
  assert.equal(await asks(left), 401);
});
