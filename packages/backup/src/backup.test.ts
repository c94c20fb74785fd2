import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode, utf8 } from '@strongroom/base';
import { openLocalKeystore } from '@strongroom/keys';
import type { KeyProvider } from '@strongroom/keys';
import { FaultyFs, ManualClock, everyFailure, seededRandom } from '@strongroom/testkit';
import { limits } from './limits.js';
import { openRepository } from './repository.js';
import type { Repository } from './repository.js';
import {
  forgetSnapshots,
  listSnapshots,
  newest,
  readSnapshot,
  restoreSnapshot,
  takeSnapshot,
  verifyRepository,
} from './snapshot.js';
import type { SourceFile } from './snapshot.js';

const random = seededRandom('backup');
const clock = new ManualClock();

async function disk(): Promise<{ fs: FaultyFs; provider: KeyProvider }> {
  const fs = new FaultyFs();
  for (const path of ['/data', '/keys', '/backups']) await fs.makeDirectory(path);
  await fs.syncDirectory('/');
  const provider = await openLocalKeystore({ path: '/keys/root', fs, random, create: true });
  return { fs, provider };
}

async function write(fs: FaultyFs, path: string, content: Uint8Array): Promise<void> {
  if ((await fs.stat(path)) !== undefined) await fs.remove(path);
  const file = await fs.open(path, 'create');
  await file.write(0, content);
  await file.sync();
  await file.close();
}

const open = (fs: FaultyFs, provider: KeyProvider, create = true): Promise<Repository> =>
  openRepository({ directory: '/backups/here', fs, random, provider, create });

const take = (
  repository: Repository,
  fs: FaultyFs,
  files: readonly SourceFile[],
): ReturnType<typeof takeSnapshot> =>
  takeSnapshot({ repository, fs, clock, random, files, ledgers: [] });

const big = seededRandom('content').bytes(2 * limits.pieceBytes + 1000);

test('what was stored comes back, on another disk and from the root key alone', async () => {
  const { fs, provider } = await disk();
  await write(fs, '/data/big', big);
  await write(fs, '/data/empty', new Uint8Array());
  const repository = await open(fs, provider);
  const { id } = await take(repository, fs, [
    { path: 'a/big', from: '/data/big' },
    { path: 'a/b/empty', from: '/data/empty' },
    { path: 'cut', from: '/data/big', size: 5 },
    { path: 'given', from: utf8('bytes in memory') },
  ]);
  const again = await open(fs, provider, false);
  const snapshot = await readSnapshot(again, id);
  await restoreSnapshot({ repository: again, snapshot, fs, target: '/restored' });
  assert.deepEqual(await fs.readFile('/restored/a/big'), big);
  assert.equal((await fs.readFile('/restored/a/b/empty')).length, 0);
  assert.deepEqual(await fs.readFile('/restored/cut'), big.slice(0, 5));
  assert.deepEqual(await fs.readFile('/restored/given'), utf8('bytes in memory'));
  await assert.rejects(
    restoreSnapshot({ repository: again, snapshot, fs, target: '/restored' }),
    (error) => hasCode(error, 'BACKUP_TARGET_NOT_EMPTY'),
  );
});

test('no stored file holds plain content, and equal content is stored once', async () => {
  const { fs, provider } = await disk();
  const marker = utf8('a marker that nobody may read');
  await write(fs, '/data/one', marker);
  await write(fs, '/data/two', marker);
  const repository = await open(fs, provider);
  await take(repository, fs, [
    { path: 'one', from: '/data/one' },
    { path: 'two', from: '/data/two' },
  ]);
  const names: string[] = [];
  for (const group of await fs.list('/backups/here/pieces')) {
    for (const name of await fs.list(`/backups/here/pieces/${group}`)) {
      names.push(name);
      const bytes = await fs.readFile(`/backups/here/pieces/${group}/${name}`);
      assert.equal(Buffer.from(bytes).includes(Buffer.from(marker)), false);
      assert.equal(Buffer.from(bytes).includes('two'), false);
    }
  }
  assert.equal(names.length, 2, 'one piece of content, one of the list');
});

test('a second snapshot stores what changed, and forgetting one keeps the other', async () => {
  const { fs, provider } = await disk();
  await write(fs, '/data/same', big);
  await write(fs, '/data/log', utf8('one'));
  const repository = await open(fs, provider);
  const files = [
    { path: 'same', from: '/data/same' },
    { path: 'log', from: '/data/log' },
  ];
  const first = await take(repository, fs, files);
  assert.ok(first.progress.written > big.length);
  await write(fs, '/data/log', utf8('one and two'));
  await clock.advance(60_000);
  const second = await take(repository, fs, files);
  assert.ok(second.progress.written < 2000, `${second.progress.written} bytes`);
  assert.deepEqual(
    (await listSnapshots(repository)).map((each) => [each.id, each.files]),
    [
      [first.id, 2],
      [second.id, 2],
    ],
  );
  const swept = await forgetSnapshots(repository, [first.id]);
  assert.ok(swept.removed >= 2, 'the old log and the old list go');
  assert.deepEqual((await verifyRepository(repository)).problems, []);
  const snapshot = await newest(repository);
  assert.equal(snapshot?.id, second.id);
  await restoreSnapshot({ repository, snapshot: snapshot!, fs, target: '/after' });
  assert.deepEqual(await fs.readFile('/after/log'), utf8('one and two'));
  assert.deepEqual(await fs.readFile('/after/same'), big);
});

test('each changed byte of the repository is found, and nothing damaged is restored', async () => {
  const { fs, provider } = await disk();
  const repository = await open(fs, provider);
  const { id } = await take(repository, fs, [{ path: 'f', from: utf8('content of f') }]);
  const paths: string[] = [`/backups/here/snapshots/${id}`];
  for (const group of await fs.list('/backups/here/pieces')) {
    for (const name of await fs.list(`/backups/here/pieces/${group}`)) {
      paths.push(`/backups/here/pieces/${group}/${name}`);
    }
  }
  assert.equal(paths.length, 3);
  for (const path of paths) {
    const whole = await fs.readFile(path);
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      await write(fs, path, bytes);
      const { problems } = await verifyRepository(repository);
      assert.ok(problems.length > 0, `${path} byte ${at}`);
    }
    await write(fs, path, whole.slice(0, whole.length - 1));
    assert.ok((await verifyRepository(repository)).problems.length > 0);
    await fs.remove(path);
    const { problems } = await verifyRepository(repository);
    assert.equal(problems.length, path.includes('snapshots') ? 0 : 1);
    await write(fs, path, whole);
  }
  assert.deepEqual((await verifyRepository(repository)).problems, []);
});

test('another root key opens nothing', async () => {
  const { fs, provider } = await disk();
  await open(fs, provider);
  const other = await openLocalKeystore({ path: '/keys/other', fs, random, create: true });
  await assert.rejects(open(fs, other, false), (error) => hasCode(error, 'KEYS_UNKNOWN_KEY'));
  await fs.makeDirectory('/backups/none');
  await assert.rejects(
    openRepository({ directory: '/backups/none', fs, random, provider, create: false }),
    (error) => hasCode(error, 'BACKUP_NOT_FOUND'),
  );
});

test('a path that leaves its directory is refused', async () => {
  const { fs, provider } = await disk();
  const repository = await open(fs, provider);
  for (const path of ['../x', '/x', 'a/../../x', 'a//b', '', 'a\\b', './a', 'a\0']) {
    await assert.rejects(
      take(repository, fs, [{ path, from: utf8('x') }]),
      (error) => hasCode(error, 'BACKUP_BAD_PATH'),
      path,
    );
  }
});

test('whatever operation fails or is cut short, there is a whole snapshot or none', async () => {
  for (let nth = 1; ; nth += 1) {
    const { fs, provider } = await disk();
    const before = await take(await open(fs, provider), fs, [
      { path: 'log', from: utf8('before') },
    ]);
    fs.fail({ nth, code: 'EIO', effect: 'partial' });
    let failed = false;
    try {
      await take(await open(fs, provider), fs, [{ path: 'log', from: utf8(`row ${nth}`) }]);
    } catch {
      failed = true;
    }
    fs.powerCut({ seed: nth });
    const repository = await open(fs, provider, false);
    const ids = (await listSnapshots(repository)).map((each) => each.id);
    assert.ok(ids.includes(before.id));
    if (!failed) assert.equal(ids.length, 2, 'what was reported is there');
    assert.deepEqual((await verifyRepository(repository)).problems, []);
    await take(repository, fs, [{ path: 'log', from: utf8(`row ${nth}`) }]);
    assert.deepEqual((await verifyRepository(repository)).problems, []);
    if (!failed) {
      assert.ok(nth > 10, `${nth} operations`);
      return;
    }
  }
});

test('a snapshot that was reported is there and restores, whichever file operation fails', async (context) => {
  const tried = await everyFailure(async () => {
    const { fs, provider } = await disk();
    const reported = new Map<string, Uint8Array>();
    return {
      disk: fs,
      async live(life) {
        const content = utf8(`row of life ${life}\n`);
        await write(fs, '/data/log', content);
        const repository = await open(fs, provider);
        const { id } = await take(repository, fs, [{ path: 'log', from: '/data/log' }]);
        reported.set(id, content);
      },
      async check() {
        const repository = await open(fs, provider, false);
        assert.deepEqual((await verifyRepository(repository)).problems, []);
        const ids = (await listSnapshots(repository)).map((each) => each.id);
        for (const [id, content] of reported) {
          assert.ok(ids.includes(id), `${id} was reported`);
          const target = `/data/restored-${id}`;
          const snapshot = await readSnapshot(repository, id);
          await restoreSnapshot({ repository, snapshot, fs, target });
          assert.deepEqual(await fs.readFile(`${target}/log`), content);
        }
      },
    };
  });
  context.diagnostic(`${tried} failures`);
  assert.ok(tried > 100);
});
