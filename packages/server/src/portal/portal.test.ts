import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManualClock } from '@strongroom/testkit';
import { openControlPlane } from '../control-plane-fixture.test.js';
import type { Answer, ControlPlane } from '../control-plane-fixture.test.js';

let plane: ControlPlane;
before(async () => {
  plane = await openControlPlane(new ManualClock());
  await plane.start();
});
after(() => plane.close());

type Send = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** Speaks as a user with a session. */
function sessionOf(userName: string): Send {
  const user = plane.catalog.snapshot.usersByName.get(userName)!;
  const value = plane.sessions.start(user.id);
  const csrf = plane.sessions.find(value)!.csrfToken;
  return (method, path, body) =>
    plane.call(method, path, {
      body,
      headers: { cookie: `__Host-strongroom-session=${value}`, 'x-strongroom-csrf': csrf },
    });
}

const roleIds = {
  owner: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  reader: '73c42c96-874c-492b-b04d-ab87d138a893',
};
const assign = (send: Send, scope: string, role: keyof typeof roleIds, principalId: string) =>
  send(
    'PUT',
    `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}?api-version=2022-04-01`,
    { properties: { roleDefinitionId: roleIds[role], principalId } },
  );

test('each kind of user sees and does what the roles say', async () => {
  const admin = sessionOf('admin');
  const people = new Map<string, { id: string; send: Send }>();
  for (const userName of ['owner', 'reader', 'nobody']) {
    const made = await admin('POST', '/api/users', { userName });
    people.set(userName, { id: made.json.id, send: sessionOf(userName) });
  }
  const [workspace] = plane.catalog.workspaces();
  const scope = workspace!.resourceId;
  const id = workspace!.workspaceId;
  for (const role of ['owner', 'reader'] as const) {
    assert.equal((await assign(admin, scope, role, people.get(role)!.id)).status, 201);
  }
  const everyone: [string, string, unknown, Record<string, number>][] = [
    ['GET', '/api/session', undefined, { owner: 200, reader: 200, nobody: 200 }],
    ['GET', '/api/status', undefined, { owner: 200, reader: 200, nobody: 200 }],
    ['GET', '/api/users', undefined, { owner: 200, reader: 403, nobody: 403 }],
    ['POST', '/api/users', { userName: 'x' }, { owner: 403, reader: 403, nobody: 403 }],
    ['GET', '/api/applications', undefined, { owner: 403, reader: 403, nobody: 403 }],
    ['POST', '/api/applications', { displayName: 'x' }, { owner: 403, reader: 403, nobody: 403 }],
    ['POST', '/api/workspaces', { name: 'another' }, { owner: 403, reader: 403, nobody: 403 }],
    ['GET', `/api/workspaces/${id}/agents`, undefined, { owner: 200, reader: 200, nobody: 403 }],
    [
      'GET',
      `/api/workspaces/${id}/enrollmentKeys`,
      undefined,
      { owner: 200, reader: 200, nobody: 403 },
    ],
    ['POST', `/api/workspaces/${id}/enrollmentKeys`, {}, { owner: 201, reader: 403, nobody: 403 }],
    [
      'GET',
      `/api/workspaces/${crypto.randomUUID()}/agents`,
      undefined,
      { owner: 403, reader: 403, nobody: 403 },
    ],
    ['GET', '/api/workspaces/default/agents', undefined, { owner: 403, reader: 403, nobody: 403 }],
    [
      'PATCH',
      `/api/users/${people.get('reader')!.id}`,
      { resetPassword: true },
      { owner: 403, reader: 403, nobody: 403 },
    ],
  ];
  for (const [method, path, body, statuses] of everyone) {
    for (const [name, status] of Object.entries(statuses)) {
      const answer = await people.get(name)!.send(method, path, body);
      assert.equal(answer.status, status, `${name} ${method} ${path} ${answer.text.slice(0, 200)}`);
    }
  }
  const lists = await Promise.all(
    ['owner', 'reader', 'nobody'].map((name) => people.get(name)!.send('GET', '/api/workspaces')),
  );
  assert.deepEqual(
    lists.map(({ json }) => json.value.map((item: { roles: string[] }) => item.roles)),
    [[['Owner']], [['Log Analytics Reader']], []],
  );
  assert.equal(
    (await people.get('owner')!.send('GET', '/api/session')).json.isAdministrator,
    false,
  );
  assert.equal(
    (await assign(people.get('owner')!.send, '', 'owner', people.get('owner')!.id)).status,
    403,
  );
});

test('an administrator makes, resets, disables and removes users; nobody learns a password twice', async () => {
  const admin = sessionOf('admin');
  const made = await admin('POST', '/api/users', { userName: 'Carla.Müller', displayName: 'C' });
  const { id, initialPassword } = made.json;
  const attempt = (password: string) =>
    plane.checkPassword({
      userName: 'carla.müller',
      password,
      callerIp: crypto.randomUUID(),
      operation: 'Microsoft.Strongroom/signIn/action',
    });
  assert.ok('user' in (await attempt(initialPassword)));
  const reset = await admin('PATCH', `/api/users/${id}`, { resetPassword: true });
  assert.ok('refused' in (await attempt(initialPassword)));
  assert.ok('user' in (await attempt(reset.json.initialPassword)));
  assert.equal((await admin('PATCH', `/api/users/${id}`, { disabled: true })).json.disabled, true);
  assert.deepEqual(await attempt(reset.json.initialPassword), { refused: 'wrong' });
  const list = await admin('GET', '/api/users');
  for (const secret of [initialPassword, reset.json.initialPassword, 'argon2']) {
    assert.ok(!list.text.includes(secret));
    assert.ok(!JSON.stringify(plane.events).includes(secret));
  }
  assert.equal((await admin('DELETE', `/api/users/${id}`)).status, 204);
  assert.equal((await admin('PATCH', `/api/users/${id}`, {})).status, 404);
  const self = plane.catalog.snapshot.usersByName.get('admin')!;
  assert.equal((await admin('DELETE', `/api/users/${self.id}`)).status, 409);
  for (const userName of ['', ' x', 'a b', '<script>', 'x'.repeat(129), 5]) {
    assert.equal((await admin('POST', '/api/users', { userName })).status, 400, String(userName));
  }
  assert.equal((await admin('PUT', '/api/users', {})).status, 405);
  assert.equal((await admin('GET', '/api/nonsense')).status, 404);
});

test('an application’s secret is shown once and ends with the application', async () => {
  const admin = sessionOf('admin');
  const made = await admin('POST', '/api/applications', {
    displayName: 'script',
    expiresInDays: 1,
  });
  assert.match(made.json.clientSecret, /^srs_[\w-]{43}$/);
  const token = await plane.token(made.json);
  const bearer = { headers: { authorization: `Bearer ${token}` } };
  assert.equal((await plane.authenticate('management', bearer)).id, made.json.id);
  const list = await admin('GET', '/api/applications');
  assert.ok(!list.text.includes(made.json.clientSecret));
  const renewed = await admin('POST', `/api/applications/${made.json.id}/secret`, {});
  assert.notEqual(renewed.json.clientSecret, made.json.clientSecret);
  await assert.rejects(plane.authenticate('management', bearer), { status: 401 });
  const other = { headers: { authorization: `Bearer ${await plane.token(renewed.json)}` } };
  await plane.authenticate('management', other);
  assert.equal((await admin('DELETE', `/api/applications/${made.json.id}`)).status, 204);
  await assert.rejects(plane.authenticate('management', other), { status: 401 });
  await assert.rejects(plane.token(made.json), /7000215/);
});
