import { columnsOf, type Bound, type Column } from '../semantics/bound.js';
import type { Plan } from './plan.js';

/** The plan node of `scan`. */
export type Walk = Plan & { kind: 'walk' };

/** All expressions of its steps. */
export function valuesOfWalk(plan: Walk): readonly Bound[] {
  return plan.steps.flatMap((step) => [
    step.condition,
    ...step.assigned.filter((each) => each !== undefined),
  ]);
}

/** Of its input: the columns that come out again, and all that its steps read. */
export function readByWalk(
  plan: Walk,
  needed: ReadonlySet<Column>,
): { readonly passed: readonly Column[]; readonly row: readonly Column[] } {
  const made = new Set(plan.declared.map((each) => each.column));
  for (const step of plan.steps) for (const each of step.state) made.add(each.column);
  if (plan.matchId !== undefined) made.add(plan.matchId);
  const passed = [...needed].filter((column) => !made.has(column));
  const read = new Set<Column>(passed);
  for (const value of valuesOfWalk(plan)) columnsOf(value, read);
  for (const step of plan.steps)
    for (const each of step.state) if (typeof each.of !== 'number') read.add(each.of);
  return { passed, row: [...read].filter((column) => !made.has(column)) };
}
