// `npm run test:long`: the loops of the suite in their long number. Hours are normal; each test prints
// its seed, and `STRONGROOM_TEST_SEED` or `STRONGROOM_FIRST_SEED` replays one.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, compile, install, requireNode, root, run } from './steps.mjs';

requireNode();
await install();
await compile();
await bundle();

const long = {
  // Rounds of kill -9 of service and engine under load.
  STRONGROOM_TEST_ROUNDS: '1000',
  // Seeds of simulated power cuts, faults and damage, and kills of a real journal writer.
  STRONGROOM_SEEDS: '10000',
  STRONGROOM_KILLS: '100',
  // Cuts of a recorded run of the engine.
  STRONGROOM_ENGINE_CUTS: '200',
  // Random queries on the engine and beside the interpreter, printed anew, and beside Microsoft's binder.
  STRONGROOM_KQL_QUERIES: '10000',
  STRONGROOM_KQL_PRINTS: '20000',
  STRONGROOM_KQL_MUTATIONS: '10000',
  // Every planted fault.
  STRONGROOM_ZOO: 'all',
};
/** Suites with a long number, below the repository; `npm run test:long -- WORD` takes some of them. */
const suites = [
  'packages/journal/dist',
  'packages/ledger/dist/ledger.test.js',
  'packages/agent/dist/spool.test.js',
  'packages/engine/dist/manifest.test.js',
  'packages/kql/dist/fuzz.test.js',
  'packages/kql/dist/meaning.test.js',
  'packages/kql/dist/format.test.js',
  'packages/server/dist/catalog/catalog-power-cut.test.js',
  'packages/server/dist/workspaces/applier.test.js',
  'packages/server/dist/purge/erasures.test.js',
  'packages/server/dist/workspaces/power-cut.test.js',
  'packages/server/dist/workspaces/every-failure.test.js',
  'packages/server/dist/replica/mirrored-fs.test.js',
  'packages/keys/dist/every-failure.test.js',
  'packages/backup/dist/backup.test.js',
  'packages/server/dist/workspaces/engine-power-cut.test.js',
  'tests/dist/conformance/agreement.test.js',
  'tests/dist/e2e/fsck.test.js',
  'tests/dist/zoo',
  'tests/dist/crash',
];
const words = process.argv.slice(2);
const files = suites
  .flatMap((path) =>
    path.endsWith('.js') ? [path] : readdirSync(join(root, path)).map((name) => `${path}/${name}`),
  )
  .filter((path) => path.endsWith('.test.js'))
  .filter((path) => words.every((word) => path.includes(word)));
const { code } = await run(
  process.execPath,
  ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files],
  { env: { ...long, ...process.env } },
);
process.exit(code);
