import { StrongroomError } from '@strongroom/base';
import type { Json, JsonObject, StoredResource, StoredWorkspace } from '../catalog/records.js';
import { objectOf, textOf } from '../catalog/rule-properties.js';
import { roles } from '../access/roles.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import type { KeyActor, KeyControl } from '../keys/key-control.js';
import { providerName } from '../keys/provider-set.js';
import { audited, authorise, resourceNotFound, systemData, workspaceAbove } from './context.js';
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
import { refuseOvertaken } from './endpoints.js';
import { checkGroup, ownership, readLocation, workspacesPath } from './workspaces.js';

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
  const one = `${clustersPath}/:cluster`;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
  ): Route => ({ method, pattern, provider, type: 'clusters', run });
  const find = (key: string): StoredResource | undefined => {
    const found = catalog.snapshot.resources.get(key);
    return found?.kind === 'cluster' ? found : undefined;
  };
  const linkedTo = (cluster: StoredResource): readonly StoredWorkspace[] =>
    catalog.workspaces().filter((each) => clusterKeyOf(each) === cluster.resourceKey);
  const show = (cluster: StoredResource): JsonObject => showCluster(cluster, linkedTo(cluster));

  const list =
    (inGroup: boolean) =>
    async (call: ArmCall): Promise<Outgoing> =>
      jsonAnswer(200, {
        value: [...catalog.snapshot.resources.values()]
          .filter(
            (found) =>
              found.kind === 'cluster' &&
              (!inGroup ||
                found.resourceGroup.toLowerCase() === call.params['group']?.toLowerCase()) &&
              access.allows(call.principal, `${clusterType}/read`, found.resourceKey),
          )
          .map(show),
      });

  async function put(call: ArmCall): Promise<Outgoing> {
    const before = find(call.scopeKey);
    // Who may make workspaces brings the keys for them, and owns what it brought.
    const mayMake =
      before === undefined &&
      access.allows(call.principal, `${workspaceType}/create/action`, call.scopeKey);
    if (!mayMake) await authorise(options, call, `${clusterType}/write`, call.scopeKey);
    const body = readObject(await readJsonBody(call.request));
    const name = readText(call.params['cluster'], 'clusterName', {
      pattern: /^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$/,
    });
    checkGroup(call.params['group'] ?? '');
    const now = clock.now();
    const resourceId =
      `/subscriptions/${call.params['subscription'] ?? ''}/resourceGroups/${call.params['group'] ?? ''}` +
      `/providers/${clusterType}/${name}`;
    return store(call, before, {
      kind: 'cluster',
      resourceId: before?.resourceId ?? resourceId,
      resourceKey: call.scopeKey,
      name: before?.name ?? name,
      subscriptionId: (call.params['subscription'] ?? '').toLowerCase(),
      resourceGroup: before?.resourceGroup ?? call.params['group'] ?? '',
      region: readLocation(body, options.regions),
      immutableId: before?.immutableId ?? random.uuid(),
      version: (before?.version ?? 0) + 1,
      tags: readTags(body['tags']),
      flavor: undefined,
      properties: readProperties(readOptionalObject(body['properties'], 'properties'), {}),
      createdAt: before?.createdAt ?? now,
      modifiedAt: now,
    });
  }

  async function patch(call: ArmCall): Promise<Outgoing> {
    await authorise(options, call, `${clusterType}/write`, call.scopeKey);
    const before = find(call.scopeKey);
    if (before === undefined) throw resourceNotFound(call, 'cluster');
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
  async function store(
    call: ArmCall,
    before: StoredResource | undefined,
    after: StoredResource,
  ): Promise<Outgoing> {
    await audited(
      options,
      call,
      { operation: `${clusterType}/write`, target: call.scopeKey },
      async () => {
        if (before !== undefined && keyTextOf(before) !== keyTextOf(after)) {
          for (const { workspaceId } of linkedTo(before)) {
            await moved(keys.move(workspaceId, { ...target(after), ...actorOf(call) }));
          }
        }
        await catalog.change(async (write, snapshot) => {
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
              at: clock.now(),
            }),
          );
        });
      },
    );
    return jsonAnswer(before === undefined ? 201 : 200, show(after));
  }

  async function link(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const properties = readObject(body['properties'], 'properties');
    const clusterId = readText(
      properties['writeAccessResourceId'],
      'properties.writeAccessResourceId',
      { charsMax: 512 },
    );
    const cluster = find(clusterId.toLowerCase().replace(/\/+$/, ''));
    if (cluster === undefined) {
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
  const linked = (
    method: Route['method'],
    pattern: string,
    action: 'read' | 'write',
    run: (call: ArmCall, workspace: StoredWorkspace) => Promise<Outgoing>,
  ): Route => ({
    method,
    pattern,
    provider,
    type: 'workspaces/linkedServices',
    run: async (call) => {
      await authorise(options, call, `${workspaceType}/${action}`, call.scopeKey);
      const workspace = workspaceAbove(catalog, call.scopeKey);
      if (workspace === undefined) throw resourceNotFound(call, 'workspace');
      return run(call, workspace);
    },
  });

  return [
    route('GET', subscriptionClusters, list(false)),
    route('GET', clustersPath, list(true)),
    route('GET', one, async (call) => {
      await authorise(options, call, `${clusterType}/read`, call.scopeKey);
      const found = find(call.scopeKey);
      if (found === undefined) throw resourceNotFound(call, 'cluster');
      return jsonAnswer(200, show(found));
    }),
    route('PUT', one, put),
    route('PATCH', one, patch),
    route('DELETE', one, async (call) => {
      await authorise(options, call, `${clusterType}/delete`, call.scopeKey);
      const found = find(call.scopeKey);
      if (found === undefined) return { status: 204 };
      if (linkedTo(found).length > 0) {
        throw new HttpError(409, 'Conflict', 'Workspaces are linked to the cluster.');
      }
      await audited(
        options,
        call,
        { operation: `${clusterType}/delete`, target: call.scopeKey },
        () => catalog.change((write) => write.removeResource(call.scopeKey)),
      );
      return { status: 200, headers: { 'content-length': '0' } };
    }),
    linked('GET', services, 'read', async (_call, workspace) => {
      const id = clusterIdOf(workspace);
      return jsonAnswer(200, { value: id === '' ? [] : [showLink(workspace, id)] });
    }),
    linked('GET', `${services}/cluster`, 'read', async (call, workspace) => {
      const id = clusterIdOf(workspace);
      if (id === '') throw resourceNotFound(call, 'linked service');
      return jsonAnswer(200, showLink(workspace, id));
    }),
    linked('PUT', `${services}/cluster`, 'write', link),
    linked('DELETE', `${services}/cluster`, 'write', unlink),
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
