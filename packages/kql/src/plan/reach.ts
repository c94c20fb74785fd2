/**
 * A plan over tables of several workspaces, as one over tables of one (docs/adr/0069). Each greatest
 * part that reads only one other workspace becomes a statement of that workspace, whose rows stand in
 * as a constant table. What may go below a union goes there first, so that little comes back.
 */

import { unreachable } from '@strongroom/base';
import { aggregateNamed } from '../aggregates/index.js';
import type { InquiryRow } from '../inquiry.js';
import { constant, hasWindow, reference } from '../semantics/bound.js';
import type { Bound, Column } from '../semantics/bound.js';
import { inputsOf, isOrdered, plansIn, remade, valuesOf } from './remake.js';
import type { AggregateCall, Definition, Plan, SortKey } from './plan.js';

export interface ReachOptions {
  /** The workspace in which the plan is going to run. */
  readonly home: string;
  readonly column: (name: string, like: Pick<Column, 'type' | 'nullable'>) => Column;
  /** The rows of a plan that reads tables of this workspace only. */
  readonly fetch: (
    workspaceId: string,
    plan: Plan,
    columns: readonly Column[],
  ) => readonly InquiryRow[];
}

/** The workspaces whose tables a plan reads. */
export function workspacesOf(plan: Plan): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<Plan>();
  const walk = (each: Plan): void => {
    if (seen.has(each)) return;
    seen.add(each);
    if (each.kind === 'scan') found.add(each.workspaceId);
    for (const input of inputsOf(each)) walk(input);
    for (const value of valuesOf(each)) for (const inner of plansIn(value)) walk(inner);
  };
  walk(plan);
  return found;
}

/** The plan with rows in place of what lies in other workspaces; the plan itself where nothing does. */
export function gathered(plan: Plan, needed: Iterable<Column>, options: ReachOptions): Plan {
  const gathering = new Gathering(options);
  return gathering.isHere(plan) ? plan : gathering.of(gathering.spread(plan), new Set(needed));
}

/** Aggregates of parts, and what makes one of the parts' values. */
const inTwoSteps: ReadonlyMap<string, string> = new Map([
  ['count', 'sum'],
  ['countif', 'sum'],
  ['sum', 'sum'],
  ['sumif', 'sum'],
  ['min', 'min'],
  ['minif', 'min'],
  ['max', 'max'],
  ['maxif', 'max'],
]);

type Union = Plan & { kind: 'union' };

class Gathering {
  private readonly options: ReachOptions;
  private readonly known = new Map<Plan, ReadonlySet<string>>();

  constructor(options: ReachOptions) {
    this.options = options;
  }

  private workspaces(plan: Plan): ReadonlySet<string> {
    let found = this.known.get(plan);
    if (found === undefined) {
      found = workspacesOf(plan);
      this.known.set(plan, found);
    }
    return found;
  }

  isHere(plan: Plan): boolean {
    const workspaces = this.workspaces(plan);
    return workspaces.size === 0 || (workspaces.size === 1 && workspaces.has(this.options.home));
  }

  // ---- below unions -------------------------------------------------------------------------

  /** The same plan, with filters, computed columns, limits and sums below unions of workspaces. */
  spread(plan: Plan): Plan {
    if (this.workspaces(plan).size < 2) return plan;
    switch (plan.kind) {
      case 'filter': {
        const input = this.spread(plan.input);
        const union = this.below(input, [plan.predicate]);
        if (union === undefined) return { ...plan, input };
        return {
          ...union,
          inputs: union.inputs.map((each) => ({
            ...each,
            plan: this.spread({
              kind: 'filter',
              input: each.plan,
              predicate: put(plan.predicate, union, each.values),
            }),
          })),
        };
      }
      case 'extend': {
        const input = this.spread(plan.input);
        const union = this.below(
          input,
          plan.definitions.map((each) => each.value),
        );
        if (union === undefined) return { ...plan, input };
        return {
          ...union,
          columns: [...union.columns, ...plan.definitions.map((each) => each.column)],
          inputs: union.inputs.map((each) => {
            const definitions = plan.definitions.map(({ column, value }): Definition => ({
              column: this.options.column('$part', column),
              value: put(value, union, each.values),
            }));
            return {
              plan: this.spread({ kind: 'extend', input: each.plan, definitions }),
              values: [...each.values, ...definitions.map((one) => reference(one.column))],
            };
          }),
        };
      }
      case 'limit': {
        const input = this.spread(plan.input);
        const sorted = input.kind === 'sort' ? input : undefined;
        const union = this.below(sorted?.input ?? input, []);
        if (union === undefined) return { ...plan, input };
        const inputs = union.inputs.map((each) => {
          const ordered = sorted === undefined ? each.plan : this.sorted(each, union, sorted.keys);
          return { ...each, plan: this.spread({ ...plan, input: ordered }) };
        });
        const united: Plan = { ...union, inputs };
        return { ...plan, input: sorted === undefined ? united : { ...sorted, input: united } };
      }
      case 'aggregate': {
        const input = this.spread(plan.input);
        const union = this.below(input, valuesOf(plan));
        const whole = union === undefined ? undefined : this.summed(plan, union);
        return whole ?? { ...plan, input };
      }
      case 'sort':
      case 'sample':
      case 'limit-by':
      case 'expand':
      case 'walk':
        return { ...plan, input: this.spread(plan.input) };
      case 'join':
        return { ...plan, left: this.spread(plan.left), right: this.spread(plan.right) };
      case 'union':
        return {
          ...plan,
          inputs: plan.inputs.map((each) => ({ ...each, plan: this.spread(each.plan) })),
        };
      case 'scan':
      case 'values':
      case 'answer':
      case 'given':
      case 'numbers':
        return plan;
      default:
        return unreachable(plan);
    }
  }

  /** The union below which these expressions mean the same. */
  private below(input: Plan, values: readonly Bound[]): Union | undefined {
    if (input.kind !== 'union') return undefined;
    return values.some((each) => hasWindow(each) || plansIn(each).length > 0) ? undefined : input;
  }

  private sorted(
    { plan, values }: Union['inputs'][number],
    union: Union,
    keys: readonly SortKey[],
  ): Plan {
    const definitions: Definition[] = [];
    const own = keys.map((key): SortKey => {
      const value = put(reference(key.column), union, values);
      if (value.kind === 'column') return { ...key, column: value.column };
      const column = this.options.column('$part', value);
      definitions.push({ column, value });
      return { ...key, column };
    });
    const input: Plan =
      definitions.length === 0 ? plan : { kind: 'extend', input: plan, definitions };
    return { kind: 'sort', input, keys: own };
  }

  /** Sums of each part, and then of the sums; undefined where an aggregate needs all rows at once. */
  private summed(plan: Plan & { kind: 'aggregate' }, union: Union): Plan | undefined {
    const whole: AggregateCall[] = [];
    const parts: { call: AggregateCall & { kind: 'call' }; column: Column }[] = [];
    for (const call of plan.aggregates) {
      const name = call.kind === 'call' ? inTwoSteps.get(call.row.name) : undefined;
      const row = name === undefined ? undefined : aggregateNamed(name);
      const column = call.kind === 'call' ? call.columns[0] : undefined;
      if (call.kind !== 'call' || row === undefined || column === undefined) return undefined;
      const part = this.options.column('$part', column);
      parts.push({ call, column: part });
      whole.push({ kind: 'call', row, args: [reference(part)], columns: [column] });
    }
    const keys = plan.keys.map((each) => this.options.column('$part', each.column));
    const inputs = union.inputs.map((each) => {
      const own = plan.keys.map(({ column, value }): Definition => ({
        column: this.options.column('$part', column),
        value: put(value, union, each.values),
      }));
      const aggregates = parts.map(({ call, column }): AggregateCall & { kind: 'call' } => ({
        ...call,
        args: call.args.map((arg) => put(arg, union, each.values)),
        columns: [this.options.column('$part', column)],
      }));
      const columns = [
        ...own.map((one) => one.column),
        ...aggregates.flatMap((one) => one.columns),
      ];
      return {
        plan: this.spread({ kind: 'aggregate', input: each.plan, keys: own, aggregates }),
        values: columns.map(reference),
      };
    });
    return {
      kind: 'aggregate',
      input: { kind: 'union', columns: [...keys, ...parts.map((each) => each.column)], inputs },
      keys: plan.keys.map(({ column }, index) => ({
        column,
        value: reference(keys[index] ?? column),
      })),
      aggregates: whole,
    };
  }

  // ---- from other workspaces ----------------------------------------------------------------

  /** `needed` are those of the plan's columns that are asked for above. */
  of(plan: Plan, needed: ReadonlySet<Column>): Plan {
    if (this.isHere(plan)) return plan;
    const [only, another] = this.workspaces(plan);
    if (only !== undefined && another === undefined) return this.fetched(only, plan, needed);
    return remade(plan, needed, (input, below, values) => ({
      input: input === undefined ? undefined : this.of(input, below),
      values: values.map((value) => this.value(value)),
    }));
  }

  private value(of: Bound): Bound {
    switch (of.kind) {
      case 'scalar':
      case 'collected':
        return { ...of, plan: this.query(of.plan, of.column) };
      case 'member':
        return { ...of, value: this.value(of.value), plan: this.query(of.plan, of.column) };
      case 'call': {
        if (plansIn(of).every((plan) => this.isHere(plan))) return of;
        return { ...of, args: of.args.map((arg) => this.value(arg)) };
      }
      case 'constant':
      case 'column':
        return of;
    }
  }

  private query(plan: Plan, column: Column): Plan {
    return this.isHere(plan) ? plan : this.of(this.spread(plan), new Set([column]));
  }

  /** The rows of another workspace, as a constant table. */
  private fetched(workspaceId: string, plan: Plan, needed: ReadonlySet<Column>): Plan {
    let [from, columns] = [plan, [...needed]];
    if (columns.length === 0) {
      // How many rows there are may be all that is asked.
      const column = this.options.column('$row', { type: 'bool', nullable: false });
      from = {
        kind: 'extend',
        input: plan,
        definitions: [{ column, value: constant('bool', true) }],
      };
      columns = [column];
    }
    const rows = this.options.fetch(workspaceId, from, columns);
    if (!isOrdered(plan)) return { kind: 'answer', columns, rows };
    const place = this.options.column('$place', { type: 'long', nullable: false });
    const placed = rows.map((row, index) => [...row, String(index)]);
    const answer: Plan = { kind: 'answer', columns: [...columns, place], rows: placed };
    const key = { column: place, descending: false, nullsFirst: false };
    return { kind: 'sort', input: answer, keys: [key] };
  }
}

/** An expression over a union's columns, over those of one of its inputs. */
function put(value: Bound, union: Union, values: readonly Bound[]): Bound {
  switch (value.kind) {
    case 'column':
      return values[union.columns.indexOf(value.column)] ?? value;
    case 'call':
      return { ...value, args: value.args.map((arg) => put(arg, union, values)) };
    case 'member':
      return { ...value, value: put(value.value, union, values) };
    case 'constant':
    case 'scalar':
    case 'collected':
      return value;
  }
}
