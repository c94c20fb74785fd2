import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StrongroomError } from '@strongroom/base';
import { readSettings, settingsHelp } from './settings.js';
import type { Settings } from './settings.js';

const home = { HOME: '/home/u' };
function read(
  args: string[],
  environment: Record<string, string> = {},
  files: Record<string, string> = {},
): Settings {
  const settings = readSettings({
    args,
    environment: { ...home, ...environment },
    workingDirectory: '/w',
    readText: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error('ENOENT');
      return text;
    },
  });
  assert.notEqual(settings, 'help');
  return settings as Settings;
}

test('without anything set, the defaults hold', () => {
  const settings = read([]);
  assert.equal(settings.data, '/w/data');
  assert.equal(settings.port, 8443);
  assert.equal(settings.rootKey, '/home/u/.config/strongroom/root.key');
  assert.equal(settings.bootstrap, true);
});

test('a flag wins over the environment, the environment over the file', () => {
  const files = { '/w/s.yaml': 'port: 1\nregion: file\nhost: file.example\nbootstrap: false\n' };
  const environment = { STRONGROOM_REGION: 'env', STRONGROOM_HOST: 'env.example' };
  const settings = read(['--config', 's.yaml', '--host', 'flag.example'], environment, files);
  assert.deepEqual(
    [settings.port, settings.region, settings.host, settings.bootstrap],
    [1, 'env', 'flag.example', false],
  );
});

test('systemd names the place of the root key', () => {
  assert.equal(read([], { STATE_DIRECTORY: '/var/lib/x' }).rootKey, '/var/lib/x/root.key');
  assert.equal(read([], { STATE_DIRECTORY: '/a:/b' }).rootKey, '/a/root.key');
});

test('variables of the client and the agent are none of ours', () => {
  read([], { STRONGROOM_URL: 'https://x', STRONGROOM_CLIENT_SECRET: 's' });
});

for (const [why, args, environment, files, named] of [
  ['an unknown flag', ['--prot', '1'], {}, {}, '--prot'],
  ['an unknown variable', [], { STRONGROOM_PROT: '1' }, {}, 'STRONGROOM_PROT'],
  ['an unknown line', ['--config', 's.yaml'], {}, { '/w/s.yaml': 'prot: 1' }, 'prot'],
  ['a port beyond the range', ['--port', '65536'], {}, {}, '--port'],
  ['a port that is no number', [], { STRONGROOM_PORT: '8443x' }, {}, 'STRONGROOM_PORT'],
  ['a region with a slash', ['--region', '../x'], {}, {}, '--region'],
  ['an empty data directory', ['--data', ''], {}, {}, '--data'],
  ['a host with a path', ['--host', 'a/b'], {}, {}, '--host'],
  ['a bad name in a list', ['--names', 'ok.example,no/pe'], {}, {}, '--names'],
  ['a boolean that is neither', [], { STRONGROOM_BOOTSTRAP: 'maybe' }, {}, 'STRONGROOM_BOOTSTRAP'],
  ['a missing file', ['--config', 'none.yaml'], {}, {}, 'none.yaml'],
  ['a file that is a list', ['--config', 's.yaml'], {}, { '/w/s.yaml': '- a' }, 's.yaml'],
  ['a word too many', ['now'], {}, {}, 'now'],
] as const) {
  test(`refuses ${why} by its name`, () => {
    assert.throws(
      () => read([...args], environment as Record<string, string>, files as Record<string, string>),
      (error) =>
        error instanceof StrongroomError &&
        error.code === 'SETTINGS_INVALID' &&
        error.message.includes(named),
    );
  });
}

test('help names each setting in its three forms', () => {
  const help = settingsHelp(home);
  for (const form of ['--root-key FILE', 'STRONGROOM_ROOT_KEY', 'rootKey:', '--no-bootstrap']) {
    assert.ok(help.includes(form), form);
  }
});

test('an administrator is reset only where it was asked for', () => {
  assert.equal(read([]).resetAdministrator, false);
  assert.equal(read(['--reset-administrator']).resetAdministrator, true);
});
