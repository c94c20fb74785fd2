import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StrongroomError, fromUtf8, utf8 } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import { openCursorFile, openJournal } from '@strongroom/journal';
import { sha256, systemClock } from '@strongroom/platform';
import { FaultyFs, eachSeed, seededRandom, seedsFrom, testSegmentKeys } from '@strongroom/testkit';
import type { TableRecord } from '../catalog/catalog.js';
import { createLog } from '../log.js';
import { Accounting } from './accounting.js';
import { Applier, deadLetterTable } from './applier.js';
import type { BatchEntry, PositionRange, TableBatch, TableWriter } from './applier.js';
import { encodeEntryMetadata } from './entry.js';
import type { EntryMetadata } from './entry.js';
import { workspaceLimits } from './limits.js';

/**
 * The applier against a journal on a file system that loses what was not synced, and tables that
 * fail before, within and after an insert: whatever happens, each acknowledged row is in its table
 * once.
 */
const limits = {
  ...workspaceLimits,
  // Small, so that batches are read and staged ahead.
  applyBytesTarget: 1,
  applyBytesMax: 60,
  applyLingerMs: 0,
  applyOwnLingerMs: 0,
  retryMsMin: 1,
  retryMsMax: 2,
};
const log = createLog(() => undefined, Date.now);
const columns = [{ name: 'TimeGenerated', type: 'datetime' }] as const;
const tableOf = (name: string): TableRecord => ({
  schema: { name, columns },
  kind: 'CustomLog',
  fullTextColumns: [],
});
/** Sleeps end soon; time goes on as it does, from a fixed day. */
const clock: Clock = {
  now: () => Date.UTC(2026, 0, 1),
  monotonicMs: () => systemClock.monotonicMs(),
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 2), signal),
};

interface Row {
  readonly position: bigint;
  readonly text: string;
}

/** Tables that survive crashes, with an insert that is atomic by table, as the engine's is. */
class Tables implements TableWriter {
  readonly rows = new Map<string, Row[]>();
  readonly poison: ReadonlySet<string>;
  /** Asked before and after each operation; throws to fail it there. */
  fault: (moment: 'before' | 'after') => void = () => undefined;

  constructor(poison: ReadonlySet<string>) {
    this.poison = poison;
  }

  /** Entries that were staged and are not let go of. */
  readonly staged = new Set<readonly BatchEntry[]>();

  stage(entries: readonly BatchEntry[]) {
    this.staged.add(entries);
    return () => void this.staged.delete(entries);
  }

  async insert(batch: TableBatch) {
    this.fault('before');
    const rows = batch.entries.flatMap(({ position, rows: bytes }) =>
      fromUtf8(bytes)
        .split('\n')
        .filter(Boolean)
        .map((text) => ({ position, text })),
    );
    const isLetter = batch.table.schema.name === deadLetterTable;
    if (!isLetter && rows.some(({ text }) => this.poison.has(text))) {
      throw new StrongroomError('REFUSED', 'poison');
    }
    this.#table(batch.table.schema.name).push(...rows);
    this.fault('after');
    return { rowsStored: rows.length, rowsDeadLettered: 0, rowsFiltered: 0 };
  }

  async countRange(table: TableRecord, range: PositionRange) {
    this.fault('before');
    return BigInt(this.#table(table.schema.name).filter((row) => inRange(row, range)).length);
  }

  async deleteRange(table: TableRecord, range: PositionRange) {
    this.fault('before');
    const kept = this.#table(table.schema.name).filter((row) => !inRange(row, range));
    this.rows.set(table.schema.name, kept);
    this.fault('after');
  }

  #table(name: string): Row[] {
    const rows = this.rows.get(name) ?? [];
    this.rows.set(name, rows);
    return rows;
  }
}

const inRange = ({ position }: Row, { from, to }: PositionRange): boolean =>
  position >= from && position < to;

async function run(seed: number): Promise<void> {
  const random = seededRandom(`applier/${seed}`);
  const pick = (count: number): number => random.integer(count);
  const fs = new FaultyFs();
  const keys = testSegmentKeys(seed);
  const poison = new Set<string>();
  const tables = new Tables(poison);
  const expected = new Map<string, string[]>();
  let number = 0;
  for (let life = 0; life < 4; life += 1) {
    const last = life === 3;
    const journal = await openJournal({ directory: '/j', journalId: 'j', fs, clock, random, keys });
    const cursor = await openCursorFile({ path: '/cursor', fs });
    let operations = last ? Number.POSITIVE_INFINITY : 1 + pick(12);
    let dead = false;
    tables.fault = (moment) => {
      operations -= 1;
      if (operations < 0) dead = true;
      if (dead) throw new StrongroomError('DIED', 'the process is gone');
      // Lost, or done but unreported.
      if (!last && pick(8) === 0) throw new StrongroomError('REFUSED', `failed ${moment}`);
    };
    const applier = new Applier({
      journal,
      cursor,
      writer: tables,
      tables: { table: tableOf },
      accounting: new Accounting(100),
      sha256,
      clock,
      log,
      limits,
      judge: (error) =>
        error instanceof StrongroomError && error.code === 'REFUSED' ? 'refused' : 'waits',
      alarm: () => undefined,
    });
    applier.start();
    for (let entries = pick(8); entries >= 0; entries -= 1) {
      const table = ['A_CL', 'B_CL', 'C_CL'][pick(3)]!;
      const texts = Array.from({ length: 1 + pick(3) }, () => `{"n":${(number += 1)}}`);
      const poisoned = pick(10) === 0;
      if (poisoned) poison.add(texts[0]!);
      const metadata: EntryMetadata = {
        route: { stream: `S${pick(2)}`, table, columns },
        source: { kind: 'Application', id: 'x' },
        shape: 'ndjson',
        rowCount: texts.length,
      };
      const payload = utf8(`${texts.join('\n')}\n`);
      const appended = await journal.append({ metadata: encodeEntryMetadata(metadata), payload });
      if (pick(3) > 0) applier.note({ entry: { ...appended, payload }, metadata });
      const name = poisoned ? deadLetterTable : table;
      expected.set(name, [
        ...(expected.get(name) ?? []),
        ...(poisoned ? [texts.join('\n')] : texts),
      ]);
      if (pick(2) === 0) await systemClock.sleep(1);
    }
    for (let tries = 0; tries < 2_000 && !dead && !applier.idle; tries += 1)
      await systemClock.sleep(1);
    if (last) assert.equal(applier.idle, true, 'everything is applied in the end');
    await applier.close();
    await journal.close();
    if (last) assert.equal(tables.staged.size, 0, 'what was staged is let go of');
    tables.staged.clear();
    fs.powerCut({ seed: `${seed}/${life}` });
  }
  for (const [name, texts] of expected) {
    const stored =
      name === deadLetterTable
        ? rawRecords(tables).filter((record) => record.split('\n').some((row) => poison.has(row)))
        : (tables.rows.get(name) ?? []).map(({ text }) => text);
    // Transient failures may set a batch aside that would have fitted later: its rows are there then.
    const aside = name === deadLetterTable ? [] : lettersOf(tables, name);
    assert.deepEqual(
      [...stored, ...aside].sort(),
      [...texts].sort(),
      `table ${name}, seed ${seed}`,
    );
  }
}

const rawRecords = (tables: Tables): string[] =>
  (tables.rows.get(deadLetterTable) ?? []).map(({ text }) =>
    (JSON.parse(text) as { RawRecord: string }).RawRecord.trimEnd(),
  );

/** Rows of a table that lie in the dead letters without being poison. */
function lettersOf(tables: Tables, table: string): string[] {
  return (tables.rows.get(deadLetterTable) ?? []).flatMap(({ text }) => {
    const letter = JSON.parse(text) as { RawRecord: string; TableName: string };
    const rows = letter.RawRecord.trimEnd().split('\n');
    return letter.TableName === table && !rows.some((row) => tables.poison.has(row)) ? rows : [];
  });
}

test('each acknowledged row is in its table once, whatever fails', async () => {
  await eachSeed(seedsFrom(process.env, 40), run);
});
