import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCell, formatCsvLine, formatRows, formatTable } from './terminal.js';

test('a table has a header, a rule and aligned columns', () => {
  assert.equal(
    formatTable(
      ['A', 'Name'],
      [
        [1, 'x'],
        [22, null],
      ],
      80,
    ),
    'A   Name\n──  ────\n1   x\n22\n',
  );
});

test('the widest column is cut first', () => {
  const [header = '', , row = ''] = formatTable(['Id', 'Text'], [[1, 'a'.repeat(50)]], 20).split(
    '\n',
  );
  assert.ok(header.startsWith('Id'));
  assert.equal([...row].length, 20);
  assert.ok(row.endsWith('…'));
});

test('control characters never reach the terminal', () => {
  assert.equal(formatCell('a\u001b[31mb\nc\u202e'), 'a�[31mb⏎c�');
});

for (const [values, line] of [
  [['a', 1, null], 'a,1,\r\n'],
  [['a,b', 'c"d', 'e\nf'], '"a,b","c""d","e\nf"\r\n'],
  [[{ a: 1 }], '"{""a"":1}"\r\n'],
] as const) {
  test(`CSV of ${JSON.stringify(values)}`, () => {
    assert.equal(formatCsvLine(values), line);
  });
}

test('rows too wide for the terminal become blocks without their empty values', () => {
  const columns = ['First', 'Second', 'Third'];
  assert.equal(
    formatRows(columns, [['aaaaaaaaaaaa', '', 'bbbbbbbbbbbb']], 20),
    '── row 1 ─\nFirst   aaaaaaaaaaaa\nThird   bbbbbbbbbbbb\n',
  );
  assert.equal(formatRows(['A'], [[1]], 20), formatTable(['A'], [[1]], 20));
});
