import { readFileSync } from 'node:fs';
import { StrongroomError } from '@strongroom/base';
import { hardLink, nodeFileSystem, sha256, systemClock, systemRandom } from '@strongroom/platform';
import { createLog, errorFields } from './log.js';
import { openService } from './service.js';
import type { Service } from './service.js';
import { readSettings, settingsHelp } from './settings.js';
import type { Settings } from './settings.js';
import { firstSteps } from './welcome.js';

// Files that the service makes are its account's alone, whatever the caller's mask was.
process.umask(0o077);

const log = createLog(
  (line) => void process.stderr.write(line),
  () => systemClock.now(),
);

/** Exit codes: 0 stopped as asked, 1 failed, 2 a setting is wrong. */
function fail(error: unknown): never {
  if (error instanceof StrongroomError) {
    process.stderr.write(`${error.code}: ${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`${error.hint}\n`);
    process.exit(error.code === 'SETTINGS_INVALID' ? 2 : 1);
  }
  const system = (error as NodeJS.ErrnoException | undefined)?.code;
  if (system === 'EADDRINUSE' || system === 'EACCES' || system === 'EADDRNOTAVAIL') {
    process.stderr.write(`LISTEN_FAILED: the port or address cannot be used (${system}).\n`);
    process.stderr.write('Choose others with --port and --host.\n');
    process.exit(1);
  }
  log.error('the service failed', errorFields(error));
  process.exit(1);
}

function settings(): Settings {
  const read = readSettings({
    args: process.argv.slice(2),
    environment: process.env,
    workingDirectory: process.cwd(),
    readText: (path) => readFileSync(path, 'utf8'),
  });
  if (read === 'help') {
    process.stdout.write(settingsHelp(process.env));
    process.exit(0);
  }
  return read;
}

/** How long a stop may take before it is cut short: recovery is the normal start. */
const stopTimeoutMs = 4_500;

async function run(): Promise<void> {
  const running: { service?: Service } = {};
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    // What is acknowledged is durable; a stop that hangs must not keep the port.
    setTimeout(() => process.exit(1), stopTimeoutMs).unref();
    if (running.service === undefined) process.exit(0);
    running.service.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('the stop failed', errorFields(error));
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', stop);
  const service = await openService({
    settings: settings(),
    environment: process.env,
    fs: nodeFileSystem,
    hardLink,
    print: (text) => void process.stdout.write(text),
    clock: systemClock,
    random: systemRandom,
    sha256,
    log,
  });
  running.service = service;
  process.stdout.write(firstSteps(service.information));
  process.stdout.write(`ready ${service.information.url}\n`);
}

// A rejection that nobody handled is a bug: state can no longer be trusted, and a start recovers.
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);
await run().catch(fail);
