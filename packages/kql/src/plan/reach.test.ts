import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Session } from 'chdb';
import { compileAsking, type CompileOptions, type Inquiry, type OtherWorkspace } from '../index.js';

const own = '00000000-0000-4000-8000-00000000000a';
const other = '00000000-0000-4000-8000-00000000000b';
const third = '00000000-0000-4000-8000-00000000000c';

const schema = (name: string) =>
  ({
    name,
    columns: [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'Computer', type: 'string' },
      { name: 'Size', type: 'long' },
      { name: 'TenantId', type: 'string' },
      { name: 'Type', type: 'string' },
    ],
  }) as const;
const catalog = (...names: string[]): OtherWorkspace['tables'] => {
  const tables = new Map(names.map((name) => [name, schema(name)]));
  return { get: (name) => tables.get(name), names: () => tables.keys() };
};

/** One engine for all: which workspace a statement belongs to is told apart by its database here. */
const directory = mkdtempSync(join(tmpdir(), 'kql-reach-'));
const session = new Session(directory);
after(() => {
  session.close();
  rmSync(directory, { recursive: true, force: true });
});
const stored: Record<
  string,
  readonly (readonly [table: string, computer: string, size: string])[]
> = {
  [own]: [
    ['T', 'a', '1'],
    ['T', 'b', '2'],
    ['Names', 'a', '7'],
  ],
  [other]: [
    ['T', 'a', '10'],
    ['T', 'c', '30'],
    ['T', 'c', 'NULL'],
    ['Only', 'z', '5'],
  ],
  [third]: [['T', 'a', '100']],
};
const databases = new Map([own, other, third].map((id, index) => [id, `w${index}`]));
for (const [id, name] of databases) {
  session.query(`CREATE DATABASE ${name}`);
  for (const table of ['T', 'Names', 'Only']) {
    session.query(
      `CREATE TABLE ${name}.${table} (TimeGenerated Int64, Computer String, Size Nullable(Int64), _TimeReceived Int64) ENGINE = Memory`,
    );
  }
  for (const [table, computer, size] of stored[id] ?? [])
    session.query(
      `INSERT INTO ${name}.${table} VALUES (638396640000000000, '${computer}', ${size}, 638396640000000000)`,
    );
}

async function run({ workspaceId, statement }: Pick<Inquiry, 'workspaceId' | 'statement'>) {
  const text = statement.text.replaceAll(
    /[`"]?\bworkspace\b[`"]?\./g,
    `${databases.get(workspaceId)}.`,
  );
  const answer = await session.queryBindAsync(text, statement.parameters, {
    format: 'JSONCompactEachRow',
  });
  return answer.text();
}

const options: CompileOptions = {
  tables: catalog('T', 'Names'),
  workspaceId: own,
  now: 638_396_640_000_000_000n,
  rowsMax: 1000,
  otherWorkspace: async (name) => {
    if (name === 'b') return { workspaceId: other, tables: catalog('T', 'Only') };
    if (name === 'c') return { workspaceId: third, tables: catalog('T') };
    return name === 'a' ? { workspaceId: own, tables: catalog('T', 'Names') } : undefined;
  },
};

async function ask(query: string, more: Partial<CompileOptions> = {}) {
  const compiled = await compileAsking(query, { ...options, ...more }, run);
  if (!compiled.ok) throw new Error(compiled.diagnostics.map((each) => each.message).join('; '));
  const { results, inquiries, workspaceId } = compiled;
  const [first] = results;
  assert.ok(first);
  const answer = await run({ workspaceId, statement: first.statement });
  const rows = answer
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
  return { rows, inquiries, workspaceId, sql: inquiries.map((each) => each.statement.text) };
}

test('a query of another workspace alone runs there, whole', async () => {
  const { rows, inquiries, workspaceId } = await ask(
    'workspace("b").T | where Size > 1 | project Computer, TenantId | sort by Computer asc',
  );
  assert.deepEqual(rows, [
    ['a', other],
    ['c', other],
  ]);
  assert.deepEqual([inquiries.length, workspaceId], [0, other]);
});

test('a join takes in the other side, narrowed there', async () => {
  const { rows, sql, inquiries, workspaceId } = await ask(
    'T | join kind=inner (workspace("b").T | where Size > 5 | summarize Most = max(Size) by Computer) on Computer | project Computer, Size, Most',
  );
  assert.deepEqual(rows, [['a', 1, 10]]);
  assert.equal(workspaceId, own);
  assert.deepEqual(
    inquiries.map((each) => [each.of, each.workspaceId, each.tables]),
    [["workspace('b')", other, ['T']]],
  );
  assert.match(sql[0] ?? '', /max.*WHERE.*GROUP BY/s);
});

test('filters and sums above a union of workspaces are made in each', async () => {
  const { rows, sql } = await ask(
    'union T, workspace("b").T, workspace("c").T | where Computer in ("a", "c") | extend Double = Size * 2 | summarize n = count(), s = sum(Double), big = countif(Size > 9), m = min(Size) by Computer | sort by Computer asc',
  );
  assert.deepEqual(rows, [
    ['a', 3, 222, 2, 1],
    ['c', 2, 60, 1, 30],
  ]);
  assert.equal(sql.length, 2);
  for (const each of sql) assert.match(each, /WHERE.*GROUP BY/s);
});

test('what cannot be summed in parts is summed over rows with the needed columns only', async () => {
  const { rows, sql } = await ask(
    'union T, workspace("b").T | where Computer != "b" | summarize d = dcount(Computer), l = array_sort_asc(make_set(Size))',
  );
  assert.deepEqual(rows, [[2, '[1,10,30]']]);
  assert.doesNotMatch(sql[0] ?? '', /TimeGenerated/);
});

test('limits, orders and counts over a union', async () => {
  assert.deepEqual((await ask('union T, workspace("b").T | count')).rows, [[5]]);
  const top = await ask('union T, workspace("b").T | top 2 by Size | project Size');
  assert.deepEqual(top.rows, [[30], [10]]);
  assert.match(top.sql[0] ?? '', /ORDER BY.*LIMIT/s);
  const taken = await ask('union T, workspace("b").T | take 1');
  assert.equal(taken.rows.length, 1);
  assert.match(taken.sql[0] ?? '', /LIMIT/);
});

test('rows keep the order of the other workspace', async () => {
  const { rows } = await ask(
    'workspace("b").T | sort by Size desc | extend n = row_number() | join kind=leftouter (Names | project-away TimeGenerated) on Computer | where n <= 2 | sort by n asc | project n, Computer',
  );
  assert.deepEqual(rows, [
    [1, 'c'],
    [2, 'a'],
  ]);
});

test('values, lists and plugins over another workspace', async () => {
  assert.deepEqual(
    (await ask('T | where Computer in ((workspace("b").T | project Computer)) | project Size'))
      .rows,
    [[1]],
  );
  assert.deepEqual(
    (
      await ask(
        'T | extend m = toscalar(workspace("b").T | summarize max(Size)) | project m | take 1',
      )
    ).rows,
    [[30]],
  );
  assert.deepEqual(
    (
      await ask(
        'union T, workspace("b").T | project Computer, Size | evaluate pivot(Computer, sum(Size))',
      )
    ).rows.length > 0,
    true,
  );
  assert.deepEqual((await ask('print toscalar(workspace("b").Only | project Size)')).rows, [[5]]);
});

test('tables of workspaces alongside are one', async () => {
  const alongside = [{ workspaceId: other, tables: catalog('T', 'Only') }];
  const sums = await ask('T | summarize sum(Size) by TenantId | sort by TenantId asc', {
    alongside,
  });
  assert.deepEqual(sums.rows, [
    [own, 3],
    [other, 40],
  ]);
  assert.deepEqual((await ask('Only | project Computer', { alongside })).rows, [['z']]);
  assert.deepEqual((await ask('workspace("a").T | count', { alongside })).rows, [[2]]);
  assert.deepEqual((await ask('search "z" | project Computer', { alongside })).rows, [['z']]);
});

test('what is not there and what may not be read are told alike', async () => {
  for (const name of ['nowhere', other, '']) {
    const compiled = await compileAsking(`workspace("${name}").T`, options, run);
    assert.equal(compiled.ok, false);
    assert.deepEqual(
      !compiled.ok && compiled.diagnostics.map((each) => [each.code, each.message, each.start]),
      [['SEM0100', `The workspace '${name}' is not known, or you may not read it`, 0]],
    );
  }
});

test('more rows than may come back are refused', async () => {
  const many = JSON.stringify(['x']) + '\n';
  const compiled = await compileAsking(
    'union T, workspace("b").T | project Computer',
    options,
    async () => many.repeat(200_001),
  );
  assert.equal(!compiled.ok && compiled.diagnostics[0]?.code, 'KQL_LIMIT');
});
