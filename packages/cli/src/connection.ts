import { request as httpsRequest, Agent } from 'node:https';
import { readErrorBody } from '@strongroom/api';
import { cliError } from './errors.js';

/** One service, reached over TLS with its authority's certificate and nothing else trusted. */
export interface Connection {
  readonly url: string;
  send(request: ClientRequest): Promise<ClientResponse>;
  close(): void;
}

export interface ClientRequest {
  readonly method: string;
  /** Path and query, from the slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly timeoutMs?: number;
}

export interface ClientResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/** Largest answer that the client reads into memory: above the query API's own cap. */
const responseBytesMax = 160 * 1024 * 1024;

/** Opens connections to `url`; `authorityPem` is what its certificate must chain to. */
export function openConnection(url: string, authorityPem: string | undefined): Connection {
  const base = new URL(url);
  if (base.protocol !== 'https:') {
    throw cliError('CLI_USAGE', `The service's address must begin with https://, not ${url}.`);
  }
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 8,
    minVersion: 'TLSv1.2',
    ...(authorityPem === undefined ? {} : { ca: authorityPem }),
  });
  return {
    url: base.origin,
    send: (request) => exchange(base, agent, request),
    close: () => agent.destroy(),
  };
}

function exchange(base: URL, agent: Agent, request: ClientRequest): Promise<ClientResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      {
        agent,
        method: request.method,
        hostname: base.hostname.replaceAll(/^\[|\]$/g, ''),
        port: base.port === '' ? 443 : base.port,
        path: request.path,
        headers: {
          ...request.headers,
          ...(request.body === undefined
            ? {}
            : { 'content-length': String(Buffer.byteLength(request.body)) }),
        },
        timeout: request.timeoutMs ?? 60_000,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > responseBytesMax) {
            incoming.destroy();
            reject(cliError('CLI_FAILED', 'The answer is too large; narrow the query.'));
            return;
          }
          chunks.push(chunk);
        });
        incoming.once('error', reject);
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks),
          }),
        );
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.once('error', (cause: NodeJS.ErrnoException) => reject(unreachable(base, cause)));
    outgoing.end(request.body);
  });
}

function unreachable(base: URL, cause: NodeJS.ErrnoException): Error {
  const untrusted = /CERT|SELF_SIGNED|UNABLE_TO/.test(cause.code ?? '');
  return cliError(
    'CLI_UNREACHABLE',
    untrusted
      ? `The certificate of ${base.origin} is not from the authority that this client trusts.`
      : `Nothing answers at ${base.origin} (${cause.code ?? cause.message}).`,
    {
      cause,
      hint: untrusted
        ? 'Give the service’s authority with --ca-file, or use its bootstrap.json with --data.'
        : 'Is the service running? `npm start` starts it.',
    },
  );
}

/** The body as JSON; throws where the status says failure. */
export function readJson(
  response: ClientResponse,
  parse: (text: string) => unknown = JSON.parse,
): unknown {
  const text = new TextDecoder().decode(response.body);
  const failed = response.status < 200 || response.status > 299;
  let body: unknown;
  try {
    body = text === '' ? undefined : parse(text);
  } catch (cause) {
    if (!failed) {
      throw cliError('CLI_FAILED', `The answer (${response.status}) is not whole.`, { cause });
    }
  }
  if (failed) throw responseError(response.status, body);
  return body;
}

/** What a refusal means for the person. */
export function responseError(status: number, body: unknown): Error {
  const error = readErrorBody(body);
  const text = error === undefined ? `The service answered ${status}.` : innermost(error);
  const options = error?.hint === undefined ? {} : { hint: error.hint };
  if (status === 401) {
    return cliError('CLI_NOT_SIGNED_IN', text, { hint: 'Sign in with `strongroom login`.' });
  }
  if (status === 403) return cliError('CLI_REFUSED', text, options);
  if (status === 404) return cliError('CLI_NOT_FOUND', text, options);
  if (status === 429 || status === 503) return cliError('CLI_UNREACHABLE', text, options);
  return cliError('CLI_FAILED', text, options);
}

type ErrorDetail = NonNullable<ReturnType<typeof readErrorBody>>;

const particular = (error: ErrorDetail): ErrorDetail =>
  error.innererror === undefined ? error : particular(error.innererror);

/** The most particular errors: where, what, and what to do about it. */
function innermost(error: ErrorDetail): string {
  const inner = particular(error);
  const several = error.details ?? inner.details ?? [];
  return (several.length > 0 ? several.map(particular) : [inner])
    .map(
      (detail) =>
        `${place(detail)}${detail.code}: ${detail.message}` +
        (detail.hint === undefined || detail === error ? '' : `\n  ${detail.hint}`),
    )
    .join('\n');
}

const place = (detail: { line?: number; pos?: number }): string =>
  detail.line === undefined ? '' : `line ${detail.line}, column ${detail.pos ?? 1}: `;
