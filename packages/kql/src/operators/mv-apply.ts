import { invariant } from '@strongroom/base';
import { notSupported, problem } from '../diagnostics.js';
import type { Plan, SortKey } from '../plan/plan.js';
import { reference, type Column } from '../semantics/bound.js';
import { relation, type Relation, type VisibleColumn } from '../semantics/relation.js';
import type { OperatorSyntax } from '../syntax/tree.js';
import { operatorNamed } from './index.js';
import { mvExpand } from './mv-expand.js';
import { piped } from './operator.js';

interface ApplySyntax extends OperatorSyntax {
  /** The part before `on`, which is `mv-expand`'s own. */
  readonly expand: OperatorSyntax;
  readonly steps: readonly OperatorSyntax[];
}

/** Steps that work on each row alone, so that all rows' sub-tables can go through them at once. */
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

/**
 * `T | mv-apply x = d.list to typeof(long) on (where x > 1 | summarize sum(x))`: a sub-query over
 * the elements of each row. All rows' elements go through it together, kept apart by a row number.
 */
export const mvApply = piped<ApplySyntax>({
  names: ['mv-apply'],
  parse(parser, start) {
    const expand = mvExpand.parse(parser, start);
    parser.expect('on');
    parser.expect('(');
    const steps = [parser.operator()];
    while (parser.accept('|')) steps.push(parser.operator());
    parser.expect(')');
    return { operator: 'mv-apply', expand, steps, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const { binder } = context;
    const row = binder.column('$row', 'long', false);
    const number = binder.call('row_number', [], syntax.span);
    const numbered: Relation = {
      ...input,
      plan: { kind: 'extend', input: input.plan, definitions: [{ column: row, value: number }] },
    };
    const outer = new Map(input.columns.map((each) => [each.column, each.name] as const));
    let inner = mvExpand.bind(context, syntax.expand, numbered);
    // An expanded column takes the place of the outer one of its name.
    const kept = inner.columns.filter((each) => outer.has(each.column));
    for (const step of syntax.steps) {
      if (rowwise.has(step.operator)) {
        const operator = operatorNamed(step.operator);
        invariant(operator !== undefined, 'the step was parsed');
        inner = operator.bind(context, step, inner);
      } else if (step.operator === 'summarize')
        inner = groupedByRow(context, step, inner, row, kept);
      else if (step.operator === 'top' || step.operator === 'sort' || step.operator === 'take') {
        inner = firstOfRow(context, step, inner, row);
      } else if (step.operator !== 'serialize') {
        notSupported(`'${step.operator}' inside mv-apply`, step.span);
      }
    }
    const own = inner.columns.filter((each) => !kept.some((one) => one.column === each.column));
    const taken = new Set(own.map((each) => each.name));
    const columns = [...kept.filter((each) => !taken.has(each.name)), ...own];
    return relation(inner.plan, columns);
  },
});

type Context = Parameters<typeof mvExpand.bind>[0];

/** The step's own grouping within each row: the row's number and columns are keys too. */
function groupedByRow(
  context: Context,
  step: OperatorSyntax,
  inner: Relation,
  row: Column,
  kept: readonly VisibleColumn[],
): Relation {
  const operator = operatorNamed('summarize');
  invariant(operator !== undefined, 'summarize is an operator');
  const made = operator.bind(context, step, inner);
  const [aggregate, after] =
    made.plan.kind === 'extend' ? [made.plan.input, made.plan] : [made.plan, undefined];
  invariant(aggregate.kind === 'aggregate', 'summarize makes an aggregate');
  const extra = [row, ...kept.map((each) => each.column)];
  const grouped: Plan = {
    ...aggregate,
    keys: [...extra.map((column) => ({ column, value: reference(column) })), ...aggregate.keys],
  };
  const plan: Plan = after === undefined ? grouped : { ...after, input: grouped };
  return {
    ...made,
    plan,
    columns: [
      ...kept,
      ...made.columns.filter((each) => !kept.some((one) => one.name === each.name)),
    ],
  };
}

/** `top 1 by x`, `take 2`: within each row, by the number of the element in the step's order. */
function firstOfRow(
  context: Context,
  step: OperatorSyntax,
  inner: Relation,
  row: Column,
): Relation {
  const operator = operatorNamed(step.operator);
  invariant(operator !== undefined, 'the step was parsed');
  const made = operator.bind(context, step, inner);
  if (made.plan.kind === 'sort') {
    const keys: SortKey[] = [
      { column: row, descending: false, nullsFirst: false },
      ...made.plan.keys,
    ];
    return { ...made, plan: { ...made.plan, keys } };
  }
  if (made.plan.kind !== 'limit') problem('SEM0019', 'Not possible inside mv-apply', step.span);
  const sorted = made.plan.input;
  return {
    ...made,
    plan: { kind: 'limit-by', input: sorted, count: made.plan.count, keys: [row] },
  };
}
