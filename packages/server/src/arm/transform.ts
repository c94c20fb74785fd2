import { compileTransform } from '@strongroom/kql';
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

/** {@link CheckTransform} by the compiler that will run it. */
export const createCheckTransform =
  (now: () => bigint): CheckTransform =>
  (transform) => {
    const { text, input, output, workspaceId } = transform;
    const compiled = compileTransform(text, { input, output, workspaceId, now: now() });
    return compiled.ok
      ? []
      : compiled.diagnostics.map(({ code, message }) => `${code}: ${message}`);
  };
