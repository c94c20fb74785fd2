import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecording, straceArguments } from './recorded-disk.js';
import type { RecordedEvent } from './recorded-disk.js';

/** True where `strace` is there and may trace; tests that need it are skipped by name where not. */
export function canRecord(): boolean {
  try {
    execFileSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a program under `strace` on a fresh directory, whose path is its last argument, and gives what
 * it did to the files below. Rejects where it ended badly.
 */
export async function recordDisk(options: {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly timeoutMs: number;
}): Promise<RecordedEvent[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'recording-'));
  const root = join(scratch, 'disk');
  const trace = join(scratch, 'trace');
  try {
    execFileSync('mkdir', [root]);
    const child = spawn(
      'strace',
      [...straceArguments(trace), options.command, ...options.arguments, root],
      { stdio: ['ignore', 'pipe', 'pipe'], timeout: options.timeoutMs, killSignal: 'SIGKILL' },
    );
    let complaint = '';
    child.stdout.resume();
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0 || !existsSync(trace)) {
      throw new Error(`the recorded program ended with ${String(code)}: ${complaint}`);
    }
    return readRecording(readFileSync(trace, 'latin1'), root);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Runs a program with one system call failing, for files at `path` only (`strace -e inject=`), and
 * gives the lines that it said. It may end as it likes.
 */
export async function runWithFault(options: {
  readonly command: string;
  readonly arguments: readonly string[];
  /** `fsync:error=EIO:when=3`. */
  readonly inject: string;
  readonly paths: readonly string[];
  readonly timeoutMs: number;
}): Promise<string[]> {
  const call = options.inject.slice(0, options.inject.indexOf(':'));
  const child = spawn(
    'strace',
    [
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      `trace=${call}`,
      '-e',
      `inject=${options.inject}`,
      ...options.paths.flatMap((path) => ['-P', path]),
      options.command,
      ...options.arguments,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], timeout: options.timeoutMs, killSignal: 'SIGKILL' },
  );
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return said.split('\n').filter((line) => line !== '');
}
