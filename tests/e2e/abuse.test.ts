import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { connect as netConnect } from 'node:net';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

/**
 * A stranger and a badly behaved client against every route: broken, odd and cut-off requests by a
 * seed. Whatever comes, the process stays, its memory stays bounded, and others are served.
 */
const seed = Number(process.env['SEED'] ?? 20_261_123);
const requestCount = Number(process.env['ABUSE_REQUESTS'] ?? 480);

let service: Service;
let authorization: string;
/** What ends the connections that are still open: each would keep this process alive. */
const opened = new Set<() => void>();

before(async () => {
  service = await Service.start();
  authorization = await bearer(service);
});
after(async () => {
  for (const end of opened) end();
  await service.remove();
});

/** Numbers from 0 to `below` (exclusive) by a seed: mulberry32. */
function numbers(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A connection below TLS too, so that it can be reset, or kept half open. */
async function open(): Promise<{ socket: TLSSocket; reset: () => void; closed: Promise<void> }> {
  const base = new URL(service.bootstrap.url);
  const below = netConnect({ host: base.hostname, port: Number(base.port), allowHalfOpen: true });
  below.on('error', () => undefined);
  const socket = connect({ socket: below, servername: base.hostname, ca: service.ca });
  socket.on('error', () => undefined);
  const end = (): void => {
    socket.destroy();
    below.destroy();
  };
  opened.add(end);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  await once(socket, 'secureConnect');
  return { socket, closed, reset: () => below.resetAndDestroy() };
}

const residentMb = (): number => {
  const status = readFileSync(`/proc/${service.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
};

async function isServed(): Promise<void> {
  const answer = await raw(service, {
    method: 'POST',
    path: `/v1/workspaces/${service.bootstrap.workspaceId}/query`,
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'print 1' }),
  });
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
}

test(`broken, odd and cut-off requests leave the service as it was (seed ${seed})`, async () => {
  const pick = numbers(seed);
  const one = <T>(list: readonly T[]): T => list[pick(list.length)]!;
  const { host } = new URL(service.bootstrap.url);
  const known = service.bootstrap;
  const paths = [
    '/',
    '*',
    '//',
    '/%',
    '/%2e%2e/x',
    '/portal/',
    '/portal/index.html',
    '/portal/nothing.js',
    '/auth/sign-in?returnTo=//evil.example',
    '/auth/callback?code=x&state=y',
    '/auth/sign-out',
    '/oidc/auth?client_id=strongroom-cli',
    '/oidc/token',
    '/oidc/device/auth',
    '/oidc/device',
    '/oidc/token/revocation',
    '/oidc/request',
    '/oidc/jwks',
    '/oidc/.well-known/openid-configuration',
    '/oidc/interaction/abc',
    '/oidc/interaction/%00',
    '/OIDC/auth',
    '//oidc//token',
    '/api/session',
    '/api/users',
    '/api/workspaces',
    '/api/me/password',
    `/api/workspaces/${known.workspaceId}/agents`,
    `/api/workspaces/${known.workspaceId}/enrollmentkeys`,
    '/agents/v1/enroll',
    '/agents/v1/configuration',
    '/agents/v1/streams/Microsoft-Syslog',
    `/${known.tenantId}/oauth2/v2.0/token`,
    `/${known.tenantId}/discovery/v2.0/keys`,
    `/v1/workspaces/${known.workspaceId}/query`,
    '/v1/$batch',
    `/v1/workspaces/${known.workspaceId}/metadata`,
    `${known.workspaceResourceId}?api-version=2025-07-01`,
    `${known.workspaceResourceId}/tables/X_CL?api-version=2025-07-01`,
    `${known.workspaceResourceId}/tables/__proto__?api-version=2025-07-01`,
    `/dataCollectionRules/${known.dcrImmutableId}/streams/${known.streamName}?api-version=2023-01-01`,
    `/providers/Microsoft.Authorization/roleAssignments/x?api-version=2022-04-01`,
  ];
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'];
  const types = [
    'application/json',
    'application/x-www-form-urlencoded',
    'application/x-ndjson',
    'multipart/form-data; boundary=x',
    '\u00ff',
  ];
  const bodies = [
    '',
    '{',
    '{}',
    '[]',
    'null',
    '1',
    '{"__proto__":{"x":1},"constructor":null}',
    '{"query":{},"workspaces":7,"requests":[{"id":"1","workspace":"x"}]}',
    `{"query":"${'('.repeat(2_000)}"}`,
    `{"properties":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`,
    'grant_type=client_credentials&scope=%ff%00&client_id=%f0%28',
    `grant_type=client_credentials&scope=${'/'.repeat(20_000)}x`,
    'grant_type=refresh_token&refresh_token=x&client_id=strongroom-cli',
    'grant_type=authorization_code&code=x&client_id=strongroom-portal&client_secret=x',
    `client_id=strongroom-cli&scope=openid&user_code=${'A'.repeat(2_000)}`,
    '[{"TimeGenerated":"2026-01-01T00:00:00Z"}]',
    '\u0000\u0001\u0002',
  ];
  const odd = [
    '',
    '',
    'connection: close\r\n',
    'upgrade: websocket\r\nconnection: upgrade\r\n',
    'expect: 100-continue\r\n',
    'expect: something\r\n',
    'content-encoding: gzip\r\n',
    'cookie: __Host-strongroom-session=x; strongroom-oidc=y; __Host-strongroom-sign-in=z\r\n',
    'authorization: Basic eDp5\r\n',
    'authorization: Bearer a.b.c\r\n',
    'origin: https://evil.example\r\nsec-fetch-site: cross-site\r\n',
    'x-forwarded-for: 1.2.3.4\r\nx-workspace: y\r\nx-http-method-override: DELETE\r\n',
    'accept-encoding: br\r\nrange: bytes=0-1\r\nif-none-match: *\r\n',
    `x-long: ${'a'.repeat(9_000)}\r\n`,
    'transfer-encoding: chunked\r\n',
    'bad header\r\n',
  ];
  const statuses = new Map<number, number>();
  const wrong: string[] = [];
  const attempt = async (): Promise<void> => {
    const method = one(methods);
    const path = one(paths);
    const body = one(bodies);
    const head =
      `${method} ${path} HTTP/1.1\r\n` +
      (pick(20) === 0 ? '' : `host: ${pick(20) === 0 ? 'evil.example' : host}\r\n`) +
      (pick(4) === 0 ? `authorization: ${authorization}\r\n` : '') +
      one(odd) +
      (pick(8) === 0 ? '' : `content-type: ${one(types)}\r\n`) +
      `content-length: ${Buffer.byteLength(body) + (pick(6) === 0 ? 50 : 0)}\r\n\r\n`;
    const all = Buffer.from(head + body);
    const ending = pick(4);
    const { socket, closed, reset } = await open();
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      if (text.length < 4_096) text += chunk.toString('latin1');
    });
    // Cut off in the middle; half closed; two at once; or as it should be.
    if (ending === 0) socket.write(all.subarray(0, pick(all.length) + 1));
    else if (ending === 1) socket.write(Buffer.concat([all, all]));
    else socket.write(all);
    if (ending === 2) socket.end();
    const patience = new Promise((resolve) => setTimeout(resolve, 40 + pick(120)));
    await Promise.race([closed, patience]);
    if (pick(2) === 0) reset();
    socket.destroy();
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status >= 500 && status !== 503)
      wrong.push(`${status} ${method} ${path} ${body.slice(0, 60)}`);
  };
  for (let sent = 0; sent < requestCount; sent += 16) {
    await Promise.all(Array.from({ length: 16 }, attempt));
  }
  assert.deepEqual(wrong, [], 'no request makes the service fail');
  assert.ok((statuses.get(400) ?? 0) > 0 && (statuses.get(401) ?? 0) > 0, 'requests arrived');
  assert.ok(!/"level":"error"/.test(service.output), service.output.slice(-2_000));
  await isServed();
  assert.ok(residentMb() < 400, `${residentMb()} MB`);
});

test('every refusal has the common shape', async () => {
  const { host } = new URL(service.bootstrap.url);
  for (const [request, status] of [
    ['GET / HTTP/1.1\r\nconnection: close\r\n\r\n', 421],
    [`POST / HTTP/1.1\r\nhost: ${host}\r\nexpect: x\r\ncontent-length: 0\r\n\r\n`, 417],
    [`GET / HTTP/1.1\r\nhost: ${host}\r\nbad header\r\n\r\n`, 400],
    [`GET /${'x'.repeat(40_000)} HTTP/1.1\r\nhost: ${host}\r\n\r\n`, 431],
    [`OPTIONS * HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`, 404],
  ] as const) {
    const { socket } = await open();
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write(request);
    await eventually(
      async () => text,
      (now) => now.includes('"error"'),
      3_000,
    );
    socket.destroy();
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), request.slice(0, 60));
    const body = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as {
      error: { code: string; message: string };
    };
    assert.ok(body.error.code && body.error.message);
  }
});

test('a refused connection ends though the other side keeps it open', async () => {
  const { socket, closed } = await open();
  socket.resume();
  socket.write('no request\r\n\r\n');
  // The client never ends: TCP tells it that the server did, with the next thing that it sends.
  const poke = setInterval(() => socket.write('x'), 500);
  const ended = await Promise.race([
    closed.then(() => true),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 10_000)),
  ]);
  clearInterval(poke);
  socket.destroy();
  assert.ok(ended);
});

test('clients that ask for files and never read them hold little memory', async () => {
  const page = await raw(service, { method: 'GET', path: '/portal/' });
  const script = /src="(\/portal\/assets\/[^"]+\.js)"/.exec(page.text)?.[1];
  assert.ok(script, 'the page names its script');
  const { host } = new URL(service.bootstrap.url);
  const beforeMb = residentMb();
  const sockets = await Promise.all(Array.from({ length: 100 }, open));
  for (const { socket } of sockets) {
    socket.pause();
    socket.write(`GET ${script} HTTP/1.1\r\nhost: ${host}\r\n\r\n`.repeat(4));
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const afterMb = residentMb();
  await isServed();
  for (const { socket } of sockets) socket.destroy();
  assert.ok(afterMb - beforeMb < 100, `${beforeMb} MB became ${afterMb} MB`);
});

test('after all of it, rows go in and come out', async () => {
  const clients = azureClients(service);
  const { dcrImmutableId, streamName, workspaceId } = service.bootstrap;
  await clients.ingestion.upload(dcrImmutableId, streamName, [
    { TimeGenerated: new Date().toISOString(), FilePath: '/after', RawData: 'still here' },
  ]);
  const rows = await eventually(
    () => rowsOf(clients, workspaceId, 'Text_CL | where FilePath == "/after"'),
    (found) => found.length > 0,
  );
  assert.equal(rows.length, 1);
});
