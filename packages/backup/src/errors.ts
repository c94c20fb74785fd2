import { StrongroomError } from '@strongroom/base';

/** Every code that this package throws. */
export type BackupErrorCode =
  /** There is no repository, or what is there is none of ours. */
  | 'BACKUP_NOT_FOUND'
  /** No snapshot, or none with this id. */
  | 'BACKUP_NO_SNAPSHOT'
  /** A file of the repository is damaged, missing, or was sealed by another key. */
  | 'BACKUP_DAMAGED'
  /** Something is in the way: the target of a restore is not empty. */
  | 'BACKUP_TARGET_NOT_EMPTY'
  /** A path to be stored or restored leaves its directory. */
  | 'BACKUP_BAD_PATH'
  /** A limit of `limits.ts` was reached. */
  | 'BACKUP_TOO_LARGE';

export const backupError = (
  code: BackupErrorCode,
  message: string,
  options?: { cause?: unknown; hint?: string },
): StrongroomError<BackupErrorCode> => new StrongroomError(code, message, options);
