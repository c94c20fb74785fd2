import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { azureClients, rowsOf } from '../support/clients.js';
import type { AzureClients } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

/** Operators that ask the data before the query is compiled, and those that refuse while it runs. */
let service: Service;
let owner: AzureClients;

const ask = (kql: string) => rowsOf(owner, service.bootstrap.workspaceId, kql);

before(async () => {
  service = await Service.start();
  owner = azureClients(service);
  const now = new Date();
  const row = (FilePath: string, RawData: string) => ({ TimeGenerated: now, FilePath, RawData });
  await owner.ingestion.upload(service.bootstrap.dcrImmutableId, service.bootstrap.streamName, [
    row('/a', '{"user":"ann","n":1}'),
    row('/a', '{"user":"bob","n":2}'),
    row('/b', '{"user":"ann","n":3}'),
  ]);
  await eventually(
    () => ask('Text_CL'),
    (found) => found.length === 3,
  );
});
after(() => service.remove());

test('columns that only the data tells', async () => {
  assert.deepEqual(
    await ask(
      'Text_CL | project d = parse_json(RawData) | evaluate bag_unpack(d) | sort by n asc | project user, n',
    ),
    [
      { user: 'ann', n: 1 },
      { user: 'bob', n: 2 },
      { user: 'ann', n: 3 },
    ],
  );
  assert.deepEqual(
    await ask(
      'Text_CL | extend user = tostring(parse_json(RawData).user) | evaluate pivot(user, count(), FilePath) | sort by FilePath asc',
    ),
    [
      { FilePath: '/a', ann: 1, bob: 1 },
      { FilePath: '/b', ann: 1, bob: 0 },
    ],
  );
});

test('patterns in stored rows', async () => {
  assert.deepEqual(
    await ask('Text_CL | project FilePath | evaluate basket(0.5) | project Count, FilePath'),
    [{ Count: 2, FilePath: '/a' }],
  );
  assert.deepEqual(await ask('Text_CL | reduce by FilePath | project Pattern, Count'), [
    { Pattern: '/a', Count: 2 },
    { Pattern: 'others', Count: 1 },
  ]);
});

test('scan walks through rows, and a part beyond its limit is told', async () => {
  assert.deepEqual(
    await ask(
      'Text_CL | extend n = tolong(parse_json(RawData).n) | sort by n asc | scan declare (s: long = 0) with (step all: true => s = all.s + n;) | project n, s',
    ),
    [
      { n: 1, s: 1 },
      { n: 2, s: 3 },
      { n: 3, s: 6 },
    ],
  );
  const query =
    'range x from 1 to 100001 step 1 | sort by x asc | scan declare (s: long = 0) with (step all: true => s = x;) | count';
  await assert.rejects(ask(query), (error) => /KQL_LIMIT/.test(JSON.stringify(error)));
});
