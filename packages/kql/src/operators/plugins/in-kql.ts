import { invariant } from '@strongroom/base';
import { Diagnostics, KqlProblem, problem } from '../../diagnostics.js';
import { Environment } from '../../semantics/environment.js';
import type { Bound } from '../../semantics/bound.js';
import { usedAgain } from '../../semantics/renamed.js';
import { relation, type Relation } from '../../semantics/relation.js';
import { parseQuery } from '../../syntax/parser.js';
import type { NamedExpression } from '../../syntax/tree.js';
import { operatorLookup } from '../index.js';
import { scopeOf, type BindContext } from '../operator.js';
import type { Plugin, PluginCall } from './plugin.js';

/** A plugin whose meaning is a query in KQL over its input, named `T` there. */
export interface KqlPlugin {
  readonly name: string;
  /**
   * What the arguments are called in the query: `column` is one of T's columns, `constant` a value.
   * What is given beyond them are dimensions: `D0`, `D1`…
   */
  readonly parameters: readonly { readonly name: string; readonly kind: 'column' | 'constant' }[];
  /** What else the query names. */
  readonly tables?: Readonly<Record<string, () => Relation>>;
  /** `dimensions` is `, D0, D1`, or nothing. */
  readonly query: (dimensions: string) => string;
  /** The result's names, from the arguments' names (columns) and texts (constants). */
  readonly names: (args: ReadonlyMap<string, string>, dimensions: readonly string[]) => string[];
}

export function inKql(plugin: KqlPlugin): Plugin {
  return { name: plugin.name, bind: (context, call, input) => bind(plugin, context, call, input) };
}

function bind(
  plugin: KqlPlugin,
  context: BindContext,
  call: PluginCall,
  input: Relation,
): Relation {
  const { binder } = context;
  const environment = new Environment();
  const scope = scopeOf(context, input);
  const columns: { name: string; value: Bound }[] = [];
  const described = new Map<string, string>();
  const nameOf = (arg: NamedExpression): string =>
    arg.names[0]?.text ?? binder.nameFor(arg.value, scope);
  if (call.args.length < plugin.parameters.length) {
    const names = plugin.parameters.map((each) => each.name).join(', ');
    problem('KS119', `${plugin.name}() takes ${names}, and dimensions`, call.span);
  }
  const dimensions: string[] = [];
  for (const [index, arg] of call.args.entries()) {
    const parameter = plugin.parameters[index];
    if (parameter?.kind === 'constant') {
      const bound = binder.scalar(arg.value, scopeOf(context, undefined));
      if (bound.kind !== 'constant')
        problem('SEM0101', `${parameter.name} of ${plugin.name}() must be a constant`, arg.span);
      environment.set(parameter.name, { kind: 'scalar', bound });
      described.set(parameter.name, String(bound.value));
      continue;
    }
    const name = parameter?.name ?? `D${dimensions.length}`;
    columns.push({ name, value: binder.scalar(arg.value, scope) });
    if (parameter === undefined) dimensions.push(nameOf(arg));
    else described.set(name, nameOf(arg));
  }
  const extended = binder.extend(input, columns);
  const visible = columns.flatMap(({ name }, index) => {
    const column = extended.columns[index];
    return column === undefined ? [] : [{ name, column }];
  });
  for (const [name, make] of Object.entries(plugin.tables ?? {}))
    environment.set(name, { kind: 'made', make });
  const table = relation(extended.relation.plan, visible);
  environment.set('T', { kind: 'made', make: usedAgain(binder, table) });
  const made = boundQuery(
    context,
    call,
    environment,
    plugin.query(dimensions.map((_, at) => `, D${at}`).join('')),
  );
  const names = plugin.names(described, dimensions);
  return relation(
    made.plan,
    made.columns.map((each, index) => ({ ...each, name: names[index] ?? each.name })),
  );
}

/** A query in KQL of ours over what `environment` names; its problems are told at the call. */
export function boundQuery(
  context: BindContext,
  call: Pick<PluginCall, 'plugin' | 'span'>,
  environment: Environment,
  text: string,
): Relation {
  const diagnostics = new Diagnostics(text);
  const statements = parseQuery(text, operatorLookup, diagnostics);
  invariant(!diagnostics.hasErrors, 'a plugin is KQL that can be read');
  try {
    let result: Relation | undefined;
    for (const each of statements) {
      if (each.kind === 'query')
        result = context.binder.table(each.value, { input: undefined, environment });
      else context.binder.declare(each, environment);
    }
    invariant(result !== undefined, 'a plugin has a result');
    return result;
  } catch (error) {
    // Places in the plugin's own text mean nothing to who wrote the query.
    if (error instanceof KqlProblem)
      problem(error.code, `${call.plugin.text}(): ${error.message}`, call.span);
    throw error;
  }
}
