/** Every limit of this package, with its reason. */
export const limits = {
  /** Bytes of a piece: one is held in memory at a time, and a file that grows is read again from its last. */
  pieceBytes: 4 * 1024 * 1024,
  /** Bytes of a list of files: 64 MiB hold about 300,000 files. */
  listBytesMax: 64 * 1024 * 1024,
  /** Bytes of a snapshot's own file: it names the pieces of its list. */
  snapshotBytesMax: 65_536,
  /** Bytes of the repository's header file. */
  headerBytesMax: 8_192,
  /** A file changed so shortly before the last snapshot is read again: clocks of file systems move in ticks. */
  settledMs: 2_000,
} as const;
