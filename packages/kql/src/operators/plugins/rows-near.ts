import { problem } from '../../diagnostics.js';
import { constant } from '../../semantics/bound.js';
import { Environment } from '../../semantics/environment.js';
import { relation, type Relation } from '../../semantics/relation.js';
import { scopeOf, type BindContext } from '../operator.js';
import { boundQuery } from './in-kql.js';
import { pluginArguments, type Plugin, type PluginCall } from './plugin.js';

/** `rows_near(State == "Error", 2, 5)`: the rows around those that a condition holds for. */
export const rowsNear: Plugin = { name: 'rows_near', bind };

function bind(context: BindContext, call: PluginCall, input: Relation): Relation {
  const { binder } = context;
  const [condition, rows, after] = pluginArguments(call, ['Condition', 'NumRows', 'RowsAfter']);
  if (condition === undefined || rows === undefined)
    problem('KS119', 'rows_near() takes Condition, NumRows and RowsAfter', call.span);
  if (!input.serialized)
    problem('SEM0100', 'rows_near() needs rows in an order', call.span, 'Sort before it.');
  const count = (arg: typeof rows): bigint => {
    const value = binder.constantLong(arg.value, scopeOf(context, undefined), 'A number of rows');
    if (value < 0n) problem('SEM0101', 'A number of rows must not be negative', arg.span);
    return value;
  };
  const before = count(rows);
  const extended = binder.extend(input, [
    { name: '$near', value: binder.predicate(condition.value, scopeOf(context, input)) },
  ]);
  const visible = [
    ...input.columns.map(({ column }, index) => ({ name: `C${index}`, column })),
    ...extended.columns.map((column) => ({ name: 'Holds', column })),
  ];
  const environment = new Environment();
  environment.set('T', {
    kind: 'made',
    make: () => relation(extended.relation.plan, visible, { serialized: true }),
  });
  environment.set('Before', { kind: 'scalar', bound: constant('long', before) });
  environment.set('Ahead', {
    kind: 'scalar',
    bound: constant('long', (after === undefined ? before : count(after)) + 1n),
  });
  // Rows that hold so far: near is where that number differs between both ends of the neighbourhood.
  const made = boundQuery(
    context,
    call,
    environment,
    `let All = toscalar(T | summarize countif(Holds));
    T
    | extend SoFar = row_cumsum(iff(Holds, 1, 0))
    | extend Least = prev(SoFar, Ahead, 0), Most = next(SoFar, Before)
    | where coalesce(Most, All) > Least
    | project ${input.columns.map((_, index) => `C${index}`).join(', ')}`,
  );
  return {
    ...input,
    plan: made.plan,
    columns: made.columns.map((each, index) => ({
      ...each,
      name: input.columns[index]?.name ?? each.name,
    })),
    ingestionTime: undefined,
  };
}
