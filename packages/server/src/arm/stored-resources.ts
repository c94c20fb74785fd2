import { roles } from '../access/roles.js';
import type { Role } from '../access/roles.js';
import type { CatalogWriter } from '../catalog/open-catalog.js';
import type { JsonObject, StoredResource } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { audited, authorise, resourceNotFound } from './context.js';
import type { ArmCall, ArmOptions, Audited } from './context.js';
import { checkGroup, ownership } from './workspaces.js';

/** A kind of resource of a resource group that the catalog keeps whole. */
export interface ResourceKind {
  readonly kind: StoredResource['kind'];
  readonly type:
    | 'Microsoft.Insights/dataCollectionEndpoints'
    | 'Microsoft.Insights/dataCollectionRules'
    | 'Microsoft.OperationalInsights/clusters';
  /** As errors call it. */
  readonly what: string;
  readonly show: (found: StoredResource, call: ArmCall) => JsonObject;
  /** What whoever makes one is given on it. Default: owner. */
  readonly makersRoles?: readonly Role[];
  /** Where and with what an act on one is audited, beyond its target. */
  readonly auditOf?: (found: StoredResource) => Pick<Audited, 'workspaceId' | 'properties'>;
}

/** What such resources have in common, whatever they are. */
export interface StoredResources {
  readonly find: (call: ArmCall) => StoredResource | undefined;
  readonly listIn: (where: 'group' | 'subscription') => (call: ArmCall) => Promise<Outgoing>;
  readonly get: (call: ArmCall) => Promise<Outgoing>;
  /**
   * The resource that is to be changed; the caller may write it. Throws a 404 where there is none.
   */
  readonly toChange: (call: ArmCall) => Promise<StoredResource>;
  /** What a new one is before anything was said about it. */
  readonly blank: (call: ArmCall, immutableId: string) => StoredResource;
  /** Keeps `after` in place of `before`; `first` runs between the audit's record and that. */
  readonly store: (
    call: ArmCall,
    before: StoredResource | undefined,
    after: StoredResource,
    first?: () => Promise<void>,
  ) => Promise<Outgoing>;
  /** `also`: what goes with it. It may refuse. */
  readonly remove: (
    also?: (found: StoredResource, write: CatalogWriter) => Promise<void>,
  ) => (call: ArmCall) => Promise<Outgoing>;
}

/** Makes the handlers of a kind. */
export function storedResources(options: ArmOptions, kind: ResourceKind): StoredResources {
  const { catalog, access, clock, random } = options;
  const { type, what, show, makersRoles = [roles.owner], auditOf } = kind;
  const find = ({ scopeKey }: ArmCall): StoredResource | undefined => {
    const found = catalog.snapshot.resources.get(scopeKey);
    return found?.kind === kind.kind ? found : undefined;
  };
  const known = (call: ArmCall): StoredResource => {
    const found = find(call);
    if (found === undefined) throw resourceNotFound(call, what);
    return found;
  };
  return {
    find,
    listIn: (where) => async (call) =>
      jsonAnswer(200, {
        value: [...catalog.snapshot.resources.values()]
          .filter(
            (found) =>
              found.kind === kind.kind &&
              (where === 'subscription' ||
                found.resourceGroup.toLowerCase() === call.params['group']?.toLowerCase()) &&
              access.allows(call.principal, `${type}/read`, found.resourceKey),
          )
          .map((found) => show(found, call)),
      }),
    get: async (call) => {
      await authorise(options, call, `${type}/read`, call.scopeKey);
      return jsonAnswer(200, show(known(call), call));
    },
    toChange: async (call) => {
      await authorise(options, call, `${type}/write`, call.scopeKey);
      return known(call);
    },
    blank: (call, immutableId) => {
      const { subscription = '', group = '', name = '' } = call.params;
      checkGroup(group);
      const resourceId = `/subscriptions/${subscription}/resourceGroups/${group}/providers/${type}/${name}`;
      const now = clock.now();
      return {
        kind: kind.kind,
        resourceId,
        resourceKey: resourceId.toLowerCase(),
        name,
        subscriptionId: subscription.toLowerCase(),
        resourceGroup: group,
        region: '',
        immutableId,
        version: 0,
        tags: {},
        flavor: undefined,
        properties: {},
        createdAt: now,
        modifiedAt: now,
      };
    },
    store: async (call, before, after, first = async () => undefined) => {
      const { principal } = call;
      await audited(
        options,
        call,
        { operation: `${type}/write`, target: call.scopeKey, ...auditOf?.(after) },
        async () => {
          await first();
          await catalog.change(async (write, snapshot) => {
            // Whoever may add a resource need not be allowed to change one: where somebody else was
            // faster, what was decided for a new one no longer holds.
            const now = snapshot.resources.get(after.resourceKey);
            if (now?.immutableId !== before?.immutableId) {
              throw new HttpError(
                409,
                'Conflict',
                'The resource was changed in the meantime. Try again.',
              );
            }
            await write.putResource(after);
            if (before !== undefined) return;
            for (const role of makersRoles) {
              await write.putAssignment(
                ownership({
                  id: random.uuid(),
                  kind: principal.kind,
                  name: principal.name,
                  principalId: principal.id,
                  roleId: role.id,
                  scope: after.resourceId,
                  at: after.createdAt,
                }),
              );
            }
          });
        },
      );
      return jsonAnswer(before === undefined ? 201 : 200, show(after, call));
    },
    remove:
      (also = async () => undefined) =>
      async (call) => {
        await authorise(options, call, `${type}/delete`, call.scopeKey);
        const found = find(call);
        if (found === undefined) return { status: 204 };
        await audited(
          options,
          call,
          { operation: `${type}/delete`, target: call.scopeKey, ...auditOf?.(found) },
          () =>
            catalog.change(async (write) => {
              await also(found, write);
              await write.removeResource(call.scopeKey);
            }),
        );
        return { status: 200, headers: { 'content-length': '0' } };
      },
  };
}
