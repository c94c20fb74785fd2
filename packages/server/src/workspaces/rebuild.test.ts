import assert from 'node:assert/strict';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { hasCode } from '@strongroom/base';
import { call, column, databaseName, print, select, table as relation } from '@strongroom/sql';
import { systemClock } from '@strongroom/platform';
import { serviceActor } from './record.js';
import type { RunningWorkspace } from './running-workspace.js';
import { appendEvents, rowsOf, settle, workspaceFixture } from './workspace-fixture.test.js';
import type { WorkspaceFixture } from './workspace-fixture.test.js';

/** Damage to a table's files: what the journal holds is put back by itself, the rest by an act. */
let fixture: WorkspaceFixture;
beforeEach(async () => {
  fixture = await workspaceFixture();
});
afterEach(() => fixture.remove());

const events = 'Events_CL';
const event = (name: string): Record<string, unknown> => ({
  TimeGenerated: '2026-11-24T00:00:00Z',
  Message: name,
  Count: 1,
});

const messages = async (workspace: RunningWorkspace): Promise<string[]> => {
  const statement = print(
    select({ items: [{ value: column('Message') }], from: relation(events, databaseName) }),
  );
  return (await rowsOf(workspace, statement, [events])).map(([text]) => String(text)).sort();
};
const isClosed = (error: unknown): boolean => hasCode(error, 'ENGINE_DAMAGED');

/** Asks until it is answered; the table is closed until it was rebuilt. */
async function messagesInTheEnd(workspace: RunningWorkspace): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await messages(workspace);
    } catch (error) {
      if (!isClosed(error) || tries > 300) throw error;
      await systemClock.sleep(50);
    }
  }
}

const parts = async (table: string): Promise<string[]> => {
  const directory = join(fixture.directory, 'engine/db/data/workspace', table);
  return (await readdir(directory))
    .filter((name) => /^\d+_\d+_\d+_\d+$/.test(name))
    .sort()
    .map((name) => join(directory, name));
};
async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length - 1] = bytes.at(-1)! ^ 1;
  await writeFile(path, bytes);
}
const committed = async (workspace: RunningWorkspace): Promise<void> => {
  await settle(workspace);
  while (workspace.committed < BigInt(workspace.status().applied) - 1n) {
    await systemClock.sleep(10);
  }
};
const rewritten = async (workspace: RunningWorkspace): Promise<string[]> => {
  const found: string[] = [];
  for await (const { record } of workspace.records()) {
    if (record.type === 'tableRewritten') found.push(record.why);
  }
  return found;
};

test('a table with a damaged and a missing part is made whole by itself, and that is on record', async () => {
  let workspace = await fixture.open();
  const sent: string[] = [];
  const all = { from: 0n, to: 1_000n };
  for (let batch = 0; batch < 4; batch += 1) {
    const rows = [event(`${batch}.0`), event(`${batch}.1`)];
    sent.push(...rows.map(({ Message }) => String(Message)));
    await appendEvents(workspace, rows);
    // A row that does not fit is a dead letter, and must not become two.
    if (batch === 2) await appendEvents(workspace, [event('good'), { Count: 'no number' }]);
    await settle(workspace);
  }
  sent.push('good');
  await committed(workspace);
  const before = await workspace.rowCommitments(events, all);
  const letters = await workspace.rowCommitments('IngestionErrors', all);
  await workspace.close();
  const [first, second] = await parts(events);
  assert.ok(first !== undefined);
  await flip(join(first, 'count.txt'));
  if (second !== undefined) await rm(second, { recursive: true });

  workspace = await fixture.open();
  assert.deepEqual(await messagesInTheEnd(workspace), [...sent].sort());
  const [why] = await rewritten(workspace);
  assert.match(why ?? '', /^rebuilt from the journal: \d+ rows of \d+ entries were put back$/);
  await settle(workspace);
  assert.deepEqual(await workspace.rowCommitments(events, all), before);
  assert.deepEqual(await workspace.rowCommitments('IngestionErrors', all), letters);
  await appendEvents(workspace, [event('after')]);
  await settle(workspace);
  await workspace.close();

  workspace = await fixture.open();
  assert.deepEqual(await messages(workspace), [...sent, 'after'].sort());
  assert.equal((await rewritten(workspace)).length, 1);
  await workspace.close();
});

test('what the journal no longer holds keeps the table closed until a person gives it up', async () => {
  let workspace = await fixture.open({
    journalKeepMs: 0,
    retryWindowMs: 0,
    pruneIntervalMs: 3_600_000,
  });
  await appendEvents(workspace, [event('old')]);
  await committed(workspace);
  await workspace.close();
  const [old] = await parts(events);
  workspace = await fixture.open({ journalKeepMs: 0, retryWindowMs: 0, pruneIntervalMs: 10 });
  for (let batch = 0; batch < 3; batch += 1) {
    await appendEvents(workspace, [event(`new ${batch}`)]);
    await committed(workspace);
  }
  await workspace.close();
  assert.ok(old !== undefined);
  for (const part of await parts(events)) await flip(join(part, 'checksums.txt'));
  // Segments are pruned whole: the oldest is taken away by hand as pruning would.
  workspace = await fixture.open({ pruneIntervalMs: 3_600_000 });
  const outcome = await workspace.rebuildTable(events, { acceptLoss: false, by: serviceActor });
  if (outcome.open) {
    // The journal's only segment is kept: all of it came back.
    assert.deepEqual(await messages(workspace), ['new 0', 'new 1', 'new 2', 'old']);
  } else {
    assert.ok(outcome.lost.every(({ why }) => why === 'the journal no longer holds it'));
    await assert.rejects(messages(workspace), isClosed);
    const given = await workspace.rebuildTable(events, { acceptLoss: true, by: serviceActor });
    assert.ok(given.open);
    assert.match((await rewritten(workspace)).at(-1) ?? '', /are lost/);
  }
  await workspace.close();
});

test('damaged dead letters close their table and no other', async () => {
  let workspace = await fixture.open();
  await appendEvents(workspace, [event('good'), { Count: 'no number' }]);
  await committed(workspace);
  await workspace.close();
  const [part] = await parts('IngestionErrors');
  assert.ok(part !== undefined);
  await flip(join(part, 'count.txt'));
  workspace = await fixture.open();
  assert.deepEqual(await messages(workspace), ['good']);
  const statement = print(
    select({ items: [{ value: call('count') }], from: relation('IngestionErrors', databaseName) }),
  );
  await assert.rejects(rowsOf(workspace, statement, ['IngestionErrors']), isClosed);
  const { lost, open } = await workspace.rebuildTable('IngestionErrors', {
    acceptLoss: true,
    by: serviceActor,
  });
  assert.deepEqual([lost.length, open], [1, true]);
  assert.deepEqual(await rowsOf(workspace, statement, ['IngestionErrors']), [[0]]);
  await workspace.close();
});
