/** What a journal promises. `open-journal.ts` makes one. */
import type { AbortSignalLike, Clock, Fs, JournalSequence, Random } from '@strongroom/base';
import type { JournalLimits } from './limits.js';

/** What a segment's key is bound to. */
export interface SegmentKeyContext {
  readonly journalId: string;
  readonly segment: bigint;
}

/**
 * Makes and unwraps the keys of segments. Each segment has a key of its own; its wrapped form lies
 * in the segment's header, so that destroying what wraps it destroys the segment's content.
 */
export interface SegmentKeys {
  /** A fresh key of 32 bytes, never given before, and its wrapped form (at most 3584 bytes). */
  create(context: SegmentKeyContext): Promise<{ key: Uint8Array; wrapped: Uint8Array }>;
  /** The key. Rejects where `wrapped` was not made for this context. The journal clears it. */
  open(wrapped: Uint8Array, context: SegmentKeyContext): Promise<Uint8Array>;
}

/** What goes in. The journal looks into neither part. Not to be changed until `append` settles. */
export interface JournalRecord {
  readonly metadata: Uint8Array;
  readonly payload: Uint8Array;
}

/** What is known of an entry without its key. */
export interface Appended {
  /** Its position: from 0, without gaps. */
  readonly sequence: JournalSequence;
  /** 32 bytes, salted: see {@link commitmentOf}. */
  readonly commitment: Uint8Array;
  /** Milliseconds since 1970 when it was taken up; never less than the entry before. */
  readonly time: number;
}

/** An entry as read back: authenticated, and equal to its commitment. */
export interface JournalEntry extends Appended, JournalRecord {
  /** The 32 random bytes in its commitment; with them anyone can check it. Keep them secret. */
  readonly salt: Uint8Array;
  /** Its payload and salt were erased: both are empty, and nothing can be held against the commitment. */
  readonly erased?: true;
  /** Damage took it, and somebody went on without it: a placeholder without metadata. */
  readonly lost?: true;
}

export interface ReadOptions {
  /** Ends after the entry that brings metadata and payload to this many bytes. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignalLike;
}

export interface JournalStatus {
  readonly segments: number;
  /** Bytes of the segments' files that hold entries or headers. */
  readonly bytes: number;
  /** Bytes and entries accepted and not yet durable. */
  readonly queueBytes: number;
  readonly queueEntries: number;
}

/** A durable, encrypted, append-only sequence of entries. */
export interface Journal {
  readonly journalId: string;
  /** Position of the first entry that is not yet durable. */
  readonly next: JournalSequence;
  /** Position of the oldest entry that is still held. */
  readonly first: JournalSequence;
  /** Bytes that opening left behind: the last group of a crash, never acknowledged. */
  readonly droppedBytes: number;
  readonly status: JournalStatus;
  /**
   * When it resolves, the entry is encrypted, written, and survives power loss. Appends that wait
   * at the same time share one sync; they resolve in the order of their sequences.
   *
   * When it rejects, the entry is not acknowledged; after a crash it may be there all the same.
   * Codes: `JOURNAL_FULL`, `JOURNAL_IO`, `JOURNAL_ENTRY_TOO_LARGE`, `JOURNAL_OVERLOADED`,
   * `JOURNAL_KEY_UNAVAILABLE`, `JOURNAL_CLOSED`, `JOURNAL_UNAVAILABLE`. After the first two and
   * `OVERLOADED` the same append may be tried again.
   *
   * `reserve`: may use the last `reservedBytes` of the disk (audit).
   */
  append(record: JournalRecord, options?: { reserve?: boolean }): Promise<Appended>;
  /**
   * The durable entries from `from` up to `next` as it is when called. Damage throws
   * `JOURNAL_CORRUPT` with segment and offset; other codes: `JOURNAL_PRUNED`,
   * `JOURNAL_BEYOND_END`, `JOURNAL_KEY_UNAVAILABLE`, `JOURNAL_IO`, `JOURNAL_CLOSED`.
   */
  read(from: JournalSequence, options?: ReadOptions): AsyncIterable<JournalEntry>;
  /** As {@link read} for `from` up to and without `to`, without content: needs no key. */
  commitments(from: JournalSequence, to: JournalSequence): AsyncIterable<Appended>;
  /** Resolves once `next` is beyond `sequence`. Rejects when aborted or closed. */
  waitBeyond(sequence: JournalSequence, signal?: AbortSignalLike): Promise<void>;
  /**
   * Removes the segments whose entries all lie below `before`, but never the newest, and says how
   * many. When it resolves, the removal survives power loss.
   */
  prune(before: JournalSequence): Promise<number>;
  /**
   * Takes payload and salt of these entries out of the files, where they are still held: their
   * segments are written anew under other keys, and the old keys are destroyed. Positions, times,
   * commitments and links stay. Says how many entries it took. When it resolves that survives power
   * loss; after a rejection it can be done again.
   */
  erase(positions: ReadonlySet<bigint>): Promise<number>;
  /** The next entry begins a new segment, under a new key. What is written already stays as it is. */
  roll(): void;
  /** The wrapped keys of the segments that are held, oldest first. */
  wrappedKeys(): readonly Uint8Array[];
  /** Writes what is queued, then lets go of files and keys. Rejects nothing. */
  close(): Promise<void>;
}

export interface OpenJournalOptions {
  readonly directory: string;
  /** Names the journal (a workspace's GUID, say); bound into every entry. 1 to 256 bytes. */
  readonly journalId: string;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: SegmentKeys;
  readonly limits?: Partial<JournalLimits>;
  /**
   * A position that someone outside (a cursor, a checkpoint) knows to have been acknowledged up to,
   * exclusive. Opening throws `JOURNAL_CORRUPT` where less is held.
   */
  readonly atLeast?: bigint;
}
