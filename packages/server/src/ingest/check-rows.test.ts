import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '@strongroom/base';
import { checkRows } from './check-rows.js';

const check = (text: string) => checkRows(utf8(text), 8);

test('counts rows and finds the longest', () => {
  const cases: [string, 'array' | 'ndjson', number, number][] = [
    ['[]', 'array', 0, 0],
    [' [ ] \n', 'array', 0, 0],
    ['[{}]', 'array', 1, 2],
    ['[{"a":1},{"a":[1,{"b":null}]}]', 'array', 2, 20],
    ['{"a":1}', 'ndjson', 1, 7],
    ['{"a":1}\n{"a":"é"}\n', 'ndjson', 2, 10],
    ['{\n "a": 1\n}', 'ndjson', 1, 11],
    ['[{"a":"\\ud83d\\ude00 \\" \\\\ \\u0000"}]', 'array', 1, 33],
    ['[{"a":-0.5e+10,"b":true,"c":false,"d":null,"e":[],"f":{}}]', 'array', 1, 56],
    ['[{"__proto__":{"x":1},"a":1,"a":2}]', 'array', 1, 33],
  ];
  for (const [text, shape, rowCount, longestRowBytes] of cases) {
    assert.deepEqual(check(text), { ok: true, shape, rowCount, longestRowBytes }, text);
  }
});

test('refuses what the engine must never see', () => {
  const cases: [string, string][] = [
    ['', 'EMPTY'],
    ['  \n', 'EMPTY'],
    ['\ufeff[{}]', 'NOT_JSON'],
    ['[', 'NOT_JSON'],
    ['[{}', 'NOT_JSON'],
    ['[{},]', 'NOT_JSON'],
    ['[{}{}]', 'NOT_JSON'],
    ['[{}]x', 'NOT_JSON'],
    ['[]]', 'NOT_JSON'],
    ['{', 'NOT_JSON'],
    ['{"a"}', 'NOT_JSON'],
    ['{"a":}', 'NOT_JSON'],
    ['{"a":1,}', 'NOT_JSON'],
    ['{a:1}', 'NOT_JSON'],
    ["{'a':1}", 'NOT_JSON'],
    ['{"a":01}', 'NOT_JSON'],
    ['{"a":1.}', 'NOT_JSON'],
    ['{"a":.5}', 'NOT_JSON'],
    ['{"a":1e}', 'NOT_JSON'],
    ['{"a":+1}', 'NOT_JSON'],
    ['{"a":-}', 'NOT_JSON'],
    ['{"a":NaN}', 'NOT_JSON'],
    ['{"a":nul}', 'NOT_JSON'],
    ['{"a":truest}', 'NOT_JSON'],
    ['{"a":[1,]}', 'NOT_JSON'],
    ['{"a":[1 2]}', 'NOT_JSON'],
    ['{"a":[1}]', 'NOT_JSON'],
    ['{"a":"\\x"}', 'NOT_JSON'],
    ['{"a":"\\u12g4"}', 'NOT_JSON'],
    ['{"a":"\\u12', 'NOT_JSON'],
    ['{"a":"b', 'NOT_JSON'],
    ['{"a":"b\\', 'NOT_JSON'],
    ['{"a":"b\nc"}', 'CONTROL_CHARACTER'],
    ['1', 'NOT_ROWS'],
    ['"a"', 'NOT_ROWS'],
    ['null', 'NOT_ROWS'],
    ['[1]', 'NOT_ROWS'],
    ['[{},null]', 'NOT_ROWS'],
    ['[[{}]]', 'NOT_ROWS'],
    ['{} []', 'NOT_ROWS'],
    ['// c\n{}', 'NOT_JSON'],
  ];
  for (const [text, reason] of cases) {
    const checked = check(text);
    assert.equal(checked.ok ? 'accepted' : checked.reason, reason, text);
  }
  const invalid = checkRows(Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 8);
  assert.equal(invalid.ok ? 'accepted' : invalid.reason, 'NOT_UTF8');
});

test('agrees with JSON.parse on every cut and every one-byte change of a sample', () => {
  const sample = '[{"a":[1,-2.5e3,"x\\n\\u00e9"],"b":{"c":null,"d":true}},{"e":"é"}]';
  const bytes = utf8(sample);
  const valid = (candidate: Uint8Array): boolean => {
    try {
      const value: unknown = JSON.parse(
        new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(candidate),
      );
      const rows = Array.isArray(value) ? value : [value];
      return rows.every((row) => typeof row === 'object' && row !== null && !Array.isArray(row));
    } catch {
      return false;
    }
  };
  for (let cut = 0; cut < bytes.length; cut += 1) {
    assert.equal(
      checkRows(bytes.subarray(0, cut), 8).ok,
      valid(bytes.subarray(0, cut)),
      `cut at ${cut}`,
    );
  }
  for (let at = 0; at < bytes.length; at += 1) {
    for (const byte of utf8('{}[]",:\\u0e-.1tn \n\u0001')) {
      const changed = bytes.slice();
      changed[at] = byte;
      assert.equal(checkRows(changed, 8).ok, valid(changed), `byte ${byte} at ${at}`);
    }
  }
});

test('stops at the nesting limit and takes its value', () => {
  const nested = (depth: number): string =>
    `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
  assert.equal(check(nested(8)).ok, true);
  const deeper = check(nested(9));
  assert.equal(deeper.ok ? '' : deeper.reason, 'TOO_DEEP');
  assert.equal(check(`[${nested(7)}]`).ok, true);
  assert.equal(check(`[${nested(8)}]`).ok, false);
  assert.equal(checkRows(utf8('[{"a":'.repeat(1_000_000)), 64).ok, false);
  assert.equal(checkRows(utf8('['.repeat(1_000_000)), 64).ok, false);
});
