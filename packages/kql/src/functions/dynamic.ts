/** Functions on dynamic values: JSON text in SQL. */

import {
  array,
  call,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  text,
  tuple,
  type Expression as Sql,
} from '@strongroom/sql';
import { arrayElementsMax } from '../limits.js';
import type { Bound } from '../semantics/bound.js';
import { commonType } from '../semantics/types.js';
import { asJsonElement, asText, jsonExtract, jsonPath } from './conversion.js';
import { closed, formula } from './formula.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;

/** A dynamic array's elements as JSON texts. */
export function elements(value: Sql, of: Bound | undefined): Sql {
  const path = jsonPath(value, of);
  return call('JSONExtractArrayRaw', path.root, ...path.keys);
}

/** A JSON array of JSON texts. */
export function jsonArray(list: Sql): Sql {
  return call('concat', text('['), call('arrayStringConcat', list, text(',')), text(']'));
}

/** A bag's members: tuples of key and JSON text. */
export function members(value: Sql, of: Bound | undefined): Sql {
  const path = jsonPath(value, of);
  return call('JSONExtractKeysAndValuesRaw', path.root, ...path.keys);
}

/** A JSON object of such tuples. */
export function jsonBag(list: Sql): Sql {
  const member = call(
    'concat',
    call('toJSONString', call('tupleElement', column('m'), integer(1))),
    text(':'),
    call('tupleElement', column('m'), integer(2)),
  );
  return call(
    'concat',
    text('{'),
    call('arrayStringConcat', call('arrayMap', lambda(['m'], member), list), text(',')),
    text('}'),
  );
}

export const isArray = (value: Sql, of: Bound | undefined): Sql => {
  const path = jsonPath(value, of);
  return infix('=', call('JSONType', path.root, ...path.keys), text('Array'));
};

/** `body` where the value is an array, otherwise null. */
function ifArray(value: Sql, of: Bound | undefined, body: Sql): Sql {
  return call('if', isArray(value, of), body, text(''));
}

function pack(args: readonly Sql[], bounds: readonly Bound[], skipEmpty: boolean): Sql {
  const pairs: Sql[] = [];
  for (let index = 0; index + 1 < args.length; index += 2) {
    const key = asText(at(args, index), bounds[index] as Bound);
    pairs.push(tuple(key, asJsonElement(at(args, index + 1), bounds[index + 1] as Bound)));
  }
  if (pairs.length === 0) return text('{}');
  const list = array(...pairs);
  const kept = skipEmpty
    ? call(
        'arrayFilter',
        lambda(['m'], {
          kind: 'in',
          value: call('tupleElement', column('m'), integer(2)),
          list: [text('null'), text('""')],
          negated: true,
        }),
        list,
      )
    : list;
  return jsonBag(kept);
}

function setOperation(name: string, combine: (lists: readonly Sql[]) => Sql): FunctionRow {
  return {
    name,
    takes: 'dynamic, dynamic...',
    gives: 'dynamic',
    sql: (args, context) =>
      jsonArray(
        call(
          'arrayDistinct',
          combine(args.map((arg, index) => elements(arg, context.args[index]))),
        ),
      ),
  };
}

/** Position from 0, negative from the end, as the engine counts: from 1. */
function position(index: Sql, length: Sql): Sql {
  return call(
    'if',
    infix('>=', index, integer(0)),
    infix('+', index, integer(1)),
    infix('+', infix('+', length, index), integer(1)),
  );
}

function rotated(name: string, sign: 1 | -1, shift: boolean): FunctionRow {
  return {
    name,
    takes: shift ? ['dynamic, integer', 'dynamic, integer, scalar'] : 'dynamic, integer',
    gives: 'dynamic',
    sql: (args, context) => {
      const list = elements(at(args, 0), context.args[0]);
      const signed = sign === 1 ? at(args, 1) : call('negate', at(args, 1));
      // The engine has bounds of its own.
      const by = shift
        ? call(
            'greatest',
            call('least', signed, integer(arrayElementsMax)),
            integer(-arrayElementsMax),
          )
        : infix('%', signed, call('toInt64', call('greatest', call('length', list), integer(1))));
      if (shift) {
        // What moves in beside texts is an empty one.
        const fill =
          args[2] === undefined
            ? closed(
                formula(
                  `if(notEmpty($list) AND arrayAll(e -> startsWith(e, '"'), $list), '""', 'null')`,
                  { list },
                ),
              )
            : asJsonElement(args[2], context.args[2] as Bound);
        return ifArray(
          at(args, 0),
          context.args[0],
          jsonArray(
            call(
              'if',
              infix('>=', by, integer(0)),
              call('arrayShiftLeft', list, call('abs', by), fill),
              call('arrayShiftRight', list, call('abs', by), fill),
            ),
          ),
        );
      }
      return ifArray(
        at(args, 0),
        context.args[0],
        jsonArray(
          call(
            'if',
            infix('>=', by, integer(0)),
            call('arrayRotateLeft', list, call('abs', by)),
            call('arrayRotateRight', list, call('abs', by)),
          ),
        ),
      );
    },
  };
}

/** `pack_all(true)`: members that are empty are left out. */
export const packNonEmpty: FunctionRow = {
  name: '$pack_nonempty',
  takes: 'scalar...',
  gives: 'dynamic',
  sql: (args, context) => pack(args, context.args, true),
};

export const dynamicRows: readonly FunctionRow[] = [
  {
    name: 'bag_pack',
    aliases: ['pack', 'pack_dictionary'],
    takes: ['', 'scalar...'],
    gives: 'dynamic',
    sql: (args, context) => pack(args, context.args, false),
  },
  {
    name: 'pack_array',
    takes: ['', 'scalar...'],
    gives: 'dynamic',
    sql: (args, context) => {
      if (args.length === 0) return text('[]');
      if (args.length === 1 && context.args[0]?.kind === 'call' && context.args[0].name === 'range')
        return at(args, 0);
      return jsonArray(
        array(...args.map((arg, index) => asJsonElement(arg, context.args[index] as Bound))),
      );
    },
  },
  {
    name: 'array_length',
    aliases: ['arraylength'],
    takes: 'dynamic',
    gives: 'long',
    nulls: 'always',
    sql: (args, context) => {
      const path = jsonPath(at(args, 0), context.args[0]);
      return call(
        'if',
        isArray(at(args, 0), context.args[0]),
        call('toInt64', call('JSONLength', path.root, ...path.keys)),
        nullOf('Nullable(Int64)'),
      );
    },
  },
  {
    name: 'array_concat',
    takes: 'dynamic...',
    gives: 'dynamic',
    sql: (args, context) =>
      jsonArray(
        args.length === 1
          ? elements(at(args, 0), context.args[0])
          : call('arrayConcat', ...args.map((arg, index) => elements(arg, context.args[index]))),
      ),
  },
  {
    name: 'array_slice',
    takes: 'dynamic, integer, integer',
    gives: 'dynamic',
    sql: (args, context) => {
      const list = elements(at(args, 0), context.args[0]);
      const length = call('toInt64', call('length', list));
      const start = call('greatest', position(at(args, 1), length), integer(1, 'Int64'));
      const end = position(at(args, 2), length);
      return ifArray(
        at(args, 0),
        context.args[0],
        jsonArray(
          call(
            'arraySlice',
            list,
            start,
            call('greatest', infix('+', infix('-', end, start), integer(1)), integer(0, 'Int64')),
          ),
        ),
      );
    },
  },
  {
    // (array, value, start, length, occurrence); a length of -1 has no end.
    name: 'array_index_of',
    takes: 'dynamic, scalar, integer?, integer?, integer?',
    gives: 'long',
    nulls: 'always',
    sql: (args, context) => {
      const list = jsonExtract(at(args, 0), context.args[0], 'Array(String)');
      const wanted = asText(at(args, 1), context.args[1] as Bound);
      if (args.length === 2)
        return infix('-', call('toInt64', call('indexOf', list, wanted)), integer(1));
      return closed(
        formula(
          `let w = $wanted; let l = $list; let s = ifNull($start, 0); let n = ifNull($count, -1); let o = ifNull($nth, 1);
           let b = if(s < 0, greatest(toInt64(length(l)) + s, 0), s);
           let f = arrayFilter(i -> l[i] = w AND i > b AND (n < 0 OR i <= b + n), arrayEnumerate(l));
           if(n < -1 OR o < 0, null('Nullable(Int64)'),
             if(o = 0 OR o > length(f), -1, toInt64(f[greatest(o, 1)]) - 1))`,
          {
            wanted,
            list,
            start: at(args, 2),
            count: args[3] ?? integer(-1),
            nth: args[4] ?? integer(1),
          },
        ),
      );
    },
  },
  {
    name: 'array_reverse',
    takes: 'dynamic',
    gives: 'dynamic',
    sql: (args, context) =>
      ifArray(
        at(args, 0),
        context.args[0],
        jsonArray(call('reverse', elements(at(args, 0), context.args[0]))),
      ),
  },
  rotated('array_rotate_left', 1, false),
  rotated('array_rotate_right', -1, false),
  rotated('array_shift_left', 1, true),
  rotated('array_shift_right', -1, true),
  {
    name: 'array_sum',
    takes: 'dynamic',
    gives: 'real',
    nulls: 'always',
    sql: (args, context) =>
      call(
        'if',
        isArray(at(args, 0), context.args[0]),
        call('arraySum', jsonExtract(at(args, 0), context.args[0], 'Array(Float64)')),
        nullOf('Nullable(Float64)'),
      ),
  },
  {
    name: 'array_iff',
    aliases: ['array_iif'],
    takes: 'dynamic, scalar, scalar',
    gives: 'dynamic',
    sql: (args, context) => {
      const conditions = elements(at(args, 0), context.args[0]);
      const pick = (index: 1 | 2): Sql => {
        const of = context.args[index] as Bound;
        const json = asJsonElement(at(args, index), of);
        if (of.type !== 'dynamic') return json;
        const list = elements(at(args, index), of);
        const element = call('arrayElement', list, column('i'));
        return call(
          'if',
          isArray(at(args, index), of),
          call('if', infix('=', element, text('')), text('null'), element),
          json,
        );
      };
      const truth = call(
        'multiIf',
        { kind: 'in', value: column('c'), list: [text('true')], negated: false },
        pick(1),
        infix(
          'AND',
          call('isNotNull', call('toFloat64OrNull', column('c'))),
          infix('!=', call('toFloat64OrZero', column('c')), integer(0)),
        ),
        pick(1),
        // What is neither a bool nor a number is null.
        infix(
          'AND',
          infix('!=', column('c'), text('false')),
          call('isNull', call('toFloat64OrNull', column('c'))),
        ),
        text('null'),
        pick(2),
      );
      return ifArray(
        at(args, 0),
        context.args[0],
        jsonArray(
          call(
            'arrayMap',
            lambda(['c', 'i'], truth),
            conditions,
            call('arrayEnumerate', conditions),
          ),
        ),
      );
    },
  },
  {
    name: 'array_split',
    takes: ['dynamic, integer', 'dynamic, dynamic'],
    gives: 'dynamic',
    sql: (args, context) => {
      const list = elements(at(args, 0), context.args[0]);
      const of = context.args[1] as Bound;
      const length = call('toInt64', call('length', list));
      const cuts =
        of.type === 'dynamic'
          ? jsonExtract(at(args, 1), of, 'Array(Int64)')
          : array(call('toInt64', call('ifNull', at(args, 1), integer(0))));
      const absolute = call(
        'arrayMap',
        lambda(
          ['c'],
          call(
            'least',
            call(
              'greatest',
              call(
                'if',
                infix('<', column('c'), integer(0)),
                infix('+', length, column('c')),
                column('c'),
              ),
              integer(0, 'Int64'),
            ),
            length,
          ),
        ),
        cuts,
      );
      const starts = call('arrayPushFront', absolute, integer(0, 'Int64'));
      const ends = call('arrayPushBack', absolute, length);
      return ifArray(
        at(args, 0),
        context.args[0],
        jsonArray(
          call(
            'arrayMap',
            lambda(
              ['s', 'e'],
              jsonArray(
                call(
                  'arraySlice',
                  list,
                  infix('+', column('s'), integer(1)),
                  call('greatest', infix('-', column('e'), column('s')), integer(0, 'Int64')),
                ),
              ),
            ),
            starts,
            ends,
          ),
        ),
      );
    },
  },
  {
    name: 'strcat_array',
    aliases: ['array_strcat'],
    takes: 'dynamic, printable',
    gives: 'string',
    constants: [1],
    sql: (args, context) =>
      call(
        'arrayStringConcat',
        jsonExtract(at(args, 0), context.args[0], 'Array(String)'),
        at(args, 1),
      ),
  },
  {
    name: 'repeat',
    takes: 'scalar, integer',
    gives: 'dynamic',
    sql: (args, context) =>
      closed(
        formula(`let n = ifNull($count, -1); if(n < 0, '', $list(least(greatest(n, 0), $max)))`, {
          count: at(args, 1),
          max: integer(arrayElementsMax),
          list: (count) =>
            jsonArray(
              call(
                'arrayWithConstant',
                count as Sql,
                asJsonElement(at(args, 0), context.args[0] as Bound),
              ),
            ),
        }),
      ),
  },
  {
    name: 'range',
    takes: [
      'number, number',
      'number, number, number',
      'datetime, datetime',
      'datetime, datetime, timespan',
      'timespan, timespan',
      'timespan, timespan, timespan',
    ],
    gives: 'dynamic',
    sql: (given, context) => {
      const [first, last] = context.args;
      const fractional = context.args.some((arg) => arg.type === 'real' || arg.type === 'decimal');
      const args = fractional ? given.map((arg) => call('toFloat64', arg)) : given;
      const type = fractional
        ? 'real'
        : (commonType([first?.type ?? 'long', last?.type ?? 'long']) ?? 'long');
      const step =
        args[2] ??
        (type === 'datetime' || type === 'timespan'
          ? integer(36_000_000_000n, 'Int64')
          : integer(1, 'Int64'));
      const count = call(
        'greatest',
        infix(
          '+',
          call(
            'accurateCastOrNull',
            call('floor', infix('/', infix('-', at(args, 1), at(args, 0)), step)),
            text('Int64'),
          ),
          integer(1),
        ),
        integer(0, 'Int64'),
      );
      const value = infix('+', at(args, 0), infix('*', column('n'), step));
      const of = {
        kind: 'column',
        type: type === 'int' ? 'long' : type,
        nullable: false,
        column: { type: 'long', nullable: false, sql: 'n' },
      } as Bound;
      const bounded = call(
        'ifNull',
        call('least', count, integer(arrayElementsMax, 'Int64')),
        integer(0),
      );
      return call(
        'ifNull',
        jsonArray(
          call(
            'arrayMap',
            lambda(['n'], asJsonElement(call('assumeNotNull', value), of)),
            call('range', call('assumeNotNull', bounded)),
          ),
        ),
        text(''),
      );
    },
  },
  setOperation('set_union', (lists) =>
    lists.length === 1 ? (lists[0] as Sql) : call('arrayConcat', ...lists),
  ),
  setOperation('set_intersect', (lists) =>
    lists.length === 1 ? (lists[0] as Sql) : call('arrayIntersect', ...lists),
  ),
  setOperation('set_difference', (lists) => {
    const [first, ...rest] = lists;
    if (rest.length === 0) return first as Sql;
    const others = rest.length === 1 ? (rest[0] as Sql) : call('arrayConcat', ...rest);
    return call(
      'arrayFilter',
      lambda(['x'], call('not', call('has', others, column('x')))),
      first as Sql,
    );
  }),
  {
    name: 'set_has_element',
    takes: 'dynamic, scalar',
    gives: 'bool',
    sql: (args, context) =>
      call(
        'has',
        jsonExtract(at(args, 0), context.args[0], 'Array(String)'),
        asText(at(args, 1), context.args[1] as Bound),
      ),
  },
  {
    name: 'jaccard_index',
    takes: 'dynamic, dynamic',
    gives: 'dynamic',
    sql: (args, context) => {
      const lists = args.map((arg, index) =>
        call('arrayDistinct', elements(arg, context.args[index])),
      );
      const shared = call('length', call('arrayIntersect', ...lists));
      const all = call('length', call('arrayDistinct', call('arrayConcat', ...lists)));
      return call('toString', infix('/', shared, all));
    },
  },
  {
    name: 'bag_merge',
    takes: 'dynamic, dynamic...',
    gives: 'dynamic',
    sql: (args, context) => {
      const all =
        args.length === 1
          ? members(at(args, 0), context.args[0])
          : call('arrayConcat', ...args.map((arg, index) => members(arg, context.args[index])));
      const keys = call(
        'arrayMap',
        lambda(['m'], call('tupleElement', column('m'), integer(1))),
        all,
      );
      return jsonBag(
        call(
          'arrayFilter',
          lambda(['m', 'u'], infix('=', column('u'), integer(1))),
          all,
          call('arrayEnumerateUniq', keys),
        ),
      );
    },
  },
  {
    name: 'zip',
    takes: 'dynamic, dynamic...',
    gives: 'dynamic',
    sql: (args, context) => {
      const lists = args.map((arg, index) => elements(arg, context.args[index]));
      const length = call('arrayMax', array(...lists.map((list) => call('length', list))));
      const row = jsonArray(
        array(
          ...lists.map((list) => {
            const element = call('arrayElement', list, infix('+', column('i'), integer(1)));
            return call('if', infix('=', element, text('')), text('null'), element);
          }),
        ),
      );
      return jsonArray(call('arrayMap', lambda(['i'], row), call('range', length)));
    },
  },
  {
    name: 'treepath',
    takes: 'dynamic',
    gives: 'dynamic',
    sql: (args, context) => {
      const keys = call('JSONExtractKeys', jsonPath(at(args, 0), context.args[0]).root);
      return call(
        'toJSONString',
        call('arrayMap', lambda(['k'], call('concat', text("['"), column('k'), text("']"))), keys),
      );
    },
  },
  {
    name: 'gettype',
    takes: 'scalar',
    gives: 'string',
    sql: (args, context) => {
      const of = context.args[0] as Bound;
      if (of.type !== 'dynamic')
        return of.nullable
          ? call('if', call('isNull', at(args, 0)), text('null'), text(of.type))
          : text(of.type);
      const path = jsonPath(at(args, 0), of);
      return call(
        'transform',
        call('toString', call('JSONType', path.root, ...path.keys)),
        array(
          text('Object'),
          text('Array'),
          text('String'),
          text('Int64'),
          text('UInt64'),
          text('Double'),
          text('Bool'),
          text('Null'),
        ),
        array(
          text('dictionary'),
          text('array'),
          text('string'),
          text('long'),
          text('long'),
          text('double'),
          text('bool'),
          text('null'),
        ),
        text('null'),
      );
    },
  },
];
