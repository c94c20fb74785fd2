import { problem } from '../diagnostics.js';
import { constant, reference, type Bound } from '../semantics/bound.js';
import type { Expression, OperatorSyntax } from '../syntax/tree.js';
import { aliasOf, wildcardFits, type Relation } from '../semantics/relation.js';
import { leading, scopeOf, type BindContext } from './operator.js';
import { sourceName, unite, type NamedRelation } from './union.js';

interface SearchSyntax extends OperatorSyntax {
  readonly tables: readonly Expression[];
  readonly patterns: readonly string[];
  readonly predicate: Expression;
  readonly caseSensitive: boolean;
}

/** `search in (A, B) "text" and Col:"x"`: rows with the terms in any text column. */
export const search = leading<SearchSyntax>({
  names: ['search'],
  alsoPiped: true,
  parse(parser, start) {
    const options = parser.options(['kind']);
    const tables: Expression[] = [];
    const patterns: string[] = [];
    if (parser.is('in') && parser.is('(', 1)) {
      parser.next();
      parser.next();
      do {
        const token = parser.peek();
        const joined = parser.is('*', 1) && parser.peek(1).start === token.end;
        if (parser.is('*') || joined) patterns.push(parser.wildcardName().text);
        else tables.push(parser.expression());
      } while (parser.accept(','));
      parser.expect(')');
    }
    const predicate = parser.expression();
    return {
      operator: 'search',
      tables,
      patterns,
      predicate,
      caseSensitive: options.get('kind')?.value === 'case_sensitive',
      span: parser.spanFrom(start),
    };
  },
  bind(context, syntax, input) {
    const { binder } = context;
    const scope = scopeOf(context, undefined);
    const tables: NamedRelation[] = [];
    if (input !== undefined)
      tables.push({ name: aliasOf(input) ?? 'search_arg0', relation: input });
    for (const each of syntax.tables) {
      const relation = binder.table(each, scope);
      tables.push({ name: sourceName(each, relation) ?? `search_arg${tables.length}`, relation });
    }
    const everywhere =
      input === undefined && syntax.tables.length === 0 && syntax.patterns.length === 0;
    for (const pattern of everywhere ? ['*'] : syntax.patterns) {
      for (const name of [...binder.tableNames(context.environment)]
        .filter((each) => wildcardFits(pattern, each))
        .sort()) {
        tables.push({ name, relation: binder.scanAmongMany(name, syntax.span, scope) });
      }
      for (const name of binder.viewNames(context.environment)) {
        if (!wildcardFits(pattern, name)) continue;
        const view: Expression = { kind: 'name', name, span: syntax.span };
        tables.push({ name, relation: binder.table(view, scope) });
      }
    }
    if (tables.length === 0) problem('SEM0100', 'No table to search', syntax.span);
    const filtered = tables.map((each): NamedRelation => {
      const predicate = term(context, syntax.predicate, each.relation, syntax.caseSensitive);
      return {
        name: each.name,
        relation: {
          ...each.relation,
          plan: { kind: 'filter', input: each.relation.plan, predicate },
        },
      };
    });
    return unite(context, filtered, false, '$table');
  },
});

/** A search's condition: a text alone is looked for in every text column. */
export function term(
  context: BindContext,
  value: Expression,
  input: Relation,
  caseSensitive: boolean,
): Bound {
  if (value.kind === 'star') return constant('bool', true);
  const { binder } = context;
  const again = (each: Expression): Bound => term(context, each, input, caseSensitive);
  if (value.kind === 'logical') return binder.logicalOf(value.operator, value.terms.map(again));
  if (value.kind === 'call' && value.name === 'not' && value.args[0] !== undefined) {
    return binder.call('not', [again(value.args[0].value)], value.span);
  }
  if (value.kind === 'literal' && value.type === 'string') {
    const columns = input.columns.filter(
      (each) => each.column.type === 'string' || each.column.type === 'dynamic',
    );
    const terms = columns.map((each) =>
      hit(context, reference(each.column), String(value.value ?? ''), value, caseSensitive),
    );
    return terms.length === 0 ? constant('bool', false) : binder.logicalOf('or', terms);
  }
  if (
    value.kind === 'binary' &&
    (value.operator === ':' || value.operator === '==') &&
    value.right.kind === 'literal'
  ) {
    const bare = value.left.kind === 'name' ? value.left.name : undefined;
    // A column that this table does not have fits no row of it.
    if (bare !== undefined && !input.columns.some((each) => each.name === bare))
      return constant('bool', false);
    if (value.operator === ':' && value.right.type === 'string') {
      const left = binder.scalar(value.left, scopeOf(context, input));
      const text = String(value.right.value ?? '');
      if (left.type === 'string' || left.type === 'dynamic')
        return hit(context, left, text, value, caseSensitive);
    }
  }
  if (value.kind === 'literal') {
    const columns = input.columns.filter((each) => each.column.type === value.type);
    const wanted = constant(value.type, value.value);
    const terms = columns.map((each) =>
      binder.compare('==', reference(each.column), wanted, value.span),
    );
    return terms.length === 0 ? constant('bool', false) : binder.logicalOf('or', terms);
  }
  if (value.kind === 'binary' || value.kind === 'list' || value.kind === 'between') {
    const operand = value.kind === 'binary' ? value.left : value.value;
    if (
      operand.kind === 'name' &&
      !input.columns.some((each) => each.name === operand.name) &&
      context.environment.find(operand.name) === undefined
    ) {
      return constant('bool', false);
    }
  }
  return binder.predicate(value, scopeOf(context, input));
}

/** `foo`, `foo*`, `*foo`, `*foo*`, `fo*o`: whole terms, their starts, their ends, or parts. */
function hit(
  context: BindContext,
  column: Bound,
  text: string,
  at: Expression,
  caseSensitive: boolean,
): Bound {
  const { binder } = context;
  const suffix = caseSensitive ? '_cs' : '';
  const of = (operator: string, part: string): Bound =>
    binder.binaryOf(`${operator}${suffix}` as 'has', column, constant('string', part), at.span);
  if (!text.includes('*')) return of('has', text);
  const inner = text.replace(/^\*+|\*+$/g, '');
  if (inner === '') return constant('bool', true);
  if (inner.includes('*')) {
    const pattern = text
      .split('*')
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
      .join('.*');
    return binder.binaryOf(
      'matches regex',
      column,
      constant('string', `${caseSensitive ? '(?s)' : '(?is)'}${pattern}`),
      at.span,
    );
  }
  if (text.startsWith('*') && text.endsWith('*')) return of('contains', inner);
  return of(text.endsWith('*') ? 'hasprefix' : 'hassuffix', inner);
}
