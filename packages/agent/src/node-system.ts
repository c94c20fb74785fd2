import { execFile, spawn } from 'node:child_process';
import { readFile, statfs } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { limits } from './limits.js';
import type { DiskUsage, System } from './system.js';

/** Programs answer in English, whatever the machine speaks. */
const plainLocale = {
  LC_ALL: 'C',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

/** This machine. */
export const nodeSystem: System = {
  hostname,

  addresses(): string[] {
    const found = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter((address) => !address.internal && !address.address.startsWith('fe80:'));
    found.sort((a, b) => a.family.localeCompare(b.family));
    return found.map((address) => address.address);
  },

  run(command, args) {
    return new Promise((resolve) => {
      execFile(
        command,
        [...args],
        {
          env: plainLocale,
          timeout: limits.commandTimeoutMs,
          maxBuffer: limits.commandBytesMax,
          windowsHide: true,
        },
        (error, stdout) => resolve(error === null ? stdout : undefined),
      );
    });
  },

  async *follow(command, args, signal) {
    const child = spawn(command, [...args], {
      env: plainLocale,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    // Without a listener a program that does not exist would end the agent.
    const ended = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('close', () => resolve());
    });
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      let rest = '';
      child.stdout.setEncoding('utf8');
      for await (const chunk of child.stdout) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        // A line without an end is not kept for ever.
        if (rest.length > limits.commandBytesMax) rest = '';
        if (lines.length > 0) yield lines;
        if (signal.aborted) return;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
      await ended;
    }
  },

  async diskUsage(path): Promise<DiskUsage | undefined> {
    try {
      const stat = await statfs(path);
      return {
        totalBytes: stat.blocks * stat.bsize,
        availableBytes: stat.bavail * stat.bsize,
        freeBytes: stat.bfree * stat.bsize,
        filesTotal: stat.files,
        filesFree: stat.ffree,
      };
    } catch {
      return undefined;
    }
  },

  async processStart(pid) {
    try {
      const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
      // The name in parentheses may hold anything; field 22 is counted from behind it.
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    } catch {
      return undefined;
    }
  },
};
