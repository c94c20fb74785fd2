import {
  constants,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:https';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testAuthority } from './test-authority.js';

/**
 * A vault of our own that speaks the part of Azure Key Vault's API that `@azure/keyvault-keys` uses
 * to wrap and unwrap, with its challenge, over TLS, and the token endpoint that the challenge names.
 * It is no emulator of Azure's: what it answers follows Microsoft's documentation of the API.
 */
export interface TestKeyVault {
  /** `https://localhost:PORT`. */
  readonly url: string;
  /** To be trusted, PEM. */
  readonly authorityPem: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** A key's newest version, made where there is none. */
  createKey(name: string): string;
  /** `enabled`, `disabled` (403 KeyDisabled), `forbidden` (403), `deleted` (404), `down` (no answer). */
  set(name: string, state: KeyState): void;
  /** Operations asked for, in order: `wrapkey cmk`, `unwrapkey cmk`. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

export type KeyState = 'enabled' | 'disabled' | 'forbidden' | 'deleted' | 'down';

interface StoredKey {
  state: KeyState;
  readonly versions: Map<string, { privateKey: KeyObject; publicKey: KeyObject }>;
}

const tenantId = '5f0e6c3a-7b2d-4d5e-9f1a-2b3c4d5e6f70';
const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };

/** Starts the vault on a free port of the loopback. */
export async function startTestKeyVault(): Promise<TestKeyVault> {
  const { authority } = await testAuthority();
  const { certificatePem, privateKeyPem } = await authority.issueServerCertificate({
    names: ['localhost', '127.0.0.1'],
    days: 1,
  });
  const vault = new Vault();
  const server: Server = createServer(
    { cert: certificatePem, key: privateKeyPem },
    (request, response) => {
      vault.answer(request, response).catch(() => response.destroy());
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vault.url = `https://localhost:${(server.address() as AddressInfo).port}`;
  return {
    url: vault.url,
    authorityPem: authority.certificatePem,
    tenantId,
    clientId: vault.clientId,
    clientSecret: vault.clientSecret,
    asked: vault.asked,
    createKey: (name) => vault.createKey(name),
    set: (name, state) => {
      const key = vault.keys.get(name);
      if (key !== undefined) key.state = state;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Vault {
  url = '';
  readonly keys = new Map<string, StoredKey>();
  readonly asked: string[] = [];
  readonly clientId = '9d1c7a52-3e4f-4a6b-8c7d-0e1f2a3b4c5d';
  readonly clientSecret = randomBytes(24).toString('base64url');
  readonly #tokens = new Set<string>();

  createKey(name: string): string {
    const key = this.keys.get(name) ?? { state: 'enabled', versions: new Map() };
    const version = randomBytes(16).toString('hex');
    key.versions.set(version, generateKeyPairSync('rsa', { modulusLength: 2048 }));
    this.keys.set(name, key);
    return version;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const body = await readAll(request);
    const send = (status: number, value: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(value));
    };
    const segments = url.pathname.split('/');
    if (segments[1] !== 'keys') {
      this.#authority(url, body, send);
      return;
    }
    const [, , name = '', wanted = '', operation = ''] = segments;
    const key = this.keys.get(name);
    if (key?.state === 'down') {
      request.socket.destroy();
      return;
    }
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined || !this.#tokens.has(token)) {
      send(
        401,
        { error: { code: 'Unauthorized', message: 'AKV10000: no token' } },
        {
          'www-authenticate': `Bearer authorization="${this.url}/${tenantId}", resource="https://vault.azure.net"`,
        },
      );
      return;
    }
    const refuse = (status: number, code: string, inner?: string): void =>
      send(status, {
        error: {
          code,
          message: `Operation ${operation} is not allowed.`,
          ...(inner === undefined ? {} : { innererror: { code: inner } }),
        },
      });
    if (operation !== '') this.asked.push(`${operation.toLowerCase()} ${name}`);
    if (key === undefined || key.state === 'deleted') return refuse(404, 'KeyNotFound');
    if (key.state === 'forbidden') return refuse(403, 'Forbidden', 'AccessDenied');
    if (key.state === 'disabled') return refuse(403, 'Forbidden', 'KeyDisabled');
    const version = wanted === '' ? [...key.versions.keys()].at(-1)! : wanted;
    const pair = key.versions.get(version);
    if (pair === undefined) return refuse(404, 'KeyNotFound');
    const kid = `${this.url}/keys/${name}/${version}`;
    if (request.method === 'GET') {
      const { n, e } = pair.publicKey.export({ format: 'jwk' });
      send(200, {
        key: { kid, kty: 'RSA', key_ops: ['wrapKey', 'unwrapKey'], n, e },
        attributes: { enabled: true, created: 1, updated: 1, recoveryLevel: 'Recoverable' },
      });
      return;
    }
    const { alg, value } = JSON.parse(body) as { alg: string; value: string };
    if (alg !== 'RSA-OAEP-256') return refuse(400, 'BadParameter');
    const bytes = Buffer.from(value, 'base64url');
    try {
      const result =
        operation.toLowerCase() === 'wrapkey'
          ? publicEncrypt({ key: pair.publicKey, ...oaep }, bytes)
          : privateDecrypt({ key: pair.privateKey, ...oaep }, bytes);
      send(200, { kid, value: result.toString('base64url') });
    } catch {
      refuse(400, 'BadParameter');
    }
  }

  /** OpenID configuration and the client-credentials grant, as MSAL asks for them. */
  #authority(url: URL, body: string, send: (status: number, value: unknown) => void): void {
    const issuer = `${this.url}/${tenantId}/v2.0`;
    if (url.pathname.endsWith('/.well-known/openid-configuration')) {
      send(200, {
        issuer,
        authorization_endpoint: `${this.url}/${tenantId}/oauth2/v2.0/authorize`,
        token_endpoint: `${this.url}/${tenantId}/oauth2/v2.0/token`,
        jwks_uri: `${this.url}/${tenantId}/discovery/v2.0/keys`,
      });
      return;
    }
    if (url.pathname.endsWith('/oauth2/v2.0/token')) {
      const form = new URLSearchParams(body);
      const known =
        form.get('client_id') === this.clientId && form.get('client_secret') === this.clientSecret;
      if (!known || form.get('scope')?.startsWith('https://vault.azure.net/.default') !== true) {
        send(401, { error: 'invalid_client', error_description: 'AADSTS7000215' });
        return;
      }
      const token = randomBytes(24).toString('base64url');
      this.#tokens.add(token);
      send(200, {
        token_type: 'Bearer',
        expires_in: 3599,
        ext_expires_in: 3599,
        access_token: token,
      });
      return;
    }
    send(404, { error: { code: 'NotFound', message: 'nothing here' } });
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
