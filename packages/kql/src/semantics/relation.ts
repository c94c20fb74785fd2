/** A bound table: its plan and the columns that KQL sees, by name and in order. */

import type { Plan } from '../plan/plan.js';
import type { Column } from './bound.js';

export interface VisibleColumn {
  readonly name: string;
  readonly column: Column;
}

export interface Relation {
  readonly plan: Plan;
  readonly columns: readonly VisibleColumn[];
  /** `ingestion_time()`: hidden, carried as long as each row is one stored row. */
  readonly ingestionTime: Column | undefined;
  /** Rows have an order on which `prev` and `row_number` may lean. */
  readonly serialized: boolean;
  readonly visualization: Visualization | undefined;
  /** More columns may come of the data: a name that is not there is null. */
  readonly open?: boolean;
  /** What the query calls it among several results (a leg of `fork`). */
  readonly label?: string;
  /** What `as` named, as it was then; see `aliasOf`. */
  readonly alias?: {
    readonly name: string;
    readonly plan: Plan;
    readonly columns: readonly VisibleColumn[];
  };
}

/** The name that `as` gave to exactly these rows; what changed since has none. */
export function aliasOf({ alias, plan, columns }: Relation): string | undefined {
  return alias?.plan === plan && alias.columns === columns ? alias.name : undefined;
}

/** What `render` asks for; for the client, not for the engine. */
export interface Visualization {
  readonly visualization: string;
  readonly properties: Readonly<Record<string, string>>;
}

export function relation(
  plan: Plan,
  columns: readonly VisibleColumn[],
  from?: Partial<Pick<Relation, 'ingestionTime' | 'serialized' | 'visualization'>>,
): Relation {
  return {
    plan,
    columns,
    ingestionTime: from?.ingestionTime,
    serialized: from?.serialized ?? false,
    visualization: from?.visualization,
  };
}

export function columnNamed(of: readonly VisibleColumn[], name: string): Column | undefined {
  return of.find((each) => each.name === name)?.column;
}

/** `name`, or `name1`, `name2`… where it is taken. */
export function freeName(taken: { has(name: string): boolean }, name: string): string {
  if (!taken.has(name)) return name;
  for (let number = 1; ; number++) {
    const candidate = `${name}${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** Whether `name` fits a pattern in which `*` stands for any text. Names are case-sensitive. */
export function wildcardFits(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) {
    return false;
  }
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
