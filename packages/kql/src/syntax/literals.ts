/** Readers of KQL's literal forms: text to ticks, numbers and GUIDs. `undefined` = not such a text. */

import {
  greatestDatetimeTicks,
  ticksPerDay,
  ticksPerSecond,
  unixEpochTicks,
} from '@strongroom/sql';

const ticksByUnit: Readonly<Record<string, bigint>> = {
  d: ticksPerDay,
  day: ticksPerDay,
  days: ticksPerDay,
  h: 36_000_000_000n,
  hr: 36_000_000_000n,
  hrs: 36_000_000_000n,
  hour: 36_000_000_000n,
  hours: 36_000_000_000n,
  m: 600_000_000n,
  min: 600_000_000n,
  minute: 600_000_000n,
  minutes: 600_000_000n,
  s: ticksPerSecond,
  sec: ticksPerSecond,
  second: ticksPerSecond,
  seconds: ticksPerSecond,
  ms: 10_000n,
  milli: 10_000n,
  millis: 10_000n,
  millisec: 10_000n,
  millisecond: 10_000n,
  milliseconds: 10_000n,
  micro: 10n,
  micros: 10n,
  microsec: 10n,
  microsecond: 10n,
  microseconds: 10n,
  tick: 1n,
  ticks: 1n,
};

export function isTimeUnit(unit: string): boolean {
  return Object.hasOwn(ticksByUnit, unit);
}

/** `1.5` and `h` as ticks, exactly where the decimal fraction allows. */
export function ticksOf(number: string, unit: string): bigint | undefined {
  const each = Object.hasOwn(ticksByUnit, unit) ? ticksByUnit[unit] : undefined;
  const match = /^(\d{1,18})(?:\.(\d{0,18}))?$/.exec(number);
  if (each === undefined || match === null) return undefined;
  const fraction = match[2] ?? '';
  const ticks =
    BigInt(match[1] ?? '0') * each +
    (fraction === '' ? 0n : (BigInt(fraction) * each) / 10n ** BigInt(fraction.length));
  return fitsLong(ticks) ? ticks : undefined;
}

export const longMin = -(2n ** 63n);
export const longMax = 2n ** 63n - 1n;

export function fitsLong(value: bigint): boolean {
  return value >= longMin && value <= longMax;
}

/** `[-][d.]hh:mm[:ss[.fffffff]]`, `2.5h`, `15 seconds`, or a number of days. */
export function parseTimespan(text: string): bigint | undefined {
  const trimmed = text.trim();
  const sign = trimmed.startsWith('-') ? -1n : 1n;
  const body = trimmed.replace(/^[-+]\s*/, '');
  const withUnit = /^(\d+(?:\.\d*)?)\s*([a-z]+)$/.exec(body);
  if (withUnit !== null) {
    const ticks = ticksOf(withUnit[1] ?? '', withUnit[2] ?? '');
    return ticks === undefined ? undefined : sign * ticks;
  }
  if (/^\d+$/.test(body)) {
    const ticks = ticksOf(body, 'd');
    return ticks === undefined ? undefined : sign * ticks;
  }
  const clock =
    /^(?:(\d{1,8})[.:](?=\d+:\d+:))?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?$/.exec(body);
  const dayOnly = /^(\d{1,8})\.(\d{1,2}):(\d{1,2})$/.exec(body);
  if (dayOnly !== null) {
    return sign * clockTicks(dayOnly[1] ?? '0', dayOnly[2] ?? '0', dayOnly[3] ?? '0', '0', '');
  }
  if (clock === null) return undefined;
  if (Number(clock[2]) > 24 || Number(clock[3]) > 59 || Number(clock[4] ?? 0) > 59)
    return undefined;
  return (
    sign *
    clockTicks(clock[1] ?? '0', clock[2] ?? '0', clock[3] ?? '0', clock[4] ?? '0', clock[5] ?? '')
  );
}

function clockTicks(
  days: string,
  hours: string,
  minutes: string,
  seconds: string,
  fraction: string,
): bigint {
  return (
    BigInt(days) * ticksPerDay +
    (BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds)) * ticksPerSecond +
    BigInt(fraction.slice(0, 7).padEnd(7, '0'))
  );
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  );
}

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const monthNames = [
  'jan',
  'feb',
  'mar',
  'apr',
  'may',
  'jun',
  'jul',
  'aug',
  'sep',
  'oct',
  'nov',
  'dec',
];

function ticksOfCivil(
  year: number,
  month: number,
  day: number,
  clock: { hours: number; minutes: number; seconds: number; fraction: string },
  offsetMinutes: number,
): bigint | undefined {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const length = month === 2 && leap ? 29 : (monthLengths[month - 1] ?? 0);
  if (year < 1 || year > 9999 || day < 1 || day > length) return undefined;
  if (clock.hours > 23 || clock.minutes > 59 || clock.seconds > 59) return undefined;
  const ticks =
    BigInt(daysFromCivil(year, month, day)) * ticksPerDay +
    BigInt((clock.hours * 60 + clock.minutes - offsetMinutes) * 60 + clock.seconds) *
      ticksPerSecond +
    BigInt(clock.fraction.slice(0, 7).padEnd(7, '0')) +
    unixEpochTicks;
  return ticks >= 0n && ticks <= greatestDatetimeTicks ? ticks : undefined;
}

const isoForm =
  /^(\d{4})(?:\s*-\s*(\d{1,2})(?:\s*-\s*(\d{1,2})(?:[T\s]\s*(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,12}))?)?)?)?)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/i;
const slashForm =
  /^(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:\s+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?\s*(AM|PM)?)?$/i;
const compactForm = /^(\d{4})(?:,\s*)?(\d{1,2})(?:,\s*)?(\d{1,2})$/;
const wordForm =
  /^(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})[\s-]([A-Za-z]{3})[a-z]*[\s-](\d{2}|\d{4})(?:\s+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/;

/** ISO 8601, RFC 822/850 and the American forms that Kusto takes; ticks since 0001-01-01 UTC. */
export function parseDatetime(text: string): bigint | undefined {
  const trimmed = text.trim();
  const iso = isoForm.exec(trimmed);
  if (iso !== null) {
    return ticksOfCivil(
      Number(iso[1]),
      Number(iso[2] ?? 1),
      Number(iso[3] ?? 1),
      {
        hours: Number(iso[4] ?? 0),
        minutes: Number(iso[5] ?? 0),
        seconds: Number(iso[6] ?? 0),
        fraction: iso[7] ?? '',
      },
      offsetMinutes(iso[8]),
    );
  }
  const slash = slashForm.exec(trimmed);
  if (slash !== null) {
    const half = slash[8]?.toUpperCase();
    const hours = Number(slash[4] ?? 0);
    return ticksOfCivil(
      Number(slash[3]),
      Number(slash[1]),
      Number(slash[2]),
      {
        hours: half === 'PM' ? (hours % 12) + 12 : half === 'AM' ? hours % 12 : hours,
        minutes: Number(slash[5] ?? 0),
        seconds: Number(slash[6] ?? 0),
        fraction: slash[7] ?? '',
      },
      0,
    );
  }
  const compact = compactForm.exec(trimmed);
  if (compact !== null) {
    const none = { hours: 0, minutes: 0, seconds: 0, fraction: '' };
    return ticksOfCivil(Number(compact[1]), Number(compact[2]), Number(compact[3]), none, 0);
  }
  const words = wordForm.exec(trimmed);
  if (words !== null) {
    const month = monthNames.indexOf((words[2] ?? '').toLowerCase()) + 1;
    const year = Number(words[3]);
    if (month === 0) return undefined;
    return ticksOfCivil(
      (words[3] ?? '').length === 2 ? (year < 50 ? 2000 + year : 1900 + year) : year,
      month,
      Number(words[1]),
      {
        hours: Number(words[4] ?? 0),
        minutes: Number(words[5] ?? 0),
        seconds: Number(words[6] ?? 0),
        fraction: words[7] ?? '',
      },
      offsetMinutes(words[8]),
    );
  }
  return undefined;
}

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined || !/^[+-]/.test(zone)) return 0;
  const digits = zone.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return digits.startsWith('-') ? -minutes : minutes;
}

/** Decimal and hexadecimal integers that fit a long. */
export function parseLong(text: string): bigint | undefined {
  const match = /^([-+]?)\s*(0[xX][0-9a-fA-F]{1,16}|\d{1,30})$/.exec(text.trim());
  if (match === null) return undefined;
  const digits = match[2] ?? '0';
  let value = BigInt(digits);
  // Sixteen hexadecimal digits are the bits of a long, as in Kusto.
  if (/^0x/i.test(digits)) value = BigInt.asIntN(64, value);
  if (match[1] === '-') value = -value;
  return fitsLong(value) ? value : undefined;
}

export function parseReal(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === 'nan') return NaN;
  if (/^\+?inf(inity)?$/.test(trimmed)) return Infinity;
  if (/^-inf(inity)?$/.test(trimmed)) return -Infinity;
  if (!/^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/.test(trimmed)) return undefined;
  return Number(trimmed);
}

/** A decimal as plain digits: `1e2` and `100` give `100`. At most 17 digits after the point are kept. */
export function parseDecimal(text: string): string | undefined {
  const match = /^([-+]?)(\d*)(?:\.(\d*))?(?:e([-+]?\d{1,3}))?$/i.exec(text.trim());
  if (match === null || ((match[2] ?? '') === '' && (match[3] ?? '') === '')) return undefined;
  const exponent = Number(match[4] ?? 0);
  let whole = match[2] ?? '';
  let fraction = match[3] ?? '';
  if (exponent > 0) {
    const moved = fraction.padEnd(exponent, '0');
    whole += moved.slice(0, exponent);
    fraction = moved.slice(exponent);
  } else if (exponent < 0) {
    const moved = whole.padStart(-exponent, '0');
    fraction = moved.slice(moved.length + exponent) + fraction;
    whole = moved.slice(0, moved.length + exponent);
  }
  whole = whole.replace(/^0+(?=\d)/, '') || '0';
  fraction = fraction.slice(0, 17).replace(/0+$/, '');
  if (whole.length > 21) return undefined;
  const body = fraction === '' ? whole : `${whole}.${fraction}`;
  return match[1] === '-' && /[1-9]/.test(body) ? `-${body}` : body;
}

export function parseGuid(text: string): string | undefined {
  const plain = text
    .trim()
    .replace(/^[{(]|[)}]$/g, '')
    .toLowerCase();
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(plain)) return plain;
  if (/^[0-9a-f]{32}$/.test(plain)) {
    return `${plain.slice(0, 8)}-${plain.slice(8, 12)}-${plain.slice(12, 16)}-${plain.slice(16, 20)}-${plain.slice(20)}`;
  }
  return undefined;
}
