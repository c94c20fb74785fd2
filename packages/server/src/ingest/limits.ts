/** What one ingest request may cost. Azure's figures where it has them (azure-api, Logs Ingestion). */
export interface IngestLimits {
  /** Bytes of a body as sent. */
  readonly wireBytesMax: number;
  /** Bytes of a body after inflating; ends gzip bombs. The official client sends up to 1.15 MB. */
  readonly plainBytesMax: number;
  /** Bytes of one row: more is refused with 413, as Azure does with a record over 1 MB. */
  readonly rowBytesMax: number;
  /** Objects and arrays inside one another, the body's own array included. */
  readonly nestingMax: number;
  /** Bytes of bodies that are being received, inflated or written, over all requests. */
  readonly heldBytesMax: number;
  /** A body that brings no byte for so long is given up. */
  readonly bodyIdleMs: number;
  /** A body that is not complete after so long is given up. */
  readonly bodyTotalMs: number;
  /** Per data collection rule. */
  readonly requestsPerMinuteMax: number;
  /** Per data collection rule, plain bytes. */
  readonly bytesPerMinuteMax: number;
  /** Refusals of one principal for want of a role: each costs an audit record. */
  readonly refusalsPerMinuteMax: number;
  /** Length of `x-ms-client-request-id` that is remembered. */
  readonly requestIdCharsMax: number;
}

export const ingestLimits: IngestLimits = {
  wireBytesMax: 8 * 1024 * 1024,
  plainBytesMax: 8 * 1024 * 1024,
  rowBytesMax: 1024 * 1024,
  nestingMax: 64,
  heldBytesMax: 64 * 1024 * 1024,
  bodyIdleMs: 15_000,
  bodyTotalMs: 60_000,
  requestsPerMinuteMax: 12_000,
  bytesPerMinuteMax: 4 * 1024 * 1024 * 1024,
  refusalsPerMinuteMax: 120,
  requestIdCharsMax: 128,
};
