import { KqlProblem, problem } from '../diagnostics.js';
import { constant, reference, type Bound, type Column } from '../semantics/bound.js';
import {
  freeName,
  relation,
  wildcardFits,
  type Relation,
  type VisibleColumn,
} from '../semantics/relation.js';
import type { Plan } from '../plan/plan.js';
import type { Expression, OperatorSyntax } from '../syntax/tree.js';
import type { Span } from '../diagnostics.js';
import type { ScalarType } from '@strongroom/sql';
import { leading, scopeOf, type BindContext } from './operator.js';

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
    if (input !== undefined) tables.push({ name: 'union_arg0', relation: input });
    for (const each of syntax.inputs) {
      if (each.kind === 'wildcard') {
        const names = [...binder.tableNames()]
          .filter((name) => wildcardFits(each.pattern, name))
          .sort();
        for (const name of names)
          tables.push({
            name,
            relation: binder.scan(name, each.span, scopeOf(context, undefined)),
          });
        continue;
      }
      const name =
        each.kind === 'name'
          ? each.name
          : each.kind === 'member'
            ? each.name
            : `union_arg${tables.length}`;
      try {
        tables.push({ name, relation: binder.table(each, scopeOf(context, undefined)) });
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

/** Rows of all tables; a column of one type and name is one column. */
export function unite(
  context: BindContext,
  tables: readonly NamedRelation[],
  onlyCommon: boolean,
  source: string | undefined,
): Relation {
  // Columns by name, with the types that they have in the order of their appearance.
  const types = new Map<string, ScalarType[]>();
  const byName = tables.map(
    (each) => new Map(each.relation.columns.map((visible) => [visible.name, visible.column])),
  );
  for (const each of tables) {
    for (const visible of each.relation.columns) {
      const known = types.get(visible.name);
      if (known === undefined) types.set(visible.name, [visible.column.type]);
      else if (!known.includes(visible.column.type)) known.push(visible.column.type);
    }
  }
  const taken = new Set<string>();
  const columns: VisibleColumn[] = [];
  const sourceColumn = source === undefined ? undefined : context.binder.column(source, 'string');
  if (source !== undefined && sourceColumn !== undefined)
    columns.push({ name: source, column: sourceColumn });
  const made: Column[] = [];
  const values: Bound[][] = tables.map((table) =>
    sourceColumn === undefined ? [] : [constant('string', table.name)],
  );
  for (const [name, list] of types) {
    if (onlyCommon && !byName.every((each) => each.has(name))) continue;
    for (const type of list) {
      const free = freeName(taken, list.length === 1 ? name : `${name}_${type}`);
      taken.add(free);
      let nullable = false;
      const absent = constant(type, null);
      byName.forEach((each, index) => {
        const found = each.get(name);
        const present = found !== undefined && found.type === type;
        if (!present || found.nullable) nullable = true;
        values[index]?.push(present ? reference(found) : absent);
      });
      const column = context.binder.column(free, type, nullable);
      made.push(column);
      columns.push({ name: free, column });
    }
  }
  // The hidden time of arrival goes through; rows that have none of their own have null.
  let ingestionTime: Column | undefined;
  if (tables.some((each) => each.relation.ingestionTime !== undefined)) {
    const isNullable = tables.some((each) => each.relation.ingestionTime?.nullable !== false);
    ingestionTime = context.binder.column('_TimeReceived', 'datetime', isNullable);
    made.push(ingestionTime);
    tables.forEach(({ relation: { ingestionTime: own } }, index) =>
      values[index]?.push(own === undefined ? constant('datetime', null) : reference(own)),
    );
  }
  const all = tables.map((table, index) => ({
    plan: table.relation.plan,
    values: values[index] ?? [],
  }));
  // Empty tables give their columns, which stand above, and no rows: a search over everything would
  // otherwise read hundreds of them.
  const filled = all.filter((each) => !holdsNothing(each.plan));
  const kept = filled.length === 0 ? all.slice(0, 1) : filled;
  const whole = sourceColumn === undefined ? made : [sourceColumn, ...made];
  // A column that none of the kept tables has is null everywhere: no need to unite it.
  const isNull = whole.map((_, index) => kept.every((each) => isNullConstant(each.values[index])));
  const inputs = kept.map((each) => ({
    plan: each.plan,
    values: each.values.filter((_, index) => isNull[index] !== true),
  }));
  const united: Plan = {
    kind: 'union',
    columns: whole.filter((_, index) => isNull[index] !== true),
    inputs,
  };
  const definitions = whole
    .filter((_, index) => isNull[index] === true)
    .map((column) => ({ column, value: constant(column.type, null) }));
  return relation(
    definitions.length === 0 ? united : { kind: 'extend', input: united, definitions },
    columns,
    { ingestionTime },
  );
}

const isNullConstant = (value: Bound | undefined): boolean =>
  value?.kind === 'constant' && value.value === null;

/** True where the plan surely gives no row. */
function holdsNothing(plan: Plan): boolean {
  switch (plan.kind) {
    case 'scan':
      return plan.isEmpty;
    case 'extend':
    case 'filter':
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
