/**
 * Errors as they cross HTTP. The shape is Azure's, so that its clients read `code` and `message`
 * from every failure; `correlationId` is ours to find the request in the log.
 */

/** A part of an {@link ErrorBody}; `innererror` nests from the general to the particular. */
export interface ErrorDetail {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly correlationId?: string;
  /** Where in a query: 1-based line and column (`pos`), 0-based offset and length in UTF-16 units. */
  readonly line?: number;
  readonly pos?: number;
  readonly start?: number;
  readonly length?: number;
  /** What to do about it. */
  readonly hint?: string;
  readonly details?: readonly ErrorDetail[];
  readonly innererror?: ErrorDetail;
}

/** `{"error":{"code","message",…}}`: the body of every answer that is not a success. */
export interface ErrorBody {
  readonly error: ErrorDetail;
}

/** The error in a response body of any shape, or `undefined` where there is none. */
export function readErrorBody(body: unknown): ErrorDetail | undefined {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined;
  const { error } = body;
  if (typeof error !== 'object' || error === null) return undefined;
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  return { ...error, code: error.code, message };
}
