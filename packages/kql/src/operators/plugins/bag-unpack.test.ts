import { testRows } from '../../functions/values.test.js';

const bags = `datatable(Name: string, d: dynamic) [
  'Old', dynamic({"Name": "John", "Age": 20, "B": true, "M": "x"}),
  'Old', dynamic({"Name": "Dave", "Age": 40, "A": [1], "O": {"x": 1}, "M": 2, "N": null}),
]`;

testRows('bag_unpack of columns that the data tells', [
  [
    `${bags} | evaluate bag_unpack(d, columnsConflict='keep_source')`,
    [
      [null, 20, true, '"x"', 'Old', null],
      ['[1]', 40, null, '2', 'Old', '{"x":1}'],
    ],
  ],
  [
    `${bags} | evaluate bag_unpack(d, columnsConflict='replace_source', ignoredProperties=dynamic(['A', 'M', 'O']))`,
    [
      [20, true, 'John'],
      [40, null, 'Dave'],
    ],
  ],
  [
    `${bags} | evaluate bag_unpack(d, 'p_') | where p_Age > 30 | project p_Name, Name`,
    [['Dave', 'Old']],
  ],
  // Each use of a variable asks on its own.
  [
    `let T = datatable(d: dynamic) [dynamic({"a": 1}), dynamic({"a": 2, "b": "x"})] | evaluate bag_unpack(d);
     T | join kind=inner (T | summarize m = max(a)) on $left.a == $right.m | project a, b, m`,
    [[2, 'x', 2]],
  ],
  [`${bags} | where Name == '' | evaluate bag_unpack(d)`, []],
]);
