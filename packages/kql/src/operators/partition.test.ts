import { testRows } from '../functions/values.test.js';

const storms =
  'datatable(State: string, Type: string, Hurt: long) ["W", "hail", 3, "W", "flood", 1, "W", "hail", 2, "X", "wind", 7, "X", "flood", 5, "X", "flood", 1, "", "hail", 4]';

testRows('partition', [
  [
    `${storms} | partition hint.strategy=native by State (summarize Events = count(), sum(Hurt) by Type, State | top 1 by Events) | sort by State asc`,
    [
      ['hail', '', 1, 4],
      ['hail', 'W', 2, 5],
      ['flood', 'X', 2, 6],
    ],
  ],
  // The column need not be there afterwards.
  [
    `${storms} | partition hint.strategy = shuffle by State (summarize Hurt = sum(Hurt) by Type | top 1 by Hurt | project Type, Hurt) | sort by Hurt asc`,
    [
      ['hail', 4],
      ['hail', 5],
      ['wind', 7],
    ],
  ],
  [
    `${storms} | partition by State (where Hurt > 1 | sort by Hurt asc | take 1 | extend Twice = Hurt * 2 | project-away State) | sort by Hurt asc`,
    [
      ['hail', 2, 4],
      ['hail', 4, 8],
      ['flood', 5, 10],
    ],
  ],
  [`${storms} | partition by State (distinct Type | count) | sort by Count asc`, [[1], [2], [2]]],
  [
    `${storms} | partition by State (top 2 by Hurt | take 1 | project Hurt) | sort by Hurt asc`,
    [[3], [4], [7]],
  ],
  [`${storms} | partition by State (summarize max(Hurt)) | sort by max_Hurt asc`, [[3], [4], [7]]],
  [
    `${storms} | partition by State (top 1 by Hurt | where Hurt > 3 | summarize n = make_list(Hurt) by Type) | sort by Type asc`,
    [
      ['hail', '[4]'],
      ['wind', '[7]'],
    ],
  ],
  ['range x from 1 to 4 step 1 | partition by x (take 0)', []],
  // Any operator, windows among them, sees its own part only.
  [
    `${storms} | partition by State (sort by Hurt asc | extend n = row_number(), before = prev(Hurt) | where n > 1 | project State, n, before) | sort by State asc, n asc`,
    [
      ['W', 2, 1],
      ['W', 3, 2],
      ['X', 2, 1],
      ['X', 3, 5],
    ],
  ],
  [
    `${storms} | partition by State (top-nested 1 of Type by sum(Hurt) | project Type, aggregated_Type) | sort by aggregated_Type asc`,
    [
      ['hail', 4],
      ['hail', 5],
      ['wind', 7],
    ],
  ],
  [
    `${storms} | partition by State (as T | join kind=inner (T | summarize Most = max(Hurt)) on $left.Hurt == $right.Most | project State, Most) | sort by Most asc`,
    [
      ['W', 3],
      ['', 4],
      ['X', 7],
    ],
  ],
  [
    `${storms} | partition by State (as T | where Hurt > 6 | union (T | where Hurt < 2) | summarize Hurts = make_list(Hurt)) | count`,
    [[2]],
  ],
  [
    `${storms} | partition by State (make-series n = count() on Hurt from 0 to 10 step 5 | project n) | sort by tostring(n) asc`,
    [['[1,0]'], ['[1,2]'], ['[3,0]']],
  ],
]);
