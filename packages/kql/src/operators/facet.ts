import { notSupported, problem } from '../diagnostics.js';
import { forkLegsMax } from '../limits.js';
import type { Binder } from '../semantics/binder.js';
import type { Environment } from '../semantics/environment.js';
import type { Relation } from '../semantics/relation.js';
import type { Parser } from '../syntax/parser.js';
import type { Expression, Name, NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import { piped, scopeOf } from './operator.js';
import { bindSummarize } from './summarize.js';

interface FacetSyntax extends OperatorSyntax {
  readonly columns: readonly Name[];
  readonly filter: readonly OperatorSyntax[] | undefined;
}

/** `T | facet by a, b with (where x > 1)`: the filtered rows, then each column's values with their counts. */
export const facet = piped<FacetSyntax>({
  names: ['facet'],
  parse(parser, start) {
    parser.expect('by');
    const columns = [parser.name()];
    while (parser.accept(',')) columns.push(parser.name());
    const filter = parser.accept('with') ? readFilter(parser) : undefined;
    const span = parser.spanFrom(start);
    if (columns.length > forkLegsMax) {
      problem('KQL_LIMIT', `More than ${forkLegsMax} columns of one facet`, span);
    }
    if (parser.is('|')) notSupported("An operator after 'facet'", span);
    return { operator: 'facet', columns, filter, span };
  },
  bind: (_, syntax) => notSupported("'facet' elsewhere than at the end of a query", syntax.span),
});

function readFilter(parser: Parser): OperatorSyntax[] {
  parser.expect('(');
  const operators = [parser.operator()];
  while (parser.accept('|')) operators.push(parser.operator());
  parser.expect(')');
  return operators;
}

/** The results of a query that ends in a facet; undefined for any other. */
export function faceted(
  binder: Binder,
  value: Expression,
  environment: Environment,
): Relation[] | undefined {
  if (value.kind !== 'pipeline') return undefined;
  const last = value.operators.at(-1);
  if (last?.operator !== 'facet') return undefined;
  // Only this file makes syntax of this name.
  const syntax = last as FacetSyntax;
  const before = value.operators.slice(0, -1);
  const context = { binder, environment };
  const scope = scopeOf(context, undefined);
  // Bound again for each result, so that each has columns of its own.
  const results =
    syntax.filter === undefined
      ? []
      : [binder.table({ ...value, operators: [...before, ...syntax.filter] }, scope)];
  for (const { text: name, span } of syntax.columns) {
    const input = binder.table({ ...value, operators: before }, scope);
    const key: NamedExpression = { names: [], value: { kind: 'name', name, span }, span };
    const count: NamedExpression = {
      names: [{ text: `count_${name}`, span }],
      value: { kind: 'call', name: 'count', nameSpan: span, args: [], span },
      span,
    };
    results.push(bindSummarize(context, [count], [key], input));
  }
  return results;
}
