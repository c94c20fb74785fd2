import type { PrincipalId, WorkspaceId } from '@strongroom/base';

/**
 * Who speaks, as proved by a token, a session or a client certificate. Never built from a header
 * or a body: only `identity/` makes one.
 */
export interface Principal {
  readonly kind: 'User' | 'Application' | 'Agent' | 'Service';
  /** The object id that role assignments name. */
  readonly id: PrincipalId;
  /** User name, application (client) id or agent id: for people who read the audit. */
  readonly name: string;
  /** An agent belongs to one workspace, by its certificate; nobody else has this. */
  readonly workspaceId?: WorkspaceId;
  /** How it was proved. */
  readonly proof: 'token' | 'session' | 'certificate' | 'internal';
}
