import type { Json, JsonObject, StoredResource } from '../catalog/records.js';
import { objectOf, textOf } from '../catalog/rule-properties.js';
import { roles } from '../access/roles.js';
import type { Snapshot } from '../catalog/snapshot.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { audited, authorise, resourceNotFound, systemData } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import {
  invalid,
  notSupported,
  readObject,
  readOptionalObject,
  readOptionalText,
  readTags,
} from './fields.js';
import { mayAddInsightsResource } from './resource-creation.js';
import { checkGroup, ownership, readLocation } from './workspaces.js';

const provider = 'Microsoft.Insights';
const type = `${provider}/dataCollectionEndpoints`;
export const insightsPath =
  '/subscriptions/:subscription/resourcegroups/:group/providers/microsoft.insights';
export const insightsSubscriptionPath = '/subscriptions/:subscription/providers/microsoft.insights';
/** 3 to 64 letters, digits, dashes, underscores and dots. */
export const insightsName = /^[A-Za-z0-9][A-Za-z0-9_.-]{1,62}[A-Za-z0-9]$/;

/** `Microsoft.Insights/dataCollectionEndpoints`: names under which this service takes logs. */
export function endpointRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, access, clock, random } = options;
  const one = `${insightsPath}/datacollectionendpoints/:name`;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
  ): Route => ({ method, pattern, provider, type: 'dataCollectionEndpoints', run });
  const find = (call: ArmCall): StoredResource | undefined => {
    const found = catalog.snapshot.resources.get(call.scopeKey);
    return found?.kind === 'endpoint' ? found : undefined;
  };

  const list =
    (inGroup: boolean) =>
    async (call: ArmCall): Promise<Outgoing> =>
      jsonAnswer(200, {
        value: [...catalog.snapshot.resources.values()]
          .filter(
            (found) =>
              found.kind === 'endpoint' &&
              (!inGroup || sameGroup(found, call)) &&
              access.allows(call.principal, `${type}/read`, found.resourceKey),
          )
          .map((found) => show(found, call.request.origin)),
      });

  async function put(call: ArmCall): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const before = find(call);
    if (before !== undefined || !mayAddInsightsResource(options, call)) {
      await authorise(options, call, `${type}/write`, call.scopeKey);
    }
    if (!insightsName.test(call.params['name'] ?? '')) {
      throw invalid(
        'dataCollectionEndpointName',
        'A name has 3 to 64 letters, digits and -_. inside.',
      );
    }
    const region = readLocation(body, options.regions);
    return store(call, before, {
      region,
      tags: readTags(body['tags']),
      flavor: readOptionalText(body['kind'], 'kind', { charsMax: 64 }),
      properties: readProperties(readOptionalObject(body['properties'], 'properties')),
    });
  }

  async function patch(call: ArmCall): Promise<Outgoing> {
    await authorise(options, call, `${type}/write`, call.scopeKey);
    const before = find(call);
    if (before === undefined) throw resourceNotFound(call, 'data collection endpoint');
    const body = readOptionalObject(await readJsonBody(call.request), 'body');
    return store(call, before, {
      region: before.region,
      tags: body['tags'] === undefined ? before.tags : readTags(body['tags']),
      flavor: before.flavor,
      properties: before.properties,
    });
  }

  async function store(
    call: ArmCall,
    before: StoredResource | undefined,
    wanted: Pick<StoredResource, 'region' | 'tags' | 'flavor' | 'properties'>,
  ): Promise<Outgoing> {
    const now = clock.now();
    const after: StoredResource = {
      ...(before ?? newResource(call, 'endpoint', `dce-${random.uuid().replaceAll('-', '')}`)),
      ...wanted,
      version: (before?.version ?? 0) + 1,
      createdAt: before?.createdAt ?? now,
      modifiedAt: now,
    };
    await audited(options, call, { operation: `${type}/write`, target: call.scopeKey }, () =>
      catalog.change(async (write, snapshot) => {
        refuseOvertaken(snapshot, before, after);
        await write.putResource(after);
        if (before !== undefined) return;
        await write.putAssignment(
          ownership({
            id: random.uuid(),
            kind: call.principal.kind,
            name: call.principal.name,
            principalId: call.principal.id,
            roleId: roles.owner.id,
            scope: after.resourceId,
            at: now,
          }),
        );
      }),
    );
    return jsonAnswer(before === undefined ? 201 : 200, show(after, call.request.origin));
  }

  return [
    route('GET', `${insightsSubscriptionPath}/datacollectionendpoints`, list(false)),
    route('GET', `${insightsPath}/datacollectionendpoints`, list(true)),
    route('GET', one, async (call) => {
      await authorise(options, call, `${type}/read`, call.scopeKey);
      const found = find(call);
      if (found === undefined) throw resourceNotFound(call, 'data collection endpoint');
      return jsonAnswer(200, show(found, call.request.origin));
    }),
    route('PUT', one, put),
    route('PATCH', one, patch),
    route('DELETE', one, async (call) => {
      await authorise(options, call, `${type}/delete`, call.scopeKey);
      if (find(call) === undefined) return { status: 204 };
      await audited(options, call, { operation: `${type}/delete`, target: call.scopeKey }, () =>
        catalog.change((write) => write.removeResource(call.scopeKey)),
      );
      return { status: 200, headers: { 'content-length': '0' } };
    }),
  ];
}

/**
 * Whoever may add a resource need not be allowed to change one: where somebody else was faster, what
 * was decided for a new one no longer holds. Called inside the change, where they come one at a time.
 */
export function refuseOvertaken(
  snapshot: Snapshot,
  before: StoredResource | undefined,
  after: StoredResource,
): void {
  const now = snapshot.resources.get(after.resourceKey);
  if (now?.immutableId === before?.immutableId) return;
  throw new HttpError(409, 'Conflict', 'The resource was changed in the meantime. Try again.');
}

export const sameGroup = (found: StoredResource, call: ArmCall): boolean =>
  found.resourceGroup.toLowerCase() === call.params['group']?.toLowerCase();

/** What a new endpoint, rule or association is before anything was said about it. */
export function newResource(
  call: ArmCall,
  kind: StoredResource['kind'],
  immutableId: string,
): Omit<
  StoredResource,
  'region' | 'tags' | 'flavor' | 'properties' | 'version' | 'createdAt' | 'modifiedAt'
> {
  const name = call.params['name'] ?? '';
  checkGroup(call.params['group'] ?? '');
  const folder = kind === 'endpoint' ? 'dataCollectionEndpoints' : 'dataCollectionRules';
  const resourceId =
    `/subscriptions/${call.params['subscription'] ?? ''}/resourceGroups/${call.params['group'] ?? ''}` +
    `/providers/${provider}/${folder}/${name}`;
  return {
    kind,
    resourceId,
    resourceKey: resourceId.toLowerCase(),
    name,
    subscriptionId: (call.params['subscription'] ?? '').toLowerCase(),
    resourceGroup: call.params['group'] ?? '',
    immutableId,
  };
}

function readProperties(body: JsonObject): JsonObject {
  const after: Record<string, Json> = {};
  const description = readOptionalText(body['description'], 'properties.description');
  if (description !== undefined) after['description'] = description;
  const acls = readOptionalObject(body['networkAcls'], 'properties.networkAcls');
  const access = readOptionalText(
    acls['publicNetworkAccess'],
    'properties.networkAcls.publicNetworkAccess',
    { oneOf: ['Enabled', 'Disabled', 'SecuredByPerimeter'] },
  );
  if (access !== undefined && access !== 'Enabled') {
    throw notSupported(
      'Public network access can only be Enabled: network zones are not supported yet.',
      'properties.networkAcls.publicNetworkAccess',
    );
  }
  return after;
}

/** `logsIngestion.endpoint` is what applications hand to their client: where they called us. */
const show = (found: StoredResource, origin: string): JsonObject => ({
  id: found.resourceId,
  name: found.name,
  type,
  location: found.region,
  tags: found.tags,
  ...(found.flavor === undefined ? {} : { kind: found.flavor }),
  etag: `"${found.version}"`,
  systemData: systemData(found),
  properties: {
    ...(textOf(objectOf(found.properties)['description']) === undefined
      ? {}
      : { description: found.properties['description'] ?? null }),
    immutableId: found.immutableId,
    configurationAccess: { endpoint: origin },
    logsIngestion: { endpoint: origin },
    networkAcls: { publicNetworkAccess: 'Enabled' },
    provisioningState: 'Succeeded',
  },
});
