import { notSupported, problem } from '../../diagnostics.js';
import type { Definition } from '../../plan/plan.js';
import { constant, reference } from '../../semantics/bound.js';
import { convert } from '../../semantics/convert.js';
import { relation, type Relation } from '../../semantics/relation.js';
import type { BindContext } from '../operator.js';
import type { Plugin, PluginCall } from './plugin.js';

export const narrow: Plugin = { name: 'narrow', bind };

/** Each cell as a row: the row's number, the column's name and the value as text. */
function bind(context: BindContext, call: PluginCall, input: Relation): Relation {
  const { binder } = context;
  const { span } = call;
  if (call.args.length > 0) problem('KS119', 'narrow() takes no arguments', span);
  if (call.schema !== undefined) notSupported('The columns of narrow() said anew', span);
  const row = binder.column('Row', 'long', false);
  const cells = input.columns.map((each) =>
    binder.call(
      'pack_array',
      [constant('string', each.name), convert(reference(each.column), 'string', span, binder)],
      span,
    ),
  );
  const cell = binder.column('$cell', 'dynamic');
  const numbered = {
    kind: 'extend',
    input: input.plan,
    definitions: [{ column: row, value: binder.call('row_number', [constant('long', 0n)], span) }],
  } as const;
  const expanded = {
    kind: 'expand',
    input: numbered,
    items: [
      {
        column: cell,
        value: binder.call('pack_array', cells, span),
        element: 'dynamic',
        bagsAsPairs: false,
      },
    ],
    index: undefined,
    limit: undefined,
  } as const;
  const part = (name: string, index: bigint): Definition => ({
    column: binder.column(name, 'string'),
    value: convert(
      binder.call('$index', [reference(cell), constant('long', index)], span),
      'string',
      span,
      binder,
    ),
  });
  const [name, value] = [part('Column', 0n), part('Value', 1n)];
  return relation({ kind: 'extend', input: expanded, definitions: [name, value] }, [
    { name: 'Row', column: row },
    { name: 'Column', column: name.column },
    { name: 'Value', column: value.column },
  ]);
}
