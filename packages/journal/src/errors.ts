import { FsError, StrongroomError } from '@strongroom/base';

/** Every code that this package throws. */
export type JournalErrorCode =
  /** Held bytes are damaged, missing or not where they belong. Never served. */
  | 'JOURNAL_CORRUPT'
  /** The disk is full, or only the space reserved for audit is left. Try again later. */
  | 'JOURNAL_FULL'
  /** A file operation failed. The append is not acknowledged; trying again is safe. */
  | 'JOURNAL_IO'
  /** The entry is larger than `entryBytesMax`. */
  | 'JOURNAL_ENTRY_TOO_LARGE'
  /** The queue of unwritten entries is full. Try again later. */
  | 'JOURNAL_OVERLOADED'
  /** The journal was closed. */
  | 'JOURNAL_CLOSED'
  /** A bug stopped the writer; the journal must be opened again. */
  | 'JOURNAL_UNAVAILABLE'
  /** A segment's key could not be made or unwrapped. */
  | 'JOURNAL_KEY_UNAVAILABLE'
  /** The position asked for was pruned. */
  | 'JOURNAL_PRUNED'
  /** The position asked for lies beyond the end. */
  | 'JOURNAL_BEYOND_END'
  /** An option is out of its range. */
  | 'JOURNAL_BAD_OPTION'
  /** No slot of a cursor file holds a whole value. */
  | 'JOURNAL_CURSOR_CORRUPT'
  /** The value does not fit a cursor's slot. */
  | 'JOURNAL_CURSOR_TOO_LARGE';

/** A {@link StrongroomError} of this package. */
export type JournalError = StrongroomError<JournalErrorCode>;

/** Where damage was found. `offset` is in bytes from the start of the segment's file. */
export class JournalCorruptError extends StrongroomError<'JOURNAL_CORRUPT'> {
  readonly segment: bigint | undefined;
  readonly offset: number | undefined;

  constructor(
    problem: string,
    where: { segment?: bigint | undefined; offset?: number | undefined } = {},
    cause?: unknown,
  ) {
    const place =
      where.segment === undefined
        ? ''
        : ` (segment ${where.segment}${where.offset === undefined ? '' : `, offset ${where.offset}`})`;
    super('JOURNAL_CORRUPT', `${problem}${place}.`, {
      cause,
      hint: 'Restore the segment from a replica or a backup; `strongroom fsck` names every place.',
    });
    this.segment = where.segment;
    this.offset = where.offset;
  }
}

const fullCodes = new Set(['ENOSPC', 'EDQUOT']);

/** True where a file operation failed for want of space. */
export const isFull = (error: unknown): boolean =>
  error instanceof FsError && fullCodes.has(error.code);

/** The error that a caller sees for a failed file operation. */
export function ioError(error: FsError, doing: string): JournalError {
  return isFull(error)
    ? new StrongroomError('JOURNAL_FULL', `The disk is full: ${doing}.`, { cause: error })
    : new StrongroomError('JOURNAL_IO', `A file operation failed (${error.code}): ${doing}.`, {
        cause: error,
      });
}

/** Passes a {@link StrongroomError} on and makes one of a {@link FsError}; others are bugs. */
export function journalError(error: unknown, doing: string): unknown {
  return error instanceof FsError ? ioError(error, doing) : error;
}
