import { StrongroomError, journalSequence, toBase64 } from '@strongroom/base';
import type { Sha256, WorkspaceId } from '@strongroom/base';
import type { Engine } from '@strongroom/engine';
import type { Journal } from '@strongroom/journal';
import { ExpectedRows } from '@strongroom/ledger';
import type { EntryCommitment } from '@strongroom/ledger';
import {
  and,
  call,
  column,
  databaseName,
  infix,
  integer,
  print,
  select,
  table as relation,
  ticksPerDay,
  ticksPerMillisecond,
  unixEpochTicks,
} from '@strongroom/sql';
import type { TableRecord } from '../catalog/catalog.js';
import { readEntry } from './applier.js';
import type { PositionRange, ReadEntry, TableLookup } from './applier.js';
import { entryRows } from './committer.js';
import { rebuildLimits } from './limits.js';
import type { KeptRecord } from './record.js';
import { insertOf, tableDefinition } from './table-writer.js';

/** What came of putting back what a closed table lost. */
export interface Rebuilt {
  readonly table: string;
  /** Entries whose rows were put back, and how many rows. */
  readonly entries: number;
  readonly rows: number;
  /** Entries that nothing here can put back; the table holds all else. */
  readonly lost: readonly LostRows[];
}

/** Rows of one entry that are gone, and why they cannot be put back. */
export interface LostRows {
  readonly position: bigint;
  /** Arrival day, since 0001-01-01. */
  readonly day: bigint;
  readonly rows: number;
  readonly why: 'the journal no longer holds it' | 'its rows would be others' | 'it was not taken';
}

export interface RebuildOptions {
  readonly workspaceId: WorkspaceId;
  readonly engine: Engine;
  readonly table: TableRecord;
  readonly tables: TableLookup;
  readonly journal: Journal;
  /** All records, those of the journal's end included. */
  readonly records: AsyncIterable<KeptRecord>;
  /** Entries below were applied, durably; what comes after is the applier's. */
  readonly applied: bigint;
  readonly sha256: Sha256;
  /** Asked before each insert; throws to stop. */
  readonly goOn: () => void;
}

/**
 * Puts the rows that a closed table lost back from the journal.
 *
 * What it must hold is on record (the second commitment) for entries that are committed to, and follows
 * from the journal for those that are not yet. An insert is one part, so a part that is gone took whole
 * entries: those are applied again, each as it was, and held against the record. Done again it goes on
 * where it was cut off. Nothing may be inserted, erased or committed to meanwhile.
 */
export async function rebuildTable(options: RebuildOptions): Promise<Rebuilt> {
  const { engine, table, journal, applied } = options;
  const { name } = table.schema;
  const expected = new ExpectedRows(options.sha256);
  for await (const record of options.records) expected.add(record);
  const wanted = new Map<bigint, EntryCommitment>();
  for (const day of expected.tables.get(name)?.values() ?? []) {
    for (const [position, part] of day) wanted.set(position, part);
  }
  const held = await heldRows(options);
  const missing = new Map<bigint, EntryCommitment>();
  for (const [position, part] of wanted) {
    const rows = held.get(position) ?? 0;
    if (rows === part.rows) continue;
    // A few rows of an entry: they are not to be trusted either.
    if (rows > 0) {
      await engine.deleteRange(tableDefinition(table), oneEntry(position), { repairs: true });
      held.delete(position);
    }
    missing.set(position, part);
  }
  const lost: LostRows[] = [];
  const lose = (part: EntryCommitment, why: LostRows['why']): void => {
    lost.push({ position: part.position, day: part.day, rows: part.rows, why });
  };
  for (const part of missing.values()) {
    if (part.position < journal.first) lose(part, 'the journal no longer holds it');
  }
  const done = { entries: 0, rows: 0 };
  const from = least([...missing.keys(), expected.committed].filter((at) => at >= journal.first));
  let group: ReadEntry[] = [];
  const flush = async (): Promise<void> => {
    const entries = group;
    group = [];
    if (entries.length === 0) return;
    const stored = await putBack(options, entries, expected);
    for (const { entry } of entries) {
      const part = missing.get(entry.sequence);
      const rows = stored.get(entry.sequence);
      if (rows !== undefined) {
        done.entries += rows > 0 ? 1 : 0;
        done.rows += rows;
      } else if (part !== undefined) lose(part, 'its rows would be others');
    }
  };
  if (from !== undefined && from < applied) {
    for await (const entry of journal.read(journalSequence(from))) {
      const { sequence: position } = entry;
      if (position >= applied) break;
      const part = missing.get(position);
      const isCommitted = position < expected.committed;
      if (held.has(position) || (isCommitted && part === undefined)) {
        await flush();
        continue;
      }
      if (entry.lost === true || entry.erased === true) {
        if (part !== undefined) lose(part, 'the journal no longer holds it');
        continue;
      }
      const read = readEntry(entry, options.tables);
      if (read.metadata.route.table !== name || read.metadata.rowCount === 0) {
        // Dead letters come with the batches of other tables.
        if (part !== undefined) lose(part, 'the journal no longer holds it');
        continue;
      }
      if (!isAlike(group, read)) await flush();
      group.push(read);
    }
    await flush();
  }
  return { table: name, ...done, lost };
}

/** Rows that the table holds now, by position. */
const heldRows = ({ engine, table }: RebuildOptions): Promise<Map<bigint, number>> =>
  countRows(engine, table.schema.name, { from: 0n, to: 2n ** 63n });

async function countRows(
  engine: Engine,
  table: string,
  { from, to }: PositionRange,
): Promise<Map<bigint, number>> {
  const position = column('_Position');
  const statement = print(
    select({
      items: [{ value: call('toString', position) }, { value: call('count') }],
      from: relation(table, databaseName),
      where: and([infix('>=', position, integer(from)), infix('<', position, integer(to))]),
      groupBy: [position],
    }),
  );
  const run = engine.query(statement, {
    maxSeconds: rebuildLimits.countSecondsMax,
    maxMemoryBytes: rebuildLimits.countMemoryBytesMax,
    queryId: `rebuild-${table}-${from}`,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of run) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  return new Map(
    lines
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as [string, number])
      .map(([at, rows]) => [BigInt(at), Number(rows)]),
  );
}

/** True where an entry may go into the same insert as those before it. */
function isAlike(group: readonly ReadEntry[], next: ReadEntry): boolean {
  const [first] = group;
  if (first === undefined) return true;
  const bytes = group.reduce((sum, { entry }) => sum + entry.payload.length, 0);
  return (
    group.length < rebuildLimits.entriesMax &&
    bytes + next.entry.payload.length <= rebuildLimits.bytesMax &&
    dayOf(first.entry.time) === dayOf(next.entry.time) &&
    routeOf(first) === routeOf(next)
  );
}

/** Inserts entries again. Rows by position; those that are not what is on record are taken out again. */
async function putBack(
  options: RebuildOptions,
  entries: readonly ReadEntry[],
  expected: ExpectedRows,
): Promise<Map<bigint, number>> {
  const { engine, table, workspaceId } = options;
  const [first, last] = [entries[0], entries.at(-1)];
  const stored = new Map<bigint, number>();
  if (first === undefined || last === undefined) return stored;
  options.goOn();
  const { name } = table.schema;
  const range = { from: first.entry.sequence, to: last.entry.sequence + 1n };
  const { route } = first.metadata;
  try {
    const batch = insertOf(
      {
        range,
        table,
        stream: route.stream,
        input: route.columns,
        ...(route.transformKql === undefined ? {} : { transformKql: route.transformKql }),
        entries: entries.map(({ entry, metadata }) => ({
          position: entry.sequence,
          timeReceivedTicks: ticksOf(entry.time),
          rows: entry.payload,
          shape: metadata.shape,
          rowCount: metadata.rowCount,
        })),
      },
      workspaceId,
    );
    await engine.insert({ ...batch, repairs: true });
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code === 'ENGINE_GONE') throw error;
    if (entries.length > 1) {
      // One of them may be refused, as it was when it came first.
      for (const entry of entries) {
        for (const [position, rows] of await putBack(options, [entry], expected)) {
          stored.set(position, rows);
        }
      }
      return stored;
    }
    await engine.deleteRange(tableDefinition(table), range, { repairs: true });
    return stored;
  }
  const parts = new Map<string, EntryCommitment[]>();
  for (const { entry } of entries) {
    const part = findPart(expected, name, entry.sequence);
    if (part === undefined) {
      if (entry.sequence >= expected.committed) stored.set(entry.sequence, 0);
      continue;
    }
    const shape = toBase64(part.shape);
    parts.set(shape, [...(parts.get(shape) ?? []), part]);
  }
  if (stored.size > 0) {
    // Not committed to yet: what is there now is what will be.
    for (const [position, rows] of await countRows(engine, name, range)) {
      if (stored.has(position)) stored.set(position, rows);
    }
  }
  for (const [shape, wanted] of parts) {
    const columns = expected.shapes.get(shape) ?? [];
    const rowsMax = wanted.reduce((most, { rows }) => Math.max(most, rows), 1);
    const found = new Map(
      (await entryRows(engine, { table: name, columns, range, rowsMax })).map((each) => [
        each.position,
        each,
      ]),
    );
    for (const part of wanted) {
      const now = found.get(part.position);
      if (now?.rows === part.rows && now.root === toBase64(part.root)) {
        stored.set(part.position, part.rows);
      } else {
        await engine.deleteRange(tableDefinition(table), oneEntry(part.position), {
          repairs: true,
        });
      }
    }
  }
  return stored;
}

function findPart(
  expected: ExpectedRows,
  table: string,
  position: bigint,
): EntryCommitment | undefined {
  for (const day of expected.tables.get(table)?.values() ?? []) {
    const part = day.get(position);
    if (part !== undefined) return part;
  }
  return undefined;
}

const oneEntry = (position: bigint): PositionRange => ({ from: position, to: position + 1n });
const ticksOf = (ms: number): bigint => BigInt(ms) * ticksPerMillisecond + unixEpochTicks;
const dayOf = (ms: number): bigint => ticksOf(ms) / ticksPerDay;
const routeOf = ({ metadata }: ReadEntry): string => JSON.stringify(metadata.route);
const least = (positions: readonly bigint[]): bigint | undefined =>
  positions.reduce<bigint | undefined>(
    (min, each) => (min === undefined || each < min ? each : min),
    undefined,
  );
