import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repository } from './service.js';
import type { Service } from './service.js';

export interface CliResult {
  readonly code: number | null;
  readonly out: string;
  readonly notes: string;
}

const program = join(repository, 'packages', 'cli', 'bin', 'strongroom.js');

/** Runs `strongroom` as a process, with the service's home as its own. */
export function cli(
  service: Service,
  args: readonly string[],
  options: { input?: string; signal?: AbortSignal; environment?: Record<string, string> } = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: service.directory,
      env: { ...service.environment, COLUMNS: '200', ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let [out, notes] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (notes += chunk.toString()));
    options.signal?.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, notes }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** The same, with JSON from standard output. Throws where the exit code is not 0. */
export async function cliJson<T>(
  service: Service,
  args: readonly string[],
  input?: string,
): Promise<T> {
  const result = await cli(service, ['--json', ...args], input === undefined ? {} : { input });
  if (result.code !== 0) throw new Error(`strongroom ${args.join(' ')}: ${result.notes}`);
  return JSON.parse(result.out) as T;
}

/** Signs the first administrator in. */
export async function signInAdministrator(service: Service): Promise<void> {
  const { name, password } = service.administrator;
  const result = await cli(
    service,
    ['--data', service.data, 'login', '--user', name, '--password-stdin'],
    { input: `${password}\n` },
  );
  if (result.code !== 0) throw new Error(result.notes);
}
