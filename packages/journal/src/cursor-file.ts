import { createHash } from 'node:crypto';
import { StrongroomError, invariant, isNotFound } from '@strongroom/base';
import type { Fs, FsFile } from '@strongroom/base';
import { dirname } from 'node:path';
import { journalError } from './errors.js';
import { cursorValueBytesMax } from './limits.js';

/**
 * A small durable value: a follower's place, a journal's mark.
 *
 * Two slots are written in turn, so that a torn write leaves the other whole. See
 * `docs/formats/journal.md` §Cursor file.
 */
export interface CursorFile {
  /** The newest value stored, durable; `undefined` where none ever was. */
  readonly value: Uint8Array | undefined;
  /**
   * When it resolves, `value` survives power loss. When it rejects (`JOURNAL_FULL`, `JOURNAL_IO`),
   * the value on disk is the old or the new one, and storing again is safe.
   */
  store(value: Uint8Array): Promise<void>;
}

const magic = Buffer.from('STRGCURS', 'latin1');
const headerSize = 24;
const hashSize = 32;
/** Distance of the two slots in the file. */
export const cursorSlotSize = 16 * 1024;
const version = 1;

function encodeSlot(generation: bigint, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(headerSize + value.length + hashSize);
  magic.copy(bytes, 0);
  bytes.writeUInt16BE(version, 8);
  bytes.writeUInt32BE(value.length, 12);
  bytes.writeBigUInt64BE(generation, 16);
  bytes.set(value, headerSize);
  const hash = createHash('sha256')
    .update(bytes.subarray(0, headerSize + value.length))
    .digest();
  bytes.set(hash, headerSize + value.length);
  return bytes;
}

interface Slot {
  readonly generation: bigint;
  readonly value: Uint8Array;
}

function decodeSlot(raw: Uint8Array, index: number): Slot | undefined {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length).subarray(
    index * cursorSlotSize,
    (index + 1) * cursorSlotSize,
  );
  if (bytes.length < headerSize + hashSize || !bytes.subarray(0, 8).equals(magic)) return undefined;
  if (bytes.readUInt16BE(8) !== version) return undefined;
  const end = headerSize + bytes.readUInt32BE(12);
  if (end + hashSize > bytes.length) return undefined;
  const hash = createHash('sha256').update(bytes.subarray(0, end)).digest();
  if (!hash.equals(bytes.subarray(end, end + hashSize))) return undefined;
  const generation = bytes.readBigUInt64BE(16);
  if (Number(generation & 1n) !== index) return undefined;
  return { generation, value: new Uint8Array(bytes.subarray(headerSize, end)) };
}

function newest(bytes: Uint8Array, path: string): Slot {
  const [even, odd] = [decodeSlot(bytes, 0), decodeSlot(bytes, 1)];
  const slot =
    even === undefined || (odd !== undefined && odd.generation > even.generation) ? odd : even;
  if (slot === undefined) {
    throw new StrongroomError('JOURNAL_CURSOR_CORRUPT', `No slot of ${path} holds a whole value.`);
  }
  return slot;
}

/**
 * The newest value in a cursor file, read only; `undefined` where there is no file. Throws
 * `JOURNAL_CURSOR_CORRUPT`, `JOURNAL_IO`.
 */
export async function readCursorFile(options: {
  path: string;
  fs: Fs;
}): Promise<Uint8Array | undefined> {
  const { path, fs } = options;
  try {
    return newest(await fs.readFile(path), path).value;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw journalError(error, 'reading a cursor');
  }
}

/**
 * What is wrong with the bytes of a cursor file, in words; `undefined` where nothing is. One slot that
 * is not whole is what a crash in storing leaves, or damage: the value before is in use then.
 */
export function cursorFileProblem(bytes: Uint8Array): string | undefined {
  const whole = [0, 1].map((index) => decodeSlot(bytes, index) !== undefined);
  if (!whole.includes(true)) return 'No slot holds a whole value.';
  const index = whole.indexOf(false);
  if (index < 0) return undefined;
  const slot = bytes.subarray(index * cursorSlotSize, (index + 1) * cursorSlotSize);
  return slot.some((byte) => byte !== 0)
    ? `Slot ${index} is not whole; the value in the other one is used.`
    : undefined;
}

/** Runs, then closes the file whatever came of it; what closing says changes nothing. */
export async function closing<T>(file: FsFile, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    await file.close().catch(() => undefined);
  }
}

/**
 * Opens a cursor file; the first `store` makes it. Throws `JOURNAL_CURSOR_CORRUPT` where a file is
 * there and no slot of it is whole, `JOURNAL_IO`, `JOURNAL_FULL`.
 */
export async function openCursorFile(options: { path: string; fs: Fs }): Promise<CursorFile> {
  const { path, fs } = options;
  let slot: Slot | undefined;

  const create = async (next: Slot): Promise<void> => {
    const fresh = `${path}.new`;
    await fs.remove(fresh).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    const file = await fs.open(fresh, 'create');
    await closing(file, async () => {
      await file.write(
        Number(next.generation & 1n) * cursorSlotSize,
        encodeSlot(next.generation, next.value),
      );
      await file.sync();
    });
    await fs.rename(fresh, path);
    await fs.syncDirectory(dirname(path));
  };

  const overwrite = async (next: Slot): Promise<void> => {
    const file = await fs.open(path, 'write');
    await closing(file, async () => {
      await file.write(
        Number(next.generation & 1n) * cursorSlotSize,
        encodeSlot(next.generation, next.value),
      );
      await file.sync();
    });
  };

  try {
    const bytes = await fs.readFile(path).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (bytes !== undefined) {
      slot = newest(bytes, path);
      // A process that died between write and sync leaves a value that only memory holds. Writing
      // the same bytes again makes it durable before anyone acts on it; torn, they are the same.
      await overwrite(slot);
      await fs.syncDirectory(dirname(path));
    }
  } catch (error) {
    throw journalError(error, 'opening a cursor');
  }

  let exists = slot !== undefined;
  let pending: Promise<void> = Promise.resolve();

  const store = async (value: Uint8Array): Promise<void> => {
    // After a failure the same slot is written again: the other one holds the last good value.
    const next: Slot = { generation: (slot?.generation ?? 0n) + 1n, value };
    try {
      if (exists) await overwrite(next);
      else await create(next);
    } catch (error) {
      throw journalError(error, 'storing a cursor');
    }
    exists = true;
    slot = next;
  };

  return {
    get value() {
      return slot?.value;
    },
    async store(value) {
      if (value.length > cursorValueBytesMax) {
        throw new StrongroomError(
          'JOURNAL_CURSOR_TOO_LARGE',
          `A cursor holds ${cursorValueBytesMax} bytes; the value has ${value.length}.`,
        );
      }
      const copy = new Uint8Array(value);
      invariant(headerSize + copy.length + hashSize <= cursorSlotSize, 'the value fits its slot');
      const mine = pending.then(() => store(copy));
      pending = mine.catch(() => undefined);
      await mine;
    },
  };
}
