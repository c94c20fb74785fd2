import { testRows } from '../../functions/values.test.js';

const storms = `datatable(State: string, Kind: string, Dead: long, Source: string) [
  "AR", "Rain", 1, "x", "AR", "Rain", 2, "y", "AL", "Heat", 5, "x", "", "Rain", 7, "x"]`;

testRows('pivot', [
  // Columns in the order of their names; '' has none.
  [
    `${storms} | project State, Kind | evaluate pivot(State) | sort by Kind asc`,
    [
      ['Heat', 0, 1, 0],
      ['Rain', 1, 0, 2],
    ],
  ],
  [
    `${storms} | evaluate pivot(State, sum(Dead), Kind) | sort by Kind asc | project Kind, AR, AL`,
    [
      ['Heat', 0, 5],
      ['Rain', 3, 0],
    ],
  ],
  [
    `${storms} | where State != '' | evaluate pivot(State, make_list(Dead), Kind, Source) | sort by Kind asc, Source asc`,
    [
      ['Heat', 'x', '[5]', '[]'],
      ['Rain', 'x', '[]', '[1]'],
      ['Rain', 'y', '[]', '[2]'],
    ],
  ],
  [
    `${storms} | evaluate pivot(State, avg(Dead), Kind) : (Kind: string, AR: real) | sort by Kind asc`,
    [
      ['Heat', null],
      ['Rain', 1.5],
    ],
  ],
  [`${storms} | where Dead > 10 | evaluate pivot(State, max(Dead), Kind)`, []],
]);
