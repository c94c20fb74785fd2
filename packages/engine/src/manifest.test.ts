import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { hasCode } from '@strongroom/base';
import { systemClock } from '@strongroom/platform';
import { call, print, select, table as relation, ticksPerDay } from '@strongroom/sql';
import { seededRandom } from '@strongroom/testkit';
import { openEngine } from './engine.js';
import type { Engine } from './engine.js';
import type { TableDefinition } from './table.js';

/** Damage to what ClickHouse believes without a check: named at open, and never served. */
const tableOf = (name: string): TableDefinition => ({
  name,
  columns: [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'Who', type: 'string' },
  ],
  fullTextColumns: ['Who'],
});
const damagedTable = tableOf('Damaged_CL');
const wholeTable = tableOf('Whole_CL');
const keys = { current: 1, keys: { 1: new Uint8Array(randomBytes(32)) } };
const long = Number(process.env['STRONGROOM_SEEDS'] ?? 0) > 1_000;
/** Today, in days since 0001-01-01: an older part moves to the cold volume. */
const today = BigInt(Math.floor(systemClock.now() / 86_400_000)) + 719_162n;
let scratch: string;
let kept: string;

const open = (directory: string): Promise<Engine> =>
  openEngine({ directory, diskKeys: keys, clock: systemClock });

async function insert(engine: Engine, table: TableDefinition, position: bigint): Promise<void> {
  const line = JSON.stringify({ TimeGenerated: '2026-01-01T00:00:00Z', Who: `row ${position}` });
  await engine.insert({
    range: { from: position, to: position + 1n },
    table,
    input: table.columns,
    entries: [
      { position, timeReceivedTicks: today * ticksPerDay, ndjson: Buffer.from(`${line}\n`) },
    ],
  });
}

async function count(engine: Engine, table: TableDefinition): Promise<number> {
  await engine.ensureTables([table]);
  const statement = print(
    select({ items: [{ value: call('count') }], from: relation(table.name, 'workspace') }),
  );
  const run = engine.query(statement, {
    maxSeconds: 10,
    maxMemoryBytes: 1e9,
    queryId: crypto.randomUUID(),
  });
  let out = '';
  for await (const chunk of run) out += Buffer.from(chunk).toString();
  return Number((JSON.parse(out) as unknown[])[0]);
}

/** The directory of the damaged table's only part, found by what ClickHouse links to it. */
async function partOf(directory: string): Promise<string> {
  const table = join(directory, 'db', 'data', 'workspace', damagedTable.name);
  const name = (await readdir(table)).find((each) => /^\d+_\d+_\d+_\d+$/.test(each));
  assert.ok(name);
  return join(table, name);
}

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'engine-manifest-'));
  kept = join(scratch, 'kept');
  const engine = await open(kept);
  await insert(engine, damagedTable, 1n);
  for (let position = 2n; position < 5n; position += 1n) await insert(engine, wholeTable, position);
  await engine.close();
});
after(() => rm(scratch, { recursive: true, force: true }));

/** A copy, damaged; what opening it says. */
async function damaged(what: string, damage: (part: string) => Promise<void>): Promise<void> {
  const directory = join(scratch, 'copy');
  await rm(directory, { recursive: true, force: true });
  await cp(kept, directory, { recursive: true, verbatimSymlinks: true });
  await damage(await partOf(directory));
  for (const start of ['first', 'second']) {
    const engine = await open(directory);
    try {
      const found = engine.damagedTables.get(damagedTable.name);
      assert.equal(found?.length, 1, `${what}: found at the ${start} start`);
      await assert.rejects(count(engine, damagedTable), (error) =>
        hasCode(error, 'ENGINE_DAMAGED'),
      );
      await assert.rejects(insert(engine, damagedTable, 9n), (error) =>
        hasCode(error, 'ENGINE_DAMAGED'),
      );
      assert.equal(await count(engine, wholeTable), 3, `${what}: the other table answers`);
    } finally {
      await engine.close();
    }
    if (!long) break;
  }
}

test('a flipped bit in any metadata or index file closes its table, and no other', async (context) => {
  const random = seededRandom('manifest');
  const files = (await readdir(await partOf(kept))).filter((name) => !name.endsWith('.bin'));
  assert.ok(files.includes('checksums.txt') && files.some((name) => name.startsWith('skp_idx_')));
  const tried = long ? files : ['checksums.txt', 'count.txt', files.find((f) => /Who/.test(f))!];
  for (const name of tried) {
    await damaged(name, async (part) => {
      const path = join(part, name);
      const bytes = await readFile(path);
      const at = random.integer(bytes.length);
      bytes[at] = bytes[at]! ^ (1 << random.integer(8));
      await writeFile(path, bytes);
    });
  }
  context.diagnostic(`${tried.length} of ${files.length} files`);
});

test('a part that is gone, or a file of it, closes its table', async () => {
  await damaged('the part', (part) => rm(part, { recursive: true }));
  if (long) await damaged('a file', (part) => rm(join(part, 'columns.txt')));
});

test('a part that nobody reported is not served', async () => {
  const directory = join(scratch, 'copy');
  await rm(directory, { recursive: true, force: true });
  await cp(kept, directory, { recursive: true, verbatimSymlinks: true });
  const part = await partOf(directory);
  const [partition] = basename(part).split('_');
  await cp(part, join(part, '..', `${partition}_9_9_0`), { recursive: true });
  const engine = await open(directory);
  assert.equal(await count(engine, damagedTable), 1);
  await engine.close();
});

test('an engine whose manifest is damaged, missing or of another key does not open', async () => {
  for (const damage of ['flip', 'truncate', 'remove'] as const) {
    const directory = join(scratch, 'copy');
    await rm(directory, { recursive: true, force: true });
    await cp(kept, directory, { recursive: true, verbatimSymlinks: true });
    const path = join(directory, 'manifest');
    const bytes = await readFile(path);
    // In the MAC itself: what it covers still reads.
    if (damage === 'flip') bytes[bytes.length - 3] = bytes[bytes.length - 3]! ^ 1;
    if (damage === 'remove') await rm(path);
    else await writeFile(path, damage === 'truncate' ? bytes.subarray(0, 60) : bytes);
    await assert.rejects(open(directory), (error) => hasCode(error, 'ENGINE_OPEN_FAILED'), damage);
  }
});
