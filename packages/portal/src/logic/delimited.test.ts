import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvOf, jsonOf, tabbedOf } from './delimited.js';

const columns = [
  { name: 'When', type: 'datetime' },
  { name: 'Text', type: 'string' },
  { name: 'Count', type: 'long' },
  { name: 'Bag', type: 'dynamic' },
];

test('quotes what CSV needs quoted and keeps all digits of a time', () => {
  const row = ['2026-01-02T03:04:05.1234567Z', 'a "b", c\nd', -5, '{"x":1}'];
  assert.equal(
    csvOf(columns, [row]),
    'When,Text,Count,Bag\r\n2026-01-02T03:04:05.1234567Z,"a ""b"", c\nd",-5,"{""x"":1}"\r\n',
  );
});

test('a cell that begins like a formula is text; a negative number stays a number', () => {
  const lines = csvOf(columns, [[null, '=1+1', -1, '@x']]).split('\r\n');
  assert.equal(lines[1], ",'=1+1,-1,'@x");
});

test('JSON carries structures, nulls and odd column names', () => {
  assert.deepEqual(JSON.parse(jsonOf(columns, [[null, '', 1, '[1,2]']])), [
    { When: null, Text: '', Count: 1, Bag: [1, 2] },
  ]);
  const text = jsonOf([{ name: '__proto__', type: 'long' }], [[1]]);
  assert.match(text, /"__proto__": 1/);
});

test('a copied row is one line', () => {
  assert.equal(tabbedOf(columns, ['t', 'a\tb\r\nc', 1, null]), 't\ta b c\t1\t');
});
