/** What `set name = value;` asks of the query that follows. Names that are not here change nothing. */

import { problem } from './diagnostics.js';
import type { Binder } from './semantics/binder.js';
import { constant, type Bound } from './semantics/bound.js';
import { convert } from './semantics/convert.js';
import { Environment } from './semantics/environment.js';
import type { Statement } from './syntax/tree.js';
import type { ScalarType } from '@strongroom/sql';

export interface QuerySettings {
  /** What `now()` is. */
  readonly now: bigint | undefined;
  /** Rows and bytes after which a result is cut, and said to be. */
  readonly rowsMax: number | undefined;
  readonly bytesMax: number | undefined;
  /** Rows that a result has at most, without a word. */
  readonly take: bigint | undefined;
  /** Each table that has this column is filtered by it; both ends are in. */
  readonly timeScope: TimeScope | undefined;
  readonly binAuto: { readonly size: Bound; readonly at: Bound | undefined } | undefined;
}

export interface TimeScope {
  readonly column: string;
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
}

/** Reads the `set` statements. The binder is one that is used for nothing else. */
export function querySettings(statements: readonly Statement[], binder: Binder): QuerySettings {
  const given = new Map<string, Statement & { kind: 'set' }>();
  for (const each of statements) if (each.kind === 'set') given.set(each.name.toLowerCase(), each);
  const scope = { input: undefined, environment: new Environment() };
  const value = (name: string, type: ScalarType): Bound | undefined => {
    const statement = given.get(name);
    if (statement === undefined) return undefined;
    const bound =
      statement.value === undefined ? constant(type, null) : binder.scalar(statement.value, scope);
    const made = convert(bound, type, statement.span, binder);
    if (made.kind !== 'constant' || made.value === null)
      problem('SEM0101', `${name} takes a constant ${type}`, statement.span);
    return made;
  };
  const integer = (name: string, type: 'long' | 'datetime'): bigint | undefined => {
    const bound = value(name, type);
    return bound?.kind === 'constant' && typeof bound.value === 'bigint' ? bound.value : undefined;
  };
  const count = (name: string): number | undefined => {
    const read = integer(name, 'long');
    const span = given.get(name)?.span;
    if (read !== undefined && read < 0n && span !== undefined)
      problem('SEM0101', `${name} is not negative`, span);
    return read === undefined ? undefined : Number(read);
  };
  const column = value('query_datetimescope_column', 'string');
  const size = given.get('query_bin_auto_size');
  const at = given.get('query_bin_auto_at');
  const take = count('query_take_max_records');
  return {
    now: integer('query_now', 'datetime'),
    rowsMax: count('truncationmaxrecords'),
    bytesMax: count('truncationmaxsize'),
    take: take === undefined ? undefined : BigInt(take),
    timeScope:
      column?.kind === 'constant'
        ? {
            column: String(column.value),
            from: integer('query_datetimescope_from', 'datetime'),
            to: integer('query_datetimescope_to', 'datetime'),
          }
        : undefined,
    binAuto:
      size?.value === undefined
        ? undefined
        : {
            size: binder.scalar(size.value, scope),
            at: at?.value === undefined ? undefined : binder.scalar(at.value, scope),
          },
  };
}
