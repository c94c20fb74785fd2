/** Conversions between KQL's types: `tostring`, `tolong` and their like, written or implied. */

import {
  array,
  boolean,
  call,
  column,
  inList,
  infix,
  integer,
  lambda,
  nullOf,
  text,
  ticksPerDay,
  type Expression as Sql,
  type ScalarType,
} from '@strongroom/sql';
import type { Bound, CallContext } from '../semantics/bound.js';
import {
  parseDatetime,
  parseDecimal,
  parseGuid,
  parseLong,
  parseReal,
  parseTimespan,
} from '../syntax/literals.js';
import { formatDatetime, formatTimespan, jsonReal } from '../syntax/parser.js';
import type { ConstantValue } from '../syntax/tree.js';
import type { FunctionRow } from './row.js';
import { asTicks, datetimeText, timespanText } from './time-sql.js';

/** '' instead of the engine's null, which KQL's strings and dynamics do not have. */
export function emptyForNull(value: Sql, of: Bound | undefined): Sql {
  return of?.nullable === false ? value : call('ifNull', value, text(''));
}

/**
 * The JSON text below a dynamic value, and the path to it: `parse_json(s).a[0]` is read from `s`
 * in one pass. A missing value is ''; a JSON null stays `null`, which means the same.
 */
export interface JsonPath {
  readonly root: Sql;
  readonly keys: readonly Sql[];
}

export function jsonPath(value: Sql, of: Bound | undefined): JsonPath {
  if (of?.type === 'dynamic' && value.kind === 'call' && value.name === 'JSONExtractRaw') {
    return { root: value.args[0] as Sql, keys: value.args.slice(1) };
  }
  return { root: parsedText(value, of), keys: [] };
}

const parsers = new Set(['parse_json', 'todynamic', 'toobject', 'parsejson']);

/** What `parse_json` is to read, so that a reader of it need not have it normalised first. */
function parsedText(value: Sql, of: Bound | undefined): Sql {
  if (of?.kind !== 'call' || !parsers.has(of.name) || value.kind !== 'call') return value;
  if (of.args[0]?.type !== 'string') return value;
  const check = value.args[2];
  return value.name === 'multiIf' && check?.kind === 'call' ? (check.args[0] ?? value) : value;
}

/** The text that `parse_json` reads, of the SQL that it became; another value as it is. */
export function textOfParsed(value: Sql): Sql {
  if (value.kind !== 'call' || value.name !== 'multiIf') return value;
  const check = value.args[2];
  return check?.kind === 'call' && check.name === 'isValidJSON' ? (check.args[0] ?? value) : value;
}

function parseJsonSql(args: readonly Sql[], context: CallContext): Sql {
  const value = args[0] as Sql;
  if (context.args[0]?.type === 'dynamic') return value;
  return call(
    'multiIf',
    infix('=', value, text('')),
    text(''),
    call('isValidJSON', value),
    call('JSONExtractRaw', value),
    call('toJSONString', value),
  );
}

/** A typed value out of JSON: `type` is the engine's. */
export function jsonExtract(value: Sql, of: Bound | undefined, type: string): Sql {
  const path = jsonPath(value, of);
  return call('JSONExtract', path.root, ...path.keys, text(type));
}

const booleanWords = (value: Sql): Sql =>
  call(
    'multiIf',
    inList(call('lower', value), [text('true'), text('1')]),
    boolean(true),
    inList(call('lower', value), [text('false'), text('0')]),
    boolean(false),
    nullOf('Nullable(Bool)'),
  );

function realText(value: Sql): Sql {
  const plain = call('toString', value);
  return call(
    'multiIf',
    call('isNaN', value),
    text('NaN'),
    call('isInfinite', value),
    call('if', infix('>', value, integer(0)), text('Infinity'), text('-Infinity')),
    call('match', plain, text('[.e]')),
    plain,
    call('concat', plain, text('.0')),
  );
}

/** The text of a value of any type, not null. */
export function asText(value: Sql, of: Bound): Sql {
  switch (of.type) {
    case 'string':
      return value;
    case 'dynamic':
      return jsonExtract(value, of, 'String');
    case 'bool':
      if (!of.nullable) return call('if', value, text('true'), text('false'));
      return emptyForNull(
        call(
          'if',
          call('isNull', value),
          nullOf('Nullable(String)'),
          call('if', value, text('true'), text('false')),
        ),
        of,
      );
    case 'real':
      return emptyForNull(realText(value), of);
    case 'datetime':
      return emptyForNull(datetimeText(value), of);
    case 'timespan':
      return emptyForNull(timespanText(value), of);
    case 'guid':
    case 'int':
    case 'long':
    case 'decimal':
      return emptyForNull(call('toString', value), of);
  }
}

/** A value of any type as JSON text; null is ''. */
export function asJson(value: Sql, of: Bound): Sql {
  switch (of.type) {
    case 'dynamic':
      return value;
    case 'string':
      return call('toJSONString', value);
    case 'bool':
    case 'int':
    case 'long':
    case 'decimal':
      return asText(value, of);
    case 'real':
      return emptyForNull(call('if', call('isFinite', value), realText(value), text('null')), of);
    case 'datetime':
    case 'timespan':
    case 'guid':
      return emptyForNull(
        call('toJSONString', asText(value, { ...of, nullable: false } as Bound)),
        of.nullable ? of : undefined,
      );
  }
}

/** JSON text in which null is `null`: what stands inside an array or a bag. */
export function asJsonElement(value: Sql, of: Bound): Sql {
  if (of.type === 'string') return call('toJSONString', value);
  if (of.type !== 'dynamic' && !of.nullable) return asJson(value, of);
  const json = asJson(value, of);
  return call('if', infix('=', json, text('')), text('null'), json);
}

const timespanPattern =
  '^\\s*(-?)(?:(\\d{1,8})\\.)?(\\d{1,2}):(\\d{1,2})(?::(\\d{1,2})(?:\\.(\\d{1,7}))?)?\\s*$';
const unitPattern = '^\\s*(-?)(\\d{1,12}(?:\\.\\d{1,9})?)\\s*(d|h|m|s|ms|microsecond|tick)?\\s*$';

function timespanOfText(value: Sql): Sql {
  const group = (index: number): Sql => call('arrayElement', column('g'), integer(index));
  const whole = (index: number): Sql => call('toInt64OrZero', group(index));
  const sign = call('if', infix('=', group(1), text('-')), integer(-1), integer(1));
  const clock = infix(
    '*',
    sign,
    infix(
      '+',
      infix('*', whole(2), integer(ticksPerDay)),
      infix('*', whole(3), integer(36_000_000_000n)),
      infix('*', whole(4), integer(600_000_000n)),
      infix('*', whole(5), integer(10_000_000n)),
      call('toInt64OrZero', call('rightPad', group(6), integer(7), text('0'))),
    ),
  );
  const unit = call(
    'transform',
    group(3),
    array(
      text('d'),
      text('h'),
      text('m'),
      text('s'),
      text('ms'),
      text('microsecond'),
      text('tick'),
      text(''),
    ),
    array(
      integer(ticksPerDay, 'Int64'),
      integer(36_000_000_000n, 'Int64'),
      integer(600_000_000n, 'Int64'),
      integer(10_000_000n, 'Int64'),
      integer(10_000n, 'Int64'),
      integer(10n, 'Int64'),
      integer(1n, 'Int64'),
      integer(ticksPerDay, 'Int64'),
    ),
    integer(0, 'Int64'),
  );
  const united = infix(
    '*',
    sign,
    call(
      'accurateCastOrNull',
      call('round', infix('*', call('toFloat64OrZero', group(2)), unit)),
      text('Int64'),
    ),
  );
  const apply = (pattern: string, body: Sql): Sql =>
    call(
      'arrayElement',
      call(
        'arrayMap',
        lambda(['g'], call('if', call('empty', column('g')), nullOf('Nullable(Int64)'), body)),
        array(call('extractGroups', value, text(pattern))),
      ),
      integer(1),
    );
  return call('coalesce', apply(timespanPattern, clock), apply(unitPattern, united));
}

function longOfText(value: Sql): Sql {
  const trimmed = call('trimBoth', value);
  const hex = call(
    'reinterpretAsInt64',
    call(
      'reverse',
      call(
        'unhex',
        call('leftPad', call('substring', trimmed, integer(3)), integer(16), text('0')),
      ),
    ),
  );
  // The regular expression is tried only on what begins like one: this is done for each row of a log.
  return call(
    'multiIf',
    call('not', call('startsWith', trimmed, text('0'))),
    call('toInt64OrNull', trimmed),
    call('match', trimmed, text('^0[xX][0-9a-fA-F]{1,16}$')),
    hex,
    call('toInt64OrNull', trimmed),
  );
}

/** The SQL of a conversion; the argument is not of the type already. */
function converted(to: ScalarType, value: Sql, of: Bound): Sql {
  const from = of.type;
  switch (to) {
    case 'string':
      return asText(value, of);
    case 'dynamic':
      return asJson(value, of);
    case 'long':
    case 'int': {
      const size = to === 'int' ? 'Int32' : 'Int64';
      switch (from) {
        case 'dynamic':
          return jsonExtract(value, of, `Nullable(${size})`);
        case 'string': {
          const parsed = longOfText(value);
          return to === 'int' ? call('accurateCastOrNull', parsed, text('Int32')) : parsed;
        }
        case 'real':
        case 'decimal':
          return call('accurateCastOrNull', call('trunc', value), text(size));
        case 'long':
        case 'datetime':
        case 'timespan':
          return to === 'int' ? call('accurateCastOrNull', value, text('Int32')) : value;
        case 'int':
        case 'bool':
          return call(`to${size}`, value);
        case 'guid':
          return nullOf(`Nullable(${size})`);
      }
      break;
    }
    case 'real':
      switch (from) {
        case 'dynamic':
          return jsonExtract(value, of, 'Nullable(Float64)');
        case 'string':
          return call('toFloat64OrNull', call('trimBoth', value));
        case 'guid':
          return nullOf('Nullable(Float64)');
        case 'bool':
        case 'int':
        case 'long':
        case 'decimal':
        case 'datetime':
        case 'timespan':
        case 'real':
          return call('toFloat64', value);
      }
      break;
    case 'decimal':
      switch (from) {
        case 'dynamic':
          return call('toDecimal128OrNull', asText(value, of), integer(17));
        case 'string':
          return call('toDecimal128OrNull', call('trimBoth', value), integer(17));
        case 'real':
          return call('toDecimal128OrNull', emptyForNull(call('toString', value), of), integer(17));
        case 'guid':
        case 'datetime':
        case 'timespan':
          return nullOf('Nullable(Decimal(38, 17))');
        case 'bool':
        case 'int':
        case 'long':
        case 'decimal':
          return call('accurateCastOrNull', value, text('Decimal(38, 17)'));
      }
      break;
    case 'bool':
      if (from === 'string') return booleanWords(value);
      if (from === 'dynamic') return booleanWords(jsonExtract(value, of, 'String'));
      if (from === 'guid') return nullOf('Nullable(Bool)');
      return infix('!=', value, integer(0));
    case 'datetime':
      if (from === 'string' || from === 'dynamic') {
        const words = asText(value, of);
        // The engine would read bare digits as a Unix time; KQL does not.
        const bare = call('match', words, text('^\\s*\\d{1,3}$|^\\s*\\d{9,}\\s*$'));
        const parsed = call('parseDateTime64BestEffortOrNull', words, integer(7), text('UTC'));
        return call('if', bare, nullOf('Nullable(Int64)'), asTicks(parsed));
      }
      if (from === 'long' || from === 'int') return call('toInt64', value);
      if (from === 'timespan') return value;
      return nullOf('Nullable(Int64)');
    case 'timespan':
      if (from === 'string' || from === 'dynamic') return timespanOfText(asText(value, of));
      if (from === 'long' || from === 'int') return call('toInt64', value);
      if (from === 'real') return call('accurateCastOrNull', call('trunc', value), text('Int64'));
      return nullOf('Nullable(Int64)');
    case 'guid':
      if (from === 'string' || from === 'dynamic') return call('toUUIDOrNull', asText(value, of));
      return nullOf('Nullable(UUID)');
  }
}

/** Whether a conversion can give null of what is not null. */
function mayFail(from: ScalarType, to: ScalarType): boolean {
  if (to === 'string' || to === 'dynamic') return false;
  if (to === 'long')
    return from !== 'int' && from !== 'bool' && from !== 'datetime' && from !== 'timespan';
  if (to === 'real') return from === 'string' || from === 'dynamic' || from === 'guid';
  if (to === 'decimal') return true;
  if (to === 'bool') return from === 'string' || from === 'dynamic' || from === 'guid';
  if ((to === 'datetime' || to === 'timespan') && (from === 'long' || from === 'int')) return false;
  return true;
}

/** The constant's text, as `tostring` gives it. */
export function constantText(type: ScalarType, value: ConstantValue): string {
  if (value === null) return '';
  switch (type) {
    case 'datetime':
      return typeof value === 'bigint' ? formatDatetime(value) : '';
    case 'timespan':
      return typeof value === 'bigint' ? formatTimespan(value) : '';
    case 'bool':
      return value === true ? 'true' : 'false';
    case 'real':
      if (typeof value !== 'number') return String(value);
      return Number.isNaN(value)
        ? 'NaN'
        : Number.isFinite(value)
          ? jsonReal(value)
          : value > 0
            ? 'Infinity'
            : '-Infinity';
    case 'dynamic': {
      const json = String(value);
      return json.startsWith('"') ? String(JSON.parse(json)) : json;
    }
    case 'string':
    case 'guid':
    case 'int':
    case 'long':
    case 'decimal':
      return String(value);
  }
}

/** A constant converted; `undefined` leaves it to the engine. */
function folded(to: ScalarType, from: ScalarType, value: ConstantValue): ConstantValue | undefined {
  if (value === null) return to === 'string' ? '' : null;
  switch (to) {
    case 'string':
      return constantText(from, value);
    case 'long':
    case 'int': {
      let long: bigint | undefined;
      if (typeof value === 'bigint') long = value;
      else if (typeof value === 'boolean') long = value ? 1n : 0n;
      else if (typeof value === 'number' && Number.isSafeInteger(Math.trunc(value)))
        long = BigInt(Math.trunc(value));
      else if (from === 'string') long = parseLong(String(value));
      if (long === undefined) return from === 'string' ? null : undefined;
      return to === 'int' && BigInt.asIntN(32, long) !== long ? null : long;
    }
    case 'real':
      if (typeof value === 'bigint') return Number(value);
      if (typeof value === 'boolean') return value ? 1 : 0;
      if (from === 'string' || from === 'decimal') return parseReal(String(value)) ?? null;
      return undefined;
    case 'decimal':
      if (typeof value === 'bigint') return parseDecimal(String(value));
      if (typeof value === 'number' || from === 'string')
        return parseDecimal(String(value)) ?? null;
      return undefined;
    case 'datetime':
      if (from === 'string') return parseDatetime(String(value)) ?? undefined;
      return undefined;
    case 'timespan':
      if (from === 'string') return parseTimespan(String(value)) ?? undefined;
      if (typeof value === 'bigint' && (from === 'long' || from === 'int')) return value;
      return undefined;
    case 'guid':
      return from === 'string' ? (parseGuid(String(value)) ?? null) : undefined;
    case 'bool':
      if (typeof value === 'bigint') return value !== 0n;
      if (typeof value === 'number') return value !== 0;
      return undefined;
    case 'dynamic':
      if (from === 'string' || from === 'guid') return JSON.stringify(value);
      if (from === 'datetime' || from === 'timespan')
        return JSON.stringify(constantText(from, value));
      return constantText(from, value);
  }
}

function conversion(name: string, to: ScalarType, aliases: readonly string[] = []): FunctionRow {
  return {
    name,
    aliases,
    takes: to === 'guid' ? ['guid', 'string', 'dynamic'] : 'scalar',
    gives: to,
    nulls: 'always',
    fold: (values, _, args) => {
      const from = args[0]?.type ?? 'string';
      return from === to ? values[0] : folded(to, from, values[0] ?? null);
    },
    sql: (args, context) => {
      const [value, of] = [args[0] as Sql, context.args[0] as Bound];
      return of.type === to ? value : converted(to, value, of);
    },
  };
}

export const conversionRows: readonly FunctionRow[] = [
  conversion('tostring', 'string'),
  conversion('tolong', 'long'),
  conversion('toint', 'int'),
  conversion('todouble', 'real', ['toreal']),
  conversion('todecimal', 'decimal'),
  conversion('todatetime', 'datetime'),
  conversion('totimespan', 'timespan', ['totime']),
  conversion('tobool', 'bool', ['toboolean']),
  conversion('toguid', 'guid'),
  {
    name: 'parse_json',
    aliases: ['todynamic', 'toobject', 'parsejson'],
    // Other values come here by conversions, which ask no overload.
    takes: ['string', 'dynamic'],
    gives: 'dynamic',
    fold: (values, _, args) => {
      if (args[0]?.type !== 'string') return undefined;
      const value = String(values[0] ?? '');
      if (value === '') return null;
      try {
        JSON.parse(value);
        return undefined;
      } catch {
        return JSON.stringify(value);
      }
    },
    sql: (args, context) => {
      const of = context.args[0] as Bound;
      return of.type === 'string' || of.type === 'dynamic'
        ? parseJsonSql(args, context)
        : asJson(args[0] as Sql, of);
    },
  },
];

/** A value made JSON, as it stands in an array or a bag; not parsed. */
const toDynamic: FunctionRow = {
  name: '$to_dynamic',
  takes: 'scalar',
  gives: 'dynamic',
  nulls: 'never',
  fold: (values, _, args) => folded('dynamic', args[0]?.type ?? 'string', values[0] ?? null),
  sql: (args, context) => asJson(args[0] as Sql, context.args[0] as Bound),
};

const rowByType = new Map<ScalarType, FunctionRow>(
  conversionRows
    .filter((row) => typeof row.gives === 'string' && row.gives !== 'dynamic')
    .map((row) => [row.gives as ScalarType, row]),
);
rowByType.set('dynamic', toDynamic);

/** The row that makes `to` of anything. */
export function conversionTo(to: ScalarType): FunctionRow {
  return rowByType.get(to) ?? toDynamic;
}

export { mayFail };
