import { test } from 'node:test';
import assert from 'node:assert/strict';
import { equalBytes, hasCode, journalSequence } from '@strongroom/base';
import { ManualClock, testSegmentKeys } from '@strongroom/testkit';
import {
  assertSame,
  directory,
  emptyDisk,
  entries,
  filled,
  journalId,
  journalOn,
  record,
} from './fixture.test.js';
import { commitmentOf, openJournal, readCursorFile } from './index.js';
import type { JournalErrorCode } from './index.js';

const failsAs = (code: JournalErrorCode) => (error: unknown) => hasCode(error, code);
const at = (sequence: number) => journalSequence(BigInt(sequence));

void test('gives back what was appended, in order, also after it was opened again', async () => {
  const options = journalOn(await emptyDisk());
  const { journal, acknowledged } = await filled(
    options,
    ['a', 'b', 'c'].map((name) => record(name)),
  );
  const check = async (on: typeof journal): Promise<void> => {
    const all = await entries(on);
    assert.equal(all.length, 3);
    acknowledged.forEach((each, index) => assertSame(all[index], each));
    assert.equal(on.next, 3n);
    assert.equal(on.first, 0n);
  };
  await check(journal);
  await journal.close();
  const again = await openJournal(options);
  await check(again);
  assert.equal((await again.append(record('d'))).sequence, 3n);
  await again.close();
});

void test('takes empty metadata and an empty payload', async () => {
  const options = journalOn(await emptyDisk());
  const empty = new Uint8Array(0);
  const { journal, acknowledged } = await filled(options, [{ metadata: empty, payload: empty }]);
  assertSame((await entries(journal))[0], acknowledged[0]!);
  await journal.close();
});

void test('syncs once for all that waits, and resolves in order', async () => {
  const fs = await emptyDisk();
  const { journal } = await filled(journalOn(fs), [record('first')]);
  const before = fs.count('sync');
  const order: bigint[] = [];
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      order.push((await journal.append(record(`r${index}`, 2000))).sequence);
    }),
  );
  assert.equal(fs.count('sync') - before, 1);
  assert.deepEqual(
    order,
    Array.from({ length: 50 }, (_, index) => BigInt(index + 1)),
  );
  await journal.close();
});

void test('splits what waits at the limits of a group', async () => {
  const fs = await emptyDisk();
  const bySize = await openJournal(journalOn(fs, { limits: { groupBytesMax: 3000 } }));
  await bySize.append(record('first'));
  let before = fs.count('sync');
  await Promise.all([1, 2, 3, 4].map(() => bySize.append(record('x', 1300))));
  assert.equal(fs.count('sync') - before, 2);
  before = fs.count('sync');
  await bySize.append(record('larger than a group', 9000));
  assert.equal(fs.count('sync') - before, 1);
  await bySize.close();
  const byCount = await openJournal(
    journalOn(await emptyDisk(), { limits: { groupEntriesMax: 1 } }),
  );
  await Promise.all([1, 2, 3].map(() => byCount.append(record('x'))));
  assert.equal((await entries(byCount)).length, 3);
  await byCount.close();
});

void test('never lets time go back, whatever the clock does', async () => {
  const clock = new ManualClock(1_000_000);
  const options = journalOn(await emptyDisk(), { clock });
  const journal = await openJournal(options);
  const times: number[] = [];
  for (const jump of [0, 5000, -9000, 100]) {
    clock.jump(jump);
    times.push((await journal.append(record('x'))).time);
  }
  await journal.close();
  clock.jump(-500_000);
  const again = await openJournal(options);
  times.push((await again.append(record('x'))).time);
  assert.deepEqual(times, [1_000_000, 1_005_000, 1_005_000, 1_005_000, 1_005_000]);
  await again.close();
});

void test('commits to an entry as the format says', async () => {
  const { journal, acknowledged } = await filled(journalOn(await emptyDisk()), [record('a')]);
  const [entry] = await entries(journal);
  assert.ok(
    equalBytes(commitmentOf({ journalId, ...entry! }), acknowledged[0]!.appended.commitment),
  );
  await journal.close();
});

void test('salts: equal records have unlike commitments', async () => {
  const { journal, acknowledged } = await filled(journalOn(await emptyDisk()), [
    record('same'),
    record('same'),
  ]);
  const [a, b] = acknowledged.map(({ appended }) => appended.commitment);
  assert.ok(!equalBytes(a!, b!));
  await journal.close();
});

void test('leaves nothing of a record readable on the disk', async () => {
  const fs = await emptyDisk();
  const { journal } = await filled(journalOn(fs), [record('CANARY', 5000)]);
  await journal.close();
  for (const path of fs.paths()) {
    assert.ok(!Buffer.from(fs.peek(path)).includes('CANARY'), path);
    assert.ok(!Buffer.from(fs.peek(path)).includes('metadata'), path);
  }
});

void test('refuses an entry beyond its limit and takes one at it', async () => {
  const options = journalOn(await emptyDisk(), { limits: { entryBytesMax: 100 } });
  const journal = await openJournal(options);
  const metadata = new Uint8Array(40);
  await journal.append({ metadata, payload: new Uint8Array(60) });
  await assert.rejects(
    journal.append({ metadata, payload: new Uint8Array(61) }),
    failsAs('JOURNAL_ENTRY_TOO_LARGE'),
  );
  await journal.close();
});

void test('refuses what the queue does not hold and takes it once there is room', async () => {
  const options = journalOn(await emptyDisk(), { limits: { queueBytesMax: 100 } });
  const journal = await openJournal(options);
  const put = { metadata: new Uint8Array(10), payload: new Uint8Array(40) };
  const two = [journal.append(put), journal.append(put)];
  await assert.rejects(journal.append(put), failsAs('JOURNAL_OVERLOADED'));
  await Promise.all(two);
  assert.equal((await journal.append(put)).sequence, 2n);
  assert.equal(journal.status.queueBytes, 0);
  await journal.close();
});

void test('refuses options out of range', async () => {
  const fs = await emptyDisk();
  for (const changes of [
    { journalId: '' },
    { journalId: 'x'.repeat(257) },
    { limits: { segmentBytesMax: 0 } },
    { limits: { groupBytesMax: 1.5 } },
  ]) {
    await assert.rejects(openJournal(journalOn(fs, changes)), failsAs('JOURNAL_BAD_OPTION'));
  }
});

void test('rolls when asked: what follows is under another key', async () => {
  const options = journalOn(await emptyDisk());
  const { journal } = await filled(options, [record('a')]);
  assert.equal(journal.wrappedKeys().length, 1);
  journal.roll();
  assert.equal(journal.wrappedKeys().length, 1);
  await journal.append(record('b'));
  await journal.append(record('c'));
  const [first, second, ...more] = journal.wrappedKeys();
  assert.notDeepEqual(first, second);
  assert.deepEqual(more, []);
  assert.equal((await entries(journal)).length, 3);
  await journal.close();
});

void test('rolls to a new segment by size and by age, and reads across', async () => {
  const clock = new ManualClock();
  const limits = { segmentBytesMax: 8192, segmentAgeMsMax: 1000 };
  const options = journalOn(await emptyDisk(), { clock, limits });
  const { journal, acknowledged } = await filled(
    options,
    Array.from({ length: 12 }, (_, index) => record(`r${index}`, 1500)),
  );
  const bySize = journal.status.segments;
  assert.ok(bySize >= 4, `${bySize} segments`);
  await clock.advance(1000);
  await journal.append(record('later'));
  assert.equal(journal.status.segments, bySize + 1);
  for (const from of [0, 1, 5, 11]) {
    const all = await entries(journal, at(from));
    acknowledged.slice(from).forEach((each, index) => assertSame(all[index], each));
  }
  await journal.close();
  const again = await openJournal(options);
  assert.equal((await entries(again)).length, 13);
  await again.close();
});

void test('reads up to what was durable when asked, and stops at maxBytes', async () => {
  const { journal } = await filled(
    journalOn(await emptyDisk()),
    ['a', 'b', 'c', 'd'].map((name) => record(name, 1000)),
  );
  const seen: bigint[] = [];
  for await (const { sequence } of journal.read(at(1))) {
    seen.push(sequence);
    if (sequence === 2n) await journal.append(record('e'));
  }
  assert.deepEqual(seen, [1n, 2n, 3n]);
  const some: bigint[] = [];
  for await (const { sequence } of journal.read(at(0), { maxBytes: 1500 })) some.push(sequence);
  assert.deepEqual(some, [0n, 1n]);
  assert.deepEqual(await entries(journal, journal.next), []);
  await assert.rejects(entries(journal, at(99)), failsAs('JOURNAL_BEYOND_END'));
  await journal.close();
});

void test('reads commitments without a key', async () => {
  const options = journalOn(await emptyDisk());
  const { journal, acknowledged } = await filled(
    options,
    ['a', 'b', 'c'].map((name) => record(name)),
  );
  await journal.close();
  const keyless = await openJournal({
    ...options,
    keys: {
      create: () => Promise.reject(new Error('the key is away')),
      open: () => Promise.reject(new Error('the key is away')),
    },
  });
  const seen = [];
  for await (const each of keyless.commitments(at(1), at(9))) seen.push(each);
  assert.deepEqual(
    seen.map(({ sequence }) => sequence),
    [1n, 2n],
  );
  seen.forEach((each, index) =>
    assert.ok(equalBytes(each.commitment, acknowledged[index + 1]!.appended.commitment)),
  );
  await assert.rejects(entries(keyless), failsAs('JOURNAL_KEY_UNAVAILABLE'));
  await assert.rejects(keyless.append(record('d')), failsAs('JOURNAL_KEY_UNAVAILABLE'));
  await keyless.close();
});

void test('serves nothing under a wrong key', async () => {
  const options = journalOn(await emptyDisk());
  const { journal } = await filled(options, [record('a')]);
  await journal.close();
  const wrong = { ...testSegmentKeys('wrong'), open: async () => new Uint8Array(32) };
  const other = await openJournal({ ...options, keys: wrong });
  await assert.rejects(entries(other), failsAs('JOURNAL_CORRUPT'));
  await other.close();
});

void test('goes on once the key is back', async () => {
  const options = journalOn(await emptyDisk());
  let away = true;
  const keys: typeof options.keys = {
    create: (context) => (away ? Promise.reject(new Error('away')) : options.keys.create(context)),
    open: (wrapped, context) => options.keys.open(wrapped, context),
  };
  const journal = await openJournal({ ...options, keys });
  await assert.rejects(journal.append(record('a')), failsAs('JOURNAL_KEY_UNAVAILABLE'));
  away = false;
  assert.equal((await journal.append(record('a'))).sequence, 0n);
  await journal.close();
});

void test('wakes those who wait for more, and only then', async () => {
  const { journal } = await filled(journalOn(await emptyDisk()), [record('a')]);
  await journal.waitBeyond(at(0));
  let woken = false;
  const waiting = journal.waitBeyond(at(2)).then(() => {
    woken = true;
  });
  await journal.append(record('b'));
  assert.equal(woken, false);
  await journal.append(record('c'));
  await waiting;
  const stop = new AbortController();
  const aborted = journal.waitBeyond(at(9), stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(aborted, /enough/);
  await assert.rejects(journal.waitBeyond(at(9), stop.signal), /enough/);
  const ended = journal.waitBeyond(at(9));
  await Promise.all([assert.rejects(ended, failsAs('JOURNAL_CLOSED')), journal.close()]);
});

void test('drops whole segments below a position, never the newest', async () => {
  const fs = await emptyDisk();
  const options = journalOn(fs, { limits: { segmentBytesMax: 6000 } });
  const { journal } = await filled(
    options,
    Array.from({ length: 10 }, (_, index) => record(`r${index}`, 1500)),
  );
  const count = journal.status.segments;
  assert.equal(await journal.prune(at(1)), 0);
  assert.equal(await journal.prune(at(5)), 2);
  assert.equal(journal.first, 4n);
  assert.equal(journal.status.segments, count - 2);
  await assert.rejects(entries(journal, at(3)), failsAs('JOURNAL_PRUNED'));
  assert.equal((await entries(journal))[0]!.sequence, 4n);
  await journal.prune(journal.next);
  assert.equal(journal.status.segments, 1);
  await journal.close();
  const again = await openJournal(options);
  assert.deepEqual([again.first, again.next], [8n, 10n]);
  assert.equal((await again.append(record('on'))).sequence, 10n);
  await again.close();
});

void test('lets a reader finish the segment that it reads while it is pruned', async () => {
  const options = journalOn(await emptyDisk(), { limits: { segmentBytesMax: 6000 } });
  const { journal } = await filled(
    options,
    Array.from({ length: 6 }, (_, index) => record(`r${index}`, 1500)),
  );
  const seen: bigint[] = [];
  const reading = (async () => {
    for await (const { sequence } of journal.read(at(0))) {
      seen.push(sequence);
      if (sequence === 0n) await journal.prune(journal.next);
    }
  })();
  await assert.rejects(reading, failsAs('JOURNAL_PRUNED'));
  assert.deepEqual(seen, [0n, 1n]);
  await journal.close();
});

void test('writes what is queued when it is closed, and takes no more', async () => {
  const options = journalOn(await emptyDisk());
  const journal = await openJournal(options);
  const last = journal.append(record('last'));
  const closing = journal.close();
  await assert.rejects(journal.append(record('late')), failsAs('JOURNAL_CLOSED'));
  assert.equal((await last).sequence, 0n);
  await closing;
  await journal.close();
  await assert.rejects(entries(journal), failsAs('JOURNAL_CLOSED'));
  await assert.rejects(journal.prune(at(0)), failsAs('JOURNAL_CLOSED'));
});

void test('keeps the last bytes of the disk for audit', async () => {
  const fs = await emptyDisk({ capacityBytes: 200_000 });
  const limits = { reservedBytes: 100_000, freeCheckMs: 0 };
  const journal = await openJournal(journalOn(fs, { limits }));
  const fill = async (reserve: boolean): Promise<number> => {
    for (let count = 0; ; count += 1) {
      try {
        await journal.append(record('x', 5000), { reserve });
      } catch (error) {
        assert.ok(hasCode(error, 'JOURNAL_FULL'));
        return count;
      }
    }
  };
  const bulk = await fill(false);
  assert.ok(bulk > 10 && (await fs.freeBytes('/')) >= 100_000);
  const audit = await fill(true);
  assert.ok(audit > 10 && (await fs.freeBytes('/')) < 15_000, `${audit} after ${bulk}`);
  assert.equal((await entries(journal)).length, bulk + audit);
  await journal.close();
});

void test('tries audit again without the bulk that filled the disk', async () => {
  const fs = await emptyDisk({ capacityBytes: 100_000 });
  const journal = await openJournal(
    journalOn(fs, { limits: { reservedBytes: 0, freeCheckMs: 3_600_000 } }),
  );
  await journal.append(record('first'));
  fs.fail({ code: 'ENOSPC', effect: 'partial', on: ['write'] });
  const [bulk, audit] = await Promise.allSettled([
    journal.append(record('bulk', 40_000)),
    journal.append(record('audit'), { reserve: true }),
  ]);
  assert.ok(bulk.status === 'rejected' && hasCode(bulk.reason, 'JOURNAL_FULL'));
  assert.ok(audit.status === 'fulfilled' && audit.value.sequence === 1n);
  await journal.close();
});

void test('recovers by itself once there is space again', async () => {
  const fs = await emptyDisk({ capacityBytes: 90_000 });
  const other = await fs.open('/data/other', 'create');
  await other.write(0, new Uint8Array(60_000));
  const options = journalOn(fs, { limits: { reservedBytes: 0, freeCheckMs: 0 } });
  const journal = await openJournal(options);
  await assert.rejects(journal.append(record('big', 20_000)), failsAs('JOURNAL_FULL'));
  await fs.remove('/data/other');
  assert.equal((await journal.append(record('big', 20_000))).sequence, 0n);
  await journal.close();
  const again = await openJournal(options);
  assert.equal((await entries(again)).length, 1);
  await again.close();
});

void test('remembers nothing of an append that failed, and goes on in a new segment', async () => {
  for (const operation of ['write', 'sync'] as const) {
    for (const effect of ['lost', 'done', 'partial'] as const) {
      const fs = await emptyDisk();
      const options = journalOn(fs);
      const { journal, acknowledged } = await filled(options, [record('a')]);
      fs.fail({ code: 'EIO', effect, on: [operation] });
      await assert.rejects(journal.append(record('refused')), failsAs('JOURNAL_IO'));
      const put = record('b');
      acknowledged.push({ appended: await journal.append(put), record: put });
      assert.equal(journal.status.segments, 2, 'no key meets a sequence twice');
      const check = async (on: typeof journal): Promise<void> => {
        const all = await entries(on);
        assert.equal(all.length, 2);
        acknowledged.forEach((each, index) => assertSame(all[index], each));
      };
      await check(journal);
      await journal.close();
      fs.powerCut({ seed: `${operation}${effect}` });
      const again = await openJournal(options);
      await check(again);
      await again.close();
    }
  }
});

void test('lets the mark follow a moment after each group, off the path of appends', async () => {
  const fs = await emptyDisk();
  const clock = new ManualClock();
  const options = journalOn(fs, { clock });
  const { journal } = await filled(options, [record('a')]);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const markedAt = async (): Promise<bigint> =>
    Buffer.from((await readCursorFile({ path: `${directory}/mark`, fs }))!).readBigUInt64BE(12);
  await settle();
  assert.equal(await markedAt(), 0n);
  // An entry that comes while the mark is being stored is marked as well.
  const advanced = clock.advance(100);
  const second = journal.append(record('b'));
  await Promise.all([advanced, second]);
  await settle();
  await clock.advance(100);
  await settle();
  assert.equal(await markedAt(), 2n);
  assert.equal(clock.sleepers, 0);
  await journal.close();
});

void test('prunes once when asked twice at the same time', async () => {
  const fs = await emptyDisk();
  const options = journalOn(fs, { limits: { segmentBytesMax: 6000 } });
  const { journal } = await filled(
    options,
    Array.from({ length: 7 }, (_, index) => record(`r${index}`, 1500)),
  );
  await Promise.all([journal.prune(at(6)), journal.prune(at(4)), journal.prune(at(6))]);
  assert.equal(journal.first, 6n);
  assert.deepEqual(
    (await entries(journal)).map(({ sequence }) => sequence),
    [6n],
  );
  await journal.close();
  const again = await openJournal(options);
  assert.equal(again.first, 6n);
  await again.close();
});

void test('refuses to open where a position known from elsewhere is missing', async () => {
  const options = journalOn(await emptyDisk());
  const { journal } = await filled(options, [record('a')]);
  await journal.close();
  await (await openJournal({ ...options, atLeast: 1n })).close();
  await assert.rejects(openJournal({ ...options, atLeast: 2n }), failsAs('JOURNAL_CORRUPT'));
});

void test('refuses the segments of another journal', async () => {
  const fs = await emptyDisk();
  const options = journalOn(fs);
  const { journal } = await filled(options, [record('a')]);
  await journal.close();
  await assert.rejects(
    openJournal({ ...options, journalId: 'another' }),
    failsAs('JOURNAL_CORRUPT'),
  );
});
