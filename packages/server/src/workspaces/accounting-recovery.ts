import { fromUtf8, hasCode, isNotFound, journalSequence, toHex, utf8 } from '@strongroom/base';
import type { Fs, Sha256 } from '@strongroom/base';
import type { Journal } from '@strongroom/journal';
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
  text,
} from '@strongroom/sql';
import type { Statement } from '@strongroom/sql';
import { utcDay } from './accounting.js';
import type { Accounting, Counts, DailyUsage, Way } from './accounting.js';
import type { PositionRange } from './applier.js';
import { deadLetterTable } from './applier.js';
import { decodeEntryMetadata } from './entry.js';
import type { EntryMetadata } from './entry.js';
import { isRecordMetadata } from './record.js';
import { replaceFile } from './retry-memory.js';

/**
 * Books what a crash left unbooked.
 *
 * What was received stands in the journal, and what became of it in the tables: so both are counted
 * again, from where the newest written rows of `IngestionAccounting` end. Those say it themselves
 * (`ReceivedTo`, `AppliedTo`). What has no entry (refusals, retries) stands in `cursors/accounting`,
 * at most a second old.
 */
export async function recoverAccounting(options: {
  readonly journal: Journal;
  readonly accounting: Accounting;
  /** Positions below were received by an earlier run. */
  readonly next: bigint;
  /** Positions below were applied by an earlier run, durably. */
  readonly applied: bigint;
  readonly note: AccountingNote | undefined;
  readonly isTable: (name: string) => boolean;
  readonly outcomes: OutcomeSource;
}): Promise<FlushMark> {
  const { journal, accounting, note } = options;
  // Entries before the newest rows may have been received then and applied later.
  const known = note === undefined ? journal.first : smaller(note.flush, note.appliedTo);
  const start = known < journal.first ? journal.first : known;
  let flush: Flush | undefined;
  const seen: Seen[] = [];
  for await (const entry of journal.read(journalSequence(start))) {
    const { sequence: position, metadata, payload } = entry;
    if (position >= options.next) break;
    if (isRecordMetadata(metadata)) continue;
    const decoded = decodeEntryMetadata(metadata);
    if (decoded.source.kind !== 'Service') {
      seen.push({ position, metadata: decoded, bytes: payload.length, day: utcDay(entry.time) });
    } else if (decoded.route.table === accountingTable && entry.erased !== true) {
      flush = readFlush(position, payload) ?? flush;
    }
  }
  const receivedTo = flush?.receivedTo ?? journal.first;
  const appliedTo = flush?.appliedTo ?? journal.first;
  // The quota goes by it, also while the tables cannot be asked.
  const usage = note?.usage ?? { day: 0, bytes: 0, to: start };
  accounting.useBefore(usage, () =>
    seen.filter(({ position }) => position >= usage.to).map(({ day, bytes }) => ({ day, bytes })),
  );
  const unbooked = seen.filter(
    ({ position }) => position >= appliedTo && position < options.applied,
  );
  const applied = unbooked.length === 0 ? [] : await judgeApplied(options, unbooked);
  // Nothing was booked until here, and nothing is waited for from here on: a recovery that failed is
  // made again as a whole.
  accounting.bookedTo({ receivedTo: options.next, appliedTo });
  for (const { position, metadata, bytes } of seen) {
    if (position < receivedTo) continue;
    accounting.count(wayOf(metadata, true), {
      BatchesReceived: 1,
      RowsReceived: metadata.rowCount,
      BytesReceived: bytes,
    });
  }
  // A newer flush has what the note has.
  if (note !== undefined && (flush === undefined || flush.position <= note.flush)) {
    for (const { way, counts } of note.counters) accounting.countAlone(way, counts);
  }
  for (const { way, counts } of applied) accounting.count(way, counts);
  return flush === undefined
    ? { flush: note?.flush ?? journal.first, appliedTo: note?.appliedTo ?? journal.first }
    : { flush: flush.position, appliedTo };
}

/** What the tables say became of entries. */
export interface OutcomeSource {
  /** Rows that each entry of a range has in a table. */
  stored(table: string, range: PositionRange): Promise<readonly StoredOutcome[]>;
  /** Dead letters of the entries of a range. */
  deadLetters(range: PositionRange): Promise<readonly DeadLetters[]>;
}

export interface StoredOutcome {
  readonly position: bigint;
  readonly rows: number;
}

/** Dead letters of one entry, for one reason. */
export interface DeadLetters extends StoredOutcome {
  /** The table that the rows were for. */
  readonly table: string;
  readonly reason: string;
}

/** Outcomes as the engine's tables tell them; `ask` gives the rows of a statement over one of them. */
export const engineOutcomes = (
  ask: (table: string, statement: Statement) => Promise<readonly (readonly unknown[])[]>,
): OutcomeSource => ({
  stored: async (table, range) =>
    (await ask(table, rowsByPosition(table, range))).map(([at, rows]) => ({
      position: BigInt(String(at)),
      rows: Number(rows),
    })),
  deadLetters: async (range) =>
    (await ask(deadLetterTable, lettersOf(range))).map(([at, table, reason, rows]) => ({
      position: BigInt(String(at)),
      table: String(table),
      reason: String(reason),
      rows: Number(rows),
    })),
});

export const accountingTable = 'IngestionAccounting';

interface Seen {
  readonly position: bigint;
  readonly metadata: EntryMetadata;
  readonly bytes: number;
  readonly day: number;
}

interface Flush {
  readonly position: bigint;
  readonly receivedTo: bigint;
  readonly appliedTo: bigint;
}

/** How far rows that were written count; `undefined` for rows that do not say. */
function readFlush(position: bigint, payload: Uint8Array): Flush | undefined {
  const [line = ''] = fromUtf8(payload).split('\n', 1);
  const { ReceivedTo, AppliedTo } = JSON.parse(line) as Partial<Record<string, unknown>>;
  if (typeof ReceivedTo !== 'number' || typeof AppliedTo !== 'number') return undefined;
  return { position, receivedTo: BigInt(ReceivedTo), appliedTo: BigInt(AppliedTo) };
}

function wayOf({ route, source }: EntryMetadata, withSource: boolean): Way {
  const { stream, table, ruleImmutableId } = route;
  return { stream, table, rule: ruleImmutableId ?? '', ...(withSource ? { source } : {}) };
}

/** What the tables say became of entries: stored, set aside, and the rest filtered or dropped. */
async function judgeApplied(
  { outcomes, isTable }: Pick<Parameters<typeof recoverAccounting>[0], 'outcomes' | 'isTable'>,
  entries: readonly Seen[],
): Promise<{ way: Way; counts: Partial<Counts> }[]> {
  const range: PositionRange = {
    from: entries[0]?.position ?? 0n,
    to: (entries.at(-1)?.position ?? 0n) + 1n,
  };
  const stored = new Map<string, number>();
  for (const name of new Set(entries.map(({ metadata }) => metadata.route.table))) {
    if (!isTable(name)) continue;
    for (const { position, rows } of await outcomes.stored(name, range)) {
      stored.set(`${position} ${name}`, rows);
    }
  }
  const letters = new Map<string, { rows: number; whole: boolean }>();
  for (const { position, table, reason, rows } of await outcomes.deadLetters(range)) {
    const key = `${position} ${table}`;
    const known = letters.get(key) ?? { rows: 0, whole: false };
    letters.set(key, {
      rows: known.rows + rows,
      whole: known.whole || reason === 'BATCH_REFUSED',
    });
  }
  return entries.map(({ position, metadata }) => {
    const { table } = metadata.route;
    const way = wayOf(metadata, false);
    const { rowCount } = metadata;
    if (!isTable(table)) {
      return { way: { ...way, reason: 'TABLE_NOT_FOUND' }, counts: { RowsDropped: rowCount } };
    }
    const key = `${position} ${table}`;
    const letter = letters.get(key);
    const rows = stored.get(key) ?? 0;
    const dead = letter?.whole === true ? rowCount - rows : (letter?.rows ?? 0);
    return {
      way,
      counts: {
        RowsStored: rows,
        RowsDeadLettered: dead,
        RowsFiltered: Math.max(0, rowCount - rows - dead),
      },
    };
  });
}

const position = column('_Position');
const within = ({ from, to }: PositionRange) =>
  and([infix('>=', position, integer(from)), infix('<', position, integer(to))]);
const count = { value: call('count') };
const positionText = { value: call('toString', position), alias: 'p' };

const rowsByPosition = (name: string, range: PositionRange): Statement =>
  print(
    select({
      items: [positionText, count],
      from: relation(name, databaseName),
      where: within(range),
      groupBy: [position],
    }),
  );

const lettersOf = (range: PositionRange): Statement =>
  print(
    select({
      items: [positionText, { value: column('TableName') }, { value: column('Reason') }, count],
      from: relation(deadLetterTable, databaseName),
      where: and([within(range), infix('!=', column('TableName'), text(''))]),
      groupBy: [position, column('TableName'), column('Reason')],
    }),
  );

/** Where the newest written rows are. */
export interface FlushMark {
  /** Position of the newest rows of `IngestionAccounting`; the journal's first without any. */
  readonly flush: bigint;
  /** What became of entries below is in these rows or earlier ones. */
  readonly appliedTo: bigint;
}

/** What `cursors/accounting` holds: where the newest written rows are, and counters without an entry. */
export interface AccountingNote extends FlushMark {
  readonly counters: readonly { readonly way: Way; readonly counts: Partial<Counts> }[];
  /** Bytes of the day, of entries below `to`. */
  readonly usage?: DailyUsage & { readonly to: bigint };
}

/** Replaces the note, durably. */
export async function storeNote(
  { fs, sha256 }: { fs: Fs; sha256: Sha256 },
  path: string,
  note: AccountingNote,
): Promise<void> {
  const { flush, appliedTo, counters, usage } = note;
  const line = `${JSON.stringify({
    version: 1,
    flush: String(flush),
    appliedTo: String(appliedTo),
    counters,
    ...(usage === undefined ? {} : { usage: { ...usage, to: String(usage.to) } }),
  })}\n`;
  await replaceFile(fs, path, utf8(`${line}${toHex(sha256(utf8(line)))}\n`));
}

/** Reads the note; none, or a damaged one, costs a longer reading and what has no entry. */
export async function readNote(
  { fs, sha256 }: { fs: Fs; sha256: Sha256 },
  path: string,
): Promise<AccountingNote | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await fs.readFile(path);
  } catch (error) {
    if (isNotFound(error) || hasCode(error, 'EIO')) return undefined;
    throw error;
  }
  try {
    const [line = '', sum] = fromUtf8(bytes).split('\n');
    if (sum !== toHex(sha256(utf8(`${line}\n`)))) return undefined;
    const { version, flush, appliedTo, counters, usage } = JSON.parse(line) as Record<
      string,
      unknown
    >;
    if (version !== 1 || !isPosition(flush) || !Array.isArray(counters)) return undefined;
    return {
      flush: BigInt(flush),
      // Older notes do not say it: then all is read.
      appliedTo: isPosition(appliedTo) ? BigInt(appliedTo) : 0n,
      counters: counters as AccountingNote['counters'],
      ...readUsage(usage),
    };
  } catch {
    return undefined;
  }
}

function readUsage(value: unknown): Pick<AccountingNote, 'usage'> {
  if (typeof value !== 'object' || value === null) return {};
  const { day, bytes, to } = value as Record<string, unknown>;
  if (typeof day !== 'number' || typeof bytes !== 'number') return {};
  if (!isPosition(to)) return {};
  return { usage: { day, bytes, to: BigInt(to) } };
}

const isPosition = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{1,19}$/.test(value);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
