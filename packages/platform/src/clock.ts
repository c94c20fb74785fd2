import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { AbortSignalLike, Clock } from '@strongroom/base';

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms: number, signal?: AbortSignalLike): Promise<void> {
    await delay(ms, undefined, signal === undefined ? {} : { signal: signal as AbortSignal });
  },
};
