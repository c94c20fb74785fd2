/** Reading segment files: names, headers, frames in order, and what the end of one means. */
import { join } from 'node:path';
import { equalBytes, isNotFound } from '@strongroom/base';
import type { Fs, FsFile } from '@strongroom/base';
import { JournalCorruptError } from './errors.js';
import {
  bodyIsWhole,
  decodeFrameHeader,
  decodeSegmentHeader,
  frameHeaderSize,
  frameMagic,
  linkOf,
  segmentDigest,
  segmentHeaderSize,
} from './format.js';
import type { FrameHeader, SegmentHeader } from './format.js';
import type { JournalMark } from './mark.js';
import { nothingLost } from './quarantine.js';
import type { Quarantine } from './quarantine.js';

export const markFileName = 'mark';
const segmentNamePattern = /^([0-9a-f]{16})\.segment$/;

export const segmentFileName = (segment: bigint): string =>
  `${segment.toString(16).padStart(16, '0')}.segment`;

export interface SegmentFile {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly digest: Uint8Array;
  readonly size: number;
}

/** A segment whose header never became whole: made in a crash, holds nothing. */
export interface UnfinishedSegment {
  readonly path: string;
  readonly segment: bigint;
}

export interface SegmentListing {
  /** Whole headers, in order of their numbers. */
  readonly segments: readonly SegmentFile[];
  readonly unfinished: readonly UnfinishedSegment[];
  /** Headers that are damaged though entries follow them. */
  readonly damaged: readonly JournalCorruptError[];
  /** Greatest segment number in use by any file, whole or not. */
  readonly greatest: bigint | undefined;
}

/** Reads the header of every segment in a directory. */
export async function listSegments(fs: Fs, directory: string): Promise<SegmentListing> {
  const segments: SegmentFile[] = [];
  const unfinished: UnfinishedSegment[] = [];
  const damaged: JournalCorruptError[] = [];
  let greatest: bigint | undefined;
  for (const name of await fs.list(directory)) {
    const digits = segmentNamePattern.exec(name)?.[1];
    if (digits === undefined) continue;
    const segment = BigInt(`0x${digits}`);
    greatest = segment;
    const path = join(directory, name);
    const file = await fs.open(path, 'read');
    try {
      const bytes = await file.read(0, segmentHeaderSize);
      const size = await file.size();
      const header = decodeSegmentHeader(bytes);
      if (typeof header !== 'string' && header.segment === segment) {
        segments.push({ path, header, digest: segmentDigest(bytes), size });
      } else if (size <= segmentHeaderSize) {
        // Entries are written only once the header is synced: nothing was acknowledged here.
        unfinished.push({ path, segment });
      } else {
        const problem = typeof header === 'string' ? header : 'The file bears another segment';
        damaged.push(new JournalCorruptError(problem, { segment, offset: 0 }));
      }
    } finally {
      await file.close().catch(() => undefined);
    }
  }
  return { segments, unfinished, damaged, greatest };
}

/** The segments that make the journal, oldest first, and the ones that nothing refers to. */
export interface SegmentChain {
  readonly chain: readonly SegmentFile[];
  readonly strays: readonly SegmentFile[];
}

/**
 * Follows the headers from the newest back to the oldest that is held. Throws `JOURNAL_CORRUPT`
 * where one is missing or damaged.
 */
export function chainOf(
  listing: SegmentListing,
  journalId: string | undefined,
  mark: JournalMark,
  quarantine: Quarantine = nothingLost,
): SegmentChain {
  const isGivenUp = (segment: bigint | undefined): boolean =>
    segment !== undefined && quarantine.segments.includes(segment);
  const damage = listing.damaged.find(({ segment }) => !isGivenUp(segment));
  if (damage !== undefined) throw damage;
  const byNumber = new Map(listing.segments.map((file) => [file.header.segment, file]));
  const chain: SegmentFile[] = [];
  let file = listing.segments.at(-1);
  while (file !== undefined) {
    const { segment, first, previous } = file.header;
    if (journalId !== undefined && file.header.journalId !== journalId) {
      throw new JournalCorruptError('The segment belongs to another journal', { segment });
    }
    chain.unshift(file);
    if (first <= mark.first) break;
    if (previous === undefined || previous >= segment) {
      throw new JournalCorruptError('Older segments are missing', { segment });
    }
    const before = isGivenUp(previous)
      ? listing.segments.findLast(({ header }) => header.segment < previous)
      : byNumber.get(previous);
    if (before === undefined && isGivenUp(previous)) break;
    if (before === undefined) {
      throw new JournalCorruptError('A segment is missing', { segment: previous });
    }
    if (before.header.first > first) {
      throw new JournalCorruptError('The segment goes back in order', { segment });
    }
    file = before;
  }
  const held = new Set(chain);
  const oldest = chain[0]?.header.segment ?? 0n;
  const strays = listing.segments.filter((candidate) => !held.has(candidate));
  const lost = strays.find(
    (stray) => stray.size > segmentHeaderSize && stray.header.segment > oldest,
  );
  if (lost !== undefined) {
    throw new JournalCorruptError('No segment follows or refers to this one', {
      segment: lost.header.segment,
    });
  }
  if (chain.length === 0 && mark.next > 0n) {
    throw new JournalCorruptError('All segments are missing');
  }
  return { chain, strays };
}

/** Where reading stands: what the next frame must agree with. */
export interface ScanState {
  readonly offset: number;
  readonly next: bigint;
  readonly link: Uint8Array;
  readonly time: number;
  /** Number of the group that the next frame must belong to. */
  readonly group: number;
}

export const startOf = (header: SegmentHeader): ScanState => ({
  offset: segmentHeaderSize,
  next: header.first,
  link: header.previousLink,
  time: header.previousTime,
  group: 0,
});

/** The state behind a frame, or in words why the frame cannot stand there. */
function follow(state: ScanState, frame: FrameHeader): ScanState | string {
  if (frame.sequence !== state.next) return 'The entry is not the next one';
  if (frame.group !== state.group) return 'The entry is not of the next group';
  if (frame.time < state.time) return 'The entry is older than the one before it';
  if (!equalBytes(linkOf(state.link, frame), frame.link)) {
    return 'The entry does not follow the one before it';
  }
  return behind(state.offset, frame);
}

/** The frame at `state` and the state behind it, or in words why there is none. */
export function nextFrame(
  state: ScanState,
  raw: Uint8Array,
  stamp: Uint8Array,
): { frame: FrameHeader; after: ScanState } | string {
  const frame = decodeFrameHeader(raw, stamp);
  if (typeof frame === 'string') return frame;
  const after = follow(state, frame);
  return typeof after === 'string' ? after : { frame, after };
}

/** The state behind a frame that nothing before it vouches for. */
export const behind = (offset: number, frame: FrameHeader): ScanState => ({
  offset: offset + frameHeaderSize + frame.bodySize,
  next: frame.sequence + 1n,
  link: frame.link,
  time: frame.time,
  group: frame.last ? frame.group + 1 : frame.group,
});

/** A window over a file, for reading small things in order without a call for each. */
export class FileWindow {
  readonly #file: FsFile;
  readonly #windowBytes: number;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(file: FsFile, windowBytes: number) {
    this.#file = file;
    this.#windowBytes = windowBytes;
  }

  /** `size` bytes at `offset`, fewer at the end of the file. `ahead`: whether more will be read. */
  async read(offset: number, size: number, ahead = true): Promise<Uint8Array> {
    const from = offset - this.#start;
    if (from < 0 || from + size > this.#bytes.length) {
      this.#bytes = await this.#file.read(offset, ahead ? Math.max(size, this.#windowBytes) : size);
      this.#start = offset;
      return this.#bytes.subarray(0, size);
    }
    return this.#bytes.subarray(from, from + size);
  }
}

/** What the newest segment holds, decided at open. */
export interface Tail {
  /** Behind the last whole group. */
  readonly end: ScanState;
  /** Where the last whole group begins; undefined where no group is whole. */
  readonly lastGroup: number | undefined;
  /** Bytes behind `end`: a group that was never acknowledged. */
  readonly droppedBytes: number;
}

/**
 * Finds where the newest segment ends.
 *
 * Only the last group can be incomplete after a crash, because each group is written after the sync
 * of the one before it. So damage is a torn tail only where nothing shows that the group was
 * synced: no later group, no mark. Anything else throws `JOURNAL_CORRUPT`.
 */
export async function readTail(
  file: FsFile,
  segment: SegmentFile,
  mark: JournalMark,
  windowBytes: number,
): Promise<Tail> {
  const { header } = segment;
  const size = await file.size();
  const window = new FileWindow(file, windowBytes);
  const corrupt = (problem: string, offset: number): JournalCorruptError =>
    new JournalCorruptError(problem, { segment: header.segment, offset });

  let state = startOf(header);
  const checkMark = (): void => {
    if (state.next === mark.next && !equalBytes(state.link, mark.link)) {
      throw corrupt('The entries are not those that were acknowledged', state.offset);
    }
  };
  checkMark();
  let end = state;
  let lastGroup: number | undefined;
  let large = false;
  let problem = 'The last group is incomplete';
  while (state.offset < size) {
    const raw = await window.read(state.offset, frameHeaderSize, !large);
    const step = nextFrame(state, raw, header.stamp);
    if (typeof step === 'string') {
      problem = step;
      break;
    }
    const { frame, after } = step;
    if (after.offset > size) {
      problem = 'The entry is cut short';
      break;
    }
    large = frame.bodySize > windowBytes;
    if (frame.sequence >= mark.next) {
      const body = await window.read(state.offset + frameHeaderSize, frame.bodySize);
      if (!bodyIsWhole(frame, body)) {
        problem = 'The checksum of the entry is wrong';
        break;
      }
    }
    state = after;
    checkMark();
    if (frame.last) {
      lastGroup = end.offset;
      end = state;
    }
  }
  if (end.next < mark.next) throw corrupt(`${problem}, though it was acknowledged`, state.offset);
  const droppedBytes = size - end.offset;
  if (droppedBytes > 0 && (await holdsLaterGroup(file, segment, end))) {
    throw corrupt(`${problem}, though a later group follows`, state.offset);
  }
  return { end, lastGroup, droppedBytes };
}

/** True where a header of a group later than the one at `end` lies anywhere behind it. */
async function holdsLaterGroup(
  file: FsFile,
  segment: SegmentFile,
  end: ScanState,
): Promise<boolean> {
  for await (const { frame } of framesBehind(file, segment.header.stamp, end.offset)) {
    if (frame.group > end.group) return true;
  }
  return false;
}

/** The first whole frame behind damage at `state` that belongs to an entry from there on. */
export async function frameBehind(
  file: FsFile,
  stamp: Uint8Array,
  state: ScanState,
  ends: bigint | undefined,
): Promise<{ offset: number; frame: FrameHeader } | undefined> {
  for await (const found of framesBehind(file, stamp, state.offset + 1)) {
    const { sequence } = found.frame;
    if (sequence >= state.next && (ends === undefined || sequence < ends)) return found;
  }
  return undefined;
}

const searchBytes = 4 * 1024 * 1024;

/** Every whole frame header behind `offset`, wherever it lies. */
export async function* framesBehind(
  file: FsFile,
  stamp: Uint8Array,
  offset: number,
): AsyncGenerator<{ offset: number; frame: FrameHeader }> {
  const size = await file.size();
  for (let start = offset; start < size; start += searchBytes) {
    // Chunks overlap by one header, so that none is missed at their border.
    const raw = await file.read(start, searchBytes + frameHeaderSize);
    const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
    let at = bytes.indexOf(frameMagic);
    while (at >= 0 && at < searchBytes) {
      const frame = decodeFrameHeader(bytes.subarray(at, at + frameHeaderSize), stamp);
      if (typeof frame !== 'string') yield { offset: start + at, frame };
      at = bytes.indexOf(frameMagic, at + 1);
    }
  }
}

/** Opens a segment, or `undefined` where it was pruned meanwhile. */
export async function openSegment(fs: Fs, path: string): Promise<FsFile | undefined> {
  try {
    return await fs.open(path, 'read');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
