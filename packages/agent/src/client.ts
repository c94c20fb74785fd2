import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { agentError, codeOf, messageOf } from './errors.js';
import { limits } from './limits.js';
import { serverAddress } from './pin.js';

/** An answer that arrived whole. */
export interface Answer {
  readonly arrived: true;
  readonly status: number;
  readonly text: string;
  /** What `Retry-After` asks for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  header(name: string): string | undefined;
}

/** What proves the agent and what it trusts, as PEM. */
export interface Credentials {
  readonly authority: string;
  /** Absent before enrolment. */
  readonly certificate?: string;
  readonly privateKey?: string;
}

/** How a request failed, where no answer came. */
export interface NoAnswer {
  readonly arrived: false;
  /** True where TLS itself refused us: our certificate is revoked, expired or unknown there. */
  readonly identityRefused: boolean;
  readonly reason: string;
}

/** Alerts by which a server refuses a client's certificate (RFC 8446 §6.2). */
const refusedAlerts =
  /alert (bad certificate|unsupported certificate|certificate (revoked|expired|unknown|required)|unknown ca|access denied)/i;
const refusedCodes =
  /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED)/;

/** Reads `Retry-After` (RFC 9110 §10.2.3): seconds or a date. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), limits.retryAfterMsMax);
}

/**
 * HTTPS to one service, connections kept. It trusts one authority and nothing else: neither the
 * system's authorities nor the environment.
 */
export class ServiceClient {
  readonly #base: URL;
  readonly #agent: Agent;
  readonly #now: () => number;

  /** `url` is `https://HOST:PORT`. Throws `AGENT_BAD_ADDRESS`. */
  constructor(options: { url: string; credentials: Credentials; now: () => number }) {
    const { url, host } = serverAddress(options.url);
    const { credentials } = options;
    this.#base = url;
    this.#now = options.now;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: limits.inFlightMax + 1,
      scheduling: 'lifo',
      minVersion: 'TLSv1.2',
      ca: credentials.authority,
      rejectUnauthorized: true,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(credentials.certificate === undefined ? {} : { cert: credentials.certificate }),
      ...(credentials.privateKey === undefined ? {} : { key: credentials.privateKey }),
    });
  }

  /** Sends one request. A missing answer is a value, not an error. */
  send(options: {
    method: 'GET' | 'POST';
    path: string;
    headers?: Record<string, string>;
    body?: Uint8Array;
    signal?: AbortSignal;
  }): Promise<Answer | NoAnswer> {
    return new Promise((resolve) => {
      let settled = false;
      const settle = (result: Answer | NoAnswer): void => {
        if (settled) return;
        settled = true;
        resolve(result);
      };
      const failed = (error: unknown): void =>
        settle({
          arrived: false,
          identityRefused: refusedAlerts.test(messageOf(error)) || refusedCodes.test(codeOf(error)),
          reason: messageOf(error),
        });
      const read = (message: IncomingMessage): void => {
        const chunks: Buffer[] = [];
        let size = 0;
        message.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > limits.responseBytesMax)
            outgoing.destroy(new Error('the answer is too large'));
          else chunks.push(chunk);
        });
        message.on('error', failed);
        message.on('aborted', () => failed(new Error('the answer was cut off')));
        message.on('end', () => {
          const header = (name: string): string | undefined => {
            const value = message.headers[name];
            return Array.isArray(value) ? value[0] : value;
          };
          settle({
            arrived: true,
            status: message.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
            retryAfterMs: parseRetryAfter(header('retry-after'), this.#now()),
            header,
          });
        });
      };
      const outgoing = request(
        new URL(options.path, this.#base),
        {
          method: options.method,
          agent: this.#agent,
          timeout: limits.requestTimeoutMs,
          headers: {
            ...options.headers,
            ...(options.method === 'POST'
              ? { 'content-length': String(options.body?.length ?? 0) }
              : {}),
          },
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        },
        read,
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
      outgoing.on('error', failed);
      outgoing.end(options.body);
    });
  }

  /** Ends all connections; requests under way fail. */
  close(): void {
    this.#agent.destroy();
  }
}

/** The JSON of an answer. Throws `AGENT_PROTOCOL`. */
export function jsonOf(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    throw agentError('AGENT_PROTOCOL', 'The service did not answer in JSON.', { cause });
  }
}

/** What an error answer says, short enough for a line. */
export function refusalOf(answer: Answer): string {
  try {
    const body: unknown = JSON.parse(answer.text);
    const error = (body as { error?: { code?: unknown; message?: unknown } } | null)?.error;
    if (typeof error?.code === 'string') {
      const message = typeof error.message === 'string' ? `: ${error.message}` : '';
      return `${answer.status} ${error.code}${message}`.slice(0, 400);
    }
  } catch {
    // The status alone says it.
  }
  return String(answer.status);
}
