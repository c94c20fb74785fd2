import { test } from 'node:test';
import assert from 'node:assert/strict';
import { equalBytes } from '@strongroom/base';
import { seededRandom } from '@strongroom/testkit';
import { directory, emptyDisk, filled, journalOn, record } from './fixture.test.js';
import { openJournal, readJournalOffline } from './index.js';
import type { OfflineFinding, OfflineOptions } from './index.js';

const segmentPath = (segment: number): string => `${directory}/000000000000000${segment}.segment`;

async function read(options: OfflineOptions): Promise<{
  entries: Extract<OfflineFinding, { kind: 'entry' }>[];
  problems: Extract<OfflineFinding, { kind: 'problem' }>[];
  unacknowledgedBytes: number;
  end: Extract<OfflineFinding, { kind: 'end' }>;
}> {
  const all: OfflineFinding[] = [];
  for await (const finding of readJournalOffline(options)) all.push(finding);
  const end = all.at(-1);
  assert.ok(end?.kind === 'end');
  const entries = all.filter((finding) => finding.kind === 'entry');
  const problems = all.filter((finding) => finding.kind === 'problem');
  assert.equal(end.entryCount, entries.length);
  assert.equal(end.problemCount, problems.length);
  const tails = all.filter((finding) => finding.kind === 'unacknowledged');
  return { entries, problems, unacknowledgedBytes: tails[0]?.bytes ?? 0, end };
}

async function written(count: number) {
  const fs = await emptyDisk();
  const options = journalOn(fs, { limits: { segmentBytesMax: 4400 } });
  const { journal, acknowledged } = await filled(
    options,
    Array.from({ length: count }, (_, index) => record(`r${index}`, 40)),
  );
  return { fs, options, journal, acknowledged };
}

void test('finds every entry, with content where keys are given, and changes nothing', async () => {
  const { fs, options, journal, acknowledged } = await written(5);
  await journal.close();
  const files = fs.paths().map((path) => fs.peek(path));
  for (const keys of [undefined, options.keys]) {
    const { entries, problems, end } = await read({ directory, fs, ...(keys && { keys }) });
    assert.deepEqual(problems, []);
    assert.deepEqual([end.first, end.next], [0n, 5n]);
    entries.forEach((entry, index) => {
      const { appended, record: put } = acknowledged[index]!;
      assert.equal(entry.sequence, appended.sequence);
      assert.ok(equalBytes(entry.commitment, appended.commitment));
      assert.equal(entry.content === undefined, keys === undefined);
      if (entry.content) assert.ok(equalBytes(entry.content.payload, put.payload));
    });
    assert.equal(entries.length, 5);
  }
  fs.paths().forEach((path, index) => assert.ok(equalBytes(fs.peek(path), files[index]!)));
});

void test('reads a pruned journal from where it begins', async () => {
  const { fs, options, journal } = await written(6);
  await journal.prune(journal.next);
  await journal.close();
  const { problems, end } = await read({ directory, fs, keys: options.keys });
  assert.deepEqual(problems, []);
  assert.equal(end.next, 6n);
  assert.ok(end.first > 0n);
});

void test('tells an unacknowledged tail from damage', async () => {
  const { fs, journal } = await written(2);
  void journal;
  fs.crash();
  const bytes = fs.peek(segmentPath(0));
  fs.overwrite(segmentPath(0), bytes.subarray(0, bytes.length - 1));
  const crashed = await read({ directory, fs });
  assert.deepEqual(crashed.problems, []);
  assert.ok(crashed.unacknowledgedBytes > 0);
  assert.equal(crashed.end.next, 1n);
});

void test('names every damaged place and goes on behind it', async () => {
  const { fs, options, journal } = await written(6);
  await journal.close();
  const body = 4096 + 128 + 3;
  fs.corrupt(segmentPath(0), body);
  fs.corrupt(segmentPath(1), 4096 + 20);
  const { entries, problems } = await read({ directory, fs, keys: options.keys });
  assert.deepEqual(
    problems.map(({ segment, offset }) => [segment, offset]),
    [
      [0n, 4096],
      [1n, 4096],
      [1n, 4096],
    ],
  );
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    [1n, 3n, 4n, 5n],
  );
});

void test('reports every flipped bit in a closed journal', async () => {
  const { fs, options, journal } = await written(3);
  await journal.close();
  const snapshot = fs.snapshot();
  const random = seededRandom('offline flips');
  for (const segment of [0, 1]) {
    const size = fs.peek(segmentPath(segment)).length;
    for (let offset = 0; offset < size; offset += offset < 4000 ? 41 : 3) {
      fs.restore(snapshot);
      fs.corrupt(segmentPath(segment), offset, 1 << random.integer(8));
      const { problems } = await read({ directory, fs });
      assert.ok(problems.length > 0, `${segment} at ${offset}`);
    }
  }
  for (const missing of fs.paths()) {
    fs.restore(snapshot);
    await fs.remove(missing);
    const { problems } = await read({ directory, fs, keys: options.keys });
    assert.ok(problems.length > 0, `without ${missing}`);
  }
});

void test('reports content under a key that is not its own', async () => {
  const { fs, journal } = await written(1);
  await journal.close();
  const wrong = await read({ directory, fs, keys: { open: async () => new Uint8Array(32) } });
  assert.equal(wrong.problems.length, 1);
  const away = await read({
    directory,
    fs,
    keys: { open: () => Promise.reject(new Error('away')) },
  });
  assert.equal(away.problems.length, 1);
  assert.equal(away.entries.length, 1);
});

void test('reads beside a process that has the journal open', async () => {
  const { fs, options, journal } = await written(2);
  assert.equal((await read({ directory, fs, keys: options.keys })).problems.length, 0);
  await journal.append(record('more'));
  assert.equal((await read({ directory, fs, keys: options.keys })).end.next, 3n);
  await journal.close();
  await (await openJournal(options)).close();
});
