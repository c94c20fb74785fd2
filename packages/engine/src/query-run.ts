import { invariant } from '@strongroom/base';
import type { AbortSignalLike } from '@strongroom/base';
import type { EngineProcess, RequestBody } from './child-process.js';
import { EngineError, engineError } from './errors.js';
import type { Frame } from './frames.js';
import type { Reply, WireStatistics } from './protocol.js';

/** What a query cost. */
export type QueryStatistics = WireStatistics;

/**
 * A query's rows as they come, in chunks of whole `JSONCompactEachRow` lines. It starts when it is
 * first read and can be read once. Leaving the loop early, or aborting the signal, ends the query
 * in the engine. Fails with `ENGINE_CANCELLED`, `ENGINE_TIMEOUT`, `ENGINE_MEMORY_LIMIT`,
 * `ENGINE_RESULT_TOO_LARGE`, `ENGINE_BUSY`, `ENGINE_QUERY_FAILED`, `ENGINE_UNKNOWN_TABLE`,
 * `ENGINE_DAMAGED`, `ENGINE_GONE` or `ENGINE_FAILED`.
 */
export interface QueryRun extends AsyncIterable<Uint8Array> {
  /** Known once the rows have ended; zeros before. */
  readonly statistics: QueryStatistics;
}

const none: QueryStatistics = {
  elapsedMs: 0,
  rowsRead: 0,
  bytesRead: 0,
  memoryBytes: 0,
  rowsReturned: 0,
  bytesReturned: 0,
};

/** Makes the run of `request` on `child`. */
export function queryRun(
  child: EngineProcess,
  request: RequestBody,
  signal: AbortSignalLike | undefined,
): QueryRun {
  let statistics = none;
  let started = false;
  async function* rows(): AsyncGenerator<Uint8Array> {
    invariant(!started, 'a query is read once');
    started = true;
    const aborted = (): EngineError =>
      new EngineError('ENGINE_CANCELLED', 'The query was cancelled.');
    if (signal?.aborted === true) throw aborted();
    const chunks: Buffer[] = [];
    let ended = false;
    let failed: EngineError | undefined;
    let wake: (() => void) | undefined;
    const settle = (error?: EngineError): void => {
      ended = true;
      failed ??= error;
      wake?.();
    };
    const id = child.open(request, {
      what: 'run the query',
      onReply: ({ header, payload }: Frame<Reply>) => {
        if (header.is === 'chunk') {
          chunks.push(payload);
          wake?.();
        } else if (header.is === 'end') {
          statistics = header.statistics;
          settle();
        } else if (header.is === 'failed') settle(engineError(header.failure, 'run the query'));
      },
      onGone: settle,
    });
    const onAbort = (): void => {
      child.tell({ op: 'cancel', id });
      settle(aborted());
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        const chunk = failed === undefined ? chunks.shift() : undefined;
        if (chunk !== undefined) {
          child.tell({ op: 'more', id });
          yield chunk;
        } else if (ended) {
          if (failed !== undefined) throw failed;
          return;
        } else {
          await new Promise<void>((resolve) => (wake = resolve));
          wake = undefined;
        }
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      if (!ended) child.tell({ op: 'cancel', id });
    }
  }
  return {
    [Symbol.asyncIterator]: rows,
    get statistics() {
      return statistics;
    },
  };
}
