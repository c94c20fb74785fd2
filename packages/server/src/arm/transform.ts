import type { TableSchema } from '@strongroom/sql';
import type { WorkspaceId } from '@strongroom/base';

/**
 * Checks a rule's transformation: KQL over `source`, a table with the stream's declared columns,
 * into the output table. Returns what is wrong with it, one text a problem; empty where it compiles.
 */
export type CheckTransform = (transform: {
  readonly text: string;
  readonly input: TableSchema;
  readonly output: TableSchema;
  readonly workspaceId: WorkspaceId;
}) => readonly string[];
