/** IPv6, and addresses of either kind found in text. */

import {
  call,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  text,
  type Expression as Sql,
} from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import { jsonExtract } from './conversion.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const either = (tests: readonly Sql[]): Sql =>
  tests.length === 1 ? (tests[0] as Sql) : infix('OR', ...tests);

const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const wholeAddress = `^(?:${octet}\\.){3}${octet}$`;
const addressStart = `^(?:${octet}\\.){1,3}$|${wholeAddress}`;

/** The address stands in the text with no letter or digit beside it. An address that is none is not found. */
function hasAddress(source: Sql, address: Sql): Sql {
  const pattern = call(
    'concat',
    text('(?:^|[^0-9A-Za-z])'),
    call('regexpQuoteMeta', address),
    text('(?:$|[^0-9A-Za-z])'),
  );
  return infix('AND', call('match', address, text(wholeAddress)), call('match', source, pattern));
}

/** As above for an address of which only the first parts are given: `10.1.`. */
function hasAddressStart(source: Sql, start: Sql): Sql {
  const dots = call('countSubstrings', start, text('.'));
  const rest = call(
    'multiIf',
    call('not', call('endsWith', start, text('.'))),
    text(''),
    infix('=', dots, integer(1)),
    text(`(?:${octet}\\.){2}${octet}`),
    infix('=', dots, integer(2)),
    text(`${octet}\\.${octet}`),
    text(octet),
  );
  const pattern = call(
    'concat',
    text('(?:^|[^0-9A-Za-z])'),
    call('regexpQuoteMeta', start),
    rest,
    text('(?:$|[^0-9A-Za-z])'),
  );
  return infix('AND', call('match', start, text(addressStart)), call('match', source, pattern));
}

function finder(name: string, test: (source: Sql, wanted: Sql) => Sql): FunctionRow {
  return {
    name,
    takes: 'text, text',
    gives: 'bool',
    sql: (args) => test(at(args, 0), at(args, 1)),
  };
}

function anyFinder(name: string, test: (source: Sql, wanted: Sql) => Sql): FunctionRow {
  return {
    name,
    takes: ['text, dynamic', 'text, text...'],
    gives: 'bool',
    sql: (args, context) => {
      const list = context.args[1];
      if (list?.type === 'dynamic')
        return call(
          'arrayExists',
          lambda(['p'], test(at(args, 0), column('p'))),
          jsonExtract(at(args, 1), list, 'Array(String)'),
        );
      return either(args.slice(1).map((wanted) => test(at(args, 0), wanted)));
    },
  };
}

const networkShape = '^\\s*([0-9a-fA-F:.]+)(?:/([0-9]{1,3}))?\\s*$';
const addressText = (value: Sql): Sql =>
  call('regexpExtract', value, text(networkShape), integer(1));
const isPlain = (value: Sql): Sql =>
  infix('=', call('position', addressText(value), text(':')), integer(0));

/** An address as IPv6; IPv4 is `::ffff:a.b.c.d`. */
const address = (value: Sql): Sql => call('toIPv6OrNull', addressText(value));

/** The written network's length in IPv6's terms; 128 where none is written, -1 beyond an address. */
function prefix(value: Sql): Sql {
  const written = call('regexpExtract', value, text(networkShape), integer(2));
  const length = call('toInt64OrZero', written);
  const none = integer(-1, 'Int64');
  return call(
    'multiIf',
    infix('=', written, text('')),
    integer(128, 'Int64'),
    isPlain(value),
    call('if', infix('<=', length, integer(32)), infix('+', length, integer(96)), none),
    call('if', infix('<=', length, integer(128)), length, none),
  );
}

/** Network lengths beyond 0 to 128 make the result null. */
const lengthFits = (length: Sql): Sql => ({
  kind: 'between',
  value: length,
  low: integer(0),
  high: integer(128),
});

/** The address with its host bits cleared; what is no address counts as `::`. */
function masked(value: Sql, length: Sql): Sql {
  const range = call(
    'IPv6CIDRToRange',
    call('toIPv6OrDefault', addressText(value)),
    call('toUInt8', call('least', call('greatest', length, integer(0)), integer(128))),
  );
  return call('tupleElement', range, integer(1));
}

function isValid(values: readonly Sql[], lengths: readonly Sql[]): Sql {
  const tests = [
    ...values.map((value) => call('isNotNull', address(value))),
    ...lengths.map((length) => call('ifNull', lengthFits(length), integer(0))),
  ];
  return tests.length === 1 ? (tests[0] as Sql) : infix('AND', ...tests);
}

function shortest(args: readonly Sql[]): Sql {
  const lengths = [prefix(at(args, 0)), prefix(at(args, 1))];
  if (args[2] !== undefined) lengths.push(call('ifNull', args[2], integer(-1, 'Int64')));
  return call('least', ...lengths);
}

function inNetwork(value: Sql, range: Sql): Sql {
  const length = prefix(range);
  return infix(
    'AND',
    isValid([range], [length]),
    infix('=', masked(value, length), masked(range, length)),
  );
}

export const addressRows: readonly FunctionRow[] = [
  finder('has_ipv4', hasAddress),
  finder('has_ipv4_prefix', hasAddressStart),
  anyFinder('has_any_ipv4', hasAddress),
  anyFinder('has_any_ipv4_prefix', hasAddressStart),
  {
    name: 'ipv6_compare',
    takes: ['text, text', 'text, text, integer'],
    gives: 'long',
    nulls: 'always',
    sql: (args) => {
      const length = shortest(args);
      const [a, b] = [masked(at(args, 0), length), masked(at(args, 1), length)];
      return call(
        'multiIf',
        call('not', isValid(args.slice(0, 2), [length])),
        nullOf('Nullable(Int64)'),
        infix('<', a, b),
        integer(-1, 'Int64'),
        infix('=', a, b),
        integer(0, 'Int64'),
        integer(1, 'Int64'),
      );
    },
  },
  {
    name: 'ipv6_is_match',
    takes: ['text, text', 'text, text, integer'],
    gives: 'bool',
    nulls: 'always',
    sql: (args) => {
      const length = shortest(args);
      return call(
        'if',
        isValid(args.slice(0, 2), [length]),
        infix('=', masked(at(args, 0), length), masked(at(args, 1), length)),
        nullOf('Nullable(UInt8)'),
      );
    },
  },
  {
    name: 'ipv6_is_in_range',
    takes: 'text, text',
    gives: 'bool',
    nulls: 'always',
    sql: (args) =>
      call(
        'if',
        isValid([at(args, 0), at(args, 1)], [prefix(at(args, 1))]),
        inNetwork(at(args, 0), at(args, 1)),
        nullOf('Nullable(UInt8)'),
      ),
  },
  {
    name: 'ipv6_is_in_any_range',
    takes: ['text, dynamic', 'text, text...'],
    gives: 'bool',
    nulls: 'always',
    sql: (args, context) => {
      const list = context.args[1] as Bound;
      const any =
        list.type === 'dynamic'
          ? call(
              'arrayExists',
              lambda(['r'], inNetwork(at(args, 0), column('r'))),
              jsonExtract(at(args, 1), list, 'Array(String)'),
            )
          : either(args.slice(1).map((range) => inNetwork(at(args, 0), range)));
      return call('if', isValid([at(args, 0)], []), any, nullOf('Nullable(UInt8)'));
    },
  },
  {
    name: 'parse_ipv6',
    takes: 'text',
    gives: 'string',
    sql: (args) => canonicalIpv6(at(args, 0), integer(128, 'Int64')),
  },
  {
    name: 'parse_ipv6_mask',
    takes: 'text, integer',
    gives: 'string',
    sql: (args) => canonicalIpv6(at(args, 0), call('ifNull', at(args, 1), integer(-1, 'Int64'))),
  },
];

/** Eight groups of four digits, masked by the shorter of the text's own prefix and the given one. */
function canonicalIpv6(written: Sql, given: Sql): Sql {
  // `::1.2.3.4` is read as that IPv4 address, with a network length of its own.
  const address = call(
    'replaceRegexpOne',
    written,
    text('^\\s*::(\\d+\\.\\d+\\.\\d+\\.\\d+)'),
    text('\\1'),
  );
  const length = call('least', prefix(address), given);
  const digits = call('lower', call('hex', masked(address, length)));
  return call(
    'if',
    isValid([address], [given]),
    call('arrayStringConcat', call('extractAll', digits, text('.{4}')), text(':')),
    text(''),
  );
}
