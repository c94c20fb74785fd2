import {
  greatestDatetimeTicks,
  ticksPerMillisecond,
  ticksPerSecond,
  unixEpochTicks,
} from '@strongroom/sql';
import { HttpError } from '../http/errors.js';

/** A half-open range of datetimes in ticks (100 ns since 0001-01-01). */
export interface TimeRange {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Reads `timespan` of the Query API: `PT1H` (up to now), `start/end`, `start/duration` or
 * `duration/end` (ISO 8601-1 §5.5). Throws a 400 for anything else.
 */
export function readTimeRange(text: string, nowTicks: bigint): TimeRange {
  const parts = text.trim().split('/');
  if (parts.length > 2 || text.length > 200) throw bad(text);
  const [first = '', second] = parts;
  if (second === undefined) {
    // Half-open, and a row stamped with this very tick still belongs to "up to now".
    const end = nowTicks + 1n;
    return checked({ start: back(end, duration(first, text)), end }, text);
  }
  if (isDuration(first)) {
    const end = datetime(second, text);
    return checked({ start: back(end, duration(first, text)), end }, text);
  }
  const start = datetime(first, text);
  if (isDuration(second))
    return checked({ start, end: ahead(start, duration(second, text)) }, text);
  return checked({ start, end: datetime(second, text) }, text);
}

const bad = (text: string): HttpError =>
  new HttpError(400, 'BadArgumentError', 'The request had some invalid properties', {
    detail: {
      innererror: {
        code: 'InvalidTimespanError',
        message: `The timespan '${text.slice(0, 200)}' is not an ISO 8601 duration or interval.`,
      },
    },
  });

function checked(range: TimeRange, text: string): TimeRange {
  const start = range.start < 0n ? 0n : range.start;
  const end = range.end > greatestDatetimeTicks + 1n ? greatestDatetimeTicks + 1n : range.end;
  if (end < start) throw bad(text);
  return { start, end };
}

/** Calendar parts are kept apart: a month has no fixed length. */
interface Duration {
  readonly months: number;
  readonly ticks: bigint;
}

const isDuration = (text: string): boolean => /^\s*P/i.test(text);

const durationPattern =
  /^P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})W)?(?:(\d{1,7}(?:[.,]\d{1,7})?)D)?(?:T(?:(\d{1,9}(?:[.,]\d{1,7})?)H)?(?:(\d{1,10}(?:[.,]\d{1,7})?)M)?(?:(\d{1,12}(?:[.,]\d{1,7})?)S)?)?$/i;

function duration(text: string, whole: string): Duration {
  const match = durationPattern.exec(text.trim());
  const parts = match?.slice(1);
  if (
    match === null ||
    parts === undefined ||
    parts.every((part) => part === undefined) ||
    /T$/i.test(text.trim())
  ) {
    throw bad(whole);
  }
  const [years, months, weeks, days, hours, minutes, seconds] = parts;
  const ticks =
    scaled(weeks, 604_800n) +
    scaled(days, 86_400n) +
    scaled(hours, 3_600n) +
    scaled(minutes, 60n) +
    scaled(seconds, 1n);
  return { months: Number(years ?? 0) * 12 + Number(months ?? 0), ticks };
}

/** A decimal count of `seconds` in ticks, exact to a tick. */
function scaled(count: string | undefined, seconds: bigint): bigint {
  if (count === undefined) return 0n;
  const [whole = '0', fraction = ''] = count.replace(',', '.').split('.');
  const fractionTicks =
    (BigInt(fraction.padEnd(7, '0').slice(0, 7)) * seconds * ticksPerSecond) / 10_000_000n;
  return BigInt(whole) * seconds * ticksPerSecond + fractionTicks;
}

const back = (end: bigint, by: Duration): bigint => shiftMonths(end, -by.months) - by.ticks;
const ahead = (start: bigint, by: Duration): bigint => shiftMonths(start, by.months) + by.ticks;

function shiftMonths(ticks: bigint, months: number): bigint {
  if (months === 0) return ticks;
  const ms = Number((ticks - unixEpochTicks) / ticksPerMillisecond);
  const date = new Date(ms);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = new Date(date.getTime());
  last.setUTCMonth(last.getUTCMonth() + 1, 0);
  date.setUTCDate(Math.min(day, last.getUTCDate()));
  const rest = (ticks - unixEpochTicks) % ticksPerMillisecond;
  return msToTicks(date.getTime()) + rest;
}

/** Ticks of a time in milliseconds since 1970. */
export const msToTicks = (ms: number): bigint =>
  BigInt(Math.trunc(ms)) * ticksPerMillisecond + unixEpochTicks;

const datetimePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Reads an ISO 8601 date and time (UTC without an offset) into ticks. */
export function readDatetime(text: string): bigint | undefined {
  const match = datetimePattern.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] =
    match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  const iso = Number.isNaN(date.getTime()) ? '' : date.toISOString();
  // A 31 February or a 25:00 rolled over: it is no date.
  if (iso.slice(0, 19) !== `${year}-${month}-${day}T${hour}:${minute}:${second}`) return undefined;
  const offset = zoneMinutes(zone);
  const ticks =
    msToTicks(date.getTime()) +
    BigInt(fraction.padEnd(7, '0').slice(0, 7)) -
    BigInt(offset) * 60n * ticksPerSecond;
  return ticks < 0n || ticks > greatestDatetimeTicks ? undefined : ticks;
}

function zoneMinutes(zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith('-') ? -minutes : minutes;
}

function datetime(text: string, whole: string): bigint {
  const ticks = readDatetime(text);
  if (ticks === undefined) throw bad(whole);
  return ticks;
}

/** ISO 8601 with 7 decimals and `Z`: how the service writes a datetime. */
export function printDatetime(ticks: bigint): string {
  const seconds = ticks / ticksPerSecond;
  const fraction = (ticks % ticksPerSecond).toString().padStart(7, '0');
  const date = new Date(Number(seconds - unixEpochTicks / ticksPerSecond) * 1000);
  return `${date.toISOString().slice(0, 19)}.${fraction}Z`;
}
