import type { Binder, Scope } from '../semantics/binder.js';
import type { Environment } from '../semantics/environment.js';
import type { Relation } from '../semantics/relation.js';
import type { Parser } from '../syntax/parser.js';
import type { OperatorSyntax } from '../syntax/tree.js';

/** What an operator binds with. */
export interface BindContext {
  readonly binder: Binder;
  readonly environment: Environment;
}

/** One operator: how its text is read, and what relation it makes of its input. */
export interface Operator {
  readonly names: readonly string[];
  readonly leading: boolean;
  readonly piped: boolean;
  /** Reads what follows the name, which is read already. */
  parse(parser: Parser, start: number): OperatorSyntax;
  /** `input` is absent where the operator leads. */
  bind(context: BindContext, syntax: OperatorSyntax, input: Relation | undefined): Relation;
}

/** An operator that follows `|`. */
export function piped<Syntax extends OperatorSyntax>(definition: {
  readonly names: readonly string[];
  parse(parser: Parser, start: number): Syntax;
  bind(context: BindContext, syntax: Syntax, input: Relation): Relation;
}): Operator {
  return {
    names: definition.names,
    leading: false,
    piped: true,
    parse: (parser, start) => definition.parse(parser, start),
    // Only this operator's own parser makes syntax that comes here (`operators/index.ts`).
    bind: (context, syntax, input) => definition.bind(context, syntax as Syntax, input as Relation),
  };
}

/** An operator that begins a query, and may follow `|` too if `alsoPiped`. */
export function leading<Syntax extends OperatorSyntax>(definition: {
  readonly names: readonly string[];
  readonly alsoPiped?: boolean;
  parse(parser: Parser, start: number): Syntax;
  bind(context: BindContext, syntax: Syntax, input: Relation | undefined): Relation;
}): Operator {
  return {
    names: definition.names,
    leading: true,
    piped: definition.alsoPiped ?? false,
    parse: (parser, start) => definition.parse(parser, start),
    bind: (context, syntax, input) => definition.bind(context, syntax as Syntax, input),
  };
}

export function scopeOf(context: BindContext, input: Relation | undefined): Scope {
  return { input, environment: context.environment };
}
