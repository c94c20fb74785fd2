/** Text compressed and encoded in base64, and back: zlib (RFC 1950) and gzip (RFC 1952). */

import { concatBytes, equalBytes, fromBase64, fromUtf8, toBase64, utf8 } from '@strongroom/base';
import { inflatedBytesMax } from '../limits.js';
import { deflate, inflate } from './deflate.js';
import { computedRow, type FunctionRow } from './row.js';

function adler32(bytes: Uint8Array): Uint8Array {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return Uint8Array.of(b >> 8, b & 0xff, a >> 8, a & 0xff);
}

let crcTable: Uint32Array | undefined;

function crc32(bytes: Uint8Array): Uint8Array {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return fourBytes(~crc);
}

/** Least byte first. */
const fourBytes = (value: number): Uint8Array =>
  Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);

// A window of 32 KiB; no level, no dictionary.
const zlibHeader = Uint8Array.of(0x78, 0x01);
// No flags, no time, an unknown system.
const gzipHeader = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

const toZlib = (bytes: Uint8Array): Uint8Array =>
  concatBytes(zlibHeader, deflate(bytes), adler32(bytes));

const toGzip = (bytes: Uint8Array): Uint8Array =>
  concatBytes(gzipHeader, deflate(bytes), crc32(bytes), fourBytes(bytes.length));

function fromZlib(bytes: Uint8Array): Uint8Array | undefined {
  const [method = 0, flags = 0] = bytes;
  const isZlib = (method & 0xf) === 8 && method >> 4 <= 7 && (method * 256 + flags) % 31 === 0;
  return isZlib && (flags & 0x20) === 0 ? checked(bytes, 2, adler32) : undefined;
}

function fromGzip(bytes: Uint8Array): Uint8Array | undefined {
  const isGzip = equalBytes(bytes.subarray(0, 4), gzipHeader.subarray(0, 4));
  const trailer = (made: Uint8Array): Uint8Array =>
    concatBytes(crc32(made), fourBytes(made.length));
  return isGzip ? checked(bytes, gzipHeader.length, trailer) : undefined;
}

function checked(
  bytes: Uint8Array,
  start: number,
  trailer: (bytes: Uint8Array) => Uint8Array,
): Uint8Array | undefined {
  const made = inflate(bytes.subarray(start), inflatedBytesMax);
  if (made === undefined) return undefined;
  const expected = trailer(made.bytes);
  const end = start + made.used;
  return equalBytes(bytes.subarray(end, end + expected.length), expected) ? made.bytes : undefined;
}

function decoded(text: string, from: (bytes: Uint8Array) => Uint8Array | undefined): string {
  const bytes = bytesOf(text);
  const made = bytes === undefined ? undefined : from(bytes);
  return made === undefined ? '' : (textOf(made) ?? '');
}

function bytesOf(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  try {
    return fromBase64(text);
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8(bytes);
  } catch {
    return undefined;
  }
}

function rows(
  name: string,
  to: (bytes: Uint8Array) => Uint8Array,
  from: (bytes: Uint8Array) => Uint8Array | undefined,
): readonly FunctionRow[] {
  return [
    computedRow({
      name: `${name}_compress_to_base64_string`,
      takes: 'string',
      gives: 'string',
      of: ([text]) => toBase64(to(utf8(String(text ?? '')))),
    }),
    computedRow({
      name: `${name}_decompress_from_base64_string`,
      takes: 'string',
      gives: 'string',
      of: ([text]) => decoded(String(text ?? ''), from),
    }),
  ];
}

export const compressionRows: readonly FunctionRow[] = [
  ...rows('zlib', toZlib, fromZlib),
  ...rows('gzip', toGzip, fromGzip),
];
