import { problem } from '../../diagnostics.js';
import { constant } from '../../semantics/bound.js';
import { Environment } from '../../semantics/environment.js';
import { columnNamed, relation, type Relation } from '../../semantics/relation.js';
import { scopeOf, type BindContext } from '../operator.js';
import { dataTypes } from '../schema.js';
import { boundQuery } from './in-kql.js';
import { pluginArguments, type Plugin, type PluginCall } from './plugin.js';

/** `schema_merge(PreserveOrder = false)`: one schema of several, as `getschema` gives them. */
export const schemaMerge: Plugin = { name: 'schema_merge', bind };

function bind(context: BindContext, call: PluginCall, input: Relation): Relation {
  const [order] = pluginArguments(call, ['PreserveOrder']);
  const preserve =
    order === undefined ||
    context.binder.constantOf(order.value, scopeOf(context, undefined), 'PreserveOrder') === true;
  const visible = ['ColumnName', 'ColumnOrdinal', 'ColumnType'].map((name) => {
    const column = columnNamed(input.columns, name);
    if (column === undefined)
      problem('SEM0100', `schema_merge() takes schemas; ${name} is missing`, call.span);
    return { name, column };
  });
  const environment = new Environment();
  environment.set('T', { kind: 'made', make: () => relation(input.plan, visible) });
  environment.set('PreserveOrder', { kind: 'scalar', bound: constant('bool', preserve) });
  const types = Object.entries(dataTypes).map(([type, name]) => `Type == '${type}', '${name}'`);
  // A column that stands behind another in one schema and before it in the next is out of order.
  return boundQuery(
    context,
    call,
    environment,
    `T
    | summarize Least = min(ColumnOrdinal), Most = max(ColumnOrdinal), Types = array_sort_asc(make_set(ColumnType)) by ColumnName
    | extend Moved = PreserveOrder and Least != Most
    | sort by Moved asc, Most asc, ColumnName asc
    | extend ColumnOrdinal = iff(Moved, -1, row_number(0)),
        Type = case(
          Moved, 'ERROR(columns are out of order)',
          array_length(Types) == 1, tostring(Types[0]),
          array_length(set_difference(Types, dynamic(['int', 'long']))) == 0, 'long',
          array_length(set_difference(Types, dynamic(['int', 'long', 'real']))) == 0, 'real',
          array_length(set_difference(Types, dynamic(['int', 'long', 'decimal']))) == 0, 'decimal',
          strcat('ERROR(types differ: ', strcat_array(Types, ', '), ')'))
    | project ColumnName, ColumnOrdinal,
        DataType = case(${types.join(', ')}, strcat('ERROR(unknown CSL type:', Type, ')')),
        ColumnType = Type`,
  );
}
