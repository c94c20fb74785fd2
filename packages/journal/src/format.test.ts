import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createDecipheriv, createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ManualClock, seededRandom } from '@strongroom/testkit';
import { nodeFileSystem, systemClock, systemRandom } from '@strongroom/platform';
import {
  directory,
  emptyDisk,
  entries,
  filled,
  journalId,
  journalOn,
  record,
} from './fixture.test.js';
import { openJournal, readJournalOffline } from './index.js';

const sha256 = (...parts: Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();
const text = (value: string): Buffer => Buffer.from(value, 'latin1');

void test('lies on the disk byte for byte as docs/formats/journal.md says', async () => {
  const fs = await emptyDisk();
  const clock = new ManualClock(1_700_000_000_000);
  const key = new Uint8Array(32).fill(9);
  const keys = {
    create: async () => ({ key: new Uint8Array(key), wrapped: text('wrapped') }),
    open: async () => new Uint8Array(key),
  };
  const { journal } = await filled(journalOn(fs, { clock, keys }), [record('first')]);
  clock.jump(5);
  const [second] = await Promise.all([
    journal.append(record('second')),
    journal.append(record('third')),
  ]);
  await journal.close();

  const bytes = Buffer.from(fs.peek(`${directory}/0000000000000000.segment`));
  const header = bytes.subarray(0, 4096);
  assert.equal(header.toString('latin1', 0, 8), 'STRGJRNL');
  assert.deepEqual([header.readUInt16BE(8), header.readUInt16BE(10)], [1, 1]);
  assert.equal(header.readUInt32BE(12), 4096);
  assert.deepEqual(
    [16, 24, 32, 40, 48].map((offset) => header.readBigUInt64BE(offset)),
    [0n, 2n ** 64n - 1n, 0n, 1_700_000_000_000n, 0n],
  );
  const stamp = header.subarray(56, 64);
  const firstLink = sha256(text('strongroom/journal/v1\0'), text(journalId));
  assert.deepEqual(header.subarray(64, 96), firstLink);
  assert.deepEqual([header.readUInt16BE(96), header.readUInt16BE(98)], [36, 7]);
  assert.equal(header.toString('latin1', 100, 143), `${journalId}wrapped`);
  assert.ok(header.subarray(143, 4064).every((byte) => byte === 0));
  assert.deepEqual(header.subarray(4064), sha256(header.subarray(0, 4064)));

  let offset = 4096;
  let link: Uint8Array = firstLink;
  for (const [index, name] of ['first', 'second', 'third'].entries()) {
    const frame = bytes.subarray(offset, offset + 128);
    assert.equal(frame.toString('latin1', 0, 4), 'SRJE');
    assert.deepEqual([...frame.subarray(4, 8)], [1, index === 1 ? 0 : 1, 0, 0]);
    assert.deepEqual(frame.subarray(8, 16), stamp);
    assert.equal(frame.readBigUInt64BE(16), BigInt(index));
    assert.equal(frame.readBigInt64BE(24), 1_700_000_000_000n + (index === 0 ? 0n : 5n));
    assert.equal(frame.readUInt32BE(32), index === 0 ? 0 : 1);
    const body = bytes.subarray(offset + 128, offset + 128 + frame.readUInt32BE(36));
    assert.equal(frame.readUInt32BE(120), crc32(body));
    assert.equal(frame.readUInt32BE(124), crc32(frame.subarray(0, 124)));

    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(BigInt(index), 4);
    const place = Buffer.alloc(8);
    place.writeBigUInt64BE(BigInt(offset));
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
    decipher.setAAD(Buffer.concat([sha256(header), place, frame.subarray(0, 104)]));
    decipher.setAuthTag(frame.subarray(104, 120));
    const plain = Buffer.concat([decipher.update(body), decipher.final()]);
    const metadataEnd = 36 + plain.readUInt32BE(32);
    const metadata = plain.subarray(36, metadataEnd);
    const payload = plain.subarray(metadataEnd);
    assert.equal(metadata.toString(), `metadata of ${name}`);
    assert.equal(payload.toString(), name);

    const idSize = Buffer.from([0, 36]);
    const commitment = sha256(
      text('strongroom/entry/v1\0'),
      idSize,
      text(journalId),
      frame.subarray(16, 32),
      plain.subarray(0, 32),
      sha256(metadata),
      sha256(payload),
    );
    assert.deepEqual(frame.subarray(40, 72), commitment);
    if (index === 1) assert.deepEqual(Buffer.from(second.commitment), commitment);
    link = sha256(text('strongroom/journal-link/v1\0'), link, frame.subarray(16, 32), commitment);
    assert.deepEqual(frame.subarray(72, 104), Buffer.from(link));
    offset += 128 + body.length;
  }
  assert.equal(offset, bytes.length);

  const mark = Buffer.from(fs.peek(`${directory}/mark`));
  const slots = [mark.subarray(0, 16384), mark.subarray(16384)];
  const slot = slots.sort((a, b) => Number(b.readBigUInt64BE(16) - a.readBigUInt64BE(16)))[0]!;
  assert.equal(slot.toString('latin1', 0, 8), 'STRGCURS');
  assert.deepEqual([slot.readUInt16BE(8), slot.readUInt32BE(12)], [1, 60]);
  assert.deepEqual(slot.subarray(84, 116), sha256(slot.subarray(0, 84)));
  const value = slot.subarray(24, 84);
  assert.deepEqual([value.readUInt16BE(0), value.readBigUInt64BE(4)], [1, 0n]);
  assert.equal(value.readBigUInt64BE(12), 3n);
  assert.equal(value.readBigInt64BE(20), 1_700_000_000_005n);
  assert.deepEqual(value.subarray(28), Buffer.from(link));
});

void test('works on the real file system, with entries small and large', async () => {
  const root = await mkdtemp(join(tmpdir(), 'strongroom-journal-'));
  try {
    const random = seededRandom('real');
    const on = journalOn(await emptyDisk(), {
      directory: join(root, 'journal'),
      fs: nodeFileSystem,
      clock: systemClock,
      random: systemRandom,
      limits: { segmentBytesMax: 3_000_000 },
    });
    const journal = await openJournal(on);
    const records = Array.from({ length: 60 }, (_, index) =>
      record(`r${index}`, index % 6 === 0 ? 1_000_000 : random.integer(3000)),
    );
    await Promise.all(records.map((put) => journal.append(put)));
    await journal.close();
    const again = await openJournal({ ...on, atLeast: 60n });
    const all = await entries(again);
    assert.deepEqual(
      all.map(({ metadata }) => Buffer.from(metadata).toString()),
      records.map(({ metadata }) => Buffer.from(metadata).toString()),
    );
    assert.ok(all.every(({ payload }, index) => payload.length === records[index]!.payload.length));
    assert.ok((await again.prune(again.next)) > 0);
    await again.close();
    for await (const finding of readJournalOffline(on)) assert.notEqual(finding.kind, 'problem');
  } finally {
    await rm(root, { recursive: true });
  }
});
