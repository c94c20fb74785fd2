import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fromBase64, fromUtf8, isNotFound, toBase64, toHex, utf8 } from '@strongroom/base';
import type { Fs, Random } from '@strongroom/base';
import { keyIdSize, keySize, openAead, sealAead } from './aead.js';
import type { AeadKey } from './aead.js';
import { keysError } from './errors.js';
import { frame } from './fields.js';
import { makeDirectoryDurably, writeFileDurably } from './key-file.js';
import { checkContext, wrappableBytesMax } from './key-provider.js';
import type { KeyProvider } from './key-provider.js';
import { limits } from './limits.js';

const firstLine = 'strongroom root key v1';

/** What a local keystore is opened with. */
export interface LocalKeystoreOptions {
  /** The key file. It must lie outside the data directory: see {@link assertOutside}. */
  readonly path: string;
  readonly fs: Fs;
  readonly random: Random;
  /** Make the file, and its directory, where it does not exist. */
  readonly create: boolean;
}

/**
 * Opens the root key in a file that only its owner may read (mode 0600 or stricter; no symbolic link).
 * Rejects with `KEYS_UNSAFE_FILE`, `KEYS_NOT_FOUND` or `KEYS_MALFORMED`.
 */
export async function openLocalKeystore(options: LocalKeystoreOptions): Promise<KeyProvider> {
  const { path, fs, random, create } = options;
  if ((await fs.stat(path)) === undefined && create) {
    const key = random.bytes(keySize);
    const text = utf8(`${firstLine}\n${toHex(rootKeyId(key))}\n${toBase64(key)}\n`);
    await makeDirectoryDurably(fs, dirname(path));
    await writeFileDurably(fs, path, text);
    text.fill(0);
    key.fill(0);
  }
  return readRootKey({ fs, random, path });
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
}): Promise<KeyProvider> {
  const { credentialsDirectory, name, fs, random } = options;
  if (name === '' || name !== basename(name) || name === '..' || name === '.') {
    throw keysError('KEYS_BAD_NAME', 'The credential name is not a file name.');
  }
  return readRootKey({ fs, random, path: join(credentialsDirectory, name) });
}

async function readRootKey(options: {
  fs: Fs;
  random: Random;
  path: string;
}): Promise<KeyProvider> {
  const { fs, random, path } = options;
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
  const bytes = await readFileOr(fs, path);
  const key = parseRootKey(bytes);
  bytes.fill(0);
  return new LocalKeystore(key, random);
}

async function readFileOr(fs: Fs, path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await fs.readFile(path);
  } catch (cause) {
    if (isNotFound(cause)) throw keysError('KEYS_NOT_FOUND', `No root key at ${path}.`, { cause });
    throw cause;
  }
}

/** The id in the file is a hash of the key, so that a mistyped or torn key is noticed at once. */
const rootKeyId = (key: Uint8Array): Uint8Array<ArrayBuffer> => {
  const hash = createHash('sha256').update('strongroom.root-key-id/v1\n').update(key).digest();
  return new Uint8Array(hash.subarray(0, keyIdSize));
};

function parseRootKey(bytes: Uint8Array): AeadKey {
  const bad = (why: string): never => {
    throw keysError('KEYS_MALFORMED', `The root key file ${why}.`);
  };
  let lines: string[];
  try {
    lines = fromUtf8(bytes).split('\n');
  } catch {
    return bad('is not text');
  }
  if (lines.length !== 4 || lines[3] !== '') return bad('does not have three lines');
  if (lines[0] !== firstLine) return bad('is of an unknown version');
  let key: Uint8Array;
  try {
    key = fromBase64(lines[2]!);
  } catch {
    return bad('does not hold canonical base64');
  }
  if (key.length !== keySize) return bad('does not hold 32 bytes');
  const id = rootKeyId(key);
  if (toHex(id) !== lines[1]) return bad('holds another key than its id says');
  return { id, key };
}

class LocalKeystore implements KeyProvider {
  readonly id: string;
  readonly #key: AeadKey;
  readonly #random: Random;
  #closed = false;

  constructor(key: AeadKey, random: Random) {
    this.#key = key;
    this.#random = random;
    this.id = `local:${toHex(key.id)}`;
  }

  async wrap(plain: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>> {
    const aad = this.#context(context);
    if (plain.length === 0 || plain.length > wrappableBytesMax) {
      throw keysError('KEYS_BAD_KEY', 'A root key wraps keys of 1 to 64 bytes.');
    }
    return sealAead(this.#random, this.#key, { plain, context: aad });
  }

  async unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>> {
    return openAead(this.#key, { sealed: wrapped, context: this.#context(context) });
  }

  close(): void {
    this.#closed = true;
    this.#key.key.fill(0);
  }

  #context(context: string): Uint8Array {
    if (this.#closed) throw keysError('KEYS_CLOSED', 'The keystore is closed.');
    checkContext(context);
    return frame('strongroom.root-wrap/v1', context);
  }
}

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
