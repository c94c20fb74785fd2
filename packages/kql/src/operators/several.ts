import { invariant } from '@strongroom/base';
import type { ScalarType } from '@strongroom/sql';
import { problem } from '../diagnostics.js';
import { functionNamed } from '../functions/index.js';
import type { FunctionRow } from '../functions/row.js';
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
  [
    'series_fft',
    [
      ['real', 'dynamic'],
      ['imag', 'dynamic'],
    ],
  ],
  [
    'series_ifft',
    [
      ['real', 'dynamic'],
      ['imag', 'dynamic'],
    ],
  ],
  [
    'series_periods_detect',
    [
      ['periods', 'dynamic'],
      ['scores', 'dynamic'],
    ],
  ],
  [
    'series_periods_validate',
    [
      ['periods', 'dynamic'],
      ['scores', 'dynamic'],
    ],
  ],
  [
    'series_decompose',
    [
      ['baseline', 'dynamic'],
      ['seasonal', 'dynamic'],
      ['trend', 'dynamic'],
      ['residual', 'dynamic'],
    ],
  ],
  [
    'series_decompose_forecast',
    [
      ['baseline', 'dynamic'],
      ['seasonal', 'dynamic'],
      ['trend', 'dynamic'],
      ['residual', 'dynamic'],
    ],
  ],
  [
    'series_decompose_anomalies',
    [
      ['ad_flag', 'dynamic'],
      ['ad_score', 'dynamic'],
      ['baseline', 'dynamic'],
    ],
  ],
  [
    'series_fit_poly',
    [
      ['rsquare', 'real'],
      ['coefficients', 'dynamic'],
      ['variance', 'real'],
      ['rvariance', 'real'],
      ['poly_fit', 'dynamic'],
    ],
  ],
  [
    'series_fit_2lines',
    [
      ['rsquare', 'real'],
      ['split_idx', 'long'],
      ['variance', 'real'],
      ['rvariance', 'real'],
      ['line_fit', 'dynamic'],
      ['right_rsquare', 'real'],
      ['right_slope', 'real'],
      ['right_interception', 'real'],
      ['right_variance', 'real'],
      ['right_rvariance', 'real'],
      ['left_rsquare', 'real'],
      ['left_slope', 'real'],
      ['left_interception', 'real'],
      ['left_variance', 'real'],
      ['left_rvariance', 'real'],
    ],
  ],
]);

/** The row that gives the bag of a call's columns. */
function bagRow(name: string): FunctionRow {
  const row = functionNamed(`${name}_dynamic`) ?? functionNamed(`$${name}`);
  invariant(row !== undefined, `${name} has a row for its columns`);
  return row;
}

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
  const bag = binder.apply(bagRow(value.name), value.name, args, value.span);
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
