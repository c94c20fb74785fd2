import { join } from 'node:path';
import { equalBytes, toBase64 } from '@strongroom/base';
import { openEngine, positionsByDay, readEntryRows, rowCommitments } from '@strongroom/engine';
import type { Engine, EntryRows } from '@strongroom/engine';
import { readJournalOffline } from '@strongroom/journal';
import type { SegmentKeys } from '@strongroom/journal';
import type { WorkspaceKeys } from '@strongroom/keys';
import {
  ExpectedRows,
  commitmentOfOpening,
  decodeKeptEntry,
  isRecord,
  openingOf,
} from '@strongroom/ledger';
import type { EntryCommitment, ExpectedTable, KeptEntry, RowColumn } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import type { Context } from './context.js';
import { openDiskKeysOf } from './workspace-files.js';

/** Something that is not as the records say. */
export interface RowProblem {
  readonly code:
    | 'ROWS_CHANGED'
    | 'ROWS_ADDED'
    | 'ROWS_MISSING'
    | 'RECORD_WRONG'
    | 'JOURNAL_DAMAGED'
    | 'ROWS_UNREADABLE';
  readonly table?: string;
  readonly position?: string;
  readonly message: string;
}

/** Entries and records of a workspace, as far as their keys open them. */
export interface ReadRecords {
  readonly expected: ExpectedRows;
  /** What must stand in the ledger, by position. */
  readonly leaves: Map<bigint, { readonly path: string; readonly commitment: Uint8Array }>;
  readonly problems: RowProblem[];
  /** Positions below are in the signed tree or in the journal. */
  readonly end: bigint;
}

/** The commitments of a journal's entries: needs no key. */
export async function journalLeaves(
  context: Context,
  directory: string,
  leaves: ReadRecords['leaves'],
): Promise<string[]> {
  const problems: string[] = [];
  for await (const finding of readJournalOffline({ directory, fs: context.fs })) {
    if (finding.kind === 'entry') {
      leaves.set(finding.sequence, { path: 'journal', commitment: finding.commitment });
    } else if (finding.kind === 'problem') problems.push(finding.problem);
  }
  return problems;
}

/** Reads what is on record: the kept records, and those that only the journal holds yet. */
export async function readRecords(
  context: Context,
  workspace: { directory: string; id: string; keys: WorkspaceKeys; size: bigint },
): Promise<ReadRecords> {
  const { directory, id, keys, size } = workspace;
  const expected = new ExpectedRows(sha256);
  const leaves: ReadRecords['leaves'] = new Map();
  const problems: RowProblem[] = [];
  let journalEnd = 0n;
  const segmentKeys: Pick<SegmentKeys, 'open'> = {
    open: async (wrapped, { journalId, segment }) =>
      keys.unwrapDataKey('journal-segment', wrapped, `${journalId}/${segment}`).key,
  };
  const add = (kept: KeptEntry, path: string): void => {
    const commitment = commitmentOfOpening(sha256, openingOf(sha256, id, kept));
    leaves.set(kept.position, { path, commitment });
    // What is under no signature explains nothing: anyone who can write there could have made it.
    if (kept.position < size) expected.add(kept);
  };
  const records = readJournalOffline({
    directory: join(directory, 'records'),
    fs: context.fs,
    journalId: `${id}/records`,
    keys: segmentKeys,
  });
  for await (const finding of records) {
    if (finding.kind === 'problem') {
      problems.push({ code: 'JOURNAL_DAMAGED', message: `records: ${finding.problem}` });
    } else if (finding.kind === 'entry' && finding.content !== undefined) {
      add(decodeKeptEntry(finding.content), 'records');
    }
  }
  const journal = readJournalOffline({
    directory: join(directory, 'journal'),
    fs: context.fs,
    journalId: id,
    keys: segmentKeys,
  });
  for await (const finding of journal) {
    if (finding.kind === 'problem') {
      problems.push({ code: 'JOURNAL_DAMAGED', message: `journal: ${finding.problem}` });
    } else if (finding.kind === 'end') journalEnd = finding.next;
    else if (finding.kind === 'entry') {
      const { sequence: position, commitment, time, content } = finding;
      const known = leaves.get(position);
      if (known === undefined) leaves.set(position, { path: 'journal', commitment });
      else if (!equalBytes(known.commitment, commitment)) {
        const message = 'The record that is kept is not the entry at its position.';
        problems.push({ code: 'RECORD_WRONG', position: position.toString(), message });
      }
      if (content === undefined || !isRecord(content.metadata)) continue;
      if (position <= expected.last) continue;
      const { salt, metadata, payload } = content;
      add({ position, time, salt, metadata, payload }, 'journal');
    }
  }
  expected.end();
  for (const { position, message } of expected.problems) {
    problems.push({ code: 'RECORD_WRONG', position: position.toString(), message });
  }
  return { expected, leaves, problems, end: journalEnd > size ? journalEnd : size };
}

/** What a deep verification of the tables found. */
export interface DeepVerdict {
  readonly problems: readonly RowProblem[];
  readonly problemsOmitted: number;
  readonly tables: number;
  readonly rows: bigint;
  /** Rows that were in tables and not committed to yet: those of the last moments. */
  readonly rowsPending: bigint;
  readonly seconds: number;
}

const anyColumn: readonly RowColumn[] = [{ name: 'TimeGenerated', type: 'datetime' }];
const problemsMax = 1_000;
/** Rows asked for at once: 40 bytes each in the engine's memory, several times. */
const chunkRows = 1_000_000;
const secondsMax = 3_600;
const memoryBytesMax = 1_536 * 1024 * 1024;

/** Holds every row of the engine's tables against what is on record. */
export async function verifyRows(
  context: Context,
  work: {
    directory: string;
    keys: WorkspaceKeys;
    expected: ExpectedRows;
    /** Positions below are in the signed tree or in the journal. */
    end: bigint;
    onProgress: (rows: bigint, table: string) => void;
  },
): Promise<DeepVerdict> {
  const { clock } = context;
  const started = clock.monotonicMs();
  const diskKeys = await openDiskKeysOf(context, work.directory, work.keys);
  const engine = await openEngine({ directory: join(work.directory, 'engine'), diskKeys, clock });
  for (const key of Object.values(diskKeys.keys)) key.fill(0);
  const verification = new RowVerification(engine, work);
  try {
    const { expected } = work;
    const stored = [...engine.storedTables.keys()].filter((name) => !name.startsWith('_'));
    for (const name of [...new Set([...stored, ...expected.tables.keys()])].sort()) {
      await verification.table(name, stored.includes(name));
    }
  } finally {
    await engine.close();
  }
  const { problems, problemsOmitted, tables, rows, rowsPending } = verification;
  const seconds = (clock.monotonicMs() - started) / 1000;
  return { problems, problemsOmitted, tables, rows, rowsPending, seconds };
}

class RowVerification {
  readonly problems: RowProblem[] = [];
  problemsOmitted = 0;
  tables = 0;
  rows = 0n;
  rowsPending = 0n;
  readonly #engine: Engine;
  readonly #work: Parameters<typeof verifyRows>[1];
  #queries = 0;

  constructor(engine: Engine, work: Parameters<typeof verifyRows>[1]) {
    this.#engine = engine;
    this.#work = work;
  }

  async table(name: string, stored: boolean): Promise<void> {
    const days: ExpectedTable = this.#work.expected.tables.get(name) ?? new Map();
    const every = this.#everyColumn(days);
    this.tables += 1;
    const found = stored ? await this.#ask(positionsByDay(name)) : [];
    const seen = new Set<bigint>();
    for (const [day, first, last] of found) {
      const number = BigInt(String(day));
      seen.add(number);
      await this.#day(name, {
        day: number,
        first: BigInt(String(first)),
        last: BigInt(String(last)),
        every,
        expected: days.get(number) ?? new Map(),
      });
    }
    for (const [day, entries] of days) {
      if (seen.has(day)) continue;
      for (const part of entries.values()) this.#missing(name, part, 0);
    }
  }

  async #day(
    table: string,
    work: {
      day: bigint;
      first: bigint;
      last: bigint;
      /** Every column that rows of the table were ever committed to with. */
      every: readonly RowColumn[];
      expected: Map<bigint, EntryCommitment>;
    },
  ): Promise<void> {
    const { expected, day } = work;
    // One list of columns at a time; normally there is one.
    const shapes = new Map<string, EntryCommitment[]>();
    for (const part of expected.values()) {
      const shape = toBase64(part.shape);
      const list = shapes.get(shape);
      if (list === undefined) shapes.set(shape, [part]);
      else list.push(part);
    }
    if (shapes.size === 0) shapes.set('', []);
    const seen = new Set<bigint>();
    let isFirst = true;
    for (const [shape, parts] of shapes) {
      // Where nothing is committed to, any column serves to find what is there.
      const columns = shape === '' ? anyColumn : this.#work.expected.shapes.get(shape);
      if (columns === undefined) {
        this.#report({ code: 'RECORD_WRONG', table, message: 'Its columns are not on record.' });
        continue;
      }
      const rowsMax = parts.reduce((most, { rows }) => Math.max(most, rows), 1);
      const wanted = new Map(parts.map((part) => [part.position, part]));
      for (const range of chunksOf(parts, isFirst ? work : undefined)) {
        // What came later must be empty in these rows: it is in no hash of theirs.
        const emptyColumns = work.every.filter(
          ({ name }) => shape !== '' && !columns.some((each) => each.name === name),
        );
        const query = { table, columns, range, day, rowsMax, emptyColumns };
        for (const cells of await this.#ask(rowCommitments(query))) {
          const entry = readEntryRows(cells);
          const part = wanted.get(entry.position);
          if (part !== undefined) {
            seen.add(entry.position);
            this.#compare(table, part, entry);
          } else if (isFirst && !expected.has(entry.position)) this.#unexpected(table, entry);
        }
        this.#work.onProgress(this.rows, table);
      }
      isFirst = false;
    }
    for (const part of expected.values()) {
      if (!seen.has(part.position)) this.#missing(table, part, 0);
    }
  }

  #compare(table: string, part: EntryCommitment, found: EntryRows): void {
    this.rows += BigInt(found.rows);
    if (found.rows < part.rows) return this.#missing(table, part, found.rows);
    const position = part.position.toString();
    if (found.rows > part.rows) {
      const message = `${found.rows} rows where ${part.rows} were committed to.`;
      return this.#report({ code: 'ROWS_ADDED', table, position, message });
    }
    if (found.root !== toBase64(part.root) || found.later > 0) {
      const message = `Of its ${part.rows} rows at least one is not what was committed to.`;
      this.#report({ code: 'ROWS_CHANGED', table, position, message });
    }
    return undefined;
  }

  #missing(table: string, part: EntryCommitment, found: number): void {
    this.#report({
      code: 'ROWS_MISSING',
      table,
      position: part.position.toString(),
      message: `${found} rows where ${part.rows} were committed to.`,
    });
  }

  #unexpected(table: string, found: EntryRows): void {
    const { committed } = this.#work.expected;
    this.rows += BigInt(found.rows);
    if (found.position >= committed && found.position < this.#work.end) {
      this.rowsPending += BigInt(found.rows);
      return;
    }
    this.#report({
      code: 'ROWS_ADDED',
      table,
      position: found.position.toString(),
      message: `${found.rows} rows that nothing on record speaks of.`,
    });
  }

  #everyColumn(days: ExpectedTable): readonly RowColumn[] {
    const shapes = new Set<string>();
    for (const entries of days.values()) {
      for (const { shape } of entries.values()) shapes.add(toBase64(shape));
    }
    const columns = new Map<string, RowColumn>();
    for (const shape of shapes) {
      for (const each of this.#work.expected.shapes.get(shape) ?? []) columns.set(each.name, each);
    }
    return [...columns.values()];
  }

  #report(problem: RowProblem): void {
    if (this.problems.length < problemsMax) this.problems.push(problem);
    else this.problemsOmitted += 1;
  }

  async #ask(statement: Parameters<Engine['query']>[0]): Promise<unknown[][]> {
    this.#queries += 1;
    const run = this.#engine.query(statement, {
      maxSeconds: secondsMax,
      maxMemoryBytes: memoryBytesMax,
      queryId: `verify-${this.#queries}`,
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of run) chunks.push(chunk);
    return Buffer.concat(chunks)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown[]);
  }
}

/** Ranges of positions with so many rows each; with `all`, everything between is in one of them. */
function chunksOf(
  parts: readonly EntryCommitment[],
  all: { first: bigint; last: bigint } | undefined,
): { from: bigint; to: bigint }[] {
  const sorted = [...parts].sort((a, b) => (a.position < b.position ? -1 : 1));
  const chunks: { from: bigint; to: bigint }[] = [];
  let from = all === undefined ? sorted[0]?.position : all.first;
  let rows = 0;
  for (const part of sorted) {
    if (rows > 0 && rows + part.rows > chunkRows && from !== undefined) {
      chunks.push({ from, to: part.position });
      from = part.position;
      rows = 0;
    }
    rows += part.rows;
  }
  const last = sorted.at(-1)?.position ?? -1n;
  const end = all === undefined || last > all.last ? last : all.last;
  if (from !== undefined && end >= from) chunks.push({ from, to: end + 1n });
  return chunks;
}
