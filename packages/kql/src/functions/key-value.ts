/** `parse-kv`: a text's pairs of keys and values, as one JSON array of pairs. */

import {
  call,
  column,
  infix,
  integer,
  lambda,
  text,
  tuple,
  type Expression as Sql,
} from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const blanks = text(' \t\r\n');

function constantText(of: Bound | undefined): string {
  return of?.kind === 'constant' && typeof of.value === 'string' ? of.value : '';
}

/** Pairs `[key, value]` in the order of the text; an empty value stands where the pair has none. */
export const keyValueRows: readonly FunctionRow[] = [
  {
    // (text, expression, pair delimiter, quoted, escapes). The expression's groups are the key in
    // quotes, the key, the value in quotes and the value, or with two groups only the key and the value.
    name: '$pairs',
    takes: 'text, string, string, string, string, bool',
    gives: 'dynamic',
    nulls: 'never',
    regexes: [1],
    constants: [1, 2, 3, 4, 5],
    sql: (args, context) => {
      const two = context.args[5]?.kind === 'constant' && context.args[5].value === true;
      const [pair, quoted, escapes] = [2, 3, 4].map((index) => constantText(context.args[index]));
      const element = (index: number): Sql => call('arrayElement', column('g'), integer(index));
      const trimmed = (of: Sql): Sql => call('trimBoth', of, blanks);
      const inner = (of: Sql): Sql =>
        call('substringUTF8', of, integer(2), infix('-', call('lengthUTF8', of), integer(2)));
      const eitherOr = (of: Sql, then: Sql, otherwise: Sql): Sql =>
        call('if', infix('!=', of, text('')), then, otherwise);
      let key = trimmed(element(two ? 1 : 2));
      // What stands before the last delimiter belongs to a part without a value.
      if (pair !== '') {
        const parts = call('splitByString', at(args, 2), key);
        key = trimmed(call('arrayElement', parts, integer(-1)));
      }
      let value = trimmed(element(two ? 2 : 4));
      if (!two && quoted !== '') {
        const after = call('extract', trimmed(element(2)), at(args, 3));
        key = eitherOr(element(1), inner(element(1)), eitherOr(after, inner(after), key));
        const plain = inner(element(3));
        const unescaped =
          escapes === '' ? plain : call('replaceRegexpAll', plain, at(args, 4), text('\\1'));
        value = eitherOr(element(3), unescaped, value);
      }
      const found = call('extractAllGroupsVertical', at(args, 0), at(args, 1));
      return call('toJSONString', call('arrayMap', lambda(['g'], tuple(key, value)), found));
    },
  },
  {
    // (text, expression, replacement)
    name: '$replaced',
    takes: 'text, string, string',
    gives: 'string',
    nulls: 'never',
    constants: [1, 2],
    sql: (args) => call('replaceRegexpAll', at(args, 0), at(args, 1), at(args, 2)),
  },
  {
    // (pairs, key): the value of the first pair with the key.
    name: '$pair',
    takes: 'scalar, string',
    gives: 'string',
    nulls: 'never',
    sql: (args) => {
      const pairs = call('JSONExtract', at(args, 0), text('Array(Tuple(String, String))'));
      const part = (index: number): Sql => call('tupleElement', column('p'), integer(index));
      return call(
        'tupleElement',
        call('arrayFirst', lambda(['p'], infix('=', part(1), at(args, 1))), pairs),
        integer(2),
      );
    },
  },
];
