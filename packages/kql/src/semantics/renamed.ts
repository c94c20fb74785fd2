/** A table that is used more than once: each use has columns of its own, or a join of two uses could not tell them apart. */

import { reference, type Column } from './bound.js';
import type { Relation } from './relation.js';

interface Naming {
  column(name: string, type: Column['type'], nullable: boolean): Column;
}

/** The same rows under new columns. */
export function renamed(naming: Naming, input: Relation): Relation {
  const { ingestionTime } = input;
  const made = new Map<Column, Column>();
  const again = (column: Column): Column => {
    let known = made.get(column);
    if (known === undefined) {
      known = naming.column(column.sql, column.type, column.nullable);
      made.set(column, known);
    }
    return known;
  };
  const columns = input.columns.map(({ name, column }) => ({ name, column: again(column) }));
  const received = ingestionTime === undefined ? undefined : again(ingestionTime);
  const definitions = [...made].map(([of, column]) => ({ column, value: reference(of) }));
  return {
    ...input,
    plan: { kind: 'extend', input: input.plan, definitions },
    columns,
    ingestionTime: received,
  };
}

/** Gives the table itself once, and renamed from then on. */
export function usedAgain(naming: Naming, input: Relation): () => Relation {
  let isUsed = false;
  return () => {
    if (isUsed) return renamed(naming, input);
    isUsed = true;
    return input;
  };
}
