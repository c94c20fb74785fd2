/** What the portal and the CLI read from `/api`. All paths are on the public listener. */

export interface SessionInformation {
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  /** Sent back as `x-strongroom-csrf` with every request that is not a `GET`. */
  readonly csrfToken: string;
  readonly idleTimeoutSeconds: number;
  /** May administer users and see every workspace. */
  readonly isAdministrator: boolean;
}

/** Carries {@link SessionInformation.csrfToken}. */
export const csrfHeader = 'x-strongroom-csrf';

export interface WorkspaceSummary {
  readonly workspaceId: string;
  readonly name: string;
  readonly resourceId: string;
  readonly resourceGroup: string;
  readonly subscriptionId: string;
  readonly region: string;
  /** The caller's role names at this workspace. */
  readonly roles: readonly string[];
}

export interface UserSummary {
  /** The object id that role assignments name. */
  readonly id: string;
  readonly userName: string;
  readonly displayName: string;
  readonly disabled: boolean;
  readonly createdAt: string;
}

/** Azure's list envelope. */
export interface ValueList<T> {
  readonly value: readonly T[];
}

/** `GET /api/status`: how the service and the caller's workspaces are. */
export interface ServiceStatus {
  readonly version: string;
  readonly startedAt: string;
  readonly region: string;
  readonly workspaces: readonly WorkspaceStatus[];
}

export interface WorkspaceStatus {
  readonly workspaceId: string;
  readonly name: string;
  /** Entries in the journal; the next position. */
  readonly journalNext: string;
  /** Entries whose rows are in the engine. */
  readonly applied: string;
  /** Leaves under a signed checkpoint. */
  readonly sealed: string;
  readonly engine: 'running' | 'closed' | 'failed';
}

/** `GET` and `POST /api/backups`: how backups of the whole service stand. Sizes in bytes, times in ISO 8601. */
export interface BackupState {
  /** The repositories' directories on the service's machine; none where none is set. */
  readonly destinations: readonly string[];
  /** Hours between snapshots; 0: only when asked. */
  readonly everyHours: number;
  readonly running?: {
    readonly startedAt: string;
    readonly files?: number;
    readonly filesTotal?: number;
    readonly bytes?: number;
    /** New in the repository. */
    readonly written?: number;
  };
  /** The newest snapshot of this run of the service. */
  readonly last?: {
    readonly id: string;
    readonly startedAt: string;
    readonly endedAt: string;
    readonly files: number;
    readonly bytes: number;
    readonly written: number;
  };
  /** The newest try failed; a stable code. */
  readonly failed?: { readonly at: string; readonly code: string };
}

/** `POST …/proof` with `json: true`: the proof of a row, and a name for its file. */
export interface RowProofAnswer {
  readonly table: string;
  /** Journal position of the row's batch, and its number in it. */
  readonly position: string;
  readonly row: number;
  readonly file: string;
  /** A text that `strongroom verify --proof` checks with the public key alone. */
  readonly proof: string;
}

/** `/api/…`: paths shared by the portal, the CLI and the server. */
export const portalPaths = {
  session: '/api/session',
  status: '/api/status',
  /** `GET`: the certificates that clients trust, PEM; two while the authority is replaced. */
  authority: '/api/authority',
  workspaces: '/api/workspaces',
  /** `GET`: how backups stand. `POST`: takes one. */
  backups: '/api/backups',
  users: '/api/users',
  user: (id: string): string => `/api/users/${encodeURIComponent(id)}`,
  applications: '/api/applications',
  application: (id: string): string => `/api/applications/${encodeURIComponent(id)}`,
  /** `POST`: a new secret; the ones before it and their tokens end at once. */
  applicationSecret: (id: string): string => `/api/applications/${encodeURIComponent(id)}/secret`,
  ownPassword: '/api/me/password',
  agents: (workspace: string): string => `/api/workspaces/${workspace}/agents`,
  revokeAgent: (workspace: string, agent: string): string =>
    `/api/workspaces/${workspace}/agents/${agent}/revoke`,
  enrollmentKeys: (workspace: string): string => `/api/workspaces/${workspace}/enrollmentKeys`,
  enrollmentKey: (workspace: string, key: string): string =>
    `/api/workspaces/${workspace}/enrollmentKeys/${key}`,
  regenerateEnrollmentKey: (workspace: string, key: string): string =>
    `/api/workspaces/${workspace}/enrollmentKeys/${key}/regenerate`,
  checkpoint: (workspace: string): string => `/api/workspaces/${workspace}/checkpoint`,
  /** `GET`: the key that verifies checkpoints and proofs, `name+hash+base64`, one a line. */
  publicKey: (workspace: string): string => `/api/workspaces/${workspace}/publicKey`,
  /** `GET`: every hand-over of that key, oldest first, as `handovers` beside the ledger; may be empty. */
  handOvers: (workspace: string): string => `/api/workspaces/${workspace}/handOvers`,
  /** `GET`: the newest epoch statement; 404 where there was no restore. */
  epoch: (workspace: string): string => `/api/workspaces/${workspace}/epoch`,
  /** `GET`: a restore that waits for approvers of holds. `POST {signature}`: one of them agrees. */
  epochApproval: (workspace: string): string => `/api/workspaces/${workspace}/epoch/approval`,
  /** `GET ?from=SIZE`: that the newest tree continues the one of so many entries. */
  consistency: (workspace: string): string => `/api/workspaces/${workspace}/consistency`,
  /**
   * `GET ?position=N` proves the batch at a position, `?table=T&position=N&row=R` one row. `POST
   * {table, row}` finds the row by its values, as a query showed them, and proves it.
   */
  proof: (workspace: string): string => `/api/workspaces/${workspace}/proof`,
  signIn: '/auth/sign-in',
  signOut: '/auth/sign-out',
} as const;
