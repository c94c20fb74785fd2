import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '@strongroom/base';

/** 256 random bits as URL-safe text, with a prefix that tells what was leaked if it ever is. */
export const newSecret = (random: Random, prefix: string): string =>
  `${prefix}${Buffer.from(random.bytes(32)).toString('base64url')}`;

/**
 * What is stored of a secret of ours. A plain hash suffices: 256 random bits cannot be guessed, so
 * a slow hash would only slow us down.
 */
export const secretHash = (secret: string): string =>
  createHash('sha256').update(secret, 'utf8').digest('hex');

/** Compares in constant time. */
export function secretMatches(secret: string, hash: string): boolean {
  const given = Buffer.from(secretHash(secret), 'hex');
  const kept = Buffer.from(hash, 'hex');
  return given.length === kept.length && timingSafeEqual(given, kept);
}
