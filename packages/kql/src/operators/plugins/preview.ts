import { notSupported, problem } from '../../diagnostics.js';
import type { Binder } from '../../semantics/binder.js';
import type { Environment } from '../../semantics/environment.js';
import { relation, type Relation } from '../../semantics/relation.js';
import type { Expression, OperatorSyntax } from '../../syntax/tree.js';
import { bindSummarize } from '../summarize.js';
import { scopeOf } from '../operator.js';
import type { Plugin, PluginCall } from './plugin.js';

/** `evaluate preview(5)`: the first rows and, as a second result, how many there are. */
export const preview: Plugin = {
  name: 'preview',
  bind: (_, call) => notSupported("'preview' elsewhere than at the end of a query", call.span),
};

/** The results of a query that ends in a preview; undefined for any other. */
export function previewed(
  binder: Binder,
  value: Expression,
  environment: Environment,
): Relation[] | undefined {
  if (value.kind !== 'pipeline') return undefined;
  const last = value.operators.at(-1);
  if (last?.operator !== 'evaluate') return undefined;
  // Only evaluate.ts makes syntax of this name.
  const call = last as OperatorSyntax & PluginCall;
  if (call.plugin.text !== 'preview') return undefined;
  const [rows] = call.args;
  if (rows === undefined || call.args.length > 1)
    problem('KS119', 'preview() takes a number of rows', call.span);
  const context = { binder, environment };
  const scope = scopeOf(context, undefined);
  const count = binder.constantLong(rows.value, scope, 'The number of rows');
  if (count < 0n) problem('SEM0101', 'The number of rows must not be negative', rows.span);
  // Bound again for each result, so that each has columns of its own.
  const before = { ...value, operators: value.operators.slice(0, -1) };
  const first = binder.table(before, scope);
  const counted = {
    names: [{ text: 'Count', span: call.span }],
    value: { kind: 'call', name: 'count', nameSpan: call.span, args: [], span: call.span },
    span: call.span,
  } as const;
  const all = bindSummarize(context, [counted], [], binder.table(before, scope));
  return [
    { ...first, plan: { kind: 'limit', input: first.plan, count } },
    relation(all.plan, all.columns),
  ];
}
