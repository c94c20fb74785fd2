import { StrongroomError, fromUtf8 } from '@strongroom/base';
import type { Fs, Random } from '@strongroom/base';
import {
  clientSecretCredential,
  describeWorkspaceKeyRecord,
  openAzureKeyVault,
  openPkcs11,
  openTransit,
  parseKeyVaultKey,
  parseTransitKey,
} from '@strongroom/keys';
import type { KeyProvider } from '@strongroom/keys';

/** Who the service is at remote key providers, and which it may speak to. */
export interface ProviderSettings {
  /** Hosts of vaults (with their port where it is not 443) that keys may be used at. None: none. */
  readonly keyHosts: readonly string[];
  /** Certificates to trust at them besides the system's: a PEM file. Empty: none. */
  readonly keyAuthorityFile: string;
  readonly keyVaultTenant: string;
  readonly keyVaultClientId: string;
  readonly keyVaultSecretFile: string;
  /** Who gives tokens for the vault; empty: Azure's own. */
  readonly keyVaultAuthority: string;
  /** For a vault whose challenge names another domain than its own. */
  readonly keyVaultAnyResource: boolean;
  readonly transitTokenFile: string;
  readonly pkcs11Module: string;
  readonly pkcs11PinFile: string;
}

/** Opens the providers that records name. */
export interface ProviderSet {
  /** The service's own root. */
  readonly root: KeyProvider;
  /**
   * By the name in a record; the version is what it wraps under. Rejects with `KEYS_NOT_SUPPORTED`
   * for one that the settings do not allow.
   */
  open(name: string, version?: string): Promise<KeyProvider>;
  close(): void;
}

/** A provider's name from the parts that ARM's `keyVaultProperties` have. */
export function providerName(properties: { uri: string; keyName: string }): string {
  const uri = properties.uri.replace(/\/+$/, '');
  if (uri.startsWith('pkcs11:')) return `${uri};object=${encodeURIComponent(properties.keyName)}`;
  if (uri.startsWith('transit:')) return `${uri}/${properties.keyName}`;
  return `azurekeyvault:${uri.toLowerCase()}/keys/${properties.keyName}`;
}

/** The provider that a workspace's record is wrapped by. */
export const providerNameOf = (record: Uint8Array): string =>
  describeWorkspaceKeyRecord(record)[0]?.providerId ?? '';

/** True for a key that the customer holds, and can take away. */
export const isCustomerKey = (name: string): boolean => !name.startsWith('local:');

/** What opening a provider needs. */
export interface ProviderPorts {
  readonly settings: ProviderSettings;
  readonly fs: Fs;
  readonly random: Random;
}

/** Opens a remote provider by its name. Rejects with `KEYS_NOT_SUPPORTED`. */
export function openNamedProvider(
  options: ProviderPorts,
  name: string,
  version = '',
): Promise<KeyProvider> {
  const { settings, random } = options;
  const notSupported = (why: string, hint?: string): never => {
    throw new StrongroomError(
      'KEYS_NOT_SUPPORTED',
      `The key provider cannot be used: ${why}.`,
      hint === undefined ? {} : { hint },
    );
  };
  const needed = (value: string, name: string): string =>
    value === '' ? notSupported(`the setting ${name} is missing`) : value;
  const secret = async (path: string, name: string): Promise<string> =>
    fromUtf8(await options.fs.readFile(needed(path, name))).trim();
  const authority = async (): Promise<{ authorityPem?: string }> =>
    settings.keyAuthorityFile === ''
      ? {}
      : { authorityPem: fromUtf8(await options.fs.readFile(settings.keyAuthorityFile)) };
  const checkHost = (url: string): void => {
    const { host } = new URL(url);
    if (!settings.keyHosts.includes(host)) {
      notSupported(`${host} is not among keyHosts`, 'Name the vault’s host with --key-hosts.');
    }
  };

  const open = async (): Promise<KeyProvider> => {
    if (name.startsWith('azurekeyvault:')) {
      const key = parseKeyVaultKey(name.slice('azurekeyvault:'.length));
      if (key === undefined) return notSupported('its name is none');
      checkHost(key.vaultUri);
      const { authorityPem } = await authority();
      const trust = authorityPem === undefined ? {} : { authorityPem };
      return openAzureKeyVault({
        vaultUri: key.vaultUri,
        keyName: key.keyName,
        keyVersion: version,
        credential: clientSecretCredential({
          tenantId: needed(settings.keyVaultTenant, 'keyVaultTenant'),
          clientId: needed(settings.keyVaultClientId, 'keyVaultClientId'),
          clientSecret: await secret(settings.keyVaultSecretFile, 'keyVaultSecretFile'),
          ...(settings.keyVaultAuthority === ''
            ? {}
            : { authorityHost: settings.keyVaultAuthority, ...trust }),
        }),
        ...trust,
        anyChallengeResource: settings.keyVaultAnyResource,
        random,
      });
    }
    if (name.startsWith('transit:')) {
      const key = parseTransitKey(name.slice('transit:'.length));
      if (key === undefined) return notSupported('its name is none');
      checkHost(key.url);
      return openTransit({
        ...key,
        token: () => secret(settings.transitTokenFile, 'transitTokenFile'),
        ...(await authority()),
        random,
      });
    }
    const hsm = /^pkcs11:token=([^;]+);object=([^;]+)$/.exec(name);
    if (hsm === null) return notSupported('its name is none');
    return openPkcs11({
      modulePath: needed(settings.pkcs11Module, 'pkcs11Module'),
      tokenLabel: decodeURIComponent(hsm[1]!),
      keyLabel: decodeURIComponent(hsm[2]!),
      pin: await secret(settings.pkcs11PinFile, 'pkcs11PinFile'),
      random,
    });
  };

  return open();
}

/** Providers by name, each opened once. */
export function createProviderSet(
  options: ProviderPorts & { readonly root: KeyProvider },
): ProviderSet {
  const { root } = options;
  const opened = new Map<string, Promise<KeyProvider>>();
  return {
    root,
    async open(name, version = '') {
      if (!isCustomerKey(name) || name === root.id) return root;
      const key = `${name} ${version}`;
      const known = opened.get(key);
      if (known !== undefined) return known;
      const opening = openNamedProvider(options, name, version);
      opened.set(key, opening);
      // What was refused for want of a file may be there at the next try.
      opening.catch(() => opened.delete(key));
      return opening;
    },
    close() {
      for (const opening of opened.values()) {
        opening.then(
          (provider) => provider.close(),
          () => undefined,
        );
      }
    },
  };
}
