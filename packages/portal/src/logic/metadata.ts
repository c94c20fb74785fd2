/** A workspace's tables and functions, as the query page needs them. */
export interface WorkspaceSchema {
  readonly tables: readonly TableSchema[];
  readonly functions: readonly FunctionSchema[];
}

export interface TableSchema {
  readonly name: string;
  readonly description: string;
  /** Made by this workspace's owners, rather than one of the standard tables. */
  readonly custom: boolean;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export interface FunctionSchema {
  readonly name: string;
  readonly parameters: string;
  readonly body: string;
}

function objects(value: unknown): readonly Partial<Record<string, unknown>>[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (one): one is Partial<Record<string, unknown>> => typeof one === 'object' && one !== null,
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Reads the Query API's metadata; parts that are missing are empty. */
export function readMetadata(body: unknown): WorkspaceSchema {
  const [root = {}] = objects([body]);
  const tables = objects(root['tables']).map((table) => ({
    name: text(table['name']),
    description: text(table['description']),
    custom: table['isCustom'] === true || text(table['name']).endsWith('_CL'),
    columns: objects(table['columns']).map((column) => ({
      name: text(column['name']),
      type: text(column['type']) || 'string',
    })),
  }));
  const functions = objects(root['functions']).map((one) => ({
    name: text(one['name']),
    parameters: text(one['parameters']),
    body: text(one['body']),
  }));
  const byName = (a: { name: string }, b: { name: string }): number =>
    a.name.localeCompare(b.name, 'en', { sensitivity: 'base' });
  return {
    tables: tables.filter((table) => table.name !== '').sort(byName),
    functions: functions.filter((one) => one.name !== '').sort(byName),
  };
}

/**
 * The schema as the editor's language service reads it (its `EngineSchema`): one cluster with one
 * database, the workspace.
 */
export function editorSchema(schema: WorkspaceSchema, workspaceName: string) {
  const database = {
    name: workspaceName,
    majorVersion: 1,
    minorVersion: 0,
    tables: schema.tables.map((table) => ({
      name: table.name,
      docstring: table.description,
      entityType: 'Table' as const,
      columns: table.columns.map((column) => ({ name: column.name, type: column.type })),
    })),
    functions: schema.functions.map((one) => ({
      name: one.name,
      body: one.body,
      inputParameters: parametersOf(one.parameters),
    })),
    entityGroups: [],
  };
  return {
    clusterType: 'Engine' as const,
    cluster: { connectionString: 'strongroom', databases: [database] },
    database,
  };
}

/** `a:string, b:long=1` as the language service wants parameters. */
function parametersOf(text: string) {
  return text
    .replace(/^\(|\)$/g, '')
    .split(',')
    .map((part) => /^\s*([A-Za-z_]\w*)\s*:\s*(\w+)\s*(?:=\s*(.*))?$/.exec(part))
    .filter((match) => match !== null)
    .map((match) => ({
      name: match[1] ?? '',
      cslType: match[2] ?? 'string',
      ...(match[3] === undefined ? {} : { cslDefaultValue: match[3].trim() }),
    }));
}

/** Standard tables that agents and the service itself write; the others are for Azure's sources. */
const ordinary = new Set([
  'ConfigurationChange',
  'ConfigurationData',
  'Event',
  'Heartbeat',
  'IngestionAccounting',
  'IngestionErrors',
  'LAQueryLogs',
  'Operation',
  'Perf',
  'Syslog',
  'Usage',
]);

/** The tables that a workspace is likely to have rows in, and the hundreds of others. */
export function groupedTables(tables: readonly TableSchema[]): {
  readonly near: readonly TableSchema[];
  readonly far: readonly TableSchema[];
} {
  const isNear = (table: TableSchema): boolean =>
    table.custom || ordinary.has(table.name) || table.name.startsWith('Strongroom');
  return {
    near: tables.filter(isNear),
    far: tables.filter((table) => !isNear(table)),
  };
}

/** The tables and columns that match a filter; a table that matches shows all its columns. */
export function filteredTables(
  tables: readonly TableSchema[],
  filter: string,
): readonly TableSchema[] {
  const wanted = filter.trim().toLowerCase();
  if (wanted === '') return tables;
  return tables.flatMap((table) => {
    if (table.name.toLowerCase().includes(wanted)) return [table];
    const columns = table.columns.filter((column) => column.name.toLowerCase().includes(wanted));
    return columns.length === 0 ? [] : [{ ...table, columns }];
  });
}
