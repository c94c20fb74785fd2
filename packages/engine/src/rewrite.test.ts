import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '@strongroom/platform';
import { call, column, print, select, table as relation, ticksPerDay } from '@strongroom/sql';
import { diskKeyUse } from './disk-key-use.js';
import { openEngine } from './engine.js';
import type { Engine } from './engine.js';
import type { TableDefinition } from './table.js';

const tables: readonly TableDefinition[] = ['One_CL', 'Two_CL', 'Empty_CL'].map((name) => ({
  name,
  columns: [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'Who', type: 'string' },
  ],
  fullTextColumns: ['Who'],
}));
const [one, two] = [tables[0]!, tables[1]!];
const [oldKey, newKey] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))];
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engine-rewrite-'));
});
after(() => rm(directory, { recursive: true, force: true }));

const open = (current: number, keys: Record<number, Uint8Array>): Promise<Engine> =>
  openEngine({ directory, diskKeys: { current, keys }, clock: systemClock });

async function insert(engine: Engine, table: TableDefinition, position: bigint): Promise<void> {
  const day = 739_000n + position;
  const row = { TimeGenerated: '2026-01-01T00:00:00Z', Who: `who ${position}` };
  await engine.insert({
    range: { from: position, to: position + 1n },
    table,
    input: table.columns,
    entries: [
      {
        position,
        timeReceivedTicks: day * ticksPerDay,
        ndjson: Buffer.from(`${JSON.stringify(row)}\n${JSON.stringify(row)}\n`),
      },
    ],
  });
}

const columns = ['TimeGenerated', 'Who', '_Position', '_Row', '_TimeReceived'];

/** Hash over all rows of a table, system columns too, in order. */
async function content(engine: Engine, table: string): Promise<string> {
  const run = engine.query(
    print(
      select({
        items: [
          {
            value: call(
              'hex',
              call(
                'SHA256',
                call(
                  'toString',
                  call('groupArray', call('tuple', ...columns.map((name) => column(name)))),
                ),
              ),
            ),
          },
          { value: call('count') },
        ],
        from: {
          kind: 'query',
          query: select({
            items: columns.map((name) => ({ value: column(name) })),
            from: relation(table, 'workspace'),
            orderBy: ['_Position', '_Row'].map((name) => ({
              value: column(name),
              direction: 'ASC' as const,
              nulls: 'LAST' as const,
            })),
          }),
        },
      }),
    ),
    { maxSeconds: 10, maxMemoryBytes: 1e9, queryId: crypto.randomUUID() },
  );
  let out = '';
  for await (const chunk of run) out += Buffer.from(chunk).toString();
  return out;
}

test('a table that was written anew needs the old disk key no more', async () => {
  let engine = await open(1, { 1: oldKey });
  await engine.ensureTables(tables);
  for (const position of [1n, 2n, 3n]) {
    await insert(engine, one, position);
    await insert(engine, two, position);
  }
  const before = [await content(engine, 'One_CL'), await content(engine, 'Two_CL')];
  assert.match(before[0]!, /6/);
  await engine.close();
  const old = [...(await diskKeyUse(directory)).keys()];
  assert.equal(old.length, 1);

  engine = await open(2, { 1: oldKey, 2: newKey });
  await insert(engine, one, 4n);
  const mixed = await diskKeyUse(directory);
  assert.equal(mixed.size, 2);
  const names = await engine.tableIds();
  const under = (of: Awaited<ReturnType<typeof diskKeyUse>>): string[] =>
    [...(of.get(old[0]!)?.tables ?? [])].map((id) => names.get(id) ?? id).sort();
  // An empty table has a file too: its version of the format.
  assert.deepEqual(under(mixed), ['Empty_CL', 'IngestionErrors', 'One_CL', 'Two_CL']);
  const full = await content(engine, 'One_CL');

  for (const name of under(mixed)) await engine.rewriteTable(name);
  // What a kill leaves in the middle is cleared away.
  await engine.ensureTables([{ ...one, name: '_rewrite_One_CL' }]);
  await engine.dropUnfinishedRewrites();
  assert.ok(![...(await engine.tableIds()).values()].some((name) => name.startsWith('_rewrite_')));
  const after = await diskKeyUse(directory);
  assert.equal(after.get(old[0]!), undefined);
  await insert(engine, two, 4n);
  await engine.close();

  engine = await open(2, { 2: newKey });
  assert.equal(await content(engine, 'One_CL'), full);
  assert.notEqual(await content(engine, 'Two_CL'), before[1]);
  assert.deepEqual(
    [...(engine.storedTables.get('One_CL')?.fullTextColumns ?? [])],
    ['Who'],
    'its indexes stand',
  );
  await insert(engine, one, 5n);
  await engine.close();
});
