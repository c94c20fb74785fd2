import { problem } from '../diagnostics.js';
import type { Definition, SortKey } from '../plan/plan.js';
import { refuseDynamicKey } from '../semantics/dynamic-key.js';
import type { Relation } from '../semantics/relation.js';
import type { Parser } from '../syntax/parser.js';
import type { NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import { columnFor, withDefinitions } from './extend.js';
import { piped, scopeOf, type BindContext } from './operator.js';

export interface KeySyntax {
  readonly expression: NamedExpression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** `a asc nulls last, b`. Descending is the default; nulls are the least values. */
export function parseKeys(parser: Parser): KeySyntax[] {
  const keys: KeySyntax[] = [];
  do {
    const expression = parser.namedExpression();
    const ascending = parser.accept('asc');
    if (!ascending) parser.accept('desc');
    let nullsFirst = ascending;
    if (parser.is('nulls')) {
      parser.next();
      nullsFirst = parser.accept('first');
      if (!nullsFirst) parser.expect('last');
    }
    keys.push({ expression, descending: !ascending, nullsFirst });
  } while (parser.accept(','));
  return keys;
}

export function bindKeys(
  context: BindContext,
  keys: readonly KeySyntax[],
  input: Relation,
  /** `top` takes dynamics, `sort` does not. */
  mayBeDynamic = true,
): { relation: Relation; keys: SortKey[] } {
  const definitions: Definition[] = [];
  const bound = keys.map((key): SortKey => {
    const value = context.binder.scalar(key.expression.value, scopeOf(context, input));
    if (!mayBeDynamic) refuseDynamicKey(value, key.expression.span, 'What is sorted by');
    if (value.type === 'dynamic') {
      // The service sorts dynamics as the values that they hold; a text's order is the nearest that is always defined.
      const text = context.binder.call('tostring', [value], key.expression.span);
      return {
        column: columnFor(context, '$sort', text, definitions),
        descending: key.descending,
        nullsFirst: key.nullsFirst,
      };
    }
    return {
      column: columnFor(context, '$sort', value, definitions),
      descending: key.descending,
      nullsFirst: key.nullsFirst,
    };
  });
  return { relation: { ...input, plan: withDefinitions(input.plan, definitions) }, keys: bound };
}

interface SortSyntax extends OperatorSyntax {
  readonly keys: readonly KeySyntax[];
}

/** `T | sort by a asc`. */
export const sort = piped<SortSyntax>({
  names: ['sort', 'order'],
  parse(parser, start) {
    parser.options();
    parser.expect('by');
    return { operator: 'sort', keys: parseKeys(parser), span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const { relation, keys } = bindKeys(context, syntax.keys, input, false);
    return { ...relation, serialized: true, plan: { kind: 'sort', input: relation.plan, keys } };
  },
});

interface TopSyntax extends OperatorSyntax {
  readonly count: NamedExpression;
  readonly keys: readonly KeySyntax[];
}

/** `T | top 5 by a`. */
export const top = piped<TopSyntax>({
  names: ['top'],
  parse(parser, start) {
    parser.options();
    const count = parser.namedExpression();
    parser.expect('by');
    return { operator: 'top', count, keys: parseKeys(parser), span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const count = context.binder.constantLong(
      syntax.count.value,
      scopeOf(context, undefined),
      'The number of rows',
    );
    if (count < 0n)
      problem('SEM0101', 'The number of rows must not be negative', syntax.count.span);
    const { relation, keys } = bindKeys(context, syntax.keys, input);
    const sorted = { kind: 'sort', input: relation.plan, keys } as const;
    return { ...relation, serialized: true, plan: { kind: 'limit', input: sorted, count } };
  },
});
