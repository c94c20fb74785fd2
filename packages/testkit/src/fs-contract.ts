import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { FsError, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';

/** One file system to try, and an empty directory in it. */
export interface FsUnderTest {
  readonly fs: Fs;
  /** Absolute path of an empty directory. */
  readonly root: string;
  /** Called after the test. */
  dispose?(): Promise<void>;
}

/** What every {@link Fs} promises, short of power loss. Declares its tests when called. */
export function fsContract(name: string, make: () => Promise<FsUnderTest>): void {
  const check = (title: string, run: (on: FsUnderTest) => Promise<void>): void => {
    void test(title, async () => {
      const on = await make();
      try {
        await run(on);
      } finally {
        await on.dispose?.();
      }
    });
  };
  const failsAs = (code: string) => (error: unknown) =>
    error instanceof FsError && error.code === code;

  void describe(`Fs contract: ${name}`, () => {
    check('gives back what was written, at its positions', async ({ fs, root }) => {
      const file = await fs.open(`${root}/a`, 'create');
      await file.write(0, utf8('hello '), utf8(''), utf8('world'));
      await file.write(6, utf8('W'));
      await file.sync();
      assert.deepEqual(await file.read(0, 100), utf8('hello World'));
      assert.deepEqual(await file.read(6, 3), utf8('Wor'));
      assert.deepEqual(await file.read(11, 3), utf8(''));
      assert.equal(await file.size(), 11);
      await file.close();
      assert.deepEqual(await fs.readFile(`${root}/a`), utf8('hello World'));
    });

    check('fills a hole with zeros', async ({ fs, root }) => {
      const file = await fs.open(`${root}/a`, 'create');
      await file.write(4, utf8('x'));
      assert.deepEqual(await file.read(0, 9), new Uint8Array([0, 0, 0, 0, 120]));
      await file.close();
    });

    check('writes many parts as one run of bytes', async ({ fs, root }) => {
      const file = await fs.open(`${root}/a`, 'create');
      const parts = Array.from({ length: 3000 }, (_, index) => new Uint8Array(7).fill(index & 255));
      await file.write(3, ...parts);
      const bytes = await file.read(0, 30_000);
      assert.equal(bytes.length, 3 + 21_000);
      assert.ok(parts.every((part, index) => bytes[3 + index * 7 + 6] === part[0]));
      await file.close();
    });

    check('truncates shorter and longer', async ({ fs, root }) => {
      const file = await fs.open(`${root}/a`, 'create');
      await file.write(0, utf8('abcdef'));
      await file.truncate(2);
      await file.truncate(4);
      assert.deepEqual(await file.read(0, 9), new Uint8Array([97, 98, 0, 0]));
      await file.close();
    });

    check('makes a file only where none is', async ({ fs, root }) => {
      await (await fs.open(`${root}/a`, 'create')).close();
      await assert.rejects(fs.open(`${root}/a`, 'create'), failsAs('EEXIST'));
    });

    check('opens only what is there, and writes only where asked to', async ({ fs, root }) => {
      await assert.rejects(fs.open(`${root}/a`, 'read'), failsAs('ENOENT'));
      await assert.rejects(fs.open(`${root}/a`, 'write'), failsAs('ENOENT'));
      await assert.rejects(fs.open(`${root}/no/a`, 'create'), failsAs('ENOENT'));
      await assert.rejects(fs.readFile(`${root}/a`), failsAs('ENOENT'));
      await (await fs.open(`${root}/a`, 'create')).close();
      const file = await fs.open(`${root}/a`, 'read');
      await assert.rejects(file.write(0, utf8('x')), failsAs('EBADF'));
      await file.close();
    });

    check('makes directories with their parents, more than once', async ({ fs, root }) => {
      await fs.makeDirectory(`${root}/b/c`);
      await fs.makeDirectory(`${root}/b/c`);
      assert.deepEqual(await fs.list(`${root}/b`), ['c']);
      assert.equal((await fs.stat(`${root}/b/c`))?.kind, 'directory');
      await fs.syncDirectory(`${root}/b`);
    });

    check('lists names in order', async ({ fs, root }) => {
      for (const each of ['c', 'a', 'b'])
        await (await fs.open(`${root}/${each}`, 'create')).close();
      assert.deepEqual(await fs.list(root), ['a', 'b', 'c']);
      await assert.rejects(fs.list(`${root}/none`), failsAs('ENOENT'));
    });

    check('renames over what is there, keeping identity', async ({ fs, root }) => {
      const one = await fs.open(`${root}/one`, 'create');
      await one.write(0, utf8('1'));
      await (await fs.open(`${root}/two`, 'create')).close();
      const { identity } = (await fs.stat(`${root}/one`))!;
      await fs.rename(`${root}/one`, `${root}/two`);
      assert.deepEqual(await fs.list(root), ['two']);
      assert.equal((await fs.stat(`${root}/two`))?.identity, identity);
      await one.write(1, utf8('2'));
      await one.close();
      assert.deepEqual(await fs.readFile(`${root}/two`), utf8('12'));
      await assert.rejects(fs.rename(`${root}/one`, `${root}/x`), failsAs('ENOENT'));
    });

    check('lets an open file be read after its name is gone', async ({ fs, root }) => {
      const file = await fs.open(`${root}/a`, 'create');
      await file.write(0, utf8('still'));
      await fs.remove(`${root}/a`);
      assert.equal(await fs.stat(`${root}/a`), undefined);
      assert.deepEqual(await file.read(0, 5), utf8('still'));
      await file.close();
      await assert.rejects(fs.remove(`${root}/a`), failsAs('ENOENT'));
    });

    check('removes a tree, and one that is not there', async ({ fs, root }) => {
      await fs.makeDirectory(`${root}/t/u`);
      await (await fs.open(`${root}/t/u/f`, 'create')).close();
      await fs.removeTree(`${root}/t`);
      await fs.removeTree(`${root}/t`);
      assert.deepEqual(await fs.list(root), []);
    });

    check('knows nothing of what is not there', async ({ fs, root }) => {
      assert.equal(await fs.stat(`${root}/none`), undefined);
      await (await fs.open(`${root}/f`, 'create')).close();
      assert.equal(await fs.stat(`${root}/f/below`), undefined);
    });

    check('tells the free space', async ({ fs, root }) => {
      assert.ok((await fs.freeBytes(root)) > 0);
    });

    check('refuses a handle that was closed', async ({ fs, root }) => {
      const file = await fs.open(`${root}/a`, 'create');
      await file.close();
      await assert.rejects(file.read(0, 1), FsError);
    });
  });
}
