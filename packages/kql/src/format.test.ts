import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { seededRandom } from '@strongroom/testkit';
import { Diagnostics } from './diagnostics.js';
import { formatQuery, shapeOf } from './format.js';
import { lex } from './syntax/lexer.js';
import { formatted } from './syntax/format.js';

const shared = fileURLToPath(new URL('../../../../shared/kql', import.meta.url));
const present = existsSync(shared);
const skip =
  present || process.env['CI'] === 'true' ? false : 'the corpora are not at ../shared/kql';

function shape(text: string): string | undefined {
  const diagnostics = new Diagnostics(text);
  const made = shapeOf(text, diagnostics);
  return diagnostics.hasErrors ? undefined : made;
}

/** Why printing the text loses or changes something; undefined where it does not. */
function fault(text: string): string | undefined {
  const before = shape(text);
  if (before === undefined) return undefined;
  const made = formatted(text);
  if (shape(made) !== before) return `another tree: ${text}\n---\n${made}`;
  if (formatted(made) !== made) return `not stable: ${made}\n---\n${formatted(made)}`;
  return comments(made) === comments(text) ? undefined : `comments lost: ${text}\n---\n${made}`;
}

/** The comments, which lie between the tokens. */
function comments(text: string): string {
  let end = 0;
  let between = '';
  for (const token of lex(text)) {
    between += `${text.slice(end, token.start)}\n`;
    end = token.end;
  }
  return between
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

function corpus(): string[] {
  return ['realworld-queries.jsonl', 'docs-cases.jsonl', 'docs-compile-only.jsonl'].flatMap(
    (file) =>
      readFileSync(join(shared, file), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { query: string }).query),
  );
}

void test('an operator a line, sub-queries indented, long lists broken, comments kept', () => {
  const made = formatQuery(`// top
let a=ago(1d);let f=(x:long){ T|where b==x };


T|where t>a and s has_any("x",'y') // why
|join kind=inner hint.strategy=shuffle (U|project s,p|where p>5|summarize count(),dcount(s) by s, bin(p, 10)) on $left.s==$right.s
|summarize total=count(),events=dcount(e),most=max(d),least=min(d),average=avg(d) by s,bin(t,1h)
| project-away a*,*b | extend x=dynamic({"a":[1,2]}), y=-5,z=s !in~("x")`);
  assert.equal(
    made.ok && made.text,
    `// top
let a = ago(1d);
let f = (x:long) {
    T
    | where b == x
};

T
| where t > a and s has_any("x", 'y') // why
| join kind=inner hint.strategy=shuffle (
    U
    | project s, p
    | where p > 5
    | summarize count(), dcount(s) by s, bin(p, 10)
) on $left.s == $right.s
| summarize total = count(), events = dcount(e), most = max(d), least = min(d), average = avg(d)
    by s, bin(t, 1h)
| project-away a*, *b
| extend x = dynamic({"a":[1, 2]}), y = -5, z = s !in~("x")`,
  );
});

void test('a text that cannot be read is not laid out', () => {
  const made = formatQuery('T | where (a');
  assert.equal(made.ok, false);
});

void test('every published query is the same query when it is printed', { skip }, () => {
  const isLong = process.env['STRONGROOM_KQL_PRINTS'] !== undefined;
  const faults = corpus()
    .filter((_, index) => isLong || index % 4 === 0)
    .flatMap((text) => fault(text) ?? []);
  assert.deepEqual(faults, []);
});

void test(
  'queries with random white space, comments and pieces are the same when printed',
  { skip },
  () => {
    const seed = process.env['STRONGROOM_TEST_SEED'] ?? '20261124';
    const random = seededRandom(seed);
    const texts = corpus();
    const times = Number(process.env['STRONGROOM_KQL_PRINTS'] ?? '600');
    const gaps = ['', ' ', '\n', '  \n\n ', ' // c\n', '\n// own line\n', '\t'];
    let printed = 0;
    for (let time = 0; time < times; time++) {
      const text = random.pick(texts);
      // White space anew, where the lexer splits words anyway.
      const loose = text.replace(/([,|;()[\]])|(\s+)/g, (each: string, mark?: string) =>
        random.chance(0.7)
          ? each
          : mark === undefined
            ? random.pick(gaps.slice(1))
            : `${random.pick(gaps)}${mark}${random.pick(gaps)}`,
      );
      // Pieces of two queries make hostile nestings.
      const other = random.pick(texts);
      const cut = random.chance(0.3)
        ? `${loose.slice(0, random.integer(loose.length + 1))}${other.slice(random.integer(other.length + 1))}`
        : loose;
      if (shape(cut) !== undefined) printed++;
      assert.equal(fault(cut), undefined, `seed ${seed}, run ${time}`);
    }
    assert.ok(printed > times / 4, `${printed} of ${times} can be read`);
  },
);

void test('hostile texts are laid out in bounded time and stack, or refused', () => {
  for (const text of [
    `print ${'('.repeat(100_000)}`,
    `print ${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    `T ${'| where a == 1 '.repeat(200)}`,
    `print ${Array.from({ length: 20_000 }, (_, index) => `a${index}`).join(' or ')}`,
    `print f(${'f('.repeat(150)}1${')'.repeat(150)})`,
    '// only a comment',
    '',
  ]) {
    const made = formatQuery(text);
    if (made.ok) assert.equal(fault(text), undefined);
  }
});
