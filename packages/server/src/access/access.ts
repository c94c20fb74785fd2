import type { Principal } from './principal.js';

/**
 * What can be done, by Azure's names for actions, and data actions where Azure has them.
 * `roles.ts` says which role holds which; an action not listed there is held by nobody.
 */
export type Action =
  | 'Microsoft.OperationalInsights/workspaces/read'
  | 'Microsoft.OperationalInsights/workspaces/write'
  | 'Microsoft.OperationalInsights/workspaces/create/action'
  | 'Microsoft.OperationalInsights/workspaces/delete'
  | 'Microsoft.OperationalInsights/workspaces/query/read'
  | 'Microsoft.OperationalInsights/workspaces/tables/read'
  | 'Microsoft.OperationalInsights/workspaces/tables/write'
  | 'Microsoft.OperationalInsights/workspaces/tables/delete'
  | 'Microsoft.OperationalInsights/workspaces/dataExports/read'
  | 'Microsoft.OperationalInsights/workspaces/dataExports/write'
  | 'Microsoft.OperationalInsights/workspaces/dataExports/delete'
  | 'Microsoft.OperationalInsights/workspaces/purge/action'
  | 'Microsoft.OperationalInsights/workspaces/agents/read'
  | 'Microsoft.OperationalInsights/workspaces/agents/write'
  | 'Microsoft.OperationalInsights/clusters/read'
  | 'Microsoft.OperationalInsights/clusters/write'
  | 'Microsoft.OperationalInsights/clusters/delete'
  | 'Microsoft.Insights/dataCollectionRules/read'
  | 'Microsoft.Insights/dataCollectionRules/write'
  | 'Microsoft.Insights/dataCollectionRules/delete'
  | 'Microsoft.Insights/dataCollectionEndpoints/read'
  | 'Microsoft.Insights/dataCollectionEndpoints/write'
  | 'Microsoft.Insights/dataCollectionEndpoints/delete'
  | 'Microsoft.Insights/Telemetry/Write'
  | 'Microsoft.Authorization/roleAssignments/read'
  | 'Microsoft.Authorization/roleAssignments/write'
  | 'Microsoft.Authorization/roleAssignments/delete'
  | 'Microsoft.Authorization/locks/read'
  | 'Microsoft.Authorization/locks/write'
  | 'Microsoft.Authorization/locks/delete'
  | 'Microsoft.Strongroom/holds/read'
  | 'Microsoft.Strongroom/holds/write'
  | 'Microsoft.Strongroom/users/read'
  | 'Microsoft.Strongroom/users/write'
  | 'Microsoft.Strongroom/keys/read'
  | 'Microsoft.Strongroom/keys/write'
  | 'Microsoft.Strongroom/service/read'
  | 'Microsoft.Strongroom/service/write';

/**
 * Decides one act. `scope` is a normalised resource id (see `http/request-path.ts`): lower case,
 * decoded, no double or trailing slash; `/` is the service itself. Assignments at a scope hold for
 * everything below it. Without an assignment that allows the act the answer is no.
 */
export interface Access {
  allows(principal: Principal, action: Action, scope: string): boolean;
  /** Names of the roles that the principal has at this scope or above it. */
  rolesAt(principal: Principal, scope: string): readonly string[];
}
