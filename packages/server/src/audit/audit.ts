import type { WorkspaceId } from '@strongroom/base';
import type { Principal } from '../access/principal.js';

/**
 * What happened, by whom, to what. Recorded before the act takes effect: where `record` rejects,
 * the act does not happen (DESIGN.md, invariant 6). Concerns a workspace: into that workspace's own
 * journal. Concerns none: into the service's audit journal.
 */
export interface AuditEvent {
  readonly principal: Principal | { readonly anonymous: true; readonly claimed?: string };
  /** Azure's operation name, e.g. `Microsoft.OperationalInsights/workspaces/write`. */
  readonly operation: string;
  readonly outcome: 'Started' | 'Succeeded' | 'Refused' | 'Failed';
  /** Resource id or other target. */
  readonly target: string;
  readonly workspaceId?: WorkspaceId;
  /** Address of the other end. */
  readonly callerIp?: string;
  readonly correlationId?: string;
  /** Stable code of a refusal or failure. */
  readonly reason?: string;
  /** Further facts; never secrets, never customer data. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
}

export interface Audit {
  /** When it resolves, the event is durable. */
  record(event: AuditEvent): Promise<void>;
}
