import { problem } from '../../diagnostics.js';
import { Environment } from '../../semantics/environment.js';
import { relation, type Relation } from '../../semantics/relation.js';
import { scopeOf, type BindContext } from '../operator.js';
import { boundQuery } from './in-kql.js';
import type { Plugin, PluginCall } from './plugin.js';

/** `dcount_intersect(a, b, c)` of `hll` values: how many are in a, in a and b, in all three. */
export const dcountIntersect: Plugin = { name: 'dcount_intersect', bind };

/** What the reference says. */
const setsMax = 16;

/**
 * A sketch is the least hashes of a set (functions/sketch.ts). What is among the least of a union and
 * in a set is among that set's least too, so the share of the union's that is in every set is the
 * share of the intersection.
 */
function bind(context: BindContext, call: PluginCall, input: Relation): Relation {
  const { binder } = context;
  if (call.args.length < 2 || call.args.length > setsMax)
    problem('KS119', `dcount_intersect() takes 2 to ${setsMax} hll values`, call.span);
  const sets = call.args.map((arg, index) => {
    const value = binder.scalar(arg.value, scopeOf(context, input));
    if (value.type !== 'dynamic')
      problem('SEM0100', 'dcount_intersect() takes values of hll()', arg.span);
    return { name: `H${index}`, value };
  });
  const extended = binder.extend(input, sets);
  const visible = extended.columns.map((column, index) => ({ name: `H${index}`, column }));
  const environment = new Environment();
  environment.set('T', { kind: 'made', make: () => relation(extended.relation.plan, visible) });
  const steps = sets.slice(1).map((_, index) => {
    const [merged, shared] = [`M${index + 1}`, `S${index + 1}`];
    const before = index === 0 ? ['H0', 'H0'] : [`M${index}`, `S${index}`];
    return `| extend ${merged} = hll_merge(${before[0]}, H${index + 1}), ${shared} = set_intersect(${before[1]}, H${index + 1})
      | extend s${index + 1} = coalesce(tolong(round(1.0 * dcount_hll(${merged}) * array_length(set_intersect(${merged}, ${shared})) / array_length(${merged}))), 0)`;
  });
  return boundQuery(
    context,
    call,
    environment,
    `T | extend s0 = dcount_hll(H0) ${steps.join('\n')} | project ${sets.map((_, index) => `s${index}`).join(', ')}`,
  );
}
