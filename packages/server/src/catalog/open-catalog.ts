import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { invariant } from '@strongroom/base';
import type { Clock, PrincipalId, WorkspaceId } from '@strongroom/base';
import type { CatalogReader, StreamRecord, TableRecord } from './catalog.js';
import { HttpError } from '../http/errors.js';
import { CatalogError } from './errors.js';
import { catalogLimits } from './limits.js';
import { migrate } from './migrations.js';
import { openDatabase } from './open-database.js';
import type {
  StoredAgent,
  StoredApplication,
  StoredCredential,
  StoredEnrollmentKey,
  StoredErasure,
  StoredGrant,
  StoredHold,
  StoredLock,
  StoredResource,
  StoredRoleAssignment,
  StoredSearch,
  StoredTable,
  StoredUser,
  StoredWorkspace,
} from './records.js';
import { tableOfStream } from './rule-properties.js';
import type { CatalogDatabase } from './schema.js';
import { allAreas, emptySnapshot, readAreas } from './snapshot.js';
import type { Area, Snapshot } from './snapshot.js';
import { standardTables } from './standard-tables.js';

/**
 * The control plane's records: encrypted on disk, whole in memory.
 *
 * Reads answer from the snapshot. A change runs alone, in one transaction; when it was committed
 * (and fsynced) the snapshot is replaced, and only then does `change` resolve.
 */
export interface Catalog extends CatalogReader {
  /** The committed state. Take it once where several reads must agree. */
  readonly snapshot: Snapshot;
  workspace(id: WorkspaceId): StoredWorkspace | undefined;
  workspaceByResourceId(key: string): StoredWorkspace | undefined;
  workspaces(): readonly StoredWorkspace[];
  /**
   * Runs one change. Inside, `snapshot` is the newest state and stays it until the change ends, so
   * what was checked against it still holds when it is written. Whatever `act` throws undoes it.
   * Rejects `CATALOG_CONFLICT` where a unique name is taken, and with 409 `QuotaExceeded` where
   * there are as many records of a kind as there may be.
   */
  change<T>(act: (write: CatalogWriter, snapshot: Snapshot) => Promise<T>): Promise<T>;
  /** Keeps when agents were last heard; no snapshot is rebuilt for it. */
  keepAgentTimes(lastSeenAt: ReadonlyMap<string, number>): Promise<void>;
  readonly grants: GrantStore;
  /** The whole database as it is now, encrypted as on the disk: for a backup. */
  readFile(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Writes of one change. Each puts a whole record or removes one. */
export interface CatalogWriter {
  putWorkspace(record: StoredWorkspace): Promise<void>;
  /** With its tables, searches, agents, enrolment keys and the assignments at and below it. */
  removeWorkspace(record: StoredWorkspace): Promise<void>;
  putTable(record: StoredTable): Promise<void>;
  removeTable(key: { workspaceId: WorkspaceId; name: string }): Promise<void>;
  putSearch(record: StoredSearch): Promise<void>;
  removeSearch(key: { workspaceId: WorkspaceId; searchId: string }): Promise<void>;
  putResource(record: StoredResource): Promise<void>;
  /** With the assignments at and below it. */
  removeResource(resourceKey: string): Promise<void>;
  putUser(record: StoredUser): Promise<void>;
  removeUser(id: PrincipalId): Promise<void>;
  putApplication(record: StoredApplication): Promise<void>;
  /** With its credentials and assignments. */
  removeApplication(record: StoredApplication): Promise<void>;
  putCredential(record: StoredCredential): Promise<void>;
  removeCredentials(clientId: string): Promise<void>;
  putAssignment(record: StoredRoleAssignment): Promise<void>;
  removeAssignment(key: { scopeKey: string; id: string }): Promise<void>;
  putAgent(record: StoredAgent): Promise<void>;
  putEnrollmentKey(record: StoredEnrollmentKey): Promise<void>;
  putSetting(name: string, value: string): Promise<void>;
  putLock(record: StoredLock): Promise<void>;
  removeLock(key: { scopeKey: string; name: string }): Promise<void>;
  putHold(record: StoredHold): Promise<void>;
  putErasure(record: StoredErasure): Promise<void>;
}

/** Storage of `oidc-provider`'s grants and tokens; it is not part of the snapshot. */
export interface GrantStore {
  put(record: StoredGrant): Promise<void>;
  find(
    by:
      | { kind: string; id: string }
      | { kind: string; userCode: string }
      | { kind: string; uid: string },
  ): Promise<StoredGrant | undefined>;
  consume(key: { kind: string; id: string; at: number }): Promise<void>;
  remove(key: { kind: string; id: string }): Promise<void>;
  removeGrant(grantId: string): Promise<void>;
  removeExpired(now: number): Promise<void>;
}

/** Opens the catalog, made or migrated where needed. The directory must exist. */
export async function openCatalog(options: {
  path: string;
  /** 32 bytes. */
  encryptionKey: Uint8Array;
  clock: Clock;
  /** Handed the whole file after each change, which resolves only when this does. */
  keepCopy?: (file: Uint8Array) => Promise<void>;
}): Promise<Catalog> {
  const database = await openDatabase(options);
  try {
    await migrate(database, options.clock.now());
    const snapshot = await readAreas(database, emptySnapshot, allAreas);
    const catalog = new StoredCatalog(database, options, snapshot);
    await catalog.copy();
    return catalog;
  } catch (error) {
    await database.destroy();
    throw error;
  }
}

class StoredCatalog implements Catalog {
  snapshot: Snapshot;
  readonly grants: GrantStore;
  readonly #database: Kysely<CatalogDatabase>;
  readonly #path: string;
  readonly #keepCopy: ((file: Uint8Array) => Promise<void>) | undefined;
  /** The end of the queue of changes: one at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    database: Kysely<CatalogDatabase>,
    options: { path: string; keepCopy?: (file: Uint8Array) => Promise<void> },
    snapshot: Snapshot,
  ) {
    this.#database = database;
    this.#path = options.path;
    this.#keepCopy = options.keepCopy;
    this.snapshot = snapshot;
    this.grants = createGrantStore(database);
  }

  change<T>(act: (write: CatalogWriter, snapshot: Snapshot) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      const touched = new Set<Area>();
      let result: T;
      try {
        result = await this.#database
          .transaction()
          .execute((transaction) =>
            act(createWriter(transaction, touched, this.snapshot), this.snapshot),
          );
      } catch (error) {
        throw isUniqueViolation(error)
          ? new CatalogError('CATALOG_CONFLICT', 'The name is taken.', { cause: error })
          : error;
      }
      this.snapshot = await readAreas(this.#database, this.snapshot, touched);
      await this.copy();
      return result;
    };
    const done = this.#last.then(run, run);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async keepAgentTimes(lastSeenAt: ReadonlyMap<string, number>): Promise<void> {
    if (lastSeenAt.size === 0) return;
    await this.#database.transaction().execute(async (transaction) => {
      for (const [id, at] of lastSeenAt) {
        await transaction
          .updateTable('agent')
          .set({ last_seen_at: at })
          .where('id', '=', id)
          .execute();
      }
    });
  }

  /** Hands the file on where somebody keeps a copy. */
  async copy(): Promise<void> {
    await this.#keepCopy?.(await this.readFile());
  }

  readFile(): Promise<Uint8Array> {
    // There is one connection: while it is held, nothing is written. Then the log is empty.
    return this.#database.connection().execute(async (connection) => {
      const { rows } = await sql<{ busy: number }>`PRAGMA wal_checkpoint(TRUNCATE)`.execute(
        connection,
      );
      invariant(rows[0]?.busy === 0, 'nobody else has the catalog open');
      return readFile(this.#path);
    });
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#database.destroy();
  }

  workspace(id: WorkspaceId): StoredWorkspace | undefined {
    return living(this.snapshot.workspaces.get(id));
  }

  workspaceByResourceId(key: string): StoredWorkspace | undefined {
    return living(this.snapshot.workspacesByKey.get(key));
  }

  workspaces(): readonly StoredWorkspace[] {
    return [...this.snapshot.workspaces.values()].filter(
      ({ deletedAt }) => deletedAt === undefined,
    );
  }

  table(id: WorkspaceId, name: string): TableRecord | undefined {
    if (this.workspace(id) === undefined) return undefined;
    return this.snapshot.tableRecords.get(id)?.get(name) ?? standardTables().get(name);
  }

  *tableNames(id: WorkspaceId): Iterable<string> {
    if (this.workspace(id) === undefined) return;
    yield* standardTables().keys();
    for (const [name, { kind }] of this.snapshot.tables.get(id) ?? []) {
      if (kind === 'CustomLog') yield name;
    }
  }

  functions(id: WorkspaceId): ReturnType<CatalogReader['functions']> {
    return this.workspace(id) === undefined ? [] : (this.snapshot.functions.get(id) ?? []);
  }

  rule(immutableId: string): ReturnType<CatalogReader['rule']> {
    return this.snapshot.rules.get(immutableId.toLowerCase());
  }

  agentStream(id: WorkspaceId, stream: string): StreamRecord | undefined {
    const name = tableOfStream(stream);
    const builtIn = agentStreams.has(stream);
    const custom = stream.startsWith('Custom-') && name.endsWith('_CL');
    if (!builtIn && !custom) return undefined;
    const table = this.table(id, name);
    if (table === undefined) return undefined;
    return {
      name: stream,
      columns: table.schema.columns,
      workspaceId: id,
      outputTable: table.schema.name,
    };
  }
}

/** Microsoft's streams that an agent may send; `Custom-…_CL` goes to any custom table. */
const agentStreams: ReadonlySet<string> = new Set([
  'Microsoft-Syslog',
  'Microsoft-Perf',
  'Microsoft-Heartbeat',
  'Microsoft-ConfigurationData',
  'Microsoft-Operation',
]);

const living = (record: StoredWorkspace | undefined): StoredWorkspace | undefined =>
  record?.deletedAt === undefined ? record : undefined;

const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'SQLITE_CONSTRAINT_UNIQUE' || error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY');

function createWriter(
  database: Transaction<CatalogDatabase>,
  touched: { add(area: Area): unknown },
  snapshot: Snapshot,
): CatalogWriter {
  /** Refuses a new record where there are as many as there may be. */
  const checkRoom = (isNew: boolean, count: number, most: number, what: string): void => {
    if (!isNew || count < most) return;
    throw new HttpError(409, 'QuotaExceeded', `There may be ${most} ${what} at most.`);
  };
  /** The assignments at a scope and below it. */
  const removeAssignmentsBelow = async (scopeKey: string): Promise<void> => {
    touched.add('assignments');
    // No pattern matching: a scope may hold `%` and `_`.
    const rows = await database.selectFrom('role_assignment').select(['scope_key', 'id']).execute();
    for (const row of rows) {
      if (row.scope_key !== scopeKey && !row.scope_key.startsWith(`${scopeKey}/`)) continue;
      await database
        .deleteFrom('role_assignment')
        .where('scope_key', '=', row.scope_key)
        .where('id', '=', row.id)
        .execute();
    }
  };
  return {
    putWorkspace: async (record) => {
      const { workspaces } = snapshot;
      checkRoom(
        !workspaces.has(record.workspaceId),
        workspaces.size,
        catalogLimits.workspacesMax,
        'workspaces',
      );
      touched.add('workspaces');
      const row = {
        id: record.workspaceId,
        name: record.name,
        subscription_id: record.subscriptionId,
        resource_group: record.resourceGroup,
        region: record.region,
        resource_id: record.resourceId,
        resource_key: record.resourceKey,
        key_record: Buffer.from(record.keyRecord),
        retention_days: record.retentionInDays,
        tags: JSON.stringify(record.tags),
        properties: JSON.stringify(record.properties),
        created_at: record.createdAt,
        modified_at: record.modifiedAt,
        deleted_at: record.deletedAt ?? null,
      };
      await database
        .insertInto('workspace')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    removeWorkspace: async (record) => {
      for (const area of [
        'workspaces',
        'tables',
        'searches',
        'agents',
        'enrollmentKeys',
      ] as const) {
        touched.add(area);
      }
      await database.deleteFrom('workspace').where('id', '=', record.workspaceId).execute();
      await removeAssignmentsBelow(record.resourceKey);
    },
    putTable: async (record) => {
      const tables = snapshot.tables.get(record.workspaceId);
      checkRoom(
        tables?.has(record.name) !== true,
        tables?.size ?? 0,
        catalogLimits.tablesPerWorkspaceMax,
        'tables in a workspace',
      );
      touched.add('tables');
      const row = {
        workspace_id: record.workspaceId,
        name: record.name,
        kind: record.kind,
        columns: JSON.stringify(record.columns),
        properties: JSON.stringify(record.properties),
        created_at: record.createdAt,
        modified_at: record.modifiedAt,
      };
      await database
        .insertInto('workspace_table')
        .values(row)
        .onConflict((conflict) => conflict.columns(['workspace_id', 'name']).doUpdateSet(row))
        .execute();
    },
    removeTable: async ({ workspaceId: id, name }) => {
      touched.add('tables');
      await database
        .deleteFrom('workspace_table')
        .where('workspace_id', '=', id)
        .where('name', '=', name)
        .execute();
    },
    putSearch: async (record) => {
      const searches = snapshot.searches.get(record.workspaceId);
      checkRoom(
        searches?.has(record.searchId.toLowerCase()) !== true,
        searches?.size ?? 0,
        catalogLimits.savedSearchesPerWorkspaceMax,
        'saved searches in a workspace',
      );
      touched.add('searches');
      const row = {
        workspace_id: record.workspaceId,
        search_key: record.searchId.toLowerCase(),
        search_id: record.searchId,
        properties: JSON.stringify(record.properties),
        etag: record.etag,
      };
      await database
        .insertInto('saved_search')
        .values(row)
        .onConflict((conflict) => conflict.columns(['workspace_id', 'search_key']).doUpdateSet(row))
        .execute();
    },
    removeSearch: async ({ workspaceId: id, searchId }) => {
      touched.add('searches');
      await database
        .deleteFrom('saved_search')
        .where('workspace_id', '=', id)
        .where('search_key', '=', searchId.toLowerCase())
        .execute();
    },
    putResource: async (record) => {
      const { resources } = snapshot;
      checkRoom(
        !resources.has(record.resourceKey),
        resources.size,
        catalogLimits.resourcesMax,
        'rules, endpoints and associations',
      );
      touched.add('resources');
      const row = {
        resource_key: record.resourceKey,
        kind: record.kind,
        resource_id: record.resourceId,
        name: record.name,
        subscription_id: record.subscriptionId,
        resource_group: record.resourceGroup,
        region: record.region,
        immutable_id: record.immutableId,
        version: record.version,
        tags: JSON.stringify(record.tags),
        flavor: record.flavor ?? null,
        properties: JSON.stringify(record.properties),
        created_at: record.createdAt,
        modified_at: record.modifiedAt,
      };
      await database
        .insertInto('resource')
        .values(row)
        .onConflict((conflict) => conflict.column('resource_key').doUpdateSet(row))
        .execute();
    },
    removeResource: async (key) => {
      touched.add('resources');
      await database.deleteFrom('resource').where('resource_key', '=', key).execute();
      await removeAssignmentsBelow(key);
    },
    putUser: async (record) => {
      const { users } = snapshot;
      checkRoom(!users.has(record.id), users.size, catalogLimits.usersMax, 'users');
      touched.add('users');
      const row = {
        id: record.id,
        user_key: record.userName.toLowerCase(),
        user_name: record.userName,
        display_name: record.displayName,
        password_hash: record.passwordHash,
        disabled: record.disabled ? 1 : 0,
        created_at: record.createdAt,
        password_changed_at: record.passwordChangedAt,
        valid_after: record.validAfter,
      };
      await database
        .insertInto('user')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    removeUser: async (id) => {
      touched.add('users');
      touched.add('assignments');
      await database.deleteFrom('user').where('id', '=', id).execute();
      await database.deleteFrom('role_assignment').where('principal_id', '=', id).execute();
    },
    putApplication: async (record) => {
      const { applications } = snapshot;
      checkRoom(
        !applications.has(record.clientId),
        applications.size,
        catalogLimits.applicationsMax,
        'applications',
      );
      touched.add('applications');
      const row = {
        client_id: record.clientId,
        principal_id: record.principalId,
        display_name: record.displayName,
        disabled: record.disabled ? 1 : 0,
        created_at: record.createdAt,
      };
      await database
        .insertInto('application')
        .values(row)
        .onConflict((conflict) => conflict.column('client_id').doUpdateSet(row))
        .execute();
    },
    removeApplication: async (record) => {
      touched.add('applications');
      touched.add('assignments');
      await database.deleteFrom('application').where('client_id', '=', record.clientId).execute();
      await database
        .deleteFrom('role_assignment')
        .where('principal_id', '=', record.principalId)
        .execute();
    },
    putCredential: async (record) => {
      touched.add('applications');
      await database
        .insertInto('credential')
        .values({
          id: record.id,
          client_id: record.clientId,
          kind: record.kind,
          verifier: record.verifier,
          created_at: record.createdAt,
          expires_at: record.expiresAt,
        })
        .execute();
    },
    removeCredentials: async (clientId) => {
      touched.add('applications');
      await database.deleteFrom('credential').where('client_id', '=', clientId).execute();
    },
    putAssignment: async (record) => {
      checkRoom(
        true,
        snapshot.assignments.length,
        catalogLimits.assignmentsMax,
        'role assignments',
      );
      touched.add('assignments');
      await database
        .insertInto('role_assignment')
        .values({
          id: record.id,
          scope: record.scope,
          scope_key: record.scopeKey,
          role_id: record.roleId,
          principal_id: record.principalId,
          principal_type: record.principalType,
          created_at: record.createdAt,
          created_by: record.createdBy,
        })
        .execute();
    },
    removeAssignment: async ({ scopeKey, id }) => {
      touched.add('assignments');
      await database
        .deleteFrom('role_assignment')
        .where('scope_key', '=', scopeKey)
        .where('id', '=', id)
        .execute();
    },
    putAgent: async (record) => {
      const { agents } = snapshot;
      checkRoom(!agents.has(record.id), agents.size, catalogLimits.agentsMax, 'agents');
      touched.add('agents');
      const row = {
        id: record.id,
        workspace_id: record.workspaceId,
        computer: record.computer,
        os_type: record.osType,
        version: record.version,
        enrolled_at: record.enrolledAt,
        key_id: record.keyId,
        serial: record.serial,
        not_after: record.notAfter,
        previous_serial: record.previousSerial ?? null,
        renewed_at: record.renewedAt ?? null,
        revoked_at: record.revokedAt ?? null,
        last_seen_at: record.lastSeenAt ?? null,
      };
      await database
        .insertInto('agent')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    putEnrollmentKey: async (record) => {
      const { enrollmentKeys } = snapshot;
      checkRoom(
        !enrollmentKeys.has(record.id),
        enrollmentKeys.size,
        catalogLimits.enrollmentKeysMax,
        'enrolment keys',
      );
      touched.add('enrollmentKeys');
      const row = {
        id: record.id,
        workspace_id: record.workspaceId,
        hash: record.hash,
        description: record.description,
        created_at: record.createdAt,
        created_by: record.createdBy,
        expires_at: record.expiresAt,
        uses_max: record.usesMax ?? null,
        uses: record.uses,
        revoked_at: record.revokedAt ?? null,
      };
      await database
        .insertInto('enrollment_key')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    putSetting: async (name, value) => {
      touched.add('settings');
      await database
        .insertInto('setting')
        .values({ name, value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute();
    },
    putLock: async (record) => {
      const { locks } = snapshot;
      const same = (other: StoredLock): boolean =>
        other.scopeKey === record.scopeKey &&
        other.name.toLowerCase() === record.name.toLowerCase();
      checkRoom(!locks.some(same), locks.length, catalogLimits.locksMax, 'locks');
      touched.add('locks');
      const row = {
        scope_key: record.scopeKey,
        name_key: record.name.toLowerCase(),
        scope: record.scope,
        name: record.name,
        level: record.level,
        notes: record.notes,
        owners: JSON.stringify(record.owners),
        created_at: record.createdAt,
        created_by: record.createdBy,
        modified_at: record.modifiedAt,
      };
      await database
        .insertInto('management_lock')
        .values(row)
        .onConflict((conflict) => conflict.columns(['scope_key', 'name_key']).doUpdateSet(row))
        .execute();
    },
    removeLock: async ({ scopeKey, name }) => {
      touched.add('locks');
      await database
        .deleteFrom('management_lock')
        .where('scope_key', '=', scopeKey)
        .where('name_key', '=', name.toLowerCase())
        .execute();
    },
    putHold: async (record) => {
      const { holds } = snapshot;
      checkRoom(!holds.has(record.id), holds.size, catalogLimits.holdsMax, 'holds');
      touched.add('holds');
      const row = {
        id: record.id,
        workspace_id: record.workspaceId,
        scope: record.scope,
        scope_key: record.scopeKey,
        reason: record.reason,
        approvals_needed: record.approvalsNeeded,
        approvers: JSON.stringify(record.approvers),
        placed_at: record.placedAt,
        placed_by: JSON.stringify(record.placedBy),
        approvals: JSON.stringify(record.approvals),
        lifted_at: record.liftedAt ?? null,
      };
      await database
        .insertInto('hold')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    putErasure: async (record) => {
      const { erasures } = snapshot;
      checkRoom(!erasures.has(record.id), erasures.size, catalogLimits.erasuresMax, 'erasures');
      touched.add('erasures');
      const row = {
        id: record.id,
        workspace_id: record.workspaceId,
        kind: record.kind,
        state: record.state,
        table_name: record.table,
        request: JSON.stringify(record.request),
        requested_at: record.requestedAt,
        requested_by: JSON.stringify(record.requestedBy),
        due_at: record.dueAt,
        changed_at: record.changedAt,
        progress: JSON.stringify(record.progress),
        certificate: record.certificate,
      };
      await database
        .insertInto('erasure')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
  };
}

function createGrantStore(database: Kysely<CatalogDatabase>): GrantStore {
  return {
    put: async (record) => {
      const row = {
        kind: record.kind,
        id: record.id,
        payload: record.payload,
        expires_at: record.expiresAt ?? null,
        grant_id: record.grantId ?? null,
        user_code: record.userCode ?? null,
        uid: record.uid ?? null,
        consumed_at: record.consumedAt ?? null,
      };
      await database
        .insertInto('grant_record')
        .values(row)
        .onConflict((conflict) => conflict.columns(['kind', 'id']).doUpdateSet(row))
        .execute();
    },
    find: async (by) => {
      const all = database.selectFrom('grant_record').selectAll().where('kind', '=', by.kind);
      const row = await (
        'id' in by
          ? all.where('id', '=', by.id)
          : 'userCode' in by
            ? all.where('user_code', '=', by.userCode)
            : all.where('uid', '=', by.uid)
      ).executeTakeFirst();
      if (row === undefined) return undefined;
      return {
        kind: row.kind,
        id: row.id,
        payload: row.payload,
        expiresAt: row.expires_at ?? undefined,
        grantId: row.grant_id ?? undefined,
        userCode: row.user_code ?? undefined,
        uid: row.uid ?? undefined,
        consumedAt: row.consumed_at ?? undefined,
      };
    },
    consume: async ({ kind, id, at }) => {
      await database
        .updateTable('grant_record')
        .set({ consumed_at: at })
        .where('kind', '=', kind)
        .where('id', '=', id)
        .execute();
    },
    remove: async ({ kind, id }) => {
      await database
        .deleteFrom('grant_record')
        .where('kind', '=', kind)
        .where('id', '=', id)
        .execute();
    },
    removeGrant: async (grantId) => {
      await database.deleteFrom('grant_record').where('grant_id', '=', grantId).execute();
    },
    removeExpired: async (now) => {
      await database.deleteFrom('grant_record').where('expires_at', '<', now).execute();
    },
  };
}
