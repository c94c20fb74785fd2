/** SQL for ticks: KQL's datetime and timespan are Int64 of 100 ns (see sql/storage.ts). */

import {
  call,
  infix,
  integer,
  text,
  ticksPerDay,
  unixEpochTicks,
  type Expression as Sql,
} from '@strongroom/sql';

const calendar = "DateTime64(7, 'UTC')";

export const day = integer(ticksPerDay);

/** Ticks as the engine's own time type, whose range is KQL's. */
export function asCalendar(ticks: Sql): Sql {
  return call('reinterpret', infix('-', ticks, integer(unixEpochTicks)), text(calendar));
}

/** The engine's time type as ticks. */
export function asTicks(time: Sql): Sql {
  return infix('+', call('reinterpret', time, text('Int64')), integer(unixEpochTicks));
}

/** Whole days: the time of day cut off. */
export function startOfDay(ticks: Sql): Sql {
  return infix('-', ticks, infix('%', ticks, day));
}

export function plusDays(ticks: Sql, days: Sql): Sql {
  return infix('+', ticks, infix('*', call('toInt64', days), day));
}

/** `2020-01-02T03:04:05.1234567Z`. */
export function datetimeText(ticks: Sql): Sql {
  const whole = call('toString', asCalendar(ticks));
  return call('concat', call('replaceOne', whole, text(' '), text('T')), text('Z'));
}

/** `2020-01-02T03:04:05Z`: the fraction only as far as it is not zero (its point ends the trimming). */
export function datetimeShort(ticks: Sql): Sql {
  const whole = call('toString', asCalendar(ticks));
  const trimmed = call('trimRight', call('trimRight', whole, text('0')), text('.'));
  return call('concat', call('replaceOne', trimmed, text(' '), text('T')), text('Z'));
}

/** `[-][d.]hh:mm:ss[.fffffff]`. The least long's absolute value is beyond a long, so it is UInt64. */
export function timespanText(ticks: Sql): Sql {
  const size = call('abs', ticks);
  const two = (value: Sql): Sql => call('leftPad', call('toString', value), integer(2), text('0'));
  const days = call('intDiv', size, day);
  const part = (unit: bigint, modulo: bigint): Sql =>
    two(infix('%', call('intDiv', size, integer(unit)), integer(modulo)));
  const fraction = infix('%', size, integer(10_000_000n));
  return call(
    'concat',
    call('if', infix('<', ticks, integer(0)), text('-'), text('')),
    call(
      'if',
      infix('>', days, integer(0)),
      call('concat', call('toString', days), text('.')),
      text(''),
    ),
    part(36_000_000_000n, 24n),
    text(':'),
    part(600_000_000n, 60n),
    text(':'),
    part(10_000_000n, 60n),
    call(
      'if',
      infix('>', fraction, integer(0)),
      call('concat', text('.'), call('leftPad', call('toString', fraction), integer(7), text('0'))),
      text(''),
    ),
  );
}
