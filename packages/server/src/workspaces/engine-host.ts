import { StrongroomError } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import { openEngine } from '@strongroom/engine';
import type { Engine } from '@strongroom/engine';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import type { DiskKeys } from './disk-keys.js';
import { keyAway } from './errors.js';
import type { WorkspaceErrorCode } from './errors.js';
import type { WorkspaceLimits } from './limits.js';

/**
 * A workspace's engine process: opened when somebody needs it, closed when nobody did for a while,
 * opened again (with growing pauses) when it died. Ingestion never waits for it.
 */
export class EngineHost {
  readonly #options: EngineHostOptions;
  readonly #stop = new AbortController();
  #engine: Engine | undefined;
  #opening: Promise<Engine> | undefined;
  #users = 0;
  #failures = 0;
  #lastUsed = 0;
  #idleWatch: Promise<void> | undefined;
  /** Set while the process is being exchanged: who comes meanwhile waits. */
  #exchanging: Promise<void> | undefined;

  constructor(options: EngineHostOptions) {
    this.#options = options;
  }

  get state(): 'running' | 'closed' | 'failed' {
    if (this.#engine !== undefined) return 'running';
    return this.#failures > 0 ? 'failed' : 'closed';
  }

  /**
   * Holds the engine until `release`. Rejects with `ENGINE_UNAVAILABLE` where it cannot be opened,
   * `WORKSPACE_CLOSED` after {@link close}.
   */
  async acquire(): Promise<{ engine: Engine; release: () => void }> {
    if (this.#options.keyAway === true) throw keyAway();
    while (this.#exchanging !== undefined) await this.#exchanging;
    this.#users += 1;
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#users -= 1;
      this.#lastUsed = this.#options.clock.monotonicMs();
    };
    try {
      const engine = this.#engine ?? (await this.#open());
      return { engine, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  async use<T>(run: (engine: Engine) => Promise<T>): Promise<T> {
    const { engine, release } = await this.acquire();
    try {
      return await run(engine);
    } finally {
      release();
    }
  }

  /**
   * Ends the process in a moment when nobody uses it; the next use opens it with the keys of then.
   * Who comes meanwhile waits and is not refused. Rejects with `ENGINE_BUSY` where there is no such
   * moment in time. `meanwhile` runs while there is no process: nothing writes to its files then.
   */
  async reopen(meanwhile?: () => Promise<void>): Promise<void> {
    const { clock, limits } = this.#options;
    const { signal } = this.#stop;
    for (const started = clock.monotonicMs(); ;) {
      let resume = (): void => undefined;
      this.#exchanging = new Promise((resolve) => (resume = resolve));
      try {
        const held = clock.monotonicMs();
        while (this.#users > 0 && clock.monotonicMs() - held < limits.exchangeHoldMs) {
          await clock.sleep(10, signal);
        }
        if (this.#users === 0) {
          await this.#opening?.catch(() => undefined);
          await this.#shut();
          await meanwhile?.();
          return;
        }
      } finally {
        this.#exchanging = undefined;
        resume();
      }
      if (clock.monotonicMs() - started > limits.exchangeTryMs) {
        throw new StrongroomError('ENGINE_BUSY', 'The engine is never without work.');
      }
      await clock.sleep(limits.exchangePauseMs, signal);
    }
  }

  /** Ends the process; later calls are refused. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('closing'));
    await this.#opening?.catch(() => undefined);
    await this.#idleWatch;
    await this.#shut();
  }

  async #shut(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    await engine?.close();
  }

  #open(): Promise<Engine> {
    this.#opening ??= this.#openOnce().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openOnce(): Promise<Engine> {
    const { clock, log, limits, directory } = this.#options;
    const closed = (): StrongroomError<WorkspaceErrorCode> =>
      new StrongroomError('WORKSPACE_CLOSED', 'The workspace is closed.');
    if (this.#stop.signal.aborted) throw closed();
    if (this.#failures > 0) {
      const pauseMs = Math.min(limits.retryMsMin * 2 ** (this.#failures - 1), limits.retryMsMax);
      await clock.sleep(pauseMs, this.#stop.signal).catch(() => undefined);
      if (this.#stop.signal.aborted) throw closed();
    }
    let diskKeys: DiskKeys | undefined;
    try {
      diskKeys = await this.#options.diskKeys();
      // The process may end before it is ours.
      const opened: { engine?: Engine } = {};
      const engine = await openEngine({
        directory,
        diskKeys,
        clock,
        onExit: () => {
          if (opened.engine === undefined || this.#engine !== opened.engine) return;
          // It died by itself: a crash, the kernel's memory killer, a bug in native code.
          this.#engine = undefined;
          this.#failures += 1;
          log.error('engine process ended', { workspace: this.#options.workspaceId });
        },
      });
      opened.engine = engine;
      if (this.#stop.signal.aborted) {
        await engine.close();
        throw closed();
      }
      this.#engine = engine;
      if (engine.damagedTables.size > 0)
        this.#options.onDamaged?.([...engine.damagedTables.keys()]);
      this.#lastUsed = clock.monotonicMs();
      this.#idleWatch ??= this.#watchIdle().finally(() => {
        this.#idleWatch = undefined;
      });
      return engine;
    } catch (cause) {
      if (this.#stop.signal.aborted) throw closed();
      this.#failures += 1;
      log.error('engine did not open', {
        workspace: this.#options.workspaceId,
        ...errorFields(cause),
      });
      throw new StrongroomError<WorkspaceErrorCode>(
        'ENGINE_UNAVAILABLE',
        "The workspace's engine could not be opened.",
        { cause },
      );
    } finally {
      for (const key of Object.values(diskKeys?.keys ?? {})) key.fill(0);
    }
  }

  /** It did its work: a later failure is a new one. */
  succeeded(): void {
    this.#failures = 0;
  }

  async #watchIdle(): Promise<void> {
    const { clock, limits } = this.#options;
    while (!this.#stop.signal.aborted && this.#engine !== undefined) {
      const idle = clock.monotonicMs() - this.#lastUsed;
      if (this.#users === 0 && idle >= limits.engineIdleMs) {
        await this.#shut();
        return;
      }
      const wait = Math.max(1000, limits.engineIdleMs - idle);
      await clock.sleep(wait, this.#stop.signal).catch(() => undefined);
    }
  }
}

export interface EngineHostOptions {
  /** The workspace's key is away: nothing is opened. */
  readonly keyAway?: boolean;
  readonly workspaceId: string;
  readonly directory: string;
  /** Unwraps the disk keys; the host wipes them once the engine has them. */
  readonly diskKeys: () => Promise<DiskKeys>;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: WorkspaceLimits;
  /** Told which tables a process that was opened keeps closed, because stored data is damaged. */
  readonly onDamaged?: (tables: readonly string[]) => void;
}
