import type { Clock } from '@strongroom/base';

/**
 * Requests and bytes of the last minute, by key, in steps of five seconds: what Azure limits per
 * data collection rule. Memory is bounded by the keys in use within a minute.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #requestsMax: number;
  readonly #bytesMax: number;
  readonly #windows = new Map<string, Window>();
  #sweptAt = 0;

  constructor(options: { clock: Clock; requestsMax: number; bytesMax: number }) {
    this.#clock = options.clock;
    this.#requestsMax = options.requestsMax;
    this.#bytesMax = options.bytesMax;
  }

  /** Counts one request; seconds to wait where it is one too many. */
  admitRequest(key: string): number {
    const window = this.#window(key);
    if (sum(window.requests) >= this.#requestsMax || sum(window.bytes) >= this.#bytesMax) {
      return stepMs / 1000;
    }
    window.requests[0]! += 1;
    return 0;
  }

  /** Counts the bytes of an admitted request, once they are known. */
  addBytes(key: string, bytes: number): void {
    this.#window(key).bytes[0]! += bytes;
  }

  #window(key: string): Window {
    const step = Math.floor(this.#clock.monotonicMs() / stepMs);
    if (step - this.#sweptAt >= steps) {
      for (const [name, { step: last }] of this.#windows) {
        if (step - last >= steps) this.#windows.delete(name);
      }
      this.#sweptAt = step;
    }
    let window = this.#windows.get(key);
    if (window === undefined) {
      window = { step, requests: [0], bytes: [0] };
      this.#windows.set(key, window);
    }
    const passed = Math.min(step - window.step, steps);
    for (let at = 0; at < passed; at += 1) {
      window.requests.unshift(0);
      window.bytes.unshift(0);
    }
    window.step = step;
    window.requests.length = Math.min(window.requests.length, steps);
    window.bytes.length = Math.min(window.bytes.length, steps);
    return window;
  }
}

interface Window {
  /** The step that `[0]` counts. */
  step: number;
  readonly requests: number[];
  readonly bytes: number[];
}

const stepMs = 5_000;
const steps = 12;
const sum = (counts: readonly number[]): number =>
  counts.reduce((total, count) => total + count, 0);
