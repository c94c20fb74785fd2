import { test } from 'node:test';
import assert from 'node:assert/strict';
import { StrongroomError, equalBytes, hasCode, journalSequence } from '@strongroom/base';
import { ManualClock, eachSeed, seededRandom, seedsFrom } from '@strongroom/testkit';
import type { FaultyFs, FsFault } from '@strongroom/testkit';
import { assertSame, emptyDisk, entries, filled, journalOn, record } from './fixture.test.js';
import type { Acknowledged } from './fixture.test.js';
import { openJournal } from './index.js';
import type { Journal, JournalRecord } from './index.js';
import type { OpenJournalOptions } from './journal.js';

/** How many seeds the random tests take; the long suite sets more. */
const seeds = seedsFrom(process.env, 200);

/** What a run has put in, and what it was told. */
class History {
  readonly acknowledged: Acknowledged[] = [];
  readonly refused: JournalRecord[] = [];
  pruned = 0n;

  async append(journal: Journal, put: JournalRecord): Promise<void> {
    try {
      this.acknowledged.push({ appended: await journal.append(put), record: put });
    } catch (error) {
      this.refused.push(put);
      if (!(error instanceof StrongroomError)) throw error;
    }
  }

  /**
   * Acknowledged is durable: every acknowledged entry is there, at its position, and what else is
   * there was tried. Entries that were never acknowledged and are there now are so from now on.
   */
  async check(journal: Journal): Promise<void> {
    const all = await entries(journal);
    const bySequence = new Map(all.map((entry) => [entry.sequence as bigint, entry]));
    assert.ok(journal.first <= this.pruned, 'nothing pruned beyond what was asked');
    for (const each of this.acknowledged) {
      if (each.appended.sequence < journal.first) continue;
      assertSame(bySequence.get(each.appended.sequence), each);
    }
    const known = new Set(this.acknowledged.map(({ appended }) => appended.sequence as bigint));
    let time = 0;
    for (const entry of all) {
      assert.ok(entry.time >= time, 'time never goes back');
      time = entry.time;
      if (known.has(entry.sequence)) continue;
      const tried = this.refused.find(
        (put) => equalBytes(put.metadata, entry.metadata) && equalBytes(put.payload, entry.payload),
      );
      assert.ok(tried !== undefined, `entry ${entry.sequence} was never put in`);
      this.acknowledged.push({ appended: entry, record: tried });
    }
  }
}

/** A little life of a journal: rolls, groups, reading, pruning, closing, opening again. */
async function live(options: OpenJournalOptions, history: History, seed: number): Promise<void> {
  const random = seededRandom(`life/${seed}`);
  let journal = await openJournal(options);
  await history.check(journal);
  for (let step = 0; step < 14; step += 1) {
    const name = `${seed}.${step}`;
    switch (random.integer(8)) {
      case 0:
        await Promise.all(
          Array.from({ length: 1 + random.integer(5) }, (_, index) =>
            history.append(journal, record(`${name}.${index}`, random.integer(1500))),
          ),
        );
        break;
      case 1: {
        const { clock } = options;
        if (clock instanceof ManualClock) {
          clock.jump(random.integer(100_000) - 50_000);
          await clock.advance(random.integer(300));
        }
        break;
      }
      case 2: {
        const before = journalSequence(BigInt(random.integer(Number(journal.next) + 1)));
        if (before > history.pruned) history.pruned = before;
        await journal.prune(before);
        break;
      }
      case 3:
        await journal.close();
        journal = await openJournal(options);
        break;
      default:
        await history.append(journal, record(name, random.integer(3000)));
    }
  }
  await history.check(journal);
  await journal.close();
}

const optionsOn = (fs: FaultyFs): OpenJournalOptions =>
  journalOn(fs, {
    limits: { segmentBytesMax: 9000, groupEntriesMax: 3, reservedBytes: 0, readBytes: 700 },
  });

/** Errors that a failing disk may show; anything else is a bug. */
const allowed = new Set(['JOURNAL_IO', 'JOURNAL_FULL', 'JOURNAL_CLOSED']);

async function tolerate(run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    if (!(error instanceof StrongroomError) || !allowed.has(error.code)) throw error;
    return false;
  }
}

void test(`keeps what was acknowledged through faults and power cuts (${seeds.count} seeds)`, async () => {
  await eachSeed(seeds, async (seed) => {
    const fs = await emptyDisk();
    const options = optionsOn(fs);
    const history = new History();
    const random = seededRandom(`cuts/${seed}`);
    for (let cut = 0; cut < 3; cut += 1) {
      const nth = 1 + random.integer(110);
      if (random.chance(0.4)) {
        const effect = random.pick(['lost', 'done', 'partial'] as const);
        const code = random.pick(['EIO', 'ENOSPC']);
        fs.fail({ code, effect, nth: 1 + random.integer(nth), times: 1 + random.integer(2) });
      }
      fs.fail({ code: 'EIO', effect: 'halt', nth, times: Infinity });
      await tolerate(() => live(options, history, seed * 10 + cut));
      if (random.chance(0.3)) fs.crash();
      else fs.powerCut({ seed: `${seed}/${cut}` });
    }
    const journal = await openJournal(options);
    await history.check(journal);
    const before = history.acknowledged.length;
    await history.append(journal, record('after'));
    assert.equal(history.acknowledged.length, before + 1);
    await history.check(journal);
    await journal.close();
  });
});

void test('survives the failure of every single operation, had its effect or not', async () => {
  const faults: Pick<FsFault, 'code' | 'effect'>[] = [
    { code: 'EIO', effect: 'lost' },
    { code: 'EIO', effect: 'done' },
    { code: 'ENOSPC', effect: 'partial' },
    { code: 'EMFILE', effect: 'halt' },
  ];
  const counting = await emptyDisk();
  const idle = counting.count();
  await live(optionsOn(counting), new History(), 1);
  const operations = counting.count() - idle;
  // The short run takes every second operation, another half for each second fault.
  const stride = seeds.count > 1000 ? 1 : 2;
  for (const [index, fault] of faults.entries()) {
    for (let nth = 1 + (index % stride); nth <= operations; nth += stride) {
      const fs = await emptyDisk();
      const options = optionsOn(fs);
      const history = new History();
      const where = `${fault.code} ${fault.effect} at ${nth}`;
      try {
        fs.fail({ ...fault, nth });
        // What fails does so with a code of ours; the same life then goes through.
        await tolerate(() => live(options, history, 1));
        fs.crash();
        await live(options, history, 2);
        fs.powerCut({ seed: nth });
        const journal = await openJournal(options);
        await history.check(journal);
        await journal.close();
      } catch (error) {
        throw new Error(where, { cause: error });
      }
    }
  }
});

void test('goes on in the same process after any operations failed', async () => {
  for (const effect of ['lost', 'done', 'partial', 'halt'] as const) {
    for (const times of [1, 2, 3]) {
      for (let nth = 1; nth <= 40; nth += 1) {
        const where = `${effect} at ${nth}, ${times} times`;
        const fs = await emptyDisk();
        const options = journalOn(fs, { limits: { segmentBytesMax: 5000, reservedBytes: 0 } });
        const history = new History();
        const journal = await openJournal(options);
        fs.fail({ code: 'EIO', effect, nth, times });
        for (let step = 0; step < 5; step += 1) {
          const put = record(`${where}: ${step}`, 600);
          const { length } = history.acknowledged;
          for (let attempt = 0; attempt < 4; attempt += 1) {
            if (history.acknowledged.length === length) await history.append(journal, put);
          }
          assert.equal(history.acknowledged.length, length + 1, `${where}: tried again`);
        }
        fs.heal();
        await history.check(journal);
        fs.powerCut({ seed: where });
        const again = await openJournal(options);
        await history.check(again);
        await again.close();
      }
    }
  }
});

void test('never goes back to a segment whose successor may be on the disk', async () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const fs = await emptyDisk();
    const options = journalOn(fs, { limits: { segmentBytesMax: 5000 } });
    const history = new History();
    const journal = await openJournal(options);
    await history.append(journal, record('fills the first', 2000));
    // The successor is made, durably, and said not to be; taking it away again fails too.
    fs.fail({ code: 'EIO', effect: 'done', on: ['syncDirectory'] });
    fs.fail({ code: 'EIO', effect: 'lost', on: ['remove'] });
    await history.append(journal, record('refused'));
    await history.append(journal, record('acknowledged'));
    assert.equal(history.acknowledged.length, 2);
    fs.powerCut({ seed });
    const again = await openJournal(options);
    await history.check(again);
    await again.close();
  }
});

void test('builds on no header that only the cache holds', async () => {
  for (let seed = 0; seed < 30; seed += 1) {
    const fs = await emptyDisk();
    const options = journalOn(fs);
    const history = new History();
    const first = await openJournal(options);
    await history.append(first, record('a'));
    await first.close();
    // The process ends between the write of a new segment's header and its sync.
    const second = await openJournal(options);
    fs.fail({ code: 'EIO', effect: 'halt', on: ['sync', 'remove'], times: Infinity });
    await history.append(second, record('refused'));
    fs.crash();
    const third = await openJournal(options);
    await history.append(third, record('b'));
    assert.equal(history.acknowledged.length, 2);
    assert.equal(third.status.segments, 3);
    fs.powerCut({ seed });
    const last = await openJournal(options);
    await history.check(last);
    await last.close();
  }
});

void test('prunes to the end after a failure in its middle', async () => {
  for (const effect of ['lost', 'done', 'halt'] as const) {
    for (let nth = 1; nth <= 20; nth += 1) {
      const fs = await emptyDisk();
      const options = journalOn(fs, { limits: { segmentBytesMax: 4200 } });
      const { journal } = await filled(
        options,
        ['a', 'b', 'c', 'd'].map((name) => record(name, 40)),
      );
      fs.fail({ code: 'EIO', effect, nth });
      await journal.prune(journal.next).catch((error: unknown) => {
        assert.ok(hasCode(error, 'JOURNAL_IO'));
      });
      fs.powerCut({ seed: `${effect}/${nth}` });
      const again = await openJournal(options);
      assert.equal(again.next, 4n);
      await again.prune(again.next);
      assert.equal(again.first, 3n);
      assert.equal((await fs.list(options.directory)).length, 2);
      assert.equal((await entries(again)).length, 1);
      await again.close();
    }
  }
});
