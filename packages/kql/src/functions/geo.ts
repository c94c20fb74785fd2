/**
 * Points, lines and polygons on a sphere of 6,371,010 m, whose edges are geodesics. Coordinates
 * beyond 180 and 90 degrees give null, as do shapes that are none.
 */

import {
  array,
  call,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  real,
  text,
  tuple,
  type Expression as Sql,
} from '@strongroom/sql';
import { lengthOf } from '../geo/measure.js';
import { parseLines, parsePolygons } from '../geo/shape.js';
import type { Bound } from '../semantics/bound.js';
import { jsonExtract } from './conversion.js';
import type { FunctionRow } from './row.js';

export const earthRadiusMeters = 6_371_010;
const noReal = nullOf('Nullable(Float64)');
const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const radians = (degrees: Sql): Sql => infix('*', degrees, real(Math.PI / 180));
const square = (value: Sql): Sql => call('pow', value, integer(2));
const part = (of: Sql, position: number): Sql => call('tupleElement', of, integer(position));

/** `body` with `name` standing for `value`, which is computed once. */
function letting(name: string, value: Sql, body: Sql): Sql {
  return call('arrayElement', call('arrayMap', lambda([name], body), array(value)), integer(1));
}

/** By the haversine formula, in metres. */
export function distance(lon1: Sql, lat1: Sql, lon2: Sql, lat2: Sql): Sql {
  const half = (a: Sql, b: Sql): Sql => infix('*', infix('-', b, a), real(Math.PI / 360));
  const chord = infix(
    '+',
    square(call('sin', half(lat1, lat2))),
    infix(
      '*',
      call('cos', radians(lat1)),
      call('cos', radians(lat2)),
      square(call('sin', half(lon1, lon2))),
    ),
  );
  return infix(
    '*',
    call('asin', call('least', call('sqrt', chord), real(1))),
    real(2 * earthRadiusMeters),
  );
}

export function onEarth(lon: Sql, lat: Sql): Sql {
  const within = (value: Sql, limit: number): Sql => ({
    kind: 'between',
    value,
    low: integer(-limit),
    high: integer(limit),
  });
  return infix('AND', within(lon, 180), within(lat, 90));
}

/** Two points, neither the same nor opposite, so that there is one direction from one to the other. */
function apart(lon1: Sql, lat1: Sql, lon2: Sql, lat2: Sql): Sql {
  const turn = call('abs', infix('-', lon1, lon2));
  const isPole = infix('=', call('abs', lat1), integer(90));
  const same = infix(
    'AND',
    infix('=', lat1, lat2),
    infix('OR', infix('=', turn, integer(0)), infix('=', turn, integer(360)), isPole),
  );
  const opposite = infix(
    'AND',
    infix('=', lat1, call('negate', lat2)),
    infix('OR', infix('=', turn, integer(180)), isPole),
  );
  return infix(
    'AND',
    onEarth(lon1, lat1),
    onEarth(lon2, lat2),
    call('not', same),
    call('not', opposite),
  );
}

/** The direction at the first point, clockwise from north, in radians from 0. */
function azimuth(lon1: Sql, lat1: Sql, lon2: Sql, lat2: Sql): Sql {
  const turn = radians(infix('-', lon2, lon1));
  const [sin1, cos1] = [call('sin', radians(lat1)), call('cos', radians(lat1))];
  const [sin2, cos2] = [call('sin', radians(lat2)), call('cos', radians(lat2))];
  const east = infix('*', call('sin', turn), cos2);
  const north = infix('-', infix('*', cos1, sin2), infix('*', sin1, cos2, call('cos', turn)));
  return call('positiveModulo', call('atan2', east, north), real(2 * Math.PI));
}

/** `{"type":"Point",…}` */
export function pointJson(lon: Sql, lat: Sql): Sql {
  return call(
    'concat',
    text('{"type":"Point","coordinates":'),
    call('toJSONString', array(lon, lat)),
    text('}'),
  );
}

/** `{"type":"Polygon",…}` of one ring, as an array of `[longitude, latitude]`. */
export function polygonJson(ring: Sql): Sql {
  return call(
    'concat',
    text('{"type":"Polygon","coordinates":['),
    call('toJSONString', ring),
    text(']}'),
  );
}

// ---- lines and polygons -----------------------------------------------------------------------

const points = 'Array(Tuple(Float64, Float64))';
const kindOf = (shape: Sql, of: Bound | undefined): Sql =>
  call('JSONExtractString', jsonExtract(shape, of, 'String'), text('type'));

/** Every line of a LineString or MultiLineString, or every ring of a Polygon or MultiPolygon. */
export function linesOf(shape: Sql, of: Bound | undefined, what: 'line' | 'polygon'): Sql {
  const read = (type: string): Sql =>
    call('JSONExtract', jsonExtract(shape, of, 'String'), text('coordinates'), text(type));
  const kind = kindOf(shape, of);
  if (!isSound(of, what)) return call('CAST', array(), text(`Array(${points})`));
  return what === 'line'
    ? call(
        'multiIf',
        infix('=', kind, text('LineString')),
        array(read(points)),
        infix('=', kind, text('MultiLineString')),
        read(`Array(${points})`),
        call('CAST', array(), text(`Array(${points})`)),
      )
    : call(
        'multiIf',
        infix('=', kind, text('Polygon')),
        read(`Array(${points})`),
        infix('=', kind, text('MultiPolygon')),
        call('arrayReduce', text('groupArrayArray'), read(`Array(Array(${points}))`)),
        call('CAST', array(), text(`Array(${points})`)),
      );
}

/**
 * The lines are there, each with enough points, and all of those on earth. A line's neighbours differ,
 * and so do all points of a ring, which ends where it begins. Constants are checked whole (`isSound`).
 */
export function areLines(lines: Sql, what: 'line' | 'polygon'): Sql {
  const line = column('l');
  const isSame = (a: Sql, b: Sql): Sql => infix('=', a, b);
  const rules =
    what === 'line'
      ? [
          infix('>=', call('length', line), integer(2)),
          call(
            'not',
            call(
              'arrayExists',
              lambda(['a', 'b'], isSame(column('a'), column('b'))),
              call('arrayPopBack', line),
              call('arrayPopFront', line),
            ),
          ),
        ]
      : [
          infix('>=', call('length', line), integer(4)),
          isSame(call('arrayElement', line, integer(1)), call('arrayElement', line, integer(-1))),
          isSame(call('arrayUniq', line), infix('-', call('length', line), integer(1))),
        ];
  const onEarthAll = call(
    'arrayAll',
    lambda(['p'], onEarth(part(column('p'), 1), part(column('p'), 2))),
    line,
  );
  return infix(
    'AND',
    call('notEmpty', lines),
    call('arrayAll', lambda(['l'], infix('AND', ...rules, onEarthAll)), lines),
  );
}

/** Whether a constant is a shape; what is no constant is not looked at here. */
function isSound(of: Bound | undefined, what: 'line' | 'polygon'): boolean {
  if (of?.kind !== 'constant' || of.type !== 'dynamic' || typeof of.value !== 'string') return true;
  return (what === 'line' ? parseLines(of.value) : parsePolygons(of.value)) !== undefined;
}

/** What `body` gives for each edge from `a` to `b` of each line, added up. */
function edgeSum(lines: Sql, body: Sql): Sql {
  const edges = call(
    'arraySum',
    lambda(['a', 'b'], body),
    call('arrayPopBack', column('l')),
    call('arrayPopFront', column('l')),
  );
  return call('arraySum', lambda(['l'], edges), lines);
}

const edge = {
  lon1: part(column('a'), 1),
  lat1: part(column('a'), 2),
  lon2: part(column('b'), 1),
  lat2: part(column('b'), 2),
};

function totalLength(lines: Sql): Sql {
  return edgeSum(lines, distance(edge.lon1, edge.lat1, edge.lon2, edge.lat2));
}

// ---- geohash ----------------------------------------------------------------------------------

const alphabet = '0123456789bcdefghjkmnpqrstuvwxyz';
const geohashShape = '^[0-9b-hjkmnp-z]{1,18}$';

/** Bits of longitude and latitude in turn, five to a letter. */
export function geohash(lon: Sql, lat: Sql, length: Sql): Sql {
  const bitsOf = (half: 0 | 1): Sql =>
    call('intDiv', infix('+', infix('*', length, integer(5)), integer(1 - half)), integer(2));
  const cell = (value: Sql, from: number, size: number, bits: Sql): Sql => {
    const cells = call('pow', real(2), bits);
    const index = call(
      'floor',
      infix('*', infix('/', infix('-', value, real(from)), real(size)), cells),
    );
    return call('toInt64', call('least', index, infix('-', cells, integer(1))));
  };
  const [x, y] = [cell(lon, -180, 360, bitsOf(0)), cell(lat, -90, 180, bitsOf(1))];
  const bit = (offset: number): Sql => {
    const place = infix('+', infix('*', column('i'), integer(5)), integer(offset));
    const from = (of: Sql, half: 0 | 1): Sql =>
      call(
        'bitAnd',
        call(
          'bitShiftRight',
          of,
          call(
            'toInt64',
            infix('-', infix('-', bitsOf(half), integer(1)), call('intDiv', place, integer(2))),
          ),
        ),
        integer(1),
      );
    return infix(
      '*',
      call(
        'if',
        infix('=', infix('%', place, integer(2)), integer(0)),
        from(column('x'), 0),
        from(column('y'), 1),
      ),
      integer(2 ** (4 - offset)),
    );
  };
  const letter = call(
    'substring',
    text(alphabet),
    infix('+', bit(0), bit(1), bit(2), bit(3), bit(4), integer(1)),
    integer(1),
  );
  const letters = call('arrayMap', lambda(['i'], letter), call('range', length));
  return letting('x', x, letting('y', y, call('arrayStringConcat', letters)));
}

/** `body` over the cell's west, south, width and height (`c`), or null of what is no geohash. */
export function geohashCell(
  hash: Sql,
  body: (west: Sql, south: Sql, width: Sql, height: Sql) => Sql,
): Sql {
  const value = infix('-', call('position', text(alphabet), column('l')), integer(1));
  const bits = call(
    'arrayFlatten',
    call(
      'arrayMap',
      lambda(
        ['l'],
        array(
          ...[4, 3, 2, 1, 0].map((place) =>
            call('bitTest', call('toUInt8', value), integer(place)),
          ),
        ),
      ),
      call('extractAll', hash, text('.')),
    ),
  );
  const half = (remainder: 0 | 1): Sql =>
    call(
      'arrayFilter',
      lambda(['b', 'i'], infix('=', infix('%', column('i'), integer(2)), integer(remainder))),
      column('s'),
      call('arrayEnumerate', column('s')),
    );
  const side = (list: Sql, from: number, size: number): readonly [Sql, Sql] => {
    const index = call(
      'arraySum',
      lambda(['b', 'i'], infix('/', column('b'), call('pow', real(2), column('i')))),
      list,
      call('arrayEnumerate', list),
    );
    const extent = infix('/', real(size), call('pow', real(2), call('length', list)));
    return [infix('+', infix('*', index, real(size)), real(from)), extent];
  };
  const [west, width] = side(half(1), -180, 360);
  const [south, height] = side(half(0), -90, 180);
  const c = (position: number): Sql => part(column('c'), position);
  return call(
    'if',
    call('match', hash, text(geohashShape)),
    letting(
      's',
      bits,
      letting('c', tuple(west, south, width, height), body(c(1), c(2), c(3), c(4))),
    ),
    text(''),
  );
}

// ---- H3 ---------------------------------------------------------------------------------------

/** The cell of a text, 0 where it is none. */
function h3(value: Sql): Sql {
  const digits = call('leftPad', value, integer(16), text('0'));
  const number = call('reinterpretAsUInt64', call('reverse', call('unhex', digits)));
  return call(
    'if',
    infix('AND', call('match', value, text('^[0-9a-f]{15}$')), call('h3IsValid', number)),
    number,
    integer(0, 'UInt64'),
  );
}

/** A cell to ask with where there is none, since the engine refuses those. */
const someCell = integer(0x862a1072fffffffn, 'UInt64');

export function ofCell(value: Sql, otherwise: Sql, body: (cell: Sql) => Sql): Sql {
  const safe = call('if', infix('=', column('h'), integer(0)), someCell, column('h'));
  return letting(
    'h',
    h3(value),
    call('if', infix('=', column('h'), integer(0)), otherwise, body(safe)),
  );
}

const cellTexts = (cells: Sql): Sql =>
  call('toJSONString', call('arrayMap', lambda(['e'], call('h3ToString', column('e'))), cells));

const level = (cell: Sql): Sql => call('toInt64', call('h3GetResolution', cell));

export const geoRows: readonly FunctionRow[] = [
  {
    name: 'geo_point_in_circle',
    takes: 'real, real, real, real, real',
    gives: 'bool',
    nulls: 'always',
    sql: (args) =>
      call(
        'if',
        infix(
          'AND',
          onEarth(at(args, 0), at(args, 1)),
          onEarth(at(args, 2), at(args, 3)),
          infix('>=', at(args, 4), integer(0)),
        ),
        infix('<=', distance(at(args, 0), at(args, 1), at(args, 2), at(args, 3)), at(args, 4)),
        nullOf('Nullable(UInt8)'),
      ),
  },
  {
    name: 'geo_azimuth',
    takes: 'real, real, real, real',
    gives: 'real',
    nulls: 'always',
    sql: (args) =>
      call(
        'if',
        apart(at(args, 0), at(args, 1), at(args, 2), at(args, 3)),
        azimuth(at(args, 0), at(args, 1), at(args, 2), at(args, 3)),
        noReal,
      ),
  },
  {
    name: 'geo_angle',
    takes: 'real, real, real, real, real, real',
    gives: 'real',
    nulls: 'always',
    sql: (args) => {
      const [lon, lat] = [at(args, 2), at(args, 3)];
      return call(
        'if',
        infix(
          'AND',
          apart(lon, lat, at(args, 0), at(args, 1)),
          apart(lon, lat, at(args, 4), at(args, 5)),
        ),
        call(
          'positiveModulo',
          infix(
            '-',
            azimuth(lon, lat, at(args, 4), at(args, 5)),
            azimuth(lon, lat, at(args, 0), at(args, 1)),
          ),
          real(2 * Math.PI),
        ),
        noReal,
      );
    },
  },
  {
    // Of a column, what parts of a MultiLineString share counts for each of them.
    name: 'geo_line_length',
    takes: 'dynamic',
    gives: 'real',
    nulls: 'always',
    fold: ([line]) => {
      const lines = parseLines(String(line));
      return lines === undefined ? null : lengthOf(lines);
    },
    sql: (args, context) =>
      letting(
        'ls',
        linesOf(at(args, 0), context.args[0], 'line'),
        call('if', areLines(column('ls'), 'line'), totalLength(column('ls')), noReal),
      ),
  },
  {
    name: 'geo_point_in_polygon',
    takes: 'real, real, dynamic',
    gives: 'bool',
    nulls: 'always',
    sql: (args, context) => {
      const known = (value: Sql): Sql => call('ifNull', value, real(360));
      const [lon, lat] = [known(at(args, 0)), known(at(args, 1))];
      // Edges that the meridian from the point to the north pole crosses: an odd number of them
      // for a point inside, if the pole is outside.
      const turn = (value: Sql): Sql =>
        infix('-', call('positiveModulo', infix('+', value, real(180)), real(360)), real(180));
      const [west, east] = [turn(infix('-', edge.lon1, lon)), turn(infix('-', edge.lon2, lon))];
      const spans = infix(
        'AND',
        infix('!=', infix('<', west, integer(0)), infix('<', east, integer(0))),
        infix('<', call('abs', infix('-', west, east)), integer(180)),
      );
      const crossing = infix(
        '/',
        infix(
          '-',
          infix('*', call('tan', radians(edge.lat1)), call('sin', radians(east))),
          infix('*', call('tan', radians(edge.lat2)), call('sin', radians(west))),
        ),
        call('sin', radians(infix('-', east, west))),
      );
      const north = infix('>', crossing, call('tan', radians(lat)));
      const count = edgeSum(column('ls'), call('toInt64', infix('AND', spans, north)));
      // Rings that go round a pole: the one that they are nearer to is inside.
      const round = call(
        'abs',
        call(
          'round',
          infix('/', edgeSum(column('ls'), turn(infix('-', edge.lon2, edge.lon1))), real(360)),
        ),
      );
      const height = edgeSum(column('ls'), edge.lat1);
      const pole = infix('AND', infix('=', round, integer(1)), infix('>', height, integer(0)));
      const odd = infix('=', infix('%', count, integer(2)), integer(1));
      return letting(
        'ls',
        linesOf(at(args, 2), context.args[2], 'polygon'),
        call(
          'if',
          infix('AND', onEarth(lon, lat), areLines(column('ls'), 'polygon')),
          infix('!=', odd, pole),
          nullOf('Nullable(UInt8)'),
        ),
      );
    },
  },
  {
    name: 'geo_point_to_geohash',
    takes: ['real, real', 'real, real, integer'],
    gives: 'string',
    sql: (args) => {
      const length = args[2] ?? integer(5);
      const fits: Sql = { kind: 'between', value: length, low: integer(1), high: integer(18) };
      const valid = call(
        'ifNull',
        infix('AND', onEarth(at(args, 0), at(args, 1)), fits),
        integer(0),
      );
      const known = (value: Sql, otherwise: Sql): Sql =>
        call('assumeNotNull', call('if', valid, value, otherwise));
      return call(
        'if',
        valid,
        geohash(
          known(at(args, 0), real(0)),
          known(at(args, 1), real(0)),
          known(call('toInt64', length), integer(1, 'Int64')),
        ),
        text(''),
      );
    },
  },
  {
    name: 'geo_geohash_to_central_point',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) =>
      geohashCell(at(args, 0), (west, south, width, height) =>
        pointJson(
          infix('+', west, infix('/', width, integer(2))),
          infix('+', south, infix('/', height, integer(2))),
        ),
      ),
  },
  {
    name: 'geo_geohash_to_polygon',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) =>
      geohashCell(at(args, 0), (west, south, width, height) => {
        const [east, north] = [infix('+', west, width), infix('+', south, height)];
        return polygonJson(
          array(
            array(west, south),
            array(east, south),
            array(east, north),
            array(west, north),
            array(west, south),
          ),
        );
      }),
  },
  {
    name: 'geo_point_to_h3cell',
    takes: ['real, real', 'real, real, integer'],
    gives: 'string',
    sql: (args) => {
      const resolution = args[2] ?? integer(6);
      const fits: Sql = { kind: 'between', value: resolution, low: integer(0), high: integer(15) };
      const valid = call(
        'ifNull',
        infix('AND', onEarth(at(args, 0), at(args, 1)), fits),
        integer(0),
      );
      const known = (value: Sql): Sql =>
        call('assumeNotNull', call('if', valid, value, integer(0)));
      const cell = call(
        'geoToH3',
        call('toFloat64', known(at(args, 1))),
        call('toFloat64', known(at(args, 0))),
        call('toUInt8', known(resolution)),
      );
      return call('if', valid, call('h3ToString', cell), text(''));
    },
  },
  {
    name: 'geo_h3cell_level',
    takes: 'text',
    gives: 'int',
    nulls: 'always',
    sql: (args) =>
      ofCell(at(args, 0), nullOf('Nullable(Int32)'), (cell) => call('toInt32', level(cell))),
  },
  {
    name: 'geo_h3cell_parent',
    takes: ['text', 'text, integer'],
    gives: 'string',
    sql: (args) =>
      ofCell(at(args, 0), text(''), (cell) => {
        const wanted = call('ifNull', args[1] ?? infix('-', level(cell), integer(1)), integer(-1));
        const fits: Sql = { kind: 'between', value: wanted, low: integer(0), high: level(cell) };
        const safe = call('toUInt8', call('if', fits, wanted, integer(0)));
        return call('if', fits, call('h3ToString', call('h3ToParent', cell, safe)), text(''));
      }),
  },
  {
    name: 'geo_h3cell_children',
    takes: ['text', 'text, integer'],
    gives: 'dynamic',
    sql: (args) =>
      ofCell(at(args, 0), text(''), (cell) => {
        const wanted = call('ifNull', args[1] ?? infix('+', level(cell), integer(1)), integer(-1));
        // Not more than 7^5 of them, as documented.
        const fits = infix(
          'AND',
          { kind: 'between', value: wanted, low: level(cell), high: integer(15) },
          infix('<=', infix('-', wanted, level(cell)), integer(5)),
        );
        const safe = call('toUInt8', call('if', fits, wanted, level(cell)));
        return call('if', fits, cellTexts(call('h3ToChildren', cell, safe)), text(''));
      }),
  },
  {
    name: 'geo_h3cell_neighbors',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) =>
      ofCell(at(args, 0), text(''), (cell) =>
        cellTexts(
          call(
            'arrayFilter',
            lambda(['n'], infix('!=', column('n'), cell)),
            call('h3kRing', cell, call('toUInt8', integer(1))),
          ),
        ),
      ),
  },
  {
    name: 'geo_h3cell_to_central_point',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) =>
      ofCell(at(args, 0), text(''), (cell) => {
        const point = call('h3ToGeo', cell);
        return pointJson(part(point, 2), part(point, 1));
      }),
  },
  {
    name: 'geo_h3cell_to_polygon',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) =>
      ofCell(at(args, 0), text(''), (cell) => {
        const ring = call(
          'arrayMap',
          lambda(['p'], array(part(column('p'), 2), part(column('p'), 1))),
          call('h3ToGeoBoundary', cell),
        );
        return polygonJson(call('arrayPushBack', ring, call('arrayElement', ring, integer(1))));
      }),
  },
];
