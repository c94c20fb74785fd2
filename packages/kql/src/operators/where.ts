import type { Expression, OperatorSyntax } from '../syntax/tree.js';
import { piped, scopeOf } from './operator.js';

interface WhereSyntax extends OperatorSyntax {
  readonly predicate: Expression;
}

/** `T | where predicate`. */
export const where = piped<WhereSyntax>({
  names: ['where', 'filter'],
  parse(parser, start) {
    const predicate = parser.condition();
    return { operator: 'where', predicate, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const predicate = context.binder.predicate(syntax.predicate, scopeOf(context, input));
    return { ...input, plan: { kind: 'filter', input: input.plan, predicate } };
  },
});
