import { aggregateNamed } from '../aggregates/index.js';
import type { AggregateRow } from '../aggregates/row.js';
import { problem, type Span } from '../diagnostics.js';
import type { AggregateCall, Definition } from '../plan/plan.js';
import { hasNull, reference, type Bound, type Column } from '../semantics/bound.js';
import { refuseDynamicKey } from '../semantics/dynamic-key.js';
import { Environment } from '../semantics/environment.js';
import { freeName, relation, type Relation, type VisibleColumn } from '../semantics/relation.js';
import type { Scope } from '../semantics/binder.js';
import type { Expression, NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import { bindNamed, nextColumnName, withDefinitions, type Named } from './extend.js';
import { piped, scopeOf, type BindContext } from './operator.js';

interface SummarizeSyntax extends OperatorSyntax {
  readonly aggregates: readonly NamedExpression[];
  readonly keys: readonly NamedExpression[];
}

/** `T | summarize x = count() by a, bin(t, 1h)`. */
export const summarize = piped<SummarizeSyntax>({
  names: ['summarize'],
  parse(parser, start) {
    parser.options();
    const aggregates = parser.is('by') ? [] : parser.namedExpressions();
    const keys = parser.accept('by') ? parser.namedExpressions() : [];
    return { operator: 'summarize', aggregates, keys, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    return bindSummarize(context, syntax.aggregates, syntax.keys, input);
  },
});

export function bindSummarize(
  context: BindContext,
  aggregates: readonly NamedExpression[],
  keys: readonly NamedExpression[],
  input: Relation,
  /** Series may have dynamic keys, grouped by their text; groups of rows may not. */
  mayBeDynamic = false,
): Relation {
  const taken = new Set<string>();
  const columns: VisibleColumn[] = [];
  const keyDefinitions: Definition[] = [];
  const explicit = new Set(
    [...keys, ...aggregates].flatMap((each) => each.names.map((name) => name.text)),
  );
  const boundKeys = bindNamed(context, keys, input);
  for (const each of boundKeys) {
    if (!mayBeDynamic) refuseDynamicKey(each.value, each.syntax.span, 'What is grouped by');
    const name = keyName(each, taken, explicit, input);
    taken.add(name);
    const column = context.binder.column(name, each.value.type, each.value.nullable);
    keyDefinitions.push({ column, value: each.value });
    columns.push({ name, column });
  }
  // Names that the query itself says, each once: one that it does not say makes room for none.
  const given = new Set(
    boundKeys
      .filter((each) => each.explicit || each.syntax.names.length > 0)
      .map(({ name }) => name),
  );
  const calls: AggregateCall[] = [];
  // Aggregates inside expressions (`sum(a) / count()`) become hidden columns, computed over afterwards.
  const after: Definition[] = [];
  for (const each of aggregates) {
    const made = bindAggregate(context, each, input, calls, after, keys);
    for (const result of made) {
      if (result.explicit && given.has(result.name)) {
        problem('KS201', `A column with the name '${result.name}' is already declared`, each.span);
      }
      const name = freeName(taken, result.name === '' ? nextColumnName(taken) : result.name);
      taken.add(name);
      if (result.explicit) given.add(name);
      columns.push({ name, column: result.column });
    }
  }
  return relation(
    withDefinitions(
      { kind: 'aggregate', input: input.plan, keys: keyDefinitions, aggregates: calls },
      after,
    ),
    columns,
  );
}

function keyName(
  each: Named,
  taken: ReadonlySet<string>,
  explicit: ReadonlySet<string>,
  input: Relation,
): string {
  if (each.name === '') {
    return nextColumnName(
      new Set([...taken, ...explicit, ...input.columns.map((known) => known.name)]),
    );
  }
  if (each.syntax.names.length > 0) return each.name;
  return freeName(taken, each.name);
}

interface Result {
  readonly name: string;
  readonly explicit: boolean;
  readonly column: Column;
}

const extremes: Readonly<Record<string, { direction: 'max' | 'min'; prefix: string }>> = {
  arg_max: { direction: 'max', prefix: '' },
  arg_min: { direction: 'min', prefix: '' },
  argmax: { direction: 'max', prefix: 'max_' },
  argmin: { direction: 'min', prefix: 'min_' },
};

function bindAggregate(
  context: BindContext,
  each: NamedExpression,
  input: Relation,
  calls: AggregateCall[],
  after: Definition[],
  keys: readonly NamedExpression[],
): Result[] {
  const value = each.value;
  const scope = scopeOf(context, input);
  const names = each.names.map((name) => name.text);
  if (value.kind === 'call' && context.environment.find(value.name) === undefined) {
    const extreme = Object.hasOwn(extremes, value.name) ? extremes[value.name] : undefined;
    if (extreme !== undefined)
      return bindExtreme(context, extreme, value, names, input, calls, keys);
    if (
      (value.name === 'take_any' || value.name === 'any') &&
      (value.args.length > 1 || value.args[0]?.value.kind === 'star')
    ) {
      return bindTakeAny(context, value, names, input, calls, keys);
    }
    if (aggregateNamed(value.name) !== undefined) {
      const made = context.binder.aggregate(value, scope);
      calls.push(made.call);
      const raw = made.call.kind === 'call' ? made.call.columns : [];
      const columns = raw.map((column) => {
        const finished = finishedBy(context, made.row, column, value.span);
        if (finished.kind === 'column') return column;
        const named = context.binder.column(made.names[0] ?? 'value', column.type, column.nullable);
        after.push({ column: named, value: finished });
        return named;
      });
      return columns.map((column, index) => {
        const given = names[index];
        const own = made.names[index] || (unnamedAny[value.name] ?? '');
        return { name: given ?? own, explicit: given !== undefined, column };
      });
    }
  }
  const bound = bindOver(context, value, input, calls);
  if (bound === undefined) {
    problem('KS103', 'An aggregate is expected', value.span, 'Put plain columns after by.');
  }
  const column = context.binder.column(names[0] ?? 'Column', bound.type, bound.nullable);
  after.push({ column, value: bound });
  const name = names[0] ?? nameOver(context, value, scope);
  return [{ name, explicit: names.length > 0, column }];
}

/** What any value of an expression without a name is called. */
const unnamedAny: Readonly<Partial<Record<string, string>>> = { take_any: 'any_arg0', any: 'any_' };

/** `round(avg(x))` is named as `avg(x)` is, where it would be named as its column. */
function nameOver(context: BindContext, value: Expression, scope: Scope): string {
  const own = rewrite(value, (call) => {
    const row = aggregateNamed(call.name);
    if (row === undefined || context.environment.find(call.name) !== undefined) return undefined;
    // What is named as its argument (`take_any`) names nothing around it.
    if (row.naming === 'first')
      return { kind: 'literal', type: 'long', value: null, span: call.span };
    const name = context.binder.aggregate(call, scope).names[0];
    return name === undefined ? undefined : { kind: 'name', name, span: call.span };
  });
  const name = context.binder.nameFor(own, scope);
  // As array_sort_asc() names its columns wherever it gives several.
  if (name !== '' || own.kind !== 'call' || !own.name.startsWith('array_sort_')) return name;
  const [sorted] = own.args;
  const of = sorted === undefined ? '' : context.binder.nameFor(sorted.value, scope);
  return of === '' ? '' : `${of}_sorted`;
}

/** An expression over aggregates: each becomes a column of its own. undefined if there is none in it. */
function bindOver(
  context: BindContext,
  value: Expression,
  input: Relation,
  calls: AggregateCall[],
): Bound | undefined {
  let found = 0;
  const environment = new Environment(context.environment);
  const rewritten = rewrite(value, (call) => {
    if (
      context.environment.find(call.name) !== undefined ||
      aggregateNamed(call.name) === undefined
    )
      return undefined;
    const made = context.binder.aggregate(call, scopeOf(context, input));
    calls.push(made.call);
    const column = made.call.kind === 'call' ? made.call.columns[0] : undefined;
    if (column === undefined) return undefined;
    const name = `$aggregate${found++}`;
    const bound = finishedBy(context, made.row, column, call.span);
    environment.set(name, { kind: 'scalar', bound });
    return { kind: 'name', name, span: call.span };
  });
  if (found === 0 && !isConstantLike(value)) return undefined;
  return context.binder.scalar(rewritten, {
    input: relation({ kind: 'values', columns: [], rows: [] }, []),
    environment,
  });
}

function finishedBy(
  { binder }: BindContext,
  { name, finish }: AggregateRow,
  column: Column,
  span: Span,
): Bound {
  const raw = reference(column);
  return finish === undefined ? raw : binder.apply(finish, name, [raw], span);
}

function isConstantLike(value: Expression): boolean {
  return value.kind === 'literal' || value.kind === 'call';
}

/** The expression with some of its calls replaced. */
function rewrite(
  value: Expression,
  replace: (call: Expression & { kind: 'call' }) => Expression | undefined,
): Expression {
  const again = (each: Expression): Expression => rewrite(each, replace);
  switch (value.kind) {
    case 'call': {
      const replaced = replace(value);
      if (replaced !== undefined) return replaced;
      return { ...value, args: value.args.map((arg) => ({ ...arg, value: again(arg.value) })) };
    }
    case 'binary':
      return { ...value, left: again(value.left), right: again(value.right) };
    case 'logical':
      return { ...value, terms: value.terms.map(again) };
    case 'negate':
      return { ...value, value: again(value.value) };
    case 'member':
      return { ...value, target: again(value.target) };
    case 'index':
      return { ...value, target: again(value.target), index: again(value.index) };
    case 'list':
      return { ...value, value: again(value.value), items: value.items.map(again) };
    case 'between':
      return {
        ...value,
        value: again(value.value),
        low: again(value.low),
        high: again(value.high),
      };
    case 'name':
    case 'literal':
    case 'star':
    case 'typeof':
    case 'pipeline':
    case 'leading':
    case 'function':
      return value;
  }
}

/** Names of columns that are keys as they are: `*` does not repeat them. */
function plainKeys(keys: readonly NamedExpression[]): Set<string> {
  return new Set(keys.flatMap((key) => (key.value.kind === 'name' ? [key.value.name] : [])));
}

/** `arg_max(t, *)`, `arg_max(t, a, b = c + 1)`. */
function bindExtreme(
  context: BindContext,
  extreme: { direction: 'max' | 'min'; prefix: string },
  value: Expression & { kind: 'call' },
  names: readonly string[],
  input: Relation,
  calls: AggregateCall[],
  keys: readonly NamedExpression[],
): Result[] {
  const scope = scopeOf(context, input);
  const [first, ...rest] = value.args;
  if (first === undefined)
    problem('KS119', `${value.name}() takes at least 1 argument`, value.span);
  const by = context.binder.scalar(first.value, scope);
  const byName = context.binder.nameFor(first.value, scope);
  const results: Result[] = [];
  const add = (name: string, column: Column, given: string | undefined): void => {
    const index = results.length;
    const explicit = names[index] ?? given;
    results.push({ name: explicit ?? name, explicit: explicit !== undefined, column });
  };
  const byColumn = context.binder.column(byName === '' ? 'value' : byName, by.type);
  const byItself = byName === '' ? `${extreme.direction}_` : extreme.prefix + byName;
  add(byItself, byColumn, first.names[0]?.text);
  const values: Definition[] = [];
  const taken = plainKeys(keys);
  for (const [index, arg] of rest.entries()) {
    if (arg.value.kind === 'star') {
      for (const each of input.columns) {
        if (taken.has(each.name) || (first.value.kind === 'name' && each.name === first.value.name))
          continue;
        const column = context.binder.column(each.name, each.column.type);
        values.push({ column, value: reference(each.column) });
        add(
          extreme.prefix === '' ? each.name : `${extreme.prefix}${byName}_${each.name}`,
          column,
          undefined,
        );
      }
      continue;
    }
    const bound = context.binder.scalar(arg.value, scope);
    const name = context.binder.nameFor(arg.value, scope);
    const column = context.binder.column(name === '' ? 'value' : name, bound.type);
    values.push({ column, value: bound });
    const full = extreme.prefix === '' ? name : `${extreme.prefix}${byName}_${name}`;
    const unnamed = `${extreme.direction}_${byName}_arg${index + 1}`;
    add(name === '' ? unnamed : full, column, arg.names[0]?.text);
  }
  calls.push({ kind: 'extreme', direction: extreme.direction, by, byColumn, values });
  return results;
}

/** `take_any(*)`, `take_any(a, b)`: values of one and the same row. */
function bindTakeAny(
  context: BindContext,
  value: Expression & { kind: 'call' },
  names: readonly string[],
  input: Relation,
  calls: AggregateCall[],
  keys: readonly NamedExpression[],
): Result[] {
  const scope = scopeOf(context, input);
  const results: Result[] = [];
  const values: Definition[] = [];
  const prefix = value.name === 'any' ? 'any_' : '';
  const add = (name: string, bound: Bound): void => {
    const column = context.binder.column(
      name === '' ? 'value' : name,
      bound.type,
      hasNull(bound.type),
    );
    values.push({ column, value: bound });
    const given = names[results.length];
    const own = name === '' ? `any_arg${results.length}` : prefix + name;
    results.push({ name: given ?? own, explicit: given !== undefined, column });
  };
  const taken = plainKeys(keys);
  for (const arg of value.args) {
    if (arg.value.kind === 'star') {
      for (const each of input.columns)
        if (!taken.has(each.name)) add(each.name, reference(each.column));
    } else add(context.binder.nameFor(arg.value, scope), context.binder.scalar(arg.value, scope));
  }
  // Any row will do: the greatest of a constant.
  const by: Bound = { kind: 'constant', type: 'long', value: 1n, nullable: false };
  calls.push({ kind: 'extreme', direction: 'max', by, byColumn: undefined, values });
  return results;
}

interface DistinctSyntax extends OperatorSyntax {
  readonly keys: readonly NamedExpression[];
  readonly all: boolean;
}

/** `T | distinct a, b`, `T | distinct *`. */
export const distinct = piped<DistinctSyntax>({
  names: ['distinct'],
  parse(parser, start) {
    parser.options();
    if (parser.accept('*'))
      return { operator: 'distinct', keys: [], all: true, span: parser.spanFrom(start) };
    const keys = parser.namedExpressions();
    return { operator: 'distinct', keys, all: false, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    if (!syntax.all) return bindSummarize(context, [], syntax.keys, input);
    for (const each of input.columns)
      refuseDynamicKey(
        reference(each.column),
        syntax.span,
        `The column '${each.name}' of distinct`,
      );
    const keys: Definition[] = [];
    const columns = input.columns.map((each): VisibleColumn => {
      const column = context.binder.column(each.name, each.column.type, each.column.nullable);
      keys.push({ column, value: reference(each.column) });
      return { name: each.name, column };
    });
    return relation({ kind: 'aggregate', input: input.plan, keys, aggregates: [] }, columns);
  },
});
