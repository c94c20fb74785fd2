import assert from 'node:assert/strict';
import { test } from 'node:test';
import { principalId, workspaceId } from '@strongroom/base';
import type { Action } from './access.js';
import { createAccess, isWithin } from './decide.js';
import type { AccessFacts } from './decide.js';
import type { Principal } from './principal.js';
import { allRoles, roleById, roles } from './roles.js';

const id = principalId('11111111-1111-1111-1111-111111111111');
const user: Principal = { kind: 'User', id, name: 'u', proof: 'token' };
const group = '/subscriptions/s/resourcegroups/g';
const workspace = `${group}/providers/microsoft.operationalinsights/workspaces/w`;

const actions: readonly Action[] = [...new Set(allRoles().flatMap((role) => [...role.actions]))];

function accessOf(
  assignments: readonly { scopeKey: string; roleId: string }[],
  change: Partial<AccessFacts> = {},
) {
  return createAccess(() => ({
    isActive: () => true,
    assignmentsOf: () => assignments,
    workspaceKey: () => workspace,
    ...change,
  }));
}

test('each role holds exactly these actions', () => {
  const short = (action: string): string =>
    action
      .replace('Microsoft.OperationalInsights/workspaces', 'ws')
      .replace('Microsoft.OperationalInsights/', '')
      .replace('Microsoft.Insights/dataCollection', 'dc')
      .replace('Microsoft.Authorization/roleAssignments', 'roles')
      .replace('Microsoft.Authorization/', '')
      .replace('Microsoft.Strongroom/', '');
  const held = (role: keyof typeof roles): string =>
    [...roles[role].actions].map(short).sort().join(' ');
  const reads =
    'clusters/read dcEndpoints/read dcRules/read holds/read locks/read roles/read ws/agents/read ws/dataExports/read';
  const tableReads = 'ws/read ws/tables/read';
  const contributor =
    'clusters/delete clusters/read clusters/write ' +
    'dcEndpoints/delete dcEndpoints/read dcEndpoints/write dcRules/delete dcRules/read ' +
    'dcRules/write holds/read locks/read roles/read ws/agents/read ws/agents/write ws/create/action ' +
    'ws/dataExports/delete ws/dataExports/read ws/dataExports/write ws/delete ws/query/read ws/read ws/tables/delete ws/tables/read ws/tables/write ws/write';
  assert.equal(held('metricsPublisher'), 'Microsoft.Insights/Telemetry/Write');
  assert.equal(held('workspaceCreator'), 'ws/create/action');
  assert.equal(held('dataPurger'), 'ws/purge/action ws/read');
  assert.equal(held('reader'), `${reads} ws/query/read ${tableReads}`);
  assert.equal(held('logAnalyticsReader'), held('reader'));
  assert.equal(held('contributor'), contributor);
  assert.equal(held('logAnalyticsContributor'), contributor);
  assert.equal(
    held('userAccessAdministrator'),
    'clusters/read dcEndpoints/read dcRules/read holds/read holds/write locks/delete locks/read locks/write ' +
      `roles/delete roles/read roles/write users/read ws/agents/read ws/dataExports/read ${tableReads}`,
  );
  const missing = actions.filter((action) => !roles.owner.actions.has(action));
  assert.deepEqual(missing, ['Microsoft.Insights/Telemetry/Write']);
});

test('roles carry Azure’s ids, found in any letter case', () => {
  assert.equal(roleById('8E3AF657-A8FF-443C-A75C-2FE8C4BCB635')?.name, 'Owner');
  assert.equal(
    roleById('3913510d-42f4-4e42-8a64-420c390055eb')?.name,
    'Monitoring Metrics Publisher',
  );
  assert.equal(roleById('00000000-0000-0000-0000-000000000000'), undefined);
});

test('a role holds at its scope and below, never above or beside', () => {
  const access = accessOf([{ scopeKey: workspace, roleId: roles.owner.id }]);
  const reads = (scope: string): boolean =>
    access.allows(user, 'Microsoft.OperationalInsights/workspaces/read', scope);
  assert.ok(reads(workspace) && reads(`${workspace}/tables/t`));
  const refused = [
    '/',
    group,
    `${workspace}2`,
    `${workspace}/`,
    workspace.toUpperCase(),
    workspace.replace('/providers', '//providers'),
    '',
    'x',
  ];
  for (const scope of refused) assert.equal(reads(scope), false, scope);
  assert.ok(isWithin('/anything', '/'));
});

test('adding a role never removes a right, removing one never adds any', () => {
  const all = allRoles();
  const rights = (mask: number): bigint => {
    const assignments = all
      .filter((_role, index) => (mask & (1 << index)) !== 0)
      .map((role, index) => ({ scopeKey: index % 2 === 0 ? group : workspace, roleId: role.id }));
    // The scope goes with the role, whatever else is assigned.
    const placed = assignments.map(({ roleId }) => ({
      roleId,
      scopeKey: all.findIndex((role) => role.id === roleId) % 2 === 0 ? group : workspace,
    }));
    const access = accessOf(placed);
    return actions.reduce(
      (bits, action, index) =>
        access.allows(user, action, workspace) ? bits | (1n << BigInt(index)) : bits,
      0n,
    );
  };
  const byMask = Array.from({ length: 1 << all.length }, (_value, mask) => rights(mask));
  assert.equal(byMask[0], 0n);
  for (let mask = 0; mask < byMask.length; mask += 1) {
    for (let role = 0; role < all.length; role += 1) {
      const more = byMask[mask | (1 << role)]!;
      assert.equal(more & byMask[mask]!, byMask[mask]!);
    }
  }
});

test('nobody gets anything who is disabled, removed, unknown, or the service itself', () => {
  const owner = [{ scopeKey: '/', roleId: roles.owner.id }];
  const inactive = accessOf(owner, { isActive: () => false });
  const active = accessOf(owner);
  for (const action of actions) {
    assert.equal(inactive.allows(user, action, workspace), false);
    assert.equal(
      active.allows({ ...user, kind: 'Service', proof: 'internal' }, action, workspace),
      false,
    );
  }
  assert.deepEqual(inactive.rolesAt(user, workspace), []);
  assert.deepEqual(active.rolesAt(user, workspace), ['Owner']);
  assert.equal(
    accessOf([{ scopeKey: '/', roleId: 'unknown' }]).allows(user, actions[0]!, workspace),
    false,
  );
});

test('an agent sends to the workspace of its certificate and does nothing else', () => {
  const agent: Principal = {
    kind: 'Agent',
    id,
    name: 'a',
    workspaceId: workspaceId('22222222-2222-2222-2222-222222222222'),
    proof: 'certificate',
  };
  // Even if somebody gave its id a role.
  const access = accessOf([{ scopeKey: '/', roleId: roles.owner.id }]);
  for (const action of actions) {
    const may = access.allows(agent, action, workspace);
    assert.equal(may, action === 'Microsoft.Insights/Telemetry/Write', action);
    assert.equal(access.allows(agent, action, `${workspace}2`), false);
    assert.equal(access.allows(agent, action, '/'), false);
    assert.equal(access.allows({ ...agent, proof: 'token' }, action, workspace), false);
  }
});
