import { hash, verify } from '@node-rs/argon2';
import type { Random } from '@strongroom/base';
import { HttpError } from '../http/errors.js';
import { identityLimits } from './limits.js';

/**
 * Argon2id with OWASP's parameters (19 MiB, two passes, one lane). A few at once: each takes memory
 * and a processor, and a flood of sign-ins must not take the service down.
 */
export interface Passwords {
  hash(password: string): Promise<string>;
  /**
   * Verifies against a stored hash. Without one (an unknown user) a dummy is verified, so that the
   * answer takes the same time, and `false` comes back.
   */
  verify(password: string, stored: string | undefined): Promise<boolean>;
}

/** The package's `Algorithm.Argon2id`; a const enum, which `isolatedModules` cannot read. */
const argon2id = 2;
const parameters = { algorithm: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export async function createPasswords(random: Random): Promise<Passwords> {
  let running = 0;
  const waiting: (() => void)[] = [];
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= identityLimits.passwordHashesAtOnce) {
      if (waiting.length >= identityLimits.passwordHashesWaiting) {
        throw new HttpError(429, 'TooManyRequests', 'Too many sign-ins at once. Try again.', {
          headers: { 'retry-after': '2' },
        });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      // The place passes to whoever waits next, or is free again.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
  const salted = (password: string): Promise<string> =>
    hash(password, { ...parameters, salt: random.bytes(16) });
  const dummy = await salted(Buffer.from(random.bytes(24)).toString('base64'));
  return {
    hash: (password) => inTurn(() => salted(password)),
    verify: (password, stored) =>
      inTurn(async () => {
        const text = password.slice(0, identityLimits.passwordCharsMax + 1);
        const matches = await verify(stored ?? dummy, text);
        return matches && stored !== undefined && text.length === password.length;
      }),
  };
}

/** What is wrong with a new password, or `undefined`. Length is what counts (NIST SP 800-63B). */
export function passwordProblem(password: string, userName: string): string | undefined {
  if (password.length < identityLimits.passwordCharsMin) {
    return `A password needs at least ${identityLimits.passwordCharsMin} characters.`;
  }
  if (password.length > identityLimits.passwordCharsMax) {
    return `A password may have at most ${identityLimits.passwordCharsMax} characters.`;
  }
  const holdsName = userName.length >= 4 && password.toLowerCase().includes(userName.toLowerCase());
  if (holdsName || new Set(password).size < 5) {
    return 'This password is too easy to guess.';
  }
  return undefined;
}

/** Five groups of four letters and digits that are hard to mix up: about 98 bits. */
export function newPassword(random: Random): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const picked: string[] = [];
  while (picked.length < 20) {
    for (const byte of random.bytes(32)) {
      // Rejecting what lies beyond a whole number of alphabets keeps every letter equally likely.
      if (byte < letters.length * 8 && picked.length < 20)
        picked.push(letters[byte % letters.length]!);
    }
  }
  return picked.join('').replace(/(.{4})(?=.)/g, '$1-');
}
