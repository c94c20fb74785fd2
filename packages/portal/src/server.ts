import type { ErrorDetail } from '@strongroom/api';
import { csrfHeader, readErrorBody } from '@strongroom/api';

/** A request that the server refused, or that never reached it (`status` 0). */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly status: number;
  readonly detail: ErrorDetail;

  constructor(status: number, detail: ErrorDetail) {
    super(detail.message);
    this.status = status;
    this.detail = detail;
  }
}

/** The service, as the portal asks it. Every method rejects with {@link RequestFailed}. */
export interface Server {
  /** The body of a `GET`. The shape is the server's promise in `@strongroom/api`. */
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  /** A request that may change something; carries the session's token against forgery. */
  send<T>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    options?: {
      readonly signal?: AbortSignal;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<T>;
}

/** `onSessionEnded` is called at every 401: the session is gone, whatever was asked. */
export function openServer(options: {
  readonly csrfToken: string;
  readonly onSessionEnded: () => void;
}): Server {
  const ask = async <T>(path: string, init: RequestInit): Promise<T> => {
    const response = await fetch(path, {
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      ...init,
    }).catch((error: unknown) => {
      if (init.signal?.aborted) throw error;
      throw new RequestFailed(0, {
        code: 'Unreachable',
        message: 'The service could not be reached. Check that it runs, then try again.',
      });
    });
    const text = await response.text();
    const body = text === '' ? undefined : parseJson(text);
    if (response.ok) return body as T;
    if (response.status === 401) options.onSessionEnded();
    throw new RequestFailed(
      response.status,
      readErrorBody(body) ?? {
        code: `Status${response.status}`,
        message: `The service answered ${response.status} ${response.statusText}`.trim(),
      },
    );
  };
  return {
    get: (path, signal) => ask(path, signal ? { signal } : {}),
    send: (method, path, body, more) =>
      ask(path, {
        method,
        headers: {
          [csrfHeader]: options.csrfToken,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...more?.headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(more?.signal ? { signal: more.signal } : {}),
      }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a failure says to a person. */
export function messageOf(error: unknown): string {
  if (error instanceof RequestFailed) {
    let detail = error.detail;
    while (detail.innererror?.message) detail = detail.innererror;
    return detail.message || error.message;
  }
  return error instanceof Error ? error.message : 'Something went wrong.';
}
