/**
 * The mark: what a journal knows to be durable, kept in a cursor file of its own so that damage to
 * a segment cannot take it along. See `docs/formats/journal.md` §Mark.
 */
export interface JournalMark {
  /** Oldest entry held; what lies below was pruned. */
  readonly first: bigint;
  /** Every entry below is durable. A lower bound: it follows the journal by a moment. */
  readonly next: bigint;
  /** Time of the entry before `next`. */
  readonly time: number;
  /** Link of the entry before `next`. */
  readonly link: Uint8Array;
}

const version = 1;
const size = 60;

export function encodeMark(mark: JournalMark): Uint8Array {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt16BE(version, 0);
  bytes.writeBigUInt64BE(mark.first, 4);
  bytes.writeBigUInt64BE(mark.next, 12);
  bytes.writeBigInt64BE(BigInt(mark.time), 20);
  bytes.set(mark.link, 28);
  return bytes;
}

/** `undefined` where the bytes are no mark of a version that we know. */
export function decodeMark(raw: Uint8Array): JournalMark | undefined {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  if (bytes.length !== size || bytes.readUInt16BE(0) !== version) return undefined;
  return {
    first: bytes.readBigUInt64BE(4),
    next: bytes.readBigUInt64BE(12),
    time: Number(bytes.readBigInt64BE(20)),
    link: bytes.subarray(28, 60),
  };
}
