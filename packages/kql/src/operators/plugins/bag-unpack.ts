import { notSupported, problem } from '../../diagnostics.js';
import type { Definition } from '../../plan/plan.js';
import { constant, reference } from '../../semantics/bound.js';
import { convert } from '../../semantics/convert.js';
import { columnNamed, type Relation, type VisibleColumn } from '../../semantics/relation.js';
import { withDefinitions } from '../extend.js';
import { scopeOf, type BindContext } from '../operator.js';
import type { Plugin, PluginCall } from './plugin.js';

export const bagUnpack: Plugin = { name: 'bag_unpack', bind };

/** Properties of a bag as columns. */
function bind(context: BindContext, call: PluginCall, input: Relation): Relation {
  const { binder } = context;
  const { schema, args, span } = call;
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
