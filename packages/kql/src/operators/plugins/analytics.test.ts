import { testRows } from '../../functions/values.test.js';

const visits =
  'datatable(u: string, t: datetime, k: string) ["A", datetime(2024-01-01 01:00), "x", "B", datetime(2024-01-01 02:00), "x", "A", datetime(2024-01-02 01:00), "x", "A", datetime(2024-01-02 03:00), "x", "C", datetime(2024-01-02 04:00), "y", "B", datetime(2024-01-03 01:00), "x"]';
const days = 'datetime(2024-01-01), datetime(2024-01-04)';

testRows('user analytics', [
  [
    `${visits} | evaluate activity_metrics(u, t, ${days}, 1d)`,
    [
      ['2024-01-01T00:00:00Z', 2, 2, 'NaN', 'NaN'],
      ['2024-01-02T00:00:00Z', 2, 1, 0.5, 0.5],
      ['2024-01-03T00:00:00Z', 1, 0, 0, 1],
    ],
  ],
  [
    `${visits} | evaluate activity_counts_metrics(u, t, ${days}, 1d)`,
    [
      ['2024-01-01T00:00:00Z', 2, 2, 2, 2],
      ['2024-01-02T00:00:00Z', 3, 2, 1, 3],
      ['2024-01-03T00:00:00Z', 1, 1, 0, 3],
    ],
  ],
  [
    `${visits} | evaluate activity_counts_metrics(u, t, ${days}, 1d, k) | where k == "y"`,
    [['2024-01-02T00:00:00Z', 'y', 1, 1, 1, 1]],
  ],
  [
    `${visits} | evaluate sliding_window_counts(u, t, ${days}, 2d, 1d) | take 3`,
    [
      ['2024-01-01T00:00:00Z', 2, 2],
      ['2024-01-02T00:00:00Z', 5, 3],
      ['2024-01-03T00:00:00Z', 4, 3],
    ],
  ],
  [
    `${visits} | evaluate active_users_count(u, t, ${days}, 3d, 1d, 2, 1d) | project t, dcount`,
    [
      ['2024-01-02T00:00:00Z', 1],
      ['2024-01-03T00:00:00Z', 1],
    ],
  ],
  [
    'range i from 0 to 5 step 1 | evaluate rolling_percentile(i, 50, i, 2, 2) | project i, rolling_2_percentile_i_50 | sort by i asc',
    [
      [0, 0],
      [2, 1],
      [4, 3],
    ],
  ],
]);
