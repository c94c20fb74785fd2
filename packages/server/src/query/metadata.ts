import type { CatalogReader, WorkspaceRecord } from '../catalog/catalog.js';

/** Columns that the query language adds to every table. */
const addedColumns = [
  { name: 'TenantId', type: 'string' },
  { name: 'Type', type: 'string' },
] as const;

/** A workspace's schema as the Query API's metadata call gives it. */
export function workspaceMetadata(catalog: CatalogReader, record: WorkspaceRecord): unknown {
  const { workspaceId, name, region, resourceId } = record;
  const tables = [...catalog.tableNames(workspaceId)].sort().flatMap((tableName) => {
    const table = catalog.table(workspaceId, tableName);
    if (table === undefined) return [];
    const columns = table.schema.columns.map((column) => ({
      name: column.name,
      type: column.type,
    }));
    const own = new Set(columns.map((column) => column.name));
    return {
      id: `t/${tableName}`,
      name: tableName,
      timespanColumn: 'TimeGenerated',
      isCustom: table.kind === 'CustomLog',
      columns: [...columns, ...addedColumns.filter((column) => !own.has(column.name))],
    };
  });
  const functions = catalog.functions(workspaceId).map((saved) => ({
    id: `f/${saved.name}`,
    name: saved.name,
    parameters: saved.parameters,
    body: saved.body,
  }));
  return {
    tables,
    functions,
    workspaces: [
      {
        id: workspaceId,
        name,
        region,
        resourceId,
        tables: tables.map(({ id }) => id),
        functions: functions.map(({ id }) => id),
      },
    ],
    categories: [],
    resourceTypes: [],
    solutions: [],
    resources: [],
    permissions: [{ workspaces: [{ resourceId }] }],
  };
}
