import { testRows } from '../functions/values.test.js';

const sales =
  'datatable(t: datetime, k: string, v: real) [datetime(2026-01-01 00:10), "a", 4.0, datetime(2026-01-01 00:50), "a", 2.0, datetime(2026-01-01 02:20), "a", 5.5, datetime(2026-01-01 01:00), "b", 1.0, datetime(2026-01-01 04:00), "b", 9.0]';
const hour = (text: string): string => `"2026-01-01T${text}:00.0000000Z"`;
const four = `[${['00:00', '01:00', '02:00', '03:00'].map(hour).join(',')}]`;

testRows('make-series', [
  [
    `${sales} | make-series avg(v), n = count() default = -1 on t from datetime(2026-01-01) to datetime(2026-01-01 04:00) step 1h by k | sort by k asc`,
    [
      ['a', '[3.0,0.0,5.5,0.0]', '[2,-1,1,-1]', four],
      ['b', '[0.0,1.0,0.0,0.0]', '[-1,1,-1,-1]', four],
    ],
  ],
  // Bins begin at `from`, and the end does not belong to them.
  [
    `${sales} | make-series count() on t from datetime(2026-01-01 00:30) to datetime(2026-01-01 02:40) step 1h`,
    [['[2,1,0]', `[${['00:30', '01:30', '02:30'].map(hour).join(',')}]`]],
  ],
  // In the other form the end does, and bins are those of bin().
  [
    `${sales} | make-series n = count() on t in range(datetime(2026-01-01 00:30), datetime(2026-01-01 04:00), 2h)`,
    [['[2,1,1]', `[${['00:00', '02:00', '04:00'].map(hour).join(',')}]`]],
  ],
  // Without bounds each series has its own.
  [
    `${sales} | make-series sum(v) default = real(null) on t step 1h by k | sort by k asc`,
    [
      ['a', '[6.0,null,5.5]', `[${['00:00', '01:00', '02:00'].map(hour).join(',')}]`],
      ['b', '[1.0,null,null,9.0]', `[${['01:00', '02:00', '03:00', '04:00'].map(hour).join(',')}]`],
    ],
  ],
  // Bounds that the data gives.
  [
    `let T = ${sales}; let a = toscalar(T | summarize min(t)); let b = toscalar(T | summarize max(t)); T | make-series count() on t from a to b step 2h`,
    [['[3,1]', `[${['00:10', '02:10'].map(hour).join(',')}]`]],
  ],
  ['range x from -3 to 5 step 2 | make-series count() on x step 3', [['[2,1,2]', '[-3,0,3]']]],
  [
    'range x from 0.0 to 1.0 step 0.25 | make-series n = count() on x from 0 to 1.0 step 0.5',
    [['[2,2]', '[0.0,0.5]']],
  ],
  [
    'range x from 0 to 9 step 1 | make-series s = sum(x) / count(), c = countif(x > 100) on x from 0 to 12 step 5 by even = x % 2 == 0 | sort by even asc',
    [
      [false, '[2,7,0]', '[0,0,0]', '[0,5,10]'],
      [true, '[2,7,0]', '[0,0,0]', '[0,5,10]'],
    ],
  ],
  // Nothing gives nothing, unless a row is asked for.
  ['range x from 1 to 9 step 1 | where x > 10 | make-series count() on x from 0 to 6 step 3', []],
  [
    'range x from 1 to 9 step 1 | where x > 10 | make-series kind=nonempty avg(x) default = 1.5, take_any(tostring(x)) on x from 0 to 6 step 3',
    [['[1.5,1.5]', '["",""]', '[0,3]']],
  ],
  [
    `${sales} | make-series n = count() on t from datetime(2026-01-01) to datetime(2026-01-01 02:00) step 1h | mv-expand t to typeof(datetime), n to typeof(long)`,
    [
      [2, '2026-01-01T00:00:00Z'],
      [1, '2026-01-01T01:00:00Z'],
    ],
  ],
  [
    'datatable(x: long, y: int) [0, 1, 3, int(null)] | make-series avg(y), min(y) on x step toscalar(print 2) | mv-expand avg_y, x to typeof(long)',
    [
      ['1', '[1,null]', 0],
      [null, '[1,null]', 2],
    ],
  ],
]);
