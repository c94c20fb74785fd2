import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import {
  concatBytes,
  equalBytes,
  fromBase64,
  fromUtf8,
  hasCode,
  toBase64,
  utf8,
} from '@strongroom/base';
import type { Clock, Random, Sha256 } from '@strongroom/base';
import { rowsInOrder } from '@strongroom/engine';
import type { CursorFile } from '@strongroom/journal';
import {
  entryLeafData,
  exportNames,
  leafHash,
  parseCheckpoint,
  parseExportManifest,
  printExportManifest,
  printRowText,
  rootOf,
  rowLeaf,
  shapeDigest,
  verifyConsistency,
  verifyExportManifest,
} from '@strongroom/ledger';
import type {
  EntryCommitment,
  ExportEntry,
  ExportManifest,
  ExportObject,
  ExportRecord,
  RowColumn,
  VerifySignature,
} from '@strongroom/ledger';
import { partsOf } from '../workspaces/committer.js';
import type { KeptRecord } from '../workspaces/record.js';
import { ledgerOrigin } from '../workspaces/running-workspace.js';
import type { Workspace } from '../workspaces/workspace.js';
import { exportError } from './errors.js';
import { exportLimits } from './limits.js';
import type { ExportTarget } from './target.js';

/** What of a workspace an export reads. */
export type ExportSource = Pick<
  Workspace,
  'id' | 'recordsFrom' | 'proofs' | 'query' | 'signNote' | 'verifierKeys' | 'checkpoint'
>;

export interface TableExportOptions {
  readonly exportId: string;
  readonly table: string;
  /** Stands before the names of all objects, with a `/` at its end. */
  readonly prefix: string;
  readonly everyMs: number;
  readonly target: ExportTarget;
  readonly cursor: CursorFile;
  readonly sha256: Sha256;
  readonly verifySignature: VerifySignature;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly limits?: Partial<
    Pick<typeof exportLimits, 'fileRowsMax' | 'fileEntriesMax' | 'filePlainBytesMax'>
  >;
}

/** How far it is. */
export interface TableExportStatus {
  /** Rows of positions below are in the target. */
  readonly exported: bigint;
  readonly files: number;
  /** When the oldest rows that wait were committed to, in milliseconds since 1970. */
  readonly waitingSince: number | undefined;
}

/** The cursor's value: docs/formats/export.md. */
interface Place {
  readonly version: 1;
  readonly sequence: number;
  /** Where the next file begins. */
  readonly from: string;
  /** No rows lie between `from` and here. */
  readonly scanned: string;
  readonly previous: string;
  /** The signed manifest of the file that is being written. */
  readonly plan?: string;
}

/** One entry's rows, and the record that commits to them. */
interface Waiting {
  readonly part: EntryCommitment;
  readonly index: number;
  readonly record: Committing;
}

/** A record with what a proof shows of it. */
interface Committing {
  readonly position: bigint;
  readonly time: number;
  readonly salt: Uint8Array;
  readonly metadata: Uint8Array;
  readonly payloadHash: Uint8Array;
  readonly leaves: readonly Uint8Array[];
}

type Change = (waiting: Map<bigint, Waiting>) => void;

/**
 * Exports one table: a follower behind the ledger's checkpoints. Each file holds a closed range of
 * positions. Its manifest, with the hashes of its files, is durable before the first of them is written;
 * a crash anywhere leads to the same files again, or to those that are there already.
 */
export class TableExport {
  readonly #options: TableExportOptions;
  readonly #limits: typeof exportLimits;
  #place: Place;
  /** Whether it is known that the target holds nothing behind the cursor. */
  #compared = false;
  #waiting = new Map<bigint, Waiting>();
  #rows = 0;
  #since: number | undefined;
  /** Positions below were gathered. */
  #gathered: bigint;
  /** Records below were read for their rows, and for what takes rows away. */
  #read: bigint;
  #readChanges: bigint;
  #changes: { readonly position: bigint; readonly apply: Change }[] = [];
  readonly #shapes = new Map<string, readonly RowColumn[]>();

  constructor(options: TableExportOptions) {
    this.#options = options;
    this.#limits = { ...exportLimits, ...options.limits };
    const { value } = options.cursor;
    this.#place =
      value === undefined
        ? { version: 1, sequence: 0, from: '0', scanned: '0', previous: '' }
        : (JSON.parse(fromUtf8(value)) as Place);
    this.#gathered = BigInt(this.#place.scanned);
    // The record that commits to rows stands behind them.
    this.#read = this.#gathered;
    this.#readChanges = this.#gathered;
  }

  get status(): TableExportStatus {
    return {
      exported: this.#place.plan === undefined ? this.#gatheredEmpty() : BigInt(this.#place.from),
      files: this.#place.sequence,
      waitingSince: this.#since,
    };
  }

  /**
   * Does what there is to do; resolves with true where there is more at once. What it rejects with is
   * tried again. The next call must wait for this one.
   */
  async step(source: ExportSource): Promise<boolean> {
    if (this.#place.plan !== undefined) {
      await this.#finish(source, this.#place.plan, undefined);
      return true;
    }
    const checkpoint = source.checkpoint();
    if (checkpoint === undefined) return false;
    if (!this.#compared && (await this.#adopt(source))) return true;
    this.#compared = true;
    const { size } = parseCheckpoint(checkpoint);
    await this.#gather(source, size);
    const isFull = this.#isFull();
    const due =
      this.#since !== undefined && this.#options.clock.now() - this.#since >= this.#options.everyMs;
    if (this.#waiting.size === 0) {
      // So that a start does not read all of a long quiet time again.
      if (this.#gathered - BigInt(this.#place.scanned) > scannedAhead) {
        await this.#store({ ...this.#place, scanned: this.#gathered.toString() });
      }
      return false;
    }
    if (!isFull && !due) return false;
    const waiting = this.#afterChanges();
    if (waiting.length === 0) {
      this.#forget(this.#gathered);
      await this.#store({ ...this.#place, scanned: this.#gathered.toString() });
      return true;
    }
    const built = await this.#build(source, { waiting, to: this.#gathered, size });
    const manifest: ExportManifest = {
      export: this.#options.exportId,
      workspace: source.id,
      table: this.#options.table,
      sequence: this.#place.sequence,
      from: this.#place.from,
      to: built.to.toString(),
      previous: this.#place.previous,
      entries: built.entries,
      rows: built.rows,
      data: this.#describe(built.names.data, built.data),
      proofs: this.#describe(built.names.proofs, built.proofs),
      checkpoint,
      time: new Date(this.#options.clock.now()).toISOString(),
    };
    const note = await source.signNote(printExportManifest(ledgerOrigin(source.id), manifest));
    await this.#store({ ...this.#place, plan: note });
    await this.#finish(source, note, built);
    return true;
  }

  /** Positions below hold no row that is not exported. */
  #gatheredEmpty(): bigint {
    if (this.#waiting.size === 0) return this.#gathered;
    const [first] = this.#waiting.keys();
    return first ?? this.#gathered;
  }

  #isFull(): boolean {
    const { fileRowsMax, fileEntriesMax } = this.#limits;
    return this.#rows >= fileRowsMax || this.#waiting.size >= fileEntriesMax;
  }

  /** Reads what was committed to below `size`, until a file is full. */
  async #gather(source: ExportSource, size: bigint, until?: bigint): Promise<void> {
    for await (const kept of source.recordsFrom(this.#readChanges)) {
      if (kept.position >= size) break;
      this.#readChanges = kept.position + 1n;
      const apply = this.#changeOf(kept);
      if (apply !== undefined) this.#changes.push({ position: kept.position, apply });
    }
    if (until === undefined ? this.#isFull() : this.#gathered >= until) return;
    for await (const kept of source.recordsFrom(this.#read)) {
      if (kept.position >= size) break;
      this.#read = kept.position + 1n;
      const { record } = kept;
      if (record.type === 'tableShape') this.#learnShape(record.columns);
      if (record.type !== 'rowsCommitted' || BigInt(record.to) <= this.#gathered) continue;
      const parts = partsOf(record.tables);
      let committing: Committing | undefined;
      for (const [index, part] of parts.entries()) {
        if (part.table !== this.#options.table || part.position < this.#gathered) continue;
        committing ??= this.#committing(kept, parts);
        this.#waiting.set(part.position, { part, index, record: committing });
        this.#rows += part.rows;
        this.#since ??= kept.time;
      }
      this.#gathered = BigInt(record.to);
      if (until === undefined ? this.#isFull() : this.#gathered >= until) break;
    }
  }

  #committing(kept: KeptRecord, parts: readonly EntryCommitment[]): Committing {
    const { sha256 } = this.#options;
    const { position, time, salt, metadata, payload } = kept;
    const leaves = parts.map((part) => leafHash(sha256, entryLeafData(part)));
    return { position, time, salt, metadata, payloadHash: sha256(payload), leaves };
  }

  /** What a record takes away from rows that were committed to before it. */
  #changeOf(kept: KeptRecord): Change | undefined {
    const { record, position } = kept;
    const { table } = this.#options;
    const before = (waiting: Waiting): boolean => waiting.record.position < position;
    if (record.type === 'tablePurged' && record.table === table) {
      const parts = partsOf(record.after);
      const left = new Map(parts.map((part, index) => [part.position, { part, index }]));
      const named = new Set(record.after.flatMap(({ rows }) => rows.map(([at]) => BigInt(at))));
      const committing = this.#committing(kept, parts);
      return (waiting) => {
        for (const [at, each] of waiting) {
          if (!before(each) || !named.has(at)) continue;
          const rest = left.get(at);
          if (rest === undefined) waiting.delete(at);
          else waiting.set(at, { ...rest, record: committing });
        }
      };
    }
    if (record.type === 'partitionExpired' && record.table === table) {
      const days = new Set(record.days);
      return (waiting) => {
        for (const [at, each] of waiting) {
          if (before(each) && days.has(each.part.day.toString())) waiting.delete(at);
        }
      };
    }
    if (record.type === 'tableDeleted' && record.table === table) {
      return (waiting) => {
        for (const [at, each] of waiting) if (before(each)) waiting.delete(at);
      };
    }
    return undefined;
  }

  #afterChanges(size?: bigint): Waiting[] {
    const waiting = new Map(this.#waiting);
    for (const { position, apply } of this.#changes) {
      if (size === undefined || position < size) apply(waiting);
    }
    return [...waiting.values()].sort((a, b) => (a.part.position < b.part.position ? -1 : 1));
  }

  #learnShape(list: readonly (readonly [string, string])[]): void {
    const columns = list.map(([name, type]) => ({ name, type }));
    this.#shapes.set(toBase64(shapeDigest(this.#options.sha256, columns)), columns);
  }

  async #columns(source: ExportSource, shape: string): Promise<readonly RowColumn[]> {
    const known = this.#shapes.get(shape);
    if (known !== undefined) return known;
    // Said before what this export read: once for each form that the table ever had.
    for await (const { record } of source.recordsFrom(0n)) {
      if (record.type === 'tableShape') this.#learnShape(record.columns);
    }
    const found = this.#shapes.get(shape);
    if (found === undefined) {
      throw exportError('EXPORT_ROWS_DIFFER', 'No record says which columns were committed to.');
    }
    return found;
  }

  /** Makes the files of a range. Throws `EXPORT_ROWS_DIFFER` where the table holds other rows. */
  async #build(
    source: ExportSource,
    range: { readonly waiting: readonly Waiting[]; readonly to: bigint; readonly size: bigint },
  ): Promise<Built> {
    const lines = new Lines();
    const shapes: Record<string, (readonly [string, string])[]> = {};
    const taken: Waiting[] = [];
    const { waiting } = range;
    while (taken.length < waiting.length && lines.bytes < this.#limits.filePlainBytesMax) {
      const rest = waiting.slice(taken.length);
      const shape = toBase64(rest[0]!.part.shape);
      const end = rest.findIndex(({ part }) => toBase64(part.shape) !== shape);
      const columns = await this.#columns(source, shape);
      shapes[shape] = columns.map(({ name, type }) => [name, type] as const);
      taken.push(
        ...(await this.#readRows(source, {
          waiting: end < 0 ? rest : rest.slice(0, end),
          columns,
          lines,
        })),
      );
    }
    const next = waiting[taken.length];
    const to = next === undefined ? range.to : next.part.position;
    const { proofs, rows } = await this.#proofs(source, { taken, shapes, size: range.size });
    return {
      to,
      names: exportNames(this.#options.table, BigInt(this.#place.from), to),
      entries: taken.length,
      rows,
      data: await lines.end(),
      proofs,
    };
  }

  /** Writes the lines of entries of one shape; resolves with those that fitted. */
  async #readRows(
    source: ExportSource,
    work: {
      readonly waiting: readonly Waiting[];
      readonly columns: readonly RowColumn[];
      readonly lines: Lines;
    },
  ): Promise<readonly Waiting[]> {
    const { sha256, table, random, signal } = this.#options;
    const { waiting, columns, lines } = work;
    const run = source.query(
      rowsInOrder({
        table,
        columns,
        range: { from: waiting[0]!.part.position, to: waiting.at(-1)!.part.position + 1n },
      }),
      {
        tables: [table],
        maxSeconds: exportLimits.readSecondsMax,
        maxMemoryBytes: exportLimits.readMemoryBytesMax,
        signal,
        queryId: random.uuid(),
      },
    );
    let done = 0;
    let leaves: Uint8Array[] = [];
    for await (const [position, bytes] of rowsOf(run)) {
      const part = waiting[done]?.part;
      if (part === undefined || position !== part.position) throw rowsDiffer(position);
      leaves.push(rowLeaf(sha256, bytes));
      await lines.add(printRowText(bytes, columns));
      if (leaves.length < part.rows) continue;
      if (!equalBytes(rootOf(sha256, leaves), part.root)) throw rowsDiffer(position);
      leaves = [];
      done += 1;
      if (lines.bytes >= this.#limits.filePlainBytesMax) return waiting.slice(0, done);
    }
    if (done < waiting.length) throw rowsDiffer(waiting[done]!.part.position);
    return waiting;
  }

  /** The file of proofs: the same bytes for the same entries and the same tree. */
  async #proofs(
    source: ExportSource,
    work: {
      readonly taken: readonly Waiting[];
      readonly shapes: Readonly<Record<string, readonly (readonly [string, string])[]>>;
      readonly size: bigint;
    },
  ): Promise<{ proofs: Uint8Array; rows: number }> {
    const records: ExportRecord[] = [];
    const numbers = new Map<bigint, number>();
    const entries: ExportEntry[] = [];
    let rows = 0;
    for (const { part, index, record } of work.taken) {
      let number = numbers.get(record.position);
      if (number === undefined) {
        number = records.length;
        numbers.set(record.position, number);
        const path = await source.proofs.inclusion(record.position, work.size);
        records.push({
          position: record.position.toString(),
          time: record.time,
          salt: toBase64(record.salt),
          metadata: toBase64(record.metadata),
          payloadHash: toBase64(record.payloadHash),
          parts: toBase64(concatBytes(...record.leaves)),
          path: path.map(toBase64),
        });
      }
      rows += part.rows;
      entries.push({
        position: part.position.toString(),
        day: part.day.toString(),
        rows: part.rows,
        shape: toBase64(part.shape),
        record: number,
        part: index,
      });
    }
    const text = JSON.stringify({ shapes: work.shapes, records, entries });
    return { proofs: new Uint8Array(await promisify(gzip)(text)), rows };
  }

  /** Writes a planned file's objects and moves on. */
  async #finish(source: ExportSource, note: string, made: Built | undefined): Promise<void> {
    const manifest = parseExportManifest(note);
    const { target, prefix, sha256 } = this.#options;
    const built = made ?? (await this.#rebuild(source, manifest));
    if (built === undefined) {
      // Nothing of it was written, and its rows are others by now: a purge came between.
      const { plan: _, ...place } = this.#place;
      this.#restart(BigInt(place.scanned));
      await this.#store(place);
      return;
    }
    if (built.data !== undefined) await target.create(prefix + manifest.data.name, built.data);
    await target.create(prefix + manifest.proofs.name, built.proofs);
    const names = exportNames(manifest.table, BigInt(manifest.from), BigInt(manifest.to));
    await target.create(prefix + names.manifest, utf8(note));
    await this.#advance(manifest, toBase64(sha256(utf8(note))));
  }

  async #advance(manifest: ExportManifest, hash: string): Promise<void> {
    const { to, sequence } = manifest;
    await this.#store({
      version: 1,
      sequence: sequence + 1,
      from: to,
      scanned: to,
      previous: hash,
    });
    this.#forget(BigInt(to));
  }

  /**
   * The files of a plan that another run made: from the same records, held against the plan's hashes.
   * `undefined` where that cannot be and nothing was written. Without `data`: it is there already.
   */
  async #rebuild(
    source: ExportSource,
    manifest: ExportManifest,
  ): Promise<{ data: Uint8Array | undefined; proofs: Uint8Array } | undefined> {
    const { target, prefix, sha256 } = this.#options;
    const { size } = parseCheckpoint(manifest.checkpoint);
    const to = BigInt(manifest.to);
    const isOf = (object: ExportObject, bytes: Uint8Array | undefined): boolean =>
      bytes !== undefined && toBase64(sha256(bytes)) === object.sha256;
    this.#restart(BigInt(this.#place.from));
    await this.#gather(source, size, to);
    const waiting = this.#afterChanges(size).filter(({ part }) => part.position < to);
    let rebuilt: Built | undefined;
    try {
      rebuilt = await this.#build(source, { waiting, to, size });
    } catch (error) {
      if (!hasCode(error, 'EXPORT_ROWS_DIFFER')) throw error;
    }
    if (rebuilt !== undefined && isOf(manifest.data, rebuilt.data)) {
      if (!isOf(manifest.proofs, rebuilt.proofs)) throw historyDiffers();
      return rebuilt;
    }
    const there = await target.read(prefix + manifest.data.name);
    if (there === undefined) return undefined;
    if (!isOf(manifest.data, there)) {
      throw exportError('EXPORT_OBJECT_DIFFERS', `Another ${manifest.data.name} is there already.`);
    }
    const shapes: Record<string, (readonly [string, string])[]> = {};
    for (const { part } of waiting) {
      const shape = toBase64(part.shape);
      shapes[shape] ??= (await this.#columns(source, shape)).map(({ name, type }) => [name, type]);
    }
    const { proofs } = await this.#proofs(source, { taken: waiting, shapes, size });
    if (!isOf(manifest.proofs, proofs)) throw historyDiffers();
    return { data: undefined, proofs };
  }

  /**
   * A file that begins where the cursor stands, and that the cursor does not know: the service was
   * restored to an earlier point. It counts where this ledger continues its checkpoint.
   */
  async #adopt(source: ExportSource): Promise<boolean> {
    const { target, prefix, sha256, verifySignature, exportId, table } = this.#options;
    const from = BigInt(this.#place.from);
    const there = await target.read(prefix + exportNames(table, from, from).manifest);
    if (there === undefined) return false;
    const verdict = await verifyExportManifest(fromUtf8(there), {
      sha256,
      verifySignature,
      keys: source.verifierKeys,
    });
    if (!verdict.ok) throw historyDiffers();
    const { manifest, size, root } = verdict.value;
    const { sequence, previous } = this.#place;
    const follows =
      manifest.export === exportId &&
      manifest.sequence === sequence &&
      manifest.previous === previous &&
      BigInt(manifest.from) === from;
    if (!follows) throw historyDiffers();
    const proof = await source.proofs.consistency(size);
    const continued = verifyConsistency(sha256, {
      oldSize: size,
      oldRoot: root,
      size: proof.size,
      root: parseCheckpoint(proof.checkpoint).root,
      hashes: proof.hashes,
    });
    if (!continued.ok) throw historyDiffers();
    await this.#advance(manifest, toBase64(sha256(there)));
    this.#restart(BigInt(manifest.to));
    return true;
  }

  #describe(name: string, bytes: Uint8Array): ExportObject {
    return { name, size: bytes.length, sha256: toBase64(this.#options.sha256(bytes)) };
  }

  async #store(place: Place): Promise<void> {
    await this.#options.cursor.store(utf8(JSON.stringify(place)));
    this.#place = place;
  }

  /** What lies below a position is exported. */
  #forget(to: bigint): void {
    for (const [position, { part }] of this.#waiting) {
      if (position >= to) continue;
      this.#waiting.delete(position);
      this.#rows -= part.rows;
    }
    const [first] = this.#waiting.values();
    this.#since = first?.record.time;
    // What stands below was done before anything else was committed to.
    this.#changes = this.#changes.filter(({ position }) => position >= to);
    if (to > this.#gathered) this.#gathered = to;
  }

  /** Gathers anew from a position. */
  #restart(from: bigint): void {
    this.#waiting = new Map();
    this.#rows = 0;
    this.#since = undefined;
    this.#changes = [];
    this.#gathered = from;
    this.#read = from;
    this.#readChanges = from;
  }
}

interface Built {
  readonly to: bigint;
  readonly names: ReturnType<typeof exportNames>;
  readonly entries: number;
  readonly rows: number;
  readonly data: Uint8Array;
  readonly proofs: Uint8Array;
}

/** Positions without rows that a start may read again. */
const scannedAhead = 10_000n;

const rowsDiffer = (position: bigint): Error =>
  exportError(
    'EXPORT_ROWS_DIFFER',
    `The rows at position ${position} are not those that the ledger commits to.`,
  );
const historyDiffers = (): Error =>
  exportError(
    'EXPORT_HISTORY_DIFFERS',
    'The target holds files that this ledger does not continue.',
  );

/** Lines, compressed as they come. */
class Lines {
  readonly #gzip = createGzip();
  readonly #chunks: Uint8Array[] = [];
  #pending: string[] = [];
  #pendingLength = 0;
  /** Before compression, as far as they were taken up. */
  bytes = 0;

  constructor() {
    this.#gzip.on('data', (chunk: Uint8Array) => this.#chunks.push(chunk));
  }

  async add(line: string): Promise<void> {
    this.#pending.push(line, '\n');
    this.#pendingLength += line.length + 1;
    this.bytes += line.length + 1;
    if (this.#pendingLength >= lineChunk) await this.#write();
  }

  async #write(): Promise<void> {
    const text = this.#pending.join('');
    this.#pending = [];
    this.#pendingLength = 0;
    await new Promise<void>((resolve, reject) => {
      this.#gzip.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  async end(): Promise<Uint8Array> {
    await this.#write();
    await new Promise<void>((resolve, reject) => {
      this.#gzip.once('end', resolve).once('error', reject);
      this.#gzip.end();
    });
    return concatBytes(...this.#chunks);
  }
}

const lineChunk = 256 * 1024;

/** The answer of `rowsInOrder`, row by row, as it comes. */
async function* rowsOf(
  run: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly [position: bigint, bytes: Uint8Array]> {
  const decoder = new TextDecoder();
  let rest = '';
  const parse = (line: string): readonly [bigint, Uint8Array] => {
    const [position, bytes] = JSON.parse(line) as [string, string];
    return [BigInt(position), fromBase64(bytes)];
  };
  for await (const chunk of run) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield parse(line);
  }
  if (rest !== '') yield parse(rest);
}
