/** Functions on text. */

import {
  array,
  call,
  column,
  infix,
  integer,
  lambda,
  text,
  type Expression as Sql,
} from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import { emptyForNull, jsonExtract, jsonPath } from './conversion.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const trimmed =
  (side: 'start' | 'end' | 'both') =>
  (args: readonly Sql[]): Sql => {
    const pattern = at(args, 0);
    const head = call(
      'replaceRegexpOne',
      at(args, 1),
      call('concat', text('^(?:'), pattern, text(')')),
      text(''),
    );
    const tail = (value: Sql): Sql =>
      call('replaceRegexpOne', value, call('concat', text('(?:'), pattern, text(')$')), text(''));
    return side === 'start' ? head : side === 'end' ? tail(at(args, 1)) : tail(head);
  };

/** A JSON array of texts. */
export function jsonOfTexts(list: Sql): Sql {
  return call('toJSONString', list);
}

function constantBigint(of: Bound | undefined): bigint | undefined {
  return of?.kind === 'constant' && typeof of.value === 'bigint' ? of.value : undefined;
}

export const stringRows: readonly FunctionRow[] = [
  {
    name: 'strlen',
    takes: 'text',
    gives: 'long',
    sql: (args) => call('toInt64', call('lengthUTF8', at(args, 0))),
  },
  {
    name: 'string_size',
    takes: 'text',
    gives: 'long',
    sql: (args) => call('toInt64', call('length', at(args, 0))),
  },
  {
    name: 'tolower',
    takes: 'printable',
    gives: 'string',
    sql: (args) => call('lowerUTF8', at(args, 0)),
  },
  {
    name: 'toupper',
    takes: 'printable',
    gives: 'string',
    sql: (args) => call('upperUTF8', at(args, 0)),
  },
  {
    name: 'reverse',
    takes: 'printable',
    gives: 'string',
    sql: (args) => call('reverseUTF8', at(args, 0)),
  },
  {
    name: 'strcat',
    takes: 'printable...',
    gives: 'string',
    fold: (values) => values.join(''),
    sql: (args) => (args.length === 1 ? at(args, 0) : call('concat', ...args)),
  },
  {
    name: 'strcat_delim',
    takes: 'printable, printable, printable...',
    gives: 'string',
    sql: (args) => {
      const [delimiter, ...parts] = args;
      const joined = parts.flatMap((part, index) =>
        index === 0 ? [part] : [delimiter as Sql, part],
      );
      return joined.length === 1 ? (joined[0] as Sql) : call('concat', ...joined);
    },
  },
  {
    name: 'strrep',
    takes: ['printable, integer', 'printable, integer, printable'],
    gives: 'string',
    sql: (args) => {
      // Kusto's own limit.
      const count = call(
        'least',
        call('greatest', call('ifNull', at(args, 1), integer(0)), integer(0)),
        integer(1024),
      );
      if (args.length === 2) return call('repeat', at(args, 0), count);
      const delimited = call(
        'repeat',
        call('concat', at(args, 0), at(args, 2)),
        call('greatest', infix('-', count, integer(1)), integer(0)),
      );
      return call(
        'if',
        infix('>', count, integer(0)),
        call('concat', delimited, at(args, 0)),
        text(''),
      );
    },
  },
  {
    name: 'strcmp',
    takes: 'printable, printable',
    gives: 'long',
    sql: (args) =>
      call(
        'toInt64',
        call(
          'multiIf',
          infix('<', at(args, 0), at(args, 1)),
          integer(-1),
          infix('=', at(args, 0), at(args, 1)),
          integer(0),
          integer(1),
        ),
      ),
  },
  {
    name: 'substring',
    takes: ['printable, integer', 'printable, integer, integer'],
    gives: 'string',
    sql: (args, context) => {
      const start = constantBigint(context.args[1]);
      const from =
        start !== undefined
          ? integer(start >= 0n ? start + 1n : start)
          : call(
              'if',
              infix('>=', at(args, 1), integer(0)),
              infix('+', at(args, 1), integer(1)),
              at(args, 1),
            );
      const value = call(
        'substringUTF8',
        at(args, 0),
        from,
        ...(args.length === 3 ? [call('greatest', at(args, 2), integer(0))] : []),
      );
      return context.args.some((arg) => arg.nullable) ? call('ifNull', value, text('')) : value;
    },
  },
  {
    name: 'indexof',
    takes: [
      'printable, printable',
      'printable, printable, integer',
      'printable, printable, integer, integer',
      'printable, printable, integer, integer, integer',
    ],
    gives: 'long',
    sql: (args) => {
      if (args.length === 2)
        return infix(
          '-',
          call('toInt64', call('positionUTF8', at(args, 0), at(args, 1))),
          integer(1),
        );
      const start = infix(
        '+',
        // Bounded above too: the greatest long would wrap.
        call(
          'least',
          call(
            'greatest',
            call(
              'if',
              infix('<', at(args, 2), integer(0)),
              infix('+', call('toInt64', call('lengthUTF8', at(args, 0))), at(args, 2)),
              at(args, 2),
            ),
            integer(0),
          ),
          integer(2 ** 31),
        ),
        integer(1),
      );
      const found = infix(
        '-',
        call('toInt64', call('positionUTF8', at(args, 0), at(args, 1), call('toUInt64', start))),
        integer(1),
      );
      if (args.length === 3) return found;
      const limit = infix('-', infix('+', start, at(args, 3)), integer(1));
      const bounded = call(
        'if',
        infix(
          'AND',
          infix('>=', at(args, 3), integer(0)),
          infix('>', infix('+', found, call('toInt64', call('lengthUTF8', at(args, 1)))), limit),
        ),
        integer(-1, 'Int64'),
        found,
      );
      if (args.length === 4) return bounded;
      const every = call(
        'arrayFilter',
        lambda(
          ['p'],
          infix(
            '=',
            call('substringUTF8', at(args, 0), column('p'), call('lengthUTF8', at(args, 1))),
            at(args, 1),
          ),
        ),
        call(
          'range',
          start,
          infix('+', call('toInt64', call('lengthUTF8', at(args, 0))), integer(1)),
        ),
      );
      const nth = call('arrayElement', every, at(args, 4));
      return infix('-', call('toInt64', nth), integer(1));
    },
  },
  {
    name: 'countof',
    takes: ['text, text', 'text, text, text'],
    gives: 'long',
    constants: [2],
    choices: { 2: ['normal', 'regex'] },
    regexes: ([, , kind]) => (kind?.kind === 'constant' && kind.value === 'regex' ? [1] : []),
    sql: (args, context) => {
      const kind = context.args[2];
      if (kind?.kind === 'constant' && kind.value === 'regex')
        return call('toInt64', call('countMatches', at(args, 0), at(args, 1)));
      const length = call('length', at(args, 1));
      // Occurrences may overlap, as in Kusto.
      return call(
        'toInt64',
        call(
          'arrayCount',
          lambda(
            ['i'],
            infix('=', call('substring', at(args, 0), column('i'), length), at(args, 1)),
          ),
          call('range', integer(1), infix('+', call('length', at(args, 0)), integer(1))),
        ),
      );
    },
  },
  {
    name: 'split',
    takes: ['printable, text', 'printable, text, integer'],
    gives: 'dynamic',
    constants: [1],
    sql: (args, context) => {
      const separator = context.args[1];
      const parts =
        separator?.kind === 'constant' && separator.value === ''
          ? call('extractAll', at(args, 0), text('(?s).'))
          : call('splitByString', at(args, 1), at(args, 0));
      if (args.length === 2) return jsonOfTexts(parts);
      const index = call(
        'if',
        infix('>=', at(args, 2), integer(0)),
        infix('+', at(args, 2), integer(1)),
        at(args, 2),
      );
      const inside = infix('<=', call('abs', index), call('length', parts));
      return emptyForNull(
        call('if', inside, jsonOfTexts(array(call('arrayElement', parts, index))), text('[]')),
        context.args[2],
      );
    },
  },
  {
    name: 'trim',
    takes: 'text, text',
    gives: 'string',
    constants: [0],
    regexes: [0],
    sql: trimmed('both'),
  },
  {
    name: 'trim_start',
    takes: 'text, text',
    gives: 'string',
    constants: [0],
    regexes: [0],
    sql: trimmed('start'),
  },
  {
    name: 'trim_end',
    takes: 'text, text',
    gives: 'string',
    constants: [0],
    regexes: [0],
    sql: trimmed('end'),
  },
  {
    name: 'replace_string',
    takes: 'text, text, text',
    gives: 'string',
    sql: (args) => call('replaceAll', ...args),
  },
  {
    name: 'replace_regex',
    aliases: ['replace'],
    takes: 'text, text, text',
    gives: 'string',
    constants: [1],
    regexes: [1],
    sql: (args, context) => {
      // `replace(regex, rewrite, text)` is the older order of `replace_regex(text, regex, rewrite)`.
      void context;
      return call('replaceRegexpAll', at(args, 0), at(args, 1), at(args, 2));
    },
  },
  {
    name: 'extract',
    takes: 'text, integer, text',
    gives: 'string',
    constants: [0, 1],
    regexes: [0],
    sql: (args, context) => {
      const group = constantBigint(context.args[1]) ?? 0n;
      // Group 0 is the whole match. The engine refuses a group that the pattern does not have.
      if (group < 0n || group > BigInt(groupsIn(context.args[0]))) return text('');
      return call('regexpExtract', at(args, 2), at(args, 0), integer(group));
    },
  },
  {
    name: 'extract_all',
    aliases: ['extractall'],
    takes: ['text, text', 'text, dynamic, text'],
    gives: 'dynamic',
    constants: [0],
    regexes: [0],
    sql: (args, context) => {
      const value = args.length === 2 ? at(args, 1) : at(args, 2);
      // A pattern without a group is one.
      const regex =
        groupsIn(context.args[0]) > 0
          ? at(args, 0)
          : call('concat', text('('), at(args, 0), text(')'));
      const groups = call('extractAllGroupsVertical', value, regex);
      if (args.length === 3) {
        const wanted =
          groupNumbers(context.args[0], context.args[1]) ??
          jsonExtract(at(args, 1), context.args[1], 'Array(Int64)');
        return call(
          'toJSONString',
          call(
            'arrayMap',
            lambda(
              ['m'],
              call(
                'arrayMap',
                lambda(['i'], call('arrayElement', column('m'), column('i'))),
                wanted,
              ),
            ),
            groups,
          ),
        );
      }
      const single = call(
        'arrayMap',
        lambda(['m'], call('arrayElement', column('m'), integer(1))),
        groups,
      );
      return call(
        'multiIf',
        call('empty', groups),
        text(''),
        infix('=', call('length', call('arrayElement', groups, integer(1))), integer(1)),
        call('toJSONString', single),
        call('toJSONString', groups),
      );
    },
  },
  {
    name: 'extract_json',
    aliases: ['extractjson'],
    takes: 'text, text',
    gives: 'string',
    constants: [0],
    sql: (args, context) => {
      const path = context.args[0];
      if (path?.kind === 'constant' && typeof path.value === 'string') {
        const keys = path.value
          .replace(/^\$\.?/, '')
          .split(/\.|(?=\[)/)
          .filter((part) => part !== '')
          .map((part): Sql => {
            const index = /^\[(-?\d+)\]$/.exec(part);
            if (index !== null) return integer(BigInt(index[1] ?? 0) + 1n);
            return { kind: 'bound', value: part.replace(/^\[['"]|['"]\]$/g, '') };
          });
        return call('JSONExtract', at(args, 1), ...keys, text('String'));
      }
      return call('JSON_VALUE', at(args, 1), at(args, 0));
    },
  },
  {
    name: 'isempty',
    takes: 'scalar',
    gives: 'bool',
    nulls: 'never',
    sql: (args, context) => emptyTest(at(args, 0), context.args[0] as Bound),
  },
  {
    name: 'isnotempty',
    aliases: ['notempty'],
    takes: 'scalar',
    gives: 'bool',
    nulls: 'never',
    sql: (args, context) => call('not', emptyTest(at(args, 0), context.args[0] as Bound)),
  },
  {
    name: 'isnull',
    takes: 'scalar',
    gives: 'bool',
    nulls: 'never',
    sql: (args, context) => nullTest(at(args, 0), context.args[0] as Bound),
  },
  {
    name: 'isnotnull',
    aliases: ['notnull'],
    takes: 'scalar',
    gives: 'bool',
    nulls: 'never',
    sql: (args, context) => call('not', nullTest(at(args, 0), context.args[0] as Bound)),
  },
  {
    name: 'parse_url',
    aliases: ['parseurl'],
    takes: 'text',
    gives: 'dynamic',
    sql: (args) => {
      const url = at(args, 0);
      const query = call('queryString', url);
      const pairs = call('extractURLParameters', url);
      const parameters = call(
        'concat',
        text('{'),
        call(
          'arrayStringConcat',
          call(
            'arrayMap',
            lambda(
              ['p'],
              call(
                'concat',
                call(
                  'toJSONString',
                  call(
                    'arrayElement',
                    call('splitByChar', text('='), column('p'), integer(2)),
                    integer(1),
                  ),
                ),
                text(':'),
                call(
                  'toJSONString',
                  call(
                    'arrayElement',
                    call('splitByChar', text('='), column('p'), integer(2)),
                    integer(2),
                  ),
                ),
              ),
            ),
            pairs,
          ),
          text(','),
        ),
        text('}'),
      );
      void query;
      const userinfo = call(
        'regexpExtract',
        url,
        text('^[a-zA-Z][a-zA-Z0-9+.-]*://([^/@]*)@'),
        integer(1),
      );
      const field = (name: string, value: Sql): Sql[] => [text(`"${name}":`), value, text(',')];
      return call(
        'concat',
        text('{'),
        ...field('Scheme', call('toJSONString', call('protocol', url))),
        ...field(
          'Host',
          call(
            'toJSONString',
            call(
              'regexpExtract',
              url,
              text('^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/@]*@)?(\\[[^\\]]*\\]|[^/:?#]+)'),
              integer(1),
            ),
          ),
        ),
        ...field(
          'Port',
          call(
            'toJSONString',
            call(
              'regexpExtract',
              url,
              text('^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/@]*@)?(?:\\[[^\\]]*\\]|[^/:?#]+):(\\d+)'),
              integer(1),
            ),
          ),
        ),
        ...field('Path', call('toJSONString', call('path', url))),
        ...field(
          'Username',
          call(
            'toJSONString',
            call('arrayElement', call('splitByChar', text(':'), userinfo), integer(1)),
          ),
        ),
        ...field(
          'Password',
          call(
            'toJSONString',
            call('arrayElement', call('splitByChar', text(':'), userinfo), integer(2)),
          ),
        ),
        ...field('Query Parameters', parameters),
        text('"Fragment":'),
        call('toJSONString', call('fragment', url)),
        text('}'),
      );
    },
  },
  {
    name: 'parse_path',
    takes: 'text',
    gives: 'dynamic',
    sql: (args) => {
      const path = at(args, 0);
      const scheme = call('regexpExtract', path, text('^([a-zA-Z][a-zA-Z0-9+.-]*)://'), integer(1));
      const root = call(
        'regexpExtract',
        path,
        text('^(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?([a-zA-Z]:)'),
        integer(1),
      );
      const directory = call('regexpExtract', path, text('(?s)^(.*)[/\\\\][^/\\\\]*$'), integer(1));
      const file = call('regexpExtract', path, text('(?s)([^/\\\\]*)$'), integer(1));
      const extension = call('regexpExtract', file, text('^[^:]*\\.([^.:]*)'), integer(1));
      const stream = call('regexpExtract', file, text('(?s):(.*)$'), integer(1));
      const base = call('regexpExtract', file, text('(?s)^([^:]*)'), integer(1));
      return call(
        'concat',
        text('{"Scheme":'),
        call('toJSONString', scheme),
        text(',"RootPath":'),
        call('toJSONString', root),
        text(',"DirectoryPath":'),
        call(
          'toJSONString',
          call(
            'if',
            infix('=', scheme, text('')),
            directory,
            call('replaceRegexpOne', directory, text('^[a-zA-Z][a-zA-Z0-9+.-]*://'), text('')),
          ),
        ),
        text(',"DirectoryName":'),
        call(
          'toJSONString',
          call('regexpExtract', directory, text('(?s)([^/\\\\]*)$'), integer(1)),
        ),
        text(',"Filename":'),
        call('toJSONString', base),
        text(',"Extension":'),
        call('toJSONString', extension),
        text(',"AlternateDataStreamName":'),
        call('toJSONString', stream),
        text('}'),
      );
    },
  },
  {
    name: 'url_encode',
    takes: 'text',
    gives: 'string',
    sql: (args) => call('encodeURLFormComponent', at(args, 0)),
  },
  {
    name: 'url_encode_component',
    takes: 'text',
    gives: 'string',
    sql: (args) => call('encodeURLComponent', at(args, 0)),
  },
  {
    name: 'url_decode',
    takes: 'text',
    gives: 'string',
    sql: (args) => call('decodeURLFormComponent', at(args, 0)),
  },
  {
    name: 'base64_encode_tostring',
    aliases: ['base64_encodestring'],
    takes: 'text',
    gives: 'string',
    sql: (args) => call('base64Encode', at(args, 0)),
  },
  {
    name: 'base64_decode_tostring',
    aliases: ['base64_decodestring'],
    takes: 'text',
    gives: 'string',
    sql: (args) => {
      const decoded = call('tryBase64Decode', at(args, 0));
      return call('if', call('isValidUTF8', decoded), decoded, text(''));
    },
  },
  {
    name: 'hash_md5',
    takes: 'printable',
    gives: 'string',
    sql: (args) => call('lower', call('hex', call('MD5', at(args, 0)))),
  },
  {
    name: 'hash_sha1',
    takes: 'printable',
    gives: 'string',
    sql: (args) => call('lower', call('hex', call('SHA1', at(args, 0)))),
  },
  {
    name: 'hash_sha256',
    takes: 'printable',
    gives: 'string',
    sql: (args) => call('lower', call('hex', call('SHA256', at(args, 0)))),
  },
  {
    name: 'regex_quote',
    takes: 'printable',
    gives: 'string',
    sql: (args) => call('replaceRegexpAll', at(args, 0), text('([^a-zA-Z0-9_ ])'), text('\\\\\\1')),
  },
  {
    name: 'has_any_index',
    takes: 'text, dynamic',
    gives: 'long',
    sql: (args, context) => {
      const terms = jsonExtract(at(args, 1), context.args[1], 'Array(String)');
      const test = call(
        'match',
        at(args, 0),
        call(
          'concat',
          text('(?is)(?:^|[^a-zA-Z0-9])'),
          call('regexpQuoteMeta', column('t')),
          text('(?:$|[^a-zA-Z0-9])'),
        ),
      );
      return infix(
        '-',
        call('toInt64', call('arrayFirstIndex', lambda(['t'], test), terms)),
        integer(1),
      );
    },
  },
  {
    name: 'unicode_codepoints_to_string',
    aliases: ['make_string'],
    takes: 'scalar...',
    gives: 'string',
    sql: (args, context) => {
      const lists = args.map((arg, index) => {
        const of = context.args[index] as Bound;
        return of.type === 'dynamic'
          ? jsonExtract(arg, of, 'Array(UInt32)')
          : array(
              of.type === 'string' || of.type === 'guid'
                ? call('toUInt32OrZero', call('toString', arg))
                : call(
                    'ifNull',
                    call(
                      'accurateCastOrNull',
                      call('trunc', call('toFloat64', arg)),
                      text('UInt32'),
                    ),
                    integer(0),
                  ),
            );
      });
      const codes = lists.length === 1 ? (lists[0] as Sql) : call('arrayConcat', ...lists);
      return call(
        'arrayStringConcat',
        call(
          'arrayMap',
          lambda(
            ['c'],
            call(
              'JSONExtractString',
              call(
                'concat',
                text('"\\u'),
                call(
                  'leftPad',
                  call('lower', call('hex', call('toUInt16', column('c')))),
                  integer(4),
                  text('0'),
                ),
                text('"'),
              ),
            ),
          ),
          codes,
        ),
      );
    },
  },
  {
    name: 'unicode_codepoints_from_string',
    aliases: ['to_utf8'],
    takes: 'printable',
    gives: 'dynamic',
    sql: (args) =>
      call(
        'toJSONString',
        call(
          'arrayMap',
          lambda(['c'], codepoint(column('c'))),
          call('extractAll', at(args, 0), text('(?s).')),
        ),
      ),
  },
];

/** The code point of one UTF-8 character. */
function codepoint(character: Sql): Sql {
  const byte = (index: number): Sql =>
    call(
      'toUInt32',
      call('reinterpretAsUInt8', call('substring', character, integer(index), integer(1))),
    );
  const tail = (index: number): Sql => infix('-', byte(index), integer(128));
  const two = infix('+', infix('*', infix('-', byte(1), integer(192)), integer(64)), tail(2));
  const three = infix(
    '+',
    infix('*', infix('-', byte(1), integer(224)), integer(4096)),
    infix('*', tail(2), integer(64)),
    tail(3),
  );
  const four = infix(
    '+',
    infix('*', infix('-', byte(1), integer(240)), integer(262144)),
    infix('*', tail(2), integer(4096)),
    infix('*', tail(3), integer(64)),
    tail(4),
  );
  return call(
    'toInt64',
    call(
      'multiIf',
      infix('=', call('length', character), integer(1)),
      byte(1),
      infix('=', call('length', character), integer(2)),
      two,
      infix('=', call('length', character), integer(3)),
      three,
      four,
    ),
  );
}

/** Capturing groups of a constant pattern. */
function groupsIn(of: Bound | undefined): number {
  const pattern = of?.kind === 'constant' ? String(of.value ?? '') : '';
  const parts = pattern.match(/\\.|\[(?:\\.|[^\]])*\]|\((?!\?)|\(\?P?</gs) ?? [];
  return parts.filter((part) => part.startsWith('(')).length;
}

function emptyTest(value: Sql, of: Bound): Sql {
  if (of.type === 'string') return infix('=', value, text(''));
  if (of.type === 'dynamic') {
    const path = jsonPath(value, of);
    return infix('=', call('JSONExtract', path.root, ...path.keys, text('String')), text(''));
  }
  return call('isNull', value);
}

function nullTest(value: Sql, of: Bound): Sql {
  if (of.type === 'string') return call('toBool', text('false'));
  if (of.type === 'dynamic')
    return { kind: 'in', value, list: [text(''), text('null')], negated: false };
  return call('isNull', value);
}

/** The numbers of groups that a constant list names or counts. */
function groupNumbers(regex: Bound | undefined, wanted: Bound | undefined): Sql | undefined {
  if (regex?.kind !== 'constant' || wanted?.kind !== 'constant') return undefined;
  const groups = [
    ...String(regex.value).matchAll(/\\.|\((?:\?P?<([A-Za-z_][A-Za-z0-9_]*)>|(?!\?))/g),
  ]
    .filter((each) => each[0].startsWith('('))
    .map((each) => each[1]);
  const parsed: unknown = JSON.parse(String(wanted.value ?? '[]'));
  if (!Array.isArray(parsed) || parsed.length === 0) return undefined;
  return array(
    ...parsed.map((each: unknown) =>
      integer(
        typeof each === 'number'
          ? BigInt(Math.trunc(Math.min(Math.max(each, 0), 1000)))
          : BigInt(groups.indexOf(String(each)) + 1),
        'Int64',
      ),
    ),
  );
}
