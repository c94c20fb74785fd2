// `npm run test:long`: the loops of the suite in their long number. Hours are normal; each test prints
// its seed, and `STRONGROOM_TEST_SEED` replays one.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, compile, install, requireNode, root, run } from './steps.mjs';

requireNode();
await install();
await compile();
await bundle();

const long = {
  // Rounds of kill -9 of service and engine under load.
  STRONGROOM_TEST_ROUNDS: '30',
  // Seeds of simulated power cuts and faults, and kills of a real journal writer.
  STRONGROOM_SEEDS: '10000',
  STRONGROOM_KILLS: '100',
  // Random queries through the compiler and the engine.
  STRONGROOM_KQL_QUERIES: '10000',
  // Mutated checkpoints, receipts, proofs and trees that two verifiers must agree on.
  STRONGROOM_MUTATIONS: '100000',
};
const files = [
  ...readdirSync(join(root, 'tests', 'dist', 'crash')).map((name) =>
    join('tests/dist/crash', name),
  ),
  ...readdirSync(join(root, 'packages', 'journal', 'dist')).map((name) =>
    join('packages/journal/dist', name),
  ),
  'tests/dist/verifier/fuzz.test.js',
  'packages/kql/dist/fuzz.test.js',
  'packages/kql/dist/meaning.test.js',
].filter((path) => path.endsWith('.test.js'));
const { code } = await run(
  process.execPath,
  ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files],
  { env: { ...long, ...process.env } },
);
process.exit(code);
