import { join } from 'node:path';
import { StrongroomError, equalBytes, isNotFound } from '@strongroom/base';
import type { AbortSignalLike, Clock, Fs, FsFile, JournalSequence, Random } from '@strongroom/base';
import type { CursorFile } from './cursor-file.js';
import { destroyHeader, rewriteSegment, rewritingPath } from './erase.js';
import { JournalCorruptError, isFull, journalError } from './errors.js';
import {
  asSequence,
  bodyIsWhole,
  commitmentOf,
  encodeSegmentHeader,
  frameHeaderSize,
  openFrame,
  sealFrame,
  segmentDigest,
  segmentHeaderSize,
} from './format.js';
import type { FrameHeader, SegmentHeader } from './format.js';
import type {
  Appended,
  Journal,
  JournalEntry,
  JournalRecord,
  JournalStatus,
  OpenJournalOptions,
  ReadOptions,
  SegmentKeys,
} from './journal.js';
import { segmentKeysHeldMax } from './limits.js';
import type { JournalLimits } from './limits.js';
import { encodeMark } from './mark.js';
import type { JournalMark } from './mark.js';
import { isLost, lostCommitment } from './quarantine.js';
import type { Quarantine } from './quarantine.js';
import {
  FileWindow,
  behind,
  frameBehind,
  nextFrame,
  openSegment,
  segmentFileName,
  startOf,
} from './segment.js';
import type { ScanState, SegmentFile } from './segment.js';

/** A segment of the chain, and how far it counts. */
export interface HeldSegment {
  readonly file: SegmentFile;
  /** Behind the last entry that counts; what follows it in the file does not. */
  end: { next: bigint; offset: number };
  /** Link of that last entry; undefined where it is not known until the segment is read. */
  endLink: Uint8Array;
  /** Places to start reading at, in order; the first is the segment's beginning. */
  readonly landmarks: ScanState[];
}

interface ActiveSegment {
  readonly held: HeldSegment;
  readonly file: FsFile;
  readonly key: Uint8Array;
  readonly since: number;
  state: ScanState;
}

interface Pending {
  readonly record: JournalRecord;
  readonly size: number;
  readonly reserve: boolean;
  /** True once it was in a group that failed for want of space. */
  retried: boolean;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

interface Waiter {
  readonly sequence: bigint;
  resolve(): void;
  reject(error: unknown): void;
}

interface FoundFrame {
  readonly frame: FrameHeader;
  readonly held: HeldSegment;
  readonly offset: number;
  readonly body: Uint8Array;
}

/** What is left of an entry that cannot be read any more. */
const emptyEntry = {
  metadata: new Uint8Array(0),
  payload: new Uint8Array(0),
  salt: new Uint8Array(0),
} as const;

const landmarkBytes = 1024 * 1024;
const frameOverhead = frameHeaderSize + 36;
/** Encrypted in one turn of the event loop, about 2 ms; then others have theirs. */
const turnBytes = 1024 * 1024;
/** Reading headers alone, a body larger than this is stepped over rather than read. */
const skipAboveBytes = 32 * 1024;
/** Smaller pieces are joined before writing; larger ones go to the file as they are. */
const joinBelowBytes = 64 * 1024;
/** How often it is looked whether the segment that is written to has become another one. */
const retireMs = 5;

const closedError = (): StrongroomError =>
  new StrongroomError('JOURNAL_CLOSED', 'The journal is closed.');

function joinSmall(parts: readonly Uint8Array[]): Uint8Array[] {
  const joined: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  const flush = (): void => {
    if (small.length > 0) joined.push(small.length === 1 ? small[0]! : Buffer.concat(small));
    small = [];
  };
  for (const part of parts) {
    if (part.length < joinBelowBytes) {
      if (part.length > 0) small.push(part);
    } else {
      flush();
      joined.push(part);
    }
  }
  flush();
  return joined;
}

/** A {@link Journal} on segment files. `openJournal` alone makes one. */
export class SegmentedJournal implements Journal {
  readonly journalId: string;
  readonly droppedBytes: number;
  readonly #quarantine: Quarantine;
  readonly #directory: string;
  readonly #fs: Fs;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #keys: SegmentKeys;
  readonly #limits: JournalLimits;
  readonly #markFile: CursorFile;

  /** Oldest first, without gaps. The last one may be the active one. */
  readonly #held: HeldSegment[];
  #leftovers: string[];
  #greatest: bigint | undefined;
  #active: ActiveSegment | undefined;
  #first: bigint;
  #next: bigint;
  #link: Uint8Array;
  #time: number;
  #marked: bigint;

  #queue: Pending[] = [];
  #queueBytes = 0;
  #writing: Promise<void> | undefined;
  #marking: Promise<void> | undefined;
  readonly #stop = new AbortController();
  #closing: Promise<void> | undefined;
  #broken: unknown;
  #waiters = new Set<Waiter>();
  #free: { bytes: number; at: number } | undefined;
  /** By header, not by number: a segment that is written anew has another key. */
  readonly #keyCache = new Map<SegmentHeader, Uint8Array>();
  /** The next group begins a segment. */
  #rollWanted = false;
  /** Pruning and erasing, one after the other. */
  #tidying: Promise<unknown> = Promise.resolve();
  /** While a segment's file is being replaced. */
  #swapping: Promise<void> | undefined;

  constructor(
    options: OpenJournalOptions,
    limits: JournalLimits,
    recovered: {
      markFile: CursorFile;
      mark: JournalMark;
      held: HeldSegment[];
      leftovers: string[];
      greatest: bigint | undefined;
      droppedBytes: number;
      quarantine: Quarantine;
    },
  ) {
    this.journalId = options.journalId;
    this.#directory = options.directory;
    this.#fs = options.fs;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#keys = options.keys;
    this.#limits = limits;
    this.#markFile = recovered.markFile;
    this.#held = recovered.held;
    this.#leftovers = recovered.leftovers;
    this.#greatest = recovered.greatest;
    this.droppedBytes = recovered.droppedBytes;
    this.#quarantine = recovered.quarantine;
    this.#first = recovered.mark.first;
    this.#next = recovered.mark.next;
    this.#marked = recovered.mark.next;
    this.#link = recovered.mark.link;
    this.#time = recovered.mark.time;
  }

  get next(): JournalSequence {
    return asSequence(this.#next);
  }

  get first(): JournalSequence {
    return asSequence(this.#first);
  }

  get status(): JournalStatus {
    return {
      segments: this.#held.length,
      bytes: this.#held.reduce((sum, held) => sum + held.end.offset, 0),
      queueBytes: this.#queueBytes,
      queueEntries: this.#queue.length,
    };
  }

  // ---- append ------------------------------------------------------------------------------

  async append(record: JournalRecord, options: { reserve?: boolean } = {}): Promise<Appended> {
    if (this.#closing !== undefined) throw closedError();
    if (this.#broken !== undefined) throw this.#unavailable();
    const size = record.metadata.length + record.payload.length;
    if (size > this.#limits.entryBytesMax) {
      throw new StrongroomError(
        'JOURNAL_ENTRY_TOO_LARGE',
        `An entry of ${size} bytes is larger than ${this.#limits.entryBytesMax}.`,
      );
    }
    if (this.#queueBytes + size > this.#limits.queueBytesMax && this.#queueBytes > 0) {
      throw new StrongroomError('JOURNAL_OVERLOADED', 'Too many bytes wait to be written.', {
        hint: 'Send again in a moment.',
      });
    }
    return new Promise<Appended>((resolve, reject) => {
      const reserve = options.reserve === true;
      this.#queue.push({ record, size, reserve, retried: false, resolve, reject });
      this.#queueBytes += size;
      this.#writing ??= this.#write();
    });
  }

  #unavailable(): StrongroomError {
    return new StrongroomError('JOURNAL_UNAVAILABLE', 'The journal stopped after a bug.', {
      cause: this.#broken,
    });
  }

  /** The only writer: takes groups until the queue is empty. */
  async #write(): Promise<void> {
    // What was appended in the same turn of the event loop belongs to the first group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      let group: Pending[] = [];
      try {
        group = await this.#takeGroup();
        if (group.length === 0) continue;
        const appended = await this.#writeGroup(group);
        this.#wake();
        group.forEach((pending, index) => {
          pending.resolve(appended[index]!);
        });
        this.#scheduleMark();
      } catch (error) {
        this.#refuse(group, error);
      }
    }
    this.#writing = undefined;
  }

  #refuse(group: readonly Pending[], error: unknown): void {
    const shown = journalError(error, 'appending to the journal');
    if (!(shown instanceof StrongroomError)) {
      this.#broken = error;
      for (const pending of [...group, ...this.#queue]) pending.reject(this.#unavailable());
      this.#queue = [];
      this.#queueBytes = 0;
      return;
    }
    // Audit is tried once more without the bulk that filled the disk.
    const again = isFull(error)
      ? group.filter((pending) => pending.reserve && !pending.retried)
      : [];
    for (const pending of group) {
      if (again.includes(pending)) pending.retried = true;
      else pending.reject(shown);
    }
    this.#queue.unshift(...again);
    for (const pending of again) this.#queueBytes += pending.size;
    if (isFull(error)) this.#free = undefined;
  }

  /** The entries at the head of the queue that go with one sync; refuses those without space. */
  async #takeGroup(): Promise<Pending[]> {
    const free = await this.#freeBytes();
    const { groupBytesMax, groupEntriesMax, reservedBytes } = this.#limits;
    const group: Pending[] = [];
    let bytes = 0;
    let taken = 0;
    for (const pending of this.#queue) {
      const size = pending.size + frameOverhead;
      const full = !pending.reserve && free - bytes - size < reservedBytes;
      if (!full && group.length > 0) {
        if (bytes + size > groupBytesMax || group.length >= groupEntriesMax) break;
      }
      taken += 1;
      this.#queueBytes -= pending.size;
      if (full) {
        pending.reject(
          new StrongroomError('JOURNAL_FULL', 'Only the space reserved for audit is left.', {
            hint: 'Free space on the disk of the data directory, then send again.',
          }),
        );
      } else {
        group.push(pending);
        bytes += size;
      }
    }
    this.#queue.splice(0, taken);
    if (this.#free !== undefined) this.#free.bytes -= bytes;
    return group;
  }

  async #freeBytes(): Promise<number> {
    const now = this.#clock.monotonicMs();
    if (this.#free === undefined || now - this.#free.at >= this.#limits.freeCheckMs) {
      // Where free space cannot be told, the write itself tells.
      const bytes = await this.#fs.freeBytes(this.#directory).catch(() => Infinity);
      this.#free = { bytes, at: now };
    }
    return this.#free.bytes;
  }

  /**
   * Encrypts, writes and syncs one group. Where that fails, nothing more is ever written to the
   * segment: its sync cannot be believed again, and its key has met these sequences.
   */
  async #writeGroup(group: readonly Pending[]): Promise<Appended[]> {
    const active = await this.#activeSegment();
    const { held, key } = active;
    const { stamp } = held.file.header;
    const { digest } = held.file;
    const start = active.state;
    const appended: Appended[] = [];
    const parts: Uint8Array[] = [];
    let { offset, next: sequence, link, time } = start;
    try {
      let sealedBytes = 0;
      for (const [index, { record }] of group.entries()) {
        if (sealedBytes >= turnBytes) {
          sealedBytes = 0;
          await new Promise((resolve) => setImmediate(resolve));
        }
        time = Math.max(this.#clock.now(), time);
        const salt = this.#random.bytes(32);
        const { metadata, payload } = record;
        const { journalId } = this;
        const commitment = commitmentOf({ journalId, sequence, time, salt, metadata, payload });
        const frame = sealFrame(
          { key, digest, offset },
          {
            stamp,
            sequence,
            time,
            group: start.group,
            last: index === group.length - 1,
            salt,
            commitment,
            previousLink: link,
            metadata,
            payload,
          },
        );
        appended.push({ sequence: asSequence(sequence), commitment, time });
        parts.push(...frame.parts);
        offset += frame.size;
        sequence += 1n;
        link = frame.link;
        sealedBytes += frame.size;
      }
      await active.file.write(start.offset, ...joinSmall(parts));
      await active.file.sync();
    } catch (error) {
      await this.#abandon(active, error);
      throw error;
    }
    active.state = { offset, next: sequence, link, time, group: start.group + 1 };
    held.end = { next: sequence, offset };
    held.endLink = link;
    if (start.offset - held.landmarks.at(-1)!.offset >= landmarkBytes) held.landmarks.push(start);
    this.#next = sequence;
    this.#link = link;
    this.#time = time;
    return appended;
  }

  async #abandon(active: ActiveSegment, error: unknown): Promise<void> {
    this.#active = undefined;
    // Gives back what the failed group took. No promise rests on it: the next header says where
    // this segment ends.
    if (isFull(error)) await active.file.truncate(active.state.offset).catch(() => undefined);
    await active.file.close().catch(() => undefined);
  }

  async #activeSegment(): Promise<ActiveSegment> {
    const active = this.#active;
    if (active !== undefined) {
      const { segmentBytesMax, segmentAgeMsMax } = this.#limits;
      const age = this.#clock.monotonicMs() - active.since;
      const isOver = active.state.offset >= segmentBytesMax || age >= segmentAgeMsMax;
      if (!isOver && !this.#rollWanted) return active;
      // Never written again, even where making its successor fails: the successor's header may be
      // on the disk all the same, and it says where this one ends.
      this.#active = undefined;
      await active.file.close().catch(() => undefined);
    }
    this.#rollWanted = false;
    this.#active = await this.#createSegment();
    return this.#active;
  }

  async #createSegment(): Promise<ActiveSegment> {
    const { journalId } = this;
    const segment = (this.#greatest ?? -1n) + 1n;
    // A number is used once in this process, whether or not making the file succeeds.
    this.#greatest = segment;
    const { key, wrapped } = await this.#keyed('made', () =>
      this.#keys.create({ journalId, segment }),
    );
    if (key.length !== 32) {
      throw new StrongroomError('JOURNAL_KEY_UNAVAILABLE', 'A segment key must have 32 bytes.');
    }
    const header: SegmentHeader = {
      journalId,
      segment,
      previous: this.#held.at(-1)?.file.header.segment,
      first: this.#next,
      previousLink: this.#link,
      previousTime: this.#time,
      createdMs: this.#clock.now(),
      stamp: this.#random.bytes(8),
      wrappedKey: wrapped,
    };
    const bytes = encodeSegmentHeader(header);
    const path = join(this.#directory, segmentFileName(segment));
    const file = await this.#fs.open(path, 'create');
    try {
      await file.write(0, bytes);
      await file.sync();
      await this.#fs.syncDirectory(this.#directory);
    } catch (error) {
      await file.close().catch(() => undefined);
      await this.#fs.remove(path).catch(() => this.#leftovers.push(path));
      throw error;
    }
    const state = startOf(header);
    const held: HeldSegment = {
      file: { path, header, digest: segmentDigest(bytes), size: segmentHeaderSize },
      end: { next: state.next, offset: state.offset },
      endLink: state.link,
      landmarks: [state],
    };
    this.#held.push(held);
    this.#holdKey(header, key);
    return { held, file, key, since: this.#clock.monotonicMs(), state };
  }

  // ---- mark --------------------------------------------------------------------------------

  /** Lets the mark follow, `markDelayMs` later and off the path of appends. */
  #scheduleMark(): void {
    if (this.#next !== this.#marked) this.#marking ??= this.#followWithMark();
  }

  async #followWithMark(): Promise<void> {
    try {
      while (this.#next !== this.#marked) {
        await this.#clock.sleep(this.#limits.markDelayMs, this.#stop.signal);
        await this.#storeMark();
      }
    } catch {
      // A mark is a lower bound: one that could not be stored is stored after the next group, or,
      // where the journal is being closed, by that.
    } finally {
      this.#marking = undefined;
    }
  }

  async #storeMark(): Promise<void> {
    const next = this.#next;
    await this.#markFile.store(
      encodeMark({ first: this.#first, next, time: this.#time, link: this.#link }),
    );
    this.#marked = next;
  }

  // ---- read --------------------------------------------------------------------------------

  async *read(from: JournalSequence, options: ReadOptions = {}): AsyncGenerator<JournalEntry> {
    const { maxBytes = Infinity, signal } = options;
    const { journalId } = this;
    let bytes = 0;
    for await (const found of this.#frames(from, this.#next, true, signal)) {
      if ('lost' in found) {
        yield { ...found.lost, ...emptyEntry, erased: true, lost: true };
        continue;
      }
      const { frame, held, offset, body } = found;
      const key = await this.#keyOf(held);
      const place = { key, digest: held.file.digest, offset };
      const opened = openFrame(place, journalId, frame, body);
      // Closing clears the keys, also under a reader's hands.
      if (this.#closing !== undefined) throw closedError();
      if (typeof opened === 'string') throw this.#corrupt(opened, held, offset);
      bytes += opened.metadata.length + opened.payload.length;
      const { sequence, time, commitment } = frame;
      yield {
        sequence: asSequence(sequence),
        time,
        commitment,
        ...opened,
        ...(frame.erased ? { erased: true } : {}),
      };
      if (bytes >= maxBytes) return;
    }
  }

  async *commitments(from: JournalSequence, to: JournalSequence): AsyncGenerator<Appended> {
    const until = to < this.#next ? to : this.#next;
    for await (const found of this.#frames(from, until, false, undefined)) {
      if ('lost' in found) {
        yield found.lost;
        continue;
      }
      const { frame } = found;
      const { sequence, time, commitment } = frame;
      yield { sequence: asSequence(sequence), time, commitment: new Uint8Array(commitment) };
    }
  }

  #corrupt(problem: string, held: HeldSegment, offset: number): JournalCorruptError {
    return new JournalCorruptError(problem, { segment: held.file.header.segment, offset });
  }

  /** The frames of `[from, until)`, each checked against the one before it. */
  async *#frames(
    from: bigint,
    until: bigint,
    bodies: boolean,
    signal: AbortSignalLike | undefined,
  ): AsyncGenerator<FoundFrame | { lost: Appended }> {
    if (from > this.#next) {
      throw new StrongroomError('JOURNAL_BEYOND_END', `Entry ${from} is not written yet.`);
    }
    const pruned = (): StrongroomError =>
      new StrongroomError('JOURNAL_PRUNED', `Entry ${from} is not held any more.`);
    let at = from;
    while (at < until) {
      if (this.#closing !== undefined) throw closedError();
      if (at < this.#first) throw pruned();
      await this.#swapping;
      const held = this.#held.find(({ end }) => at < end.next);
      if (held === undefined) {
        const { first, previousTime } = this.#held.at(-1)?.file.header ?? {};
        if (first === undefined || !isLost(this.#quarantine, at)) throw pruned();
        yield { lost: this.#placeholder(at, previousTime ?? 0) };
        at += 1n;
        continue;
      }
      if (held.file.header.first > at) {
        // The journal's first segments, given up whole.
        if (!isLost(this.#quarantine, at)) throw pruned();
        yield { lost: this.#placeholder(at, held.file.header.previousTime) };
        at += 1n;
        continue;
      }
      const file = await openSegment(this.#fs, held.file.path).catch((error: unknown) => {
        throw journalError(error, 'opening a segment');
      });
      if (this.#swapping !== undefined || !this.#held.includes(held)) {
        // It was replaced under our hands: what was opened may be either file.
        await file?.close().catch(() => undefined);
        continue;
      }
      if (file === undefined) {
        if (at < this.#first) throw pruned();
        throw this.#corrupt('The segment is missing', held, 0);
      }
      try {
        const stop = until < held.end.next ? until : held.end.next;
        let state = held.landmarks.findLast(({ next }) => next <= at) ?? held.landmarks[0]!;
        const window = new FileWindow(file, this.#limits.readBytes);
        let large = false;
        while (state.next < stop) {
          if (signal?.aborted === true) throwReason(signal);
          const raw = await window.read(state.offset, frameHeaderSize, !large);
          const step = nextFrame(state, raw, held.file.header.stamp);
          let { offset } = state;
          let frame: FrameHeader;
          let after: ScanState;
          if (typeof step !== 'string') ({ frame, after } = step);
          else {
            const over = await this.#stepOver(file, held, state);
            if (over === undefined) throw this.#corrupt(step, held, offset);
            for (let lost = state.next; lost < over.until && lost < stop; lost += 1n) {
              if (lost >= at) yield { lost: this.#placeholder(lost, state.time) };
            }
            if (over.found === undefined || over.until >= stop) break;
            // Nothing before it vouches for its link; from it on each entry is held against the last.
            ({ frame, offset } = over.found);
            after = behind(offset, frame);
          }
          const isEnd = after.next === held.end.next;
          if (isEnd && !equalBytes(after.link, held.endLink) && !this.#lostIn(held)) {
            throw this.#corrupt('The entry is not the one that was written', held, state.offset);
          }
          large = frame.bodySize > (bodies ? this.#limits.readBytes : skipAboveBytes);
          if (frame.sequence >= at) {
            let body = raw.subarray(0, 0);
            if (bodies) {
              body = await window.read(offset + frameHeaderSize, frame.bodySize);
              if (!bodyIsWhole(frame, body)) {
                if (!isLost(this.#quarantine, frame.sequence)) {
                  throw this.#corrupt('The checksum of the entry is wrong', held, offset);
                }
                const { sequence, time, commitment } = frame;
                yield { lost: { sequence: asSequence(sequence), time, commitment } };
                state = after;
                continue;
              }
            }
            yield { frame, held, offset, body };
          }
          state = after;
          if (frame.last && state.offset - held.landmarks.at(-1)!.offset >= landmarkBytes) {
            held.landmarks.push(state);
          }
        }
        at = stop;
      } catch (error) {
        throw journalError(error, 'reading a segment');
      } finally {
        await file.close().catch(() => undefined);
      }
    }
  }

  #lostIn(held: HeldSegment): boolean {
    const { first } = held.file.header;
    return this.#quarantine.ranges.some(({ from, to }) => from < held.end.next && to > first);
  }

  #placeholder(position: bigint, time: number): Appended {
    const commitment = lostCommitment(this.journalId, position);
    return { sequence: asSequence(position), time, commitment };
  }

  /**
   * Where reading goes on behind damage that somebody has accepted; `undefined` where an entry of
   * the way was not given up.
   */
  async #stepOver(
    file: FsFile,
    held: HeldSegment,
    state: ScanState,
  ): Promise<{ until: bigint; found?: { offset: number; frame: FrameHeader } } | undefined> {
    if (!isLost(this.#quarantine, state.next)) return undefined;
    const { next } = held.end;
    const found = await frameBehind(file, held.file.header.stamp, state, next);
    const until = found?.frame.sequence ?? next;
    for (let lost = state.next; lost < until; lost += 1n) {
      if (!isLost(this.#quarantine, lost)) return undefined;
    }
    return found === undefined ? { until } : { until, found };
  }

  async #keyed<T>(done: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (cause) {
      throw new StrongroomError(
        'JOURNAL_KEY_UNAVAILABLE',
        `The key of a segment could not be ${done}.`,
        { cause },
      );
    }
  }

  async #keyOf(held: HeldSegment): Promise<Uint8Array> {
    const { header } = held.file;
    const { segment, wrappedKey } = header;
    const cached = this.#keyCache.get(header);
    if (cached !== undefined) return cached;
    const { journalId } = this;
    const key = await this.#keyed('unwrapped', () =>
      this.#keys.open(wrappedKey, { journalId, segment }),
    );
    if (this.#closing !== undefined) {
      key.fill(0);
      throw closedError();
    }
    this.#holdKey(header, key);
    return key;
  }

  #holdKey(header: SegmentHeader, key: Uint8Array): void {
    this.#keyCache.set(header, key);
    for (const oldest of this.#keyCache.keys()) {
      if (this.#keyCache.size <= segmentKeysHeldMax) break;
      // Not cleared: a reader may be using it.
      if (oldest !== this.#active?.held.file.header) this.#keyCache.delete(oldest);
    }
  }

  // ---- followers, pruning, closing ---------------------------------------------------------

  #wake(): void {
    for (const waiter of this.#waiters) {
      if (this.#next > waiter.sequence) {
        this.#waiters.delete(waiter);
        waiter.resolve();
      }
    }
  }

  async waitBeyond(sequence: JournalSequence, signal?: AbortSignalLike): Promise<void> {
    if (this.#next > sequence) return;
    if (this.#closing !== undefined) throw closedError();
    if (signal?.aborted === true) throwReason(signal);
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(waiter);
        reject(reasonOf(signal));
      };
      const settled = (settle: () => void) => (): void => {
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const waiter: Waiter = {
        sequence,
        resolve: settled(resolve),
        reject: (error) => {
          settled(() => reject(error))();
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  prune(before: JournalSequence): Promise<number> {
    return this.#tidy(() => this.#prune(before));
  }

  #tidy<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#tidying.then(run);
    this.#tidying = result.catch(() => undefined);
    return result;
  }

  async #prune(before: JournalSequence): Promise<number> {
    if (this.#closing !== undefined) throw closedError();
    const newest = this.#held.at(-1);
    const going = this.#held.filter((held) => held !== newest && held.end.next <= before);
    const leftovers = this.#leftovers;
    if (going.length === 0 && leftovers.length === 0) return 0;
    try {
      if (going.length > 0) {
        // First said, then done: a crash between leaves files that nothing refers to. Said twice,
        // so that both slots of the mark agree.
        const first = going.at(-1)!.end.next;
        if (first > this.#first) this.#first = first;
        await this.#storeMark();
        await this.#storeMark();
      }
      const gone = going.flatMap(({ file }) => [file.path, rewritingPath(file.path)]);
      for (const path of [...gone, ...leftovers]) {
        await this.#fs.remove(path).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      }
      await this.#fs.syncDirectory(this.#directory);
    } catch (error) {
      throw journalError(error, 'pruning the journal');
    }
    for (const held of going) {
      const index = this.#held.indexOf(held);
      // Another call may have pruned it meanwhile.
      if (index >= 0) this.#held.splice(index, 1);
      this.#keyCache.delete(held.file.header);
    }
    this.#leftovers = this.#leftovers.filter((path) => !leftovers.includes(path));
    return going.length;
  }

  erase(positions: ReadonlySet<bigint>): Promise<number> {
    return this.#tidy(() => this.#erase(positions));
  }

  async #erase(positions: ReadonlySet<bigint>): Promise<number> {
    let erased = 0;
    for (const held of this.#held) {
      const { first } = held.file.header;
      const { next } = held.end;
      const here = [...positions].filter((position) => position >= first && position < next);
      if (here.length > 0) erased += await this.#eraseIn(held, new Set(here));
    }
    return erased;
  }

  async #eraseIn(held: HeldSegment, positions: ReadonlySet<bigint>): Promise<number> {
    await this.#retire(held);
    if (this.#closing !== undefined) throw closedError();
    const { journalId } = this;
    const { path, header } = held.file;
    const { segment } = header;
    const key = await this.#keyOf(held);
    const fresh = await this.#keyed('made', () => this.#keys.create({ journalId, segment }));
    let source: FsFile | undefined;
    try {
      source = await this.#fs.open(path, 'write');
      const rewritten = await rewriteSegment({
        fs: this.#fs,
        source,
        segment: held.file,
        end: held.end,
        endLink: held.endLink,
        key,
        fresh,
        stamp: this.#random.bytes(8),
        positions,
        readBytes: this.#limits.readBytes,
      });
      const state = startOf(rewritten.file.header);
      const replacement: HeldSegment = {
        file: rewritten.file,
        end: { next: held.end.next, offset: rewritten.endOffset },
        endLink: held.endLink,
        landmarks: [state],
      };
      const swapping = this.#swap(held, replacement);
      this.#swapping = swapping.catch(() => undefined);
      try {
        await swapping;
      } finally {
        this.#swapping = undefined;
      }
      this.#holdKey(rewritten.file.header, fresh.key);
      this.#keyCache.delete(header);
      // The blocks of the old file lie on the disk until something else is written there; without
      // this one nothing unwraps their key.
      await destroyHeader(source);
      return rewritten.erased;
    } catch (error) {
      throw journalError(error, 'erasing entries');
    } finally {
      await source?.close().catch(() => undefined);
    }
  }

  async #swap(held: HeldSegment, replacement: HeldSegment): Promise<void> {
    const { path } = held.file;
    await this.#fs.rename(rewritingPath(path), path);
    // From the rename on the file is the new one, whether or not its name is durable yet.
    this.#held[this.#held.indexOf(held)] = replacement;
    await this.#fs.syncDirectory(this.#directory);
  }

  /** Sees to it that a segment is not written to any more. */
  async #retire(held: HeldSegment): Promise<void> {
    while (this.#active?.held === held) {
      if (this.#writing === undefined) {
        const { file } = this.#active;
        this.#active = undefined;
        await file.close().catch(() => undefined);
        return;
      }
      // A group is being written, and those after it go into a segment of their own.
      this.#rollWanted = true;
      await this.#clock.sleep(retireMs, this.#stop.signal);
    }
  }

  roll(): void {
    this.#rollWanted = true;
  }

  wrappedKeys(): readonly Uint8Array[] {
    return this.#held.map(({ file }) => file.header.wrappedKey);
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writing;
    this.#stop.abort();
    await this.#tidying;
    await this.#marking;
    if (this.#next !== this.#marked && this.#broken === undefined) {
      // All that was acknowledged is durable without it.
      await this.#storeMark().catch(() => undefined);
    }
    await this.#active?.file.close().catch(() => undefined);
    this.#active = undefined;
    for (const key of this.#keyCache.values()) key.fill(0);
    this.#keyCache.clear();
    for (const waiter of this.#waiters) waiter.reject(closedError());
    this.#waiters.clear();
  }
}

const reasonOf = (signal: AbortSignalLike | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal?.reason });

function throwReason(signal: AbortSignalLike): never {
  throw reasonOf(signal);
}
