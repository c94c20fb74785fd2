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
  { stdio: 'inherit', cwd: process.env.INIT_CWD ?? process.cwd() },
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
