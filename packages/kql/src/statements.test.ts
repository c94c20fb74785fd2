import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testRows } from './functions/values.test.js';
import { compile, type CompileOptions } from './index.js';
import { testOptions } from './test-options.js';

const pattern = `declare pattern Place = (of: string)[what: string] {
  ("north").["size"] = { print x = 1, w = what };
  ("north").["name"] = { print x = "N" };
  ("south").["size"] = { range x from 2 to 3 step 1 };
};`;

testRows('statements', [
  [`${pattern} Place("north").["size"]`, [[1, 'size']]],
  [`${pattern} Place("south").size | where x > 2`, [[3]]],
  [
    `${pattern} union (Place("north").size | project x), Place("south").size | sort by x asc`,
    [[1], [2], [3]],
  ],
  [
    'declare pattern P = (a: long) { (1) = { print "one" }; (2) = { print "two" } }; P(2)',
    [['two']],
  ],
  ['set query_now = datetime(2001-02-03); print now()', [['2001-02-03T00:00:00Z']]],
  ['set query_take_max_records = 2; range x from 1 to 5 step 1', [[1], [2]]],
  ['set notruncation; set best_effort = true; print 1', [[1]]],
  [
    'set query_bin_auto_size = 1h; set query_bin_auto_at = datetime(2017-01-01 00:05); print t = datetime(2017-01-01 01:01) | summarize count() by bin_auto(t) | project t',
    [['2017-01-01T00:05:00Z']],
  ],
  ['declare query_parameters(n: long = 90, t: timespan = 1h); print n, t', [[90, '01:00:00']]],
  ['let T = print x = 1; restrict access to (T); T', [[1]]],
  [
    'let n = 5; let V = print x = n; restrict access to (V*); let W = V; W | extend y = n',
    [[5, 5]],
  ],
  [
    'let f = (a: long, b: long = 2, c: long = 3) { a * 100 + b * 10 + c }; print f(1, c = 9), f(b = 7, a = 4)',
    [[129, 473]],
  ],
  [
    'let v1 = view () { print x = 1 }; let v2 = view () { print x = 2 }; union v* | sort by x asc',
    [[1], [2]],
  ],
  [
    'let A = view () { range x from 1 to 9 step 1 }; let B = view () { range x from 5 to 20 step 1 }; search x == 5 | sort by $table asc',
    [
      ['A', 5],
      ['B', 5],
    ],
  ],
]);

function problems(text: string, more: Partial<CompileOptions> = {}): string[] {
  const made = compile(text, { ...testOptions, ...more });
  return made.ok ? [] : made.diagnostics.map((each) => `${each.code} ${each.message}`);
}

test('what statements may not say', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['declare pattern app; print 1', /KQL_NOT_SUPPORTED A pattern without cases/],
    [`${pattern} Place("east").size`, /SEM0100 .*no such case/],
    [`${pattern} Place("north")`, /KS119/],
    ['restrict access to (Syslog); Heartbeat', /SEM0100 'Heartbeat'/],
    ['restrict access to (Syslog); union *, Heartbeat', /SEM0100 'Heartbeat'/],
    ['let H = Heartbeat; let S = Syslog; restrict access to (S); H', /SEM0100 'H'/],
    [
      'restrict access to (Syslog); database("workspace").Heartbeat',
      /SEM0100 'Heartbeat' is not among/,
    ],
    ['alias database X = cluster("https://c").database("d"); database("X").T', /cluster\(\)/],
    ['let f = () { f() }; print f()', /SEM0260 'f'/],
    ['let f = (a: long, a: long) { a }; print f(1, 2)', /KS201/],
    ['let f = (a: long = 1, b: long) { a }; print f(1, 2)', /SYN0002 .*default come last/],
    ['let f = (a: long, T: (*)) { T }; f(1, Syslog)', /SYN0002 .*tables come first/],
    ['let f = (a: long) { a }; print f(1, a = 2)', /KS119 'a' is given twice/],
    ['let f = (a: long) { a }; print f(b = 2)', /KS119/],
    ['declare query_parameters(T: (*)); print 1', /KS107/],
    ['declare query_parameters(n: long); print n', /SEM0100 .*no value/],
    ['set truncationmaxrecords = -1; print 1', /SEM0101/],
    ['print bin_auto(1)', /KS119 bin_auto/],
    ['.drop table Syslog', /KQL_NOT_SUPPORTED The management command '.drop'/],
    ['.show cluster', /KQL_NOT_SUPPORTED The command '.show cluster'/],
    ['.show table Sysloog cslschema', /SEM0100 'Sysloog' is not a known table/],
    ['.show database other schema', /SEM0100 The database 'other' is not known/],
  ];
  for (const [text, wanted] of cases) assert.match(problems(text).join('\n'), wanted, text);
});

test('what statements may say of tables', () => {
  for (const text of [
    'restrict access to (Sys*); Syslog',
    'restrict access to (*); Heartbeat',
    'restrict access to (database("workspace").*); database("workspace").Heartbeat',
    'let S = Syslog | where Computer == "a"; restrict access to (S); S',
    'alias database X = database("workspace"); database("X").Syslog',
    'alias database ["X y"] = workspace("6d0a4e2c-0000-4000-8000-000000000001"); database("X y").Syslog',
  ])
    assert.deepEqual(problems(text), [], text);
  const restricted = compile(
    'restrict access to (Syslog); union withsource=S * | distinct S',
    testOptions,
  );
  assert.deepEqual(restricted.ok && restricted.results[0]?.tables, ['Syslog']);
});

test('parameters come as JSON or as literals', () => {
  const text =
    'declare query_parameters(a: long, b: datetime, c: dynamic, d: bool, e: string, f: real, g: guid, h: timespan); print a, b, c.x, d, e, f, g, h';
  const parameters = {
    a: 'long(7)',
    b: 'datetime(2026-01-02)',
    c: { x: 1 },
    d: true,
    e: 'datetime(x)',
    f: 1.5,
    g: '74be27de-1e4e-49d9-b579-fe0b331d3642',
    h: '1h',
  };
  const made = compile(text, { ...testOptions, parameters });
  assert.equal(made.ok, true);
  const values = made.ok
    ? JSON.stringify([made.results[0]?.statement.text, made.results[0]?.statement.parameters])
    : '';
  for (const each of ['7', 'datetime(x)', '1.5', '74be27de-1e4e-49d9-b579-fe0b331d3642'])
    assert.ok(values.includes(each), `${each} in ${values}`);
});

test('set narrows results and tables', () => {
  const cut = compile(
    'set truncationmaxrecords = 10; set truncationmaxsize = 1000; Syslog',
    testOptions,
  );
  assert.deepEqual(cut.ok && [cut.results[0]?.rowsMax, cut.results[0]?.bytesMax], [10, 1000]);
  assert.match((cut.ok && cut.results[0]?.statement.text) || '', /LIMIT 11/);
  const scoped = compile(
    'set query_datetimescope_column = "TimeGenerated"; set query_datetimescope_from = datetime(2026-01-01); set query_datetimescope_to = datetime(2026-01-02); Syslog | project Computer',
    testOptions,
  );
  assert.match(
    (scoped.ok && scoped.results[0]?.statement.text) || '',
    /WHERE `TimeGenerated` >= \d+.*`TimeGenerated` <= \d+/s,
  );
});
