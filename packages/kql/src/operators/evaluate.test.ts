import { testRows } from '../functions/values.test.js';

const people =
  'datatable(d: dynamic, Town: string) [dynamic({"Name": "John", "Age": 20, "At": "2026-01-01"}), "Bonn", dynamic({"Name": "Dave", "More": [1]}), "Lund", dynamic(null), ""]';

testRows('evaluate', [
  [
    `${people} | evaluate bag_unpack(d) : (*, Name: string, Age: long, At: datetime, More: dynamic)`,
    [
      ['Bonn', 'John', 20, '2026-01-01T00:00:00Z', null],
      ['Lund', 'Dave', null, null, '[1]'],
      ['', '', null, null, null],
    ],
  ],
  [
    `${people} | evaluate bag_unpack(d, 'p_') : (p_Age: real, Town: string) | where p_Age > 1`,
    [[20, 'Bonn']],
  ],
  [
    'datatable(a: long, b: string, c: bool) [1, "x", true, long(null), "", false] | evaluate narrow()',
    [
      [0, 'a', '1'],
      [0, 'b', 'x'],
      [0, 'c', 'true'],
      [1, 'a', ''],
      [1, 'b', ''],
      [1, 'c', 'false'],
    ],
  ],
]);
