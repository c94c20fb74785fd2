import type { Clock } from '@strongroom/base';
import { identityLimits } from './limits.js';

/**
 * Counts failures by key (a user and an address, say) and tells how long that key has to wait.
 *
 * The first `free` failures cost nothing; each further one doubles the wait; at `failuresMax` the
 * key is locked out. Keyed with the caller's address, so that one attacker cannot lock a user out
 * everywhere. Memory is bounded: the oldest keys are forgotten first.
 */
export interface Throttle {
  /** Milliseconds that this key has to wait; 0 where it may try. */
  waitMs(key: string): number;
  failed(key: string): void;
  succeeded(key: string): void;
  /** Takes one failure back. */
  undo(key: string): void;
}

export function createThrottle(options: {
  clock: Clock;
  free: number;
  failuresMax: number;
  entriesMax?: number;
}): Throttle {
  const { clock, free, failuresMax } = options;
  const entriesMax = options.entriesMax ?? identityLimits.throttleEntriesMax;
  const entries = new Map<string, { failures: number; last: number; until: number }>();
  const read = (key: string): { failures: number; last: number; until: number } | undefined => {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    const now = clock.monotonicMs();
    if (now >= entry.until && now - entry.last > identityLimits.failureMemoryMs) {
      entries.delete(key);
      return undefined;
    }
    return entry;
  };
  return {
    waitMs: (key) => {
      const entry = read(key);
      return entry === undefined ? 0 : Math.max(0, Math.ceil(entry.until - clock.monotonicMs()));
    },
    failed: (key) => {
      const failures = (read(key)?.failures ?? 0) + 1;
      const now = clock.monotonicMs();
      const wait =
        failures >= failuresMax
          ? identityLimits.lockoutMs
          : failures <= free
            ? 0
            : Math.min(
                identityLimits.waitMsMax,
                identityLimits.waitMs * 2 ** Math.min(20, failures - free - 1),
              );
      // Put at the end: the map's order is then the order of the last failure.
      entries.delete(key);
      entries.set(key, { failures, last: now, until: now + wait });
      if (entries.size > entriesMax) {
        const oldest = entries.keys().next();
        if (oldest.done !== true) entries.delete(oldest.value);
      }
    },
    succeeded: (key) => {
      entries.delete(key);
    },
    undo: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return;
      if (entry.failures <= 1) entries.delete(key);
      else entries.set(key, { ...entry, failures: entry.failures - 1, until: 0 });
    },
  };
}
