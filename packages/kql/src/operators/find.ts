import { notSupported, problem, type Span } from '../diagnostics.js';
import type { Definition } from '../plan/plan.js';
import { constant, reference, type Column } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import {
  columnNamed,
  wildcardFits,
  type Relation,
  type VisibleColumn,
} from '../semantics/relation.js';
import type { Parser } from '../syntax/parser.js';
import type { Expression, Name, OperatorSyntax } from '../syntax/tree.js';
import type { ScalarType } from '@strongroom/sql';
import { withDefinitions } from './extend.js';
import { leading, scopeOf, type BindContext } from './operator.js';
import { term } from './search.js';
import { sourceName, unite, type NamedRelation } from './union.js';

interface ProjectedColumn {
  readonly name: Name;
  readonly type: ScalarType | undefined;
}

interface FindSyntax extends OperatorSyntax {
  readonly source: string;
  readonly tables: readonly Expression[];
  readonly patterns: readonly Name[];
  readonly predicate: Expression;
  /** Absent for `project-smart`. */
  readonly projected: readonly ProjectedColumn[] | undefined;
  readonly packs: boolean;
}

/** `find withsource=t in (A, B*) where a == 1 project a, b:string`: rows of many tables. */
export const find = leading<FindSyntax>({
  names: ['find'],
  parse(parser, start) {
    const options = parser.options(['withsource']);
    const tables: Expression[] = [];
    const patterns: Name[] = [];
    if (parser.is('in') && parser.is('(', 1)) {
      parser.next();
      parser.next();
      do {
        const token = parser.peek();
        const isJoined = parser.is('*', 1) && parser.peek(1).start === token.end;
        if (parser.is('*') || isJoined) patterns.push(parser.wildcardName());
        else tables.push(parser.pipeline());
      } while (parser.accept(','));
      parser.expect(')');
      parser.expect('where');
    } else parser.accept('where');
    const predicate = parser.expression();
    const { projected, packs } = readProjection(parser);
    return {
      operator: 'find',
      source: options.get('withsource')?.value ?? 'source_',
      tables,
      patterns,
      predicate,
      projected,
      packs,
      span: parser.spanFrom(start),
    };
  },
  bind(context, syntax) {
    const named = namesIn(syntax.predicate);
    const all = tablesOf(context, syntax);
    // A table with none of the columns that the predicate names has no row to find.
    const tables = all.filter(
      (each) =>
        named.isAnyColumn ||
        [...named.names.keys()].every((name) => !isColumn(all, name)) ||
        [...named.names.keys()].some((name) => columnNamed(each.relation.columns, name)),
    );
    for (const [name, span] of named.names) {
      if (!isColumn(all, name) && context.environment.find(name) === undefined) {
        problem('SEM0100', `'${name}' does not refer to any known column`, span);
      }
    }
    if (tables.length === 0) problem('SEM0100', 'No table to find rows in', syntax.span);
    const predicateColumns = [...named.names.keys()].filter((name) => isColumn(tables, name));
    const found = tables.map((each): NamedRelation => {
      // Columns that only other tables have are null here.
      const absent = predicateColumns
        .filter((name) => columnNamed(each.relation.columns, name) === undefined)
        .map((name) => ({
          name,
          value: constant(typesOf(tables, name)[0] ?? 'string', null),
        }));
      const definitions = absent.map((missing) => ({
        column: context.binder.column(missing.name, missing.value.type),
        value: missing.value,
      }));
      const columns = definitions.map(({ column }, index) => ({
        name: absent[index]?.name ?? '',
        column,
      }));
      const widened: Relation = {
        ...each.relation,
        plan: withDefinitions(each.relation.plan, definitions),
        columns: [...each.relation.columns, ...columns],
      };
      const predicate = term(context, syntax.predicate, widened, false);
      const plan = { kind: 'filter', input: widened.plan, predicate } as const;
      return { name: each.name, relation: { ...each.relation, plan } };
    });
    const shown =
      syntax.projected === undefined
        ? smart(found, predicateColumns)
        : asked(context, found, syntax.projected);
    // project-smart packs only where a column is left to be packed.
    const packs =
      syntax.projected === undefined
        ? found.some((each) => unshown(each, shown).length > 0)
        : syntax.packs;
    return unite(
      context,
      found.map((each, index) => shape(context, each, index, shown, packs, syntax.span)),
      false,
      syntax.source,
    );
  },
});

function readProjection(parser: Parser): Pick<FindSyntax, 'projected' | 'packs'> {
  if (!parser.accept('project')) return { projected: undefined, packs: true };
  if (parser.accept('-')) {
    parser.expect('smart');
    return { projected: undefined, packs: true };
  }
  const projected: ProjectedColumn[] = [];
  let packs = false;
  do {
    if ((parser.is('pack_all') || parser.is('pack')) && parser.is('(', 1)) {
      parser.next();
      parser.next();
      parser.accept('*');
      parser.expect(')');
      packs = true;
      continue;
    }
    const name = parser.name('a column name');
    const type = parser.accept(':') ? parser.scalarType() : undefined;
    if (parser.is('=')) notSupported("A computed column in find's project", name.span);
    projected.push({ name, type });
  } while (parser.accept(','));
  return { projected, packs };
}

function tablesOf(context: BindContext, syntax: FindSyntax): NamedRelation[] {
  const { binder } = context;
  const scope = scopeOf(context, undefined);
  const tables = syntax.tables.map((each, index): NamedRelation => {
    const relation = binder.table(each, scope);
    return { name: sourceName(each, relation) ?? `find_arg${index}`, relation };
  });
  const isEverywhere = syntax.tables.length === 0 && syntax.patterns.length === 0;
  const patterns = isEverywhere ? [{ text: '*', span: syntax.span }] : syntax.patterns;
  for (const pattern of patterns) {
    const names = [...binder.tableNames(context.environment)].filter((name) =>
      wildcardFits(pattern.text, name),
    );
    for (const name of names.sort())
      tables.push({ name, relation: binder.scan(name, pattern.span, scope) });
    for (const name of binder.viewNames(context.environment)) {
      if (!wildcardFits(pattern.text, name)) continue;
      const view: Expression = { kind: 'name', name, span: pattern.span };
      tables.push({ name, relation: binder.table(view, scope) });
    }
  }
  return tables;
}

function isColumn(tables: readonly NamedRelation[], name: string): boolean {
  return tables.some((each) => columnNamed(each.relation.columns, name) !== undefined);
}

/** The types that a column has in the tables, in the order of their appearance. */
function typesOf(tables: readonly NamedRelation[], name: string): ScalarType[] {
  const types = tables.flatMap((each) => columnNamed(each.relation.columns, name)?.type ?? []);
  return [...new Set(types)];
}

/** A column of the result: what it is called there, and which of each table's it is. */
interface ShownColumn {
  readonly name: string;
  readonly of: string;
  /** The type to convert to; absent where the columns stay as they are. */
  readonly type: ScalarType | undefined;
  /** The type of the null that stands for it where a table lacks it. */
  readonly absent: ScalarType;
}

/**
 * `project-smart`: columns that all tables have (of one type, where the predicate does not name
 * them), then the predicate's others.
 */
function smart(tables: readonly NamedRelation[], predicate: readonly string[]): ShownColumn[] {
  const common = (tables[0]?.relation.columns ?? [])
    .filter(({ name, column }) =>
      tables.every((table) => {
        const type = columnNamed(table.relation.columns, name)?.type;
        return type === column.type || (type !== undefined && predicate.includes(name));
      }),
    )
    .map((each) => each.name);
  return [...new Set([...common, ...predicate])].map((name) => ({
    name,
    of: name,
    type: undefined,
    absent: typesOf(tables, name)[0] ?? 'string',
  }));
}

function asked(
  context: BindContext,
  tables: readonly NamedRelation[],
  projected: readonly ProjectedColumn[],
): ShownColumn[] {
  return projected.map(({ name, type }) => {
    const types = typesOf(tables, name.text);
    if (types.length === 0 && type === undefined) {
      problem('SEM0100', `'${name.text}' does not refer to any known column`, name.span);
    }
    if (types.length > 1 && type === undefined) {
      problem(
        'SEM0100',
        `The column '${name.text}' has several types: ${types.join(', ')}`,
        name.span,
        `Write ${name.text}:${types[0] ?? 'string'}.`,
      );
    }
    const shownAs = types.length > 1 ? `${name.text}_${type ?? ''}` : name.text;
    const shownType = type ?? types[0] ?? 'string';
    return { name: shownAs, of: name.text, type: shownType, absent: shownType };
  });
}

function unshown({ relation }: NamedRelation, shown: readonly ShownColumn[]): VisibleColumn[] {
  return relation.columns.filter((each) => !shown.some((known) => known.of === each.name));
}

/** A table's rows with the result's columns, the others packed. */
function shape(
  context: BindContext,
  table: NamedRelation,
  index: number,
  shown: readonly ShownColumn[],
  packs: boolean,
  span: Span,
): NamedRelation {
  const { binder } = context;
  const { relation } = table;
  const definitions: Definition[] = [];
  const columns: { name: string; column: Column }[] = [];
  for (const each of shown) {
    const own = columnNamed(relation.columns, each.of);
    if (own !== undefined && (each.type === undefined || own.type === each.type)) {
      columns.push({ name: each.name, column: own });
    } else if (own !== undefined || index === 0) {
      // The first table has every column, so that the result's are in the order asked for.
      const value =
        own === undefined
          ? constant(each.absent, null)
          : convert(reference(own), each.absent, span, binder);
      const column = binder.column(each.name, value.type);
      definitions.push({ column, value });
      columns.push({ name: each.name, column });
    }
  }
  if (packs) {
    const value = binder.call(
      'bag_pack',
      unshown(table, shown).flatMap((each) => [
        constant('string', each.name),
        reference(each.column),
      ]),
      span,
    );
    const column = binder.column('pack_', 'dynamic');
    definitions.push({ column, value });
    columns.push({ name: 'pack_', column });
  }
  return {
    name: table.name,
    relation: { ...relation, plan: withDefinitions(relation.plan, definitions), columns },
  };
}

/** The names that a predicate reads, and whether it has a part that looks at every column. */
function namesIn(predicate: Expression): { names: Map<string, Span>; isAnyColumn: boolean } {
  const names = new Map<string, Span>();
  let isAnyColumn = false;
  const visit = (value: Expression, isCondition: boolean): void => {
    switch (value.kind) {
      case 'name':
        if (!names.has(value.name)) names.set(value.name, value.span);
        return;
      case 'literal':
        // A value where a condition stands is looked for in every column.
        if (isCondition) isAnyColumn = true;
        return;
      case 'star':
        isAnyColumn = true;
        return;
      case 'logical':
        for (const each of value.terms) visit(each, isCondition);
        return;
      case 'call':
        for (const each of value.args) visit(each.value, isCondition && value.name === 'not');
        return;
      case 'binary':
        visit(value.left, false);
        visit(value.right, false);
        return;
      case 'list':
        visit(value.value, false);
        for (const each of value.items) visit(each, false);
        return;
      case 'between':
        visit(value.value, false);
        visit(value.low, false);
        visit(value.high, false);
        return;
      case 'negate':
        visit(value.value, false);
        return;
      case 'member':
        visit(value.target, false);
        return;
      case 'index':
        visit(value.target, false);
        visit(value.index, false);
        return;
      case 'typeof':
      case 'pipeline':
      case 'leading':
      case 'function':
        return;
    }
  };
  visit(predicate, true);
  return { names, isAnyColumn };
}
