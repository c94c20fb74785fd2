/** Functions on datetimes and timespans, both ticks. */

import {
  call,
  infix,
  integer,
  nullOf,
  text,
  ticksPerDay,
  unixEpochTicks,
  type Expression as Sql,
} from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import type { ConstantValue } from '../syntax/tree.js';
import type { FunctionRow } from './row.js';
import { emptyForNull } from './conversion.js';
import { asCalendar, asTicks, day, plusDays, startOfDay } from './time-sql.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const hour = 36_000_000_000n;

/** The start of a period that holds `ticks`, as whole days. */
function startOf(unit: 'day' | 'week' | 'month' | 'year', ticks: Sql): Sql {
  const start = startOfDay(ticks);
  const calendar = asCalendar(ticks);
  switch (unit) {
    case 'day':
      return start;
    case 'week':
      // Weeks begin on Sunday.
      return plusDays(
        start,
        call('negate', call('toInt64', infix('%', call('toDayOfWeek', calendar), integer(7)))),
      );
    case 'month':
      return plusDays(
        start,
        infix('-', integer(1), call('toInt64', call('toDayOfMonth', calendar))),
      );
    case 'year':
      return plusDays(
        start,
        infix('-', integer(1), call('toInt64', call('toDayOfYear', calendar))),
      );
  }
}

/** The start of the period `offset` periods away. */
function shiftedStart(
  unit: 'day' | 'week' | 'month' | 'year',
  ticks: Sql,
  offset: Sql | undefined,
): Sql {
  const start = startOf(unit, ticks);
  if (offset === undefined) return start;
  switch (unit) {
    case 'day':
      return plusDays(start, offset);
    case 'week':
      return plusDays(start, infix('*', offset, integer(7)));
    case 'month':
      return asTicks(call('addMonths', asCalendar(start), offset));
    case 'year':
      return asTicks(call('addYears', asCalendar(start), offset));
  }
}

function starting(unit: 'day' | 'week' | 'month' | 'year'): FunctionRow {
  return {
    name: `startof${unit}`,
    takes: ['datetime', 'datetime, integer'],
    gives: 'datetime',
    sql: (args) => shiftedStart(unit, at(args, 0), args[1]),
  };
}

function ending(unit: 'day' | 'week' | 'month' | 'year'): FunctionRow {
  return {
    name: `endof${unit}`,
    takes: ['datetime', 'datetime, integer'],
    gives: 'datetime',
    sql: (args) => {
      const next = args[1] === undefined ? integer(1, 'Int64') : infix('+', args[1], integer(1));
      return infix('-', shiftedStart(unit, at(args, 0), next), integer(1));
    },
  };
}

const parts: Readonly<Record<string, (calendar: Sql, ticks: Sql) => Sql>> = {
  year: (calendar) => call('toYear', calendar),
  quarter: (calendar) => call('toQuarter', calendar),
  month: (calendar) => call('toMonth', calendar),
  week_of_year: (calendar) => call('toISOWeek', calendar),
  weekofyear: (calendar) => call('toISOWeek', calendar),
  day: (calendar) => call('toDayOfMonth', calendar),
  dayofyear: (calendar) => call('toDayOfYear', calendar),
  hour: (_, ticks) => infix('%', call('intDiv', ticks, integer(hour)), integer(24)),
  minute: (_, ticks) => infix('%', call('intDiv', ticks, integer(600_000_000n)), integer(60)),
  second: (_, ticks) => infix('%', call('intDiv', ticks, integer(10_000_000n)), integer(60)),
  millisecond: (_, ticks) => infix('%', call('intDiv', ticks, integer(10_000n)), integer(1000)),
  microsecond: (_, ticks) => infix('%', call('intDiv', ticks, integer(10n)), integer(1_000_000)),
  nanosecond: (_, ticks) => infix('*', infix('%', ticks, integer(10_000_000n)), integer(100)),
};

function part(name: string, unit: string): FunctionRow {
  return {
    name,
    takes: 'datetime',
    gives: 'int',
    sql: (args) =>
      call(
        'toInt32',
        (parts[unit] as (calendar: Sql, ticks: Sql) => Sql)(asCalendar(at(args, 0)), at(args, 0)),
      ),
  };
}

function constantText(of: Bound | undefined): string {
  return of?.kind === 'constant' && typeof of.value === 'string' ? of.value.toLowerCase() : '';
}

const tickUnits: Readonly<Record<string, bigint>> = {
  week: 7n * ticksPerDay,
  day: ticksPerDay,
  hour,
  minute: 600_000_000n,
  second: 10_000_000n,
  millisecond: 10_000n,
  microsecond: 10n,
};

function difference(unit: string, a: Sql, b: Sql): Sql {
  const months = (ticks: Sql): Sql => {
    const calendar = asCalendar(ticks);
    return infix(
      '+',
      infix('*', call('toInt64', call('toYear', calendar)), integer(12)),
      call('toInt64', call('toMonth', calendar)),
    );
  };
  switch (unit) {
    case 'year':
      return infix(
        '-',
        call('toInt64', call('toYear', asCalendar(a))),
        call('toInt64', call('toYear', asCalendar(b))),
      );
    case 'quarter': {
      const quarter = (ticks: Sql): Sql =>
        infix(
          '+',
          infix('*', call('toInt64', call('toYear', asCalendar(ticks))), integer(4)),
          call('toInt64', call('toQuarter', asCalendar(ticks))),
        );
      return infix('-', quarter(a), quarter(b));
    }
    case 'month':
      return infix('-', months(a), months(b));
    case 'week':
      // Weeks begin on Sunday; 0001-01-01 was a Monday.
      return infix(
        '-',
        call('intDiv', infix('+', a, day), integer(7n * ticksPerDay)),
        call('intDiv', infix('+', b, day), integer(7n * ticksPerDay)),
      );
    case 'nanosecond':
      return infix('*', infix('-', a, b), integer(100));
    default: {
      const size = integer(tickUnits[unit] ?? 1n);
      return infix('-', call('intDiv', a, size), call('intDiv', b, size));
    }
  }
}

const differenceUnits = [
  'year',
  'quarter',
  'month',
  'week',
  'day',
  'hour',
  'minute',
  'second',
  'millisecond',
  'microsecond',
  'nanosecond',
];

/** .NET's format letters, each as the engine makes it; the rest stands as it is. */
function formatted(ticks: Sql, format: string, isTimespan: boolean): Sql {
  const calendar = asCalendar(ticks);
  const padded = (value: Sql, width: number): Sql =>
    width <= 1
      ? call('toString', value)
      : call('leftPad', call('toString', value), integer(width), text('0'));
  const size = isTimespan ? call('abs', ticks) : ticks;
  const hours = infix('%', call('intDiv', size, integer(hour)), integer(24));
  const pieces: Sql[] = [];
  let plain = '';
  const flush = (): void => {
    if (plain !== '') pieces.push(text(plain));
    plain = '';
  };
  const tokens =
    format.match(/yyyy|yy|MMMM|MMM|MM|M|dddd|ddd|d+|HH|H|hh|h|mm|m|ss|s|f+|F+|tt|t|./gs) ?? [];
  for (const token of tokens) {
    let piece: Sql | undefined;
    const first = token[0] ?? '';
    switch (first) {
      case 'y':
        if (!isTimespan)
          piece =
            token.length === 4
              ? padded(call('toYear', calendar), 4)
              : padded(infix('%', call('toYear', calendar), integer(100)), token.length);
        break;
      case 'M':
        if (!isTimespan)
          piece =
            token.length >= 3
              ? call('formatDateTime', calendar, text(token.length === 3 ? '%b' : '%M'))
              : padded(call('toMonth', calendar), token.length);
        break;
      case 'd':
        if (isTimespan) piece = padded(call('intDiv', size, day), token.length);
        else
          piece =
            token.length >= 3
              ? call('formatDateTime', calendar, text(token.length === 3 ? '%a' : '%W'))
              : padded(call('toDayOfMonth', calendar), token.length);
        break;
      case 'H':
        piece = padded(hours, token.length);
        break;
      case 'h':
        piece = isTimespan
          ? padded(hours, token.length)
          : padded(
              infix('+', infix('%', infix('+', hours, integer(11)), integer(12)), integer(1)),
              token.length,
            );
        break;
      case 'm':
        piece = padded(
          infix('%', call('intDiv', size, integer(600_000_000n)), integer(60)),
          token.length,
        );
        break;
      case 's':
        piece = padded(
          infix('%', call('intDiv', size, integer(10_000_000n)), integer(60)),
          token.length,
        );
        break;
      case 'f':
      case 'F': {
        const digits = Math.min(7, token.length);
        const fraction = call(
          'substring',
          padded(infix('%', size, integer(10_000_000n)), 7),
          integer(1),
          integer(digits),
        );
        piece = first === 'F' ? call('trimRight', fraction, text('0')) : fraction;
        break;
      }
      case 't':
        if (!isTimespan)
          piece = call(
            'if',
            infix('>=', hours, integer(12)),
            text(token.length === 1 ? 'P' : 'PM'),
            text(token.length === 1 ? 'A' : 'AM'),
          );
        break;
      default:
        break;
    }
    if (piece === undefined) plain += token;
    else {
      flush();
      pieces.push(piece);
    }
  }
  flush();
  if (pieces.length === 0) return text('');
  return pieces.length === 1 ? call('toString', pieces[0] as Sql) : call('concat', ...pieces);
}

function bigints(values: readonly ConstantValue[]): bigint[] | undefined {
  return values.every((value) => typeof value === 'bigint') ? (values as bigint[]) : undefined;
}

export const datetimeRows: readonly FunctionRow[] = [
  {
    name: 'now',
    takes: ['', 'timespan'],
    gives: 'datetime',
    nulls: 'never',
    fold: (values, context) => {
      const offset = values[0] ?? 0n;
      return typeof offset === 'bigint' ? context.now + offset : undefined;
    },
    sql: () => nullOf('Nullable(Int64)'),
  },
  {
    name: 'ago',
    takes: 'timespan',
    gives: 'datetime',
    fold: (values, context) => (typeof values[0] === 'bigint' ? context.now - values[0] : null),
    // An offset that is only known row by row.
    sql: (args) =>
      infix(
        '-',
        infix(
          '+',
          infix('*', call('toInt64', call('toUnixTimestamp', call('now'))), integer(10_000_000n)),
          integer(unixEpochTicks),
        ),
        at(args, 0),
      ),
  },
  ...(['day', 'week', 'month', 'year'] as const).flatMap((unit) => [starting(unit), ending(unit)]),
  part('getyear', 'year'),
  part('year', 'year'),
  part('getmonth', 'month'),
  part('monthofyear', 'month'),
  part('month', 'month'),
  part('dayofmonth', 'day'),
  part('dayofyear', 'dayofyear'),
  part('hourofday', 'hour'),
  part('hour', 'hour'),
  part('week_of_year', 'week_of_year'),
  part('weekofyear', 'week_of_year'),
  {
    name: 'dayofweek',
    takes: 'datetime',
    gives: 'timespan',
    sql: (args) =>
      infix(
        '*',
        call('toInt64', infix('%', call('toDayOfWeek', asCalendar(at(args, 0))), integer(7))),
        day,
      ),
  },
  {
    name: 'datetime_part',
    aliases: ['datepart'],
    takes: 'string, datetime',
    gives: 'int',
    constants: [0],
    choices: { 0: Object.keys(parts) },
    nulls: 'always',
    sql: (args, context) => {
      const unit = parts[constantText(context.args[0])];
      return unit === undefined
        ? nullOf('Nullable(Int32)')
        : call('toInt32', unit(asCalendar(at(args, 1)), at(args, 1)));
    },
  },
  {
    name: 'datetime_diff',
    takes: 'string, datetime, datetime',
    gives: 'long',
    constants: [0],
    choices: { 0: differenceUnits },
    nulls: 'always',
    sql: (args, context) => {
      const unit = constantText(context.args[0]);
      return differenceUnits.includes(unit)
        ? difference(unit, at(args, 1), at(args, 2))
        : nullOf('Nullable(Int64)');
    },
  },
  {
    name: 'datetime_add',
    aliases: ['dateadd'],
    takes: 'string, integer, datetime',
    gives: 'datetime',
    constants: [0],
    choices: { 0: [...Object.keys(tickUnits), 'nanosecond', 'month', 'quarter', 'year'] },
    nulls: 'always',
    sql: (args, context) => {
      const unit = constantText(context.args[0]);
      const [amount, ticks] = [at(args, 1), at(args, 2)];
      if (unit === 'year') return asTicks(call('addYears', asCalendar(ticks), amount));
      if (unit === 'quarter')
        return asTicks(call('addMonths', asCalendar(ticks), infix('*', amount, integer(3))));
      if (unit === 'month') return asTicks(call('addMonths', asCalendar(ticks), amount));
      if (unit === 'nanosecond') return infix('+', ticks, call('intDiv', amount, integer(100)));
      const size = tickUnits[unit];
      return size === undefined
        ? nullOf('Nullable(Int64)')
        : infix('+', ticks, infix('*', amount, integer(size)));
    },
  },
  {
    name: 'make_datetime',
    takes: [
      'integer, integer, integer',
      'integer, integer, integer, integer, integer',
      'integer, integer, integer, integer, integer, real',
      'printable',
    ],
    gives: 'datetime',
    nulls: 'always',
    sql: (args, context) => {
      if (args.length === 1) {
        return asTicks(
          call('parseDateTime64BestEffortOrNull', at(args, 0), integer(7), text('UTC')),
        );
      }
      void context;
      const [year, month, dayOfMonth] = [at(args, 0), at(args, 1), at(args, 2)];
      const padded = (value: Sql, width: number): Sql =>
        call('leftPad', call('toString', value), integer(width), text('0'));
      const date = call(
        'concat',
        padded(year, 4),
        text('-'),
        padded(month, 2),
        text('-'),
        padded(dayOfMonth, 2),
      );
      const parsed = call('parseDateTime64BestEffortOrNull', date, integer(7), text('UTC'));
      const within = (value: Sql, most: number): Sql => ({
        kind: 'between',
        value,
        low: integer(0),
        high: integer(most),
      });
      // The engine rolls 2023-02-31 over into March; KQL has no such day.
      const kept = call(
        'if',
        infix(
          'AND',
          { kind: 'between', value: year, low: integer(1), high: integer(9999) },
          infix('=', call('toDayOfMonth', parsed), dayOfMonth),
          ...(args[3] === undefined ? [] : [within(args[3], 23)]),
          ...(args[4] === undefined ? [] : [within(args[4], 59)]),
          ...(args[5] === undefined
            ? []
            : [infix('>=', args[5], integer(0)), infix('<', args[5], integer(60))]),
        ),
        asTicks(parsed),
        nullOf('Nullable(Int64)'),
      );
      const hours = args.length > 3 ? infix('*', at(args, 3), integer(hour)) : integer(0);
      const minutes = args.length > 4 ? infix('*', at(args, 4), integer(600_000_000n)) : integer(0);
      const seconds =
        args.length > 5
          ? call(
              'accurateCastOrNull',
              call('round', infix('*', at(args, 5), integer(10_000_000n))),
              text('Int64'),
            )
          : integer(0);
      return infix('+', kept, hours, minutes, seconds);
    },
  },
  {
    name: 'make_timespan',
    takes: ['integer, integer', 'integer, integer, real', 'integer, integer, integer, real'],
    gives: 'timespan',
    nulls: 'always',
    sql: (args) => {
      const days = args.length === 4 ? at(args, 0) : undefined;
      const rest = args.length === 4 ? args.slice(1) : args;
      const sum: Sql[] = [
        infix('*', rest[0] as Sql, integer(hour)),
        infix('*', rest[1] as Sql, integer(600_000_000n)),
      ];
      if (days !== undefined) sum.push(infix('*', days, day));
      if (rest[2] !== undefined)
        sum.push(
          call(
            'accurateCastOrNull',
            call('round', infix('*', rest[2], integer(10_000_000n))),
            text('Int64'),
          ),
        );
      const within = (value: Sql, most: number): Sql => ({
        kind: 'between',
        value,
        low: integer(0),
        high: integer(most),
      });
      return call(
        'if',
        infix(
          'AND',
          within(rest[0] as Sql, 23),
          within(rest[1] as Sql, 59),
          ...(rest[2] === undefined
            ? []
            : [infix('>=', rest[2], integer(0)), infix('<', rest[2], integer(60))]),
        ),
        infix('+', ...sum),
        nullOf('Nullable(Int64)'),
      );
    },
  },
  {
    name: 'format_datetime',
    takes: 'datetime, string',
    gives: 'string',
    constants: [1],
    sql: (args, context) => {
      const format = context.args[1];
      return emptyForNull(
        formatted(at(args, 0), format?.kind === 'constant' ? String(format.value) : '', false),
        context.args[0],
      );
    },
  },
  {
    name: 'format_timespan',
    takes: 'timespan, string',
    gives: 'string',
    constants: [1],
    sql: (args, context) => {
      const format = context.args[1];
      return emptyForNull(
        formatted(at(args, 0), format?.kind === 'constant' ? String(format.value) : '', true),
        context.args[0],
      );
    },
  },
  ...(
    [
      ['seconds', 10_000_000n],
      ['milliseconds', 10_000n],
      ['microseconds', 10n],
    ] as const
  ).map(([unit, ticks]): FunctionRow => ({
    name: `unixtime_${unit}_todatetime`,
    takes: 'number',
    gives: 'datetime',
    nulls: 'always',
    fold: (values) => {
      const all = bigints(values);
      return all === undefined ? undefined : (all[0] ?? 0n) * ticks + unixEpochTicks;
    },
    sql: (args, context) => {
      const whole = context.args[0]?.type === 'long' || context.args[0]?.type === 'int';
      const scaled = whole
        ? infix('*', at(args, 0), integer(ticks))
        : call(
            'accurateCastOrNull',
            call('round', infix('*', at(args, 0), integer(ticks))),
            text('Int64'),
          );
      return infix('+', scaled, integer(unixEpochTicks));
    },
  })),
  {
    name: 'unixtime_nanoseconds_todatetime',
    takes: 'integer',
    gives: 'datetime',
    sql: (args) => infix('+', call('intDiv', at(args, 0), integer(100)), integer(unixEpochTicks)),
  },
];
