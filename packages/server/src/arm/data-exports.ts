import type { JsonObject, StoredResource, StoredWorkspace } from '../catalog/records.js';
import { exportLimits } from '../export/limits.js';
import { readDataExport } from '../export/exports.js';
import type { DataExport, Exports } from '../export/exports.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { audited, resourceNotFound, workspaceRoutes } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import { invalid, readInteger, readList, readObject, readText } from './fields.js';
import { actorOf, recordIn } from './record.js';
import { workspacesPath } from './workspaces.js';

const provider = 'Microsoft.OperationalInsights';
const type = `${provider}/workspaces/dataExports`;

/**
 * `Microsoft.OperationalInsights/workspaces/dataExports` (azure-api.md §4): tables that go to a target
 * outside, and how far they are. A destination's last segment is the name of a configured target.
 */
export function dataExportRoutes(
  options: ArmOptions & { readonly exports: Exports },
): readonly Route[] {
  const { catalog, exports, clock, random } = options;
  const all = `${workspacesPath}/:workspace/dataexports`;
  const one = `${all}/:name`;
  const route = workspaceRoutes(options, { provider, type: 'workspaces/dataExports' });
  const find = (call: ArmCall, workspace: StoredWorkspace): DataExport | undefined =>
    exports.list(workspace).find(({ resource }) => resource.resourceKey === call.scopeKey);

  async function put(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const before = find(call, workspace);
    const name = readText(call.params['name'], 'dataExportName', {
      charsMax: 63,
      pattern: /^[A-Za-z][A-Za-z0-9-]+[A-Za-z0-9]$/,
    });
    const wanted = readProperties(readObject(body['properties'], 'properties'));
    for (const table of wanted.tableNames) {
      if (catalog.table(workspace.workspaceId, table) === undefined) {
        throw invalid('properties.tableNames', `There is no table '${table}'.`);
      }
    }
    if (!exports.targets.has(wanted.target)) {
      throw invalid(
        'properties.destination.resourceId',
        `No export target '${wanted.target}' is configured.`,
      );
    }
    if (before !== undefined && before.target !== wanted.target) {
      throw new HttpError(
        409,
        'Conflict',
        'An export keeps its target. Delete it and create another one.',
      );
    }
    if (before === undefined && exports.list(workspace).length >= exportLimits.perWorkspaceMax) {
      throw new HttpError(
        409,
        'Conflict',
        `A workspace has at most ${exportLimits.perWorkspaceMax} exports.`,
      );
    }
    const now = clock.now();
    const after: StoredResource = {
      kind: 'dataExport',
      resourceKey: call.scopeKey,
      resourceId: `${workspace.resourceId}/dataExports/${name}`,
      name: before?.resource.name ?? name,
      subscriptionId: workspace.subscriptionId,
      resourceGroup: workspace.resourceGroup,
      region: workspace.region,
      immutableId: before?.id ?? random.uuid(),
      version: (before?.resource.version ?? 0) + 1,
      tags: {},
      flavor: undefined,
      properties: { ...wanted, workspaceId: workspace.workspaceId },
      createdAt: before?.resource.createdAt ?? now,
      modifiedAt: now,
    };
    await act(call, workspace, { type: 'exportCreated', found: readDataExport(after) }, () =>
      catalog.change((write) => write.putResource(after)),
    );
    return jsonAnswer(before === undefined ? 201 : 200, await show(readDataExport(after)));
  }

  async function remove(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const found = find(call, workspace);
    if (found === undefined) throw resourceNotFound(call, 'data export');
    await act(call, workspace, { type: 'exportDeleted', found }, async () => {
      await catalog.change((write) => write.removeResource(call.scopeKey));
      await exports.forget(found);
    });
    return { status: 200, headers: { 'content-length': '0' } };
  }

  /** Audited, and on the workspace's own record before it takes effect. */
  async function act(
    call: ArmCall,
    workspace: StoredWorkspace,
    what: { type: 'exportCreated' | 'exportDeleted'; found: DataExport },
    run: () => Promise<unknown>,
  ): Promise<void> {
    const { tables, target, id, resource } = what.found;
    await audited(
      options,
      call,
      {
        operation: what.type === 'exportCreated' ? `${type}/write` : `${type}/delete`,
        target: call.scopeKey,
        workspaceId: workspace.workspaceId,
        properties: { tables: tables.join(','), target },
      },
      async () => {
        await recordIn(options, workspace.workspaceId, {
          type: what.type,
          actor: actorOf(call.principal),
          correlationId: call.request.correlationId,
          exportId: id,
          name: resource.name,
          tables,
          target,
        });
        await run();
      },
    );
  }

  async function show(found: DataExport): Promise<JsonObject> {
    const { resource } = found;
    const target = exports.targets.get(found.target);
    return {
      id: resource.resourceId,
      name: resource.name,
      type,
      properties: {
        dataExportId: found.id,
        tableNames: found.tables,
        destination: {
          resourceId: `/providers/Microsoft.Strongroom/exportTargets/${found.target}`,
          type: 'StorageAccount',
        },
        enable: found.enable,
        everySeconds: found.everySeconds,
        createdDate: new Date(resource.createdAt).toISOString(),
        lastModifiedDate: new Date(resource.modifiedAt).toISOString(),
        strongroom: {
          target: found.target,
          targetKind: target?.kind ?? '',
          place: target === undefined ? '' : `${target.place}/${found.prefix.slice(0, -1)}`,
          tables: (await exports.status(found)).map((table) => ({ ...table })),
        },
      },
    };
  }

  return [
    route('GET', all, `${type}/read`, async (_call, workspace) =>
      jsonAnswer(200, { value: await Promise.all(exports.list(workspace).map(show)) }),
    ),
    route('GET', one, `${type}/read`, async (call, workspace) => {
      const found = find(call, workspace);
      if (found === undefined) throw resourceNotFound(call, 'data export');
      return jsonAnswer(200, await show(found));
    }),
    route('PUT', one, `${type}/write`, put),
    route('DELETE', one, `${type}/delete`, remove),
  ];
}

function readProperties(body: JsonObject): {
  readonly tableNames: readonly string[];
  readonly target: string;
  readonly enable: boolean;
  readonly everySeconds: number;
} {
  const { resourceId } = readObject(body['destination'], 'properties.destination');
  const destination = readText(resourceId, 'properties.destination.resourceId', {
    charsMax: 1_024,
  });
  const tableNames = readList(
    body['tableNames'],
    'properties.tableNames',
    exportLimits.tablesMax,
  ).map((table, index) =>
    readText(table, `properties.tableNames[${index}]`, {
      charsMax: 100,
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
    }),
  );
  if (tableNames.length === 0) throw invalid('properties.tableNames', 'Name a table.');
  const { enable, everySeconds } = body;
  if (enable !== undefined && typeof enable !== 'boolean') {
    throw invalid('properties.enable', 'It must be true or false.');
  }
  return {
    tableNames: [...new Set(tableNames)],
    target: destination.split('/').at(-1)!.toLowerCase(),
    enable: enable ?? true,
    everySeconds:
      everySeconds === undefined
        ? exportLimits.everySecondsDefault
        : readInteger(
            everySeconds,
            'properties.everySeconds',
            (value) => value >= 1 && value <= exportLimits.everySecondsMax,
            `a whole number from 1 to ${exportLimits.everySecondsMax}`,
          ),
  };
}
