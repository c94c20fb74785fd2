import type { JsonObject } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { isWithin } from '../access/decide.js';
import type { ArmCall, ArmOptions, Route } from './context.js';

/**
 * The subscription and its resource groups, as far as clients look at them. A group is not made:
 * it exists while something is in it or a role is assigned at it. Everyone sees the groups in which
 * they have a role.
 */
export function resourceGroupRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, access, subscriptionId, tenantId } = options;
  const groupsPath = '/subscriptions/:subscription/resourcegroups';
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
  ): Route => ({
    method,
    pattern,
    provider: 'Microsoft.Resources',
    type: 'subscriptions/resourceGroups',
    run,
  });

  const groups = (call: ArmCall): readonly string[] => {
    const { snapshot } = catalog;
    const found = new Map<string, string>();
    const own = snapshot.assignmentsByPrincipal.get(call.principal.id) ?? [];
    const add = (id: string): void => {
      const name = /^\/subscriptions\/[^/]+\/resourcegroups\/([^/]+)/i.exec(id)?.[1];
      if (name === undefined) return;
      const key = `/subscriptions/${subscriptionId}/resourcegroups/${name.toLowerCase()}`;
      const sees =
        access.rolesAt(call.principal, key).length > 0 ||
        own.some(({ scopeKey }) => isWithin(scopeKey, key));
      if (sees && !found.has(key)) found.set(key, name);
    };
    for (const workspace of catalog.workspaces()) add(workspace.resourceId);
    for (const resource of snapshot.resources.values()) add(resource.resourceId);
    for (const { scope } of own) add(scope);
    return [...found.values()];
  };
  const show = (name: string): JsonObject => ({
    id: `/subscriptions/${subscriptionId}/resourceGroups/${name}`,
    name,
    type: 'Microsoft.Resources/resourceGroups',
    location: options.regions[0] ?? '',
    properties: { provisioningState: 'Succeeded' },
  });
  const subscription = {
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId,
    displayName: 'Strongroom',
    state: 'Enabled',
  };
  const find = (call: ArmCall): string | undefined =>
    groups(call).find((name) => name.toLowerCase() === call.params['group']?.toLowerCase());

  return [
    route('GET', '/subscriptions', async () => jsonAnswer(200, { value: [subscription] })),
    route('GET', '/subscriptions/:subscription', async () => jsonAnswer(200, subscription)),
    route('GET', groupsPath, async (call) => jsonAnswer(200, { value: groups(call).map(show) })),
    route('GET', `${groupsPath}/:group`, async (call) => {
      const name = find(call);
      if (name === undefined) {
        throw new HttpError(
          404,
          'ResourceGroupNotFound',
          `Resource group '${call.params['group'] ?? ''}' could not be found.`,
        );
      }
      return jsonAnswer(200, show(name));
    }),
    route('HEAD', `${groupsPath}/:group`, async (call) => ({
      status: find(call) === undefined ? 404 : 204,
    })),
  ];
}
