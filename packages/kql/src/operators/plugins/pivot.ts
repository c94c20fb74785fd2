import {
  call as sql,
  infix,
  integer,
  nullOf,
  real,
  storageType,
  text,
  type Expression as Sql,
  type ScalarType,
} from '@strongroom/sql';
import { aggregateNamed } from '../../aggregates/index.js';
import type { AggregateRow } from '../../aggregates/row.js';
import { problem } from '../../diagnostics.js';
import { dataColumnsMax } from '../../limits.js';
import type { AggregateCall, Definition, Plan } from '../../plan/plan.js';
import { columnsOf, constant, hasNull, reference, type Column } from '../../semantics/bound.js';
import { convert } from '../../semantics/convert.js';
import {
  columnNamed,
  freeName,
  relation,
  type Relation,
  type VisibleColumn,
} from '../../semantics/relation.js';
import type { Expression } from '../../syntax/tree.js';
import { nextColumnName } from '../extend.js';
import { scopeOf, type BindContext } from '../operator.js';
import type { Plugin, PluginCall } from './plugin.js';

/** A column's values as columns: `pivot(State, sum(Deaths), EventType)`. */
export const pivot: Plugin = { name: 'pivot', bind };

/** What the reference lists. */
const aggregates = new Set([
  'min',
  'max',
  'take_any',
  'any',
  'sum',
  'dcount',
  'avg',
  'stdev',
  'variance',
  'make_list',
  'make_bag',
  'make_set',
  'count',
]);

function bind(context: BindContext, call: PluginCall, input: Relation): Relation {
  const { binder } = context;
  const { args, schema, span } = call;
  const scope = scopeOf(context, input);
  const columnOf = (value: Expression): VisibleColumn => {
    const column = value.kind === 'name' ? columnNamed(input.columns, value.name) : undefined;
    if (column === undefined || value.kind !== 'name')
      problem('SEM0100', 'pivot() takes columns of its input', value.span);
    return { name: value.name, column };
  };
  const first = args[0]?.value;
  if (first === undefined) problem('KS119', 'pivot() takes at least a column', span);
  const turned = columnOf(first).column;
  const second = args[1]?.value;
  const isAggregate = second?.kind === 'call';
  if (isAggregate && !aggregates.has(second.name))
    problem('SEM0100', `pivot() takes one of ${[...aggregates].join(', ')}`, second.span);
  const count = aggregateNamed('count');
  const value: AggregateCall = isAggregate
    ? binder.aggregate(second, scope).call
    : {
        kind: 'call',
        row: count as AggregateRow,
        args: [],
        columns: [binder.column('value', 'long', false)],
      };
  if (value.kind !== 'call' || value.columns[0] === undefined)
    problem('SEM0100', 'pivot() takes an aggregate of one value', span);
  const used = new Set<Column>([turned]);
  for (const arg of value.args) columnsOf(arg, used);
  const listed = args.slice(isAggregate ? 2 : 1).map((each) => columnOf(each.value));
  const kept = listed.length > 0 ? listed : input.columns.filter((each) => !used.has(each.column));

  // One value for each group and each of the column's values; then a column for each of those.
  const label = binder.column('$pivot', 'string');
  const inner: Definition[] = kept.map((each) => ({
    column: binder.column(each.name, each.column.type, each.column.nullable),
    value: reference(each.column),
  }));
  const labelled: Definition = {
    column: label,
    value: convert(reference(turned), 'string', span, binder),
  };
  const valued: Plan = {
    kind: 'aggregate',
    input: input.plan,
    keys: [...inner, labelled],
    aggregates: [value],
  };
  const labels =
    schema === undefined
      ? labelsOf(context, call, input, labelled)
      : schema.columns
          .filter((each) => !kept.some((known) => known.name === each.name))
          .map((each) => each.name);
  const columns: VisibleColumn[] = kept.map((each, index) => ({
    name: each.name,
    column: binder.column(each.name, each.column.type, inner[index]?.column.nullable),
  }));
  const result = value.columns[0];
  const cell = cellRow(value.row.name, result.type);
  const cells: AggregateCall[] = [];
  const taken = new Set(columns.map((each) => each.name));
  for (const text of labels) {
    const name = text === '' ? nextColumnName(taken) : freeName(taken, text);
    taken.add(name);
    const is = binder.compare('==', reference(label), constant('string', text), span);
    const column = binder.column(
      name,
      result.type,
      result.nullable || !isZeroOfNothing(value.row.name),
    );
    cells.push({ kind: 'call', row: cell, args: [reference(result), is], columns: [column] });
    columns.push({ name, column });
  }
  const plan: Plan = {
    kind: 'aggregate',
    input: valued,
    keys: inner.map((each, index) => ({
      column: (columns[index] as VisibleColumn).column,
      value: reference(each.column),
    })),
    aggregates: cells,
  };
  if (schema === undefined) return relation(plan, columns);
  const wanted = schema.columns.map((each) => {
    const column = columnNamed(columns, each.name);
    if (column === undefined) problem('SEM0100', `pivot() has no column '${each.name}'`, each.span);
    if (column.type !== each.type)
      problem('KS107', `The column '${each.name}' is ${column.type}, not ${each.type}`, each.span);
    return { name: each.name, column };
  });
  return relation(plan, wanted);
}

/** The column's different values as texts, in their order. */
function labelsOf(
  context: BindContext,
  call: PluginCall,
  input: Relation,
  labelled: Definition,
): string[] {
  const rows = context.binder.options.ask({
    of: 'pivot',
    span: call.span,
    plan: { kind: 'aggregate', input: input.plan, keys: [labelled], aggregates: [] },
    columns: [labelled.column],
    rowsMax: dataColumnsMax,
  });
  return rows.map((row) => row[0] ?? '').sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

const isZeroOfNothing = (name: string): boolean =>
  name === 'count' || name === 'dcount' || name === 'sum';

/** The value of a group's cell; where there were no rows for it, what the aggregate gives of none. */
function cellRow(name: string, type: ScalarType): AggregateRow {
  const none = (): Sql => {
    if (isZeroOfNothing(name)) {
      return type === 'real' ? real(0) : sql('CAST', integer(0), text(storageType[type]));
    }
    if (name === 'make_list' || name === 'make_set') return text('[]');
    if (name === 'make_bag') return text('{}');
    return hasNull(type) ? nullOf(storageType[type]) : text('');
  };
  return {
    name: '$cell',
    takes: 'scalar, bool',
    gives: type,
    conditions: [1],
    sql: ([value, is]) =>
      sql(
        'if',
        infix('=', sql('countIf', is as Sql), integer(0)),
        none(),
        sql('anyIf', value as Sql, is as Sql),
      ),
  };
}
