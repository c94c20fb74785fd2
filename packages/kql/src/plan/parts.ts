/**
 * A sub-query that runs for each part of its input (`partition`, `mv-apply`), as one plan over all
 * parts: the columns that tell the parts apart are keys of every grouping, limit, window and join
 * in it, and come out of it.
 */

import { invariant } from '@strongroom/base';
import { aggregateNamed } from '../aggregates/index.js';
import { notSupported, type Span } from '../diagnostics.js';
import { reference, type Bound, type Column } from '../semantics/bound.js';
import type { Binder } from '../semantics/binder.js';
import type { AggregateCall, Definition, Plan, SortKey } from './plan.js';

export interface Parted {
  readonly plan: Plan;
  /** What the asked-for columns are now, in their order. */
  readonly keys: readonly Column[];
  readonly carried: readonly Column[];
}

export interface PartsOptions {
  readonly binder: Binder;
  readonly span: Span;
  /** What the sub-query was bound to, and what stands there now, with the keys in it. */
  readonly input: Plan;
  readonly instead?: Plan;
  /** Tell the parts apart. */
  readonly keys: readonly Column[];
  /** One value in each part; they come out too. */
  readonly carried: readonly Column[];
  /** A second reading of the input has the same keys in the same rows: it may join itself. */
  readonly repeatable: boolean;
}

/** undefined where the sub-query does not read its input. */
export function inParts(plan: Plan, options: PartsOptions): Parted | undefined {
  const made = new Parts(options).of(plan);
  if (made === undefined) return undefined;
  const count = options.keys.length;
  return {
    plan: made.plan,
    keys: made.columns.slice(0, count),
    carried: made.columns.slice(count),
  };
}

/** A plan with the keys, and then the carried columns, in it. */
interface Tracked {
  readonly plan: Plan;
  readonly columns: readonly Column[];
}

class Parts {
  private readonly options: PartsOptions;

  constructor(options: PartsOptions) {
    this.options = options;
  }

  of(plan: Plan): Tracked | undefined {
    const { input, instead, keys, carried } = this.options;
    if (plan === input) return { plan: instead ?? input, columns: [...keys, ...carried] };
    switch (plan.kind) {
      case 'extend': {
        const below = this.of(plan.input);
        if (below === undefined) return undefined;
        const definitions = plan.definitions.map((each) => ({
          ...each,
          value: this.windowed(each.value, below),
        }));
        return { ...below, plan: { ...plan, input: below.plan, definitions } };
      }
      case 'filter': {
        const below = this.of(plan.input);
        if (below === undefined) return undefined;
        const predicate = this.windowed(plan.predicate, below);
        return { ...below, plan: { ...plan, input: below.plan, predicate } };
      }
      case 'aggregate':
        return this.aggregate(plan);
      case 'sort': {
        const below = this.of(plan.input);
        if (below === undefined) return undefined;
        const sort = { ...plan, input: below.plan, keys: [...this.order(below), ...plan.keys] };
        return { ...below, plan: sort };
      }
      case 'limit': {
        const below = this.of(plan.input);
        if (below === undefined) return undefined;
        return { ...below, plan: this.limited(below, below.plan, plan.count) };
      }
      case 'limit-by': {
        const below = this.of(plan.input);
        if (below === undefined) return undefined;
        return {
          ...below,
          plan: { ...plan, input: below.plan, keys: [...this.keys(below), ...plan.keys] },
        };
      }
      case 'sample': {
        const below = this.of(plan.input);
        if (below === undefined) return undefined;
        const { binder, span } = this.options;
        const column = binder.column('$sample', 'real', false);
        const value = binder.call('rand', [], span);
        const shuffled: Plan = {
          kind: 'extend',
          input: below.plan,
          definitions: [{ column, value }],
        };
        const key = { column, descending: false, nullsFirst: false };
        const sorted: Plan = { kind: 'sort', input: shuffled, keys: [...this.order(below), key] };
        return { ...below, plan: this.limited(below, sorted, plan.count) };
      }
      case 'expand': {
        const below = this.of(plan.input);
        if (below === undefined) return undefined;
        const items = plan.items.map((each) => ({
          ...each,
          value: this.windowed(each.value, below),
        }));
        return { ...below, plan: { ...plan, input: below.plan, items } };
      }
      case 'walk': {
        const below = this.of(plan.input);
        if (below === undefined) return undefined;
        const keys = [...this.keys(below), ...plan.keys];
        return { ...below, plan: { ...plan, input: below.plan, keys } };
      }
      case 'join':
        return this.join(plan);
      case 'union':
        return this.union(plan);
      case 'scan':
      case 'values':
      case 'answer':
      case 'given':
      case 'numbers':
        return undefined;
      default:
        return notSupported('This operator inside of partition and mv-apply', this.options.span);
    }
  }

  private keys(of: Tracked): readonly Column[] {
    return of.columns.slice(0, this.options.keys.length);
  }

  private order(of: Tracked): SortKey[] {
    return this.keys(of).map((column) => ({ column, descending: false, nullsFirst: true }));
  }

  private limited(of: Tracked, input: Plan, count: bigint): Plan {
    return { kind: 'limit-by', input, count, keys: this.keys(of) };
  }

  /** Windows see their own part only. */
  private windowed(value: Bound, of: Tracked): Bound {
    if (value.kind !== 'call') return value;
    const args = value.args.map((arg) => this.windowed(arg, of));
    if (!value.window)
      return args.some((arg, index) => arg !== value.args[index]) ? { ...value, args } : value;
    return { ...value, args, parts: [...(value.parts ?? []), ...this.keys(of)] };
  }

  private aggregate(plan: Plan & { kind: 'aggregate' }): Tracked | undefined {
    const below = this.of(plan.input);
    if (below === undefined) return undefined;
    const { binder, keys } = this.options;
    const any = aggregateNamed('take_any');
    invariant(any !== undefined, 'take_any is an aggregate');
    const columns = below.columns.map((each) => binder.column('$part', each.type, each.nullable));
    const parts = columns.slice(0, keys.length).map((column, index): Definition => ({
      column,
      value: reference(below.columns[index] ?? column),
    }));
    const carried = columns.slice(keys.length).map((column, index): AggregateCall => ({
      kind: 'call',
      row: any,
      args: [reference(below.columns[keys.length + index] ?? column)],
      columns: [column],
    }));
    const aggregates = plan.aggregates.map((each): AggregateCall => {
      if (each.kind === 'call')
        return { ...each, args: each.args.map((arg) => this.windowed(arg, below)) };
      const values = each.values.map((one) => ({ ...one, value: this.windowed(one.value, below) }));
      return { ...each, by: this.windowed(each.by, below), values };
    });
    const grouped: Plan = {
      ...plan,
      input: below.plan,
      keys: [
        ...parts,
        ...plan.keys.map((each) => ({ ...each, value: this.windowed(each.value, below) })),
      ],
      aggregates: [...aggregates, ...carried],
    };
    return { plan: grouped, columns };
  }

  /** The part's columns come from the side that surely has them. */
  private join(plan: Plan & { kind: 'join' }): Tracked | undefined {
    const left = this.of(plan.left);
    const right = this.of(plan.right);
    if (left === undefined && right === undefined) return undefined;
    const { binder, span, repeatable } = this.options;
    const ofLeft =
      plan.join !== 'rightouter' && plan.join !== 'rightsemi' && plan.join !== 'rightanti';
    const from = ofLeft ? left : right;
    const both = left !== undefined && right !== undefined;
    if (from === undefined || plan.join === 'fullouter' || (both && !repeatable))
      return notSupported('This join inside of partition and mv-apply', span);
    const columns = from.columns.map((each) => binder.column('$part', each.type, each.nullable));
    const side = ofLeft ? 'left' : 'right';
    const kept = columns.map(
      (column, index) => ({ column, of: from.columns[index] ?? column, side }) as const,
    );
    const joined = { ...plan, left: left?.plan ?? plan.left, right: right?.plan ?? plan.right };
    if (!both) return { plan: { ...joined, columns: [...plan.columns, ...kept] }, columns };
    // The sides may have the same column there: the right one gets a name of its own.
    const copies = this.keys(right).map((each): Definition => ({
      column: binder.column('$part', each.type, each.nullable),
      value: reference(each),
    }));
    const keys = copies.flatMap((each, index) => {
      const own = left.columns[index];
      if (own === undefined) return [];
      const pair = (name: string): { left: Bound; right: Bound } => ({
        left: binder.call(name, [reference(own)], span),
        right: binder.call(name, [reference(each.column)], span),
      });
      return own.nullable
        ? [pair('tostring'), pair('isnull')]
        : [{ left: reference(own), right: reference(each.column) }];
    });
    return {
      plan: {
        ...joined,
        join: plan.join === 'cross' ? 'inner' : plan.join,
        right: { kind: 'extend', input: right.plan, definitions: copies },
        keys: [...plan.keys, ...keys],
        columns: [
          ...plan.columns,
          ...kept.map((each, index) =>
            ofLeft ? each : { ...each, of: copies[index]?.column ?? each.of },
          ),
        ],
      },
      columns,
    };
  }

  private union(plan: Plan & { kind: 'union' }): Tracked | undefined {
    const inputs = plan.inputs.map((each) => this.of(each.plan));
    if (inputs.every((each) => each === undefined)) return undefined;
    const first = inputs.find((each) => each !== undefined);
    invariant(first !== undefined, 'one reads the input');
    const { binder, span } = this.options;
    const columns = first.columns.map((each) => binder.column('$part', each.type, each.nullable));
    return {
      plan: {
        ...plan,
        columns: [...plan.columns, ...columns],
        inputs: plan.inputs.map((each, index) => {
          const made = inputs[index];
          if (made === undefined)
            return notSupported(
              'A union with a table of its own inside of partition and mv-apply',
              span,
            );
          const values = each.values.map((value) => this.windowed(value, made));
          return { plan: made.plan, values: [...values, ...made.columns.map(reference)] };
        }),
      },
      columns,
    };
  }
}
