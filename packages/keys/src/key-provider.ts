import { keysError } from './errors.js';
import { limits } from './limits.js';

/**
 * Where the root key is: a local file, a vault, an HSM. It never leaves; it wraps and unwraps keys.
 *
 * Obligations: `unwrap(wrap(x, c), c)` is `x`; another context, another provider's bytes or one
 * changed bit rejects; what was wrapped stays readable after a rotation of the root.
 */
export interface KeyProvider {
  /** Names provider and key, for records and people; holds no secret. */
  readonly id: string;
  /** Wraps a key of up to 64 bytes. `context` says what it is; it is authenticated, not stored. */
  wrap(plain: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Rejects with `KEYS_OPEN_FAILED`, `KEYS_UNKNOWN_KEY` or `KEYS_MALFORMED`. */
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Wipes what is held in memory. Everything rejects with `KEYS_CLOSED` afterwards. */
  close(): void;
}

/** Bytes that a provider can wrap at most: what an RSA-OAEP or PKCS#11 wrapping key always takes. */
export const wrappableBytesMax = 64;

/** Throws `KEYS_BAD_NAME` for a context that is empty or too long. */
export function checkContext(context: string): void {
  if (context.length === 0 || context.length > limits.contextCharactersMax) {
    throw keysError('KEYS_BAD_NAME', 'A context is empty or too long.');
  }
}
