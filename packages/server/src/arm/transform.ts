import { compileTransform } from '@strongroom/kql';
import type { TableSchema } from '@strongroom/sql';
import type { WorkspaceId } from '@strongroom/base';

/**
 * Checks a rule's transformation: KQL over `source`, a table with the stream's declared columns,
 * into the output table. Returns what is wrong with it; empty where it can run.
 */
export type CheckTransform = (transform: {
  readonly text: string;
  readonly input: TableSchema;
  readonly output: TableSchema;
  readonly workspaceId: WorkspaceId;
}) => readonly TransformProblem[];

/** What is wrong with a transformation, by Azure's codes. */
export interface TransformProblem {
  readonly code: 'InvalidTransformQuery' | 'InvalidTransformOutput';
  readonly message: string;
}

/** Without it in the output every row would be a dead letter. */
export const noTime: TransformProblem = {
  code: 'InvalidTransformOutput',
  message:
    "The output needs 'TimeGenerated' of type datetime: declare it, or make it with a " +
    'transformation such as `source | extend TimeGenerated = now()`.',
};

/** {@link CheckTransform} by the compiler that will run it. */
export const createCheckTransform =
  (now: () => bigint): CheckTransform =>
  (transform) => {
    const { text, input, output, workspaceId } = transform;
    const compiled = compileTransform(text, { input, output, workspaceId, now: now() });
    if (!compiled.ok) {
      return compiled.diagnostics.map(({ code, message }) => ({
        code: 'InvalidTransformQuery',
        message: `${code}: ${message}`,
      }));
    }
    return compiled.columns.some(({ name }) => name === 'TimeGenerated') ? [] : [noTime];
  };
