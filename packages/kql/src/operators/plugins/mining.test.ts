import { testRows } from '../../functions/values.test.js';

const storms = `datatable(State: string, Kind: string, Damage: int, Weight: long) [
  "TEXAS", "Hail", 0, 300, "KANSAS", "Hail", 0, 250, "IOWA", "Wind", 1, 120, "KANSAS", "Wind", 1, 100,
  "TEXAS", "Flood", 0, 30, "", "Rain", int(null), 10]`;

/** One engine for a process. */
testRows('autocluster, basket, diffpatterns and reduce', [
  [
    `${storms} | evaluate autocluster(0.6, Weight) | take 2`,
    [
      [0, 550, 67.9, '', 'Hail', 0],
      [1, 220, 27.2, '', 'Wind', 1],
    ],
  ],
  [
    `${storms} | project Kind, Damage, Weight | evaluate basket(0.2, Weight, '~', '*', int(-1)) | where Percent > 50`,
    [
      [0, 580, 71.6, '*', 0],
      [1, 550, 67.9, 'Hail', 0],
    ],
  ],
  [
    `${storms} | project Kind, Damage | evaluate basket(0.3) | project Count, Percent, Kind, Damage`,
    [
      [3, 50, '', 0],
      [2, 33.3, 'Hail', 0],
      [2, 33.3, 'Wind', 1],
    ],
  ],
  [
    `${storms} | evaluate diffpatterns(Damage, '0', '1', Weight) | project-away State`,
    [
      [0, 0, 220, 0, 100, 100, 'Wind'],
      [1, 550, 0, 94.83, 0, 94.83, 'Hail'],
      [2, 30, 0, 5.17, 0, 5.17, 'Flood'],
    ],
  ],
  [`${storms} | where Weight < 0 | evaluate autocluster()`, []],
  [
    `range x from 1 to 1000 step 1 | project Text = strcat("MachineLearningX", tostring(x % 10)) | reduce by Text with threshold=0.001, characters="X"`,
    [['MachineLearning*', 1000, 'MachineLearningX0']],
  ],
  [
    `range x from 1 to 10 step 1 | project str = strcat("foo", "Z", tostring(x)) | reduce by str`,
    [['others', 10, '']],
  ],
  [
    `range x from 1 to 3 step 1 | extend str = strcat("foo", "Z", tostring(x)) | reduce kind=source by str with characters="Z" | sort by x asc`,
    [
      [1, 'fooZ1', 'foo*'],
      [2, 'fooZ2', 'foo*'],
      [3, 'fooZ3', 'foo*'],
    ],
  ],
]);
