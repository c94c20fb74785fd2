/**
 * Random queries over every row of the function and aggregate tables, in odd places: each is
 * refused with a code, or makes SQL that the engine takes. `STRONGROOM_KQL_QUERIES` is how many,
 * `STRONGROOM_TEST_SEED` repeats a run.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { seededRandom } from '@strongroom/testkit';
import { statementBytesMax, type ScalarType } from '@strongroom/sql';
import { Session } from 'chdb';
import { aggregateNamed, aggregateNames } from './aggregates/index.js';
import { functionNamed, functionNames } from './functions/index.js';
import { compile, kqlCodes } from './index.js';
import { signature, type ParameterType } from './semantics/signature.js';
import { testOptions } from './test-options.js';

const queries = Number(process.env['STRONGROOM_KQL_QUERIES'] ?? 300);
const seed = process.env['STRONGROOM_TEST_SEED'] ?? '20261124';
const random = seededRandom(seed);

const directory = mkdtempSync(join(tmpdir(), 'kql-fuzz-'));
const session = new Session(directory, {
  connectionArgs: [`--max_query_size=${statementBytesMax}`],
});
after(() => {
  session.close();
  rmSync(directory, { recursive: true, force: true });
});

const tableText = `datatable(b:bool, t:datetime, m:decimal, d:dynamic, g:guid, i:int, l:long, r:real, s:string, p:timespan) [
  true, datetime(2026-01-02 03:04:05.1234567), decimal(1.5), dynamic(["a", 1, null, {"k": 2}]), guid(74be27de-1e4e-49d9-b579-fe0b331d3642), int(3), 7, 2.5, "10.1.2.3 foo-bar", 90m,
  true, datetime(9999-12-31 23:59:59.9999999), decimal(0), dynamic({"k": [1, "x"], "é": null}), guid(74be27de-1e4e-49d9-b579-fe0b331d3642), int(2147483647), 9223372036854775807, real(inf), "https://a.b/c?d=e#f", 0s,
  bool(null), datetime(null), decimal(null), dynamic(null), guid(null), int(null), long(null), real(null), "", timespan(null),
  false, datetime(0001-01-01), decimal(-3), dynamic(17), guid(00000000-0000-0000-0000-000000000000), int(-1), -9223372036854775808, real(nan), "é(", -1tick,
  false, datetime(2026-01-02), decimal(2), dynamic("2026-01-02"), guid(74be27de-1e4e-49d9-b579-fe0b331d3642), int(0), 0, -0.0, "{\\"a\\": [1, 2]}", 1d ]`;

const columns: Readonly<Record<ScalarType, string>> = {
  bool: 'b',
  datetime: 't',
  decimal: 'm',
  dynamic: 'd',
  guid: 'g',
  int: 'i',
  long: 'l',
  real: 'r',
  string: 's',
  timespan: 'p',
};
const types = Object.keys(columns) as ScalarType[];
const literals: Readonly<Record<ScalarType, readonly string[]>> = {
  bool: ['true', 'false', 'bool(null)'],
  datetime: ['datetime(2026-03-04 05:06:07)', 'datetime(null)', 'datetime(0001-01-01)', 'now()'],
  decimal: ['decimal(2.5)', 'decimal(null)', 'decimal(-1)', 'decimal(0)'],
  dynamic: [
    'dynamic(null)',
    'dynamic([])',
    'dynamic({})',
    'dynamic([1, 2, 3])',
    'dynamic(["a", "b"])',
    'dynamic({"a": {"b": [1]}, "k": "v"})',
    'dynamic([0.5, null, -7])',
    'dynamic("x")',
  ],
  guid: ['guid(null)', 'guid(74be27de-1e4e-49d9-b579-fe0b331d3642)'],
  int: ['int(1)', 'int(0)', 'int(-5)', 'int(null)'],
  long: ['0', '1', '-1', '3', '100', 'long(null)', '9223372036854775807', '0x1F'],
  real: ['0.0', '1.5', '-2.25', '1e300', 'real(null)', 'real(nan)', 'real(-inf)'],
  string: [
    '"x"',
    '""',
    '"a,b"',
    '"é😀"',
    '"10.0.0.1/8"',
    '"a=1;b=2"',
    '"\\\\"',
    '"[1,2]"',
    '"year"',
  ],
  timespan: ['1h', '0s', '-1d', '1tick', 'timespan(null)', '10675199d'],
};

/** Functions by the type that they give; those whose type depends are in each. */
const givers = new Map<ScalarType, string[]>(types.map((type) => [type, []]));
for (const name of functionNames()) {
  const row = functionNamed(name);
  if (row === undefined || !/^[a-z]/i.test(name)) continue;
  for (const type of types)
    if (typeof row.gives === 'function' || row.gives === type) givers.get(type)?.push(name);
}
const aggregates = [...aggregateNames()];

function concrete(parameter: ParameterType): ScalarType | undefined {
  switch (parameter) {
    case 'scalar':
    case 'orderable':
    case 'common':
    case 'printable':
      return random.pick(types);
    case 'alike':
      return random.pick(['long', 'real', 'int']);
    case 'text':
      return random.chance(0.8) ? 'string' : 'dynamic';
    case 'integer':
      return random.chance(0.7) ? 'long' : 'int';
    case 'number':
      return random.pick(['long', 'real', 'int', 'decimal']);
    case 'summable':
      return random.pick(['long', 'real', 'timespan', 'decimal']);
    case 'type':
      return undefined;
    default:
      return parameter;
  }
}

function args(takes: string, constants: readonly number[], depth: number): string {
  const of = signature(takes);
  const count = of.repeats
    ? of.parameters.length + random.integer(3)
    : of.required + random.integer(of.parameters.length - of.required + 1);
  const common = random.pick(types);
  const made: string[] = [];
  for (let index = 0; index < count; index++) {
    const parameter = of.parameters[index] ?? (of.parameters.at(-1) as ParameterType);
    const type = parameter === 'common' ? common : concrete(parameter);
    if (type === undefined) made.push(`typeof(${random.pick(types)})`);
    else if (constants.includes(index)) made.push(random.pick(literals[type]));
    else made.push(expression(type, depth - 1));
  }
  return made.join(', ');
}

function takesOf(takes: string | readonly string[]): string {
  return typeof takes === 'string' ? takes : random.pick(takes);
}

function call(name: string, depth: number): string {
  const row = functionNamed(name);
  assert.ok(row !== undefined);
  return `${name}(${args(takesOf(row.takes), row.constants ?? [], depth)})`;
}

const numeric: readonly ScalarType[] = ['int', 'long', 'real', 'decimal'];

function operation(type: ScalarType, depth: number): string | undefined {
  const e = (of: ScalarType): string => expression(of, depth - 1);
  switch (type) {
    case 'bool': {
      const of = random.pick(types);
      return random.pick([
        () => `(${e('bool')} and ${e('bool')})`,
        () => `(${e('bool')} or ${e('bool')})`,
        () => `not(${e('bool')})`,
        () => `(${e(of)} ${random.pick(['==', '!='])} ${e(of)})`,
        () =>
          `(${e(random.pick(numeric))} ${random.pick(['<', '<=', '>', '>='])} ${e(random.pick(numeric))})`,
        () => `(${e('datetime')} < ${e('datetime')})`,
        () =>
          `(${e('string')} ${random.pick(['has', '!has', 'contains', 'startswith_cs', 'endswith', '=~', '!~', 'hasprefix', 'hassuffix_cs', 'has_cs'])} ${e('string')})`,
        () => `(${e(of)} ${random.pick(['in', '!in'])} (${e(of)}, ${random.pick(literals[of])}))`,
        () => `(${e('string')} in~ (${e('string')}, "x"))`,
        () => `(${e('string')} has_any ("a", "foo", ${random.pick(literals.string)}))`,
        () => `(${e('long')} between (${e('long')} .. ${e('long')}))`,
        () => `(${e('string')} matches regex "[a-z]+(\\\\d|.)")`,
      ])();
    }
    case 'long':
      return `(${e(random.pick(['int', 'long']))} ${random.pick(['+', '-', '*', '/', '%'])} ${e(random.pick(['int', 'long']))})`;
    case 'real':
      return random.chance(0.2)
        ? `(${e('timespan')} / ${e('timespan')})`
        : `(${e('real')} ${random.pick(['+', '-', '*', '/', '%'])} ${e(random.pick(['int', 'long', 'real']))})`;
    case 'decimal':
      return `(${e('decimal')} ${random.pick(['+', '-', '/'])} ${e(random.pick(['long', 'decimal']))})`;
    case 'datetime':
      return `(${e('datetime')} ${random.pick(['+', '-'])} ${e('timespan')})`;
    case 'timespan':
      return random.pick([
        () => `(${e('timespan')} ${random.pick(['+', '-', '%'])} ${e('timespan')})`,
        () => `(${e('datetime')} - ${e('datetime')})`,
        () => `(${e('timespan')} ${random.pick(['*', '/'])} ${e(random.pick(['long', 'real']))})`,
      ])();
    case 'dynamic':
      return random.pick([
        () => `${columns.dynamic}.k`,
        () => `${columns.dynamic}[${e('long')}]`,
        () => `parse_json(${e('string')}).a[-1]`,
        () => `pack_array(${e(random.pick(types))}, ${e(random.pick(types))})`,
      ])();
    default:
      return undefined;
  }
}

function expression(type: ScalarType, depth: number): string {
  if (depth <= 0) return random.chance(0.6) ? columns[type] : random.pick(literals[type]);
  const roll = random.integer(10);
  if (roll < 2) return columns[type];
  if (roll < 3) return random.pick(literals[type]);
  if (roll < 5) return operation(type, depth) ?? columns[type];
  const names = givers.get(type) ?? [];
  const name = names.length === 0 ? undefined : random.pick(names);
  if (name === undefined) return columns[type];
  const row = functionNamed(name);
  if (row?.window === true && !random.chance(0.1)) return columns[type];
  const text = call(name, depth);
  // What depends on its arguments is made the type that is asked for.
  return typeof row?.gives === 'function' && type !== 'decimal' && type !== 'guid'
    ? `to${type === 'dynamic' ? 'dynamic' : type}(${text})`
    : text;
}

function aggregate(depth: number): string {
  const name = random.pick(aggregates);
  const row = aggregateNamed(name);
  assert.ok(row !== undefined);
  const takes = takesOf(row.takes);
  const constants = /percentile|make_(list|set)|dcount/.test(name) ? [1, 2, 3] : [];
  return `${name}(${args(takes, constants, depth)})`;
}

const any = (depth: number): string => expression(random.pick(types), depth);

/** A step after which the table's own columns are still there. */
function keeping(): string {
  return random.pick([
    () => `where ${expression('bool', 3)}`,
    () => `extend x = ${any(3)}, y = ${any(2)}`,
    () => {
      const type = random.pick(types);
      return `extend ${columns[type]} = ${expression(type, 3)}`;
    },
    () => `sort by ${expression(random.pick(['long', 'string', 'datetime', 'real']), 2)} asc`,
    () => `top ${1 + random.integer(4)} by ${any(2)}`,
    () => `take ${random.integer(5)}`,
    () =>
      `sort by l asc | extend w = ${random.pick(['row_number()', 'prev(s, 1, "z")', 'next(l)', 'row_cumsum(l, b)', 'row_rank_dense(l)'])}`,
    () => `mv-expand d`,
    () => `mv-expand e = ${expression('dynamic', 2)} to typeof(${random.pick(types)})`,
    () => `mv-apply e = ${expression('dynamic', 2)} on (where isnotempty(e) | take 1)`,
    () => `as Named`,
    () => `serialize`,
    () => `union (${tableText} | where ${expression('bool', 2)})`,
    () =>
      `join kind=${random.pick(['inner', 'innerunique', 'leftouter', 'leftsemi', 'leftanti', 'fullouter'])} (T | extend j = ${any(2)} | project ${random.pick(types.map((each) => columns[each]).filter((each) => each !== 'd'))}, ${random.pick(['s', 'l', 'i'])}2 = ${any(2)}) on ${random.pick(['s', 'l', 't', 'g', 'i'])}`,
    () => `lookup (T | summarize c = ${aggregate(2)} by s) on s`,
    () => `parse s with * "." q:${random.pick(['long', 'string', 'real'])} "." *`,
    () => `partition hint.strategy=native by s (top 1 by l)`,
  ])();
}

/** A step that makes other columns. */
function ending(): string {
  return random.pick([
    () => `summarize ${aggregate(3)}, ${aggregate(2)} by ${any(2)}`,
    () => `summarize ${aggregate(3)}`,
    () => `summarize a = ${aggregate(2)} by k = ${any(3)}, bin(t, 1h)`,
    () => `project ${any(4)}, ${any(3)}, ${any(2)}`,
    () => `distinct ${random.pick(types.map((each) => columns[each]))}, ${any(2)}`,
    () =>
      `make-series c = ${aggregate(2)} default=0 on t from datetime(2026-01-01) to datetime(2026-01-05) step 1d by s`,
    () => `make-series c = count() on l from 0 to 10 step 3`,
    () => `top-nested 2 of ${any(2)} by ${aggregate(2)}`,
    () => `count`,
    () => `sample-distinct 3 of ${any(2)}`,
    () => `extend z = toscalar(T | summarize ${aggregate(2)})`,
    () => `partition by s (summarize ${aggregate(2)} by b)`,
    () => `getschema`,
  ])();
}

function query(): string {
  const steps = Array.from({ length: random.integer(3) }, keeping);
  if (random.chance(0.9)) steps.push(ending());
  const body = ['T', ...steps].join('\n| ');
  if (random.chance(0.1)) {
    const type = random.pick(types);
    return `let f = (a:${type}, b:bool) { ${expression(type, 2).replace(new RegExp(`\\b${columns[type]}\\b`), 'a')} }; T | extend f(${expression(type, 2)}, true)`;
  }
  return body;
}

const whole = (text: string): string => `let T = ${tableText};\n${text}`;

const known = new Set<string>(kqlCodes);

/** Why the query is a fault of the compiler; undefined if it is none. */
async function fault(text: string): Promise<{ what: string; refused: boolean } | undefined> {
  let result: ReturnType<typeof compile>;
  try {
    result = compile(whole(text), testOptions);
  } catch (error) {
    return { what: `threw ${String(error).slice(0, 400)}`, refused: false };
  }
  if (!result.ok) {
    const strange = result.diagnostics.find((each) => !known.has(each.code));
    return strange === undefined
      ? { what: '', refused: true }
      : { what: `the code ${strange.code}`, refused: true };
  }
  if ('inquiry' in result) return undefined;
  for (const each of result.results) {
    try {
      await session.queryBindAsync(each.statement.text, each.statement.parameters, {
        format: 'JSONCompactEachRow',
      });
    } catch (error) {
      const what = String(error).slice(0, 600);
      // A pattern is the query's own: the server says so to who asked.
      return { what: /re2/i.test(what) ? '' : what, refused: false };
    }
  }
  return undefined;
}

const faulty = async (text: string): Promise<string | undefined> => {
  const found = await fault(text);
  return found === undefined || found.what === '' ? undefined : found.what;
};

/** Bracketed parts, which a smaller query may have a column instead of. */
function parts(text: string): [number, number][] {
  const open: number[] = [];
  const found: [number, number][] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') {
      let start = at;
      while (start > 0 && /[\w]/.test(text[start - 1] as string)) start--;
      open.push(start);
    } else if (text[at] === ')') {
      const start = open.pop();
      if (start !== undefined) found.push([start, at + 1]);
    }
  }
  return found;
}

/** The smallest query that is at fault in the same way. */
async function minimised(text: string, what: string): Promise<string> {
  const same = (other: string | undefined): boolean =>
    other !== undefined && other.slice(0, 12) === what.slice(0, 12);
  let best = text;
  for (let rounds = 0; rounds < 40; rounds++) {
    const lines = best.split('\n| ');
    const smaller: string[] = lines
      .slice(1)
      .map((_, index) => lines.filter((__, other) => other !== index + 1).join('\n| '));
    for (const [start, end] of parts(best)) {
      for (const other of [...Object.values(columns), '1', '"x"'])
        if (end - start > other.length)
          smaller.push(best.slice(0, start) + other + best.slice(end));
    }
    smaller.sort((a, b) => a.length - b.length);
    let better: string | undefined;
    for (const each of smaller.slice(0, 300)) {
      if (each.length < best.length && same(await faulty(each))) {
        better = each;
        break;
      }
    }
    if (better === undefined) return best;
    best = better;
  }
  return best;
}

void test(`random queries are refused with a code or answered (seed ${seed})`, async () => {
  const problems: string[] = [];
  let refusals = 0;
  for (let index = 0; index < queries && problems.length < 10; index++) {
    const text = query();
    const found = await fault(text);
    if (found === undefined) continue;
    if (found.refused) refusals++;
    if (found.what === '') continue;
    problems.push(`${await minimised(text, found.what)}\n  ${found.what}`);
  }
  assert.deepEqual(problems.join('\n\n'), '');
  // Mostly queries that run: else the generator has lost its way.
  assert.ok(refusals < queries / 2, `${refusals} of ${queries} were refused`);
});
