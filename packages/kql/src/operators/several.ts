import type { ScalarType } from '@strongroom/sql';
import { problem } from '../diagnostics.js';
import { constant } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import type { Relation } from '../semantics/relation.js';
import type { NamedExpression } from '../syntax/tree.js';
import type { Named } from './extend.js';
import { scopeOf, type BindContext } from './operator.js';

/** Functions that give several columns: parts of what their `…_dynamic` sibling gives as one bag. */
const severalColumns = new Map<string, readonly (readonly [string, ScalarType])[]>([
  [
    'series_stats',
    [
      ['min', 'real'],
      ['min_idx', 'long'],
      ['max', 'real'],
      ['max_idx', 'long'],
      ['avg', 'real'],
      ['stdev', 'real'],
      ['variance', 'real'],
    ],
  ],
  [
    'series_fit_line',
    [
      ['rsquare', 'real'],
      ['slope', 'real'],
      ['variance', 'real'],
      ['rvariance', 'real'],
      ['interception', 'real'],
      ['line_fit', 'dynamic'],
    ],
  ],
]);

/**
 * The columns of `(a, b) = series_stats(x)`: a list of names leaves out the columns beyond it, one
 * name is the first column's. undefined for what gives one column.
 */
export function bindSeveral(
  context: BindContext,
  each: NamedExpression,
  input: Relation | undefined,
): Named[] | undefined {
  const { value, names } = each;
  if (value.kind !== 'call' || context.environment.find(value.name) !== undefined) return undefined;
  const parts = severalColumns.get(value.name);
  if (parts === undefined) return undefined;
  const { binder } = context;
  const scope = scopeOf(context, input);
  const args = value.args.map((arg) => binder.scalar(arg.value, scope));
  const bag = binder.call(`${value.name}_dynamic`, args, value.span);
  const first = value.args[0];
  const base = `${value.name}_${first === undefined ? '' : binder.nameFor(first.value, scope)}`;
  if (names.length > parts.length)
    problem('KS119', `${value.name}() gives ${parts.length} columns`, each.span);
  const kept = names.length > 1 ? parts.slice(0, names.length) : parts;
  return kept.map(([part, type], index) => ({
    name: names[index]?.text ?? `${base}_${part}`,
    explicit: names[index] !== undefined,
    value: convert(
      binder.call('$index', [bag, constant('string', part)], value.span),
      type,
      value.span,
      binder,
    ),
    syntax: each,
  }));
}
