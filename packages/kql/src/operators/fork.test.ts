import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../index.js';
import { testOptions } from '../test-options.js';

void test('names the results of a fork as the query does', () => {
  const text = 'range x from 1 to 3 step 1 | fork Few=(where x < 2) (count) More=(where x > 1)';
  const compiled = compile(text, testOptions);
  assert.ok(compiled.ok);
  assert.deepEqual(
    compiled.results.map((each) => each.name),
    ['Few', 'Table_1', 'More'],
  );
});
