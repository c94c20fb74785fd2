import { equalBytes, fromHex, toHex, utf8 } from '@strongroom/base';
import type { Clock, Random, WorkspaceId } from '@strongroom/base';
import { keyIdSize, keySize, openAead, sealAead, sealedKeyId } from './aead.js';
import type { AeadKey } from './aead.js';
import { keysError } from './errors.js';
import { FieldReader, FieldWriter, frame } from './fields.js';
import { checkContext } from './key-provider.js';
import { hpkeOverhead, openHpke, sealHpke, x25519KeySize, x25519PublicKey } from './hpke.js';
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
  /** The same data key, wrapped under the current key. Throws as {@link unwrapDataKey}. */
  rewrapDataKey(
    purpose: DataKeyPurpose,
    wrapped: Uint8Array,
    context: string,
  ): Uint8Array<ArrayBuffer>;
  /** Id of the workspace key that a data key is wrapped under, in hexadecimal. Throws `KEYS_MALFORMED`. */
  wrappingKeyId(wrapped: Uint8Array): string;
  /** Wipes all keys. Everything throws `KEYS_CLOSED` afterwards. */
  close(): void;
}

/** What can be done for a workspace whose key is away: data keys are made that only the key opens. */
export interface SealingKeys {
  readonly workspaceId: WorkspaceId;
  /**
   * As {@link WorkspaceKeys.createDataKey}, the data key sealed to the workspace's public key: it is
   * opened by `unwrapDataKey` once the workspace's keys are there again.
   */
  createDataKey(purpose: DataKeyPurpose, context: string): DataKey;
}

const recordMagic = utf8('SRWK');
const recordVersion = 1;
const wrappedMagic = utf8('SRDK');
const wrappedVersion = 1;

const sealedMagic = utf8('SRSE');
const sealedVersion = 1;

/** Kinds of keys in a record: AES-256, and the X25519 pair that seals while the key is away. */
const kindSymmetric = 1;
const kindSealing = 2;
/** States of keys in a record: exactly one symmetric key is current, and at most one pair. */
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

interface Wrapping {
  readonly provider: KeyProvider;
  readonly workspaceId: WorkspaceId;
  readonly random: Random;
  readonly clock: Clock;
}

/** A fresh AES key and a fresh X25519 pair, both current. */
async function freshEntries(options: Wrapping): Promise<RecordEntry[]> {
  const { provider, workspaceId, random, clock } = options;
  const entries: RecordEntry[] = [];
  for (const kind of [kindSymmetric, kindSealing]) {
    const keyId = random.bytes(keyIdSize);
    const key = random.bytes(keySize);
    entries.push({
      kind,
      state: stateCurrent,
      keyId,
      created: BigInt(clock.now()),
      providerId: provider.id,
      publicKey: kind === kindSealing ? x25519PublicKey(key) : new Uint8Array(0),
      wrapped: await provider.wrap(key, entryContext(workspaceId, { kind, keyId })),
    });
    key.fill(0);
  }
  return entries;
}

/** Makes a workspace's first keys and returns their record: bytes for the catalog. */
export async function createWorkspaceKeyRecord(
  options: Wrapping,
): Promise<Uint8Array<ArrayBuffer>> {
  return printRecord(await freshEntries(options));
}

/** The record with fresh current keys; those before are retired and go on to unwrap. */
export async function rotateWorkspaceKeyRecord(
  options: Wrapping & { readonly record: Uint8Array },
): Promise<Uint8Array<ArrayBuffer>> {
  const before = parseRecord(options.record);
  if (before.length + 2 > limits.recordKeysMax) {
    throw keysError('KEYS_OUT_OF_RANGE', 'The key record holds too many keys already.');
  }
  const fresh = await freshEntries(options);
  return printRecord([...fresh, ...before.map((entry) => ({ ...entry, state: stateRetired }))]);
}

/** The record with every key wrapped by `to`: another provider, or the newest key of the same. */
export async function rewrapWorkspaceKeyRecord(options: {
  readonly from: KeyProvider;
  readonly to: KeyProvider;
  readonly record: Uint8Array;
  readonly workspaceId: WorkspaceId;
}): Promise<Uint8Array<ArrayBuffer>> {
  const { from, to, workspaceId } = options;
  const entries: RecordEntry[] = [];
  for (const entry of parseRecord(options.record)) {
    const context = entryContext(workspaceId, entry);
    const key = await from.unwrap(entry.wrapped, context);
    try {
      entries.push({ ...entry, providerId: to.id, wrapped: await to.wrap(key, context) });
    } finally {
      key.fill(0);
    }
  }
  return printRecord(entries);
}

/** The record without the retired keys that are not among `keep`: what they wrapped is gone. */
export function pruneWorkspaceKeyRecord(
  record: Uint8Array,
  keep: ReadonlySet<string>,
): Uint8Array<ArrayBuffer> {
  return printRecord(
    parseRecord(record).filter(
      ({ state, keyId }) => state === stateCurrent || keep.has(toHex(keyId)),
    ),
  );
}

/** The record with no key in it that anyone can unwrap: ids, times and public halves stay. */
export function destroyWorkspaceKeyRecord(record: Uint8Array): Uint8Array<ArrayBuffer> {
  return printRecord(
    parseRecord(record).map((entry) => ({ ...entry, wrapped: new Uint8Array(0) })),
  );
}

/** One key of a record, without anything secret. */
export interface WorkspaceKeyFacts {
  readonly kind: 'symmetric' | 'sealing';
  readonly state: 'current' | 'retired';
  readonly keyId: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly providerId: string;
  /** What the provider wrapped. */
  readonly wrapped: Uint8Array;
}

/** What a record says, newest first. Throws `KEYS_MALFORMED`. */
export function describeWorkspaceKeyRecord(record: Uint8Array): readonly WorkspaceKeyFacts[] {
  return parseRecord(record).map(({ kind, state, keyId, created, providerId, wrapped }) => ({
    kind: kind === kindSymmetric ? 'symmetric' : 'sealing',
    state: state === stateCurrent ? 'current' : 'retired',
    keyId: toHex(keyId),
    createdAt: Number(created),
    providerId,
    wrapped,
  }));
}

/** What the record's public key can do without its provider; undefined for a record without one. */
export function sealingKeysOf(options: {
  readonly record: Uint8Array;
  readonly workspaceId: WorkspaceId;
  readonly random: Random;
}): SealingKeys | undefined {
  const { workspaceId, random } = options;
  const pair = parseRecord(options.record).find(
    ({ kind, state }) => kind === kindSealing && state === stateCurrent,
  );
  if (pair === undefined) return undefined;
  return {
    workspaceId,
    createDataKey(purpose, context) {
      checkContext(context);
      const keyId = random.bytes(keyIdSize);
      const key = random.bytes(keySize);
      const info = sealedInfo({ workspaceId, purpose, keyId, recipient: pair.keyId, context });
      const wrapped = new FieldWriter()
        .bytes(sealedMagic)
        .uint(sealedVersion, 1)
        .uint(purposeCodes[purpose], 1)
        .bytes(keyId)
        .bytes(pair.keyId)
        .bytes(sealHpke(random, { publicKey: pair.publicKey, info, plain: key }))
        .end();
      return { keyId: toHex(keyId), key, wrapped };
    },
  };
}

const sealedInfo = (of: {
  workspaceId: WorkspaceId;
  purpose: DataKeyPurpose;
  keyId: Uint8Array;
  recipient: Uint8Array;
  context: string;
}): Uint8Array =>
  frame(
    'strongroom.sealed-data-key/v1',
    of.workspaceId,
    of.purpose,
    of.keyId,
    of.recipient,
    of.context,
  );

/**
 * Unwraps a workspace's record. Rejects with `KEYS_OPEN_FAILED` where the record is another
 * workspace's or was changed, `KEYS_UNKNOWN_KEY` where another root wrapped it, `KEYS_MALFORMED`, and
 * as the provider does.
 */
export async function openWorkspaceKeys(options: {
  readonly provider: KeyProvider;
  readonly record: Uint8Array;
  readonly workspaceId: WorkspaceId;
  readonly random: Random;
}): Promise<WorkspaceKeys> {
  const { provider, workspaceId, random } = options;
  const entries = parseRecord(options.record);
  const keys = new Map<string, AeadKey>();
  const pairs = new Map<string, Uint8Array>();
  for (const entry of entries) {
    if (entry.wrapped.length === 0) {
      throw keysError('KEYS_DESTROYED', 'The keys of this workspace were destroyed.');
    }
    const key = await provider.unwrap(entry.wrapped, entryContext(workspaceId, entry));
    if (key.length !== keySize) throw keysError('KEYS_BAD_KEY', 'A workspace key has 32 bytes.');
    if (entry.kind === kindSealing) {
      // A public key of someone else's would seal to them.
      if (!equalBytes(x25519PublicKey(key), entry.publicKey)) {
        throw keysError('KEYS_OPEN_FAILED', 'The public key in the record is not the pair’s.');
      }
      pairs.set(toHex(entry.keyId), key);
    } else keys.set(toHex(entry.keyId), { id: entry.keyId, key });
  }
  const current = entries.find(
    ({ kind, state }) => kind === kindSymmetric && state === stateCurrent,
  );
  return new OpenWorkspaceKeys({
    workspaceId,
    random,
    keys,
    pairs,
    currentKeyId: toHex(current!.keyId),
  });
}

class OpenWorkspaceKeys implements WorkspaceKeys {
  readonly workspaceId: WorkspaceId;
  readonly currentKeyId: string;
  readonly #random: Random;
  /** By id in hexadecimal. Emptied, after wiping, by `close`. */
  readonly #keys: Map<string, AeadKey>;
  /** Private halves of the sealing pairs, likewise. */
  readonly #pairs: Map<string, Uint8Array>;
  #closed = false;

  constructor(options: {
    workspaceId: WorkspaceId;
    random: Random;
    keys: Map<string, AeadKey>;
    pairs: Map<string, Uint8Array>;
    currentKeyId: string;
  }) {
    this.workspaceId = options.workspaceId;
    this.currentKeyId = options.currentKeyId;
    this.#random = options.random;
    this.#keys = options.keys;
    this.#pairs = options.pairs;
  }

  createDataKey(purpose: DataKeyPurpose, context: string): DataKey {
    const keyId = this.#random.bytes(keyIdSize);
    const key = this.#random.bytes(keySize);
    return { keyId: toHex(keyId), key, wrapped: this.#wrap({ purpose, keyId, key, context }) };
  }

  rewrapDataKey(
    purpose: DataKeyPurpose,
    wrapped: Uint8Array,
    context: string,
  ): Uint8Array<ArrayBuffer> {
    const { keyId, key } = this.unwrapDataKey(purpose, wrapped, context);
    const again = this.#wrap({ purpose, keyId: fromHex(keyId), key, context });
    key.fill(0);
    return again;
  }

  #wrap(of: {
    purpose: DataKeyPurpose;
    keyId: Uint8Array;
    key: Uint8Array;
    context: string;
  }): Uint8Array<ArrayBuffer> {
    const bound = this.#context(of);
    const wrapping = this.#key(this.currentKeyId);
    const sealed = sealAead(this.#random, wrapping, { plain: of.key, context: bound });
    return new FieldWriter()
      .bytes(wrappedMagic)
      .uint(wrappedVersion, 1)
      .uint(purposeCodes[of.purpose], 1)
      .bytes(of.keyId)
      .bytes(sealed)
      .end();
  }

  unwrapDataKey(purpose: DataKeyPurpose, wrapped: Uint8Array, context: string): DataKey {
    if (isSealed(wrapped)) return this.#unseal(purpose, wrapped, context);
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

  #unseal(purpose: DataKeyPurpose, wrapped: Uint8Array, context: string): DataKey {
    if (this.#closed) throw keysError('KEYS_CLOSED', 'The workspace keys are closed.');
    checkContext(context);
    const { code, keyId, recipient, box } = parseSealed(wrapped);
    if (code !== purposeCodes[purpose]) {
      throw keysError('KEYS_OPEN_FAILED', `The data key was not made for ${purpose}.`);
    }
    const privateKey = this.#pairs.get(toHex(recipient));
    if (privateKey === undefined) {
      throw keysError('KEYS_UNKNOWN_KEY', `The workspace has no key pair ${toHex(recipient)}.`);
    }
    const info = sealedInfo({ workspaceId: this.workspaceId, purpose, keyId, recipient, context });
    const key = openHpke({ privateKey, info, sealed: box });
    return { keyId: toHex(keyId), key, wrapped: new Uint8Array(wrapped) };
  }

  wrappingKeyId(wrapped: Uint8Array): string {
    if (isSealed(wrapped)) return toHex(parseSealed(wrapped).recipient);
    return toHex(sealedKeyId(parseWrapped(wrapped).sealed));
  }

  close(): void {
    this.#closed = true;
    for (const { key } of this.#keys.values()) key.fill(0);
    this.#keys.clear();
    for (const key of this.#pairs.values()) key.fill(0);
    this.#pairs.clear();
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

/** Whether a wrapped data key is sealed to the public key, by its first bytes. */
const isSealed = (wrapped: Uint8Array): boolean =>
  equalBytes(wrapped.subarray(0, sealedMagic.length), sealedMagic);

function parseSealed(wrapped: Uint8Array) {
  const reader = new FieldReader(wrapped, 'sealed data key');
  reader.expect(sealedMagic, 'is something else');
  reader.expect(new Uint8Array([sealedVersion]), 'is of an unknown version');
  const parts = {
    code: reader.uint(1),
    keyId: reader.bytes(keyIdSize),
    recipient: reader.bytes(keyIdSize),
    box: reader.bytes(keySize + hpkeOverhead),
  };
  reader.end();
  return parts;
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
    if (entry.kind !== kindSymmetric && entry.kind !== kindSealing) {
      reader.refuse('holds a key of an unknown kind');
    }
    if (entry.publicKey.length !== (entry.kind === kindSealing ? x25519KeySize : 0)) {
      reader.refuse('holds a public key of another size');
    }
    if (entry.state !== stateCurrent && entry.state !== stateRetired) {
      reader.refuse('holds a key in an unknown state');
    }
    entries.push(entry);
  }
  reader.end();
  const currents = (kind: number): number =>
    entries.filter((entry) => entry.kind === kind && entry.state === stateCurrent).length;
  const ids = new Set(entries.map(({ keyId }) => toHex(keyId)));
  if (currents(kindSymmetric) !== 1 || currents(kindSealing) > 1 || ids.size !== entries.length) {
    reader.refuse('does not have exactly one current key of a kind, or has a key twice');
  }
  return entries;
}
