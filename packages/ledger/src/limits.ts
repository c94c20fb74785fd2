/** Every limit of this package, with its reason. */
export const limits = {
  /** Bytes of one signed note. Sixteen post-quantum signatures of 5 kB must fit (c2sp.org/signed-note). */
  noteBytesMax: 262_144,
  /** Signature lines of one note. The specification asks for at least 16. */
  noteSignaturesMax: 32,
  /** Characters of an origin or key name: it stands in every checkpoint and receipt. */
  nameCharactersMax: 255,
  /** Bytes of one proof text: 63 hashes, the extra data in base64, and one checkpoint. */
  proofBytesMax: 6_291_456,
  /** Bytes of extra data in a proof text: a row with a megabyte of text, in base64, must fit. */
  proofExtraBytesMax: 4_194_304,
  /** Hashes in one Merkle path: leaf counts stay below 2^63. Consistency proofs may hold one more. */
  pathHashesMax: 64,
  /** Characters of one receipt: servers and proxies refuse header lines beyond 8 KiB. */
  receiptCharactersMax: 4_096,
  /** Entries under one receipt signature: a path of 16 hashes still fits a header line. */
  receiptGroupMax: 65_536,
  /** Leaves appended but not yet sealed: 8 MiB of hashes; a sealer further behind must seal first. */
  pendingLeavesMax: 262_144,
  /** Leaves hashed without letting others run: some 4 ms. */
  leavesPerTurn: 2_048,
  /** Full tiles kept in memory, already verified: 2 MiB. */
  cachedTilesMax: 256,
  /** Least time between two checkpoints in the history: a year of them is verified in seconds. */
  historyIntervalMs: 600_000,
  /** Hand-overs of one ledger: at one each 90 days, a century of them. */
  handOversMax: 512,
  /** How long after a hand-over a receipt by the old key still counts: it was under way. */
  retiredReceiptMs: 600_000,
  /** Problems listed by one offline verification; further ones are counted. */
  problemsMax: 1_000,
} as const;
