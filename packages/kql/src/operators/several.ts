import { invariant } from '@strongroom/base';
import { problem } from '../diagnostics.js';
import { sortedArrays } from '../functions/array-order.js';
import { functionNamed } from '../functions/index.js';
import { bagsOfColumns } from '../functions/several.js';
import type { FunctionRow } from '../functions/row.js';
import { constant } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import type { Relation } from '../semantics/relation.js';
import type { Expression, NamedExpression } from '../syntax/tree.js';
import type { Named } from './extend.js';
import { scopeOf, type BindContext } from './operator.js';

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
  if (value.name === 'array_sort_asc' || value.name === 'array_sort_desc')
    return bindSorted(context, each, value, input);
  const parts = bagsOfColumns.get(value.name);
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
    several: true,
    value: convert(
      binder.call('$index', [bag, constant('string', part)], value.span),
      type,
      value.span,
      binder,
    ),
    syntax: each,
  }));
}

/** `array_sort_asc(a, b)` gives `a_sorted` and `b_sorted`; of one array only a column may name it. */
function bindSorted(
  context: BindContext,
  syntax: NamedExpression,
  call: Expression & { readonly kind: 'call' },
  input: Relation | undefined,
): Named[] | undefined {
  const { names, span } = syntax;
  const { binder } = context;
  const scope = scopeOf(context, input);
  const value = binder.scalar(call, scope);
  const arrays = value.kind === 'call' ? sortedArrays(value.args) : 1;
  const nameOf = (index: number): string => {
    const arg = call.args[index];
    return arg === undefined ? '' : binder.nameFor(arg.value, scope);
  };
  if (arrays === 1) {
    if (names.length > 0 || nameOf(0) === '' || input === undefined) return undefined;
    return [{ name: `${nameOf(0)}_sorted`, explicit: false, value, syntax }];
  }
  const count = names.length > 1 ? Math.min(names.length, arrays) : arrays;
  return Array.from({ length: count }, (_, index) => ({
    name: names[index]?.text ?? `${nameOf(index) || `array${index}`}_sorted`,
    explicit: names[index] !== undefined,
    several: true,
    value: binder.call('$index', [value, constant('long', BigInt(index))], span),
    syntax,
  }));
}
