import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** What `bootstrap.json` holds. */
export interface Bootstrap {
  readonly url: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspaceName: string;
  readonly workspaceId: string;
  readonly workspaceResourceId: string;
  readonly dcrImmutableId: string;
  readonly streamName: string;
  readonly customTable: string;
  readonly enrollmentKey: string;
}

/** A real service in a directory of its own, as a process, on a free port. */
export class Service {
  readonly directory: string;
  /** What the process is started with, beside its directory and port. */
  flags: readonly string[];
  /** Its files are wanted after it. */
  keep = false;
  #process: ChildProcess | undefined;
  #output = '';
  bootstrap!: Bootstrap;
  ca!: string;

  private constructor(directory: string, flags: readonly string[]) {
    this.directory = directory;
    this.flags = flags;
  }

  /** Starts one in a fresh temporary directory. Without the local agent unless asked for. */
  static async start(
    options: { flags?: readonly string[]; agent?: boolean; directory?: string } = {},
  ): Promise<Service> {
    const directory = await mkdtemp(join(options.directory ?? tmpdir(), 'strongroom-e2e-'));
    const service = new Service(directory, [
      ...(options.agent === true ? [] : ['--no-agent']),
      ...(options.flags ?? []),
    ]);
    try {
      await service.run();
    } catch (error) {
      await service.remove();
      throw error;
    }
    return service;
  }

  /** A directory for one that does not run yet. */
  static async prepare(): Promise<Service> {
    return new Service(await mkdtemp(join(tmpdir(), 'strongroom-e2e-')), ['--no-agent']);
  }

  get data(): string {
    return join(this.directory, 'data');
  }

  get output(): string {
    return this.#output;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('the service does not run');
    return pid;
  }

  /** The environment of the service and of clients beside it. */
  get environment(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: this.directory,
      TMPDIR: join(this.directory, 'tmp'),
      // As scripts/start.mjs starts it.
      MALLOC_ARENA_MAX: '1',
      MALLOC_TRIM_THRESHOLD_: '1048576',
    };
  }

  /** Starts the process, first or again; resolves with `ready`. The port stays the same. */
  async run(
    flags: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const port = this.bootstrap === undefined ? '0' : new URL(this.bootstrap.url).port;
    // Without a wait before the process is there: who ends it at once must end this one.
    mkdirSync(join(this.directory, 'tmp'), { recursive: true });
    const child = spawn(
      process.execPath,
      [
        join(repository, 'packages', 'server', 'dist', 'main.js'),
        '--data',
        this.data,
        '--port',
        port,
        ...this.flags,
        ...flags,
      ],
      { env: { ...this.environment, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#process = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    const lines = createInterface({ input: child.stdout! });
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        this.#output += `${line}\n`;
        if (/^ready https:\/\/\S+$/.test(line)) resolve();
      });
      child.once('exit', (code, signal) =>
        reject(new Error(`the service ended (${code ?? signal}):\n${this.#output}`)),
      );
    });
    this.bootstrap = JSON.parse(
      await readFile(join(this.data, 'bootstrap.json'), 'utf8'),
    ) as Bootstrap;
    this.ca = await readFile(this.bootstrap.caFile, 'utf8');
  }

  /** Ends it with a signal; resolves with how it ended. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; ms: number }> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return { code: child?.exitCode ?? null, ms: 0 };
    }
    const started = performance.now();
    const ended = new Promise<number | null>((resolve) => {
      child.once('exit', (code) => resolve(code));
    });
    child.kill(signal);
    return { code: await ended, ms: performance.now() - started };
  }

  /** Ends it and removes all that it wrote. */
  async remove(): Promise<void> {
    await this.end('SIGKILL');
    if (this.keep) return;
    // Engine children notice their parent's end by themselves; their last writes may still come.
    await rm(this.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  /** The first administrator's name and password, as printed at the first start. */
  get administrator(): { name: string; password: string } {
    const match = /sign in as +(\S+) +with password +(\S+)/i.exec(this.#output);
    if (match?.[1] === undefined || match[2] === undefined) {
      throw new Error(`no administrator was printed:\n${this.#output}`);
    }
    return { name: match[1], password: match[2] };
  }
}

/** Asks until `check` is content or the time is over; resolves with the last answer. */
export async function eventually<T>(
  ask: () => Promise<T>,
  check: (answer: T) => boolean,
  timeoutMs = 30_000,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (check(answer) || performance.now() > until) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
