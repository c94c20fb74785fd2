/** What one query may cost. Azure's figures where it has them (Query API). */
export interface QueryLimits {
  /** Bytes of a request's body; a batch holds several queries. */
  readonly bodyBytesMax: number;
  /** UTF-16 units of one query's text. */
  readonly queryCharsMax: number;
  /** Rows of one result; beyond it the result is partial. */
  readonly rowsMax: number;
  /** Bytes of all rows of one answer; beyond it the result is partial. */
  readonly resultBytesMax: number;
  /** Without `Prefer: wait`. */
  readonly timeoutSecondsDefault: number;
  readonly timeoutSecondsMax: number;
  /** Memory of one query in the engine: half of what its process may take, so that inserts go on. */
  readonly memoryBytesMax: number;
  /** An answer up to here is held back until its end is known, so that its status is true. */
  readonly heldBytesMax: number;
  /** Queries of one batch. */
  readonly batchMax: number;
  /** Queries of one workspace that run at the same time; further ones wait. */
  readonly runningPerWorkspaceMax: number;
  /** Queries of one workspace that wait; further ones are refused with 429. */
  readonly waitingPerWorkspaceMax: number;
  /** Longest wait for a place. */
  readonly waitMsMax: number;
  /** Queries of one principal in a minute; further ones are refused with 429. */
  readonly perPrincipalAndMinuteMax: number;
  /** UTF-16 units of a query's text that the audit keeps. */
  readonly auditedQueryCharsMax: number;
}

export const queryLimits: QueryLimits = {
  bodyBytesMax: 4 * 1024 * 1024,
  queryCharsMax: 1024 * 1024,
  rowsMax: 500_000,
  resultBytesMax: 64_000_000,
  timeoutSecondsDefault: 180,
  timeoutSecondsMax: 600,
  memoryBytesMax: 1024 * 1024 * 1024,
  heldBytesMax: 512 * 1024,
  batchMax: 100,
  runningPerWorkspaceMax: 4,
  waitingPerWorkspaceMax: 64,
  waitMsMax: 60_000,
  perPrincipalAndMinuteMax: 4_000,
  auditedQueryCharsMax: 32_768,
};
