export { openEngine } from './engine.js';
export type {
  Engine,
  ChosenRows,
  EngineOptions,
  InsertBatch,
  InsertEntry,
  InsertOutcome,
  QueryOptions,
  StagedRows,
  TableUse,
} from './engine.js';
export type { InsertTransform, PositionRange } from './insert-plan.js';
export type { ErasureChoice, StagedDay, StagedErasure } from './erasure.js';
export type { QueryRun, QueryStatistics } from './query-run.js';
export type { DiskKeys } from './key-check.js';
export type { ExitInfo } from './child-process.js';
export type { MemoryUse } from './protocol.js';
export type { TableDefinition, DeadLetterReason } from './table.js';
export { arrivalDay, ingestionErrorsTable } from './table.js';
export { EngineError } from './errors.js';
export type { EngineErrorCode } from './errors.js';
export type { EngineLimits } from './limits.js';
export { defaultEngineLimits } from './limits.js';
export {
  positionsByDay,
  readEntryRows,
  rowCommitments,
  rowContent,
  rowLeaves,
  rowsInOrder,
} from './commitments.js';
export type { EntryRows, RowsQuery } from './commitments.js';
export { diskKeyUse } from './disk-key-use.js';
export type { DiskKeyUse } from './disk-key-use.js';
export { checkEngineDirectory } from './directory-check.js';
export type { EngineFinding } from './directory-check.js';
