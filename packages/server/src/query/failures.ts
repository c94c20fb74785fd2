import { StrongroomError } from '@strongroom/base';
import type { ErrorDetail } from '@strongroom/api';
import type { Diagnostic } from '@strongroom/kql';
import { HttpError, unavailable } from '../http/errors.js';

const badArgument = (detail: {
  innererror: ErrorDetail;
  details?: readonly ErrorDetail[];
}): HttpError =>
  new HttpError(400, 'BadArgumentError', 'The request had some invalid properties', { detail });

/** A request that is wrong before any KQL is read. */
export const badRequest = (code: string, message: string): HttpError =>
  badArgument({ innererror: { code, message } });

/** What is wrong with a query, in the shape that Azure gives it, with every problem in `details`. */
export function queryProblems(diagnostics: readonly Diagnostic[]): HttpError {
  const details = diagnostics.map((problem): ErrorDetail => ({
    code: problem.code,
    message: problem.message,
    line: problem.line,
    pos: problem.column,
    start: problem.start,
    length: problem.length,
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
  }));
  const first = details[0] ?? { code: 'KQL_NOT_SUPPORTED', message: 'The query cannot be run.' };
  const syntax = first.code.startsWith('SYN');
  return badArgument({
    innererror: {
      code: syntax ? 'SyntaxError' : 'SemanticError',
      message: syntax ? 'A recognition error occurred in the query.' : 'A semantic error occurred.',
      innererror: first,
    },
    details,
  });
}

/** The engine's number for what a compiled query itself refuses while it runs (`throwIf`). */
const operatorLimit = 395;

/** How a query failed in the engine, as the client is told. Never the engine's own words. */
export interface EngineRefusal {
  readonly status: number;
  readonly error: HttpError;
  /** For an answer that has begun already. */
  readonly detail: ErrorDetail;
}

/** A failure below the query as the client is told, or `undefined` where it is not ours to explain. */
export function engineRefusal(error: unknown, timeoutSeconds: number): EngineRefusal | undefined {
  if (error instanceof HttpError) {
    return {
      status: error.status,
      error,
      detail: { code: error.code, message: error.message },
    };
  }
  if (!(error instanceof StrongroomError)) return undefined;
  const refusal = (status: number, code: string, inner: ErrorDetail): EngineRefusal => ({
    status,
    error: new HttpError(status, code, inner.message, {
      detail: { innererror: inner },
      cause: error,
    }),
    detail: inner,
  });
  switch (error.code) {
    case 'ENGINE_TIMEOUT':
      return refusal(504, 'GatewayTimeout', {
        code: 'E_QUERY_TIMEOUT',
        message: `The query did not end within ${timeoutSeconds} seconds.`,
        hint: 'Read a shorter time range, filter earlier, or ask for more time with Prefer: wait.',
      });
    case 'ENGINE_MEMORY_LIMIT':
      return {
        ...refusal(400, 'BadArgumentError', {
          code: 'E_LOW_MEMORY_CONDITION',
          message: 'The query needs more memory than one query may take.',
          hint: 'Read a shorter time range, summarize by fewer keys, or project fewer columns.',
        }),
      };
    case 'ENGINE_RESULT_TOO_LARGE':
      return refusal(400, 'BadArgumentError', {
        code: 'E_QUERY_RESULT_SET_TOO_LARGE',
        message: 'The result is larger than one answer may be.',
        hint: 'Summarize, or take fewer rows.',
      });
    case 'ENGINE_QUERY_FAILED':
      if ('engineCode' in error && error.engineCode === operatorLimit)
        return refusal(400, 'BadArgumentError', {
          code: 'KQL_LIMIT',
          message: 'An operator met more rows or elements than it takes.',
          hint: 'Filter before scan or partition it further; give make-series a larger step.',
        });
      return refusal(400, 'BadArgumentError', {
        code: 'E_QUERY_EXECUTION_ERROR',
        message: 'A value could not be computed while the query ran.',
      });
    case 'ENGINE_CANCELLED':
      return refusal(499, 'RequestCancelled', {
        code: 'E_QUERY_CANCELLED',
        message: 'The query was cancelled.',
      });
    case 'ENGINE_BUSY':
      return {
        status: 429,
        error: throttled(2),
        detail: { code: 'ThrottledError', message: 'Too many queries at once.' },
      };
    case 'WORKSPACE_KEY_AWAY':
      return refusal(403, 'CustomerManagedKeyUnavailable', {
        code: 'E_KEY_UNAVAILABLE',
        message: "The workspace's customer-managed key was revoked or cannot be reached.",
        hint: 'Give the service access to the key again. What is ingested meanwhile is sealed.',
      });
    case 'ENGINE_GONE':
    case 'ENGINE_UNAVAILABLE':
    case 'ENGINE_OPEN_FAILED':
    case 'ENGINE_WRONG_KEY':
    case 'ENGINE_DISK_FULL':
    case 'WORKSPACE_CLOSED':
      return {
        status: 503,
        error: unavailable('ServiceUnavailable', "The workspace's engine is not available.", 5),
        detail: { code: 'E_ENGINE_UNAVAILABLE', message: "The workspace's engine ended." },
      };
    case 'ENGINE_DAMAGED':
      return refusal(500, 'InternalServerError', {
        code: 'E_DATA_DAMAGED',
        message: 'Stored data could not be read back. Nothing of it was served.',
      });
    default:
      return error.code.startsWith('ENGINE_')
        ? refusal(500, 'InternalServerError', {
            code: 'E_ENGINE_FAILED',
            message: 'The query failed in the engine. Quote the correlation id.',
          })
        : undefined;
  }
}

/** 429 with when to come back. */
export const throttled = (seconds: number): HttpError =>
  new HttpError(429, 'ThrottledError', 'Too many queries at once. Try again later.', {
    headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) },
  });
