import type { Clock, Random, WorkspaceId } from '@strongroom/base';
import type { Access, Action } from '../access/access.js';
import type { Principal } from '../access/principal.js';
import type { Audit } from '../audit/audit.js';
import type { Catalog } from '../catalog/open-catalog.js';
import type { JsonObject, StoredWorkspace } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import type { Incoming, Outgoing } from '../http/request.js';
import type { Locks } from '../locks/locks.js';
import type { Erasures } from '../purge/erasures.js';
import type { Retention } from '../retention/retention.js';
import type { TrustedClock } from '../retention/trusted-clock.js';
import type { Workspaces } from '../workspaces/workspace.js';
import type { Provider } from './api-versions.js';
import type { CheckTransform } from './transform.js';

/** What the control plane works with. */
export interface ArmOptions {
  readonly catalog: Catalog;
  readonly access: Access;
  readonly locks: Locks;
  readonly erasures: Erasures;
  readonly retention: Pick<Retention, 'status' | 'run'>;
  readonly trusted: Pick<TrustedClock, 'now' | 'status' | 'confirm'>;
  readonly audit: Audit;
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly random: Random;
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** Where workspaces can be created. */
  readonly regions: readonly string[];
  readonly checkTransform: CheckTransform;
}

/** One request, matched. */
export interface ArmCall {
  readonly request: Incoming;
  readonly principal: Principal;
  /** Named segments in the caller's letter case. */
  readonly params: Readonly<Record<string, string>>;
  /** Normalised path before an extension resource's `/providers/…`; else the whole path. */
  readonly scopeKey: string;
  /** The same in the caller's letter case. */
  readonly scope: string;
}

export interface Route {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'DELETE' | 'POST' | 'HEAD';
  /**
   * Lower-case path with `:name` for one segment; `*` at the start stands for any scope, `/`
   * included.
   */
  readonly pattern: string;
  readonly provider: Provider;
  readonly type: string;
  readonly run: (call: ArmCall) => Promise<Outgoing>;
}

/** Throws a 403 with Azure's text, audited, unless the principal may do this at the scope. */
export async function authorise(
  options: Pick<ArmOptions, 'access' | 'audit' | 'catalog'>,
  call: Pick<ArmCall, 'request' | 'principal'>,
  action: Action,
  scope: string,
): Promise<void> {
  if (options.access.allows(call.principal, action, scope)) return;
  await refuse(options, call, action, scope);
}

/** Audits and throws the refusal. */
export async function refuse(
  options: Pick<ArmOptions, 'audit' | 'catalog'>,
  { request, principal }: Pick<ArmCall, 'request' | 'principal'>,
  action: Action,
  scope: string,
): Promise<never> {
  const workspace = workspaceAbove(options.catalog, scope);
  await options.audit.record({
    principal,
    operation: action,
    outcome: 'Refused',
    target: scope,
    reason: 'AuthorizationFailed',
    callerIp: request.callerIp,
    correlationId: request.correlationId,
    ...(workspace === undefined ? {} : { workspaceId: workspace.workspaceId }),
  });
  throw new HttpError(
    403,
    'AuthorizationFailed',
    `The client '${principal.name}' with object id '${principal.id}' does not have authorization ` +
      `to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was ` +
      'recently granted, please refresh your credentials.',
  );
}

/** The living workspace that a normalised scope is or lies in. */
export function workspaceAbove(catalog: Catalog, scopeKey: string): StoredWorkspace | undefined {
  const match =
    /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.operationalinsights\/workspaces\/[^/]+/.exec(
      scopeKey,
    );
  return match === null ? undefined : catalog.workspaceByResourceId(match[0]);
}

/**
 * Makes routes of what lies in a workspace: the caller is authorised at the path, and the workspace
 * that it lies in is handed on.
 */
export const workspaceRoutes =
  (
    options: Pick<ArmOptions, 'access' | 'audit' | 'catalog'>,
    of: Pick<Route, 'provider' | 'type'>,
  ) =>
  (
    method: Route['method'],
    pattern: string,
    action: Action,
    run: (call: ArmCall, workspace: StoredWorkspace) => Promise<Outgoing>,
  ): Route => ({
    ...of,
    method,
    pattern,
    run: async (call) => {
      await authorise(options, call, action, call.scopeKey);
      const workspace = workspaceAbove(options.catalog, call.scopeKey);
      if (workspace === undefined) throw resourceNotFound(call, 'workspace');
      return run(call, workspace);
    },
  });

/** What is said of an act in its audit records. */
export interface Audited {
  readonly operation: Action;
  readonly target: string;
  /** Where it is recorded; none for the service's own audit. */
  readonly workspaceId?: WorkspaceId | undefined;
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Runs an act between its audit records. `Started` is durable before the act takes effect: where
 * it cannot be written, nothing happens. A failure is recorded with its code.
 */
export async function audited<T>(
  options: Pick<ArmOptions, 'audit'>,
  { request, principal }: Pick<ArmCall, 'request' | 'principal'>,
  act: Audited & {
    /** Where the outcome goes; where `Started` went without it. */
    readonly outcomeIn?: ((result: T) => WorkspaceId | undefined) | undefined;
  },
  run: () => Promise<T>,
): Promise<T> {
  const base = {
    principal,
    operation: act.operation,
    target: act.target,
    callerIp: request.callerIp,
    correlationId: request.correlationId,
    ...(act.properties === undefined ? {} : { properties: act.properties }),
  };
  const inWorkspace = (id: WorkspaceId | undefined) =>
    id === undefined ? {} : { workspaceId: id };
  await options.audit.record({ ...base, ...inWorkspace(act.workspaceId), outcome: 'Started' });
  let result: T;
  try {
    result = await run();
  } catch (error) {
    const reason = error instanceof HttpError ? error.code : 'InternalServerError';
    await options.audit.record({
      ...base,
      ...inWorkspace(act.workspaceId),
      outcome: 'Failed',
      reason,
    });
    throw error;
  }
  const outcomeIn = act.outcomeIn === undefined ? act.workspaceId : act.outcomeIn(result);
  await options.audit.record({ ...base, ...inWorkspace(outcomeIn), outcome: 'Succeeded' });
  return result;
}

export const resourceNotFound = (call: ArmCall, what: string): HttpError =>
  new HttpError(404, 'ResourceNotFound', `The ${what} '${call.scope}' was not found.`);

/** When and by whom, as ARM shows it. */
export const systemData = (times: { createdAt: number; modifiedAt: number }): JsonObject => ({
  createdAt: new Date(times.createdAt).toISOString(),
  lastModifiedAt: new Date(times.modifiedAt).toISOString(),
});
