import { dirname, join } from 'node:path';
import { FsError, StrongroomError, invariant, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { closing, openCursorFile } from './cursor-file.js';
import { JournalCorruptError, ioError } from './errors.js';
import { genesisLink } from './format.js';
import type { Journal, OpenJournalOptions } from './journal.js';
import { journalIdBytesMax, journalLimits } from './limits.js';
import type { JournalLimits } from './limits.js';
import { decodeMark, encodeMark } from './mark.js';
import { readQuarantine } from './quarantine.js';
import { chainOf, listSegments, markFileName, readTail, startOf } from './segment.js';
import type { ScanState } from './segment.js';
import { SegmentedJournal } from './segmented-journal.js';
import type { HeldSegment } from './segmented-journal.js';

/** Writes the bytes of a range again where they are, so that they are durable beyond doubt. */
async function rewrite(fs: Fs, path: string, from: number, to: number): Promise<void> {
  const file = await fs.open(path, 'write');
  await closing(file, async () => {
    const bytes = await file.read(from, to - from);
    invariant(bytes.length === to - from, 'the range was just read');
    await file.write(from, bytes);
    await file.sync();
  });
}

async function recover(
  options: OpenJournalOptions,
  limits: JournalLimits,
): Promise<SegmentedJournal> {
  const { directory, fs, journalId } = options;
  await fs.makeDirectory(directory);
  await fs.syncDirectory(dirname(directory));
  const listing = await listSegments(fs, directory);
  const markFile = await openCursorFile({ path: join(directory, markFileName), fs });
  if (markFile.value === undefined) {
    // The mark is made before the first segment.
    if (listing.greatest !== undefined) throw new JournalCorruptError('The mark is missing');
    const link = genesisLink(journalId);
    await markFile.store(encodeMark({ first: 0n, next: 0n, time: 0, link }));
  }
  let mark = decodeMark(markFile.value!);
  if (mark === undefined) throw new JournalCorruptError('The mark is not readable');
  const quarantine = await readQuarantine(fs, directory);
  const { chain, strays } = chainOf(listing, journalId, mark, quarantine);

  let droppedBytes = 0;
  let end: ScanState | undefined;
  const newest = chain.at(-1);
  if (newest !== undefined) {
    const file = await fs.open(newest.path, 'read');
    const before = mark;
    const tail = await closing(file, () => readTail(file, newest, before, limits.readBytes));
    end = tail.end;
    droppedBytes = tail.droppedBytes;
    if (tail.lastGroup === undefined || end.next > mark.next) {
      // A process that died between write and sync leaves bytes that only memory holds, and a sync
      // that failed once would now succeed without having written them. Written again, they are
      // durable before anyone acts on them. Groups before the last one were synced before it.
      // The name needs no such care: it was synced before the first entry, or is with the next
      // segment's.
      await rewrite(fs, newest.path, tail.lastGroup ?? 0, end.offset);
    }
    if (end.next > mark.next) {
      mark = { first: mark.first, next: end.next, time: end.time, link: end.link };
      await markFile.store(encodeMark(mark));
    }
  }
  if (options.atLeast !== undefined && mark.next < options.atLeast) {
    throw new JournalCorruptError(
      `The journal ends at ${mark.next}, though ${options.atLeast} entries were acknowledged`,
    );
  }
  const held = chain.map((file, index): HeldSegment => {
    const following = chain[index + 1]?.header;
    return {
      file,
      end: {
        next: following?.first ?? end!.next,
        offset: following === undefined ? end!.offset : file.size,
      },
      endLink: following?.previousLink ?? end!.link,
      landmarks: [startOf(file.header)],
    };
  });
  return new SegmentedJournal(options, limits, {
    markFile,
    mark,
    held,
    leftovers: [...strays, ...listing.unfinished].map(({ path }) => path),
    greatest: listing.greatest,
    droppedBytes,
    quarantine,
  });
}

/**
 * Opens a journal, or makes an empty one where the directory holds none. One process may have it
 * open; whoever owns the data directory sees to that.
 *
 * Needs no key: keys are asked for when the first entry is written or read. Throws
 * `JOURNAL_CORRUPT`, `JOURNAL_CURSOR_CORRUPT`, `JOURNAL_IO`, `JOURNAL_FULL`, `JOURNAL_BAD_OPTION`.
 */
export async function openJournal(options: OpenJournalOptions): Promise<Journal> {
  const idSize = utf8(options.journalId).length;
  if (idSize < 1 || idSize > journalIdBytesMax) {
    throw new StrongroomError(
      'JOURNAL_BAD_OPTION',
      `journalId must have 1 to ${journalIdBytesMax} bytes.`,
    );
  }
  const limits = journalLimits(options.limits);
  try {
    return await recover(options, limits);
  } catch (error) {
    throw error instanceof FsError ? ioError(error, 'opening the journal') : error;
  }
}
