import { problem, type Span } from '../diagnostics.js';
import { relation, type Relation } from '../semantics/relation.js';
import type { Expression, OperatorSyntax } from '../syntax/tree.js';
import { aggregateNamed } from '../aggregates/index.js';
import { invariant } from '@strongroom/base';
import { bindNamed, columnFor, nextColumnName, withDefinitions } from './extend.js';
import { piped, scopeOf, type BindContext } from './operator.js';
import type { Definition, Plan } from '../plan/plan.js';

interface CountSyntax extends OperatorSyntax {
  readonly count: Expression;
}

/** `T | take 10`: any rows, the first of sorted ones. */
export const take = piped<CountSyntax>({
  names: ['take', 'limit'],
  parse(parser, start) {
    const count = parser.expression();
    return { operator: 'take', count, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const count = context.binder.constantLong(
      syntax.count,
      scopeOf(context, undefined),
      'The number of rows',
    );
    if (count < 0n)
      problem('SEM0101', 'The number of rows must not be negative', syntax.count.span);
    return { ...input, plan: { kind: 'limit', input: input.plan, count } };
  },
});

/** `T | sample 10`: rows at random. */
export const sample = piped<CountSyntax>({
  names: ['sample'],
  parse(parser, start) {
    const count = parser.expression();
    return { operator: 'sample', count, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const count = context.binder.constantLong(
      syntax.count,
      scopeOf(context, undefined),
      'The number of rows',
    );
    if (count < 0n)
      problem('SEM0101', 'The number of rows must not be negative', syntax.count.span);
    return { ...input, serialized: false, plan: { kind: 'sample', input: input.plan, count } };
  },
});

interface SampleDistinctSyntax extends OperatorSyntax {
  readonly count: Expression;
  readonly of: Expression;
}

/** `T | sample-distinct 10 of a`. */
export const sampleDistinct = piped<SampleDistinctSyntax>({
  names: ['sample-distinct'],
  parse(parser, start) {
    const count = parser.expression();
    parser.expect('of');
    const of = parser.expression();
    return { operator: 'sample-distinct', count, of, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const scope = scopeOf(context, input);
    const count = context.binder.constantLong(
      syntax.count,
      scopeOf(context, undefined),
      'The number of rows',
    );
    const name = context.binder.nameFor(syntax.of, scope) || 'Column1';
    const value = context.binder.scalar(syntax.of, scope);
    const column = context.binder.column(name, value.type, value.nullable);
    const grouped = {
      kind: 'aggregate',
      input: input.plan,
      keys: [{ column, value }],
      aggregates: [],
    } as const;
    return relation({ kind: 'limit', input: grouped, count }, [{ name, column }]);
  },
});

/** `T | count`. */
export const count = piped<OperatorSyntax>({
  names: ['count'],
  parse(parser, start) {
    return { operator: 'count', span: parser.spanFrom(start) };
  },
  bind(context, _, input) {
    const row = aggregateNamed('count');
    invariant(row !== undefined, 'count is in a table');
    const column = context.binder.column('Count', 'long', false);
    return relation(
      {
        kind: 'aggregate',
        input: input.plan,
        keys: [],
        aggregates: [{ kind: 'call', row, args: [], columns: [column] }],
      },
      [{ name: 'Count', column }],
    );
  },
});

/** `T | serialize rn = row_number()`. */
export const serialize = piped<
  OperatorSyntax & { readonly expressions: Parameters<typeof bindNamed>[1] }
>({
  names: ['serialize'],
  parse(parser, start) {
    const expressions = parser.isName() || parser.is('(') ? parser.namedExpressions() : [];
    return { operator: 'serialize', expressions, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const serialized = input.serialized ? input : inSomeOrder(context, input, syntax.span);
    const definitions: Definition[] = [];
    const columns = [...input.columns];
    for (const each of bindNamed(context, syntax.expressions, serialized)) {
      const name = each.name || nextColumnName(new Set(columns.map((known) => known.name)));
      const column = columnFor(context, name, each.value, definitions);
      const at = columns.findIndex((known) => known.name === name);
      if (at >= 0) columns[at] = { name, column };
      else columns.push({ name, column });
    }
    return { ...serialized, plan: withDefinitions(serialized.plan, definitions), columns };
  },
});

/** The rows in one order, whichever it is, for all that looks at neighbours, and for the result. */
function inSomeOrder(context: BindContext, input: Relation, span: Span): Relation {
  const column = context.binder.column('$place', 'long', false);
  const numbered: Plan = {
    kind: 'extend',
    input: input.plan,
    definitions: [{ column, value: context.binder.call('row_number', [], span) }],
  };
  const keys = [{ column, descending: false, nullsFirst: false }];
  return { ...input, serialized: true, plan: { kind: 'sort', input: numbered, keys } };
}
