import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@strongroom/base';
import { HttpError } from './errors.js';
import { httpLimits } from './limits.js';
import { readRequestPath } from './request-path.js';
import type { Incoming, Outgoing } from './request.js';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';

/**
 * The one listener. TLS 1.2 or newer; a client certificate is asked for, never demanded: people and
 * SDKs come with tokens and sessions, and only the agents' routes look at the certificate (and
 * refuse where the authority did not vouch for it).
 */
export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly certificate: { readonly certificatePem: string; readonly privateKeyPem: string };
  /** The authorities that agents' certificates must come from, PEM. */
  readonly agentAuthorityPem: string;
  /** Names and addresses that a request may be for; others get 421. Lower case. */
  readonly names: ReadonlySet<string>;
  readonly random: Random;
  readonly log: Log;
  /** Answers everything that no raw mount takes. */
  readonly handle: (request: Incoming, peer: Peer) => Promise<Outgoing | undefined>;
  /** Handlers of whole path prefixes that speak to Node's objects themselves. */
  readonly raw: readonly RawMount[];
}

/** The other end of the connection. */
export interface Peer {
  /** DER of a client certificate that chains to the agents' authority and is in its time. */
  readonly certificate: Uint8Array | undefined;
  readonly socket: Socket;
}

export interface RawMount {
  /** Lower case, starts with a slash, no trailing slash. */
  readonly prefix: string;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export interface Listener {
  readonly port: number;
  /** From the next connection on: the certificate, and whom agents' certificates must come from. */
  replaceCertificate(certificate: ListenerOptions['certificate'], agentAuthorityPem: string): void;
  /** Stops accepting, lets open requests end (bounded), then closes all connections. */
  close(): Promise<void>;
}

/** AEAD suites with forward secrecy only; TLS 1.3 brings its own. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
].join(':');

/** Headers of every answer; a handler's own win. */
const commonHeaders = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Opens the listener. Rejects where the port is taken or may not be used. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const server = createServer(
    {
      cert: options.certificate.certificatePem,
      key: options.certificate.privateKeyPem,
      ca: options.agentAuthorityPem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ciphers,
      honorCipherOrder: true,
      handshakeTimeout: httpLimits.tlsHandshakeTimeoutMs,
      maxHeaderSize: httpLimits.headerBytesMax,
      headersTimeout: httpLimits.headersTimeoutMs,
      requestTimeout: httpLimits.requestTimeoutMs,
      keepAliveTimeout: httpLimits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1_000,
      insecureHTTPParser: false,
      // A missing Host is refused below, in the shape of every other refusal.
      requireHostHeader: false,
      noDelay: true,
    },
    (request, response) => {
      void answer(request, response, options);
    },
  );
  server.maxConnections = httpLimits.connectionsMax;
  server.maxHeadersCount = httpLimits.headersCountMax;
  server.maxRequestsPerSocket = httpLimits.requestsPerSocketMax;
  // A failed handshake or a malformed request concerns that connection alone.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('clientError', refuseMalformed);
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const refusal = new HttpError(417, 'ExpectationFailed', 'Only 100-continue can be expected.');
    void sendError(request, response, refusal, options.random.uuid(), options.log);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      // Later ones are of single connections that could not be accepted (no descriptor left, say):
      // without a listener each would end the service.
      server.on('error', (error) => options.log.error('accept failed', errorFields(error)));
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    replaceCertificate: ({ certificatePem, privateKeyPem }, agentAuthorityPem) => {
      server.setSecureContext({
        cert: certificatePem,
        key: privateKeyPem,
        ca: agentAuthorityPem,
        minVersion: 'TLSv1.2',
        ciphers,
        honorCipherOrder: true,
      });
    },
    close: () => closeServer(server),
  };
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  await Promise.race([closed, delay(httpLimits.drainTimeoutMs)]);
  server.closeAllConnections();
  await closed;
}

/** What the parser refuses (smuggling attempts among it) gets an answer in our shape, then the end. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  const [status, code] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'RequestHeadersTooLarge']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'RequestTimeout']
        : ['400 Bad Request', 'MalformedRequest'];
  const body = JSON.stringify({ error: { code, message: 'The request could not be read.' } });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
  // The other side may never close: then nobody else would, and connections are counted.
  setTimeout(() => socket.destroy(), httpLimits.refusedLingerMs).unref();
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: ListenerOptions,
): Promise<void> {
  const correlationId = options.random.uuid();
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the client went away'));
  });
  response.on('error', () => gone.abort(new Error('the connection broke')));
  try {
    const path = readRequestPath(request.url ?? '/');
    const origin = readOrigin(request, options.names);
    const mount = options.raw.find(
      ({ prefix }) => path.key === prefix || path.key.startsWith(`${prefix}/`),
    );
    if (mount !== undefined) {
      for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value);
      await mount.handle(request, response);
      return;
    }
    const incoming: Incoming = {
      method: request.method ?? 'GET',
      path,
      headers: singleHeaders(request),
      origin,
      callerIp: request.socket.remoteAddress ?? '',
      correlationId,
      signal: gone.signal,
      // Leaving the loop early must not cut the connection: the refusal has yet to be sent.
      body: request.iterator({ destroyOnReturn: false }),
    };
    const outgoing = await options.handle(incoming, readPeer(request));
    if (outgoing === undefined) {
      throw new HttpError(404, 'PathNotFoundError', 'Nothing is served at this path.');
    }
    await send(request, response, outgoing, correlationId, gone.signal);
  } catch (error) {
    await sendError(request, response, error, correlationId, options.log);
  }
}

/**
 * `https://host:port` as the client called us. The name must be one of ours: an issuer or a link
 * built from any other would let a forged `Host` speak for us.
 */
function readOrigin(request: IncomingMessage, names: ReadonlySet<string>): string {
  const host = request.headers.host ?? '';
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?$/.exec(host.toLowerCase());
  const name = match?.[1]?.replace(/^\[|\]$/g, '');
  if (name === undefined || !names.has(name)) {
    throw new HttpError(
      421,
      'MisdirectedRequest',
      'This service is not configured under that host name; see --host.',
    );
  }
  return `https://${host.toLowerCase()}`;
}

function singleHeaders(request: IncomingMessage): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = Object.create(null);
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

function readPeer(request: IncomingMessage): Peer {
  const { socket } = request;
  if (!(socket instanceof TLSSocket) || !socket.authorized) {
    return { certificate: undefined, socket };
  }
  const { raw } = socket.getPeerCertificate(false);
  return { certificate: raw === undefined ? undefined : new Uint8Array(raw), socket };
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  outgoing: Outgoing,
  correlationId: string,
  signal: AbortSignal,
): Promise<void> {
  const headers: Record<string, string | number> = {
    ...commonHeaders,
    'x-ms-request-id': correlationId,
    ...outgoing.headers,
  };
  const { body } = outgoing;
  if (!request.complete) headers['connection'] = 'close';
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = body === undefined ? undefined : Buffer.from(body);
    if (outgoing.status !== 204) headers['content-length'] = bytes?.length ?? 0;
    response.writeHead(outgoing.status, headers);
    const shown = request.method === 'HEAD' ? undefined : bytes;
    if (shown !== undefined && !request.complete) {
      // Node closes the connection with the answer's end. A sender that still writes would see a
      // reset and not the answer: so the answer goes out now and ends after its body was read.
      response.write(shown);
      await discardRest(request);
      response.end();
    } else response.end(shown);
  } else {
    response.writeHead(outgoing.status, headers);
    for await (const chunk of body) {
      if (signal.aborted || request.method === 'HEAD') break;
      if (!response.write(chunk)) await drained(response, signal);
    }
    if (signal.aborted) return;
    response.end();
  }
  // Memory is held until it is taken. Where the answer is through, Node sets its own, longer or
  // shorter, time for the next request.
  if (!response.writableFinished) response.setTimeout(httpLimits.answerStalledMs);
  await discardRest(request);
}

/** Resolves when the response takes more, or never will: who takes nothing for long is cut off. */
function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), httpLimits.answerStalledMs);
    const done = (): void => {
      clearTimeout(timer);
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/**
 * Reads what is left of a body, bounded: closing at once would reset the connection before the
 * sender has read why it was refused.
 */
async function discardRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  let left: number = httpLimits.discardedBytesMax;
  const timer = setTimeout(() => request.destroy(), httpLimits.discardTimeoutMs);
  await new Promise<void>((resolve) => {
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) request.destroy();
    });
    request.once('end', resolve);
    request.once('close', resolve);
    request.once('error', () => resolve());
    request.resume();
  });
  clearTimeout(timer);
}

/** What reading a body throws once its sender is gone. */
const isHangUp = (request: IncomingMessage, error: unknown): boolean =>
  request.destroyed && (error as NodeJS.ErrnoException | undefined)?.code === 'ECONNRESET';

async function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  correlationId: string,
  log: Log,
): Promise<void> {
  if (!(error instanceof HttpError)) {
    // A stranger who hangs up in the middle of a body is no failure, and must not fill the log.
    if (!isHangUp(request, error)) {
      log.error('request failed', { correlationId, ...errorFields(error) });
    }
  } else if (error.status >= 500 && error.status !== 503) {
    log.error('request failed', { correlationId, ...errorFields(error.cause ?? error) });
  }
  if (response.headersSent || response.destroyed) {
    // The status is out already: cutting the connection is the only honest sign of failure left.
    response.destroy();
    return;
  }
  const known =
    error instanceof HttpError
      ? error
      : new HttpError(500, 'InternalServerError', 'The service failed. Quote the correlation id.');
  const outgoing: Outgoing = {
    status: known.status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...known.headers },
    body: JSON.stringify(known.body(correlationId)),
  };
  try {
    await send(request, response, outgoing, correlationId, new AbortController().signal);
  } catch (failure) {
    log.error('answer failed', { correlationId, ...errorFields(failure) });
    response.destroy();
  }
}
