import type { Json, JsonObject, StoredErasure, StoredWorkspace } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { erasureScope } from '../purge/erasures.js';
import { readFilters } from '../purge/filters.js';
import { purgeLimits } from '../purge/limits.js';
import { isoOfTicks } from '../retention/days.js';
import { deadLetterTable } from '../workspaces/applier.js';
import type { Workspace } from '../workspaces/workspace.js';
import { audited, authorise, resourceNotFound, workspaceAbove } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import { invalid, readFlag, readObject, readText } from './fields.js';
import { workspacesPath } from './workspaces.js';

const provider = 'Microsoft.OperationalInsights';
const type = `${provider}/workspaces`;

const hourMs = 3_600_000;

/** Purge, its status, and calling it off: azure-api.md §4.3, §4.4; docs/erasure.md. */
export function purgeRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, clock, random, locks, erasures, workspaces } = options;
  const one = `${workspacesPath}/:workspace`;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall, workspace: StoredWorkspace) => Promise<Outgoing>,
  ): Route => ({
    method,
    pattern,
    provider,
    type: 'workspaces',
    run: async (call) => {
      const scope = call.scopeKey.split('/').slice(0, workspaceSegments).join('/');
      await authorise(options, call, `${type}/purge/action`, scope);
      const workspace = workspaceAbove(catalog, call.scopeKey);
      if (workspace === undefined) throw resourceNotFound(call, 'workspace');
      return run(call, workspace);
    },
  });
  const find = (call: ArmCall, workspace: StoredWorkspace): StoredErasure => {
    const found = catalog.snapshot.erasures.get((call.params['operation'] ?? '').toLowerCase());
    if (found === undefined || found.workspaceId !== workspace.workspaceId) {
      throw new HttpError(404, 'ResourceNotFound', 'There is no such operation.');
    }
    return found;
  };

  /** Seconds until another purge may be asked for; 0 for now. */
  function secondsToWait(workspace: StoredWorkspace): number {
    const from = clock.now() - hourMs;
    const recent = [...catalog.snapshot.erasures.values()]
      .filter(
        ({ kind, workspaceId, requestedAt }) =>
          kind === 'purge' && workspaceId === workspace.workspaceId && requestedAt > from,
      )
      .map(({ requestedAt }) => requestedAt)
      .sort((a, b) => a - b);
    const oldest = recent.at(-purgeLimits.purgesPerHourMax);
    return oldest === undefined ? 0 : Math.max(1, Math.ceil((oldest - from) / 1000));
  }

  async function purge(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const wanted = readText(body['table'], 'table', { charsMax: 128 });
    const table = catalog.table(workspace.workspaceId, wanted);
    if (table === undefined) throw invalid('table', `There is no table '${wanted}'.`);
    const name = table.schema.name;
    const filters = readFilters(body['filters'] as Json | undefined, table.schema.columns, name);
    const scope = erasureScope(workspace, name);
    locks.assertNone(scope, 'purge');
    if (readFlag(call.request.path.query, 'dryRun')) {
      const open = await workspaces.open(workspace.workspaceId);
      const counted = await open.erasing.count(table, filters.kql);
      const letters = await countLetters(open, workspace, { name, kql: filters.lettersKql });
      return jsonAnswer(200, {
        dryRun: true,
        table: name,
        filter: filters.description,
        rows: Number(counted.rows),
        rowsSetAside: Number(letters),
        arrivalDays: Number(counted.days),
        ...(counted.rows === 0n
          ? {}
          : {
              firstReceived: isoOfTicks(counted.firstTicks),
              lastReceived: isoOfTicks(counted.lastTicks),
            }),
        waitHours: erasures.waitMs / hourMs,
      });
    }
    const seconds = secondsToWait(workspace);
    if (seconds > 0) {
      throw new HttpError(
        429,
        'TooManyRequests',
        `A workspace takes ${purgeLimits.purgesPerHourMax} purges an hour.`,
        { headers: { 'retry-after': String(seconds) } },
      );
    }
    const id = `purge-${random.uuid()}`;
    await audited(
      options,
      call,
      {
        operation: `${type}/purge/action`,
        target: scope,
        workspaceId: workspace.workspaceId,
        properties: { table: name, filter: filters.description, operation: id },
      },
      () =>
        erasures.request({
          id,
          kind: 'purge',
          workspace,
          table: name,
          request: {
            kql: filters.kql,
            lettersKql: filters.lettersKql,
            filter: filters.description,
          },
          waitMs: erasures.waitMs,
          by: call.principal,
          correlationId: call.request.correlationId,
        }),
    );
    return jsonAnswer(
      202,
      { operationId: id },
      {
        'x-ms-status-location':
          `${call.request.origin}${workspace.resourceId}/operations/${id}` +
          '?api-version=2025-07-01',
      },
    );
  }

  /** Records of the table that were set aside and would go as well. */
  async function countLetters(
    open: Workspace,
    workspace: StoredWorkspace,
    of: { name: string; kql: string },
  ): Promise<bigint> {
    const letters = catalog.table(workspace.workspaceId, deadLetterTable);
    if (letters === undefined || of.name === deadLetterTable) return 0n;
    if (!(await open.erasing.tables()).includes(deadLetterTable)) return 0n;
    return (await open.erasing.count(letters, of.kql)).rows;
  }

  async function cancel(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const found = find(call, workspace);
    const after = await audited(
      options,
      call,
      {
        operation: `${type}/purge/action`,
        target: call.scopeKey,
        workspaceId: workspace.workspaceId,
        properties: { operation: found.id, cancel: true },
      },
      () => erasures.cancel(found, call.principal),
    );
    return jsonAnswer(200, showErasure(after));
  }

  return [
    route('POST', `${one}/purge`, purge),
    route('GET', `${one}/operations`, async (_call, workspace) =>
      jsonAnswer(200, {
        value: [...catalog.snapshot.erasures.values()]
          .filter(({ workspaceId }) => workspaceId === workspace.workspaceId)
          .map(showErasure),
      }),
    ),
    route('GET', `${one}/operations/:operation`, async (call, workspace) =>
      jsonAnswer(200, showErasure(find(call, workspace))),
    ),
    route('POST', `${one}/operations/:operation/cancel`, cancel),
  ];
}

/** Of a workspace's resource id, split at its slashes. */
const workspaceSegments = 9;

/** Azure shows `status` alone; the rest is ours. */
export function showErasure(erasure: StoredErasure): JsonObject {
  const { progress, state } = erasure;
  const rows = progress['rows'];
  const waitsFor = progress['waitsFor'];
  return {
    id: erasure.id,
    status: state === 'waiting' || state === 'running' ? 'pending' : state,
    state,
    kind: erasure.kind,
    ...(erasure.table === '' ? {} : { table: erasure.table }),
    ...(erasure.request['filter'] === undefined ? {} : { filter: erasure.request['filter'] }),
    requestedAt: new Date(erasure.requestedAt).toISOString(),
    requestedBy: erasure.requestedBy.name,
    notBefore: new Date(erasure.dueAt).toISOString(),
    changedAt: new Date(erasure.changedAt).toISOString(),
    ...(rows === undefined ? {} : { rows: Number(rows) }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
    ...(erasure.certificate === '' ? {} : { certificate: erasure.certificate }),
  };
}
