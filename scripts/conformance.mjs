// Builds and runs the KQL corpora (tests/conformance/kql.ts). Arguments are passed on.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const run = (command, args) =>
  spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: false }).status ?? 1;

const built = run(process.execPath, [
  join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
  '-b',
  'tests',
]);
process.exit(
  built !== 0
    ? built
    : run(process.execPath, ['tests/dist/conformance/kql.js', ...process.argv.slice(2)]),
);
