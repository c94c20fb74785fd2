import type { Action } from './access.js';

/**
 * The roles that can be assigned: Azure's built-in ones by their real names and ids, holding
 * exactly the actions listed here, and one of ours. docs/access.md has the table for people.
 *
 * Where we give less than Azure does, on purpose: the contributors may not purge, and the user
 * access administrator may not read logs.
 */
export interface Role {
  /** GUID, lower case. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly actions: ReadonlySet<Action>;
}

/** Telemetry is a data action: in Azure too no owner holds it without the publisher role. */
const telemetry = 'Microsoft.Insights/Telemetry/Write' satisfies Action;

const configurationReads = [
  'Microsoft.OperationalInsights/workspaces/read',
  'Microsoft.OperationalInsights/workspaces/tables/read',
  'Microsoft.OperationalInsights/workspaces/agents/read',
  'Microsoft.OperationalInsights/workspaces/dataExports/read',
  'Microsoft.OperationalInsights/clusters/read',
  'Microsoft.Insights/dataCollectionRules/read',
  'Microsoft.Insights/dataCollectionEndpoints/read',
  'Microsoft.Authorization/roleAssignments/read',
  'Microsoft.Authorization/locks/read',
  'Microsoft.Strongroom/holds/read',
] as const satisfies readonly Action[];

const reads = [
  ...configurationReads,
  'Microsoft.OperationalInsights/workspaces/query/read',
] as const satisfies readonly Action[];

const contributions = [
  ...reads,
  'Microsoft.OperationalInsights/workspaces/write',
  'Microsoft.OperationalInsights/workspaces/create/action',
  'Microsoft.OperationalInsights/workspaces/delete',
  'Microsoft.OperationalInsights/workspaces/tables/write',
  'Microsoft.OperationalInsights/workspaces/tables/delete',
  'Microsoft.OperationalInsights/workspaces/agents/write',
  'Microsoft.OperationalInsights/workspaces/dataExports/write',
  'Microsoft.OperationalInsights/workspaces/dataExports/delete',
  'Microsoft.OperationalInsights/clusters/write',
  'Microsoft.OperationalInsights/clusters/delete',
  'Microsoft.Insights/dataCollectionRules/write',
  'Microsoft.Insights/dataCollectionRules/delete',
  'Microsoft.Insights/dataCollectionEndpoints/write',
  'Microsoft.Insights/dataCollectionEndpoints/delete',
] as const satisfies readonly Action[];

const authorization = [
  'Microsoft.Authorization/roleAssignments/read',
  'Microsoft.Authorization/roleAssignments/write',
  'Microsoft.Authorization/roleAssignments/delete',
  'Microsoft.Authorization/locks/read',
  'Microsoft.Authorization/locks/write',
  'Microsoft.Authorization/locks/delete',
  'Microsoft.Strongroom/holds/read',
  'Microsoft.Strongroom/holds/write',
] as const satisfies readonly Action[];

const role = (id: string, name: string, description: string, actions: readonly Action[]): Role => ({
  id,
  name,
  description,
  actions: new Set(actions),
});

export const roles = {
  owner: role(
    '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
    'Owner',
    'Manages everything, access included. Sends no data without the publisher role.',
    [
      ...contributions,
      ...authorization,
      'Microsoft.OperationalInsights/workspaces/purge/action',
      'Microsoft.Strongroom/users/read',
      'Microsoft.Strongroom/users/write',
      'Microsoft.Strongroom/keys/read',
      'Microsoft.Strongroom/keys/write',
      'Microsoft.Strongroom/service/read',
      'Microsoft.Strongroom/service/write',
    ],
  ),
  contributor: role(
    'b24988ac-6180-42a0-ab88-20f7382dd24c',
    'Contributor',
    'Manages everything but access and purging.',
    contributions,
  ),
  reader: role(
    'acdd72a7-3385-48ef-bd42-f606fba81ae7',
    'Reader',
    'Reads everything, logs included; changes nothing.',
    reads,
  ),
  logAnalyticsContributor: role(
    '92aaf0da-9dab-42b6-94a3-d43ce8d16293',
    'Log Analytics Contributor',
    'Manages workspaces, tables, agents and rules, and reads logs; neither access nor purging.',
    contributions,
  ),
  logAnalyticsReader: role(
    '73c42c96-874c-492b-b04d-ab87d138a893',
    'Log Analytics Reader',
    'Queries logs and sees how workspaces are set up.',
    reads,
  ),
  metricsPublisher: role(
    '3913510d-42f4-4e42-8a64-420c390055eb',
    'Monitoring Metrics Publisher',
    'Sends data through a data collection rule; reads nothing.',
    [telemetry],
  ),
  dataPurger: role(
    '150f5e0c-0603-4f03-8c7f-cf70034c4e90',
    'Data Purger',
    'Purges data from a workspace.',
    [
      'Microsoft.OperationalInsights/workspaces/read',
      'Microsoft.OperationalInsights/workspaces/purge/action',
    ],
  ),
  userAccessAdministrator: role(
    '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
    'User Access Administrator',
    'Manages access and sees how things are set up; reads no logs.',
    [...configurationReads, ...authorization, 'Microsoft.Strongroom/users/read'],
  ),
  workspaceCreator: role(
    '5b0c1f7e-6d0a-4f0e-9c53-2f1d3a8e7b46',
    'Workspace Creator',
    'Creates workspaces, which it then owns; sees none of the others.',
    ['Microsoft.OperationalInsights/workspaces/create/action'],
  ),
} as const;

const byId: ReadonlyMap<string, Role> = new Map(
  Object.values(roles).map((definition) => [definition.id, definition]),
);

/** `undefined` for an id that is no role of ours. */
export const roleById = (id: string): Role | undefined => byId.get(id.toLowerCase());

export const allRoles = (): readonly Role[] => [...byId.values()];
