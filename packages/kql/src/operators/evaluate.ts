import { notSupported, problem } from '../diagnostics.js';
import type { Definition } from '../plan/plan.js';
import { constant, reference } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import { columnNamed, relation, type Relation, type VisibleColumn } from '../semantics/relation.js';
import type { ColumnSyntax, Name, NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import { withDefinitions } from './extend.js';
import { piped, scopeOf, type BindContext } from './operator.js';

interface EvaluateSyntax extends OperatorSyntax {
  readonly plugin: Name;
  readonly args: readonly NamedExpression[];
  /** `: (*, a:long)`: what comes out, where the query says it. */
  readonly schema:
    { readonly withInput: boolean; readonly columns: readonly ColumnSyntax[] } | undefined;
}

/** `T | evaluate plugin(…) : (a:long)`. Plugins whose columns depend on the data need the columns said. */
export const evaluate = piped<EvaluateSyntax>({
  names: ['evaluate'],
  parse(parser, start) {
    parser.options();
    const plugin = parser.name('a plugin');
    parser.expect('(');
    const args = parser.is(')') ? [] : parser.namedExpressions();
    parser.expect(')');
    let schema: EvaluateSyntax['schema'];
    if (parser.accept(':')) {
      parser.expect('(');
      const withInput = parser.is('*');
      schema = { withInput, columns: parser.columns() };
      parser.expect(')');
    }
    return { operator: 'evaluate', plugin, args, schema, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    switch (syntax.plugin.text) {
      case 'bag_unpack':
        return bagUnpack(context, syntax, input);
      case 'narrow':
        return narrow(context, syntax, input);
      default:
        return notSupported(`The plugin '${syntax.plugin.text}'`, syntax.plugin.span);
    }
  },
});

/** Properties of a bag as columns. */
function bagUnpack(context: BindContext, syntax: EvaluateSyntax, input: Relation): Relation {
  const { binder } = context;
  const { schema, args, span } = syntax;
  const [bagArg, prefixArg, third] = args;
  if (bagArg === undefined || args.length > 4)
    problem('KS119', 'bag_unpack() takes 1 to 4 arguments', span);
  if (schema === undefined) {
    notSupported(
      'bag_unpack() whose columns are known only from the data',
      span,
      'Say the columns after it: evaluate bag_unpack(d) : (*, a:long, b:string).',
    );
  }
  if (third !== undefined) notSupported('The argument columnsConflict of bag_unpack()', third.span);
  const source = bagArg.value;
  const bag = source.kind === 'name' ? columnNamed(input.columns, source.name) : undefined;
  if (bag?.type !== 'dynamic') problem('KS107', 'bag_unpack() takes a dynamic column', bagArg.span);
  const prefix =
    prefixArg === undefined
      ? ''
      : binder.constantOf(prefixArg.value, scopeOf(context, undefined), 'The prefix');
  if (typeof prefix !== 'string') problem('KS107', 'The prefix is a string', span);
  const others = input.columns.filter((each) => each.column !== bag);
  const columns: VisibleColumn[] = schema.withInput ? [...others] : [];
  const definitions: Definition[] = [];
  for (const each of schema.columns) {
    if (columns.some((known) => known.name === each.name))
      problem('KS201', `A column with the name '${each.name}' is already declared`, each.span);
    const known = columnNamed(others, each.name);
    if (known !== undefined) {
      if (known.type !== each.type)
        problem('KS107', `The column '${each.name}' is ${known.type}, not ${each.type}`, each.span);
      columns.push({ name: each.name, column: known });
      continue;
    }
    if (!each.name.startsWith(prefix))
      problem('SEM0100', `The column '${each.name}' does not begin with the prefix`, each.span);
    const property = constant('string', each.name.slice(prefix.length));
    const value = binder.call('$index', [reference(bag), property], each.span);
    const column = binder.column(each.name, each.type);
    definitions.push({ column, value: convert(value, each.type, each.span, binder) });
    columns.push({ name: each.name, column });
  }
  if (columns.length === 0) problem('SEM0019', 'bag_unpack() needs columns', span);
  return { ...input, plan: withDefinitions(input.plan, definitions), columns };
}

/** Each cell as a row: the row's number, the column's name and the value as text. */
function narrow(context: BindContext, syntax: EvaluateSyntax, input: Relation): Relation {
  const { binder } = context;
  const { span } = syntax;
  if (syntax.args.length > 0) problem('KS119', 'narrow() takes no arguments', span);
  if (syntax.schema !== undefined) notSupported('The columns of narrow() said anew', span);
  const row = binder.column('Row', 'long', false);
  const cells = input.columns.map((each) =>
    binder.call(
      'pack_array',
      [constant('string', each.name), convert(reference(each.column), 'string', span, binder)],
      span,
    ),
  );
  const cell = binder.column('$cell', 'dynamic');
  const numbered = {
    kind: 'extend',
    input: input.plan,
    definitions: [{ column: row, value: binder.call('row_number', [constant('long', 0n)], span) }],
  } as const;
  const expanded = {
    kind: 'expand',
    input: numbered,
    items: [
      {
        column: cell,
        value: binder.call('pack_array', cells, span),
        element: 'dynamic',
        bagsAsPairs: false,
      },
    ],
    index: undefined,
    limit: undefined,
  } as const;
  const part = (name: string, index: bigint): Definition => ({
    column: binder.column(name, 'string'),
    value: convert(
      binder.call('$index', [reference(cell), constant('long', index)], span),
      'string',
      span,
      binder,
    ),
  });
  const [name, value] = [part('Column', 0n), part('Value', 1n)];
  return relation({ kind: 'extend', input: expanded, definitions: [name, value] }, [
    { name: 'Row', column: row },
    { name: 'Column', column: name.column },
    { name: 'Value', column: value.column },
  ]);
}
