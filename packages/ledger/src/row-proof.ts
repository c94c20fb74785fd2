import { equalBytes, fromBase64, fromUtf8, toBase64, utf8 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { verifyCheckpoint } from './checkpoint.js';
import type { SignedCheckpoint, Verifier } from './checkpoint.js';
import { ledgerError } from './errors.js';
import { commitmentOfOpening, decodeRecordHead } from './kept-record.js';
import type { EntryOpening } from './kept-record.js';
import { leafHash, verifyInclusion } from './merkle-tree.js';
import { parseProof, printProof } from './proof.js';
import { decodeRow, entryLeafData, rowLeaf, shapeDigest } from './rows.js';
import type { EntryCommitment, RowCell, RowColumn } from './rows.js';
import { attempt, refuse } from './verdict.js';
import type { Verdict } from './verdict.js';

/**
 * What stands in the `extra` line of a proof of ours: `docs/formats/proof.md`. Nothing in it is
 * trusted; each part leads by hashes to the leaf that the proof is of.
 */
export type ProofSubject =
  /** One entry: what was sent in one request, as one batch. */
  | { readonly kind: 'entry'; readonly opening: EntryOpening }
  /** One stored row. */
  | {
      readonly kind: 'row';
      /** Of the `rowsCommitted` record, but for its metadata's hash. */
      readonly opening: Omit<EntryOpening, 'metadataHash'>;
      readonly metadata: Uint8Array;
      readonly part: EntryCommitment;
      readonly partIndex: number;
      readonly partPath: readonly Uint8Array[];
      readonly columns: readonly RowColumn[];
      readonly row: Uint8Array;
      readonly rowIndex: number;
      readonly rowPath: readonly Uint8Array[];
    };

/** What a proof proves. */
export interface ProvedSubject {
  readonly kind: ProofSubject['kind'];
  readonly origin: string;
  /** Position of the leaf: the entry, or the record that commits to the row. */
  readonly index: bigint;
  /** Milliseconds since 1970 when that entry was taken up. */
  readonly time: number;
  readonly checkpoint: SignedCheckpoint;
  /** Of an entry: SHA-256 of its payload, the rows as they were sent (inflated). */
  readonly payloadHash?: Uint8Array;
  /** Of a row. */
  readonly table?: string;
  readonly cells?: readonly RowCell[];
}

/** Prints a proof with its subject; files of it end in `.tlog-proof`. */
export function printSubjectProof(proof: {
  readonly index: bigint;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: string;
  readonly subject: ProofSubject;
}): string {
  return printProof({ ...proof, extra: utf8(JSON.stringify(asJson(proof.subject))) });
}

function asJson(subject: ProofSubject): object {
  const { opening } = subject;
  const head = {
    strongroom: 'proof/v1',
    kind: subject.kind,
    journal: opening.journalId,
    position: opening.position.toString(),
    time: opening.time,
    salt: toBase64(opening.salt),
    payloadHash: toBase64(opening.payloadHash),
  };
  if (subject.kind === 'entry') {
    return { ...head, metadataHash: toBase64(subject.opening.metadataHash) };
  }
  const { part } = subject;
  return {
    ...head,
    metadata: toBase64(subject.metadata),
    part: {
      table: part.table,
      shape: toBase64(part.shape),
      day: part.day.toString(),
      position: part.position.toString(),
      rows: part.rows,
      root: toBase64(part.root),
      index: subject.partIndex,
      path: subject.partPath.map(toBase64),
    },
    columns: subject.columns.map(({ name, type }) => [name, type]),
    row: {
      bytes: toBase64(subject.row),
      index: subject.rowIndex,
      path: subject.rowPath.map(toBase64),
    },
  };
}

/**
 * Verifies a proof with its subject, offline, with public keys alone. Throws nothing.
 */
export async function verifySubjectProof(
  source: string,
  options: Verifier & { readonly origin?: string },
): Promise<Verdict<ProvedSubject>> {
  const { sha256 } = options;
  const read = attempt('LEDGER_PROOF_MALFORMED', () => {
    const proof = parseProof(source);
    if (proof.extra === undefined) {
      throw ledgerError('LEDGER_PROOF_MALFORMED', 'The proof does not say what it is of.');
    }
    return { proof, subject: readSubject(proof.extra) };
  });
  if (!read.ok) return read;
  const { proof, subject } = read.value;
  const { opening } = subject;
  const origin = `strongroom/${opening.journalId}`;
  if (options.origin !== undefined && options.origin !== origin) {
    return refuse('LEDGER_ORIGIN_DIFFERS', `The proof is of ${origin}.`);
  }
  if (opening.position !== proof.index) {
    return refuse('LEDGER_PROOF_WRONG', 'What it shows is not of the leaf that it proves.');
  }
  const checkpoint = await verifyCheckpoint(proof.checkpoint, { ...options, origin });
  if (!checkpoint.ok) return checkpoint;
  const whole: EntryOpening =
    subject.kind === 'entry'
      ? subject.opening
      : { ...subject.opening, metadataHash: sha256(subject.metadata) };
  const included = verifyInclusion(sha256, {
    index: proof.index,
    size: checkpoint.value.size,
    leafHash: leafHash(sha256, commitmentOfOpening(sha256, whole)),
    hashes: proof.hashes,
    root: checkpoint.value.root,
  });
  if (!included.ok) return included;
  const proved = {
    kind: subject.kind,
    origin,
    index: proof.index,
    time: opening.time,
    checkpoint: checkpoint.value,
  };
  if (subject.kind === 'entry') {
    return { ok: true, value: { ...proved, payloadHash: opening.payloadHash } };
  }
  const row = verifyRow(sha256, subject);
  if (!row.ok) return row;
  return { ok: true, value: { ...proved, table: subject.part.table, cells: row.value } };
}

/** From the record's metadata down to the row's cells. */
function verifyRow(
  sha256: Sha256,
  subject: Extract<ProofSubject, { kind: 'row' }>,
): Verdict<readonly RowCell[]> {
  const wrong = (why: string) => refuse('LEDGER_PROOF_WRONG', why);
  const { part, columns } = subject;
  const head = attempt('LEDGER_PROOF_MALFORMED', () => decodeRecordHead(subject.metadata));
  if (!head.ok) return head;
  if (!committing.has(head.value.type) || head.value.parts === undefined) {
    return wrong('The record does not commit to rows.');
  }
  const inRecord = verifyInclusion(sha256, {
    index: BigInt(subject.partIndex),
    size: BigInt(head.value.parts.count),
    leafHash: leafHash(sha256, entryLeafData(part)),
    hashes: subject.partPath,
    root: head.value.parts.root,
  });
  if (!inRecord.ok) return inRecord;
  if (!equalBytes(shapeDigest(sha256, columns), part.shape)) {
    return wrong('The columns are not those that were committed to.');
  }
  const inEntry = verifyInclusion(sha256, {
    index: BigInt(subject.rowIndex),
    size: BigInt(part.rows),
    leafHash: rowLeaf(sha256, subject.row),
    hashes: subject.rowPath,
    root: part.root,
  });
  if (!inEntry.ok) return inEntry;
  const cells = attempt('LEDGER_PROOF_MALFORMED', () => decodeRow(subject.row, columns));
  if (!cells.ok) return cells;
  const position = cells.value.find(({ name }) => name === '_Position')?.value;
  if (position !== part.position.toString()) return wrong('The row is of another entry.');
  return cells;
}

/** Types of records whose parts are rows. */
const committing: ReadonlySet<string> = new Set(['rowsCommitted', 'tablePurged']);

/** Reads a subject strictly. Throws `LEDGER_PROOF_MALFORMED`. */
function readSubject(extra: Uint8Array): ProofSubject {
  const bad = (what: string): never => {
    throw ledgerError('LEDGER_PROOF_MALFORMED', `What the proof is of has ${what}.`);
  };
  const object = (value: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return bad('no object');
    const own = Object.keys(value);
    if (own.length !== keys.length || keys.some((key) => !own.includes(key))) {
      return bad('other members');
    }
    return { ...value };
  };
  const text = (value: unknown): string => (typeof value === 'string' ? value : bad('no text'));
  const list = (value: unknown): readonly unknown[] =>
    Array.isArray(value) ? value : bad('no list');
  const bytes = (value: unknown, size?: number): Uint8Array => {
    const read = fromBase64(text(value));
    return size === undefined || read.length === size ? read : bad('bytes of another size');
  };
  const big = (value: unknown): bigint =>
    /^(?:0|[1-9]\d{0,18})$/.test(text(value)) ? BigInt(text(value)) : bad('no number');
  const small = (value: unknown, most: number): number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most
      ? value
      : bad('no number');
  const path = (value: unknown): Uint8Array[] => {
    const hashes = list(value);
    return hashes.length <= 64 ? hashes.map((hash) => bytes(hash, 32)) : bad('too long a path');
  };
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(extra));
  } catch {
    return bad('no JSON');
  }
  const kind = (value as { kind?: unknown } | null)?.kind;
  const common = ['strongroom', 'kind', 'journal', 'position', 'time', 'salt', 'payloadHash'];
  const own = kind === 'entry' ? ['metadataHash'] : ['metadata', 'part', 'columns', 'row'];
  const top = object(value, [...common, ...own]);
  if (top['strongroom'] !== 'proof/v1') return bad('another version');
  const opening = {
    journalId: text(top['journal']),
    position: big(top['position']),
    time: small(top['time'], Number.MAX_SAFE_INTEGER),
    salt: bytes(top['salt'], 32),
    payloadHash: bytes(top['payloadHash'], 32),
  };
  if (kind === 'entry') {
    return { kind, opening: { ...opening, metadataHash: bytes(top['metadataHash'], 32) } };
  }
  if (kind !== 'row') return bad('another kind');
  const partKeys = ['table', 'shape', 'day', 'position', 'rows', 'root', 'index', 'path'];
  const part = object(top['part'], partKeys);
  const row = object(top['row'], ['bytes', 'index', 'path']);
  return {
    kind,
    opening,
    metadata: bytes(top['metadata']),
    part: {
      table: text(part['table']),
      shape: bytes(part['shape'], 32),
      day: big(part['day']),
      position: big(part['position']),
      rows: small(part['rows'], 2 ** 32 - 1),
      root: bytes(part['root'], 32),
    },
    partIndex: small(part['index'], 2 ** 32 - 1),
    partPath: path(part['path']),
    columns: list(top['columns']).map((each) => {
      const pair = list(each);
      if (pair.length !== 2) return bad('no column');
      return { name: text(pair[0]), type: text(pair[1]) };
    }),
    row: bytes(row['bytes']),
    rowIndex: small(row['index'], 2 ** 32 - 1),
    rowPath: path(row['path']),
  };
}
