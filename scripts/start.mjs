// `npm start`: from a fresh clone to a running service. Options go to the service as they are.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bundle, compile, install, requireNode, root } from './steps.mjs';

requireNode();
const args = process.argv.slice(2);
if (!args.includes('--help')) process.stderr.write('Strongroom\n');
await install();
await compile();
await bundle();

const service = spawn(
  process.execPath,
  [join(root, 'packages', 'server', 'dist', 'main.js'), ...args],
  // npm runs scripts in the clone; a relative --data means the folder that the person is in.
  {
    stdio: 'inherit',
    cwd: process.env.INIT_CWD ?? process.cwd(),
    // Bodies come and go by the megabyte: what glibc would keep of them goes back to the system
    // (measured after 80 MB of ingest: 128 instead of 205 MiB resident, at the same speed).
    env: { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '1048576', ...process.env },
  },
);
// The service ends itself on these; this process waits for it and passes its code on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT') service.kill(signal);
  });
}
service.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128);
});
