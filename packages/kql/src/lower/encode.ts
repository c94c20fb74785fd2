/** How a result's values go over the wire: `FORMAT JSONCompactEachRow` prints the API's rows. */

import {
  call,
  infix,
  integer,
  select,
  text,
  type Expression as Sql,
  type Query,
  type Settings,
} from '@strongroom/sql';
import { datetimeShort, timespanText } from '../functions/time-sql.js';
import type { Column } from '../semantics/bound.js';
import { loweredNodesMax, subqueryDepthMax } from '../limits.js';

/**
 * - `datetime` ISO 8601 with up to 7 decimals and `Z`; `timespan` `[-][d.]hh:mm:ss[.fffffff]`,
 * - `dynamic` a string that holds JSON, null for null; `decimal` a string,
 * - `real` a number, or one of the strings `NaN`, `Infinity`, `-Infinity`,
 * - everything else as JSON has it; null is null, and a string is never null.
 */
export function encode(value: Sql, column: Column): Sql {
  switch (column.type) {
    case 'datetime':
      return datetimeShort(value);
    case 'timespan':
      return timespanText(value);
    case 'dynamic':
      return call('nullIf', call('nullIf', value, text('')), text('null'));
    case 'decimal':
    case 'guid':
      return call('toString', value);
    case 'bool':
      return call('CAST', value, text(column.nullable ? 'Nullable(Bool)' : 'Bool'));
    case 'real':
      // A Variant prints each of its types in its own way.
      return call(
        'multiIf',
        call('isNaN', value),
        text('NaN'),
        call('isInfinite', value),
        call('if', infix('>', value, integer(0)), text('Infinity'), text('-Infinity')),
        value,
      );
    case 'int':
    case 'long':
    case 'string':
      return value;
  }
}

/** What the meaning of every compiled statement rests on; limits are the engine's to add. */
export const resultSettings: Settings = {
  output_format_json_quote_64bit_integers: 0,
  output_format_json_escape_forward_slashes: 0,
  use_variant_as_common_type: 1,
  join_use_nulls: 0,
  transform_null_in: 0,
  // `sort by 1` sorts by the number 1, and so not at all.
  enable_positional_arguments: 0,
  max_subquery_depth: subqueryDepthMax * 2,
  // The compiler has a limit of its own (`loweredNodesMax`).
  max_ast_elements: loweredNodesMax * 2,
  max_expanded_ast_elements: loweredNodesMax * 10,
};

/** A whole query with the settings that it rests on, and the engine's own time limit where one is given. */
export function withSettings(query: Query, timeoutMs?: number): Query {
  const settings =
    timeoutMs === undefined
      ? resultSettings
      : { ...resultSettings, max_execution_time: Math.max(1, Math.ceil(timeoutMs / 1000)) };
  if (query.kind === 'select') return { ...query, settings };
  return select({ items: [{ value: { kind: 'star' } }], from: { kind: 'query', query }, settings });
}
