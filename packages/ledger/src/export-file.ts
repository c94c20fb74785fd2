import { equalBytes, fromBase64, fromUtf8, toBase64 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { verifyCheckpoint } from './checkpoint.js';
import type { Verifier } from './checkpoint.js';
import { ledgerError } from './errors.js';
import { commitmentOfOpening, decodeRecordHead } from './kept-record.js';
import { hashSize, leafHash, rootOf, verifyInclusion } from './merkle-tree.js';
import { parseDecimal, parseNote, verifyNote } from './note.js';
import { readRowText } from './row-text.js';
import { entryLeafData, rowLeaf, shapeDigest } from './rows.js';
import type { EntryCommitment, RowColumn } from './rows.js';
import { accept, attempt, refuse } from './verdict.js';
import type { Verdict } from './verdict.js';

/** An exported file: `docs/formats/export.md`. */
export interface ExportObject {
  readonly name: string;
  readonly size: number;
  /** Base64. */
  readonly sha256: string;
}

/** What the workspace's key signs for one file of rows. Positions are decimal. */
export interface ExportManifest {
  readonly export: string;
  readonly workspace: string;
  readonly table: string;
  /** Counts the table's files from 0. */
  readonly sequence: number;
  /** Half-open range of positions; begins where the file before ended. */
  readonly from: string;
  readonly to: string;
  /** SHA-256 of the manifest before in base64; empty for the first. */
  readonly previous: string;
  readonly entries: number;
  readonly rows: number;
  readonly data: ExportObject;
  readonly proofs: ExportObject;
  /** A checkpoint of the ledger, whole: what the proofs lead to. */
  readonly checkpoint: string;
  /** ISO 8601. */
  readonly time: string;
}

/** A record that commits to rows, with its place in the tree of the manifest's checkpoint. */
export interface ExportRecord {
  readonly position: string;
  readonly time: number;
  readonly salt: string;
  readonly metadata: string;
  readonly payloadHash: string;
  /** Leaf hashes of all its parts, joined, base64. */
  readonly parts: string;
  readonly path: readonly string[];
}

/** One entry's rows: the part of a record that they lead to. */
export interface ExportEntry {
  readonly position: string;
  readonly day: string;
  readonly rows: number;
  readonly shape: string;
  /** Index in `records`, and of the part among that record's parts. */
  readonly record: number;
  readonly part: number;
}

/** The file of proofs beside a file of rows. */
export interface ExportProofs {
  readonly shapes: Readonly<Record<string, readonly (readonly [name: string, type: string])[]>>;
  readonly records: readonly ExportRecord[];
  /** In the order of positions. */
  readonly entries: readonly ExportEntry[];
}

/** The ledger's origin with this behind it is the first line of a manifest: no checkpoint's. */
export const exportOrigin = (origin: string): string => `${origin}/export`;

/** The text that is signed. */
export const printExportManifest = (origin: string, manifest: ExportManifest): string =>
  `${exportOrigin(origin)}\nv1\n${JSON.stringify(manifest)}\n`;

/** Names of the files of a range: those of a range are always the same. */
export function exportNames(table: string, from: bigint, to: bigint) {
  const digits = (position: bigint): string => position.toString().padStart(20, '0');
  const range = `${table}/${digits(from)}-${digits(to)}`;
  return {
    data: `${range}.ndjson.gz`,
    proofs: `${range}.proofs.json.gz`,
    /** Named by the beginning alone: no two files can begin at one position. */
    manifest: `${table}/${digits(from)}.manifest`,
  };
}

/** Reads a manifest's text, unverified. Throws `LEDGER_PROOF_MALFORMED`. */
export function parseExportManifest(note: string): ExportManifest {
  const [origin, version, body, ...rest] = parseNote(note).text.split('\n');
  const bad = (): never => {
    throw ledgerError('LEDGER_PROOF_MALFORMED', 'The manifest of an export is malformed.');
  };
  if (origin === undefined || version !== 'v1' || rest.length !== 1 || rest[0] !== '') bad();
  const value = objectOf(readJson(body ?? ''));
  const manifest = value as Partial<ExportManifest>;
  const isObject = (each: unknown): boolean => {
    const { name, size, sha256 } = objectOf(each);
    return typeof name === 'string' && Number.isSafeInteger(size) && typeof sha256 === 'string';
  };
  const sound =
    origin === exportOrigin(`strongroom/${manifest.workspace}`) &&
    [manifest.export, manifest.table, manifest.previous, manifest.checkpoint, manifest.time].every(
      (each) => typeof each === 'string',
    ) &&
    [manifest.from, manifest.to].every((each) => parseDecimal(String(each)) !== undefined) &&
    [manifest.sequence, manifest.entries, manifest.rows].every(Number.isSafeInteger) &&
    isObject(manifest.data) &&
    isObject(manifest.proofs);
  if (!sound) bad();
  const { data, proofs } = exportNames(
    manifest.table!,
    BigInt(manifest.from!),
    BigInt(manifest.to!),
  );
  if (manifest.data!.name !== data || manifest.proofs!.name !== proofs) bad();
  return manifest as ExportManifest;
}

/** Verifies a manifest's signature and its checkpoint's. Throws nothing. */
export async function verifyExportManifest(
  note: string,
  options: Verifier,
): Promise<Verdict<{ manifest: ExportManifest; size: bigint; root: Uint8Array }>> {
  const read = attempt('LEDGER_PROOF_MALFORMED', () => parseExportManifest(note));
  if (!read.ok) return read;
  const origin = `strongroom/${read.value.workspace}`;
  const keys = options.keys.filter(({ name }) => name === origin);
  const signed = await verifyNote(note, { ...options, keys });
  if (!signed.ok) return signed;
  const checkpoint = await verifyCheckpoint(read.value.checkpoint, { ...options, origin });
  if (!checkpoint.ok) return checkpoint;
  const { size, root } = checkpoint.value;
  return accept({ manifest: read.value, size, root });
}

/** Reads a file of proofs. Throws `LEDGER_PROOF_MALFORMED`. */
export function parseExportProofs(bytes: Uint8Array): ExportProofs {
  const { shapes, records, entries } = objectOf(readJson(fromUtf8(bytes)));
  if (!Array.isArray(records) || !Array.isArray(entries)) {
    throw ledgerError('LEDGER_PROOF_MALFORMED', 'The proofs of an export are malformed.');
  }
  return {
    shapes: objectOf(shapes) as ExportProofs['shapes'],
    records: records as ExportRecord[],
    entries: entries as ExportEntry[],
  };
}

/**
 * Verifies the rows of one file: each leads to its entry's root, that to a record, that to the
 * checkpoint; and there are no others. `lines` are the file's lines in order. Throws nothing.
 */
export async function verifyExportRows(
  sha256: Sha256,
  file: {
    readonly manifest: ExportManifest;
    readonly size: bigint;
    readonly root: Uint8Array;
    readonly proofs: ExportProofs;
    readonly lines: AsyncIterable<string>;
  },
): Promise<Verdict<{ rows: number }>> {
  const { manifest, proofs } = file;
  const wrong = (why: string) => refuse('LEDGER_PROOF_WRONG', why);
  const prepared = attempt('LEDGER_PROOF_MALFORMED', () =>
    readProofs(sha256, { ...file, origin: `strongroom/${manifest.workspace}` }),
  );
  if (!prepared.ok) return prepared;
  if (typeof prepared.value === 'string') return wrong(prepared.value);
  const { roots, shapes } = prepared.value;
  let index = 0;
  let leaves: Uint8Array[] = [];
  let rows = 0;
  const seen = new Set<string>();
  /** The entry at `index` is complete: its leaves must lead to its part. */
  const finish = (): string | undefined => {
    const entry = proofs.entries[index]!;
    const part: EntryCommitment = {
      table: manifest.table,
      shape: fromBase64(entry.shape),
      day: BigInt(entry.day),
      position: BigInt(entry.position),
      rows: leaves.length,
      root: rootOf(sha256, leaves),
    };
    if (!equalBytes(leafHash(sha256, entryLeafData(part)), roots[index]!)) {
      return `The rows at position ${entry.position} are not those that the ledger commits to.`;
    }
    leaves = [];
    index += 1;
    return undefined;
  };
  for await (const line of file.lines) {
    rows += 1;
    const entry = proofs.entries[index];
    if (entry === undefined) return wrong(`Line ${rows} belongs to no entry.`);
    const columns = shapes.get(entry.shape);
    if (columns === undefined) return wrong(`The columns of line ${rows} are not given.`);
    const bytes = attempt('LEDGER_PROOF_MALFORMED', () => readLine(line, columns));
    if (!bytes.ok) return refuse(bytes.code, `Line ${rows}: ${bytes.message}`);
    leaves.push(rowLeaf(sha256, bytes.value));
    if (leaves.length === entry.rows) {
      const problem = finish();
      if (problem !== undefined) return wrong(problem);
      seen.add(entry.position);
    }
  }
  if (index !== proofs.entries.length || leaves.length > 0) return wrong('Rows are missing.');
  if (rows !== manifest.rows || seen.size !== manifest.entries) {
    return wrong('The manifest counts other rows.');
  }
  return accept({ rows });
}

/** Records against the checkpoint, and each entry's part among them; a text says what is wrong. */
function readProofs(
  sha256: Sha256,
  file: {
    readonly manifest: ExportManifest;
    readonly size: bigint;
    readonly root: Uint8Array;
    readonly proofs: ExportProofs;
    readonly origin: string;
  },
): string | { roots: Uint8Array[]; shapes: Map<string, readonly RowColumn[]> } {
  const { manifest, proofs, size, root } = file;
  const records: Uint8Array[][] = [];
  for (const record of proofs.records) {
    const metadata = fromBase64(record.metadata);
    const { type, parts } = decodeRecordHead(metadata);
    if (type !== 'rowsCommitted' && type !== 'tablePurged') return `A ${type} commits to no rows.`;
    const position = BigInt(record.position);
    const commitment = commitmentOfOpening(sha256, {
      journalId: manifest.workspace,
      position,
      time: record.time,
      salt: fromBase64(record.salt),
      metadataHash: sha256(metadata),
      payloadHash: fromBase64(record.payloadHash),
    });
    const included = verifyInclusion(sha256, {
      index: position,
      size,
      leafHash: leafHash(sha256, commitment),
      hashes: record.path.map((hash) => fromBase64(hash)),
      root,
    });
    if (!included.ok) return `The record at position ${position}: ${included.message}`;
    const joined = fromBase64(record.parts);
    const leaves = Array.from({ length: joined.length / hashSize }, (_, index) =>
      joined.slice(index * hashSize, (index + 1) * hashSize),
    );
    if (leaves.length !== parts?.count || !equalBytes(rootOf(sha256, leaves), parts.root)) {
      return `The parts of the record at position ${position} are others.`;
    }
    records.push(leaves);
  }
  const shapes = new Map<string, readonly RowColumn[]>();
  for (const [digest, list] of Object.entries(proofs.shapes)) {
    const columns = list.map(([name, type]) => ({ name, type }));
    if (toBase64(shapeDigest(sha256, columns)) !== digest)
      return 'Columns are not those committed to.';
    shapes.set(digest, columns);
  }
  const roots: Uint8Array[] = [];
  let before = BigInt(manifest.from) - 1n;
  for (const { position, record, part } of proofs.entries) {
    const at = BigInt(position);
    if (at <= before || at >= BigInt(manifest.to)) return `Position ${position} is out of order.`;
    before = at;
    const leaf = records[record]?.[part];
    if (leaf === undefined) return `The rows at position ${position} have no record.`;
    roots.push(leaf);
  }
  return { roots, shapes };
}

/** A line's bytes; what is no JSON at all is malformed as well. */
function readLine(line: string, columns: readonly RowColumn[]): Uint8Array {
  try {
    return readRowText(line, columns);
  } catch (error) {
    throw ledgerError('LEDGER_PROOF_MALFORMED', 'it cannot be read as a row.', error);
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw ledgerError('LEDGER_PROOF_MALFORMED', 'What an export says of itself is no JSON.');
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw ledgerError('LEDGER_PROOF_MALFORMED', 'What an export says of itself has another form.');
}
