import { testRows } from '../functions/values.test.js';

const lists =
  'datatable(i: long, d: dynamic) [1, dynamic([[1, 2], [3]]), 2, dynamic([[10, 30, 20]])]';

testRows('mv-apply with more operators', [
  [
    `${lists} | mv-apply a = d on (mv-apply b = a to typeof(long) on (summarize s = sum(b))) | project i, s | sort by s asc`,
    [
      [1, 3],
      [1, 3],
      [2, 60],
    ],
  ],
  [
    `${lists} | mv-apply a = d on (mv-expand a to typeof(long) | sort by a desc | extend n = row_number() | where n <= 2) | project i, a, n | sort by i asc, n asc`,
    [
      [1, 3, 1],
      [1, 2, 2],
      [2, 30, 1],
      [2, 20, 2],
    ],
  ],
  [
    `${lists} | mv-apply a = d on (mv-expand a to typeof(long) | distinct a | count) | project i, Count | sort by i asc`,
    [
      [1, 3],
      [2, 3],
    ],
  ],
]);
