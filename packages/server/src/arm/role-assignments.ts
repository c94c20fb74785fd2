import { isGuid, principalId as readPrincipalId } from '@strongroom/base';
import { allRoles, roleById, roles } from '../access/roles.js';
import type { Role } from '../access/roles.js';
import { isWithin } from '../access/decide.js';
import type { JsonObject, StoredRoleAssignment } from '../catalog/records.js';
import type { Snapshot } from '../catalog/snapshot.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { audited, authorise, workspaceAbove } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import { invalid, readObject, readOptionalText, readText } from './fields.js';

const provider = 'Microsoft.Authorization';
const type = `${provider}/roleAssignments`;

/** `Microsoft.Authorization`: role assignments and definitions at any scope. */
export function roleRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, clock } = options;
  const all = '*/providers/microsoft.authorization/roleassignments';
  const one = `${all}/:assignment`;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
    resourceType = 'roleAssignments',
  ): Route => ({ method, pattern, provider, type: resourceType, run });
  const find = (call: ArmCall): StoredRoleAssignment | undefined => {
    const id = (call.params['assignment'] ?? '').toLowerCase();
    return catalog.snapshot.assignments.find(
      (assignment) => assignment.scopeKey === call.scopeKey && assignment.id === id,
    );
  };
  const show = (found: StoredRoleAssignment): JsonObject => showAssignment(options, found);
  const inWorkspace = (call: ArmCall) => workspaceAbove(catalog, call.scopeKey)?.workspaceId;

  async function put(call: ArmCall): Promise<Outgoing> {
    await authorise(options, call, `${type}/write`, call.scopeKey);
    const id = call.params['assignment'] ?? '';
    if (!isGuid(id)) throw invalid('roleAssignmentName', 'A role assignment is named by a GUID.');
    const body = readObject(await readJsonBody(call.request));
    const properties = readObject(body['properties'], 'properties');
    const roleText = readText(properties['roleDefinitionId'], 'properties.roleDefinitionId');
    const role = roleById(roleText.split('/').at(-1) ?? '');
    if (role === undefined) {
      throw new HttpError(
        404,
        'RoleDefinitionDoesNotExist',
        `The specified role definition with ID '${roleText}' does not exist.`,
      );
    }
    const principalText = readText(properties['principalId'], 'properties.principalId');
    if (!isGuid(principalText))
      throw invalid('properties.principalId', 'A principal id is a GUID.');
    const principalId = readPrincipalId(principalText);
    if (readOptionalText(properties['condition'], 'properties.condition') !== undefined) {
      throw invalid('properties.condition', 'Conditions are not supported.');
    }
    const made = await audited(
      options,
      call,
      {
        operation: `${type}/write`,
        target: call.scopeKey,
        workspaceId: inWorkspace(call),
        properties: { roleName: role.name, principalId },
      },
      () =>
        catalog.change(async (write, snapshot) => {
          const principalType = principalTypeOf(snapshot, principalId);
          checkScope(options, snapshot, call);
          const before = find(call);
          if (before !== undefined) {
            if (before.roleId !== role.id || before.principalId !== principalId) {
              throw new HttpError(
                409,
                'RoleAssignmentUpdateNotPermitted',
                'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
              );
            }
            return before;
          }
          const same = (snapshot.assignmentsByPrincipal.get(principalId) ?? []).find(
            (other) => other.scopeKey === call.scopeKey && other.roleId === role.id,
          );
          if (same !== undefined) {
            throw new HttpError(
              409,
              'RoleAssignmentExists',
              `The role assignment already exists. The ID of the existing role assignment is ${same.id.replaceAll('-', '')}.`,
            );
          }
          const assignment: StoredRoleAssignment = {
            id: id.toLowerCase(),
            scope: call.scope,
            scopeKey: call.scopeKey,
            roleId: role.id,
            principalId,
            principalType,
            createdAt: clock.now(),
            createdBy: call.principal.name,
          };
          await write.putAssignment(assignment);
          return assignment;
        }),
    );
    return jsonAnswer(201, show(made));
  }

  async function remove(call: ArmCall): Promise<Outgoing> {
    await authorise(options, call, `${type}/delete`, call.scopeKey);
    const found = find(call);
    if (found === undefined) return { status: 204 };
    await audited(
      options,
      call,
      {
        operation: `${type}/delete`,
        target: call.scopeKey,
        workspaceId: inWorkspace(call),
        properties: {
          roleName: roleById(found.roleId)?.name ?? found.roleId,
          principalId: found.principalId,
        },
      },
      () =>
        catalog.change(async (write, snapshot) => {
          refuseLastAdministrator(snapshot, found);
          await write.removeAssignment(found);
        }),
    );
    return jsonAnswer(200, show(found));
  }

  async function list(call: ArmCall): Promise<Outgoing> {
    await authorise(options, call, `${type}/read`, call.scopeKey);
    const filter = readFilter(call.request.path.query.get('$filter'));
    const value = catalog.snapshot.assignments
      .filter(({ scopeKey, principalId }) => {
        const above = isWithin(call.scopeKey, scopeKey);
        const below = !filter.atScopeOnly && isWithin(scopeKey, call.scopeKey);
        return (
          (above || below) &&
          (filter.principalId === undefined || filter.principalId === principalId)
        );
      })
      .map(show);
    return jsonAnswer(200, { value });
  }

  const definitions = '*/providers/microsoft.authorization/roledefinitions';
  return [
    route('GET', all, list),
    route('GET', one, async (call) => {
      await authorise(options, call, `${type}/read`, call.scopeKey);
      const found = find(call);
      if (found === undefined) {
        throw new HttpError(
          404,
          'RoleAssignmentNotFound',
          `The role assignment '${call.params['assignment'] ?? ''}' is not found.`,
        );
      }
      return jsonAnswer(200, show(found));
    }),
    route('PUT', one, put),
    route('DELETE', one, remove),
    // What the roles are is no secret: whoever proved who they are may read it.
    route(
      'GET',
      definitions,
      async (call) => {
        const name = /roleName\s+eq\s+'([^']*)'/i.exec(
          call.request.path.query.get('$filter') ?? '',
        )?.[1];
        return jsonAnswer(200, {
          value: allRoles()
            .filter((role) => name === undefined || role.name.toLowerCase() === name.toLowerCase())
            .map((role) => showRole(options, role)),
        });
      },
      'roleDefinitions',
    ),
    route(
      'GET',
      `${definitions}/:definition`,
      async (call) => {
        const role = roleById(call.params['definition'] ?? '');
        if (role === undefined) {
          throw new HttpError(404, 'RoleDefinitionDoesNotExist', 'There is no such role.');
        }
        return jsonAnswer(200, showRole(options, role));
      },
      'roleDefinitions',
    ),
  ];
}

function principalTypeOf(
  snapshot: Snapshot,
  id: StoredRoleAssignment['principalId'],
): StoredRoleAssignment['principalType'] {
  if (snapshot.users.has(id)) return 'User';
  if (snapshot.applicationsByPrincipal.has(id)) return 'ServicePrincipal';
  throw new HttpError(
    400,
    'PrincipalNotFound',
    `Principal ${id.replaceAll('-', '')} does not exist in the directory.`,
    { detail: { target: 'properties.principalId' } },
  );
}

/** Roles are assigned at the service, the subscription, a group, or a resource that exists. */
export function checkScope(options: ArmOptions, snapshot: Snapshot, call: ArmCall): void {
  const { scopeKey } = call;
  const subscription = `/subscriptions/${options.subscriptionId}`;
  const isGroup = new RegExp(`^${subscription}/resourcegroups/[^/]+$`).test(scopeKey);
  const workspace = workspaceAbove(options.catalog, scopeKey);
  const exists =
    scopeKey === '/' ||
    scopeKey === subscription ||
    isGroup ||
    workspace !== undefined ||
    snapshot.resources.has(scopeKey);
  if (exists) return;
  throw new HttpError(404, 'ResourceNotFound', `The scope '${call.scope}' does not exist.`);
}

/** Without an owner of the service nobody could ever administer it again. */
export function refuseLastAdministrator(
  snapshot: Snapshot,
  removed: Pick<StoredRoleAssignment, 'scopeKey' | 'roleId' | 'principalId'>,
): void {
  if (removed.scopeKey !== '/' || removed.roleId !== roles.owner.id) return;
  const others = snapshot.assignments.some(
    ({ scopeKey, roleId, principalId }) =>
      scopeKey === '/' &&
      roleId === roles.owner.id &&
      principalId !== removed.principalId &&
      snapshot.users.get(principalId)?.disabled === false,
  );
  if (others) return;
  throw new HttpError(409, 'Conflict', 'The service needs an administrator; this is the last one.');
}

function readFilter(text: string | undefined): {
  atScopeOnly: boolean;
  principalId: string | undefined;
} {
  const filter = { atScopeOnly: false, principalId: undefined as string | undefined };
  for (const part of (text ?? '').split(/\s+and\s+/i)) {
    if (part.trim() === '') continue;
    const principal =
      /^\s*(?:principalId\s+eq\s+|assignedTo\()'\{?([0-9a-f-]{36})\}?'\)?\s*$/i.exec(part)?.[1];
    if (principal !== undefined) filter.principalId = principal.toLowerCase();
    else if (/^\s*atScope\(\)\s*$/i.test(part)) filter.atScopeOnly = true;
    else throw invalid('$filter', "The filter may hold atScope() and principalId eq '{id}'.");
  }
  return filter;
}

const showAssignment = (options: ArmOptions, found: StoredRoleAssignment): JsonObject => ({
  id: `${found.scope === '/' ? '' : found.scope}/providers/${type}/${found.id}`,
  name: found.id,
  type,
  properties: {
    roleDefinitionId: `/subscriptions/${options.subscriptionId}/providers/${provider}/roleDefinitions/${found.roleId}`,
    principalId: found.principalId,
    principalType: found.principalType,
    scope: found.scope,
    createdOn: new Date(found.createdAt).toISOString(),
    updatedOn: new Date(found.createdAt).toISOString(),
    createdBy: found.createdBy,
  },
});

const showRole = (options: ArmOptions, role: Role): JsonObject => {
  const actions = [...role.actions];
  const isData = (action: string): boolean => action === 'Microsoft.Insights/Telemetry/Write';
  return {
    id: `/subscriptions/${options.subscriptionId}/providers/${provider}/roleDefinitions/${role.id}`,
    name: role.id,
    type: `${provider}/roleDefinitions`,
    properties: {
      roleName: role.name,
      type: 'BuiltInRole',
      description: role.description,
      assignableScopes: ['/'],
      permissions: [
        {
          actions: actions.filter((action) => !isData(action)),
          notActions: [],
          dataActions: actions.filter(isData),
          notDataActions: [],
        },
      ],
    },
  };
};
