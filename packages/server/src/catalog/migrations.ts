import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { CatalogError } from './errors.js';
import type { CatalogDatabase } from './schema.js';

/** One step of the schema. Numbers are never reused and a step that was released never changes. */
interface Migration {
  readonly number: number;
  readonly name: string;
  readonly statements: readonly string[];
}

const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'first tables',
    statements: [
      `create table setting (name text primary key, value text not null)`,
      `create table workspace (
        id text primary key, name text not null, subscription_id text not null,
        resource_group text not null, region text not null, resource_id text not null,
        resource_key text not null, key_record blob not null, retention_days integer not null,
        tags text not null, properties text not null, created_at integer not null,
        modified_at integer not null, deleted_at integer)`,
      // A name is taken while its workspace exists, soft-deleted or not.
      `create unique index workspace_by_key on workspace (resource_key)`,
      `create table workspace_table (
        workspace_id text not null references workspace (id) on delete cascade,
        name text not null, kind text not null, columns text not null, properties text not null,
        created_at integer not null, modified_at integer not null,
        primary key (workspace_id, name))`,
      `create table saved_search (
        workspace_id text not null references workspace (id) on delete cascade,
        search_key text not null, search_id text not null, properties text not null,
        etag text not null, primary key (workspace_id, search_key))`,
      `create table resource (
        resource_key text primary key, kind text not null, resource_id text not null,
        name text not null, subscription_id text not null, resource_group text not null,
        region text not null, immutable_id text not null, version integer not null,
        tags text not null, flavor text, properties text not null, created_at integer not null,
        modified_at integer not null)`,
      `create unique index resource_by_immutable_id on resource (immutable_id)
        where immutable_id <> ''`,
      `create table user (
        id text primary key, user_key text not null unique, user_name text not null,
        display_name text not null, password_hash text not null, disabled integer not null,
        created_at integer not null, password_changed_at integer not null,
        valid_after integer not null)`,
      `create table application (
        client_id text primary key, principal_id text not null unique,
        display_name text not null, disabled integer not null, created_at integer not null)`,
      `create table credential (
        id text primary key,
        client_id text not null references application (client_id) on delete cascade,
        kind text not null, verifier text not null, created_at integer not null,
        expires_at integer not null)`,
      `create table role_assignment (
        id text not null, scope text not null, scope_key text not null, role_id text not null,
        principal_id text not null, principal_type text not null, created_at integer not null,
        created_by text not null, primary key (scope_key, id),
        unique (scope_key, role_id, principal_id))`,
      `create table agent (
        id text primary key,
        workspace_id text not null references workspace (id) on delete cascade,
        computer text not null, os_type text not null, version text not null,
        enrolled_at integer not null, key_id text not null, serial text not null,
        not_after integer not null, previous_serial text, renewed_at integer, revoked_at integer,
        last_seen_at integer)`,
      `create table enrollment_key (
        id text primary key,
        workspace_id text not null references workspace (id) on delete cascade,
        hash text not null unique, description text not null, created_at integer not null,
        created_by text not null, expires_at integer not null, uses_max integer,
        uses integer not null, revoked_at integer)`,
      `create table grant_record (
        kind text not null, id text not null, payload text not null, expires_at integer,
        grant_id text, user_code text, uid text, consumed_at integer, primary key (kind, id))`,
      `create index grant_by_grant on grant_record (grant_id) where grant_id is not null`,
      `create index grant_by_user_code on grant_record (user_code) where user_code is not null`,
      `create index grant_by_uid on grant_record (uid) where uid is not null`,
    ],
  },
  {
    number: 2,
    name: 'locks, holds and erasures',
    statements: [
      `create table management_lock (
        scope_key text not null, name_key text not null, scope text not null, name text not null,
        level text not null, notes text not null, owners text not null,
        created_at integer not null, created_by text not null, modified_at integer not null,
        primary key (scope_key, name_key))`,
      // Neither goes with its workspace: a hold keeps it, an erasure says what became of it.
      `create table hold (
        id text primary key, workspace_id text not null, scope text not null,
        scope_key text not null, reason text not null, approvals_needed integer not null,
        approvers text not null, placed_at integer not null, placed_by text not null,
        approvals text not null, lifted_at integer)`,
      `create table erasure (
        id text primary key, workspace_id text not null, kind text not null, state text not null,
        table_name text not null, request text not null, requested_at integer not null,
        requested_by text not null, due_at integer not null, changed_at integer not null,
        progress text not null, certificate text not null)`,
    ],
  },
];

/** Brings the schema up to date, one transaction a step. Rejects where it is newer than we are. */
export async function migrate(database: Kysely<CatalogDatabase>, now: number): Promise<void> {
  await sql`create table if not exists migration (
    number integer primary key, name text not null, applied_at integer not null)`.execute(database);
  const applied = await database.selectFrom('migration').select('number').execute();
  const newest = Math.max(0, ...applied.map(({ number }) => number));
  if (newest > migrations.length) {
    throw new CatalogError(
      'CATALOG_TOO_NEW',
      `The catalog has schema ${newest}; this release knows ${migrations.length}.`,
      { hint: 'Start the release that wrote it, or a newer one.' },
    );
  }
  for (const { number, name, statements } of migrations) {
    if (number <= newest) continue;
    await database.transaction().execute(async (transaction) => {
      for (const statement of statements) await sql.raw(statement).execute(transaction);
      await transaction.insertInto('migration').values({ number, name, applied_at: now }).execute();
    });
  }
}
