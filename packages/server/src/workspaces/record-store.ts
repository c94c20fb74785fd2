import { StrongroomError, concatBytes, journalSequence } from '@strongroom/base';
import type { Journal, JournalEntry } from '@strongroom/journal';
import { EntryReader, uint32, uint64 } from './entry-fields.js';
import type { WorkspaceErrorCode } from './errors.js';
import { decodeRecord } from './record.js';
import type { KeptRecord } from './record.js';

/**
 * Records, kept beyond the journal's pruning: `docs/formats/records.md`.
 *
 * A journal of its own that is never pruned: the same encryption, recovery and checks, and nothing
 * new to trust. Each kept record carries what its leaf in the ledger is made of, so a copy is held
 * against the ledger and not against this file.
 */
export class RecordStore {
  readonly #journal: Journal;
  #last: bigint;

  private constructor(journal: Journal, last: bigint) {
    this.#journal = journal;
    this.#last = last;
  }

  /** Takes a journal that holds nothing but kept records. */
  static async open(journal: Journal): Promise<RecordStore> {
    let last = -1n;
    if (journal.next > journal.first) {
      const newest = journalSequence(journal.next - 1n);
      for await (const entry of journal.read(newest)) last = decodeKept(entry).position;
    }
    return new RecordStore(journal, last);
  }

  /** As long as the workspace's key is away: what is kept is not looked at. */
  static unread(journal: Journal): RecordStore {
    return new RecordStore(journal, -1n);
  }

  /** Position of the newest record kept; -1n where there is none. */
  get last(): bigint {
    return this.#last;
  }

  /** Keeps records, in the order of positions; those that are kept already are passed over. Durable when it resolves. */
  async keep(records: readonly KeptRecord[]): Promise<void> {
    for (const kept of records) {
      if (kept.position <= this.#last) continue;
      // One after the other: behind a failure none may be kept, or the order would be lost.
      await this.#journal.append(encodeKept(kept), { reserve: true });
      this.#last = kept.position;
    }
  }

  /** All of them, oldest first. Throws `JOURNAL_CORRUPT`, `RECORDS_DAMAGED`. */
  async *read(): AsyncGenerator<KeptRecord> {
    let before = -1n;
    for await (const entry of this.#journal.read(this.#journal.first)) {
      const kept = decodeKept(entry);
      if (kept.position <= before) throw damaged('stand out of order');
      before = kept.position;
      yield kept;
    }
  }

  /** Those at a position or behind it, oldest first; the first is found by halving. */
  async *readFrom(position: bigint): AsyncGenerator<KeptRecord> {
    const journal = this.#journal;
    let [low, high] = [BigInt(journal.first), BigInt(journal.next)];
    while (low < high) {
      const middle = (low + high) / 2n;
      let found = position;
      for await (const entry of journal.read(journalSequence(middle))) {
        found = decodeKept(entry).position;
        break;
      }
      if (found < position) low = middle + 1n;
      else high = middle;
    }
    if (low >= BigInt(journal.next)) return;
    for await (const entry of journal.read(journalSequence(low))) yield decodeKept(entry);
  }

  /** The next record begins a new segment, under the keys of then. */
  roll(): void {
    this.#journal.roll();
  }

  /** The wrapped keys of its segments. */
  wrappedKeys(): readonly Uint8Array[] {
    return this.#journal.wrappedKeys();
  }

  /**
   * Records that may commit to the rows of an entry: the `rowsCommitted` of its range, found by halving,
   * and after it every `tablePurged`.
   */
  async *about(position: bigint): AsyncGenerator<KeptRecord> {
    const journal = this.#journal;
    let [low, high] = [BigInt(journal.first), BigInt(journal.next)];
    // The first record kept whose range ends beyond the position: ranges only rise.
    while (low < high) {
      const middle = (low + high) / 2n;
      const found = await this.#committedFrom(middle, high);
      if (found === undefined || found.to > position) high = middle;
      else low = found.sequence + 1n;
    }
    const first = await this.#committedFrom(low, BigInt(journal.next));
    if (first === undefined) return;
    yield first.kept;
    // Only where rows of it were purged since: then what is left was committed to anew.
    for await (const entry of journal.read(journalSequence(first.sequence + 1n))) {
      const kept = decodeKept(entry);
      if (kept.record.type === 'tablePurged') yield kept;
    }
  }

  /** The first `rowsCommitted` kept at `from` or later, below `to`. */
  async #committedFrom(
    from: bigint,
    to: bigint,
  ): Promise<{ kept: KeptRecord; sequence: bigint; to: bigint } | undefined> {
    if (from >= to) return undefined;
    for await (const entry of this.#journal.read(journalSequence(from))) {
      if (entry.sequence >= to) return undefined;
      const kept = decodeKept(entry);
      if (kept.record.type !== 'rowsCommitted') continue;
      return { kept, sequence: entry.sequence, to: BigInt(kept.record.to) };
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.#journal.close();
  }
}

const version = 1;

/** A kept record as an entry: place, time and salt as metadata, what it was as payload. */
function encodeKept({ position, time, salt, metadata, payload }: KeptRecord) {
  return {
    metadata: concatBytes(Uint8Array.from([version]), uint64(position), uint64(BigInt(time)), salt),
    payload: concatBytes(uint32(metadata.length), metadata, payload),
  };
}

/** Reads a kept record. Throws `RECORDS_DAMAGED`, `ENTRY_UNREADABLE`. */
export function decodeKept(entry: Pick<JournalEntry, 'metadata' | 'payload'>): KeptRecord {
  const head = new EntryReader(entry.metadata);
  if (head.uint8() !== version) throw damaged('are of an unknown version');
  const [position, time, salt] = [head.uint64(), Number(head.uint64()), head.take(32)];
  if (!head.atEnd) throw damaged('have bytes after their end');
  const body = new EntryReader(entry.payload);
  const metadata = body.take(body.uint32());
  const payload = body.rest();
  const { record } = decodeRecord({ metadata, payload });
  return { position, time, salt, metadata, payload, record };
}

const damaged = (what: string): StrongroomError<WorkspaceErrorCode> =>
  new StrongroomError('RECORDS_DAMAGED', `The kept records ${what}.`);
