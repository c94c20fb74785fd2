import type {
  Json,
  JsonObject,
  StoredColumn,
  StoredTable,
  StoredWorkspace,
} from '../catalog/records.js';
import { armTypeOfScalar, scalarTypeOfArm } from '../catalog/rule-properties.js';
import { standardTables } from '../catalog/standard-tables.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { assertNone } from '../locks/locks.js';
import { erasureScope, pendingTable } from '../purge/erasures.js';
import {
  daysOf,
  isImmediate,
  retentionWaitOf,
  shorteningUntil,
  tableDays,
  withWait,
  withoutWait,
} from '../retention/days.js';
import { actorOf, recordIn } from './record.js';
import { audited, resourceNotFound, workspaceRoutes } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import {
  invalid,
  notSupported,
  readFlag,
  readInteger,
  readList,
  readObject,
  readOptionalObject,
  readOptionalText,
  readText,
} from './fields.js';
import { workspacesPath } from './workspaces.js';

const provider = 'Microsoft.OperationalInsights';
const type = `${provider}/workspaces/tables`;

/** Limits of table schemas, Azure's. */
export const tableLimits = { columnsMax: 500, columnNameCharsMax: 45, nameCharsMax: 63 } as const;

const customName = /^[A-Za-z][A-Za-z0-9_]*_CL$/;
const columnName = /^[A-Za-z][A-Za-z0-9_]*$/;
/** Names that every row has anyway, or that Azure keeps for itself; compared in lower case. */
const reservedColumns: ReadonlySet<string> = new Set([
  'type',
  'tenantid',
  'id',
  'title',
  'uniqueid',
]);

/** `Microsoft.OperationalInsights/workspaces/tables`. */
export function tableRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, clock, erasures, random, workspaces } = options;
  const all = `${workspacesPath}/:workspace/tables`;
  const one = `${all}/:table`;
  const route = workspaceRoutes(options, { provider, type: 'workspaces/tables' });

  /** Exact name first: KQL tells `a_CL` from `A_CL`; paths are not case-sensitive. */
  const find = (workspace: StoredWorkspace, name: string): string | undefined => {
    if (catalog.table(workspace.workspaceId, name) !== undefined) return name;
    for (const known of catalog.tableNames(workspace.workspaceId)) {
      if (known.toLowerCase() === name.toLowerCase()) return known;
    }
    return undefined;
  };
  const stored = (workspace: StoredWorkspace, name: string): StoredTable | undefined =>
    catalog.snapshot.tables.get(workspace.workspaceId)?.get(name);

  async function put(call: ArmCall, workspace: StoredWorkspace, whole: boolean): Promise<Outgoing> {
    const wanted = call.params['table'] ?? '';
    const body = readObject(await readJsonBody(call.request));
    const properties = readOptionalObject(body['properties'], 'properties');
    await bringBack(call, workspace, wanted);
    const name = find(workspace, wanted);
    if (name === undefined && !whole) throw resourceNotFound(call, 'table');
    const before = name === undefined ? undefined : stored(workspace, name);
    const standard = name === undefined ? undefined : standardTables().get(name);
    if (name === undefined) checkNewName(wanted);
    const columns = readColumns(properties, { before, standard: standard !== undefined, whole });
    const now = clock.now();
    const settings = readSettings(properties, whole ? {} : (before?.properties ?? {}));
    const daysBefore = tableDays(workspace, before, now);
    const daysAfter = tableDays(workspace, { properties: withoutWait(settings) }, now);
    const after: StoredTable = {
      workspaceId: workspace.workspaceId,
      name: name ?? wanted,
      kind: standard === undefined ? 'CustomLog' : 'Microsoft',
      columns,
      properties:
        name === undefined
          ? settings
          : withWait(
              { ...settings, ...retentionWaitOf(before?.properties ?? {}) },
              { daysBefore, daysAfter, now, immediate: isImmediate(workspace) },
            ),
      createdAt: before?.createdAt ?? now,
      modifiedAt: now,
    };
    await audited(
      options,
      call,
      {
        operation: `${type}/write`,
        target: call.scopeKey,
        workspaceId: workspace.workspaceId,
        properties: { table: after.name, columns: columns.length },
      },
      async () => {
        if (name !== undefined && daysAfter !== daysBefore) {
          if (daysAfter < daysBefore) {
            assertNone(catalog.snapshot, erasureScope(workspace, name), 'shortenRetention');
          }
          await recordIn(options, workspace.workspaceId, {
            type: 'retentionChanged',
            actor: actorOf(call.principal),
            correlationId: call.request.correlationId,
            table: name,
            before: daysBefore,
            after: daysAfter,
            effective: new Date(shorteningUntil(after.properties, now) ?? now).toISOString(),
          });
        }
        await catalog.change(async (write, snapshot) => {
          if (name !== undefined && daysAfter < daysBefore) {
            assertNone(snapshot, erasureScope(workspace, after.name), 'shortenRetention');
          }
          await write.putTable(after);
        });
      },
    );
    return jsonAnswer(name === undefined ? 201 : 200, show(workspace, after.name));
  }

  /** Putting the name of a table whose deletion still waits calls the deletion off, as in Azure. */
  async function bringBack(call: ArmCall, workspace: StoredWorkspace, name: string): Promise<void> {
    const pending = pendingTable(catalog, workspace.workspaceId, name);
    if (pending === undefined) return;
    if (pending.state === 'running') {
      throw new HttpError(
        409,
        'Conflict',
        'A table of this name is being deleted. Try again soon.',
        {
          headers: { 'retry-after': '15' },
        },
      );
    }
    await erasures.cancel(pending, call.principal);
  }

  async function remove(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const wanted = call.params['table'] ?? '';
    const name = find(workspace, wanted);
    if (name === undefined) return { status: 204 };
    const before = stored(workspace, name);
    if (standardTables().has(name) || before === undefined) {
      throw new HttpError(
        400,
        'InvalidParameter',
        `The table '${name}' is a standard table; only custom tables can be deleted.`,
      );
    }
    if (readFlag(call.request.path.query, 'dryRun')) {
      const open = await workspaces.open(workspace.workspaceId);
      const days = await open.erasing.days(name);
      return jsonAnswer(200, {
        dryRun: true,
        table: name,
        rows: Number(days.reduce((sum, { rows }) => sum + rows, 0n)),
        arrivalDays: days.length,
        waitHours: erasures.waitMs / 3_600_000,
      });
    }
    await audited(
      options,
      call,
      {
        operation: `${type}/delete`,
        target: call.scopeKey,
        workspaceId: workspace.workspaceId,
        properties: { table: name },
      },
      () =>
        erasures.request({
          id: `delete-${random.uuid()}`,
          kind: 'table',
          workspace,
          table: name,
          request: { definition: JSON.stringify(before) },
          waitMs: erasures.waitMs,
          by: call.principal,
          correlationId: call.request.correlationId,
          alongside: (write) => write.removeTable({ workspaceId: workspace.workspaceId, name }),
        }),
    );
    return { status: 200, headers: { 'content-length': '0' } };
  }

  const show = (workspace: StoredWorkspace, name: string): JsonObject =>
    showTable(workspace, name, stored(workspace, name));

  return [
    route('GET', all, `${type}/read`, async (_call, workspace) =>
      jsonAnswer(200, {
        value: [...catalog.tableNames(workspace.workspaceId)].map((name) => show(workspace, name)),
      }),
    ),
    route('GET', one, `${type}/read`, async (call, workspace) => {
      const name = find(workspace, call.params['table'] ?? '');
      if (name === undefined) throw resourceNotFound(call, 'table');
      return jsonAnswer(200, show(workspace, name));
    }),
    route('PUT', one, `${type}/write`, (call, workspace) => put(call, workspace, true)),
    route('PATCH', one, `${type}/write`, (call, workspace) => put(call, workspace, false)),
    route('DELETE', one, `${type}/delete`, remove),
    route('POST', `${one}/migrate`, `${type}/write`, async () => {
      throw notSupported('There are no classic tables here: nothing is to be migrated.');
    }),
    route('POST', `${one}/cancelsearch`, `${type}/write`, async () => {
      throw notSupported('Search jobs are not supported yet.');
    }),
  ];
}

function checkNewName(name: string): void {
  if (name.endsWith('_SRCH') || name.endsWith('_RST')) {
    throw notSupported('Search jobs and restores are not supported yet.');
  }
  if (!customName.test(name) || name.length > tableLimits.nameCharsMax) {
    throw invalid(
      'tableName',
      `A custom table's name has letters, digits and _, begins with a letter, ends with _CL, and ` +
        `has ${tableLimits.nameCharsMax} characters at most.`,
    );
  }
}

/** The columns after the act. Columns are added, never removed and never of another type. */
function readColumns(
  properties: JsonObject,
  state: { before: StoredTable | undefined; standard: boolean; whole: boolean },
): readonly StoredColumn[] {
  const { before, standard, whole } = state;
  const target = 'properties.schema.columns';
  const schema = readOptionalObject(properties['schema'], 'properties.schema');
  const given = schema['columns'];
  if (given === undefined || given === null) {
    if (before === undefined && !standard && whole) {
      throw invalid(target, 'A new custom table needs a schema with columns.');
    }
    return before?.columns ?? [];
  }
  const columns = readList(given, target, tableLimits.columnsMax).map((item, index) =>
    readColumn(item, `${target}[${index}]`, standard),
  );
  const seen = new Map<string, StoredColumn>();
  for (const column of columns) {
    if (seen.has(column.name.toLowerCase())) {
      throw invalid(target, `The column '${column.name}' is there twice.`);
    }
    seen.set(column.name.toLowerCase(), column);
  }
  if (!standard && seen.get('timegenerated')?.type !== 'datetime') {
    throw invalid(target, "A custom table needs the column 'TimeGenerated' of type dateTime.");
  }
  for (const old of before?.columns ?? []) {
    const now = seen.get(old.name.toLowerCase());
    if (now === undefined || now.name !== old.name || now.type !== old.type) {
      throw new HttpError(
        400,
        'InvalidParameter',
        `The column '${old.name}' must stay, with the type ${armTypeOfScalar(old.type)}: stored ` +
          'rows do not change.',
        { detail: { target } },
      );
    }
  }
  return columns;
}

function readColumn(item: Json, target: string, standard: boolean): StoredColumn {
  const column = readObject(item, target);
  const name = readText(column['name'], `${target}.name`, {
    charsMax: tableLimits.columnNameCharsMax,
    pattern: columnName,
  });
  if (reservedColumns.has(name.toLowerCase())) {
    throw invalid(`${target}.name`, `The column name '${name}' is reserved.`);
  }
  if (standard && !name.endsWith('_CF')) {
    throw invalid(`${target}.name`, "Columns added to a standard table end with '_CF'.");
  }
  const typeText = readText(column['type'], `${target}.type`, { charsMax: 32 });
  const scalar = scalarTypeOfArm(typeText);
  if (scalar === undefined || scalar === 'decimal' || scalar === 'timespan') {
    throw invalid(
      `${target}.type`,
      `'${typeText}' is no column type; there are string, int, long, real, boolean, dateTime, guid, dynamic.`,
    );
  }
  const description = readOptionalText(column['description'], `${target}.description`);
  const displayName = readOptionalText(column['displayName'], `${target}.displayName`);
  const dataTypeHint = readOptionalText(column['dataTypeHint'], `${target}.dataTypeHint`, {
    oneOf: ['uri', 'guid', 'armPath', 'ip'],
  });
  return {
    name,
    type: scalar,
    ...(description === undefined ? {} : { description }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(dataTypeHint === undefined ? {} : { dataTypeHint }),
  };
}

/** Plan, retention and texts. Retention is kept here; what enforces it reads it from here. */
function readSettings(properties: JsonObject, before: JsonObject): JsonObject {
  const after: Record<string, Json> = { ...before };
  const plan = readOptionalText(properties['plan'], 'properties.plan', {
    oneOf: ['Analytics', 'Basic', 'Auxiliary'],
  });
  if (plan !== undefined && plan !== 'Analytics') {
    throw notSupported('Every table has the plan Analytics.', 'properties.plan');
  }
  if (properties['searchResults'] !== undefined || properties['restoredLogs'] !== undefined) {
    throw notSupported('Search jobs and restores are not supported yet.');
  }
  for (const [name, most] of [
    ['retentionInDays', 730],
    ['totalRetentionInDays', 4_383],
  ] as const) {
    const days = properties[name];
    if (days === undefined || days === null) continue;
    after[name] = readInteger(
      days,
      `properties.${name}`,
      (value) => value === -1 || (value >= 4 && value <= most),
      `-1 or a whole number of days from 4 to ${most}`,
    );
  }
  const schema = readOptionalObject(properties['schema'], 'properties.schema');
  for (const name of ['displayName', 'description']) {
    const text = readOptionalText(schema[name], `properties.schema.${name}`);
    if (text !== undefined) after[name] = text;
  }
  return after;
}

/** A table as ARM shows it (azure-api.md §4.4). */
function showTable(
  workspace: StoredWorkspace,
  name: string,
  table: StoredTable | undefined,
): JsonObject {
  const standard = standardTables().get(name);
  const interactive = daysOf(table?.properties['retentionInDays']);
  const retentionInDays = interactive ?? workspace.retentionInDays;
  const total = daysOf(table?.properties['totalRetentionInDays']);
  const totalRetentionInDays = Math.max(total ?? retentionInDays, retentionInDays);
  const { displayName, description } = table?.properties ?? {};
  const columns = (table?.columns ?? []).map((column): JsonObject => ({
    ...column,
    type: armTypeOfScalar(column.type),
  }));
  const standardColumns = [
    ...(standard?.schema.columns ?? []),
    { name: 'TenantId', type: 'guid' as const },
    { name: 'Type', type: 'string' as const },
  ].map((column): JsonObject => ({ name: column.name, type: armTypeOfScalar(column.type) }));
  return {
    id: `${workspace.resourceId}/tables/${name}`,
    name,
    type,
    properties: {
      plan: 'Analytics',
      retentionInDays,
      totalRetentionInDays,
      archiveRetentionInDays: totalRetentionInDays - retentionInDays,
      retentionInDaysAsDefault: interactive === undefined,
      totalRetentionInDaysAsDefault: total === undefined,
      provisioningState: 'Succeeded',
      schema: {
        name,
        ...(displayName === undefined ? {} : { displayName }),
        ...(description === undefined ? {} : { description }),
        columns,
        standardColumns,
        tableType: standard === undefined ? 'CustomLog' : 'Microsoft',
        tableSubType: 'DataCollectionRuleBased',
        source: standard === undefined ? 'customer' : 'microsoft',
        ...(standard === undefined ? {} : { solutions: [standard.solution] }),
      },
    },
  };
}
