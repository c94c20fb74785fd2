import type { Json, JsonObject, StoredResource } from '../catalog/records.js';
import { objectOf, textOf } from '../catalog/rule-properties.js';
import { readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { authorise, systemData } from './context.js';
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
import { storedResources } from './stored-resources.js';
import { readLocation } from './workspaces.js';

const provider = 'Microsoft.Insights';
const type = `${provider}/dataCollectionEndpoints`;
export const insightsPath =
  '/subscriptions/:subscription/resourcegroups/:group/providers/microsoft.insights';
export const insightsSubscriptionPath = '/subscriptions/:subscription/providers/microsoft.insights';
/** 3 to 64 letters, digits, dashes, underscores and dots. */
export const insightsName = /^[A-Za-z0-9][A-Za-z0-9_.-]{1,62}[A-Za-z0-9]$/;

/** `Microsoft.Insights/dataCollectionEndpoints`: names under which this service takes logs. */
export function endpointRoutes(options: ArmOptions): readonly Route[] {
  const { clock, random } = options;
  const one = `${insightsPath}/datacollectionendpoints/:name`;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
  ): Route => ({ method, pattern, provider, type: 'dataCollectionEndpoints', run });
  const endpoints = storedResources(options, {
    kind: 'endpoint',
    type,
    what: 'data collection endpoint',
    show: (found, call) => show(found, call.request.origin),
  });

  async function put(call: ArmCall): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const before = endpoints.find(call);
    if (before !== undefined || !mayAddInsightsResource(options, call)) {
      await authorise(options, call, `${type}/write`, call.scopeKey);
    }
    if (!insightsName.test(call.params['name'] ?? '')) {
      throw invalid(
        'dataCollectionEndpointName',
        'A name has 3 to 64 letters, digits and -_. inside.',
      );
    }
    const old = before ?? endpoints.blank(call, `dce-${random.uuid().replaceAll('-', '')}`);
    return endpoints.store(call, before, {
      ...old,
      region: readLocation(body, options.regions),
      tags: readTags(body['tags']),
      flavor: readOptionalText(body['kind'], 'kind', { charsMax: 64 }),
      properties: readProperties(readOptionalObject(body['properties'], 'properties')),
      version: old.version + 1,
      modifiedAt: clock.now(),
    });
  }

  async function patch(call: ArmCall): Promise<Outgoing> {
    const before = await endpoints.toChange(call);
    const body = readOptionalObject(await readJsonBody(call.request), 'body');
    return endpoints.store(call, before, {
      ...before,
      tags: body['tags'] === undefined ? before.tags : readTags(body['tags']),
      version: before.version + 1,
      modifiedAt: clock.now(),
    });
  }

  return [
    route(
      'GET',
      `${insightsSubscriptionPath}/datacollectionendpoints`,
      endpoints.listIn('subscription'),
    ),
    route('GET', `${insightsPath}/datacollectionendpoints`, endpoints.listIn('group')),
    route('GET', one, endpoints.get),
    route('PUT', one, put),
    route('PATCH', one, patch),
    route('DELETE', one, endpoints.remove()),
  ];
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
