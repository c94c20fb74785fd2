/** Local times: `datetime_utc_to_local` and back, by a zone that is a constant or a column's. */

import {
  array,
  call,
  cast,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  text,
  ticksPerDay,
  unixEpochTicks,
  type Expression as Sql,
} from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import { computedRow, type FunctionRow } from './row.js';
import { asCalendar } from './time-sql.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const day = integer(ticksPerDay);
const millisecondTicks = 10_000n;
const secondTicks = 10_000_000n;

/** Years whose changes of the clock are looked for; before and after, the last one found holds. */
const [firstYear, lastYear] = [1880, 2100];
const dayMs = 86_400_000;

function formatOf(name: string): Intl.DateTimeFormat | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
}

/** Seconds that a zone's clocks are before UTC's: from `… GMT+05:30`, or `… GMT` alone. */
function offsetAt(format: Intl.DateTimeFormat, instantMs: number): number {
  const found = /GMT([+-])(\d+):(\d+)(?::(\d+))?$/.exec(format.format(instantMs));
  if (found === null) return 0;
  const [, sign, hours, minutes, seconds = 0] = found;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

/**
 * JSON: the instants (ticks) from which on an offset (ticks) holds, ascending, the first before any.
 * undefined for what is no zone.
 */
export function changesOf(zone: string): string | undefined {
  const format = formatOf(zone);
  if (format === undefined) return undefined;
  const changes: [bigint, bigint][] = [];
  const add = (instantMs: number, seconds: number): void => {
    changes.push([
      BigInt(instantMs) * millisecondTicks + unixEpochTicks,
      BigInt(seconds) * secondTicks,
    ]);
  };
  let [before, instant] = [offsetAt(format, Date.UTC(firstYear, 0)), Date.UTC(firstYear, 0)];
  changes.push([0n, BigInt(before) * secondTicks]);
  const end = Date.UTC(lastYear, 0);
  // No zone has changed its clocks and changed them back within three weeks.
  for (const step = 21 * dayMs; instant < end; instant += step) {
    const after = offsetAt(format, instant + step);
    if (after === before) continue;
    let [low, high] = [instant, instant + step];
    // Clocks that are quarters of an hour before UTC's change at quarters of an hour.
    const unit = before % 900 === 0 && after % 900 === 0 ? 900_000 : 1000;
    while (high - low > unit) {
      const middle = low + Math.floor((high - low) / (2 * unit)) * unit;
      if (offsetAt(format, middle) === before) low = middle;
      else high = middle;
    }
    add(high, after);
    before = after;
  }
  return `[${changes.map(([instantTicks, offset]) => `[${instantTicks},${offset}]`).join(',')}]`;
}

const pairs = (changes: Sql): Sql =>
  call('JSONExtract', changes, text('Array(Tuple(Int64, Int64))'));

/** The offset that holds at an instant, of a zone's changes. */
function offsetIn(ticks: Sql): Sql {
  const isBefore = infix('<=', call('tupleElement', column('c'), integer(1)), ticks);
  const count = call('arrayCount', lambda(['c'], isBefore), column('z'));
  return call('tupleElement', call('arrayElement', column('z'), count), integer(2));
}

/** Of a constant zone. Zones that the engine does not know give null. */
function zoneOffset(ticks: Sql, zone: Bound | undefined): Sql {
  const name = zone?.kind === 'constant' ? String(zone.value) : '';
  if (formatOf(name) === undefined) return nullOf('Nullable(Int64)');
  const seconds = call('timeZoneOffset', call('toTimeZone', asCalendar(ticks), text(name)));
  return infix('*', cast(seconds, 'Nullable(Int64)'), integer(secondTicks));
}

const toLocal = (ticks: Sql, offset: (ticks: Sql) => Sql): Sql => infix('+', ticks, offset(ticks));

/** By the offset before a change of the clock where it gives a time at which it holds, else the one after. */
function toUtc(local: Sql, offset: (ticks: Sql) => Sql): Sql {
  const before = offset(infix('-', local, day));
  const early = infix('-', local, before);
  const late = infix('-', local, offset(infix('+', local, day)));
  return call('if', infix('=', offset(early), before), early, late);
}

const changesRow = computedRow({
  name: '$zone_changes',
  takes: 'string',
  gives: 'dynamic',
  // Each takes some ten milliseconds.
  rowsMax: 200,
  of: ([zone]) => changesOf(String(zone ?? '')) ?? null,
});

function row(name: string, of: (ticks: Sql, offset: (ticks: Sql) => Sql) => Sql): FunctionRow {
  const byChanges: FunctionRow = {
    name: `$${name}`,
    takes: 'datetime, dynamic',
    gives: 'datetime',
    nulls: 'always',
    sql: (args) => {
      // The changes are named, so that they are read once.
      const local = call('ifNull', at(args, 0), integer(0));
      const made = call(
        'arrayMap',
        lambda(['z', 't'], of(column('t'), offsetIn)),
        array(pairs(at(args, 1))),
        array(local),
      );
      return call(
        'if',
        infix('OR', call('isNull', at(args, 0)), infix('=', at(args, 1), text(''))),
        nullOf('Nullable(Int64)'),
        call('arrayElement', made, integer(1)),
      );
    },
  };
  return {
    name,
    takes: 'datetime, string',
    gives: 'datetime',
    nulls: 'always',
    composed: ([ticks, zone], make) =>
      ticks === undefined || zone === undefined || zone.kind === 'constant'
        ? undefined
        : make(byChanges, [ticks, make(changesRow, [zone])]),
    sql: (args, context) => of(at(args, 0), (ticks) => zoneOffset(ticks, context.args[1])),
  };
}

export const zoneRows: readonly FunctionRow[] = [
  row('datetime_utc_to_local', toLocal),
  row('datetime_local_to_utc', toUtc),
];
