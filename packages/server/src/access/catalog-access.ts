import type { Principal } from './principal.js';
import type { AccessFacts } from './decide.js';
import type { Catalog } from '../catalog/open-catalog.js';

/** The facts of the catalog's newest committed state. */
export function accessFacts(catalog: Catalog): AccessFacts {
  const { snapshot } = catalog;
  return {
    isActive: (principal) => isActive(catalog, principal),
    assignmentsOf: (id) => snapshot.assignmentsByPrincipal.get(id) ?? [],
    workspaceKey: (id) => catalog.workspace(id)?.resourceKey,
  };
}

function isActive({ snapshot }: Catalog, principal: Principal): boolean {
  switch (principal.kind) {
    case 'User':
      return snapshot.users.get(principal.id)?.disabled === false;
    case 'Application':
      return snapshot.applicationsByPrincipal.get(principal.id)?.disabled === false;
    case 'Agent': {
      const agent = snapshot.agents.get(principal.id);
      return agent !== undefined && agent.revokedAt === undefined;
    }
    case 'Service':
      return false;
  }
}
