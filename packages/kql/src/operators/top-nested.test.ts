import { testRows } from '../functions/values.test.js';

const storms =
  'datatable(State: string, Source: string, n: long) ["K", "law", 10, "K", "law", 1, "K", "public", 5, "T", "law", 20, "T", "spotter", 4, "A", "law", 2, "B", "public", 3]';

testRows('top-nested with others', [
  [
    `${storms} | top-nested 2 of State with others = "rest" by sum(n) | sort by aggregated_State asc`,
    [
      ['rest', 5],
      ['K', 16],
      ['T', 24],
    ],
  ],
  [
    `${storms} | top-nested 2 of State with others = "rest" by sum(n), top-nested 1 of Source by sum(n) | sort by aggregated_State asc`,
    [
      ['rest', 5, '', null],
      ['K', 16, 'law', 11],
      ['T', 24, 'law', 20],
    ],
  ],
  [
    `${storms} | top-nested 2 of State with others = "rest" by sum(n), top-nested 1 of Source with others = "else" by sum(n) | sort by aggregated_State asc, aggregated_Source asc`,
    [
      ['rest', 5, 'else', 5],
      ['K', 16, 'else', 5],
      ['K', 16, 'law', 11],
      ['T', 24, 'else', 4],
      ['T', 24, 'law', 20],
    ],
  ],
  // Rows lost at a level without others are counted with those of a level below it.
  [
    `${storms} | top-nested 1 of State by sum(n), top-nested 1 of Source by sum(n), top-nested 1 of n with others = -1 by count() | sort by aggregated_State asc, aggregated_Source asc, n asc`,
    [
      ['', null, '', null, -1, 5],
      ['T', 24, '', null, -1, 1],
      ['T', 24, 'law', 20, 20, 1],
    ],
  ],
  [`${storms} | top-nested 9 of State with others = "rest" by count() | count`, [[4]]],
]);
