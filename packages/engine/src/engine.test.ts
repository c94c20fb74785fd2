import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '@strongroom/platform';
import {
  call,
  column,
  databaseName,
  infix,
  integer,
  print,
  select,
  star,
  table,
  text,
  unixEpochTicks,
} from '@strongroom/sql';
import type { ColumnSchema, Query, Settings, Statement } from '@strongroom/sql';
import { EngineError } from './errors.js';
import { openEngine } from './index.js';
import type { Engine, InsertBatch, InsertOutcome, TableDefinition } from './index.js';

const root = await mkdtemp(join(tmpdir(), 'strongroom-engine-'));

let directories = 0;
const freshDirectory = (): string => join(root, `engine-${(directories += 1)}`);
const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

const opened: Engine[] = [];
after(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await rm(root, { recursive: true, force: true });
});

async function open(directory: string, options: { fill?: number } = {}): Promise<Engine> {
  const engine = await openEngine({
    directory,
    diskKeys: { current: 1, keys: { 1: key(options.fill ?? 7) } },
    clock: systemClock,
  });
  opened.push(engine);
  return engine;
}

const string = (name: string): ColumnSchema => ({ name, type: 'string' });
const demo: TableDefinition = {
  name: 'Demo_CL',
  columns: [
    { name: 'TimeGenerated', type: 'datetime' },
    string('S'),
    { name: 'I', type: 'int' },
    { name: 'L', type: 'long' },
    { name: 'R', type: 'real' },
    { name: 'B', type: 'bool' },
    { name: 'G', type: 'guid' },
    { name: 'D', type: 'dynamic' },
    { name: 'M', type: 'decimal' },
    { name: 'P', type: 'timespan' },
    { name: 'At', type: 'datetime' },
  ],
  fullTextColumns: ['S'],
};
/** 2026-07-17, some time in the day. */
const arrived = 639_199_000_000_000_000n;
const noon = '2026-07-17T12:00:00Z';

/** A batch of one entry at `position`. */
function batchOf(
  position: bigint,
  lines: readonly string[],
  more: Partial<InsertBatch> & { shape?: 'array' | 'ndjson' } = {},
): InsertBatch {
  const { shape, ...rest } = more;
  return {
    range: { from: position, to: position + 1n },
    table: demo,
    input: demo.columns,
    entries: [
      {
        position,
        timeReceivedTicks: arrived,
        ndjson: Buffer.from(shape === 'array' ? `[${lines.join(',')}]` : lines.join('\n')),
        ...(shape === undefined ? { rowCount: lines.length } : { shape }),
      },
    ],
    ...rest,
  };
}

let queries = 0;
async function rowsOf(
  engine: Engine,
  query: Query | Statement,
  options: object = {},
): Promise<unknown[][]> {
  const statement = 'text' in query ? query : print(query);
  const run = engine.query(statement, {
    maxSeconds: 20,
    maxMemoryBytes: 1_000_000_000,
    queryId: `test-${(queries += 1)}`,
    ...options,
  });
  let all = '';
  for await (const chunk of run) all += Buffer.from(chunk).toString('utf8');
  return all
    .split('\n')
    .filter((line) => line !== '')
    .map(
      (line) =>
        JSON.parse(line.replace(/(?<=[[,] *)-?\d{16,}(?:\.\d+)?(?=[,\]])/g, '"$&"')) as unknown[],
    );
}

const from = (name: string) => table(name, databaseName);
const columns = (...names: string[]) => names.map((name) => ({ value: column(name) }));
const deadLetters = (engine: Engine, position: bigint) =>
  rowsOf(
    engine,
    select({
      items: columns('Reason', 'ColumnName', 'RawRecord'),
      from: from('IngestionErrors'),
      where: infix('=', column('_Position'), integer(position)),
      orderBy: [{ value: column('_Row'), direction: 'ASC', nulls: 'LAST' }],
    }),
  );
const numbers = (count: bigint) => ({
  kind: 'function' as const,
  name: 'numbers',
  args: [integer(count)],
  alias: 'n',
});

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof EngineError, String(error));
  assert.equal(error.code, expected, error.message);
  return true;
};

describe('one engine', () => {
  let engine: Engine;
  let next = 0n;
  before(async () => {
    engine = await open(freshDirectory());
    await engine.ensureTables([demo]);
  });
  after(() => engine.close());

  const insert = async (
    lines: readonly string[],
    more: Parameters<typeof batchOf>[2] = {},
  ): Promise<{ outcome: InsertOutcome; position: bigint }> => {
    const position = next;
    next += 1n;
    return { outcome: await engine.insert(batchOf(position, lines, more)), position };
  };
  const stored = (position: bigint, ...names: string[]) =>
    rowsOf(
      engine,
      select({
        items: columns(...names),
        from: from('Demo_CL'),
        where: infix('=', column('_Position'), integer(position)),
        orderBy: [{ value: column('_Row'), direction: 'ASC', nulls: 'LAST' }],
      }),
    );

  describe('casts', () => {
    const ticks = (iso: string, fraction = 0n): string =>
      String(BigInt(Date.parse(iso)) * 10_000n + unixEpochTicks + fraction);
    /** Column, JSON value, and what is stored; or the reason of its dead letter. */
    const cases: readonly [string, string, unknown][] = [
      ['S', '"text"', 'text'],
      ['S', '"a\\u0000\\t\\"\\ud83d\\ude00"', 'a\0\t"😀'],
      ['S', '""', ''],
      ['S', 'null', ''],
      ['S', '5', '5'],
      ['S', 'true', 'true'],
      ['S', '{"b": [1, "x"]}', '{"b":[1,"x"]}'],
      ['I', '2147483647', 2147483647],
      ['I', '-2147483648', -2147483648],
      ['I', '2147483648', 'VALUE_OUT_OF_RANGE'],
      ['I', '99999999999', 'VALUE_OUT_OF_RANGE'],
      ['I', '"17"', 17],
      ['I', '17.0', 17],
      ['I', '1.5', 'WRONG_TYPE'],
      ['I', '"abc"', 'WRONG_TYPE'],
      ['I', '""', 'WRONG_TYPE'],
      ['I', 'true', 'WRONG_TYPE'],
      ['I', '[1]', 'WRONG_TYPE'],
      ['I', 'null', null],
      ['L', '9007199254740993', '9007199254740993'],
      ['L', '9223372036854775807', '9223372036854775807'],
      ['L', '-9223372036854775808', '-9223372036854775808'],
      ['L', '9223372036854775808', 'VALUE_OUT_OF_RANGE'],
      ['L', '18446744073709551616', 'VALUE_OUT_OF_RANGE'],
      ['L', '"-12"', -12],
      ['R', '1', 1],
      ['R', '-2.5e-3', -0.0025],
      ['R', '"2.5"', 2.5],
      ['R', '"1e400"', 'VALUE_OUT_OF_RANGE'],
      ['R', '1e400', 'VALUE_OUT_OF_RANGE'],
      ['R', '"NaN"', 'WRONG_TYPE'],
      ['B', 'true', true],
      ['B', 'false', false],
      ['B', '"True"', true],
      ['B', '1', 'WRONG_TYPE'],
      ['B', '"yes"', 'WRONG_TYPE'],
      ['G', '"6CCD780C-BABA-1026-9564-5B8C656024DB"', '6ccd780c-baba-1026-9564-5b8c656024db'],
      ['G', '"6ccd780c"', 'WRONG_TYPE'],
      ['D', '{"a": {"b": 1}, "c": [null]}', '{"a":{"b":1},"c":[null]}'],
      ['D', '5', '5'],
      ['D', '"5"', '"5"'],
      ['D', '"{\\"a\\":1}"', '"{\\"a\\":1}"'],
      ['D', 'false', 'false'],
      ['D', 'null', ''],
      ['M', '"12345678901234567890.12345678901234567"', '12345678901234567890.12345678901234567'],
      ['M', '1.5', 1.5],
      ['M', '"1.123456789012345678"', 'VALUE_OUT_OF_RANGE'],
      ['M', '"x"', 'WRONG_TYPE'],
      ['P', '"00:00:01"', 10_000_000],
      ['P', '"-1.02:03:04.5"', -937_845_000_000],
      ['P', '"24:00:00"', 'VALUE_OUT_OF_RANGE'],
      ['P', '5', 'WRONG_TYPE'],
      ['At', '"2026-07-17T12:00:00Z"', ticks(noon)],
      ['At', '"2026-07-17T12:00:00.1234567Z"', ticks(noon, 1_234_567n)],
      ['At', '"2026-07-17T12:00:00.123456789Z"', ticks(noon, 1_234_567n)],
      ['At', '"2026-07-17 12:00:00"', ticks(noon)],
      ['At', '"2026-07-17T12:00"', ticks(noon)],
      ['At', '"2026-07-17T14:00:00+02:00"', ticks(noon)],
      ['At', '"2026-07-17T06:30:00-0530"', ticks(noon)],
      ['At', '"2026-07-17"', ticks('2026-07-17T00:00:00Z')],
      ['At', '"0001-01-01T00:00:00Z"', 0],
      ['At', '"9999-12-31T23:59:59.9999999Z"', '3155378975999999999'],
      ['At', '"0001-01-01T00:00:00+01:00"', 'VALUE_OUT_OF_RANGE'],
      ['At', '"2026-02-30T00:00:00Z"', 'VALUE_OUT_OF_RANGE'],
      ['At', '"2024-02-29T00:00:00Z"', ticks('2024-02-29T00:00:00Z')],
      ['At', '"2026-07-17T24:00:00Z"', 'VALUE_OUT_OF_RANGE'],
      ['At', '1752753600', 'WRONG_TYPE'],
      ['At', '"1752753600"', 'WRONG_TYPE'],
      ['At', '"Fri, 17 Jul 2026 12:00:00 GMT"', 'WRONG_TYPE'],
      ['At', '""', 'WRONG_TYPE'],
    ];
    it('stores each value exactly, or keeps the row with its reason', async () => {
      const lines = cases.map(
        ([name, json]) => `{"TimeGenerated":"${noon}","${name}":${json},"Unknown":1}`,
      );
      const { outcome, position } = await insert(lines);
      const isReason = (value: unknown): boolean =>
        value === 'WRONG_TYPE' || value === 'VALUE_OUT_OF_RANGE';
      const refused = cases.filter(([, , expected]) => isReason(expected));
      const names = demo.columns.map((each) => each.name);
      const byRow = new Map(
        (await stored(position, '_Row', ...names)).map((row) => [Number(row[0]), row.slice(1)]),
      );
      const letters = await deadLetters(engine, position);
      let letter = 0;
      cases.forEach(([name, json, expected], index) => {
        const row = byRow.get(index);
        if (isReason(expected)) {
          assert.equal(row, undefined, `${name} ${json} is stored`);
          const huge = json === '1e400' || json === '18446744073709551616';
          assert.deepEqual(
            letters[letter],
            [expected, huge ? '' : name, lines[index]],
            `${name} ${json}`,
          );
          letter += 1;
        } else assert.deepEqual(row?.[names.indexOf(name)], expected, `${name} ${json}`);
      });
      assert.deepEqual(outcome, {
        rowsStored: cases.length - refused.length,
        rowsDeadLettered: refused.length,
        rowsFiltered: 0,
      });
    });
  });

  it('keeps rows that are no rows, and tells which', async () => {
    const lines = [
      '{"S":"no time"}',
      '{"TimeGenerated":null}',
      '{}',
      '{"Unknown":1}',
      `{"timegenerated":"${noon}"}`,
      '[1]',
      '5',
      '{"S":',
      `{"TimeGenerated":"${noon}","S":"good"}`,
      '{"TimeGenerated":"yesterday"}',
    ];
    const { outcome, position } = await insert(lines);
    assert.deepEqual(outcome, { rowsStored: 1, rowsDeadLettered: 9, rowsFiltered: 0 });
    assert.deepEqual(
      (await deadLetters(engine, position)).map((row) => row.slice(0, 2)),
      [
        ...Array.from({ length: 5 }, () => ['MISSING_TIME', 'TimeGenerated']),
        ...Array.from({ length: 3 }, () => ['MALFORMED_JSON', '']),
        ['WRONG_TYPE', 'TimeGenerated'],
      ],
    );
  });

  it('keeps all rows of a stream that has no time', async () => {
    const { outcome } = await insert(['{"S":"a"}', '{"S":"b"}'], { input: [string('S')] });
    assert.deepEqual(outcome, { rowsStored: 0, rowsDeadLettered: 2, rowsFiltered: 0 });
  });

  it('takes rows as an array, as lines, and in any layout', async () => {
    const rows = [
      `{"TimeGenerated":"${noon}","S":"a,]}[{","D":[{"x":[1]},{"y":"\\"}"}]}`,
      `{ "TimeGenerated" : "${noon}",\n "S":"b" }`,
      `{"TimeGenerated":"${noon}","S":"c\\\\"}`,
    ];
    const expected = [['a,]}[{'], ['b'], ['c\\']];
    for (const [lines, more] of [
      [rows, { shape: 'array' as const }],
      [rows, { shape: 'ndjson' as const }],
      [[rows.join('')], { shape: 'ndjson' as const }],
      [[` \r\n ${rows.join(' \n\n ')} \n`], { shape: 'ndjson' as const }],
      [[`\n${rows.join(' ,\n ')}\n`], { shape: 'array' as const }],
    ] as const) {
      const { outcome, position } = await insert(lines, more);
      assert.equal(outcome.rowsStored, 3);
      assert.deepEqual(await stored(position, 'S'), expected);
    }
  });

  it('stores wide tables, and several dynamic columns', async () => {
    const wide: TableDefinition = {
      name: 'Wide_CL',
      columns: [
        { name: 'TimeGenerated', type: 'datetime' },
        ...Array.from({ length: 120 }, (_, index) => string(`S${index}`)),
        ...Array.from({ length: 60 }, (_, index) => ({ name: `L${index}`, type: 'long' as const })),
        ...Array.from({ length: 4 }, (_, index) => ({
          name: `D${index}`,
          type: 'dynamic' as const,
        })),
      ],
    };
    const line = `{"D3":null,"S119":"last","L59":5,"D0":"5","TimeGenerated":"${noon}","D1":{"a": [1]}}`;
    const { outcome, position } = await insert([line, `{"TimeGenerated":"${noon}","L58":"x"}`], {
      table: wide,
      input: wide.columns,
    });
    assert.deepEqual(outcome, { rowsStored: 1, rowsDeadLettered: 1, rowsFiltered: 0 });
    assert.deepEqual(await deadLetters(engine, position), [
      ['WRONG_TYPE', 'L58', `{"TimeGenerated":"${noon}","L58":"x"}`],
    ]);
    const names = ['S0', 'S119', 'L0', 'L59', 'D0', 'D1', 'D2', 'D3'];
    assert.deepEqual(
      await rowsOf(engine, select({ items: columns(...names), from: from('Wide_CL') })),
      [['', 'last', null, 5, '"5"', '{"a":[1]}', '', '']],
    );
  });

  it('numbers rows within their entry and keeps arrival and size', async () => {
    const line = `{"TimeGenerated":"${noon}"}`;
    const position = next;
    next += 2n;
    await engine.insert({
      range: { from: position, to: position + 2n },
      table: demo,
      input: demo.columns,
      entries: [
        { position, timeReceivedTicks: arrived, ndjson: Buffer.from(`${line}\n${line}  \n`) },
        {
          position: position + 1n,
          timeReceivedTicks: arrived + 5n,
          ndjson: Buffer.from(`[ ${line} , ${line}]`),
          shape: 'array',
        },
      ],
    });
    const rows = await rowsOf(
      engine,
      select({
        items: columns('_Position', '_Row', '_TimeReceived', '_BilledSize'),
        from: from('Demo_CL'),
        where: infix('>=', column('_Position'), integer(position)),
        orderBy: ['_Position', '_Row'].map((name) => ({
          value: column(name),
          direction: 'ASC' as const,
          nulls: 'LAST' as const,
        })),
      }),
    );
    const at = Number(position);
    const later = String(arrived + 5n);
    assert.deepEqual(rows, [
      [at, 0, String(arrived), line.length],
      [at, 1, String(arrived), line.length],
      [at + 1, 0, later, line.length],
      [at + 1, 1, later, line.length],
    ]);
  });

  it('runs nothing that stands in a row', async () => {
    const hostile = [
      `{"TimeGenerated":"${noon}","S":"'); DROP TABLE workspace.Demo_CL; --"}`,
      '',
      'DROP TABLE workspace.Demo_CL',
      '',
      `{"TimeGenerated":"${noon}","S":"{p0:String} \`\\\\"}`,
    ];
    const { outcome } = await insert(hostile, {});
    assert.deepEqual(outcome, { rowsStored: 2, rowsDeadLettered: 1, rowsFiltered: 0 });
  });

  it('applies a transformation, filters, and keeps what does not fit after it', async () => {
    const input: ColumnSchema[] = [string('Raw'), { name: 'N', type: 'long' }];
    const transform = {
      source: 'source',
      select: select({
        items: [
          {
            value: call(
              'if',
              infix('=', column('N'), integer(3)),
              { kind: 'null' },
              integer(arrived, 'Int64'),
            ),
            alias: 'TimeGenerated',
          },
          { value: call('upper', column('Raw')), alias: 'S' },
          { value: column('N'), alias: 'I' },
        ],
        from: {
          kind: 'query' as const,
          query: select({
            items: columns('Raw', 'N'),
            from: table('source'),
            where: infix('!=', column('Raw'), text('drop')),
          }),
        },
      }),
      columns: [
        { name: 'TimeGenerated', type: 'datetime' as const },
        string('S'),
        { name: 'I', type: 'long' as const },
      ],
    };
    const lines = [
      '{"Raw":"keep","N":1}',
      '{"Raw":"drop","N":1}',
      '{"Raw":"no time","N":3}',
      '{"Raw":"too large for an int","N":3000000000}',
      '{"Raw":"not a number","N":"x"}',
    ];
    const { outcome, position } = await insert(lines, { input, transform, stream: 'Custom-In' });
    assert.deepEqual(outcome, { rowsStored: 1, rowsDeadLettered: 3, rowsFiltered: 1 });
    assert.deepEqual(await stored(position, 'S', 'I', '_Row'), [['KEEP', 1, 0]]);
    assert.deepEqual(await deadLetters(engine, position), [
      ['MISSING_TIME', 'TimeGenerated', lines[2]],
      ['VALUE_OUT_OF_RANGE', 'I', lines[3]],
      ['WRONG_TYPE', 'N', lines[4]],
    ]);
  });

  it('stores a column of another type as what came, or not at all', async () => {
    const table: TableDefinition = {
      name: 'Other_CL',
      columns: [
        { name: 'TimeGenerated', type: 'datetime' },
        ...['FromTime', 'FromReal', 'FromBool', 'FromDynamic'].map(string),
        ...['TimeAsDynamic', 'NumberAsDynamic', 'TextAsDynamic'].map((name): ColumnSchema => ({
          name,
          type: 'dynamic',
        })),
        { name: 'TimeAsLong', type: 'long' },
        { name: 'DynamicAsInt', type: 'int' },
      ],
    };
    const types: Record<string, ColumnSchema['type']> = {
      TimeGenerated: 'datetime',
      FromTime: 'datetime',
      FromReal: 'real',
      FromBool: 'bool',
      FromDynamic: 'dynamic',
      TimeAsDynamic: 'datetime',
      NumberAsDynamic: 'long',
      TextAsDynamic: 'string',
      TimeAsLong: 'datetime',
      DynamicAsInt: 'dynamic',
    };
    const input = Object.entries(types).map(([name, type]): ColumnSchema => ({ name, type }));
    const good = {
      TimeGenerated: noon,
      FromTime: noon,
      FromReal: 0.5,
      FromBool: true,
      FromDynamic: 'a "word"',
      TimeAsDynamic: noon,
      NumberAsDynamic: 5,
      TextAsDynamic: 'x',
      DynamicAsInt: '7',
    };
    const { outcome, position } = await insert(
      [
        good,
        { TimeGenerated: noon, TimeAsLong: noon },
        { TimeGenerated: noon, DynamicAsInt: { a: 1 } },
        { TimeGenerated: noon, DynamicAsInt: 3_000_000_000 },
        { TimeGenerated: noon, FromTime: 'noon' },
      ].map((row) => JSON.stringify(row)),
      { table, input },
    );
    assert.deepEqual(outcome, { rowsStored: 1, rowsDeadLettered: 4, rowsFiltered: 0 });
    const names = table.columns.slice(1).map((each) => each.name);
    assert.deepEqual(
      await rowsOf(engine, select({ items: columns(...names), from: from(table.name) })),
      [[noon, '0.5', 'true', 'a "word"', `"${noon}"`, '5', '"x"', null, 7]],
    );
    assert.deepEqual(
      (await deadLetters(engine, position)).map((row) => row.slice(0, 2)),
      [
        ['WRONG_TYPE', 'TimeAsLong'],
        ['WRONG_TYPE', 'DynamicAsInt'],
        ['VALUE_OUT_OF_RANGE', 'DynamicAsInt'],
        ['WRONG_TYPE', 'FromTime'],
      ],
    );
  });

  it('refuses batches that could not be one part, or whose columns it cannot store', async () => {
    const line = `{"TimeGenerated":"${noon}"}`;
    const entry = (position: bigint, timeReceivedTicks: bigint) => ({
      position,
      timeReceivedTicks,
      ndjson: Buffer.from(line),
    });
    const batch = (...entries: ReturnType<typeof entry>[]): InsertBatch => ({
      range: { from: 1000n, to: 1002n },
      table: demo,
      input: demo.columns,
      entries,
    });
    const day = 864_000_000_000n;
    await assert.rejects(
      engine.insert(batch(entry(1000n, arrived), entry(1001n, arrived + day))),
      code('ENGINE_BAD_BATCH'),
    );
    await assert.rejects(
      engine.insert(batch(entry(1001n, arrived), entry(1000n, arrived))),
      code('ENGINE_BAD_BATCH'),
    );
    await assert.rejects(engine.insert(batch(entry(1002n, arrived))), code('ENGINE_BAD_BATCH'));
    await assert.rejects(
      engine.ensureTables([{ name: 'a`b', columns: demo.columns }]),
      code('ENGINE_BAD_TABLE'),
    );
    await assert.rejects(
      engine.ensureTables([{ name: 'NoTime_CL', columns: [string('S')] }]),
      code('ENGINE_BAD_TABLE'),
    );
  });

  it('inserts a range once, and again after it was deleted', async () => {
    const lines = Array.from({ length: 1000 }, (_, index) =>
      index % 10 === 0
        ? `{"S":"no time ${index}"}`
        : `{"TimeGenerated":"${noon}","S":"row ${index}"}`,
    );
    const expected = { rowsStored: 900, rowsDeadLettered: 100, rowsFiltered: 0 };
    const { position } = await insert(lines);
    const again = (): Promise<InsertOutcome> => engine.insert(batchOf(position, lines));
    const range = { from: position, to: position + 1n };
    const letters = { name: 'IngestionErrors', columns: demo.columns.slice(0, 1) };
    assert.deepEqual(await again(), expected);
    assert.equal(await engine.countRange(demo, range), 900n);
    assert.equal(await engine.countRange(letters, range), 100n);
    await engine.deleteRange(demo, range);
    await engine.deleteRange(letters, range);
    assert.equal(await engine.countRange(demo, range), 0n);
    assert.equal(await engine.countRange(letters, range), 0n);
    assert.deepEqual(await again(), expected);
    assert.equal(await engine.countRange(demo, range), 900n);
    assert.equal(await engine.countRange(letters, range), 100n);
  });

  it('inserts rows that were staged before, once, and sends those again that were let go of', async () => {
    const lines = [`{"TimeGenerated":"${noon}","S":"staged"}`];
    const batch = (position: bigint): InsertBatch => batchOf(position, lines);
    const first = batch(4000n);
    const ahead = batch(4001n);
    const staged = engine.stage(ahead.entries);
    assert.deepEqual(
      await Promise.all([engine.insert(first), engine.insert(ahead, staged)]),
      [first, ahead].map(() => ({ rowsStored: 1, rowsDeadLettered: 0, rowsFiltered: 0 })),
    );
    for (const position of [4002n, 4003n]) {
      const dropped = engine.stage(batch(position).entries);
      if (position === 4002n) dropped.discard();
      else await engine.insert(batch(4004n), dropped);
      assert.equal((await engine.insert(batch(position), dropped)).rowsStored, 1);
    }
    assert.equal(await engine.countRange(demo, { from: 4000n, to: 4005n }), 5n);
  });

  it('adds columns to a table that stands, and drops it', async () => {
    const small: TableDefinition = { name: 'Grows_CL', columns: demo.columns.slice(0, 2) };
    const line = `{"TimeGenerated":"${noon}","S":"a","Extra":7}`;
    await engine.insert(batchOf(5000n, [line], { table: small }));
    const grown = {
      ...small,
      columns: [...small.columns, { name: 'Extra', type: 'int' as const }],
    };
    await engine.insert(batchOf(5001n, [line], { table: grown, input: grown.columns }));
    assert.deepEqual(
      await rowsOf(
        engine,
        select({
          items: columns('Extra'),
          from: from('Grows_CL'),
          orderBy: [{ value: column('_Position'), direction: 'ASC', nulls: 'LAST' }],
        }),
      ),
      [[null], [7]],
    );
    await engine.dropPartitions('Grows_CL', [arrived / 864_000_000_000n]);
    assert.equal(await engine.countRange(grown, { from: 0n, to: 9999n }), 0n);
    await engine.dropTable('Grows_CL');
    await assert.rejects(
      rowsOf(engine, select({ items: [{ value: star }], from: from('Grows_CL') })),
      code('ENGINE_UNKNOWN_TABLE'),
    );
  });

  it('binds values of any kind, in queries side by side', async () => {
    const values = [
      "it's",
      'back\\slash',
      'tab\tnew\nline\r',
      '{p0:String}',
      '\\N',
      '"',
      '😀',
      'nul\0',
    ];
    const answers = await Promise.all(
      values.map((value) =>
        rowsOf(engine, select({ items: [{ value: { kind: 'bound', value } }] })),
      ),
    );
    assert.deepEqual(
      answers,
      values.map((value) => [[value]]),
    );
  });

  it('lets queries do nothing but read tables', async () => {
    const file = { kind: 'function' as const, name: 'file', args: [text('/etc/hostname')] };
    await assert.rejects(rowsOf(engine, select({ items: [{ value: star }], from: file })));
    const set = (settings: Settings) => select({ items: [{ value: integer(1) }], settings });
    await assert.rejects(rowsOf(engine, set({ max_memory_usage: 1 })), code('ENGINE_BAD_OPTION'));
    await assert.rejects(
      rowsOf(engine, set({ max_execution_time: 1000 })),
      code('ENGINE_BAD_OPTION'),
    );
    assert.deepEqual(
      await rowsOf(engine, set({ use_variant_as_common_type: 1, max_execution_time: 5 })),
      [[1]],
    );
    await assert.rejects(
      rowsOf(
        engine,
        print({
          kind: 'dropTable',
          table: { database: databaseName, name: 'Demo_CL' },
          ifExists: false,
          sync: true,
        }),
      ),
    );
  });

  const endless = select({
    items: [{ value: call('sum', call('sipHash64', column('number'))) }],
    from: numbers(100_000_000_000n),
  });

  it('ends queries at their limits of time, memory and rows', async () => {
    await assert.rejects(rowsOf(engine, endless, { maxSeconds: 1 }), code('ENGINE_TIMEOUT'));
    const greedy = select({
      items: [{ value: call('groupArray', column('number')) }],
      from: numbers(100_000_000n),
    });
    await assert.rejects(
      rowsOf(engine, greedy, { maxMemoryBytes: 50_000_000 }),
      code('ENGINE_MEMORY_LIMIT'),
    );
    const many = select({ items: [{ value: column('number') }], from: numbers(100n) });
    assert.equal((await rowsOf(engine, many, { maxRows: 100 })).length, 100);
    await assert.rejects(rowsOf(engine, many, { maxRows: 99 }), code('ENGINE_RESULT_TOO_LARGE'));
    const zero = call('intDiv', integer(1), column('number'));
    await assert.rejects(
      rowsOf(engine, select({ items: [{ value: zero }], from: numbers(2n) })),
      code('ENGINE_QUERY_FAILED'),
    );
  });

  it('cancels a query when its signal is aborted, and when its reader leaves', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('enough')), 100);
    await assert.rejects(
      rowsOf(engine, endless, { signal: abort.signal }),
      code('ENGINE_CANCELLED'),
    );
    const long = print(select({ items: [{ value: column('number') }], from: numbers(10n ** 12n) }));
    const limits = { maxSeconds: 60, maxMemoryBytes: 1_000_000_000 };
    for await (const chunk of engine.query(long, { ...limits, queryId: 'left' })) {
      assert.ok(chunk.length > 0);
      break;
    }
    const processes = select({
      items: [{ value: call('count') }],
      from: table('processes', 'system'),
    });
    const deadline = systemClock.monotonicMs() + 5000;
    for (;;) {
      const [row] = await rowsOf(engine, processes);
      if (row?.[0] === 1) break;
      assert.ok(systemClock.monotonicMs() < deadline, 'a cancelled query still runs');
      await systemClock.sleep(50);
    }
  });

  it('gives back the memory that a large query took', async () => {
    const take = call('toString', column('number'));
    await rowsOf(
      engine,
      select({
        items: [{ value: call('uniqExact', take) }],
        from: numbers(3_000_000n),
      }),
    );
    const { privateBytes: after } = await engine.memory();
    let now = after;
    for (let tries = 0; tries < 100 && now > after - 50_000_000; tries += 1) {
      await systemClock.sleep(100);
      now = (await engine.memory()).privateBytes;
    }
    assert.ok(now <= after - 50_000_000, `${after} bytes, then ${now}`);
  });

  it('tells its memory and disk use', async () => {
    const memory = await engine.memory();
    assert.ok(memory.privateBytes > 0 && memory.privateBytes < memory.rssBytes);
    const use = await engine.diskUsage();
    assert.ok(
      use.some((each) => each.name === 'Demo_CL' && each.rows > 0n && each.bytesOnDisk > 0n),
    );
  });
});

describe('engines and their directories', () => {
  it('stand side by side, and keep what they hold over a restart', async () => {
    const [one, two] = [freshDirectory(), freshDirectory()];
    const engines = await Promise.all([open(one), open(two, { fill: 9 })]);
    const line = (who: string): string => `{"TimeGenerated":"${noon}","S":"${who}"}`;
    await Promise.all(engines.map((each, index) => each.insert(batchOf(0n, [line(`e${index}`)]))));
    await Promise.all(engines.map((each) => each.close()));
    const again = await open(two, { fill: 9 });
    assert.deepEqual(await rowsOf(again, select({ items: columns('S'), from: from('Demo_CL') })), [
      ['e1'],
    ]);
    await again.close();
    await assert.rejects(again.countRange(demo, { from: 0n, to: 1n }), code('ENGINE_GONE'));
  });

  it('refuse a wrong key and a second process, and lose nothing by it', async () => {
    const directory = freshDirectory();
    const engine = await open(directory);
    await engine.insert(batchOf(0n, [`{"TimeGenerated":"${noon}","S":"kept"}`]));
    await assert.rejects(open(directory), code('ENGINE_OPEN_FAILED'));
    await engine.close();
    await assert.rejects(open(directory, { fill: 8 }), code('ENGINE_WRONG_KEY'));
    const again = await open(directory);
    assert.equal(await again.countRange(demo, { from: 0n, to: 1n }), 1n);
    await again.close();
  });

  it('hold every batch whole or not at all after a kill in its middle', async () => {
    const directory = freshDirectory();
    const lines = Array.from({ length: 20_000 }, (_, index) =>
      index % 100 === 0
        ? `{"S":"${index}"}`
        : `{"TimeGenerated":"${noon}","S":"${index} ${'x'.repeat(200)}","L":${index}}`,
    );
    const letters = { name: 'IngestionErrors', columns: demo.columns.slice(0, 1) };
    const whole = 19_800n;
    let engine = await open(directory);
    let position = 0n;
    for (let round = 0; round < 3; round += 1) {
      await engine.insert(batchOf(position, lines));
      position += 1n;
      const unfinished = engine.insert(batchOf(position, lines)).then(
        () => 'done',
        (error: unknown) => error,
      );
      await systemClock.sleep(20 + round * 40);
      assert.ok(engine.pid !== undefined);
      process.kill(engine.pid, 'SIGKILL');
      const result = await unfinished;
      if (result !== 'done') assert.ok(code('ENGINE_GONE')(result));
      await assert.rejects(engine.countRange(demo, { from: 0n, to: 1n }), code('ENGINE_GONE'));
      engine = await open(directory);
      const range = { from: position, to: position + 1n };
      const before = await engine.countRange(demo, range);
      assert.ok(before === 0n || before === whole, `half a batch: ${before}`);
      await engine.deleteRange(demo, range);
      await engine.deleteRange(letters, range);
      const outcome = await engine.insert(batchOf(position, lines));
      assert.deepEqual(outcome, { rowsStored: 19_800, rowsDeadLettered: 200, rowsFiltered: 0 });
      position += 1n;
    }
    const all = { from: 0n, to: position };
    assert.equal(await engine.countRange(demo, all), whole * position);
    assert.equal(await engine.countRange(letters, all), 200n * position);
    await engine.close();
  });

  it('leave no trace of a row in any file, whatever queries run and however they end', async () => {
    const directory = freshDirectory();
    const marker = 'Canary7f3a9';
    const engine = await open(directory);
    const lines = Array.from(
      { length: 30_000 },
      (_, index) =>
        `{"TimeGenerated":"${noon}","S":"${marker}${index} lies here","D":{"${marker}":${index}}}`,
    );
    await engine.insert(batchOf(0n, lines));
    await engine.insert(batchOf(1n, [`{"S":"${marker}"}`]));
    await engine.deleteRange(demo, { from: 1n, to: 2n });
    const big = {
      kind: 'join' as const,
      join: 'CROSS JOIN' as const,
      left: from('Demo_CL'),
      right: numbers(50n),
    };
    const wide = call('concat', column('S'), call('toString', column('number')));
    const heavy: Query[] = [
      select({
        items: [{ value: wide, alias: 'w' }, { value: call('count') }],
        from: big,
        groupBy: [wide],
      }),
      select({
        items: [{ value: wide, alias: 'w' }],
        from: big,
        orderBy: [{ value: call('reverse', wide), direction: 'ASC', nulls: 'LAST' }],
      }),
    ];
    for (const query of heavy) {
      await assert.rejects(
        rowsOf(engine, query, { maxMemoryBytes: 60_000_000 }),
        code('ENGINE_MEMORY_LIMIT'),
      );
    }
    const asked = select({
      items: [{ value: call('count') }],
      from: from('Demo_CL'),
      where: infix('=', column('S'), { kind: 'bound', value: `${marker}5 lies here` }),
    });
    assert.deepEqual(await rowsOf(engine, asked), [[1]]);
    const killed = Promise.allSettled(heavy.map((query) => rowsOf(engine, query)));
    await systemClock.sleep(150);
    assert.ok(engine.pid !== undefined);
    process.kill(engine.pid, 'SIGKILL');
    await killed;
    await assertAbsent(directory, marker);
    const again = await open(directory);
    await again.close();
    await assertAbsent(directory, marker);
    // Nor of a key, in bytes or in hexadecimal.
    await assertAbsent(directory, Buffer.from(key(7)).toString('latin1'));
    await assertAbsent(directory, Buffer.from(key(7)).toString('hex'));
  });

  it('end their process when the one that holds them is killed', async () => {
    const holder = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { openEngine } from ${JSON.stringify(new URL('./index.js', import.meta.url).href)};
         import { systemClock as clock } from '@strongroom/platform';
         const engine = await openEngine({
           directory: ${JSON.stringify(freshDirectory())},
           diskKeys: { current: 1, keys: { 1: new Uint8Array(32) } },
           clock,
         });
         console.log(engine.pid);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: new URL('.', import.meta.url) },
    );
    const [line] = (await once(holder.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    assert.ok(pid > 0);
    // A signal to the group is not for it to answer.
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    await systemClock.sleep(100);
    process.kill(pid, 0);
    holder.kill('SIGKILL');
    const deadline = systemClock.monotonicMs() + 5000;
    while (isAlive(pid)) {
      assert.ok(systemClock.monotonicMs() < deadline, 'an engine without a holder lives on');
      await systemClock.sleep(20);
    }
  });

  it('end their process on close, with nothing left running', async () => {
    const engine = await open(freshDirectory());
    const { pid } = engine;
    assert.ok(pid !== undefined);
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
    assert.ok(!environment.includes('KEY'));
    const limits = await readFile(`/proc/${pid}/limits`, 'utf8');
    assert.match(limits, /^Max core file size +0 +0 /m);
    await engine.close();
    await engine.close();
    assert.throws(() => process.kill(pid, 0));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function assertAbsent(directory: string, marker: string): Promise<void> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  assert.ok(files.length > 10);
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    assert.ok(!path.includes(marker), `in a name: ${path}`);
    if (!file.isFile()) continue;
    const content = await readFile(path, 'latin1');
    assert.ok(!content.toLowerCase().includes(marker.toLowerCase()), `in the file ${path}`);
  }
}
