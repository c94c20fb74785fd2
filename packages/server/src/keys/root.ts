import { dirname, join } from 'node:path';
import { StrongroomError, fromUtf8 } from '@strongroom/base';
import { assertOutside, openLocalKeystore, openSystemdCredential } from '@strongroom/keys';
import type { KeyProvider } from '@strongroom/keys';
import { openNamedProvider } from './provider-set.js';
import type { ProviderPorts, ProviderSettings } from './provider-set.js';

/** Where the root key is. */
export interface RootSettings extends ProviderSettings {
  readonly data: string;
  /**
   * A file, absolute; `credential:NAME` of systemd; or a remote key: `azurekeyvault:…`, `transit:…`,
   * `pkcs11:…` as records name them.
   */
  readonly rootKey: string;
  /** A file with the passphrase that seals the root key's file. Empty: none. */
  readonly rootPassphraseFile: string;
}

/** The forms of the setting that are no path. */
export const isRootName = (rootKey: string): boolean =>
  /^(?:credential|azurekeyvault|transit|pkcs11):/.test(rootKey);

/** A directory for what else must not lie in the data directory: the root key's, where it is a file. */
export const rootDirectory = (rootKey: string, fallback: string): string =>
  dirname(isRootName(rootKey) ? fallback : rootKey);

/** The passphrase of the settings, without the line end that editors add. */
export async function readPassphrase(
  options: Pick<ProviderPorts, 'fs'> & {
    readonly settings: Pick<RootSettings, 'rootPassphraseFile'>;
  },
): Promise<string | undefined> {
  const { rootPassphraseFile: path } = options.settings;
  if (path === '') return undefined;
  const stat = await options.fs.stat(path);
  if (stat?.kind !== 'file' || ((stat.mode ?? 0) & 0o077) !== 0) {
    throw new StrongroomError(
      'KEYS_UNSAFE_FILE',
      `${path} must be a file that only its owner reads.`,
    );
  }
  return fromUtf8(await options.fs.readFile(path)).replace(/\r?\n$/, '');
}

/** The root key as it is now: a rotation exchanges it under those who use it. */
export class CurrentRoot implements KeyProvider {
  #provider: KeyProvider;

  constructor(provider: KeyProvider) {
    this.#provider = provider;
  }

  get id(): string {
    return this.#provider.id;
  }

  /** What is wrapped from now on is wrapped by this; it unwraps what the one before did. */
  exchange(provider: KeyProvider): void {
    this.#provider = provider;
  }

  wrap(plain: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#provider.wrap(plain, context);
  }

  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#provider.unwrap(wrapped, context);
  }

  close(): void {
    this.#provider.close();
  }
}

/** Opens the root key. `made`: it was not there before. */
export async function openRoot(
  options: ProviderPorts & {
    readonly settings: RootSettings;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
): Promise<{ provider: KeyProvider; made: boolean }> {
  const { settings, fs, random, environment } = options;
  const passphrase = await readPassphrase(options);
  const sealed = passphrase === undefined ? {} : { passphrase };
  if (settings.rootKey.startsWith('credential:')) {
    const credentialsDirectory = environment['CREDENTIALS_DIRECTORY'] ?? '';
    if (credentialsDirectory === '') {
      throw new StrongroomError('KEYS_NOT_FOUND', 'systemd gave no credentials to this service.', {
        hint: 'Add LoadCredentialEncrypted= to the unit.',
      });
    }
    const name = settings.rootKey.slice('credential:'.length);
    const ports = { fs, random, ...sealed };
    return {
      provider: await openSystemdCredential({ credentialsDirectory, name, ...ports }),
      made: false,
    };
  }
  if (isRootName(settings.rootKey)) {
    return { provider: await openNamedProvider(options, settings.rootKey), made: false };
  }
  // Never beside what it protects.
  assertOutside(settings.data, settings.rootKey);
  const made = (await fs.stat(settings.rootKey)) === undefined;
  const provider = await openLocalKeystore({
    path: settings.rootKey,
    fs,
    random,
    // A data directory without its key must not get a new one: nothing in it could be read.
    create: (await fs.stat(join(settings.data, 'keys'))) === undefined,
    ...sealed,
  });
  return { provider, made };
}
