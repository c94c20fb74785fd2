/** What the tests of this package share; holds none itself. */
import assert from 'node:assert/strict';
import { equalBytes, utf8 } from '@strongroom/base';
import { FaultyFs, ManualClock, seededRandom, testSegmentKeys } from '@strongroom/testkit';
import { openJournal } from './open-journal.js';
import type {
  Appended,
  Journal,
  JournalEntry,
  JournalRecord,
  OpenJournalOptions,
} from './journal.js';

export const directory = '/data/journal';
export const journalId = '11111111-2222-3333-4444-555555555555';

/** A disk with the directory that a journal's directory lies in. */
export async function emptyDisk(options: { capacityBytes?: number } = {}): Promise<FaultyFs> {
  const fs = new FaultyFs(options);
  await fs.makeDirectory('/data');
  await fs.syncDirectory('/');
  return fs;
}

let opened = 0;

/** Options for a journal on a disk; keys are the same for all, randomness is not. */
export function journalOn(
  fs: FaultyFs,
  changes: Partial<OpenJournalOptions> = {},
): OpenJournalOptions {
  opened += 1;
  return {
    directory,
    journalId,
    fs,
    clock: new ManualClock(),
    random: seededRandom(`fixture/${opened}`),
    keys: testSegmentKeys(`fixture/${opened}`),
    ...changes,
  };
}

/** A small record that tells records apart. */
export const record = (name: string, size = 0): JournalRecord => ({
  metadata: utf8(`metadata of ${name}`),
  payload: new Uint8Array(Buffer.alloc(Math.max(size, name.length), name)),
});

export async function entries(journal: Journal, from = journal.first): Promise<JournalEntry[]> {
  const all: JournalEntry[] = [];
  for await (const entry of journal.read(from)) all.push(entry);
  return all;
}

/** What an append put in and what it was told. */
export interface Acknowledged {
  readonly appended: Appended;
  readonly record: JournalRecord;
}

export function assertSame(entry: JournalEntry | undefined, acknowledged: Acknowledged): void {
  const { appended, record: put } = acknowledged;
  assert.ok(entry !== undefined, `entry ${appended.sequence} is missing`);
  assert.equal(entry.sequence, appended.sequence);
  assert.equal(entry.time, appended.time);
  assert.ok(equalBytes(entry.commitment, appended.commitment), 'same commitment');
  assert.ok(equalBytes(entry.metadata, put.metadata), 'same metadata');
  assert.ok(equalBytes(entry.payload, put.payload), 'same payload');
}

/** Opens, appends each record by itself, and leaves the journal open. */
export async function filled(
  options: OpenJournalOptions,
  records: readonly JournalRecord[],
): Promise<{ journal: Journal; acknowledged: Acknowledged[] }> {
  const journal = await openJournal(options);
  const acknowledged: Acknowledged[] = [];
  for (const put of records)
    acknowledged.push({ appended: await journal.append(put), record: put });
  return { journal, acknowledged };
}
