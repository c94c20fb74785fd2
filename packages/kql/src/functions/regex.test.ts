import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Session } from 'chdb';
import { compile } from '../index.js';
import { regexFault } from './regex.js';

const patterns = [
  '', 'a', 'a*', '*a', '+', 'a**', 'a*?', 'a*+', 'a{2}', 'a{2,1}', 'a{1001}', 'a{,3}', '{2}', 'a{2}{3}',
  '(', ')', '(a', 'a)', '(?:a)', '(?i)a', '(?i:a)', '(?i-s:a)', '(?P<n>a)', '(?<n>a)', '(?=a)', '(?!a)', '(?<=a)',
  '(?<!a)', '(?>a)', '(?#c)', '(a|*)', '(a|b)+', '|', 'a|', '[a]', '[', '[]', '[]a]', '[^]a]', '[^a', '[a-z]',
  '[z-a]', '[a-]', '[-a]', '[a\\]', '[\\d-z]', '[[:alpha:]]', '[[:word:]x]', '[[:foo:]]', '\\', 'a\\', '\\d+',
  '\\1', '(a)\\1', '\\Z', '\\z', '\\A', '\\b', '\\h', '\\K', '\\G', '\\e', '\\x41', '\\x{41}', '\\xZ', '\\pL',
  '\\p{Greek}', '\\p{L}', '\\PN', '\\Qa*(\\E', '\\Qa(', '\\_', '\\-', '\\/', '\\012', '\\0', '\\8', '^*', '$+',
  'é{2}', '(?s).*(?:x|y)$', '(?', '(?P<n', '(?P<1>a)', '(?i', '(?x)a', 'a{', 'a{x}', 'a{2', '[\\w.-]+@[\\w.-]+',
  '^(?:[0-9]{1,3}\\.){3}[0-9]{1,3}$', '[\\b]', '(?-i)a', '(?-)a', '()', '(*)', 'a??', '\\C', '(?U)a',
]; // prettier-ignore

/** RE2 refuses them; the engine looks for them as plain text. */
const asText = new Set([')', 'a)', '\\', 'a\\', '(?P<1>a)']);

void test('a pattern is refused where the engine refuses it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kql-regex-'));
  const session = new Session(directory);
  try {
    const wrong = patterns.flatMap((pattern) => {
      let refused = false;
      try {
        session.queryBind("SELECT match('abc', {p:String})", { p: pattern }, 'CSV');
      } catch {
        refused = true;
      }
      const fault = regexFault(pattern);
      return (fault !== undefined) === (refused || asText.has(pattern))
        ? []
        : [`${pattern}: ${fault ?? 'taken'}`];
    });
    assert.deepEqual(wrong, []);
  } finally {
    session.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

void test('a constant pattern that is none is a problem with its place', () => {
  const options = { tables: [], workspaceId: 'w', now: 0n, rowsMax: 10 };
  for (const query of [
    'print "a" matches regex "(?=a)"',
    'print x = "a" | where not(x matches regex "(")',
    'print extract("(", 1, "a")',
    'print extract_all(@"(\\1)", "a")',
    'print replace_regex("a", "*", "b")',
    'print trim("(", "a")',
    'print countof("a", "[", "regex")',
    'print indexof_regex("a", "[")',
    'print x = "a" | parse kind=regex x with "(" y',
  ]) {
    const compiled = compile(query, options);
    const [first] = compiled.ok ? [] : compiled.diagnostics;
    assert.equal(first?.code, 'KQL_REGEX', `${query}: ${first?.message}`);
    assert.ok((first?.length ?? 0) > 0, query);
  }
});
