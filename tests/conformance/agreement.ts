/** The compiler beside Microsoft's binder: what one accepts and the other does not, and their columns. */

import { compileAsking, type TableCatalog } from '@strongroom/kql';
import type { TableSchema } from '@strongroom/sql';
import { Oracle } from './oracle.js';

/** What our compiler says no to by name, or by a limit: no question of meaning. */
const ownRefusals: ReadonlySet<string> = new Set(['KQL_NOT_SUPPORTED', 'KQL_LIMIT', 'KQL_REGEX']);

export interface Difference {
  readonly kind: 'we accept' | 'we refuse' | 'columns';
  /** The other's code and message where we accept, ours where we refuse, both columns else. */
  readonly what: string;
}

export class Agreement {
  private readonly oracle: Oracle;
  private readonly catalog: TableCatalog;

  constructor(tables: ReadonlyMap<string, TableSchema>) {
    this.oracle = new Oracle(tables.values());
    this.catalog = { get: (name) => tables.get(name), names: () => tables.keys() };
  }

  /** Undefined where both agree, or where the compiler refuses by name what it does not have. */
  async difference(text: string): Promise<Difference | undefined> {
    const theirs = this.oracle.verdict(text);
    const options = {
      tables: this.catalog,
      workspaceId: '6d0a4e2c-0000-4000-8000-000000000001',
      now: 639_130_392_000_000_000n,
      rowsMax: 10,
    };
    const ours = await compileAsking(text, options, () => Promise.resolve(''));
    const [first] = theirs.problems;
    if (!ours.ok) {
      if (first !== undefined || ours.diagnostics.some((each) => ownRefusals.has(each.code)))
        return undefined;
      const mine = ours.diagnostics[0];
      return {
        kind: 'we refuse',
        what: `${mine?.code} ${mine?.message} at ${text.slice(mine?.start ?? 0, (mine?.start ?? 0) + 60)}`,
      };
    }
    if (first !== undefined) {
      const at = text.slice(Math.max(0, first.start - 20), first.start + first.length + 10);
      return { kind: 'we accept', what: `${first.code} ${first.message} at ${at}` };
    }
    if (theirs.isOpen || theirs.columns === undefined) return undefined;
    const mine = (ours.results.at(-1)?.columns ?? []).map((each) => `${each.name}:${each.type}`);
    const wanted = theirs.columns.map((each) => `${each.name}:${each.type}`);
    if (mine.join() === wanted.join()) return undefined;
    const only = mine.filter((each) => !wanted.includes(each));
    const missing = wanted.filter((each) => !mine.includes(each));
    return {
      kind: 'columns',
      what:
        only.length + missing.length === 0
          ? `order ${mine.join()} instead of ${wanted.join()}`
          : `${only.join()} instead of ${missing.join()}`,
    };
  }
}
