import { utf8 } from '@strongroom/base';
import { keysError } from './errors.js';
import { limits } from './limits.js';

/** Argon2id's costs (RFC 9106): stored beside what they sealed, so they can grow. */
export interface Argon2Costs {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** 64 MiB and three passes: RFC 9106's second choice, for machines of every size. */
export const defaultCosts: Argon2Costs = { memoryKib: 65_536, passes: 3, lanes: 4 };

/** The package's `Algorithm.Argon2id`; a const enum, which `isolatedModules` cannot read. */
const argon2id = 2;

/** Costs that a file may name: a forged one must not take all memory, nor be too cheap. */
export const costsAllowed = ({ memoryKib, passes, lanes }: Argon2Costs): boolean =>
  memoryKib >= 19_456 &&
  memoryKib <= 1_048_576 &&
  passes >= 1 &&
  passes <= 16 &&
  lanes >= 1 &&
  lanes <= 16;

/** 32 bytes from a passphrase (NFKC, so that it does not matter where it was typed). */
export async function passphraseKey(options: {
  readonly passphrase: string;
  /** 16 bytes. */
  readonly salt: Uint8Array;
  readonly costs: Argon2Costs;
}): Promise<Uint8Array<ArrayBuffer>> {
  const { passphrase, salt, costs } = options;
  checkPassphrase(passphrase);
  const { hashRaw } = await import('@node-rs/argon2');
  const derived = await hashRaw(utf8(passphrase.normalize('NFKC')), {
    algorithm: argon2id,
    memoryCost: costs.memoryKib,
    timeCost: costs.passes,
    parallelism: costs.lanes,
    outputLen: 32,
    salt,
  });
  const key = new Uint8Array(derived);
  derived.fill(0);
  return key;
}

/** Throws `KEYS_PASSPHRASE` for one that is too short or too long to be meant. */
export function checkPassphrase(passphrase: string): void {
  const { passphraseCharactersMin: least, passphraseCharactersMax: most } = limits;
  if (passphrase.length < least || passphrase.length > most) {
    throw keysError('KEYS_PASSPHRASE', `A passphrase has ${least} to ${most} characters.`);
  }
}
