import type { Principal } from '../access/principal.js';
import { refuse, workspaceAbove } from '../arm/context.js';
import type { ArmOptions } from '../arm/context.js';
import { HttpError } from '../http/errors.js';
import type { Incoming } from '../http/request.js';
import { actOf } from './locks.js';

/**
 * The front door's check of locks and holds, for every management route: throws 409 where one
 * stands against the request, on record. Where the act is done it is asked about again.
 */
export async function refuseLocked(
  options: Pick<ArmOptions, 'access' | 'audit' | 'catalog' | 'locks'>,
  call: { request: Incoming; principal: Principal; scopeKey: string },
): Promise<void> {
  const { request, principal, scopeKey } = call;
  const act = actOf(request.method, scopeKey);
  if (act === undefined) return;
  try {
    options.locks.assertNone(scopeKey, act);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const { access, catalog } = options;
    const mayRead = readActions.some((action) => access.allows(principal, action, scopeKey));
    // Who may read nothing of a workspace is not told what stands there.
    if (!mayRead && workspaceAbove(catalog, scopeKey) !== undefined) {
      return refuse(options, call, readActions[0], scopeKey);
    }
    const workspace = workspaceAbove(catalog, scopeKey);
    await options.audit.record({
      principal,
      operation: `Microsoft.Authorization/locks/${act}`,
      outcome: 'Refused',
      target: scopeKey,
      reason: error.code,
      callerIp: request.callerIp,
      correlationId: request.correlationId,
      ...(workspace === undefined ? {} : { workspaceId: workspace.workspaceId }),
    });
    throw error;
  }
}

const readActions = [
  'Microsoft.Authorization/locks/read',
  'Microsoft.OperationalInsights/workspaces/read',
] as const;
