/**
 * What a journal has lost by damage, and has gone on without, by somebody's act: kept beside the
 * segments so that reading gives a placeholder there and nowhere else. `docs/formats/journal.md`
 * §Quarantine.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { StrongroomError, fromUtf8, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { openCursorFile, readCursorFile } from './cursor-file.js';
import { JournalCorruptError } from './errors.js';

export const quarantineFileName = 'quarantine';
/** Ranges and segments kept; a journal that lost more is restored, not repaired. */
const itemsMax = 120;

/** Positions that cannot be read any more, and why. */
export interface LostRange {
  readonly from: bigint;
  /** Exclusive. */
  readonly to: bigint;
  readonly problem: string;
}

/** What somebody has accepted as lost. */
export interface Quarantine {
  readonly ranges: readonly LostRange[];
  /** Segments whose headers are damaged: nothing of them can be read. */
  readonly segments: readonly bigint[];
}

export const nothingLost: Quarantine = { ranges: [], segments: [] };

export const isLost = (quarantine: Quarantine, position: bigint): boolean =>
  quarantine.ranges.some(({ from, to }) => position >= from && position < to);

/** Stands for the commitment of an entry whose own cannot be read any more. */
export const lostCommitment = (journalId: string, position: bigint): Uint8Array =>
  new Uint8Array(
    createHash('sha256')
      .update(`strongroom/lost-entry/v1\0${journalId}\0${position}`, 'utf8')
      .digest(),
  );

/** Reads it. Throws `JOURNAL_CORRUPT`, `JOURNAL_CURSOR_CORRUPT`, `JOURNAL_IO`. */
export async function readQuarantine(fs: Fs, directory: string): Promise<Quarantine> {
  const value = await readCursorFile({ path: join(directory, quarantineFileName), fs });
  if (value === undefined) return nothingLost;
  const bad = (): never => {
    throw new JournalCorruptError('The quarantine is not readable');
  };
  try {
    const raw = JSON.parse(fromUtf8(value)) as {
      version: number;
      ranges: { from: string; to: string; problem: string }[];
      segments: string[];
    };
    if (raw.version !== 1) return bad();
    return {
      ranges: raw.ranges.map(({ from, to, problem }) => ({
        from: BigInt(from),
        to: BigInt(to),
        problem: String(problem),
      })),
      segments: raw.segments.map(BigInt),
    };
  } catch (error) {
    if (error instanceof StrongroomError) throw error;
    return bad();
  }
}

/** Stores it. When it resolves it survives power loss. */
export async function storeQuarantine(
  fs: Fs,
  directory: string,
  quarantine: Quarantine,
): Promise<void> {
  if (quarantine.ranges.length + quarantine.segments.length > itemsMax) {
    throw new JournalCorruptError(`More than ${itemsMax} places are damaged; restore the journal`);
  }
  const file = await openCursorFile({ path: join(directory, quarantineFileName), fs });
  await file.store(
    utf8(
      JSON.stringify({
        version: 1,
        ranges: quarantine.ranges.map(({ from, to, problem }) => ({
          from: String(from),
          to: String(to),
          problem,
        })),
        segments: quarantine.segments.map(String),
      }),
    ),
  );
}
