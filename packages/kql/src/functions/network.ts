/** IPv4, IPv6 and what looks for them in text. */

import { call, infix, integer, nullOf, text, type Expression as Sql } from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const ipv4Shape = '^\\s*(\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3})(?:/(\\d{1,2}))?\\s*$';

const address = (value: Sql): Sql =>
  call('IPv4StringToNumOrNull', call('regexpExtract', value, text(ipv4Shape), integer(1)));
/** The network's length; 32 where none is written. */
const prefix = (value: Sql): Sql => {
  const written = call('regexpExtract', value, text(ipv4Shape), integer(2));
  return call('if', infix('=', written, text('')), integer(32), call('toUInt8OrZero', written));
};
/** The address with its host bits cleared. Lengths beyond an address's own are its own. */
const masked = (value: Sql, length: Sql): Sql => {
  const host = infix(
    '-',
    integer(32),
    call('least', call('greatest', length, integer(0)), integer(32)),
  );
  return call('bitShiftLeft', call('bitShiftRight', call('toUInt64', value), host), host);
};

function inRange(value: Sql, range: Sql): Sql {
  return infix('=', masked(address(value), prefix(range)), masked(address(range), prefix(range)));
}

const privateRanges: readonly (readonly [bigint, bigint])[] = [
  [0x0a000000n, 0x0affffffn],
  [0xac100000n, 0xac1fffffn],
  [0xc0a80000n, 0xc0a8ffffn],
];

export const networkRows: readonly FunctionRow[] = [
  {
    name: 'ipv4_is_private',
    takes: 'text',
    gives: 'bool',
    nulls: 'always',
    sql: (args) => {
      const number = address(at(args, 0));
      return infix(
        'OR',
        ...privateRanges.map(([low, high]): Sql => ({
          kind: 'between',
          value: number,
          low: integer(low),
          high: integer(high),
        })),
      );
    },
  },
  {
    name: 'ipv4_is_in_range',
    takes: 'text, text',
    gives: 'bool',
    nulls: 'always',
    sql: (args) => inRange(at(args, 0), at(args, 1)),
  },
  {
    name: 'ipv4_is_in_any_range',
    takes: ['text, dynamic', 'text, text...'],
    gives: 'bool',
    nulls: 'always',
    sql: (args, context) => {
      const list = context.args[1] as Bound;
      if (list.type === 'dynamic') {
        const ranges = call('JSONExtract', at(args, 1), text('Array(String)'));
        return call(
          'if',
          call('isNull', address(at(args, 0))),
          nullOf('Nullable(UInt8)'),
          call(
            'arrayExists',
            {
              kind: 'lambda',
              names: ['r'],
              body: call('ifNull', inRange(at(args, 0), { kind: 'column', name: 'r' }), integer(0)),
            },
            ranges,
          ),
        );
      }
      const tests = args
        .slice(1)
        .map((range) => call('ifNull', inRange(at(args, 0), range), integer(0)));
      const any = tests.length === 1 ? (tests[0] as Sql) : infix('OR', ...tests);
      return call('if', call('isNull', address(at(args, 0))), nullOf('Nullable(UInt8)'), any);
    },
  },
  {
    name: 'parse_ipv4',
    takes: 'text',
    gives: 'long',
    nulls: 'always',
    sql: (args) => call('toInt64', masked(address(at(args, 0)), prefix(at(args, 0)))),
  },
  {
    name: 'parse_ipv4_mask',
    takes: 'text, integer',
    gives: 'long',
    nulls: 'always',
    // The shorter of the two networks counts.
    sql: (args) =>
      call(
        'if',
        { kind: 'between', value: at(args, 1), low: integer(0), high: integer(32) },
        call(
          'toInt64',
          masked(address(at(args, 0)), call('least', prefix(at(args, 0)), at(args, 1))),
        ),
        nullOf('Nullable(Int64)'),
      ),
  },
  ...(['format_ipv4', 'format_ipv4_mask'] as const).map((name): FunctionRow => ({
    name,
    takes: ['text', 'text, integer', 'long', 'long, integer'],
    gives: 'string',
    sql: (args, context) => {
      const isText = context.args[0]?.type === 'string';
      const number = isText ? call('toInt64', address(at(args, 0))) : at(args, 0);
      const written = isText ? prefix(at(args, 0)) : integer(32);
      const given = args[1] ?? integer(32);
      // The shorter of the two networks counts.
      const length = call('least', written, given);
      const fits = infix(
        'AND',
        { kind: 'between', value: length, low: integer(0), high: integer(32) },
        { kind: 'between', value: given, low: integer(0), high: integer(32) },
        { kind: 'between', value: number, low: integer(0), high: integer(0xffffffffn) },
      );
      const safe = call('if', fits, length, integer(0));
      const network = call('IPv4NumToString', call('toUInt32', masked(number, safe)));
      const shown =
        name === 'format_ipv4'
          ? network
          : call('concat', network, text('/'), call('toString', length));
      return call('ifNull', call('if', fits, shown, text('')), text(''));
    },
  })),
  {
    name: 'ipv4_netmask_suffix',
    takes: 'text',
    gives: 'long',
    nulls: 'always',
    sql: (args) =>
      call(
        'if',
        call('isNull', address(at(args, 0))),
        nullOf('Nullable(Int64)'),
        call('toInt64', prefix(at(args, 0))),
      ),
  },
  ...(['ipv4_compare', 'ipv4_is_match'] as const).map((name): FunctionRow => ({
    name,
    takes: ['text, text', 'text, text, integer'],
    gives: name === 'ipv4_compare' ? 'long' : 'bool',
    nulls: 'always',
    sql: (args) => {
      const lengths = [
        prefix(at(args, 0)),
        prefix(at(args, 1)),
        ...(args[2] === undefined ? [] : [args[2]]),
      ];
      const length = call('least', ...lengths);
      const [a, b] = [masked(address(at(args, 0)), length), masked(address(at(args, 1)), length)];
      if (name === 'ipv4_is_match') return infix('=', a, b);
      return call(
        'toInt64',
        call(
          'multiIf',
          call('isNull', infix('=', a, b)),
          nullOf('Nullable(Int8)'),
          infix('<', a, b),
          integer(-1),
          infix('=', a, b),
          integer(0),
          integer(1),
        ),
      );
    },
  })),
];
