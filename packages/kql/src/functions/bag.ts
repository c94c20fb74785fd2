/** Functions on property bags: JSON objects in SQL. */

import {
  bound,
  call,
  column,
  infix,
  inList,
  integer,
  lambda,
  text,
  tuple,
  type Expression as Sql,
} from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import { asJsonElement, jsonExtract, jsonPath } from './conversion.js';
import { elements, isArray, jsonBag, members } from './dynamic.js';
import { formula, formulaRows } from './formula.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;

/** The names on the way that `$.a.b` or `$['a']['b']` goes; any other text is one name. */
function wayOf(key: string): readonly string[] {
  if (!/^\$(?:\.[^.[\]]+|\[(['"]).*?\1\])+$/.test(key)) return [key];
  const names = key.slice(1).matchAll(/\.([^.[\]]+)|\[(['"])(.*?)\2\]/g);
  return [...names].map((name) => name[1] ?? name[3] ?? '');
}

function waysOf(of: Bound & { readonly kind: 'constant' }): readonly (readonly string[])[] {
  const parsed: unknown = of.value === null ? [] : JSON.parse(String(of.value));
  return Array.isArray(parsed) ? parsed.map((each: unknown) => wayOf(String(each))) : [];
}

/** The names to a member, as SQL: a constant key may be a path. */
function way(key: Sql, of: Bound | undefined): readonly Sql[] {
  return of?.kind === 'constant' && typeof of.value === 'string'
    ? wayOf(of.value).map((name) => bound(name))
    : [key];
}

const isBag = (value: Sql, of: Bound | undefined): Sql => {
  const path = jsonPath(value, of);
  return infix('=', call('JSONType', path.root, ...path.keys), text('Object'));
};

/** A bag of these members without what lies at the end of each path. */
function without(list: Sql, ways: readonly (readonly string[])[]): Sql {
  const key = call('tupleElement', column('m'), integer(1));
  const value = call('tupleElement', column('m'), integer(2));
  const gone = ways.filter((each) => each.length === 1).map((each) => bound(each[0] as string));
  const kept =
    gone.length === 0
      ? list
      : call('arrayFilter', lambda(['m'], call('not', inList(key, gone))), list);
  const deeper = new Map<string, string[][]>();
  for (const [first, ...rest] of ways) {
    if (first === undefined || rest.length === 0) continue;
    deeper.set(first, [...(deeper.get(first) ?? []), rest]);
  }
  if (deeper.size === 0) return jsonBag(kept);
  const choices = [...deeper].flatMap(([first, rest]) => [
    infix(
      'AND',
      infix('=', key, bound(first)),
      infix('=', call('JSONType', value), text('Object')),
    ),
    without(call('JSONExtractKeysAndValuesRaw', value), rest),
  ]);
  const changed = call('multiIf', ...choices, value);
  return jsonBag(call('arrayMap', lambda(['m'], tuple(key, changed)), kept));
}

/** A bag of these members and the value at the end of the names, in the place of what was there. */
function withMember(list: Sql, names: readonly Sql[], value: Sql): Sql {
  const [key, ...rest] = names;
  return formula(
    `let l = $list;
     let v = $value(arrayFirst(m -> m.1 = $key, l).2);
     $bag(if(arrayExists(m -> m.1 = $key, l),
       arrayMap(m -> (m.1, if(m.1 = $key, v, m.2)), l),
       arrayPushBack(l, ($key, v))))`,
    {
      list,
      key: key as Sql,
      value: (old) =>
        rest.length === 0
          ? value
          : withMember(call('JSONExtractKeysAndValuesRaw', old as Sql), rest, value),
      bag: (all) => jsonBag(all as Sql),
    },
  );
}

export const bagRows: readonly FunctionRow[] = formulaRows([
  {
    name: 'bag_keys',
    takes: 'dynamic',
    gives: 'dynamic',
    sql: (args, context) => {
      const path = jsonPath(at(args, 0), context.args[0]);
      return call(
        'if',
        isBag(at(args, 0), context.args[0]),
        call('toJSONString', call('JSONExtractKeys', path.root, ...path.keys)),
        text(''),
      );
    },
  },
  {
    name: 'bag_has_key',
    takes: 'dynamic, text',
    gives: 'bool',
    sql: (args, context) => {
      const path = jsonPath(at(args, 0), context.args[0]);
      const names = way(at(args, 1), context.args[1]);
      return infix('=', call('JSONHas', path.root, ...path.keys, ...names), integer(1));
    },
  },
  {
    name: 'bag_remove_keys',
    takes: 'dynamic, dynamic',
    gives: 'dynamic',
    sql: (args, context) => {
      const of = context.args[1];
      const list = members(at(args, 0), context.args[0]);
      if (of?.kind === 'constant') return without(list, waysOf(of));
      return formula('let k = $keys; $bag(arrayFilter(m -> NOT has(k, m.1), $list))', {
        keys: jsonExtract(at(args, 1), of, 'Array(String)'),
        list,
        bag: (all) => jsonBag(all as Sql),
      });
    },
  },
  {
    name: 'bag_set_key',
    takes: 'dynamic, text, scalar',
    gives: 'dynamic',
    sql: (args, context) =>
      call(
        'if',
        isBag(at(args, 0), context.args[0]),
        withMember(
          members(at(args, 0), context.args[0]),
          way(at(args, 1), context.args[1]),
          asJsonElement(at(args, 2), context.args[2] as Bound),
        ),
        text(''),
      ),
  },
  {
    // Keys that are no texts are left out, with their values; values beyond the keys too.
    name: 'bag_zip',
    takes: 'dynamic, dynamic',
    gives: 'dynamic',
    sql: (args, context) =>
      formula(
        `if($isKeys AND $isValues,
           let k = $keys; let v = $values;
           $bag(arrayMap(i -> (JSONExtractString(k[i]), if(i > length(v), 'null', v[i])),
             arrayFilter(i -> startsWith(k[i], '"'), arrayEnumerate(k)))),
           '')`,
        {
          isKeys: isArray(at(args, 0), context.args[0]),
          isValues: isArray(at(args, 1), context.args[1]),
          keys: elements(at(args, 0), context.args[0]),
          values: elements(at(args, 1), context.args[1]),
          bag: (all) => jsonBag(all as Sql),
        },
      ),
  },
]);
