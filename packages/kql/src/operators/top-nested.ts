import { notSupported, problem } from '../diagnostics.js';
import type { Plan } from '../plan/plan.js';
import { reference, type Bound, type Column } from '../semantics/bound.js';
import { columnNamed, freeName, relation, type Relation } from '../semantics/relation.js';
import type { Expression, NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import { topNestedLevelsMax } from '../limits.js';
import { piped, scopeOf, type BindContext } from './operator.js';
import { bindSummarize } from './summarize.js';

interface Level {
  readonly count: Expression | undefined;
  readonly of: NamedExpression;
  readonly by: NamedExpression;
  readonly descending: boolean;
}

interface TopNestedSyntax extends OperatorSyntax {
  readonly levels: readonly Level[];
}

/** `T | top-nested 2 of a by sum(x), top-nested 3 of b by count()`. */
export const topNested = piped<TopNestedSyntax>({
  names: ['top-nested'],
  parse(parser, start) {
    const levels: Level[] = [];
    do {
      if (levels.length > 0) {
        for (const word of ['top', '-', 'nested']) parser.expect(word);
      }
      const count = parser.is('of') ? undefined : parser.expression();
      parser.expect('of');
      const of = parser.namedExpression();
      if (parser.is('with')) notSupported("'with others' in top-nested", parser.spanFrom(start));
      parser.expect('by');
      const by = parser.namedExpression();
      const descending = !parser.accept('asc');
      if (descending) parser.accept('desc');
      levels.push({ count, of, by, descending });
    } while (parser.accept(','));
    const span = parser.spanFrom(start);
    if (levels.length > topNestedLevelsMax) {
      problem('KQL_LIMIT', `More than ${topNestedLevelsMax} levels of top-nested`, span);
    }
    return { operator: 'top-nested', levels, span };
  },
  bind(context, syntax, input) {
    const taken = new Set<string>();
    const keys: NamedExpression[] = [];
    let kept: Relation | undefined;
    for (const level of syntax.levels) {
      const own =
        level.of.names[0]?.text ?? context.binder.nameFor(level.of.value, scopeOf(context, input));
      const name = freeName(taken, own === '' ? 'Column1' : own);
      taken.add(name);
      const aggregated = freeName(taken, level.by.names[0]?.text ?? `aggregated_${name}`);
      taken.add(aggregated);
      const span = level.of.span;
      keys.push({ names: [{ text: name, span }], value: level.of.value, span });
      const by = {
        names: [{ text: aggregated, span }],
        value: level.by.value,
        span: level.by.span,
      };
      kept = nested(context, level, bindSummarize(context, [by], keys, input), kept);
    }
    return kept ?? input;
  },
});

/** The best groups of a level within each kept group of the level before. */
function nested(
  context: BindContext,
  level: Level,
  groups: Relation,
  before: Relation | undefined,
): Relation {
  const { binder } = context;
  let made = groups;
  const outer = before?.columns ?? [];
  const outerKeys = outer.filter((_, index) => index % 2 === 0);
  if (before !== undefined) {
    const copies = [...groups.columns.slice(outerKeys.length), ...outer].map((each) => ({
      visible: { name: each.name, column: binder.column(each.name, each.column.type) },
      of: each.column,
      side: outer.includes(each) ? ('right' as const) : ('left' as const),
    }));
    const plan: Plan = {
      kind: 'join',
      join: 'inner',
      left: groups.plan,
      right: before.plan,
      keys: outerKeys.flatMap((each, index) => {
        const left = groups.columns[index];
        return left === undefined ? [] : same(context, left.column, each.column, level);
      }),
      columns: copies.map((each) => ({
        column: each.visible.column,
        of: each.of,
        side: each.side,
      })),
    };
    const visible = copies.map((each) => each.visible);
    made = relation(plan, [...visible.slice(2), ...visible.slice(0, 2)]);
  }
  if (level.count === undefined) return made;
  const count = binder.constantLong(
    level.count,
    scopeOf(context, undefined),
    'The number of values',
  );
  if (count < 0n) problem('SEM0101', 'The number of values must not be negative', level.count.span);
  const by = made.columns.at(-1)?.column;
  if (by === undefined) return made;
  const sorted: Plan = {
    kind: 'sort',
    input: made.plan,
    keys: [{ column: by, descending: level.descending, nullsFirst: false }],
  };
  const keys = outerKeys.flatMap((each) => columnNamed(made.columns, each.name) ?? []);
  const plan: Plan =
    keys.length === 0
      ? { kind: 'limit', input: sorted, count }
      : { kind: 'limit-by', input: sorted, count, keys };
  return { ...made, plan };
}

/** Two keys by which values are the same, nulls too: as texts, and whether they are null. */
function same(
  context: BindContext,
  left: Column,
  right: Column,
  level: Level,
): { left: Bound; right: Bound }[] {
  const of = (name: string, column: Column): Bound =>
    context.binder.call(name, [reference(column)], level.of.span);
  if (left.type === 'string') return [{ left: reference(left), right: reference(right) }];
  return ['tostring', 'isnull'].map((name) => ({ left: of(name, left), right: of(name, right) }));
}
