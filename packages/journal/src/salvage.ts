import { join } from 'node:path';
import { StrongroomError, equalBytes, invariant } from '@strongroom/base';
import type { Clock, Fs, FsFile, Random } from '@strongroom/base';
import { closing, openCursorFile, readCursorFile } from './cursor-file.js';
import { journalError } from './errors.js';
import {
  bodyIsWhole,
  encodeSegmentHeader,
  frameHeaderSize,
  genesisLink,
  segmentHeaderSize,
} from './format.js';
import { defaultJournalLimits } from './limits.js';
import { decodeMark, encodeMark } from './mark.js';
import type { JournalMark } from './mark.js';
import { isLost, readQuarantine, storeQuarantine } from './quarantine.js';
import type { LostRange, Quarantine } from './quarantine.js';
import {
  FileWindow,
  behind,
  chainOf,
  frameBehind,
  listSegments,
  markFileName,
  nextFrame,
  segmentFileName,
  startOf,
} from './segment.js';
import type { ScanState, SegmentFile } from './segment.js';

export interface SalvageOptions {
  readonly directory: string;
  readonly journalId: string;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  /** Up to here, exclusive, is known from outside (a checkpoint) to have been acknowledged. */
  readonly atLeast?: bigint;
  /** Only says what would be given up; changes nothing. */
  readonly dryRun?: boolean;
}

/** What a salvage gives up. */
export interface Salvage extends Quarantine {
  /** Position of the next entry afterwards. */
  readonly next: bigint;
}

/** What a scan of one segment found. */
interface Scanned {
  readonly lost: LostRange[];
  readonly end: ScanState;
  /** Bytes behind the last whole frame that are no frame. */
  readonly tail: boolean;
}

/**
 * Reads every frame of a segment, stepping over what is damaged. `ends`: position behind its last
 * entry, where the next segment says it.
 */
async function scan(
  file: FsFile,
  segment: SegmentFile,
  ends: { next: bigint; link: Uint8Array } | undefined,
): Promise<Scanned> {
  const { stamp } = segment.header;
  const size = await file.size();
  const window = new FileWindow(file, defaultJournalLimits.readBytes);
  const lost: LostRange[] = [];
  let state = startOf(segment.header);
  let tail = false;
  while (state.offset < size && (ends === undefined || state.next < ends.next)) {
    const step = nextFrame(state, await window.read(state.offset, frameHeaderSize), stamp);
    if (typeof step !== 'string') {
      const { frame, after } = step;
      const body = await window.read(state.offset + frameHeaderSize, frame.bodySize);
      if (!bodyIsWhole(frame, body)) {
        lost.push({ from: state.next, to: after.next, problem: 'The checksum is wrong' });
      }
      state = after;
      continue;
    }
    const found = await frameBehind(file, stamp, state, ends?.next);
    if (found === undefined) {
      tail = true;
      break;
    }
    const { frame, offset } = found;
    const upTo = frame.sequence > state.next ? frame.sequence : state.next + 1n;
    lost.push({ from: state.next, to: upTo, problem: step });
    const body = await window.read(offset + frameHeaderSize, frame.bodySize);
    if (!bodyIsWhole(frame, body)) {
      lost.push({
        from: frame.sequence,
        to: frame.sequence + 1n,
        problem: 'The checksum is wrong',
      });
    }
    state = behind(offset, frame);
  }
  if (ends !== undefined && state.next < ends.next) {
    lost.push({ from: state.next, to: ends.next, problem: 'The entries are missing' });
  } else if (ends !== undefined && !equalBytes(state.link, ends.link)) {
    lost.push({ from: ends.next - 1n, to: ends.next, problem: 'Not the last entry written' });
  }
  return { lost, end: state, tail };
}

/**
 * Makes a journal that damage keeps closed, or whose reading damage stops, go on without what is
 * damaged: by an act of somebody who has looked, never by itself. The positions stay, and reading
 * gives a placeholder at each; nothing is deleted from the segments. Needs no key.
 *
 * Throws `JOURNAL_CORRUPT` where more is damaged than can be written down, `JOURNAL_IO`.
 */
export async function salvageJournal(options: SalvageOptions): Promise<Salvage> {
  try {
    return await salvage(options);
  } catch (error) {
    throw journalError(error, 'salvaging a journal');
  }
}

async function readMark(fs: Fs, path: string): Promise<JournalMark | undefined> {
  try {
    const value = await readCursorFile({ path, fs });
    return value === undefined ? undefined : decodeMark(value);
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'JOURNAL_CURSOR_CORRUPT')
      return undefined;
    throw error;
  }
}

async function salvage(options: SalvageOptions): Promise<Salvage> {
  const { directory, fs, journalId, clock, random, dryRun = false } = options;
  const before = await readQuarantine(fs, directory);
  const listing = await listSegments(fs, directory);
  const markPath = join(directory, markFileName);
  const stored = await readMark(fs, markPath);
  const lostSegments = new Set(before.segments);
  for (const { segment } of listing.damaged) {
    if (segment !== undefined) lostSegments.add(segment);
  }
  const oldest = listing.segments[0]?.header;
  const mark: JournalMark = stored ?? {
    first: oldest?.first ?? 0n,
    next: 0n,
    time: 0,
    link: genesisLink(journalId),
  };
  const accepted = { ranges: before.ranges, segments: [...lostSegments] };
  const { chain } = chainOf(listing, journalId, { ...mark, next: 0n }, accepted);

  const lost: LostRange[] = [];
  let end: ScanState | undefined;
  let tail = listing.damaged.some(({ segment }) => segment === listing.greatest);
  for (const [index, segment] of chain.entries()) {
    const following = chain[index + 1]?.header;
    const file = await fs.open(segment.path, 'read');
    const scanned = await closing(file, () =>
      scan(
        file,
        segment,
        following === undefined
          ? undefined
          : { next: following.first, link: following.previousLink },
      ),
    );
    lost.push(...scanned.lost);
    if (following === undefined) {
      end = scanned.end;
      tail ||= scanned.tail;
    }
  }
  const held = chain[0]?.header.first ?? mark.next;
  if (held > mark.first) {
    lost.push({ from: mark.first, to: held, problem: 'The segments are missing' });
  }
  const known = [end?.next ?? 0n, mark.next, options.atLeast ?? 0n].reduce((a, b) =>
    a > b ? a : b,
  );
  if (end !== undefined && known > end.next) {
    lost.push({ from: end.next, to: known, problem: 'The entries are missing' });
    tail = true;
  }
  const ranges = joined([...before.ranges, ...lost]);
  const result: Salvage = { ranges, segments: [...lostSegments], next: known };
  const isNew =
    lost.some(({ from, to }) => !covered(before, from, to)) ||
    lostSegments.size > before.segments.length;
  if (dryRun || (!isNew && !tail && stored !== undefined)) return result;

  await storeQuarantine(fs, directory, result);
  if (stored === undefined) {
    await fs.remove(markPath).catch(() => undefined);
  }
  const link =
    end !== undefined && end.next === known
      ? end.link
      : mark.next === known
        ? mark.link
        : genesisLink(journalId);
  const time = Math.max(end?.time ?? 0, mark.time);
  // The end of what is held is said by an empty segment: what lies behind in the damaged one, an
  // unacknowledged group perhaps, does not count any more.
  const segment = (listing.greatest ?? -1n) + 1n;
  const bytes = encodeSegmentHeader({
    journalId,
    segment,
    previous: chain.at(-1)?.header.segment,
    first: known,
    previousLink: link,
    previousTime: time,
    createdMs: clock.now(),
    stamp: random.bytes(8),
    wrappedKey: new Uint8Array(0),
  });
  invariant(bytes.length === segmentHeaderSize, 'a header has its size');
  const file = await fs.open(join(directory, segmentFileName(segment)), 'create');
  await closing(file, async () => {
    await file.write(0, bytes);
    await file.sync();
  });
  await fs.syncDirectory(directory);
  const markFile = await openCursorFile({ path: markPath, fs });
  await markFile.store(encodeMark({ first: mark.first, next: known, time, link }));
  return result;
}

function covered(quarantine: Quarantine, from: bigint, to: bigint): boolean {
  for (let at = from; at < to; at += 1n) if (!isLost(quarantine, at)) return false;
  return true;
}

/** In order, overlapping and adjoining ones joined. */
function joined(ranges: readonly LostRange[]): LostRange[] {
  const sorted = [...ranges].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const out: LostRange[] = [];
  for (const range of sorted) {
    const last = out.at(-1);
    if (last !== undefined && range.from <= last.to) {
      const to = range.to > last.to ? range.to : last.to;
      out[out.length - 1] = { ...last, to };
    } else out.push(range);
  }
  return out;
}
