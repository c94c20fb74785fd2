import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '@strongroom/base';
import type { Log } from './log.js';

/**
 * This machine's own agent: the same program as on any other machine, enrolled through the same
 * protocol, run beside the service and restarted when it ends.
 */
export interface LocalAgent {
  stop(): Promise<void>;
}

export interface LocalAgentOptions {
  /** The service's data directory; the agent keeps its state in `agent` below it. */
  readonly data: string;
  /** Where the agent's own key file goes, outside the data directory. */
  readonly keyDirectory: string;
  readonly url: string;
  readonly pin: string;
  /** Set where this machine is not enrolled yet. */
  readonly enrollmentKey: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A small young generation spares a quarter of the agent's memory while it reads a backlog. */
const agentNodeFlags = ['--max-semi-space-size=4'];
const program = fileURLToPath(new URL('../../agent/dist/main.js', import.meta.url));

const restartDelayMs = 5_000;
const stopTimeoutMs = 3_500;
/** What an agent may see of our environment: where to find programs and its own places. */
const passedOn = [
  'PATH',
  'HOME',
  'LANG',
  'TZ',
  'TMPDIR',
  'XDG_CONFIG_HOME',
  'CREDENTIALS_DIRECTORY',
];

/** Enrols the agent where it is not yet, and keeps it running. Resolves once it was enrolled. */
export async function startLocalAgent(options: LocalAgentOptions): Promise<LocalAgent> {
  const state = join(options.data, 'agent');
  const environment: Record<string, string> = {};
  for (const name of passedOn) {
    const value = options.environment[name];
    if (value !== undefined) environment[name] = value;
  }
  const start = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [...agentNodeFlags, program, ...args, '--state', state], {
      env: environment,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
  if (options.enrollmentKey !== undefined) await enrol(options, options.enrollmentKey, start);

  let stopping = false;
  let child: ChildProcess | undefined;
  let wait: AbortController | undefined;
  const keepRunning = async (): Promise<void> => {
    while (!stopping) {
      // It ends with us, however we end: standard input is a pipe that we hold.
      child = start(['run', '--while-stdin-open']);
      const code = await ended(child, options.log);
      child = undefined;
      if (stopping) return;
      options.log.warn('local agent ended', { code });
      wait = new AbortController();
      await options.clock.sleep(restartDelayMs, wait.signal).catch(() => undefined);
    }
  };
  const running = keepRunning();
  return {
    stop: async () => {
      stopping = true;
      wait?.abort(new Error('stopping'));
      child?.kill('SIGTERM');
      const patience = new AbortController();
      await Promise.race([
        running,
        options.clock.sleep(stopTimeoutMs, patience.signal).catch(() => undefined),
      ]);
      patience.abort(new Error('stopped'));
      child?.kill('SIGKILL');
      await running;
    },
  };
}

async function enrol(
  options: LocalAgentOptions,
  enrollmentKey: string,
  start: (args: readonly string[]) => ChildProcess,
): Promise<void> {
  // The key goes in by standard input: a command line can be read by every process of the machine.
  const child = start([
    'enrol',
    '--server',
    options.url,
    '--pin',
    options.pin,
    '--key',
    '-',
    '--key-directory',
    options.keyDirectory,
  ]);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(`${enrollmentKey}\n`);
  const code = await ended(child, options.log);
  if (code !== 0) options.log.error('local agent was not enrolled', { code });
}

function ended(child: ChildProcess, log: Log): Promise<number> {
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => {
    for (const line of text.split('\n')) {
      if (line.trim() !== '') log.warn('local agent', { says: line.slice(0, 500) });
    }
  });
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}
