import { testRows } from './values.test.js';

const versions =
  'datatable(v: string)["0.0.0.5", "0.0.7.0", "0.0.3", "0.2", "0.1.2.0", "1.2.3.4", "1", "99999999.99999999.99999999.99999999"]';
const schemas = `datatable(k: long, v: dynamic)[
  1, dynamic({"x": 1, "y": 3.5}),
  1, dynamic({"x": "some:1,\\"value", "z": [1, 2, 3]}),
  1, dynamic({"y": {"w": "zzz"}, "t": ["aa", "bb"], "z": ["foo"]}),
  2, dynamic(null),
  3, dynamic([]),
  3, dynamic([true, null, {"a 1": -1e5}]),
  4, dynamic("a"),
  4, dynamic(-7)]`;

testRows('versions, networks, schemas and sizes', [
  [
    `${versions} | project p = tostring(parse_version(v))`,
    [
      ['5'],
      ['700000000'],
      ['300000000'],
      ['20000000000000000'],
      ['10000000200000000'],
      ['1000000020000000300000004'],
      ['1000000000000000000000000'],
      ['99999999999999999999999999999999'],
    ],
  ],
  [`${versions} | where parse_version(v) < parse_version('1.0.0.0') | count`, [[5]]],
  [`${versions} | top 1 by parse_version(v) asc | project v`, [['0.0.0.5']]],
  [
    `${versions} | summarize tostring(max(parse_version(v)))`,
    [['99999999999999999999999999999999']],
  ],
  [
    `datatable(v: string)["", "a", "1.", "1.2.3.4.5", "100000000", "1.0", "1.0.0.0"] | summarize n = count() by p = tostring(parse_version(v)) | sort by n asc`,
    [
      ['1000000000000000000000000', 2],
      ['', 5],
    ],
  ],
  [
    `print ipv4_range_to_cidr_list('1.1.128.0', '1.1.140.255'), ipv4_range_to_cidr_list('0.0.0.0', '255.255.255.255'), ipv4_range_to_cidr_list('1.2.3.4', '1.2.3.4'), ipv4_range_to_cidr_list('1.2.3.4', '1.2.3.3'), ipv4_range_to_cidr_list('1.2.3', 'x')`,
    [
      [
        '["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"]',
        '["0.0.0.0/0"]',
        '["1.2.3.4/32"]',
        null,
        null,
      ],
    ],
  ],
  [
    `${schemas} | where k == 1 | summarize s = buildschema(v) | project tostring(s.x), tostring(s.y), tostring(s.z), tostring(s.t), array_length(bag_keys(s))`,
    [
      [
        '["long","string"]',
        '["double",{"w":"string"}]',
        '{"`indexer`":["long","string"]}',
        '{"`indexer`":"string"}',
        4,
      ],
    ],
  ],
  [
    `${schemas} | summarize s = buildschema(v), n = array_length(bag_keys(buildschema(v))) by k | sort by k asc | where k > 1`,
    [
      [2, null, null],
      [3, '{"`indexer`":["bool",{"a 1":"double"}]}', 1],
      [4, '["long","string"]', null],
    ],
  ],
  [
    "range x from 1 to 10 step 1 | extend Text = '1234567890' | summarize Total = sum(estimate_data_size(*)), sum(estimate_data_size(Text)), sum(estimate_data_size(Text, x))",
    [[180, 100, 180]],
  ],
  [
    "print datetime_list_timezones() has 'Europe/Berlin', array_length(datetime_list_timezones()) > 300",
    [[true, true]],
  ],
  [
    'range x from 1 to 10 step 1 | summarize h = hll(x), t = tdigest(x) | project hll_isvalid(h), tdigest_isvalid(t), hll_isvalid(t), tdigest_isvalid(h), hll_isvalid(dynamic(null)), tdigest_isvalid(dynamic({}))',
    [[true, true, false, false, false, false]],
  ],
  [
    'datatable(x: long)[1, 1, 3] | sort by x asc | project row_rank(x), row_rank(x, false)',
    [
      [1, 1],
      [1, 1],
      [2, 3],
    ],
  ],
]);
