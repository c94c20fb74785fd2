import type { TokenCredential } from '@azure/identity';
import type { CryptographyClient } from '@azure/keyvault-keys';
import type { Random } from '@strongroom/base';
import { keysError } from './errors.js';
import type { KeyProvider } from './key-provider.js';
import { limits } from './limits.js';
import { remoteProvider } from './remote-provider.js';

/** A key in Azure Key Vault or Managed HSM, and who we are there. */
export interface AzureKeyVaultOptions {
  /** `https://NAME.vault.azure.net`. */
  readonly vaultUri: string;
  readonly keyName: string;
  /** Absent or empty: the newest one when wrapping. */
  readonly keyVersion?: string;
  readonly credential: TokenCredential;
  /** Certificates to trust besides the system's, PEM. */
  readonly authorityPem?: string;
  /** For a vault whose challenge names another domain than its own: a private or test vault. */
  readonly anyChallengeResource?: boolean;
  readonly random: Random;
}

/** `https` at the vault with name and perhaps version; the forms that Azure calls a key identifier. */
const identifier =
  /^(https:\/\/[a-z0-9.-]+(?::\d{1,5})?)\/keys\/([A-Za-z0-9-]{1,127})(?:\/([0-9A-Za-z]{0,64}))?$/;

/** Parts of a key identifier, or undefined. */
export function parseKeyVaultKey(
  text: string,
): { vaultUri: string; keyName: string; keyVersion: string } | undefined {
  const match = identifier.exec(text);
  if (match === null) return undefined;
  return { vaultUri: match[1]!, keyName: match[2]!, keyVersion: match[3] ?? '' };
}

/** A credential by client id and secret, as `@azure/identity` does it. */
export function clientSecretCredential(options: {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authorityHost?: string;
  /** Certificates to trust at the authority besides the system's, PEM. */
  readonly authorityPem?: string;
}): TokenCredential {
  const { tenantId, clientId, clientSecret, authorityHost, authorityPem } = options;
  let credential: Promise<TokenCredential> | undefined;
  // Azure's packages are large: they are loaded where a vault is used.
  const make = async (): Promise<TokenCredential> => {
    const { ClientSecretCredential } = await import('@azure/identity');
    return new ClientSecretCredential(tenantId, clientId, clientSecret, {
      ...(authorityHost === undefined
        ? {}
        : // What is no Microsoft authority cannot be looked up at Microsoft.
          { authorityHost, disableInstanceDiscovery: true }),
      ...(authorityPem === undefined ? {} : { tlsOptions: { ca: authorityPem } }),
      retryOptions: { maxRetries: 1 },
      additionallyAllowedTenants: ['*'],
    });
  };
  return {
    getToken: async (scopes, tokenOptions) => {
      credential ??= make();
      return (await credential).getToken(scopes, tokenOptions);
    },
  };
}

/**
 * A root key in Key Vault. Wraps with RSA-OAEP-256, in the vault: the older RSA-OAEP would be done
 * here with the public half, and prove nothing about our access.
 */
export function openAzureKeyVault(options: AzureKeyVaultOptions): KeyProvider {
  const { keyName, credential, random } = options;
  const vaultUri = options.vaultUri.replace(/\/+$/, '').toLowerCase();
  const wrapVersion = options.keyVersion ?? '';
  const id = `azurekeyvault:${vaultUri}/keys/${keyName}`;
  if (parseKeyVaultKey(`${vaultUri}/keys/${keyName}/${wrapVersion}`) === undefined) {
    throw keysError('KEYS_BAD_NAME', 'The address, name or version of the vault key is no such.');
  }
  const client = async (version: string): Promise<CryptographyClient> => {
    const { CryptographyClient: Client } = await import('@azure/keyvault-keys');
    return new Client(`${vaultUri}/keys/${keyName}/${version}`, credential, {
      retryOptions: { maxRetries: 1, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 },
      ...(options.anyChallengeResource === true
        ? { disableChallengeResourceVerification: true }
        : {}),
      ...(options.authorityPem === undefined ? {} : { tlsOptions: { ca: options.authorityPem } }),
    });
  };
  const abort = new AbortController();
  const operation = () => ({
    requestOptions: { timeout: limits.remoteRequestMs },
    abortSignal: abort.signal,
  });
  return remoteProvider(
    {
      id,
      async wrap(key) {
        try {
          const answer = await (
            await client(wrapVersion)
          ).wrapKey('RSA-OAEP-256', key, operation());
          const version = /\/keys\/[^/]+\/([^/]+)$/.exec(answer.keyID ?? '')?.[1] ?? wrapVersion;
          return { version, wrapped: answer.result };
        } catch (error) {
          throw vaultFailure(error, id);
        }
      },
      async unwrap({ version, wrapped }) {
        try {
          const answer = await (
            await client(version)
          ).unwrapKey('RSA-OAEP-256', wrapped, operation());
          return answer.result;
        } catch (error) {
          throw vaultFailure(error, id);
        }
      },
      close: () => abort.abort(),
    },
    random,
  );
}

/** What a refusal means: 403 and 404 take the key away, all else says that it cannot be asked now. */
function vaultFailure(error: unknown, id: string): Error {
  const status: unknown = error instanceof Error ? Reflect.get(error, 'statusCode') : undefined;
  // The message of the client's error may quote the request; its code says enough.
  if (status === 403 || status === 404 || status === 410) {
    return keysError('KEYS_REVOKED', `The vault does not let us use ${id} (${String(status)}).`);
  }
  if (status === 400) {
    return keysError('KEYS_OPEN_FAILED', `The vault does not open what ${id} wrapped (400).`);
  }
  const why = typeof status === 'number' ? String(status) : errorName(error);
  return keysError('KEYS_UNREACHABLE', `The vault of ${id} cannot be asked (${why}).`);
}

const errorName = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown';
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : error.name;
};
