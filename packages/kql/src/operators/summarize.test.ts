import { testRows } from '../functions/values.test.js';

const numbers = 'datatable(n: long) [1, 2, 3]';

testRows('summarize by constants', [
  [`${numbers} | summarize count() by 1`, [[1, 3]]],
  // Without a row there is no group; without keys there is always one.
  [`${numbers} | where n > 5 | summarize count() by 1`, []],
  [`${numbers} | where n > 5 | summarize count() by k = "x", j = 2`, []],
  [`${numbers} | where n > 5 | summarize count()`, [[0]]],
]);
