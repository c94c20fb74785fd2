import { agentPaths, readConsistencyProof, receiptHeader, requestIdHeader } from '@strongroom/api';
import type { AgentConfiguration } from '@strongroom/api';
import { fromBase64 } from '@strongroom/base';
import type { Clock, Random } from '@strongroom/base';
import { jsonOf } from './client.js';
import type { Answer, NoAnswer, ServiceClient } from './client.js';
import { fetchConfiguration, identityRefused, reasonOf } from './configuration.js';
import { limits } from './limits.js';
import type { Receipts } from './receipts.js';
import type { Spool, SpoolEntry } from './spool.js';
import type { Witness, Witnessed } from './witness.js';
import type { Epoch } from '@strongroom/ledger';

/** Where the shipping stands. */
export type ShippingState =
  /** Batches go out as they come. */
  | 'sending'
  /** The service is away or asked to wait; tried again by itself. */
  | 'waiting'
  /** The service does not take this agent any more; nothing is sent, everything is kept. */
  | 'refused'
  /** The service's ledger went back; nothing is sent, everything is kept. */
  | 'rollback detected';

/** How long to wait after the `attempt`-th failure in a row: exponential, with full jitter. */
export function backoffMs(attempt: number, random: Random): number {
  const ceiling = Math.min(limits.backoffMaxMs, limits.backoffMinMs * 2 ** Math.min(attempt, 20));
  const [a = 0, b = 0] = random.bytes(2);
  return limits.backoffMinMs / 2 + (ceiling * (a * 256 + b)) / 65_536;
}

/** What becomes of a batch after an answer. */
export function judge(answer: Answer | NoAnswer): 'sent' | 'again' | 'identity' | 'refused' {
  if (identityRefused(answer)) return 'identity';
  if (!answer.arrived) return 'again';
  if (answer.status >= 200 && answer.status < 300) return 'sent';
  // 408 and 425 ask for another try, 429 and 5xx for a later one.
  if ([408, 425, 429].includes(answer.status) || answer.status >= 500) return 'again';
  return 'refused';
}

/**
 * Sends what the spool holds, a few requests at a time, over the agent's own certificate.
 *
 * The request id of a batch is in the spool with it: whatever happens to the answer, the next try is
 * the same request, and the service recognises it.
 */
export class Shipper {
  readonly #spool: Spool;
  readonly #receipts: Receipts;
  readonly #witness: Witness;
  readonly #onEpoch: (epoch: Epoch) => void;
  readonly #clock: Clock;
  readonly #random: Random;
  #client: ServiceClient;
  #state: ShippingState = 'waiting';
  #reason = 'not yet connected';
  #notBefore = 0;
  #controlledAt = 0;
  #failures = 0;
  #inFlight = 0;
  #wakers: (() => void)[] = [];
  #lastSentMs: number | undefined;
  #sentBytes = 0;

  constructor(options: {
    spool: Spool;
    receipts: Receipts;
    witness: Witness;
    /** Told when the service was restored to an earlier point, and said so. */
    onEpoch: (epoch: Epoch) => void;
    clock: Clock;
    random: Random;
    client: ServiceClient;
  }) {
    this.#spool = options.spool;
    this.#receipts = options.receipts;
    this.#witness = options.witness;
    this.#onEpoch = options.onEpoch;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#client = options.client;
  }

  get state(): ShippingState {
    return this.#state;
  }

  /** Why it is in its state; empty while sending. */
  get reason(): string {
    return this.#reason;
  }

  /** Milliseconds since 1970 of the last acknowledgement. */
  get lastSentMs(): number | undefined {
    return this.#lastSentMs;
  }

  /** Compressed bytes acknowledged since the start. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Speaks with another certificate from the next request on. */
  setClient(client: ServiceClient): void {
    const old = this.#client;
    this.#client = client;
    // Requests under way may still end; their retry uses the new one.
    const close = (): void => {
      if (this.#inFlight === 0) old.close();
      else this.#wakers.push(close);
    };
    close();
  }

  #set(state: ShippingState, reason: string): void {
    this.#state = state;
    this.#reason = reason;
    if (state === 'sending') {
      this.#failures = 0;
      this.#notBefore = 0;
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }

  #backOff(reason: string, retryAfterMs?: number): void {
    const now = this.#clock.monotonicMs();
    // Requests in flight together fail together: that is one failure.
    if (now < this.#notBefore) return;
    this.#notBefore = now + Math.max(backoffMs(this.#failures, this.#random), retryAfterMs ?? 0);
    this.#failures += 1;
    if (this.#state === 'sending' || this.#state === 'waiting') this.#set('waiting', reason);
  }

  /**
   * Asks for checkpoint and configuration, and with that whether the service takes us and is the one
   * it was. Returns a new configuration where there is one.
   */
  async control(
    etag: string | undefined,
    signal: AbortSignal,
  ): Promise<AgentConfiguration | undefined> {
    this.#controlledAt = this.#clock.monotonicMs();
    const answer = await fetchConfiguration(this.#client, etag, signal);
    if (signal.aborted) return undefined;
    if (answer.kind === 'refused') {
      this.#set('refused', answer.reason);
      return undefined;
    }
    if (answer.kind === 'failed') {
      this.#backOff(answer.reason);
      return undefined;
    }
    await this.#witnessCheckpoint(signal);
    return answer.kind === 'new' ? answer.configuration : undefined;
  }

  /** Whether the ledger is what it was: shown and, where we have seen one before, proved. */
  async #witnessCheckpoint(signal: AbortSignal): Promise<void> {
    const ask = (path: string): Promise<Answer | NoAnswer> =>
      this.#client.send({ method: 'GET', path, signal });
    const known = this.#witness.size;
    let shown: Witnessed | undefined;
    if (known !== undefined && known > 0n) {
      const answer = await ask(`${agentPaths.consistency}?from=${known}`);
      const proof =
        answer.arrived && answer.status === 200 ? readConsistencyProof(jsonOf(answer)) : undefined;
      if (proof !== undefined) {
        const hashes = proof.hashes.map((hash) => fromBase64(hash));
        shown = await this.#witness.see(proof.checkpoint, hashes);
      } else if (!answer.arrived || ![404, 409].includes(answer.status)) {
        this.#backOff(reasonOf(answer), answer.arrived ? answer.retryAfterMs : 0);
        return;
      }
    }
    if (shown === undefined) {
      // Nothing seen before, or a service that cannot show that it continues: what it has tells why.
      const answer = await ask(agentPaths.checkpoint);
      if (!answer.arrived || ![200, 204, 404].includes(answer.status)) {
        this.#backOff(reasonOf(answer), answer.arrived ? answer.retryAfterMs : 0);
        return;
      }
      shown = await this.#witness.see(answer.status === 200 ? answer.text : undefined);
    }
    if (shown.ok) {
      this.#set('sending', '');
      return;
    }
    // A key that was replaced, and says so itself, is no stranger's.
    const handed = await ask(agentPaths.handOvers);
    if (handed.arrived && handed.status === 200) {
      if (await this.#witness.acceptHandOvers(handed.text)) {
        await this.#witnessCheckpoint(signal);
        return;
      }
    }
    // A restore that was stated and signed is no rollback: what it keeps must be continued from now on.
    const stated = await ask(agentPaths.epoch);
    if (stated.arrived && stated.status === 200) {
      const epoch = await this.#witness.acceptEpoch(stated.text);
      if (epoch !== undefined) {
        this.#onEpoch(epoch);
        await this.#witnessCheckpoint(signal);
        return;
      }
    }
    this.#set('rollback detected', shown.reason);
  }

  /** True where {@link control} is worth calling: each minute, and sooner while the service is away. */
  get controlDue(): boolean {
    const now = this.#clock.monotonicMs();
    if (this.#state === 'waiting') return now >= this.#notBefore;
    return now - this.#controlledAt >= limits.controlIntervalMs;
  }

  /** Waits for a condition; whoever may have changed it calls `#wake`. */
  async #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    while (!condition() && !signal.aborted) {
      await new Promise<void>((resolve) => this.#wakers.push(resolve));
    }
  }

  /** Sends until `signal` is aborted; then waits for what is in flight, or for `hardSignal`. */
  async run(signal: AbortSignal, hardSignal: AbortSignal): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    hardSignal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted && failure === undefined) {
      await this.#until(
        () => this.#state === 'sending' && this.#inFlight < limits.inFlightMax,
        signal,
      );
      if (signal.aborted) break;
      const entry = await this.#spool.take(signal);
      if (entry === undefined) break;
      this.#inFlight += 1;
      void this.#send(entry, hardSignal)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          this.#inFlight -= 1;
          this.#wake();
        });
    }
    await this.#until(() => this.#inFlight === 0, hardSignal);
    if (failure !== undefined) throw failure.error;
  }

  async #send(entry: SpoolEntry, hardSignal: AbortSignal): Promise<void> {
    const client = this.#client;
    const answer = await client.send({
      method: 'POST',
      path: agentPaths.stream(entry.stream),
      headers: {
        'content-type': 'application/x-ndjson',
        'content-encoding': 'gzip',
        [requestIdHeader]: entry.requestId,
      },
      body: entry.payload,
      signal: hardSignal,
    });
    const verdict = judge(answer);
    if (verdict === 'sent' && answer.arrived) {
      const receipt = answer.header(receiptHeader);
      if (receipt !== undefined) {
        const { stream, requestId, rowCount } = entry;
        this.#receipts.add({ stream, requestId, rowCount, receipt });
      }
      this.#lastSentMs = this.#clock.now();
      this.#sentBytes += entry.payload.length;
      this.#failures = 0;
      this.#spool.sent(entry);
      return;
    }
    if (verdict === 'refused') {
      await this.#spool.setAside(entry, reasonOf(answer));
      return;
    }
    if (verdict === 'identity') {
      // Is it us, or only this stream? The configuration is for every agent that is taken at all.
      const check = await fetchConfiguration(client, undefined, hardSignal);
      if (check.kind === 'new' || check.kind === 'same') {
        await this.#spool.setAside(entry, reasonOf(answer));
        return;
      }
      if (check.kind === 'refused') this.#set('refused', check.reason);
      else this.#backOff(check.reason);
      this.#spool.putBack(entry);
      return;
    }
    this.#backOff(reasonOf(answer), answer.arrived ? answer.retryAfterMs : undefined);
    this.#spool.putBack(entry);
  }
}
