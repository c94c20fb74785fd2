import type { Kysely } from 'kysely';
import { agentId, principalId, workspaceId } from '@strongroom/base';
import type { PrincipalId, WorkspaceId } from '@strongroom/base';
import type { ColumnSchema, ScalarType } from '@strongroom/sql';
import type { FunctionRecord, RuleRecord, StreamRecord, TableRecord } from './catalog.js';
import type {
  JsonObject,
  StoredAgent,
  StoredApplication,
  StoredCredential,
  StoredColumn,
  Actor,
  HoldApproval,
  HoldApprover,
  StoredEnrollmentKey,
  StoredErasure,
  StoredHold,
  StoredLock,
  StoredResource,
  StoredRoleAssignment,
  StoredSearch,
  StoredTable,
  StoredUser,
  StoredWorkspace,
} from './records.js';
import { objectOf, readRule, tableOfStream } from './rule-properties.js';
import type { CatalogDatabase } from './schema.js';
import { fullTextColumns, standardTables } from './standard-tables.js';

/**
 * The catalog in memory. Each area is replaced as a whole when a change to it was committed, so a
 * reader sees a committed state and never a half of one.
 */
export interface Snapshot {
  readonly workspaces: ReadonlyMap<WorkspaceId, StoredWorkspace>;
  readonly workspacesByKey: ReadonlyMap<string, StoredWorkspace>;
  readonly tables: ReadonlyMap<WorkspaceId, ReadonlyMap<string, StoredTable>>;
  /** Tables as the data plane sees them, where they differ from the standard ones. */
  readonly tableRecords: ReadonlyMap<WorkspaceId, ReadonlyMap<string, TableRecord>>;
  readonly searches: ReadonlyMap<WorkspaceId, ReadonlyMap<string, StoredSearch>>;
  readonly functions: ReadonlyMap<WorkspaceId, readonly FunctionRecord[]>;
  readonly resources: ReadonlyMap<string, StoredResource>;
  readonly rules: ReadonlyMap<string, RuleRecord>;
  readonly users: ReadonlyMap<PrincipalId, StoredUser>;
  readonly usersByName: ReadonlyMap<string, StoredUser>;
  readonly applications: ReadonlyMap<string, StoredApplication>;
  readonly applicationsByPrincipal: ReadonlyMap<PrincipalId, StoredApplication>;
  readonly credentials: ReadonlyMap<string, readonly StoredCredential[]>;
  readonly assignments: readonly StoredRoleAssignment[];
  readonly assignmentsByPrincipal: ReadonlyMap<PrincipalId, readonly StoredRoleAssignment[]>;
  readonly agents: ReadonlyMap<string, StoredAgent>;
  readonly enrollmentKeys: ReadonlyMap<string, StoredEnrollmentKey>;
  readonly enrollmentKeysByHash: ReadonlyMap<string, StoredEnrollmentKey>;
  readonly settings: ReadonlyMap<string, string>;
  readonly locks: readonly StoredLock[];
  /** Lifted ones too. */
  readonly holds: ReadonlyMap<string, StoredHold>;
  readonly erasures: ReadonlyMap<string, StoredErasure>;
}

export const emptySnapshot: Snapshot = {
  workspaces: new Map(),
  workspacesByKey: new Map(),
  tables: new Map(),
  tableRecords: new Map(),
  searches: new Map(),
  functions: new Map(),
  resources: new Map(),
  rules: new Map(),
  users: new Map(),
  usersByName: new Map(),
  applications: new Map(),
  applicationsByPrincipal: new Map(),
  credentials: new Map(),
  assignments: [],
  assignmentsByPrincipal: new Map(),
  agents: new Map(),
  enrollmentKeys: new Map(),
  enrollmentKeysByHash: new Map(),
  settings: new Map(),
  locks: [],
  holds: new Map(),
  erasures: new Map(),
};

/** What a change touched, and so what is read again after it. */
export type Area =
  | 'workspaces'
  | 'tables'
  | 'searches'
  | 'resources'
  | 'users'
  | 'applications'
  | 'assignments'
  | 'agents'
  | 'enrollmentKeys'
  | 'settings'
  | 'locks'
  | 'holds'
  | 'erasures';

export const allAreas: readonly Area[] = [
  'workspaces',
  'tables',
  'searches',
  'resources',
  'users',
  'applications',
  'assignments',
  'agents',
  'enrollmentKeys',
  'settings',
  'locks',
  'holds',
  'erasures',
];

type Database = Kysely<CatalogDatabase>;

/** Reads the named areas and returns a snapshot with them replaced. */
export async function readAreas(
  database: Database,
  before: Snapshot,
  areas: Iterable<Area>,
): Promise<Snapshot> {
  const touched = new Set(areas);
  // A rule's streams name workspaces by resource id: they are resolved again with either.
  if (touched.has('workspaces')) touched.add('resources');
  let after = before;
  for (const area of allAreas) {
    if (touched.has(area)) after = { ...after, ...(await readers[area](database, after)) };
  }
  return after;
}

const readers: Readonly<
  Record<Area, (database: Database, before: Snapshot) => Promise<Partial<Snapshot>>>
> = {
  workspaces: readWorkspaces,
  tables: readTables,
  searches: readSearches,
  resources: readResources,
  users: readUsers,
  applications: readApplications,
  assignments: readAssignments,
  agents: readAgents,
  enrollmentKeys: readEnrollmentKeys,
  settings: async (database) => {
    const rows = await database.selectFrom('setting').selectAll().execute();
    return { settings: new Map(rows.map(({ name, value }) => [name, value])) };
  },
  locks: readLocks,
  holds: readHolds,
  erasures: readErasures,
};

const readObject = (text: string): JsonObject => JSON.parse(text) as JsonObject;
const optional = <T>(value: T | null): T | undefined => value ?? undefined;

async function readWorkspaces(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('workspace').selectAll().execute();
  const records = rows.map((row): StoredWorkspace => ({
    workspaceId: workspaceId(row.id),
    name: row.name,
    subscriptionId: row.subscription_id,
    resourceGroup: row.resource_group,
    region: row.region,
    resourceId: row.resource_id,
    resourceKey: row.resource_key,
    keyRecord: new Uint8Array(row.key_record),
    retentionInDays: row.retention_days,
    ...dailyQuota(readObject(row.properties)),
    tags: readObject(row.tags),
    properties: readObject(row.properties),
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    deletedAt: optional(row.deleted_at),
  }));
  return {
    workspaces: new Map(records.map((record) => [record.workspaceId, record])),
    workspacesByKey: new Map(records.map((record) => [record.resourceKey, record])),
  };
}

async function readTables(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('workspace_table').selectAll().orderBy('name').execute();
  const tables = new Map<WorkspaceId, Map<string, StoredTable>>();
  const tableRecords = new Map<WorkspaceId, Map<string, TableRecord>>();
  for (const row of rows) {
    const id = workspaceId(row.workspace_id);
    const table: StoredTable = {
      workspaceId: id,
      name: row.name,
      kind: row.kind === 'Microsoft' ? 'Microsoft' : 'CustomLog',
      columns: JSON.parse(row.columns) as StoredColumn[],
      properties: readObject(row.properties),
      createdAt: row.created_at,
      modifiedAt: row.modified_at,
    };
    within(tables, id).set(table.name, table);
    within(tableRecords, id).set(table.name, toTableRecord(table));
  }
  return { tables, tableRecords };
}

/** The map below `key`, made where it is missing. */
function within<K, L, V>(outer: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let inner = outer.get(key);
  if (inner === undefined) outer.set(key, (inner = new Map()));
  return inner;
}

function toTableRecord(table: StoredTable): TableRecord {
  const standard = table.kind === 'Microsoft' ? standardTables().get(table.name) : undefined;
  const columns: readonly ColumnSchema[] = [
    ...(standard?.schema.columns ?? []),
    ...table.columns.map(({ name, type }: { name: string; type: ScalarType }) => ({ name, type })),
  ];
  return {
    schema: { name: table.name, columns },
    kind: table.kind,
    fullTextColumns: fullTextColumns(columns),
  };
}

async function readSearches(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('saved_search').selectAll().execute();
  const searches = new Map<WorkspaceId, Map<string, StoredSearch>>();
  const functions = new Map<WorkspaceId, FunctionRecord[]>();
  for (const row of rows) {
    const id = workspaceId(row.workspace_id);
    const properties = readObject(row.properties);
    within(searches, id).set(row.search_key, {
      workspaceId: id,
      searchId: row.search_id,
      properties,
      etag: row.etag,
    });
    const { functionAlias, functionParameters, query } = properties;
    if (typeof functionAlias !== 'string' || functionAlias === '') continue;
    const list = functions.get(id) ?? [];
    list.push({
      name: functionAlias,
      parameters: typeof functionParameters === 'string' ? functionParameters : '',
      body: typeof query === 'string' ? query : '',
    });
    functions.set(id, list);
  }
  return { searches, functions };
}

async function readResources(database: Database, before: Snapshot): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('resource').selectAll().execute();
  const resources = new Map<string, StoredResource>();
  const rules = new Map<string, RuleRecord>();
  for (const row of rows) {
    const resource: StoredResource = {
      kind: resourceKinds.find((kind) => kind === row.kind) ?? 'association',
      resourceKey: row.resource_key,
      resourceId: row.resource_id,
      name: row.name,
      subscriptionId: row.subscription_id,
      resourceGroup: row.resource_group,
      region: row.region,
      immutableId: row.immutable_id,
      version: row.version,
      tags: readObject(row.tags),
      flavor: optional(row.flavor),
      properties: readObject(row.properties),
      createdAt: row.created_at,
      modifiedAt: row.modified_at,
    };
    resources.set(resource.resourceKey, resource);
    if (resource.kind === 'rule') {
      rules.set(resource.immutableId, toRuleRecord(resource, before));
    }
  }
  return { resources, rules };
}

function toRuleRecord(rule: StoredResource, snapshot: Snapshot): RuleRecord {
  const content = readRule(rule.properties);
  const streams = new Map<string, StreamRecord[]>();
  for (const flow of content.flows) {
    for (const stream of flow.streams) {
      for (const destination of flow.destinations) {
        const key = content.destinations.get(destination);
        const workspace = key === undefined ? undefined : snapshot.workspacesByKey.get(key);
        // A destination that is gone or soft-deleted takes nothing until it is back.
        if (workspace === undefined || workspace.deletedAt !== undefined) continue;
        // Nor does another workspace that was made under its name.
        const allowed = content.allowedIds.get(destination);
        if (allowed !== undefined && allowed !== workspace.workspaceId) continue;
        const outputTable = flow.outputTable(stream);
        const declared =
          content.declarations.get(stream) ??
          standardTables().get(tableOfStream(stream))?.schema.columns;
        const list = streams.get(stream) ?? [];
        list.push({
          name: stream,
          columns: declared ?? [],
          ...(flow.transformKql === undefined ? {} : { transformKql: flow.transformKql }),
          workspaceId: workspace.workspaceId,
          outputTable,
        });
        streams.set(stream, list);
      }
    }
  }
  return {
    immutableId: rule.immutableId,
    resourceKey: rule.resourceKey,
    version: rule.version,
    streams,
  };
}

async function readUsers(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('user').selectAll().orderBy('user_key').execute();
  const users = rows.map((row): StoredUser => ({
    id: principalId(row.id),
    userName: row.user_name,
    displayName: row.display_name,
    passwordHash: row.password_hash,
    disabled: row.disabled !== 0,
    createdAt: row.created_at,
    passwordChangedAt: row.password_changed_at,
    validAfter: row.valid_after,
  }));
  return {
    users: new Map(users.map((user) => [user.id, user])),
    usersByName: new Map(users.map((user) => [user.userName.toLowerCase(), user])),
  };
}

async function readApplications(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('application').selectAll().execute();
  const applications = rows.map((row): StoredApplication => ({
    clientId: row.client_id,
    principalId: principalId(row.principal_id),
    displayName: row.display_name,
    disabled: row.disabled !== 0,
    createdAt: row.created_at,
  }));
  const credentials = new Map<string, StoredCredential[]>();
  for (const row of await database.selectFrom('credential').selectAll().execute()) {
    const list = credentials.get(row.client_id) ?? [];
    list.push({
      id: row.id,
      clientId: row.client_id,
      kind: row.kind === 'certificate' ? 'certificate' : 'secret',
      verifier: row.verifier,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    });
    credentials.set(row.client_id, list);
  }
  return {
    applications: new Map(applications.map((record) => [record.clientId, record])),
    applicationsByPrincipal: new Map(applications.map((record) => [record.principalId, record])),
    credentials,
  };
}

async function readAssignments(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('role_assignment').selectAll().execute();
  const assignments = rows.map((row): StoredRoleAssignment => ({
    id: row.id,
    scope: row.scope,
    scopeKey: row.scope_key,
    roleId: row.role_id,
    principalId: principalId(row.principal_id),
    principalType: row.principal_type === 'User' ? 'User' : 'ServicePrincipal',
    createdAt: row.created_at,
    createdBy: row.created_by,
  }));
  const assignmentsByPrincipal = new Map<PrincipalId, StoredRoleAssignment[]>();
  for (const assignment of assignments) {
    const list = assignmentsByPrincipal.get(assignment.principalId) ?? [];
    list.push(assignment);
    assignmentsByPrincipal.set(assignment.principalId, list);
  }
  return { assignments, assignmentsByPrincipal };
}

async function readAgents(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('agent').selectAll().orderBy('enrolled_at').execute();
  const agents = rows.map((row): StoredAgent => ({
    id: agentId(row.id),
    workspaceId: workspaceId(row.workspace_id),
    computer: row.computer,
    osType: row.os_type,
    version: row.version,
    enrolledAt: row.enrolled_at,
    keyId: row.key_id,
    serial: row.serial,
    notAfter: row.not_after,
    previousSerial: optional(row.previous_serial),
    renewedAt: optional(row.renewed_at),
    revokedAt: optional(row.revoked_at),
    lastSeenAt: optional(row.last_seen_at),
  }));
  return { agents: new Map(agents.map((agent) => [agent.id, agent])) };
}

async function readEnrollmentKeys(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database
    .selectFrom('enrollment_key')
    .selectAll()
    .orderBy('created_at')
    .execute();
  const keys = rows.map((row): StoredEnrollmentKey => ({
    id: row.id,
    workspaceId: workspaceId(row.workspace_id),
    hash: row.hash,
    description: row.description,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    usesMax: optional(row.uses_max),
    uses: row.uses,
    revokedAt: optional(row.revoked_at),
  }));
  return {
    enrollmentKeys: new Map(keys.map((key) => [key.id, key])),
    enrollmentKeysByHash: new Map(keys.map((key) => [key.hash, key])),
  };
}

async function readLocks(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('management_lock').selectAll().execute();
  const locks = rows.map((row): StoredLock => ({
    scope: row.scope,
    scopeKey: row.scope_key,
    name: row.name,
    level: row.level === 'CanNotDelete' ? 'CanNotDelete' : 'ReadOnly',
    notes: row.notes,
    owners: JSON.parse(row.owners) as JsonObject[],
    createdAt: row.created_at,
    createdBy: row.created_by,
    modifiedAt: row.modified_at,
  }));
  return { locks };
}

async function readHolds(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('hold').selectAll().orderBy('placed_at').execute();
  const holds = rows.map((row): StoredHold => ({
    id: row.id,
    workspaceId: workspaceId(row.workspace_id),
    scope: row.scope,
    scopeKey: row.scope_key,
    reason: row.reason,
    approvalsNeeded: row.approvals_needed,
    approvers: JSON.parse(row.approvers) as HoldApprover[],
    placedAt: row.placed_at,
    placedBy: JSON.parse(row.placed_by) as Actor,
    approvals: JSON.parse(row.approvals) as HoldApproval[],
    liftedAt: optional(row.lifted_at),
  }));
  return { holds: new Map(holds.map((hold) => [hold.id, hold])) };
}

const erasureKinds = ['purge', 'table', 'workspace'] as const;
const erasureStates = ['waiting', 'running', 'completed', 'cancelled', 'failed'] as const;

async function readErasures(database: Database): Promise<Partial<Snapshot>> {
  const rows = await database.selectFrom('erasure').selectAll().orderBy('requested_at').execute();
  const erasures = rows.map((row): StoredErasure => ({
    id: row.id,
    workspaceId: workspaceId(row.workspace_id),
    kind: erasureKinds.find((kind) => kind === row.kind) ?? 'purge',
    state: erasureStates.find((state) => state === row.state) ?? 'failed',
    table: row.table_name,
    request: readObject(row.request),
    requestedAt: row.requested_at,
    requestedBy: JSON.parse(row.requested_by) as Actor,
    dueAt: row.due_at,
    changedAt: row.changed_at,
    progress: readObject(row.progress),
    certificate: row.certificate,
  }));
  return { erasures: new Map(erasures.map((erasure) => [erasure.id, erasure])) };
}

const resourceKinds = ['endpoint', 'rule', 'association', 'cluster', 'dataExport'] as const;

/** Azure's gigabyte is a thousand megabytes; -1 is no limit. */
function dailyQuota(properties: JsonObject): { dailyQuotaBytes?: number } {
  const gigabytes = objectOf(properties['workspaceCapping'])['dailyQuotaGb'];
  return typeof gigabytes === 'number' && gigabytes > 0
    ? { dailyQuotaBytes: Math.floor(gigabytes * 1e9) }
    : {};
}
