import { StrongroomError } from './errors.js';

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a string. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** Text of UTF-8 bytes. Throws `BASE_NOT_UTF8` where they are not. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch (cause) {
    throw new StrongroomError('BASE_NOT_UTF8', 'The bytes are not UTF-8.', { cause });
  }
}

/** One array with the bytes of all. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const part of parts) size += part.length;
  const all = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** True where both hold the same bytes. Not constant in time: never compare secrets with it. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Bytes of lower-case hexadecimal with an even length. Throws `BASE_NOT_HEX` otherwise. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new StrongroomError('BASE_NOT_HEX', 'The text is not lower-case hexadecimal.');
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  }
  return bytes;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const valueOf = new Map([...alphabet].map((letter, value) => [letter, value]));

/** Standard base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const [a, b, c] = [bytes[index]!, bytes[index + 1], bytes[index + 2]];
    text += alphabet[a >> 2]! + alphabet[((a & 3) << 4) | ((b ?? 0) >> 4)]!;
    text += b === undefined ? '=' : alphabet[((b & 15) << 2) | ((c ?? 0) >> 6)]!;
    text += c === undefined ? '=' : alphabet[c & 63]!;
  }
  return text;
}

/**
 * Bytes of canonical base64 (RFC 4648 §4). Throws `BASE_NOT_BASE64` for white space, missing
 * padding or non-zero trailing bits: one value has one text.
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const bad = (): never => {
    throw new StrongroomError('BASE_NOT_BASE64', 'The text is not canonical base64.');
  };
  if (text.length % 4 !== 0) bad();
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let offset = 0;
  for (let index = 0; index < text.length; index += 4) {
    const last = index + 4 === text.length;
    let group = 0;
    for (let letter = 0; letter < 4; letter += 1) {
      const padded = last && letter >= 4 - padding;
      const value = padded ? 0 : (valueOf.get(text[index + letter]!) ?? bad());
      group = (group << 6) | value;
    }
    const size = last ? 3 - padding : 3;
    if (size < 3 && (group & (size === 2 ? 0xff : 0xffff)) !== 0) bad();
    for (let byte = 0; byte < size; byte += 1) {
      bytes[offset] = (group >> (16 - 8 * byte)) & 255;
      offset += 1;
    }
  }
  return bytes;
}
