import { equalBytes, toBase64 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { decodeRecordBody, decodeRecordHead } from './kept-record.js';
import type { KeptEntry } from './kept-record.js';
import { entryCommitment, partsRoot, shapeDigest } from './rows.js';
import type { EntryCommitment, RowColumn } from './rows.js';

/** What the records say of one table: by arrival day, by position. */
export type ExpectedTable = Map<bigint, Map<bigint, EntryCommitment>>;

/**
 * What must be in the tables: a fold over the records, in the order of their positions
 * (docs/formats/rows.md). What is wrong with the records themselves is in `problems`.
 */
export class ExpectedRows {
  readonly tables = new Map<string, ExpectedTable>();
  /** Columns by their digest in base64. */
  readonly shapes = new Map<string, readonly RowColumn[]>();
  readonly problems: { readonly position: bigint; readonly message: string }[] = [];
  readonly #sha256: Sha256;
  readonly #seen = new Set<bigint>();
  readonly #named = new Set<bigint>();
  #committed = 0n;
  #last = -1n;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** Rows of positions below are committed to. */
  get committed(): bigint {
    return this.#committed;
  }

  /** Position of the newest record. */
  get last(): bigint {
    return this.#last;
  }

  /** Adds the next record. */
  add(kept: KeptEntry): void {
    const problem = (message: string): void => {
      this.problems.push({ position: kept.position, message });
    };
    if (kept.position <= this.#last) return problem('The record stands out of order.');
    this.#last = kept.position;
    try {
      const { type, parts } = decodeRecordHead(kept.metadata);
      const body = decodeRecordBody(kept.payload);
      if (body['type'] !== type) return problem('The record is not of the type that it says.');
      if (type !== 'rowsCommitted') this.#seen.add(kept.position);
      if (type === 'rowsCommitted') this.#addCommitted(body, parts, problem);
      else if (type === 'tableShape') this.#addShape(body, problem);
      else if (type === 'tablePurged') {
        for (const part of readParts(body['after'])) this.#set(part);
      } else if (type === 'partitionExpired') {
        const table = this.tables.get(String(body['table']));
        for (const day of readTexts(body['days'])) table?.delete(BigInt(day));
      } else if (type === 'tableDeleted') this.tables.delete(String(body['table']));
    } catch (error) {
      problem(`The record cannot be read: ${String(error)}`);
    }
    return undefined;
  }

  /** Call it when all were added: finds records that are named and not there. */
  end(): void {
    for (const position of this.#named) {
      if (this.#seen.has(position)) continue;
      this.problems.push({ position, message: 'A record is missing that another one names.' });
    }
    for (const position of this.#seen) {
      if (position >= this.#committed || this.#named.has(position)) continue;
      this.problems.push({ position, message: 'The record is named by no other.' });
    }
  }

  #addShape(body: Readonly<Record<string, unknown>>, problem: (message: string) => void): void {
    const columns = readList(body['columns']).map((each): RowColumn => {
      const [name, type] = readTexts(each);
      return { name: name ?? '', type: type ?? '' };
    });
    const digest = toBase64(shapeDigest(this.#sha256, columns));
    if (digest !== body['shape']) problem('The columns are not those of the digest.');
    this.shapes.set(digest, columns);
  }

  #addCommitted(
    body: Readonly<Record<string, unknown>>,
    parts: { readonly count: number; readonly root: Uint8Array } | undefined,
    problem: (message: string) => void,
  ): void {
    const [from, to] = [BigInt(String(body['from'])), BigInt(String(body['to']))];
    if (from !== this.#committed) {
      problem(`It begins at position ${from}; the one before ended at ${this.#committed}.`);
    }
    if (to > this.#committed) this.#committed = to;
    for (const position of readTexts(body['records'])) this.#named.add(BigInt(position));
    const list = readParts(body['tables']);
    const sound =
      parts?.count === list.length && equalBytes(parts.root, partsRoot(this.#sha256, list));
    if (!sound) problem('Its parts do not lead to the root in its metadata.');
    for (const part of list) {
      if (part.position < from || part.position >= to) problem('A part lies outside its range.');
      this.#set(part);
    }
  }

  #set(part: EntryCommitment): void {
    const table = this.tables.get(part.table) ?? (new Map() as ExpectedTable);
    this.tables.set(part.table, table);
    const day = table.get(part.day) ?? new Map<bigint, EntryCommitment>();
    table.set(part.day, day);
    if (part.rows === 0) day.delete(part.position);
    else day.set(part.position, part);
  }
}

const readList = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value;
};
const readTexts = (value: unknown): string[] => readList(value).map(String);

function readParts(value: unknown): EntryCommitment[] {
  return readList(value).flatMap((each) => {
    const { table, shape, day, rows } = each as Readonly<Record<string, unknown>>;
    return readList(rows).map((row) => {
      const [position, count, root] = readList(row);
      // An entry without rows has no tree and no columns; its place is all that counts.
      const isEmpty = Number(count) === 0;
      return entryCommitment({
        table: String(table),
        shape: isEmpty ? noHash : String(shape),
        day: String(day),
        row: [String(position), Number(count), isEmpty ? noHash : String(root)],
      });
    });
  });
}

const noHash = toBase64(new Uint8Array(32));
