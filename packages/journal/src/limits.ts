import { StrongroomError } from '@strongroom/base';

/** What bounds a journal. Each can be set where it is opened. */
export interface JournalLimits {
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytesMax: number;
  /** So is one this old, so that retention can drop it. Milliseconds of running time. */
  readonly segmentAgeMsMax: number;
  /** Metadata and payload of one entry together. */
  readonly entryBytesMax: number;
  /** Entries written with one fsync, in bytes; a larger entry is a group of its own. */
  readonly groupBytesMax: number;
  /** Entries written with one fsync. */
  readonly groupEntriesMax: number;
  /** Entries accepted and not yet durable, in bytes. Bounds memory. */
  readonly queueBytesMax: number;
  /** Free space that only appends with `reserve` may use. */
  readonly reservedBytes: number;
  /** How long a measurement of free space is believed. */
  readonly freeCheckMs: number;
  /** How long after a group the durable mark follows it; see `docs/formats/journal.md`. */
  readonly markDelayMs: number;
  /** Bytes asked of the file system at once when reading many small entries. */
  readonly readBytes: number;
}

export const defaultJournalLimits: JournalLimits = {
  segmentBytesMax: 64 * 1024 * 1024,
  segmentAgeMsMax: 6 * 60 * 60 * 1000,
  entryBytesMax: 32 * 1024 * 1024,
  groupBytesMax: 8 * 1024 * 1024,
  groupEntriesMax: 4096,
  queueBytesMax: 64 * 1024 * 1024,
  reservedBytes: 16 * 1024 * 1024,
  freeCheckMs: 1000,
  markDelayMs: 100,
  readBytes: 256 * 1024,
};

/** A journal's name: what fits its place in the segment header. */
export const journalIdBytesMax = 256;
/** A wrapped key: what fits its place in the segment header. */
export const wrappedKeyBytesMax = 3584;
/** A cursor's value: what fits its slot. */
export const cursorValueBytesMax = 16 * 1024 - 64;
/** Unwrapped segment keys held for reading. */
export const segmentKeysHeldMax = 8;
/** No body larger than this was ever written: a larger size in a frame is damage. */
export const bodyBytesMax = 1024 * 1024 * 1024;

/** The defaults with `changes`. Throws `JOURNAL_BAD_OPTION` where a value makes no sense. */
export function journalLimits(changes: Partial<JournalLimits> = {}): JournalLimits {
  const limits = { ...defaultJournalLimits, ...changes };
  for (const [name, value] of Object.entries(limits)) {
    const least = name === 'reservedBytes' || name === 'freeCheckMs' ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new StrongroomError('JOURNAL_BAD_OPTION', `${name} must be an integer from ${least}.`);
    }
  }
  if (limits.entryBytesMax > bodyBytesMax / 2) {
    throw new StrongroomError('JOURNAL_BAD_OPTION', 'entryBytesMax must be at most 512 MiB.');
  }
  return limits;
}
