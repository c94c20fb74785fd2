import { testRows } from './values.test.js';

const rows =
  'datatable(k: string, x: long) ["a", 1, "a", 1, "a", 3, "b", 2, "b", 2, "b", 5] | sort by k asc, x asc';

testRows('windows', [
  [`${rows} | extend n = row_number(7) | project n`, [[7], [8], [9], [10], [11], [12]]],
  [
    `${rows} | project n = row_number(1, prev(k) != k), s = row_cumsum(x, prev(k) != k)`,
    [
      [1, 1],
      [2, 2],
      [3, 5],
      [1, 2],
      [2, 4],
      [3, 9],
    ],
  ],
  [
    `${rows} | project row_rank_dense(x, prev(k) != k), row_rank_min(x, prev(k) != k), row_rank_dense(k), row_rank_min(k)`,
    [
      [1, 1, 1, 1],
      [1, 1, 1, 1],
      [2, 3, 1, 1],
      [1, 1, 2, 4],
      [1, 1, 2, 4],
      [2, 3, 2, 4],
    ],
  ],
  [
    `${rows} | where prev(k) != k | project k, x`,
    [
      ['a', 1],
      ['b', 2],
    ],
  ],
  [`${rows} | where x == next(x, 1, 5) | count`, [[3]]],
  [
    `${rows} | summarize count() by g = row_cumsum(x) / 5 | sort by g asc`,
    [
      [0, 2],
      [1, 3],
      [2, 1],
    ],
  ],
  [`${rows} | summarize max(row_number())`, [[6]]],
  [
    `${rows} | extend n = row_number() | extend d = n - prev(n) | project d | take 2`,
    [[null], [1]],
  ],
  [`${rows} | project s = row_cumsum(prev(x, 1, 0) + row_cumsum(x)) | take 3`, [[1], [4], [10]]],
  [
    'datatable(x: long) [long(null), 2, long(null), 3] | serialize | extend a = row_cumsum(x), r = row_rank_dense(x) | project a, r',
    [
      [0, 1],
      [2, 2],
      [2, 3],
      [5, 4],
    ],
  ],
  [
    'range i from 0 to 9 step 1 | project t = datetime(2024-01-01) + i * 4m | sort by t asc | extend s = row_window_session(t, 10m, 5m) | summarize count() by s | sort by s asc',
    [
      ['2024-01-01T00:00:00Z', 3],
      ['2024-01-01T00:12:00Z', 3],
      ['2024-01-01T00:24:00Z', 3],
      ['2024-01-01T00:36:00Z', 1],
    ],
  ],
  [
    'datatable(u: string, t: datetime) ["a", datetime(2024-01-01 00:00), "a", datetime(null), "a", datetime(2024-01-01 00:01), "b", datetime(2024-01-01 00:02), "b", datetime(2024-01-01 00:03), "b", datetime(2024-01-01 00:09)] | serialize | project row_window_session(t, 1h, 5m, u != prev(u))',
    [
      ['2024-01-01T00:00:00Z'],
      [null],
      ['2024-01-01T00:01:00Z'],
      ['2024-01-01T00:02:00Z'],
      ['2024-01-01T00:02:00Z'],
      ['2024-01-01T00:09:00Z'],
    ],
  ],
]);
