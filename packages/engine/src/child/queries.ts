/** Queries: each in a session of its own, read-only, cancelled from another one. */

import type { Clock } from '@strongroom/base';
import { chunksAheadMax } from '../limits.js';
import type { QueryRequest, WireStatistics } from '../protocol.js';
import type { Session } from './sessions.js';
import { bind, openSession, run, runRows, set } from './sessions.js';

/** How often a running query is looked at, for its statistics. */
const sampleMs = 200;

const killAgainMs = 20;

export class Busy extends Error {}
export class Cancelled extends Error {}

export interface QuerySettings {
  readonly path: string;
  readonly runningMax: number;
  readonly waitingMax: number;
  /** The session that looks for queries and kills them. */
  readonly control: Session;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

interface Running {
  cancelled: boolean;
  credit: number;
  wake: (() => void) | undefined;
  /** Set while a session works for it. */
  request: QueryRequest | undefined;
}

export class Queries {
  readonly #settings: QuerySettings;
  readonly #running = new Map<number, Running>();
  readonly #waiting: (() => void)[] = [];
  #active = 0;
  /** Calls of the control session, one after the other. */
  #control: Promise<unknown> = Promise.resolve();
  #sampling = false;
  readonly #ended = new Set<Promise<unknown>>();

  constructor(settings: QuerySettings) {
    this.#settings = settings;
  }

  /** Runs one query and hands its chunks out as they are asked for. */
  async query(
    request: QueryRequest,
    onChunk: (bytes: Uint8Array) => void,
  ): Promise<WireStatistics> {
    const state: Running = {
      cancelled: false,
      credit: chunksAheadMax,
      wake: undefined,
      request: undefined,
    };
    this.#running.set(request.id, state);
    try {
      await this.#enter();
      try {
        const work = this.#work(request, state, onChunk);
        this.#ended.add(work);
        try {
          return await work;
        } finally {
          this.#ended.delete(work);
        }
      } finally {
        this.#leave();
      }
    } finally {
      this.#running.delete(request.id);
    }
  }

  /** The reader can take one more chunk of query `id`. */
  more(id: number): void {
    const state = this.#running.get(id);
    if (state === undefined) return;
    state.credit += 1;
    state.wake?.();
  }

  /** Ends query `id`, wherever it is. */
  async cancel(id: number): Promise<void> {
    const state = this.#running.get(id);
    if (state === undefined || state.cancelled) return;
    state.cancelled = true;
    state.wake?.();
    // A query that has only just begun is not yet listed: look again until it has ended.
    while (state.request !== undefined) {
      await this.#kill(state.request);
      await new Promise((resolve) => setTimeout(resolve, killAgainMs));
    }
  }

  /** Ends all, and resolves when no session works any more. */
  async cancelAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
    await Promise.allSettled(this.#ended);
  }

  async #work(
    request: QueryRequest,
    state: Running,
    onChunk: (bytes: Uint8Array) => void,
  ): Promise<WireStatistics> {
    const { clock } = this.#settings;
    const started = clock.monotonicMs();
    let sample = { rowsRead: 0, bytesRead: 0, memoryBytes: 0 };
    const sampler = setInterval(() => {
      if (state.request === undefined || this.#sampling) return;
      this.#sampling = true;
      this.#controlled((control) => runRows(control, request.find))
        .then(([row]) => {
          if (row === undefined) return;
          sample = {
            rowsRead: Number(row[1]),
            bytesRead: Number(row[2]),
            memoryBytes: Number(row[3]),
          };
        })
        .catch(() => undefined)
        .finally(() => (this.#sampling = false));
    }, sampleMs);
    // A fresh session costs 0.1 ms and knows nothing of the query before it.
    const session = openSession(this.#settings.path);
    try {
      bind(session, request.statement.parameters);
      // Last: it ends with `readonly = 1`, after which nothing can be set.
      set(session, request.settings);
      if (state.cancelled) throw new Cancelled();
      state.request = request;
      let bytes = 0;
      let rows = 0;
      const stream = session.queryStream(request.statement.text, { format: 'JSONCompactEachRow' });
      for await (const chunk of stream) {
        while (state.credit <= 0 && !state.cancelled) {
          await new Promise<void>((resolve) => (state.wake = resolve));
          state.wake = undefined;
        }
        if (state.cancelled) throw new Cancelled();
        state.credit -= 1;
        bytes += chunk.numBytes;
        rows += chunk.numRows;
        onChunk(chunk.raw());
      }
      if (state.cancelled) throw new Cancelled();
      return {
        elapsedMs: clock.monotonicMs() - started,
        ...sample,
        rowsReturned: rows,
        bytesReturned: bytes,
      };
    } catch (error) {
      if (state.cancelled) throw new Cancelled();
      throw error;
    } finally {
      clearInterval(sampler);
      state.request = undefined;
      session.close();
    }
  }

  async #kill(request: QueryRequest): Promise<void> {
    await this.#controlled(async (control) => {
      for (const [queryId] of await runRows(control, request.find)) {
        await run(control, { text: request.kill, parameters: { p0: String(queryId) } });
      }
    }).catch(() => undefined);
  }

  #controlled<T>(work: (control: Session) => Promise<T>): Promise<T> {
    const result = this.#control.then(() => work(this.#settings.control));
    this.#control = result.catch(() => undefined);
    return result;
  }

  async #enter(): Promise<void> {
    if (this.#active < this.#settings.runningMax) {
      this.#active += 1;
      return;
    }
    if (this.#waiting.length >= this.#settings.waitingMax) throw new Busy();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#active -= 1;
    else next();
  }
}
