import { testRows } from '../functions/values.test.js';

const events = (text: string): string =>
  `datatable(t: long, e: string) [${[...text].map((e, t) => `${t}, "${e}"`).join(', ')}] | sort by t asc`;

testRows('scan', [
  [
    'range x from 1 to 4 step 1 | scan declare (total: long = 0) with (step s: true => total = x + s.total;)',
    [
      [1, 1],
      [2, 3],
      [3, 6],
      [4, 10],
    ],
  ],
  // Sequences in parallel, each with its number; the last step first where a row reaches several.
  [
    `${events('xabbcbac')} | scan with_match_id=m with (step a: e == 'a'; step b: e == 'b'; step c: e == 'c' and t > a.t)`,
    [
      [1, 'a', 0],
      [2, 'b', 0],
      [3, 'b', 0],
      [4, 'c', 0],
      [6, 'a', 1],
      [7, 'c', 0],
    ],
  ],
  // Of repeated matches only the last comes out, when the step is left or the rows end.
  [
    `${events('aabbbabb')} | scan with_match_id=m declare (n: long = 0) with (step a output=last: e == 'a' => n = a.n + 1; step b output=last: e == 'b' => n = a.n)`,
    [
      [1, 'a', 2, 0],
      [4, 'b', 2, 0],
      [5, 'a', 1, 1],
      [7, 'b', 1, 1],
    ],
  ],
  [
    `${events('aabb')} | scan with (step a output=none: e == 'a'; step b: e == 'b')`,
    [
      [2, 'b'],
      [3, 'b'],
    ],
  ],
  // What is not assigned has its default; a state that is empty too.
  [
    `${events('ab')} | scan declare (n: long = 7, s: string, d: datetime, k: real = 0.5) with (step a: true => n = a.n + 1, s = strcat(a.s, e))`,
    [
      [0, 'a', 8, 'a', null, 0.5],
      [1, 'b', 9, 'ab', null, 0.5],
    ],
  ],
  [
    `${events('abab')} | scan partition by e declare (n: long = 0) with (step s: true => n = s.n + 1) | where n > 1 | project t, e, n`,
    [
      [2, 'a', 2],
      [3, 'b', 2],
    ],
  ],
  // Beyond one piece of the output.
  [
    'range x from 1 to 1000 step 1 | scan declare (total: long = 0) with (step s: true => total = x + s.total;) | where x in (256, 257, 1000) | project total',
    [[32896], [33153], [500500]],
  ],
  [`${events('a')} | where e == '' | scan with (step s: true)`, []],
]);
