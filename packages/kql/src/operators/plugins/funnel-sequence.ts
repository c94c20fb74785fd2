/** `evaluate funnel_sequence(…)`: three results, so only at a query's end. */

import { notSupported } from '../../diagnostics.js';
import type { Binder } from '../../semantics/binder.js';
import type { Environment } from '../../semantics/environment.js';
import type { Relation } from '../../semantics/relation.js';
import type { Expression, OperatorSyntax } from '../../syntax/tree.js';
import { scopeOf } from '../operator.js';
import { stepsOf } from './funnels.js';
import { inKql } from './in-kql.js';
import type { Plugin, PluginCall } from './plugin.js';

const column = (name: string) => ({ name, kind: 'column' }) as const;
const constant = (name: string) => ({ name, kind: 'constant' }) as const;

export const funnelSequence: Plugin = {
  name: 'funnel_sequence',
  bind: (_, call) =>
    notSupported("'funnel_sequence' elsewhere than at the end of a query", call.span),
};

/** The results of a query that ends in this plugin; undefined for any other. */
export function funneled(
  binder: Binder,
  value: Expression,
  environment: Environment,
): Relation[] | undefined {
  if (value.kind !== 'pipeline') return undefined;
  const last = value.operators.at(-1);
  if (last?.operator !== 'evaluate') return undefined;
  // Only evaluate.ts makes syntax of this name.
  const call = last as OperatorSyntax & PluginCall;
  if (call.plugin.text !== funnelSequence.name) return undefined;
  const context = { binder, environment };
  const steps = stepsOf(context, call, call.args[7]);
  const before = { ...value, operators: value.operators.slice(0, -1) };
  // Bound again for each result, so that each has columns of its own.
  return [['prev', 'next'], ['prev'], ['next']].map((shown) =>
    transitions(steps, shown).bind(
      context,
      call,
      binder.table(before, scopeOf(context, undefined)),
    ),
  );
}

/**
 * An id's rows in the order of time, those of one state in a row taken together, are its way. Where
 * the sequence stands in a way, each step within the window of the one before, the states around it
 * (within the window too) are what led there and what followed.
 */
function transitions(steps: number, shown: readonly string[]): Plugin {
  const follows = (step: number): string =>
    `next(Id, ${step}) == Id and next(First, ${step}) - ${step === 1 ? 'Last' : `next(Last, ${step - 1})`} <= Window`;
  const later = Array.from({ length: steps - 1 }, (_, at) => at + 1);
  return inKql({
    name: funnelSequence.name,
    parameters: [
      column('Id'),
      column('Time'),
      constant('Start'),
      constant('End'),
      constant('Window'),
      constant('Step'),
      column('State'),
      constant('Sequence'),
    ],
    query: () => `
      T
      | where Time between (Start .. End)
      | project Id, Time, State = tostring(State)
      | sort by Id asc, Time asc
      | extend Run = row_cumsum(iff(row_number() == 1 or Id != prev(Id) or State != prev(State), 1, 0))
      | summarize First = min(Time), Last = max(Time) by Run, Id, State
      | sort by Run asc
      | extend Prev = iff(prev(Id) == Id and First - prev(Last) <= Window, prev(State), ''),
          Next = iff(${follows(steps)}, next(State, ${steps}), ''),
          IsSequence = State == tostring(Sequence[0])
            ${later.map((step) => `and ${follows(step)} and next(State, ${step}) == tostring(Sequence[${step}])`).join(' ')}
      | where IsSequence
      | summarize Ids = dcount(Id), Samples = make_set(Id, 128)
        by At = bin_at(First, Step, Start), ${shown.map((each) => (each === 'prev' ? 'Prev' : 'Next')).join(', ')}
      | sort by Ids desc, At asc, ${shown.map((each) => (each === 'prev' ? 'Prev asc' : 'Next asc')).join(', ')}
      | project At, ${shown.map((each) => (each === 'prev' ? 'Prev' : 'Next')).join(', ')}, Ids, Samples`,
    names: (args) => [args.get('Time') ?? 'Time', ...shown, 'dcount', 'samples'],
  });
}
