import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { invariant } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import { limits } from './limits.js';

const compress = promisify(gzip);
/** Level 1 costs a third of level 6 and saves nearly as much; one large piece of output, one call back. */
const compression = { level: 1, chunkSize: 512 * 1024 };

/** Where a source has been read to; its meaning is the collector's. JSON. */
export type Position = string | readonly (string | number)[];
/** Positions by source; `null` for a source that is gone. */
export type Positions = Readonly<Record<string, Position | null>>;

/** Rows of one stream, ready for the spool: what is durable and sent together. */
export interface Batch {
  readonly stream: string;
  readonly rowCount: number;
  /** Size of the NDJSON text. */
  readonly plainBytes: number;
  /** gzip of the NDJSON text; empty where there are no rows. */
  readonly payload: Uint8Array;
  /** Sources have been read up to here once this batch is durable. */
  readonly positions: Positions;
}

/** Takes batches in order; resolves when one is durable, and only then. */
export type TakeBatch = (batch: Batch) => Promise<void>;

/**
 * Gathers the rows of one stream into batches.
 *
 * Rows and the positions behind them are added without a pause between them, so that a batch always
 * holds exactly the rows before its positions. Batches become durable in the order they were made: a
 * position never covers rows that are not durable.
 */
export class Batcher {
  readonly stream: string;
  readonly #take: TakeBatch;
  readonly #clock: Clock;
  #buffer: Buffer | undefined;
  /** Buffers that were compressed and are free again. */
  readonly #free: Buffer[] = [];
  #size = 0;
  #rowCount = 0;
  #firstAt = 0;
  #positions: Record<string, Position | null> = {};
  #marked = false;
  #pending = 0;
  #tail: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(options: { stream: string; take: TakeBatch; clock: Clock }) {
    this.stream = options.stream;
    this.#take = options.take;
    this.#clock = options.clock;
  }

  /** Adds a row (one JSON object). False where it does not fit this batch any more: then flush. */
  add(row: string): boolean {
    // Every UTF-16 unit is at most three bytes: the exact count only matters near the end.
    const room = limits.batchBytesMax - this.#size - 1;
    if (row.length * 3 > room && Buffer.byteLength(row) > room) {
      invariant(this.#size > 0, 'a row is larger than a batch');
      return false;
    }
    this.#begin();
    const buffer = (this.#buffer ??= this.#free.pop() ?? Buffer.allocUnsafe(limits.batchBytesMax));
    this.#size += buffer.write(row, this.#size);
    buffer[this.#size] = 10;
    this.#size += 1;
    this.#rowCount += 1;
    return true;
  }

  /** Adds rows that end in a line end each. False where they do not all fit this batch. */
  addMany(rows: string, rowCount: number): boolean {
    const room = limits.batchBytesMax - this.#size;
    if (rows.length > room || (rows.length * 3 > room && Buffer.byteLength(rows) > room))
      return false;
    this.#begin();
    this.#buffer ??= this.#free.pop() ?? Buffer.allocUnsafe(limits.batchBytesMax);
    this.#size += this.#buffer.write(rows, this.#size);
    this.#rowCount += rowCount;
    return true;
  }

  /** Says how far a source has been read with the rows added so far. */
  mark(source: string, position: Position | null): void {
    this.#begin();
    this.#positions[source] = position;
    this.#marked = true;
  }

  #begin(): void {
    if (this.#rowCount === 0 && !this.#marked) this.#firstAt = this.#clock.monotonicMs();
  }

  /** Adds rows one by one, flushing where needed. For collectors without positions. */
  async addAll(rows: Iterable<string>): Promise<void> {
    for (const row of rows) {
      if (this.add(row)) continue;
      await this.flush();
      invariant(this.add(row), 'a row does not fit an empty batch');
    }
  }

  /** True where batches wait to become durable: more of them would only fill memory. */
  get blocked(): boolean {
    return this.#pending >= limits.batchesPendingMax;
  }

  /** True where the oldest row or position has waited long enough. */
  get due(): boolean {
    const waits = this.#rowCount > 0 || this.#marked;
    return waits && this.#clock.monotonicMs() - this.#firstAt >= limits.batchAgeMs;
  }

  /**
   * Closes the batch and hands it on. Resolves when there is room for the next one, which is before
   * this one is durable. Rejects where an earlier batch could not be made durable.
   */
  async flush(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#rowCount > 0 || this.#marked) {
      const buffer = this.#buffer;
      const plain = buffer?.subarray(0, this.#size) ?? new Uint8Array(0);
      const batch = {
        stream: this.stream,
        rowCount: this.#rowCount,
        plainBytes: this.#size,
        positions: this.#positions,
      };
      // Compressing goes on while the next batch is filled, in a buffer of its own.
      this.#buffer = undefined;
      this.#size = 0;
      this.#rowCount = 0;
      this.#positions = {};
      this.#marked = false;
      this.#pending += 1;
      const compressed =
        batch.rowCount === 0 ? Promise.resolve(new Uint8Array(0)) : compress(plain, compression);
      this.#tail = this.#tail
        .then(async () => this.#take({ ...batch, payload: await compressed }))
        .catch((error: unknown) => {
          this.#failure ??= { error };
        })
        .finally(() => {
          this.#pending -= 1;
          // One is kept for a busy stream; an idle one keeps none.
          if (
            buffer !== undefined &&
            this.#free.length < limits.batchesPendingMax &&
            plain.length > limits.batchBytesMax / 2
          ) {
            this.#free.push(buffer);
          } else if (this.#pending === 0) this.#free.length = 0;
          for (const wake of this.#waiting.splice(0)) wake();
        });
      // The chain above reports it; alone it would be an unhandled rejection.
      compressed.catch(() => undefined);
    }
    while (this.#pending > limits.batchesPendingMax && this.#failure === undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Hands on what is there and resolves when all of it is durable. */
  async drain(): Promise<void> {
    await this.flush();
    await this.#tail;
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
