import { test } from 'node:test';
import assert from 'node:assert/strict';
import { journalSequence } from '@strongroom/base';
import { equalBytes } from '@strongroom/base';
import { ManualClock, eachSeed, seedsFrom } from '@strongroom/testkit';
import type { FaultyFs } from '@strongroom/testkit';
import {
  assertSame,
  directory,
  emptyDisk,
  entries,
  filled,
  journalOn,
  record,
} from './fixture.test.js';
import type { Acknowledged } from './fixture.test.js';
import { openJournal, readJournalOffline } from './index.js';
import type { Journal, OpenJournalOptions } from './journal.js';

const seeds = seedsFrom(process.env, 40);
const marker = 'a person to be forgotten';

/** Several segments, with the marker in some entries of each. */
async function life(
  fs: FaultyFs,
): Promise<{ options: OpenJournalOptions; journal: Journal; acknowledged: Acknowledged[] }> {
  const options = journalOn(fs, { limits: { segmentBytesMax: 8192 } });
  const { journal, acknowledged } = await filled(
    options,
    Array.from({ length: 40 }, (_, index) =>
      record(index % 5 === 2 ? `${marker} ${index}` : `row ${index}`, 700),
    ),
  );
  return { options, journal, acknowledged };
}
const chosen = new Set(Array.from({ length: 8 }, (_, index) => BigInt(index * 5 + 2)));

async function check(journal: Journal, acknowledged: readonly Acknowledged[], erased: boolean) {
  const all = await entries(journal);
  assert.equal(all.length, acknowledged.length);
  for (const [index, entry] of all.entries()) {
    const { appended, record: put } = acknowledged[index]!;
    if (erased && chosen.has(entry.sequence)) {
      assert.equal(entry.erased, true);
      assert.equal(entry.payload.length, 0);
      assert.ok(entry.salt.every((byte) => byte === 0));
      assert.ok(equalBytes(entry.metadata, put.metadata));
      assert.ok(equalBytes(entry.commitment, appended.commitment));
    } else assertSame(entry, acknowledged[index]!);
  }
  const left: bigint[] = [];
  for await (const { sequence } of journal.commitments(journalSequence(0n), journal.next)) {
    left.push(sequence);
  }
  assert.equal(left.length, acknowledged.length, 'proofs go on');
}

test('erased entries lose payload and salt; all else stays as it was', async () => {
  const fs = await emptyDisk();
  const { options, journal, acknowledged } = await life(fs);
  assert.ok(journal.status.segments > 3);
  const before = new Map(fs.paths().map((path) => [path, fs.peek(path)]));
  assert.equal(await journal.erase(chosen), 8);
  await check(journal, acknowledged, true);
  const more = { appended: await journal.append(record('more')), record: record('more') };
  assert.equal(await journal.erase(chosen), 0, 'once is enough');
  acknowledged.push(more);
  await journal.close();
  const problems: string[] = [];
  for await (const finding of readJournalOffline(options)) {
    if (finding.kind === 'problem') problems.push(finding.problem);
  }
  assert.deepEqual(problems, []);
  const again = await openJournal(options);
  await check(again, acknowledged, true);
  await again.close();
  for (const [path, bytes] of before) {
    if (!path.endsWith('.segment') || !fs.paths().includes(path)) continue;
    const now = fs.peek(path);
    const header = 4096;
    if (equalBytes(now.subarray(0, header), bytes.subarray(0, header))) continue;
    // Another key: no ciphertext of the old file is in the new one.
    const piece = Buffer.from(bytes.subarray(header + 200, header + 232));
    assert.equal(Buffer.from(now).indexOf(piece), -1);
  }
});

test('readers and appends go on while entries are erased', async () => {
  const fs = await emptyDisk();
  const { journal, acknowledged } = await life(fs);
  const erasing = journal.erase(chosen);
  const reads: Promise<unknown>[] = [];
  for (let round = 0; round < 30; round += 1) {
    const put = record(`while ${round}`, 300);
    acknowledged.push({ appended: await journal.append(put), record: put });
    reads.push(entries(journal, journalSequence(0n)));
  }
  await Promise.all(reads);
  assert.equal(await erasing, 8);
  await check(journal, acknowledged, true);
  await journal.close();
});

test('a power cut while erasing loses nothing else, and erasing can be done again', async () => {
  let cuts = 0;
  await eachSeed(seeds, async (seed) => {
    const fs = await emptyDisk();
    const { options, journal, acknowledged } = await life(fs);
    fs.fail({ code: 'EIO', effect: 'halt', nth: 1 + (seed % 40) });
    const done = await journal.erase(chosen).then(
      () => true,
      () => false,
    );
    fs.powerCut({ seed });
    fs.heal();
    if (!done) cuts += 1;
    const again = await openJournal({ ...options, clock: new ManualClock() });
    const all = await entries(again);
    assert.equal(all.length, acknowledged.length);
    for (const [index, entry] of all.entries()) {
      if (entry.erased !== true) assertSame(entry, acknowledged[index]!);
      else assert.ok(chosen.has(entry.sequence));
    }
    await again.erase(chosen);
    await check(again, acknowledged, true);
    await again.close();
    assert.ok(!fs.paths().some((path) => path.startsWith(directory) && path.endsWith('.new')));
  });
  assert.ok(cuts > 0);
});
