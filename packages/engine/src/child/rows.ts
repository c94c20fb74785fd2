/**
 * Finds the rows in an entry's bytes without building them.
 *
 * The bytes are well-formed JSON: the server checked them before it acknowledged. So depth and
 * strings are all that has to be followed, and for one object a line not even those. Where they are
 * not, each line is a row, and what is no JSON object becomes a dead letter.
 */

const quote = 0x22;
const comma = 0x2c;
const newline = 0x0a;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const space = 0x20;
const carriageReturn = 0x0d;

/** Where rows begin, in one buffer: row `i` reaches from `starts[i]` to `starts[i + 1]`. */
export class RowStarts {
  #starts = new Int32Array(1024);
  length = 0;

  push(start: number): void {
    if (this.length === this.#starts.length) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this.#starts);
      this.#starts = larger;
    }
    this.#starts[this.length] = start;
    this.length += 1;
  }

  /** Forgets the rows from number `length` on. */
  truncate(length: number): void {
    this.length = length;
  }

  /** The starts, and `end` as the last row's end. Shares memory with this. */
  offsets(end: number): Int32Array<ArrayBuffer> {
    this.push(end);
    this.length -= 1;
    return this.#starts.subarray(0, this.length + 1);
  }
}

/**
 * Adds the rows between `from` and `to` to `starts`. What separates rows becomes spaces, in place,
 * so that each row with what follows it is a JSON text by itself.
 */
export function findRows(
  bytes: Buffer,
  from: number,
  to: number,
  entry: { shape: 'array' | 'ndjson'; rowCount?: number | undefined },
  starts: RowStarts,
): void {
  const before = starts.length;
  if (entry.shape === 'ndjson' && entry.rowCount !== undefined) {
    if (findLines(bytes, from, to, starts) && starts.length - before === entry.rowCount) return;
    starts.truncate(before);
  }
  if (findObjects(bytes, from, to, entry.shape === 'array', starts)) return;
  starts.truncate(before);
  splitLines(bytes, from, to, starts);
}

/** Whatever the lines hold. */
function splitLines(bytes: Buffer, from: number, to: number, starts: RowStarts): void {
  let start = from;
  while (start < to) {
    const found = bytes.indexOf(newline, start);
    const end = found < 0 || found > to ? to : found;
    if (bytes.toString('latin1', start, end).trim() !== '') starts.push(start);
    start = end + 1;
  }
}

/** One object a line. False where a line is anything else. */
function findLines(bytes: Buffer, from: number, to: number, starts: RowStarts): boolean {
  let start = from;
  while (start < to) {
    let end = bytes.indexOf(newline, start);
    if (end < 0 || end > to) end = to;
    let last = end - 1;
    while (last >= start && (bytes[last] === space || bytes[last] === carriageReturn)) last -= 1;
    if (last >= start) {
      if (bytes[start] !== openBrace || bytes[last] !== closeBrace) return false;
      starts.push(start);
    }
    start = end + 1;
  }
  return true;
}

/** Any layout: objects in an array, or one after the other. False where brackets do not pair. */
function findObjects(
  bytes: Buffer,
  from: number,
  to: number,
  inArray: boolean,
  starts: RowStarts,
): boolean {
  const base = inArray ? 1 : 0;
  let depth = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at];
    if (byte === quote) {
      at += 1;
      while (at < to) {
        const inside = bytes[at];
        if (inside === quote) break;
        at += inside === backslash ? 2 : 1;
      }
    } else if (byte === openBrace || byte === openBracket) {
      if (depth === base) starts.push(at);
      else if (depth < base) bytes[at] = space;
      depth += 1;
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      if (depth < 0) return false;
      if (depth < base) bytes[at] = space;
    } else if (byte === comma && depth === base) bytes[at] = space;
    else if (depth === base && byte !== undefined && byte > space) return false;
  }
  return depth === 0;
}
