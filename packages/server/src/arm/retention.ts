import type { JsonObject, StoredWorkspace } from '../catalog/records.js';
import { jsonAnswer } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { erasureScope } from '../purge/erasures.js';
import { shorteningUntil, tableDays } from '../retention/days.js';
import { audited, authorise, resourceNotFound, workspaceAbove } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';

const provider = 'Microsoft.Strongroom';
const hourMs = 3_600_000;

/** `Microsoft.Strongroom/retention`: what is kept how long, and the clock that it goes by. */
export function retentionRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, locks, retention, trusted } = options;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
  ): Route => ({ method, pattern, provider, type: 'retention', run });
  const clock = (): JsonObject => {
    const { machine, trusted: time, inDoubt } = trusted.status();
    return {
      machineTime: new Date(machine).toISOString(),
      trustedTime: new Date(time).toISOString(),
      inDoubt,
    };
  };

  function tableStatus(workspace: StoredWorkspace, name: string): JsonObject {
    const stored = catalog.snapshot.tables.get(workspace.workspaceId)?.get(name);
    const now = trusted.now();
    const until = shorteningUntil(stored?.properties ?? {}, now);
    const standing = locks.against(erasureScope(workspace, name), 'expire');
    const keptBy = retention.status(workspace.workspaceId).keptBy[name];
    return {
      table: name,
      effectiveDays: tableDays(workspace, stored, now),
      ...(until === undefined ? {} : { shorteningTakesEffect: new Date(until).toISOString() }),
      locks: standing.locks.map(({ scope, name: lock }) => `${scope}/${lock}`),
      holds: standing.holds.map(({ id }) => id),
      ...(keptBy === undefined ? {} : { keptBy }),
    };
  }

  return [
    route('GET', '*/providers/microsoft.strongroom/retention', async (call) => {
      await authorise(
        options,
        call,
        'Microsoft.OperationalInsights/workspaces/read',
        call.scopeKey,
      );
      const workspace = workspaceAbove(catalog, call.scopeKey);
      if (workspace === undefined || workspace.resourceKey !== call.scopeKey) {
        throw resourceNotFound(call, 'workspace');
      }
      const { lastRun, expired } = retention.status(workspace.workspaceId);
      const until = shorteningUntil(workspace.properties, trusted.now());
      return jsonAnswer(200, {
        workspaceDays: workspace.retentionInDays,
        ...(until === undefined ? {} : { shorteningTakesEffect: new Date(until).toISOString() }),
        clock: clock(),
        ...(lastRun === undefined ? {} : { lastRun: new Date(lastRun).toISOString() }),
        lastExpired: expired,
        erasureWaitHours: options.erasures.waitMs / hourMs,
        tables: [...catalog.tableNames(workspace.workspaceId)].map((name) =>
          tableStatus(workspace, name),
        ),
      });
    }),
    // The clock is the service's, and so is the word on it.
    route('POST', '/providers/microsoft.strongroom/confirmclock', async (call) => {
      await authorise(options, call, 'Microsoft.Strongroom/service/write', '/');
      const { machine, trusted: time } = trusted.status();
      await audited(
        options,
        call,
        {
          operation: 'Microsoft.Strongroom/service/write',
          target: '/',
          properties: {
            machineTime: new Date(machine).toISOString(),
            trustedTime: new Date(time).toISOString(),
          },
        },
        () => trusted.confirm(),
      );
      return jsonAnswer(200, clock());
    }),
    route('POST', '/providers/microsoft.strongroom/expire', async (call) => {
      await authorise(options, call, 'Microsoft.Strongroom/service/write', '/');
      await audited(
        options,
        call,
        { operation: 'Microsoft.Strongroom/service/write', target: '/' },
        () => retention.run(),
      );
      return jsonAnswer(200, clock());
    }),
  ];
}
