import {
  StrongroomError,
  fromUtf8,
  hasCode,
  invariant,
  journalSequence,
  utf8,
} from '@strongroom/base';
import type { Clock, Sha256 } from '@strongroom/base';
import { ticksPerMillisecond, unixEpochTicks } from '@strongroom/sql';
import type { ColumnSchema } from '@strongroom/sql';
import type { CursorFile, Journal, JournalEntry } from '@strongroom/journal';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import type { TableRecord } from '../catalog/catalog.js';
import type { Accounting, Way } from './accounting.js';
import { decodeEntryMetadata } from './entry.js';
import { decodeRecord, isRecordMetadata, recordsTable, rowOfRecord } from './record.js';
import type { KeptRecord } from './record.js';
import type { RecordStore } from './record-store.js';
import type { EntryMetadata } from './entry.js';
import type { WorkspaceErrorCode } from './errors.js';
import type { WorkspaceLimits } from './limits.js';
import type { BatchRoute } from './workspace.js';

/** A half-open range of journal positions. */
export interface PositionRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** One insert: the rows of a range that go into one table. */
export interface TableBatch {
  readonly range: PositionRange;
  readonly table: TableRecord;
  readonly stream: string;
  /** Declared columns of the incoming rows. */
  readonly input: readonly ColumnSchema[];
  readonly transformKql?: string;
  readonly entries: readonly BatchEntry[];
}

export interface BatchEntry {
  readonly position: bigint;
  readonly timeReceivedTicks: bigint;
  readonly rows: Uint8Array;
  readonly shape: 'array' | 'ndjson';
  readonly rowCount: number;
}

/** What became of a batch's rows. */
export interface BatchOutcome {
  readonly rowsStored: number;
  readonly rowsDeadLettered: number;
  readonly rowsFiltered: number;
}

/** Where the applier writes. An insert is atomic for its table and range, and durable when it resolves. */
export interface TableWriter {
  /**
   * Brings entries nearer to the tables while others are inserted. Nothing is in a table by it, and the
   * insert of the very same `entries` does not rest on it. What it returns lets go of them.
   */
  stage(entries: readonly BatchEntry[]): () => void;
  insert(batch: TableBatch): Promise<BatchOutcome>;
  countRange(table: TableRecord, range: PositionRange): Promise<bigint>;
  deleteRange(table: TableRecord, range: PositionRange): Promise<void>;
}

/**
 * Whose fault a failed insert is: `refused`: the batch's, surely. `unsure`: perhaps (the process
 * died under it). `heavy`: it is too much at once. `waits`: not the batch's; it is waited out.
 */
export type Verdict = 'refused' | 'unsure' | 'heavy' | 'waits';

/** What the applier knows of tables; answers from memory. */
export interface TableLookup {
  table(name: string): TableRecord | undefined;
}

/** The table that holds rows which did not fit theirs. */
export const deadLetterTable = 'IngestionErrors';

/**
 * The follower that brings journal entries into tables, exactly once.
 *
 * A batch is a range of positions, stored durably as the plan before its first insert. The cursor
 * moves behind it only when all its inserts are durable. So after a crash at most the planned range
 * is in doubt: its rows are deleted from its tables and inserted again. What lies behind the cursor
 * is never touched again, whatever the tables hold by then.
 */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #stop = new AbortController();
  /** Positions below are in the tables. */
  #applied: bigint;
  /** Stored and not yet known to be complete. */
  #plan: Plan | undefined;
  /** True while the cursor file does not yet say so. */
  #cursorStale = false;
  /** Entries of the next batch at most: halves while a batch fails, grows back after. */
  #entriesMax: number;
  #pendingBytes = 0;
  /** Entries of this run that are not applied yet, in order, so that most are never read back. */
  readonly #recent = new Map<bigint, ReadEntry>();
  #recentBytes = 0;
  /** The batch after the one that is being applied, read meanwhile. */
  #ahead: { readonly from: bigint; readonly batch: Promise<ReadBatch> } | undefined;
  /** Lets go of what was staged of it. */
  #unstage: () => void = () => undefined;
  #running: Promise<void> | undefined;
  #last: readonly AppliedTable[] = [];
  /** Position of the newest record that was kept; -1n where none was. */
  #kept: bigint;
  /** Rows of positions below are committed to, by records that were applied. */
  #committed: bigint;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#entriesMax = options.limits.applyEntriesMax;
    const state = decodeCursor(options.cursor.value);
    this.#applied = state.applied;
    this.#plan = state.plan;
    this.#last = state.last;
    this.#kept = state.kept;
    this.#committed = state.committed;
  }

  /** Positions below are in the tables. */
  get applied(): bigint {
    return this.#applied;
  }

  /** Positions below are in the tables and the cursor says so durably. */
  get durable(): bigint {
    return decodeCursor(this.#options.cursor.value).applied;
  }

  /** Position of the newest record that the cursor knows to be kept; -1n where there is none. */
  get kept(): bigint {
    return this.#kept;
  }

  /** Rows of positions below are committed to, by records below {@link durable}. */
  get durablyCommitted(): bigint {
    return decodeCursor(this.#options.cursor.value).committed;
  }

  /** Rows of positions below are committed to, by records below {@link applied}. */
  get committed(): bigint {
    return this.#committed;
  }

  get idle(): boolean {
    return this.#plan === undefined && this.#applied >= this.#options.journal.next;
  }

  start(): void {
    this.#running = this.#run();
  }

  /**
   * Hands over an entry that just became durable, in the order of positions. What does not fit the
   * limit is read back from the journal; nothing depends on being told.
   */
  note(entry: ReadEntry): void {
    const bytes = entry.entry.payload.length;
    this.#pendingBytes += bytes;
    if (this.#recentBytes + bytes > this.#options.limits.applyHeldBytesMax) return;
    this.#recent.set(entry.entry.sequence, entry);
    this.#recentBytes += bytes;
  }

  /** Stops after the insert that runs. What was not finished is done again after the next start. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('closing'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { limits, log, clock } = this.#options;
    const { signal } = this.#stop;
    let waitMs = limits.retryMsMin;
    while (!signal.aborted) {
      try {
        await this.#step();
        waitMs = limits.retryMsMin;
      } catch (error) {
        if (signal.aborted || hasCode(error, 'JOURNAL_CLOSED')) return;
        log.error('applying failed', { applied: String(this.#applied), ...errorFields(error) });
        if (hasCode(error, 'ENTRY_UNREADABLE') || hasCode(error, 'JOURNAL_CORRUPT')) {
          this.#options.alarm(error.code);
          return;
        }
        await clock.sleep(waitMs, signal).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, limits.retryMsMax);
      }
    }
  }

  async #step(): Promise<void> {
    const { journal } = this.#options;
    const { signal } = this.#stop;
    if (this.#plan !== undefined) {
      // Left by a crash, or by a failure in this run: how much of it arrived is not known.
      const batch = await this.#read(this.#plan);
      await this.#clear(this.#plan);
      await this.#applyAll(this.#plan, batch);
      return;
    }
    if (journal.next <= this.#applied) {
      if (this.#cursorStale) await this.#store();
      await journal.waitBeyond(journalSequence(this.#applied), signal);
    }
    const batch = await this.#nextBatch();
    const unstage = this.#unstage;
    this.#unstage = () => undefined;
    try {
      await this.#applyBatch(batch);
    } finally {
      unstage();
    }
  }

  async #applyBatch(batch: ReadBatch): Promise<void> {
    const { entries, tables } = batch;
    const { limits } = this.#options;
    const plan: Plan = {
      from: this.#applied,
      to: this.#applied + BigInt(entries.length),
      tables: [...tables.keys()],
    };
    invariant(entries.length <= limits.applyEntriesMax, 'an apply batch within its limit');
    this.#plan = plan;
    try {
      await this.#store();
    } catch (error) {
      // Not known to be durable: nothing may be inserted under it, or a crash would insert it twice.
      this.#plan = undefined;
      throw error;
    }
    this.#readAhead(plan.to, bytesOf(entries));
    await this.#applyAll(plan, batch);
  }

  async #nextBatch(): Promise<ReadBatch> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    // After a failure the batch begins elsewhere, or must be smaller.
    if (ahead?.from === this.#applied) {
      const batch = await ahead.batch;
      const { length } = batch.entries;
      if (length > 0 && length <= this.#entriesMax) return batch;
    }
    await this.#linger();
    return this.#readBatch(this.#applied);
  }

  /** Reads and stages the next batch while the engine is busy with this one, where a full one waits. */
  #readAhead(from: bigint, bytesNow: number): void {
    const { limits, writer } = this.#options;
    this.#ahead = undefined;
    if (this.#pendingBytes - bytesNow < limits.applyBytesTarget) return;
    const batch = this.#readBatch(from);
    this.#ahead = { from, batch };
    batch.then(
      ({ tables }) => {
        const letGo = [...tables.values()].map((group) => writer.stage(group.entries));
        // Of a batch that was read ahead and then not applied as it was.
        this.#unstage();
        this.#unstage = () => letGo.forEach((each) => each());
      },
      // Looked at when its turn comes; until then a failure is nobody's.
      () => undefined,
    );
  }

  /** Waits for company, but not where a batch is full already. Own rows alone can wait longer. */
  async #linger(): Promise<void> {
    const { clock, limits, journal } = this.#options;
    const slices = 4;
    const sliceMs = Math.max(1, limits.applyLingerMs / slices);
    for (let waitedMs = 0; ; waitedMs += sliceMs) {
      if (this.#pendingBytes >= limits.applyBytesTarget) return;
      if (journal.next - this.#applied >= BigInt(this.#entriesMax)) return;
      const lingerMs = this.#onlyOwnWait() ? limits.applyOwnLingerMs : limits.applyLingerMs;
      if (waitedMs >= lingerMs) return;
      await clock.sleep(sliceMs, this.#stop.signal);
    }
  }

  /** True where all that waits are the service's own rows: an insert of few costs as one of many. */
  #onlyOwnWait(): boolean {
    const { journal } = this.#options;
    const recent = this.#recent;
    // Each position once: as many as there are, all of them from the cursor on.
    return (
      recent.has(this.#applied) &&
      BigInt(recent.size) === journal.next - this.#applied &&
      [...recent.values()].every(({ metadata }) => metadata.source.kind === 'Service')
    );
  }

  /** Entries from a position on that may share a batch: one arrival day, one route a table. */
  async #readBatch(from: bigint): Promise<ReadBatch> {
    const { limits } = this.#options;
    const entries: ReadEntry[] = [];
    const routes = new Map<string, string>();
    let bytes = 0;
    let day: number | undefined;
    for await (const read of this.#waiting(from)) {
      const { entry } = read;
      const { route } = read.metadata;
      const routeKey = keyOfRoute(route);
      const entryDay = Math.floor(entry.time / msPerDay);
      const known = routes.get(route.table);
      if (
        (day !== undefined && entryDay !== day) ||
        (known !== undefined && known !== routeKey) ||
        (known === undefined && routes.size >= limits.applyTablesMax) ||
        (entries.length > 0 && bytes + entry.payload.length > limits.applyBytesMax) ||
        entries.length >= this.#entriesMax
      ) {
        break;
      }
      day = entryDay;
      routes.set(route.table, routeKey);
      bytes += entry.payload.length;
      entries.push(read);
      if (this.#recent.delete(entry.sequence)) this.#recentBytes -= entry.payload.length;
    }
    return byTable(entries);
  }

  /** Durable entries from a position on: from memory where they are there, else from the journal. */
  async *#waiting(from: bigint): AsyncGenerator<ReadEntry> {
    const { journal, limits } = this.#options;
    for (let next = from; ;) {
      const held = this.#recent.get(next);
      if (held !== undefined) {
        next += 1n;
        yield held;
        continue;
      }
      if (next >= journal.next) return;
      const position = journalSequence(next);
      for await (const entry of journal.read(position, { maxBytes: limits.applyBytesMax })) {
        if (this.#recent.has(entry.sequence)) break;
        next = entry.sequence + 1n;
        yield this.#decode(entry);
      }
    }
  }

  #forgetBelow(position: bigint): void {
    for (const [sequence, { entry }] of this.#recent) {
      if (sequence >= position) break;
      this.#recent.delete(sequence);
      this.#recentBytes -= entry.payload.length;
    }
  }

  async #read(plan: Plan): Promise<ReadBatch> {
    const entries: ReadEntry[] = [];
    for await (const entry of this.#options.journal.read(journalSequence(plan.from))) {
      if (entry.sequence >= plan.to) break;
      entries.push(this.#decode(entry));
    }
    return byTable(entries);
  }

  /** Removes what a planned range left in its tables. */
  async #clear(plan: Plan): Promise<void> {
    const { writer, tables } = this.#options;
    for (const name of new Set([...plan.tables, deadLetterTable])) {
      const table = tables.table(name);
      if (table === undefined) continue;
      if ((await writer.countRange(table, plan)) > 0n) await writer.deleteRange(table, plan);
    }
  }

  /** Applies the planned range; a range that the engine refuses is split, an entry set aside. */
  async #applyAll(plan: Plan, batch: ReadBatch): Promise<void> {
    const { limits, clock, log, records } = this.#options;
    const { entries } = batch;
    let waitMs = limits.retryMsMin;
    let verdict: Verdict;
    const kept = entries.flatMap((entry) => entry.record ?? []);
    if (records !== undefined && kept.length > 0) {
      // Before the cursor moves: behind it the journal may be pruned.
      await records.keep(kept);
      this.#kept = kept.at(-1)!.position;
    }
    for (let tries = 1; ; tries += 1) {
      try {
        const done = await this.#insertAll(plan, batch);
        this.#finish(plan, entries, done);
        return;
      } catch (error) {
        verdict = this.#options.judge(error);
        if (this.#stop.signal.aborted || verdict === 'waits') throw error;
        log.warn('a batch was not taken', {
          from: String(plan.from),
          to: String(plan.to),
          tries,
          verdict,
          ...errorFields(error),
        });
        // Splitting loses nothing. Setting one entry aside does, so it takes more to be sure.
        const split = entries.length > 1 || verdict === 'refused';
        if (tries >= (split ? limits.applyTriesMax : limits.applyUnsureTriesMax)) break;
      }
      await clock.sleep(waitMs, this.#stop.signal);
      waitMs = Math.min(waitMs * 2, limits.retryMsMax);
      await this.#clear(plan);
    }
    await this.#clear(plan);
    if (entries.length > 1 || verdict === 'heavy') {
      // Something in it is poison, or it is too much at once. Smaller batches find out; the plan is
      // made anew. A single entry that is too heavy for now is tried again and again.
      this.#entriesMax = Math.ceil(entries.length / 2);
      this.#plan = undefined;
      await this.#store();
      return;
    }
    await this.#setAside(plan, entries[0]!);
  }

  async #insertAll(plan: Plan, batch: ReadBatch): Promise<AppliedTable[]> {
    const { writer, tables, sha256 } = this.#options;
    const done: AppliedTable[] = [];
    for (const [name, { route, entries }] of batch.tables) {
      const table = tables.table(name);
      const transform =
        route.transformKql === undefined ? '' : fingerprint(sha256, route.transformKql);
      if (table === undefined) {
        done.push({
          table: name,
          transform,
          stored: 0,
          deadLettered: 0,
          filtered: 0,
          dropped: entries.reduce((rows, { rowCount }) => rows + rowCount, 0),
        });
        continue;
      }
      const outcome = await writer.insert({
        range: { from: plan.from, to: plan.to },
        table,
        stream: route.stream,
        input: route.columns,
        ...(route.transformKql === undefined ? {} : { transformKql: route.transformKql }),
        entries,
      });
      done.push({
        table: name,
        transform,
        stored: outcome.rowsStored,
        deadLettered: outcome.rowsDeadLettered,
        filtered: outcome.rowsFiltered,
        dropped: 0,
      });
    }
    return done;
  }

  /** An entry that the engine refuses by itself: kept whole as one dead letter, with the reason. */
  async #setAside(plan: Plan, { entry, metadata }: ReadEntry): Promise<void> {
    const { writer, tables, limits, log } = this.#options;
    const table = tables.table(deadLetterTable);
    invariant(table !== undefined, 'the dead letter table exists');
    const raw = Buffer.from(
      entry.payload.buffer,
      entry.payload.byteOffset,
      entry.payload.length,
    ).toString();
    const row = (text: string): Uint8Array =>
      utf8(
        JSON.stringify({
          TimeGenerated: new Date(entry.time).toISOString(),
          TableName: metadata.route.table,
          StreamName: metadata.route.stream,
          RuleId: metadata.route.ruleImmutableId ?? '',
          Reason: 'BATCH_REFUSED',
          Message: `The engine refused the batch at position ${entry.sequence} with ${metadata.rowCount} rows.`,
          RawRecord: text,
        }),
      );
    const letter = (text: string): Promise<BatchOutcome> =>
      writer.insert({
        range: { from: plan.from, to: plan.to },
        table,
        stream: deadLetterTable,
        input: table.schema.columns,
        entries: [
          {
            position: entry.sequence,
            timeReceivedTicks: ticksOf(entry.time),
            rows: row(text),
            shape: 'ndjson',
            rowCount: 1,
          },
        ],
      });
    try {
      await letter(raw);
    } catch (error) {
      if (this.#options.judge(error) !== 'refused') throw error;
      await this.#clear(plan);
      await letter(raw.slice(0, limits.deadLetterCharsMax));
    }
    log.error('a batch was set aside', { position: String(entry.sequence) });
    this.#options.alarm('BATCH_REFUSED');
    this.#finish(
      plan,
      [{ entry, metadata }],
      [
        {
          table: metadata.route.table,
          transform: '',
          stored: 0,
          deadLettered: metadata.rowCount,
          filtered: 0,
          dropped: 0,
        },
      ],
    );
  }

  #finish(plan: Plan, entries: readonly ReadEntry[], done: readonly AppliedTable[]): void {
    const { accounting, limits } = this.#options;
    this.#applied = plan.to;
    this.#forgetBelow(plan.to);
    this.#plan = undefined;
    this.#cursorStale = true;
    this.#last = done;
    this.#entriesMax = Math.min(this.#entriesMax * 2, limits.applyEntriesMax);
    const ways = new Map<string, Way>();
    for (const { metadata } of entries) {
      const { table, stream, ruleImmutableId } = metadata.route;
      if (metadata.source.kind !== 'Service') {
        ways.set(table, { table, stream, rule: ruleImmutableId ?? '' });
      }
    }
    this.#pendingBytes = Math.max(0, this.#pendingBytes - bytesOf(entries));
    this.#tellApplied(plan, entries, done);
    const lost = entries.filter(({ metadata }) => metadata === lostMetadata).length;
    if (lost > 0) {
      // How many rows were in them nobody can say any more: their batches are accounted for.
      accounting.count(
        { stream: '(lost)', table: '(lost)', rule: '', reason: 'JOURNAL_DAMAGED' },
        { BatchesReceived: lost },
      );
      this.#options.alarm('ENTRIES_LOST');
    }
    for (const { table, stored, deadLettered, filtered, dropped } of done) {
      const way = ways.get(table);
      if (way === undefined) continue;
      accounting.countApplied(plan.to, dropped > 0 ? { ...way, reason: 'TABLE_NOT_FOUND' } : way, {
        RowsStored: stored,
        RowsDeadLettered: deadLettered,
        RowsFiltered: filtered,
        RowsDropped: dropped,
      });
    }
  }

  /** What the range did, for whoever commits to its rows. */
  #tellApplied(plan: Plan, entries: readonly ReadEntry[], done: readonly AppliedTable[]): void {
    const records: bigint[] = [];
    for (const { record } of entries) {
      if (record === undefined) continue;
      if (record.record.type !== 'rowsCommitted') records.push(record.position);
      else if (BigInt(record.record.to) > this.#committed) {
        this.#committed = BigInt(record.record.to);
      }
    }
    const tables = new Set(done.flatMap(({ table, stored }) => (stored > 0 ? table : [])));
    if (done.some(({ deadLettered }) => deadLettered > 0)) tables.add(deadLetterTable);
    this.#options.onApplied?.({
      from: plan.from,
      to: plan.to,
      tables,
      records,
      rowsMax: entries.reduce((most, { metadata }) => Math.max(most, metadata.rowCount), 1),
      rows: done.reduce((sum, { stored, deadLettered }) => sum + stored + deadLettered, 0),
    });
  }

  #decode(entry: JournalEntry): ReadEntry {
    return readEntry(entry, this.#options.tables);
  }

  async #store(): Promise<void> {
    await this.#options.cursor.store(
      encodeCursor({
        applied: this.#applied,
        plan: this.#plan,
        kept: this.#kept,
        committed: this.#committed,
        last: this.#last,
      }),
    );
    this.#cursorStale = false;
  }
}

export interface ApplierOptions {
  readonly journal: Journal;
  readonly cursor: CursorFile;
  readonly writer: TableWriter;
  readonly tables: TableLookup;
  /** Where records go; without it they are only rows. */
  readonly records?: RecordStore;
  /** Told of each range whose rows are in their tables, durably; in order. */
  readonly onApplied?: (range: AppliedRange) => void;
  readonly accounting: Accounting;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: WorkspaceLimits;
  readonly judge: (error: unknown) => Verdict;
  /** Told where a person should look. */
  readonly alarm: (code: string) => void;
}

/** A range whose rows are in their tables. */
export interface AppliedRange extends PositionRange {
  /** Tables that got rows. */
  readonly tables: ReadonlySet<string>;
  /** Positions of records, but for `rowsCommitted`. */
  readonly records: readonly bigint[];
  /** Rows of one entry at most. */
  readonly rowsMax: number;
  readonly rows: number;
}

/** An entry as the applier needs it. */
export interface ReadEntry {
  readonly entry: Pick<JournalEntry, 'sequence' | 'time' | 'payload'>;
  readonly metadata: EntryMetadata;
  /** Where the entry is no rows but a record. */
  readonly record?: KeptRecord;
}

/** What an entry brings into which table. */
export function readEntry(entry: JournalEntry, tables: TableLookup): ReadEntry {
  if (entry.lost === true) return { entry, metadata: lostMetadata };
  if (!isRecordMetadata(entry.metadata)) {
    return { entry, metadata: decodeEntryMetadata(entry.metadata) };
  }
  const { sequence: position, time, salt, metadata, payload } = entry;
  const { record } = decodeRecord(entry);
  const row = rowOfRecord({ position, record });
  return {
    entry: { sequence: position, time, payload: row === undefined ? noBytes : rowBytes(row) },
    metadata: {
      route: {
        stream: recordsTable,
        table: recordsTable,
        columns: tables.table(recordsTable)?.schema.columns ?? [],
      },
      source: { kind: 'Service', id: 'strongroom' },
      shape: 'ndjson',
      rowCount: row === undefined ? 0 : 1,
    },
    record: { position, time, salt, metadata, payload, record },
  };
}

/** Entries of one range, and which of their rows go where. */
interface ReadBatch {
  readonly entries: readonly ReadEntry[];
  readonly tables: ReadonlyMap<string, TableEntries>;
}

/** Entries that go into one table by one route. */
interface TableEntries {
  readonly route: BatchRoute;
  readonly entries: readonly BatchEntry[];
}

function byTable(entries: readonly ReadEntry[]): ReadBatch {
  const tables = new Map<string, { route: BatchRoute; entries: BatchEntry[] }>();
  for (const { entry, metadata } of entries) {
    const { route, shape, rowCount } = metadata;
    if (rowCount === 0) continue;
    const group = tables.get(route.table) ?? { route, entries: [] };
    tables.set(route.table, group);
    group.entries.push({
      position: entry.sequence,
      timeReceivedTicks: ticksOf(entry.time),
      rows: entry.payload,
      shape,
      rowCount,
    });
  }
  return { entries, tables };
}

const noBytes = new Uint8Array(0);
/** Of an entry that damage took before it was applied: it went to a table that nobody knows any more. */
const lostMetadata: EntryMetadata = {
  route: { stream: '(lost)', table: '(lost)', columns: [] },
  source: { kind: 'Service', id: 'lost' },
  shape: 'ndjson',
  rowCount: 0,
};
const rowBytes = (row: Readonly<Record<string, unknown>>): Uint8Array =>
  utf8(`${JSON.stringify(row)}\n`);
const msPerDay = 86_400_000;
const ticksOf = (ms: number): bigint => BigInt(ms) * ticksPerMillisecond + unixEpochTicks;
const bytesOf = (entries: readonly ReadEntry[]): number =>
  entries.reduce((bytes, { entry }) => bytes + entry.payload.length, 0);
const keyOfRoute = (route: BatchRoute): string =>
  JSON.stringify([
    route.stream,
    route.transformKql,
    route.columns.map(({ name, type }) => [name, type]),
  ]);
const fingerprint = (sha256: Sha256, text: string): string =>
  Buffer.from(sha256(utf8(text)))
    .toString('hex')
    .slice(0, 16);

/** A range and the tables that it goes to. */
interface Plan extends PositionRange {
  readonly tables: readonly string[];
}

/** What the newest batch did to one table. */
interface AppliedTable {
  readonly table: string;
  /** First 8 bytes of the transformation's SHA-256; empty without one. */
  readonly transform: string;
  readonly stored: number;
  readonly deadLettered: number;
  readonly filtered: number;
  readonly dropped: number;
}

interface CursorState {
  readonly applied: bigint;
  readonly plan: Plan | undefined;
  /** Position of the newest record that is kept; -1n where there is none. */
  readonly kept: bigint;
  /** Rows of positions below are committed to, by records below `applied`. */
  readonly committed: bigint;
  readonly last: readonly AppliedTable[];
}

/** The applier's cursor: `docs/formats/entry.md` §Applier cursor. */
function encodeCursor({ applied, plan, kept, committed, last }: CursorState): Uint8Array {
  return utf8(
    JSON.stringify({
      version: 1,
      applied: applied.toString(),
      ...(kept < 0n ? {} : { kept: kept.toString() }),
      ...(committed === 0n ? {} : { committed: committed.toString() }),
      ...(plan === undefined
        ? {}
        : { plan: { from: plan.from.toString(), to: plan.to.toString(), tables: plan.tables } }),
      last,
    }),
  );
}

function decodeCursor(bytes: Uint8Array | undefined): CursorState {
  if (bytes === undefined)
    return { applied: 0n, plan: undefined, kept: -1n, committed: 0n, last: [] };
  const bad = (): never => {
    throw new StrongroomError<WorkspaceErrorCode>(
      'CURSOR_UNREADABLE',
      "The applier's cursor is damaged.",
    );
  };
  const position = (value: unknown): bigint =>
    typeof value === 'string' && /^\d{1,19}$/.test(value) ? BigInt(value) : bad();
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(fromUtf8(bytes)) as Record<string, unknown>;
  } catch {
    return bad();
  }
  if (raw['version'] !== 1) bad();
  const plan = raw['plan'] as Record<string, unknown> | undefined;
  return {
    applied: position(raw['applied']),
    plan:
      plan === undefined
        ? undefined
        : {
            from: position(plan['from']),
            to: position(plan['to']),
            tables: (plan['tables'] as unknown[]).map(String),
          },
    kept: raw['kept'] === undefined ? -1n : position(raw['kept']),
    committed: raw['committed'] === undefined ? 0n : position(raw['committed']),
    last: (raw['last'] as AppliedTable[] | undefined) ?? [],
  };
}
