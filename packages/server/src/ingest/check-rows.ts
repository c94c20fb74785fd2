import { isUtf8 } from 'node:buffer';

/**
 * Checks the shape of rows without building one of them.
 *
 * What is acknowledged must be well-formed JSON, so that each row has an end and the engine can
 * parse it. So this scanner accepts exactly RFC 8259 in UTF-8: an array of objects, one object, or objects one after the other (NDJSON). It keeps
 * nothing but counters, needs no stack beyond a fixed one, and reads each byte once.
 */
export type CheckedRows = WellFormedRows | MalformedRows;

/** Rows that the engine can be given as they are. */
export interface WellFormedRows {
  readonly ok: true;
  readonly shape: 'array' | 'ndjson';
  readonly rowCount: number;
  readonly longestRowBytes: number;
}

/** Why rows were refused, and where. */
export interface MalformedRows {
  readonly ok: false;
  readonly reason:
    'EMPTY' | 'NOT_UTF8' | 'NOT_JSON' | 'NOT_ROWS' | 'TOO_DEEP' | 'CONTROL_CHARACTER';
  /** Offset of the offending byte. */
  readonly offset: number;
  /** Number of the row it is in, from 0. */
  readonly row: number;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** 1 where a byte inside a string needs a look: the quote, the backslash, control characters. */
const special = new Uint8Array(256);
for (let byte = 0; byte < 0x20; byte += 1) special[byte] = 1;
special[quote] = 1;
special[backslash] = 1;

/** 1 for what may follow a backslash, but `u`. */
const escapes = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) escapes[byte] = 1;

const isSpace = (byte: number): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** What may come next. */
const wantValue = 0;
const wantFirstKeyOrEnd = 1;
const wantKey = 2;
const wantColon = 3;
const wantCommaOrEnd = 4;
const wantFirstValueOrEnd = 5;

class Scanner {
  readonly bytes: Uint8Array;
  at = 0;
  row = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  fail(reason: MalformedRows['reason'], offset = this.at): MalformedRows {
    return { ok: false, reason, offset, row: this.row };
  }

  skipSpace(): void {
    const { bytes } = this;
    while (this.at < bytes.length && isSpace(bytes[this.at]!)) this.at += 1;
  }

  /** At the byte after the opening quote; ends after the closing one. */
  string(): MalformedRows | undefined {
    const { bytes } = this;
    const end = bytes.length;
    let at = this.at;
    for (;;) {
      while (at < end && special[bytes[at]!] === 0) at += 1;
      if (at >= end) return this.fail('NOT_JSON', end);
      const byte = bytes[at]!;
      if (byte === quote) {
        this.at = at + 1;
        return undefined;
      }
      if (byte !== backslash) return this.fail('CONTROL_CHARACTER', at);
      const escaped = bytes[at + 1];
      if (escaped === 0x75) {
        if (!isHexUnit(bytes, at + 2)) return this.fail('NOT_JSON', at);
        at += 6;
      } else {
        if (escaped === undefined || escapes[escaped] === 0) return this.fail('NOT_JSON', at);
        at += 2;
      }
    }
  }

  /** At the first byte of a number (RFC 8259 §6); ends after it. */
  number(): MalformedRows | undefined {
    const { bytes } = this;
    let at = this.at;
    if (bytes[at] === 0x2d) at += 1;
    if (bytes[at] === 0x30) at += 1;
    else {
      const from = at;
      while (at < bytes.length && isDigit(bytes[at]!)) at += 1;
      if (at === from) return this.fail('NOT_JSON', at);
    }
    if (bytes[at] === 0x2e) {
      at += 1;
      const from = at;
      while (at < bytes.length && isDigit(bytes[at]!)) at += 1;
      if (at === from) return this.fail('NOT_JSON', at);
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at += 1;
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at += 1;
      const from = at;
      while (at < bytes.length && isDigit(bytes[at]!)) at += 1;
      if (at === from) return this.fail('NOT_JSON', at);
    }
    this.at = at;
    return undefined;
  }

  literal(): MalformedRows | undefined {
    const { bytes, at } = this;
    const word =
      bytes[at] === 0x74
        ? trueWord
        : bytes[at] === 0x66
          ? falseWord
          : bytes[at] === 0x6e
            ? nullWord
            : undefined;
    if (word === undefined) return this.fail('NOT_JSON');
    for (let index = 0; index < word.length; index += 1) {
      if (bytes[at + index] !== word[index]) return this.fail('NOT_JSON', at + index);
    }
    this.at = at + word.length;
    return undefined;
  }

  /** At the `{` of a row; ends after its `}`. `depth` counts what is open around it. */
  object(containers: Uint8Array, depthBefore: number): MalformedRows | undefined {
    const { bytes } = this;
    const end = bytes.length;
    let depth = depthBefore;
    if (depth >= containers.length) return this.fail('TOO_DEEP');
    containers[depth] = openBrace;
    depth += 1;
    this.at += 1;
    let state = wantFirstKeyOrEnd;
    while (this.at < end) {
      const byte = bytes[this.at]!;
      if (isSpace(byte)) {
        this.at += 1;
        continue;
      }
      switch (state) {
        case wantFirstKeyOrEnd:
        case wantKey: {
          if (byte === quote) {
            this.at += 1;
            const bad = this.string();
            if (bad !== undefined) return bad;
            state = wantColon;
            continue;
          }
          if (byte !== closeBrace || state === wantKey) return this.fail('NOT_JSON');
          break;
        }
        case wantColon: {
          if (byte !== colon) return this.fail('NOT_JSON');
          this.at += 1;
          state = wantValue;
          continue;
        }
        case wantCommaOrEnd: {
          if (byte === comma) {
            this.at += 1;
            state = containers[depth - 1] === openBrace ? wantKey : wantValue;
            continue;
          }
          if (byte !== (containers[depth - 1] === openBrace ? closeBrace : closeBracket)) {
            return this.fail('NOT_JSON');
          }
          break;
        }
        default: {
          if (byte === quote) {
            this.at += 1;
            const bad = this.string();
            if (bad !== undefined) return bad;
            state = wantCommaOrEnd;
            continue;
          }
          if (byte === openBrace || byte === openBracket) {
            if (depth >= containers.length) return this.fail('TOO_DEEP');
            containers[depth] = byte;
            depth += 1;
            this.at += 1;
            state = byte === openBrace ? wantFirstKeyOrEnd : wantFirstValueOrEnd;
            continue;
          }
          if (byte !== closeBracket || state !== wantFirstValueOrEnd) {
            const bad = byte === 0x2d || isDigit(byte) ? this.number() : this.literal();
            if (bad !== undefined) return bad;
            state = wantCommaOrEnd;
            continue;
          }
        }
      }
      // The innermost container ends here.
      this.at += 1;
      depth -= 1;
      if (depth === depthBefore) return undefined;
      state = wantCommaOrEnd;
    }
    return this.fail('NOT_JSON');
  }
}

const trueWord = Uint8Array.from([0x74, 0x72, 0x75, 0x65]);
const falseWord = Uint8Array.from([0x66, 0x61, 0x6c, 0x73, 0x65]);
const nullWord = Uint8Array.from([0x6e, 0x75, 0x6c, 0x6c]);

function isHexUnit(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < from + 4; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return false;
    const lower = byte | 0x20;
    if (!isDigit(byte) && !(lower >= 0x61 && lower <= 0x66)) return false;
  }
  return true;
}

/** Checks `bytes`; `nestingMax` counts the outer array and the row itself. */
export function checkRows(bytes: Uint8Array, nestingMax: number): CheckedRows {
  const scanner = new Scanner(bytes);
  if (!isUtf8(bytes)) return scanner.fail('NOT_UTF8');
  scanner.skipSpace();
  if (scanner.at === bytes.length) return scanner.fail('EMPTY');
  const shape = bytes[scanner.at] === openBracket ? 'array' : 'ndjson';
  const containers = new Uint8Array(nestingMax);
  let longestRowBytes = 0;
  const depth = shape === 'array' ? 1 : 0;
  if (shape === 'array') {
    scanner.at += 1;
    scanner.skipSpace();
    if (bytes[scanner.at] === closeBracket) {
      scanner.at += 1;
      scanner.skipSpace();
      if (scanner.at < bytes.length) return scanner.fail('NOT_JSON');
      return { ok: true, shape, rowCount: 0, longestRowBytes };
    }
  }
  for (;;) {
    const from = scanner.at;
    if (from >= bytes.length) return scanner.fail('NOT_JSON');
    if (bytes[from] !== openBrace)
      return scanner.fail(startsValue(bytes[from]!) ? 'NOT_ROWS' : 'NOT_JSON');
    const bad = scanner.object(containers, depth);
    if (bad !== undefined) return bad;
    if (scanner.at - from > longestRowBytes) longestRowBytes = scanner.at - from;
    scanner.row += 1;
    scanner.skipSpace();
    if (shape === 'array') {
      const next = bytes[scanner.at];
      if (next === comma) {
        scanner.at += 1;
        scanner.skipSpace();
        continue;
      }
      if (next !== closeBracket) return scanner.fail('NOT_JSON');
      scanner.at += 1;
      scanner.skipSpace();
      if (scanner.at < bytes.length) return scanner.fail('NOT_JSON');
      break;
    }
    if (scanner.at === bytes.length) break;
  }
  return { ok: true, shape, rowCount: scanner.row, longestRowBytes };
}

const startsValue = (byte: number): boolean =>
  byte === quote ||
  byte === openBracket ||
  byte === 0x2d ||
  isDigit(byte) ||
  [0x74, 0x66, 0x6e].includes(byte);
