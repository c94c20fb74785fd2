/**
 * `.show tables` and its like: what tools ask of a database before they query it. Answered from the
 * schemas that the caller may query, in the columns that the reference documents; what follows a `|`
 * goes on over them. Other commands are refused.
 */

import { databaseName, type ScalarType, type TableSchema } from '@strongroom/sql';
import { didYouMean, notSupported, problem } from '../diagnostics.js';
import type { Binder } from '../semantics/binder.js';
import type { Column } from '../semantics/bound.js';
import { relation, type Relation, type VisibleColumn } from '../semantics/relation.js';
import type { Parser } from '../syntax/parser.js';
import type { Name, OperatorSyntax } from '../syntax/tree.js';
import { leading, type BindContext } from './operator.js';

type ShowForm =
  | { readonly what: 'databases' }
  | { readonly what: 'tables'; readonly only: readonly Name[] | undefined }
  | { readonly what: 'table'; readonly table: Name; readonly as: 'csl' | 'json' }
  /** Of one database, by its name, or of all that there is: this one. */
  | {
      readonly what: 'schema';
      readonly database: Name | undefined;
      readonly as: 'rows' | 'json';
      /** The name of the JSON's column. */
      readonly column: string;
    }
  | { readonly what: 'functions'; readonly only: Name | undefined };

interface ShowSyntax extends OperatorSyntax {
  readonly form: ShowForm;
}

const known =
  'Supported are .show databases, .show tables, .show table T schema as json (or cslschema), ' +
  '.show database schema (as json), .show schema (as json) and .show functions.';

/** What stands after `.show`. The name cannot be written as an operator. */
export const show = leading<ShowSyntax>({
  names: ['.show'],
  parse(parser, start) {
    return { operator: '.show', form: parseForm(parser), span: parser.spanFrom(start) };
  },
  bind(context, { form }) {
    switch (form.what) {
      case 'databases':
        return databases(context);
      case 'tables':
        return tables(context, form.only);
      case 'table':
        return oneTable(context, form.table, form.as);
      case 'functions':
        return functions(context, form.only);
      case 'schema':
        checkDatabase(context, form.database);
        return form.as === 'rows'
          ? schemaRows(context)
          : rowsOf(context, [[form.column, 'string']], [[schemaJson(context)]]);
    }
  },
});

function parseForm(parser: Parser): ShowForm {
  const start = parser.start;
  const word = parser.peek();
  const asJson = (): 'rows' | 'json' => {
    if (!parser.accept('as')) return 'rows';
    parser.expect('json');
    return 'json';
  };
  if (parser.accept('databases')) {
    if (!parser.accept('schema')) return { what: 'databases' };
    return { what: 'schema', database: undefined, as: asJson(), column: 'DatabaseSchema' };
  }
  if (parser.accept('schema'))
    return { what: 'schema', database: undefined, as: asJson(), column: 'ClusterSchema' };
  if (parser.accept('database')) {
    const database = parser.is('schema') ? undefined : parser.name('the name of the database');
    parser.expect('schema');
    return { what: 'schema', database, as: asJson(), column: 'DatabaseSchema' };
  }
  if (parser.accept('tables')) {
    if (!parser.accept('(')) return { what: 'tables', only: undefined };
    const only = [parser.name('the name of a table')];
    while (parser.accept(',')) only.push(parser.name('the name of a table'));
    parser.expect(')');
    return { what: 'tables', only };
  }
  if (parser.accept('table')) {
    const table = parser.name('the name of a table');
    if (parser.accept('cslschema')) return { what: 'table', table, as: 'csl' };
    if (!parser.accept('schema')) return { what: 'tables', only: [table] };
    parser.expect('as');
    if (parser.accept('csl')) return { what: 'table', table, as: 'csl' };
    parser.expect('json');
    return { what: 'table', table, as: 'json' };
  }
  if (parser.accept('functions')) return { what: 'functions', only: undefined };
  if (parser.accept('function'))
    return { what: 'functions', only: parser.name('the name of a function') };
  const at = word.kind === 'end' ? { start, end: start } : { start: word.start, end: word.end };
  return notSupported(`The command '.show ${word.text}'`, at, known);
}

const netTypes: Readonly<Record<ScalarType, string>> = {
  bool: 'System.SByte',
  datetime: 'System.DateTime',
  decimal: 'System.Data.SqlTypes.SqlDecimal',
  dynamic: 'System.Object',
  guid: 'System.Guid',
  int: 'System.Int32',
  long: 'System.Int64',
  real: 'System.Double',
  string: 'System.String',
  timespan: 'System.TimeSpan',
};

type Cell = string | null;

function rowsOf(
  context: BindContext,
  described: readonly (readonly [name: string, type: ScalarType])[],
  rows: readonly (readonly Cell[])[],
): Relation {
  const columns = described.map(([name, type]): VisibleColumn => ({
    name,
    column: context.binder.column(name, type),
  }));
  const made: Column[] = columns.map((each) => each.column);
  return relation({ kind: 'answer', columns: made, rows }, columns);
}

function schemas({ binder, environment }: BindContext): TableSchema[] {
  return [...binder.tableNames(environment)]
    .sort()
    .flatMap((name) => schemaNamed(binder, name) ?? []);
}

function schemaNamed(binder: Binder, name: string): TableSchema | undefined {
  return binder.options.tables.get(name);
}

function checkDatabase({ binder }: BindContext, name: Name | undefined): void {
  const { workspaceId, workspaceNames } = binder.options;
  if (name === undefined || [databaseName, workspaceId, ...workspaceNames].includes(name.text))
    return;
  problem(
    'SEM0100',
    `The database '${name.text}' is not known`,
    name.span,
    didYouMean(name.text, [databaseName, ...workspaceNames]),
  );
}

function databases(context: BindContext): Relation {
  return rowsOf(
    context,
    [
      ['DatabaseName', 'string'],
      ['PersistentStorage', 'string'],
      ['Version', 'string'],
      ['IsCurrent', 'bool'],
      ['DatabaseAccessMode', 'string'],
      ['PrettyName', 'string'],
      ['ReservedSlot1', 'bool'],
      ['DatabaseId', 'guid'],
      ['InTransitionTo', 'string'],
    ],
    [
      [
        databaseName,
        '',
        version,
        'true',
        'ReadOnly',
        context.binder.options.workspaceNames[0] ?? '',
        null,
        context.binder.options.workspaceId,
        '',
      ],
    ],
  );
}

/** Schemas carry no version here. */
const version = 'v1.0';

function required(context: BindContext, name: Name): TableSchema {
  const found = context.environment.mayName(name.text)
    ? schemaNamed(context.binder, name.text)
    : undefined;
  if (found !== undefined) return found;
  return problem(
    'SEM0100',
    `'${name.text}' is not a known table`,
    name.span,
    didYouMean(name.text, context.binder.tableNames(context.environment)),
  );
}

function tables(context: BindContext, only: readonly Name[] | undefined): Relation {
  const listed = only?.map((name) => required(context, name)) ?? schemas(context);
  return rowsOf(
    context,
    [
      ['TableName', 'string'],
      ['DatabaseName', 'string'],
      ['Folder', 'string'],
      ['DocString', 'string'],
    ],
    listed.map(({ name }) => [name, databaseName, '', '']),
  );
}

function orderedColumns(of: TableSchema): object[] {
  return of.columns.map(({ name, type }) => ({ Name: name, Type: netTypes[type], CslType: type }));
}

function oneTable(context: BindContext, table: Name, as: 'csl' | 'json'): Relation {
  const schema = required(context, table);
  const text =
    as === 'csl'
      ? schema.columns.map(({ name, type }) => `${bracketed(name)}:${type}`).join(',')
      : JSON.stringify({ Name: schema.name, OrderedColumns: orderedColumns(schema) });
  return rowsOf(
    context,
    [
      ['TableName', 'string'],
      ['Schema', 'string'],
      ['DatabaseName', 'string'],
      ['Folder', 'string'],
      ['DocString', 'string'],
    ],
    [[schema.name, text, databaseName, '', '']],
  );
}

function bracketed(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `['${name.replace(/[\\']/g, '\\$&')}']`;
}

function schemaRows(context: BindContext): Relation {
  const rows: Cell[][] = [[databaseName, '', '', '', 'false', 'false', '', version]];
  for (const { name, columns } of schemas(context)) {
    rows.push([databaseName, name, '', '', 'true', 'false', '', '']);
    for (const column of columns)
      rows.push([databaseName, name, column.name, netTypes[column.type], 'true', 'false', '', '']);
  }
  return rowsOf(
    context,
    [
      ['DatabaseName', 'string'],
      ['TableName', 'string'],
      ['ColumnName', 'string'],
      ['ColumnType', 'string'],
      ['IsDefaultTable', 'bool'],
      ['IsDefaultColumn', 'bool'],
      ['PrettyName', 'string'],
      ['Version', 'string'],
    ],
    rows,
  );
}

function functions(context: BindContext, only: Name | undefined): Relation {
  const saved = context.binder.options.functions ?? [];
  const listed = saved.filter((each) => only === undefined || each.name === only.text);
  if (only !== undefined && listed.length === 0)
    problem(
      'SEM0260',
      `'${only.text}' is not a known function`,
      only.span,
      didYouMean(
        only.text,
        saved.map((each) => each.name),
      ),
    );
  return rowsOf(
    context,
    [
      ['Name', 'string'],
      ['Parameters', 'string'],
      ['Body', 'string'],
      ['Folder', 'string'],
      ['DocString', 'string'],
    ],
    listed.map(({ name, parameters, body }) => [name, `(${parameters})`, `{${body}}`, '', '']),
  );
}

function schemaJson(context: BindContext): string {
  const saved = context.binder.options.functions ?? [];
  const Tables = Object.fromEntries(
    schemas(context).map((schema) => [
      schema.name,
      {
        Name: schema.name,
        Folder: '',
        DocString: '',
        OrderedColumns: orderedColumns(schema),
      },
    ]),
  );
  const Functions = Object.fromEntries(
    saved.map(({ name, parameters, body }) => [
      name,
      { Name: name, Parameters: `(${parameters})`, Body: `{${body}}`, Folder: '', DocString: '' },
    ]),
  );
  return JSON.stringify({
    Databases: {
      [databaseName]: {
        Name: databaseName,
        Tables,
        ExternalTables: {},
        MaterializedViews: {},
        MajorVersion: 1,
        MinorVersion: 0,
        Functions,
      },
    },
  });
}
