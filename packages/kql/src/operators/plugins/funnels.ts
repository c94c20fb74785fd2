/** User analytics whose KQL depends on the call: optional arguments, and steps of a sequence. */

import { KqlProblem, problem } from '../../diagnostics.js';
import { sequenceStepsMax } from '../../limits.js';
import { columnNamed, relation, type Relation } from '../../semantics/relation.js';
import type { NamedExpression } from '../../syntax/tree.js';
import { scopeOf, type BindContext } from '../operator.js';
import { inKql } from './in-kql.js';
import type { Plugin, PluginCall } from './plugin.js';

const column = (name: string) => ({ name, kind: 'column' }) as const;
const constant = (name: string) => ({ name, kind: 'constant' }) as const;
const of = (args: ReadonlyMap<string, string>, name: string): string => args.get(name) ?? name;

/** Whether an argument is a value that no row is needed for. */
function isConstant(context: BindContext, arg: NamedExpression | undefined): boolean {
  if (arg === undefined) return false;
  const scope = scopeOf(context, undefined);
  try {
    return context.binder.scalar(arg.value, scope).kind === 'constant';
  } catch (error) {
    if (error instanceof KqlProblem && error.code !== 'KQL_NOT_SUPPORTED') return false;
    throw error;
  }
}

/** Distinct values of an inner window, of an outer one that ends with it, and their ratio. */
const activityEngagement: Plugin = {
  name: 'activity_engagement',
  bind: (context, call, input) =>
    engagement([4, 5].every((index) => isConstant(context, call.args[index]))).bind(
      context,
      call,
      input,
    ),
};

function engagement(hasRange: boolean): Plugin {
  const within = hasRange ? '| where Time > Start - Outer and Time <= End' : '';
  const window = hasRange ? 'bin_at(Time, Inner, Start)' : 'bin(Time, Inner)';
  const shown = hasRange ? 'At between (Start .. End)' : 'Few > 0';
  return inKql({
    name: 'activity_engagement',
    parameters: [
      column('Id'),
      column('Time'),
      ...(hasRange ? [constant('Start'), constant('End')] : []),
      constant('Inner'),
      constant('Outer'),
    ],
    query: (dimensions) => `
      T
      ${within}
      | extend First = ${window}
      | summarize by Id, First${dimensions}
      | mv-expand Ahead = range(0, tolong(Outer / Inner) - 1) to typeof(long)
      | extend At = First + Ahead * Inner
      | summarize Few = dcountif(Id, Ahead == 0), Many = dcount(Id) by At${dimensions}
      | where ${shown}
      | project At, Few, Many, Ratio = todouble(Few) / Many${dimensions}
      | sort by At asc`,
    names: (args, dimensions) => [
      of(args, 'Time'),
      'dcount_activities_inner',
      'dcount_activities_outer',
      'activity_ratio',
      ...dimensions,
    ],
  });
}

/** Of those who were new in one window, who was there in another; and who was new since. */
const newActivityMetrics: Plugin = {
  name: 'new_activity_metrics',
  bind: (context, call, input) => {
    const { binder } = context;
    const scope = scopeOf(context, undefined);
    const last = call.args.at(-1);
    const before = last !== undefined && isTable(context, last) ? last : undefined;
    const rest = before === undefined ? call : { ...call, args: call.args.slice(0, -1) };
    const [id] = call.args;
    const lookback =
      before === undefined || id === undefined
        ? undefined
        : lookbackIds(binder.nameFor(id.value, scopeOf(context, input)), () =>
            binder.table(before.value, scope),
          );
    const type = isTimeline(context, call, input) ? 'datetime' : timelineType(context, call, input);
    const hasCohort = isConstant(context, rest.args[5]);
    return newActivity(hasCohort, type, lookback).bind(context, rest, input);
  },
};

/** The ids of a lookback table: its column of the name, else its first. */
function lookbackIds(name: string, table: () => Relation): () => Relation {
  return () => {
    const made = table();
    const column = columnNamed(made.columns, name) ?? made.columns[0]?.column;
    return relation(made.plan, column === undefined ? [] : [{ name: 'Id', column }]);
  };
}

function isTable(context: BindContext, arg: NamedExpression): boolean {
  return context.binder.isTable(arg.value, scopeOf(context, undefined));
}

function timelineType(context: BindContext, call: PluginCall, input: Relation): string {
  const value = call.args[1]?.value;
  return value === undefined ? 'real' : context.binder.scalar(value, scopeOf(context, input)).type;
}

function newActivity(
  hasCohort: boolean,
  timeType: string,
  lookback: (() => Relation) | undefined,
): Plugin {
  return inKql({
    ...(lookback === undefined ? {} : { tables: { Lookback: lookback } }),
    name: 'new_activity_metrics',
    parameters: [
      column('Id'),
      column('Time'),
      constant('Start'),
      constant('End'),
      constant('Window'),
      ...(hasCohort ? [constant('Only')] : []),
    ],
    query: (dimensions) => `
      let Seen = T
        | where Time between (Start .. End)
        | summarize by Id, At = bin_at(Time, Window, Start)${dimensions};
      let First = Seen
        ${lookback === undefined ? '' : '| join kind=leftanti Lookback on Id'}
        | summarize First = min(At) by Id${dimensions};
      let Those = Seen
        | join kind=inner First on Id${dimensions}
        | summarize Those = count() by To = At, First${dimensions};
      let Cohorts = First
        | summarize Size = count() by From = First${dimensions}
        ${hasCohort ? '| where From == bin_at(Only, Window, Start)' : ''};
      let Cells = Cohorts
        | extend One = 1
        | join kind=inner (Those | extend One = 1) on One${dimensions}
        | where To >= From
        | summarize Kept = sumif(Those, First == From),
            New = sumif(Those, First > From or (First == From and To == From))
          by From, To${dimensions};
      Cohorts
      | mv-expand To = range(From, bin_at(End, Window, Start), Window) to typeof(${timeType})
      | join kind=leftouter Cells on From, To${dimensions}
      | extend Kept = coalesce(Kept, 0), New = coalesce(New, 0)
      | extend Rate = todouble(Kept) / Size
      | project From, To, New, Kept, Lost = Size - Kept, Rate, Churn = 1.0 - Rate${dimensions}
      | sort by From asc, To asc`,
    names: (args, dimensions) => [
      `from_${of(args, 'Time')}`,
      `to_${of(args, 'Time')}`,
      'dcount_new_values',
      'dcount_retained_values',
      'dcount_churn_values',
      'retention_rate',
      'churn_rate',
      ...dimensions,
    ],
  });
}

/** Sessions that are active in each bin: one ends where its id is away for longer than the lookback. */
const sessionCount = inKql({
  name: 'session_count',
  parameters: [
    column('Id'),
    column('Time'),
    constant('Start'),
    constant('End'),
    constant('Bin'),
    constant('Lookback'),
  ],
  query: (dimensions) => `
    T
    | where Time between (Start .. End)
    | extend Part = tostring(pack_array(Id${dimensions}))
    | sort by Part asc, Time asc
    | extend Session = row_cumsum(iff(Part != prev(Part) or Time - prev(Time) > Lookback, 1, 0))
    | summarize by At = bin_at(Time, Bin, Start), Session${dimensions}
    | summarize Sessions = count() by At${dimensions}
    | project At${dimensions}, Sessions
    | sort by At asc`,
  names: (args, dimensions) => [of(args, 'Time'), ...dimensions, 'count_sessions'],
});

/** How many went through a sequence of states, up to each state, in each period of time. */
const funnelSequenceCompletion: Plugin = {
  name: 'funnel_sequence_completion',
  bind(context, call, input) {
    const steps = stepsOf(context, call, call.args[6]);
    const periods = isTimeline(context, call, input) ? 'timespan' : 'real';
    const later = Array.from({ length: steps - 1 }, (_, at) => at + 1);
    return inKql({
      name: 'funnel_sequence_completion',
      parameters: [
        column('Id'),
        column('Time'),
        constant('Start'),
        constant('End'),
        constant('Bin'),
        column('State'),
        constant('Sequence'),
        constant('Periods'),
      ],
      query: () => `
        let Events = T
          | where Time between (Start .. End)
          | project Id, Time, State = tostring(State), At = bin_at(Time, Bin, Start);
        let S0 = Events
          | where State == tostring(Sequence[0])
          | summarize by Id, At, First = Time
          | extend Last = First, Step = 0;
        ${later
          .map(
            (step) => `
        let S${step} = S${step - 1}
          | join kind=inner (Events | where State == tostring(Sequence[${step}]) | project Id, At, Time) on Id, At
          | where Time >= Last
          | summarize Last = min(Time) by Id, At, First
          | extend Step = ${step};`,
          )
          .join('')}
        union S0${later.map((step) => `, S${step}`).join('')}
        | summarize Took = min(Last - First) by Id, At, Step
        | mv-expand Period = Periods to typeof(${periods})
        | where Took <= Period
        | summarize Count = count() by At, Step, Period
        | sort by At asc, Period asc, Step asc
        | project At, State = tostring(Sequence[Step]), Period, Count`,
      names: (args) => [of(args, 'Time'), of(args, 'State'), 'Period', 'dcount'],
    }).bind(context, call, input);
  },
};

/** Rows that follow each other in time and fulfil one condition after the other. */
const sequenceDetect: Plugin = {
  name: 'sequence_detect',
  bind(context, call, input) {
    const { binder } = context;
    const scope = scopeOf(context, input);
    const conditions: string[] = [];
    for (const arg of call.args.slice(3)) {
      if (binder.scalar(arg.value, scope).type !== 'bool') break;
      conditions.push(arg.names[0]?.text ?? binder.nameFor(arg.value, scope));
    }
    if (conditions.length < 1 || conditions.length > sequenceStepsMax) {
      problem('KS119', `sequence_detect() takes 1 to ${sequenceStepsMax} conditions`, call.span);
    }
    const later = conditions.slice(1).map((_, at) => at + 1);
    const times = (upTo: number): string =>
      Array.from({ length: upTo + 1 }, (_, at) => `T${at}`).join(', ');
    const last = conditions.length - 1;
    return inKql({
      name: 'sequence_detect',
      parameters: [
        column('Time'),
        constant('Step'),
        constant('Span'),
        ...conditions.map((_, at) => column(`E${at}`)),
      ],
      query: (dimensions) => `
        let S0 = T | where E0 | summarize by T0 = Time${dimensions} | extend One = 1;
        ${later
          .map(
            (step) => `
        let S${step} = S${step - 1}
          | join kind=inner (T | where E${step} | project T${step} = Time, One = 1${dimensions}) on One${dimensions}
          | where T${step} > T${step - 1} and T${step} - T${step - 1} <= Step and T${step} - T0 <= Span
          | summarize T${step} = min(T${step}) by ${times(step - 1)}, One${dimensions};`,
          )
          .join('')}
        S${last}
        | sort by T0 asc
        | project ${[...dimensions.split(', ').filter((each) => each !== ''), times(last)].join(', ')}, Duration = T${last} - T0`,
      names: (args, dimensions) => [
        ...dimensions,
        ...conditions.map((name) => `${name}_${of(args, 'Time')}`),
        'Duration',
      ],
    }).bind(context, call, input);
  },
};

/** Elements of a constant list of states. */
export function stepsOf(
  context: BindContext,
  call: PluginCall,
  arg: NamedExpression | undefined,
): number {
  if (arg === undefined) problem('KS119', `${call.plugin.text}() takes a sequence`, call.span);
  const value = context.binder.constantOf(
    arg.value,
    scopeOf(context, undefined),
    'The sequence of states',
  );
  const list: unknown = typeof value === 'string' && value.startsWith('[') ? JSON.parse(value) : [];
  const steps = Array.isArray(list) ? list.length : 0;
  if (steps < 1 || steps > sequenceStepsMax)
    problem('KQL_LIMIT', `A sequence has 1 to ${sequenceStepsMax} states`, arg.span);
  return steps;
}

/** Whether the timeline is one of dates, whose differences are timespans. */
function isTimeline(context: BindContext, call: PluginCall, input: Relation): boolean {
  const value = call.args[1]?.value;
  if (value?.kind === 'name') return columnNamed(input.columns, value.name)?.type === 'datetime';
  return (
    value !== undefined && context.binder.scalar(value, scopeOf(context, input)).type === 'datetime'
  );
}

export const funnelPlugins: readonly Plugin[] = [
  activityEngagement,
  newActivityMetrics,
  sessionCount,
  funnelSequenceCompletion,
  sequenceDetect,
];
