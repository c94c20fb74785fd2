import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { chmod, mkdtemp, mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBase64, utf8 } from '@strongroom/base';
import { nodeFileSystem, systemRandom } from '@strongroom/platform';
import { FaultyFs, keyProviderContract, seededRandom } from '@strongroom/testkit';
import { limits } from './limits.js';
import {
  assertOutside,
  changeLocalKeystore,
  localWrappingId,
  openLocalKeystore,
  openSystemdCredential,
} from './local-keystore.js';

keyProviderContract('local key file', async () => {
  const fs = new FaultyFs();
  const random = seededRandom('keystore');
  const open = (path: string) => openLocalKeystore({ path, fs, random, create: true });
  return { open: () => open('/one/root.key'), openOther: () => open('/other/root.key') };
});

keyProviderContract('local key file, sealed by a passphrase', async () => {
  const fs = new FaultyFs();
  const random = seededRandom('sealed keystore');
  const passphrase = 'a passphrase of some length';
  const open = (path: string) => openLocalKeystore({ path, fs, random, create: true, passphrase });
  return { open: () => open('/one/root.key'), openOther: () => open('/other/root.key') };
});

/** Runs in a directory of the machine's own file system, which has modes and links. */
async function onDisk(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'strongroom-keys-'));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const options = { fs: nodeFileSystem, random: systemRandom };

void describe('local keystore', () => {
  void test('makes a file that only its owner may read, once', () =>
    onDisk(async (directory) => {
      const path = join(directory, 'deep', 'root.key');
      const provider = await openLocalKeystore({ ...options, path, create: true });
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.equal((await stat(join(directory, 'deep'))).mode & 0o777, 0o700);
      const again = await openLocalKeystore({ ...options, path, create: true });
      assert.equal(again.id, provider.id);
      assert.match(provider.id, /^local:[0-9a-f]{32}$/);
    }));

  void test('refuses a file that others may read or write', () =>
    onDisk(async (directory) => {
      const path = join(directory, 'root.key');
      await openLocalKeystore({ ...options, path, create: true });
      for (const mode of [0o640, 0o604, 0o620, 0o602, 0o601, 0o777]) {
        await chmod(path, mode);
        await assert.rejects(openLocalKeystore({ ...options, path, create: true }), {
          code: 'KEYS_UNSAFE_FILE',
        });
      }
      await chmod(path, 0o400);
      await openLocalKeystore({ ...options, path, create: false });
    }));

  void test('refuses a link and a directory in the place of the file', () =>
    onDisk(async (directory) => {
      const path = join(directory, 'root.key');
      await openLocalKeystore({ ...options, path, create: true });
      await symlink(path, join(directory, 'link.key'));
      await mkdir(join(directory, 'directory.key'), { mode: 0o700 });
      for (const name of ['link.key', 'directory.key']) {
        const opened = openLocalKeystore({ ...options, path: join(directory, name), create: true });
        await assert.rejects(opened, { code: 'KEYS_UNSAFE_FILE' });
      }
    }));

  void test('does not make a key where none was asked for', async () => {
    const fs = new FaultyFs();
    const opened = openLocalKeystore({ ...options, fs, path: '/root.key', create: false });
    await assert.rejects(opened, { code: 'KEYS_NOT_FOUND' });
    assert.deepEqual(fs.paths(), []);
  });

  const passphrase = 'correct horse battery staple';

  void test('is sealed by a passphrase, and opens with no other', async () => {
    const fs = new FaultyFs();
    const at = { ...options, fs, path: '/root.key', create: false };
    const plain = await openLocalKeystore({ ...at, create: true });
    const key = utf8('0123456789abcdef0123456789abcdef');
    const wrapped = await plain.wrap(key, 'c');
    const described = await changeLocalKeystore(at, { passphrase });
    assert.deepEqual(described, { ids: [plain.id.slice('local:'.length)], sealed: true });
    const file = await fs.readFile('/root.key');
    assert.match(
      Buffer.from(file).toString(),
      /^strongroom root key v2\nargon2id m=65536,t=3,p=4 /,
    );
    await assert.rejects(openLocalKeystore(at), { code: 'KEYS_PASSPHRASE' });
    for (const wrong of ['correct horse battery stable', 'short', 'x'.repeat(2000)]) {
      const opened = openLocalKeystore({ ...at, passphrase: wrong });
      await assert.rejects(opened, { code: 'KEYS_PASSPHRASE' });
    }
    const opened = await openLocalKeystore({ ...at, passphrase });
    assert.equal(opened.id, plain.id);
    assert.deepEqual(await opened.unwrap(wrapped, 'c'), key);
    await changeLocalKeystore({ ...at, passphrase }, { passphrase: null });
    assert.equal((await openLocalKeystore(at)).id, plain.id);
  });

  void test('rotates: older keys unwrap until they are dropped', async () => {
    const fs = new FaultyFs();
    const at = { ...options, fs, path: '/root.key', create: false };
    const first = await openLocalKeystore({ ...at, create: true });
    const key = utf8('0123456789abcdef0123456789abcdef');
    const wrapped = await first.wrap(key, 'c');
    const { ids } = await changeLocalKeystore(at, { rotate: true });
    assert.equal(ids.length, 2);
    const second = await openLocalKeystore(at);
    assert.equal(second.id, `local:${ids[0]}`);
    assert.notEqual(second.id, first.id);
    assert.equal(localWrappingId(wrapped), first.id);
    assert.deepEqual(await second.unwrap(wrapped, 'c'), key);
    const again = await second.wrap(key, 'c');
    await changeLocalKeystore(at, { keep: [] });
    const last = await openLocalKeystore(at);
    assert.equal(last.id, second.id);
    assert.deepEqual(await last.unwrap(again, 'c'), key);
    await assert.rejects(last.unwrap(wrapped, 'c'), { code: 'KEYS_UNKNOWN_KEY' });
  });

  void test('is the old file or the new one, wherever changing it fails', async () => {
    for (let nth = 1, failed = true; failed; nth += 1) {
      failed = false;
      for (const effect of ['lost', 'done'] as const) {
        const fs = new FaultyFs();
        const at = { fs, random: seededRandom(nth), path: '/home/root.key', create: false };
        const first = await openLocalKeystore({ ...at, create: true });
        const key = utf8('0123456789abcdef0123456789abcdef');
        const wrapped = await first.wrap(key, 'c');
        const before = fs.count();
        fs.fail({ code: 'EIO', effect, nth });
        await changeLocalKeystore(at, { rotate: true }).catch(() => (failed = true));
        assert.ok(fs.count() > before);
        fs.heal();
        fs.powerCut({ seed: nth });
        const after = await openLocalKeystore(at);
        assert.deepEqual(await after.unwrap(wrapped, 'c'), key, `operation ${nth}, ${effect}`);
      }
    }
  });

  void test('opens a systemd credential, and only a file directly in its directory', () =>
    onDisk(async (directory) => {
      const path = join(directory, 'root-key');
      const { id } = await openLocalKeystore({ ...options, path, create: true });
      await chmod(path, 0o400);
      const credential = { ...options, credentialsDirectory: directory };
      const provider = await openSystemdCredential({ ...credential, name: 'root-key' });
      assert.equal(provider.id, id);
      for (const name of ['', '.', '..', '../root-key', '/etc/passwd', 'a/b']) {
        const opened = openSystemdCredential({ ...credential, name });
        await assert.rejects(opened, { code: 'KEYS_BAD_NAME' });
      }
      const missing = openSystemdCredential({ ...credential, name: 'none' });
      await assert.rejects(missing, { code: 'KEYS_NOT_FOUND' });
    }));

  const id = '0'.repeat(32);
  const malformed: [string, string | Uint8Array][] = [
    ['nothing', ''],
    ['no text', new Uint8Array([0xff, 0xfe, 0xfd])],
    ['a key without a header', `${toBase64(new Uint8Array(32))}\n`],
    ['an unknown version', `strongroom root key v3\n${id}\n${toBase64(new Uint8Array(32))}\n`],
    ['an id of another key', `strongroom root key v1\n${id}\n${toBase64(new Uint8Array(32))}\n`],
    ['a short key', `strongroom root key v1\n${id}\n${toBase64(new Uint8Array(31))}\n`],
    ['base64 that is cut off', `strongroom root key v1\n${id}\nAAAA=\n`],
    ['no final newline', `strongroom root key v1\n${id}\n${toBase64(new Uint8Array(32))}`],
    ['carriage returns', `strongroom root key v1\r\n${id}\r\n${toBase64(new Uint8Array(32))}\r\n`],
    ['a seal of another kind', `strongroom root key v2\nscrypt n=1\n${id} AAAA\n`],
    [
      'costs beyond all memory',
      `strongroom root key v2\nargon2id m=9999999,t=3,p=4 ${'A'.repeat(22)}==\n${id} AAAA\n`,
    ],
    [
      'costs that are none',
      `strongroom root key v2\nargon2id m=8,t=1,p=1 ${'A'.repeat(22)}==\n${id} AAAA\n`,
    ],
    ['a seal and no key', `strongroom root key v2\nplain\n`],
    ['too much', 'x'.repeat(limits.keystoreBytesMax + 1)],
  ];
  for (const [what, content] of malformed) {
    void test(`refuses a file with ${what}, and leaves it as it is`, () =>
      onDisk(async (directory) => {
        const path = join(directory, 'root.key');
        const bytes = typeof content === 'string' ? utf8(content) : content;
        await writeFile(path, bytes, { mode: 0o600 });
        await assert.rejects(openLocalKeystore({ ...options, path, create: true }), {
          code: 'KEYS_MALFORMED',
        });
        assert.deepEqual(await nodeFileSystem.readFile(path), new Uint8Array(bytes));
      }));
  }

  void test('uses no key that a power cut may take away', async () => {
    let opened = 0;
    for (let nth = 1; opened === 0; nth += 1) {
      const fs = new FaultyFs();
      const open = (create: boolean) =>
        openLocalKeystore({ path: '/home/config/root.key', fs, random: seededRandom(nth), create });
      fs.fail({ code: 'EIO', effect: nth % 2 === 0 ? 'lost' : 'done', nth });
      try {
        await open(true);
        opened += fs.count() < nth ? 1 : 0;
      } catch {
        // The caller tries once more, in the same process.
      }
      fs.heal();
      const { id } = await open(true);
      fs.powerCut({ seed: nth });
      assert.equal((await open(false)).id, id, `operation ${nth}`);
    }
  });
});

void describe('the root key’s place', () => {
  void test('must not be in the data directory, by whatever way', () =>
    onDisk(async (directory) => {
      const data = join(directory, 'data');
      await mkdir(join(data, 'inner'), { recursive: true });
      await mkdir(join(directory, 'outside'));
      await symlink(data, join(directory, 'alias'));
      await symlink(join(data, 'inner'), join(directory, 'outside', 'into'));
      const inside = [
        data,
        join(data, 'root.key'),
        join(data, 'not', 'yet', 'there', 'root.key'),
        `${directory}/outside/../data/root.key`,
        `${data}/../data/./inner//root.key`,
        join(directory, 'alias', 'root.key'),
        join(directory, 'outside', 'into', 'root.key'),
      ];
      for (const path of inside) {
        assert.throws(() => assertOutside(data, path), { code: 'KEYS_INSIDE_DATA' }, path);
        const alias = join(directory, 'alias');
        assert.throws(() => assertOutside(alias, path), { code: 'KEYS_INSIDE_DATA' }, path);
      }
      const outside = [
        join(directory, 'root.key'),
        join(directory, 'data-keys', 'root.key'),
        join(data, '..', 'outside', 'root.key'),
        '/etc/strongroom/root.key',
      ];
      for (const path of outside) assertOutside(data, path);
      assert.throws(() => assertOutside('/', '/etc/root.key'), { code: 'KEYS_INSIDE_DATA' });
      // A data directory that is still to be made.
      const later = join(directory, 'later');
      assert.throws(() => assertOutside(later, join(later, 'k')), { code: 'KEYS_INSIDE_DATA' });
    }));
});
