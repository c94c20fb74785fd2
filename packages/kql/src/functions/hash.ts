/** Hashes of several values, and JSON text. */

import { array, type Expression as Sql } from '@strongroom/sql';
import { asText } from './conversion.js';
import { formula, formulaRows } from './formula.js';
import type { Bound } from '../semantics/bound.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;

/** Hashes into one, as boost's `hash_combine` does for 64 bits. */
const combined = (hashes: readonly Sql[]): Sql =>
  formula(
    `reinterpretAsInt64(arrayFold((h, v) -> bitXor(h, v + 11400714819323198485 + bitShiftLeft(h, 6) + bitShiftRight(h, 2)),
       $hashes, toUInt64(0)))`,
    { hashes: array(...hashes) },
  );

/** Bags in bags beyond this depth keep their order: each level is written out in the statement. */
const canonicalDepth = 10;

/** JSON text with the members of its bags in the order of their names. */
function canonical(value: Sql, depth: number): Sql {
  if (depth === 0) return value;
  return formula(
    `let v = $value; let t = JSONType(v);
     let m = if(t = 'Object',
       arrayMap(p -> (concat(toJSONString(p.1), ':'), p.2), arraySort(p -> p.1, JSONExtractKeysAndValuesRaw(v))),
       arrayMap(e -> ('', e), JSONExtractArrayRaw(v)));
     let j = arrayStringConcat(arrayMap(p -> concat(p.1, $deeper(p.2)), m), ',');
     multiIf(t = 'Object', concat('{', j, '}'), t = 'Array', concat('[', j, ']'), v)`,
    { value, deeper: (inner) => canonical(inner as Sql, depth - 1) },
  );
}

const rows: readonly FunctionRow[] = [
  {
    name: 'hash_combine',
    takes: 'long, long...',
    gives: 'long',
    sql: (args) =>
      formula("if(isNull($all), null('Nullable(Int64)'), $combined)", {
        all:
          args.length === 1
            ? at(args, 0)
            : args.slice(1).reduce((a, b) => formula('$a + $b', { a, b }), at(args, 0)),
        combined: combined(
          args.map((each) => formula('reinterpretAsUInt64(toInt64(ifNull($each, 0)))', { each })),
        ),
      }),
  },
  {
    name: 'hash_many',
    takes: 'scalar, scalar...',
    gives: 'long',
    nulls: 'never',
    sql: (args, context) =>
      combined(
        args.map((each, index) =>
          formula('xxHash64($each)', {
            each: asText(each, { ...(context.args[index] as Bound), nullable: true } as Bound),
          }),
        ),
      ),
  },
  {
    name: 'dynamic_to_json',
    takes: 'dynamic',
    gives: 'string',
    sql: (args) => canonical(at(args, 0), canonicalDepth),
  },
];

export const hashRows = formulaRows(rows);
