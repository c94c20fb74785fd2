import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '@strongroom/platform';
import {
  call,
  column,
  infix,
  print,
  select,
  table as relation,
  text,
  ticksPerDay,
} from '@strongroom/sql';
import type { Expression } from '@strongroom/sql';
import { openEngine } from './engine.js';
import type { Engine } from './engine.js';
import type { TableDefinition } from './table.js';

const T: TableDefinition = {
  name: 'T_CL',
  columns: [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'Who', type: 'string' },
  ],
  fullTextColumns: ['Who'],
};
const firstDay = 739_000n;
let directory: string;
let engine: Engine;
const keys = { current: 1, keys: { 1: new Uint8Array(randomBytes(32)) } };
const open = () => openEngine({ directory, diskKeys: keys, clock: systemClock });

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engine-erasure-'));
  engine = await open();
});
after(async () => {
  await engine.close();
  await rm(directory, { recursive: true, force: true });
});

async function insert(position: bigint, day: bigint, names: readonly string[]): Promise<void> {
  const lines = names.map((Who) => JSON.stringify({ TimeGenerated: '2026-01-01T00:00:00Z', Who }));
  await engine.insert({
    range: { from: position, to: position + 1n },
    table: T,
    input: T.columns,
    entries: [
      {
        position,
        timeReceivedTicks: day * ticksPerDay,
        ndjson: Buffer.from(lines.join('\n') + '\n'),
      },
    ],
  });
}

async function count(where: Expression): Promise<number> {
  const run = engine.query(
    print(
      select({
        items: [{ value: call('count') }],
        from: relation('T_CL', 'workspace'),
        where,
      }),
    ),
    { maxSeconds: 10, maxMemoryBytes: 1e9, queryId: crypto.randomUUID() },
  );
  let out = '';
  for await (const chunk of run) out += Buffer.from(chunk).toString();
  return Number(JSON.parse(out)[0]);
}
const who = (name: string) => infix('=', column('Who'), text(name));
const chosen = (name: string) =>
  select({
    items: [{ value: column('TimeGenerated', 'source') }],
    from: { kind: 'table', name: 'source' },
    where: infix('=', column('Who', 'source'), text(name)),
  });
const choice = (name: string, before = 100n) => ({ table: T, chosen: chosen(name), before });

test('takes chosen rows out of their days for good, and nothing else', async () => {
  for (let position = 0n; position < 6n; position += 1n) {
    await insert(position, firstDay + (position % 3n), ['keep-a', 'secret-eve', 'keep-b']);
  }
  await insert(6n, firstDay + 3n, ['secret-eve']);
  const counted = await engine.countChosen(choice('secret-eve'));
  assert.deepEqual([counted.rows, counted.days], [7n, 4n]);
  assert.equal(counted.firstTicks, firstDay * ticksPerDay);
  assert.equal((await engine.countChosen(choice('secret-eve', 3n))).rows, 3n);

  const staged = await engine.stageErasure('e1', choice('secret-eve'));
  assert.equal(staged.rows, 7n);
  const positions: bigint[] = [];
  for await (const { position } of engine.stagedPositions('e1')) positions.push(position);
  assert.deepEqual(positions, [0n, 1n, 2n, 3n, 4n, 5n, 6n]);
  assert.ok(!engine.storedTables.has('_erasure_e1'));
  await engine.eraseDay('e1', T, firstDay);
  assert.equal(await count(who('secret-eve')), 5);

  // As after a crash: another process, and days done again.
  await engine.close();
  engine = await open();
  assert.deepEqual(await engine.stagedErasure('e1'), staged);
  for (const { day } of staged.days) await engine.eraseDay('e1', T, day);
  while (!(await engine.sweepErased('T_CL')))
    await new Promise((resolve) => setTimeout(resolve, 50));
  await engine.dropErasure('e1');
  assert.equal(await count(who('secret-eve')), 0);
  assert.equal(await count(call('hasToken', column('Who'), text('eve'))), 0, 'nor by the index');
  assert.equal(await count(infix('LIKE', column('Who'), text('keep-%'))), 12);
  assert.deepEqual(
    (await engine.days('T_CL')).map(({ day, rows }) => [day, rows]),
    [0n, 1n, 2n].map((more) => [firstDay + more, 4n]),
  );

  // The day takes rows again, each once.
  await insert(7n, firstDay + 3n, ['keep-c']);
  await insert(8n, firstDay, ['keep-c', 'keep-c']);
  assert.equal(await engine.countRange(T, { from: 8n, to: 9n }), 2n);
  assert.equal(await count(who('keep-c')), 3);
});

test('leaves no value of a row in what ClickHouse keeps in the clear, and no old part', async () => {
  const plain: string[] = [];
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const at = join(path, entry.name);
      if (entry.isDirectory()) await visit(at);
      else if (entry.isFile() && (await readFile(at)).includes('secret-eve')) plain.push(at);
    }
  };
  await visit(directory);
  assert.deepEqual(plain, []);
});

test('drops whole days', async () => {
  await engine.dropPartitions('T_CL', [firstDay, firstDay + 1n]);
  assert.deepEqual(
    (await engine.days('T_CL')).map(({ day }) => day),
    [firstDay + 2n, firstDay + 3n],
  );
  await engine.close();
  engine = await open();
  assert.equal((await engine.days('T_CL')).length, 2);
});
