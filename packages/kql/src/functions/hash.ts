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
    sql: (args) => at(args, 0),
  },
];

export const hashRows = formulaRows(rows);
