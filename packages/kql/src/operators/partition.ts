import { notSupported, problem } from '../diagnostics.js';
import type { Plan } from '../plan/plan.js';
import { inParts } from '../plan/parts.js';
import { refuseDynamicKey } from '../semantics/dynamic-key.js';
import { reference } from '../semantics/bound.js';
import { Environment } from '../semantics/environment.js';
import { relation, type Relation } from '../semantics/relation.js';
import type { Expression, Name, OperatorSyntax } from '../syntax/tree.js';
import { piped, type BindContext } from './operator.js';
import { bindSteps, parseSteps } from './steps.js';

interface PartitionSyntax extends OperatorSyntax {
  readonly by: Name;
  readonly steps: readonly OperatorSyntax[];
  /** `{ T | where x == k }`: a query of its own, in which the column is a value. */
  readonly query: Expression | undefined;
}

/**
 * `T | partition by k (top 3 by x)`: a sub-query over the rows of each value of a column. All parts
 * go through it together (plan/parts.ts).
 */
export const partition = piped<PartitionSyntax>({
  names: ['partition'],
  parse(parser, start) {
    parser.options();
    parser.expect('by');
    const by = parser.name('a column');
    if (parser.accept('{')) {
      const query = parser.pipeline();
      parser.expect('}');
      return { operator: 'partition', by, steps: [], query, span: parser.spanFrom(start) };
    }
    const steps = parseSteps(parser);
    return { operator: 'partition', by, steps, query: undefined, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const { binder } = context;
    const key = binder.columnsLike(syntax.by.text, syntax.by.span, input)[0]?.column;
    if (key === undefined) problem('SEM0100', 'partition needs a column', syntax.by.span);
    refuseDynamicKey(reference(key), syntax.by.span, 'What is parted by');
    if (syntax.query !== undefined) return ofItsOwn(context, syntax, syntax.query, input);
    const inner = bindSteps(context, syntax.steps, input);
    const parts = inParts(inner.plan, {
      binder,
      span: syntax.span,
      input: input.plan,
      keys: [key],
      carried: [],
      repeatable: true,
    });
    if (parts === undefined) notSupported('A partition that does not read its rows', syntax.span);
    return relation(parts.plan, inner.columns);
  },
});

/** The query's own table beside each value of the column. */
function ofItsOwn(
  context: BindContext,
  syntax: PartitionSyntax,
  query: Expression,
  input: Relation,
): Relation {
  const { binder } = context;
  const { span } = syntax;
  const column = binder.columnsLike(syntax.by.text, syntax.by.span, input)[0]?.column;
  if (column === undefined) problem('SEM0100', 'partition needs a column', syntax.by.span);
  const value = binder.column('$value', column.type, column.nullable);
  const values: Plan = {
    kind: 'aggregate',
    input: input.plan,
    keys: [{ column: value, value: reference(column) }],
    aggregates: [],
  };
  const key = binder.column('$key', column.type, column.nullable);
  const environment = new Environment(context.environment);
  environment.set(syntax.by.text, { kind: 'scalar', bound: reference(key) });
  const inner = binder.table(query, { input: undefined, environment });
  const source = leftmost(inner.plan);
  const kept = columnsOfSource(source);
  if (kept === undefined) notSupported('This source of a query in partition', span);
  const copies = kept.map((each) => ({ column: each, of: each, side: 'right' as const }));
  const beside: Plan = {
    kind: 'join',
    join: 'cross',
    left: values,
    right: source,
    keys: [],
    columns: [{ column: key, of: value, side: 'left' }, ...copies],
  };
  const parts = inParts(inner.plan, {
    binder,
    span,
    input: source,
    instead: beside,
    keys: [key],
    carried: [],
    repeatable: true,
  });
  if (parts === undefined) notSupported('This query in partition', span);
  return relation(parts.plan, inner.columns);
}

function leftmost(plan: Plan): Plan {
  if ('input' in plan) return leftmost(plan.input);
  return plan.kind === 'join' ? leftmost(plan.left) : plan;
}

function columnsOfSource(plan: Plan) {
  if (plan.kind === 'scan') return plan.columns.map((each) => each.column);
  if (plan.kind === 'numbers') return [plan.column];
  return plan.kind === 'values' || plan.kind === 'answer' ? plan.columns : undefined;
}
