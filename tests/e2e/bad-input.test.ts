import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import type { RawAnswer } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

/**
 * Hostile input through the front door. Each case names its status and code (docs/bad-input.md);
 * afterwards the service still answers, and what was sent before is still there, once.
 */
let service: Service;
let authorization: string;
let ingestPath: string;
let queryPath: string;
const good = [{ TimeGenerated: new Date().toISOString(), FilePath: '/good', RawData: 'kept' }];

before(async () => {
  service = await Service.start();
  authorization = await bearer(service);
  const { dcrImmutableId, streamName, workspaceId } = service.bootstrap;
  ingestPath = `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`;
  queryPath = `/v1/workspaces/${workspaceId}/query`;
  assert.equal((await ingest({ body: JSON.stringify(good) })).status, 204);
});
after(() => service.remove());

function ingest(options: {
  path?: string;
  headers?: Record<string, string>;
  body: string | Uint8Array;
}): Promise<RawAnswer> {
  return raw(service, {
    method: 'POST',
    path: options.path ?? ingestPath,
    headers: { authorization, 'content-type': 'application/json', ...options.headers },
    body: options.body,
  });
}

const ask = (query: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  raw(service, {
    method: 'POST',
    path: queryPath,
    headers: { authorization, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, timespan: 'P1D' }),
  });

const row = (fields: string): string =>
  `[{"TimeGenerated":"2026-01-01T00:00:00Z","FilePath":"/bad","RawData":"x"${fields}}]`;

const ingestCases: readonly [
  why: string,
  request: () => Parameters<typeof ingest>[0],
  status: number,
][] = [
  ['malformed JSON', () => ({ body: '[{"a":1},{]' }), 400],
  ['JSON that ends early', () => ({ body: '[{"a":1' }), 400],
  ['bytes after the array', () => ({ body: `${row('')} x` }), 400],
  ['an array of numbers', () => ({ body: '[1,2]' }), 400],
  ['a bare string', () => ({ body: '"x"' }), 400],
  ['an empty body', () => ({ body: '' }), 400],
  ['bytes that are no UTF-8', () => ({ body: Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]) }), 400],
  ['JSON a million levels deep', () => ({ body: `[{"a":${'['.repeat(1_000_000)}` }), 400],
  ['a wrong content type', () => ({ body: row(''), headers: { 'content-type': 'text/xml' } }), 415],
  ['an unknown encoding', () => ({ body: row(''), headers: { 'content-encoding': 'br' } }), 415],
  ['gzip that is none', () => ({ body: row(''), headers: { 'content-encoding': 'gzip' } }), 400],
  [
    'gzip cut short',
    () => ({
      body: gzipSync(row('')).subarray(0, 40),
      headers: { 'content-encoding': 'gzip' },
    }),
    400,
  ],
  [
    'a gzip bomb',
    () => ({
      body: gzipSync(Buffer.alloc(256 * 1024 * 1024, 0x20), { level: 9 }),
      headers: { 'content-encoding': 'gzip' },
    }),
    413,
  ],
  ['a body over the limit', () => ({ body: `[${'{"RawData":"x"},'.repeat(4_000_000)}{}]` }), 413],
  [
    'an unknown rule',
    () => ({
      path: `/dataCollectionRules/dcr-${'0'.repeat(32)}/streams/Custom-Text_CL?api-version=2023-01-01`,
      body: row(''),
    }),
    404,
  ],
  [
    'an unknown stream',
    () => ({ path: ingestPath.replace('Text_CL', 'Nope_CL'), body: row('') }),
    400,
  ],
  ['no api-version', () => ({ path: ingestPath.split('?')[0]!, body: row('') }), 400],
  [
    'an unknown api-version',
    () => ({ path: ingestPath.replace('2023-01-01', '1999-01-01'), body: row('') }),
    400,
  ],
];

for (const [why, request, status] of ingestCases) {
  test(`ingest refuses ${why} with ${status}`, async () => {
    const answer = await ingest(request());
    assert.equal(answer.status, status, answer.text.slice(0, 300));
    assert.ok(answer.error?.code, answer.text.slice(0, 300));
    assert.ok(!/\bat .*\.js:\d+/.test(answer.text), 'no stack trace');
  });
}

test('a chunked body over the limit is refused as well', async () => {
  const base = new URL(service.bootstrap.url);
  const socket = connect({ host: base.hostname, port: Number(base.port), ca: service.ca });
  await once(socket, 'secureConnect');
  socket.write(
    `POST ${ingestPath} HTTP/1.1\r\nhost: ${base.host}\r\nauthorization: ${authorization}\r\n` +
      'content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  const part = Buffer.alloc(1024 * 1024, 0x20);
  for (let sent = 0; sent < 48 && !answer.startsWith('HTTP') && !socket.destroyed; sent += 1) {
    socket.write(`${part.length.toString(16)}\r\n`);
    socket.write(part);
    // The refusal may come, and the connection end, at any moment: that is what is tested.
    if (!socket.write('\r\n')) await once(socket, 'drain').catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(
    async () => answer,
    (text) => text.startsWith('HTTP'),
    5_000,
  );
  socket.destroy();
  assert.match(answer, /^HTTP\/1\.1 413 /);
});

for (const [why, token, statuses] of [
  ['no token', undefined, [401]],
  ['a token that is none', 'Bearer x.y.z', [401, 403]],
  ['a token of another scheme', 'Basic YWRtaW46YWRtaW4=', [401, 403]],
] as const) {
  test(`refuses ${why}, for ingest, query and management`, async () => {
    for (const path of [ingestPath, queryPath]) {
      const answer = await raw(service, {
        method: 'POST',
        path,
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: token }),
        },
        body: '{}',
      });
      assert.ok(
        (statuses as readonly number[]).includes(answer.status),
        `${path} ${answer.status}`,
      );
      assert.ok(answer.error?.code);
    }
    const list = await raw(service, {
      method: 'GET',
      path: `/subscriptions/${service.bootstrap.subscriptionId}/providers/Microsoft.OperationalInsights/workspaces?api-version=2025-07-01`,
      headers: token === undefined ? {} : { authorization: token },
    });
    assert.ok((statuses as readonly number[]).includes(list.status));
  });
}

const queryCases: readonly [why: string, query: () => string, status: number, code?: string][] = [
  ['a syntax error', () => 'Heartbeat | wher x', 400, 'BadArgumentError'],
  ['an unknown column', () => 'Heartbeat | where Nope == 1', 400, 'BadArgumentError'],
  ['an unknown table', () => 'Nope_CL', 400, 'BadArgumentError'],
  ['a megabyte of spaces and a word', () => `${' '.repeat(1_000_000)}nonsense`, 400],
  ['10,000 parentheses', () => `print ${'('.repeat(10_000)}1${')'.repeat(10_000)}`, 400],
  ['another workspace', () => 'workspace("somebody").Heartbeat', 400],
  ['a management command', () => '.drop table Heartbeat', 400],
  ['external data', () => "externaldata(a:string)['https://example.com/x']", 400],
];
for (const [why, query, status, code] of queryCases) {
  test(`query answers ${why} with ${status}`, async () => {
    const answer = await ask(query());
    assert.equal(answer.status, status, answer.text.slice(0, 300));
    assert.ok(answer.error?.code);
    if (code !== undefined) assert.equal(answer.error?.code, code);
  });
}

test('100,000 or terms are answered or refused, in bounded time', async () => {
  const terms = Array.from({ length: 100_000 }, (_, index) => `x == ${index}`).join(' or ');
  const answer = await ask(`print x = 1 | where ${terms}`);
  assert.ok([200, 400, 413].includes(answer.status), String(answer.status));
});

test('a query that would run forever ends at its time limit', async () => {
  const answer = await ask(
    'range a from 1 to 200000 step 1 | extend k = 1 | join kind=inner (range b from 1 to 200000 step 1 | extend k = 1) on k | summarize sum(a * b)',
    { prefer: 'wait=2' },
  );
  assert.ok([504, 400].includes(answer.status), `${answer.status} ${answer.text.slice(0, 200)}`);
});

test('a query that would take all memory is stopped', async () => {
  const answer = await ask(
    'range a from 1 to 100000000 step 1 | summarize make_list(strcat("some text that takes room ", a), 100000000)',
    { prefer: 'wait=20' },
  );
  assert.notEqual(answer.status, 500, answer.text.slice(0, 300));
});

test('a path trick reaches nothing that the plain path does not', async () => {
  const { workspaceId } = service.bootstrap;
  for (const path of [
    `/v1/workspaces/${workspaceId}%2F..%2Fx/query`,
    `/v1/../api/users`,
    '/portal/..%2f..%2fbootstrap.json',
    '/portal/%2e%2e/%2e%2e/bootstrap.json',
    '//api//users',
    '/API/USERS',
  ]) {
    const answer = await raw(service, { method: 'GET', path });
    assert.ok([400, 401, 403, 404].includes(answer.status), `${path}: ${answer.status}`);
    assert.ok(!answer.text.includes('clientSecret'));
  }
});

test('a foreign Host is misdirected', async () => {
  const answer = await raw(service, {
    method: 'GET',
    path: `/${service.bootstrap.tenantId}/v2.0/.well-known/openid-configuration`,
    headers: { host: 'evil.example' },
  });
  assert.equal(answer.status, 421);
});

for (const [why, head] of [
  ['two lengths', 'content-length: 5\r\ncontent-length: 6'],
  ['a length beside chunks', 'content-length: 5\r\ntransfer-encoding: chunked'],
  ['an unknown transfer coding', 'transfer-encoding: x, chunked, y'],
  ['a header line with a bare carriage return', 'x: a\rb: c'],
] as const) {
  test(`a smuggling attempt with ${why} is refused and the connection closed`, async () => {
    const base = new URL(service.bootstrap.url);
    const socket = connect({ host: base.hostname, port: Number(base.port), ca: service.ca });
    await once(socket, 'secureConnect');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.write(
      `POST ${ingestPath} HTTP/1.1\r\nhost: ${base.host}\r\n${head}\r\n\r\n0\r\n\r\n` +
        `GET /api/users HTTP/1.1\r\nhost: ${base.host}\r\n\r\n`,
    );
    await closed;
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1, answer);
  });
}

for (const [version, options] of [
  ['TLS 1.1', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }],
  ['a null cipher', { ciphers: 'NULL-SHA256:@SECLEVEL=0', maxVersion: 'TLSv1.2' }],
  [
    'a cipher without forward secrecy',
    { ciphers: 'AES128-SHA:@SECLEVEL=0', maxVersion: 'TLSv1.2' },
  ],
] as const) {
  test(`refuses ${version}`, async () => {
    const base = new URL(service.bootstrap.url);
    await assert.rejects(async () => {
      const socket = connect({
        host: base.hostname,
        port: Number(base.port),
        ca: service.ca,
        ...options,
      });
      await once(socket, 'secureConnect');
    });
  });
}

test('a sender that dribbles is cut off, and the service serves others meanwhile', async () => {
  const base = new URL(service.bootstrap.url);
  const socket = connect({ host: base.hostname, port: Number(base.port), ca: service.ca });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  socket.resume();
  socket.write('POST / HTTP/1.1\r\nhost: ');
  const closed = once(socket, 'close');
  const dribble = setInterval(() => socket.write('a'), 1_000);
  assert.equal((await ask('print 1')).status, 200);
  await closed;
  clearInterval(dribble);
});

test('after all of it, what was sent before is there once, and more can be sent', async () => {
  authorization = await bearer(service);
  assert.equal((await ingest({ body: JSON.stringify(good) })).status, 204);
  const rows = await eventually(
    () =>
      rowsOf(
        azureClients(service),
        service.bootstrap.workspaceId,
        'Text_CL | where FilePath == "/good" | summarize n = count()',
      ),
    ([found]) => Number(found?.['n']) >= 2,
  );
  assert.equal(Number(rows[0]?.['n']), 2);
});
