import { nodeFileSystem, systemClock, systemRandom } from '@strongroom/platform';
import type { Context } from './context.js';
import { runProgram } from './program.js';

const stop = new AbortController();
process.on('SIGINT', () => stop.abort(new Error('interrupted')));
process.on('SIGTERM', () => stop.abort(new Error('terminated')));
// A reader that went away (`| head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
});

const context: Context = {
  terminal: {
    out: (text) =>
      new Promise((resolve) => {
        process.stdout.write(text, () => resolve());
      }),
    note: (text) => void process.stderr.write(text),
    interactive: process.stderr.isTTY === true,
    columns: process.stdout.columns ?? Number(process.env['COLUMNS'] ?? 160),
    input: process.stdin,
    inputIsTerminal: process.stdin.isTTY === true,
  },
  clock: systemClock,
  random: systemRandom,
  fs: nodeFileSystem,
  environment: process.env,
  workingDirectory: process.env['INIT_CWD'] ?? process.cwd(),
  signal: stop.signal,
};

const code = await runProgram(process.argv.slice(2), context);
process.exit(process.exitCode === undefined ? code : Number(process.exitCode));
