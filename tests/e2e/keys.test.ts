import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import { assertNowhere, newMarker } from '../support/canary.js';
import { cliJson, signInAdministrator } from '../support/cli.js';
import { eventually, repository, Service } from '../support/service.js';

/** Rotation, and the root key's file, by the command line as a person has it. */
let service: Service;
const marker = newMarker();
/** For what many fsyncs go into: a busy machine takes its time. */
const patience = 120_000;
const execute = promisify(execFile);

before(async () => {
  service = await Service.start();
});
after(() => service?.remove());

const cli = async (...args: string[]): Promise<string> => {
  const main = join(repository, 'packages', 'cli', 'dist', 'main.js');
  const { stdout } = await execute(
    process.execPath,
    [main, '--data', service.data, '--json', ...args],
    { env: service.environment },
  );
  return stdout;
};

interface Status {
  readonly keys: readonly { kind: string; state: string; keyId: string; segments: number }[];
  readonly disk: { current: number; rotating: boolean; bytesUnderOldKeys: number; bytes: number };
}
const status = async (): Promise<Status> => {
  const answer = await raw(service, {
    method: 'GET',
    path: `/api/workspaces/${service.bootstrap.workspaceId}/keys`,
    headers: { authorization: await bearer(service) },
  });
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.text) as Status;
};

let sent = 0;
async function send(): Promise<void> {
  const { dcrImmutableId, streamName } = service.bootstrap;
  const answer = await raw(service, {
    method: 'POST',
    path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
    headers: { authorization: await bearer(service), 'content-type': 'application/json' },
    body: JSON.stringify([
      { TimeGenerated: new Date().toISOString(), RawData: `${marker} ${sent}`, Computer: 'c' },
    ]),
  });
  assert.equal(answer.status, 204, answer.text);
  sent += 1;
}

const stored = async (): Promise<number> => {
  const kql = `Text_CL | where RawData has "${marker}" | summarize n = dcount(RawData), m = count()`;
  const [row] = await rowsOf(azureClients(service), service.bootstrap.workspaceId, kql);
  assert.equal(row?.['n'], row?.['m'], 'nothing twice');
  return Number(row?.['n']);
};

test('keys rotate under load: nothing is refused, nothing lost, and the old disk key goes', async () => {
  for (let index = 0; index < 5; index += 1) await send();
  await eventually(stored, (n) => n === 5);
  const before = JSON.parse(await cli('keys', 'status')) as Status;
  assert.equal(before.disk.current, 1);
  await cli('keys', 'rotate');
  const load = (async () => {
    for (let index = 0; index < 10; index += 1) await send();
  })();
  const rotated = await eventually(
    status,
    ({ disk }) => disk.current === 2 && !disk.rotating,
    patience,
  );
  await load;
  assert.equal(rotated.disk.bytesUnderOldKeys, 0);
  assert.ok(rotated.disk.bytes > 0);
  const current = (of: Status): string | undefined =>
    of.keys.find(({ kind, state }) => kind === 'symmetric' && state === 'current')?.keyId;
  assert.notEqual(current(rotated), current(before));
  const keys = JSON.parse(
    await readFile(
      join(service.data, 'regions/local/workspaces', service.bootstrap.workspaceId, 'engine-keys'),
      'utf8',
    ),
  ) as { keys: object };
  assert.deepEqual(Object.keys(keys.keys), ['2'], 'the engine opens without the old key');
  assert.equal(await eventually(stored, (n) => n === sent, patience), sent);
  await assertNowhere(service, marker, 'after the rotation');
});

test('a rotation that is killed finishes by itself', async () => {
  await cli('keys', 'rotate', 'disk');
  await service.end('SIGKILL');
  await assertNowhere(service, marker, 'after kill -9 in a rotation');
  await service.run();
  await send();
  const rotated = await eventually(
    status,
    ({ disk }) => disk.current === 3 && !disk.rotating,
    patience,
  );
  assert.equal(rotated.disk.bytesUnderOldKeys, 0);
  assert.equal(await eventually(stored, (n) => n === sent, patience), sent);
});

test('the root key rotates: all is wrapped anew, and older root keys go when they are told to', async () => {
  const rootKey = join(service.directory, '.config', 'strongroom', 'root.key');
  const old = (await readFile(rootKey, 'utf8')).split('\n')[1]!;
  await signInAdministrator(service);
  interface Keys {
    readonly root: { readonly provider: string; readonly keys: readonly string[] };
    readonly files: readonly { readonly wrappedBy: string }[];
    readonly underOldRoot: number;
  }
  const rotated = await cliJson<Keys>(service, ['keys', 'root', 'rotate']);
  assert.equal(rotated.root.keys.length, 2);
  assert.equal(rotated.root.keys[1], old);
  assert.equal(rotated.root.provider, `local:${rotated.root.keys[0]}`);
  for (const { wrappedBy } of rotated.files) assert.equal(wrappedBy, rotated.root.provider);
  await service.end('SIGKILL');
  await service.run();
  await send();
  assert.equal(await eventually(stored, (n) => n === sent, patience), sent);
  // The service's own journal lies under the older key still, so it stays until that is gone.
  const pruned = await cliJson<Keys>(service, ['keys', 'root', 'prune', '--yes']);
  assert.equal(pruned.root.keys.length, pruned.underOldRoot > 0 ? 2 : 1);
});

test('the root key file is sealed by a passphrase, and the service starts with it alone', async () => {
  const passphrase = join(service.directory, 'passphrase');
  await writeFile(passphrase, 'correct horse battery staple\n', { mode: 0o600 });
  await service.end('SIGTERM');
  const rootKey = join(service.directory, '.config', 'strongroom', 'root.key');
  const plain = (await readFile(rootKey, 'utf8')).split('\n')[2]!.split(' ').at(-1)!;
  await cli('keys', 'seal', '--root-key', rootKey, '--passphrase-file', passphrase);
  assert.ok(!(await readFile(rootKey, 'utf8')).includes(plain));
  await assert.rejects(service.run(), /KEYS_PASSPHRASE/);
  await service.run(['--root-passphrase-file', passphrase]);
  assert.equal(await eventually(stored, (n) => n === sent, patience), sent);
  const described = JSON.parse(await cli('keys', 'inspect', '--root-key', rootKey)) as object;
  assert.deepEqual({ ...described, ids: 1 }, { path: rootKey, ids: 1, sealed: true });
  const main = join(repository, 'packages', 'cli', 'dist', 'main.js');
  const { stdout } = await execute(process.execPath, [main, '--json', 'audit', service.data], {
    env: { ...service.environment, STRONGROOM_ROOT_PASSPHRASE_FILE: passphrase },
  });
  assert.ok((JSON.parse(stdout) as object[]).length > 0, 'offline commands open it as well');
});
