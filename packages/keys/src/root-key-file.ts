import { createHash } from 'node:crypto';
import { equalBytes, fromBase64, fromHex, fromUtf8, toBase64, toHex } from '@strongroom/base';
import type { Random } from '@strongroom/base';
import { keyIdSize, keySize, openAead, sealAead } from './aead.js';
import type { AeadKey } from './aead.js';
import { keysError } from './errors.js';
import { frame } from './fields.js';
import { limits } from './limits.js';
import { costsAllowed, defaultCosts, passphraseKey } from './passphrase.js';
import type { Argon2Costs } from './passphrase.js';

/** Root keys as their file holds them: docs/formats/keys.md §Root key file. */

const versionOne = 'strongroom root key v1';
const versionTwo = 'strongroom root key v2';

/** What a root key file says without its passphrase. */
export interface RootKeyFile {
  /** Ids in hexadecimal; the first is the current one. */
  readonly ids: readonly string[];
  readonly sealed: boolean;
}

/** The id in the file is a hash of the key, so that a mistyped or torn key is noticed at once. */
export const rootKeyId = (key: Uint8Array): Uint8Array<ArrayBuffer> => {
  const hash = createHash('sha256').update('strongroom.root-key-id/v1\n').update(key).digest();
  return new Uint8Array(hash.subarray(0, keyIdSize));
};

export const newRootKey = (random: Random): AeadKey => {
  const key = random.bytes(keySize);
  return { id: rootKeyId(key), key };
};

const bad = (why: string): never => {
  throw keysError('KEYS_MALFORMED', `The root key file ${why}.`);
};

interface ParsedFile {
  readonly seal: { readonly costs: Argon2Costs; readonly salt: Uint8Array } | undefined;
  readonly keys: readonly { readonly id: Uint8Array; readonly bytes: Uint8Array }[];
}

/** One plain key is written as version 1, which every release reads. */
export async function printRootKeys(
  random: Random,
  keys: readonly AeadKey[],
  passphrase?: string,
): Promise<string> {
  const [only] = keys;
  if (passphrase === undefined) {
    if (keys.length === 1) return `${versionOne}\n${keyLine(only!.id, only!.key, '\n')}\n`;
    return [versionTwo, 'plain', ...keys.map(({ id, key }) => keyLine(id, key)), ''].join('\n');
  }
  const salt = random.bytes(16);
  const costs = defaultCosts;
  const sealing = sealLine(costs, salt);
  const sealer = await passphraseKey({ passphrase, salt, costs });
  try {
    const lines = keys.map(({ id, key }) => {
      const box = { plain: key, context: frame('strongroom.root-passphrase/v1', sealing, id) };
      return keyLine(id, sealAead(random, { id: sealerId(salt), key: sealer }, box));
    });
    return [versionTwo, sealing, ...lines, ''].join('\n');
  } finally {
    sealer.fill(0);
  }
}

const keyLine = (id: Uint8Array, bytes: Uint8Array, between = ' '): string =>
  `${toHex(id)}${between}${toBase64(bytes)}`;

const sealLine = ({ memoryKib, passes, lanes }: Argon2Costs, salt: Uint8Array): string =>
  `argon2id m=${memoryKib},t=${passes},p=${lanes} ${toBase64(salt)}`;

/** Stands in the sealed boxes for the key's id: a passphrase has none. */
const sealerId = (salt: Uint8Array): Uint8Array => salt;

/** What the file says of itself. Throws `KEYS_MALFORMED`. */
export function describeRootKeys(bytes: Uint8Array): RootKeyFile {
  const { seal, keys } = parse(bytes);
  return { ids: keys.map(({ id }) => toHex(id)), sealed: seal !== undefined };
}

/** The keys, current first. Rejects with `KEYS_MALFORMED` or `KEYS_PASSPHRASE`. */
export async function readRootKeys(
  bytes: Uint8Array,
  passphrase: string | undefined,
): Promise<AeadKey[]> {
  const { seal, keys } = parse(bytes);
  if (seal === undefined) return keys.map(({ id, bytes: key }) => checked(id, key));
  if (passphrase === undefined) {
    throw keysError('KEYS_PASSPHRASE', 'The root key is sealed by a passphrase.', {
      hint: 'Give it in a file (--root-passphrase-file), or start on a terminal to be asked.',
    });
  }
  const sealer = await passphraseKey({ passphrase, ...seal });
  try {
    return keys.map(({ id, bytes: sealed }) => {
      const context = frame('strongroom.root-passphrase/v1', sealLine(seal.costs, seal.salt), id);
      try {
        return checked(id, openAead({ id: sealerId(seal.salt), key: sealer }, { sealed, context }));
      } catch (cause) {
        throw keysError('KEYS_PASSPHRASE', 'The passphrase does not open the root key.', { cause });
      }
    });
  } finally {
    sealer.fill(0);
  }
}

function checked(id: Uint8Array, key: Uint8Array): AeadKey {
  if (key.length !== keySize) return bad('does not hold 32 bytes');
  if (!equalBytes(rootKeyId(key), id)) return bad('holds another key than its id says');
  return { id, key };
}

function parse(bytes: Uint8Array): ParsedFile {
  let lines: string[];
  try {
    lines = fromUtf8(bytes).split('\n');
  } catch {
    return bad('is not text');
  }
  if (lines.pop() !== '') return bad('does not end with a line end');
  const [version, second, third] = lines;
  if (version === versionOne) {
    if (lines.length !== 3) return bad('does not have three lines');
    return { seal: undefined, keys: [parseKey(`${second} ${third}`)] };
  }
  if (version !== versionTwo) return bad('is of an unknown version');
  const keys = lines.slice(2).map(parseKey);
  if (keys.length === 0 || keys.length > limits.rootKeysMax) return bad('has no or too many keys');
  if (second === 'plain') return { seal: undefined, keys };
  const match = /^argon2id m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2}) ([A-Za-z0-9+/=]{24})$/.exec(
    second ?? '',
  );
  if (match === null) return bad('does not say how it is sealed');
  const costs = { memoryKib: Number(match[1]), passes: Number(match[2]), lanes: Number(match[3]) };
  const salt = canonical(match[4]!);
  if (!costsAllowed(costs) || salt.length !== 16) return bad('says costs that are not allowed');
  return { seal: { costs, salt }, keys };
}

function parseKey(line: string): { id: Uint8Array; bytes: Uint8Array } {
  const match = /^([0-9a-f]{32}) (\S{1,256})$/.exec(line);
  if (match === null) return bad('has a line that is no key');
  return { id: fromHex(match[1]!), bytes: canonical(match[2]!) };
}

function canonical(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch {
    return bad('does not hold canonical base64');
  }
}
