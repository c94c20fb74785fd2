import { Agent, request } from 'node:https';
import { fromBase64, fromUtf8, toBase64, utf8 } from '@strongroom/base';
import type { Random } from '@strongroom/base';
import { keysError } from './errors.js';
import type { KeyProvider } from './key-provider.js';
import { limits } from './limits.js';
import { remoteProvider } from './remote-provider.js';

/** A key of the Transit engine of HashiCorp Vault or OpenBao. */
export interface TransitOptions {
  /** `https://HOST:8200`. */
  readonly url: string;
  /** Where the engine is mounted; `transit` by default. */
  readonly mount?: string;
  readonly keyName: string;
  /** Asked for with each request, so that a renewed token is seen. */
  readonly token: () => Promise<string>;
  readonly namespace?: string;
  /** Certificates to trust besides the system's, PEM. */
  readonly authorityPem?: string;
  readonly random: Random;
}

const address =
  /^(https:\/\/[a-z0-9.-]+(?::\d{1,5})?)\/([A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*)\/([A-Za-z0-9_.-]{1,128})$/;

/** Parts of `https://HOST:PORT/MOUNT/KEY`, or undefined. */
export function parseTransitKey(
  text: string,
): { url: string; mount: string; keyName: string } | undefined {
  const match = address.exec(text);
  if (match === null) return undefined;
  return { url: match[1]!, mount: match[2]!, keyName: match[3]! };
}

/** A root key in Transit: `encrypt` and `decrypt` of a key of one use. */
export function openTransit(options: TransitOptions): KeyProvider {
  const { keyName, random } = options;
  const mount = options.mount ?? 'transit';
  const url = options.url.replace(/\/+$/, '').toLowerCase();
  const id = `transit:${url}/${mount}/${keyName}`;
  if (parseTransitKey(`${url}/${mount}/${keyName}`) === undefined) {
    throw keysError('KEYS_BAD_NAME', 'The address, mount or name of the transit key is no such.');
  }
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 4,
    minVersion: 'TLSv1.2',
    ...(options.authorityPem === undefined ? {} : { ca: options.authorityPem }),
  });
  const call = async (
    operation: 'encrypt' | 'decrypt',
    body: Readonly<Record<string, string>>,
    member: string,
  ): Promise<string> => {
    const answer = await post(agent, {
      url: `${url}/v1/${mount}/${operation}/${encodeURIComponent(keyName)}`,
      id,
      body: JSON.stringify(body),
      headers: {
        'x-vault-token': await options.token(),
        'x-vault-request': 'true',
        ...(options.namespace === undefined ? {} : { 'x-vault-namespace': options.namespace }),
      },
    });
    return readAnswer(answer, { id, member });
  };
  return remoteProvider(
    {
      id,
      async wrap(key) {
        const text = await call('encrypt', { plaintext: toBase64(key) }, 'ciphertext');
        const version = /^vault:(v\d+):/.exec(text)?.[1];
        if (version === undefined) {
          throw keysError('KEYS_UNREACHABLE', `The answer of ${id} is not Transit's.`);
        }
        return { version, wrapped: utf8(text) };
      },
      async unwrap({ wrapped }) {
        const text = await call('decrypt', { ciphertext: fromUtf8(wrapped) }, 'plaintext');
        return fromBase64(text);
      },
      close: () => agent.destroy(),
    },
    random,
  );
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function post(
  agent: Agent,
  options: { url: string; id: string; body: string; headers: Readonly<Record<string, string>> },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const failed = (why: string): void => {
      reject(keysError('KEYS_UNREACHABLE', `The vault of ${options.id} cannot be asked (${why}).`));
    };
    const outgoing = request(
      options.url,
      {
        agent,
        method: 'POST',
        timeout: limits.remoteRequestMs,
        headers: { ...options.headers, 'content-type': 'application/json' },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > limits.remoteAnswerBytesMax) incoming.destroy(new Error('too large'));
          else chunks.push(chunk);
        });
        incoming.once('error', () => failed('the answer broke off'));
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.once('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
    outgoing.end(options.body);
  });
}

/**
 * 403 (the token may not) and 404 or "key not found" take the key away; other refusals of a request
 * mean that the bytes do not open; a sealed, standby or overloaded vault cannot be asked now.
 */
function readAnswer(answer: Answer, of: { id: string; member: string }): string {
  const { id, member } = of;
  const { status, text } = answer;
  if (status === 200) {
    const value = memberOf(text, member);
    if (value !== undefined) return value;
    throw keysError('KEYS_UNREACHABLE', `The answer of ${id} is not Transit's.`);
  }
  const gone = status === 400 && /key not found|deleted|no longer|disabled/i.test(text);
  if (status === 403 || status === 404 || gone) {
    throw keysError('KEYS_REVOKED', `The vault does not let us use ${id} (${status}).`);
  }
  if (status === 400) {
    throw keysError('KEYS_OPEN_FAILED', `The vault does not open what ${id} wrapped (400).`);
  }
  throw keysError('KEYS_UNREACHABLE', `The vault of ${id} cannot be asked (${status}).`);
}

function memberOf(text: string, member: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || !('data' in body)) return undefined;
    const { data } = body;
    if (typeof data !== 'object' || data === null) return undefined;
    const value: unknown = Reflect.get(data, member);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
