import assert from 'node:assert/strict';
import { test } from 'node:test';
import { positionOf, queriesIn, queryAt, quotedName } from './query-text.js';

test('blank lines separate queries, and offsets stay true', () => {
  const text = 'A\n| take 1\n\n  \nB\n| count\n';
  assert.deepEqual(queriesIn(text), [
    { text: 'A\n| take 1', start: 0 },
    { text: 'B\n| count', start: 15 },
  ]);
  for (const part of queriesIn(text))
    assert.equal(text.slice(part.start, part.start + part.text.length), part.text);
});

test('the cursor chooses the query', () => {
  const text = 'A\n\nB\n\nC';
  assert.equal(queryAt(text, 0).text, 'A');
  assert.equal(queryAt(text, 3).text, 'B');
  assert.equal(queryAt(text, 4).text, 'B');
  assert.equal(queryAt(text, 5).text, 'B');
  assert.equal(queryAt(text, 6).text, 'C');
  assert.equal(queryAt('\n\nA', 0).text, 'A');
  assert.equal(queryAt('', 0).text, '');
});

test('carriage returns do not hide a blank line', () => {
  assert.deepEqual(
    queriesIn('A\r\n\r\nB').map((part) => part.text),
    ['A', 'B'],
  );
});

test('counts lines and columns from one', () => {
  assert.deepEqual(positionOf('ab\ncd', 0), { line: 1, column: 1 });
  assert.deepEqual(positionOf('ab\ncd', 4), { line: 2, column: 2 });
});

test('names that are no identifiers are bracketed', () => {
  assert.equal(quotedName('Syslog'), 'Syslog');
  assert.equal(quotedName("it's odd"), "['it\\'s odd']");
});
