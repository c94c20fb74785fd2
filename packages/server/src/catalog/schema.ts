/** The catalog's tables as Kysely sees them. Times in ms, booleans as 0 and 1, JSON as text. */
export interface CatalogDatabase {
  setting: { name: string; value: string };
  migration: { number: number; name: string; applied_at: number };
  workspace: {
    id: string;
    name: string;
    subscription_id: string;
    resource_group: string;
    region: string;
    resource_id: string;
    resource_key: string;
    key_record: Uint8Array;
    retention_days: number;
    tags: string;
    properties: string;
    created_at: number;
    modified_at: number;
    deleted_at: number | null;
  };
  workspace_table: {
    workspace_id: string;
    name: string;
    kind: string;
    columns: string;
    properties: string;
    created_at: number;
    modified_at: number;
  };
  saved_search: {
    workspace_id: string;
    search_key: string;
    search_id: string;
    properties: string;
    etag: string;
  };
  resource: {
    resource_key: string;
    kind: string;
    resource_id: string;
    name: string;
    subscription_id: string;
    resource_group: string;
    region: string;
    immutable_id: string;
    version: number;
    tags: string;
    flavor: string | null;
    properties: string;
    created_at: number;
    modified_at: number;
  };
  user: {
    id: string;
    user_key: string;
    user_name: string;
    display_name: string;
    password_hash: string;
    disabled: number;
    created_at: number;
    password_changed_at: number;
    valid_after: number;
  };
  application: {
    client_id: string;
    principal_id: string;
    display_name: string;
    disabled: number;
    created_at: number;
  };
  credential: {
    id: string;
    client_id: string;
    kind: string;
    verifier: string;
    created_at: number;
    expires_at: number;
  };
  role_assignment: {
    id: string;
    scope: string;
    scope_key: string;
    role_id: string;
    principal_id: string;
    principal_type: string;
    created_at: number;
    created_by: string;
  };
  agent: {
    id: string;
    workspace_id: string;
    computer: string;
    os_type: string;
    version: string;
    enrolled_at: number;
    key_id: string;
    serial: string;
    not_after: number;
    previous_serial: string | null;
    renewed_at: number | null;
    revoked_at: number | null;
    last_seen_at: number | null;
  };
  enrollment_key: {
    id: string;
    workspace_id: string;
    hash: string;
    description: string;
    created_at: number;
    created_by: string;
    expires_at: number;
    uses_max: number | null;
    uses: number;
    revoked_at: number | null;
  };
  management_lock: {
    scope_key: string;
    name_key: string;
    scope: string;
    name: string;
    level: string;
    notes: string;
    owners: string;
    created_at: number;
    created_by: string;
    modified_at: number;
  };
  hold: {
    id: string;
    workspace_id: string;
    scope: string;
    scope_key: string;
    reason: string;
    approvals_needed: number;
    approvers: string;
    placed_at: number;
    placed_by: string;
    approvals: string;
    lifted_at: number | null;
  };
  erasure: {
    id: string;
    workspace_id: string;
    kind: string;
    state: string;
    table_name: string;
    request: string;
    requested_at: number;
    requested_by: string;
    due_at: number;
    changed_at: number;
    progress: string;
    certificate: string;
  };
  grant_record: {
    kind: string;
    id: string;
    payload: string;
    expires_at: number | null;
    grant_id: string | null;
    user_code: string | null;
    uid: string | null;
    consumed_at: number | null;
  };
}
