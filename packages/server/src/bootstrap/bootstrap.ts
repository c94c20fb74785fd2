import { join } from 'node:path';
import { invariant, principalId as readPrincipalId, utf8 } from '@strongroom/base';
import type { Clock, Fs, Random } from '@strongroom/base';
import { createEnrollmentKey, regenerateEnrollmentKey } from '../agents/enrollment-keys.js';
import { roles } from '../access/roles.js';
import type { Role } from '../access/roles.js';
import type { Principal } from '../access/principal.js';
import { createWorkspace } from '../arm/workspaces.js';
import type { Audit } from '../audit/audit.js';
import type { Catalog, CatalogWriter } from '../catalog/open-catalog.js';
import type { Json, JsonObject, StoredResource, StoredWorkspace } from '../catalog/records.js';
import { listOf, objectOf, textOf } from '../catalog/rule-properties.js';
import { newPassword } from '../identity/passwords.js';
import type { Passwords } from '../identity/passwords.js';
import { newSecret, secretHash } from '../identity/secrets.js';
import type { Workspaces } from '../workspaces/workspace.js';

/** How long the secrets of `bootstrap.json` live. */
const lifetimeMs = 24 * 3_600_000;
const lifetimeHours = 24;

const resourceGroup = 'strongroom';
const workspaceName = 'default';
const tableName = 'Text_CL';
const streamName = 'Custom-Text_CL';
const textColumns = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'Computer', type: 'string' },
  { name: 'FilePath', type: 'string' },
  { name: 'RawData', type: 'string' },
] as const;

/** What names this service; made on first start and kept. */
export interface ServiceIdentity {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/** Reads the service's ids, made where they are missing. The rest of the service is built on it. */
export async function openServiceIdentity(
  catalog: Catalog,
  random: Random,
): Promise<ServiceIdentity> {
  const read = async (name: string): Promise<string> => {
    const known = catalog.snapshot.settings.get(name);
    if (known !== undefined) return known;
    const made = random.uuid();
    await catalog.change((write) => write.putSetting(name, made));
    return made;
  };
  return {
    tenantId: await read('tenantId'),
    subscriptionId: await read('subscriptionId'),
    resourceGroup,
  };
}

export interface BootstrapOptions {
  readonly catalog: Catalog;
  readonly workspaces: Workspaces;
  readonly audit: Audit;
  readonly passwords: Passwords;
  readonly identity: ServiceIdentity;
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: Fs;
  /** Where new workspaces lie. */
  readonly region: string;
  /** The data directory. */
  readonly data: string;
  /** `https://host:port`. */
  readonly url: string;
  /** The authority's certificate, for clients. */
  readonly caFile: string;
  /** Give the administrator `admin` a new password and its role back, whatever they were. */
  readonly resetAdministrator: boolean;
  /** Bound to loopback and not told `--no-bootstrap`: only then is there a `bootstrap.json`. */
  readonly writeFile: boolean;
}

export interface BootstrapResult {
  /** The first administrator, on the first start only: shown once, stored nowhere in plain. */
  readonly administrator: { readonly userName: string; readonly password: string } | undefined;
  readonly workspace: StoredWorkspace;
  readonly rule: StoredResource;
  /** The fresh enrolment key of the file. */
  readonly enrollmentKey: string | undefined;
  /** Path of the file, where it was written. */
  readonly file: string | undefined;
}

const service: Principal = {
  kind: 'Service',
  id: readPrincipalId('00000000-0000-0000-0000-000000000000'),
  name: 'strongroom',
  proof: 'internal',
};

/**
 * Makes what a first user needs, each part only where it is missing, so that a start that was cut
 * short is finished by the next one: an administrator, the default workspace with its table, its
 * endpoint and rule. Then, on every start, renews the bootstrap application's secret and enrolment
 * key, so that those of the last start are dead, and writes or removes `bootstrap.json`.
 */
export async function bootstrap(options: BootstrapOptions): Promise<BootstrapResult> {
  const administrator = await ensureAdministrator(options);
  const workspace = await ensureWorkspace(options);
  await ensureTable(options, workspace);
  await ensureResource(options, workspace, 'endpoint');
  const rule = await ensureResource(options, workspace, 'rule');
  const path = join(options.data, 'bootstrap.json');
  if (!options.writeFile) {
    await endApplication(options);
    if ((await options.fs.stat(path)) !== undefined) {
      await options.fs.remove(path);
      await options.fs.syncDirectory(options.data);
    }
    return { administrator, workspace, rule, enrollmentKey: undefined, file: undefined };
  }
  const { clientId, clientSecret } = await renewApplication(options, workspace, rule);
  const enrollmentKey = await renewEnrollmentKey(options, workspace);
  const { identity } = options;
  await replaceFile(options.fs, options.data, path, {
    url: options.url,
    caFile: options.caFile,
    tenantId: identity.tenantId,
    clientId,
    clientSecret,
    subscriptionId: identity.subscriptionId,
    resourceGroup,
    workspaceName,
    workspaceId: workspace.workspaceId,
    workspaceResourceId: workspace.resourceId,
    dcrImmutableId: rule.immutableId,
    streamName,
    customTable: tableName,
    enrollmentKey,
  });
  return { administrator, workspace, rule, enrollmentKey, file: path };
}

async function record(
  { audit }: BootstrapOptions,
  operation: string,
  target: string,
  workspaceId?: StoredWorkspace['workspaceId'],
): Promise<void> {
  await audit.record({
    principal: service,
    operation,
    outcome: 'Started',
    target,
    ...(workspaceId === undefined ? {} : { workspaceId }),
  });
}

async function ensureAdministrator(
  options: BootstrapOptions,
): Promise<BootstrapResult['administrator']> {
  const { catalog, passwords, clock, random, resetAdministrator } = options;
  // Later on there may be no user named admin any more, on purpose.
  if (catalog.snapshot.users.size > 0 && !resetAdministrator) return undefined;
  const password = newPassword(random);
  const passwordHash = await passwords.hash(password);
  const now = clock.now();
  const known = [...catalog.snapshot.users.values()].find((user) => user.userName === 'admin');
  const id = known?.id ?? readPrincipalId(random.uuid());
  await record(options, 'Microsoft.Strongroom/users/write', id);
  await catalog.change(async (write) => {
    await write.putUser({
      id,
      userName: 'admin',
      displayName: 'Administrator',
      passwordHash,
      disabled: false,
      createdAt: known?.createdAt ?? now,
      passwordChangedAt: now,
      validAfter: now,
    });
    const isOwner = catalog.snapshot.assignments.some(
      (each) => each.principalId === id && each.scopeKey === '/' && each.roleId === roles.owner.id,
    );
    if (isOwner) return;
    await assign(options, write, {
      scope: '/',
      role: roles.owner,
      principalId: id,
      principalType: 'User',
    });
  });
  return { userName: 'admin', password };
}

/** An assignment that the service itself makes. */
async function assign(
  { random, clock }: BootstrapOptions,
  write: CatalogWriter,
  of: {
    scope: string;
    role: Role;
    principalId: Principal['id'];
    principalType: 'User' | 'ServicePrincipal';
  },
): Promise<void> {
  await write.putAssignment({
    id: random.uuid(),
    scope: of.scope,
    scopeKey: of.scope.toLowerCase(),
    roleId: of.role.id,
    principalId: of.principalId,
    principalType: of.principalType,
    createdAt: clock.now(),
    createdBy: service.name,
  });
}

const groupId = (identity: ServiceIdentity): string =>
  `/subscriptions/${identity.subscriptionId}/resourceGroups/${resourceGroup}`;

/**
 * The default workspace. It is remembered by id: renamed regions or a deletion do not bring a second
 * one, but a deleted one is recovered, because `bootstrap.json` promises it.
 */
async function ensureWorkspace(options: BootstrapOptions): Promise<StoredWorkspace> {
  const { catalog, identity, region } = options;
  const key =
    `${groupId(identity)}/providers/Microsoft.OperationalInsights/workspaces/${workspaceName}`.toLowerCase();
  const known = catalog.snapshot.workspacesByKey.get(key);
  if (known?.deletedAt !== undefined) {
    await record(options, 'Microsoft.OperationalInsights/workspaces/write', key);
    await catalog.change((write) => write.putWorkspace({ ...known, deletedAt: undefined }));
  } else if (known === undefined) {
    await record(options, 'Microsoft.OperationalInsights/workspaces/write', key);
    return createWorkspace(
      { ...options, subscriptionId: identity.subscriptionId },
      { name: workspaceName, resourceGroup, region, tags: {}, properties: {}, owner: undefined },
    );
  }
  const workspace = catalog.workspaceByResourceId(key);
  invariant(workspace !== undefined, 'the default workspace is there');
  return workspace;
}

async function ensureTable(options: BootstrapOptions, workspace: StoredWorkspace): Promise<void> {
  const { catalog, clock } = options;
  const { workspaceId } = workspace;
  if (catalog.table(workspaceId, tableName) !== undefined) return;
  await record(
    options,
    'Microsoft.OperationalInsights/workspaces/tables/write',
    `${workspace.resourceId}/tables/${tableName}`,
    workspaceId,
  );
  const now = clock.now();
  await catalog.change((write) =>
    write.putTable({
      workspaceId,
      name: tableName,
      kind: 'CustomLog',
      columns: textColumns,
      properties: { description: 'Lines of text files.' },
      createdAt: now,
      modifiedAt: now,
    }),
  );
}

async function ensureResource(
  options: BootstrapOptions,
  workspace: StoredWorkspace,
  kind: 'endpoint' | 'rule',
): Promise<StoredResource> {
  const { catalog, clock, random, identity, region } = options;
  const folder = kind === 'rule' ? 'dataCollectionRules' : 'dataCollectionEndpoints';
  const resourceId = `${groupId(identity)}/providers/Microsoft.Insights/${folder}/default`;
  const key = resourceId.toLowerCase();
  const known = catalog.snapshot.resources.get(key);
  const now = clock.now();
  if (known !== undefined) {
    const properties = pointedAnew(known, workspace);
    if (properties === undefined) return known;
    const after = { ...known, properties, version: known.version + 1, modifiedAt: now };
    await record(options, `Microsoft.Insights/${folder}/write`, resourceId, workspace.workspaceId);
    await catalog.change((write) => write.putResource(after));
    return after;
  }
  const resource: StoredResource = {
    kind,
    resourceKey: key,
    resourceId,
    name: 'default',
    subscriptionId: identity.subscriptionId,
    resourceGroup,
    region,
    immutableId: `${kind === 'rule' ? 'dcr' : 'dce'}-${random.uuid().replaceAll('-', '')}`,
    version: 1,
    tags: {},
    flavor: kind === 'rule' ? 'Direct' : undefined,
    properties:
      kind === 'endpoint'
        ? {}
        : {
            streamDeclarations: { [streamName]: { columns: textColumns } },
            destinations: {
              logAnalytics: [
                {
                  name: 'default',
                  workspaceResourceId: workspace.resourceId,
                  workspaceId: workspace.workspaceId,
                },
              ],
            },
            dataFlows: [
              {
                streams: [streamName],
                destinations: ['default'],
                transformKql: 'source',
                outputStream: streamName,
              },
            ],
          },
    createdAt: now,
    modifiedAt: now,
  };
  await record(
    options,
    `Microsoft.Insights/${folder}/write`,
    resourceId,
    kind === 'rule' ? workspace.workspaceId : undefined,
  );
  await catalog.change((write) => write.putResource(resource));
  return resource;
}

/**
 * A rule does not follow a workspace's name (see `arm/rules.ts`). Where we made the default workspace
 * again, its rule is led there; everything else that was set in it stays.
 */
function pointedAnew(
  { properties }: StoredResource,
  workspace: StoredWorkspace,
): JsonObject | undefined {
  const destinations = objectOf(properties['destinations']);
  let changed = false;
  const logAnalytics = listOf(destinations['logAnalytics']).map((item): Json => {
    const { workspaceResourceId: id, workspaceId } = objectOf(item);
    const isHere = textOf(id)?.toLowerCase() === workspace.resourceKey;
    if (!isHere || workspaceId === undefined || workspaceId === workspace.workspaceId) return item;
    changed = true;
    return { ...objectOf(item), workspaceId: workspace.workspaceId };
  });
  return changed ? { ...properties, destinations: { ...destinations, logAnalytics } } : undefined;
}

/** The application of `bootstrap.json`, remembered by its client id. */
async function renewApplication(
  options: BootstrapOptions,
  workspace: StoredWorkspace,
  rule: StoredResource,
): Promise<{ clientId: string; clientSecret: string }> {
  const { catalog, clock, random, identity } = options;
  const clientSecret = newSecret(random, 'srs_');
  const now = clock.now();
  const known = catalog.snapshot.applications.get(
    catalog.snapshot.settings.get(applicationSetting) ?? '',
  );
  const application = known ?? {
    clientId: random.uuid(),
    principalId: readPrincipalId(random.uuid()),
    displayName: 'bootstrap',
    disabled: false,
    createdAt: now,
  };
  await record(options, 'Microsoft.Strongroom/applications/write', application.clientId);
  await catalog.change(async (write, snapshot) => {
    await write.putApplication({ ...application, disabled: false });
    await write.putSetting(applicationSetting, application.clientId);
    await write.removeCredentials(application.clientId);
    await write.putCredential({
      id: random.uuid(),
      clientId: application.clientId,
      kind: 'secret',
      verifier: secretHash(clientSecret),
      createdAt: now,
      expiresAt: now + lifetimeMs,
    });
    const wanted: readonly (readonly [string, Role])[] = [
      [workspace.resourceId, roles.owner],
      [groupId(identity), roles.workspaceCreator],
      [rule.resourceId, roles.metricsPublisher],
    ];
    const has = snapshot.assignmentsByPrincipal.get(application.principalId) ?? [];
    for (const [scope, role] of wanted) {
      const there = has.some(
        ({ scopeKey, roleId }) => scopeKey === scope.toLowerCase() && roleId === role.id,
      );
      if (there) continue;
      await assign(options, write, {
        scope,
        role,
        principalId: application.principalId,
        principalType: 'ServicePrincipal',
      });
    }
  });
  return { clientId: application.clientId, clientSecret };
}

const applicationSetting = 'bootstrapClientId';
const enrollmentKeySetting = 'bootstrapEnrollmentKeyId';

/** Without the file nobody may use what a former file held. */
async function endApplication({ catalog, clock }: BootstrapOptions): Promise<void> {
  const clientId = catalog.snapshot.settings.get(applicationSetting);
  const keyId = catalog.snapshot.settings.get(enrollmentKeySetting);
  const key = keyId === undefined ? undefined : catalog.snapshot.enrollmentKeys.get(keyId);
  if (clientId === undefined && (key === undefined || key.revokedAt !== undefined)) return;
  await catalog.change(async (write) => {
    if (clientId !== undefined) await write.removeCredentials(clientId);
    if (key !== undefined && key.revokedAt === undefined) {
      await write.putEnrollmentKey({ ...key, revokedAt: clock.now() });
    }
  });
}

/** One key, with a new text each start: the text of the start before is dead. */
async function renewEnrollmentKey(
  options: BootstrapOptions,
  workspace: StoredWorkspace,
): Promise<string> {
  const { catalog } = options;
  const known = catalog.snapshot.settings.get(enrollmentKeySetting);
  await record(
    options,
    'Microsoft.OperationalInsights/workspaces/agents/write',
    workspace.resourceId,
    workspace.workspaceId,
  );
  if (known !== undefined && catalog.snapshot.enrollmentKeys.has(known)) {
    return (await regenerateEnrollmentKey(options, known)).key;
  }
  const { key, stored } = await createEnrollmentKey(options, {
    workspaceId: workspace.workspaceId,
    description: 'bootstrap.json',
    expiresInHours: lifetimeHours,
    usesMax: undefined,
    createdBy: service.name,
  });
  await catalog.change((write) => write.putSetting(enrollmentKeySetting, stored.id));
  return key;
}

/** Written whole with mode 0600 and renamed: nobody ever reads a half of it. */
async function replaceFile(
  fs: Fs,
  directory: string,
  path: string,
  content: Readonly<Record<string, string>>,
): Promise<void> {
  const fresh = `${path}.new`;
  if ((await fs.stat(fresh)) !== undefined) await fs.remove(fresh);
  const file = await fs.open(fresh, 'create', 0o600);
  try {
    await file.write(0, utf8(`${JSON.stringify(content, null, 2)}\n`));
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(fresh, path);
  await fs.syncDirectory(directory);
}
