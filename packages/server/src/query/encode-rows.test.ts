import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8, utf8 } from '@strongroom/base';
import { RowEncoder } from './encode-rows.js';

function encode(chunks: string[], limits = { rowsMax: 100, bytesMax: 1000 }) {
  const encoder = new RowEncoder(limits);
  let text = '';
  for (const chunk of chunks) text += fromUtf8(encoder.push(utf8(chunk)) ?? new Uint8Array());
  text += fromUtf8(encoder.end() ?? new Uint8Array());
  const rows: unknown = JSON.parse(`[${text}]`);
  return { rows, count: encoder.rows, cut: encoder.cut };
}

test('joins rows whatever the chunks are cut at', () => {
  const lines = '[1,"a\\nb"]\n[2,"é"]\n[3,null]\n';
  const expected = {
    rows: [
      [1, 'a\nb'],
      [2, 'é'],
      [3, null],
    ],
    count: 3,
    cut: undefined,
  };
  for (let cut = 0; cut <= lines.length; cut += 1) {
    if (/[é]/.test(lines[cut - 1] ?? '')) continue;
    assert.deepEqual(encode([lines.slice(0, cut), lines.slice(cut)]), expected, String(cut));
  }
  assert.deepEqual(encode([...lines].map(String)), expected);
  assert.deepEqual(encode([lines.trimEnd()]), expected);
  assert.deepEqual(encode([]), { rows: [], count: 0, cut: undefined });
});

test('cuts at the row limit and at the byte limit', () => {
  const lines = ['[1]\n[2]\n', '[3]\n'];
  const whole = { rows: [[1], [2], [3]], count: 3, cut: undefined };
  assert.deepEqual(encode(lines, { rowsMax: 3, bytesMax: 1000 }), whole);
  assert.deepEqual(encode(lines, { rowsMax: 2, bytesMax: 1000 }), {
    rows: [[1], [2]],
    count: 2,
    cut: 'rows',
  });
  assert.deepEqual(encode(lines, { rowsMax: 0, bytesMax: 1000 }), {
    rows: [],
    count: 0,
    cut: 'rows',
  });
  const bytes = (bytesMax: number) => encode(lines, { rowsMax: 10, bytesMax }).count;
  assert.deepEqual([3, 4, 7, 8, 11, 12].map(bytes), [0, 1, 1, 2, 2, 3]);
});
