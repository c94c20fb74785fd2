import { fromBase64, toBase64 } from '@strongroom/base';
import { limits } from './limits.js';

/** DER as one PEM block with lines of 64 characters (RFC 7468 §2). */
export function printPem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/**
 * The DER of exactly one PEM block with this label and nothing around it but line ends.
 * `undefined` for all else: comments, other blocks, headers, base64 that is not canonical, DER that
 * is not one whole SEQUENCE.
 */
export function parsePem(label: string, text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length > limits.pemCharactersMax) return undefined;
  const lines = text.trim().split(/\r?\n/);
  if (lines.shift() !== `-----BEGIN ${label}-----`) return undefined;
  if (lines.pop() !== `-----END ${label}-----`) return undefined;
  try {
    const der = fromBase64(lines.join(''));
    return isOneSequence(der) ? der : undefined;
  } catch {
    return undefined;
  }
}

/** True where the bytes are one DER SEQUENCE with a shortest length and nothing after it (X.690 §10.1). */
export function isOneSequence(der: Uint8Array): boolean {
  const [tag, first] = der;
  if (tag !== 0x30 || first === undefined) return false;
  if (first < 0x80) return der.length === 2 + first;
  const count = first & 0x7f;
  if (count < 1 || count > 3 || der.length < 2 + count) return false;
  const length = der.subarray(2, 2 + count).reduce((value, byte) => value * 256 + byte, 0);
  const shortest = count === 1 ? length >= 0x80 : length >= 2 ** (8 * (count - 1));
  return shortest && der.length === 2 + count + length;
}
