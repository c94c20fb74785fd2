/** `autocluster`, `basket` and `diffpatterns`: an inquiry groups the rows, `patterns.ts` looks at them. */

import { notSupported, problem } from '../../diagnostics.js';
import { patternColumnsMax, patternGroupsMax } from '../../limits.js';
import { constant, hasNull, reference, type Bound } from '../../semantics/bound.js';
import { convert } from '../../semantics/convert.js';
import { Environment } from '../../semantics/environment.js';
import {
  columnNamed,
  freeName,
  relation,
  type Relation,
  type VisibleColumn,
} from '../../semantics/relation.js';
import type { NamedExpression } from '../../syntax/tree.js';
import { scopeOf, type BindContext } from '../operator.js';
import { boundQuery } from './in-kql.js';
import {
  baskets,
  clusters,
  differences,
  TooManyPatterns,
  totalOf,
  type Groups,
  type Pattern,
} from './patterns.js';
import type { Plugin, PluginCall } from './plugin.js';

/** Arguments in their order; `~` stands for what is usual. */
class Arguments {
  private readonly context: BindContext;
  private readonly call: PluginCall;
  private readonly input: Relation;

  constructor(context: BindContext, call: PluginCall, input: Relation) {
    this.context = context;
    this.call = call;
    this.input = input;
  }

  private given(index: number): NamedExpression | undefined {
    const arg = this.call.args[index];
    return arg?.value.kind === 'literal' && arg.value.value === '~' ? undefined : arg;
  }

  column(index: number): VisibleColumn | undefined {
    const arg = this.given(index);
    if (arg === undefined) return undefined;
    const name = arg.value.kind === 'name' ? arg.value.name : undefined;
    const column = name === undefined ? undefined : columnNamed(this.input.columns, name);
    if (name === undefined || column === undefined)
      problem('SEM0100', `${this.call.plugin.text}() takes a column of its input here`, arg.span);
    return { name, column };
  }

  constant(index: number): Bound | undefined {
    const arg = this.given(index);
    if (arg === undefined) return undefined;
    const bound = this.context.binder.scalar(arg.value, scopeOf(this.context, undefined));
    if (bound.kind !== 'constant')
      problem('SEM0101', `${this.call.plugin.text}() takes a constant here`, arg.span);
    return bound;
  }

  number(index: number, usual: number, least: number, most: number): number {
    const bound = this.constant(index);
    if (bound === undefined) return usual;
    const number = bound.kind === 'constant' ? Number(bound.value) : Number.NaN;
    if (!(number >= least && number <= most)) {
      problem(
        'SEM0101',
        `${this.call.plugin.text}() takes a number from ${least} to ${most} here`,
        this.call.args[index]?.span ?? this.call.span,
      );
    }
    return number;
  }

  /** What stands for any value, by type. */
  wildcards(from: number): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (let index = from; index < this.call.args.length; index++) {
      const bound = this.constant(index);
      if (bound?.kind === 'constant' && bound.value !== null)
        found.set(bound.type, String(bound.value));
    }
    return found;
  }
}

interface Mined {
  readonly dimensions: readonly VisibleColumn[];
  readonly groups: Groups;
  readonly wildcards: ReadonlyMap<string, string>;
}

function mined(
  context: BindContext,
  call: PluginCall,
  input: Relation,
  options: {
    readonly weight: VisibleColumn | undefined;
    readonly split?: { readonly column: VisibleColumn; readonly of: readonly [string, string] };
    readonly wildcards: ReadonlyMap<string, string>;
  },
): Mined {
  const { binder } = context;
  const { weight, split, wildcards } = options;
  const name = call.plugin.text;
  if (call.schema !== undefined) notSupported(`The columns of ${name}() said anew`, call.span);
  const dimensions = input.columns.filter(
    ({ column }) => column !== weight?.column && column !== split?.column.column,
  );
  if (dimensions.length === 0) problem('SEM0100', `${name}() has no columns to look at`, call.span);
  if (dimensions.length > patternColumnsMax) {
    problem(
      'KQL_LIMIT',
      `${name}() looks at more than ${patternColumnsMax} columns`,
      call.span,
      'Project those of interest before it.',
    );
  }
  const visible = dimensions.map(({ column }, index) => ({ name: `C${index}`, column }));
  if (weight !== undefined) visible.push({ name: 'Weight', column: weight.column });
  const environment = new Environment();
  let { plan } = input;
  if (split !== undefined) {
    const value = convert(reference(split.column.column), 'string', call.span, binder);
    const extended = binder.extend(input, [{ name: '$split', value }]);
    ({ plan } = extended.relation);
    visible.push(...extended.columns.map((column) => ({ name: 'Split', column })));
    environment.set('A', { kind: 'scalar', bound: constant('string', split.of[0]) });
    environment.set('B', { kind: 'scalar', bound: constant('string', split.of[1]) });
  }
  environment.set('T', { kind: 'made', make: () => relation(plan, visible) });
  const keys = dimensions.map((_, index) => `C${index}`).join(', ');
  const grouped = boundQuery(
    context,
    call,
    environment,
    `T ${split === undefined ? '' : '| where Split == A or Split == B'}
    | summarize Weight = ${weight === undefined ? 'count()' : 'sum(Weight)'} by ${keys}${split === undefined ? '' : ', Split'}`,
  );
  const answer = binder.options.ask({
    of: name,
    span: call.span,
    plan: grouped.plan,
    columns: grouped.columns.map((each) => each.column),
    rowsMax: patternGroupsMax,
  });
  const rows: (string | null | undefined)[][] = [];
  const weights: [number, number][] = [];
  for (const row of answer) {
    const number = Number(row.at(-1) ?? 0);
    const isSecond = split !== undefined && row[dimensions.length] === split.of[1];
    weights.push(isSecond ? [0, number] : [number, 0]);
    // What would look like "any value" in the result is in no pattern.
    rows.push(
      dimensions.map(({ column }, index) => {
        const cell = row[index] ?? null;
        const isEmpty = cell === null || (cell === '' && !hasNull(column.type));
        return isEmpty && !wildcards.has(column.type) ? undefined : cell;
      }),
    );
  }
  return { dimensions, groups: { rows, weights }, wildcards };
}

function searched(call: PluginCall, search: () => Pattern[]): Pattern[] {
  try {
    return search();
  } catch (error) {
    if (!(error instanceof TooManyPatterns)) throw error;
    problem(
      'KQL_LIMIT',
      `${call.plugin.text}() finds too many patterns`,
      call.span,
      'Project fewer columns, or raise the threshold.',
    );
  }
}

function result(
  context: BindContext,
  { dimensions, wildcards }: Mined,
  patterns: readonly Pattern[],
  measures: readonly (readonly [
    name: string,
    type: 'long' | 'real',
    of: (pattern: Pattern) => number,
  ])[],
): Relation {
  const { binder } = context;
  const taken = new Set<string>();
  const visible = (name: string, type: VisibleColumn['column']['type']): VisibleColumn => {
    const free = freeName(taken, name);
    taken.add(free);
    return { name: free, column: binder.column(free, type) };
  };
  const columns = [
    visible('SegmentId', 'long'),
    ...measures.map(([name, type]) => visible(name, type)),
    ...dimensions.map((each) => visible(each.name, each.column.type)),
  ];
  const rows = patterns.map((pattern, index) => [
    String(index),
    ...measures.map(([, , of]) => String(of(pattern))),
    ...dimensions.map(({ column }, at) => {
      const cell = pattern.cells[at];
      const any = wildcards.get(column.type) ?? (hasNull(column.type) ? null : '');
      return cell === undefined ? any : cell;
    }),
  ]);
  return relation({ kind: 'answer', columns: columns.map((each) => each.column), rows }, columns);
}

const share = (part: number, total: number): number => (total === 0 ? 0 : (100 * part) / total);
const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

const countAndPercent = (groups: Groups) => {
  const [total] = totalOf(groups);
  return [
    ['Count', 'long', ({ weights }: Pattern) => Math.round(weights[0])],
    ['Percent', 'real', ({ weights }: Pattern) => rounded(share(weights[0], total), 1)],
  ] as const;
};

const autocluster: Plugin = {
  name: 'autocluster',
  bind(context, call, input) {
    const args = new Arguments(context, call, input);
    const sizeWeight = args.number(0, 0.5, 0, 1);
    const seeds = args.number(2, 25, 1, 1000);
    const weight = args.column(1);
    const found = mined(context, call, input, { weight, wildcards: args.wildcards(3) });
    const patterns = clusters(found.groups, sizeWeight, seeds);
    return result(context, found, patterns, countAndPercent(found.groups));
  },
};

const basket: Plugin = {
  name: 'basket',
  bind(context, call, input) {
    const args = new Arguments(context, call, input);
    const threshold = args.number(0, 0.05, 0.015, 1);
    const dimensionsMax = args.number(2, 5, 1, patternColumnsMax);
    const weight = args.column(1);
    const found = mined(context, call, input, { weight, wildcards: args.wildcards(3) });
    const patterns = searched(call, () => baskets(found.groups, threshold, dimensionsMax));
    return result(context, found, patterns, countAndPercent(found.groups));
  },
};

const diffpatterns: Plugin = {
  name: 'diffpatterns',
  bind(context, call, input) {
    const args = new Arguments(context, call, input);
    const column = args.column(0);
    const [first, second] = [args.constant(1), args.constant(2)].map((each) =>
      each?.kind === 'constant' ? String(each.value ?? '') : undefined,
    );
    if (column === undefined || first === undefined || second === undefined)
      problem('KS119', 'diffpatterns() takes SplitColumn, SplitValueA and SplitValueB', call.span);
    const weight = args.column(3);
    const threshold = args.number(4, 0.05, 0.015, 1);
    const dimensionsMax = args.number(5, patternColumnsMax, 1, patternColumnsMax);
    const found = mined(context, call, input, {
      weight,
      split: { column, of: [first, second] },
      wildcards: args.wildcards(6),
    });
    const patterns = searched(call, () => differences(found.groups, threshold, dimensionsMax));
    const [a, b] = totalOf(found.groups);
    return result(context, found, patterns, [
      ['CountA', 'long', ({ weights }) => Math.round(weights[0])],
      ['CountB', 'long', ({ weights }) => Math.round(weights[1])],
      ['PercentA', 'real', ({ weights }) => rounded(share(weights[0], a), 2)],
      ['PercentB', 'real', ({ weights }) => rounded(share(weights[1], b), 2)],
      [
        'PercentDiffAB',
        'real',
        ({ weights }) => rounded(Math.abs(share(weights[0], a) - share(weights[1], b)), 2),
      ],
    ]);
  },
};

export const miningPlugins: readonly Plugin[] = [autocluster, basket, diffpatterns];
