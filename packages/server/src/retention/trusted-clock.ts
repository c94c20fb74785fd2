import type { Clock } from '@strongroom/base';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import type { Catalog } from '../catalog/open-catalog.js';

/**
 * The time that erasing goes by. The machine's clock may be set; this one goes on with the time that
 * has passed while the service ran, and follows the machine's clock only so far.
 *
 * It may lag behind (then data is kept longer) and it never runs ahead of the machine's clock. A jump
 * forward is believed up to a budget that fills as time passes: a machine that was off for a night
 * or two goes on by itself, one whose clock was set forward by years expires nothing until a person
 * has confirmed the time.
 */
export interface TrustedClock {
  /** Milliseconds since 1970; never ahead of the machine's clock. */
  now(): number;
  status(): TrustedTime;
  /** Takes the machine's time for right. The caller has recorded who says so. */
  confirm(): Promise<TrustedTime>;
  close(): Promise<void>;
}

export interface TrustedTime {
  readonly machine: number;
  readonly trusted: number;
  /** True where the two differ so much that erasing waits for one of them. */
  readonly inDoubt: boolean;
}

export const trustedClockLimits = {
  /** A jump forward that is believed. */
  jumpMsMax: 48 * 3_600_000,
  /** So many milliseconds of a further jump are earned by each that passes. */
  jumpEarned: 4,
  /** Slower than this the clocks may drift apart without it counting as a jump. */
  driftMs: 60_000,
  keepIntervalMs: 5 * 60_000,
} as const;

const setting = 'trusted time';

/** What is known, and how it goes on. Pure. */
export interface TrustedState {
  readonly trusted: number;
  /** Milliseconds of a jump that would be believed now. */
  readonly budget: number;
}

/** The state after `passedMs` by the monotonic clock, when the machine's clock says `machine`. */
export function advance(before: TrustedState, passedMs: number, machine: number): TrustedState {
  const { jumpMsMax, jumpEarned, driftMs } = trustedClockLimits;
  const expected = before.trusted + passedMs;
  const budget = Math.min(jumpMsMax, before.budget + passedMs * jumpEarned);
  const ahead = machine - expected;
  if (ahead <= 0) {
    // Slow, or set back. Time that has passed has passed.
    return { trusted: -ahead <= driftMs ? machine : expected, budget };
  }
  if (ahead <= driftMs) return { trusted: machine, budget };
  if (ahead <= budget) return { trusted: machine, budget: budget - ahead };
  return { trusted: expected, budget };
}

/** Opens it where the last run left it. */
export async function openTrustedClock(options: {
  catalog: Catalog;
  clock: Clock;
  log: Log;
}): Promise<TrustedClock> {
  const { catalog, clock, log } = options;
  const { jumpMsMax, driftMs, keepIntervalMs } = trustedClockLimits;
  const stop = new AbortController();
  let state = readState(catalog.snapshot.settings.get(setting));
  state = advance(state ?? { trusted: clock.now(), budget: jumpMsMax }, 0, clock.now());
  let at = clock.monotonicMs();
  const look = (): TrustedState => {
    const now = clock.monotonicMs();
    state = advance(state ?? { trusted: 0, budget: 0 }, now - at, clock.now());
    at = now;
    return state;
  };
  const keep = async (): Promise<void> => {
    const text = JSON.stringify(look());
    await catalog.change((write) => write.putSetting(setting, text));
  };
  const status = (): TrustedTime => {
    const { trusted } = look();
    const machine = clock.now();
    return { machine, trusted, inDoubt: Math.abs(machine - trusted) > driftMs };
  };
  const running = (async () => {
    let doubted = false;
    while (!stop.signal.aborted) {
      try {
        await keep();
        const { inDoubt, machine, trusted } = status();
        if (inDoubt && !doubted) {
          log.warn('the clock has jumped: nothing expires by it', { machine, trusted });
        }
        doubted = inDoubt;
      } catch (error) {
        if (!stop.signal.aborted) log.warn('the time was not kept', errorFields(error));
      }
      await clock.sleep(keepIntervalMs, stop.signal).catch(() => undefined);
    }
  })();
  return {
    now: () => Math.min(look().trusted, clock.now()),
    status,
    async confirm() {
      state = { trusted: clock.now(), budget: 0 };
      at = clock.monotonicMs();
      await keep();
      return status();
    },
    async close() {
      stop.abort(new Error('closing'));
      await running;
    },
  };
}

function readState(text: string | undefined): TrustedState | undefined {
  if (text === undefined) return undefined;
  try {
    const { trusted, budget } = JSON.parse(text) as Partial<TrustedState>;
    if (typeof trusted === 'number' && typeof budget === 'number') return { trusted, budget };
  } catch {
    // As if there were none: the next line of the caller begins anew.
  }
  return undefined;
}
