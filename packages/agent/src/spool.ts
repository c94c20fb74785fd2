import { join } from 'node:path';
import {
  InvariantError,
  fromUtf8,
  hasCode,
  invariant,
  journalSequence,
  utf8,
} from '@strongroom/base';
import type { Clock, Fs, Random } from '@strongroom/base';
import { openJournal } from '@strongroom/journal';
import type { Journal, JournalEntry, SegmentKeys } from '@strongroom/journal';
import type { Batch, Position, Positions } from './batch.js';
import { agentError, messageOf } from './errors.js';
import type { Health } from './health.js';
import { limits } from './limits.js';
import { makeDirectoryDurably, readSealedFile, writeSealedFile } from './sealed-file.js';
import type { Sealer } from './sealed-file.js';

/**
 * The lanes of the spool, each a journal of its own. What is dropped first when the spool is full,
 * and what is sent first when there is a backlog, is decided by lane: see `docs/formats/spool.md`.
 */
export const laneNames = ['state', 'performance', 'logs'] as const;
export type LaneName = (typeof laneNames)[number];
const refusedName = 'refused';

/** What has become of the rows of one stream, since the agent was enrolled. */
export interface StreamTotals {
  /** Rows that became durable in the spool. */
  collected: number;
  /** Rows that the service acknowledged. */
  sent: number;
  /** Rows that the service refused for good; kept aside while there is room. */
  refused: number;
  /** Rows given up because the spool was full. */
  dropped: number;
}

/** A batch on its way out. */
export interface SpoolEntry {
  readonly lane: LaneName;
  readonly sequence: bigint;
  readonly stream: string;
  readonly requestId: string;
  readonly rowCount: number;
  /** gzip of NDJSON. */
  readonly payload: Uint8Array;
}

interface Item {
  readonly sequence: bigint;
  readonly stream: string;
  readonly requestId: string;
  readonly rowCount: number;
  state: 'waiting' | 'sending' | 'done';
}

interface Lane {
  readonly name: LaneName;
  readonly journal: Journal;
  /** Entries that are not known to be done with, from `head` on. */
  items: Item[];
  head: number;
  /** First entry that is not done with. */
  shipped: bigint;
  /** Positions of all entries before it are in the folded positions. */
  folded: bigint;
  /** An iteration over the journal's entries, and the entry that it yields next. */
  reader: AsyncIterator<JournalEntry> | undefined;
  readerNext: bigint;
}

/** Metadata of an entry, as JSON. See `docs/formats/spool.md`. */
interface EntryMetadata {
  readonly v: 1;
  readonly stream: string;
  readonly requestId: string;
  readonly rows: number;
  readonly plainBytes: number;
  readonly positions: Positions;
}

interface CursorValue {
  readonly v: 1;
  readonly lanes: Record<string, { readonly shipped: string; readonly folded: string }>;
  readonly positions: Record<string, Position>;
  readonly totals: Record<string, StreamTotals>;
}

function decodeMetadata(bytes: Uint8Array): EntryMetadata {
  const value = JSON.parse(fromUtf8(bytes)) as EntryMetadata;
  if (value.v !== 1) throw agentError('AGENT_STATE_DAMAGED', 'The spool is of another version.');
  return value;
}

const cursorContext = 'spool-cursor';

/** What waits, for the status. */
export interface SpoolStatus {
  readonly bytes: number;
  readonly bytesMax: number;
  readonly waiting: Readonly<Record<LaneName, number>>;
  readonly refusedEntries: number;
  /** True while collecting waits for room. */
  readonly full: boolean;
  readonly streams: Readonly<Record<string, StreamTotals>>;
}

/**
 * Batches between collecting and sending: encrypted, durable, in order.
 *
 * The positions of the sources lie in the entries themselves. On opening they are those of the
 * cursor, moved on by each entry behind it: a row and the position that covers it become durable in
 * one append, so no crash can part them.
 */
export class Spool {
  readonly #fs: Fs;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #sealer: Sealer;
  readonly #health: Health;
  readonly #cursorPath: string;
  readonly #bytesMax: number;
  readonly #lanes: Record<LaneName, Lane>;
  readonly #refused: Journal;
  readonly #positions: Map<string, Position>;
  readonly #totals: Record<string, StreamTotals>;
  readonly #cache = new Map<string, Uint8Array>();
  #cacheBytes = 0;
  #dirty = false;
  #storing: Promise<void> = Promise.resolve();
  #waiters: (() => void)[] = [];
  #turn = 0;
  #waitingForRoom = 0;
  #closed = false;
  /** True where this state directory has never held a position. */
  readonly firstStart: boolean;

  constructor(options: {
    fs: Fs;
    clock: Clock;
    random: Random;
    sealer: Sealer;
    health: Health;
    cursorPath: string;
    bytesMax: number;
    lanes: Record<LaneName, Lane>;
    refused: Journal;
    positions: Map<string, Position>;
    totals: Record<string, StreamTotals>;
    firstStart: boolean;
  }) {
    this.#fs = options.fs;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#sealer = options.sealer;
    this.#health = options.health;
    this.#cursorPath = options.cursorPath;
    this.#bytesMax = options.bytesMax;
    this.#lanes = options.lanes;
    this.#refused = options.refused;
    this.#positions = options.positions;
    this.#totals = options.totals;
    this.firstStart = options.firstStart;
  }

  /** Durable positions of the sources. */
  get positions(): ReadonlyMap<string, Position> {
    return this.#positions;
  }

  get status(): SpoolStatus {
    const waiting = (lane: Lane): number => lane.items.length - lane.head;
    return {
      bytes: this.#bytes(),
      bytesMax: this.#bytesMax,
      waiting: {
        state: waiting(this.#lanes.state),
        performance: waiting(this.#lanes.performance),
        logs: waiting(this.#lanes.logs),
      },
      refusedEntries: Number(this.#refused.next - this.#refused.first),
      full: this.#waitingForRoom > 0,
      streams: structuredClone(this.#totals),
    };
  }

  #bytes(): number {
    let bytes = 0;
    for (const name of laneNames) bytes += this.#lanes[name].journal.status.bytes;
    return bytes;
  }

  #totalsOf(stream: string): StreamTotals {
    return (this.#totals[stream] ??= { collected: 0, sent: 0, refused: 0, dropped: 0 });
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Resolves when something changed, or after `ms`. */
  async #change(ms: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const changed = new Promise<void>((resolve) => this.#waiters.push(resolve));
    const abort = (): void => stop.abort();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    await Promise.race([changed, this.#clock.sleep(ms, stop.signal).catch(() => undefined)]);
    signal.removeEventListener('abort', abort);
    stop.abort();
  }

  /**
   * Puts a batch into a lane. Resolves when it is durable, or dropped and counted because the spool
   * is full. Rows of logs are never dropped here: they wait, and their files keep them meanwhile.
   * Rejects with the signal's reason where it is aborted before.
   */
  async append(name: LaneName, batch: Batch, signal: AbortSignal): Promise<void> {
    const lane = this.#lanes[name];
    if (!(await this.#makeRoom(lane, batch, signal))) {
      this.#drop(batch.stream, batch.rowCount);
      return;
    }
    const requestId = this.#random.uuid();
    const metadata: EntryMetadata = {
      v: 1,
      stream: batch.stream,
      requestId,
      rows: batch.rowCount,
      plainBytes: batch.plainBytes,
      positions: batch.positions,
    };
    const record = { metadata: utf8(JSON.stringify(metadata)), payload: batch.payload };
    for (;;) {
      signal.throwIfAborted();
      try {
        // What little says that the machine lives, and what was lost, may use the disk's last space.
        const reserve = name === 'state';
        const { sequence } = await lane.journal.append(record, { reserve });
        const last = lane.items.at(-1);
        invariant(last === undefined || last.sequence < sequence, 'the spool lost its order');
        lane.items.push({
          sequence,
          stream: batch.stream,
          requestId,
          rowCount: batch.rowCount,
          state: batch.rowCount === 0 ? 'done' : 'waiting',
        });
        this.#fold(lane, sequence, batch.positions);
        this.#totalsOf(batch.stream).collected += batch.rowCount;
        this.#keepInMemory(lane, sequence, batch.payload);
        this.#advance(lane);
        this.#dirty = true;
        this.#wake();
        return;
      } catch (error) {
        // The disk is full or failing: the rows stay in memory and their files until it is not.
        const again = ['JOURNAL_FULL', 'JOURNAL_IO', 'JOURNAL_OVERLOADED'].some((code) =>
          hasCode(error, code),
        );
        if (!again) throw error;
        if (name === 'performance') {
          this.#drop(batch.stream, batch.rowCount, 'the disk is full');
          return;
        }
        this.#waitingForRoom += 1;
        await this.#change(1000, signal);
        this.#waitingForRoom -= 1;
      }
    }
  }

  #fold(lane: Lane, sequence: bigint, positions: Positions): void {
    for (const [source, position] of Object.entries(positions)) {
      if (position === null) this.#positions.delete(source);
      else this.#positions.set(source, position);
    }
    lane.folded = sequence + 1n;
  }

  #keepInMemory(lane: Lane, sequence: bigint, payload: Uint8Array): void {
    // Only what the sender comes to next: a backlog is read from the disk.
    const next = lane.items.length - lane.head <= 2 * limits.inFlightMax;
    if (!next || payload.length === 0) return;
    if (this.#cacheBytes + payload.length > limits.spoolCacheBytesMax) return;
    this.#cache.set(`${lane.name}:${sequence}`, payload);
    this.#cacheBytes += payload.length;
  }

  #drop(stream: string, rowCount: number, why = 'the spool is full'): void {
    this.#totalsOf(stream).dropped += rowCount;
    this.#health.report('rows dropped', stream, why, rowCount);
    this.#dirty = true;
  }

  /** True when there is room for the batch; false where it is to be dropped. */
  async #makeRoom(lane: Lane, batch: Batch, signal: AbortSignal): Promise<boolean> {
    const size = batch.payload.length + 4096;
    const reserve = lane.name === 'state' ? this.#bytesMax * limits.spoolReserveShare : 0;
    const fits = (): boolean =>
      this.#bytes() + size <= this.#bytesMax + reserve &&
      lane.items.length - lane.head < limits.spoolEntriesMax;
    while (!fits()) {
      signal.throwIfAborted();
      // Performance data goes first; then what this lane can spare.
      const victims: Lane[] =
        lane.name === 'state' ? [this.#lanes.performance, lane] : [this.#lanes.performance];
      let dropped = false;
      for (const victim of victims) {
        dropped = this.#dropOldest(victim) > 0;
        if (dropped) break;
      }
      if (dropped) {
        // A full disk may refuse the cursor too; then nothing is freed, and the loop goes on.
        await this.store().catch(() => undefined);
        continue;
      }
      if (lane.name !== 'logs') return false;
      this.#waitingForRoom += 1;
      await this.#change(1000, signal);
      this.#waitingForRoom -= 1;
    }
    return true;
  }

  /** Drops the oldest quarter of what waits in a lane; says how many entries. */
  #dropOldest(lane: Lane): number {
    const waiting = lane.items.slice(lane.head).filter((item) => item.state === 'waiting');
    const count = Math.ceil(waiting.length / 4);
    for (const item of waiting.slice(0, count)) {
      item.state = 'done';
      this.#drop(item.stream, item.rowCount);
    }
    this.#advance(lane);
    return count;
  }

  #advance(lane: Lane): void {
    while (lane.head < lane.items.length && lane.items[lane.head]!.state === 'done') {
      const { sequence } = lane.items[lane.head]!;
      this.#uncache(lane, sequence);
      lane.shipped = sequence + 1n;
      lane.head += 1;
      this.#dirty = true;
    }
    if (lane.head > 1024 && lane.head * 2 > lane.items.length) {
      lane.items = lane.items.slice(lane.head);
      lane.head = 0;
    }
  }

  #uncache(lane: Lane, sequence: bigint): void {
    const key = `${lane.name}:${sequence}`;
    const payload = this.#cache.get(key);
    if (payload === undefined) return;
    this.#cache.delete(key);
    this.#cacheBytes -= payload.length;
  }

  /**
   * The next batch to send; waits for one. `undefined` once `signal` is aborted. One caller at a
   * time. Small state rows go first, then performance and logs by turns: a backlog of logs does not
   * hide that the machine lives.
   */
  async take(signal: AbortSignal): Promise<SpoolEntry | undefined> {
    while (!signal.aborted) {
      this.#turn += 1;
      const order: LaneName[] =
        this.#turn % 2 === 0 ? ['state', 'performance', 'logs'] : ['state', 'logs', 'performance'];
      for (const name of order) {
        const lane = this.#lanes[name];
        let item: Item | undefined;
        for (let index = lane.head; index < lane.items.length; index += 1) {
          if (lane.items[index]!.state === 'waiting') {
            item = lane.items[index];
            break;
          }
        }
        if (item === undefined) continue;
        item.state = 'sending';
        const payload =
          this.#cache.get(`${name}:${item.sequence}`) ?? (await this.#read(lane, item.sequence));
        this.#uncache(lane, item.sequence);
        const { sequence, stream, requestId, rowCount } = item;
        return { lane: name, sequence, stream, requestId, rowCount, payload };
      }
      await this.#change(60_000, signal);
    }
    return undefined;
  }

  async #read(lane: Lane, sequence: bigint): Promise<Uint8Array> {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      if (lane.reader === undefined || lane.readerNext !== sequence) {
        await lane.reader?.return?.();
        lane.reader = lane.journal.read(journalSequence(sequence))[Symbol.asyncIterator]();
        lane.readerNext = sequence;
      }
      const { value, done } = await lane.reader.next();
      if (done !== true) {
        lane.readerNext = sequence + 1n;
        return value.payload;
      }
      // It saw the journal as it was when the iteration began.
      lane.reader = undefined;
    }
    throw new InvariantError('an entry of the spool is not in its journal');
  }

  #item(entry: SpoolEntry): { lane: Lane; item: Item | undefined } {
    const lane = this.#lanes[entry.lane];
    let item: Item | undefined;
    for (let index = lane.head; index < lane.items.length; index += 1) {
      if (lane.items[index]!.sequence === entry.sequence) {
        item = lane.items[index];
        break;
      }
    }
    return { lane, item };
  }

  #finish(entry: SpoolEntry): void {
    const { lane, item } = this.#item(entry);
    if (item !== undefined) item.state = 'done';
    this.#advance(lane);
    this.#dirty = true;
    this.#wake();
  }

  /** The service acknowledged a batch. */
  sent(entry: SpoolEntry): void {
    this.#totalsOf(entry.stream).sent += entry.rowCount;
    this.#finish(entry);
  }

  /**
   * The service refused a batch for good. It is kept aside, encrypted, while there is room for it,
   * and counted and reported in any case.
   */
  async setAside(entry: SpoolEntry, reason: string): Promise<void> {
    this.#totalsOf(entry.stream).refused += entry.rowCount;
    let kept = true;
    try {
      const metadata = { v: 1, reason, time: this.#clock.now(), stream: entry.stream };
      await this.#refused.append({
        metadata: utf8(
          JSON.stringify({ ...metadata, requestId: entry.requestId, rows: entry.rowCount }),
        ),
        payload: entry.payload,
      });
      if (this.#refused.status.bytes > this.#bytesMax * limits.refusedShare) {
        await this.#refused.prune(journalSequence((this.#refused.first + this.#refused.next) / 2n));
      }
    } catch (error) {
      kept = false;
      reason += `; not kept: ${messageOf(error)}`;
    }
    this.#health.report(
      'rows refused',
      entry.stream,
      kept ? `${reason}; kept aside` : reason,
      entry.rowCount,
    );
    this.#finish(entry);
  }

  /** A batch could not be sent now: it is to be taken again. */
  putBack(entry: SpoolEntry): void {
    const { item } = this.#item(entry);
    if (item !== undefined) item.state = 'waiting';
    this.#wake();
  }

  /** Writes the cursor if it changed, and removes the segments that it leaves behind. */
  async store(): Promise<void> {
    this.#storing = this.#storing.then(() => this.#storeNow());
    const stored = this.#storing;
    // A failed store is the caller's to know, and does not fail the next one.
    this.#storing = stored.catch(() => undefined);
    await stored;
  }

  async #storeNow(): Promise<void> {
    if (!this.#dirty || this.#closed) return;
    this.#dirty = false;
    const shipped = laneNames.map((name) => [name, this.#lanes[name].shipped] as const);
    const value: CursorValue = {
      v: 1,
      lanes: Object.fromEntries(
        laneNames.map((name) => {
          const lane = this.#lanes[name];
          return [name, { shipped: String(lane.shipped), folded: String(lane.folded) }];
        }),
      ),
      positions: Object.fromEntries(this.#positions),
      totals: this.#totals,
    };
    try {
      await writeSealedFile(
        this.#fs,
        this.#sealer,
        this.#cursorPath,
        cursorContext,
        utf8(JSON.stringify(value)),
      );
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
    // Only behind a durable cursor: what it still needs is never removed.
    for (const [name, before] of shipped) {
      const { journal } = this.#lanes[name];
      if (before > journal.first) await journal.prune(journalSequence(before));
    }
    this.#wake();
  }

  /** Writes the cursor and closes. What was not sent stays. */
  async close(): Promise<void> {
    await this.store().catch(() => undefined);
    this.#closed = true;
    for (const name of laneNames) {
      await this.#lanes[name].reader?.return?.();
      await this.#lanes[name].journal.close();
    }
    await this.#refused.close();
  }
}

/** Opens the spool below a state directory, or makes it. */
export async function openSpool(options: {
  readonly directory: string;
  readonly agentId: string;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: SegmentKeys;
  readonly sealer: Sealer;
  readonly health: Health;
  readonly bytesMax: number;
}): Promise<Spool> {
  const { directory, fs, clock, random, keys, sealer, bytesMax } = options;
  await makeDirectoryDurably(fs, directory);
  const cursorPath = join(directory, 'cursor');
  const raw = await readSealedFile(fs, sealer, cursorPath, cursorContext);
  const cursor = raw === undefined ? undefined : (JSON.parse(fromUtf8(raw)) as CursorValue);
  if (cursor !== undefined && cursor.v !== 1) {
    throw agentError('AGENT_STATE_DAMAGED', 'The spool is of another version.');
  }
  // Sent entries go with their whole segment: small segments let go early.
  const segmentBytesMax = Math.max(1024 * 1024, Math.min(16 * 1024 * 1024, bytesMax / 32));
  const open = (name: string, atLeast: bigint | undefined): Promise<Journal> =>
    openJournal({
      directory: join(directory, name),
      journalId: `${options.agentId}/${name}`,
      fs,
      clock,
      random,
      keys,
      limits: {
        segmentBytesMax: Math.floor(segmentBytesMax),
        segmentAgeMsMax: 10 * 60_000,
        entryBytesMax: 8 * 1024 * 1024,
        queueBytesMax: 16 * 1024 * 1024,
        reservedBytes: limits.diskReservedBytes,
      },
      ...(atLeast === undefined ? {} : { atLeast }),
    });
  const positions = new Map<string, Position>(Object.entries(cursor?.positions ?? {}));
  const totals: Record<string, StreamTotals> = { ...cursor?.totals };
  const opened: Journal[] = [];
  try {
    const lanes: Partial<Record<LaneName, Lane>> = {};
    let entries = 0;
    for (const name of laneNames) {
      const kept = cursor?.lanes[name];
      const journal = await open(name, kept === undefined ? undefined : BigInt(kept.folded));
      opened.push(journal);
      const shipped = kept === undefined ? journal.first : BigInt(kept.shipped);
      const lane: Lane = {
        name,
        journal,
        items: [],
        head: 0,
        shipped,
        folded: kept === undefined ? journal.first : BigInt(kept.folded),
        reader: undefined,
        readerNext: -1n,
      };
      for await (const entry of journal.read(journalSequence(shipped))) {
        if (entry.lost === true) {
          lane.folded = entry.sequence + 1n;
          continue;
        }
        const metadata = decodeMetadata(entry.metadata);
        entries += 1;
        lane.items.push({
          sequence: entry.sequence,
          stream: metadata.stream,
          requestId: metadata.requestId,
          rowCount: metadata.rows,
          state: metadata.rows === 0 ? 'done' : 'waiting',
        });
        if (entry.sequence < lane.folded) continue;
        const total = (totals[metadata.stream] ??= {
          collected: 0,
          sent: 0,
          refused: 0,
          dropped: 0,
        });
        total.collected += metadata.rows;
        for (const [source, position] of Object.entries(metadata.positions)) {
          if (position === null) positions.delete(source);
          else positions.set(source, position);
        }
        lane.folded = entry.sequence + 1n;
      }
      lanes[name] = lane;
    }
    const refused = await open(refusedName, undefined);
    opened.push(refused);
    return new Spool({
      ...options,
      cursorPath,
      lanes: lanes as Record<LaneName, Lane>,
      refused,
      positions,
      totals,
      firstStart: cursor === undefined && entries === 0,
    });
  } catch (error) {
    for (const journal of opened) await journal.close();
    throw error;
  }
}
