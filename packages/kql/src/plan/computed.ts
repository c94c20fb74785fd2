/**
 * Calls that SQL cannot say (`FunctionRow.computed`), taken out of a plan before it becomes SQL
 * (docs/adr/0034). The operator that holds a call asks for the different arguments among its rows, the
 * row's own function answers each, and the statement looks the answers up. Where a second reading of
 * the rows could give others (after `take`, say), the rows themselves are asked for, and stand in as a
 * constant table with the answers beside them.
 */

import { invariant } from '@strongroom/base';
import {
  bound as boundText,
  call as sqlCall,
  cast,
  infix,
  integer,
  storageType,
  text,
  type Expression as Sql,
  type ScalarType,
} from '@strongroom/sql';
import { notSupported, problem } from '../diagnostics.js';
import type { InquiryRow, Question } from '../inquiry.js';
import { computedBytesMax, computedRowsMax } from '../limits.js';
import {
  columnsOf,
  constant,
  hasNull,
  hasWindow,
  isVolatile,
  reference,
  sizeOf,
  type Bound,
  type BoundCall,
  type Column,
  type Computed,
  type LowerCall,
} from '../semantics/bound.js';
import type { ConstantValue } from '../syntax/tree.js';
import { columnsOfAggregate, inputsOf, isOrdered, plansIn, remade, valuesOf } from './remake.js';
import type { Definition, Plan } from './plan.js';

export interface ComputedOptions {
  readonly column: (name: string, like: Pick<Column, 'type' | 'nullable'>) => Column;
  /** The same rows, by identity, for the same question. */
  readonly ask: (question: Question) => readonly InquiryRow[];
}

/** The plan without calls that SQL cannot say; the plan itself where there are none. */
export function withAnswers(plan: Plan, needed: Iterable<Column>, options: ComputedOptions): Plan {
  return new Answering(options).of(plan, new Set(needed));
}

type ComputedCall = BoundCall & { readonly computed: Computed };

const isComputed = (value: Bound): value is ComputedCall =>
  value.kind === 'call' && value.computed !== undefined;

/** Calls to be computed whose arguments hold none, each once. */
function innermost(value: Bound, into: Set<ComputedCall>): boolean {
  if (value.kind === 'member') return innermost(value.value, into);
  if (value.kind !== 'call') return false;
  let inside = false;
  for (const arg of value.args) inside = innermost(arg, into) || inside;
  if (!inside && isComputed(value)) into.add(value);
  return inside || isComputed(value);
}

/** Values share parts of themselves, so that what is known of one is kept: a walk may be endless. */
const knownToHave = new WeakMap<Bound, boolean>();

function hasComputed(value: Bound): boolean {
  if (value.kind === 'member') return hasComputed(value.value);
  if (value.kind !== 'call') return false;
  let has = knownToHave.get(value);
  if (has === undefined) {
    has = value.computed !== undefined || value.args.some(hasComputed);
    knownToHave.set(value, has);
  }
  return has;
}

function replaced(value: Bound, instead: ReadonlyMap<Bound, Column>): Bound {
  const column = instead.get(value);
  if (column !== undefined) return reference(column);
  if (value.kind === 'member') {
    const inner = replaced(value.value, instead);
    return inner === value.value ? value : { ...value, value: inner };
  }
  if (value.kind !== 'call') return value;
  const args = value.args.map((arg) => replaced(arg, instead));
  return args.some((arg, index) => arg !== value.args[index]) ? { ...value, args } : value;
}

/** Arguments that differ from row to row, of one call or of several with the same. */
interface Group {
  readonly calls: ComputedCall[];
  readonly args: readonly Bound[];
}

function sameValue(a: Bound, b: Bound): boolean {
  if (a === b) return true;
  if (a.kind === 'column' && b.kind === 'column') return a.column === b.column;
  if (a.kind === 'constant' && b.kind === 'constant')
    return a.type === b.type && a.value === b.value;
  if (a.kind !== 'call' || b.kind !== 'call' || a.lower !== b.lower || a.volatile) return false;
  const same = a.args.length === b.args.length && a.type === b.type && a.parts === b.parts;
  return same && a.args.every((arg, index) => sameValue(arg, b.args[index] as Bound));
}

class Answering {
  private readonly options: ComputedOptions;
  private readonly known = new Map<Plan, boolean>();

  constructor(options: ComputedOptions) {
    this.options = options;
  }

  private has(plan: Plan): boolean {
    let found = this.known.get(plan);
    if (found === undefined) {
      const values = valuesOf(plan);
      found =
        values.some(hasComputed) ||
        inputsOf(plan).some((each) => this.has(each)) ||
        values.some((value) => plansIn(value).some((each) => this.has(each)));
      this.known.set(plan, found);
    }
    return found;
  }

  of(given: Plan, needed: ReadonlySet<Column>): Plan {
    if (!this.has(given)) return given;
    const plan = this.narrowedFirst(given);
    const made =
      plan.kind === 'walk'
        ? new Set([
            ...plan.declared.map((each) => each.column),
            ...plan.steps.flatMap((step) => step.state.map((each) => each.column)),
          ])
        : undefined;
    return remade(plan, needed, (input, below, values) => {
      if (input === undefined) {
        const [call] = values.filter(hasComputed).flatMap(callsOf);
        if (call !== undefined)
          notSupported(`${call.name}() of what is not known before`, call.computed.span);
        return { input, values: values.map((value) => this.inside(value)) };
      }
      return this.answered(this.of(input, below), below, values, made);
    });
  }

  /** What takes rows away without a look at the answers comes before the question. */
  private narrowedFirst(plan: Plan): Plan {
    if (plan.kind === 'values' && plan.rows.length === 1 && valuesOf(plan).some(hasComputed)) {
      const column = this.options.column('$row', { type: 'bool', nullable: false });
      const input: Plan = { kind: 'values', columns: [column], rows: [[constant('bool', true)]] };
      const row = plan.rows[0] ?? [];
      const definitions = plan.columns.flatMap((each, index): Definition[] => {
        const value = row[index];
        return value === undefined ? [] : [{ column: each, value }];
      });
      return { kind: 'extend', input, definitions };
    }
    if (plan.kind === 'filter') {
      const { predicate } = plan;
      if (predicate.kind === 'call' && predicate.name === 'and') {
        const later = predicate.args.filter(hasComputed);
        const sooner = predicate.args.filter((each) => !later.includes(each));
        if (later.length > 0 && sooner.length > 0) {
          const [input, rest] = [sooner, later].map((args) =>
            args.length === 1 ? (args[0] as Bound) : { ...predicate, args },
          );
          const below: Plan = { ...plan, predicate: input as Bound };
          return { ...plan, input: below, predicate: rest as Bound };
        }
      }
      if (hasComputed(predicate) || hasWindow(predicate)) return plan;
      const read = new Set<Column>();
      columnsOf(predicate, read);
      return this.below(plan.input, read, (input) => ({ ...plan, input })) ?? plan;
    }
    if (plan.kind === 'sort') {
      const read = new Set(plan.keys.map((key) => key.column));
      return this.below(plan.input, read, (input) => ({ ...plan, input })) ?? plan;
    }
    if (plan.kind === 'limit') {
      const input = this.narrowedFirst(plan.input);
      return this.below(input, new Set(), (below) => ({ ...plan, input: below })) ?? plan;
    }
    return plan;
  }

  /** An `extend` with computed calls around `put` instead of within it. */
  private below(
    input: Plan,
    read: ReadonlySet<Column>,
    put: (input: Plan) => Plan,
  ): Plan | undefined {
    if (input.kind !== 'extend') return undefined;
    const values = input.definitions.map((each) => each.value);
    if (values.some((value) => hasWindow(value) || isVolatile(value))) return undefined;
    if (input.definitions.some((each) => read.has(each.column))) return undefined;
    return this.has(input) ? { ...input, input: put(input.input) } : undefined;
  }

  /** Sub-queries of an expression have calls of their own. */
  private inside(value: Bound): Bound {
    switch (value.kind) {
      case 'scalar':
      case 'collected':
        return { ...value, plan: this.of(value.plan, new Set([value.column])) };
      case 'member': {
        const plan = this.of(value.plan, new Set([value.column]));
        return { ...value, value: this.inside(value.value), plan };
      }
      case 'call': {
        if (!plansIn(value).some((plan) => this.has(plan))) return value;
        return { ...value, args: value.args.map((arg) => this.inside(arg)) };
      }
      case 'constant':
      case 'column':
        return value;
    }
  }

  /** `input` has no calls to be computed any more. */
  private answered(
    input: Plan,
    needed: ReadonlySet<Column>,
    values: readonly Bound[],
    made: ReadonlySet<Column> | undefined,
  ): { input: Plan; values: readonly Bound[] } {
    let [at, now] = [input, values.map((value) => this.inside(value))];
    const wanted = new Set(needed);
    for (;;) {
      const calls = new Set<ComputedCall>();
      for (const value of now) innermost(value, calls);
      if (calls.size === 0) return { input: at, values: now };
      for (const call of calls) {
        const read = new Set<Column>();
        columnsOf(call, read);
        for (const column of read) {
          if (made?.has(column) === true)
            notSupported(`${call.name}() of what steps remember`, call.computed.span);
        }
      }
      const groups = grouped(calls);
      const isSteady = groups.every(({ args }) => args.every((arg) => steadyValue(arg, at)));
      const instead = new Map<Bound, Column>();
      if (isSteady) for (const group of groups) at = this.lookedUp(at, group, instead);
      else at = this.gathered(at, wanted, groups, instead);
      for (const column of instead.values()) wanted.add(column);
      now = now.map((value) => replaced(value, instead));
    }
  }

  /** Columns of the group's arguments, as the question has them. */
  private argumentColumns(group: Group): Definition[] {
    return group.args.map((value) => ({ column: this.options.column('$argument', value), value }));
  }

  private lookedUp(input: Plan, group: Group, instead: Map<Bound, Column>): Plan {
    const first = group.calls[0];
    invariant(first !== undefined, 'a group has a call');
    const keys = this.argumentColumns(group);
    const columns = keys.map((each) => each.column);
    const key = this.options.column('$key', { type: 'string', nullable: false });
    const distinct: Plan = { kind: 'aggregate', input, keys, aggregates: [] };
    const rows = this.options.ask({
      of: `${first.name}()`,
      span: first.computed.span,
      plan: {
        kind: 'extend',
        input: distinct,
        definitions: [{ column: key, value: keyOf(columns.map(reference)) }],
      },
      columns: [key, ...columns],
      rowsMax: first.computed.rowsMax ?? computedRowsMax,
    });
    const list = JSON.stringify(rows.map((row) => row[0] ?? ''));
    let plan = input;
    const looked: Definition[] = [];
    const found: Definition[] = [];
    const known: Definition[] = [];
    for (const call of group.calls) {
      if (isAgain(call, group, instead)) continue;
      const texts = answersTo(call, group, rows, 1);
      const values = JSON.stringify(texts.map((each) => `=${each ?? ''}`));
      const name = this.options.column('$looked', { type: 'string', nullable: false });
      const hashed = this.options.column('$hash', { type: 'string', nullable: false });
      if (known.length === 0) known.push({ column: hashed, value: keyOf(group.args) });
      const by = reference(known[0]?.column ?? hashed);
      looked.push({ column: name, value: made('$lookup', 'string', [by], lookup(list, values)) });
      const column = this.options.column('$answer', call);
      found.push({
        column,
        value: made('$found', call.type, [reference(name)], answer, call.nullable),
      });
      instead.set(call, column);
    }
    plan = { kind: 'extend', input: plan, definitions: known };
    plan = { kind: 'extend', input: plan, definitions: looked };
    // A row that came after the question: the query is as of then.
    const arrived = looked[0];
    invariant(arrived !== undefined, 'a group has a call');
    const predicate = made('$isKnown', 'bool', [reference(arrived.column)], isKnown);
    plan = { kind: 'filter', input: plan, predicate };
    return { kind: 'extend', input: plan, definitions: found };
  }

  /** The rows themselves, with the answers beside them. */
  private gathered(
    input: Plan,
    needed: ReadonlySet<Column>,
    groups: readonly Group[],
    instead: Map<Bound, Column>,
  ): Plan {
    const first = groups[0]?.calls[0];
    invariant(first !== undefined, 'there is a call');
    const args = groups.map((group) => this.argumentColumns(group));
    const kept = [...needed];
    const plan: Plan = { kind: 'extend', input, definitions: args.flat() };
    const rowsMax = Math.min(
      ...groups.flatMap(({ calls }) =>
        calls.map((call) => call.computed.rowsMax ?? computedRowsMax),
      ),
    );
    const rows = this.options.ask({
      of: `${first.name}()`,
      span: first.computed.span,
      plan,
      columns: [...kept, ...args.flat().map((each) => each.column)],
      rowsMax,
    });
    const columns = [...kept];
    const beside: (readonly (string | null)[])[] = [];
    let offset = kept.length;
    groups.forEach((group, index) => {
      for (const call of group.calls) {
        if (isAgain(call, group, instead)) continue;
        const column = this.options.column('$answer', call);
        columns.push(column);
        beside.push(answersTo(call, group, rows, offset));
        instead.set(call, column);
      }
      offset += args[index]?.length ?? 0;
    });
    const cells = rows.map((row, index) => [
      ...row.slice(0, kept.length),
      ...beside.map((texts) => texts[index] ?? null),
    ]);
    if (!isOrdered(input)) return { kind: 'answer', columns, rows: cells };
    const place = this.options.column('$place', { type: 'long', nullable: false });
    return {
      kind: 'sort',
      input: {
        kind: 'answer',
        columns: [...columns, place],
        rows: cells.map((row, index) => [...row, String(index)]),
      },
      keys: [{ column: place, descending: false, nullsFirst: false }],
    };
  }
}

function callsOf(value: Bound): ComputedCall[] {
  const calls = new Set<ComputedCall>();
  innermost(value, calls);
  return [...calls];
}

/** The same call, written twice, has one column. */
function isAgain(call: ComputedCall, group: Group, instead: Map<Bound, Column>): boolean {
  const first = group.calls.find((each) => sameValue(each, call));
  const column = first === undefined ? undefined : instead.get(first);
  if (column !== undefined) instead.set(call, column);
  return column !== undefined;
}

/** Calls of the same arguments ask once. Constant arguments need no asking. */
function grouped(calls: Iterable<ComputedCall>): Group[] {
  const groups: { calls: ComputedCall[]; args: Bound[] }[] = [];
  for (const call of calls) {
    const args = call.args.filter((arg) => arg.kind !== 'constant');
    const like = groups.find(
      (each) =>
        each.args.length === args.length &&
        each.args.every((arg, index) => sameValue(arg, args[index] as Bound)),
    );
    if (like === undefined) groups.push({ calls: [call], args });
    else like.calls.push(call);
  }
  return groups;
}

// ---- answers ----------------------------------------------------------------------------------

const computedBefore = new WeakMap<
  readonly InquiryRow[],
  Map<string, readonly (string | null)[]>
>();

/** The call's value for each row, whose cells from `offset` on are the group's arguments. */
function answersTo(
  call: ComputedCall,
  group: Group,
  rows: readonly InquiryRow[],
  offset: number,
): readonly (string | null)[] {
  const { computed } = call;
  const place = (arg: Bound): number => group.args.findIndex((each) => sameValue(each, arg));
  const cells = call.args.map((arg) =>
    arg.kind === 'constant' ? arg.value : { at: offset + place(arg), type: arg.type },
  );
  // Binding comes here again with each further question of the query.
  const key = JSON.stringify([call.name, call.type, cells], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
  const before = computedBefore.get(rows) ?? new Map<string, readonly (string | null)[]>();
  computedBefore.set(rows, before);
  const known = before.get(key);
  if (known !== undefined) return known;
  let bytes = 0;
  const texts = rows.map((row) => {
    const values = cells.map((cell) =>
      typeof cell === 'object' && cell !== null ? valueOf(row[cell.at] ?? null, cell.type) : cell,
    );
    const value = computed.of(values, call.args);
    const made = value === null ? null : String(value);
    bytes += made?.length ?? 0;
    if (bytes > computedBytesMax)
      problem(
        'KQL_LIMIT',
        `${call.name}() would make more than ${computedBytesMax} bytes`,
        computed.span,
        'Filter or summarize before it.',
      );
    return made;
  });
  before.set(key, texts);
  return texts;
}

/** A cell of an answer as a value; the text is the one that inquiry.ts asks for. */
function valueOf(cell: string | null, type: ScalarType): ConstantValue {
  if (cell === null) return hasNull(type) ? null : '';
  switch (type) {
    case 'bool':
      return cell === 'true';
    case 'int':
    case 'long':
    case 'datetime':
    case 'timespan':
      return BigInt(cell);
    case 'real':
      if (cell === 'nan' || cell === '-nan') return NaN;
      if (cell === 'inf') return Infinity;
      return cell === '-inf' ? -Infinity : Number(cell);
    case 'decimal':
    case 'guid':
    case 'string':
      return cell;
    case 'dynamic':
      return cell === '' || cell === 'null' ? null : cell;
  }
}

// ---- SQL --------------------------------------------------------------------------------------

function made(
  name: string,
  type: ScalarType,
  args: readonly Bound[],
  lower: LowerCall,
  nullable = false,
): BoundCall {
  let size = 1;
  for (const arg of args) size += sizeOf(arg);
  return {
    kind: 'call',
    name,
    args,
    type,
    nullable,
    lower,
    size,
    volatile: false,
    window: false,
    conditions: 'none',
  };
}

/** A short name for arguments of any size and type. A text is never 'null' where there may be a null. */
const keySql: LowerCall = (args, { args: bounds }) =>
  sqlCall(
    'hex',
    sqlCall(
      'sipHash128',
      ...args.map((arg, index) => {
        const type = bounds[index]?.type;
        if (type === 'string' || type === 'dynamic') return arg;
        return sqlCall('ifNull', sqlCall('toString', arg), text('null'));
      }),
    ),
  );

const keyOf = (args: readonly Bound[]): Bound => made('$key', 'string', args, keySql);

const lookup =
  (keys: string, values: string): LowerCall =>
  (args) => {
    const list = (json: string): Sql =>
      sqlCall('JSONExtract', boundText(json), text('Array(String)'));
    return sqlCall('transform', args[0] as Sql, list(keys), list(values), text(''));
  };

const isKnown: LowerCall = (args) => infix('!=', args[0] as Sql, text(''));

const answer: LowerCall = (args, { type }) => {
  const value = sqlCall('substring', args[0] as Sql, integer(2));
  if (type === 'string' || type === 'dynamic') return value;
  return cast(sqlCall('nullIf', value, text('')), storageType[type]);
};

// ---- steadiness -------------------------------------------------------------------------------

/** Aggregates whose value does not depend on which row came first. */
const steadyAggregates = new Set(['count', 'countif', 'min', 'minif', 'max', 'maxif', 'dcount']);

function steadyValue(value: Bound, input: Plan): boolean {
  if (isVolatile(value) || hasWindow(value)) return false;
  const read = new Set<Column>();
  columnsOf(value, read);
  return subQueriesAreSteady(value) && isSteady(input, read);
}

function subQueriesAreSteady(value: Bound): boolean {
  switch (value.kind) {
    case 'scalar':
    case 'collected':
      return isSteady(value.plan, new Set([value.column]));
    case 'member':
      return isSteady(value.plan, new Set([value.column])) && subQueriesAreSteady(value.value);
    case 'call':
      return value.args.every(subQueriesAreSteady);
    case 'constant':
    case 'column':
      return true;
  }
}

/** Whether a second reading of the same tables gives the same values in these columns. */
function isSteady(plan: Plan, columns: ReadonlySet<Column>): boolean {
  const all = (input: Plan, values: readonly Bound[], also: Iterable<Column> = []): boolean => {
    if (!values.every((value) => !isVolatile(value) && !hasWindow(value))) return false;
    if (!values.every(subQueriesAreSteady)) return false;
    const below = new Set(also);
    for (const value of values) columnsOf(value, below);
    return isSteady(input, below);
  };
  switch (plan.kind) {
    case 'scan':
    case 'answer':
    case 'given':
    case 'numbers':
      return true;
    case 'values':
      return plan.rows.every((row) => row.every((each) => !isVolatile(each)));
    case 'extend': {
      const read = plan.definitions.filter((each) => columns.has(each.column));
      const rest = new Set(columns);
      for (const each of read) rest.delete(each.column);
      return all(
        plan.input,
        read.map((each) => each.value),
        rest,
      );
    }
    case 'filter':
      return all(plan.input, [plan.predicate], columns);
    case 'aggregate': {
      const values = plan.keys.map((each) => each.value);
      for (const each of plan.aggregates) {
        if (!columnsOfAggregate(each).some((column) => columns.has(column))) continue;
        if (each.kind !== 'call' || !steadyAggregates.has(each.row.name)) return false;
        values.push(...each.args);
      }
      return all(plan.input, values);
    }
    case 'sort':
      return isSteady(plan.input, columns);
    case 'join': {
      const side = (name: 'left' | 'right'): Set<Column> =>
        new Set(
          plan.columns
            .filter((each) => each.side === name && columns.has(each.column))
            .map((each) => each.of),
        );
      const keys = (name: 'left' | 'right'): Bound[] => plan.keys.map((each) => each[name]);
      return (
        all(plan.left, keys('left'), side('left')) && all(plan.right, keys('right'), side('right'))
      );
    }
    case 'union': {
      const kept = plan.columns.flatMap((column, index) => (columns.has(column) ? [index] : []));
      return plan.inputs.every((each) =>
        all(
          each.plan,
          kept.flatMap((index) => each.values[index] ?? []),
        ),
      );
    }
    case 'expand': {
      const rest = new Set(columns);
      for (const item of plan.items) rest.delete(item.column);
      if (plan.index !== undefined) rest.delete(plan.index);
      return all(
        plan.input,
        plan.items.map((each) => each.value),
        rest,
      );
    }
    case 'limit':
    case 'sample':
    case 'limit-by':
    case 'walk':
      return false;
  }
}
