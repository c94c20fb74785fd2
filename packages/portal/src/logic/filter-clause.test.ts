import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionOf, withCondition } from './filter-clause.js';

test('values become literals of their column', () => {
  const cases: [string, unknown, string][] = [
    ['string', 'a "b" \\ c', 'x == "a \\"b\\" \\\\ c"'],
    ['long', 5, 'x == 5'],
    ['real', 'NaN', 'x == real(NaN)'],
    ['bool', true, 'x == true'],
    ['datetime', '2026-01-01T00:00:00Z', 'x == datetime(2026-01-01T00:00:00Z)'],
    ['timespan', '00:00:01', 'x == timespan(00:00:01)'],
    ['decimal', '1.5', 'x == decimal(1.5)'],
    ['dynamic', '{"a":1}', 'tostring(x) == "{\\"a\\":1}"'],
    ['long', null, 'isnull(x)'],
  ];
  for (const [type, value, condition] of cases)
    assert.equal(conditionOf({ name: 'x', type }, value, true), condition);
  assert.equal(conditionOf({ name: 'a b', type: 'long' }, null, false), "not(isnull(['a b']))");
  assert.equal(conditionOf({ name: 'x', type: 'long' }, 1, false), 'x != 1');
});

test('a condition goes to the end, but before render', () => {
  assert.equal(withCondition('T\n| take 5\n', 'a == 1'), 'T\n| take 5\n| where a == 1');
  assert.equal(
    withCondition('T\n| count\n| render timechart with (title="x")', 'a == 1'),
    'T\n| count\n| where a == 1\n| render timechart with (title="x")',
  );
});
