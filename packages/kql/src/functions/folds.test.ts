import { testRows } from './values.test.js';

/**
 * Formulas that fold an array (`arrayFold`) stand inside of `arrayMap` where a value is named: over many
 * rows, of different lengths and some of them empty, each row gives what it gives alone.
 */
testRows('folds inside of maps, over many rows', [
  [
    `range n from 0 to 300 step 1
     | extend l = iff(n % 7 == 0, dynamic([]), range(1, n % 40, 1))
     | extend s = series_iir(l, dynamic([1]), dynamic([1, -1])), k = array_length(l)
     | where k > 0 and (array_length(s) != k or toreal(s[k - 1]) != k * (k + 1) / 2.0)
     | count`,
    [[0]],
  ],
  [
    `range n from 1 to 200 step 1
     | extend w = n % 9 + 1.0, l = range(1, n % 20 + 1, 1)
     | extend s = series_iir(l, pack_array(w), dynamic([1])), k = array_length(l)
     | where toreal(s[k - 1]) != w * k
     | count`,
    [[0]],
  ],
  [
    `range n from 1 to 99 step 1
     | extend a = 1.0 + n % 4, b = 1.0 + n % 3, x = n / 100.0
     | where abs(beta_cdf(beta_inv(x, a, b), a, b) - x) > 1e-6
     | count`,
    [[0]],
  ],
  [
    `let one = toscalar(print hash_many(3, 'a'));
     range n from 1 to 50 step 1 | where (n % 10 == 3) != (hash_many(n % 10, 'a') == one) | count`,
    [[0]],
  ],
  // Within a list of a list: parts, and each element of them.
  [
    `range n from 1 to 30 step 1
     | extend l = range(1, n, 1)
     | mv-apply e = l to typeof(long) on (extend s = series_iir(range(1, e, 1), dynamic([1]), dynamic([1, -1])) | where toreal(s[e - 1]) != e * (e + 1) / 2.0 | summarize c = count())
     | summarize sum(c)`,
    [[0]],
  ],
  [
    `range n from 1 to 60 step 1
     | extend t = datetime(2020-01-01) + n * 10m + iff(n > 30, 2h, 0h), p = n % 2
     | sort by p asc, t asc
     | extend s = row_window_session(t, 10h, 1h, p != prev(p))
     | summarize count() by p, s
     | summarize count(), min(count_), max(count_)`,
    [[4, 15, 15]],
  ],
]);
