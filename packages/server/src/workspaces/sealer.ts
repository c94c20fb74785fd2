import { journalSequence } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import type { Appended, Journal } from '@strongroom/journal';
import type { Ledger, SignedCheckpoint } from '@strongroom/ledger';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import type { WorkspaceLimits } from './limits.js';

/**
 * The follower that makes the ledger: leaf = commitment, leaf index = position, a signed checkpoint
 * each second with traffic.
 *
 * Its cursor is the ledger itself: what its newest checkpoint does not cover is read again from the
 * journal's frames after a start. A fork or a damaged tree stops it for good and raises an alarm;
 * ingestion goes on, and the checkpoint's age tells everyone.
 */
export class Sealer {
  readonly #journal: Journal;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: WorkspaceLimits;
  readonly #alarm: (code: string) => void;
  readonly #stop = new AbortController();
  /** Commitments of appends of this run, in order, so that sealing reads no file. */
  #recent: Appended[] = [];
  #running: Promise<void> | undefined;

  constructor(options: {
    journal: Journal;
    ledger: Ledger;
    clock: Clock;
    log: Log;
    limits: WorkspaceLimits;
    /** Told once when sealing stops. */
    alarm: (code: string) => void;
  }) {
    this.#journal = options.journal;
    this.#ledger = options.ledger;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#limits = options.limits;
    this.#alarm = options.alarm;
  }

  get checkpoint(): SignedCheckpoint | undefined {
    return this.#ledger.checkpoint;
  }

  /** Leaves under a signed checkpoint. */
  get sealed(): bigint {
    return this.#ledger.size;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** An append that just became durable; called in the order of positions. */
  note(appended: Appended): void {
    if (this.#recent.length < recentMax) this.#recent.push(appended);
  }

  /** Seals what is durable, then ends. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('closing'));
    await this.#running;
    try {
      await this.#sealAll();
    } catch (error) {
      this.#log.warn('last seal failed', errorFields(error));
    }
    await this.#ledger.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let waitMs = this.#limits.retryMsMin;
    while (!signal.aborted) {
      try {
        await this.#journal.waitBeyond(journalSequence(this.#ledger.size), signal);
        const started = this.#clock.monotonicMs();
        await this.#sealAll();
        waitMs = this.#limits.retryMsMin;
        const spent = this.#clock.monotonicMs() - started;
        await this.#clock.sleep(Math.max(0, this.#limits.sealIntervalMs - spent), signal);
      } catch (error) {
        if (signal.aborted) return;
        const code = codeOf(error);
        if (code === 'JOURNAL_CLOSED') return;
        this.#log.error('sealing failed', errorFields(error));
        if (fatalCodes.has(code)) {
          this.#alarm(code);
          return;
        }
        await this.#clock.sleep(waitMs, signal).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, this.#limits.retryMsMax);
      }
    }
  }

  async #sealAll(): Promise<void> {
    const end = this.#journal.next;
    while (this.#ledger.nextIndex < end) {
      const from = this.#ledger.nextIndex;
      const batch = this.#takeRecent(from);
      if (batch.length === 0) {
        const gapEnd = this.#recent[0]?.sequence ?? end;
        const to = from + gapMax < gapEnd ? from + gapMax : gapEnd;
        for await (const { commitment } of this.#journal.commitments(
          journalSequence(from),
          journalSequence(to),
        )) {
          batch.push(commitment);
        }
      }
      await this.#ledger.append(batch, from);
      // A long way behind: seal in between, the ledger holds only so many unsealed leaves.
      if (this.#ledger.nextIndex < end) await this.#ledger.seal();
    }
    await this.#ledger.seal();
  }

  /** Commitments from memory that continue at `from`, as far as they have no gap. */
  #takeRecent(from: bigint): Uint8Array[] {
    const skip = this.#recent.findIndex(({ sequence }) => sequence >= from);
    if (skip < 0) {
      this.#recent = [];
      return [];
    }
    const batch: Uint8Array[] = [];
    let at = skip;
    while (at < this.#recent.length && this.#recent[at]!.sequence === from + BigInt(at - skip)) {
      batch.push(this.#recent[at]!.commitment);
      at += 1;
    }
    this.#recent.splice(0, at);
    return batch;
  }
}

/** Commitments kept in memory; beyond it they are read from the journal. */
const recentMax = 16_384;
/** Leaves read from the journal at once. */
const gapMax = 65_536n;
const fatalCodes = new Set([
  'LEDGER_FORK',
  'LEDGER_TILE_DAMAGED',
  'LEDGER_CHECKPOINT_INVALID',
  'JOURNAL_CORRUPT',
]);

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
