#!/usr/bin/env -S node --max-semi-space-size=4
import { homedir } from 'node:os';
import { join } from 'node:path';
import { StrongroomError } from '@strongroom/base';
import { nodeFileSystem, sha256, systemClock, systemRandom } from '@strongroom/platform';
import { Command, InvalidArgumentError } from 'commander';
import { runAgent } from './agent.js';
import { enrol } from './enrol.js';
import { messageOf } from './errors.js';
import { nodeSystem } from './node-system.js';
import { printStatus, readStatus } from './status.js';
import { agentVersion } from './version.js';

const ports = { fs: nodeFileSystem, clock: systemClock, random: systemRandom, system: nodeSystem };

// Settings of the process enter here and nowhere else.
const { env } = process;
const credentialsDirectory = env['CREDENTIALS_DIRECTORY'];
const configHome = env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
const credentials = credentialsDirectory === undefined ? {} : { credentialsDirectory };

const mebibytes = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text) * 1024 * 1024;
};

/** The first line of standard input: a command line can be read by every process of the machine. */
async function readLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n') || text.length > 1024) break;
  }
  return text.split('\n')[0]?.trim() ?? '';
}

const program = new Command('strongroom-agent')
  .description('Collects logs, counters and inventory of this machine for a Strongroom workspace.')
  .version(agentVersion)
  .addHelpText('after', '\nExit codes: 0 done, 1 failed (the reason is on stderr), 2 wrong usage.')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command('enrol')
  .description('make this machine an agent of the workspace that the enrolment key belongs to')
  .requiredOption('--server <url>', 'the service, https://HOST:PORT')
  .requiredOption('--key <key>', 'the enrolment key; - reads it from standard input')
  .requiredOption('--pin <pin>', 'sha256/… of the service’s authority, from the enrolment line')
  .requiredOption('--state <directory>', 'where the agent keeps its state')
  .option(
    '--key-directory <directory>',
    'where its key file is made',
    join(configHome, 'strongroom'),
  )
  .option('--computer <name>', 'instead of the host name')
  .option('--replace', 'enrol anew over an agent that is there')
  .option('--json', 'print JSON')
  .action(
    async (options: {
      server: string;
      key: string;
      pin: string;
      state: string;
      keyDirectory: string;
      computer?: string;
      replace?: boolean;
      json?: boolean;
    }) => {
      const enrolled = await enrol({
        ...ports,
        ...credentials,
        server: options.server,
        enrollmentKey: options.key === '-' ? await readLine() : options.key,
        pin: options.pin,
        stateDirectory: options.state,
        keyDirectory: options.keyDirectory,
        ...(options.computer === undefined ? {} : { computer: options.computer }),
        ...(options.replace === undefined ? {} : { replace: options.replace }),
      });
      const { configuration: _, ...shown } = enrolled;
      console.log(
        options.json === true
          ? JSON.stringify(shown)
          : `${shown.computer} is agent ${shown.agentId} of ${shown.workspaceName}.\nRun it: strongroom-agent run --state ${options.state}`,
      );
    },
  );

program
  .command('run')
  .description('collect and send until SIGTERM')
  .requiredOption('--state <directory>', 'where the agent keeps its state')
  .option('--spool-mib <mebibytes>', 'the most that may wait on disk', mebibytes)
  .option('--while-stdin-open', 'stop when standard input ends: it ends with the parent process')
  .action(async (options: { state: string; spoolMib?: number; whileStdinOpen?: boolean }) => {
    const stop = new AbortController();
    if (options.whileStdinOpen === true) {
      process.stdin.on('error', () => stop.abort());
      process.stdin.once('close', () => stop.abort());
      process.stdin.resume();
      stop.signal.addEventListener('abort', () => process.stdin.destroy(), { once: true });
    }
    // Whoever read what we say may be gone; that is no reason to stop collecting.
    process.stdout.on('error', () => undefined);
    process.stderr.on('error', () => undefined);
    process.once('SIGTERM', () => stop.abort());
    process.once('SIGINT', () => stop.abort());
    await runAgent({
      ...ports,
      ...credentials,
      sha256,
      stateDirectory: options.state,
      signal: stop.signal,
      pid: process.pid,
      log: (line) => console.log(line),
      memoryBytes: () => process.memoryUsage.rss(),
      ...(options.spoolMib === undefined ? {} : { limits: { spoolBytesMax: options.spoolMib } }),
    });
  });

program
  .command('status')
  .description('show what the agent does and what waits')
  .requiredOption('--state <directory>', 'where the agent keeps its state')
  .option('--json', 'print JSON')
  .action(async (options: { state: string; json?: boolean }) => {
    const status = await readStatus(nodeFileSystem, nodeSystem, options.state);
    console.log(options.json === true ? JSON.stringify(status) : printStatus(status));
  });

try {
  await program.parseAsync();
} catch (error) {
  const known = error instanceof StrongroomError;
  console.error(known ? `${error.code}: ${error.message}` : messageOf(error));
  if (known && error.hint !== undefined) console.error(error.hint);
  process.exitCode = 1;
}
