// `npm test`: builds and runs every test. `npm test -- PATTERN` runs the files whose path holds it.
//
// Each file is a process of its own (one chDB directory a process). Two run at a time: the suite is
// sized for two cores.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bundle, compile, install, requireNode, root, run } from './steps.mjs';

requireNode();
await install();
await compile();
await bundle();

function testFiles(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testFiles(path);
    return entry.name.endsWith('.test.js') ? [path] : [];
  });
}

const patterns = process.argv.slice(2);
const all = [
  ...readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name, 'dist')),
  // The portal's own dist is what browsers get; its logic is compiled for node apart from it.
  join(root, 'packages', 'portal', 'tests', 'dist'),
  join(root, 'tests', 'dist'),
]
  .flatMap((directory) => {
    try {
      return testFiles(directory);
    } catch {
      return [];
    }
  })
  .filter((path) => patterns.every((pattern) => relative(root, path).includes(pattern)));
if (all.length === 0) {
  process.stderr.write(`No test file matches ${patterns.join(' ')}.\n`);
  process.exit(1);
}

if (patterns.length === 0) {
  for (const check of [
    [join(root, 'scripts', 'tidy.mjs')],
    [join(root, 'node_modules', 'oxlint', 'bin', 'oxlint'), '--type-aware', '--quiet'],
    [
      join(root, 'node_modules', 'prettier', 'bin', 'prettier.cjs'),
      '--check',
      '--log-level',
      'warn',
      '.',
    ],
  ]) {
    const { code } = await run(process.execPath, check);
    if (code !== 0) process.exit(code);
  }
}
const { code } = await run(process.execPath, [
  '--test',
  '--test-concurrency=2',
  '--test-timeout=600000',
  '--test-reporter=spec',
  ...all,
]);
process.exit(code);
