import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fromBase64, fromUtf8, toBase64 } from '@strongroom/base';
import { rowContent, rowLeaves } from '@strongroom/engine';
import {
  decodeRow,
  leafHash,
  partsRoot,
  rootOf,
  rowLeaf,
  shapeDigest,
  verifyInclusion,
  rowPath,
} from '@strongroom/ledger';
import { sha256, systemClock } from '@strongroom/platform';
import type { Statement } from '@strongroom/sql';
import { partsOf } from './committer.js';
import { decodeRecord } from './record.js';
import type { KeptRecord, LedgerRecord } from './record.js';
import type { RunningWorkspace } from './running-workspace.js';
import {
  appendEvents,
  eventColumns,
  rowsOf,
  settle,
  workspaceFixture,
} from './workspace-fixture.test.js';
import type { WorkspaceFixture } from './workspace-fixture.test.js';

type RowsCommitted = Extract<LedgerRecord, { type: 'rowsCommitted' }>;

let fixture: WorkspaceFixture;
before(async () => {
  fixture = await workspaceFixture();
});
after(() => fixture.remove());

async function committed(workspace: RunningWorkspace): Promise<KeptRecord[]> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    await settle(workspace);
    const list: KeptRecord[] = [];
    for await (const kept of workspace.records()) list.push(kept);
    const rest = list.filter(({ record }) => record.type !== 'rowsCommitted');
    const last = rest.at(-1)?.position ?? -1n;
    if (workspace.committed > last && workspace.committed >= waitFor) return list;
    await systemClock.sleep(5);
  }
  throw new Error('nothing was committed to');
}
let waitFor = 0n;

const cells = async (
  workspace: RunningWorkspace,
  statement: Statement,
  table: string,
): Promise<unknown[][]> => rowsOf(workspace, statement, [table]);

const day = (n: number): string => `2026-01-0${n}T00:00:00Z`;

test('each entry and table has a root over its rows, and ranges have no gap', async () => {
  let workspace = await fixture.open();
  const sizes = [1, 2, 3, 5, 8, 13, 64, 100];
  for (const size of sizes) {
    const rows = Array.from({ length: size }, (_, n) => ({
      TimeGenerated: day(1 + (n % 7)),
      Message: `row ${n} of ${size}\n`,
      ...(n % 3 === 0 ? { Count: n } : {}),
    }));
    waitFor = (await appendEvents(workspace, rows)).sequence + 1n;
  }
  // Of these three one does not fit: it is a dead letter, and committed to as one.
  const misfit = [{ TimeGenerated: day(1) }, { TimeGenerated: 'never' }, { TimeGenerated: day(2) }];
  waitFor = (await appendEvents(workspace, misfit)).sequence + 1n;
  let records = await committed(workspace);
  await workspace.close();
  // What a run did not come to commit to is found by the next one.
  workspace = await fixture.open({ commitIntervalMs: 3_600_000 });
  const late = await appendEvents(workspace, [{ TimeGenerated: day(3), Message: 'late' }]);
  await settle(workspace);
  await workspace.close();
  workspace = await fixture.open();
  waitFor = late.sequence + 1n;
  records = await committed(workspace);

  let end = 0n;
  const counts = new Map<string, number>();
  for (const kept of records) {
    if (kept.record.type !== 'rowsCommitted') continue;
    const record: RowsCommitted = kept.record;
    assert.equal(BigInt(record.from), end);
    end = BigInt(record.to);
    const parts = partsOf(record.tables);
    assert.deepEqual(decodeRecord(kept).parts, {
      count: parts.length,
      root: partsRoot(sha256, parts),
    });
    for (const { table, rows, shape } of record.tables) {
      for (const [position, count, root] of rows) {
        counts.set(`${table} ${position}`, count);
        const schema = fixture.catalog.table(fixture.id, table)!.schema.columns;
        assert.equal(shape, toBase64(shapeDigest(sha256, schema)));
        const query = { table, columns: schema, position: BigInt(position) };
        const found = await cells(workspace, rowLeaves(query), table);
        const leaves = found.map(([, leaf]) => fromBase64(String(leaf)));
        assert.equal(leaves.length, count);
        assert.equal(toBase64(rootOf(sha256, leaves)), root, `${table} ${position}`);
      }
    }
  }
  const events = [...counts].filter(([key]) => key.startsWith('Events_CL')).map(([, n]) => n);
  assert.deepEqual(events, [...sizes, 2, 1]);
  assert.equal([...counts].filter(([key]) => key.startsWith('IngestionErrors')).length, 1);
  // All other records are named, so that none can be left out.
  const named = records.flatMap(({ record }) =>
    record.type === 'rowsCommitted' ? record.records.map(BigInt) : [],
  );
  const others = records.filter(({ record }) => record.type !== 'rowsCommitted');
  assert.deepEqual(
    named,
    others.map(({ position }) => position),
  );
  await workspace.close();
});

test("one row's bytes lead to the root, and say what is in the row", async () => {
  const workspace = await fixture.open();
  const { sequence } = await appendEvents(
    workspace,
    Array.from({ length: 9 }, (_, n) => ({ TimeGenerated: day(1), Message: `ä ${n}`, Count: -n })),
  );
  waitFor = sequence + 1n;
  await committed(workspace);
  const query = { table: 'Events_CL', columns: eventColumns, position: sequence };
  const [content] = await cells(workspace, rowContent({ ...query, row: 4 }), 'Events_CL');
  const bytes = fromBase64(String(content?.[0]));
  const row = decodeRow(bytes, eventColumns);
  assert.deepEqual(
    row.filter(({ name }) => ['Message', 'Count', '_Position', '_Row'].includes(name)),
    [
      { name: 'Message', value: 'ä 4' },
      { name: 'Count', value: '-4' },
      { name: '_Position', value: sequence.toString() },
      { name: '_Row', value: '4' },
    ],
  );
  const found = await cells(workspace, rowLeaves(query), 'Events_CL');
  const leaves = found.map(([, leaf]) => fromBase64(String(leaf)));
  const leaf = rowLeaf(sha256, bytes);
  assert.deepEqual(leaves[4], leaf);
  const [table] = await workspace.rowCommitments('Events_CL', {
    from: sequence,
    to: sequence + 1n,
  });
  const claim = { index: 4n, size: 9n, leafHash: leaf, hashes: rowPath(sha256, leaves, 4) };
  const root = fromBase64(table!.rows[0]![2]);
  assert.equal(verifyInclusion(sha256, { ...claim, root }).ok, true);
  assert.equal(verifyInclusion(sha256, { ...claim, index: 5n, root }).ok, false);
  assert.notDeepEqual(leafHash(sha256, bytes), leaf, 'a row leaf is no leaf of another tree');
  for (let size = 0; size < bytes.length; size += 1) {
    assert.throws(() => decodeRow(bytes.subarray(0, size), eventColumns));
  }
  assert.equal(fromUtf8(bytes.subarray(9, 13)).startsWith('ä'), true);
  await workspace.close();
});
