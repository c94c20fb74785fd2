/**
 * Hands a batch of rows to ClickHouse as columns in Arrow's memory layout, which it reads as the
 * table function `arrowstream('<name>')`: no copy, no row built, and no byte of a row in SQL text
 * (chDB's own raw insert appends the bytes to the statement, where an empty line ends them and
 * begins the next statement).
 */

import { createRequire } from 'node:module';
import type { Session } from 'chdb';
import { RowStarts, findRows } from './rows.js';
import type { WireEntry } from '../protocol.js';

/** The part of chDB's module that its declarations leave out (`dist/layer3/runtime.d.ts`). */
interface ArrowBinding {
  _arrowRegisterColumns(connection: unknown, name: string, columns: readonly ArrowColumn[]): void;
  _arrowUnregister(connection: unknown, name: string): void;
}

interface ArrowColumn {
  readonly name: string;
  /** Arrow's C data interface: `u` Utf8, `l` Int64, `L` UInt64, `I` UInt32. */
  readonly format: 'u' | 'l' | 'L' | 'I';
  readonly length: number;
  readonly nullCount: number;
  /** Validity (none: no nulls), then the data's buffers. */
  readonly buffers: readonly (Buffer | null)[];
}

const binding = createRequire(import.meta.url)('chdb') as ArrowBinding;

/** A batch as columns. Each registration can be read once. */
export class ReceivedRows {
  readonly length: number;
  /** There are more than may be inserted at once: they can be counted, not read. */
  readonly areTooMany: boolean;
  readonly #columns: readonly ArrowColumn[];

  constructor(bytes: Buffer, entries: readonly WireEntry[], rowsMax: number) {
    const starts = new RowStarts();
    const counts: number[] = [];
    let at = 0;
    for (const entry of entries) {
      const before = starts.length;
      findRows(bytes, at, at + entry.size, entry, starts);
      counts.push(starts.length - before);
      at += entry.size;
    }
    const length = starts.length;
    this.length = length;
    this.areTooMany = length > rowsMax;
    if (this.areTooMany) {
      this.#columns = [];
      return;
    }
    const offsets = starts.offsets(at);
    const positions = new BigUint64Array(length);
    const times = new BigInt64Array(length);
    const numbers = new Uint32Array(length);
    const sizes = new Uint32Array(length);
    let row = 0;
    entries.forEach((entry, index) => {
      const count = counts[index] ?? 0;
      positions.fill(BigInt(entry.position), row, row + count);
      times.fill(BigInt(entry.timeReceivedTicks), row, row + count);
      for (let number = 0; number < count; number += 1, row += 1) {
        numbers[row] = number;
        sizes[row] = billedSize(bytes, offsets[row] ?? 0, offsets[row + 1] ?? 0);
      }
    });
    const column = (
      name: string,
      format: ArrowColumn['format'],
      ...data: readonly Buffer[]
    ): ArrowColumn => ({ name, format, length, nullCount: 0, buffers: [null, ...data] });
    this.#columns = [
      column('line', 'u', view(offsets), bytes),
      column('_TimeReceived', 'l', view(times)),
      column('_Position', 'L', view(positions)),
      column('_Row', 'I', view(numbers)),
      column('_BilledSize', 'I', view(sizes)),
    ];
  }

  /** Runs `work` while the rows can be read under `names`. */
  async during<T>(session: Session, names: readonly string[], work: () => Promise<T>): Promise<T> {
    for (const name of names) {
      binding._arrowRegisterColumns(session.connection, name, this.#columns);
    }
    try {
      return await work();
    } finally {
      for (const name of names) binding._arrowUnregister(session.connection, name);
    }
  }
}

/** The row's bytes without the white space (and former commas) after it. */
function billedSize(bytes: Buffer, from: number, to: number): number {
  let end = to;
  while (end > from && (bytes[end - 1] ?? 0) <= 0x20) end -= 1;
  return end - from;
}

function view(array: ArrayBufferView<ArrayBuffer>): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
