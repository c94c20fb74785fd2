import { KqlProblem, problem } from '../diagnostics.js';
import { constant, reference, type Bound, type Column } from '../semantics/bound.js';
import {
  aliasOf,
  relation,
  wildcardFits,
  type Relation,
  type VisibleColumn,
} from '../semantics/relation.js';
import type { Definition, Plan, UnionInput } from '../plan/plan.js';
import type { Expression, OperatorSyntax } from '../syntax/tree.js';
import type { Span } from '../diagnostics.js';
import { leading, scopeOf, type BindContext } from './operator.js';
import { absent, unitedColumns } from './united-columns.js';

interface UnionSyntax extends OperatorSyntax {
  readonly kind: string;
  readonly withSource: string | undefined;
  readonly isFuzzy: boolean;
  readonly inputs: readonly (
    Expression | { readonly kind: 'wildcard'; readonly pattern: string; readonly span: Span }
  )[];
}

/** A table and the name that `withsource` shows for it. */
export interface NamedRelation {
  readonly name: string;
  readonly relation: Relation;
}

/** `union A, B*, (C | where …)`, `T | union U`. */
export const union = leading<UnionSyntax>({
  names: ['union'],
  alsoPiped: true,
  parse(parser, start) {
    const options = parser.options(['kind', 'withsource', 'with_source', 'isfuzzy']);
    const inputs: UnionSyntax['inputs'][number][] = [];
    do {
      const token = parser.peek();
      const joined =
        parser.peek(1).kind === 'punctuation' &&
        parser.peek(1).text === '*' &&
        parser.peek(1).start === token.end;
      if (parser.is('*') || (token.kind === 'name' && joined)) {
        const name = parser.wildcardName();
        inputs.push({ kind: 'wildcard', pattern: name.text, span: name.span });
      } else inputs.push(parser.expression());
    } while (parser.accept(','));
    return {
      operator: 'union',
      kind: options.get('kind')?.value ?? 'outer',
      withSource: options.get('withsource')?.value ?? options.get('with_source')?.value,
      isFuzzy: options.get('isfuzzy')?.value === 'true',
      inputs,
      span: parser.spanFrom(start),
    };
  },
  bind(context, syntax, input) {
    const { binder } = context;
    const tables: NamedRelation[] = [];
    if (input !== undefined) tables.push({ name: aliasOf(input) ?? 'union_arg0', relation: input });
    for (const each of syntax.inputs) {
      if (each.kind === 'wildcard') {
        const names = [...binder.tableNames(context.environment)]
          .filter((name) => wildcardFits(each.pattern, name))
          .sort();
        for (const name of names)
          tables.push({
            name,
            relation: binder.scanAmongMany(name, each.span, scopeOf(context, undefined)),
          });
        for (const view of binder.viewNames(context.environment)) {
          if (!wildcardFits(each.pattern, view)) continue;
          const syntax: Expression = { kind: 'name', name: view, span: each.span };
          tables.push({ name: view, relation: binder.table(syntax, scopeOf(context, undefined)) });
        }
        continue;
      }
      try {
        const relation = binder.table(each, scopeOf(context, undefined));
        tables.push({ name: sourceName(each, relation) ?? `union_arg${tables.length}`, relation });
      } catch (error) {
        // `isfuzzy` leaves out tables that are not there.
        if (syntax.isFuzzy && error instanceof KqlProblem && error.code === 'SEM0100') continue;
        throw error;
      }
    }
    if (tables.length === 0) problem('SEM0100', 'No table to unite', syntax.span);
    return unite(context, tables, syntax.kind === 'inner', syntax.withSource);
  },
});

/** What `withsource` shows for a table: its own name, or the one that `as` gave it at its end. */
export function sourceName(syntax: Expression, made: Relation): string | undefined {
  return syntax.kind === 'name' || syntax.kind === 'member' ? syntax.name : aliasOf(made);
}

/** Rows of all tables; a column of one type and name is one column. */
export function unite(
  context: BindContext,
  tables: readonly NamedRelation[],
  onlyCommon: boolean,
  source: string | undefined,
): Relation {
  const shared = unitedColumns(
    tables.map((each) => each.relation.columns),
    onlyCommon,
  );
  const { binder } = context;
  // Empty tables give their columns and no rows: a search over everything would otherwise read
  // hundreds of them.
  const filled = [...tables.keys()].filter((index) => !holdsNothing(tables[index]?.relation.plan));
  const kept = filled.length === 0 ? [0] : filled;
  const isKept = new Set(kept);
  const columns: VisibleColumn[] = [];
  const sourceColumn = source === undefined ? undefined : binder.column(source, 'string');
  const made: Column[] = [];
  /** Where each of `made` is among the columns of the tables; -1 for the tables' names. */
  const places: number[] = [];
  if (source !== undefined && sourceColumn !== undefined) {
    columns.push({ name: source, column: sourceColumn });
    made.push(sourceColumn);
    places.push(-1);
  }
  const definitions: Definition[] = [];
  shared.columns.forEach((each, place) => {
    const column = binder.namedLater(each.name, each.type, each.nullable);
    columns.push({ name: each.name, column });
    // A column that none of the kept tables has is null everywhere: no need to unite it.
    if (kept.length < tables.length && !each.holders.some((index) => isKept.has(index)))
      definitions.push({ column, value: absent(each.type) });
    else {
      made.push(column);
      places.push(place);
    }
  });
  // The hidden time of arrival goes through; rows that have none of their own have null.
  const times = tables.map((each) => each.relation.ingestionTime);
  const ingestionTime = times.some((each) => each !== undefined)
    ? binder.column(
        '_TimeReceived',
        'datetime',
        times.some((each) => each?.nullable !== false),
      )
    : undefined;
  const inputs = kept.map((index): UnionInput => {
    const own = shared.values[index];
    const name = constant('string', tables[index]?.name ?? '');
    const received = times[index];
    const time = received === undefined ? absent('datetime') : reference(received);
    const at = (position: number): Bound => {
      const place = places[position];
      if (place === undefined) return time;
      return place < 0 ? name : (own?.get(place) ?? absent(all[position]?.type ?? 'string'));
    };
    let values: readonly Bound[] | undefined;
    return {
      plan: (tables[index] as NamedRelation).relation.plan,
      at,
      get values() {
        return (values ??= all.map((_, position) => at(position)));
      },
    };
  });
  const all = ingestionTime === undefined ? made : [...made, ingestionTime];
  const united: Plan = { kind: 'union', columns: all, inputs };
  return relation(
    definitions.length === 0 ? united : { kind: 'extend', input: united, definitions },
    columns,
    { ingestionTime },
  );
}

/** A search of a column that the table lacks. */
function isNever(predicate: Bound): boolean {
  return predicate.kind === 'constant' && predicate.value !== true;
}

/** True where the plan surely gives no row. */
function holdsNothing(plan: Plan | undefined): boolean {
  switch (plan?.kind) {
    case 'scan':
      return plan.isEmpty;
    case 'filter':
      return isNever(plan.predicate) || holdsNothing(plan.input);
    case 'extend':
    case 'sort':
    case 'limit':
    case 'sample':
    case 'limit-by':
    case 'expand':
      return holdsNothing(plan.input);
    default:
      return false;
  }
}
