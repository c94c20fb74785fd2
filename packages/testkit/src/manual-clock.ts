import type { AbortSignalLike, Clock } from '@strongroom/base';

interface Sleeper {
  readonly wakeAt: number;
  wake(): void;
}

/**
 * A clock that stands still until it is moved. `advance` moves both times and wakes sleepers in
 * order; `jump` moves only the wall clock, as an administrator or a bad NTP server would.
 */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #sleepers: Sleeper[] = [];

  /** `now` in milliseconds since 1970; by default a moment in 2026. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#monotonic;
  }

  /** How many wait in `sleep`. */
  get sleepers(): number {
    return this.#sleepers.length;
  }

  async sleep(ms: number, signal?: AbortSignalLike): Promise<void> {
    if (signal?.aborted === true) throw signal.reason;
    if (ms <= 0) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      const sleeper: Sleeper = {
        wakeAt: this.#monotonic + ms,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Lets `ms` pass. Sleepers wake in order of time, each at its own moment. */
  async advance(ms: number): Promise<void> {
    const target = this.#monotonic + ms;
    for (;;) {
      const due = this.#sleepers
        .filter((sleeper) => sleeper.wakeAt <= target)
        .sort((a, b) => a.wakeAt - b.wakeAt)[0];
      const until = due?.wakeAt ?? target;
      this.#now += until - this.#monotonic;
      this.#monotonic = until;
      if (due === undefined) break;
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== due);
      due.wake();
      await turn();
    }
    await turn();
  }

  /** Moves the wall clock by `ms`, either way; monotonic time goes on as it was. */
  jump(ms: number): void {
    this.#now += ms;
  }
}

/** Lets all that is ready run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
