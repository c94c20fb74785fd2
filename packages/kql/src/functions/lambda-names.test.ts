import { testRows } from './values.test.js';

testRows('columns named like a lambda', [
  [
    "datatable(p: string, h: string, i: long) ['x 1.2.3.4', '862a1072fffffff', 1] | project has_any_ipv4(p, dynamic(['1.2.3.4'])), geo_h3cell_parent(h, i), array_index_of(dynamic([0, 1]), i), array_split(pack_array(i, i), i)",
    [[true, '812a3ffffffffff', 1, '[[1],[1]]']],
  ],
]);
