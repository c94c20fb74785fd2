/** What bounds a running workspace. */
export interface WorkspaceLimits {
  /** Plain bytes that an apply batch aims at: large inserts are what the engine is fast at. */
  readonly applyBytesTarget: number;
  /** Plain bytes of one apply batch, but for a single larger entry. Bounds memory. */
  readonly applyBytesMax: number;
  readonly applyEntriesMax: number;
  /** Plain bytes of acknowledged entries kept in memory for the applier; others it reads back. */
  readonly applyHeldBytesMax: number;
  /** Tables of one apply batch: its plan must fit the cursor file. */
  readonly applyTablesMax: number;
  /** How long an entry waits for company before it is applied. */
  readonly applyLingerMs: number;
  /** Least time between two commitments to rows: one statement a table instead of many. */
  readonly commitIntervalMs: number;
  /** Rows, and entries, of one commitment at most, but for a single larger batch. Bounds memory. */
  readonly commitRowsMax: number;
  readonly commitEntriesMax: number;
  /** How long the service's own rows (audit, accounting) wait where nothing else does. */
  readonly applyOwnLingerMs: number;
  /** Tries of one apply batch before it is split, and of one entry before it is a dead letter. */
  readonly applyTriesMax: number;
  /** Tries of a single entry under which the engine died: once may be anything, so often is not. */
  readonly applyUnsureTriesMax: number;
  /** Waits between tries grow from the first to the second. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** Least time between two checkpoints. */
  readonly sealIntervalMs: number;
  /** Retries recognised per workspace; the oldest is forgotten first. 16 bytes and a place each. */
  readonly retriesMax: number;
  /** How long a retry is recognised. */
  readonly retryWindowMs: number;
  /** How often what is remembered of requests is saved, so that opening reads little. */
  readonly retrySaveMs: number;
  /** And after how many bytes. */
  readonly retrySaveBytes: number;
  /** How long applied and sealed entries stay in the journal. */
  readonly journalKeepMs: number;
  readonly pruneIntervalMs: number;
  /** An engine without work for so long is closed. */
  readonly engineIdleMs: number;
  /** How long an exchange of the engine's process holds back newcomers while it waits for others. */
  readonly exchangeHoldMs: number;
  /** Between two such tries, and how long it is tried in all. */
  readonly exchangePauseMs: number;
  readonly exchangeTryMs: number;
  /** How often a customer's key is tried: revoking it must be felt within a minute. */
  readonly keyCheckMs: number;
  /** How long a provider may be unreachable before the workspace is closed as if it had refused. */
  readonly keyGraceMs: number;
  /** As `retrySaveMs`, while the key is away: what is not saved cannot be read back then. */
  readonly sealedRetrySaveMs: number;
  readonly accountingIntervalMs: number;
  /** How long counters of what has no entry (refusals, retries) may be in memory alone. */
  readonly accountingNoteMs: number;
  /** Distinct sources and streams counted apart between two flushes; the rest are counted as one. */
  readonly accountingKeysMax: number;
  /** Characters of a refused batch that the dead letter keeps when the whole does not fit. */
  readonly deadLetterCharsMax: number;
}

export const workspaceLimits: WorkspaceLimits = {
  applyBytesTarget: 8 * 1024 * 1024,
  applyBytesMax: 16 * 1024 * 1024,
  applyEntriesMax: 4096,
  applyHeldBytesMax: 32 * 1024 * 1024,
  applyTablesMax: 64,
  applyLingerMs: 120,
  commitIntervalMs: 1000,
  commitRowsMax: 500_000,
  commitEntriesMax: 16_384,
  applyOwnLingerMs: 900,
  applyTriesMax: 3,
  applyUnsureTriesMax: 12,
  retryMsMin: 100,
  retryMsMax: 10_000,
  sealIntervalMs: 1000,
  retriesMax: 200_000,
  retryWindowMs: 24 * 60 * 60 * 1000,
  retrySaveMs: 60 * 1000,
  retrySaveBytes: 256 * 1024 * 1024,
  journalKeepMs: 24 * 60 * 60 * 1000,
  pruneIntervalMs: 10 * 60 * 1000,
  engineIdleMs: 10 * 60 * 1000,
  exchangeHoldMs: 2_000,
  exchangePauseMs: 1_000,
  exchangeTryMs: 10 * 60 * 1000,
  keyCheckMs: 15_000,
  keyGraceMs: 2 * 60 * 60 * 1000,
  sealedRetrySaveMs: 1_000,
  accountingIntervalMs: 60 * 1000,
  accountingNoteMs: 1000,
  accountingKeysMax: 10_000,
  deadLetterCharsMax: 65_536,
};

/** What bounds a record. */
export const workspaceRecordLimits = {
  /** Bytes of one record: the commitments of an apply batch of the most entries fit several times. */
  recordBytesMax: 4 * 1024 * 1024,
} as const;

/** What bounds the rebuild of a table: its inserts, and the count of what it holds. */
export const rebuildLimits = {
  entriesMax: 256,
  bytesMax: 8 * 1024 * 1024,
  countSecondsMax: 600,
  countMemoryBytesMax: 2 * 1024 * 1024 * 1024,
} as const;
