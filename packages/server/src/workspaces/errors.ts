import { StrongroomError } from '@strongroom/base';

/** Every code that a running workspace throws or records. Stable. */
export type WorkspaceErrorCode =
  /** The customer's key is away: what is stored cannot be read, what comes is sealed. */
  | 'WORKSPACE_KEY_AWAY'
  /** No workspace with this id, or it was deleted. */
  | 'WORKSPACE_NOT_FOUND'
  /** The workspace is being closed or removed. */
  | 'WORKSPACE_CLOSED'
  /** The day has brought as much as the workspace takes. */
  | 'WORKSPACE_OVER_QUOTA'
  /** A directory of this workspace is there already. */
  | 'WORKSPACE_EXISTS'
  /** An entry's metadata is of a version that this program does not know, or damaged. */
  | 'ENTRY_UNREADABLE'
  /** A record is larger than one may be. */
  | 'RECORD_TOO_LARGE'
  /** An entry has more rows in a table than it came with: they are not committed to. */
  | 'ROWS_UNCOMMITTED'
  /** What is to be proved is not under a signed checkpoint yet. */
  | 'PROOF_NOT_YET'
  /** There is nothing to prove: no such entry, row or commitment. */
  | 'PROOF_NOT_FOUND'
  /** The kept records are damaged, or lack some that were kept. */
  | 'RECORDS_DAMAGED'
  /** The catalog knows no table of this name in the workspace. */
  | 'TABLE_NOT_FOUND'
  /** A transformation no longer compiles for its table. */
  | 'TRANSFORM_REFUSED'
  /** The engine could not be opened; it is tried again. */
  | 'ENGINE_UNAVAILABLE'
  /** The file with the engine's wrapped keys is damaged. */
  | 'ENGINE_KEYS_UNREADABLE'
  /** The applier's cursor is damaged or of an unknown version. */
  | 'CURSOR_UNREADABLE';

/** Nothing of the workspace can be read now. */
export const keyAway = (): StrongroomError<WorkspaceErrorCode> =>
  new StrongroomError('WORKSPACE_KEY_AWAY', 'The key of this workspace is not available.', {
    hint: 'Give the service access to the key again. Until then ingestion goes on, sealed.',
  });
