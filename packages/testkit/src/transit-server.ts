import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testAuthority } from './test-authority.js';

/**
 * A server of our own that answers `encrypt` and `decrypt` as the documented API of the Transit
 * engine of Vault and OpenBao does. It is neither of them.
 */
export interface TestTransit {
  readonly url: string;
  readonly authorityPem: string;
  readonly token: string;
  createKey(name: string): void;
  /** `forbidden`: 403. `deleted`: 400 `encryption key not found`. `sealed`: 503. */
  set(name: string, state: 'enabled' | 'forbidden' | 'deleted' | 'sealed'): void;
  close(): Promise<void>;
}

interface TransitKey {
  state: 'enabled' | 'forbidden' | 'deleted' | 'sealed';
  readonly versions: Buffer[];
}

export async function startTestTransit(): Promise<TestTransit> {
  const { authority } = await testAuthority();
  const { certificatePem, privateKeyPem } = await authority.issueServerCertificate({
    names: ['localhost', '127.0.0.1'],
    days: 1,
  });
  const token = `hvs.${randomBytes(16).toString('hex')}`;
  const keys = new Map<string, TransitKey>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const match = /^\/v1\/transit\/(encrypt|decrypt)\/([^/]+)$/.exec(request.url ?? '');
    const key = keys.get(match?.[2] ?? '');
    if (key?.state === 'sealed') return send(503, { errors: ['Vault is sealed'] });
    if (request.headers['x-vault-token'] !== token || key?.state === 'forbidden') {
      return send(403, { errors: ['1 error occurred:\n\t* permission denied\n\n'] });
    }
    if (match === null) return send(404, { errors: [] });
    if (key === undefined || key.state === 'deleted') {
      return send(400, { errors: ['encryption key not found'] });
    }
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, string>;
    if (match[1] === 'encrypt') {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key.versions.at(-1)!, nonce);
      const sealed = Buffer.concat([
        nonce,
        cipher.update(Buffer.from(body['plaintext'] ?? '', 'base64')),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      const version = key.versions.length;
      return send(200, {
        data: {
          ciphertext: `vault:v${version}:${sealed.toString('base64')}`,
          key_version: version,
        },
      });
    }
    const parts = /^vault:v(\d+):(.+)$/.exec(body['ciphertext'] ?? '');
    const secret = key.versions[Number(parts?.[1]) - 1];
    if (parts === null || secret === undefined) {
      return send(400, { errors: ['invalid ciphertext: no prefix'] });
    }
    const bytes = Buffer.from(parts[2]!, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12), {
        authTagLength: 16,
      });
      decipher.setAuthTag(bytes.subarray(-16));
      const plain = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      return send(200, { data: { plaintext: plain.toString('base64') } });
    } catch {
      return send(400, { errors: ['cipher: message authentication failed'] });
    }
  };
  const server = createServer(
    { cert: certificatePem, key: privateKeyPem },
    (request, response) => void answer(request, response).catch(() => response.destroy()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    authorityPem: authority.certificatePem,
    token,
    createKey: (name) => {
      const key = keys.get(name) ?? { state: 'enabled', versions: [] };
      key.versions.push(randomBytes(32));
      keys.set(name, key);
    },
    set: (name, state) => {
      const key = keys.get(name);
      if (key !== undefined) key.state = state;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
