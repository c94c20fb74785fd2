import { concatBytes, fromBase64, fromUtf8, utf8 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { ledgerError } from './errors.js';
import { allInclusionProofs, hashSize, leafHash, rootOf } from './merkle-tree.js';

/**
 * Commitments to stored rows: `docs/formats/rows.md`. A row's bytes are ClickHouse's RowBinary of its
 * table's columns and the system columns; a leaf is their hash; the rows of one entry in one table
 * make a tree; the trees of a record make one more, whose root stands in the record's metadata.
 */
export interface RowColumn {
  readonly name: string;
  /** KQL's name of its type. */
  readonly type: string;
}

/** Types by their numbers in a shape, and how many bytes a value has; -1: it says so itself. */
const typeSizes: Readonly<Record<string, readonly [code: number, size: number]>> = {
  bool: [1, 1],
  datetime: [2, 8],
  decimal: [3, 16],
  dynamic: [4, -1],
  guid: [5, 16],
  int: [6, 4],
  long: [7, 8],
  real: [8, 8],
  string: [9, -1],
  timespan: [10, 8],
};

const systemFields = [
  ['_TimeReceived', 8],
  ['_Position', 8],
  ['_Row', 4],
  ['_BilledSize', 4],
] as const;

/** Names a list of columns, in order, with their types. */
export function shapeDigest(
  sha256: Sha256,
  columns: readonly RowColumn[],
): Uint8Array<ArrayBuffer> {
  const parts = columns.map(({ name, type }) =>
    concatBytes(Uint8Array.from([typeSizes[type]?.[0] ?? 0]), sized16(name)),
  );
  return sha256(utf8('strongroom/shape/v1\0'), ...parts);
}

/** A row's leaf hash in the tree of its entry and table. */
export const rowLeaf = (sha256: Sha256, row: Uint8Array): Uint8Array<ArrayBuffer> =>
  leafHash(sha256, concatBytes(utf8('strongroom/row/v1\0'), row));

/** One entry's rows in one table. */
export interface EntryCommitment {
  readonly table: string;
  /** {@link shapeDigest} of the columns. */
  readonly shape: Uint8Array;
  /** Arrival day, since 0001-01-01. */
  readonly day: bigint;
  readonly position: bigint;
  readonly rows: number;
  readonly root: Uint8Array;
}

/** The data of its leaf in the tree over a record's parts. */
export function entryLeafData(part: EntryCommitment): Uint8Array<ArrayBuffer> {
  const numbers = new Uint8Array(20);
  const view = new DataView(numbers.buffer);
  view.setBigUint64(0, part.day);
  view.setBigUint64(8, part.position);
  view.setUint32(16, part.rows);
  return concatBytes(
    utf8('strongroom/rows/v1\0'),
    sized16(part.table),
    part.shape,
    numbers,
    part.root,
  );
}

/** The root over a record's parts, in their order. */
export const partsRoot = (
  sha256: Sha256,
  parts: readonly EntryCommitment[],
): Uint8Array<ArrayBuffer> =>
  rootOf(
    sha256,
    parts.map((part) => leafHash(sha256, entryLeafData(part))),
  );

/** The path of one part, its sibling first. */
export function partPath(
  sha256: Sha256,
  parts: readonly EntryCommitment[],
  index: number,
): Uint8Array[] {
  const leaves = parts.map((part) => leafHash(sha256, entryLeafData(part)));
  return allInclusionProofs(sha256, leaves).paths[index] ?? [];
}

/** The path of one row's leaf among all leaves of its entry and table, in order. */
export const rowPath = (
  sha256: Sha256,
  leaves: readonly Uint8Array[],
  index: number,
): Uint8Array[] => allInclusionProofs(sha256, leaves).paths[index] ?? [];

/** Makes a commitment's fields from what a record says. Throws `LEDGER_PROOF_MALFORMED`. */
export function entryCommitment(part: {
  table: string;
  shape: string;
  day: string;
  row: readonly [position: string, rows: number, root: string];
}): EntryCommitment {
  const [position, rows, root] = part.row;
  const [shapeBytes, rootBytes] = [fromBase64(part.shape), fromBase64(root)];
  const sound =
    shapeBytes.length === hashSize &&
    rootBytes.length === hashSize &&
    /^\d{1,19}$/.test(position) &&
    /^\d{1,19}$/.test(part.day) &&
    Number.isInteger(rows) &&
    rows >= 0 &&
    rows < 2 ** 32;
  if (!sound) throw ledgerError('LEDGER_PROOF_MALFORMED', 'A commitment to rows is malformed.');
  return {
    table: part.table,
    shape: shapeBytes,
    day: BigInt(part.day),
    position: BigInt(position),
    rows,
    root: rootBytes,
  };
}

/** One cell as text: what KQL shows, but for times, which are ticks of 100 ns. */
export interface RowCell {
  readonly name: string;
  /** `null` where the cell has no value. */
  readonly value: string | null;
}

/** Reads a row's bytes strictly: every byte belongs to a cell. Throws `LEDGER_PROOF_MALFORMED`. */
export function decodeRow(bytes: Uint8Array, columns: readonly RowColumn[]): RowCell[] {
  const bad = (): never => {
    throw ledgerError('LEDGER_PROOF_MALFORMED', "A row's bytes are not those of its columns.");
  };
  let at = 0;
  const take = (size: number): Uint8Array => {
    if (at + size > bytes.length) bad();
    at += size;
    return bytes.subarray(at - size, at);
  };
  const cells: RowCell[] = [];
  for (const { name, type } of columns) {
    const size = typeSizes[type]?.[1] ?? bad();
    if (size < 0) {
      cells.push({ name, value: lossyText(take(leb128(take, bad))) });
      continue;
    }
    // Like the engine's tables: everything but text and the row's own time can be null.
    if (name !== 'TimeGenerated') {
      const flag = take(1)[0];
      if (flag !== 0 && flag !== 1) bad();
      if (flag === 1) {
        cells.push({ name, value: null });
        continue;
      }
    }
    cells.push({ name, value: printCell(type, take(size)) });
  }
  for (const [name, size] of systemFields) {
    const raw = little(take(size));
    cells.push({
      name,
      value: (name === '_TimeReceived' ? BigInt.asIntN(64, raw) : raw).toString(),
    });
  }
  if (at !== bytes.length) bad();
  return cells;
}

function leb128(take: (size: number) => Uint8Array, bad: () => never): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = take(1)[0]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) {
      // One form for each number, or two texts would have the same row.
      return byte === 0 && shift > 0 ? bad() : value;
    }
  }
  return bad();
}

const little = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

function printCell(type: string, bytes: Uint8Array): string {
  switch (type) {
    case 'bool':
      return bytes[0] === 0 ? 'false' : 'true';
    case 'int':
      return BigInt.asIntN(32, little(bytes)).toString();
    case 'real':
      return String(new DataView(bytes.slice().buffer).getFloat64(0, true));
    case 'guid': {
      const text = [...bytes.subarray(0, 8)].reverse().concat([...bytes.subarray(8)].reverse());
      const hex = text.map((byte) => byte.toString(16).padStart(2, '0')).join('');
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    }
    case 'decimal': {
      const value = BigInt.asIntN(128, little(bytes));
      const digits = (value < 0n ? -value : value).toString().padStart(18, '0');
      const fraction = digits.slice(-17).replace(/0+$/, '');
      return `${value < 0n ? '-' : ''}${digits.slice(0, -17)}${fraction === '' ? '' : `.${fraction}`}`;
    }
    default:
      return BigInt.asIntN(64, little(bytes)).toString();
  }
}

function lossyText(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch {
    return `(${bytes.length} bytes that are not UTF-8)`;
  }
}

function sized16(value: string): Uint8Array {
  const bytes = utf8(value);
  return concatBytes(Uint8Array.from([bytes.length >> 8, bytes.length & 0xff]), bytes);
}
