import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile, mkdir, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { StrongroomError } from '@strongroom/base';
import { nodeFileSystem, systemClock } from '@strongroom/platform';
import { findProfile, loginFile, removeLogin, storeLogin, withLoginLock } from './profile.js';

let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'strongroom-cli-'));
});
after(async () => {
  await rm(home, { recursive: true, force: true });
});

const bootstrap = (caFile: string): string =>
  JSON.stringify({
    url: 'https://localhost:8443',
    caFile,
    tenantId: 't',
    clientId: 'c',
    clientSecret: 's',
    subscriptionId: 'sub',
    resourceGroup: 'rg',
    workspaceId: 'w',
    dcrImmutableId: 'dcr-1',
    streamName: 'Custom-Text_CL',
  });

const sources = (environment: Record<string, string> = {}) => ({
  fs: nodeFileSystem,
  environment: { HOME: home, ...environment },
  workingDirectory: home,
});

test('without anything it says what can be done', async () => {
  await assert.rejects(
    findProfile(sources()),
    (error) =>
      error instanceof StrongroomError &&
      error.code === 'CLI_NOT_SIGNED_IN' &&
      (error.hint ?? '').includes('strongroom login'),
  );
});

test('finds the bootstrap.json of the data directory beside it', async () => {
  await mkdir(join(home, 'data'), { recursive: true });
  await writeFile(join(home, 'ca.pem'), 'PEM');
  await writeFile(join(home, 'data', 'bootstrap.json'), bootstrap(join(home, 'ca.pem')));
  const profile = await findProfile(sources());
  assert.equal(profile.workspace, 'w');
  assert.equal(profile.authorityPem, 'PEM');
});

test('a sign-in wins over the directory, --data over the sign-in, the environment over all', async () => {
  const path = await storeLogin(
    nodeFileSystem,
    { HOME: home },
    { url: 'https://signed-in', tenantId: 't', userName: 'u', refreshToken: 'r' },
  );
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await findProfile(sources())).url, 'https://signed-in');
  const named = await findProfile({ ...sources(), data: join(home, 'data') });
  assert.equal(named.url, 'https://localhost:8443');
  const environment = await findProfile(
    sources({
      STRONGROOM_URL: 'https://env',
      STRONGROOM_TENANT_ID: 't',
      STRONGROOM_CLIENT_ID: 'c',
      STRONGROOM_CLIENT_SECRET: 's',
    }),
  );
  assert.equal(environment.url, 'https://env');
  assert.equal(await removeLogin(nodeFileSystem, { HOME: home }), true);
  assert.equal(await removeLogin(nodeFileSystem, { HOME: home }), false);
});

test('only one command at a time renews a sign-in; a lock left behind is taken over', async () => {
  const ports = { fs: nodeFileSystem, clock: systemClock };
  let inside = 0;
  let most = 0;
  const renew = () =>
    withLoginLock(ports, { HOME: home }, async () => {
      inside += 1;
      most = Math.max(most, inside);
      await systemClock.sleep(20);
      inside -= 1;
    });
  await Promise.all([renew(), renew(), renew()]);
  assert.equal(most, 1);
  const lock = `${loginFile({ HOME: home })}.lock`;
  await writeFile(lock, '');
  await utimes(lock, 0, 0);
  await renew();
  await assert.rejects(stat(lock), 'the lock is gone');
});
