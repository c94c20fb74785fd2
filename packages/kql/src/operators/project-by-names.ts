import { problem } from '../diagnostics.js';
import type { VisibleColumn } from '../semantics/relation.js';
import type { Expression, OperatorSyntax } from '../syntax/tree.js';
import { wildcardFits } from '../semantics/relation.js';
import { piped, scopeOf, type BindContext } from './operator.js';

interface ProjectByNamesSyntax extends OperatorSyntax {
  readonly names: readonly Expression[];
}

/** `T | project-by-names "a", dynamic(["b", "c*"])`: names that no column has are passed over. */
export const projectByNames = piped<ProjectByNamesSyntax>({
  names: ['project-by-names'],
  parse(parser, start) {
    const names = parser.expressions();
    return { operator: 'project-by-names', names, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const columns = new Set<VisibleColumn>();
    for (const pattern of syntax.names.flatMap((each) => patternsOf(context, each))) {
      for (const each of input.columns) if (wildcardFits(pattern, each.name)) columns.add(each);
    }
    return { ...input, columns: [...columns] };
  },
});

/** The names that a constant text, an array of texts or `column_names_of(T)` holds. */
function patternsOf(context: BindContext, value: Expression): string[] {
  const scope = scopeOf(context, undefined);
  const only = value.kind === 'call' && value.name === 'column_names_of' ? value.args : undefined;
  if (only !== undefined) {
    const table = only[0]?.value;
    if (table === undefined || only.length > 1) {
      problem('KS119', 'column_names_of() takes 1 argument', value.span);
    }
    return context.binder.table(table, scope).columns.map((each) => each.name);
  }
  const bound = context.binder.scalar(value, scope);
  if (bound.kind === 'constant' && typeof bound.value === 'string') {
    if (bound.type === 'string') return [bound.value];
    const parsed = bound.type === 'dynamic' ? jsonValue(bound.value) : undefined;
    if (typeof parsed === 'string') return [parsed];
    if (Array.isArray(parsed)) {
      return parsed.map((each: unknown) => {
        if (typeof each === 'string') return each;
        return problem('SEM0101', "Columns' names must be texts", value.span);
      });
    }
  }
  return problem('SEM0101', "Columns' names must be constant texts", value.span);
}

/** A JSON text's value; undefined for what is none. */
function jsonValue(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
