import { test } from 'node:test';
import assert from 'node:assert/strict';
import { FsError, fromUtf8, utf8 } from '@strongroom/base';
import { FaultyFs, sectorSize } from './index.js';

const failsAs = (code: string) => (error: unknown) =>
  error instanceof FsError && error.code === code;

async function written(fs: FaultyFs, path: string, text: string): Promise<void> {
  const file = await fs.open(path, 'create');
  await file.write(0, utf8(text));
  await file.sync();
  await file.close();
}

const seeds = Array.from({ length: 60 }, (_, seed) => seed);

void test('keeps what was synced, file and name, through every power cut', async () => {
  for (const seed of seeds) {
    const fs = new FaultyFs();
    await written(fs, '/a', 'safe');
    await fs.syncDirectory('/');
    fs.powerCut({ seed });
    assert.deepEqual(fs.peek('/a'), utf8('safe'));
  }
});

void test('loses in some power cuts a name that was not synced, and keeps it in others', async () => {
  const outcomes = new Set<string>();
  for (const seed of seeds) {
    const fs = new FaultyFs();
    await written(fs, '/a', 'x');
    fs.powerCut({ seed });
    outcomes.add(fs.paths().join());
  }
  assert.deepEqual(outcomes, new Set(['', '/a']));
});

void test('renames wholly or not at all', async () => {
  const outcomes = new Set<string>();
  for (const seed of seeds) {
    const fs = new FaultyFs();
    await written(fs, '/a', 'old');
    await written(fs, '/b', 'new');
    await fs.syncDirectory('/');
    await fs.rename('/b', '/a');
    fs.powerCut({ seed });
    outcomes.add(
      fs
        .paths()
        .map((path) => `${path}=${fromUtf8(fs.peek(path))}`)
        .join(),
    );
  }
  assert.deepEqual(outcomes, new Set(['/a=old,/b=new', '/a=new']));
});

void test('tears unsynced writes at sectors', async () => {
  let torn = 0;
  for (const seed of seeds) {
    const fs = new FaultyFs();
    const file = await fs.open('/a', 'create');
    await file.write(0, new Uint8Array(sectorSize * 4).fill(1));
    await file.sync();
    await fs.syncDirectory('/');
    await file.write(100, new Uint8Array(sectorSize * 3).fill(2));
    fs.powerCut({ seed });
    const bytes = fs.peek('/a');
    assert.equal(bytes.length, sectorSize * 4);
    const kept = [0, 1, 2, 3].map((sector) => {
      const from = sector === 0 ? 100 : sector * sectorSize;
      const to = sector === 3 ? 100 + sectorSize * 3 : (sector + 1) * sectorSize;
      const values = new Set(bytes.subarray(from, to));
      assert.equal(values.size, 1, 'a sector is whole');
      return values.has(2);
    });
    if (new Set(kept).size === 2) torn += 1;
  }
  assert.ok(torn > 5);
});

void test('never makes durable what a failed sync dropped', async () => {
  for (const seed of seeds) {
    const fs = new FaultyFs();
    const file = await fs.open('/a', 'create');
    await file.write(0, utf8('first'));
    await file.sync();
    await fs.syncDirectory('/');
    await file.write(0, utf8('other'));
    fs.fail({ code: 'EIO', effect: 'lost', on: ['sync'] });
    await assert.rejects(file.sync(), failsAs('EIO'));
    assert.deepEqual(await file.read(0, 5), utf8('other'), 'readable from the cache');
    await file.sync();
    fs.powerCut({ seed });
    assert.deepEqual(fs.peek('/a'), utf8('first'));
  }
});

void test('fails the n-th matching operation, with and without its effect', async () => {
  const fs = new FaultyFs();
  const file = await fs.open('/a', 'create');
  fs.fail({ code: 'ENOSPC', effect: 'lost', on: ['write'], nth: 2 });
  await file.write(0, utf8('a'));
  await assert.rejects(file.write(1, utf8('b')), failsAs('ENOSPC'));
  fs.fail({ code: 'EIO', effect: 'done', path: /a$/ });
  await assert.rejects(file.write(1, utf8('c')), failsAs('EIO'));
  fs.fail({ code: 'ENOSPC', effect: 'partial' });
  await assert.rejects(file.write(2, utf8('defg')), failsAs('ENOSPC'));
  assert.deepEqual(await file.read(0, 9), utf8('acde'));
});

void test('has no more room than it was given, and gives back what is removed', async () => {
  const fs = new FaultyFs({ capacityBytes: 10 });
  await written(fs, '/a', '12345678');
  const file = await fs.open('/b', 'create');
  await assert.rejects(file.write(0, utf8('123')), failsAs('ENOSPC'));
  assert.equal(await fs.freeBytes('/'), 2);
  await fs.remove('/a');
  await file.write(0, utf8('123'));
  assert.equal(await fs.freeBytes('/'), 7);
});

void test('ends handles at a crash, and brings a snapshot back', async () => {
  const fs = new FaultyFs();
  await written(fs, '/a', 'one');
  const snapshot = fs.snapshot();
  const file = await fs.open('/a', 'write');
  await file.write(0, utf8('two'));
  fs.crash();
  await assert.rejects(file.read(0, 1), failsAs('EBADF'));
  assert.deepEqual(fs.peek('/a'), utf8('two'));
  fs.restore(snapshot);
  assert.deepEqual(fs.peek('/a'), utf8('one'));
  fs.corrupt('/a', 0, 0x20);
  assert.deepEqual(fs.peek('/a'), utf8('One'));
});
