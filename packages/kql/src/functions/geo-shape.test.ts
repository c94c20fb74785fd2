import { testValues } from './values.test.js';

const park =
  'dynamic({"type":"Polygon","coordinates":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]})';
const line = (...points: string[]): string =>
  `dynamic({"type":"LineString","coordinates":[${points.map((each) => `[${each}]`).join(',')}]})`;

testValues('shapes on the earth', [
  // The documented examples, to the digits that two ways of computing share.
  [`round(geo_distance_point_to_polygon(-73.9839, 40.7705, ${park}), 6)`, 259.940756],
  [`geo_distance_point_to_polygon(-73.97, 40.78, ${park})`, 0],
  [`geo_distance_point_to_polygon(500, 1, ${park})`, null],
  [
    `round(toreal(geo_closest_point_on_polygon(-73.9839, 40.7705, ${park}).coordinates[0]), 9)`,
    -73.98120558,
  ],
  [
    `round(toreal(geo_line_centroid(${line('-73.95796,40.80042', '-73.97317,40.764486')}).coordinates[1]), 9)`,
    40.78245325,
  ],
  [`geo_line_centroid(${line('1,1')})`, null],
  [
    `geo_intersects_2lines(${line('-73.978929,40.785155', '-73.980903,40.782621')}, ${line('-73.985195,40.788275', '-73.974552,40.779761')})`,
    true,
  ],
  [`geo_intersects_2lines(${line('0,0', '1,1')}, ${line('10,0', '11,1')})`, false],
  // On the other side of the earth.
  [`geo_intersects_2lines(${line('0,1', '0,-1')}, ${line('179,0', '-179,0')})`, false],
  [`geo_intersects_2lines(${line('0,0', '1,1')}, ${line('1,1')})`, null],
  [`geo_intersects_line_with_polygon(${line('-73.97,40.78', '-73.971,40.781')}, ${park})`, true],
  [`geo_intersects_line_with_polygon(${line('1,1', '2,2')}, ${park})`, false],
  [`geo_intersects_2polygons(${park}, ${park})`, true],
  // A degree of latitude.
  [`round(geo_distance_point_to_line(0, 1, ${line('-10,0', '10,0')}), 3)`, 111195.101],
  [`geo_distance_point_to_line(real(null), 1, ${line('-10,0', '10,0')})`, null],
]);
