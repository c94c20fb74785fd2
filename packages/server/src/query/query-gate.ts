import type { Clock } from '@strongroom/base';
import { throttled } from './failures.js';
import type { QueryLimits } from './limits.js';

/** Places for running queries, by workspace: so one workspace's queries never wait for another's. */
export class QueryGate {
  readonly #clock: Clock;
  readonly #limits: QueryLimits;
  readonly #workspaces = new Map<string, { running: number; waiting: (() => void)[] }>();

  constructor(clock: Clock, limits: QueryLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Resolves with what gives the place back. Throws a 429 where too many wait, or it took too long. */
  async enter(workspaceId: string, signal: AbortSignal): Promise<() => void> {
    const { runningPerWorkspaceMax, waitingPerWorkspaceMax, waitMsMax } = this.#limits;
    let room = this.#workspaces.get(workspaceId);
    if (room === undefined) {
      room = { running: 0, waiting: [] };
      this.#workspaces.set(workspaceId, room);
    }
    if (room.running < runningPerWorkspaceMax) room.running += 1;
    else {
      if (room.waiting.length >= waitingPerWorkspaceMax) throw throttled(2);
      await this.#wait(room.waiting, waitMsMax, signal);
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      // The place goes to the one that waits longest; the count stays.
      const next = room.waiting.shift();
      if (next !== undefined) next();
      else room.running -= 1;
      if (room.running === 0) this.#workspaces.delete(workspaceId);
    };
  }

  async #wait(waiting: (() => void)[], waitMsMax: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    let admitted = false;
    const place = new Promise<void>((resolve) => {
      const enter = (): void => {
        admitted = true;
        resolve();
      };
      waiting.push(enter);
      const leave = (): void => {
        const at = waiting.indexOf(enter);
        if (at >= 0) waiting.splice(at, 1);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true, signal: done.signal });
      this.#clock.sleep(waitMsMax, done.signal).then(leave, () => undefined);
    });
    await place;
    done.abort();
    if (!admitted) throw throttled(5);
  }
}
