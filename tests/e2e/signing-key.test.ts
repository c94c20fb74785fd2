import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cli, cliJson, signInAdministrator } from '../support/cli.js';
import { eventually, Service } from '../support/service.js';

/** The key that signs checkpoints is replaced under a running agent, a client, and an auditor. */
let service: Service;
let ledger: string;
before(async () => {
  service = await Service.start({ agent: true });
  await signInAdministrator(service);
  const [region] = await readdir(join(service.data, 'regions'));
  const { workspaceId } = service.bootstrap;
  ledger = join(service.data, 'regions', region!, 'workspaces', workspaceId, 'ledger');
});
after(() => service?.remove());

interface ServiceKeys {
  readonly signing: {
    readonly publicKey: string;
    readonly earlierKeys: number;
    readonly ledgersUnderOldKeys: number;
    readonly nextRotation: string;
  };
}
const send = async (text: string): Promise<string> => {
  const sent = await cli(service, ['--data', service.data, '--json', 'send'], {
    input: `${JSON.stringify({ TimeGenerated: new Date().toISOString(), RawData: text })}\n`,
  });
  assert.equal(sent.code, 0, sent.notes);
  return sent.out;
};
const rotate = (): Promise<ServiceKeys> =>
  cliJson<ServiceKeys>(service, ['keys', 'rotate', '--what', 'signing']);
interface AgentStatus {
  readonly shipping: { readonly state: string; readonly reason: string };
  readonly checkpointSize: string | null;
  readonly startedAt: string;
}
const agent = async (): Promise<AgentStatus | undefined> => {
  const path = join(service.data, 'agent', 'status.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as AgentStatus);
};

test('the signing key is replaced; agents, clients and auditors follow from the key that they hold', async () => {
  await send('before');
  await eventually(
    () => cli(service, ['checkpoint']),
    ({ code }) => code === 0,
  );
  const kept = join(service.directory, 'kept');
  await cli(service, ['checkpoint', '-o', kept]);
  const first = await readFile(join(ledger, 'public-keys'), 'utf8');
  await writeFile(join(service.directory, 'first-key'), first);
  const known = await eventually(agent, (status) => Number(status?.checkpointSize ?? 0) > 0);

  for (const text of ['once', 'twice']) {
    const before = await cliJson<ServiceKeys>(service, ['keys', 'list']);
    const { signing } = await rotate();
    assert.notEqual(signing.publicKey, before.signing.publicKey);
    assert.deepEqual([signing.earlierKeys, signing.ledgersUnderOldKeys], [0, 0]);
    await send(text);
  }
  // The old private halves are gone, their public ones stay.
  const files = await readdir(join(service.data, 'keys'));
  assert.deepEqual(files.filter((name) => name.startsWith('ledger')).sort(), [
    'ledger-2.pub.pem',
    'ledger-3.key',
    'ledger-3.pub.pem',
    'ledger.pub.pem',
  ]);
  // The command line follows, and keeps the newest key.
  const seen = await eventually(
    () => cli(service, ['checkpoint', '--hand-overs', join(service.directory, 'hand-overs')]),
    ({ code }) => code === 0,
  );
  assert.equal(seen.code, 0, seen.notes);

  // A proof under the newest key, checked with the first one and what leads from it.
  await eventually(
    () => cli(service, ['proof', '--position', '3', '-o', join(service.directory, 'proof')]),
    ({ code }) => code === 0,
  );
  const key = ['--public-key', join(service.directory, 'first-key')];
  const proof = ['verify', '--proof', join(service.directory, 'proof'), ...key];
  const alone = await cli(service, proof);
  assert.equal(alone.code, 5, alone.out);
  const led = await cli(service, [...proof, '--hand-overs', join(service.directory, 'hand-overs')]);
  assert.equal(led.code, 0, led.out + led.notes);

  // The agent follows too: it takes a checkpoint by a key that it never got at enrolment.
  await service.end();
  await service.run();
  const followed = await eventually(
    agent,
    (status) =>
      status?.startedAt !== known?.startedAt &&
      Number(status?.checkpointSize) > Number(known?.checkpointSize),
  );
  assert.equal(followed?.shipping.state, 'sending', followed?.shipping.reason);

  // An auditor with the first key alone; and everything that was kept.
  await service.end();
  const verified = await cli(service, ['verify', ledger, ...key, '--since', kept]);
  assert.equal(verified.code, 0, verified.out);
  // Without the hand-overs the newest key is a stranger's.
  const handOvers = join(ledger, 'handovers');
  const text = await readFile(handOvers, 'utf8');
  await writeFile(handOvers, text.replace('strongroom-handover/v1', 'strongroom-handover/v2'));
  const forged = await cli(service, ['verify', ledger, ...key]);
  assert.equal(forged.code, 5, forged.out);
  assert.match(forged.out, /LEDGER_HANDOVER_WRONG/);
});
