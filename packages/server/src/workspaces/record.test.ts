import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { utf8 } from '@strongroom/base';
import { commitmentOf } from '@strongroom/journal';
import { column, print, select, table } from '@strongroom/sql';
import { decodeRecord, encodeRecord, recordsTable } from './record.js';
import type { KeptRecord, LedgerRecord } from './record.js';
import { appendEvents, rowsOf, settle, workspaceFixture } from './workspace-fixture.test.js';
import type { WorkspaceFixture } from './workspace-fixture.test.js';

const actor = { kind: 'User', id: 'someone', name: 'Some One' } as const;
let fixture: WorkspaceFixture;
before(async () => {
  fixture = await workspaceFixture();
});
after(() => fixture.remove());

const all = async (records: AsyncIterable<KeptRecord>): Promise<KeptRecord[]> => {
  const list: KeptRecord[] = [];
  for await (const kept of records) list.push(kept);
  return list;
};

test('a record is read as it was written, and nothing else is', () => {
  const record: LedgerRecord = {
    type: 'lockSet',
    time: '2026-01-01T00:00:00.000Z',
    actor,
    name: 'l',
    level: 'ReadOnly',
    scope: '/x',
  };
  const root = new Uint8Array(32).fill(7);
  const plain = encodeRecord(record);
  const parted = encodeRecord(record, { count: 2, root });
  assert.deepEqual(decodeRecord(plain), { record, parts: undefined });
  assert.deepEqual(decodeRecord(parted), { record, parts: { count: 2, root } });
  const code = { code: 'ENTRY_UNREADABLE' };
  const { metadata, payload } = parted;
  for (let size = 0; size < metadata.length; size += 1) {
    assert.throws(() => decodeRecord({ metadata: metadata.slice(0, size), payload }), code);
  }
  const otherType = encodeRecord({ ...record, type: 'lockRemoved' }).metadata;
  assert.throws(() => decodeRecord({ metadata: otherType, payload }), code);
  const unknown = utf8(JSON.stringify({ ...record, type: 'somethingElse' }));
  assert.throws(() => decodeRecord({ metadata: plain.metadata, payload: unknown }), code);
});

test('records are leaves, rows of a table, and outlive the journal', async () => {
  let workspace = await fixture.open();
  await appendEvents(workspace, [{ TimeGenerated: '2026-01-01T00:00:00Z', Message: 'a' }]);
  const first = await workspace.record({
    type: 'lockSet',
    actor,
    name: 'keep',
    level: 'CanNotDelete',
    scope: '/w',
  });
  // Read back at once, before anything was applied.
  const atOnce = (await all(workspace.records())).filter(({ record }) => record.type === 'lockSet');
  assert.deepEqual(
    atOnce.map(({ position }) => position),
    [first.sequence],
  );
  await settle(workspace);
  const rows = await rowsOf(
    workspace,
    print(
      select({
        items: [
          { value: column('RecordType') },
          { value: column('Target') },
          { value: column('LedgerPosition') },
        ],
        from: table(recordsTable, 'workspace'),
      }),
    ),
    [recordsTable],
  );
  assert.deepEqual(rows, [['lockSet', '/w', Number(first.sequence)]]);
  await workspace.close();

  // Another life: more records, and all that can be pruned is.
  workspace = await fixture.open({ journalKeepMs: 0, retryWindowMs: 0, pruneIntervalMs: 5 });
  await workspace.record({ type: 'tableDeleted', actor, table: 'Old_CL', rows: 3 });
  await settle(workspace);
  await workspace.close();
  workspace = await fixture.open({ journalKeepMs: 0, retryWindowMs: 0, pruneIntervalMs: 5 });
  await appendEvents(workspace, [{ TimeGenerated: '2026-01-01T00:00:00Z', Message: 'b' }]);
  await settle(workspace);
  const kept = (await all(workspace.records())).filter(
    ({ record }) => record.type !== 'rowsCommitted' && record.type !== 'tableShape',
  );
  assert.deepEqual(
    kept.map(({ record }) => record.type),
    ['lockSet', 'tableDeleted'],
  );
  // Each carries what its leaf is made of.
  const { position: sequence, time, salt, metadata, payload } = kept[0]!;
  const commitment = commitmentOf({
    journalId: fixture.id,
    sequence,
    time,
    salt,
    metadata,
    payload,
  });
  assert.match(
    first.receipt,
    new RegExp(`;${Buffer.from(commitment).toString('base64').replaceAll('+', '\\+')};`),
  );
  await workspace.close();
});
