import { fromUtf8, utf8 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { ledgerError } from './errors.js';

/** What an entry's leaf is made of (docs/formats/journal.md, Commitment). */
export interface EntryOpening {
  readonly journalId: string;
  readonly position: bigint;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** 32 bytes. */
  readonly salt: Uint8Array;
  readonly metadataHash: Uint8Array;
  readonly payloadHash: Uint8Array;
}

/** The commitment that an opening leads to: the data of the leaf at its position. */
export function commitmentOfOpening(
  sha256: Sha256,
  opening: EntryOpening,
): Uint8Array<ArrayBuffer> {
  const id = utf8(opening.journalId);
  const size = Uint8Array.from([id.length >> 8, id.length & 0xff]);
  const numbers = new Uint8Array(16);
  const view = new DataView(numbers.buffer);
  view.setBigUint64(0, opening.position);
  view.setBigInt64(8, BigInt(opening.time));
  return sha256(
    utf8('strongroom/entry/v1\0'),
    size,
    id,
    numbers,
    opening.salt,
    opening.metadataHash,
    opening.payloadHash,
  );
}

/** A record with its place, as it is kept (docs/formats/records.md). */
export interface KeptEntry {
  readonly position: bigint;
  readonly time: number;
  readonly salt: Uint8Array;
  readonly metadata: Uint8Array;
  readonly payload: Uint8Array;
}

const bad = (what: string): never => {
  throw ledgerError('LEDGER_RECORD_MALFORMED', `A record ${what}.`);
};

/** Reads an entry of the records' journal. Throws `LEDGER_RECORD_MALFORMED`. */
export function decodeKeptEntry(entry: {
  readonly metadata: Uint8Array;
  readonly payload: Uint8Array;
}): KeptEntry {
  const { metadata: head, payload: body } = entry;
  if (head.length !== 49 || head[0] !== 1) return bad('is kept in another form');
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const size = body.length < 4 ? -1 : new DataView(body.buffer, body.byteOffset).getUint32(0);
  if (size < 0 || 4 + size > body.length) return bad('is cut off');
  return {
    position: view.getBigUint64(1),
    time: Number(view.getBigUint64(9)),
    salt: head.slice(17, 49),
    metadata: body.slice(4, 4 + size),
    payload: body.slice(4 + size),
  };
}

/** True where an entry's metadata says that it is a record. */
export const isRecord = (metadata: Uint8Array): boolean => metadata[0] === 1 && metadata[1] === 2;

/** Type and parts of a record, from its metadata. Throws `LEDGER_RECORD_MALFORMED`. */
export function decodeRecordHead(metadata: Uint8Array): {
  readonly type: string;
  readonly parts: { readonly count: number; readonly root: Uint8Array } | undefined;
} {
  if (!isRecord(metadata) || metadata.length < 6) return bad('has metadata of another form');
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.length);
  const [flags, size] = [view.getUint16(2), view.getUint16(4)];
  const at = 6 + size;
  if (flags > 1 || metadata.length !== at + (flags === 1 ? 36 : 0)) {
    return bad('has metadata of another form');
  }
  const type = fromUtf8(metadata.subarray(6, at));
  if (flags === 0) return { type, parts: undefined };
  return { type, parts: { count: view.getUint32(at), root: metadata.slice(at + 4) } };
}

/** A record's JSON. Throws `LEDGER_RECORD_MALFORMED`. */
export function decodeRecordBody(payload: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(payload));
  } catch {
    return bad('is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return bad('is no JSON object');
  }
  return { ...value };
}

/** The opening of a kept record. */
export const openingOf = (
  sha256: Sha256,
  journalId: string,
  { position, time, salt, metadata, payload }: KeptEntry,
): EntryOpening => ({
  journalId,
  position,
  time,
  salt,
  metadataHash: sha256(metadata),
  payloadHash: sha256(payload),
});
