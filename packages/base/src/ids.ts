import type { Brand } from './brand.js';
import { StrongroomError } from './errors.js';

/** The GUID that names a workspace in queries (Azure's `customerId`). Lower case, dashed. */
export type WorkspaceId = Brand<string, 'WorkspaceId'>;
/** The GUID of an enrolled agent; the common name of its certificate. */
export type AgentId = Brand<string, 'AgentId'>;
/** The GUID of a user, application or agent in role assignments (Azure's `principalId`). */
export type PrincipalId = Brand<string, 'PrincipalId'>;
/** Position of an entry in one journal, from 0n, without gaps. Also its leaf index in the ledger. */
export type JournalSequence = Brand<bigint, 'JournalSequence'>;

const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a dashed GUID in any case. */
export function isGuid(text: string): boolean {
  return guidPattern.test(text.toLowerCase());
}

function guid(text: string, what: string): string {
  const lower = text.toLowerCase();
  if (!guidPattern.test(lower)) {
    throw new StrongroomError('BASE_NOT_A_GUID', `The ${what} is not a GUID.`);
  }
  return lower;
}

/** Reads a workspace GUID in any case. Throws `BASE_NOT_A_GUID`. */
export const workspaceId = (text: string): WorkspaceId => guid(text, 'workspace id') as WorkspaceId;
/** Reads an agent GUID in any case. Throws `BASE_NOT_A_GUID`. */
export const agentId = (text: string): AgentId => guid(text, 'agent id') as AgentId;
/** Reads a principal GUID in any case. Throws `BASE_NOT_A_GUID`. */
export const principalId = (text: string): PrincipalId => guid(text, 'principal id') as PrincipalId;

/** Reads a journal position. Throws `BASE_NOT_A_SEQUENCE` for a negative one. */
export function journalSequence(value: bigint): JournalSequence {
  if (value < 0n)
    throw new StrongroomError('BASE_NOT_A_SEQUENCE', 'A journal position is negative.');
  return value as JournalSequence;
}
