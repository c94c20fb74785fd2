import { join } from 'node:path';
import { fromUtf8, isNotFound, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { agentError, codeOf } from './errors.js';
import type { System } from './system.js';

const fileName = 'agent.lock';

/** The process that holds a state directory; `undefined` where none lives. */
export async function holderOf(
  fs: Fs,
  system: System,
  directory: string,
): Promise<number | undefined> {
  let text: string;
  try {
    text = fromUtf8(await fs.readFile(join(directory, fileName)));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  const match = /^(\d{1,10}) (\d{1,20})\n$/.exec(text);
  if (match === null) return undefined;
  // A process id alone may be another process's by now; with its start it is not.
  return (await system.processStart(Number(match[1]))) === match[2] ? Number(match[1]) : undefined;
}

/**
 * Takes the state directory for this process: two agents on one spool would destroy it. Returns how
 * to let it go. Throws `AGENT_ALREADY_RUNNING`.
 */
export async function takeLock(options: {
  fs: Fs;
  system: System;
  directory: string;
  pid: number;
}): Promise<() => Promise<void>> {
  const { fs, system, directory, pid } = options;
  const path = join(directory, fileName);
  const started = (await system.processStart(pid)) ?? '0';
  for (let attempt = 0; ; attempt += 1) {
    try {
      const file = await fs.open(path, 'create', 0o600);
      try {
        await file.write(0, utf8(`${pid} ${started}\n`));
      } finally {
        await file.close();
      }
      return () => fs.remove(path).catch(() => undefined);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || attempt > 2) throw error;
      const holder = await holderOf(fs, system, directory);
      if (holder !== undefined) {
        throw agentError('AGENT_ALREADY_RUNNING', `Process ${holder} runs this agent already.`, {
          cause: error,
        });
      }
      await fs.remove(path).catch(() => undefined);
    }
  }
}
