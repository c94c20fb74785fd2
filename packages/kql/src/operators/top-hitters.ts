import { problem } from '../diagnostics.js';
import { columnNamed } from '../semantics/relation.js';
import type { Expression, NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import { piped, scopeOf } from './operator.js';
import { bindSummarize } from './summarize.js';

interface TopHittersSyntax extends OperatorSyntax {
  readonly count: Expression;
  readonly of: NamedExpression;
  readonly by: Expression | undefined;
}

/** `T | top-hitters 5 of a by b`: the values of most rows, or of the greatest sum. Exact here. */
export const topHitters = piped<TopHittersSyntax>({
  names: ['top-hitters'],
  parse(parser, start) {
    const count = parser.expression();
    parser.expect('of');
    const of = parser.namedExpression();
    const by = parser.accept('by') ? parser.expression() : undefined;
    return { operator: 'top-hitters', count, of, by, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const { binder } = context;
    const { span } = syntax;
    const scope = scopeOf(context, input);
    const count = binder.constantLong(
      syntax.count,
      scopeOf(context, undefined),
      'The number of values',
    );
    if (count < 0n)
      problem('SEM0101', 'The number of values must not be negative', syntax.count.span);
    const named = syntax.by ?? syntax.of.value;
    const suffix = binder.nameFor(named, scope);
    const name = `approximate_${syntax.by === undefined ? 'count' : 'sum'}_${suffix}`;
    const aggregate: NamedExpression = {
      names: [{ text: name, span }],
      value: {
        kind: 'call',
        name: syntax.by === undefined ? 'count' : 'sum',
        nameSpan: span,
        args: syntax.by === undefined ? [] : [{ names: [], value: syntax.by, span }],
        span,
      },
      span,
    };
    const grouped = bindSummarize(context, [aggregate], [syntax.of], input);
    const hits = columnNamed(grouped.columns, name);
    if (hits === undefined) problem('SEM0100', 'No values to count', span);
    const keys = [{ column: hits, descending: true, nullsFirst: false }];
    const sorted = { kind: 'sort', input: grouped.plan, keys } as const;
    return { ...grouped, serialized: true, plan: { kind: 'limit', input: sorted, count } };
  },
});
