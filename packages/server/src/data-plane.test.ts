import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { StrongroomError, fromUtf8, principalId, utf8, workspaceId } from '@strongroom/base';
import { ed25519Signer, openLocalKeystore, verifyEd25519 } from '@strongroom/keys';
import { parseVerifierKey, printVerifierKey, verifyReceipt } from '@strongroom/ledger';
import { nodeFileSystem, sha256, systemClock, systemRandom } from '@strongroom/platform';
import { call, print, select, table } from '@strongroom/sql';
import type { Principal } from './access/principal.js';
import type { Access } from './access/access.js';
import type { Audit, AuditEvent } from './audit/audit.js';
import type {
  CatalogReader,
  RuleRecord,
  StreamRecord,
  WorkspaceRecord,
} from './catalog/catalog.js';
import { standardTables } from './catalog/standard-tables.js';
import type { Incoming, Outgoing } from './http/request.js';
import { readRequestPath } from './http/request-path.js';
import { createIngest } from './ingest/ingest-handler.js';
import { createLog } from './log.js';
import { createQuery } from './query/query-handler.js';
import type { WorkspaceLimits } from './workspaces/limits.js';
import type { Workspace } from './workspaces/workspace.js';
import { openWorkspaces } from './workspaces/workspaces.js';
import { ledgerOrigin } from './workspaces/running-workspace.js';

/** Ingest and query over the real journal, ledger and engine, in one temporary directory. */
const id = workspaceId(randomUUID());
const otherId = workspaceId(randomUUID());
const log = createLog((line) => process.env['DEBUG'] && process.stderr.write(line), Date.now);
const signer = ed25519Signer(systemRandom.bytes(32));
const columns = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'Computer', type: 'string' },
  { name: 'RawData', type: 'string' },
] as const;
const textTable = {
  schema: { name: 'Text_CL', columns },
  kind: 'CustomLog',
  fullTextColumns: ['RawData'],
} as const;
const stream = (workspace: typeof id): StreamRecord => ({
  name: 'Custom-Text_CL',
  columns,
  workspaceId: workspace,
  outputTable: 'Text_CL',
});
const rule: RuleRecord = {
  immutableId: `dcr-${'0'.repeat(32)}`,
  resourceKey:
    '/subscriptions/s/resourcegroups/g/providers/microsoft.insights/datacollectionrules/r',
  version: 1,
  streams: new Map([['Custom-Text_CL', [stream(id)]]]),
};
const records = new Map<string, WorkspaceRecord>();
const catalog: CatalogReader = {
  workspace: (each) => records.get(each),
  workspaceByResourceId: (key) => [...records.values()].find((each) => each.resourceKey === key),
  workspaces: () => [...records.values()],
  table: (_, name) => (name === 'Text_CL' ? textTable : standardTables().get(name)),
  tableNames: () => [...standardTables().keys(), 'Text_CL'],
  functions: () => [],
  rule: (immutableId) => (immutableId === rule.immutableId ? rule : undefined),
  agentStream: (workspace, name) => (name === 'Custom-Text_CL' ? stream(workspace) : undefined),
};
const writer: Principal = {
  kind: 'Application',
  id: principalId(randomUUID()),
  name: 'writer',
  proof: 'token',
};

const audited: AuditEvent[] = [];
let root: string;
let workspaces: ReturnType<typeof openWorkspaces>;
let ingest: ReturnType<typeof createIngest>;
let query: ReturnType<typeof createQuery>;

function parts() {
  const access: Access = {
    // The writer may do everything, but in the other workspace.
    allows: (who, _, scope) => who.id === writer.id && !scope.endsWith(otherId),
    rolesAt: () => [],
  };
  const audit: Audit = { record: async (event) => void audited.push(event) };
  return { catalog, access, workspaces, audit, clock: systemClock, random: systemRandom };
}

async function open(limits: Partial<WorkspaceLimits> = {}): Promise<void> {
  const keyProvider = await openLocalKeystore({
    path: join(root, 'root.key'),
    fs: nodeFileSystem,
    random: systemRandom,
    create: true,
  });
  workspaces = openWorkspaces({
    root: join(root, 'data'),
    catalog,
    keyProvider,
    signer,
    fs: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    sha256,
    log,
    limits,
  });
  ingest = createIngest(parts());
  query = createQuery({ ...parts(), limits: { rowsMax: 1000 } });
}

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'strongroom-data-plane-'));
  await open();
  for (const each of [id, otherId]) {
    const { keyRecord } = await workspaces.create(each, 'local');
    const resourceId = `/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/${each}`;
    records.set(each, {
      workspaceId: each,
      name: each,
      subscriptionId: 's',
      resourceGroup: 'g',
      region: 'local',
      resourceId,
      resourceKey: resourceId.toLowerCase(),
      keyRecord,
      retentionInDays: 31,
      createdAt: 0,
    });
  }
});
after(async () => {
  await workspaces.close();
  await rm(root, { recursive: true, force: true });
});

function incoming(options: {
  method?: string;
  target: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
}): Incoming {
  const { body = new Uint8Array() } = options;
  return {
    method: options.method ?? 'POST',
    path: readRequestPath(options.target),
    headers: { 'content-type': 'application/json', ...options.headers },
    origin: 'https://localhost:8443',
    callerIp: '127.0.0.1',
    correlationId: randomUUID(),
    signal: new AbortController().signal,
    body: (async function* () {
      yield body;
    })(),
  };
}

const send = (rows: unknown, headers: Record<string, string> = {}): Promise<Outgoing | undefined> =>
  ingest.rules(
    incoming({
      target: `/dataCollectionRules/${rule.immutableId}/streams/Custom-Text_CL?api%2Dversion=2023-01-01`,
      headers: { 'content-encoding': 'gzip', ...headers },
      body: gzipSync(JSON.stringify(rows)),
    }),
    writer,
  );

async function count(workspace = id, tableName = 'Text_CL'): Promise<number> {
  const running = await workspaces.open(workspace);
  const run = running.query(
    print(
      select({
        items: [{ value: call('count'), alias: 'n' }],
        from: table(tableName, 'workspace'),
      }),
    ),
    {
      tables: [tableName],
      maxSeconds: 10,
      maxMemoryBytes: 1e9,
      signal: new AbortController().signal,
      queryId: randomUUID(),
    },
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of run) chunks.push(chunk);
  const [line = '[0]'] = fromUtf8(Buffer.concat(chunks)).split('\n');
  return Number((JSON.parse(line) as unknown[])[0]);
}

async function applied(workspace = id): Promise<void> {
  const running = await workspaces.open(workspace);
  for (let tries = 0; tries < 300; tries += 1) {
    const { applied: done, journalNext } = running.status();
    if (done === journalNext) return;
    await systemClock.sleep(20);
  }
  assert.fail(`not applied: ${JSON.stringify(running.status())}`);
}

const rows = (count: number, text: string) =>
  Array.from({ length: count }, (_, at) => ({
    TimeGenerated: new Date().toISOString(),
    Computer: 'c',
    RawData: `${text} ${at}`,
  }));

test('what is acknowledged is in the table once, and the receipt verifies', async () => {
  const requestId = randomUUID();
  const body = rows(100, 'first');
  const answer = await send(body, { 'x-ms-client-request-id': requestId });
  assert.equal(answer?.status, 204);
  const again = await send(body, { 'x-ms-client-request-id': requestId });
  assert.equal(again?.status, 204);
  const receipt = answer.headers!['x-strongroom-receipt']!;
  assert.equal(again.headers!['x-strongroom-receipt'], receipt);
  const key = parseVerifierKey(
    sha256,
    printVerifierKey(sha256, { name: ledgerOrigin(id), publicKey: signer.publicKey }),
  );
  const verdict = await verifyReceipt(receipt, {
    sha256,
    keys: [key],
    verifySignature: verifyEd25519,
    origin: ledgerOrigin(id),
  });
  assert.equal(verdict.ok, true);
  await applied();
  assert.equal(await count(), 100);
  await send(rows(1, 'other'), { 'x-ms-client-request-id': requestId });
  await applied();
  assert.equal(await count(), 101, 'the same id with another body is new data');
});

test('rows that do not fit are dead letters, never lost', async () => {
  const good = rows(1, 'fits')[0]!;
  await send([
    good,
    { ...good, TimeGenerated: 'yesterday' },
    { Computer: 'no time' },
    { ...good, TimeGenerated: 1_700_000_000 },
    { ...good, Extra: { __proto__: 1 } },
  ]);
  await applied();
  assert.equal(await count(), 103);
  assert.equal(await count(id, 'IngestionErrors'), 3);
});

test('another workspace sees none of it', async () => {
  assert.equal(await count(otherId), 0);
});

test('a checkpoint covers everything within a moment', async () => {
  const running = await workspaces.open(id);
  for (let tries = 0; tries < 150; tries += 1) {
    const { sealed, journalNext } = running.status();
    if (sealed === journalNext) break;
    await systemClock.sleep(20);
  }
  const { sealed, journalNext } = running.status();
  assert.equal(sealed, journalNext);
  assert.match(running.checkpoint() ?? '', new RegExp(`^strongroom/${id}\n`));
});

test('after a stop and a start all is there, and retries are still recognised', async () => {
  const requestId = randomUUID();
  const body = rows(10, 'before');
  await send(body, { 'x-ms-client-request-id': requestId });
  await workspaces.close();
  await open();
  await send(body, { 'x-ms-client-request-id': requestId });
  await send(rows(5, 'after'));
  await applied();
  assert.equal(await count(), 118);
});

test('an engine that is killed is started again and nothing is lost or doubled', async () => {
  const running = await workspaces.open(id);
  const sends: Promise<unknown>[] = [];
  for (let at = 0; at < 20; at += 1) {
    sends.push(send(rows(50, `kill ${at}`)));
    if (at % 5 === 4) {
      await systemClock.sleep(60);
      await killEngine();
    }
  }
  await Promise.all(sends);
  await applied();
  assert.equal(await count(), 1118);
  assert.equal(running.status().engine, 'running');
});

test('strange but well-formed rows are stored or dead letters, and hurt no other row', async () => {
  const time = '"TimeGenerated":"2026-01-01T00:00:00Z"';
  const strange = [
    `{${time},"RawData":"\\ud800"}`,
    `{${time},"RawData":"a\\u0000b"}`,
    `{${time},"RawData":"one","RawData":"two"}`,
    `{${time},"__proto__":{"polluted":1},"constructor":null}`,
    `{${time},"RawData":${'['.repeat(60)}1e999${']'.repeat(60)}}`,
    `{${time},"RawData":123456789012345678901234567890}`,
    `{${time},"RawData":"good"}`,
    `{"TimeGenerated":"99999-01-01T00:00:00Z","RawData":"far"}`,
    `{"TimeGenerated":{"$date":1},"RawData":"object"}`,
    '{}',
  ];
  const [before, lettersBefore] = [await count(), await count(id, 'IngestionErrors')];
  const answer = await ingest.rules(
    incoming({
      target: `/dataCollectionRules/${rule.immutableId}/streams/Custom-Text_CL?api-version=2023-01-01`,
      body: utf8(`[${strange.join(',')}]`),
    }),
    writer,
  );
  assert.equal(answer?.status, 204);
  await applied();
  const [stored, letters] = [
    (await count()) - before,
    (await count(id, 'IngestionErrors')) - lettersBefore,
  ];
  assert.equal(stored + letters, strange.length);
  assert.deepEqual([stored, letters], [4, 6]);
});

/** Kills the children of this process: only the engines are. */
async function killEngine(): Promise<void> {
  const { readFile } = await import('node:fs/promises');
  const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
  for (const pid of children.trim().split(' ').filter(Boolean))
    process.kill(Number(pid), 'SIGKILL');
}

interface QueryAnswer {
  readonly tables: readonly {
    readonly name: string;
    readonly columns: readonly { readonly name: string; readonly type: string }[];
    readonly rows: readonly (readonly unknown[])[];
  }[];
  readonly error?: { readonly code: string };
  readonly statistics?: { readonly query: { readonly executionTime: number } };
  readonly render?: { readonly visualization: string | null };
}

async function readAnswer<T>(outgoing: Outgoing | undefined): Promise<T> {
  assert.equal(outgoing?.status, 200);
  const chunks: Uint8Array[] = [];
  const { body = '' } = outgoing;
  if (typeof body === 'string') chunks.push(utf8(body));
  else if (body instanceof Uint8Array) chunks.push(body);
  else for await (const chunk of body) chunks.push(chunk);
  return JSON.parse(fromUtf8(Buffer.concat(chunks))) as T;
}

const ask = async (kql: string, change: Record<string, unknown> = {}): Promise<QueryAnswer> =>
  readAnswer(
    await query(
      incoming({
        target: `/v1/workspaces/${id}/query`,
        headers: { prefer: 'wait=10,include-statistics=true,include-render=true' },
        body: utf8(JSON.stringify({ query: kql, timespan: 'P1D', ...change })),
      }),
      writer,
    ),
  );

test('a query answers in the Log Analytics shape and stands in LAQueryLogs', async () => {
  const expected = await count();
  const answer = await ask('Text_CL | summarize n = count()', {
    timespan: '2000-01-01/2100-01-01',
  });
  assert.deepEqual(answer.tables, [
    { name: 'PrimaryResult', columns: [{ name: 'n', type: 'long' }], rows: [[expected]] },
  ]);
  assert.equal(answer.render?.visualization, null);
  assert.ok((answer.statistics?.query.executionTime ?? 0) > 0);
  await applied();
  const logged = await ask(
    'LAQueryLogs | where QueryText has "summarize n" | project QueryText, ResponseCode, ResponseRowCount, AADObjectId',
  );
  assert.deepEqual(logged.tables[0]?.rows, [
    ['Text_CL | summarize n = count()', 200, 1, writer.id],
  ]);
});

test('a result over the row limit is partial, and a large one streams', async () => {
  const answer = await ask('range x from 1 to 5000 step 1');
  assert.equal(answer.tables[0]?.rows.length, 1000);
  assert.equal(answer.error?.code, 'PartialError');
  const large = await ask(
    'range x from 1 to 900 step 1 | extend t = strcat(x, "-", "0123456789abcdef", tostring(range(1, 500)))',
  );
  assert.equal(large.tables[0]?.rows.length, 900);
  assert.equal(large.error, undefined);
});

test('a query that is wrong, foreign or unknown has its status and code', async () => {
  const cases: [string, Partial<Parameters<typeof incoming>[0]>, number, string][] = [
    ['syntax', { body: utf8('{"query":"Text_CL | wher x"}') }, 400, 'BadArgumentError'],
    ['a column', { body: utf8('{"query":"Text_CL | where Nope == 1"}') }, 400, 'BadArgumentError'],
    ['no query', { body: utf8('{}') }, 400, 'BadArgumentError'],
    ['no JSON', { body: utf8('{') }, 400, 'InvalidRequestContent'],
    ['a timespan', { body: utf8('{"query":"print 1","timespan":"x"}') }, 400, 'BadArgumentError'],
    [
      'a foreign workspace',
      { target: `/v1/workspaces/${otherId}/query` },
      403,
      'InsufficientAccessError',
    ],
    [
      'a foreign workspace beside',
      { body: utf8(`{"query":"print 1","workspaces":["${otherId}"]}`) },
      400,
      'BadArgumentError',
    ],
    ['nobody', { target: `/v1/workspaces/${randomUUID()}/query` }, 404, 'WorkspaceNotFoundError'],
    ['a method', { method: 'DELETE' }, 405, 'MethodNotAllowed'],
    ['a type', { headers: { 'content-type': 'text/plain' } }, 415, 'UnsupportedMediaType'],
  ];
  for (const [why, change, status, code] of cases) {
    const target = `/v1/workspaces/${id}/query`;
    await assert.rejects(
      () => query(incoming({ target, body: utf8('{"query":"print 1"}'), ...change }), writer),
      (error: { status?: number; code?: string }) => {
        assert.deepEqual([error.status, error.code], [status, code], why);
        return true;
      },
      why,
    );
  }
});

test('a query that cannot be recorded is not answered', async () => {
  const running = await workspaces.open(id);
  const mute: Workspace = {
    id,
    append: (batch) => running.append(batch),
    appendAudit: async () => {
      throw new StrongroomError('JOURNAL_FULL', 'full');
    },
    record: (draft) => running.record(draft),
    records: () => running.records(),
    recordsFrom: (position) => running.recordsFrom(position),
    committed: 0n,
    proofs: running.proofs,
    verifierKey: running.verifierKey,
    verifierKeys: running.verifierKeys,
    handOvers: running.handOvers,
    pendingEpoch: running.pendingEpoch,
    approveEpoch: (signature) => running.approveEpoch(signature),
    changeRows: (run) => running.changeRows(run),
    rowCommitments: (...asked) => running.rowCommitments(...asked),
    query: (...asked) => running.query(...asked),
    storedTables: () => running.storedTables(),
    countRefused: () => undefined,
    erasing: running.erasing,
    signNote: (text) => running.signNote(text),
    epoch: async () => undefined,
    checkpoint: () => undefined,
    checkpointTime: () => undefined,
    status: () => running.status(),
  };
  const deaf = createQuery({
    ...parts(),
    workspaces: { ...workspaces, open: async () => mute },
  });
  for (const kql of ['print 1', 'nonsense |']) {
    await assert.rejects(
      () =>
        deaf(
          incoming({
            target: `/v1/workspaces/${id}/query`,
            body: utf8(JSON.stringify({ query: kql })),
          }),
          writer,
        ),
      (error: { status?: number; code?: string }) =>
        error.status === 503 && error.code === 'AuditUnavailable',
    );
  }
});

test('a query ends at its time limit, and when its client leaves', async () => {
  const heavy =
    'range a from 1 to 100000 step 1 | extend k = 1 | join kind=inner (range b from 1 to 100000 step 1 | extend k = 1) on k | summarize sum(a * b)';
  const request = incoming({
    target: `/v1/workspaces/${id}/query`,
    headers: { prefer: 'wait=1' },
    body: utf8(JSON.stringify({ query: heavy })),
  });
  await assert.rejects(
    () => query(request, writer),
    (error: { status?: number; code?: string }) =>
      error.status === 504 && error.code === 'GatewayTimeout',
  );
  const client = new AbortController();
  const slow = query(
    {
      ...incoming({ target: request.path.path, body: utf8(JSON.stringify({ query: heavy })) }),
      signal: client.signal,
    },
    writer,
  );
  setTimeout(() => client.abort(), 200);
  await assert.rejects(slow, (error: { status?: number }) => error.status === 499);
  assert.deepEqual((await ask('print x = 1')).tables[0]?.rows, [[1]]);
});

test('resource paths, GET, batches and metadata', async () => {
  const { resourceId } = records.get(id)!;
  const get = await query(
    incoming({
      method: 'GET',
      target: `/v1/${resourceId}/query?query=${encodeURIComponent('print x = 1')}`,
    }),
    writer,
  );
  assert.deepEqual((await readAnswer<QueryAnswer>(get)).tables[0]?.rows, [[1]]);
  const requests = [
    {
      id: 'query-0',
      workspace: id,
      body: { query: 'print x = 0' },
      path: '/query',
      method: 'POST',
    },
    { id: 'query-1', workspace: id, body: { query: 'Nope' } },
    { id: 'query-2', workspace: otherId, body: { query: 'print 1' } },
    { id: 'query-3', workspace: id, body: { query: 'print x = 3' }, headers: { prefer: 'wait=5' } },
  ];
  const batch = await readAnswer<{
    responses: { id: string; status: number; body: QueryAnswer }[];
  }>(
    await query(
      incoming({ target: '/v1/$batch', body: utf8(JSON.stringify({ requests })) }),
      writer,
    ),
  );
  assert.deepEqual(
    batch.responses.map(({ id: each, status, body }) => [
      each,
      status,
      body.tables?.[0]?.rows ?? body.error?.code,
    ]),
    [
      ['query-0', 200, [[0]]],
      ['query-1', 400, 'BadArgumentError'],
      ['query-2', 403, 'InsufficientAccessError'],
      ['query-3', 200, [[3]]],
    ],
  );
  const metadata = await readAnswer<{ tables: { name: string; columns: unknown[] }[] }>(
    await query(incoming({ method: 'GET', target: `/v1/workspaces/${id}/metadata` }), writer),
  );
  assert.ok(metadata.tables.some(({ name }) => name === 'Text_CL'));
  assert.equal(await query(incoming({ target: '/v1/logs' }), writer), undefined);
});

test('refusals have their status and code, and are counted', async () => {
  const target = `/dataCollectionRules/${rule.immutableId}/streams/Custom-Text_CL?api-version=2023-01-01`;
  const cases: [string, Partial<Parameters<typeof incoming>[0]>, number, string][] = [
    ['malformed', { body: utf8('[{') }, 400, 'InvalidPayload'],
    [
      'no gzip',
      { headers: { 'content-encoding': 'gzip' }, body: utf8('[{}]') },
      400,
      'InvalidPayload',
    ],
    [
      'cut gzip',
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync('[{"a":1}]').subarray(0, 20) },
      400,
      'InvalidPayload',
    ],
    [
      'a bomb',
      {
        headers: { 'content-encoding': 'gzip' },
        body: gzipSync(Buffer.alloc(64 * 1024 * 1024, 32)),
      },
      413,
      'ContentLengthLimitExceeded',
    ],
    [
      'a large row',
      { body: utf8(`[{"a":"${'x'.repeat(1024 * 1024)}"}]`) },
      413,
      'ContentLengthLimitExceeded',
    ],
    ['an encoding', { headers: { 'content-encoding': 'br' } }, 415, 'UnsupportedContentEncoding'],
    ['a type', { headers: { 'content-type': 'text/plain' } }, 415, 'UnsupportedMediaType'],
    ['a method', { method: 'PUT' }, 405, 'MethodNotAllowed'],
    ['no version', { target: target.split('?')[0]! }, 400, 'MissingApiVersionParameter'],
    ['a version', { target: target.replace('2023', '1999') }, 400, 'InvalidApiVersionParameter'],
    ['a stream', { target: target.replace('Text_CL', 'a%2Fb') }, 400, 'InvalidStream'],
    ['a rule', { target: target.replace('dcr-0', 'dcr-1') }, 404, 'NotFound'],
  ];
  for (const [why, change, status, code] of cases) {
    await assert.rejects(
      () => ingest.rules(incoming({ target, body: utf8('[{}]'), ...change }), writer),
      (error: { status?: number; code?: string }) => {
        assert.deepEqual([error.status, error.code], [status, code], why);
        return true;
      },
      why,
    );
  }
  const stranger = { ...writer, id: principalId(randomUUID()) };
  await assert.rejects(
    () => ingest.rules(incoming({ target, body: utf8('[{}]') }), stranger),
    (error: { status?: number; code?: string; message?: string }) =>
      error.status === 403 &&
      error.code === 'OperationFailed' &&
      /does not have access/.test(error.message ?? ''),
  );
  assert.ok(audited.some((event) => event.operation === 'Microsoft.Insights/Telemetry/Write'));
  assert.ok(audited.every((event) => event.outcome === 'Refused'));
});

test('every row that was received is accounted for', async () => {
  // What the journal does not take is the sender's still: it is booked as refused, by the door, once.
  const running = await workspaces.open(id);
  await assert.rejects(
    running.append({
      workspaceId: id,
      route: { stream: 'Custom-Refused', table: 'Text_CL', columns: [] },
      source: { kind: 'Application', id: writer.id },
      rows: new Uint8Array(40 * 1024 * 1024),
      shape: 'ndjson',
      rowCount: 1000,
    }),
    { code: 'JOURNAL_ENTRY_TOO_LARGE' },
  );
  await workspaces.close();
  await open();
  // The accounting of the last minute was written at the stop; its rows are entries like others.
  await applied();
  const answer = await ask(
    `IngestionAccounting | summarize received = sum(RowsReceived), repeated = sum(RowsRepeated),
      stored = sum(RowsStored), letters = sum(RowsDeadLettered),
      rest = sum(RowsFiltered) + sum(RowsDropped), refused = sum(BatchesRefused)`,
  );
  const [received, repeated, stored, letters, rest, refused] = answer.tables[0]!.rows[0]!.map(
    Number,
  ) as [number, number, number, number, number, number];
  assert.equal(received - repeated, stored + letters + rest);
  assert.deepEqual([stored, letters], [await count(), await count(id, 'IngestionErrors')]);
  assert.ok(refused >= 5);
});

test('an idle engine is closed, and opened again when it is needed', async () => {
  await workspaces.close();
  await open({ engineIdleMs: 100 });
  const rowsBefore = await count();
  const running = await workspaces.open(id);
  for (let tries = 0; tries < 100 && running.status().engine === 'running'; tries += 1) {
    await systemClock.sleep(50);
  }
  assert.equal(running.status().engine, 'closed');
  assert.equal(await count(), rowsBefore);
});
