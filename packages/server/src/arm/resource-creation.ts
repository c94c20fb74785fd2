import type { ArmCall, ArmOptions } from './context.js';

/**
 * Who may add a rule or an endpoint to a resource group without a role there: whoever owns a
 * workspace in it. Their rule can only lead to workspaces that they may write, so it gives them
 * nothing that they do not have (docs/access.md).
 */
export function mayAddInsightsResource(
  { catalog, access }: Pick<ArmOptions, 'catalog' | 'access'>,
  call: ArmCall,
): boolean {
  const group = call.params['group']?.toLowerCase();
  return catalog
    .workspaces()
    .some(
      ({ resourceGroup, resourceKey }) =>
        resourceGroup.toLowerCase() === group &&
        access.allows(
          call.principal,
          'Microsoft.OperationalInsights/workspaces/write',
          resourceKey,
        ),
    );
}
