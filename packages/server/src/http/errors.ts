import type { ErrorBody, ErrorDetail } from '@strongroom/api';

/**
 * A request that ends in a status other than success. Thrown anywhere below a handler; the listener
 * turns it into Azure's error shape. Everything else that is thrown becomes a 500 without a word of
 * its text.
 */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: Omit<ErrorDetail, 'code' | 'message'>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    options: {
      detail?: Omit<ErrorDetail, 'code' | 'message'>;
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.detail = options.detail ?? {};
    this.headers = options.headers ?? {};
  }

  /** The body that a client gets. */
  body(correlationId: string): ErrorBody {
    return { error: { code: this.code, message: this.message, correlationId, ...this.detail } };
  }
}

/** 503: come back. Clients keep their copy and retry after the seconds given. */
export const unavailable = (code: string, message: string, retryAfterSeconds: number): HttpError =>
  new HttpError(503, code, message, { headers: { 'retry-after': String(retryAfterSeconds) } });
