import type { WorkspaceId } from '@strongroom/base';
import type { Principal } from '../access/principal.js';
import type { LedgerRecordDraft, RecordActor } from '../workspaces/record.js';
import type { ArmOptions } from './context.js';

/** A principal as records name it. */
export const actorOf = ({ kind, id, name }: Principal): RecordActor => ({ kind, id, name });

/** Keeps an act on the workspace's record. Where it rejects, the act must not happen. */
export async function recordIn(
  { workspaces }: Pick<ArmOptions, 'workspaces'>,
  id: WorkspaceId,
  record: LedgerRecordDraft,
): Promise<void> {
  const workspace = await workspaces.open(id);
  await workspace.record(record);
}
