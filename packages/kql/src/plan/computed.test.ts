import { testRows } from '../functions/values.test.js';

const domains =
  'datatable(n: long, d: string)[1, "xn--e1afmkfd.com", 2, "b.org", 3, "", 4, "xn--e1afmkfd.com"]';
const decode = 'punycode_domain_from_string';

testRows('calls that SQL cannot say, wherever they stand', [
  [
    `${domains} | extend u = ${decode}(d) | sort by n asc`,
    [
      [1, 'xn--e1afmkfd.com', 'пример.com'],
      [2, 'b.org', 'b.org'],
      [3, '', ''],
      [4, 'xn--e1afmkfd.com', 'пример.com'],
    ],
  ],
  [`${domains} | where n < 4 and ${decode}(d) has 'пример' | project n`, [[1]]],
  [
    `${domains} | summarize c = count(), s = countif(${decode}(d) == 'b.org') by x = strlen(${decode}(d)) | sort by x asc`,
    [
      [0, 1, 0],
      [5, 1, 1],
      [10, 2, 0],
    ].map(([x, c, s]) => [x ?? 0, c ?? 0, s ?? 0]),
  ],
  // In order, after what takes some rows, and with windows.
  [
    `${domains} | top 3 by n desc | extend u = ${decode}(d), p = prev(n)`,
    [
      [4, 'xn--e1afmkfd.com', 'пример.com', null],
      [3, '', '', 4],
      [2, 'b.org', 'b.org', 3],
    ],
  ],
  [
    `${domains} | sort by n desc | extend u = ${decode}(prev(d)) | project u`,
    [[''], ['пример.com'], [''], ['b.org']],
  ],
  [`${domains} | extend u = ${decode}(d) | sort by n desc | take 1 | project u`, [['пример.com']]],
  [`${domains} | extend u = ${decode}(d) | where n == 2 | count`, [[1]]],
  // Inside of itself, of a lambda, and in the keys of a join.
  [
    `${domains} | where n == 1 | project punycode_domain_to_string(${decode}(d)), ${decode}(strcat(d, '.', d))`,
    [['xn--e1afmkfd.com', 'пример.com.пример.com']],
  ],
  [
    `let f = (x: string) { toupper(${decode}(x)) }; ${domains} | where n == 2 | project f(d), f('xn--e1afmkfd')`,
    [['B.ORG', 'ПРИМЕР']],
  ],
  [
    `${domains} | join kind=inner (datatable(k: string)['пример.com']) on $left.d == $right.k | count`,
    [[0]],
  ],
  [
    `${domains} | extend k = ${decode}(d) | join kind=inner (datatable(k: string)['пример.com']) on k | project n | sort by n asc`,
    [[1], [4]],
  ],
  [
    `${domains} | join kind=leftanti (datatable(k: string)['xn--e1afmkfd.com'] | project k = ${decode}(k) | project d = punycode_domain_to_string(k)) on d | project n | sort by n asc`,
    [[2], [3]],
  ],
  // Of elements, of parts, of sub-queries, of other answers.
  [
    `print l = dynamic(['xn--e1afmkfd', 'x']) | mv-apply e = l to typeof(string) on (extend u = ${decode}(e) | summarize m = make_list(u)) | project m`,
    [['["пример","x"]']],
  ],
  [
    `${domains} | mv-expand e = split(${decode}(d), '.') to typeof(string) | where n == 1 | project e`,
    [['пример'], ['com']],
  ],
  [
    `${domains} | partition by n (extend u = ${decode}(d) | top 1 by u) | where n == 4 | project u`,
    [['пример.com']],
  ],
  [
    `${domains} | where ${decode}(d) in ((datatable(x: string)['xn--e1afmkfd.com'] | project ${decode}(x))) | count`,
    [[2]],
  ],
  [
    `print toupper(${decode}(toscalar(${domains} | where n == 1 | project ${decode}(d))))`,
    [['ПРИМЕР.COM']],
  ],
  [
    `${domains} | union (${domains} | extend n = n + 10) | where ${decode}(d) startswith 'п' | summarize sum(n)`,
    [[30]],
  ],
  [`${domains} | take 0 | extend u = ${decode}(d)`, []],
  [
    `${domains} | extend u = ${decode}(strcat(d, tostring(rand() < 2))) | where n == 2 | project u`,
    [['b.orgtrue']],
  ],
  [`range n from 1 to 3 step 1 | extend u = ${decode}(strcat('xn--', tostring(n))) | count`, [[3]]],
  [
    `${domains} | extend u = ${decode}(d) | project u, n | where n > 1 | evaluate pivot(u, sum(n))`,
    [[3, 2, 4]],
  ],
]);
