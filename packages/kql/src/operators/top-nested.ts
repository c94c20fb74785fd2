import { problem } from '../diagnostics.js';
import type { Plan } from '../plan/plan.js';
import { constant, reference, type Bound, type Column } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import { columnNamed, freeName, relation, type Relation } from '../semantics/relation.js';
import type { Expression, NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import { topNestedLevelsMax } from '../limits.js';
import { piped, scopeOf, type BindContext } from './operator.js';
import { bindSummarize } from './summarize.js';

interface Level {
  readonly count: Expression | undefined;
  readonly of: NamedExpression;
  /** What stands for the values that are not among the best. */
  readonly others: Expression | undefined;
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
      let others: Expression | undefined;
      if (parser.accept('with')) {
        parser.expect('others');
        parser.expect('=');
        others = parser.expression();
      }
      parser.expect('by');
      const by = parser.namedExpression();
      const descending = !parser.accept('asc');
      if (descending) parser.accept('desc');
      levels.push({ count, of, others, by, descending });
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
    const keptAt: Relation[] = [];
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
      keptAt.push(kept);
    }
    return kept === undefined ? input : withOthers(context, syntax.levels, input, keptAt);
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

/**
 * Beside the best, one row for all rows that are among the best down to a level and not there: at that
 * level and below it has the labels and sums of the levels that ask for others, and nulls for the rest.
 */
function withOthers(
  context: BindContext,
  levels: readonly Level[],
  input: Relation,
  keptAt: readonly Relation[],
): Relation {
  const best = keptAt.at(-1);
  if (best === undefined || levels.every((each) => each.others === undefined)) return best ?? input;
  const { binder } = context;
  const visible = best.columns.map(({ name, column }) => ({
    name,
    column: binder.column(name, column.type),
  }));
  const inputs: { plan: Plan; values: readonly Bound[] }[] = [
    { plan: best.plan, values: best.columns.map((each) => reference(each.column)) },
  ];
  for (const at of levels.keys()) {
    if (levels.slice(at).some((each) => each.others !== undefined))
      inputs.push(missing(context, levels, at, input, keptAt));
  }
  return relation({ kind: 'union', columns: visible.map((each) => each.column), inputs }, visible);
}

/** The rows that are lost at a level, summed for each path to it. */
function missing(
  context: BindContext,
  levels: readonly Level[],
  at: number,
  input: Relation,
  keptAt: readonly Relation[],
): { plan: Plan; values: readonly Bound[] } {
  const { binder } = context;
  const scope = scopeOf(context, input);
  const extended = binder.extend(
    input,
    levels.slice(0, at + 1).map((level, index) => ({
      name: `$key${index}`,
      value: binder.scalar(level.of.value, scope),
    })),
  );
  const passed = [
    ...new Set([...input.columns.map((each) => each.column), ...extended.columns]),
  ].map((column) => ({ column, of: column, side: 'left' as const }));
  const keysWith = (kept: Relation, count: number): { left: Bound; right: Bound }[] =>
    extended.columns.slice(0, count).flatMap((own, index) => {
      const level = levels[index];
      const other = kept.columns[index * 2]?.column;
      return level === undefined || other === undefined ? [] : same(context, own, other, level);
    });
  let { plan } = extended.relation;
  const before = at === 0 ? undefined : keptAt[at - 1];
  const path = (before?.columns ?? []).map((each, index) => ({
    name: `$path${index}`,
    column: binder.column('$path', each.column.type),
    of: each.column,
  }));
  if (before !== undefined) {
    plan = {
      kind: 'join',
      join: 'inner',
      left: plan,
      right: before.plan,
      keys: keysWith(before, at),
      columns: [
        ...passed,
        ...path.map(({ column, of }) => ({ column, of, side: 'right' as const })),
      ],
    };
  }
  const kept = keptAt[at];
  if (kept !== undefined) {
    plan = {
      kind: 'join',
      join: 'leftanti',
      left: plan,
      right: kept.plan,
      keys: keysWith(kept, at + 1),
      columns: [
        ...passed,
        ...path.map(({ column }) => ({ column, of: column, side: 'left' as const })),
      ],
    };
  }
  const span = levels[at]?.of.span ?? { start: 0, end: 0 };
  // A key that is constant: no row where nothing is lost.
  const keys = [
    ...path.map(({ name }) => ({ name, value: { kind: 'name', name, span } as const })),
    { name: '$one', value: { kind: 'literal', type: 'long', value: 1n, span } as const },
  ].map(({ name, value }) => ({ names: [{ text: name, span }], value, span }));
  const asking = levels.slice(at).filter((each) => each.others !== undefined);
  const sums = asking.map((each, index) => ({
    names: [{ text: `$sum${index}`, span }],
    value: each.by.value,
    span,
  }));
  const summed = bindSummarize(
    context,
    sums,
    keys,
    relation(plan, [...input.columns, ...path.map(({ name, column }) => ({ name, column }))]),
  );
  const valueOf = (name: string): Bound => {
    const column = columnNamed(summed.columns, name);
    return column === undefined ? constant('string', null) : reference(column);
  };
  const wanted = keptAt.at(-1)?.columns ?? [];
  const values = wanted.map(({ column }, index): Bound => {
    const level = levels[Math.floor(index / 2)];
    if (index < at * 2) return valueOf(`$path${index}`);
    if (level?.others === undefined) return constant(column.type, null);
    if (index % 2 === 1) return valueOf(`$sum${asking.indexOf(level)}`);
    const label = binder.scalar(level.others, scopeOf(context, undefined));
    return convert(label, column.type, level.others.span, binder);
  });
  return { plan: summed.plan, values };
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
