import assert from 'node:assert/strict';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cli, cliJson, signInAdministrator } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { eventually, Service } from '../support/service.js';

/** A restore to an earlier point, under a hold: who must agree, and who takes it then, once. */
let service: Service;
let repository: string;
before(async () => {
  repository = await mkdtemp(join(tmpdir(), 'strongroom-epoch-'));
  service = await Service.start({ flags: ['--backup', repository, '--backup-hours', '0'] });
  await signInAdministrator(service);
});
after(async () => {
  await service?.remove();
  await rm(repository, { recursive: true, force: true });
});

const send = async (): Promise<void> => {
  const sent = await cli(service, ['--data', service.data, 'send'], {
    input: `${JSON.stringify({ TimeGenerated: new Date().toISOString(), RawData: 'x' })}\n`,
  });
  assert.equal(sent.code, 0, sent.notes);
};
const at = (name: string): string => join(service.directory, name);
const checkpoint = (name: string): Promise<CliResult> =>
  cli(service, ['checkpoint', '-o', at(name)]);
const approve = (name: string): Promise<CliResult> =>
  cli(service, ['hold', 'approve-epoch', '--key', at(name)]);

test('a restore under a hold is taken by nobody before its approvers agree, and then once', async () => {
  const approvers: string[] = [];
  for (const name of ['ada', 'bo', 'stranger']) {
    const made = await cliJson<{ publicKey: string }>(service, ['hold', 'key', at(name)]);
    if (name !== 'stranger') approvers.push('--approver', `${name}=${made.publicKey}`);
  }
  const hold = ['hold', 'place', '--reason', 'case 17', '--needed', '2', ...approvers];
  assert.equal((await cli(service, hold)).code, 0);
  await send();
  await eventually(
    () => checkpoint('before'),
    ({ code }) => code === 0,
  );
  const taken = await cli(service, ['backup', 'take']);
  assert.equal(taken.code, 0, taken.notes);
  for (let sent = 0; sent < 3; sent += 1) await send();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  assert.equal((await checkpoint('kept')).code, 0);

  await service.end();
  await rename(service.data, `${service.data}.lost`);
  const restored = await cli(service, [
    'restore',
    repository,
    '--to',
    service.data,
    '--open-epoch',
    'the disk burned',
  ]);
  assert.equal(restored.code, 0, restored.notes);
  await service.run();
  await signInAdministrator(service);
  assert.equal((await checkpoint('now')).code, 5, 'the hold’s approvers were not asked');
  assert.notEqual((await approve('stranger')).code, 0);
  assert.equal((await approve('ada')).code, 0);
  assert.equal((await approve('ada')).code, 0, 'the same signature counts once');
  assert.equal((await checkpoint('now')).code, 5);
  const last = await approve('bo');
  assert.equal(last.code, 0, last.notes);
  assert.notEqual((await approve('bo')).code, 0, 'nothing waits any more');
  const taken1 = await checkpoint('now');
  assert.equal(taken1.code, 0, taken1.notes);
  assert.match(taken1.notes, /epoch 1\): the disk burned/);
  assert.equal((await checkpoint('later')).code, 0);

  // An auditor who kept a checkpoint of what was lost sees what became of it.
  await service.end();
  const [region] = await readdir(join(service.data, 'regions'));
  const { workspaceId } = service.bootstrap;
  const ledger = join(service.data, 'regions', region!, 'workspaces', workspaceId, 'ledger');
  for (let times = 0; times < 2; times += 1) {
    const verified = await cli(service, ['verify', ledger, '--since', at('kept')]);
    assert.equal(verified.code, 0, verified.out);
    assert.match(verified.out, /restored on purpose, epoch 1: the disk burned/);
  }
  const plain = await cli(service, ['verify', ledger, '--since', at('before')]);
  assert.equal(plain.code, 0, plain.out);
  assert.doesNotMatch(plain.out, /on purpose/);
});
