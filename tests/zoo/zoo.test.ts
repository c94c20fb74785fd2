import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { repository } from '../support/service.js';
import { faults } from './faults.js';
import type { Fault } from './faults.js';

/**
 * Plants faults, one at a time, in a copy of what was built: the named suite must catch each.
 * STRONGROOM_ZOO: `all`, or how many (3), taken from a place that moves with the day of the month.
 */
const wanted = process.env['STRONGROOM_ZOO'] ?? '3';
const start = Number(process.env['STRONGROOM_ZOO_FIRST'] ?? 0);
const chosen: readonly Fault[] =
  wanted === 'all' ? faults.slice(start) : faults.slice(start, start + Number(wanted));
let copy: string;

/** The built packages, with the dependencies of the real ones. */
before(() => {
  copy = mkdtempSync(join(tmpdir(), 'zoo-'));
  for (const name of readdirSync(join(repository, 'packages'))) {
    const from = join(repository, 'packages', name);
    if (!existsSync(join(from, 'package.json'))) continue;
    const to = join(copy, 'packages', name);
    mkdirSync(to, { recursive: true });
    cpSync(join(from, 'package.json'), join(to, 'package.json'));
    if (existsSync(join(from, 'dist')))
      cpSync(join(from, 'dist'), join(to, 'dist'), { recursive: true });
  }
  const modules = join(copy, 'node_modules');
  mkdirSync(join(modules, '@strongroom'), { recursive: true });
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    if (name === '@strongroom' || name === 'strongroom') continue;
    symlinkSync(join(repository, 'node_modules', name), join(modules, name));
  }
  for (const name of readdirSync(join(copy, 'packages'))) {
    symlinkSync(join(copy, 'packages', name), join(modules, '@strongroom', name));
  }
});
after(() => rmSync(copy, { recursive: true, force: true }));

/** Runs a suite until its first failure. */
async function run({ suite, seeds }: Fault): Promise<{ failed: boolean; output: string }> {
  const { NODE_TEST_CONTEXT: _nested, ...environment } = process.env;
  const child = spawn(process.execPath, [join(copy, 'packages', suite)], {
    env: {
      ...environment,
      STRONGROOM_SEEDS: String(seeds ?? process.env['STRONGROOM_ZOO_SEEDS'] ?? 60),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000,
  });
  let output = '';
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    // Its cause follows the line.
    if (/^ *(?:not ok|✖) [^]*(?:\.\.\.|at )/m.test(output)) child.kill('SIGKILL');
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { failed: code !== 0, output };
}

test(`the zoo has at least 40 faults, and each is in what was built`, () => {
  assert.ok(faults.length >= 40, `${faults.length}`);
  assert.equal(new Set(faults.map(({ name }) => name)).size, faults.length);
  for (const { name, file, search } of faults) {
    assert.ok(
      readFileSync(join(copy, 'packages', file), 'utf8').includes(search),
      `${name}: ${file} has changed`,
    );
  }
});

for (const fault of chosen) {
  test(`catches: ${fault.name}`, async (context) => {
    const path = join(copy, 'packages', fault.file);
    const whole = readFileSync(path, 'utf8');
    let at = -1;
    for (let nth = fault.nth ?? 1; nth > 0; nth -= 1) at = whole.indexOf(fault.search, at + 1);
    assert.ok(at >= 0, `${fault.file} has changed`);
    writeFileSync(path, whole.slice(0, at) + fault.replace + whole.slice(at + fault.search.length));
    try {
      const { failed, output } = await run(fault);
      assert.ok(failed, `${fault.suite} does not see it`);
      const caught =
        /seed (\d+): ([^\n]*)/.exec(output) ?? /^ *not ok \d+ - ([^\n]*)/m.exec(output);
      context.diagnostic(`${fault.suite}: ${caught?.[0].trim() ?? 'failed'}`);
    } finally {
      writeFileSync(path, whole);
    }
  });
}
