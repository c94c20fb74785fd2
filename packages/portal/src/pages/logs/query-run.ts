import type { ErrorDetail } from '@strongroom/api';
import { useCallback, useRef, useState } from 'react';
import type { Answer } from '../../logic/answer.js';
import { readAnswer } from '../../logic/answer.js';
import type { Problem } from '../../logic/problems.js';
import { problemsOf } from '../../logic/problems.js';
import type { QueryPart } from '../../logic/query-text.js';
import type { TimeRange } from '../../logic/timespan.js';
import { timespanOf } from '../../logic/timespan.js';
import type { Server } from '../../server.js';
import { RequestFailed } from '../../server.js';

/** What was asked. */
export interface Asked {
  readonly part: QueryPart;
  readonly workspaceId: string;
  readonly range: TimeRange;
}

/** A query's life: not begun, running, answered, failed, or stopped by the user. */
export type QueryRun =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly asked: Asked; readonly startedMs: number }
  | {
      readonly kind: 'answered';
      readonly asked: Asked;
      readonly answer: Answer;
      /** When it began; tells answers apart. */
      readonly startedMs: number;
      /** From click to rows, in milliseconds. */
      readonly elapsedMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly asked: Asked;
      readonly problems: readonly Problem[];
      readonly correlationId: string | undefined;
    }
  | { readonly kind: 'stopped'; readonly asked: Asked };

/** Runs one query at a time; a new one takes the place of the running one. */
export function useQueryRun(server: Server): {
  readonly run: QueryRun;
  readonly start: (asked: Asked) => Promise<QueryRun>;
  readonly stop: () => void;
} {
  const [run, setRun] = useState<QueryRun>({ kind: 'none' });
  const running = useRef<AbortController>(null);

  const start = useCallback(
    async (asked: Asked): Promise<QueryRun> => {
      running.current?.abort();
      const abort = new AbortController();
      running.current = abort;
      const startedMs = performance.now();
      setRun({ kind: 'running', asked, startedMs });
      const finished = await ask(server, asked, abort.signal, startedMs);
      if (running.current === abort) {
        running.current = null;
        setRun(finished);
      }
      return finished;
    },
    [server],
  );
  // Ending the request makes the server cancel the query in the engine.
  const stop = useCallback(() => running.current?.abort(), []);
  return { run, start, stop };
}

async function ask(
  server: Server,
  asked: Asked,
  signal: AbortSignal,
  startedMs: number,
): Promise<QueryRun> {
  const timespan = timespanOf(asked.range);
  try {
    const body = await server.send<unknown>(
      'POST',
      `/v1/workspaces/${encodeURIComponent(asked.workspaceId)}/query`,
      { query: asked.part.text, ...(timespan === undefined ? {} : { timespan }) },
      { signal, headers: { prefer: 'include-statistics=true,include-render=true' } },
    );
    const answer = readAnswer(body);
    if (answer) {
      const elapsedMs = performance.now() - startedMs;
      return { kind: 'answered', asked, answer, startedMs, elapsedMs };
    }
    const unreadable: ErrorDetail = {
      code: 'UnreadableAnswer',
      message: 'The service answered with something that is not a result.',
    };
    return { kind: 'failed', asked, problems: [unreadable], correlationId: undefined };
  } catch (error) {
    if (signal.aborted) return { kind: 'stopped', asked };
    const detail: ErrorDetail =
      error instanceof RequestFailed
        ? error.detail
        : { code: 'Failed', message: error instanceof Error ? error.message : String(error) };
    return {
      kind: 'failed',
      asked,
      problems: problemsOf(detail, asked.part.text),
      correlationId: detail.correlationId,
    };
  }
}
