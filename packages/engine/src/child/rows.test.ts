import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RowStarts, findRows } from './rows.js';

/** The rows found in `text`, each as the bytes that the engine would parse. */
function rowsIn(text: string, entry: Parameters<typeof findRows>[3]): string[] {
  // With other entries around it, which must stay as they are.
  const before = '{"before":[1,2]}';
  const bytes = Buffer.from(before + text + '{"after":[1,2]}');
  const starts = new RowStarts();
  const end = bytes.length - '{"after":[1,2]}'.length;
  findRows(bytes, before.length, end, entry, starts);
  assert.equal(bytes.toString('utf8', 0, before.length), before);
  assert.equal(bytes.toString('utf8', end), '{"after":[1,2]}');
  const offsets = starts.offsets(end);
  return Array.from({ length: starts.length }, (_, row) =>
    bytes.toString('utf8', offsets[row], offsets[row + 1]).trim(),
  );
}

describe('rows', () => {
  const rows = ['{"a":"}],[{\\"\\\\"}', '{"b":[{"c":[]},{}]}', '{}', '{"d":"é😀"}'];

  it('are found in lines, arrays and any layout', () => {
    const count = { rowCount: rows.length };
    assert.deepEqual(rowsIn(rows.join('\n'), { shape: 'ndjson', ...count }), rows);
    assert.deepEqual(rowsIn(rows.join('\r\n') + '\r\n\n', { shape: 'ndjson', ...count }), rows);
    assert.deepEqual(rowsIn(rows.join('\n'), { shape: 'ndjson' }), rows);
    assert.deepEqual(rowsIn(rows.join(''), { shape: 'ndjson', ...count }), rows);
    assert.deepEqual(rowsIn(` \t${rows.join(' \n ')} `, { shape: 'ndjson' }), rows);
    assert.deepEqual(rowsIn(`[${rows.join(',')}]`, { shape: 'array' }), rows);
    assert.deepEqual(rowsIn(`\n[ ${rows.join(' ,\n')}\n] `, { shape: 'array', ...count }), rows);
  });

  it('are none in an empty entry', () => {
    assert.deepEqual(rowsIn('', { shape: 'ndjson' }), []);
    assert.deepEqual(rowsIn(' \n', { shape: 'ndjson', rowCount: 0 }), []);
    assert.deepEqual(rowsIn('[ ]', { shape: 'array' }), []);
  });

  it('are lines where brackets do not pair, so that nothing is lost', () => {
    assert.deepEqual(rowsIn('{"a":\n{"b":1}\n\n}}', { shape: 'ndjson' }), [
      '{"a":',
      '{"b":1}',
      '}}',
    ]);
    assert.deepEqual(rowsIn('5\n{"b":1}', { shape: 'ndjson' }), ['5', '{"b":1}']);
  });

  it('are as many as there are, beyond any first guess', () => {
    const many = Array.from({ length: 5000 }, (_, index) => `{"n":${index}}`);
    assert.deepEqual(rowsIn(many.join('\n'), { shape: 'ndjson', rowCount: 5000 }), many);
    assert.deepEqual(rowsIn(`[${many.join(',')}]`, { shape: 'array' }), many);
  });
});
