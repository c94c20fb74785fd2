import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { ManualClock } from '@strongroom/testkit';
import type { Audit } from '../audit/audit.js';
import { HttpError } from '../http/errors.js';
import { openControlPlane } from '../control-plane-fixture.test.js';

const fields = [
  'url',
  'caFile',
  'tenantId',
  'clientId',
  'clientSecret',
  'subscriptionId',
  'resourceGroup',
  'workspaceName',
  'workspaceId',
  'workspaceResourceId',
  'dcrImmutableId',
  'streamName',
  'customTable',
  'enrollmentKey',
];

test('the file has exactly the promised fields, and its workspace, table and rule exist', async () => {
  const plane = await openControlPlane(new ManualClock(), { region: 'here' });
  try {
    const made = await plane.start();
    const file = JSON.parse(await readFile(made.file!, 'utf8'));
    assert.deepEqual(Object.keys(file), fields);
    const [workspace] = plane.catalog.workspaces();
    assert.deepEqual(
      [workspace?.workspaceId, workspace?.resourceId, workspace?.region],
      [file.workspaceId, file.workspaceResourceId, 'here'],
    );
    assert.deepEqual(plane.catalog.table(workspace!.workspaceId, 'Text_CL')?.schema.columns, [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'Computer', type: 'string' },
      { name: 'FilePath', type: 'string' },
      { name: 'RawData', type: 'string' },
    ]);
    const flows = plane.catalog.rule(file.dcrImmutableId)?.streams.get(file.streamName);
    assert.equal(flows?.[0]?.outputTable, file.customTable);
    const roles = (plane.catalog.snapshot.assignments ?? [])
      .filter(({ principalType }) => principalType === 'ServicePrincipal')
      .map(({ scope }) => scope.split('/').at(-1));
    assert.deepEqual(roles, ['default', 'strongroom', 'default']);
    assert.deepEqual(
      (await readdir(plane.directory)).filter((name) => name.endsWith('.new')),
      [],
    );
  } finally {
    await plane.close();
  }
});

test('a first start that is cut short at any step is finished by the next one', async () => {
  for (let step = 0; ; step += 1) {
    const plane = await openControlPlane(new ManualClock());
    try {
      const record: Audit['record'] = (event) => {
        plane.events.push(event);
        return Promise.resolve();
      };
      let left = step;
      plane.audit.record = async (event) => {
        if (left === 0) throw new HttpError(503, 'AuditUnavailable', 'cut short');
        left -= 1;
        await record(event);
      };
      const first = await plane.start().catch((error: unknown) => {
        assert.ok(error instanceof HttpError);
        return undefined;
      });
      plane.audit.record = record;
      const made = first ?? (await plane.start());
      assert.equal(plane.catalog.snapshot.users.size, 1);
      assert.equal(plane.catalog.workspaces().length, 1);
      assert.equal(plane.catalog.snapshot.resources.size, 2);
      assert.equal(plane.catalog.snapshot.assignments.length, 4);
      assert.ok(made.file !== undefined);
      if (first !== undefined) break;
    } finally {
      await plane.close();
    }
  }
});

test('a default workspace that was deleted is there again after a start, with its data', async () => {
  const plane = await openControlPlane(new ManualClock());
  try {
    const { workspace } = await plane.start();
    await plane.catalog.change((write) => write.putWorkspace({ ...workspace, deletedAt: 1 }));
    const again = await plane.start();
    assert.equal(again.workspace.workspaceId, workspace.workspaceId);
    await plane.catalog.change((write) => write.removeWorkspace(again.workspace));
    const anew = await plane.start();
    assert.notEqual(anew.workspace.workspaceId, workspace.workspaceId);
    assert.equal(
      plane.catalog.rule(anew.rule.immutableId)?.streams.get('Custom-Text_CL')?.[0]?.workspaceId,
      anew.workspace.workspaceId,
    );
  } finally {
    await plane.close();
  }
});
