import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@strongroom/base';
import { ManualClock, eachSeed, seededRandom, seedsFrom } from '@strongroom/testkit';
import type { FaultyFs } from '@strongroom/testkit';
import {
  assertSame,
  directory,
  emptyDisk,
  filled,
  journalId,
  journalOn,
  record,
} from './fixture.test.js';
import type { Acknowledged } from './fixture.test.js';
import { openJournal, readQuarantine, salvageJournal } from './index.js';
import type { OpenJournalOptions } from './journal.js';

interface Damaged {
  readonly fs: FaultyFs;
  readonly options: OpenJournalOptions;
  readonly acknowledged: readonly Acknowledged[];
}

/** Twelve entries in several segments; closed in order, so that all were acknowledged. */
async function written(): Promise<Damaged> {
  const fs = await emptyDisk();
  const options = journalOn(fs, { limits: { segmentBytesMax: 5200, reservedBytes: 0 } });
  const { journal, acknowledged } = await filled(
    options,
    Array.from({ length: 12 }, (_, index) => record(`entry ${index}`, 300)),
  );
  await journal.close();
  return { fs, options, acknowledged };
}

const salvage = (fs: FaultyFs, dryRun = false) =>
  salvageJournal({
    directory,
    journalId,
    fs,
    clock: new ManualClock(),
    random: seededRandom('salvage'),
    atLeast: 12n,
    dryRun,
  });

/** Reads all: what is there is right, what is not is a placeholder. Says which are lost. */
async function read(options: OpenJournalOptions, acknowledged: readonly Acknowledged[]) {
  const journal = await openJournal(options);
  try {
    const lost: bigint[] = [];
    let next = journal.first as bigint;
    for await (const entry of journal.read(journal.first)) {
      assert.equal(entry.sequence, next, 'positions have no gap');
      next += 1n;
      if (entry.lost === true) lost.push(entry.sequence);
      else if (Number(entry.sequence) < acknowledged.length) {
        assertSame(entry, acknowledged[Number(entry.sequence)]!);
      }
    }
    assert.equal(next, journal.next);
    let commitments = journal.first as bigint;
    for await (const { sequence } of journal.commitments(journal.first, journal.next)) {
      assert.equal(sequence, commitments);
      commitments += 1n;
    }
    assert.equal(commitments, journal.next);
    return { lost, next };
  } finally {
    await journal.close();
  }
}

const seeds = seedsFrom(process.env, 150);

void test(`goes on behind any damage by an act, and gives nothing wrong (${seeds.count} seeds)`, async () => {
  await eachSeed(seeds, async (seed) => {
    const random = seededRandom(`salvage/${seed}`);
    const { fs, options, acknowledged } = await written();
    const segments = fs.paths().filter((path) => path.endsWith('.segment'));
    const where = random.pick(['flip', 'flip', 'zero', 'garbage', 'cut', 'header'] as const);
    const path = random.pick(segments);
    const bytes = fs.peek(path);
    if (where === 'cut')
      fs.overwrite(path, bytes.subarray(0, 4096 + random.integer(bytes.length - 4096)));
    else if (where === 'header') fs.corrupt(path, random.integer(4096), 1 << random.integer(8));
    else {
      const at = 4096 + random.integer(bytes.length - 4096);
      const size = where === 'flip' ? 1 : 1 + random.integer(700);
      for (let offset = at; offset < Math.min(at + size, bytes.length); offset += 1) {
        if (where === 'flip') bytes[offset] = bytes[offset]! ^ (1 << random.integer(8));
        else bytes[offset] = where === 'zero' ? 0 : random.bytes(1)[0]!;
      }
      fs.overwrite(path, bytes);
    }
    // Without the act it says so, wherever the damage is, and gives no wrong entry.
    await assert.rejects(read(options, acknowledged), (error) => hasCode(error, 'JOURNAL_CORRUPT'));
    const before = fs.paths().map((each) => [each, fs.peek(each)] as const);
    const plan = await salvage(fs, true);
    assert.deepEqual(
      fs.paths().map((each) => [each, fs.peek(each)] as const),
      before,
      'a dry run',
    );
    const done = await salvage(fs);
    assert.deepEqual(done, plan);
    const held = await read(options, acknowledged);
    assert.equal(held.next, 12n);
    assert.ok(
      held.lost.length <= (where === 'header' || where === 'cut' ? 8 : 5),
      `${held.lost.length}`,
    );
    const quarantine = await readQuarantine(fs, directory);
    for (const position of held.lost) {
      assert.ok(quarantine.ranges.some(({ from, to }) => position >= from && position < to));
    }
    const givenUp = quarantine.ranges.reduce((sum, { from, to }) => sum + Number(to - from), 0);
    assert.ok(givenUp <= held.lost.length + 2, `${givenUp} given up, ${held.lost.length} lost`);
    // It is a journal as any other from now on: over a power cut, with new entries, once more.
    fs.powerCut({ seed });
    const journal = await openJournal(options);
    const appended = await journal.append(record('after'));
    assert.equal(appended.sequence, 12n);
    await journal.close();
    assert.deepEqual((await read(options, acknowledged)).lost, held.lost);
    assert.deepEqual((await salvage(fs)).ranges, done.ranges);
    assert.deepEqual((await read(options, acknowledged)).lost, held.lost);
  });
});

void test('does nothing to a journal that is whole', async () => {
  const { fs, options, acknowledged } = await written();
  const before = fs.paths().map((each) => [each, fs.peek(each)] as const);
  const done = await salvage(fs);
  assert.deepEqual([done.ranges, done.segments, done.next], [[], [], 12n]);
  assert.deepEqual(
    fs.paths().map((each) => [each, fs.peek(each)] as const),
    before,
  );
  assert.deepEqual((await read(options, acknowledged)).lost, []);
});

void test('survives a power cut at any moment of the act', async () => {
  for (let nth = 1; nth < 60; nth += 1) {
    const { fs, options, acknowledged } = await written();
    const newest = fs.paths().findLast((path) => path.endsWith('.segment'))!;
    fs.corrupt(newest, 4096 + 140);
    fs.fail({ code: 'EIO', effect: 'halt', nth, times: Infinity });
    const done = await salvage(fs).then(
      () => true,
      () => false,
    );
    fs.powerCut({ seed: nth });
    await salvage(fs);
    assert.equal((await read(options, acknowledged)).next, 12n);
    if (done) return;
  }
  assert.fail('the act has fewer operations');
});
