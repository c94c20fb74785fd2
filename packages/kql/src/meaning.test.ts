/**
 * The compiler means what KQL means: random expressions and queries over random small tables give
 * the rows of a slow, obvious interpreter, written from the language reference and not from the
 * compiler. `STRONGROOM_KQL_QUERIES` is how many, `STRONGROOM_TEST_SEED` repeats a run.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { seededRandom } from '@strongroom/testkit';
import { Session } from 'chdb';
import { compile } from './index.js';
import { testOptions } from './test-options.js';

const rounds = Math.ceil(Number(process.env['STRONGROOM_KQL_QUERIES'] ?? 300) / 5);
const seed = process.env['STRONGROOM_TEST_SEED'] ?? '20261124';
const random = seededRandom(`meaning ${seed}`);

const directory = mkdtempSync(join(tmpdir(), 'kql-meaning-'));
const session = new Session(directory);
after(() => {
  session.close();
  rmSync(directory, { recursive: true, force: true });
});

type Type = 'bool' | 'long' | 'real' | 'string' | 'datetime' | 'timespan';
/** Longs and ticks are bigints, reals numbers; a string has no null. */
type Value = null | boolean | bigint | number | string;
type Row = Readonly<Record<string, Value>>;

/** What the reference does not say (a datetime out of its range): such a cell is not compared. */
class Unsaid extends Error {}

interface Node {
  readonly type: Type;
  readonly text: string;
  readonly args: readonly Node[];
  readonly of: (row: Row) => Value;
}

const types: readonly Type[] = ['bool', 'long', 'real', 'string', 'datetime', 'timespan'];
const names: Readonly<Record<Type, string>> = {
  bool: 'b',
  long: 'l',
  real: 'r',
  string: 's',
  datetime: 't',
  timespan: 'p',
};
const epoch = 621_355_968_000_000_000n;
const day = 864_000_000_000n;
const greatest = 3_155_378_975_999_999_999n;
const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);
const abs = (value: bigint): bigint => (value < 0n ? -value : value);
const at = (text: string): bigint => BigInt(new Date(text).getTime()) * 10_000n + epoch;

const pools: Readonly<Record<Type, readonly Value[]>> = {
  bool: [true, false, null],
  long: [0n, 1n, -1n, 7n, -7n, 12n, 63n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), null],
  real: [0, 1.5, -2.5, 1e10, NaN, Infinity, -Infinity, 0.1, null],
  string: ['', 'a', 'A', 'foo bar', 'Foo-bar', 'foobar', 'éÉ', 'x y z', '12', ' 12', 'ß', '😀a'],
  datetime: [
    0n,
    at('2026-01-02T03:04:05.123Z') + 4567n,
    at('1969-12-31T23:59:59Z'),
    at('2024-02-29'),
    greatest,
    null,
  ],
  timespan: [0n, 1n, -1n, 36_000_000_000n, -day - 1n, 7n * day, null],
};

function clock(ticks: bigint): string {
  const size = abs(ticks);
  const pad = (value: bigint, width: number): string => String(value).padStart(width, '0');
  const days = size / day;
  const fraction = size % 10_000_000n;
  return `${ticks < 0n ? '-' : ''}${days > 0n ? `${days}.` : ''}${pad((size / 36_000_000_000n) % 24n, 2)}:${pad((size / 600_000_000n) % 60n, 2)}:${pad((size / 10_000_000n) % 60n, 2)}${fraction > 0n ? `.${pad(fraction, 7)}` : ''}`;
}

function moment(ticks: bigint): string {
  const seconds = new Date(Number((ticks - (ticks % 10_000_000n) - epoch) / 10_000n)).toISOString();
  return `${seconds.slice(0, 19)}.${String(ticks % 10_000_000n).padStart(7, '0')}Z`;
}

function literal(type: Type, value: Value): string {
  if (type === 'string') return JSON.stringify(value);
  if (value === null) return `${type}(null)`;
  switch (type) {
    case 'real':
      return `real(${Number.isNaN(value) ? 'nan' : value === Infinity ? '+inf' : value === -Infinity ? '-inf' : String(value)})`;
    case 'long':
      return `long(${value})`;
    case 'datetime':
      return `datetime(${moment(value as bigint)
        .replace('Z', '')
        .replace('T', ' ')})`;
    case 'timespan':
      return `timespan(${clock(value as bigint)})`;
    default:
      return String(value);
  }
}

// ---- what KQL's functions mean ------------------------------------------------------------------

interface Meaning {
  readonly gives: Type;
  readonly takes: readonly Type[];
  readonly text: (args: readonly string[]) => string;
  /** Of values that are not null, unless `nulls`. */
  readonly of: (...args: Value[]) => Value;
  readonly nulls?: true;
}

const meanings: Meaning[] = [];
function means<Args extends Value[]>(
  gives: Type,
  takes: readonly Type[],
  text: string | ((args: readonly string[]) => string),
  of: (...args: Args) => Value,
  nulls?: true,
): void {
  const written =
    typeof text === 'function'
      ? text
      : /^[a-z_]\w*$/i.test(text) && !/^(has|contains|startswith|endswith|and|or)/.test(text)
        ? (args: readonly string[]) => `${text}(${args.join(', ')})`
        : (args: readonly string[]) => `(${args[0]} ${text} ${args[1]})`;
  meanings.push({
    gives,
    takes,
    text: written,
    of: (...values) => of(...(values as Value[] as Args)),
    ...(nulls === undefined ? {} : { nulls }),
  });
}

const moments = (ticks: bigint): bigint => {
  if (ticks < 0n || ticks > greatest) throw new Unsaid();
  return ticks;
};
const spans = (ticks: bigint): bigint => {
  if (ticks !== wrap(ticks)) throw new Unsaid();
  return ticks;
};
const modulo = (a: bigint, b: bigint): Value => (b === 0n ? null : ((a % b) + abs(b)) % abs(b));

means('long', ['long', 'long'], '+', (a: bigint, b: bigint) => wrap(a + b));
means('long', ['long', 'long'], '-', (a: bigint, b: bigint) => wrap(a - b));
means('long', ['long', 'long'], '*', (a: bigint, b: bigint) => wrap(a * b));
means('long', ['long', 'long'], '/', (a: bigint, b: bigint) => {
  if (b === 0n) return null;
  if (wrap(a / b) !== a / b) throw new Unsaid();
  return a / b;
});
means('long', ['long', 'long'], '%', modulo);
means('real', ['real', 'real'], '+', (a: number, b: number) => a + b);
means('real', ['real', 'real'], '-', (a: number, b: number) => a - b);
means('real', ['real', 'long'], '*', (a: number, b: bigint) => a * Number(b));
means('real', ['real', 'real'], '/', (a: number, b: number) => a / b);
means('datetime', ['datetime', 'timespan'], '+', (a: bigint, b: bigint) => moments(a + b));
means('datetime', ['datetime', 'timespan'], '-', (a: bigint, b: bigint) => moments(a - b));
means('timespan', ['datetime', 'datetime'], '-', (a: bigint, b: bigint) => a - b);
means('timespan', ['timespan', 'timespan'], '+', (a: bigint, b: bigint) => spans(a + b));
means('timespan', ['timespan', 'long'], '*', (a: bigint, b: bigint) => spans(a * b));
means('real', ['timespan', 'timespan'], '/', (a: bigint, b: bigint) => Number(a) / Number(b));

for (const type of types) {
  means(
    'bool',
    [type, type],
    '==',
    (a: Value, b: Value) => (a === null || b === null ? (a === b ? null : false) : a === b),
    true,
  );
  means(
    'bool',
    [type, type],
    '!=',
    (a: Value, b: Value) => (a === null || b === null ? (a === b ? null : true) : a !== b),
    true,
  );
  // "In general, a null is in no list."
  means(
    'bool',
    [type, type, type],
    ([a, b, c]) => `(${a} in (${b}, ${c}))`,
    (a: Value, b: Value, c: Value) => a !== null && (a === b || a === c),
    true,
  );
  means(
    type,
    ['bool', type, type],
    'iff',
    (a: Value, b: Value, c: Value) => (a === true ? b : c),
    true,
  );
  means(
    type,
    ['bool', type, 'bool', type, type],
    'case',
    (a: Value, b: Value, c: Value, d: Value, e: Value) => (a === true ? b : c === true ? d : e),
    true,
  );
  if (type === 'string') continue;
  means('bool', [type], 'isnull', (a: Value) => a === null, true);
  means('bool', [type], 'isnotempty', (a: Value) => a !== null, true);
  means(type, [type, type], 'coalesce', (a: Value, b: Value) => a ?? b, true);
  if (type === 'bool') continue;
  type Ordered = bigint | number;
  means('bool', [type, type], '<', (a: Ordered, b: Ordered) => a < b);
  means('bool', [type, type], '>=', (a: Ordered, b: Ordered) => a >= b);
  // The same as `a >= b and a <= c`.
  means(
    'bool',
    [type, type, type],
    ([a, b, c]) => `(${a} between (${b} .. ${c}))`,
    (a: Ordered | null, b: Ordered | null, c: Ordered | null) => {
      const low = a === null || b === null ? null : a >= b;
      const high = a === null || c === null ? null : a <= c;
      return low === false || high === false ? false : low === null || high === null ? null : true;
    },
    true,
  );
}
means(
  'bool',
  ['bool', 'bool'],
  'and',
  (a: Value, b: Value) =>
    a === false || b === false ? false : a === null || b === null ? null : true,
  true,
);
means(
  'bool',
  ['bool', 'bool'],
  'or',
  (a: Value, b: Value) =>
    a === true || b === true ? true : a === null || b === null ? null : false,
  true,
);
means('bool', ['bool'], 'not', (a: boolean) => !a);
means('bool', ['real'], 'isnan', (a: Value) => Number.isNaN(a), true);
means('bool', ['real'], 'isfinite', (a: Value) => Number.isFinite(a), true);
means('long', ['long'], 'abs', (a: bigint) => wrap(abs(a)));
means('real', ['real'], 'abs', (a: number) => Math.abs(a));
means('long', ['long', 'long'], 'binary_and', (a: bigint, b: bigint) => wrap(a & b));
means('long', ['long', 'long'], 'binary_xor', (a: bigint, b: bigint) => wrap(a ^ b));
means('long', ['long', 'long'], 'binary_shift_left', (a: bigint, b: bigint) =>
  b < 0n ? null : wrap(a << (b % 64n)),
);
means(
  'long',
  ['long'],
  ([a]) => `bin(${a}, 5)`,
  (a: bigint) => wrap(a - (((a % 5n) + 5n) % 5n)),
);
means('long', ['long', 'long'], 'bin', (a: bigint, b: bigint) =>
  b <= 0n ? null : wrap(a - (modulo(a, b) as bigint)),
);
means(
  'real',
  ['real'],
  ([a]) => `bin(${a}, 0.5)`,
  (a: number) => Math.floor(a / 0.5) * 0.5,
);
means(
  'datetime',
  ['datetime'],
  ([a]) => `bin(${a}, 7h)`,
  (a: bigint) => a - (a % 252_000_000_000n),
);
means(
  'timespan',
  ['timespan'],
  ([a]) => `bin(${a}, 7h)`,
  (a: bigint) => spans(a - (modulo(a, 252_000_000_000n) as bigint)),
);
means('datetime', ['datetime'], 'startofday', (a: bigint) => a - (a % day));
means('datetime', ['datetime'], 'startofweek', (a: bigint) =>
  moments(a - (a % day) - ((a / day + 1n) % 7n) * day),
);
means('timespan', ['datetime'], 'dayofweek', (a: bigint) => ((a / day + 1n) % 7n) * day);
means('long', ['datetime'], 'getyear', (a: bigint) => BigInt(moment(a).slice(0, 4)));
means('long', ['datetime'], 'hourofday', (a: bigint) => BigInt(moment(a).slice(11, 13)));
means('long', ['datetime'], 'monthofyear', (a: bigint) => BigInt(moment(a).slice(5, 7)));
means('datetime', ['datetime'], 'startofmonth', (a: bigint) =>
  at(`${moment(a).slice(0, 8)}01T00:00:00Z`),
);
means(
  'long',
  ['datetime', 'datetime'],
  ([a, b]) => `datetime_diff("hour", ${a}, ${b})`,
  (a: bigint, b: bigint) => a / 36_000_000_000n - b / 36_000_000_000n,
);
means(
  'long',
  ['datetime', 'datetime'],
  ([a, b]) => `datetime_diff("year", ${a}, ${b})`,
  (a: bigint, b: bigint) => BigInt(moment(a).slice(0, 4)) - BigInt(moment(b).slice(0, 4)),
);

const letters = (text: string): string[] => [...text];
const found = (text: string, part: string): Value => {
  const index = letters(text).findIndex((_, from) =>
    letters(text).slice(from).join('').startsWith(part),
  );
  return BigInt(part === '' ? 0 : index);
};
means('long', ['string'], 'strlen', (a: string) => BigInt(letters(a).length));
means('string', ['string'], 'tolower', (a: string) => a.toLowerCase());
means('string', ['string', 'string'], 'strcat', (a: string, b: string) => a + b);
means('string', ['string'], 'reverse', (a: string) => letters(a).reverse().join(''));
means(
  'string',
  ['string'],
  ([a]) => `substring(${a}, 1, 2)`,
  (a: string) => letters(a).slice(1, 3).join(''),
);
means(
  'string',
  ['string'],
  ([a]) => `substring(${a}, 1)`,
  (a: string) => letters(a).slice(1).join(''),
);
means(
  'string',
  ['string', 'string'],
  ([a, b]) => `replace_string(${a}, "o", ${b})`,
  (a: string, b: string) => a.replaceAll('o', () => b),
);
means('string', ['long'], 'tostring', (a: Value) => (a === null ? '' : String(a)), true);
means('string', ['bool'], 'tostring', (a: Value) => (a === null ? '' : String(a)), true);
means(
  'string',
  ['timespan'],
  'tostring',
  (a: Value) => (a === null ? '' : clock(a as bigint)),
  true,
);
means(
  'string',
  ['datetime'],
  'tostring',
  (a: Value) => (a === null ? '' : moment(a as bigint)),
  true,
);
means('long', ['string'], 'tolong', (a: string) => {
  if (/^-?\d{1,18}$/.test(a)) return BigInt(a);
  if (/\d/.test(a)) throw new Unsaid();
  return null;
});
means('real', ['long'], 'todouble', (a: bigint) => Number(a));
means('bool', ['string'], 'isempty', (a: string) => a === '');
means('long', ['string', 'string'], 'indexof', found);
means('long', ['string', 'string'], 'strcmp', (a: string, b: string) => {
  const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
  return BigInt(Math.sign(order));
});
const fold = (text: string): string => text.toLowerCase();
means('bool', ['string', 'string'], 'contains', (a: string, b: string) =>
  fold(a).includes(fold(b)),
);
means('bool', ['string', 'string'], 'contains_cs', (a: string, b: string) => a.includes(b));
means('bool', ['string', 'string'], 'startswith', (a: string, b: string) =>
  fold(a).startsWith(fold(b)),
);
means('bool', ['string', 'string'], 'endswith_cs', (a: string, b: string) => a.endsWith(b));
means('bool', ['string', 'string'], '=~', (a: string, b: string) => fold(a) === fold(b));
for (const word of ['foo', 'BAR', 'y', '12', 'fo']) {
  const terms = (text: string): string[] => fold(text).split(/[^\p{L}\p{N}]+/u);
  means(
    'bool',
    ['string'],
    ([a]) => `(${a} has "${word}")`,
    (a: string) => {
      if (/[^\p{ASCII}]/u.test(a)) throw new Unsaid();
      return terms(a).includes(fold(word));
    },
  );
  means(
    'bool',
    ['string'],
    ([a]) => `(${a} hasprefix "${word}")`,
    (a: string) => {
      if (/[^\p{ASCII}]/u.test(a)) throw new Unsaid();
      return terms(a).some((term) => term.startsWith(fold(word)));
    },
  );
}

// ---- random expressions -------------------------------------------------------------------------

function leaf(type: Type): Node {
  if (random.chance(0.65)) {
    const name = names[type];
    return { type, text: name, args: [], of: (row) => row[name] ?? null };
  }
  const value = random.pick(pools[type]);
  return { type, text: literal(type, value), args: [], of: () => value };
}

function expression(type: Type, depth: number): Node {
  const choices = meanings.filter((each) => each.gives === type);
  if (depth === 0 || choices.length === 0 || random.chance(0.1)) return leaf(type);
  const meaning = random.pick(choices);
  const args = meaning.takes.map((each) => expression(each, depth - 1));
  return {
    type,
    text: meaning.text(args.map((each) => each.text)),
    args,
    of: (row) => {
      const values = args.map((each) => each.of(row));
      if (meaning.nulls !== true && values.includes(null)) return null;
      return meaning.of(...values);
    },
  };
}

// ---- comparing ------------------------------------------------------------------------------------

type Cell = string | number | boolean | null;

function wire(type: Type, value: Value): Cell {
  if (value === null) return null;
  switch (type) {
    case 'long':
      return String(value);
    case 'real':
      return Number.isFinite(value) ? (value as number) : String(value);
    case 'datetime':
      return moment(value as bigint).replace(/\.?0*Z$/, 'Z');
    case 'timespan':
      return clock(value as bigint);
    default:
      return value as Cell;
  }
}

function same(expected: Cell, got: Cell | undefined): boolean {
  if (typeof expected === 'number' && got !== null && got !== undefined) {
    const number = Number(got);
    return expected === number || Math.abs(expected - number) <= 1e-9 * Math.abs(expected);
  }
  return expected === got || (typeof got === 'number' && String(got) === expected);
}

function cellOf(node: Node, row: Row): Cell | undefined {
  try {
    return wire(node.type, node.of(row));
  } catch (error) {
    if (error instanceof Unsaid) return undefined;
    throw error;
  }
}

async function answer(text: string): Promise<Cell[][]> {
  const result = compile(text, { ...testOptions, rowsMax: 10_000 });
  assert.ok(result.ok && !('inquiry' in result), `${text}\n${JSON.stringify(result)}`);
  const statement = result.results[0]?.statement;
  assert.ok(statement !== undefined);
  const rows = await session.queryBindAsync(statement.text, statement.parameters, {
    format: 'JSONCompactEachRow',
  });
  return rows
    .text()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line.replace(/(?<=[[ ,])(-?\d+)(?=[,\]])/g, '"$1"')) as Cell[]);
}

function randomRows(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => ({
    n: BigInt(index),
    ...Object.fromEntries(types.map((type) => [names[type], random.pick(pools[type])])),
  }));
}

function table(rows: readonly Row[]): string {
  const cells = rows.map((row) =>
    [String(row['n']), ...types.map((type) => literal(type, row[names[type]] ?? null))].join(', '),
  );
  return `datatable(n:long, ${types.map((type) => `${names[type]}:${type}`).join(', ')}) [\n${cells.join(',\n')}]`;
}

/** The first row in which the engine does not say what the reference does. */
async function difference(
  nodes: readonly Node[],
  rows: readonly Row[],
): Promise<string | undefined> {
  const text = `${table(rows)} | sort by n asc | project ${nodes.map((node, index) => `c${index} = ${node.text}`).join(', ')}`;
  const got = await answer(text);
  for (const [at, row] of rows.entries()) {
    for (const [index, node] of nodes.entries()) {
      const expected = cellOf(node, row);
      const cell = got[at]?.[index];
      if (expected === undefined || same(expected, cell)) continue;
      return `${node.text}\n  ${JSON.stringify(expected)} expected, ${JSON.stringify(cell)} given, for ${types.map((type) => `${names[type]} = ${literal(type, row[names[type]] ?? null)}`).join(', ')}`;
    }
  }
  return undefined;
}

/** The smallest part of an expression that differs. */
async function smallest(node: Node, rows: readonly Row[]): Promise<string | undefined> {
  for (const part of node.args) {
    const found = await smallest(part, rows);
    if (found !== undefined) return found;
  }
  return difference([node], rows);
}

void test(`expressions mean what the reference says (seed ${seed})`, async () => {
  const problems = new Set<string>();
  for (let round = 0; round < rounds && problems.size < 8; round++) {
    const rows = randomRows(8);
    const nodes = Array.from({ length: 12 }, () => expression(random.pick(types), 3));
    if ((await difference(nodes, rows)) === undefined) continue;
    for (const node of nodes) {
      const found = await smallest(node, rows);
      if (found !== undefined) problems.add(found);
    }
  }
  assert.deepEqual([...problems].join('\n'), '');
});

// ---- random queries -------------------------------------------------------------------------------

const sorted = (rows: readonly (readonly Cell[])[]): string[] =>
  rows
    .map((row) =>
      JSON.stringify(row.map((cell) => (typeof cell === 'number' ? String(cell) : cell))),
    )
    .sort();

const key = (row: Row, name: string): string => String(row[name]);

void test(`queries mean what the reference says (seed ${seed})`, async () => {
  for (let round = 0; round < rounds; round++) {
    const [left, right] = [randomRows(8), randomRows(6)];
    const predicate = expression('bool', 2);
    const kept: Row[] = [];
    let unsaid = false;
    for (const row of left) {
      const cell = cellOf(predicate, row);
      if (cell === undefined) unsaid = true;
      if (cell === true) kept.push(row);
    }
    if (unsaid) continue;
    const [T, U] = [table(left), table(right)];
    const where = `where ${predicate.text}`;
    const cells = (row: Row | undefined, ...columns: [string, Type][]): Cell[] =>
      columns.map(([name, type]) =>
        row === undefined ? (type === 'string' ? '' : null) : wire(type, row[name] ?? null),
      );
    const check = async (query: string, expected: readonly (readonly Cell[])[]): Promise<void> =>
      assert.deepEqual(sorted(await answer(query)), sorted(expected), query);

    const by = new Map<string, Row[]>();
    for (const row of kept) by.set(key(row, 's'), [...(by.get(key(row, 's')) ?? []), row]);
    await check(
      `${T} | ${where} | summarize count(), countif(b), sum(l), min(l), max(t), count_distinct(p) by s`,
      [...by.values()].map((rows) => {
        const longs = rows.map((row) => row['l']).filter((each) => typeof each === 'bigint');
        const times = rows.map((row) => row['t']).filter((each) => typeof each === 'bigint');
        const least = longs.length === 0 ? null : longs.reduce((a, b) => (a < b ? a : b));
        const last = times.length === 0 ? null : times.reduce((a, b) => (a > b ? a : b));
        return [
          String(rows[0]?.['s']),
          String(rows.length),
          String(rows.filter((row) => row['b'] === true).length),
          String(wrap(longs.reduce((a, b) => a + b, 0n))),
          wire('long', least),
          wire('datetime', last),
          String(new Set(rows.map((row) => row['p']).filter((each) => each !== null)).size),
        ];
      }),
    );
    const pairs = kept.flatMap((a) =>
      right.filter((b) => b['s'] === a['s']).map((b): [Row, Row] => [a, b]),
    );
    const alone = kept.filter((a) => !right.some((b) => b['s'] === a['s']));
    const others = right.filter((b) => !kept.some((a) => a['s'] === b['s']));
    const joined = (a: Row | undefined, b: Row | undefined): Cell[] => [
      ...cells(a, ['n', 'long'], ['s', 'string']),
      ...cells(b, ['l', 'long'], ['s', 'string']),
    ];
    for (const [kind, expected] of [
      ['inner', pairs.map(([a, b]) => joined(a, b))],
      [
        'leftouter',
        [...pairs.map(([a, b]) => joined(a, b)), ...alone.map((a) => joined(a, undefined))],
      ],
      [
        'rightouter',
        [...pairs.map(([a, b]) => joined(a, b)), ...others.map((b) => joined(undefined, b))],
      ],
      [
        'fullouter',
        [
          ...pairs.map(([a, b]) => joined(a, b)),
          ...alone.map((a) => joined(a, undefined)),
          ...others.map((b) => joined(undefined, b)),
        ],
      ],
    ] as const) {
      await check(
        `${T} | ${where} | project n, s | join kind=${kind} (${U} | project l, s) on s | project n, s, l, s1`,
        expected,
      );
    }
    await check(
      `${T} | ${where} | project n, s | join kind=leftanti (${U} | project l, s) on s`,
      alone.map((a) => cells(a, ['n', 'long'], ['s', 'string'])),
    );
    await check(`${T} | ${where} | distinct b, s`, [
      ...new Map(
        kept.map((row) => [`${row['b']} ${row['s']}`, cells(row, ['b', 'bool'], ['s', 'string'])]),
      ).values(),
    ]);
    const descending = random.chance(0.5);
    const first = [...kept].sort((a, b) => {
      const [x, y] = [a['l'] as bigint | null, b['l'] as bigint | null];
      const order =
        x === y
          ? Number((a['n'] as bigint) - (b['n'] as bigint))
          : x === null
            ? -1
            : y === null
              ? 1
              : x < y
                ? -1
                : 1;
      return x === y ? order : descending ? -order : order;
    });
    assert.deepEqual(
      await answer(
        `${T} | ${where} | sort by l ${descending ? 'desc' : 'asc'}, n asc | take 4 | project n`,
      ),
      first.slice(0, 4).map((row) => [String(row['n'])]),
    );
  }
});
