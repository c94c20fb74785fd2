import { fromBase64, toBase64 } from '@strongroom/base';
import { isOneSequence } from './der.js';
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
