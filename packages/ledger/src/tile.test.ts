import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { fullTiles, levelCount, partialWidth, tileHashes, tilePath } from './tile.js';

void describe('tile', () => {
  void test('has the path that c2sp.org/tlog-tiles gives it', () => {
    const cases: [number, bigint, number, string][] = [
      [0, 0n, 256, 'tile/0/000'],
      [0, 273n, 112, 'tile/0/273.p/112'],
      [1, 1n, 17, 'tile/1/001.p/17'],
      [0, 999n, 256, 'tile/0/999'],
      [0, 1000n, 256, 'tile/0/x001/000'],
      [3, 1234067n, 256, 'tile/3/x001/x234/067'],
      [0, 1234067n, 1, 'tile/0/x001/x234/067.p/1'],
    ];
    for (const [level, index, width, path] of cases) {
      assert.equal(tilePath({ level, index, width }), path);
    }
  });

  void test('divides a tree of 70,000 leaves as c2sp.org/tlog-tiles says', () => {
    assert.deepEqual(
      [0, 1, 2].map((level) => fullTiles(70_000n, level)),
      [273n, 1n, 0n],
    );
    assert.deepEqual(
      [0, 1, 2].map((level) => partialWidth(70_000n, level)),
      [112, 17, 1],
    );
    assert.equal(levelCount(70_000n), 3);
    assert.deepEqual([0n, 1n, 255n, 256n, 65_535n, 65_536n].map(levelCount), [0, 1, 1, 2, 2, 3]);
    assert.deepEqual(
      [0, 1].map((level) => partialWidth(256n, level)),
      [0, 1],
    );
  });

  void test('is exactly as many hashes as its width', () => {
    assert.equal(tileHashes(new Uint8Array(64), 2)?.length, 2);
    for (const size of [0, 63, 65, 96])
      assert.equal(tileHashes(new Uint8Array(size), 2), undefined);
  });
});
