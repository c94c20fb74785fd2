import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { readFile } from 'node:fs/promises';
import { ManualClock } from '@strongroom/testkit';
import { openControlPlane } from '../control-plane-fixture.test.js';
import type { Answer, ControlPlane } from '../control-plane-fixture.test.js';

const clock = new ManualClock();
let plane: ControlPlane;
let admin: string;
let token: string;

before(async () => {
  plane = await openControlPlane(clock);
  const made = await plane.start();
  const file = JSON.parse(await readFile(made.file!, 'utf8'));
  token = await plane.token({ clientId: file.clientId, clientSecret: file.clientSecret });
  signIn();
});
const signIn = (): void => {
  admin = plane.sessions.start([...plane.catalog.snapshot.users.values()][0]!.id);
};
after(() => plane.close());

const v = 'api-version=2025-07-01';
const vl = 'api-version=2020-05-01';
const subscription = () => `/subscriptions/${plane.subscriptionId}`;
const group = () => `${subscription()}/resourceGroups/strongroom`;
const workspace = () => `${group()}/providers/Microsoft.OperationalInsights/workspaces/locked-ws`;
const table = () => `${workspace()}/tables/A_CL`;
const lockAt = (scope: string, name = 'l1') =>
  `${scope}/providers/Microsoft.Authorization/locks/${name}?${vl}`;

const as = (method: string, path: string, body?: unknown): Promise<Answer> =>
  plane.call(method, path, {
    ...(body === undefined ? {} : { body }),
    headers: {
      cookie: `__Host-strongroom-session=${admin}`,
      'x-strongroom-csrf': plane.sessions.find(admin)?.csrfToken ?? '',
    },
  });
const set = (scope: string, level: string, name?: string) =>
  as('PUT', lockAt(scope, name), { properties: { level } });
const schema = {
  name: 'A_CL',
  columns: [{ name: 'TimeGenerated', type: 'dateTime' }],
};

beforeEach(async () => {
  for (const { scope, name } of plane.catalog.snapshot.locks) {
    assert.equal((await as('DELETE', lockAt(scope, name))).status, 200);
  }
  const body = { location: 'local', properties: { sku: { name: 'PerGB2018' } } };
  assert.ok((await as('PUT', `${workspace()}?${v}`, body)).status < 300);
  assert.ok((await as('PUT', `${table()}?${v}`, { properties: { schema } })).status < 300);
});

/** Each management request under the workspace, and whether a lock of each level lets it through. */
const requests: readonly [
  string,
  () => [string, string, unknown?],
  { ReadOnly: boolean; CanNotDelete: boolean },
][] = [
  [
    'read a workspace',
    () => ['GET', `${workspace()}?${v}`],
    { ReadOnly: true, CanNotDelete: true },
  ],
  ['read a table', () => ['GET', `${table()}?${v}`], { ReadOnly: true, CanNotDelete: true }],
  [
    'change a workspace',
    () => ['PATCH', `${workspace()}?${v}`, { tags: { a: 'b' } }],
    { ReadOnly: false, CanNotDelete: true },
  ],
  [
    'change a table',
    () => ['PATCH', `${table()}?${v}`, { properties: { totalRetentionInDays: 100 } }],
    { ReadOnly: false, CanNotDelete: true },
  ],
  [
    'shorten a workspace’s retention',
    () => ['PATCH', `${workspace()}?${v}`, { properties: { retentionInDays: 30 } }],
    { ReadOnly: false, CanNotDelete: false },
  ],
  [
    'shorten a table’s retention',
    () => [
      'PATCH',
      `${table()}?${v}`,
      { properties: { retentionInDays: 7, totalRetentionInDays: -1 } },
    ],
    { ReadOnly: false, CanNotDelete: false },
  ],
  [
    'an action',
    () => ['POST', `${workspace()}/sharedKeys?${v}`],
    { ReadOnly: false, CanNotDelete: true },
  ],
  [
    'purge',
    () => ['POST', `${workspace()}/purge?${v}`, { table: 'A_CL', filters: [] }],
    { ReadOnly: false, CanNotDelete: false },
  ],
  ['delete a table', () => ['DELETE', `${table()}?${v}`], { ReadOnly: false, CanNotDelete: false }],
  [
    'delete a workspace',
    () => ['DELETE', `${workspace()}?${v}`],
    { ReadOnly: false, CanNotDelete: false },
  ],
  [
    'give a role',
    () => [
      'PUT',
      `${workspace()}/providers/Microsoft.Authorization/roleAssignments/x?api-version=2022-04-01`,
    ],
    { ReadOnly: false, CanNotDelete: true },
  ],
];

const isLocked = (answer: Answer): boolean =>
  answer.status === 409 && answer.json.error.code === 'ScopeLocked';

for (const level of ['CanNotDelete', 'ReadOnly'] as const) {
  test(`${level} lets through exactly what the table says, set at any scope above`, async () => {
    for (const scope of [subscription(), group(), workspace()]) {
      assert.equal((await set(scope, level)).status, 201);
      for (const [name, request, allowed] of requests) {
        const refused = !allowed[level];
        if (!refused && name.startsWith('delete')) continue;
        const answer = await as(...request());
        assert.equal(
          isLocked(answer),
          refused,
          `${name} under ${level} at ${scope}: ${answer.text}`,
        );
        if (refused) assert.match(answer.json.error.message, /following scope\(s\) are locked: '/);
      }
      assert.equal((await as('DELETE', lockAt(scope))).status, 200);
    }
  });
}

test('spellings of a path do not get around a lock', async () => {
  await set(workspace(), 'CanNotDelete');
  const bare = table();
  for (const path of [
    bare.toUpperCase(),
    bare.replace('/tables', '//tables'),
    `/${encodeURIComponent(bare)}`,
    bare.replace('/providers', '%2Fproviders'),
    `${bare}/`,
  ]) {
    assert.ok(isLocked(await as('DELETE', `${path}?${v}`)), path);
  }
});

test('a table’s lock stands against what would take the table with it', async () => {
  await set(table(), 'CanNotDelete');
  assert.ok(isLocked(await as('DELETE', `${workspace()}?${v}`)));
  assert.ok(isLocked(await as('DELETE', `${workspace()}?${v}&force=true`)));
  const shorter = { properties: { retentionInDays: 4 } };
  assert.ok(isLocked(await as('PATCH', `${workspace()}?${v}`, shorter)));
  assert.equal((await as('PATCH', `${workspace()}?${v}`, { tags: {} })).status, 200);
});

test('the strictest lock wins, and taking one away leaves the others', async () => {
  await set(workspace(), 'CanNotDelete', 'mild');
  await set(group(), 'ReadOnly', 'strict');
  const change = () => as('PATCH', `${workspace()}?${v}`, { tags: {} });
  assert.ok(isLocked(await change()));
  await as('DELETE', lockAt(group(), 'strict'));
  assert.equal((await change()).status, 200);
  assert.ok(isLocked(await as('DELETE', `${table()}?${v}`)));
});

test('locks are managed while locked, listed from here up and down, and only by who may', async () => {
  assert.equal((await set(workspace(), 'ReadOnly')).status, 201);
  assert.equal((await set(workspace(), 'CanNotDelete')).status, 200);
  assert.equal((await set(table(), 'ReadOnly')).status, 201);
  const names = async (scope: string, filter = ''): Promise<number> =>
    (await as('GET', `${scope}/providers/Microsoft.Authorization/locks?${vl}${filter}`)).json.value
      .length;
  assert.equal(await names(table()), 2);
  assert.equal(await names(workspace()), 2);
  assert.equal(await names(workspace(), '&$filter=atScope()'), 1);
  assert.equal(await names(group()), 2);
  const shown = await as('GET', lockAt(workspace()));
  assert.equal(shown.json.id, lockAt(workspace()).split('?')[0]);
  assert.equal(shown.json.type, 'Microsoft.Authorization/locks');
  assert.equal(shown.json.properties.level, 'CanNotDelete');
  assert.equal((await as('GET', lockAt(group()))).status, 404);
  assert.equal((await as('DELETE', lockAt(group()))).status, 204);
  const bearer = { authorization: `Bearer ${token}` };
  const stranger = await plane.call('DELETE', lockAt(workspace()), { headers: bearer });
  assert.equal(stranger.status, 403, 'an owner of another workspace');
  const outside = await plane.call('DELETE', `${workspace()}?${v}`, { headers: bearer });
  assert.equal(outside.status, 403, 'and is not told what stands there');
  for (const [body, code] of [
    [{ properties: { level: 'Never' } }, 'InvalidParameter'],
    [{ properties: { level: 'ReadOnly', notes: 'x'.repeat(513) } }, 'InvalidParameter'],
    [{}, 'InvalidParameter'],
  ] as const) {
    const answer = await as('PUT', lockAt(workspace(), 'l2'), body);
    assert.equal(answer.status, 400);
    assert.equal(answer.json.error.code, code);
  }
});

test('a shortened retention waits 30 days, unless the workspace asks to be rid of data at once', async () => {
  const { tableDays } = await import('../retention/days.js');
  const days = (): number => {
    const record = plane.catalog.workspaceByResourceId(workspace().toLowerCase())!;
    const stored = plane.catalog.snapshot.tables.get(record.workspaceId)?.get('A_CL');
    return tableDays(record, stored, clock.now());
  };
  const patch = (path: string, properties: unknown) => as('PATCH', `${path}?${v}`, { properties });
  await patch(workspace(), { retentionInDays: 90 });
  await patch(table(), { retentionInDays: -1, totalRetentionInDays: 400 });
  assert.equal(days(), 400);
  await patch(table(), { totalRetentionInDays: 200 });
  assert.equal(days(), 400, 'the longer one for now');
  await patch(table(), { totalRetentionInDays: -1 });
  assert.equal(days(), 400);
  clock.jump(30 * 86_400_000 + 1);
  signIn();
  assert.equal(days(), 90);
  await patch(workspace(), { retentionInDays: 60 });
  assert.equal(days(), 90);
  await patch(workspace(), { retentionInDays: 120 });
  assert.equal(days(), 120);
  await patch(workspace(), {
    retentionInDays: 10,
    features: { immediatePurgeDataOn30Days: true },
  });
  assert.equal(days(), 10);
});
