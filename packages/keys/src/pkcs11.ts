import type { PKCS11 } from 'pkcs11js';
import { StrongroomError, concatBytes } from '@strongroom/base';
import type { Random } from '@strongroom/base';
import { keysError } from './errors.js';
import type { KeyProvider } from './key-provider.js';
import { remoteProvider } from './remote-provider.js';

/** A secret key in an HSM that speaks PKCS#11. */
export interface Pkcs11Options {
  /** The HSM's own library, e.g. `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly modulePath: string;
  readonly tokenLabel: string;
  /** Label of an AES key of 256 bits that may encrypt and decrypt and not be extracted. */
  readonly keyLabel: string;
  readonly pin: string;
  readonly random: Random;
}

// PKCS #11 v3.0, pkcs11t.h.
const ckr = {
  userAlreadyLoggedIn: 0x100,
  alreadyInitialized: 0x191,
  /** The key or the right to use it is gone: these take it away. */
  gone: new Set([0x60, 0x68, 0x82, 0xa0, 0xa3, 0xa4, 0x101, 0x102]),
  /** What was wrapped does not open. */
  badData: new Set([0x40, 0x41, 0xc0, 0xc1]),
};
const nonceSize = 12;
const tagSize = 16;

/**
 * A root key in an HSM. The binding is an optional dependency, compiled where it is installed: rejects
 * with `KEYS_NOT_SUPPORTED` where it is absent.
 */
export async function openPkcs11(options: Pkcs11Options): Promise<KeyProvider> {
  const { tokenLabel, keyLabel, random } = options;
  const id = `pkcs11:token=${encodeURIComponent(tokenLabel)};object=${encodeURIComponent(keyLabel)}`;
  const binding = await loadBinding();
  const library = new binding.PKCS11();
  attempt(id, () => library.load(options.modulePath));
  attempt(id, () => ignoring(ckr.alreadyInitialized, () => library.C_Initialize()));

  /** A session of its own for each use: one that the HSM ended is not met again. */
  const withKey = <T>(use: (session: Buffer, key: Buffer) => T): T =>
    attempt(id, () => {
      const session = library.C_OpenSession(slotOf(library, tokenLabel, id), 0x4);
      try {
        ignoring(ckr.userAlreadyLoggedIn, () => library.C_Login(session, 1, options.pin));
        library.C_FindObjectsInit(session, [
          { type: binding.CKA_CLASS, value: binding.CKO_SECRET_KEY },
          { type: binding.CKA_LABEL, value: keyLabel },
        ]);
        const [key, second] = library.C_FindObjects(session, 2);
        library.C_FindObjectsFinal(session);
        if (key === undefined) {
          throw keysError('KEYS_REVOKED', `The HSM holds no key for ${id} any more.`);
        }
        if (second !== undefined) {
          throw keysError('KEYS_BAD_NAME', `The HSM holds more than one key for ${id}.`);
        }
        return use(session, key);
      } finally {
        ignoring(undefined, () => library.C_CloseSession(session));
      }
    });
  const mechanism = (iv: Uint8Array) => ({
    mechanism: binding.CKM_AES_GCM,
    parameter: {
      type: binding.CK_PARAMS_AES_GCM,
      iv: Buffer.from(iv),
      aad: Buffer.from('strongroom.pkcs11/v1'),
      ivBits: nonceSize * 8,
      tagBits: tagSize * 8,
    },
  });
  return remoteProvider(
    {
      id,
      wrap: async (plain) => {
        const iv = random.bytes(nonceSize);
        const body = withKey((session, key) => {
          library.C_EncryptInit(session, mechanism(iv), key);
          return library.C_Encrypt(
            session,
            Buffer.from(plain),
            Buffer.alloc(plain.length + tagSize),
          );
        });
        return { version: 'aes-gcm', wrapped: concatBytes(iv, body) };
      },
      unwrap: async ({ wrapped }) => {
        const body = Buffer.from(wrapped.subarray(nonceSize));
        return withKey((session, key) => {
          library.C_DecryptInit(session, mechanism(wrapped.subarray(0, nonceSize)), key);
          return new Uint8Array(library.C_Decrypt(session, body, Buffer.alloc(body.length)));
        });
      },
      // The library is the process's: another provider may be using it.
      close: () => undefined,
    },
    random,
  );
}

type Binding = typeof import('pkcs11js');

async function loadBinding(): Promise<Binding> {
  try {
    const loaded: { default?: Binding } & Binding = await import('pkcs11js');
    return loaded.default ?? loaded;
  } catch (cause) {
    throw keysError('KEYS_NOT_SUPPORTED', 'The PKCS#11 binding is not installed.', {
      hint: 'Install a C++ compiler, then run npm install again: pkcs11js is compiled on the spot.',
      cause,
    });
  }
}

function slotOf(library: PKCS11, tokenLabel: string, id: string): Buffer {
  for (const slot of library.C_GetSlotList(true)) {
    if (library.C_GetTokenInfo(slot).label.trimEnd() === tokenLabel) return slot;
  }
  throw keysError('KEYS_UNREACHABLE', `No slot holds the token of ${id}.`);
}

const codeOf = (error: unknown): number | undefined => {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'number' ? code : undefined;
};

/** Runs, and lets an error of this code (any, without one) be none. */
function ignoring(code: number | undefined, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (code !== undefined && codeOf(error) !== code) throw error;
  }
}

function attempt<T>(id: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof StrongroomError) throw error;
    const code = codeOf(error);
    const shown = code === undefined ? 'no code' : `0x${code.toString(16)}`;
    if (code !== undefined && ckr.gone.has(code)) {
      throw keysError('KEYS_REVOKED', `The HSM does not let us use ${id} (${shown}).`);
    }
    if (code !== undefined && ckr.badData.has(code)) {
      throw keysError('KEYS_OPEN_FAILED', `The HSM does not open what ${id} wrapped (${shown}).`);
    }
    throw keysError('KEYS_UNREACHABLE', `The HSM of ${id} cannot be asked (${shown}).`);
  }
}
