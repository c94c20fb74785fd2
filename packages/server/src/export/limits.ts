/** What bounds exports. */
export const exportLimits = {
  /** Exports of one workspace, as in Azure. */
  perWorkspaceMax: 10,
  tablesMax: 100,
  /** A file is closed before it gets more rows or entries: it is made in memory, compressed. */
  fileRowsMax: 100_000,
  fileEntriesMax: 20_000,
  /** And at the end of the entry with which it comes to so many bytes before compression. */
  filePlainBytesMax: 128 * 1024 * 1024,
  /** How often new rows make a file where nothing else is said: Azure's is five minutes too. */
  everySecondsDefault: 300,
  everySecondsMax: 86_400,
  /** How often it is looked for new rows. */
  lookMs: 1_000,
  retryMsMin: 1_000,
  retryMsMax: 60_000,
  /** What the engine may take to read one file's rows. */
  readSecondsMax: 300,
  readMemoryBytesMax: 1024 * 1024 * 1024,
  /** One request to a target in the network. */
  requestMs: 120_000,
} as const;
