import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { equalBytes, isNotFound, toHex, utf8 } from '@strongroom/base';
import type { Fs, Random } from '@strongroom/base';
import { openAead, sealAead, sealedKeyId } from './aead.js';
import type { AeadKey } from './aead.js';
import { keysError } from './errors.js';
import { frame } from './fields.js';
import { makeDirectoryDurably, writeFileDurably } from './key-file.js';
import { checkContext, wrappableBytesMax } from './key-provider.js';
import type { KeyProvider } from './key-provider.js';
import { limits } from './limits.js';
import { describeRootKeys, newRootKey, printRootKeys, readRootKeys } from './root-key-file.js';
import type { RootKeyFile } from './root-key-file.js';

/** What a local keystore is opened with. */
export interface LocalKeystoreOptions {
  /** The key file. It must lie outside the data directory: see {@link assertOutside}. */
  readonly path: string;
  readonly fs: Fs;
  readonly random: Random;
  /** Make the file, and its directory, where it does not exist. */
  readonly create: boolean;
  /** Opens a file that is sealed by one; a new file is sealed by it. */
  readonly passphrase?: string;
}

/**
 * Opens the root key in a file that only its owner may read (mode 0600 or stricter; no symbolic link).
 * Rejects with `KEYS_UNSAFE_FILE`, `KEYS_NOT_FOUND` or `KEYS_MALFORMED`.
 */
export async function openLocalKeystore(options: LocalKeystoreOptions): Promise<KeyProvider> {
  const { path, fs, random, create, passphrase } = options;
  if ((await fs.stat(path)) === undefined && create) {
    const key = newRootKey(random);
    await makeDirectoryDurably(fs, dirname(path));
    await writeKeys(options, [key]);
    key.key.fill(0);
  }
  return new LocalKeystore(await readKeys({ fs, path, passphrase }), random);
}

/** What the root key file says of itself; needs no passphrase. Rejects as {@link openLocalKeystore}. */
export async function describeLocalKeystore(options: {
  readonly path: string;
  readonly fs: Fs;
}): Promise<RootKeyFile> {
  const bytes = await readBytes(options);
  try {
    return describeRootKeys(bytes);
  } finally {
    bytes.fill(0);
  }
}

/**
 * Changes the root key file, whole or not at all: `rotate` puts a fresh key before the others, which
 * go on to unwrap; `keep` leaves only these (the current one stays whatever is said); `passphrase`
 * seals it by that one, or lets it lie plain with `null`. Open keystores do not see the change.
 */
export async function changeLocalKeystore(
  options: LocalKeystoreOptions,
  change: {
    readonly rotate?: boolean;
    readonly keep?: readonly string[];
    readonly passphrase?: string | null;
  },
): Promise<RootKeyFile> {
  const before = await readKeys(options);
  const keys = change.rotate === true ? [newRootKey(options.random), ...before] : before;
  const { keep } = change;
  const kept =
    keep === undefined
      ? keys
      : keys.filter(({ id }, index) => index === 0 || keep.includes(toHex(id)));
  if (kept.length > limits.rootKeysMax) {
    throw keysError('KEYS_OUT_OF_RANGE', 'The root key file holds too many keys already.');
  }
  const { sealed } = await describeLocalKeystore(options);
  const passphrase =
    change.passphrase === null
      ? undefined
      : (change.passphrase ?? (sealed ? options.passphrase : undefined));
  const { passphrase: _old, ...rest } = options;
  await writeKeys(passphrase === undefined ? rest : { ...rest, passphrase }, kept);
  for (const { key } of keys) key.fill(0);
  return describeLocalKeystore(options);
}

async function writeKeys(options: LocalKeystoreOptions, keys: readonly AeadKey[]): Promise<void> {
  const bytes = utf8(await printRootKeys(options.random, keys, options.passphrase));
  await writeFileDurably(options.fs, options.path, bytes);
  bytes.fill(0);
}

/**
 * Opens the root key from a systemd credential: `LoadCredentialEncrypted=` puts the same file, sealed
 * by the machine's TPM or host key at rest, into `credentialsDirectory` (`$CREDENTIALS_DIRECTORY`).
 */
export async function openSystemdCredential(options: {
  readonly credentialsDirectory: string;
  readonly name: string;
  readonly fs: Fs;
  readonly random: Random;
  readonly passphrase?: string;
}): Promise<KeyProvider> {
  const { credentialsDirectory, name, fs, random, passphrase } = options;
  if (name === '' || name !== basename(name) || name === '..' || name === '.') {
    throw keysError('KEYS_BAD_NAME', 'The credential name is not a file name.');
  }
  const keys = await readKeys({ fs, path: join(credentialsDirectory, name), passphrase });
  return new LocalKeystore(keys, random);
}

async function readKeys(options: {
  fs: Fs;
  path: string;
  passphrase?: string | undefined;
}): Promise<AeadKey[]> {
  const bytes = await readBytes(options);
  try {
    return await readRootKeys(bytes, options.passphrase);
  } finally {
    bytes.fill(0);
  }
}

async function readBytes(options: { fs: Fs; path: string }): Promise<Uint8Array<ArrayBuffer>> {
  const { fs, path } = options;
  const stat = await fs.stat(path);
  if (stat === undefined) {
    throw keysError('KEYS_NOT_FOUND', `There is no root key at ${path}.`, {
      hint: 'Without the root key the data stays sealed. Restore the key file from its backup.',
    });
  }
  if (stat.kind !== 'file') throw keysError('KEYS_UNSAFE_FILE', `${path} is no regular file.`);
  if (stat.mode !== undefined && (stat.mode & 0o077) !== 0) {
    throw keysError('KEYS_UNSAFE_FILE', `Others than its owner may use ${path}.`, {
      hint: `Run chmod 600 ${path}, and consider the key known to whoever could read it.`,
    });
  }
  if (stat.size > limits.keystoreBytesMax) {
    throw keysError('KEYS_MALFORMED', `${path} is too long for a root key.`);
  }
  return readFileOr(fs, path);
}

async function readFileOr(fs: Fs, path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await fs.readFile(path);
  } catch (cause) {
    if (isNotFound(cause)) throw keysError('KEYS_NOT_FOUND', `No root key at ${path}.`, { cause });
    throw cause;
  }
}

class LocalKeystore implements KeyProvider {
  readonly id: string;
  /** The current key first. */
  readonly #keys: readonly AeadKey[];
  readonly #random: Random;
  #closed = false;

  constructor(keys: readonly AeadKey[], random: Random) {
    this.#keys = keys;
    this.#random = random;
    this.id = `local:${toHex(keys[0]!.id)}`;
  }

  async wrap(plain: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>> {
    const aad = this.#context(context);
    if (plain.length === 0 || plain.length > wrappableBytesMax) {
      throw keysError('KEYS_BAD_KEY', 'A root key wraps keys of 1 to 64 bytes.');
    }
    return sealAead(this.#random, this.#keys[0]!, { plain, context: aad });
  }

  async unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>> {
    const aad = this.#context(context);
    const id = sealedKeyId(wrapped);
    const key = this.#keys.find((each) => equalBytes(each.id, id)) ?? this.#keys[0]!;
    return openAead(key, { sealed: wrapped, context: aad });
  }

  close(): void {
    this.#closed = true;
    for (const { key } of this.#keys) key.fill(0);
  }

  #context(context: string): Uint8Array {
    if (this.#closed) throw keysError('KEYS_CLOSED', 'The keystore is closed.');
    checkContext(context);
    return frame('strongroom.root-wrap/v1', context);
  }
}

/** The id of the local root key that wrapped something, as in `local:<id>`. Throws `KEYS_MALFORMED`. */
export const localWrappingId = (wrapped: Uint8Array): string =>
  `local:${toHex(sealedKeyId(wrapped))}`;

/**
 * Throws `KEYS_INSIDE_DATA` where `path` is the data directory or lies inside it, also by way of `..`
 * or of symbolic links in the part that exists: a copied data directory must not bring its key along.
 */
export function assertOutside(dataDirectory: string, path: string): void {
  const [outer, inner] = [physicalPath(dataDirectory), physicalPath(path)];
  if (inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep)) {
    throw keysError('KEYS_INSIDE_DATA', `The root key ${path} lies inside ${dataDirectory}.`, {
      hint: 'Keep the root key outside the data directory, so that a copy of the data is unreadable.',
    });
  }
}

/** The path with links resolved as far as it exists, and the rest of it as it stands. */
function physicalPath(path: string): string {
  const absolute = resolve(path);
  const rest: string[] = [];
  for (let at = absolute; ; at = dirname(at)) {
    try {
      return join(realpathSync(at), ...rest);
    } catch {
      // Does not exist, or may not be seen: its parent says where it would be.
      if (dirname(at) === at) return absolute;
      rest.unshift(basename(at));
    }
  }
}
