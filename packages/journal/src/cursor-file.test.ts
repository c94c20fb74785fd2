import { test } from 'node:test';
import assert from 'node:assert/strict';
import { equalBytes, hasCode, utf8 } from '@strongroom/base';
import { FaultyFs, eachSeed, seededRandom, seedsFrom } from '@strongroom/testkit';
import { cursorValueBytesMax, openCursorFile, readCursorFile } from './index.js';

const path = '/cursor';

async function stored(fs: FaultyFs, ...values: string[]): Promise<void> {
  const cursor = await openCursorFile({ path, fs });
  for (const value of values) await cursor.store(utf8(value));
}

async function held(fs: FaultyFs): Promise<string | undefined> {
  const { value } = await openCursorFile({ path, fs });
  assert.deepEqual(value, await readCursorFile({ path, fs }));
  return value === undefined ? undefined : Buffer.from(value).toString();
}

void test('holds nothing at first, and then what was stored last', async () => {
  const fs = new FaultyFs();
  assert.equal(await held(fs), undefined);
  assert.deepEqual(fs.paths(), []);
  for (const value of ['a', '', 'a much longer value', 'b']) {
    await stored(fs, value);
    assert.equal(await held(fs), value);
  }
});

void test('stores in the order of the calls', async () => {
  const fs = new FaultyFs();
  const cursor = await openCursorFile({ path, fs });
  await Promise.all(['a', 'b', 'c'].map((value) => cursor.store(utf8(value))));
  assert.equal(await held(fs), 'c');
});

void test('takes the largest value and refuses one byte more', async () => {
  const fs = new FaultyFs();
  const cursor = await openCursorFile({ path, fs });
  const largest = new Uint8Array(cursorValueBytesMax).fill(7);
  for (let time = 0; time < 3; time += 1) await cursor.store(largest);
  assert.ok(equalBytes((await readCursorFile({ path, fs }))!, largest));
  await assert.rejects(cursor.store(new Uint8Array(cursorValueBytesMax + 1)), (error) =>
    hasCode(error, 'JOURNAL_CURSOR_TOO_LARGE'),
  );
});

void test('holds through any power cut the value stored, or the one being stored', async () => {
  await eachSeed(seedsFrom(process.env, 400), async (seed) => {
    const random = seededRandom(`cursor/${seed}`);
    const fs = new FaultyFs();
    let known: string | undefined;
    let tried: string | undefined;
    for (let cut = 0; cut < 3; cut += 1) {
      fs.fail({ code: 'EIO', effect: 'halt', nth: 1 + random.integer(40), times: Infinity });
      try {
        const cursor = await openCursorFile({ path, fs });
        // What opening shows is durable from then on.
        if (cursor.value !== undefined) known = Buffer.from(cursor.value).toString();
        for (let step = 0; step < 6; step += 1) {
          tried = `${cut}.${step}`.padEnd(1 + random.integer(2000), 'x');
          await cursor.store(utf8(tried));
          known = tried;
        }
      } catch (error) {
        assert.ok(hasCode(error, 'JOURNAL_IO'));
      }
      if (random.chance(0.4)) fs.crash();
      else fs.powerCut({ seed: `${seed}/${cut}` });
      const value = await held(fs);
      assert.ok(value === known || value === tried, `seed ${seed}: ${value} after ${known}`);
      known = value;
    }
  });
});

void test('keeps the last good value when any operation fails, and stores again', async () => {
  for (const effect of ['lost', 'done', 'partial', 'halt'] as const) {
    for (let nth = 1; nth <= 20; nth += 1) {
      const fs = new FaultyFs();
      const cursor = await openCursorFile({ path, fs });
      fs.fail({ code: 'ENOSPC', effect, nth });
      let known: string | undefined;
      for (const value of ['a', 'b', 'c', 'd']) {
        const refused = await cursor.store(utf8(value)).then(
          () => false,
          (error) => hasCode(error, 'JOURNAL_FULL'),
        );
        if (refused) {
          const snapshot = fs.snapshot();
          fs.powerCut({ seed: nth });
          const there = await held(fs);
          assert.ok(there === known || there === value, `${effect} at ${nth}`);
          fs.restore(snapshot);
          await cursor.store(utf8(value));
        }
        known = value;
      }
      fs.heal();
      fs.powerCut({ seed: nth });
      assert.equal(await held(fs), 'd');
    }
  }
});

void test('falls back to the older slot where the newer is damaged, and says so where both are', async () => {
  const fs = new FaultyFs();
  await stored(fs, 'first', 'second');
  const bytes = fs.peek(path);
  const second = 24 + 'second'.length + 32;
  for (let offset = 0; offset < second; offset += 1) {
    fs.overwrite(path, bytes);
    fs.corrupt(path, offset, 1 << (offset & 7));
    // The two bytes after the version are not used, but the checksum covers them.
    assert.equal(await held(fs), 'first', `offset ${offset}`);
  }
  fs.corrupt(path, 16 * 1024 + 30);
  await assert.rejects(openCursorFile({ path, fs }), (error) =>
    hasCode(error, 'JOURNAL_CURSOR_CORRUPT'),
  );
  for (const damaged of [new Uint8Array(0), new Uint8Array(40_000), utf8('STRGCURS')]) {
    fs.overwrite(path, damaged);
    await assert.rejects(readCursorFile({ path, fs }), (error) =>
      hasCode(error, 'JOURNAL_CURSOR_CORRUPT'),
    );
  }
});

void test('is not misled by a slot in the place of the other', async () => {
  const fs = new FaultyFs();
  await stored(fs, 'first', 'second', 'third');
  const bytes = fs.peek(path);
  const swapped = new Uint8Array(bytes.length);
  swapped.set(bytes.subarray(16 * 1024, 16 * 1024 + 100), 0);
  fs.overwrite(path, swapped);
  await assert.rejects(readCursorFile({ path, fs }), (error) =>
    hasCode(error, 'JOURNAL_CURSOR_CORRUPT'),
  );
});
