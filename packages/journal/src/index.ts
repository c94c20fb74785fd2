export type {
  Appended,
  Journal,
  JournalEntry,
  JournalRecord,
  JournalStatus,
  OpenJournalOptions,
  ReadOptions,
  SegmentKeyContext,
  SegmentKeys,
} from './journal.js';
export { openJournal } from './open-journal.js';
export type { OfflineFinding, OfflineOptions } from './offline.js';
export { readJournalOffline } from './offline.js';
export type { CursorFile } from './cursor-file.js';
export { cursorFileProblem, openCursorFile, readCursorFile } from './cursor-file.js';
export { commitmentOf } from './format.js';
export type { JournalError, JournalErrorCode } from './errors.js';
export { JournalCorruptError } from './errors.js';
export type { JournalLimits } from './limits.js';
export { cursorValueBytesMax, defaultJournalLimits } from './limits.js';
export type { LostRange, Quarantine } from './quarantine.js';
export { readQuarantine } from './quarantine.js';
export type { Salvage, SalvageOptions } from './salvage.js';
export { salvageJournal } from './salvage.js';
