/** Every limit of the agent, with its reason. Sizes in bytes, times in milliseconds. */
export const limits = {
  /** Plain NDJSON of one batch. The service takes 1 MiB; a batch below it never meets its limit. */
  batchBytesMax: 1_000_000,
  /** A batch that is not full leaves after this long: rows are to be seen soon. */
  batchAgeMs: 1_000,
  /** Batches of one stream that are being compressed or written at once: bounds memory. */
  batchesPendingMax: 2,
  /** A longer line is cut and counted: the service's columns end here too. */
  lineBytesMax: 65_536,
  /** One read of a tailed file. Larger than a line, small enough for many files. */
  readBytesMax: 262_144,
  /** Lines made into rows in one step. At most `lineBytesMax`. */
  blockBytesMax: 32_768,
  /** Read of one file before the next has its turn. */
  turnBytesMax: 4 * 1024 * 1024,
  /** Files tailed at once; more are counted and reported. */
  filesMax: 10_000,
  /** Open handles; files beyond it are opened for each read. */
  openFilesMax: 256,
  /** Depth of `**`. */
  globDepthMax: 16,
  /** Entries looked at in one scan of the patterns. */
  globEntriesMax: 200_000,
  /** First bytes of a file that tell it from another in the same inode. */
  fingerprintBytesMax: 1024,
  /** Of a file that was there before the agent's first start, this much is read. */
  historyBytesMax: 8 * 1024 * 1024,
  pollMs: 1_000,
  /** A rotated file without news for this long is let go. */
  rotatedIdleMs: 10_000,
  /** Journal entries read at the very first start. */
  journaldHistoryMax: 1_000,
  /** Output of a command (package lists). */
  commandBytesMax: 32 * 1024 * 1024,
  commandTimeoutMs: 30_000,

  /** The spool on disk, unless set otherwise. */
  spoolBytesMax: 1024 * 1024 * 1024,
  /** Least limit that can be set: a few batches of each lane. */
  spoolBytesMin: 16 * 1024 * 1024,
  /** Entries waiting in one lane: each costs some memory. */
  spoolEntriesMax: 100_000,
  /** Share of the spool that small state rows (heartbeats, reports of loss) may use beyond it. */
  spoolReserveShare: 1 / 16,
  /** Free space of the disk that collecting leaves to others. */
  diskReservedBytes: 64 * 1024 * 1024,
  /** Share of the spool kept for batches that the service refused for good. */
  refusedShare: 1 / 16,
  /** Payloads kept in memory from the write to the sending, to spare the read. */
  spoolCacheBytesMax: 8 * 1024 * 1024,
  /** The spool's cursor is written at most this often while batches leave. */
  cursorStoreMs: 1_000,

  /** Requests in flight at once. */
  inFlightMax: 4,
  requestTimeoutMs: 30_000,
  responseBytesMax: 256 * 1024,
  backoffMinMs: 500,
  backoffMaxMs: 60_000,
  /** A longer `Retry-After` is cut to this: a wrong header must not silence an agent for days. */
  retryAfterMsMax: 600_000,
  /** Pace of configuration and checkpoint. */
  controlIntervalMs: 60_000,
  /** An unchanged inventory is sent again after so long, so that short queries find it. */
  inventoryAgainMs: 24 * 60 * 60_000,
  /** Receipts kept. */
  receiptsMax: 256,
  /** Pace of writing receipts and status. */
  receiptsStoreMs: 10_000,
  statusStoreMs: 1_000,
  /** Renewed when this share of its life is over. */
  renewShare: 2 / 3,
  /** A failed renewal is tried again after this. */
  renewRetryMs: 60 * 60_000,
  /** Pace of the rows that report what was dropped, refused or cut. */
  healthIntervalMs: 10_000,
  /** Different reports kept until the next pace. */
  healthReportsMax: 200,
  /** What a clean stop may take until unsent rows in memory are left to be read again. */
  stopMs: 2_000,
} as const;

/** The limits that a program may set. */
export interface AgentLimits {
  readonly spoolBytesMax: number;
}
