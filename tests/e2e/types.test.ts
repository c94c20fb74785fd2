/** Values of every type, from the socket to the answer: stored exactly, or kept with the reason. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cli, signInAdministrator } from '../support/cli.js';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import type { AzureClients } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

let service: Service;
let clients: AzureClients;
let token: string;
let rule: string;

const time = new Date(Date.now() - 60_000).toISOString();
const columns = [
  { name: 'TimeGenerated', type: 'dateTime' },
  { name: 'Case', type: 'string' },
  { name: 'S', type: 'string' },
  { name: 'I', type: 'int' },
  { name: 'L', type: 'long' },
  { name: 'R', type: 'real' },
  { name: 'B', type: 'boolean' },
  { name: 'At', type: 'dateTime' },
  { name: 'G', type: 'guid' },
  { name: 'D', type: 'dynamic' },
] as const;
const declared = columns.map(({ name, type }) => ({
  name,
  // Streams know no guid: it comes as a string.
  type: type === 'dateTime' ? ('datetime' as const) : type === 'guid' ? ('string' as const) : type,
}));

before(async () => {
  service = await Service.start();
  clients = azureClients(service);
  token = await bearer(service);
  const { resourceGroup, workspaceName, workspaceResourceId } = service.bootstrap;
  const { location } = await clients.workspaces.workspaces.get(resourceGroup, workspaceName);
  await clients.workspaces.tables.createOrUpdate(resourceGroup, workspaceName, 'Types_CL', {
    schema: { name: 'Types_CL', columns: columns.map((each) => ({ ...each })) },
  });
  const made = await clients.monitor.dataCollectionRules.create(resourceGroup, 'types', {
    body: {
      location,
      kind: 'Direct',
      streamDeclarations: {
        'Custom-Plain': { columns: declared },
        'Custom-Made': { columns: declared },
        'Custom-Case': {
          columns: [...declared, { name: 's', type: 'string' }, { name: 'TYPE', type: 'string' }],
        },
      },
      destinations: { logAnalytics: [{ workspaceResourceId, name: 'here' }] },
      dataFlows: [
        { streams: ['Custom-Plain'], destinations: ['here'], outputStream: 'Custom-Types_CL' },
        { streams: ['Custom-Case'], destinations: ['here'], outputStream: 'Custom-Types_CL' },
        {
          streams: ['Custom-Made'],
          destinations: ['here'],
          transformKql: `source | where S != 'filtered'
            | extend I = L, R = D.real, S = D, G = tostring(D.guid), Extra = 1,
              At = iff(isnull(At), ingestion_time(), At)`,
          outputStream: 'Custom-Types_CL',
        },
      ],
    },
  });
  rule = made.immutableId!;
});
after(() => service.remove());

async function send(stream: string, body: string): Promise<void> {
  const answer = await raw(service, {
    method: 'POST',
    path: `/dataCollectionRules/${rule}/streams/${stream}?api-version=2023-01-01`,
    headers: { authorization: token, 'content-type': 'application/json' },
    body,
  });
  assert.equal(answer.status, 204, answer.text);
}

/** The answer as text, so that no number passes through a double. */
async function asked(query: string): Promise<{ text: string; rows: unknown[][] }> {
  const answer = await raw(service, {
    method: 'POST',
    path: `/v1/workspaces/${service.bootstrap.workspaceId}/query`,
    headers: { authorization: token, 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  assert.equal(answer.status, 200, answer.text);
  const { tables } = JSON.parse(answer.text) as { tables: { rows: unknown[][] }[] };
  return { text: answer.text, rows: tables[0]!.rows };
}

const ask = async (query: string, count: number): Promise<unknown[][]> =>
  (
    await eventually(
      () => asked(query),
      ({ rows }) => rows.length >= count,
    )
  ).rows;

const long64k = 'é'.repeat(32_768);
/** Column, the value as sent, and as the API shows it. */
const kept: readonly (readonly [string, string, unknown])[] = [
  ['S', '"text"', 'text'],
  ['S', '""', ''],
  ['S', 'null', ''],
  ['S', '"Grüße, 日本, 😀, e\\u0301"', 'Grüße, 日本, 😀, e\u0301'],
  ['S', '"\\ud83d\\ude00"', '😀'],
  ['S', '"a\\u0000b\\u001f\\t\\r\\n\\"\\\\/"', 'a\0b\u001f\t\r\n"\\/'],
  ['S', `"${long64k}"`, long64k],
  ['S', '" lead and trail "', ' lead and trail '],
  ['I', '2147483647', 2147483647],
  ['I', '-2147483648', -2147483648],
  ['I', 'null', null],
  ['L', '9223372036854775807', 9223372036854775807n],
  ['L', '-9223372036854775808', -9223372036854775808n],
  ['L', '9007199254740993', 9007199254740993n],
  ['L', '0', 0],
  ['R', '1e308', 1e308],
  ['R', '-1.7976931348623157e308', -1.7976931348623157e308],
  ['R', '5e-324', 5e-324],
  ['R', '0.1', 0.1],
  ['R', '-0.0', -0],
  ['R', '12345678901234567', 12345678901234568],
  ['B', 'true', true],
  ['B', 'false', false],
  ['B', 'null', null],
  ['At', '"0001-01-01T00:00:00.0000000Z"', '0001-01-01T00:00:00Z'],
  ['At', '"9999-12-31T23:59:59.9999999Z"', '9999-12-31T23:59:59.9999999Z'],
  ['At', '"2026-07-17T01:02:03.1234567+02:00"', '2026-07-16T23:02:03.1234567Z'],
  ['At', '"1969-12-31T23:59:59.9999999-14:00"', '1970-01-01T13:59:59.9999999Z'],
  ['At', '"2024-02-29"', '2024-02-29T00:00:00Z'],
  ['G', '"6CCD780C-BABA-1026-9564-5B8C656024DB"', '6ccd780c-baba-1026-9564-5b8c656024db'],
  ['D', '{"a":{"b":[1,{"c":null}]},"é":"😀"}', '{"a":{"b":[1,{"c":null}]},"é":"😀"}'],
  ['D', '[9007199254740993,1e3,"x"]', undefined],
  ['D', '"5"', '"5"'],
  ['D', '5', '5'],
  ['D', 'false', 'false'],
  ['D', 'null', null],
];
/** Column, the value as sent, and the reason. */
const lost: readonly (readonly [string, string, string])[] = [
  ['I', '2147483648', 'VALUE_OUT_OF_RANGE'],
  ['I', '1.5', 'WRONG_TYPE'],
  ['L', '9223372036854775808', 'VALUE_OUT_OF_RANGE'],
  ['L', '"nine"', 'WRONG_TYPE'],
  ['R', '1e309', 'VALUE_OUT_OF_RANGE'],
  // Whole numbers beyond 64 bits are read by no JSON reader that keeps 64.
  ['R', '123456789012345680000', 'VALUE_OUT_OF_RANGE'],
  ['R', '"NaN"', 'WRONG_TYPE'],
  ['B', '1', 'WRONG_TYPE'],
  ['At', '1767323045', 'WRONG_TYPE'],
  ['At', '"2026-02-30T00:00:00Z"', 'VALUE_OUT_OF_RANGE'],
  ['At', '"10000-01-01T00:00:00Z"', 'WRONG_TYPE'],
  ['G', '"6ccd780c"', 'WRONG_TYPE'],
];
const line = (name: string, column: string, value: string): string =>
  `{"TimeGenerated":"${time}","Case":"${name}","${column}":${value}}`;

for (const shape of ['array', 'lines'] as const) {
  describe(`values that came as ${shape}`, () => {
    before(async () => {
      const rows = [
        ...kept.map(([column, value], index) => line(`${shape}-kept-${index}`, column, value)),
        ...lost.map(([column, value], index) => line(`${shape}-lost-${index}`, column, value)),
      ];
      await send('Custom-Plain', shape === 'array' ? `[${rows.join(',')}]` : rows.join('\n'));
      await ask(`Types_CL | where Case startswith "${shape}-kept" | project Case`, kept.length);
    });

    test('are read back by the query API exactly', async () => {
      for (const column of new Set(kept.map(([name]) => name))) {
        const { text, rows } = await asked(
          `Types_CL | where Case startswith "${shape}-kept" | project Case, ${column}`,
        );
        const found = new Map(rows.map(([name, value]) => [name, value]));
        for (const [index, [name, sent, shown]] of kept.entries()) {
          if (name !== column || shown === undefined) continue;
          if (typeof shown === 'bigint') {
            assert.match(text, new RegExp(`"${shape}-kept-${index}", ?${shown}\\]`), sent);
          } else assert.deepEqual(found.get(`${shape}-kept-${index}`), shown, `${column} ${sent}`);
        }
      }
    });

    test('are not stored where they do not fit, and kept with the reason', async () => {
      const found = new Map(
        (
          await ask(
            `IngestionErrors | where RawRecord has "${shape}" and StreamName == "Custom-Plain"
              | project Case = extract('"Case":"([^"]*)"', 1, RawRecord), ColumnName, Reason, RawRecord`,
            lost.length,
          )
        ).map(([name, ...rest]) => [name, rest]),
      );
      for (const [index, [column, value, reason]] of lost.entries()) {
        const name = `${shape}-lost-${index}`;
        const [at, why, record] = found.get(name) ?? [];
        // A number that no JSON reader holds spoils its line: which column it was is not known.
        assert.ok(at === column || at === '', `${column} ${value}: ${String(at)}`);
        assert.equal(why, reason, `${column} ${value}`);
        assert.equal(record, line(name, column, value));
      }
      assert.equal(found.size, lost.length);
    });
  });
}

test('duplicate keys and keys of other case make no other value', async () => {
  await send(
    'Custom-Plain',
    `[{"TimeGenerated":"${time}","Case":"same-1","S":"first","S":"second"},
      {"TimeGenerated":"${time}","case":"no","Case":"same-2","s":"small"},
      {"TimeGenerated":"${time}","Case":"same-3","D":{"a":1,"a":2},"__proto__":{"x":1}}]`,
  );
  await send(
    'Custom-Case',
    `[{"TimeGenerated":"${time}","Case":"same-4","S":"large","s":"small","TYPE":"x"}]`,
  );
  const rows = await ask(
    'Types_CL | where Case startswith "same-" | project Case, S, D, Type | sort by Case asc',
    4,
  );
  assert.deepEqual(
    rows.map((row) => row.slice(0, 2)),
    [
      ['same-1', rows[0]?.[1]],
      ['same-2', ''],
      ['same-3', ''],
      ['same-4', 'large'],
    ],
  );
  assert.ok(['first', 'second'].includes(String(rows[0]?.[1])));
  assert.equal(rows[3]?.[3], 'Types_CL');
});

test('a transformation’s value is stored as what it is, or its row is kept with the reason', async () => {
  const row = (name: string, more: object) => ({ TimeGenerated: time, Case: name, S: '', ...more });
  await send(
    'Custom-Made',
    JSON.stringify([
      row('made-good', { L: 7, D: { real: '2.5', guid: '6ccd780c-baba-1026-9564-5b8c656024db' } }),
      row('made-text', { L: 8, D: 'plain "text"' }),
      row('made-int', { L: 3_000_000_000 }),
      row('made-real', { L: 1, D: { real: 'much' } }),
      row('made-guid', { L: 1, D: { guid: 'none' } }),
      row('made-filtered', { S: 'filtered' }),
    ]),
  );
  const rows = await ask(
    `Types_CL | where Case startswith "made-" | sort by Case asc
      | project Case, I, R, S, G, arrived = At == ingestion_time()`,
    2,
  );
  assert.deepEqual(rows, [
    [
      'made-good',
      7,
      2.5,
      '{"real":"2.5","guid":"6ccd780c-baba-1026-9564-5b8c656024db"}',
      '6ccd780c-baba-1026-9564-5b8c656024db',
      true,
    ],
    ['made-text', 8, null, 'plain "text"', null, true],
  ]);
  const letters = await ask(
    `IngestionErrors | where StreamName == "Custom-Made" | sort by ColumnName asc
      | project tostring(parse_json(RawRecord).Case), ColumnName, Reason`,
    3,
  );
  assert.deepEqual(letters, [
    ['made-guid', 'G', 'WRONG_TYPE'],
    ['made-int', 'I', 'VALUE_OUT_OF_RANGE'],
    ['made-real', 'R', 'WRONG_TYPE'],
  ]);
});

test('times of 10,000 days, hundreds of undeclared columns and reserved names do no harm', async () => {
  const rows = Array.from({ length: 10_000 }, (_, index) => {
    const day = new Date(Date.UTC(1000, 0, 1) + index * 328 * 86_400_000).toISOString();
    return `{"TimeGenerated":"${day}","Case":"late"}`;
  });
  const many = Array.from({ length: 500 }, (_, index) => `"Other${index}":${index}`).join(',');
  rows.push(
    `{"TimeGenerated":"${time}","Case":"late-wide",${many},"_Position":5,"_TimeReceived":1,"TenantId":"x","_BilledSize":0,"#line":"x"}`,
    '{"TimeGenerated":"0001-01-01T00:00:00Z","Case":"late-first"}',
    '{"TimeGenerated":"9999-12-31T23:59:59.9999999Z","Case":"late-last"}',
  );
  for (let start = 0; start < rows.length; start += 5_002) {
    await send('Custom-Plain', rows.slice(start, start + 5_002).join('\n'));
  }
  const [found] = await eventually(
    async () =>
      (
        await asked(
          'Types_CL | where Case startswith "late" | extend Arrived = ingestion_time() | summarize n = count(), Recent = countif(Arrived > ago(1h)) by TimeGenerated | summarize sum(n), count(), min(TimeGenerated), max(TimeGenerated), sum(Recent)',
        )
      ).rows,
    ([row]) => Number(row?.[0]) >= rows.length,
  );
  assert.deepEqual(found, [
    rows.length,
    rows.length,
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.9999999Z',
    rows.length,
  ]);
  const [wide] = await ask('Types_CL | where Case == "late-wide" | project TenantId, Type', 1);
  assert.deepEqual(wide, [service.bootstrap.workspaceId, 'Types_CL']);
});

test('the official client and the command line show the same values', async () => {
  const kql =
    'Types_CL | where Case startswith "array-kept-" and isnotnull(L) and L != 0 | project Case, L | sort by L asc';
  const byClient = await rowsOf(clients, service.bootstrap.workspaceId, kql, 'P10000D');
  // The client reads numbers as doubles; the text holds all digits.
  assert.deepEqual(
    byClient.map((row) => Number(row['L'])),
    [-(2 ** 63), 2 ** 53, 2 ** 63],
  );
  const times = await rowsOf(
    clients,
    service.bootstrap.workspaceId,
    'Types_CL | where Case startswith "array-kept-" and isnotnull(At) | sort by At asc | project At',
    'P10000D',
  );
  assert.ok(times[0]?.['At'] instanceof Date);
  assert.equal(times.length, 5);
  await signInAdministrator(service);
  const shown = await cli(service, ['query', '--json', kql]);
  assert.equal(shown.code, 0, shown.notes);
  for (const digits of ['-9223372036854775808', '9007199254740993', '9223372036854775807']) {
    assert.ok(shown.out.includes(digits), shown.out);
  }
});

test('every row is accounted for', async () => {
  await service.end();
  await service.run();
  token = await bearer(service);
  const rows = await ask(
    `IngestionAccounting | where TableName == "Types_CL" and RuleId == "${rule}"
      | summarize received = sum(RowsReceived), stored = sum(RowsStored),
          letters = sum(RowsDeadLettered), filtered = sum(RowsFiltered)
      | where received > 0`,
    1,
  );
  const [received, stored, letters, filtered] = rows[0]!.map(Number) as [
    number,
    number,
    number,
    number,
  ];
  assert.equal(received, stored + letters + filtered);
  assert.equal(filtered, 1, JSON.stringify(rows));
  const [inTable] = await ask('Types_CL | count', 1);
  assert.equal(stored, Number(inTable?.[0]));
  const [inErrors] = await ask('IngestionErrors | where TableName == "Types_CL" | count', 1);
  assert.equal(letters, Number(inErrors?.[0]));
});
