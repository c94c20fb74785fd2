import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExactJson, printExactJson } from './exact-json.js';

void test('keeps whole numbers of 64 bits', () => {
  const text =
    '{"rows":[["9223372036854775807",9223372036854775807,-9223372036854775808,9007199254740993]]}';
  assert.deepEqual(parseExactJson(text), {
    rows: [['9223372036854775807', 9223372036854775807n, -9223372036854775808n, 9007199254740993n]],
  });
  assert.equal(printExactJson(parseExactJson(text)), text);
});

void test('reads and prints everything else as JSON does', () => {
  const value = {
    a: [1, 1.5, 1e300, -0.25, 1000000000000000, 0.12345678901234568],
    'b "\\" 1234567890123456789': '\\" 1234567890123456789 \u0000 \ud83d\ude00',
    c: [],
    d: {},
    e: [null, true, { f: undefined, g: { '#whole': 'text' } }],
  };
  for (const indent of [0, 2]) {
    const text = JSON.stringify(value, undefined, indent);
    assert.equal(printExactJson(value, indent), text);
    assert.deepEqual(parseExactJson(text), JSON.parse(text));
  }
  assert.throws(() => parseExactJson('{"a":'), SyntaxError);
});
