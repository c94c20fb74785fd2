export { openRepository } from './repository.js';
export type { Repository, RepositoryOptions } from './repository.js';
export {
  forgetSnapshots,
  listSnapshots,
  newest,
  readSnapshot,
  restoreSnapshot,
  takeSnapshot,
  verifyRepository,
} from './snapshot.js';
export type {
  BackupProgress,
  Snapshot,
  SnapshotSummary,
  SourceFile,
  StoredFile,
  StoredLedger,
  TakeSnapshotOptions,
} from './snapshot.js';
export type { BackupErrorCode } from './errors.js';
export { limits as backupLimits } from './limits.js';
