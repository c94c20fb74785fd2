import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ed25519Signer } from '@strongroom/keys';
import { toBase64, utf8 } from '@strongroom/base';
import { systemRandom } from '@strongroom/platform';
import { ManualClock } from '@strongroom/testkit';
import { openControlPlane } from '../control-plane-fixture.test.js';
import type { Answer, ControlPlane } from '../control-plane-fixture.test.js';
import { liftingStatement, restoreHolds } from '../locks/holds.js';

const clock = new ManualClock();
let plane: ControlPlane;
let admin: string;
const approvers = ['Ada', 'Bo', 'Cy'].map((name) => ({
  name,
  signer: ed25519Signer(systemRandom.bytes(32)),
}));

before(async () => {
  plane = await openControlPlane(clock);
  await plane.start();
  admin = plane.sessions.start([...plane.catalog.snapshot.users.values()][0]!.id);
  const body = { location: 'local', properties: { sku: { name: 'PerGB2018' } } };
  assert.equal((await as('PUT', `${workspace()}?${v}`, body)).status, 201);
});
after(() => plane.close());

const v = 'api-version=2025-07-01';
const vh = 'api-version=2026-11-01';
const workspace = () =>
  `/subscriptions/${plane.subscriptionId}/resourceGroups/strongroom` +
  '/providers/Microsoft.OperationalInsights/workspaces/held-ws';
const holds = () => `${workspace()}/providers/Microsoft.Strongroom/holds`;
const as = (method: string, path: string, body?: unknown): Promise<Answer> =>
  plane.call(method, path, {
    ...(body === undefined ? {} : { body }),
    headers: {
      cookie: `__Host-strongroom-session=${admin}`,
      'x-strongroom-csrf': plane.sessions.find(admin)?.csrfToken ?? '',
    },
  });
const place = (approvalsNeeded = 2, keys = approvers) =>
  as('POST', `${holds()}?${vh}`, {
    properties: {
      reason: 'case 17',
      approvalsNeeded,
      approvers: keys.map(({ name, signer }) => ({
        name,
        publicKey: toBase64(signer.publicKey),
      })),
    },
  });
const sign = async (who: (typeof approvers)[number], statement: string): Promise<string> =>
  toBase64(await who.signer.sign(utf8(statement)));
const approve = (name: string, signature: string) =>
  as('POST', `${holds()}/${name}/approve?${vh}`, { signature });
const remove = () => as('DELETE', `${workspace()}?${v}&force=true`);
const isHeld = (answer: Answer): boolean =>
  answer.status === 409 && answer.json.error.code === 'ScopeOnHold';

test('a hold stands until enough approvers have each signed with their own key', async () => {
  const placed = await place();
  assert.equal(placed.status, 201, placed.text);
  const { name } = placed.json;
  const { liftingStatement: statement } = placed.json.properties;
  assert.ok(isHeld(await remove()));
  assert.ok(
    isHeld(await as('PATCH', `${workspace()}?${v}`, { properties: { retentionInDays: 4 } })),
  );
  assert.equal((await as('PATCH', `${workspace()}?${v}`, { tags: { a: 'b' } })).status, 200);

  const [ada, bo] = approvers;
  const stranger = { name: 'X', signer: ed25519Signer(systemRandom.bytes(32)) };
  assert.equal((await approve(name, await sign(stranger, statement))).status, 403);
  assert.equal((await approve(name, await sign(ada!, `${statement}x`))).status, 403);
  for (let again = 0; again < 3; again += 1) {
    const answer = await approve(name, await sign(ada!, statement));
    assert.equal(answer.json.properties.state, 'Standing', 'one key counts once');
  }
  assert.ok(isHeld(await remove()));
  assert.equal(
    (await as('DELETE', `${holds()}/${name}?${vh}`)).status,
    405,
    'there is no other way',
  );
  const lifted = await approve(name, await sign(bo!, statement));
  assert.equal(lifted.json.properties.state, 'Lifted');
  assert.deepEqual(
    plane.recorded.map(({ record }) => record.type).filter((type) => type.startsWith('hold')),
    ['holdPlaced', 'holdLiftApproved', 'holdLiftApproved', 'holdLifted'],
  );
  assert.equal((await as('GET', `${holds()}?${vh}`)).json.value.length, 1);
});

test('an older catalog does not lift a hold: the ledger puts it back', async () => {
  const placed = await place();
  const id = placed.json.name as string;
  const hold = plane.catalog.snapshot.holds.get(id)!;
  // As if the catalog had been written to.
  await plane.catalog.change((write) => write.putHold({ ...hold, liftedAt: clock.now() }));
  await restoreHolds(plane, hold.workspaceId);
  assert.ok(isHeld(await remove()));
  clock.jump(100 * 365 * 86_400_000);
  admin = plane.sessions.start([...plane.catalog.snapshot.users.values()][0]!.id);
  assert.ok(isHeld(await remove()), 'time lifts nothing');
  const statement = liftingStatement(plane.catalog.snapshot.holds.get(id)!);
  for (const who of approvers.slice(1)) await approve(id, await sign(who, statement));
  await restoreHolds(plane, hold.workspaceId);
  assert.equal((await remove()).status, 200);
});

test('refuses holds that one person could lift, or nobody', async () => {
  const body = { location: 'local', properties: {} };
  assert.equal((await as('PUT', `${workspace()}?${v}`, body)).status, 201);
  const [ada] = approvers;
  for (const answer of [
    await place(1),
    await place(4),
    await place(2, [ada!, ada!]),
    await as('POST', `${holds()}?${vh}`, { properties: { reason: 'x' } }),
  ]) {
    assert.equal(answer.status, 400, answer.text);
  }
  const elsewhere = await as(
    'POST',
    `/subscriptions/${plane.subscriptionId}/providers/Microsoft.Strongroom/holds?${vh}`,
    {},
  );
  assert.equal(elsewhere.status, 404);
});
