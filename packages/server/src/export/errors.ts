import { StrongroomError } from '@strongroom/base';

export type ExportErrorCode =
  /** No target of this name is configured. */
  | 'EXPORT_TARGET_UNKNOWN'
  /** The target could not be reached, or refused. */
  | 'EXPORT_TARGET_FAILED'
  /** Another object stands where a file must go. */
  | 'EXPORT_OBJECT_DIFFERS'
  /** The table's rows are not those that the ledger commits to, or are just being removed. */
  | 'EXPORT_ROWS_DIFFER'
  /** What the target holds is of a history that this ledger does not continue. */
  | 'EXPORT_HISTORY_DIFFERS';

export const exportError = (
  code: ExportErrorCode,
  message: string,
  cause?: unknown,
): StrongroomError<ExportErrorCode> => new StrongroomError(code, message, { cause });
