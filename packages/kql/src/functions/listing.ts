/** Versions, networks, zones and sizes: functions of no other family. */

import {
  call,
  cast,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  text,
  type Expression as Sql,
  type ScalarType,
} from '@strongroom/sql';
import { computedRow, type FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;

/** Four parts of up to eight digits: wider than decimals are stored, so it stays in the query. */
const versionType = 'Nullable(Decimal(76, 17))';

/** Bytes of a value, by its type. A dynamic is taken for its text, and as much as a long beside it. */
const fixedBytes: Readonly<Record<ScalarType, number>> = {
  bool: 1,
  int: 4,
  long: 8,
  real: 8,
  datetime: 8,
  timespan: 8,
  decimal: 16,
  guid: 16,
  string: 0,
  dynamic: 8,
};

const partPattern = /^(0|[1-9]\d{0,2})$/;

/** undefined for what is not four numbers below 256. */
function addressOf(address: string): number | undefined {
  const parts = address.trim().split('.');
  if (parts.length !== 4 || !parts.every((each) => partPattern.test(each))) return undefined;
  const numbers = parts.map(Number);
  return numbers.some((each) => each > 255)
    ? undefined
    : numbers.reduce((sum, each) => sum * 256 + each, 0);
}

const addressText = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

/** The fewest networks that hold a range; undefined where it is none. */
export function networksOf(first: string, last: string): string[] | undefined {
  const [start, end] = [addressOf(first), addressOf(last)];
  if (start === undefined || end === undefined || start > end) return undefined;
  const networks: string[] = [];
  for (let from = start; from <= end;) {
    let bits = 0;
    while (bits < 32 && from % 2 ** (bits + 1) === 0 && from + 2 ** (bits + 1) - 1 <= end) bits++;
    networks.push(`${addressText(from)}/${32 - bits}`);
    from += 2 ** bits;
  }
  return networks;
}

export const listingRows: readonly FunctionRow[] = [
  {
    name: 'parse_version',
    takes: 'string',
    gives: 'decimal',
    nulls: 'always',
    sql: (args) => {
      const parts = call(
        'arrayResize',
        call('splitByChar', text('.'), at(args, 0)),
        integer(4),
        text('0'),
      );
      const padded = call('leftPad', column('p'), integer(8), text('0'));
      const digits = call('arrayStringConcat', call('arrayMap', lambda(['p'], padded), parts));
      return call(
        'if',
        call('match', at(args, 0), text('^\\d{1,8}(?:\\.\\d{1,8}){0,3}$')),
        cast(call('toDecimal256OrNull', digits, integer(17)), versionType),
        nullOf(versionType),
      );
    },
  },
  {
    name: 'estimate_data_size',
    takes: 'scalar...',
    gives: 'long',
    nulls: 'never',
    sql: (args, context) => {
      const fixed = context.args.reduce((sum, each) => sum + fixedBytes[each.type], 0);
      const texts = args.filter((_, index) => {
        const type = context.args[index]?.type;
        return type === 'string' || type === 'dynamic';
      });
      const lengths = texts.map((each) => call('toInt64', call('length', each)));
      const size = call('toInt64', integer(fixed));
      return lengths.length === 0 ? size : infix('+', size, ...lengths);
    },
  },
  computedRow({
    name: 'ipv4_range_to_cidr_list',
    takes: 'string, string',
    gives: 'dynamic',
    of: ([first, last]) => {
      const networks = networksOf(String(first ?? ''), String(last ?? ''));
      return networks === undefined ? null : JSON.stringify(networks);
    },
  }),
  computedRow({
    name: 'datetime_list_timezones',
    takes: '',
    gives: 'dynamic',
    of: () => JSON.stringify(Intl.supportedValuesOf('timeZone')),
  }),
];
