import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from './index.js';
import { nestingMax, pipelineOperatorsMax, queryCharsMax } from './limits.js';
import { testOptions } from './test-options.js';

const many = (count: number, make: (index: number) => string, between = ''): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(between);

/** Text that is refused with a code, never by a crash, a hang or an exhausted stack. */
const refused: readonly (readonly [string, string, string])[] = [
  ['a megabyte and more', `print ${'x'.repeat(queryCharsMax)}`, 'KQL_LIMIT'],
  ['ten thousand brackets', `print ${'('.repeat(10_000)}1${')'.repeat(10_000)}`, 'KQL_LIMIT'],
  [
    'brackets beyond the limit by one',
    `print ${'('.repeat(nestingMax)}1${')'.repeat(nestingMax)}`,
    'KQL_LIMIT',
  ],
  ['ten thousand signs', `print ${'-'.repeat(10_000)}1`, 'KQL_LIMIT'],
  ['a long sum', `print ${many(50_000, () => '1', '+')}`, 'KQL_LIMIT'],
  ['a long path', `print a${'[0]'.repeat(5_000)}`, 'KQL_LIMIT'],
  [
    'nested dynamic literals',
    `print dynamic(${'['.repeat(5_000)}${']'.repeat(5_000)})`,
    'KQL_LIMIT',
  ],
  [
    'operators beyond the limit by one',
    `Heartbeat ${'| where true '.repeat(pipelineOperatorsMax + 1)}`,
    'KQL_LIMIT',
  ],
  [
    'too many terms',
    `Heartbeat | where ${many(40_000, (n) => `Computer == "${n}"`, ' or ')}`,
    'KQL_LIMIT',
  ],
  [
    'tables that double',
    `let a0 = Heartbeat; ${many(40, (n) => `let a${n + 1} = union a${n}, a${n};`)} a40`,
    'KQL_LIMIT',
  ],
  [
    'tables that grow tenfold',
    `let a0 = Heartbeat; ${many(8, (n) => `let a${n + 1} = union ${many(10, () => `a${n}`, ',')};`)} a8`,
    'KQL_LIMIT',
  ],
  [
    'values that double',
    `let a0 = tostring(now()); ${many(60, (n) => `let a${n + 1} = strcat(a${n}, a${n}, rand());`)} print a60`,
    'KQL_LIMIT',
  ],
  [
    'functions that double',
    `let f0 = (x:long) {x + 1}; ${many(25, (n) => `let f${n + 1} = (x:long) {f${n}(x) + f${n}(x)};`)} Syslog | extend f25(ProcessID)`,
    'KQL_LIMIT',
  ],
  [
    'a text written many times',
    `let s = toscalar(Syslog | summarize max(Computer)); ${many(12, (n) => `let a${n} = substring(${n === 0 ? 's' : `a${n - 1}`}, toint(${n === 0 ? 's' : `a${n - 1}`}));`)} print a11, a11`,
    'KQL_LIMIT',
  ],
  ['a function that calls itself', 'let f = (x:long) {f(x)}; print f(1)', 'SEM0260'],
  [
    'a list of a hundred thousand',
    `Heartbeat | where Computer in (${many(100_000, (n) => `"${n}"`, ',')})`,
    'KQL_LIMIT',
  ],
  ['nested lambdas', `${many(3_000, (n) => `let f${n} = () {`)}1${'}'.repeat(3_000)}`, 'KQL_LIMIT'],
  ['deep unions', `${'union (union '.repeat(3_000)}Heartbeat${')'.repeat(3_000)}`, 'KQL_LIMIT'],
  [
    'joins of joins',
    `Heartbeat ${many(200, () => '| join (Heartbeat) on Computer ')}`,
    'KQL_LIMIT',
  ],
  [
    'a column that doubles',
    `Heartbeat | extend a = Computer ${many(200, () => '| extend a = strcat(a, a)')}`,
    'KQL_LIMIT',
  ],
  ['pipes alone', `Heartbeat ${'|'.repeat(900_000)}`, 'SYN0002'],
  ['semicolons alone', ';'.repeat(900_000), 'SYN0002'],
  ['quotes alone', `print ${'"'.repeat(900_001)}`, 'SYN0001'],
  ['open braces', '{'.repeat(900_000), 'SYN0002'],
  ['open bags', `print dynamic({${'"a":{'.repeat(100_000)}`, 'KQL_LIMIT'],
  ['a NUL', 'Heart\0beat', 'SYN0002'],
  ['noise', '$%&/()='.repeat(1_000), 'SYN0002'],
  ['nothing', '', 'SYN0002'],
  ['an open string', 'print "abc', 'SYN0001'],
  ['a lone pipe', '|', 'SYN0002'],
];

for (const [name, text, code] of refused) {
  void test(`refuses ${name}`, () => {
    const result = compile(text, testOptions);
    assert.equal(result.ok, false);
    assert.ok(
      result.diagnostics.some((each) => each.code === code),
      JSON.stringify(result.diagnostics[0]),
    );
  });
}

void test('answers long lists and deep, but not too deep, nesting', () => {
  const list = compile(
    `Heartbeat | where Computer in (${many(20_000, (n) => `"${n}"`, ',')})`,
    testOptions,
  );
  assert.ok(list.ok);
  assert.ok(list.results[0] !== undefined && list.results[0].statement.text.length < 10_000);
  const brackets = nestingMax / 2 - 10;
  assert.ok(compile(`print ${'('.repeat(brackets)}1${')'.repeat(brackets)}`, testOptions).ok);
});

void test('keeps text from outside out of the statement', () => {
  const result = compile(`print a = "'; DROP TABLE x; --", b = "\\0\`{p0:String}"`, testOptions);
  assert.ok(result.ok);
  const statement = result.results[0]?.statement;
  assert.ok(statement !== undefined && !statement.text.includes('DROP'));
  assert.deepEqual(Object.values(statement.parameters), ["'; DROP TABLE x; --", '\0`{p0:String}']);
});

void test('reports several problems at once, each at its place', () => {
  const result = compile('Heartbeat\n| wher x == 1\n| take', testOptions);
  assert.equal(result.ok, false);
  assert.deepEqual(
    result.diagnostics.map((each) => [each.line, each.column, each.length, each.hint]),
    [
      [2, 3, 4, "Did you mean 'where'?"],
      [3, 7, 0, undefined],
    ],
  );
});
