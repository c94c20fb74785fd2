import { limits } from '../limits.js';

/** A line found in a chunk: `[start, end)` without its line end, and where the next one starts. */
export interface FoundLine {
  readonly text: string;
  /** Offset in the chunk behind the line and its line end. */
  readonly next: number;
  /** True where the line was longer than the limit and its rest is left out. */
  readonly cut: boolean;
}

const newline = 10;
const carriageReturn = 13;

/** Text of bytes that need not be UTF-8: what is not becomes U+FFFD, visibly. */
const textOf = (bytes: Buffer, start: number, end: number): string =>
  bytes.toString('utf8', start, end);

/** The last place at or before `end` where a UTF-8 character starts. */
function characterStart(bytes: Buffer, end: number): number {
  let at = end;
  while (at > end - 4 && at > 0 && (bytes[at]! & 0xc0) === 0x80) at -= 1;
  return at;
}

/**
 * Finds lines in the chunks of one file. It keeps one thing between chunks: whether the bytes that
 * come next are the rest of a line that was cut.
 */
export class LineReader {
  /** True while the rest of a cut line is passed over. */
  skipping: boolean;

  constructor(skipping = false) {
    this.skipping = skipping;
  }

  /**
   * The next line at `offset`, or `undefined` where no whole one is there. `offset` moves only by
   * whole lines, and over the rest of cut ones. With `final` the last line needs no line end.
   */
  next(chunk: Buffer, offset: number, final = false): FoundLine | { readonly next: number } {
    let start = offset;
    if (this.skipping) {
      const end = chunk.indexOf(newline, start);
      if (end < 0) return { next: chunk.length };
      this.skipping = false;
      start = end + 1;
    }
    const end = chunk.indexOf(newline, start);
    if (end < 0) {
      if (chunk.length - start > limits.lineBytesMax) {
        this.skipping = true;
        const cutAt = characterStart(chunk, start + limits.lineBytesMax);
        return { text: textOf(chunk, start, cutAt), next: chunk.length, cut: true };
      }
      if (final && chunk.length > start) {
        return { text: textOf(chunk, start, chunk.length), next: chunk.length, cut: false };
      }
      return { next: start };
    }
    const textEnd = end > start && chunk[end - 1] === carriageReturn ? end - 1 : end;
    if (textEnd - start > limits.lineBytesMax) {
      const cutAt = characterStart(chunk, start + limits.lineBytesMax);
      return { text: textOf(chunk, start, cutAt), next: end + 1, cut: true };
    }
    return { text: textOf(chunk, start, textEnd), next: end + 1, cut: false };
  }
}
