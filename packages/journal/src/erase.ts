import { equalBytes } from '@strongroom/base';
import type { Fs, FsFile } from '@strongroom/base';
import { JournalCorruptError } from './errors.js';
import {
  bodyIsWhole,
  encodeSegmentHeader,
  frameHeaderSize,
  openFrame,
  sealFrame,
  segmentDigest,
  segmentHeaderSize,
} from './format.js';
import type { SegmentHeader } from './format.js';
import { FileWindow, nextFrame, startOf } from './segment.js';
import type { SegmentFile } from './segment.js';

/** A segment as it was written anew. */
export interface RewrittenSegment {
  readonly file: SegmentFile;
  readonly endOffset: number;
  readonly erased: number;
}

/** The name beside a segment's under which it is written anew. */
export const rewritingPath = (path: string): string => `${path}.new`;

const batchBytes = 4 * 1024 * 1024;

/**
 * Writes a segment anew under another key, the named entries without payload and salt: position,
 * time, commitment and link of each stay, so every proof does. What it writes lies beside the
 * segment, synced, when it resolves.
 */
export async function rewriteSegment(options: {
  readonly fs: Fs;
  readonly source: FsFile;
  readonly segment: SegmentFile;
  readonly end: { readonly next: bigint; readonly offset: number };
  readonly endLink: Uint8Array;
  readonly key: Uint8Array;
  readonly fresh: { readonly key: Uint8Array; readonly wrapped: Uint8Array };
  readonly stamp: Uint8Array;
  readonly positions: ReadonlySet<bigint>;
  readonly readBytes: number;
}): Promise<RewrittenSegment> {
  const { fs, source, segment, end, endLink, key, fresh, stamp, positions } = options;
  const { journalId } = segment.header;
  const header: SegmentHeader = { ...segment.header, stamp, wrappedKey: fresh.wrapped };
  const headerBytes = encodeSegmentHeader(header);
  const digest = segmentDigest(headerBytes);
  const path = rewritingPath(segment.path);
  await fs.remove(path).catch(() => undefined);
  const file = await fs.open(path, 'create');
  let erased = 0;
  let offset = segmentHeaderSize;
  let written = segmentHeaderSize;
  let parts: Uint8Array[] = [];
  const flush = async (): Promise<void> => {
    if (parts.length > 0) await file.write(written, ...parts);
    parts = [];
    written = offset;
  };
  try {
    await file.write(0, headerBytes);
    const window = new FileWindow(source, options.readBytes);
    let state = startOf(segment.header);
    while (state.next < end.next) {
      const corrupt = (problem: string): JournalCorruptError =>
        new JournalCorruptError(problem, {
          segment: segment.header.segment,
          offset: state.offset,
        });
      const raw = await window.read(state.offset, frameHeaderSize);
      const step = nextFrame(state, raw, segment.header.stamp);
      if (typeof step === 'string') throw corrupt(step);
      const { frame, after } = step;
      const body = await window.read(state.offset + frameHeaderSize, frame.bodySize);
      if (!bodyIsWhole(frame, body)) throw corrupt('The checksum of the entry is wrong');
      const place = { key, digest: segment.digest, offset: state.offset };
      const opened = openFrame(place, journalId, frame, body);
      if (typeof opened === 'string') throw corrupt(opened);
      const goes = frame.erased || positions.has(frame.sequence);
      if (goes && !frame.erased) erased += 1;
      const sealed = sealFrame(
        { key: fresh.key, digest, offset },
        {
          stamp,
          sequence: frame.sequence,
          time: frame.time,
          group: frame.group,
          last: frame.last,
          erased: goes,
          salt: goes ? new Uint8Array(32) : opened.salt,
          commitment: frame.commitment,
          previousLink: state.link,
          metadata: opened.metadata,
          payload: goes ? new Uint8Array(0) : opened.payload,
        },
      );
      parts.push(...sealed.parts);
      offset += sealed.size;
      if (offset - written >= batchBytes) await flush();
      state = after;
    }
    if (!equalBytes(state.link, endLink)) {
      throw new JournalCorruptError('The entries are not those that were written', {
        segment: segment.header.segment,
        offset: state.offset,
      });
    }
    await flush();
    await file.sync();
  } catch (error) {
    await file.close().catch(() => undefined);
    await fs.remove(path).catch(() => undefined);
    throw error;
  }
  await file.close();
  return {
    file: { path: segment.path, header, digest, size: offset },
    endOffset: offset,
    erased,
  };
}

/** Overwrites a segment's header, and with it the only copy of its wrapped key. */
export async function destroyHeader(file: FsFile): Promise<void> {
  await file.write(0, new Uint8Array(segmentHeaderSize));
  await file.sync();
}
