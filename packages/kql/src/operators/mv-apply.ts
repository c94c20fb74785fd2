import { notSupported } from '../diagnostics.js';
import { inParts } from '../plan/parts.js';
import { relation, type Relation } from '../semantics/relation.js';
import type { OperatorSyntax } from '../syntax/tree.js';
import { mvExpand } from './mv-expand.js';
import { piped } from './operator.js';
import { bindSteps, parseSteps } from './steps.js';

interface ApplySyntax extends OperatorSyntax {
  /** The part before `on`, which is `mv-expand`'s own. */
  readonly expand: OperatorSyntax;
  readonly steps: readonly OperatorSyntax[];
}

/**
 * `T | mv-apply x = d.list to typeof(long) on (where x > 1 | summarize sum(x))`: a sub-query over
 * the elements of each row. All rows' elements go through it together, kept apart by a row number (plan/parts.ts).
 */
export const mvApply = piped<ApplySyntax>({
  names: ['mv-apply'],
  parse(parser, start) {
    const expand = mvExpand.parse(parser, start);
    parser.expect('on');
    const steps = parseSteps(parser);
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
    const expanded = mvExpand.bind(context, syntax.expand, numbered);
    // An expanded column takes the place of the outer one of its name.
    const kept = expanded.columns.filter((each) => outer.has(each.column));
    const inner = bindSteps(context, syntax.steps, { ...expanded, serialized: true });
    const parts = inParts(inner.plan, {
      binder,
      span: syntax.span,
      input: expanded.plan,
      keys: [row],
      carried: kept.map((each) => each.column),
      // The rows' numbers are those of one reading.
      repeatable: false,
    });
    if (parts === undefined) notSupported('A sub-query that does not read its rows', syntax.span);
    const carried = kept.flatMap((each, index) => {
      const column = parts.carried[index];
      return column === undefined ? [] : [{ name: each.name, column }];
    });
    const own = inner.columns.filter((each) => !kept.some((one) => one.column === each.column));
    const taken = new Set(own.map((each) => each.name));
    const columns = [...carried.filter((each) => !taken.has(each.name)), ...own];
    return relation(parts.plan, columns);
  },
});
