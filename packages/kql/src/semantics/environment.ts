/** What names mean outside of a row: `let` variables, parameters and functions. */

import type { Expression, FunctionSyntax, PatternSyntax } from '../syntax/tree.js';
import type { Bound } from './bound.js';
import type { Relation } from './relation.js';

export type Binding =
  | { readonly kind: 'scalar'; readonly bound: Bound }
  /** Bound again at each use, so that each use has columns of its own. */
  | { readonly kind: 'table'; readonly syntax: Expression; readonly environment: Environment }
  /** A table that is at hand already (an argument, `as`): made again at each use. */
  | { readonly kind: 'made'; readonly make: () => Relation }
  | {
      readonly kind: 'function';
      readonly syntax: FunctionSyntax;
      readonly environment: Environment;
      readonly name: string;
    }
  | { readonly kind: 'pattern'; readonly syntax: PatternSyntax; readonly environment: Environment }
  /** What `alias database` stands for. */
  | { readonly kind: 'place'; readonly place: Expression; readonly environment: Environment };

/** Which tables may be named: of a place as it is written, or of the workspaces that are asked. */
export type Restriction = (table: string, place: string | undefined) => boolean;

export class Environment {
  private readonly parent: Environment | undefined;
  private bindings = new Map<string, Binding>();
  private shared = false;
  private readonly restriction: Restriction | undefined;

  constructor(parent?: Environment, restriction?: Restriction) {
    this.parent = parent;
    this.restriction = restriction;
  }

  /** False for a table that `restrict access` leaves out. */
  mayName(table: string, place?: string): boolean {
    for (let at: Environment | undefined = this; at !== undefined; at = at.parent)
      if (at.restriction?.(table, place) === false) return false;
    return true;
  }

  find(name: string): Binding | undefined {
    for (let at: Environment | undefined = this; at !== undefined; at = at.parent) {
      const binding = at.bindings.get(name);
      if (binding !== undefined) return binding;
    }
    return undefined;
  }

  set(name: string, binding: Binding): void {
    if (this.shared) {
      this.bindings = new Map(this.bindings);
      this.shared = false;
    }
    this.bindings.set(name, binding);
  }

  /** This environment as it is now: what is declared later does not show in it. */
  frozen(): Environment {
    const copy = new Environment(this.parent, this.restriction);
    copy.bindings = this.bindings;
    copy.shared = true;
    this.shared = true;
    return copy;
  }

  *names(): Iterable<string> {
    for (let at: Environment | undefined = this; at !== undefined; at = at.parent)
      yield* at.bindings.keys();
  }
}
