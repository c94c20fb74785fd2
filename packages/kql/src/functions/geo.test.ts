import { testValues } from './values.test.js';

const park =
  'dynamic({"type":"Polygon","coordinates":[[[-73.9495,40.7969],[-73.958,40.8007],[-73.982,40.7683],[-73.9732,40.7646],[-73.9495,40.7969]]]})';
const cap = 'dynamic({"type":"Polygon","coordinates":[[[0,80],[90,80],[180,80],[-90,80],[0,80]]]})';
const overDateLine =
  'dynamic({"type":"Polygon","coordinates":[[[170,0],[-170,0],[-170,10],[170,10],[170,0]]]})';

testValues('geography', [
  ['round(geo_distance_2points(-122.407628, 47.578557, -118.275287, 34.019056), 3)', 1546754.352],
  ['geo_distance_2points(300, 1, 1, 1)', null],
  ['geo_distance_2points(real(null), 1, 1, 1)', null],
  ['geo_point_in_circle(-122.143564, 47.535677, -122.100896, 47.527351, 3500)', true],
  ['geo_point_in_circle(1, 1, 1, 1, -1)', null],
  [`geo_point_in_polygon(-73.97, 40.78, ${park})`, true],
  [`geo_point_in_polygon(-73.95, 40.76, ${park})`, false],
  [`geo_point_in_polygon(300, 40.76, ${park})`, null],
  ['geo_point_in_polygon(1, 1, dynamic({"type":"Point","coordinates":[1,1]}))', null],
  [`geo_point_in_polygon(0.0, 89.0, ${cap})`, true],
  [`geo_point_in_polygon(45.0, 70.0, ${cap})`, false],
  [`geo_point_in_polygon(179.9, 0.5, ${overDateLine})`, true],
  ['geo_point_to_geohash(42.47314453125, 23.70849609375)', 'sunny'],
  ['geo_point_to_geohash(-80.195829, 25.802215, 8)', 'dhwfz15h'],
  ['strlen(geo_point_to_geohash(1, 1, 18))', 18],
  ['geo_point_to_geohash(1, 1, 19)', ''],
  [
    "geo_geohash_to_central_point('sunny')",
    '{"type":"Point","coordinates":[42.47314453125,23.70849609375]}',
  ],
  ["geo_geohash_to_central_point('a')", null],
  ['geo_point_to_h3cell(-74.04450446039874, 40.689250859314974, 6)', '862a1072fffffff'],
  ['geo_point_to_h3cell(1, 1, 16)', ''],
  ["geo_h3cell_level('862a1072fffffff')", 6],
  ["geo_h3cell_level('abc')", null],
  ["geo_h3cell_parent('862a1072fffffff')", '852a1073fffffff'],
  ["geo_h3cell_parent('862a1072fffffff', 15)", ''],
  ["array_length(geo_h3cell_children('862a1072fffffff'))", 7],
  ["array_length(geo_h3cell_neighbors('862a1072fffffff'))", 6],
  [
    'round(geo_line_length(dynamic({"type":"LineString","coordinates":[[-73.95807266235352,40.800426144169315],[-73.94966125488281,40.79691751000055],[-73.97317886352539,40.764486356930334]]})), 5)',
    4922.48017,
  ],
  ['geo_line_length(dynamic({"type":"LineString","coordinates":[[1,1]]}))', null],
  ['round(geo_angle(0, 10, 0, 5, 3, -10), 10)', 2.9449384341],
  ['geo_angle(0, 10, 0, 10, 3, -10)', null],
  ['round(geo_azimuth(0, 0, 1, 0), 6)', 1.570796],
]);
