import { invariant } from '@strongroom/base';
import { problem } from '../diagnostics.js';
import { functionNamed } from '../functions/index.js';
import { bagsOfColumns } from '../functions/several.js';
import type { FunctionRow } from '../functions/row.js';
import { constant } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import type { Relation } from '../semantics/relation.js';
import type { NamedExpression } from '../syntax/tree.js';
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
    value: convert(
      binder.call('$index', [bag, constant('string', part)], value.span),
      type,
      value.span,
      binder,
    ),
    syntax: each,
  }));
}
