import { createHash } from 'node:crypto';
import { concatBytes, equalBytes, utf8 } from '@strongroom/base';
import type { Random } from '@strongroom/base';
import { keyIdSize, keySize, openAead, sealAead } from './aead.js';
import { keysError } from './errors.js';
import { FieldReader, FieldWriter, frame } from './fields.js';
import { checkContext, wrappableBytesMax } from './key-provider.js';
import type { KeyProvider } from './key-provider.js';
import { limits } from './limits.js';

/** A key that is used where it is, in a vault or an HSM. */
export interface RemoteKey {
  /** As {@link KeyProvider.id}. */
  readonly id: string;
  /** Wraps 32 bytes; `version` is what `unwrap` needs to know besides. */
  wrap(key: Uint8Array): Promise<{ version: string; wrapped: Uint8Array }>;
  /** Rejects with `KEYS_REVOKED`, `KEYS_UNREACHABLE` or `KEYS_OPEN_FAILED`. */
  unwrap(of: { version: string; wrapped: Uint8Array }): Promise<Uint8Array>;
  close(): void;
}

const magic = utf8('SRRW');
const formatVersion = 1;
const checkSize = 32;

/**
 * A provider over a remote key. The remote key wraps a key of one use, and that key seals the bytes
 * with their context: vaults differ in what they can bind, and RSA-OAEP binds nothing.
 * docs/formats/keys.md §Remote box.
 */
export function remoteProvider(key: RemoteKey, random: Random): KeyProvider {
  let closed = false;
  const check = (context: string): void => {
    if (closed) throw keysError('KEYS_CLOSED', 'The key provider is closed.');
    checkContext(context);
  };
  return {
    id: key.id,
    async wrap(plain, context) {
      check(context);
      if (plain.length === 0 || plain.length > wrappableBytesMax) {
        throw keysError('KEYS_BAD_KEY', 'A root key wraps keys of 1 to 64 bytes.');
      }
      const once = random.bytes(keySize);
      try {
        const { version, wrapped } = await key.wrap(once);
        const head = new FieldWriter()
          .bytes(magic)
          .uint(formatVersion, 1)
          .sized(utf8(key.id), 2)
          .sized(utf8(version), 2)
          .sized(wrapped, 2)
          .end();
        const sealed = sealAead(
          random,
          { id: random.bytes(keyIdSize), key: once },
          { plain, context: frame('strongroom.remote-wrap/v1', head, context) },
        );
        const box = new FieldWriter().bytes(head).sized(sealed, 2).end();
        return concatBytes(box, checksum(box));
      } finally {
        once.fill(0);
      }
    },
    async unwrap(bytes, context) {
      check(context);
      const { head, id, version, wrapped, sealed } = parseRemoteBox(bytes);
      if (id !== key.id) {
        throw keysError('KEYS_UNKNOWN_KEY', `The key was wrapped by ${id}, not by ${key.id}.`);
      }
      const once = new Uint8Array(await key.unwrap({ version, wrapped }));
      try {
        if (once.length !== keySize) {
          throw keysError('KEYS_OPEN_FAILED', 'The provider gave a key of another size.');
        }
        // The id is random; what must fit is the key.
        const sealedId = sealed.slice(2, 2 + keyIdSize);
        return openAead(
          { id: sealedId, key: once },
          { sealed, context: frame('strongroom.remote-wrap/v1', head, context) },
        );
      } finally {
        once.fill(0);
      }
    },
    close() {
      if (closed) return;
      closed = true;
      key.close();
    },
  };
}

const checksum = (box: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(box).digest());

/** The version of the remote key that wrapped a box: what a rewrap looks at. Throws `KEYS_MALFORMED`. */
export const remoteVersionOf = (bytes: Uint8Array): string => parseRemoteBox(bytes).version;

function parseRemoteBox(bytes: Uint8Array) {
  const reader = new FieldReader(bytes, 'remotely wrapped key');
  if (bytes.length > limits.remoteBoxBytesMax) reader.refuse('is too long');
  if (bytes.length < checkSize) reader.refuse('is cut off');
  const box = bytes.subarray(0, bytes.length - checkSize);
  // Not a protection, which the sealed box is: damage is told from a key that was taken away without
  // asking the provider.
  if (!equalBytes(checksum(box), bytes.subarray(box.length))) reader.refuse('is damaged');
  const inner = new FieldReader(box, 'remotely wrapped key');
  inner.expect(magic, 'is something else');
  inner.expect(new Uint8Array([formatVersion]), 'is of an unknown version');
  const id = inner.text(2);
  const version = inner.text(2);
  const wrapped = inner.sized(2);
  const sealed = inner.sized(2);
  inner.end();
  return { head: box.slice(0, box.length - 2 - sealed.length), id, version, wrapped, sealed };
}
