/** DEFLATE (RFC 1951), by which zlib (RFC 1950) and gzip (RFC 1952) compress. */

import { concatBytes, invariant } from '@strongroom/base';

const lengthBases = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
const lengthExtras = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const distanceBases = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
const distanceExtras = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** The order in which a block tells the lengths of its length codes (§3.2.7). */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const endOfBlock = 256;
const codeBitsMax = 15;
const matchMax = 258;
const windowBytes = 32_768;
const storedMax = 65_535;

/** A canonical code: how many codes of each length there are, and their symbols in order. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

/** undefined for lengths that no code has: more codes than fit, or fewer (but for a single one). */
function codeOf(lengths: ArrayLike<number>, mayBePartial = false): Code | undefined {
  const counts = new Uint16Array(codeBitsMax + 1);
  for (let at = 0; at < lengths.length; at++) counts[lengths[at] ?? 0]!++;
  let left = 1;
  let used = 0;
  for (let bits = 1; bits <= codeBitsMax; bits++) {
    left = left * 2 - (counts[bits] ?? 0);
    used += counts[bits] ?? 0;
    if (left < 0) return undefined;
  }
  if (left > 0 && !(mayBePartial && used <= 1)) return undefined;
  counts[0] = 0;
  const offsets = new Uint16Array(codeBitsMax + 2);
  for (let bits = 1; bits <= codeBitsMax; bits++)
    offsets[bits + 1] = (offsets[bits] ?? 0) + (counts[bits] ?? 0);
  const symbols = new Uint16Array(lengths.length);
  for (let at = 0; at < lengths.length; at++) {
    const bits = lengths[at] ?? 0;
    if (bits !== 0) symbols[offsets[bits]!++] = at;
  }
  return { counts, symbols };
}

interface Codes {
  readonly lengths: Code;
  readonly distances: Code;
}

let fixedCodes: Codes | undefined;

/** §3.2.6. */
function fixed(): Codes {
  if (fixedCodes === undefined) {
    const lengths = new Uint8Array(288)
      .fill(8, 0, 144)
      .fill(9, 144, 256)
      .fill(7, 256, 280)
      .fill(8, 280);
    // Two of its 32 codes never occur.
    fixedCodes = {
      lengths: sure(codeOf(lengths)),
      distances: sure(codeOf(new Uint8Array(32).fill(5))),
    };
  }
  return fixedCodes;
}

function sure(code: Code | undefined): Code {
  invariant(code !== undefined, 'the fixed codes are codes');
  return code;
}

/** Thrown inside of `inflate` where the bytes end too soon, mean nothing, or make too much. */
class NotDeflated extends Error {}

class Inflating {
  private readonly input: Uint8Array;
  private readonly bytesMax: number;
  private at = 0;
  private bits = 0;
  private bitCount = 0;
  private out: Uint8Array;
  private size = 0;

  constructor(input: Uint8Array, bytesMax: number) {
    this.input = input;
    this.bytesMax = bytesMax;
    this.out = new Uint8Array(Math.min(bytesMax, Math.max(64, input.length * 4)));
  }

  /** What came out, and how many bytes of the input it took. */
  whole(): { bytes: Uint8Array; used: number } {
    for (let isLast = false; !isLast;) {
      isLast = this.take(1) === 1;
      const kind = this.take(2);
      if (kind === 0) this.stored();
      else if (kind === 1) this.block(fixed());
      else if (kind === 2) this.block(this.codes());
      else throw new NotDeflated();
    }
    return { bytes: this.out.subarray(0, this.size), used: this.at - (this.bitCount >> 3) };
  }

  private take(count: number): number {
    while (this.bitCount < count) {
      const byte = this.input[this.at++];
      if (byte === undefined) throw new NotDeflated();
      this.bits |= byte << this.bitCount;
      this.bitCount += 8;
    }
    const value = this.bits & ((1 << count) - 1);
    this.bits >>>= count;
    this.bitCount -= count;
    return value;
  }

  private symbol({ counts, symbols }: Code): number {
    let [code, first, index] = [0, 0, 0];
    for (let bits = 1; bits <= codeBitsMax; bits++) {
      code |= this.take(1);
      const count = counts[bits] ?? 0;
      if (code - count < first) return symbols[index + code - first] ?? 0;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new NotDeflated();
  }

  private room(count: number): void {
    const wanted = this.size + count;
    if (wanted > this.bytesMax) throw new NotDeflated();
    if (wanted <= this.out.length) return;
    const larger = new Uint8Array(Math.min(this.bytesMax, Math.max(wanted, this.out.length * 2)));
    larger.set(this.out.subarray(0, this.size));
    this.out = larger;
  }

  private stored(): void {
    // What is left of the current byte is skipped.
    this.at -= this.bitCount >> 3;
    [this.bits, this.bitCount] = [0, 0];
    const size = this.take(16);
    if ((this.take(16) ^ 0xffff) !== size || this.at + size > this.input.length)
      throw new NotDeflated();
    this.room(size);
    this.out.set(this.input.subarray(this.at, this.at + size), this.size);
    this.at += size;
    this.size += size;
  }

  private codes(): Codes {
    const [lengthCount, distanceCount, orderCount] = [
      this.take(5) + 257,
      this.take(5) + 1,
      this.take(4) + 4,
    ];
    if (lengthCount > 286 || distanceCount > 30) throw new NotDeflated();
    const ordered = new Uint8Array(19);
    for (let at = 0; at < orderCount; at++) ordered[lengthOrder[at] ?? 0] = this.take(3);
    const code = codeOf(ordered);
    if (code === undefined) throw new NotDeflated();
    const all = new Uint8Array(lengthCount + distanceCount);
    for (let at = 0; at < all.length;) {
      const symbol = this.symbol(code);
      if (symbol < 16) {
        all[at++] = symbol;
        continue;
      }
      const repeated = symbol === 16 ? all[at - 1] : 0;
      if (repeated === undefined) throw new NotDeflated();
      const times =
        symbol === 16 ? 3 + this.take(2) : symbol === 17 ? 3 + this.take(3) : 11 + this.take(7);
      if (at + times > all.length) throw new NotDeflated();
      all.fill(repeated, at, at + times);
      at += times;
    }
    const lengths = codeOf(all.subarray(0, lengthCount), true);
    const distances = codeOf(all.subarray(lengthCount), true);
    if (lengths === undefined || distances === undefined || all[endOfBlock] === 0)
      throw new NotDeflated();
    return { lengths, distances };
  }

  private block({ lengths, distances }: Codes): void {
    for (;;) {
      const symbol = this.symbol(lengths);
      if (symbol === endOfBlock) return;
      if (symbol < endOfBlock) {
        this.room(1);
        this.out[this.size++] = symbol;
        continue;
      }
      const base = lengthBases[symbol - 257];
      if (base === undefined) throw new NotDeflated();
      const length = base + this.take(lengthExtras[symbol - 257] ?? 0);
      const far = this.symbol(distances);
      const farBase = distanceBases[far];
      if (farBase === undefined) throw new NotDeflated();
      const distance = farBase + this.take(distanceExtras[far] ?? 0);
      if (distance > this.size) throw new NotDeflated();
      this.room(length);
      for (let count = 0; count < length; count++, this.size++)
        this.out[this.size] = this.out[this.size - distance] ?? 0;
    }
  }
}

/** undefined where the bytes are not deflated data, or make more than `bytesMax`. */
export function inflate(
  bytes: Uint8Array,
  bytesMax: number,
): { bytes: Uint8Array; used: number } | undefined {
  try {
    return new Inflating(bytes, bytesMax).whole();
  } catch (error) {
    if (error instanceof NotDeflated) return undefined;
    throw error;
  }
}

class BitWriter {
  private readonly out: number[] = [];
  private bits = 0;
  private bitCount = 0;

  /** Least bit first. */
  put(value: number, count: number): void {
    this.bits |= value << this.bitCount;
    this.bitCount += count;
    while (this.bitCount >= 8) {
      this.out.push(this.bits & 0xff);
      this.bits >>>= 8;
      this.bitCount -= 8;
    }
  }

  /** A code of the fixed ones: greatest bit first. */
  code(symbol: number): void {
    const [value, count] =
      symbol < 144
        ? [48 + symbol, 8]
        : symbol < 256
          ? [400 + symbol - 144, 9]
          : symbol < 280
            ? [symbol - 256, 7]
            : [192 + symbol - 280, 8];
    this.put(reversed(value, count), count);
  }

  done(): Uint8Array {
    if (this.bitCount > 0) this.put(0, 8 - this.bitCount);
    return Uint8Array.from(this.out);
  }
}

function reversed(value: number, count: number): number {
  let made = 0;
  for (let at = 0; at < count; at++) made |= ((value >> at) & 1) << (count - 1 - at);
  return made;
}

/** The last base that is not above the value. */
function placeIn(bases: readonly number[], value: number): number {
  let at = bases.length - 1;
  while ((bases[at] ?? 0) > value) at--;
  return at;
}

/**
 * One block with the fixed codes, each match the latest of the last bytes with the same first three;
 * stored as they are where that is no larger.
 */
export function deflate(bytes: Uint8Array): Uint8Array {
  const writer = new BitWriter();
  writer.put(1, 1);
  writer.put(1, 2);
  const latest = new Map<number, number>();
  for (let at = 0; at < bytes.length;) {
    const key =
      at + 2 < bytes.length
        ? ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
        : -1;
    const before = key < 0 ? undefined : latest.get(key);
    let length = 0;
    if (before !== undefined && at - before <= windowBytes) {
      const most = Math.min(matchMax, bytes.length - at);
      while (length < most && bytes[before + length] === bytes[at + length]) length++;
    }
    if (key >= 0) latest.set(key, at);
    if (before === undefined || length < 3) {
      writer.code(bytes[at++] ?? 0);
      continue;
    }
    const size = placeIn(lengthBases, length);
    writer.code(257 + size);
    writer.put(length - (lengthBases[size] ?? 0), lengthExtras[size] ?? 0);
    const far = placeIn(distanceBases, at - before);
    writer.put(reversed(far, 5), 5);
    writer.put(at - before - (distanceBases[far] ?? 0), distanceExtras[far] ?? 0);
    at += length;
  }
  writer.code(endOfBlock);
  const made = writer.done();
  return made.length < bytes.length ? made : storedBlocks(bytes);
}

function storedBlocks(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  do {
    const piece = bytes.subarray(at, at + storedMax);
    at += piece.length;
    const { length } = piece;
    const [low, high] = [length & 0xff, length >> 8];
    parts.push(
      Uint8Array.of(at >= bytes.length ? 1 : 0, low, high, low ^ 0xff, high ^ 0xff),
      piece,
    );
  } while (at < bytes.length);
  return concatBytes(...parts);
}
