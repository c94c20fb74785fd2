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
  /** Rows of `[position, …, count]` of a statement over the engine's tables. */
  readonly ask: (table: string, statement: Statement) => Promise<readonly (readonly unknown[])[]>;
}): Promise<void> {
  const { journal, accounting, note } = options;
  const start = note === undefined || note.flush < journal.first ? journal.first : note.flush;
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
  accounting.bookedTo({ receivedTo: options.next, appliedTo });
  if (note?.usage !== undefined) accounting.use(note.usage.day, note.usage.bytes);
  for (const { position, bytes, day } of seen) {
    if (position >= (note?.usage?.to ?? start)) accounting.use(day, bytes);
  }
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
  const unbooked = seen.filter(
    ({ position }) => position >= appliedTo && position < options.applied,
  );
  if (unbooked.length > 0) await countApplied(options, unbooked);
}

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
async function countApplied(
  options: Pick<Parameters<typeof recoverAccounting>[0], 'accounting' | 'ask' | 'isTable'>,
  entries: readonly Seen[],
): Promise<void> {
  const { accounting, ask, isTable } = options;
  const range: PositionRange = {
    from: entries[0]?.position ?? 0n,
    to: (entries.at(-1)?.position ?? 0n) + 1n,
  };
  const stored = new Map<string, number>();
  for (const name of new Set(entries.map(({ metadata }) => metadata.route.table))) {
    if (!isTable(name)) continue;
    for (const [position, rows] of await ask(name, rowsByPosition(name, range))) {
      stored.set(`${String(position)} ${name}`, Number(rows));
    }
  }
  const letters = new Map<string, { rows: number; whole: boolean }>();
  for (const [position, name, reason, rows] of await ask(deadLetterTable, lettersOf(range))) {
    const key = `${String(position)} ${String(name)}`;
    const known = letters.get(key) ?? { rows: 0, whole: false };
    letters.set(key, {
      rows: known.rows + Number(rows),
      whole: known.whole || reason === 'BATCH_REFUSED',
    });
  }
  for (const { position, metadata } of entries) {
    const { table } = metadata.route;
    const way = wayOf(metadata, false);
    const { rowCount } = metadata;
    if (!isTable(table)) {
      accounting.count({ ...way, reason: 'TABLE_NOT_FOUND' }, { RowsDropped: rowCount });
      continue;
    }
    const key = `${position} ${table}`;
    const letter = letters.get(key);
    const rows = stored.get(key) ?? 0;
    const dead = letter?.whole === true ? rowCount - rows : (letter?.rows ?? 0);
    accounting.count(way, {
      RowsStored: rows,
      RowsDeadLettered: dead,
      RowsFiltered: Math.max(0, rowCount - rows - dead),
    });
  }
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

/** What `cursors/accounting` holds: where the newest written rows are, and counters without an entry. */
export interface AccountingNote {
  /** Position of the newest rows of `IngestionAccounting`; the journal's first without any. */
  readonly flush: bigint;
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
  const { flush, counters, usage } = note;
  const line = `${JSON.stringify({
    version: 1,
    flush: String(flush),
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
    const { version, flush, counters, usage } = JSON.parse(line) as Record<string, unknown>;
    if (version !== 1 || typeof flush !== 'string' || !/^\d{1,19}$/.test(flush)) return undefined;
    if (!Array.isArray(counters)) return undefined;
    return {
      flush: BigInt(flush),
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
  if (typeof to !== 'string' || !/^\d{1,19}$/.test(to)) return {};
  return { usage: { day, bytes, to: BigInt(to) } };
}
