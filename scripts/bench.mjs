// `npm run bench`: builds and measures (tests/bench/main.ts). `npm run bench -- --help` says what.
import { join } from 'node:path';
import { compile, install, requireNode, root, run } from './steps.mjs';

requireNode();
await install();
await compile();
const { code } = await run(process.execPath, [
  join(root, 'tests', 'dist', 'bench', 'main.js'),
  ...process.argv.slice(2),
]);
process.exit(code);
