import { isGuid, workspaceId } from '@strongroom/base';
import type { Access } from '../access/access.js';
import type { Principal } from '../access/principal.js';
import type { Audit } from '../audit/audit.js';
import type { CatalogReader, WorkspaceRecord } from '../catalog/catalog.js';
import { HttpError } from '../http/errors.js';
import type { Incoming } from '../http/request.js';
import { resourceKey } from '../http/request-path.js';
import { badRequest } from './failures.js';

const action = 'Microsoft.OperationalInsights/workspaces/query/read';

/** Finds the workspaces that a query names beside its own. */
export type FindWorkspace = (name: string) => Promise<WorkspaceRecord | undefined>;

/**
 * Reads names of workspaces as `workspace("…")` and the Query API's `workspaces` have them: an id, a
 * resource id, a name, or a name after its resource group (and subscription). Gives undefined both
 * for what is not there and for what the caller may not read; the refusal is audited where it
 * happened. Throws a 400 where several that the caller may read have the name.
 */
export function findWorkspaces(options: {
  readonly catalog: CatalogReader;
  readonly access: Access;
  readonly audit: Audit;
  readonly principal: Principal;
  readonly request: Incoming;
}): FindWorkspace {
  const { catalog, access, audit, principal, request } = options;
  return async (name) => {
    const found = named(catalog, name);
    const readable = found.filter((each) => access.allows(principal, action, each.resourceKey));
    if (readable.length > 1) {
      throw badRequest('AmbiguousWorkspace', 'Several workspaces have this name; use its id.');
    }
    if (readable[0] !== undefined) return readable[0];
    for (const each of found) {
      await audit.record({
        principal,
        operation: action,
        outcome: 'Refused',
        target: each.resourceId,
        workspaceId: each.workspaceId,
        callerIp: request.callerIp,
        correlationId: request.correlationId,
        reason: 'InsufficientAccessError',
      });
    }
    return undefined;
  };
}

function named(catalog: CatalogReader, name: string): readonly WorkspaceRecord[] {
  const one = (record: WorkspaceRecord | undefined) => (record === undefined ? [] : [record]);
  if (isGuid(name)) return one(catalog.workspace(workspaceId(name)));
  if (name.startsWith('/')) return one(catalog.workspaceByResourceId(resourceKey(name)));
  const [last = '', group, subscription] = name.toLowerCase().split('/').toReversed();
  return catalog
    .workspaces()
    .filter(
      (each) =>
        each.name.toLowerCase() === last &&
        (group === undefined || each.resourceGroup.toLowerCase() === group) &&
        (subscription === undefined || each.subscriptionId.toLowerCase() === subscription),
    );
}

/** The same words, whether it is there or not: as a query's own `workspace("…")` says it. */
export const unknownWorkspace = (name: string): HttpError =>
  new HttpError(400, 'BadArgumentError', 'The request had some invalid properties', {
    detail: {
      innererror: {
        code: 'SemanticError',
        message: 'A semantic error occurred.',
        innererror: {
          code: 'SEM0100',
          message: `The workspace '${name.slice(0, 300)}' is not known, or you may not read it`,
        },
      },
    },
  });
