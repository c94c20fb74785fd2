/**
 * From the text of a JSON value to a column's value: strict, or null.
 *
 * JSONEachRow's own casts store what they were not given (an Int32 of 99999999999 becomes
 * 1215752191), so each value comes as text and is cast here. Null out of text that is not null
 * makes the row a dead letter. The table of what is taken is in `docs/formats/engine.md`.
 */

import {
  and,
  between,
  call,
  greatestDatetimeTicks,
  infix,
  integer,
  nullOf,
  or,
  text,
  ticksPerDay,
  ticksPerSecond,
  unixEpochTicks,
} from '@strongroom/sql';
import type { Expression, ScalarType } from '@strongroom/sql';

const matches = (value: Expression, pattern: string): Expression =>
  call('match', value, text(pattern));
const orNull = (condition: Expression, value: Expression): Expression =>
  call('if', condition, value, nullOf());

const integerShape = '^-?[0-9]+$';
const realShape = '^-?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?[0-9]+)?$';
const decimalShape = '^-?[0-9]{1,30}(?:[.][0-9]{1,17})?$';
const guidShape = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
/** ISO 8601 with a full date; seconds' decimals beyond the seventh are cut. */
const datetimeShape =
  '^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])' +
  '(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,9})?)?' +
  '(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])?)?$';
const timespanShape =
  '^-?(?:[0-9]{1,8}[.])?(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,7})?$';

/** What a value of each type looks like: of the right kind, though it may not fit. */
const shapes: Partial<Record<ScalarType, string>> = {
  int: integerShape,
  long: integerShape,
  real: realShape,
  decimal: realShape,
  datetime: '^[0-9]{4}-[0-9]{2}-[0-9]{2}',
  timespan: '[0-9]:[0-9]{2}:[0-9]{2}',
};

/** The value of `json` (a Nullable(String)) as `type`, or null where it is not one. */
export function castText(json: Expression, type: ScalarType): Expression {
  switch (type) {
    case 'string':
    case 'dynamic':
      return call('ifNull', json, text(''));
    case 'int':
    case 'long':
      return orNull(
        matches(json, integerShape),
        call('accurateCastOrNull', json, text(type === 'int' ? 'Int32' : 'Int64')),
      );
    case 'real':
      // What is too large parses to infinity.
      return orNull(
        and([matches(json, realShape), call('isFinite', call('toFloat64OrNull', json))]),
        call('toFloat64OrNull', json),
      );
    case 'decimal':
      return orNull(matches(json, decimalShape), call('toDecimal128OrNull', json, integer(17)));
    case 'bool':
      return call(
        'multiIf',
        infix('=', call('lower', json), text('true')),
        call('toBool', integer(1)),
        infix('=', call('lower', json), text('false')),
        call('toBool', integer(0)),
        nullOf(),
      );
    case 'guid':
      return orNull(matches(json, guidShape), call('toUUIDOrNull', json));
    case 'datetime':
      return castDatetime(json);
    case 'timespan':
      return castTimespan(json);
  }
}

/** ClickHouse's parser reads years 1 to 9999 exactly, but also much that is no ISO 8601. */
function castDatetime(json: Expression): Expression {
  const parsed = call('parseDateTime64BestEffortOrNull', json, integer(7), text('UTC'));
  // A DateTime64(7) is a count of ticks since 1970.
  const ticks = infix(
    '+',
    call('reinterpret', call('assumeNotNull', parsed), text('Int64')),
    integer(unixEpochTicks),
  );
  return orNull(
    and([
      matches(json, datetimeShape),
      call('isNotNull', parsed),
      between(ticks, integer(0), integer(greatestDatetimeTicks)),
    ]),
    ticks,
  );
}

function castTimespan(json: Expression): Expression {
  const value = call('assumeNotNull', json);
  const part = (pattern: string): Expression =>
    call('toInt64OrZero', call('extract', value, text(pattern)));
  const fraction = call(
    'toInt64OrZero',
    call('rightPad', call('extract', value, text('[.]([0-9]{1,7})$')), integer(7), text('0')),
  );
  const times = (count: Expression, size: bigint): Expression =>
    infix('*', count, integer(size, 'Int64'));
  const ticks = infix(
    '+',
    times(part('^-?([0-9]{1,8})[.][0-9]{2}:'), ticksPerDay),
    times(part('([0-9]{2}):[0-9]{2}:'), ticksPerSecond * 3600n),
    times(part('[0-9]{2}:([0-9]{2}):'), ticksPerSecond * 60n),
    times(part(':[0-9]{2}:([0-9]{2})'), ticksPerSecond),
    // Only what follows the seconds is a fraction.
    call('if', matches(value, ':[0-9]{2}[.][0-9]{1,7}$'), fraction, integer(0, 'Int64')),
  );
  return orNull(
    and([call('isNotNull', json), matches(json, timespanShape)]),
    call('if', call('startsWith', value, text('-')), call('negate', ticks), ticks),
  );
}

/** Whether a text that did not cast is of the type's kind (and so out of range), as a condition. */
export function hasShape(json: Expression, type: ScalarType): Expression {
  const shape = shapes[type];
  const value = call('ifNull', json, text(''));
  return shape === undefined ? infix('=', integer(0), integer(1)) : or([matches(value, shape)]);
}
