/** Text as bytes, records and rewritten text. */

import {
  array,
  bound,
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
import type { Bound } from '../semantics/bound.js';
import { jsonExtract } from './conversion.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;

function constantText(of: Bound | undefined): string {
  return of?.kind === 'constant' && of.value !== null ? String(of.value) : '';
}

function escaped(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

const base64Shape = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$';

/** A .NET GUID's bytes: the first three numbers have their least byte first. */
function guidBytes(value: Sql): Sql {
  const bytes = call('unhex', call('replaceAll', call('toString', value), text('-'), text('')));
  return dotnetOrder(bytes);
}

function dotnetOrder(bytes: Sql): Sql {
  const part = (start: number, size: number): Sql =>
    call('substring', bytes, integer(start), integer(size));
  return call(
    'concat',
    call('reverse', part(1, 4)),
    call('reverse', part(5, 2)),
    call('reverse', part(7, 2)),
    part(9, 8),
  );
}

function jsonValues(of: Bound | undefined): unknown[] {
  try {
    const parsed: unknown = JSON.parse(constantText(of));
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

export const encodingRows: readonly FunctionRow[] = [
  {
    name: 'base64_decode_toarray',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) => {
      const bytes = call('tryBase64Decode', at(args, 0));
      const numbers = call(
        'arrayMap',
        lambda(
          ['i'],
          call('reinterpretAsUInt8', call('substring', bytes, column('i'), integer(1))),
        ),
        call('range', integer(1), infix('+', call('length', bytes), integer(1))),
      );
      return call(
        'if',
        call('match', at(args, 0), text(base64Shape)),
        call('toJSONString', numbers),
        text(''),
      );
    },
  },
  {
    name: 'base64_encode_fromarray',
    takes: 'dynamic',
    gives: 'string',
    sql: (args, context) => {
      const bytes = jsonExtract(at(args, 0), context.args[0], 'Array(Nullable(Int64))');
      const isByte: Sql = {
        kind: 'between',
        value: column('b'),
        low: integer(0),
        high: integer(255),
      };
      const joined = call(
        'arrayStringConcat',
        call('arrayMap', lambda(['b'], call('char', call('assumeNotNull', column('b')))), bytes),
      );
      return call(
        'if',
        call('arrayAll', lambda(['b'], call('ifNull', isByte, integer(0))), bytes),
        call('base64Encode', joined),
        text(''),
      );
    },
  },
  {
    name: 'base64_decode_toguid',
    takes: 'text',
    gives: 'guid',
    nulls: 'always',
    sql: (args) => {
      const bytes = call('tryBase64Decode', at(args, 0));
      const digits = call('lower', call('hex', dotnetOrder(bytes)));
      const part = (start: number, size: number): Sql =>
        call('substring', digits, integer(start), integer(size));
      const written = call(
        'concat',
        part(1, 8),
        text('-'),
        part(9, 4),
        text('-'),
        part(13, 4),
        text('-'),
        part(17, 4),
        text('-'),
        part(21, 12),
      );
      return call(
        'if',
        infix('=', call('length', bytes), integer(16)),
        call('toUUIDOrNull', written),
        nullOf('Nullable(UUID)'),
      );
    },
  },
  {
    name: 'base64_encode_fromguid',
    takes: 'guid',
    gives: 'string',
    sql: (args) => call('ifNull', call('base64Encode', guidBytes(at(args, 0))), text('')),
  },
  {
    name: 'replace_strings',
    takes: 'text, dynamic, dynamic',
    gives: 'string',
    constants: [1, 2],
    sql: (args, context) => {
      const wanted = jsonValues(context.args[1]);
      const given = jsonValues(context.args[2]);
      // In the order of the lookup texts; what one of them has replaced is not looked at again.
      // Pieces of the text, and whether each has been replaced.
      let pieces = array(tuple(at(args, 0), integer(0)));
      for (const [index, from] of wanted.entries()) {
        const to = given[index];
        if (typeof from !== 'string' || from === '') continue;
        const part = (position: 1 | 2): Sql => call('tupleElement', column('t'), integer(position));
        const split = call('splitByString', bound(from), part(1));
        const left = tuple(column('p'), integer(0));
        const replaced = tuple(bound(typeof to === 'string' ? to : from), integer(1));
        const cut = call(
          'arrayMap',
          lambda(
            ['p', 'i'],
            call('if', infix('=', column('i'), integer(1)), array(left), array(replaced, left)),
          ),
          split,
          call('arrayEnumerate', split),
        );
        pieces = call(
          'arrayFlatten',
          call(
            'arrayMap',
            lambda(
              ['t'],
              call(
                'if',
                infix('=', part(2), integer(1)),
                array(column('t')),
                call('arrayFlatten', cut),
              ),
            ),
            pieces,
          ),
        );
      }
      return call(
        'arrayStringConcat',
        call('arrayMap', lambda(['t'], call('tupleElement', column('t'), integer(1))), pieces),
      );
    },
  },
  {
    name: 'translate',
    takes: 'text, text, text',
    gives: 'string',
    constants: [0, 1],
    sql: (args, context) => {
      const from = [...constantText(context.args[0])];
      const to = [...constantText(context.args[1])];
      if (from.length === 0) return at(args, 2);
      if (to.length === 0)
        return call(
          'replaceRegexpAll',
          at(args, 2),
          bound(`[${from.map(escaped).join('')}]`),
          text(''),
        );
      // The last character stands in for those that have none; the first of two alike counts.
      const pairs = new Map<string, string>();
      for (const [index, each] of from.entries()) {
        if (!pairs.has(each)) pairs.set(each, to[index] ?? (to.at(-1) as string));
      }
      return call(
        'translateUTF8',
        at(args, 2),
        bound([...pairs.keys()].join('')),
        bound([...pairs.values()].join('')),
      );
    },
  },
  {
    name: 'parse_csv',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) => {
      // RFC 4180; only the first record is read.
      const record = call(
        'regexpExtract',
        at(args, 0),
        text('^((?:"(?:[^"]|"")*"|[^"\\r\\n])*)'),
        integer(1),
      );
      const fields = call(
        'extractAllGroupsVertical',
        call('concat', text(','), record),
        text(',(?:"((?:[^"]|"")*)"|([^,]*))'),
      );
      const quoted = call('arrayElement', column('f'), integer(1));
      return call(
        'toJSONString',
        call(
          'arrayMap',
          lambda(
            ['f'],
            call(
              'if',
              infix('!=', quoted, text('')),
              call('replaceAll', quoted, text('""'), text('"')),
              call('arrayElement', column('f'), integer(2)),
            ),
          ),
          fields,
        ),
      );
    },
  },
  {
    name: 'parse_urlquery',
    aliases: ['parseurlquery'],
    takes: 'text',
    gives: 'dynamic',
    sql: (args) => {
      const pairs = call(
        'arrayFilter',
        lambda(['p'], infix('!=', column('p'), text(''))),
        call(
          'splitByChar',
          text('&'),
          call('replaceRegexpOne', at(args, 0), text('^\\?'), text('')),
        ),
      );
      const at0 = call('position', column('p'), text('='));
      const key = call(
        'if',
        infix('=', at0, integer(0)),
        column('p'),
        call('substring', column('p'), integer(1), infix('-', at0, integer(1))),
      );
      const value = call(
        'if',
        infix('=', at0, integer(0)),
        text(''),
        call('substring', column('p'), infix('+', at0, integer(1))),
      );
      return call(
        'concat',
        text('{"Query Parameters":{'),
        call(
          'arrayStringConcat',
          call(
            'arrayMap',
            lambda(
              ['p'],
              call('concat', call('toJSONString', key), text(':'), call('toJSONString', value)),
            ),
            pairs,
          ),
          text(','),
        ),
        text('}}'),
      );
    },
  },
  {
    name: 'indexof_regex',
    takes: [
      'printable, printable',
      'printable, printable, integer',
      'printable, printable, integer, integer',
      'printable, printable, integer, integer, integer',
    ],
    regexes: [1],
    gives: 'long',
    nulls: 'always',
    constants: [1, 4],
    sql: (args, context) => {
      const of = context.args[4];
      const nth = of?.kind === 'constant' && typeof of.value === 'bigint' ? of.value : 1n;
      if (nth < 0n) return nullOf('Nullable(Int64)');
      if (nth === 0n || nth > 100n) return integer(-1, 'Int64');
      const start =
        args[2] === undefined
          ? integer(0, 'Int64')
          : call('greatest', args[2], integer(0, 'Int64'));
      const from = call('substringUTF8', at(args, 0), infix('+', start, integer(1)));
      const part =
        args[3] === undefined
          ? from
          : call(
              'if',
              infix('<', args[3], integer(0)),
              from,
              call('substringUTF8', from, integer(1), call('greatest', args[3], integer(0))),
            );
      const wanted = call('concat', text('(?:'), at(args, 1), text(')'));
      // Matches do not overlap.
      const before =
        nth === 1n
          ? call('concat', text('^((?s:.*?))'), wanted)
          : call('concat', text('^((?s:.*?)(?:'), wanted, text(`(?s:.*?)){${nth - 1n}})`), wanted);
      // A start before the text, or a length below the -1 that stands for all, has no answer.
      const wrong = [
        ...(args[2] === undefined ? [] : [infix('<', args[2], integer(0))]),
        ...(args[3] === undefined ? [] : [infix('<', args[3], integer(-1))]),
      ];
      return call(
        'multiIf',
        ...wrong.flatMap((test) => [test, nullOf('Nullable(Int64)')]),
        call('match', part, before),
        infix(
          '+',
          start,
          call('toInt64', call('lengthUTF8', call('regexpExtract', part, before, integer(1)))),
        ),
        integer(-1, 'Int64'),
      );
    },
  },
  {
    name: 'hash_xxhash64',
    takes: ['printable', 'printable, integer'],
    gives: 'long',
    nulls: (args) => (args.length === 1 ? 'args' : 'always'),
    sql: (args) => {
      const hashed = call('xxHash64', at(args, 0));
      return args[1] === undefined
        ? call('reinterpretAsInt64', hashed)
        : call(
            'toInt64',
            call('positiveModuloOrNull', call('toInt128', hashed), call('toInt128', args[1])),
          );
    },
  },
  {
    name: 'isascii',
    takes: 'printable',
    gives: 'bool',
    sql: (args) => call('match', at(args, 0), text('^[\\x00-\\x7f]*$')),
  },
  {
    name: 'isutf8',
    takes: 'printable',
    gives: 'bool',
    sql: (args) => infix('=', call('isValidUTF8', at(args, 0)), integer(1)),
  },
  {
    name: 'parse_command_line',
    takes: 'printable, text',
    gives: 'dynamic',
    constants: [1],
    sql: (args, context) => {
      // Windows' rules: of the backslashes before a quote every pair is one, an odd one escapes it.
      if (constantText(context.args[1]).toLowerCase() !== 'windows') return text('');
      const words = call(
        'extractAll',
        at(args, 0),
        text(
          '(?s)(?:[^\\s"\\\\]|\\\\+[^\\s"\\\\]|\\\\+$|(?:\\\\\\\\)*\\\\"|(?:\\\\\\\\)*"(?:\\\\.|[^"\\\\])*(?:"|$)|\\\\+)+',
        ),
      );
      const parts = call('splitByChar', text('"'), column('w'));
      const kept = call('trimRight', column('p'), text('\\'));
      const slashes = infix('-', call('length', column('p')), call('length', kept));
      const read = call(
        'arrayMap',
        lambda(
          ['p', 'i'],
          call(
            'if',
            infix('=', column('i'), call('length', parts)),
            column('p'),
            call(
              'concat',
              kept,
              call('repeat', text('\\'), call('intDiv', slashes, integer(2))),
              call(
                'if',
                infix('=', infix('%', slashes, integer(2)), integer(1)),
                text('"'),
                text(''),
              ),
            ),
          ),
        ),
        parts,
        call('arrayEnumerate', parts),
      );
      return call(
        'if',
        infix('=', at(args, 0), text('')),
        text(''),
        call(
          'toJSONString',
          call('arrayMap', lambda(['w'], call('arrayStringConcat', read)), words),
        ),
      );
    },
  },
];
