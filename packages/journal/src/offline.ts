import { join } from 'node:path';
import { StrongroomError, equalBytes } from '@strongroom/base';
import type { Fs, FsFile } from '@strongroom/base';
import { readCursorFile } from './cursor-file.js';
import { JournalCorruptError, journalError } from './errors.js';
import { asSequence, bodyIsWhole, frameHeaderSize, openFrame } from './format.js';
import type { FrameHeader, OpenedBody } from './format.js';
import type { Appended, SegmentKeys } from './journal.js';
import { defaultJournalLimits } from './limits.js';
import { decodeMark } from './mark.js';
import { readQuarantine } from './quarantine.js';
import type { JournalMark } from './mark.js';
import {
  FileWindow,
  chainOf,
  behind,
  framesBehind,
  listSegments,
  markFileName,
  nextFrame,
  readTail,
  startOf,
} from './segment.js';
import type { ScanState, SegmentFile } from './segment.js';

export interface OfflineOptions {
  readonly directory: string;
  readonly fs: Fs;
  /** Without it any journal is read. */
  readonly journalId?: string;
  /** Without them, order, links and checksums are checked, not content. */
  readonly keys?: Pick<SegmentKeys, 'open'>;
}

/** What an offline reading finds, in order of place. */
export type OfflineFinding =
  | {
      readonly kind: 'segment';
      readonly segment: bigint;
      readonly path: string;
      readonly journalId: string;
      readonly first: bigint;
      readonly createdMs: number;
      readonly bytes: number;
    }
  | ({
      readonly kind: 'entry';
      readonly segment: bigint;
      /** Of its frame, in bytes from the start of the file. */
      readonly offset: number;
      /** What was decrypted and found equal to the commitment; only with keys. */
      readonly content: OpenedBody | undefined;
    } & Appended)
  | {
      /** Damage. `strongroom fsck` fails where there is any. */
      readonly kind: 'problem';
      readonly problem: string;
      readonly segment: bigint | undefined;
      readonly offset: number | undefined;
    }
  | {
      /** Bytes of a last group that was never acknowledged; no damage. */
      readonly kind: 'unacknowledged';
      readonly segment: bigint;
      readonly offset: number;
      readonly bytes: number;
    }
  | {
      readonly kind: 'end';
      readonly first: bigint;
      readonly next: bigint;
      readonly entryCount: number;
      readonly problemCount: number;
    };

type Finding = Exclude<OfflineFinding, { kind: 'end' }>;

const problemOf = (
  problem: string,
  segment?: bigint,
  offset?: number,
): Extract<OfflineFinding, { kind: 'problem' }> => ({ kind: 'problem', problem, segment, offset });

function problemOfError(error: unknown): Extract<OfflineFinding, { kind: 'problem' }> {
  if (error instanceof JournalCorruptError) {
    return problemOf(error.message, error.segment, error.offset);
  }
  if (error instanceof StrongroomError && error.code === 'JOURNAL_CURSOR_CORRUPT') {
    return problemOf(error.message);
  }
  throw journalError(error, 'reading a journal offline');
}

/** What must hold behind a segment's last entry. */
interface Expected {
  readonly next: bigint;
  readonly link: Uint8Array | undefined;
}

async function* readSegment(
  file: FsFile,
  segment: SegmentFile,
  expected: Expected | undefined,
  options: OfflineOptions,
): AsyncGenerator<Finding> {
  const { header, digest } = segment;
  const number = header.segment;
  let key: Uint8Array | undefined;
  if (options.keys !== undefined) {
    try {
      const context = { journalId: header.journalId, segment: number };
      key = await options.keys.open(header.wrappedKey, context);
    } catch {
      yield problemOf('The key of the segment cannot be unwrapped', number, 0);
    }
  }
  const size = await file.size();
  const window = new FileWindow(file, defaultJournalLimits.readBytes);
  let state = startOf(header);

  /** Where reading can go on after damage at `state`; says what was skipped. */
  const resume = async (): Promise<{ frame: FrameHeader; offset: number } | undefined> => {
    for await (const found of framesBehind(file, header.stamp, state.offset + 1)) {
      const { sequence } = found.frame;
      const ends = expected?.next;
      if (sequence >= state.next && (ends === undefined || sequence < ends)) return found;
    }
    return undefined;
  };

  try {
    while (state.offset < size && state.next !== expected?.next) {
      const raw = await window.read(state.offset, frameHeaderSize);
      const step = nextFrame(state, raw, header.stamp);
      let frame: FrameHeader;
      let after: ScanState;
      if (typeof step !== 'string') ({ frame, after } = step);
      else {
        yield problemOf(step, number, state.offset);
        const found = await resume();
        if (found === undefined) break;
        frame = found.frame;
        if (frame.sequence > state.next) {
          const last = frame.sequence - 1n;
          yield problemOf(`The entries ${state.next} to ${last} are lost`, number, state.offset);
        }
        state = { ...state, offset: found.offset };
        after = behind(found.offset, frame);
      }

      const { offset } = state;
      const body = await window.read(offset + frameHeaderSize, frame.bodySize);
      let content: OpenedBody | undefined;
      if (!bodyIsWhole(frame, body)) {
        yield problemOf('The checksum of the entry is wrong', number, offset);
      } else {
        if (key !== undefined) {
          const opened = openFrame({ key, digest, offset }, header.journalId, frame, body);
          if (typeof opened === 'string') yield problemOf(opened, number, offset);
          else content = opened;
        }
        yield {
          kind: 'entry',
          segment: number,
          offset,
          sequence: asSequence(frame.sequence),
          time: frame.time,
          commitment: new Uint8Array(frame.commitment),
          content,
        };
      }
      state = after;
    }
  } finally {
    key?.fill(0);
  }
  if (expected === undefined) return;
  if (state.next < expected.next) {
    const last = expected.next - 1n;
    yield problemOf(`The entries ${state.next} to ${last} are lost`, number, state.offset);
  } else if (expected.link !== undefined && !equalBytes(state.link, expected.link)) {
    yield problemOf('The last entry is not the one that was written', number, state.offset);
  }
}

async function readMark(options: OfflineOptions): Promise<JournalMark | undefined> {
  const { directory, fs } = options;
  const value = await readCursorFile({ path: join(directory, markFileName), fs });
  return value === undefined ? undefined : decodeMark(value);
}

const noMark: JournalMark = { first: 0n, next: 0n, time: 0, link: new Uint8Array(32) };

async function* findings(options: OfflineOptions): AsyncGenerator<Finding, JournalMark> {
  const { directory, fs, journalId } = options;
  const listing = await listSegments(fs, directory);
  let mark: JournalMark | undefined;
  try {
    mark = await readMark(options);
    if (mark === undefined) yield problemOf('The mark is missing');
  } catch (error) {
    yield problemOfError(error);
  }
  for (const damage of listing.damaged) yield problemOfError(damage);

  let chain: readonly SegmentFile[] = listing.segments;
  try {
    const whole = { ...listing, damaged: [] };
    // Without a mark the oldest segment there is may be the first.
    const from = mark ?? { ...noMark, first: listing.segments[0]?.header.first ?? 0n };
    chain = chainOf(whole, journalId, from, await readQuarantine(fs, directory)).chain;
  } catch (error) {
    // Then all that is there is read, in order of number.
    if (listing.damaged.length === 0) yield problemOfError(error);
  }

  let next = chain[0]?.header.first ?? mark?.next ?? 0n;
  let last: bigint | undefined;
  for (const [index, segment] of chain.entries()) {
    const { header, path } = segment;
    const { segment: number, first, createdMs } = header;
    yield {
      kind: 'segment',
      segment: number,
      path,
      journalId: header.journalId,
      first,
      createdMs,
      bytes: segment.size,
    };
    const file = await fs.open(path, 'read');
    try {
      const following = chain[index + 1]?.header;
      let expected: Expected | undefined;
      let unacknowledged: Finding | undefined;
      if (following !== undefined) {
        expected = { next: following.first, link: following.previousLink };
      } else {
        try {
          const { readBytes } = defaultJournalLimits;
          const { end, droppedBytes } = await readTail(file, segment, mark ?? noMark, readBytes);
          expected = { next: end.next, link: end.link };
          if (droppedBytes > 0) {
            const { offset } = end;
            unacknowledged = {
              kind: 'unacknowledged',
              segment: number,
              offset,
              bytes: droppedBytes,
            };
          }
        } catch (error) {
          yield problemOfError(error);
        }
      }
      for await (const finding of readSegment(file, segment, expected, options)) {
        if (finding.kind === 'entry') last = finding.sequence;
        yield finding;
      }
      if (unacknowledged !== undefined) yield unacknowledged;
      next = expected?.next ?? (last === undefined ? next : last + 1n);
    } finally {
      await file.close().catch(() => undefined);
    }
  }
  return { ...noMark, first: mark?.first ?? chain[0]?.header.first ?? 0n, next };
}

/**
 * Reads a journal that no one has open, or a copy of one, and says all that is wrong with it
 * instead of stopping at the first. Changes nothing. Throws only where files cannot be read:
 * `JOURNAL_IO`.
 */
export async function* readJournalOffline(
  options: OfflineOptions,
): AsyncGenerator<OfflineFinding, void> {
  let entryCount = 0;
  let problemCount = 0;
  const found = findings(options);
  try {
    for (;;) {
      const step = await found.next();
      if (step.done === true) {
        const { first, next } = step.value;
        yield { kind: 'end', first, next, entryCount, problemCount };
        return;
      }
      if (step.value.kind === 'entry') entryCount += 1;
      if (step.value.kind === 'problem') problemCount += 1;
      yield step.value;
    }
  } catch (error) {
    throw journalError(error, 'reading a journal offline');
  } finally {
    await found.return(noMark);
  }
}
