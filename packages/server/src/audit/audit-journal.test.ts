import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8, journalSequence, principalId, workspaceId } from '@strongroom/base';
import { openJournal } from '@strongroom/journal';
import { openLocalKeystore } from '@strongroom/keys';
import { sha256, systemClock } from '@strongroom/platform';
import { FaultyFs, seededRandom, testSigner } from '@strongroom/testkit';
import type { CatalogReader, WorkspaceRecord } from '../catalog/catalog.js';
import { createLog } from '../log.js';
import { serviceSegmentKeys } from '../workspaces/segment-keys.js';
import type { Workspace, Workspaces } from '../workspaces/workspace.js';
import { activityRow, openAudit } from './audit-journal.js';
import type { AuditEvent } from './audit.js';

const known = workspaceId('11111111-1111-4111-8111-111111111111');
const unknown = workspaceId('22222222-2222-4222-8222-222222222222');
const event: AuditEvent = {
  principal: {
    kind: 'User',
    id: principalId('33333333-3333-4333-8333-333333333333'),
    name: 'ada',
    proof: 'session',
  },
  operation: 'Microsoft.Strongroom/users/write',
  outcome: 'Succeeded',
  target: '/users/x',
  callerIp: '192.0.2.1',
};

async function open(fs: FaultyFs) {
  const random = seededRandom('audit');
  const keyProvider = await openLocalKeystore({ path: '/key/root', fs, random, create: true });
  const inWorkspace: unknown[] = [];
  const workspaces = {
    open: async () =>
      ({
        appendAudit: async (...row: unknown[]) => void inWorkspace.push(row),
      }) as Partial<Workspace>,
  } as Partial<Workspaces> as Workspaces;
  const catalog = {
    workspace: (id: string) => (id === known ? ({} as WorkspaceRecord) : undefined),
  } as Partial<CatalogReader> as CatalogReader;
  const audit = await openAudit({
    root: '/data',
    workspaces,
    catalog,
    keyProvider,
    signer: testSigner('audit'),
    fs,
    clock: systemClock,
    random,
    sha256,
    log: createLog(() => undefined, Date.now),
  });
  return { audit, inWorkspace, keyProvider, random };
}

test('an event of a workspace goes there, every other into the sealed service journal', async () => {
  const fs = new FaultyFs();
  const { audit, inWorkspace, keyProvider, random } = await open(fs);
  await audit.record({ ...event, workspaceId: known });
  await audit.record(event);
  await audit.record({ ...event, workspaceId: unknown, outcome: 'Refused', reason: 'Gone' });
  assert.equal(inWorkspace.length, 1);
  await audit.close();
  assert.match(audit.checkpoint() ?? '', /^strongroom\/service\n2\n/);
  fs.powerCut({ seed: 1 });
  const journal = await openJournal({
    directory: '/data/service/journal',
    journalId: 'service',
    fs,
    clock: systemClock,
    random,
    keys: serviceSegmentKeys(keyProvider, random),
  });
  const rows: Record<string, unknown>[] = [];
  for await (const { payload } of journal.read(journalSequence(0n))) {
    rows.push(JSON.parse(fromUtf8(payload)) as Record<string, unknown>);
  }
  await journal.close();
  assert.deepEqual(
    rows.map(({ Caller, ActivityStatus, ActivitySubstatusValue }) => [
      Caller,
      ActivityStatus,
      ActivitySubstatusValue,
    ]),
    [
      ['ada', 'Succeeded', ''],
      ['ada', 'Refused', 'Gone'],
    ],
  );
});

test('where it cannot be written, the caller learns it', async () => {
  const fs = new FaultyFs();
  const { audit } = await open(fs);
  await audit.record(event);
  fs.fail({ on: ['sync'], path: /journal/, code: 'EIO', effect: 'lost', times: Infinity });
  await assert.rejects(audit.record(event));
});

test('an anonymous caller is never taken for a known one', () => {
  const row = activityRow({ ...event, principal: { anonymous: true, claimed: 'ada' } }, 0);
  assert.deepEqual([row['Caller'], row['Claims_d']], ['ada', { proved: false }]);
});
