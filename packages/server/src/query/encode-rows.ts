/**
 * Turns the engine's `JSONCompactEachRow` (one JSON array a line) into the inside of `"rows":[…]`,
 * without parsing a row: line ends become commas, in place. Whole rows go out only, so a result can
 * be cut at its limits and still be JSON.
 */
export class RowEncoder {
  readonly #rowsMax: number;
  #bytesLeft: number;
  #carry: Uint8Array | undefined;
  #started = false;
  #rows = 0;
  #cut: 'rows' | 'bytes' | undefined;

  constructor(limits: { rowsMax: number; bytesMax: number }) {
    this.#rowsMax = limits.rowsMax;
    this.#bytesLeft = limits.bytesMax;
  }

  /** Rows given out so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Which limit ended the result early. */
  get cut(): 'rows' | 'bytes' | undefined {
    return this.#cut;
  }

  /** Bytes given out so far count against the answer's limit. */
  get bytesLeft(): number {
    return this.#bytesLeft;
  }

  /** Whole rows out of `chunk` and what was left of the one before. Takes ownership of `chunk`. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#cut !== undefined) return undefined;
    let bytes = chunk;
    if (this.#carry !== undefined) {
      bytes = Buffer.concat([this.#carry, chunk]);
      this.#carry = undefined;
    }
    const end = bytes.lastIndexOf(newline) + 1;
    if (end < bytes.length) this.#carry = bytes.slice(end);
    return end === 0 ? undefined : this.#emit(bytes.subarray(0, end));
  }

  /** What is left when the engine has no more: a last row without a line end. */
  end(): Uint8Array | undefined {
    const carry = this.#carry;
    this.#carry = undefined;
    if (carry === undefined || this.#cut !== undefined) return undefined;
    const line = new Uint8Array(carry.length + 1);
    line.set(carry);
    line[carry.length] = newline;
    return this.#emit(line);
  }

  #emit(lines: Uint8Array): Uint8Array | undefined {
    let from = 0;
    let end = 0;
    for (;;) {
      const at = lines.indexOf(newline, from);
      if (at < 0) break;
      if (this.#rows === this.#rowsMax) {
        this.#cut = 'rows';
        break;
      }
      if (at + 1 > this.#bytesLeft) {
        this.#cut = 'bytes';
        break;
      }
      this.#rows += 1;
      lines[at] = comma;
      from = at + 1;
      end = at;
    }
    if (end === 0) return undefined;
    this.#bytesLeft -= end + 1;
    const rows = lines.subarray(0, end);
    if (this.#started) return Buffer.concat([commaBytes, rows]);
    this.#started = true;
    return rows;
  }
}

const newline = 0x0a;
const comma = 0x2c;
const commaBytes = Uint8Array.from([comma]);
