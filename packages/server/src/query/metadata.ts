import type { CatalogReader, WorkspaceRecord } from '../catalog/catalog.js';
import { visibleSchema } from '../catalog/visible-schema.js';

/** A workspace's schema as the Query API's metadata call gives it. */
export function workspaceMetadata(catalog: CatalogReader, record: WorkspaceRecord): unknown {
  const { workspaceId, name, region, resourceId } = record;
  const tables = [...catalog.tableNames(workspaceId)].sort().flatMap((tableName) => {
    const table = catalog.table(workspaceId, tableName);
    if (table === undefined) return [];
    return {
      id: `t/${tableName}`,
      name: tableName,
      timespanColumn: 'TimeGenerated',
      isCustom: table.kind === 'CustomLog',
      columns: visibleSchema(table.schema).columns.map(({ name: column, type }) => ({
        name: column,
        type,
      })),
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
