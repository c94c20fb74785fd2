/** What names mean outside of a row: `let` variables, parameters and functions. */

import type { Expression, FunctionSyntax } from '../syntax/tree.js';
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
    };

export class Environment {
  private readonly parent: Environment | undefined;
  private bindings = new Map<string, Binding>();
  private shared = false;

  constructor(parent?: Environment) {
    this.parent = parent;
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
    const copy = new Environment(this.parent);
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
