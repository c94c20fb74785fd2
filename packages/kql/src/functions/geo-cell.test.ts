import { testValues } from './values.test.js';

testValues('cells', [
  ['geo_point_to_s2cell(-80.195829, 25.802215, 8)', '88d9b'],
  ['geo_point_to_s2cell(0.0, 0.0, 30)', '1000000000000001'],
  ['geo_point_to_s2cell(-73.956683, 40.807907, 10)', '89c2f7'],
  ['geo_point_to_s2cell(0.0, 90.0, 0)', '5'],
  ['geo_point_to_s2cell(300.0, 1.0, 8)', ''],
  ['geo_point_to_s2cell(1.0, 1.0, 31)', ''],
  ['geo_point_to_s2cell(real(null), 1.0)', ''],
  ["geo_s2cell_to_central_point('1234567')", '{"type":"Point","coordinates":[9.868307318504081,27.468392925827605]}'],
  ["geo_s2cell_to_central_point('a')", null],
  [
    "geo_s2cell_to_polygon('89c259')",
    '{"type":"Polygon","coordinates":[[[-74.03001224983848,40.8012684339439],[-74.03001224983848,40.7222262918358],[-73.93598211433742,40.708880489804564],[-73.93598211433742,40.78791713450684],[-74.03001224983848,40.8012684339439]]]}',
  ],
  [
    "geo_s2cell_neighbors('89c259')",
    '["89c25d","89c2f9","89c251","89c257","89c25f","89c25b","89c2f7","89c2f5"]',
  ],
  ["array_length(geo_s2cell_neighbors('1'))", 4],
  ["geo_s2cell_neighbors('a')", null],
  ["geo_h3cell_rings('861f8894fffffff', 0)", '[["861f8894fffffff"]]'],
  ["array_length(geo_h3cell_rings('861f8894fffffff', 3)[3])", 18],
  ["array_length(geo_h3cell_rings('81083ffffffffff')[1])", 5],
  ["geo_h3cell_rings('x')", null],
]); // prettier-ignore
