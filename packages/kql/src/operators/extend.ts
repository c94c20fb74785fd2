import { problem } from '../diagnostics.js';
import type { Definition, Plan } from '../plan/plan.js';
import { type Bound, type Column } from '../semantics/bound.js';
import { freeName, type Relation, type VisibleColumn } from '../semantics/relation.js';
import type { NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import { piped, scopeOf, type BindContext } from './operator.js';
import { bindSeveral } from './several.js';

export interface NamedListSyntax extends OperatorSyntax {
  readonly expressions: readonly NamedExpression[];
}

/** One result column of a list of named expressions. */
export interface Named {
  readonly name: string;
  readonly explicit: boolean;
  readonly value: Bound;
  readonly syntax: NamedExpression;
  /** One of several columns of one call, which have names of their own also in `print`. */
  readonly several?: boolean;
}

/** Binds a list's expressions and finds what each is called; '' for what has no name of its own. */
export function bindNamed(
  context: BindContext,
  list: readonly NamedExpression[],
  input: Relation | undefined,
): Named[] {
  const scope = scopeOf(context, input);
  return list.flatMap((each): Named[] => {
    const several = bindSeveral(context, each, input);
    if (several !== undefined) return several;
    const value = context.binder.scalar(each.value, scope);
    if (each.names.length === 0) {
      const name = context.binder.nameFor(each.value, scope);
      return [{ name, explicit: each.value.kind === 'name', value, syntax: each }];
    }
    if (each.names.length === 1) {
      return [{ name: each.names[0]?.text ?? '', explicit: true, value, syntax: each }];
    }
    // `(a, b) = array` takes an array apart.
    return each.names.map((name, index) => ({
      name: name.text,
      explicit: true,
      value: context.binder.call(
        '$index',
        [value, { kind: 'constant', type: 'long', value: BigInt(index), nullable: false }],
        each.span,
      ),
      syntax: each,
    }));
  });
}

/** `T | extend name = value`: new columns at the end, known ones in their place. */
export const extend = piped<NamedListSyntax>({
  names: ['extend'],
  parse(parser, start) {
    const expressions = parser.namedExpressions();
    return { operator: 'extend', expressions, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const columns: VisibleColumn[] = [...input.columns];
    const definitions: Definition[] = [];
    const taken = new Set(columns.map((each) => each.name));
    for (const each of bindNamed(context, syntax.expressions, input)) {
      const name = each.name === '' ? nextColumnName(taken) : each.name;
      const column = columnFor(context, name, each.value, definitions);
      const at = columns.findIndex((known) => known.name === name);
      if (at >= 0) columns[at] = { name, column };
      else columns.push({ name, column });
      taken.add(name);
    }
    return { ...input, plan: withDefinitions(input.plan, definitions), columns };
  },
});

/** A plain column stays itself; anything else becomes a new one. */
export function columnFor(
  context: BindContext,
  name: string,
  value: Bound,
  definitions: Definition[],
): Column {
  if (value.kind === 'column') return value.column;
  const column = context.binder.column(name, value.type, value.nullable);
  definitions.push({ column, value });
  return column;
}

export function withDefinitions(plan: Plan, definitions: readonly Definition[]): Plan {
  return definitions.length === 0 ? plan : { kind: 'extend', input: plan, definitions };
}

/** `Column1`, `Column2`… */
export function nextColumnName(taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) if (!taken.has(`Column${number}`)) return `Column${number}`;
}

/** The columns of a `project`-like list: explicit names stand, others make room. */
export function namedColumns(
  context: BindContext,
  list: readonly Named[],
  definitions: Definition[],
  input: Relation | undefined,
): VisibleColumn[] {
  const explicit = new Set<string>();
  for (const each of list) {
    if (!each.explicit) continue;
    if (explicit.has(each.name)) {
      problem(
        'KS201',
        `A column with the name '${each.name}' is already declared`,
        each.syntax.span,
        'Give it another name.',
      );
    }
    explicit.add(each.name);
  }
  const taken = new Set<string>();
  const before = input?.columns.map((each) => each.name) ?? [];
  return list.map((each) => {
    let name = each.name;
    if (name === '') name = nextColumnName(new Set([...taken, ...explicit, ...before]));
    else if (!each.explicit)
      name = freeName({ has: (value) => taken.has(value) || explicit.has(value) }, name);
    taken.add(name);
    return { name, column: columnFor(context, name, each.value, definitions) };
  });
}
