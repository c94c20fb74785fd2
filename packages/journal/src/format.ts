/**
 * Bytes of a segment: see `docs/formats/journal.md`, which this file follows field by field.
 *
 * All integers are big-endian. What stands here is pure but for `node:crypto` and `node:zlib`.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { StrongroomError, equalBytes, invariant, utf8 } from '@strongroom/base';
import type { JournalSequence } from '@strongroom/base';
import { bodyBytesMax, journalIdBytesMax, wrappedKeyBytesMax } from './limits.js';

export const segmentHeaderSize = 4096;
export const frameHeaderSize = 128;
const formatVersion = 1;
/** AES-256-GCM bodies, SHA-256 commitments and links, CRC-32 checksums. */
const algorithmAes256GcmSha256 = 1;
const noPrevious = 0xffff_ffff_ffff_ffffn;
const segmentMagic = Buffer.from('STRGJRNL', 'latin1');
export const frameMagic = Buffer.from('SRJE', 'latin1');
const bodyPrefixSize = 36;
const lastOfGroup = 1;
const frameWhole = 1;
const frameErased = 2;

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** What the header of a segment says. */
export interface SegmentHeader {
  readonly journalId: string;
  readonly segment: bigint;
  /** The segment that this one follows; `undefined` for the journal's first. */
  readonly previous: bigint | undefined;
  /** Sequence of the first entry here; the segment before ends just below it. */
  readonly first: bigint;
  /** Link of the entry before `first`. */
  readonly previousLink: Uint8Array;
  /** Time of the entry before `first`. */
  readonly previousTime: number;
  readonly createdMs: number;
  /** 8 random bytes, repeated in each frame. */
  readonly stamp: Uint8Array;
  readonly wrappedKey: Uint8Array;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const journalId = utf8(header.journalId);
  invariant(journalId.length <= journalIdBytesMax, 'the journal id fits its place');
  if (header.wrappedKey.length > wrappedKeyBytesMax) {
    throw new StrongroomError(
      'JOURNAL_KEY_UNAVAILABLE',
      `The wrapped segment key has ${header.wrappedKey.length} bytes; ${wrappedKeyBytesMax} fit.`,
    );
  }
  const bytes = Buffer.alloc(segmentHeaderSize);
  segmentMagic.copy(bytes, 0);
  bytes.writeUInt16BE(formatVersion, 8);
  bytes.writeUInt16BE(algorithmAes256GcmSha256, 10);
  bytes.writeUInt32BE(segmentHeaderSize, 12);
  bytes.writeBigUInt64BE(header.segment, 16);
  bytes.writeBigUInt64BE(header.previous ?? noPrevious, 24);
  bytes.writeBigUInt64BE(header.first, 32);
  bytes.writeBigInt64BE(BigInt(header.createdMs), 40);
  bytes.writeBigInt64BE(BigInt(header.previousTime), 48);
  bytes.set(header.stamp, 56);
  bytes.set(header.previousLink, 64);
  bytes.writeUInt16BE(journalId.length, 96);
  bytes.writeUInt16BE(header.wrappedKey.length, 98);
  bytes.set(journalId, 100);
  bytes.set(header.wrappedKey, 100 + journalId.length);
  bytes.set(sha256(bytes.subarray(0, segmentHeaderSize - 32)), segmentHeaderSize - 32);
  return bytes;
}

/** What the bytes say, or in words why they say nothing. */
export function decodeSegmentHeader(raw: Uint8Array): SegmentHeader | string {
  if (raw.length < segmentHeaderSize) return 'The segment header is cut short';
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, segmentHeaderSize);
  if (!bytes.subarray(0, 8).equals(segmentMagic)) return 'The file is not a journal segment';
  const body = bytes.subarray(0, segmentHeaderSize - 32);
  if (!sha256(body).equals(bytes.subarray(segmentHeaderSize - 32))) {
    return 'The checksum of the segment header is wrong';
  }
  if (bytes.readUInt16BE(8) !== formatVersion) return 'The segment format is not known';
  if (bytes.readUInt16BE(10) !== algorithmAes256GcmSha256) return 'The algorithm is not known';
  if (bytes.readUInt32BE(12) !== segmentHeaderSize) return 'The segment header size is not known';
  const idSize = bytes.readUInt16BE(96);
  const keySize = bytes.readUInt16BE(98);
  if (idSize > journalIdBytesMax || keySize > wrappedKeyBytesMax) {
    return 'A size in the segment header is out of range';
  }
  const previous = bytes.readBigUInt64BE(24);
  return {
    journalId: bytes.toString('utf8', 100, 100 + idSize),
    segment: bytes.readBigUInt64BE(16),
    previous: previous === noPrevious ? undefined : previous,
    first: bytes.readBigUInt64BE(32),
    createdMs: Number(bytes.readBigInt64BE(40)),
    previousTime: Number(bytes.readBigInt64BE(48)),
    stamp: bytes.subarray(56, 64),
    previousLink: bytes.subarray(64, 96),
    wrappedKey: bytes.subarray(100 + idSize, 100 + idSize + keySize),
  };
}

/** Digest of the header: what each entry's encryption is bound to. */
export const segmentDigest = (headerBytes: Uint8Array): Uint8Array =>
  sha256(headerBytes.subarray(0, segmentHeaderSize));

/** What stands before each body, in the clear. */
export interface FrameHeader {
  readonly sequence: bigint;
  readonly time: number;
  /** Number of the group in its segment, from 0. */
  readonly group: number;
  readonly last: boolean;
  /** Its payload and salt were taken out later; the commitment is still that of the whole. */
  readonly erased: boolean;
  readonly bodySize: number;
  readonly commitment: Uint8Array;
  readonly link: Uint8Array;
  readonly tag: Uint8Array;
  readonly bodyCrc: number;
  /** The bytes that encryption authenticates beside the body. */
  readonly bound: Uint8Array;
}

const boundSize = 104;

/** The header of the frame at the start of `raw`, or in words why there is none. */
export function decodeFrameHeader(raw: Uint8Array, stamp: Uint8Array): FrameHeader | string {
  if (raw.length < frameHeaderSize) return 'The entry header is cut short';
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, frameHeaderSize);
  if (!bytes.subarray(0, 4).equals(frameMagic)) return 'There is no entry header';
  if (crc32(bytes.subarray(0, 124)) !== bytes.readUInt32BE(124)) {
    return 'The checksum of the entry header is wrong';
  }
  if (
    (bytes[4] !== frameWhole && bytes[4] !== frameErased) ||
    bytes[5]! > lastOfGroup ||
    bytes[6] !== 0 ||
    bytes[7] !== 0
  ) {
    return 'The entry is of an unknown kind';
  }
  if (!equalBytes(bytes.subarray(8, 16), stamp)) return 'The entry belongs to another segment';
  const bodySize = bytes.readUInt32BE(36);
  if (bodySize < bodyPrefixSize || bodySize > bodyBytesMax) return 'The entry size is out of range';
  return {
    sequence: bytes.readBigUInt64BE(16),
    time: Number(bytes.readBigInt64BE(24)),
    group: bytes.readUInt32BE(32),
    last: bytes[5] === lastOfGroup,
    erased: bytes[4] === frameErased,
    bodySize,
    commitment: bytes.subarray(40, 72),
    link: bytes.subarray(72, 104),
    tag: bytes.subarray(104, 120),
    bodyCrc: bytes.readUInt32BE(120),
    bound: bytes.subarray(0, boundSize),
  };
}

/** Link before the first entry of a journal. */
export const genesisLink = (journalId: string): Uint8Array =>
  sha256(utf8('strongroom/journal/v1\0'), utf8(journalId));

const linkDomain = utf8('strongroom/journal-link/v1\0');

/**
 * Link of an entry: binds it to all before it. It covers what outlives a purge (position, time,
 * commitment), not where or how the body is stored.
 */
export function linkOf(
  previous: Uint8Array,
  entry: { sequence: bigint; time: number; commitment: Uint8Array },
): Uint8Array {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64BE(entry.sequence, 0);
  numbers.writeBigInt64BE(BigInt(entry.time), 8);
  return sha256(linkDomain, previous, numbers, entry.commitment);
}

const commitmentDomain = utf8('strongroom/entry/v1\0');

/**
 * The salted commitment to an entry: 32 bytes that say nothing of it and that nothing else has.
 * `docs/formats/journal.md` §Commitment.
 */
export function commitmentOf(entry: {
  journalId: string;
  sequence: bigint;
  time: number;
  salt: Uint8Array;
  metadata: Uint8Array;
  payload: Uint8Array;
}): Uint8Array {
  const id = utf8(entry.journalId);
  const numbers = Buffer.alloc(18);
  numbers.writeUInt16BE(id.length, 0);
  numbers.writeBigUInt64BE(entry.sequence, 2);
  numbers.writeBigInt64BE(BigInt(entry.time), 10);
  return sha256(
    commitmentDomain,
    numbers.subarray(0, 2),
    id,
    numbers.subarray(2),
    entry.salt,
    sha256(entry.metadata),
    sha256(entry.payload),
  );
}

/** What ties a body to its place, beside the frame header's own bytes. */
export interface SealingPlace {
  readonly key: Uint8Array;
  readonly digest: Uint8Array;
  readonly offset: number;
}

function boundTo(place: SealingPlace, bound: Uint8Array): Buffer {
  const offset = Buffer.alloc(8);
  offset.writeBigUInt64BE(BigInt(place.offset));
  return Buffer.concat([place.digest, offset, bound]);
}

/** A segment's key meets each sequence once, ever: see `docs/formats/journal.md` §Nonces. */
function nonceOf(sequence: bigint): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(sequence, 4);
  return nonce;
}

/** Frame and link of one entry. `parts` are its bytes in the file, in order. */
export interface SealedFrame {
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  readonly link: Uint8Array;
}

/** Encrypts one entry for its place. */
export function sealFrame(
  place: SealingPlace,
  entry: {
    stamp: Uint8Array;
    sequence: bigint;
    time: number;
    group: number;
    last: boolean;
    /** Salt and payload are gone: `docs/formats/journal.md` §Erased entries. */
    erased?: boolean;
    salt: Uint8Array;
    commitment: Uint8Array;
    previousLink: Uint8Array;
    metadata: Uint8Array;
    payload: Uint8Array;
  },
): SealedFrame {
  const { metadata, payload } = entry;
  const prefix = Buffer.allocUnsafe(bodyPrefixSize + metadata.length);
  prefix.set(entry.salt, 0);
  prefix.writeUInt32BE(metadata.length, 32);
  prefix.set(metadata, bodyPrefixSize);
  const link = linkOf(entry.previousLink, entry);
  const header = Buffer.alloc(frameHeaderSize);
  frameMagic.copy(header, 0);
  header[4] = entry.erased === true ? frameErased : frameWhole;
  header[5] = entry.last ? lastOfGroup : 0;
  header.set(entry.stamp, 8);
  header.writeBigUInt64BE(entry.sequence, 16);
  header.writeBigInt64BE(BigInt(entry.time), 24);
  header.writeUInt32BE(entry.group, 32);
  header.writeUInt32BE(prefix.length + payload.length, 36);
  header.set(entry.commitment, 40);
  header.set(link, 72);
  const cipher = createCipheriv('aes-256-gcm', place.key, nonceOf(entry.sequence));
  cipher.setAAD(boundTo(place, header.subarray(0, boundSize)));
  const sealedPrefix = cipher.update(prefix);
  const sealedPayload = cipher.update(payload);
  cipher.final();
  header.set(cipher.getAuthTag(), 104);
  const prefixCrc = crc32(sealedPrefix);
  // Node's crc32 forgets the value it is given where there are no bytes to add to it.
  header.writeUInt32BE(payload.length === 0 ? prefixCrc : crc32(sealedPayload, prefixCrc), 120);
  header.writeUInt32BE(crc32(header.subarray(0, 124)), 124);
  return {
    parts: [header, sealedPrefix, sealedPayload],
    size: frameHeaderSize + prefix.length + payload.length,
    link,
  };
}

/** True where the body is what was written, by its checksum. */
export const bodyIsWhole = (frame: FrameHeader, body: Uint8Array): boolean =>
  body.length === frame.bodySize && crc32(body) === frame.bodyCrc;

/** What an entry's body holds. */
export interface OpenedBody {
  readonly metadata: Uint8Array;
  readonly payload: Uint8Array;
  readonly salt: Uint8Array;
}

/** Decrypts and checks a body against key, place and commitment; or says in words what is wrong. */
export function openFrame(
  place: SealingPlace,
  journalId: string,
  frame: FrameHeader,
  body: Uint8Array,
): OpenedBody | string {
  const decipher = createDecipheriv('aes-256-gcm', place.key, nonceOf(frame.sequence), {
    authTagLength: 16,
  });
  decipher.setAAD(boundTo(place, frame.bound));
  decipher.setAuthTag(frame.tag);
  const plain = decipher.update(body);
  try {
    decipher.final();
  } catch {
    return 'The entry does not authenticate under its key and place';
  }
  const metadataSize = plain.readUInt32BE(32);
  if (metadataSize > plain.length - bodyPrefixSize) return 'The metadata is larger than its entry';
  const salt = plain.subarray(0, 32);
  const metadata = plain.subarray(bodyPrefixSize, bodyPrefixSize + metadataSize);
  const payload = plain.subarray(bodyPrefixSize + metadataSize);
  if (frame.erased) {
    return payload.length === 0 ? { metadata, payload, salt } : 'An erased entry has a payload';
  }
  const { sequence, time } = frame;
  const commitment = commitmentOf({ journalId, sequence, time, salt, metadata, payload });
  if (!equalBytes(commitment, frame.commitment)) return 'The commitment is not that of the entry';
  return { metadata, payload, salt };
}

/** What readers call a checked sequence. */
export const asSequence = (sequence: bigint): JournalSequence => sequence as JournalSequence;
