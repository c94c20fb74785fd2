import { createHash, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isNotFound, utf8 } from '@strongroom/base';
import type { Fs, Random } from '@strongroom/base';
import { keyIdSize, keySize, openAead, sealAead, sealedKeyId } from './aead.js';
import { keysError } from './errors.js';
import { FieldReader, FieldWriter, frame } from './fields.js';
import { makeDirectoryDurably, writeFileDurably } from './key-file.js';
import type { KeyProvider } from './key-provider.js';
import { limits } from './limits.js';
import { localWrappingId } from './local-keystore.js';
import { ed25519PublicKey, ed25519Signer } from './signature.js';
import type { Ed25519Signer } from './signature.js';

/** What a key file holds. The number stands in the file: never reuse one. */
const kindCodes = { secret: 1, ed25519: 2, rsa: 3, ec: 4 } as const;
type Kind = keyof typeof kindCodes;

/** A key pair for tokens or certificates. The private half is secret: never log or send it. */
export interface TokenKey {
  /** RFC 7638 thumbprint of the public key: the `kid` of tokens. */
  readonly keyId: string;
  readonly algorithm: 'RS256' | 'ES256';
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
  /** With `kid`, `alg` and `use`: what a JWKS document shows. */
  readonly publicJwk: JsonWebKey;
  /** With `kid`, `alg` and `use`: what a token issuer is given. */
  readonly privateJwk: JsonWebKey;
}

/**
 * The service's own secrets, each in a file `NAME.key` that only the root key opens. Each method makes
 * the key on its first call, durably, and finds it again on every later one.
 *
 * All reject with `KEYS_OPEN_FAILED`, `KEYS_UNKNOWN_KEY` or `KEYS_MALFORMED` for a file that is not
 * ours: it is never replaced.
 */
export interface ServiceKeys {
  /** Random bytes: a database's encryption key, a cookie key. The caller wipes its copy. */
  secret(name: string, size: number): Promise<Uint8Array<ArrayBuffer>>;
  /** An Ed25519 key. Its public half lies beside it as `NAME.pub.pem`, for verification offline. */
  signingKey(name: string): Promise<Ed25519Signer>;
  /** A 2048-bit RSA key, for RS256. */
  rsaKey(name: string): Promise<TokenKey>;
  /** A P-256 key, for ES256 and certificates. */
  ecKey(name: string): Promise<TokenKey>;
  /** Names of the key files, of every kind. */
  names(): Promise<readonly string[]>;
  /**
   * Destroys the named key: what it protects or could sign is over. Its public half stays, so that what
   * it signed can be checked. Does nothing where there is none.
   */
  remove(name: string): Promise<void>;
  /** The key files, with the provider that wrapped each; for a local root, the very key. */
  wrappings(): Promise<readonly { readonly name: string; readonly wrappedBy: string }[]>;
  /** Wraps the named file anew, by the provider's current key: whole or not at all. */
  rewrap(name: string): Promise<void>;
  /** Wipes what is held in memory. Everything rejects with `KEYS_CLOSED` afterwards. */
  close(): void;
}

/** Opens the service's secrets in `directory`, which is made where it does not exist. */
export async function openServiceKeys(options: {
  readonly provider: KeyProvider;
  readonly directory: string;
  readonly fs: Fs;
  readonly random: Random;
}): Promise<ServiceKeys> {
  await makeDirectoryDurably(options.fs, options.directory);
  return new DirectoryServiceKeys(options);
}

const fileMagic = utf8('SRSK');
const fileVersion = 1;
const generate = promisify(generateKeyPair);

class DirectoryServiceKeys implements ServiceKeys {
  readonly #provider: KeyProvider;
  readonly #directory: string;
  readonly #fs: Fs;
  readonly #random: Random;
  /** Plain bytes by name, so that two calls at once make one key. */
  readonly #open = new Map<string, { kind: Kind; plain: Promise<Uint8Array> }>();
  #closed = false;

  constructor(options: { provider: KeyProvider; directory: string; fs: Fs; random: Random }) {
    this.#provider = options.provider;
    this.#directory = options.directory;
    this.#fs = options.fs;
    this.#random = options.random;
  }

  async secret(name: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!Number.isSafeInteger(size) || size < 16 || size > limits.secretBytesMax) {
      throw keysError('KEYS_OUT_OF_RANGE', 'A secret has 16 to 1024 bytes.');
    }
    const plain = await this.#plain('secret', name, async () => this.#random.bytes(size));
    if (plain.length !== size) {
      throw keysError('KEYS_BAD_KEY', `The secret ${name} has ${plain.length} bytes, not ${size}.`);
    }
    return new Uint8Array(plain);
  }

  async signingKey(name: string): Promise<Ed25519Signer> {
    const seed = await this.#plain('ed25519', name, async () => this.#random.bytes(32));
    const signer = ed25519Signer(seed);
    const path = join(this.#directory, `${name}.pub.pem`);
    if ((await this.#fs.stat(path)) === undefined) {
      // Written after the private half, so that a public key never stands for none.
      await writeFileDurably(
        this.#fs,
        path,
        utf8(publicPem(ed25519PublicKey(signer.publicKey))),
        0o644,
      );
    }
    return signer;
  }

  async rsaKey(name: string): Promise<TokenKey> {
    const der = await this.#plain('rsa', name, async () => {
      const { privateKey } = await generate('rsa', { modulusLength: 2048 });
      return new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
    });
    return tokenKey(der, 'RS256');
  }

  async ecKey(name: string): Promise<TokenKey> {
    const der = await this.#plain('ec', name, async () => {
      const { privateKey } = await generate('ec', { namedCurve: 'P-256' });
      return new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
    });
    return tokenKey(der, 'ES256');
  }

  close(): void {
    this.#closed = true;
    for (const { plain } of this.#open.values()) {
      plain.then(
        (bytes) => bytes.fill(0),
        () => undefined,
      );
    }
    this.#open.clear();
  }

  async names(): Promise<readonly string[]> {
    const files = await this.#fs.list(this.#directory);
    return files.filter((file) => file.endsWith('.key')).map((file) => file.slice(0, -4));
  }

  async remove(name: string): Promise<void> {
    checkName(name);
    const path = join(this.#directory, `${name}.key`);
    if ((await this.#fs.stat(path)) !== undefined) await this.#fs.remove(path);
    await this.#fs.syncDirectory(this.#directory);
    const open = this.#open.get(name);
    this.#open.delete(name);
    (await open?.plain.catch(() => undefined))?.fill(0);
  }

  async wrappings(): Promise<readonly { readonly name: string; readonly wrappedBy: string }[]> {
    const found: { name: string; wrappedBy: string }[] = [];
    for (const name of await this.names()) {
      const bytes = await this.#readFile(join(this.#directory, `${name}.key`));
      if (bytes !== undefined) found.push({ name, wrappedBy: parseFile(name, bytes).wrappedBy });
    }
    return found;
  }

  async rewrap(name: string): Promise<void> {
    const path = join(this.#directory, `${name}.key`);
    const bytes = await this.#readFile(path);
    if (bytes === undefined) throw keysError('KEYS_NOT_FOUND', `There is no key file ${name}.`);
    const { kind } = parseFile(name, bytes);
    const plain = await this.#decode(kind, name, bytes);
    try {
      await writeFileDurably(this.#fs, path, await this.#encode(kind, name, plain));
    } finally {
      plain.fill(0);
    }
  }

  async #plain(kind: Kind, name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (this.#closed) throw keysError('KEYS_CLOSED', 'The service keys are closed.');
    checkName(name);
    const open = this.#open.get(name);
    if (open !== undefined && open.kind !== kind) {
      throw keysError('KEYS_BAD_NAME', `The key ${name} is in use as ${open.kind}.`);
    }
    if (open !== undefined) return open.plain;
    const plain = this.#readOrMake(kind, name, make);
    this.#open.set(name, { kind, plain });
    try {
      return await plain;
    } catch (error) {
      this.#open.delete(name);
      throw error;
    }
  }

  async #readOrMake(
    kind: Kind,
    name: string,
    make: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const path = join(this.#directory, `${name}.key`);
    const file = await this.#readFile(path);
    if (file !== undefined) return this.#decode(kind, name, file);
    const plain = await make();
    // The key is used only after its file is durable: what it protects must never outlive it.
    await writeFileDurably(this.#fs, path, await this.#encode(kind, name, plain));
    return plain;
  }

  async #readFile(path: string): Promise<Uint8Array | undefined> {
    const stat = await this.#fs.stat(path);
    if (stat !== undefined && stat.size > limits.serviceKeyBytesMax) {
      throw keysError('KEYS_MALFORMED', `${path} is too long for a key file.`);
    }
    try {
      return await this.#fs.readFile(path);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  // The provider wraps a key of 32 bytes, and that key seals the secret: an HSM or a vault wraps
  // small keys only, and an RSA key is not small.
  async #encode(kind: Kind, name: string, plain: Uint8Array): Promise<Uint8Array> {
    const id = this.#random.bytes(keyIdSize);
    const key = this.#random.bytes(keySize);
    const wrapped = await this.#provider.wrap(key, wrapContext(kind, name));
    const sealed = sealAead(this.#random, { id, key }, { plain, context: boxContext(kind, name) });
    key.fill(0);
    return new FieldWriter()
      .bytes(fileMagic)
      .uint(fileVersion, 1)
      .uint(kindCodes[kind], 1)
      .sized(utf8(this.#provider.id), 1)
      .sized(wrapped, 2)
      .sized(sealed, 2)
      .end();
  }

  async #decode(kind: Kind, name: string, file: Uint8Array): Promise<Uint8Array> {
    const parsed = parseFile(name, file);
    if (parsed.kind !== kind) {
      throw keysError('KEYS_MALFORMED', `The key file ${name}.key does not hold a key of ${kind}.`);
    }
    const { wrapped, sealed } = parsed;
    const key = await this.#provider.unwrap(wrapped, wrapContext(kind, name));
    const id = sealedKeyId(sealed);
    const plain = openAead({ id, key }, { sealed, context: boxContext(kind, name) });
    key.fill(0);
    return plain;
  }
}

function checkName(name: string): void {
  if (/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(name) && name.length <= limits.nameCharactersMax)
    return;
  throw keysError('KEYS_BAD_NAME', 'A key name has lower-case letters, digits and dashes.');
}

function parseFile(name: string, file: Uint8Array) {
  const reader = new FieldReader(file, `key file ${name}.key`);
  reader.expect(fileMagic, 'is something else');
  reader.expect(new Uint8Array([fileVersion]), 'is of an unknown version');
  const code = reader.uint(1);
  const kind = (Object.keys(kindCodes) as Kind[]).find((each) => kindCodes[each] === code);
  if (kind === undefined) return reader.refuse('holds a key of an unknown kind');
  const providerId = reader.text(1);
  const wrapped = reader.sized(2);
  const sealed = reader.sized(2);
  reader.end();
  const wrappedBy = providerId.startsWith('local:') ? localWrappingId(wrapped) : providerId;
  return { kind, wrapped, sealed, wrappedBy };
}

const wrapContext = (kind: Kind, name: string): string =>
  `strongroom.service-key/v1:${kind}:${name}`;

const boxContext = (kind: Kind, name: string): Uint8Array =>
  frame('strongroom.service-secret/v1', kind, name);

const publicPem = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }) as string;

function tokenKey(der: Uint8Array, algorithm: 'RS256' | 'ES256'): TokenKey {
  const privateKey = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  const publicJwk = publicKey.export({ format: 'jwk' });
  const keyId = thumbprint(publicJwk);
  const about = { kid: keyId, alg: algorithm, use: 'sig' };
  return {
    keyId,
    algorithm,
    privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    publicKeyPem: publicPem(publicKey),
    publicJwk: { ...publicJwk, ...about },
    privateJwk: { ...privateKey.export({ format: 'jwk' }), ...about },
  };
}

/** SHA-256 over the required members in lexicographic order (RFC 7638 §3). */
function thumbprint(jwk: JsonWebKey): string {
  const { crv, e, kty, n, x, y } = jwk;
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
