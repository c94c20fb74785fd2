import { HttpError } from '../http/errors.js';
import type { Exports } from '../export/exports.js';
import type { AuthenticatedHandler, Incoming } from '../http/request.js';
import type { Principal } from '../access/principal.js';
import { refuseLocked } from '../locks/refuse-locked.js';
import { checkApiVersion } from './api-versions.js';
import { associationRoutes } from './associations.js';
import { clusterRoutes } from './clusters.js';
import type { ClusterOptions } from './clusters.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import { dataExportRoutes } from './data-exports.js';
import { endpointRoutes } from './endpoints.js';
import { holdRoutes } from './holds.js';
import { lockRoutes } from './locks.js';
import { purgeRoutes } from './purge.js';
import { resourceGroupRoutes } from './resource-groups.js';
import { retentionRoutes } from './retention.js';
import { roleRoutes } from './role-assignments.js';
import { ruleRoutes } from './rules.js';
import { savedSearchRoutes } from './saved-searches.js';
import { tableRoutes } from './tables.js';
import { workspaceRoutes } from './workspaces.js';

/**
 * Azure Resource Manager's face of the control plane (azure-api.md §4, §5). Routes match the
 * normalised path, and the same path is what locks and access are decided on. Everything is done when the
 * answer comes: there are no long-running operations to poll.
 */
export function createArm(
  options: ArmOptions & { readonly keys?: ClusterOptions['keys']; readonly exports?: Exports },
): AuthenticatedHandler {
  const routes = [
    ...workspaceRoutes(options),
    ...tableRoutes(options),
    ...savedSearchRoutes(options),
    ...endpointRoutes(options),
    ...ruleRoutes(options),
    ...associationRoutes(options),
    ...(options.keys === undefined ? [] : clusterRoutes({ ...options, keys: options.keys })),
    ...(options.exports === undefined
      ? []
      : dataExportRoutes({ ...options, exports: options.exports })),
    ...roleRoutes(options),
    ...purgeRoutes(options),
    ...retentionRoutes(options),
    ...lockRoutes(options),
    ...holdRoutes(options),
    ...resourceGroupRoutes(options),
  ].map((route) => ({ route, segments: route.pattern.split('/').filter((part) => part !== '') }));

  return async (request, principal) => {
    const { path } = request;
    if (!isArmPath(path.key)) return undefined;
    checkSubscription(path.key, options.subscriptionId);
    let known: Route | undefined;
    for (const { route, segments } of routes) {
      const call = match(segments, request, principal);
      if (call === undefined) continue;
      known = route;
      if (route.method !== request.method) continue;
      checkApiVersion(request, route.provider, route.type);
      await refuseLocked(options, { request, principal, scopeKey: path.key });
      return route.run(call);
    }
    if (known !== undefined) {
      checkApiVersion(request, known.provider, known.type);
      throw new HttpError(
        405,
        'HttpMethodNotSupported',
        `The method ${request.method} is not supported for ${known.provider}/${known.type}.`,
      );
    }
    throw new HttpError(
      404,
      'InvalidResourceType',
      `The resource type of '${path.path.slice(0, 512)}' could not be found, or is not supported.`,
    );
  };
}

/** Paths of ARM: below a subscription, or a provider's at the service itself. */
export const isArmPath = (key: string): boolean =>
  key === '/subscriptions' ||
  key.startsWith('/subscriptions/') ||
  key.startsWith('/providers/microsoft.');

function checkSubscription(key: string, subscriptionId: string): void {
  const id = /^\/subscriptions\/([^/]+)/.exec(key)?.[1];
  if (id === undefined || id === subscriptionId) return;
  throw new HttpError(
    404,
    'SubscriptionNotFound',
    `The subscription '${id.slice(0, 64)}' could not be found.`,
  );
}

/** Matches the whole path; `*` at the start of a pattern takes any scope before the rest. */
function match(
  pattern: readonly string[],
  request: Incoming,
  principal: Principal,
): ArmCall | undefined {
  const { segments } = request.path;
  const anyScope = pattern[0] === '*';
  const rest = anyScope ? pattern.slice(1) : pattern;
  const skipped = segments.length - rest.length;
  if (anyScope ? skipped < 0 : skipped !== 0) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of rest.entries()) {
    const segment = segments[skipped + index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = segment;
    else if (part !== segment.toLowerCase()) return undefined;
  }
  const scope = anyScope ? `/${segments.slice(0, skipped).join('/')}` : request.path.path;
  return { request, principal, params, scope, scopeKey: scope.toLowerCase() };
}
