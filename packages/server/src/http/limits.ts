/** Limits of the listener. Bodies have their own limits where they are read. */
export const httpLimits = {
  /** All header lines of one request. Node answers 431 beyond it. */
  headerBytesMax: 32_768,
  headersCountMax: 100,
  /** From the first byte of a request to the end of its headers. */
  headersTimeoutMs: 10_000,
  /** From the first byte of a request to the end of its body: a slow sender is cut off. */
  requestTimeoutMs: 120_000,
  /** How long an idle connection is kept. */
  keepAliveTimeoutMs: 65_000,
  tlsHandshakeTimeoutMs: 10_000,
  connectionsMax: 4_096,
  requestsPerSocketMax: 100_000,
  /** What is still read of a body that nobody wants, so that the refusal reaches its sender. */
  discardedBytesMax: 128 * 1024 * 1024,
  discardTimeoutMs: 5_000,
  /** How long a client may leave an answer lying without taking a byte of it. */
  answerStalledMs: 60_000,
  /** How long a refused connection stays open for its refusal to be read. */
  refusedLingerMs: 2_000,
  /** How long open requests may go on after a stop was asked for. */
  drainTimeoutMs: 2_500,
} as const;
