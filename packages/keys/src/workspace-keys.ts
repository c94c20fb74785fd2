import { toHex, utf8 } from '@strongroom/base';
import type { Clock, Random, WorkspaceId } from '@strongroom/base';
import { keyIdSize, keySize, openAead, sealAead, sealedKeyId } from './aead.js';
import type { AeadKey } from './aead.js';
import { keysError } from './errors.js';
import { FieldReader, FieldWriter, frame } from './fields.js';
import { checkContext } from './key-provider.js';
import type { KeyProvider } from './key-provider.js';
import { limits } from './limits.js';

/** What data keys are for. The number stands in wrapped keys: never reuse one. */
const purposeCodes = {
  'journal-segment': 1,
  'engine-disk': 2,
  spool: 3,
  saved: 4,
} as const;

/** What a data key is for. A key made for one purpose does not unwrap for another. */
export type DataKeyPurpose = keyof typeof purposeCodes;

/** A data key: what encrypts, and what may be stored beside the encrypted. */
export interface DataKey {
  /** 16 bytes in lower-case hexadecimal. */
  readonly keyId: string;
  /** 32 bytes. The holder fills it with zeros when done. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** The key under the workspace's key; safe to store. */
  readonly wrapped: Uint8Array<ArrayBuffer>;
}

/** One workspace's keys, unwrapped, in memory. */
export interface WorkspaceKeys {
  readonly workspaceId: WorkspaceId;
  /** Id of the key that new data keys are wrapped under, in hexadecimal. */
  readonly currentKeyId: string;
  /** Makes a data key. `context` names what it encrypts (a segment, a disk); it is bound, not stored. */
  createDataKey(purpose: DataKeyPurpose, context: string): DataKey;
  /**
   * Unwraps a data key. Throws `KEYS_OPEN_FAILED` where workspace, purpose, context or a byte differs,
   * `KEYS_UNKNOWN_KEY` where a key wrapped it that is not in the record, `KEYS_MALFORMED`.
   */
  unwrapDataKey(purpose: DataKeyPurpose, wrapped: Uint8Array, context: string): DataKey;
  /** Id of the workspace key that a data key is wrapped under, in hexadecimal. Throws `KEYS_MALFORMED`. */
  wrappingKeyId(wrapped: Uint8Array): string;
  /** Wipes all keys. Everything throws `KEYS_CLOSED` afterwards. */
  close(): void;
}

const recordMagic = utf8('SRWK');
const recordVersion = 1;
const wrappedMagic = utf8('SRDK');
const wrappedVersion = 1;

/** Kinds of keys in a record. 2 is kept for the X25519 key pair that seals while a key is away. */
const kindSymmetric = 1;
/** States of keys in a record: exactly one symmetric key is current. */
const stateCurrent = 1;
const stateRetired = 2;

interface RecordEntry {
  readonly kind: number;
  readonly state: number;
  readonly keyId: Uint8Array;
  /** Milliseconds since 1970. */
  readonly created: bigint;
  /** The provider that wrapped it. */
  readonly providerId: string;
  /** Public half; empty for a symmetric key. */
  readonly publicKey: Uint8Array;
  readonly wrapped: Uint8Array;
}

const entryContext = (
  workspaceId: WorkspaceId,
  entry: { kind: number; keyId: Uint8Array },
): string => `strongroom.workspace-key/v1:${workspaceId}:${entry.kind}:${toHex(entry.keyId)}`;

/** Makes a workspace's first key and returns its record: bytes for the catalog, wrapped by the root. */
export async function createWorkspaceKeyRecord(options: {
  readonly provider: KeyProvider;
  readonly workspaceId: WorkspaceId;
  readonly random: Random;
  readonly clock: Clock;
}): Promise<Uint8Array<ArrayBuffer>> {
  const { provider, workspaceId, random, clock } = options;
  const keyId = random.bytes(keyIdSize);
  const key = random.bytes(keySize);
  const kind = kindSymmetric;
  const wrapped = await provider.wrap(key, entryContext(workspaceId, { kind, keyId }));
  key.fill(0);
  return printRecord([
    {
      kind,
      state: stateCurrent,
      keyId,
      created: BigInt(clock.now()),
      providerId: provider.id,
      publicKey: new Uint8Array(0),
      wrapped,
    },
  ]);
}

/**
 * Unwraps a workspace's record. Rejects with `KEYS_OPEN_FAILED` where the record is another
 * workspace's or was changed, `KEYS_UNKNOWN_KEY` where another root wrapped it, `KEYS_MALFORMED`.
 */
export async function openWorkspaceKeys(options: {
  readonly provider: KeyProvider;
  readonly record: Uint8Array;
  readonly workspaceId: WorkspaceId;
  readonly random: Random;
}): Promise<WorkspaceKeys> {
  const { provider, workspaceId, random } = options;
  const entries = parseRecord(options.record).filter(({ kind }) => kind === kindSymmetric);
  const keys = new Map<string, AeadKey>();
  for (const entry of entries) {
    const key = await provider.unwrap(entry.wrapped, entryContext(workspaceId, entry));
    if (key.length !== keySize) throw keysError('KEYS_BAD_KEY', 'A workspace key has 32 bytes.');
    keys.set(toHex(entry.keyId), { id: entry.keyId, key });
  }
  const current = entries.filter(({ state }) => state === stateCurrent);
  if (current.length !== 1 || keys.size !== entries.length) {
    throw keysError(
      'KEYS_MALFORMED',
      'A key record has exactly one current key, and no key twice.',
    );
  }
  return new OpenWorkspaceKeys({
    workspaceId,
    random,
    keys,
    currentKeyId: toHex(current[0]!.keyId),
  });
}

class OpenWorkspaceKeys implements WorkspaceKeys {
  readonly workspaceId: WorkspaceId;
  readonly currentKeyId: string;
  readonly #random: Random;
  /** By id in hexadecimal. Emptied, after wiping, by `close`. */
  readonly #keys: Map<string, AeadKey>;
  #closed = false;

  constructor(options: {
    workspaceId: WorkspaceId;
    random: Random;
    keys: Map<string, AeadKey>;
    currentKeyId: string;
  }) {
    this.workspaceId = options.workspaceId;
    this.currentKeyId = options.currentKeyId;
    this.#random = options.random;
    this.#keys = options.keys;
  }

  createDataKey(purpose: DataKeyPurpose, context: string): DataKey {
    const keyId = this.#random.bytes(keyIdSize);
    const key = this.#random.bytes(keySize);
    const bound = this.#context({ purpose, keyId, context });
    const wrapping = this.#key(this.currentKeyId);
    const sealed = sealAead(this.#random, wrapping, { plain: key, context: bound });
    const wrapped = new FieldWriter()
      .bytes(wrappedMagic)
      .uint(wrappedVersion, 1)
      .uint(purposeCodes[purpose], 1)
      .bytes(keyId)
      .bytes(sealed)
      .end();
    return { keyId: toHex(keyId), key, wrapped };
  }

  unwrapDataKey(purpose: DataKeyPurpose, wrapped: Uint8Array, context: string): DataKey {
    const { code, keyId, sealed } = parseWrapped(wrapped);
    if (code !== purposeCodes[purpose]) {
      throw keysError('KEYS_OPEN_FAILED', `The data key was not made for ${purpose}.`);
    }
    const bound = this.#context({ purpose, keyId, context });
    const wrapping = this.#key(toHex(sealedKeyId(sealed)));
    const key = openAead(wrapping, { sealed, context: bound });
    if (key.length !== keySize) throw keysError('KEYS_BAD_KEY', 'A data key has 32 bytes.');
    return { keyId: toHex(keyId), key, wrapped: new Uint8Array(wrapped) };
  }

  wrappingKeyId(wrapped: Uint8Array): string {
    return toHex(sealedKeyId(parseWrapped(wrapped).sealed));
  }

  close(): void {
    this.#closed = true;
    for (const { key } of this.#keys.values()) key.fill(0);
    this.#keys.clear();
  }

  #context(of: { purpose: DataKeyPurpose; keyId: Uint8Array; context: string }): Uint8Array {
    checkContext(of.context);
    return frame('strongroom.data-key/v1', this.workspaceId, of.purpose, of.keyId, of.context);
  }

  #key(keyId: string): AeadKey {
    if (this.#closed) throw keysError('KEYS_CLOSED', 'The workspace keys are closed.');
    const key = this.#keys.get(keyId);
    if (key === undefined) {
      throw keysError('KEYS_UNKNOWN_KEY', `The workspace has no key ${keyId}.`);
    }
    return key;
  }
}

function parseWrapped(wrapped: Uint8Array): {
  code: number;
  keyId: Uint8Array;
  sealed: Uint8Array;
} {
  const reader = new FieldReader(wrapped, 'wrapped data key');
  reader.expect(wrappedMagic, 'is something else');
  reader.expect(new Uint8Array([wrappedVersion]), 'is of an unknown version');
  return { code: reader.uint(1), keyId: reader.bytes(keyIdSize), sealed: reader.rest() };
}

function printRecord(entries: readonly RecordEntry[]): Uint8Array<ArrayBuffer> {
  const writer = new FieldWriter()
    .bytes(recordMagic)
    .uint(recordVersion, 1)
    .uint(entries.length, 1);
  for (const entry of entries) {
    writer
      .uint(entry.kind, 1)
      .uint(entry.state, 1)
      .bytes(entry.keyId)
      .uint(entry.created, 8)
      .sized(utf8(entry.providerId), 1)
      .sized(entry.publicKey, 2)
      .sized(entry.wrapped, 2);
  }
  return writer.end();
}

function parseRecord(record: Uint8Array): RecordEntry[] {
  const reader = new FieldReader(record, 'workspace key record');
  if (record.length > limits.recordBytesMax) reader.refuse('is too long');
  reader.expect(recordMagic, 'is something else');
  reader.expect(new Uint8Array([recordVersion]), 'is of an unknown version');
  const entries: RecordEntry[] = [];
  for (let left = reader.uint(1); left > 0; left -= 1) {
    const entry = {
      kind: reader.uint(1),
      state: reader.uint(1),
      keyId: reader.bytes(keyIdSize),
      created: reader.uint64(),
      providerId: reader.text(1),
      publicKey: reader.sized(2),
      wrapped: reader.sized(2),
    };
    if (entry.kind !== kindSymmetric) reader.refuse('holds a key of an unknown kind');
    if (entry.state !== stateCurrent && entry.state !== stateRetired) {
      reader.refuse('holds a key in an unknown state');
    }
    entries.push(entry);
  }
  reader.end();
  return entries;
}
