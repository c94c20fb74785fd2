import { StrongroomError, workspaceId as readWorkspaceId } from '@strongroom/base';
import type { Action } from '../access/access.js';
import { roles } from '../access/roles.js';
import type { JsonObject, StoredRoleAssignment, StoredWorkspace } from '../catalog/records.js';
import { objectOf, textOf } from '../catalog/rule-properties.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { assertNone } from '../locks/locks.js';
import {
  isImmediate,
  retentionWaitOf,
  shorteningUntil,
  withWait,
  workspaceDays,
} from '../retention/days.js';
import { actorOf, recordIn } from './record.js';
import { audited, authorise, resourceNotFound } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import {
  invalid,
  notSupported,
  readFlag,
  readInteger,
  readObject,
  readOptionalObject,
  readOptionalText,
  readTags,
  readText,
} from './fields.js';

const provider = 'Microsoft.OperationalInsights';
const type = `${provider}/workspaces`;
/** 4 to 63 letters, digits and dashes, neither first nor last a dash (azure-api.md §4.4). */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$/;
const skuNames = [
  'Free',
  'Standard',
  'Premium',
  'PerNode',
  'PerGB2018',
  'Standalone',
  'CapacityReservation',
];
export const workspacesPath =
  '/subscriptions/:subscription/resourcegroups/:group/providers/microsoft.operationalinsights/workspaces';

/** `Microsoft.OperationalInsights/workspaces`. */
export function workspaceRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, access, clock, erasures, random, workspaces } = options;
  const one = `${workspacesPath}/:workspace`;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
  ): Route => ({ method, pattern, provider, type: 'workspaces', run });

  const readable = (call: ArmCall, found: StoredWorkspace): boolean =>
    access.allows(call.principal, `${type}/read`, found.resourceKey);

  const list =
    (chosen: (call: ArmCall, found: StoredWorkspace) => boolean, deleted = false) =>
    async (call: ArmCall): Promise<Outgoing> => {
      const all = deleted
        ? [...catalog.snapshot.workspaces.values()].filter(
            ({ deletedAt }) => deletedAt !== undefined,
          )
        : catalog.workspaces();
      const value = all
        .filter((found) => chosen(call, found) && readable(call, found))
        .map(showWorkspace);
      return jsonAnswer(200, { value });
    };
  const inGroup = (call: ArmCall, found: StoredWorkspace): boolean =>
    found.resourceGroup.toLowerCase() === call.params['group']?.toLowerCase();

  async function put(call: ArmCall): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const existing = catalog.snapshot.workspacesByKey.get(call.scopeKey);
    if (existing !== undefined && existing.deletedAt === undefined) {
      await authorise(options, call, `${type}/write`, call.scopeKey);
      return update(call, existing, body, true);
    }
    if (existing !== undefined) return recover(call, existing, body);
    await authorise(options, call, `${type}/create/action`, call.scopeKey);
    const name = call.params['workspace'] ?? '';
    if (!namePattern.test(name)) {
      throw invalid('workspaceName', 'A name has 4 to 63 letters, digits and dashes inside.');
    }
    checkGroup(call.params['group'] ?? '');
    const region = readLocation(body, options.regions);
    const tags = readTags(body['tags']);
    const properties = readProperties(readOptionalObject(body['properties'], 'properties'), {});
    const created = await audited(
      options,
      call,
      {
        operation: `${type}/write`,
        target: call.scopeKey,
        outcomeIn: (made: StoredWorkspace) => made.workspaceId,
      },
      () =>
        createWorkspace(options, {
          name,
          resourceGroup: call.params['group'] ?? '',
          region,
          tags,
          properties,
          owner: call.principal,
        }),
    );
    return jsonAnswer(201, showWorkspace(created));
  }

  /** Putting the name of a soft-deleted workspace brings it back, for those who could write it. */
  async function recover(
    call: ArmCall,
    deleted: StoredWorkspace,
    body: JsonObject,
  ): Promise<Outgoing> {
    if (!access.allows(call.principal, `${type}/write`, call.scopeKey)) {
      // Whoever may only create must not come by a former workspace's data through its name.
      await authorise(options, call, `${type}/create/action`, call.scopeKey);
      throw new HttpError(
        409,
        'Conflict',
        'A deleted workspace holds this name. Its owner can recover it or delete it by force.',
      );
    }
    return update(call, { ...deleted, deletedAt: undefined }, body, true);
  }

  async function update(
    call: ArmCall,
    before: StoredWorkspace,
    body: JsonObject,
    whole: boolean,
  ): Promise<Outgoing> {
    if (whole || body['location'] !== undefined) {
      const region = readText(body['location'], 'location', { charsMax: 64 });
      if (sameLocation(region) !== sameLocation(before.region)) {
        throw new HttpError(
          409,
          'InvalidResourceLocation',
          `The resource is in '${before.region}' and never leaves it.`,
          { detail: { target: 'location' } },
        );
      }
    }
    const properties = readProperties(
      readOptionalObject(body['properties'], 'properties'),
      whole ? {} : before.properties,
    );
    const now = clock.now();
    const wanted: StoredWorkspace = {
      ...before,
      tags: body['tags'] === undefined && !whole ? before.tags : readTags(body['tags']),
      properties,
      retentionInDays: retentionOf(properties),
      modifiedAt: now,
    };
    const daysBefore = workspaceDays(before, now);
    const shortens = wanted.retentionInDays < daysBefore;
    const after: StoredWorkspace = {
      ...wanted,
      properties: withWait(
        { ...properties, ...retentionWaitOf(before.properties) },
        {
          daysBefore,
          daysAfter: wanted.retentionInDays,
          now,
          immediate: isImmediate(wanted),
        },
      ),
    };
    await audited(
      options,
      call,
      {
        operation: `${type}/write`,
        target: call.scopeKey,
        // A workspace that is only now recovered cannot take its own audit before it is.
        workspaceId: catalog.workspace(before.workspaceId)?.workspaceId,
        outcomeIn: () => before.workspaceId,
        properties: { retentionInDays: after.retentionInDays },
      },
      async () => {
        const living = catalog.workspace(before.workspaceId) !== undefined;
        if (living && after.retentionInDays !== before.retentionInDays) {
          if (shortens) assertNone(catalog.snapshot, call.scopeKey, 'shortenRetention');
          await recordIn(options, before.workspaceId, {
            type: 'retentionChanged',
            actor: actorOf(call.principal),
            correlationId: call.request.correlationId,
            table: '',
            before: daysBefore,
            after: after.retentionInDays,
            effective: new Date(shorteningUntil(after.properties, now) ?? now).toISOString(),
          });
        }
        await catalog.change(async (write, snapshot) => {
          if (shortens) {
            assertNone(snapshot, call.scopeKey, 'shortenRetention');
          }
          if (snapshot.workspaces.get(before.workspaceId)?.deletedAt !== undefined) {
            await erasures.callOffIn(write, snapshot, before.workspaceId);
          }
          await write.putWorkspace(after);
        });
        if (living) return;
        await recordIn(options, before.workspaceId, {
          type: 'workspaceRecovered',
          actor: actorOf(call.principal),
          correlationId: call.request.correlationId,
        });
      },
    );
    return jsonAnswer(200, showWorkspace(after));
  }

  async function patch(call: ArmCall): Promise<Outgoing> {
    await authorise(options, call, `${type}/write`, call.scopeKey);
    const body = readObject(await readJsonBody(call.request));
    const before = catalog.workspaceByResourceId(call.scopeKey);
    if (before === undefined) throw resourceNotFound(call, 'workspace');
    return update(call, before, body, false);
  }

  async function remove(call: ArmCall): Promise<Outgoing> {
    await authorise(options, call, `${type}/delete`, call.scopeKey);
    const found = catalog.snapshot.workspacesByKey.get(call.scopeKey);
    const { query } = call.request.path;
    const force = readFlag(query, 'force');
    if (found === undefined || (found.deletedAt !== undefined && !force)) return { status: 204 };
    if (readFlag(query, 'dryRun') && found.deletedAt === undefined) {
      return jsonAnswer(200, await whatGoes(found, force));
    }
    await audited(
      options,
      call,
      {
        operation: `${type}/delete`,
        target: call.scopeKey,
        workspaceId: found.deletedAt === undefined ? found.workspaceId : undefined,
        outcomeIn: () => undefined,
        properties: { force },
      },
      async () => {
        if (found.deletedAt !== undefined) return erasures.hasten(found.workspaceId);
        const at = clock.now();
        // Out of the catalog first: from here on nothing is admitted or asked any more.
        await erasures.request({
          id: `delete-${random.uuid()}`,
          kind: 'workspace',
          workspace: found,
          table: '',
          request: { force },
          waitMs: force ? erasures.waitMs : erasures.softDeleteMs,
          by: call.principal,
          correlationId: call.request.correlationId,
          alongside: (write) => write.putWorkspace({ ...found, deletedAt: at, modifiedAt: at }),
        });
        if (catalog.snapshot.workspaces.has(found.workspaceId)) {
          await workspaces.suspend(found.workspaceId);
        }
      },
    );
    return { status: 200, headers: { 'content-length': '0' } };
  }

  async function whatGoes(found: StoredWorkspace, force: boolean): Promise<JsonObject> {
    const open = await workspaces.open(found.workspaceId);
    const tables: Record<string, number> = {};
    for (const name of await open.erasing.tables()) {
      const days = await open.erasing.days(name);
      const rows = days.reduce((sum, day) => sum + day.rows, 0n);
      if (rows > 0n) tables[name] = Number(rows);
    }
    return {
      dryRun: true,
      workspace: found.name,
      tables,
      waitHours: (force ? erasures.waitMs : erasures.softDeleteMs) / 3_600_000,
    };
  }

  const unsupported =
    (what: string) =>
    async (call: ArmCall): Promise<Outgoing> => {
      await authorise(options, call, `${type}/write`, workspaceScope(call));
      throw notSupported(what);
    };
  const noKeys =
    'This service has no shared keys: applications use tokens, agents enrolment keys and certificates.';

  return [
    route(
      'GET',
      '/subscriptions/:subscription/providers/microsoft.operationalinsights/workspaces',
      list(() => true),
    ),
    route('GET', workspacesPath, list(inGroup)),
    route(
      'GET',
      '/subscriptions/:subscription/providers/microsoft.operationalinsights/deletedworkspaces',
      list(() => true, true),
    ),
    route(
      'GET',
      '/subscriptions/:subscription/resourcegroups/:group/providers/microsoft.operationalinsights/deletedworkspaces',
      list(inGroup, true),
    ),
    route('GET', one, async (call) => {
      await authorise(options, call, `${type}/read`, call.scopeKey);
      const found = catalog.workspaceByResourceId(call.scopeKey);
      if (found === undefined) throw resourceNotFound(call, 'workspace');
      return jsonAnswer(200, showWorkspace(found));
    }),
    route('PUT', one, put),
    route('PATCH', one, patch),
    route('DELETE', one, remove),
    route('POST', `${one}/sharedkeys`, unsupported(noKeys)),
    route('POST', `${one}/regeneratesharedkey`, unsupported(noKeys)),
    {
      method: 'GET',
      pattern: '/providers/microsoft.operationalinsights/operations',
      provider,
      type: 'operations',
      run: async () => jsonAnswer(200, { value: operations }),
    },
  ];
}

/** The path's workspace where the matched path goes deeper. */
const workspaceScope = (call: ArmCall): string => call.scopeKey.split('/').slice(0, 9).join('/');

const operationNames: readonly Action[] = [
  `${type}/read`,
  `${type}/write`,
  `${type}/delete`,
  `${type}/query/read`,
  `${type}/tables/read`,
  `${type}/tables/write`,
  `${type}/tables/delete`,
  `${type}/purge/action`,
];
const operations = operationNames.map((name) => ({
  name,
  display: {
    provider: 'Microsoft Operational Insights',
    resource: name.split('/').slice(1, -1).join('/'),
    operation: name.split('/').at(-1) ?? '',
  },
}));

/** Makes directories and keys, then the record with its creator as owner. */
export async function createWorkspace(
  options: Pick<ArmOptions, 'catalog' | 'workspaces' | 'clock' | 'random' | 'subscriptionId'>,
  wanted: {
    name: string;
    resourceGroup: string;
    region: string;
    tags: JsonObject;
    properties: JsonObject;
    owner: { kind: string; id: StoredRoleAssignment['principalId']; name: string } | undefined;
  },
): Promise<StoredWorkspace> {
  const { catalog, workspaces, clock, random, subscriptionId } = options;
  const id = readWorkspaceId(random.uuid());
  const { keyRecord } = await workspaces.create(id, wanted.region);
  const resourceId =
    `/subscriptions/${subscriptionId}/resourceGroups/${wanted.resourceGroup}` +
    `/providers/${provider}/workspaces/${wanted.name}`;
  const now = clock.now();
  const record: StoredWorkspace = {
    workspaceId: id,
    name: wanted.name,
    subscriptionId,
    resourceGroup: wanted.resourceGroup,
    region: wanted.region,
    resourceId,
    resourceKey: resourceId.toLowerCase(),
    keyRecord,
    retentionInDays: retentionOf(wanted.properties),
    createdAt: now,
    tags: wanted.tags,
    properties: wanted.properties,
    modifiedAt: now,
    deletedAt: undefined,
  };
  try {
    await catalog.change(async (write) => {
      await write.putWorkspace(record);
      if (wanted.owner !== undefined) {
        await write.putAssignment(
          ownership({
            ...wanted.owner,
            scope: resourceId,
            at: now,
            id: random.uuid(),
            roleId: roles.owner.id,
            principalId: wanted.owner.id,
          }),
        );
      }
    });
  } catch (error) {
    // Somebody took the name in the meantime: what was made for us is removed again.
    await workspaces.remove(id, wanted.region);
    if (error instanceof StrongroomError && error.code === 'CATALOG_CONFLICT') {
      throw new HttpError(409, 'Conflict', `A workspace named '${wanted.name}' exists already.`);
    }
    throw error;
  }
  return record;
}

/** The assignment that a resource's creator gets. */
export const ownership = (of: {
  id: string;
  kind: string;
  name: string;
  principalId: StoredRoleAssignment['principalId'];
  roleId: string;
  scope: string;
  at: number;
}): StoredRoleAssignment => ({
  id: of.id,
  scope: of.scope,
  scopeKey: of.scope.toLowerCase(),
  roleId: of.roleId,
  principalId: of.principalId,
  principalType: of.kind === 'User' ? 'User' : 'ServicePrincipal',
  createdAt: of.at,
  createdBy: of.name,
});

export const sameLocation = (text: string): string => text.toLowerCase().replaceAll(' ', '');

export function readLocation(body: JsonObject, regions: readonly string[]): string {
  const wanted = readText(body['location'], 'location', { charsMax: 64 });
  const region = regions.find((known) => sameLocation(known) === sameLocation(wanted));
  if (region === undefined) {
    throw new HttpError(
      400,
      'LocationNotAvailableForResourceType',
      `The provided location '${wanted}' is not available for resource type '${type}'. ` +
        `List of available regions for the resource type is '${regions.join(',')}'.`,
      { detail: { target: 'location' } },
    );
  }
  return region;
}

export function checkGroup(name: string): void {
  if (!/^[-\w.()]{1,90}$/.test(name) || name.endsWith('.')) {
    throw invalid('resourceGroupName', 'A resource group name has 1 to 90 letters, digits, -_.().');
  }
}

/** Free keeps 7 days; the others 31 unless asked otherwise (seed.md, part 3). */
const retentionOf = (properties: JsonObject): number => {
  const days = properties['retentionInDays'];
  if (typeof days === 'number') return days;
  return textOf(objectOf(properties['sku'])['name']) === 'Free' ? 7 : 31;
};

/** Validates what may be set and returns the whole, `before` filled in. */
function readProperties(body: JsonObject, before: JsonObject): JsonObject {
  const after: Record<string, JsonObject[string]> = { ...before };
  if (body['sku'] !== undefined && body['sku'] !== null) {
    const sku = readObject(body['sku'], 'properties.sku');
    const name = readText(sku['name'], 'properties.sku.name', { oneOf: skuNames });
    const level = sku['capacityReservationLevel'];
    after['sku'] = {
      name,
      ...(level === undefined || level === null
        ? {}
        : {
            capacityReservationLevel: readInteger(
              level,
              'properties.sku.capacityReservationLevel',
              (value) => value >= 100 && value % 100 === 0,
              'a multiple of 100',
            ),
          }),
    };
  }
  const free = textOf(objectOf(after['sku'])['name']) === 'Free';
  if (body['retentionInDays'] !== undefined && body['retentionInDays'] !== null) {
    after['retentionInDays'] = readInteger(
      body['retentionInDays'],
      'properties.retentionInDays',
      (days) => (free ? days === 7 : days >= 4 && days <= 730),
      free ? '7 for the sku Free' : 'a whole number of days from 4 to 730',
    );
  }
  if (body['workspaceCapping'] !== undefined && body['workspaceCapping'] !== null) {
    const quota = readObject(body['workspaceCapping'], 'properties.workspaceCapping')[
      'dailyQuotaGb'
    ];
    if (quota !== undefined && (typeof quota !== 'number' || (quota !== -1 && !(quota > 0)))) {
      throw invalid(
        'properties.workspaceCapping.dailyQuotaGb',
        'The daily quota is -1 or positive.',
      );
    }
    after['workspaceCapping'] = quota === undefined ? {} : { dailyQuotaGb: quota };
  }
  for (const name of ['publicNetworkAccessForIngestion', 'publicNetworkAccessForQuery']) {
    const access = readOptionalText(body[name], `properties.${name}`, {
      oneOf: ['Enabled', 'Disabled', 'SecuredByPerimeter'],
    });
    // Stored without being enforced it would promise a border that is not there.
    if (access !== undefined && access !== 'Enabled') {
      throw notSupported(
        `'${name}' can only be Enabled: network zones are not supported yet.`,
        `properties.${name}`,
      );
    }
  }
  if (body['forceCmkForQuery'] === true) {
    throw notSupported(
      'Customer-managed keys are not supported yet.',
      'properties.forceCmkForQuery',
    );
  }
  if (body['features'] !== undefined && body['features'] !== null) {
    const features = readObject(body['features'], 'properties.features');
    if (JSON.stringify(features).length > 4_096) {
      throw invalid('properties.features', "'properties.features' is too large.");
    }
    after['features'] = { ...objectOf(before['features']), ...features };
  }
  const rule = readOptionalText(
    body['defaultDataCollectionRuleResourceId'],
    'properties.defaultDataCollectionRuleResourceId',
  );
  if (rule !== undefined) after['defaultDataCollectionRuleResourceId'] = rule;
  return after;
}

/** A workspace as ARM shows it (azure-api.md §4.4). */
export function showWorkspace(found: StoredWorkspace): JsonObject {
  const { properties } = found;
  const capping = objectOf(properties['workspaceCapping']);
  return {
    id: found.resourceId,
    name: found.name,
    type,
    location: found.region,
    tags: found.tags,
    etag: `"${found.modifiedAt.toString(16)}"`,
    properties: {
      ...properties,
      sku: {
        name: 'PerGB2018',
        ...objectOf(properties['sku']),
        lastSkuUpdate: new Date(found.createdAt).toISOString(),
      },
      customerId: found.workspaceId,
      provisioningState: found.deletedAt === undefined ? 'Succeeded' : 'Deleting',
      retentionInDays: found.retentionInDays,
      workspaceCapping: {
        dailyQuotaGb: capping['dailyQuotaGb'] ?? -1,
        dataIngestionStatus: 'RespectQuota',
      },
      publicNetworkAccessForIngestion: 'Enabled',
      publicNetworkAccessForQuery: 'Enabled',
      features: {
        enableLogAccessUsingOnlyResourcePermissions: true,
        disableLocalAuth: true,
        ...featuresOf(properties),
      },
      createdDate: new Date(found.createdAt).toISOString(),
      modifiedDate: new Date(found.modifiedAt).toISOString(),
    },
  };
}

/** Settable features, and the cluster whose key it is under, which is not for the caller to say. */
function featuresOf(properties: JsonObject): JsonObject {
  const { clusterResourceId: _claimed, ...features } = objectOf(properties['features']);
  const cluster = textOf(properties['linkedCluster']) ?? '';
  return cluster === '' ? features : { ...features, clusterResourceId: cluster };
}
