import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { AgentConfiguration } from '@strongroom/api';
import { toHex, utf8 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { Batcher } from './batch.js';
import type { Position } from './batch.js';
import { ServiceClient } from './client.js';
import { heartbeatRow } from './collectors/heartbeat.js';
import { inventoryRows, readInventory } from './collectors/inventory.js';
import { followJournald, hasJournald } from './collectors/journald.js';
import { countersBetween, performanceRow, readPerformance } from './collectors/performance.js';
import { syslogSource } from './collectors/syslog.js';
import { Tailer } from './collectors/tail.js';
import type { TailSource } from './collectors/tail.js';
import { textSource } from './collectors/text.js';
import { intervalMs, readConfiguration, storeConfiguration } from './configuration.js';
import { agentError, messageOf } from './errors.js';
import { Health } from './health.js';
import { limits } from './limits.js';
import type { AgentLimits } from './limits.js';
import { isInventoryDue, readSentInventory, storeSentInventory } from './sent-inventory.js';
import { takeLock } from './lock.js';
import { readMachine } from './machine.js';
import type { Machine } from './machine.js';
import { Receipts } from './receipts.js';
import { notAfterMs, renew, renewAtMs } from './renewal.js';
import { Shipper } from './shipper.js';
import { openSpool } from './spool.js';
import type { LaneName, Spool } from './spool.js';
import { openState } from './state.js';
import type { AgentPorts, AgentState } from './state.js';
import { writeStatus } from './status.js';
import type { AgentStatus } from './status.js';
import type { System } from './system.js';
import { agentVersion } from './version.js';
import { Witness } from './witness.js';

/** What running an agent needs. */
export interface RunOptions extends AgentPorts {
  readonly system: System;
  readonly sha256: Sha256;
  readonly stateDirectory: string;
  readonly credentialsDirectory?: string;
  readonly limits?: Partial<AgentLimits>;
  /** Ends the agent cleanly within three seconds. */
  readonly signal: AbortSignal;
  readonly pid: number;
  /** One line for whoever watches: state changes and trouble, never collected data. */
  readonly log: (line: string) => void;
  /** Resident memory in bytes, for the status. */
  readonly memoryBytes: () => number;
}

/** The stream of the agent's own reports. */
const operationStream = 'Microsoft-Operation';
const tickMs = 250;

/** Runs an agent until `signal` is aborted. Rejects where it cannot go on. */
export async function runAgent(options: RunOptions): Promise<void> {
  const { fs, clock, random, sha256, system, stateDirectory, credentialsDirectory } = options;
  const bytesMax = options.limits?.spoolBytesMax ?? limits.spoolBytesMax;
  if (!Number.isSafeInteger(bytesMax) || bytesMax < limits.spoolBytesMin) {
    throw agentError('AGENT_BAD_OPTION', `The spool needs at least ${limits.spoolBytesMin} bytes.`);
  }
  const ports = { fs, clock, random };
  const state = await openState(ports, { directory: stateDirectory, credentialsDirectory });
  let unlock: (() => Promise<void>) | undefined;
  let spool: Spool | undefined;
  try {
    unlock = await takeLock({ fs, system, directory: stateDirectory, pid: options.pid });
    const health = new Health();
    spool = await openSpool({
      directory: join(stateDirectory, 'spool'),
      agentId: state.identity.agentId,
      ...ports,
      keys: state.segmentKeys,
      sealer: state.sealer,
      health,
      bytesMax,
    });
    const agent = new Agent({
      options,
      state,
      spool,
      health,
      machine: await readMachine(fs, system, state.identity.computer),
      witness: await Witness.open(fs, sha256, state),
      receipts: await Receipts.open(fs, state),
      configuration: (await readConfiguration(fs, state)) ?? { etag: '' },
    });
    await agent.run();
  } finally {
    await spool?.close();
    await unlock?.();
    state.close();
  }
}

/** The running agent: collectors into batchers into the spool, and the shipper out of it. */
class Agent {
  readonly #options: RunOptions;
  readonly #state: AgentState;
  readonly #spool: Spool;
  readonly #health: Health;
  readonly #machine: Machine;
  readonly #witness: Witness;
  readonly #receipts: Receipts;
  readonly #shipper: Shipper;
  readonly #tailer: Tailer;
  readonly #batchers = new Map<string, Batcher>();
  readonly #startedAt: string;
  #configuration: AgentConfiguration;
  /** Ends collecting; then what was collected is made durable. */
  readonly #collecting = new AbortController();
  /** Ends everything that still goes on after the grace of a clean stop. */
  readonly #hard = new AbortController();
  #journald: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  /** Where the journal was read to in this run; batches on their way are not in the spool’s yet. */
  #journaldPositions: Map<string, Position> | undefined;
  #renewProblem = '';
  #renewAt: number;
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: {
    options: RunOptions;
    state: AgentState;
    spool: Spool;
    health: Health;
    machine: Machine;
    witness: Witness;
    receipts: Receipts;
    configuration: AgentConfiguration;
  }) {
    const { options, state, spool, health, witness, receipts } = parts;
    const { clock, random } = options;
    this.#options = options;
    this.#state = state;
    this.#spool = spool;
    this.#health = health;
    this.#machine = parts.machine;
    this.#witness = witness;
    this.#receipts = receipts;
    this.#configuration = parts.configuration;
    this.#startedAt = new Date(clock.now()).toISOString();
    this.#renewAt = renewAtMs(state.identity.certificate);
    setMaxListeners(0, this.#collecting.signal, this.#hard.signal);
    const client = this.#connect();
    this.#shipper = new Shipper({
      spool,
      receipts,
      witness,
      onEpoch: ({ number, reason, kept }) =>
        health.report(
          'service restored',
          `epoch ${number}`,
          `${reason} (kept ${kept.size} entries)`,
        ),
      clock,
      random,
      client,
    });
    this.#tailer = new Tailer({
      fs: options.fs,
      clock,
      sha256: options.sha256,
      health,
      sources: [],
      positions: spool.positions,
      firstStart: spool.firstStart,
    });
  }

  /** Runs until told to stop, or until a part fails. */
  async run(): Promise<void> {
    const { signal, log, clock } = this.#options;
    const stop = (): void => this.#collecting.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    await this.#configure();
    const collecting = this.#collecting.signal;
    log(`agent ${this.#state.identity.agentId} collects for ${this.#state.identity.workspaceName}`);

    const shipping = this.#guard(this.#shipper.run(collecting, this.#hard.signal));
    const parts = [
      this.#guard(this.#tailer.run(collecting)),
      this.#guard(this.#beat()),
      this.#guard(this.#measure()),
      this.#guard(this.#takeInventory()),
      this.#guard(this.#flushOften()),
      this.#guard(this.#storeOften()),
      this.#guard(this.#control()),
      this.#guard(this.#report()),
    ];
    await this.#until(collecting);

    // What is in memory goes to the spool if that is quick; otherwise its sources still have it.
    const hardStop = clock.sleep(limits.stopMs, this.#hard.signal).then(
      () => this.#hard.abort(new Error('the time for a clean stop is over')),
      () => undefined,
    );
    await Promise.all([...parts, this.#journald?.done]);
    await Promise.all(
      [...this.#batchers.values()].map((batcher) => batcher.drain().catch(() => undefined)),
    );
    await shipping;
    this.#hard.abort();
    await hardStop;
    await this.#receipts.store().catch(() => undefined);
    await this.#spool.store().catch(() => undefined);
    await this.#writeStatus().catch(() => undefined);
    signal.removeEventListener('abort', stop);
    if (this.#failure !== undefined) throw this.#failure.error;
    log('stopped');
  }

  /** A part that fails ends the agent: half an agent would lose data without a word. */
  async #guard(part: Promise<void>): Promise<void> {
    try {
      await part;
    } catch (error) {
      if (this.#collecting.signal.aborted) return;
      this.#failure ??= { error };
      this.#collecting.abort();
    }
  }

  async #until(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
  }

  /** Sleeps, or less where collecting ends; false then. */
  async #sleep(ms: number): Promise<boolean> {
    const { signal } = this.#collecting;
    await this.#options.clock.sleep(ms, signal).catch(() => undefined);
    return !signal.aborted;
  }

  #connect(): ServiceClient {
    const { agentEndpoint, authority, certificate, privateKey } = this.#state.identity;
    return new ServiceClient({
      url: agentEndpoint,
      credentials: { authority, certificate, privateKey },
      now: () => this.#options.clock.now(),
    });
  }

  #batcher(lane: LaneName, stream: string): Batcher {
    const key = `${lane}:${stream}`;
    let batcher = this.#batchers.get(key);
    if (batcher === undefined) {
      batcher = new Batcher({
        stream,
        clock: this.#options.clock,
        take: (batch) => this.#spool.append(lane, batch, this.#hard.signal),
      });
      this.#batchers.set(key, batcher);
    }
    return batcher;
  }

  /** Sets the collectors to the configuration in force. */
  async #configure(): Promise<void> {
    const { fs, clock, system } = this.#options;
    const { syslog, textFiles } = this.#configuration;
    const machine = this.#machine;
    const journaldRuns = syslog?.journald === true && (await hasJournald(fs));
    const sources: TailSource[] = [];
    if (syslog !== undefined) {
      const sink = this.#batcher('logs', syslog.stream);
      sources.push(syslogSource({ machine, patterns: syslog.files, sink, journaldRuns }));
    }
    for (const { stream, patterns } of textFiles ?? []) {
      sources.push(textSource({ machine, patterns, sink: this.#batcher('logs', stream) }));
    }
    this.#tailer.setSources(sources);

    if (this.#journald !== undefined) {
      this.#journald.abort.abort();
      await this.#journald.done;
      this.#journald = undefined;
    }
    if (syslog !== undefined && journaldRuns) {
      const abort = new AbortController();
      const stop = (): void => abort.abort();
      this.#collecting.signal.addEventListener('abort', stop, { once: true });
      if (this.#collecting.signal.aborted) stop();
      const sink = this.#batcher('logs', syslog.stream);
      this.#journaldPositions ??= new Map(this.#spool.positions);
      const done = this.#guard(
        followJournald({
          system,
          clock,
          machine,
          sink,
          health: this.#health,
          positions: this.#journaldPositions,
          signal: abort.signal,
        }),
      );
      this.#journald = { abort, done };
    }
  }

  /** Hands on batches that have waited long enough. */
  async #flushOften(): Promise<void> {
    do {
      for (const batcher of this.#batchers.values()) {
        // Where the spool is full more batches would only fill memory.
        if (!batcher.due || batcher.blocked) continue;
        void this.#guard(batcher.flush());
      }
    } while (await this.#sleep(tickMs));
  }

  /** Writes cursor, receipts and status at their pace. */
  async #storeOften(): Promise<void> {
    const { clock, log } = this.#options;
    let problem = '';
    let receiptsAt = 0;
    do {
      try {
        await this.#spool.store();
        await this.#writeStatus();
        if (clock.monotonicMs() - receiptsAt >= limits.receiptsStoreMs) {
          receiptsAt = clock.monotonicMs();
          await this.#receipts.store();
        }
        problem = '';
      } catch (error) {
        // A full disk is told once and tried again: batches already durable go on leaving.
        if (problem === '') log(`the state cannot be written: ${messageOf(error)}`);
        problem = messageOf(error);
      }
    } while (await this.#sleep(limits.cursorStoreMs));
  }

  /** Configuration, checkpoint and certificate; says when the shipping changes its state. */
  async #control(): Promise<void> {
    const { fs, clock, log } = this.#options;
    let said = '';
    do {
      if (this.#shipper.controlDue) {
        const next = await this.#shipper.control(
          this.#configuration.etag === '' ? undefined : this.#configuration.etag,
          this.#collecting.signal,
        );
        if (next !== undefined) {
          this.#configuration = next;
          await storeConfiguration(fs, this.#state, next);
          await this.#configure();
          log(`configuration ${next.etag}`);
        }
        if (this.#shipper.state === 'sending' && clock.now() >= this.#renewAt) await this.#renew();
      }
      const says = `${this.#shipper.state}${this.#shipper.reason === '' ? '' : `: ${this.#shipper.reason}`}`;
      if (says !== said) log(says);
      said = says;
    } while (await this.#sleep(tickMs));
  }

  async #renew(): Promise<void> {
    const { clock, log } = this.#options;
    const client = this.#connect();
    const { signal } = this.#collecting;
    const problem = await renew({ client, state: this.#state, clock, signal }).finally(() =>
      client.close(),
    );
    this.#renewProblem = problem ?? '';
    if (problem === undefined) {
      this.#shipper.setClient(this.#connect());
      this.#renewAt = renewAtMs(this.#state.identity.certificate);
      log(`certificate renewed until ${this.#notAfter()}`);
    } else {
      this.#renewAt = clock.now() + limits.renewRetryMs;
      log(`the certificate could not be renewed: ${problem}`);
    }
  }

  #notAfter(): string {
    return new Date(notAfterMs(this.#state.identity.certificate)).toISOString();
  }

  async #beat(): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      const { heartbeat } = this.#configuration;
      if (heartbeat === undefined) {
        if (!(await this.#sleep(limits.pollMs))) return;
        continue;
      }
      const { agentId } = this.#state.identity;
      const machine = this.#machine;
      const row = heartbeatRow({ machine, agentId, version: agentVersion, nowMs: clock.now() });
      await this.#deliver('state', heartbeat.stream, [row]);
      if (!(await this.#sleepFor('heartbeat'))) return;
    }
  }

  /** The first values come a second after the start: rates need two looks. */
  async #measure(): Promise<void> {
    const { fs, clock, system } = this.#options;
    let before = await readPerformance(fs, clock, system);
    if (!(await this.#sleep(1000))) return;
    for (;;) {
      const { performance } = this.#configuration;
      if (performance === undefined) {
        if (!(await this.#sleep(limits.pollMs))) return;
        continue;
      }
      const after = await readPerformance(fs, clock, system);
      const rows = countersBetween(before, after).map((counter) =>
        performanceRow(counter, this.#machine, after.timeMs),
      );
      before = after;
      await this.#deliver('performance', performance.stream, rows);
      if (!(await this.#sleepFor('performance'))) return;
    }
  }

  /** When something was installed, removed or changed its state since it was last sent; and daily. */
  async #takeInventory(): Promise<void> {
    const { fs, clock, system, sha256 } = this.#options;
    let sent = await readSentInventory(fs, this.#state);
    for (;;) {
      const { inventory } = this.#configuration;
      if (inventory === undefined) {
        if (!(await this.#sleep(limits.pollMs))) return;
        continue;
      }
      const { packages, daemons } = await readInventory(fs, system);
      const { agentId } = this.#state.identity;
      const found = inventoryRows(this.#machine, agentId, packages, daemons);
      const hash = toHex(sha256(utf8(JSON.stringify([inventory.stream, found]))));
      const now = clock.now();
      if (isInventoryDue(sent, { hash, now })) {
        const time = new Date(now).toISOString();
        const rows = found.map((row) => JSON.stringify({ TimeGenerated: time, ...row }));
        await this.#deliver('state', inventory.stream, rows);
        // Only now: what a crash lost on its way is sent again.
        sent = { hash, sentAtMs: now };
        await storeSentInventory(fs, this.#state, sent);
      }
      if (!(await this.#sleepFor('inventory'))) return;
    }
  }

  /** Tells the workspace what was lost, cut or refused. */
  async #report(): Promise<void> {
    const { clock } = this.#options;
    const { agentId } = this.#state.identity;
    let reportedAt = -limits.healthIntervalMs;
    do {
      if (clock.monotonicMs() - reportedAt < limits.healthIntervalMs) continue;
      const rows = this.#health.takeRows(this.#machine, agentId, clock);
      if (rows.length === 0) continue;
      reportedAt = clock.monotonicMs();
      await this.#deliver('state', operationStream, rows);
    } while (await this.#sleep(limits.pollMs));
  }

  /** Rows of a sampling collector leave at once. */
  async #deliver(lane: LaneName, stream: string, rows: readonly string[]): Promise<void> {
    if (rows.length === 0) return;
    const batcher = this.#batcher(lane, stream);
    await batcher.addAll(rows);
    await batcher.flush();
  }

  /** Waits for a collector's interval, which may change meanwhile; false where collecting ends. */
  async #sleepFor(part: 'heartbeat' | 'performance' | 'inventory'): Promise<boolean> {
    const { clock } = this.#options;
    const since = clock.monotonicMs();
    for (;;) {
      const seconds = this.#configuration[part]?.intervalSeconds;
      const left = seconds === undefined ? 0 : intervalMs(seconds) - (clock.monotonicMs() - since);
      if (left <= 0) return !this.#collecting.signal.aborted;
      if (!(await this.#sleep(Math.min(left, 5 * limits.pollMs)))) return false;
    }
  }

  async #writeStatus(): Promise<void> {
    const { fs, clock, stateDirectory } = this.#options;
    const { identity } = this.#state;
    const { lastSentMs } = this.#shipper;
    const status: AgentStatus = {
      agentId: identity.agentId,
      workspaceId: identity.workspaceId,
      workspaceName: identity.workspaceName,
      agentEndpoint: identity.agentEndpoint,
      computer: identity.computer,
      version: agentVersion,
      certificateNotAfter: this.#notAfter(),
      renewalProblem: this.#renewProblem,
      configurationEtag: this.#configuration.etag,
      shipping: { state: this.#shipper.state, reason: this.#shipper.reason },
      lastSent: lastSentMs === undefined ? null : new Date(lastSentMs).toISOString(),
      sentBytes: this.#shipper.sentBytes,
      filesFollowed: this.#tailer.fileCount,
      checkpointSize: this.#witness.size?.toString() ?? null,
      spool: this.#spool.status,
      health: this.#health.totals,
      memoryBytes: this.#options.memoryBytes(),
      startedAt: this.#startedAt,
      updatedAt: new Date(clock.now()).toISOString(),
    };
    await writeStatus(fs, stateDirectory, status);
  }
}
