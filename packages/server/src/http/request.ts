import type { Principal } from '../access/principal.js';
import type { RequestPath } from './request-path.js';

/**
 * What a handler gets. The listener has normalised the path, given the request an id, and knows
 * who spoke where the route demands it.
 */
export interface Incoming {
  readonly method: string;
  readonly path: RequestPath;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** `https://host:port` as the client called it (validated against the configured names). */
  readonly origin: string;
  readonly callerIp: string;
  /** Ours, for logs and errors; the client's `x-ms-client-request-id` is a header. */
  readonly correlationId: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** Body bytes as they arrive; nothing was read or inflated yet. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Sent as it is; `body` may stream. */
export interface Outgoing {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** Answers a request, or `undefined` where the path is not its own. */
export type Handler = (request: Incoming) => Promise<Outgoing | undefined>;

/** As {@link Handler}, for routes that demand a proved caller. */
export type AuthenticatedHandler = (
  request: Incoming,
  principal: Principal,
) => Promise<Outgoing | undefined>;
