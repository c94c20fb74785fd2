/**
 * What a query reads of a table: the engine is asked (`EXPLAIN`), on a table as it makes them itself,
 * whether the partitions, the key and the full-text index leave most of it unread.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openEngine } from '@strongroom/engine';
import type { TableDefinition } from '@strongroom/engine';
import { compile } from '@strongroom/kql';
import type { CompileOptions } from '@strongroom/kql';
import { systemClock } from '@strongroom/platform';
import { Session } from 'chdb';

const table: TableDefinition = {
  name: 'Lines_CL',
  columns: [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'Host', type: 'string' },
    { name: 'Message', type: 'string' },
  ],
  fullTextColumns: ['Message'],
};
const days = 4;
const rowsPerDay = 30_000;
const dayTicks = 864_000_000_000n;
/** Where the first day begins. */
const startMs = Date.parse('2026-11-01T00:00:00Z');
const start = BigInt(startMs) * 10_000n + 621_355_968_000_000_000n;
const now = start + BigInt(days) * dayTicks - dayTicks / 2n;

let directory: string;
let session: Session | undefined;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'strongroom-reads-'));
  const key = Buffer.alloc(32, 7);
  const keyHex = key.toString('hex');
  const engine = await openEngine({
    directory: join(directory, 'engine'),
    diskKeys: { current: 1, keys: { 1: key } },
    clock: systemClock,
  });
  for (let day = 0; day < days; day += 1) {
    const lines: string[] = [];
    for (let row = 0; row < rowsPerDay; row += 1) {
      const at = startMs + (day + row / rowsPerDay) * 86_400_000;
      const isRare = day === 1 && row > 100 && row < 110;
      lines.push(
        JSON.stringify({
          TimeGenerated: new Date(at).toISOString(),
          Host: `host-${row % 50}`,
          Message: `request ${row} of ${day} ended ${isRare ? 'because of NeedleInHay today' : 'well'}`,
        }),
      );
    }
    await engine.insert({
      range: { from: BigInt(day), to: BigInt(day + 1) },
      table,
      input: table.columns,
      entries: [
        {
          position: BigInt(day),
          timeReceivedTicks: start + BigInt(day) * dayTicks + dayTicks / 2n,
          ndjson: Buffer.from(lines.join('\n')),
          rowCount: lines.length,
        },
      ],
    });
  }
  await engine.close();
  // The engine answers no EXPLAIN: the same directory is asked without it.
  process.env['STRONGROOM_ENGINE_KEY_1'] = keyHex;
  session = new Session(join(directory, 'engine', 'db'), {
    connectionArgs: [`--config-file=${join(directory, 'engine', 'engine.xml')}`],
  });
  delete process.env['STRONGROOM_ENGINE_KEY_1'];
});

after(async () => {
  session?.close();
  await rm(directory, { recursive: true, force: true });
});

interface PlanNode {
  readonly 'Node Type': string;
  readonly Indexes?: readonly {
    readonly Type: string;
    readonly Name?: string;
    readonly 'Initial Granules': number;
    readonly 'Selected Granules': number;
  }[];
  readonly 'Read Type'?: string;
  readonly Header?: readonly { readonly Name: string }[];
  readonly Plans?: readonly PlanNode[];
}

/** The readings of a query's plan, each with the granules that it begins and ends with. */
async function readings(
  kql: string,
  options: Partial<CompileOptions> = {},
): Promise<{ node: PlanNode; all: number; read: number; by: string[] }[]> {
  const compiled = compile(kql, {
    tables: [table],
    workspaceId: '6d0a4e2c-0000-4000-8000-000000000001',
    now,
    rowsMax: 1000,
    ...options,
  });
  assert.ok(compiled.ok, compiled.ok ? '' : JSON.stringify(compiled.diagnostics));
  const [result] = compiled.results;
  assert.ok(result !== undefined);
  const { statement } = result;
  assert.ok(session !== undefined);
  const answer = await session.queryBindAsync(
    `EXPLAIN json = 1, indexes = 1, header = 1, actions = 1 ${statement.text}`,
    statement.parameters,
    { format: 'JSONCompactEachRow' },
  );
  const [line] = JSON.parse(answer.text()) as [string];
  const found: PlanNode[] = [];
  const walk = (node: PlanNode): void => {
    if (node['Node Type'] === 'ReadFromMergeTree') found.push(node);
    for (const each of node.Plans ?? []) walk(each);
  };
  for (const each of JSON.parse(line) as { Plan: PlanNode }[]) walk(each.Plan);
  return found.map((node) => ({
    node,
    all: node.Indexes?.[0]?.['Initial Granules'] ?? 0,
    read: node.Indexes?.at(-1)?.['Selected Granules'] ?? Number.MAX_SAFE_INTEGER,
    by: (node.Indexes ?? []).map((each) => each.Name ?? each.Type),
  }));
}

/** Granules of one day, and of all. */
const ofDay = Math.ceil(rowsPerDay / 8192);
const ofAll = days * ofDay;

const narrowed: readonly { readonly name: string; readonly kql: string; readonly most: number }[] =
  [
    {
      name: 'a time',
      kql: 'Lines_CL | where TimeGenerated > datetime(2026-11-04) | count',
      most: ofDay + 1,
    },
    { name: 'ago()', kql: 'Lines_CL | where TimeGenerated > ago(6h) | count', most: ofDay },
    {
      name: 'between, after extend',
      kql: 'Lines_CL | extend H = toupper(Host) | where TimeGenerated between (datetime(2026-11-02) .. 1h) | summarize count() by H',
      most: 2,
    },
    {
      name: 'a time that let names, in a function',
      kql: 'let since = ago(6h); let recent = () { Lines_CL | where TimeGenerated > since }; recent | summarize count() by Host',
      most: ofDay,
    },
    {
      name: 'startofday(now())',
      kql: 'Lines_CL | where TimeGenerated >= startofday(now()) | summarize count() by bin(TimeGenerated, 1h)',
      most: ofDay + 1,
    },
    {
      name: 'times in a list',
      kql: 'Lines_CL | where TimeGenerated in (datetime(2026-11-02T03:00:00Z), datetime(2026-11-02T03:00:02.88Z)) | project Host',
      most: 2,
    },
    {
      name: 'ingestion_time()',
      kql: 'Lines_CL | where ingestion_time() > ago(1d) | count',
      most: ofDay,
    },
    { name: 'has', kql: 'Lines_CL | where Message has "needleinhay" | project Host', most: 1 },
    {
      name: 'has with several terms',
      kql: 'Lines_CL | where Message has "of NeedleInHay" | project Host',
      most: 1,
    },
    {
      name: 'has_any',
      kql: 'Lines_CL | where Message has_any ("nothing", "NEEDLEINHAY") | project Host',
      most: 1,
    },
    {
      name: 'contains, across words',
      kql: 'Lines_CL | where Message contains "use of needleinhay tod" | project Host',
      most: 1,
    },
    {
      name: 'contains, within a word',
      kql: 'Lines_CL | where Message contains "edleInH" | project Host',
      most: 1,
    },
    {
      name: 'a term, or a term and a time',
      kql: 'Lines_CL | where Message has "NeedleInHay" or (Message has "nothing" and TimeGenerated > ago(1h)) | project Host',
      most: 1,
    },
    {
      name: 'latest rows',
      kql: 'Lines_CL | where TimeGenerated > ago(1d) | summarize arg_max(TimeGenerated, *) by Host',
      most: 2,
    },
  ];

for (const { name, kql, most } of narrowed) {
  void test(`most of the table stays unread: ${name}`, async () => {
    const [first] = await readings(kql);
    assert.ok(first !== undefined);
    assert.ok(first.all >= ofAll, `${first.all} granules in all`);
    assert.ok(first.read <= most, `${first.read} of ${first.all} granules, by ${first.by.join()}`);
  });
}

void test('both sides of a join read their own time', async () => {
  const sides = await readings(
    'Lines_CL | where TimeGenerated > ago(3h) | join kind=inner (Lines_CL | where TimeGenerated between (datetime(2026-11-02) .. 1h)) on Host | count',
  );
  assert.equal(sides.length, 2);
  for (const { read, by } of sides) assert.ok(read <= ofDay, `${read} by ${by.join()}`);
});

void test("the request's time range is read by the key, in each branch of a union", async () => {
  const branches = await readings('union (Lines_CL | where Host == "host-1"), Lines_CL | count', {
    timeRange: { start: start + dayTicks, end: start + 2n * dayTicks },
  });
  assert.equal(branches.length, 2);
  for (const { read } of branches) assert.ok(read <= ofDay + 1, `${read} granules`);
});

void test('the newest rows are read backwards and no further', async () => {
  const [newest] = await readings('Lines_CL | top 10 by TimeGenerated desc');
  assert.equal(newest?.node['Read Type'], 'InReverseOrder');
});

void test('only columns that are needed are read, and of a text that is searched the index alone', async () => {
  const names = async (kql: string): Promise<string[]> =>
    (await readings(kql)).flatMap(({ node }) => (node.Header ?? []).map((each) => each.Name));
  const grouped = await names(
    'Lines_CL | extend Upper = toupper(Message) | summarize count() by Host',
  );
  assert.ok(grouped.some((each) => each.endsWith('Host')));
  assert.ok(!grouped.some((each) => /Message|TimeGenerated/.test(each)), grouped.join());
  const searched = await names('Lines_CL | search "needleinhay" | summarize count() by Host');
  assert.ok(!searched.some((each) => /(?:^|\.)Message$/.test(each)), searched.join());
});
