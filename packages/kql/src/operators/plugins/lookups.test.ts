import { testRows } from '../../functions/values.test.js';

type Cases = Parameters<typeof testRows>[1];

const networks = `let N = datatable(network: string, name: string)
  ["111.68.128.0/17", "Japan", "5.8.0.0/19", "Russia", "2.20.183.0/24", "UK", "2.20.0.0/16", "Europe", "nothing", "x"];`;
const six = `let N = datatable(network: string, name: string)
  ["2001:0db8:85a3::/48", "US", "2404:6800:4001::/48", "Japan", "10.0.0.0/8", "mapped"];`;

const lookups: Cases = [
  [
    `${networks} datatable(ip: string, n: long) ['2.20.183.12', 1, '5.8.1.2', 2, '192.165.12.17', 3, '5.8.1.2', 4, '', 5] | evaluate ipv4_lookup(N, ip, network) | sort by n asc, name asc`,
    [
      ['2.20.183.12', 1, '2.20.0.0/16', 'Europe'],
      ['2.20.183.12', 1, '2.20.183.0/24', 'UK'],
      ['5.8.1.2', 2, '5.8.0.0/19', 'Russia'],
      ['5.8.1.2', 4, '5.8.0.0/19', 'Russia'],
    ],
  ],
  [
    `${networks} datatable(network: string) ['5.8.1.2', '192.165.12.17', 'nothing'] | evaluate ipv4_lookup(N, network, network, return_unmatched = true) | sort by network asc`,
    [
      ['192.165.12.17', '', ''],
      ['5.8.1.2', '5.8.0.0/19', 'Russia'],
      ['nothing', '', ''],
    ],
  ],
  // A network in the input matches what it holds and what holds it.
  [
    `${networks} datatable(ip: string) ['2.20.183.0/20'] | evaluate ipv4_lookup(N, ip, network) | project name | sort by name asc`,
    [['Europe'], ['UK']],
  ],
  [
    `${six} datatable(ip: string) ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', '10.1.2.3', 'a5e:f127:8a9d:146d:e102:b5d3:c755:abcd'] | evaluate ipv6_lookup(N, ip, network, true) | project ip, name | sort by ip asc`,
    [
      ['10.1.2.3', 'mapped'],
      ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', 'US'],
      ['a5e:f127:8a9d:146d:e102:b5d3:c755:abcd', ''],
    ],
  ],
];

const rows = 'range x from 1 to 10 step 1 | sort by x asc';
const near: Cases = [
  [`${rows} | evaluate rows_near(x == 5, 2)`, [[3], [4], [5], [6], [7]]],
  [`${rows} | evaluate rows_near(x == 1 or x == 10, 1, 2)`, [[1], [2], [3], [9], [10]]],
  [`${rows} | evaluate rows_near(x in (2, 4), 0)`, [[2], [4]]],
  [`${rows} | evaluate rows_near(x > 10, 3)`, []],
];

const schemas = (second: string): string =>
  `let a = datatable(Uri: string, HttpStatus: int)[] | getschema; let b = datatable(${second})[] | getschema; union a, b`;
const merges: Cases = [
  [
    `${schemas('Uri: string, HttpStatus: long, Referrer: string')} | evaluate schema_merge()`,
    [
      ['Uri', 0, 'System.String', 'string'],
      ['HttpStatus', 1, 'System.Int64', 'long'],
      ['Referrer', 2, 'System.String', 'string'],
    ],
  ],
  [
    `${schemas('Uri: string, Referrer: string, HttpStatus: int')} | evaluate schema_merge() | project ColumnName, ColumnOrdinal, ColumnType`,
    [
      ['Uri', 0, 'string'],
      ['Referrer', 1, 'string'],
      ['HttpStatus', -1, 'ERROR(columns are out of order)'],
    ],
  ],
  [
    `${schemas('Uri: bool, Referrer: string, HttpStatus: int')} | evaluate schema_merge(PreserveOrder = false) | project ColumnOrdinal, ColumnType`,
    [
      [0, 'ERROR(types differ: bool, string)'],
      [1, 'string'],
      [2, 'int'],
    ],
  ],
];

const intersections: Cases = [
  [
    `range x from 1 to 100 step 1 | extend e = x % 2 == 0, m = x % 3 == 0, f = x % 5 == 0
    | summarize a = hll(iff(e, x, 0)), b = hll(iff(m, x, 0)), c = hll(iff(f, x, 0))
    | evaluate dcount_intersect(a, b, c) | project s0 - 1, s1 - 1, s2 - 1`,
    [[50, 16, 3]],
  ],
  [
    `range x from 1 to 60000 step 1 | summarize a = hll(x), b = hll(iff(x % 2 == 0, x, 0))
    | evaluate dcount_intersect(a, b) | project abs(s0 - 60000) < 3000, abs(s1 - 30000) < 3000`,
    [[true, true]],
  ],
];

const previews: Cases = [['range x from 1 to 10 step 1 | evaluate preview(3)', [[10]]]];

/** One engine for a process. */
testRows('lookups, neighbours, schemas, sketches and previews', [
  ...lookups,
  ...near,
  ...merges,
  ...intersections,
  ...previews,
]);
