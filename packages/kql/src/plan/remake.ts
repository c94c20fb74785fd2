/** Plans taken apart and put together again, one node at a time. */

import { unreachable } from '@strongroom/base';
import { columnsOf, type Bound, type Column } from '../semantics/bound.js';
import type { AggregateCall, Plan } from './plan.js';
import { valuesOfWalk } from './walk.js';

export function inputsOf(plan: Plan): readonly Plan[] {
  switch (plan.kind) {
    case 'scan':
    case 'values':
    case 'answer':
    case 'given':
    case 'numbers':
      return [];
    case 'join':
      return [plan.left, plan.right];
    case 'union':
      return plan.inputs.map((each) => each.plan);
    default:
      return [plan.input];
  }
}

export function valuesOf(plan: Plan): readonly Bound[] {
  switch (plan.kind) {
    case 'values':
      return plan.rows.flat();
    case 'numbers':
      return typeof plan.count === 'bigint' ? [] : [plan.count];
    case 'extend':
      return plan.definitions.map((each) => each.value);
    case 'filter':
      return [plan.predicate];
    case 'aggregate':
      return [...plan.keys.map((each) => each.value), ...plan.aggregates.flatMap(argumentsOf)];
    case 'join':
      return plan.keys.flatMap((each) => [each.left, each.right]);
    case 'union':
      return plan.inputs.flatMap((each) => each.values);
    case 'expand':
      return plan.items.map((each) => each.value);
    case 'walk':
      return valuesOfWalk(plan);
    default:
      return [];
  }
}

const argumentsOf = (each: AggregateCall): readonly Bound[] =>
  each.kind === 'call' ? each.args : [each.by, ...each.values.map((one) => one.value)];

export const columnsOfAggregate = (each: AggregateCall): readonly Column[] =>
  each.kind === 'call'
    ? each.columns
    : [
        ...(each.byColumn === undefined ? [] : [each.byColumn]),
        ...each.values.map((one) => one.column),
      ];

/** Sub-queries of an expression. */
export function plansIn(value: Bound): readonly Plan[] {
  switch (value.kind) {
    case 'scalar':
    case 'collected':
      return [value.plan];
    case 'member':
      return [value.plan, ...plansIn(value.value)];
    case 'call':
      return value.args.flatMap(plansIn);
    case 'constant':
    case 'column':
      return [];
  }
}

/** Whether the rows have an order that what follows may see. */
export function isOrdered(plan: Plan): boolean {
  switch (plan.kind) {
    case 'sort':
    case 'walk':
      return true;
    case 'extend':
    case 'filter':
    case 'limit':
    case 'limit-by':
    case 'expand':
      return isOrdered(plan.input);
    default:
      return false;
  }
}

/**
 * What stands for a node's input, and for its expressions over it. `needed` are those of the input's
 * columns that anybody asks for; a node without an input has none.
 */
export type Level = (
  input: Plan | undefined,
  needed: ReadonlySet<Column>,
  values: readonly Bound[],
) => { readonly input: Plan | undefined; readonly values: readonly Bound[] };

/** The same node over what `level` makes of its inputs, without the columns that nobody needs. */
export function remade(plan: Plan, needed: ReadonlySet<Column>, level: Level): Plan {
  const over = (
    input: Plan,
    below: ReadonlySet<Column>,
    values: readonly Bound[] = [],
  ): { input: Plan; next: () => Bound; values: readonly Bound[] } => {
    const made = level(input, below, values);
    const left = [...made.values];
    return { input: made.input ?? input, values: made.values, next: () => left.shift() as Bound };
  };
  switch (plan.kind) {
    case 'extend': {
      const made = plan.definitions.filter((each) => needed.has(each.column));
      const below = new Set(needed);
      for (const each of made) below.delete(each.column);
      for (const each of made) columnsOf(each.value, below);
      const values = made.map((each) => each.value);
      const { input, next } = over(plan.input, below, values);
      return { ...plan, input, definitions: made.map((each) => ({ ...each, value: next() })) };
    }
    case 'filter': {
      const below = new Set(needed);
      columnsOf(plan.predicate, below);
      const { input, next } = over(plan.input, below, [plan.predicate]);
      return { ...plan, input, predicate: next() };
    }
    case 'aggregate': {
      const aggregates = plan.aggregates.filter((each) =>
        columnsOfAggregate(each).some((column) => needed.has(column)),
      );
      const values = [...plan.keys.map((each) => each.value), ...aggregates.flatMap(argumentsOf)];
      const below = new Set<Column>();
      for (const value of values) columnsOf(value, below);
      const { input, next } = over(plan.input, below, values);
      return {
        ...plan,
        input,
        keys: plan.keys.map((each) => ({ ...each, value: next() })),
        aggregates: aggregates.map((each): AggregateCall => {
          if (each.kind === 'call') return { ...each, args: each.args.map(next) };
          const by = next();
          return { ...each, by, values: each.values.map((one) => ({ ...one, value: next() })) };
        }),
      };
    }
    case 'sort': {
      const below = new Set([...needed, ...plan.keys.map((each) => each.column)]);
      return { ...plan, input: over(plan.input, below).input };
    }
    case 'limit':
    case 'sample':
      return { ...plan, input: over(plan.input, needed).input };
    case 'limit-by':
      return { ...plan, input: over(plan.input, new Set([...needed, ...plan.keys])).input };
    case 'join': {
      const sides = { left: new Set<Column>(), right: new Set<Column>() };
      for (const each of plan.columns) if (needed.has(each.column)) sides[each.side].add(each.of);
      for (const each of plan.keys) {
        columnsOf(each.left, sides.left);
        columnsOf(each.right, sides.right);
      }
      const side = (of: 'left' | 'right') =>
        over(
          plan[of],
          sides[of],
          plan.keys.map((each) => each[of]),
        );
      const [left, right] = [side('left'), side('right')];
      const keys = plan.keys.map(() => ({ left: left.next(), right: right.next() }));
      return { ...plan, left: left.input, right: right.input, keys };
    }
    case 'union': {
      const kept = plan.columns.flatMap((column, index) => (needed.has(column) ? [index] : []));
      return {
        ...plan,
        columns: plan.columns.filter((column) => needed.has(column)),
        inputs: plan.inputs.map((each) => {
          const values = kept.flatMap((index) => each.values[index] ?? []);
          const below = new Set<Column>();
          for (const value of values) columnsOf(value, below);
          const made = over(each.plan, below, values);
          return { plan: made.input, values: made.values };
        }),
      };
    }
    case 'expand': {
      const below = new Set(needed);
      for (const each of plan.items) below.delete(each.column);
      if (plan.index !== undefined) below.delete(plan.index);
      for (const each of plan.items) columnsOf(each.value, below);
      const values = plan.items.map((each) => each.value);
      const { input, next } = over(plan.input, below, values);
      return { ...plan, input, items: plan.items.map((each) => ({ ...each, value: next() })) };
    }
    case 'walk': {
      const values = valuesOfWalk(plan);
      const below = new Set([...needed, ...plan.keys]);
      for (const value of values) columnsOf(value, below);
      for (const each of plan.declared) below.delete(each.column);
      if (plan.matchId !== undefined) below.delete(plan.matchId);
      for (const step of plan.steps) {
        for (const { column, of } of step.state) {
          below.delete(column);
          if (typeof of !== 'number') below.add(of);
        }
      }
      const { input, next } = over(plan.input, below, values);
      const steps = plan.steps.map((step) => ({
        ...step,
        condition: next(),
        assigned: step.assigned.map((each) => (each === undefined ? each : next())),
      }));
      return { ...plan, input, steps };
    }
    case 'values': {
      const rows = plan.rows.map((row) => level(undefined, new Set(), row).values);
      return { ...plan, rows };
    }
    case 'numbers': {
      if (typeof plan.count === 'bigint') return plan;
      const [count] = level(undefined, new Set(), [plan.count]).values;
      return { ...plan, count: count ?? plan.count };
    }
    case 'scan':
    case 'answer':
    case 'given':
      return plan;
    default:
      return unreachable(plan);
  }
}
