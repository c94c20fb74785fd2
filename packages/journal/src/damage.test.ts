import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { equalBytes, hasCode } from '@strongroom/base';
import { seededRandom } from '@strongroom/testkit';
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
import { openJournal } from './index.js';
import type { JournalEntry } from './index.js';
import type { OpenJournalOptions } from './journal.js';

const segmentPath = (segment: number): string =>
  `${directory}/${segment.toString(16).padStart(16, '0')}.segment`;
const markPath = `${directory}/mark`;

const corrupt = (error: unknown): boolean =>
  hasCode(error, 'JOURNAL_CORRUPT') || hasCode(error, 'JOURNAL_CURSOR_CORRUPT');

/** How many entries are there, all of them right; or undefined where damage was reported. */
async function outcome(
  options: OpenJournalOptions,
  acknowledged: readonly Acknowledged[],
): Promise<number | undefined> {
  try {
    const journal = await openJournal(options);
    try {
      const all = await entries(journal);
      all.forEach((entry, index) => assertSame(entry, acknowledged[index]!));
      assert.equal(BigInt(all.length), journal.next);
      return all.length;
    } finally {
      await journal.close();
    }
  } catch (error) {
    if (!corrupt(error)) throw error;
    return undefined;
  }
}

interface Written {
  readonly fs: FaultyFs;
  readonly options: OpenJournalOptions;
  readonly acknowledged: readonly Acknowledged[];
}

/** Three entries in three groups; closed, so that the mark covers them, or crashed before. */
async function written(how: 'closed' | 'crashed'): Promise<Written> {
  const fs = await emptyDisk();
  const options = journalOn(fs);
  const { journal, acknowledged } = await filled(
    options,
    ['a', 'b', 'c'].map((name) => record(name, 40)),
  );
  if (how === 'closed') await journal.close();
  else fs.crash();
  return { fs, options, acknowledged };
}

void test('reports every flipped bit in a closed journal, or loses nothing by it', async () => {
  const { fs, options, acknowledged } = await written('closed');
  const random = seededRandom('flips');
  const snapshot = fs.snapshot();
  for (const path of [segmentPath(0), markPath]) {
    const size = fs.peek(path).length;
    let reported = 0;
    for (let offset = 0; offset < size; offset += 1) {
      // The mark's slots are mostly empty: what is not read needs no thousand trials.
      if (path === markPath && (offset & 0x3fff) > 200 && offset % 97 !== 0) continue;
      fs.restore(snapshot);
      fs.corrupt(path, offset, 1 << random.integer(8));
      const count = await outcome(options, acknowledged);
      if (count === undefined) reported += 1;
      else assert.equal(count, 3, `${path} ${offset}`);
    }
    if (path !== markPath) assert.equal(reported, size);
  }
});

void test('after a crash loses by a flipped bit at most the group that no later one vouches for', async () => {
  const { fs, options, acknowledged } = await written('crashed');
  const snapshot = fs.snapshot();
  const size = fs.peek(segmentPath(0)).length;
  const frame = (size - 4096) / 3;
  for (let offset = 0; offset < size; offset += offset < 4000 ? 13 : 1) {
    fs.restore(snapshot);
    fs.corrupt(segmentPath(0), offset, 1 << (offset & 7));
    const count = await outcome(options, acknowledged);
    assert.equal(count, offset < size - frame ? undefined : 2, `offset ${offset}`);
  }
});

void test('reports a closed journal that was cut at any byte', async () => {
  const { fs, options, acknowledged } = await written('closed');
  const snapshot = fs.snapshot();
  const bytes = fs.peek(segmentPath(0));
  for (let size = 0; size < bytes.length; size += size < 4000 ? 37 : 1) {
    fs.restore(snapshot);
    fs.overwrite(segmentPath(0), bytes.subarray(0, size));
    assert.equal(await outcome(options, acknowledged), undefined, `cut to ${size}`);
  }
});

void test('takes a crashed journal cut, zeroed or filled with garbage at any byte as the groups before', async () => {
  const { fs, options, acknowledged } = await written('crashed');
  const snapshot = fs.snapshot();
  const bytes = fs.peek(segmentPath(0));
  const random = seededRandom('garbage');
  const frame = (bytes.length - 4096) / 3;
  for (let size = bytes.length - frame; size < bytes.length; size += 1) {
    for (const rest of ['cut', 'zeros', 'garbage'] as const) {
      fs.restore(snapshot);
      const damaged = bytes.slice(0, rest === 'cut' ? size : bytes.length);
      if (rest !== 'cut') damaged.fill(0, size);
      if (rest === 'garbage') damaged.set(random.bytes(bytes.length - size), size);
      fs.overwrite(segmentPath(0), damaged);
      const same = equalBytes(damaged, bytes);
      assert.equal(await outcome(options, acknowledged), same ? 3 : 2, `${rest} at ${size}`);
      // What was recovered stays, and the journal goes on behind it.
      if (size % 20 === 0) {
        const again = await openJournal(options);
        assert.equal((await again.append(record('on'))).sequence, same ? 3n : 2n);
        await again.close();
      }
    }
  }
});

void test('recovers what only a process saw, so that a later power cut cannot take it', async () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const fs = await emptyDisk();
    const options = journalOn(fs);
    const { journal, acknowledged } = await filled(options, [record('a')]);
    // The group is in the cache, the sync failed and dropped it: a second sync would say yes.
    fs.fail({ code: 'EIO', effect: 'lost', on: ['sync'] });
    const put = record('b');
    await assert.rejects(journal.append(put));
    fs.crash();
    const again = await openJournal(options);
    assert.equal(again.next, 2n);
    const [, entry] = await entries(again);
    fs.powerCut({ seed });
    assert.equal(await outcome(options, [...acknowledged, { appended: entry!, record: put }]), 2);
  }
});

void test('finds entries exchanged, repeated, left out or taken from elsewhere', async () => {
  const { fs, options, acknowledged } = await written('closed');
  const other = await written('closed');
  const snapshot = fs.snapshot();
  const bytes = fs.peek(segmentPath(0));
  const frame = (bytes.length - 4096) / 3;
  const part = (index: number): Uint8Array =>
    bytes.subarray(4096 + index * frame, 4096 + (index + 1) * frame);
  const header = bytes.subarray(0, 4096);
  const foreign = other.fs.peek(segmentPath(0));
  const forged: Record<string, Uint8Array[]> = {
    exchanged: [header, part(1), part(0), part(2)],
    repeated: [header, part(0), part(0), part(1), part(2)],
    'left out': [header, part(0), part(2)],
    'another header': [foreign.subarray(0, 4096), part(0), part(1), part(2)],
    'another tail': [bytes.subarray(0, 4096 + 2 * frame), foreign.subarray(4096 + 2 * frame)],
    'the whole segment': [foreign],
    nothing: [new Uint8Array(0)],
  };
  for (const [name, parts] of Object.entries(forged)) {
    fs.restore(snapshot);
    fs.overwrite(segmentPath(0), new Uint8Array(Buffer.concat(parts)));
    assert.equal(await outcome(options, acknowledged), undefined, name);
  }
});

void test('finds a segment that is missing, exchanged, older or left over', async () => {
  const fs = await emptyDisk();
  const options = journalOn(fs, { limits: { segmentBytesMax: 4200 } });
  const { journal, acknowledged } = await filled(
    options,
    ['a', 'b', 'c', 'd'].map((name) => record(name, 40)),
  );
  await journal.close();
  const snapshot = fs.snapshot();
  const all = [0, 1, 2, 3].map((segment) => fs.peek(segmentPath(segment)));
  for (const missing of [0, 1, 2, 3]) {
    fs.restore(snapshot);
    await fs.remove(segmentPath(missing));
    assert.equal(await outcome(options, acknowledged), undefined, `segment ${missing} missing`);
  }
  for (const [a, b] of [
    [0, 1],
    [1, 2],
    [2, 3],
  ] as const) {
    fs.restore(snapshot);
    fs.overwrite(segmentPath(a), all[b]!);
    fs.overwrite(segmentPath(b), all[a]!);
    assert.equal(await outcome(options, acknowledged), undefined, `${a} and ${b} exchanged`);
  }
  fs.restore(snapshot);
  await fs.remove(markPath);
  assert.equal(await outcome(options, acknowledged), undefined, 'mark missing');
  fs.restore(snapshot);
  for (const segment of [0, 1, 2, 3]) await fs.remove(segmentPath(segment));
  assert.equal(await outcome(options, acknowledged), undefined, 'all missing');
  fs.restore(snapshot);
  assert.equal(await outcome(options, acknowledged), 4, 'untouched');
});

/** Writes the checksum that belongs to a forged entry header. */
function forgeFrame(bytes: Uint8Array, offset: number, change: (header: Buffer) => void): void {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset + offset, 128);
  change(header);
  header.writeUInt32BE(crc32(header.subarray(0, 124)), 124);
}

void test('finds headers that were forged with their checksums', async () => {
  const { fs, options, acknowledged } = await written('closed');
  const snapshot = fs.snapshot();
  const forge = async (change: (bytes: Uint8Array) => void): Promise<void> => {
    fs.restore(snapshot);
    const bytes = fs.peek(segmentPath(0));
    change(bytes);
    fs.overwrite(segmentPath(0), bytes);
  };
  for (const [name, offset] of [
    ['time', 31],
    ['commitment', 40],
    ['link', 72],
    ['tag', 104],
  ] as const) {
    await forge((bytes) =>
      forgeFrame(bytes, 4096, (header) => header.writeUInt8(header[offset]! ^ 1, offset)),
    );
    assert.equal(await outcome(options, acknowledged), undefined, name);
    if (name === 'tag') continue;
    // What needs no key is told apart without one.
    const withoutKey = (async () => {
      const journal = await openJournal(options);
      try {
        for await (const each of journal.commitments(journal.first, journal.next)) void each;
      } finally {
        await journal.close();
      }
    })();
    await assert.rejects(withoutKey, corrupt, `${name}, without a key`);
  }
  await forge((bytes) => {
    const header = Buffer.from(bytes.buffer, bytes.byteOffset, 4096);
    header.writeBigInt64BE(1n, 40);
    header.set(createHash('sha256').update(header.subarray(0, 4064)).digest(), 4064);
  });
  assert.equal(await outcome(options, acknowledged), undefined, 'segment header');
});

void test('finds a segment of a fork, in the place of another or beside it', async () => {
  const limits = { segmentBytesMax: 4200 };
  const fs = await emptyDisk();
  const options = journalOn(fs, { limits });
  const { journal, acknowledged } = await filled(options, [record('a', 40)]);
  await journal.close();
  const before = fs.snapshot();
  const grow = async (...names: string[]): Promise<void> => {
    const grown = await openJournal(options);
    for (const name of names) {
      const put = record(name, 40);
      acknowledged.push({ appended: await grown.append(put), record: put });
    }
    await grown.close();
  };
  await grow('fork');
  const fork = fs.peek(segmentPath(1));
  acknowledged.pop();
  fs.restore(before);
  await grow('b', 'c');
  assert.equal(await outcome(options, acknowledged), 3);
  fs.overwrite(segmentPath(1), fork);
  assert.equal(await outcome(options, acknowledged), undefined, 'in the place of another');
  fs.restore(before);
  acknowledged.length = 1;
  const unfinished = await fs.open(segmentPath(1), 'create');
  await unfinished.close();
  await grow('b', 'c');
  assert.equal(await outcome(options, acknowledged), 3);
  fs.overwrite(segmentPath(1), fork);
  assert.equal(await outcome(options, acknowledged), undefined, 'beside it');
});

void test('keeps or drops a group as a whole', async () => {
  const fs = await emptyDisk();
  const options = journalOn(fs);
  const { journal, acknowledged } = await filled(options, [record('a')]);
  const start = fs.peek(segmentPath(0)).length;
  await Promise.all(['b', 'c', 'd'].map((name) => journal.append(record(name))));
  fs.crash();
  const bytes = fs.peek(segmentPath(0));
  for (let size = start; size < bytes.length; size += 7) {
    fs.overwrite(segmentPath(0), bytes.subarray(0, size));
    const again = await openJournal(options);
    assert.equal(again.next, 1n);
    assert.equal(again.droppedBytes, size - start);
    assertSame((await entries(again))[0], acknowledged[0]!);
    await again.close();
  }
});

void test('guards what it recovered as what it acknowledged', async () => {
  const { fs, options, acknowledged } = await written('crashed');
  await (await openJournal(options)).close();
  const bytes = fs.peek(segmentPath(0));
  fs.overwrite(segmentPath(0), bytes.subarray(0, bytes.length - 1));
  assert.equal(await outcome(options, acknowledged), undefined);
});

void test('serves what is whole beside what is damaged, and says where the damage is', async () => {
  const fs = await emptyDisk();
  const options = journalOn(fs, { limits: { segmentBytesMax: 4200 } });
  const { journal, acknowledged } = await filled(
    options,
    ['a', 'b', 'c'].map((name) => record(name, 40)),
  );
  await journal.close();
  fs.corrupt(segmentPath(1), 4096 + 128 + 5);
  const again = await openJournal(options);
  const seen: JournalEntry[] = [];
  const reading = (async () => {
    for await (const entry of again.read(again.first)) seen.push(entry);
  })();
  await assert.rejects(reading, { code: 'JOURNAL_CORRUPT', segment: 1n, offset: 4096 });
  assertSame(seen[0], acknowledged[0]!);
  const third = acknowledged[2]!.appended.sequence;
  assertSame((await entries(again, third))[0], acknowledged[2]!);
  assert.equal((await again.append(record('on'))).sequence, 3n);
  await again.close();
});
