import type { PrincipalId, WorkspaceId } from '@strongroom/base';
import type { Access, Action } from './access.js';
import type { Principal } from './principal.js';
import { roleById } from './roles.js';

/** What decisions are made from; the catalog's snapshot has it. */
export interface AccessFacts {
  /** Exists, is not disabled, not revoked. */
  isActive(principal: Principal): boolean;
  assignmentsOf(id: PrincipalId): readonly { readonly scopeKey: string; readonly roleId: string }[];
  /** Normalised resource id of a workspace that exists. */
  workspaceKey(id: WorkspaceId): string | undefined;
}

/**
 * Decides by the assignments of the moment: `facts` is asked anew for each act, so a role taken
 * away, a user disabled or an agent revoked is out with the next request.
 */
export function createAccess(facts: () => AccessFacts): Access {
  const rolesAt = (known: AccessFacts, principal: Principal, scope: string) => {
    if (principal.kind !== 'User' && principal.kind !== 'Application') return [];
    if (!isScope(scope) || !known.isActive(principal)) return [];
    return known.assignmentsOf(principal.id).flatMap(({ scopeKey, roleId }) => {
      const found = roleById(roleId);
      return found !== undefined && isWithin(scope, scopeKey) ? [found] : [];
    });
  };
  return {
    allows: (principal, action, scope) => {
      const known = facts();
      if (principal.kind === 'Agent') return agentMay(known, principal, action, scope);
      return rolesAt(known, principal, scope).some(({ actions }) => actions.has(action));
    },
    rolesAt: (principal, scope) => [
      ...new Set(rolesAt(facts(), principal, scope).map(({ name }) => name)),
    ],
  };
}

/** An agent sends data to the workspace of its certificate, and nothing else. */
function agentMay(
  facts: AccessFacts,
  principal: Principal,
  action: Action,
  scope: string,
): boolean {
  return (
    action === 'Microsoft.Insights/Telemetry/Write' &&
    principal.proof === 'certificate' &&
    principal.workspaceId !== undefined &&
    facts.workspaceKey(principal.workspaceId) === scope &&
    facts.isActive(principal)
  );
}

/** True where `scope` is `at` or lies below it. Both normalised; `/` is above everything. */
export const isWithin = (scope: string, at: string): boolean =>
  at === '/' || scope === at || scope.startsWith(`${at}/`);

/** A scope that was not normalised is refused rather than compared. */
const isScope = (scope: string): boolean =>
  scope === '/' ||
  (scope.startsWith('/') &&
    !scope.endsWith('/') &&
    !scope.includes('//') &&
    scope === scope.toLowerCase());
