import { testRows } from '../../functions/values.test.js';

const visits =
  'datatable(u: string, t: datetime, k: string) ["A", datetime(2024-01-01 01:00), "x", "B", datetime(2024-01-01 02:00), "x", "A", datetime(2024-01-02 01:00), "x", "A", datetime(2024-01-02 03:00), "x", "C", datetime(2024-01-02 04:00), "y", "B", datetime(2024-01-03 01:00), "x"]';
const days = 'datetime(2024-01-01), datetime(2024-01-03)';
const states =
  'datatable(u: long, t: datetime, s: string) [1, datetime(2024-01-01 01:00), "hail", 1, datetime(2024-01-01 01:30), "tornado", 1, datetime(2024-01-01 05:00), "wind", 2, datetime(2024-01-01 02:00), "hail", 2, datetime(2024-01-01 08:00), "tornado", 3, datetime(2024-01-01 02:00), "tornado", 3, datetime(2024-01-01 03:00), "hail"]';

testRows('funnels', [
  [
    `${visits} | evaluate activity_engagement(u, t, ${days}, 1d, 2d)`,
    [
      ['2024-01-01T00:00:00Z', 2, 2, 1],
      ['2024-01-02T00:00:00Z', 2, 3, 2 / 3],
      ['2024-01-03T00:00:00Z', 0, 2, 0],
    ],
  ],
  [
    `${visits} | evaluate activity_engagement(u, t, 1d, 2d, k) | where k == "x" | project t, dcount_activities_inner, activity_ratio`,
    [
      ['2024-01-01T00:00:00Z', 2, 1],
      ['2024-01-02T00:00:00Z', 1, 0.5],
      ['2024-01-03T00:00:00Z', 1, 0.5],
    ],
  ],
  [
    `${visits} | evaluate new_activity_metrics(u, t, datetime(2024-01-01), datetime(2024-01-04), 1d)`,
    [
      ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', 2, 2, 0, 1, 0],
      ['2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z', 1, 1, 1, 0.5, 0.5],
      ['2024-01-01T00:00:00Z', '2024-01-03T00:00:00Z', 0, 1, 1, 0.5, 0.5],
      // A period in which nobody was seen, up to the end.
      ['2024-01-01T00:00:00Z', '2024-01-04T00:00:00Z', 0, 0, 2, 0, 1],
      ['2024-01-02T00:00:00Z', '2024-01-02T00:00:00Z', 1, 1, 0, 1, 0],
      ['2024-01-02T00:00:00Z', '2024-01-03T00:00:00Z', 0, 0, 1, 0, 1],
      ['2024-01-02T00:00:00Z', '2024-01-04T00:00:00Z', 0, 0, 1, 0, 1],
    ],
  ],
  [
    `${visits} | evaluate new_activity_metrics(u, t, datetime(2024-01-01), datetime(2024-01-04), 1d, datetime(2024-01-02)) | project from_t, to_t, dcount_churn_values`,
    [
      ['2024-01-02T00:00:00Z', '2024-01-02T00:00:00Z', 0],
      ['2024-01-02T00:00:00Z', '2024-01-03T00:00:00Z', 1],
      ['2024-01-02T00:00:00Z', '2024-01-04T00:00:00Z', 1],
    ],
  ],
  // As the reference has it: an id is seen wherever it divides the timeline.
  [
    'range Timeline from 1 to 99 step 1 | extend One = 1 | join kind=inner (range Id from 1 to 50 step 1 | extend One = 1) on One | where Timeline % Id == 0 | project Timeline, Id | evaluate session_count(Id, Timeline, 1, 100, 100, 41)',
    // 41 ids have one session each; of 42 to 50 each appearance is one, the multiples up to 99.
    [[1, 41 + 8 * 2 + 1]],
  ],
  [
    `${visits} | evaluate session_count(u, t, datetime(2024-01-01), datetime(2024-01-04), 1d, 3h, k) | project t, k, count_sessions | sort by t asc, k asc`,
    [
      ['2024-01-01T00:00:00Z', 'x', 2],
      ['2024-01-02T00:00:00Z', 'x', 1],
      ['2024-01-02T00:00:00Z', 'y', 1],
      ['2024-01-03T00:00:00Z', 'x', 1],
    ],
  ],
  [
    `${states} | evaluate funnel_sequence_completion(u, t, datetime(2024-01-01), datetime(2024-01-02), 1d, s, dynamic(["hail", "tornado", "wind"]), dynamic([1h, 6h]))`,
    [
      ['2024-01-01T00:00:00Z', 'hail', '01:00:00', 3],
      ['2024-01-01T00:00:00Z', 'tornado', '01:00:00', 1],
      ['2024-01-01T00:00:00Z', 'hail', '06:00:00', 3],
      ['2024-01-01T00:00:00Z', 'tornado', '06:00:00', 2],
      ['2024-01-01T00:00:00Z', 'wind', '06:00:00', 1],
    ],
  ],
  [
    `${states} | evaluate sequence_detect(t, 7h, 7h, hail = s == "hail", tornado = s == "tornado", u) | project u, hail_t, tornado_t, Duration | sort by u asc`,
    [
      [1, '2024-01-01T01:00:00Z', '2024-01-01T01:30:00Z', '00:30:00'],
      [2, '2024-01-01T02:00:00Z', '2024-01-01T08:00:00Z', '06:00:00'],
    ],
  ],
  [
    `${states} | evaluate sequence_detect(t, 4h, 3h, a = s == "hail", b = s == "tornado", c = s == "wind")`,
    [],
  ],
  [
    `${states} | evaluate sequence_detect(t, 4h, 4h, a = s == "hail", b = s == "tornado", c = s == "wind") | project Duration`,
    [['04:00:00']],
  ],
]);
