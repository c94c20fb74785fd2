import { StrongroomError } from '@strongroom/base';
import type { Json, JsonObject, StoredResource, StoredWorkspace } from '../catalog/records.js';
import { objectOf, textOf } from '../catalog/rule-properties.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import type { KeyActor, KeyControl } from '../keys/key-control.js';
import { providerName } from '../keys/provider-set.js';
import { audited, authorise, resourceNotFound, systemData, workspaceRoutes } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import {
  invalid,
  readInteger,
  readObject,
  readOptionalObject,
  readOptionalText,
  readTags,
  readText,
} from './fields.js';
import { storedResources } from './stored-resources.js';
import { readLocation, workspacesPath } from './workspaces.js';

const provider = 'Microsoft.OperationalInsights';
const clusterType = `${provider}/clusters`;
const workspaceType = `${provider}/workspaces`;
const clustersPath =
  '/subscriptions/:subscription/resourcegroups/:group/providers/microsoft.operationalinsights/clusters';
const subscriptionClusters =
  '/subscriptions/:subscription/providers/microsoft.operationalinsights/clusters';

/** ARM's options, and what is done with keys. */
export type ClusterOptions = ArmOptions & { readonly keys: KeyControl };

/**
 * `Microsoft.OperationalInsights/clusters`: here a cluster is a customer-managed key, and no
 * machines. Linking a workspace to one (`linkedServices/Cluster`) puts it under that key.
 */
export function clusterRoutes(options: ClusterOptions): readonly Route[] {
  const { catalog, access, clock, keys, random } = options;
  const one = `${clustersPath}/:name`;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
  ): Route => ({ method, pattern, provider, type: 'clusters', run });
  const linkedTo = (cluster: StoredResource): readonly StoredWorkspace[] =>
    catalog.workspaces().filter((each) => clusterKeyOf(each) === cluster.resourceKey);
  const clusters = storedResources(options, {
    kind: 'cluster',
    type: clusterType,
    what: 'cluster',
    show: (cluster) => showCluster(cluster, linkedTo(cluster)),
  });

  async function put(call: ArmCall): Promise<Outgoing> {
    const before = clusters.find(call);
    // Who may make workspaces brings the keys for them, and owns what it brought.
    const mayMake =
      before === undefined &&
      access.allows(call.principal, `${workspaceType}/create/action`, call.scopeKey);
    if (!mayMake) await authorise(options, call, `${clusterType}/write`, call.scopeKey);
    const body = readObject(await readJsonBody(call.request));
    readText(call.params['name'], 'clusterName', {
      pattern: /^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$/,
    });
    const old = before ?? clusters.blank(call, random.uuid());
    return store(call, before, {
      ...old,
      region: readLocation(body, options.regions),
      version: old.version + 1,
      tags: readTags(body['tags']),
      properties: readProperties(readOptionalObject(body['properties'], 'properties'), {}),
      modifiedAt: clock.now(),
    });
  }

  async function patch(call: ArmCall): Promise<Outgoing> {
    const before = await clusters.toChange(call);
    const body = readOptionalObject(await readJsonBody(call.request), 'body');
    return store(call, before, {
      ...before,
      version: before.version + 1,
      tags: body['tags'] === undefined ? before.tags : readTags(body['tags']),
      properties: readProperties(
        readOptionalObject(body['properties'], 'properties'),
        before.properties,
      ),
      modifiedAt: clock.now(),
    });
  }

  /** A changed key moves the workspaces that are linked; the cluster says so when they all were. */
  const store = (
    call: ArmCall,
    before: StoredResource | undefined,
    after: StoredResource,
  ): Promise<Outgoing> =>
    clusters.store(call, before, after, async () => {
      if (before === undefined || keyTextOf(before) === keyTextOf(after)) return;
      for (const { workspaceId } of linkedTo(before)) {
        await moved(keys.move(workspaceId, { ...target(after), ...actorOf(call) }));
      }
    });

  async function link(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const properties = readObject(body['properties'], 'properties');
    const clusterId = readText(
      properties['writeAccessResourceId'],
      'properties.writeAccessResourceId',
      { charsMax: 512 },
    );
    const cluster = catalog.snapshot.resources.get(clusterId.toLowerCase().replace(/\/+$/, ''));
    if (cluster?.kind !== 'cluster') {
      throw invalid('properties.writeAccessResourceId', 'There is no such cluster.');
    }
    await authorise(options, call, `${clusterType}/write`, cluster.resourceKey);
    if (keyTextOf(cluster) === '') {
      throw invalid('properties.writeAccessResourceId', 'The cluster has no keyVaultProperties.');
    }
    const existed = clusterKeyOf(workspace) === cluster.resourceKey;
    if (!existed) {
      await audited(
        options,
        call,
        {
          operation: `${workspaceType}/write`,
          target: call.scopeKey,
          workspaceId: workspace.workspaceId,
          properties: { cluster: cluster.name },
        },
        async () => {
          await moved(keys.move(workspace.workspaceId, { ...target(cluster), ...actorOf(call) }));
          await setCluster(workspace, cluster.resourceId);
        },
      );
    }
    return jsonAnswer(existed ? 200 : 201, showLink(workspace, cluster.resourceId));
  }

  async function unlink(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    if (clusterIdOf(workspace) === '') return { status: 204 };
    await audited(
      options,
      call,
      {
        operation: `${workspaceType}/write`,
        target: call.scopeKey,
        workspaceId: workspace.workspaceId,
        properties: { cluster: '' },
      },
      async () => {
        await moved(keys.move(workspace.workspaceId, { provider: '', ...actorOf(call) }));
        await setCluster(workspace, '');
      },
    );
    return { status: 200, headers: { 'content-length': '0' } };
  }

  const setCluster = (workspace: StoredWorkspace, clusterId: string): Promise<void> =>
    catalog.change(async (write, snapshot) => {
      const now = snapshot.workspaces.get(workspace.workspaceId);
      if (now === undefined) return;
      await write.putWorkspace({
        ...now,
        properties: { ...now.properties, linkedCluster: clusterId },
        modifiedAt: clock.now(),
      });
    });

  const services = `${workspacesPath}/:workspace/linkedservices`;
  const linked = workspaceRoutes(options, { provider, type: 'workspaces/linkedServices' });
  const readLinks = `${workspaceType}/read` as const;
  const writeLinks = `${workspaceType}/write` as const;

  return [
    route('GET', subscriptionClusters, clusters.listIn('subscription')),
    route('GET', clustersPath, clusters.listIn('group')),
    route('GET', one, clusters.get),
    route('PUT', one, put),
    route('PATCH', one, patch),
    route(
      'DELETE',
      one,
      clusters.remove(async (found) => {
        if (linkedTo(found).length === 0) return;
        throw new HttpError(409, 'Conflict', 'Workspaces are linked to the cluster.');
      }),
    ),
    linked('GET', services, readLinks, async (_call, workspace) => {
      const id = clusterIdOf(workspace);
      return jsonAnswer(200, { value: id === '' ? [] : [showLink(workspace, id)] });
    }),
    linked('GET', `${services}/cluster`, readLinks, async (call, workspace) => {
      const id = clusterIdOf(workspace);
      if (id === '') throw resourceNotFound(call, 'linked service');
      return jsonAnswer(200, showLink(workspace, id));
    }),
    linked('PUT', `${services}/cluster`, writeLinks, link),
    linked('DELETE', `${services}/cluster`, writeLinks, unlink),
  ];
}

/** Errors of providers as ARM tells them. */
async function moved(moving: Promise<void>): Promise<void> {
  try {
    await moving;
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    const detail = { target: 'properties.keyVaultProperties' };
    switch (error.code) {
      case 'KEYS_REVOKED':
        throw new HttpError(400, 'KeyVaultAccessDenied', error.message, { detail, cause: error });
      case 'KEYS_UNREACHABLE':
      case 'KEYS_NOT_SUPPORTED':
      case 'KEYS_BAD_NAME':
        throw new HttpError(400, 'KeyVaultNotUsable', error.message, { detail, cause: error });
      case 'WORKSPACE_KEY_AWAY':
      case 'KEYS_CHANGED':
        throw new HttpError(409, 'Conflict', error.message, { cause: error });
      default:
        throw error;
    }
  }
}

const actorOf = ({ principal, request }: ArmCall): KeyActor => ({
  actor: { kind: principal.kind, id: principal.id, name: principal.name },
  ...(request.correlationId === undefined ? {} : { correlationId: request.correlationId }),
});

const clusterIdOf = (workspace: StoredWorkspace): string =>
  textOf(workspace.properties['linkedCluster']) ?? '';
const clusterKeyOf = (workspace: StoredWorkspace): string => clusterIdOf(workspace).toLowerCase();

const keyOf = (cluster: StoredResource): JsonObject =>
  objectOf(cluster.properties['keyVaultProperties']);
const keyTextOf = (cluster: StoredResource): string => {
  const { keyVaultUri, keyName, keyVersion } = keyOf(cluster);
  return keyVaultUri === undefined ? '' : JSON.stringify([keyVaultUri, keyName, keyVersion]);
};

function target(cluster: StoredResource): { provider: string; version: string } {
  const { keyVaultUri, keyName, keyVersion } = keyOf(cluster);
  return {
    provider: providerName({ uri: textOf(keyVaultUri) ?? '', keyName: textOf(keyName) ?? '' }),
    version: textOf(keyVersion) ?? '',
  };
}

function readProperties(body: JsonObject, before: JsonObject): JsonObject {
  const after: Record<string, Json> = { ...before };
  const billing = readOptionalText(body['billingType'], 'properties.billingType', {
    oneOf: ['Cluster', 'Workspaces'],
  });
  if (billing !== undefined) after['billingType'] = billing;
  const given = body['keyVaultProperties'];
  if (given === undefined || given === null) return after;
  const target = 'properties.keyVaultProperties';
  const key = readObject(given, target);
  const uri = readText(key['keyVaultUri'], `${target}.keyVaultUri`, {
    charsMax: 255,
    pattern: /^(?:https:\/\/[^\s/]+\/?|transit:https:\/\/[^\s]+|pkcs11:token=[^\s;]+)$/i,
  });
  const version = readOptionalText(key['keyVersion'], `${target}.keyVersion`, {
    pattern: /^[0-9A-Za-z]{1,64}$/,
  });
  const size = key['keyRsaSize'];
  after['keyVaultProperties'] = {
    keyVaultUri: uri,
    keyName: readText(key['keyName'], `${target}.keyName`, { charsMax: 128 }),
    keyVersion: version ?? '',
    ...(size === undefined || size === null
      ? {}
      : {
          keyRsaSize: readInteger(size, `${target}.keyRsaSize`, (n) => n >= 2048, 'at least 2048'),
        }),
  };
  return after;
}

const showCluster = (
  cluster: StoredResource,
  workspaces: readonly StoredWorkspace[],
): JsonObject => ({
  id: cluster.resourceId,
  name: cluster.name,
  type: clusterType,
  location: cluster.region,
  tags: cluster.tags,
  etag: `"${cluster.version}"`,
  identity: { type: 'None' },
  sku: { name: 'CapacityReservation', capacity: 100 },
  systemData: systemData(cluster),
  properties: {
    ...cluster.properties,
    clusterId: cluster.immutableId,
    provisioningState: 'Succeeded',
    isDoubleEncryptionEnabled: true,
    isAvailabilityZonesEnabled: false,
    createdDate: new Date(cluster.createdAt).toISOString(),
    lastModifiedDate: new Date(cluster.modifiedAt).toISOString(),
    associatedWorkspaces: workspaces.map(({ workspaceId, name, resourceId, modifiedAt }) => ({
      workspaceId,
      workspaceName: name,
      resourceId,
      associateDate: new Date(modifiedAt).toISOString(),
    })),
  },
});

const showLink = (workspace: StoredWorkspace, clusterId: string): JsonObject => ({
  id: `${workspace.resourceId}/linkedServices/Cluster`,
  name: `${workspace.name}/Cluster`,
  type: `${workspaceType}/linkedServices`,
  properties: { writeAccessResourceId: clusterId, provisioningState: 'Succeeded' },
});
