// `npm run dev`: the inner loop. Compiles on every change and runs the service anew.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bundle, compile, install, requireNode, root } from './steps.mjs';

requireNode();
await install();
await compile();
await bundle();
const compiler = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-b',
    '--watch',
    '--preserveWatchOutput',
  ],
  { cwd: root, stdio: 'inherit' },
);
const service = spawn(
  process.execPath,
  [
    '--watch',
    '--watch-preserve-output',
    join(root, 'packages', 'server', 'dist', 'main.js'),
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', cwd: process.env.INIT_CWD ?? process.cwd() },
);
const stop = () => {
  compiler.kill();
  service.kill();
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
service.once('exit', stop);
