import { invariant } from '@strongroom/base';
import { notSupported } from '../diagnostics.js';
import type { Plan } from '../plan/plan.js';
import { hasWindow, reference, type Column } from '../semantics/bound.js';
import { relation, type Relation } from '../semantics/relation.js';
import type { Name, OperatorSyntax } from '../syntax/tree.js';
import { operatorNamed } from './index.js';
import { piped, type BindContext } from './operator.js';

interface PartitionSyntax extends OperatorSyntax {
  readonly by: Name;
  readonly steps: readonly OperatorSyntax[];
}

/** Steps that work on each row alone, so that all parts can go through them at once. */
const rowwise = new Set([
  'where',
  'extend',
  'project',
  'project-away',
  'project-keep',
  'project-rename',
  'project-reorder',
  'parse',
  'parse-where',
  'mv-expand',
]);
const grouping = new Set(['summarize', 'distinct', 'count']);

/**
 * `T | partition by k (top 3 by x)`: a sub-query over the rows of each value of a column. All parts
 * go through it together, the column being a key of every grouping and of every limit in it.
 */
export const partition = piped<PartitionSyntax>({
  names: ['partition'],
  parse(parser, start) {
    parser.options();
    parser.expect('by');
    const by = parser.name('a column');
    if (parser.is('{')) {
      const { start: at, end } = parser.peek();
      notSupported('A query in braces in partition', { start: at, end }, 'Write (…) instead.');
    }
    parser.expect('(');
    const steps = [parser.operator()];
    while (parser.accept('|')) steps.push(parser.operator());
    parser.expect(')');
    return { operator: 'partition', by, steps, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    let key = context.binder.columnsLike(syntax.by.text, syntax.by.span, input)[0]?.column;
    invariant(key !== undefined, 'a column without * is found');
    let inner = input;
    for (const step of syntax.steps) {
      const operator = operatorNamed(step.operator);
      invariant(operator !== undefined, 'the step was parsed');
      if (step.operator === 'serialize') {
        inner = checked(operator.bind(context, step, inner), inner, step);
      } else if (rowwise.has(step.operator)) {
        inner = checked(operator.bind(context, step, inner), inner, step);
      } else if (grouping.has(step.operator)) {
        const made = checked(operator.bind(context, step, inner), inner, step);
        [inner, key] = groupedByKey(context, made, key);
      } else if (step.operator === 'top' || step.operator === 'sort' || step.operator === 'take') {
        inner = ofEach(checked(operator.bind(context, step, inner), inner, step), key);
      } else notSupported(`'${step.operator}' inside partition`, step.span);
    }
    return relation(inner.plan, inner.columns);
  },
});

/** Refuses functions that look at other rows: they would see those of other parts. */
function checked(made: Relation, before: Relation, step: OperatorSyntax): Relation {
  let at = made.plan;
  while (at !== before.plan) {
    const looks =
      at.kind === 'extend'
        ? at.definitions.some((each) => hasWindow(each.value))
        : at.kind === 'filter'
          ? hasWindow(at.predicate)
          : at.kind === 'aggregate'
            ? at.keys.some((each) => hasWindow(each.value)) ||
              at.aggregates.some((each) => each.kind === 'call' && each.args.some(hasWindow))
            : at.kind === 'expand' && at.items.some((each) => hasWindow(each.value));
    if (looks) notSupported('A function of neighbouring rows inside partition', step.span);
    if (!('input' in at)) break;
    at = at.input;
  }
  return made;
}

/** The step's own grouping within each part. */
function groupedByKey(context: BindContext, made: Relation, key: Column): [Relation, Column] {
  const [aggregate, after] =
    made.plan.kind === 'extend' ? [made.plan.input, made.plan] : [made.plan, undefined];
  invariant(aggregate.kind === 'aggregate', 'the step groups');
  const column = context.binder.column('$part', key.type, key.nullable);
  const grouped: Plan = {
    ...aggregate,
    keys: [...aggregate.keys, { column, value: reference(key) }],
  };
  const plan: Plan = after === undefined ? grouped : { ...after, input: grouped };
  return [{ ...made, plan }, column];
}

/** The step's order and number of rows within each part. */
function ofEach(made: Relation, key: Column): Relation {
  const { plan } = made;
  if (plan.kind === 'sort') {
    const first = { column: key, descending: false, nullsFirst: true };
    return { ...made, plan: { ...plan, keys: [first, ...plan.keys] } };
  }
  invariant(plan.kind === 'limit', 'top and take limit');
  return {
    ...made,
    plan: { kind: 'limit-by', input: plan.input, count: plan.count, keys: [key] },
  };
}
