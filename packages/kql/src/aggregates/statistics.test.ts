import { testRows } from '../functions/values.test.js';

testRows('sketches, weighted percentiles and covariance', [
  [
    'range x from 1 to 3000 step 1 | summarize h = hll(x), t = tdigest(x % 10) | project dcount_hll(h), dcount_hll(hll_merge(h, h)), percentile_tdigest(t, 95), rank_tdigest(t, 3), percentrank_tdigest(t, 3), tostring(percentiles_array_tdigest(t, 10, 50))',
    [[3000, 3000, 9, 1200, 40, '[0,4]']],
  ],
  [
    'range x from 1 to 100 step 1 | summarize h = hll(x), t = tdigest(x) by x % 3 | summarize dcount_hll(hll_merge(h)), percentile_tdigest(tdigest_merge(t), 50)',
    [[100, 50]],
  ],
  [
    'range x from 1 to 50000 step 1 | summarize h = hll(x), t = tdigest(x) | project abs(dcount_hll(h) - 50000) < 2500, abs(percentile_tdigest(t, 90) - 45000) < 100',
    [[true, true]],
  ],
  [
    'datatable(b: int, c: int) [1, 8, 5, 1, 7, 1] | summarize percentilesw(b, c, 50, 95), percentilesw_array(b, c, dynamic([50, 100])), percentiles_array(b, 50, 100)',
    [[1, 7, '[1,7]', '[5,7]']],
  ],
  [
    'datatable(b: real, c: real) [1, 2, 2, 4, 3, 6] | summarize covariance(b, c), covariancep(b, c) * 3, covarianceif(b, c, b > 2), covarianceif(b, c, b > 5)',
    [[2, 4, 0, null]],
  ],
  ['datatable(b: int) [int(null)] | summarize tdigest(b), dcount_hll(hll(b))', [[null, 0]]],
]);
