import { array, call as sql, column as name, integer, lambda, parametric } from '@strongroom/sql';
import type { ScalarType } from '@strongroom/sql';
import type { AggregateRow } from '../../aggregates/row.js';
import { problem, type Span } from '../../diagnostics.js';
import { jsonPath } from '../../functions/conversion.js';
import { dataColumnsMax } from '../../limits.js';
import type { Definition } from '../../plan/plan.js';
import { constant, reference, type Column } from '../../semantics/bound.js';
import { convert } from '../../semantics/convert.js';
import { columnNamed, type Relation, type VisibleColumn } from '../../semantics/relation.js';
import { withDefinitions } from '../extend.js';
import { scopeOf, type BindContext } from '../operator.js';
import { pluginArguments, type Plugin, type PluginCall } from './plugin.js';

/** Properties of a bag as columns. */
export const bagUnpack: Plugin = { name: 'bag_unpack', bind };

interface Slot {
  readonly name: string;
  readonly property: string;
  readonly type: ScalarType;
  readonly span: Span;
}

function bind(context: BindContext, call: PluginCall, input: Relation): Relation {
  const { binder } = context;
  const { schema, span } = call;
  const given = pluginArguments(call, [
    'Column',
    'OutputColumnPrefix',
    'columnsConflict',
    'ignoredProperties',
  ]);
  const source = given[0]?.value;
  if (source === undefined) problem('KS119', 'bag_unpack() takes 1 to 4 arguments', span);
  const bag = source.kind === 'name' ? columnNamed(input.columns, source.name) : undefined;
  if (bag?.type !== 'dynamic') problem('KS107', 'bag_unpack() takes a dynamic column', source.span);
  const text = (index: number): string => {
    const arg = given[index];
    if (arg === undefined) return '';
    const value = binder.constantOf(arg.value, scopeOf(context, undefined), 'The argument');
    return typeof value === 'string'
      ? value
      : problem('KS107', 'A constant text is expected', arg.span);
  };
  const prefix = text(1);
  const conflict = text(2) || 'error';
  if (!['error', 'replace_source', 'keep_source'].includes(conflict))
    problem('KS107', `columnsConflict is error, replace_source or keep_source`, span);
  const others = input.columns.filter((each) => each.column !== bag);
  const slots: readonly Slot[] =
    schema === undefined
      ? found(context, call, input, bag, new Set(listOf(text(3)))).map((each) => ({
          ...each,
          name: prefix + each.property,
          span,
        }))
      : schema.columns
          .filter(
            (each) =>
              schema.withInput ||
              conflict === 'replace_source' ||
              columnNamed(others, each.name) === undefined,
          )
          .map((each) => {
            if (!each.name.startsWith(prefix))
              problem(
                'SEM0100',
                `The column '${each.name}' does not begin with the prefix`,
                each.span,
              );
            return { ...each, property: each.name.slice(prefix.length) };
          });
  const definitions: Definition[] = [];
  const made = new Map<string, VisibleColumn>();
  for (const each of slots) {
    const known = columnNamed(others, each.name);
    if (known !== undefined && conflict === 'error') {
      problem(
        'KS201',
        `A column with the name '${each.name}' is already declared`,
        each.span,
        'Give a prefix, or columnsConflict.',
      );
    }
    if (known !== undefined && conflict === 'keep_source') {
      made.set(each.name, { name: each.name, column: known });
      continue;
    }
    const property = constant('string', each.property);
    const value = binder.call('$index', [reference(bag), property], each.span);
    const column = binder.column(each.name, each.type);
    definitions.push({ column, value: convert(value, each.type, each.span, binder) });
    made.set(each.name, { name: each.name, column });
  }
  const columns: VisibleColumn[] =
    schema === undefined || schema.withInput ? others.filter((each) => !made.has(each.name)) : [];
  if (schema === undefined) columns.push(...made.values());
  for (const each of schema?.columns ?? []) {
    if (columns.some((known) => known.name === each.name) && schema?.withInput !== true)
      problem('KS201', `A column with the name '${each.name}' is already declared`, each.span);
    const column = made.get(each.name)?.column ?? columnNamed(others, each.name);
    if (column === undefined || columns.some((known) => known.column === column)) continue;
    if (column.type !== each.type)
      problem('KS107', `The column '${each.name}' is ${column.type}, not ${each.type}`, each.span);
    columns.push({ name: each.name, column });
  }
  const open = schema === undefined;
  if (columns.length === 0 && !open) problem('SEM0019', 'bag_unpack() finds no columns', span);
  return { ...input, plan: withDefinitions(input.plan, definitions), columns, open };
}

/** The engine's names for the types of JSON, nulls left out. */
const slotTypes: Readonly<Record<string, ScalarType>> = {
  String: 'string',
  Int64: 'long',
  UInt64: 'real',
  Double: 'real',
  Bool: 'bool',
  Array: 'dynamic',
  Object: 'dynamic',
};

/** Each property that some bag has, with its type: `dynamic` where the values differ in it. */
function found(
  context: BindContext,
  call: PluginCall,
  input: Relation,
  bag: Column,
  ignored: ReadonlySet<string>,
): { property: string; type: ScalarType }[] {
  const { binder } = context;
  const column = binder.column('$slots', 'dynamic');
  const rows = binder.options.ask({
    of: 'bag_unpack',
    span: call.span,
    plan: {
      kind: 'aggregate',
      input: input.plan,
      keys: [],
      aggregates: [{ kind: 'call', row: slotsRow, args: [reference(bag)], columns: [column] }],
    },
    columns: [column],
    rowsMax: 1,
  });
  const pairs = JSON.parse(rows[0]?.[0] ?? '[]') as [property: string, type: string][];
  const types = new Map<string, ScalarType>();
  for (const [property, kind] of pairs) {
    const type = slotTypes[kind];
    if (type === undefined || ignored.has(property)) continue;
    const known = types.get(property);
    types.set(property, known === undefined || known === type ? type : 'dynamic');
  }
  if (types.size > dataColumnsMax || pairs.length > slotPairsMax) {
    problem(
      'KQL_LIMIT',
      `The bags have more than ${dataColumnsMax} different properties`,
      call.span,
      'Say the columns after it: evaluate bag_unpack(d) : (*, a:long, b:string).',
    );
  }
  return [...types]
    .map(([property, type]) => ({ property, type }))
    .sort((a, b) => (a.property < b.property ? -1 : 1));
}

/** Pairs of a property and a type that are looked at: a property may have values of several. */
const slotPairsMax = dataColumnsMax * 4;

const slotsRow: AggregateRow = {
  name: '$slots',
  takes: 'dynamic',
  gives: 'dynamic',
  sql: (args, { args: bound }) => {
    const path = jsonPath(args[0] as NonNullable<(typeof args)[0]>, bound[0]);
    const pair = array(
      sql('tupleElement', name('m'), integer(1)),
      sql('toString', sql('JSONType', sql('tupleElement', name('m'), integer(2)))),
    );
    const pairs = sql(
      'arrayMap',
      lambda(['m'], pair),
      sql('JSONExtractKeysAndValuesRaw', path.root, ...path.keys),
    );
    return sql(
      'toJSONString',
      parametric('groupUniqArrayArray', [integer(slotPairsMax + 1)], pairs),
    );
  },
};

function listOf(json: string): string[] {
  if (json === '') return [];
  try {
    const parsed: unknown = JSON.parse(json);
    return (Array.isArray(parsed) ? parsed : [parsed]).map(String);
  } catch {
    return [json];
  }
}
