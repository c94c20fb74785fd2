import type { AgentId, PrincipalId, WorkspaceId } from '@strongroom/base';
import type { ScalarType } from '@strongroom/sql';
import type { WorkspaceRecord } from './catalog.js';

/** What the control plane keeps, beyond what the data plane reads (`catalog.ts`). Times in ms. */

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export interface StoredWorkspace extends WorkspaceRecord {
  readonly tags: JsonObject;
  /** Settable properties as last written (sku, retention, capping, features, …). */
  readonly properties: JsonObject;
  readonly modifiedAt: number;
  /** Soft-deleted: invisible, its data kept until it is removed by force. */
  readonly deletedAt: number | undefined;
}

/** A custom table, or what a workspace changed of a standard one. */
export interface StoredTable {
  readonly workspaceId: WorkspaceId;
  readonly name: string;
  readonly kind: 'Microsoft' | 'CustomLog';
  /** All columns of a custom table; the added ones of a standard table. */
  readonly columns: readonly StoredColumn[];
  /** plan, retentionInDays, totalRetentionInDays, description, displayName. */
  readonly properties: JsonObject;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface StoredColumn {
  readonly name: string;
  readonly type: ScalarType;
  readonly description?: string;
  readonly displayName?: string;
  readonly dataTypeHint?: string;
}

export interface StoredSearch {
  readonly workspaceId: WorkspaceId;
  /** Compared without regard to case. */
  readonly searchId: string;
  readonly properties: JsonObject;
  readonly etag: string;
}

/** A resource beside the workspaces: a data collection endpoint, rule or association, a cluster. */
export interface StoredResource {
  readonly kind: 'endpoint' | 'rule' | 'association' | 'cluster' | 'dataExport';
  readonly resourceKey: string;
  readonly resourceId: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly region: string;
  /** `dce-…`, `dcr-…`; empty for associations. */
  readonly immutableId: string;
  /** Counts edits from 1. */
  readonly version: number;
  readonly tags: JsonObject;
  /** ARM's `kind` (`Direct`, `Linux`, …). */
  readonly flavor: string | undefined;
  readonly properties: JsonObject;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface StoredUser {
  readonly id: PrincipalId;
  /** Compared without regard to case. */
  readonly userName: string;
  readonly displayName: string;
  /** Argon2id, PHC string. */
  readonly passwordHash: string;
  readonly disabled: boolean;
  readonly createdAt: number;
  readonly passwordChangedAt: number;
  /** Sessions and tokens from before this are dead. */
  readonly validAfter: number;
}

export interface StoredApplication {
  /** What the client calls itself (`client_id`). */
  readonly clientId: string;
  /** What role assignments name. */
  readonly principalId: PrincipalId;
  readonly displayName: string;
  readonly disabled: boolean;
  readonly createdAt: number;
}

export interface StoredCredential {
  readonly id: string;
  readonly clientId: string;
  readonly kind: 'secret' | 'certificate';
  /** SHA-256 of the (random, 256-bit) secret in hex, or the certificate as PEM. */
  readonly verifier: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface StoredRoleAssignment {
  readonly id: string;
  /** As written; compare by `scopeKey`. */
  readonly scope: string;
  readonly scopeKey: string;
  readonly roleId: string;
  readonly principalId: PrincipalId;
  readonly principalType: 'User' | 'ServicePrincipal';
  readonly createdAt: number;
  readonly createdBy: string;
}

export interface StoredAgent {
  readonly id: AgentId;
  readonly workspaceId: WorkspaceId;
  readonly computer: string;
  readonly osType: string;
  readonly version: string;
  readonly enrolledAt: number;
  /** The enrolment key that it came with. */
  readonly keyId: string;
  /** The certificate that counts; after a renewal the one before it counts for a while longer. */
  readonly serial: string;
  readonly notAfter: number;
  readonly previousSerial: string | undefined;
  /** When the newest certificate was first used. */
  readonly renewedAt: number | undefined;
  readonly revokedAt: number | undefined;
  readonly lastSeenAt: number | undefined;
}

export interface StoredEnrollmentKey {
  readonly id: string;
  readonly workspaceId: WorkspaceId;
  /** SHA-256 of the key in hex. */
  readonly hash: string;
  readonly description: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number;
  readonly usesMax: number | undefined;
  readonly uses: number;
  readonly revokedAt: number | undefined;
}

/** A management lock (`Microsoft.Authorization/locks`): azure-api.md §5.1. */
export interface StoredLock {
  readonly scope: string;
  /** Normalised; the lock holds for it and everything below. */
  readonly scopeKey: string;
  /** Compared without regard to case. */
  readonly name: string;
  readonly level: 'CanNotDelete' | 'ReadOnly';
  readonly notes: string;
  readonly owners: readonly JsonObject[];
  readonly createdAt: number;
  readonly createdBy: string;
  readonly modifiedAt: number;
}

/** A hold: what lies under it is not erased until enough of its approvers have signed. */
export interface StoredHold {
  readonly id: string;
  readonly workspaceId: WorkspaceId;
  /** The workspace or one of its tables. */
  readonly scope: string;
  readonly scopeKey: string;
  readonly reason: string;
  readonly approvalsNeeded: number;
  /** Fixed when it is placed. */
  readonly approvers: readonly HoldApprover[];
  readonly placedAt: number;
  readonly placedBy: Actor;
  readonly approvals: readonly HoldApproval[];
  readonly liftedAt: number | undefined;
}

export interface HoldApprover {
  readonly name: string;
  /** Ed25519, 32 bytes in base64. */
  readonly publicKey: string;
}

export interface HoldApproval {
  readonly publicKey: string;
  /** Ed25519 over the lifting statement, base64. */
  readonly signature: string;
  readonly at: number;
  /** Who brought it. */
  readonly by: Actor;
}

/** Who did something, for people and records. */
export interface Actor {
  readonly id: string;
  readonly name: string;
}

/**
 * One erasure, from its request to its certificate. `docs/erasure.md` has the states.
 */
export interface StoredErasure {
  readonly id: string;
  readonly workspaceId: WorkspaceId;
  readonly kind: 'purge' | 'table' | 'workspace';
  readonly state: 'waiting' | 'running' | 'completed' | 'cancelled' | 'failed';
  /** Empty for a workspace. */
  readonly table: string;
  /** What was asked; a purge's values go from it when it was done. */
  readonly request: JsonObject;
  readonly requestedAt: number;
  readonly requestedBy: Actor;
  /** Not before this. */
  readonly dueAt: number;
  readonly changedAt: number;
  /** Steps done, counts. */
  readonly progress: JsonObject;
  /** Signed text; empty before it is completed. */
  readonly certificate: string;
}

/** What `oidc-provider` keeps of a grant, token or session. */
export interface StoredGrant {
  readonly kind: string;
  readonly id: string;
  readonly payload: string;
  readonly expiresAt: number | undefined;
  readonly grantId: string | undefined;
  readonly userCode: string | undefined;
  readonly uid: string | undefined;
  readonly consumedAt: number | undefined;
}
