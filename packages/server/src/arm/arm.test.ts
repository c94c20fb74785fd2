import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFile } from 'node:fs/promises';
import { ManualClock } from '@strongroom/testkit';
import { openControlPlane } from '../control-plane-fixture.test.js';
import type { CallOptions, ControlPlane } from '../control-plane-fixture.test.js';

let plane: ControlPlane;
let file: Record<string, string>;
let token: string;
let admin: string;

before(async () => {
  plane = await openControlPlane(new ManualClock());
  const made = await plane.start();
  file = JSON.parse(await readFile(made.file!, 'utf8'));
  token = await plane.token({ clientId: file['clientId']!, clientSecret: file['clientSecret']! });
  // An application that administers the service.
  const user = [...plane.catalog.snapshot.users.values()][0]!;
  const session = plane.sessions.start(user.id);
  admin = session;
});
after(() => plane.close());

const v = '?api-version=2025-07-01';
const vi = '?api-version=2024-03-11';
const va = '?api-version=2022-04-01';
const group = () => `/subscriptions/${plane.subscriptionId}/resourceGroups/strongroom`;
const workspace = (name: string) =>
  `${group()}/providers/Microsoft.OperationalInsights/workspaces/${name}`;

const as = (bearer: string, method: string, path: string, options: CallOptions = {}) =>
  plane.call(method, path, {
    ...options,
    headers: { ...options.headers, authorization: `Bearer ${bearer}` },
  });
const asAdmin = (method: string, path: string, options: CallOptions = {}) => {
  const csrf = plane.sessions.find(admin)?.csrfToken ?? '';
  return plane.call(method, path, {
    ...options,
    headers: {
      ...options.headers,
      cookie: `__Host-strongroom-session=${admin}`,
      'x-strongroom-csrf': csrf,
    },
  });
};
/** An application of its own with the given roles. */
async function application(
  ...assignments: [string, string][]
): Promise<{ token: string; id: string }> {
  const made = await asAdmin('POST', '/api/applications', { body: { displayName: 'test' } });
  assert.equal(made.status, 201, made.text);
  for (const [scope, role] of assignments) {
    const definitions = await asAdmin(
      'GET',
      `${scope}/providers/Microsoft.Authorization/roleDefinitions${va}&$filter=roleName eq '${role}'`,
    );
    const put = await asAdmin(
      'PUT',
      `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}${va}`,
      {
        body: {
          properties: { roleDefinitionId: definitions.json.value[0].id, principalId: made.json.id },
        },
      },
    );
    assert.equal(put.status, 201, put.text);
  }
  return { token: await plane.token(made.json), id: made.json.id };
}

test('a workspace is created, read, changed, listed, deleted and recovered', async () => {
  const path = workspace('first-one');
  const body = {
    location: 'local',
    tags: { a: 'b' },
    properties: { sku: { name: 'PerGB2018' }, retentionInDays: 30 },
  };
  const created = await as(token, 'PUT', path + v, { body });
  assert.equal(created.status, 201, created.text);
  assert.equal(created.json.properties.provisioningState, 'Succeeded');
  assert.equal(created.json.properties.retentionInDays, 30);
  assert.match(created.json.properties.customerId, /^[0-9a-f-]{36}$/);
  assert.equal((await as(token, 'PUT', path.toUpperCase() + v, { body })).status, 200);
  const patched = await as(token, 'PATCH', path + v, { body: { tags: { c: 'd' } } });
  assert.deepEqual(patched.json.tags, { c: 'd' });
  assert.equal(patched.json.properties.retentionInDays, 30);
  const listed = await as(
    token,
    'GET',
    `${group().toLowerCase()}/providers/microsoft.operationalinsights/workspaces${v}`,
  );
  assert.ok(listed.json.value.some((item: { name: string }) => item.name === 'first-one'));
  assert.equal((await as(token, 'DELETE', path + v)).status, 200);
  assert.ok(plane.workspaceCalls.includes('suspend'));
  assert.equal((await as(token, 'GET', path + v)).status, 404);
  assert.equal((await as(token, 'DELETE', path + v)).status, 204);
  const stranger = await application([group(), 'Workspace Creator']);
  const taken = await as(stranger.token, 'PUT', path + v, { body });
  assert.equal(taken.status, 409, 'a creator must not come by the data of a deleted workspace');
  const recovered = await as(token, 'PUT', path + v, { body });
  assert.equal(recovered.status, 200);
  assert.equal(recovered.json.properties.customerId, created.json.properties.customerId);
  assert.equal((await as(token, 'DELETE', `${path}${v}&force=true`)).status, 200);
  assert.ok(plane.workspaceCalls.includes('remove local'));
  assert.equal((await as(token, 'GET', path + v)).status, 403, 'its owner role went with it');
});

test('refuses what is wrong with a workspace, each by its code', async () => {
  const cases: [string, string, unknown, number, string][] = [
    [workspace('abc'), v, { location: 'local' }, 400, 'InvalidParameter'],
    [workspace('bad_name'), v, { location: 'local' }, 400, 'InvalidParameter'],
    [workspace('good-name'), v, { location: 'mars' }, 400, 'LocationNotAvailableForResourceType'],
    [workspace('good-name'), v, {}, 400, 'InvalidParameter'],
    [workspace('good-name'), v, '[]', 400, 'InvalidRequestContent'],
    [workspace('good-name'), v, '{', 400, 'InvalidRequestContent'],
    [workspace('good-name'), '', { location: 'local' }, 400, 'MissingApiVersionParameter'],
    [
      workspace('good-name'),
      '?api-version=1999-01-01',
      { location: 'local' },
      400,
      'NoRegisteredProviderFound',
    ],
    [
      workspace('good-name'),
      v,
      { location: 'local', properties: { retentionInDays: 731 } },
      400,
      'InvalidParameter',
    ],
    [
      workspace('good-name'),
      v,
      { location: 'local', properties: { retentionInDays: 3 } },
      400,
      'InvalidParameter',
    ],
    [
      workspace('good-name'),
      v,
      { location: 'local', properties: { publicNetworkAccessForQuery: 'Disabled' } },
      400,
      'OperationNotSupported',
    ],
    [workspace('good-name'), v, { location: 'local', tags: { a: 1 } }, 400, 'InvalidParameter'],
    [
      `/subscriptions/${crypto.randomUUID()}/resourceGroups/strongroom/providers/Microsoft.OperationalInsights/workspaces/good-name`,
      v,
      { location: 'local' },
      404,
      'SubscriptionNotFound',
    ],
    [
      `/subscriptions/${plane.subscriptionId}/resourceGroups/other/providers/Microsoft.OperationalInsights/workspaces/good-name`,
      v,
      { location: 'local' },
      403,
      'AuthorizationFailed',
    ],
  ];
  for (const [path, version, body, status, code] of cases) {
    const answer = await as(token, 'PUT', path + version, { body });
    assert.deepEqual([answer.status, answer.json.error.code], [status, code], JSON.stringify(body));
  }
  assert.equal(
    (await as(token, 'POST', `${workspace('default')}/sharedKeys${v}`)).json.error.code,
    'OperationNotSupported',
  );
  assert.equal(
    (await as(token, 'GET', `${workspace('default')}/nonsense${v}`)).json.error.code,
    'InvalidResourceType',
  );
  const deep = '['.repeat(100_000);
  assert.equal((await as(token, 'PUT', workspace('good-name') + v, { body: deep })).status, 400);
});

test('no spelling of a scope reaches what another spelling was refused', async () => {
  const { token: stranger } = await application();
  const target = workspace('default');
  const encoded = `/${encodeURIComponent(target)}`;
  for (const path of [
    target,
    target.toUpperCase(),
    `/${target}`,
    target.replace('/providers', '//providers'),
    encoded,
    encoded.toLowerCase(),
    `${target}/`,
  ]) {
    const got = await as(stranger, 'GET', path + v);
    assert.equal(got.status, 403, path);
    const own = await as(token, 'GET', path + v);
    assert.equal(own.status, 200, path);
  }
  for (const path of [
    `${target}/../default`,
    `${target}/%2e%2e/default`,
    `${target}%00`,
    `${target}%5c`,
  ]) {
    assert.equal((await as(token, 'GET', path + v)).status, 400, path);
  }
});

test('custom tables are made, grown and dropped; stored columns never change', async () => {
  const path = `${workspace('default')}/tables/Mine_CL`;
  const column = (name: string, type: string) => ({ name, type });
  const schema = (...columns: object[]) => ({
    properties: { schema: { name: 'Mine_CL', columns } },
  });
  const time = column('TimeGenerated', 'DateTime');
  const put = (body: unknown) => as(token, 'PUT', path + v, { body });
  assert.equal((await put(schema(column('A', 'string')))).status, 400, 'TimeGenerated is needed');
  assert.equal((await put(schema(time, column('Type', 'string')))).status, 400);
  assert.equal((await put(schema(time, column('A', 'string'), column('a', 'int')))).status, 400);
  assert.equal((await put(schema(time, column('A', 'timespan')))).status, 400);
  const created = await put(schema(time, column('A', 'string')));
  assert.equal(created.status, 201, created.text);
  assert.equal(created.json.properties.schema.tableType, 'CustomLog');
  assert.equal(
    (await put(schema(time, column('A', 'long')))).status,
    400,
    'a type does not change',
  );
  assert.equal((await put(schema(time))).status, 400, 'a column does not go');
  assert.equal(
    (await put(schema(time, column('A', 'string'), column('B', 'boolean')))).status,
    200,
  );
  const id = [...plane.catalog.workspaces()].find(({ name }) => name === 'default')!.workspaceId;
  assert.deepEqual(plane.catalog.table(id, 'Mine_CL')?.schema.columns, [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'A', type: 'string' },
    { name: 'B', type: 'bool' },
  ]);
  assert.equal(plane.catalog.agentStream(id, 'Custom-Mine_CL')?.outputTable, 'Mine_CL');
  assert.equal(plane.catalog.agentStream(id, 'Microsoft-Event'), undefined);
  const listed = await as(token, 'GET', `${workspace('default')}/tables${v}`);
  assert.ok(listed.json.value.length > 180);
  const syslog = await as(token, 'PATCH', `${workspace('default')}/tables/syslog${v}`, {
    body: { properties: { retentionInDays: 90 } },
  });
  assert.equal(syslog.json.properties.retentionInDays, 90);
  assert.equal(syslog.json.name, 'Syslog');
  assert.equal(
    (await as(token, 'DELETE', `${workspace('default')}/tables/Syslog${v}`)).status,
    400,
  );
  assert.equal((await as(token, 'DELETE', path + v)).status, 200);
  assert.ok(plane.workspaceCalls.includes('drop Mine_CL'));
  assert.equal((await as(token, 'GET', path + v)).status, 404);
});

test('a rule is checked against its workspaces and can be sent through by its maker', async () => {
  const path = `${group().replace('resourceGroups', 'resourcegroups')}/providers/microsoft.insights/datacollectionrules/mine`;
  const rule = (change: object = {}, flow: object = {}) => ({
    location: 'local',
    kind: 'Direct',
    properties: {
      streamDeclarations: {
        'Custom-In': {
          columns: [
            { name: 'TimeGenerated', type: 'datetime' },
            { name: 'RawData', type: 'string' },
          ],
        },
      },
      destinations: { logAnalytics: [{ name: 'd', workspaceResourceId: workspace('default') }] },
      dataFlows: [
        {
          streams: ['Custom-In'],
          destinations: ['d'],
          transformKql: 'source',
          outputStream: 'Custom-Text_CL',
          ...flow,
        },
      ],
      ...change,
    },
  });
  const put = (body: unknown) => as(token, 'PUT', path + vi, { body });
  const cases: [unknown, string][] = [
    [rule({}, { transformKql: 'nonsense' }), 'InvalidTransformQuery'],
    [rule({}, { outputStream: 'Custom-Missing_CL' }), 'InvalidOutputTable'],
    [rule({}, { streams: ['Custom-Other'] }), 'InvalidStream'],
    [rule({}, { destinations: ['x'] }), 'InvalidDataFlow'],
    [rule({}, { streams: Array.from({ length: 501 }, () => 'Custom-In') }), 'InvalidDataFlow'],
    [
      rule({
        streamDeclarations: { 'Custom-In': { columns: [{ name: 'RawData', type: 'string' }] } },
      }),
      'InvalidTransformOutput',
    ],
    [
      rule({
        streamDeclarations: { 'Custom-In': { columns: [{ name: 'RawData', type: 'nope' }] } },
      }),
      'InvalidStream',
    ],
    [
      rule({
        streamDeclarations: { 'Custom-In': { columns: [{ name: '_Position', type: 'long' }] } },
      }),
      'InvalidStream',
    ],
  ];
  for (const [body, code] of cases) {
    const answer = await put(body);
    assert.equal(answer.status, 400, code);
    assert.equal(answer.json.error.code, 'InvalidPayload');
    assert.equal(answer.json.error.details[0].code, code, answer.text);
  }
  const created = await put(rule());
  assert.equal(created.status, 201, created.text);
  const { immutableId } = created.json.properties;
  assert.match(immutableId, /^dcr-[0-9a-f]{32}$/);
  const record = plane.catalog.rule(immutableId);
  assert.equal(record?.streams.get('Custom-In')?.[0]?.outputTable, 'Text_CL');
  const principal = await plane.authenticate('ingestion', {
    headers: {
      authorization: `Bearer ${await plane.token({ clientId: file['clientId']!, clientSecret: file['clientSecret']!, scope: 'https://monitor.azure.com//.default' })}`,
    },
  });
  assert.ok(
    plane.access.allows(principal, 'Microsoft.Insights/Telemetry/Write', record!.resourceKey),
  );
  assert.equal((await put(rule())).json.properties.immutableId, immutableId);
  assert.equal(plane.catalog.rule(immutableId)?.version, 2);
  const creator = await application([group(), 'Workspace Creator']);
  assert.equal(
    (await as(creator.token, 'PUT', `${path}2${vi}`, { body: rule() })).status,
    403,
    'no right on the destination',
  );
  assert.equal((await as(creator.token, 'GET', path + vi)).status, 403);
  assert.equal((await as(token, 'DELETE', path + vi)).status, 200);
  assert.equal(plane.catalog.rule(immutableId), undefined);
});

test('a rule does not follow a name to the workspace that is made under it later', async () => {
  const target = workspace('reborn');
  const location = { location: 'local' };
  assert.equal((await as(token, 'PUT', target + v, { body: location })).status, 201);
  const columns = [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'Message', type: 'string' },
  ];
  const path = `${group()}/providers/Microsoft.Insights/dataCollectionRules/outlives`;
  const body = {
    ...location,
    properties: {
      streamDeclarations: { 'Custom-In': { columns } },
      destinations: {
        logAnalytics: [
          { name: 'd', workspaceResourceId: target, workspaceId: crypto.randomUUID() },
        ],
      },
      dataFlows: [
        { streams: ['Custom-In'], destinations: ['d'], outputStream: 'Microsoft-Operation' },
      ],
    },
  };
  const made = await as(token, 'PUT', path + vi, { body });
  assert.equal(made.status, 201, made.text);
  const { immutableId, destinations } = made.json.properties;
  const first = plane.catalog.workspaces().find(({ name }) => name === 'reborn')!.workspaceId;
  assert.equal(destinations.logAnalytics[0].workspaceId, first, 'never the one that was sent');
  assert.equal(plane.catalog.rule(immutableId)?.streams.get('Custom-In')?.[0]?.workspaceId, first);
  assert.equal((await as(token, 'DELETE', `${target}${v}&force=true`)).status, 200);
  assert.equal((await as(token, 'PUT', target + v, { body: location })).status, 201);
  assert.equal(plane.catalog.rule(immutableId)?.streams.get('Custom-In'), undefined);
  assert.equal(
    (await as(token, 'PUT', path + vi, { body })).status,
    200,
    'its owner points it anew',
  );
  assert.notEqual(
    plane.catalog.rule(immutableId)?.streams.get('Custom-In')?.[0]?.workspaceId,
    first,
  );
  assert.equal((await as(token, 'DELETE', `${target}${v}&force=true`)).status, 200);
});

test('of two who make a rule under one name at once, one is told so', async () => {
  const path = `${group()}/providers/Microsoft.Insights/dataCollectionEndpoints/raced`;
  const answers = await Promise.all(
    [1, 2].map(() => as(token, 'PUT', path + vi, { body: { location: 'local', properties: {} } })),
  );
  const statuses = answers.map(({ status }) => status);
  assert.deepEqual(
    statuses.toSorted((a, b) => a - b),
    [201, 409],
  );
});

test('endpoints say where logs go: to where the caller called', async () => {
  const path = `${group()}/providers/Microsoft.Insights/dataCollectionEndpoints/mine`;
  const made = await as(token, 'PUT', path + vi, {
    body: { location: 'local' },
    origin: 'https://127.0.0.1:8443',
  });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.json.properties.logsIngestion.endpoint, 'https://127.0.0.1:8443');
  assert.equal((await as(token, 'GET', path + vi)).status, 200);
  assert.equal((await as(token, 'DELETE', path + vi)).status, 200);
  assert.equal((await as(token, 'DELETE', path + vi)).status, 403, 'the maker’s role went with it');
});

test('saved functions are stored and found by their alias', async () => {
  const path = `${workspace('default')}/savedSearches/fn1`;
  const properties = {
    category: 'c',
    displayName: 'd',
    query: 'Text_CL | take n',
    functionAlias: 'newest',
    functionParameters: 'n:long',
  };
  assert.equal((await as(token, 'PUT', path + v, { body: { properties } })).status, 200);
  const id = plane.catalog.workspaces().find(({ name }) => name === 'default')!.workspaceId;
  assert.deepEqual(plane.catalog.functions(id), [
    { name: 'newest', parameters: 'n:long', body: 'Text_CL | take n' },
  ]);
  assert.equal(
    (
      await as(token, 'PUT', `${workspace('default')}/savedSearches/fn2${v}`, {
        body: { properties },
      })
    ).status,
    409,
  );
  assert.equal((await as(token, 'DELETE', path + v)).status, 200);
  assert.deepEqual(plane.catalog.functions(id), []);
});

test('roles are given and taken at a scope, and count at once', async () => {
  const reader = await application([workspace('default'), 'Log Analytics Reader']);
  assert.equal((await as(reader.token, 'GET', workspace('default') + v)).status, 200);
  assert.equal(
    (await as(reader.token, 'PATCH', workspace('default') + v, { body: {} })).status,
    403,
  );
  const assignments = `${workspace('default')}/providers/Microsoft.Authorization/roleAssignments`;
  const list = await as(token, 'GET', `${assignments}${va}&$filter=principalId eq '${reader.id}'`);
  assert.equal(list.json.value.length, 1);
  const again = await as(token, 'PUT', `${assignments}/${crypto.randomUUID()}${va}`, {
    body: {
      properties: {
        roleDefinitionId: list.json.value[0].properties.roleDefinitionId,
        principalId: reader.id,
      },
    },
  });
  assert.equal(again.json.error.code, 'RoleAssignmentExists');
  const own = await as(reader.token, 'PUT', `${assignments}/${crypto.randomUUID()}${va}`, {
    body: {
      properties: {
        roleDefinitionId: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
        principalId: reader.id,
      },
    },
  });
  assert.equal(own.status, 403, 'a reader cannot make himself owner');
  const above = await as(
    token,
    'PUT',
    `${group()}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}${va}`,
    {
      body: {
        properties: {
          roleDefinitionId: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
          principalId: reader.id,
        },
      },
    },
  );
  assert.equal(above.status, 403, 'an owner of a workspace gives no roles above it');
  assert.equal((await as(token, 'DELETE', `${list.json.value[0].id}${va}`)).status, 200);
  assert.equal((await as(reader.token, 'GET', workspace('default') + v)).status, 403);
  const everything = await asAdmin(
    'GET',
    `/providers/Microsoft.Authorization/roleAssignments${va}`,
  );
  const owner = everything.json.value.find(
    (item: { properties: { scope: string } }) => item.properties.scope === '/',
  );
  assert.equal(
    (await asAdmin('DELETE', `${owner.id}${va}`)).json.error.code,
    'Conflict',
    'the last administrator stays',
  );
});

test('the application of bootstrap.json is owner of its workspace and nothing else', async () => {
  assert.equal((await as(token, 'GET', '/api/users')).status, 403);
  assert.equal((await as(token, 'GET', '/api/applications')).status, 403);
  assert.equal((await as(token, 'POST', '/api/users', { body: { userName: 'x' } })).status, 403);
  const other = await asAdmin('PUT', workspace('of-admin') + v, { body: { location: 'local' } });
  assert.equal(other.status, 201);
  assert.equal((await as(token, 'GET', workspace('of-admin') + v)).status, 403);
  assert.equal(
    (await as(token, 'GET', `/api/workspaces/${other.json.properties.customerId}/agents`)).status,
    403,
  );
  const listed = await as(
    token,
    'GET',
    `/subscriptions/${plane.subscriptionId}/providers/Microsoft.OperationalInsights/workspaces${v}`,
  );
  assert.deepEqual(
    listed.json.value.map((item: { name: string }) => item.name),
    ['default'],
  );
  const foreign = {
    location: 'local',
    properties: {
      destinations: { logAnalytics: [{ name: 'd', workspaceResourceId: workspace('of-admin') }] },
      streamDeclarations: {},
      dataFlows: [{ streams: ['Microsoft-Syslog'], destinations: ['d'] }],
    },
  };
  assert.equal(
    (
      await as(
        token,
        'PUT',
        `${group()}/providers/Microsoft.Insights/dataCollectionRules/steal${vi}`,
        { body: foreign },
      )
    ).status,
    403,
  );
});

test('an act whose audit cannot be written does not happen', async () => {
  plane.audit.broken = true;
  try {
    const refused = await as(token, 'PUT', workspace('unaudited') + v, {
      body: { location: 'local' },
    });
    assert.equal(refused.status, 503);
  } finally {
    plane.audit.broken = false;
  }
  assert.equal(
    plane.catalog.workspaces().some(({ name }) => name === 'unaudited'),
    false,
  );
  assert.ok(
    plane.events.some(
      ({ outcome, reason }) => outcome === 'Refused' && reason === 'AuthorizationFailed',
    ),
  );
});
