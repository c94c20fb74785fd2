import { StrongroomError } from '@strongroom/base';

/** What this package throws. Codes are API: they are never reworded. */
export type KeysErrorCode =
  /** A sealed box does not open: wrong key, wrong context, or changed bytes. */
  | 'KEYS_OPEN_FAILED'
  /** A sealed box, key file or record does not have the form that its version says. */
  | 'KEYS_MALFORMED'
  /** A key is not of the size that its algorithm needs. */
  | 'KEYS_BAD_KEY'
  /** A context or name is empty, too long, or has characters that it must not have. */
  | 'KEYS_BAD_NAME'
  /** No key file is there, and none was to be made. */
  | 'KEYS_NOT_FOUND'
  /** Others than the owner may read the key file, or it is no regular file. */
  | 'KEYS_UNSAFE_FILE'
  /** The key file would lie inside the data directory. */
  | 'KEYS_INSIDE_DATA'
  /** The key that sealed this is not one that the provider holds. */
  | 'KEYS_UNKNOWN_KEY'
  /** The provider does not let us use the key any more: taken away, disabled or deleted. */
  | 'KEYS_REVOKED'
  /** The key was destroyed by an act of ours; what it protected cannot be read again. */
  | 'KEYS_DESTROYED'
  /** The provider does not answer, or answers that it cannot now. The key may still be ours. */
  | 'KEYS_UNREACHABLE'
  /** The file of the root key is sealed by a passphrase, and none or a wrong one was given. */
  | 'KEYS_PASSPHRASE'
  /** The provider is not one that this installation can use. */
  | 'KEYS_NOT_SUPPORTED'
  /** The keys were closed. */
  | 'KEYS_CLOSED'
  /** A certificate request is not acceptable. */
  | 'KEYS_BAD_REQUEST'
  /** A certificate is not one of an agent of ours. */
  | 'KEYS_BAD_CERTIFICATE'
  /** The authority's certificate and key do not belong together. */
  | 'KEYS_AUTHORITY_DAMAGED'
  /** The authority's key was replaced, and the one before still counts. */
  | 'KEYS_ROTATING'
  /** A certificate was asked for that limits do not allow. */
  | 'KEYS_OUT_OF_RANGE';

/** An error of this package. Its text never holds key material. */
export function keysError(
  code: KeysErrorCode,
  message: string,
  options?: { cause?: unknown; hint?: string },
): StrongroomError<KeysErrorCode> {
  return new StrongroomError(code, message, options);
}
