import { problem, type Span } from '../../diagnostics.js';
import type { Relation } from '../../semantics/relation.js';
import type { ColumnSyntax, Name, NamedExpression } from '../../syntax/tree.js';
import type { BindContext } from '../operator.js';

/** `plugin(args) : (schema)` as it stands after `evaluate`. */
export interface PluginCall {
  readonly plugin: Name;
  readonly args: readonly NamedExpression[];
  /** `: (*, a:long)`: what comes out, where the query says it. */
  readonly schema:
    { readonly withInput: boolean; readonly columns: readonly ColumnSyntax[] } | undefined;
  readonly span: Span;
}

/** One plugin of `evaluate`: what relation it makes of its input. A file each, listed in `index.ts`. */
export interface Plugin {
  readonly name: string;
  bind(context: BindContext, call: PluginCall, input: Relation): Relation;
}

/** Arguments by position, those that are given by name at the name's place. */
export function pluginArguments(
  call: PluginCall,
  names: readonly string[],
): (NamedExpression | undefined)[] {
  const given: (NamedExpression | undefined)[] = names.map(() => undefined);
  for (const [position, arg] of call.args.entries()) {
    const name = arg.names[0]?.text;
    const index = name === undefined ? position : names.indexOf(name);
    if (index < 0 || index >= names.length || given[index] !== undefined)
      problem('KS119', `${call.plugin.text}() takes ${names.join(', ')}`, arg.span);
    given[index] = arg;
  }
  return given;
}
