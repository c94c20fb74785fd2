/**
 * `npm run conformance`: what of each corpus passes, fails, or is out of scope, by name. Exits with
 * 1 below a recorded floor. `--failures` lists failures with expected and got; a word narrows to
 * cases whose name holds it; `--record` raises the floors to what passes.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Corpora, corporaArePresent, type Verdict } from './corpora.js';

const floorsFile = join(
  dirname(fileURLToPath(import.meta.url)),
  '..',
  '..',
  'conformance',
  'floors.json',
);

function report(verdicts: readonly Verdict[], listFailures: boolean): Map<string, number> {
  const passes = new Map<string, number>();
  const groups = new Map<string, Verdict[]>();
  for (const each of verdicts) {
    const group = groups.get(each.group) ?? [];
    group.push(each);
    groups.set(each.group, group);
  }
  for (const [name, group] of groups) {
    const count = (outcome: Verdict['outcome']): number =>
      group.filter((each) => each.outcome === outcome).length;
    passes.set(name, count('pass'));
    console.log(
      `${name}: ${count('pass')} pass, ${count('fail')} fail, ${count('out of scope')} out of scope, of ${group.length}`,
    );
    const scope = new Map<string, number>();
    for (const each of group)
      if (each.outcome === 'out of scope')
        scope.set(each.reason, (scope.get(each.reason) ?? 0) + 1);
    if (listFailures) {
      for (const [reason, times] of [...scope].sort((a, b) => b[1] - a[1]))
        console.log(`  out of scope x${times}: ${reason.slice(0, 160)}`);
      for (const each of group)
        if (each.outcome === 'fail') console.log(`  FAIL ${each.id}\n       ${each.reason}`);
    }
  }
  return passes;
}

const args = process.argv.slice(2);
const word = args.find((each) => !each.startsWith('--'));
if (!corporaArePresent()) {
  console.log('the corpora are not at ../shared/kql');
  process.exit(process.env['CI'] === 'true' ? 1 : 0);
}
const corpora = new Corpora();
const all = [
  ...(await corpora.docs(word === undefined ? undefined : (id) => id.includes(word))),
  ...(await corpora.compileOnly()),
  ...(word === undefined || word.includes(':') ? await corpora.realWorld() : []),
];
const verdicts = word === undefined ? all : all.filter((each) => each.id.includes(word));
const passes = report(verdicts, word !== undefined || args.includes('--failures'));
corpora.close();
const floors = JSON.parse(readFileSync(floorsFile, 'utf8')) as Record<string, number>;
if (args.includes('--record')) {
  for (const [name, count] of passes) floors[name] = Math.max(floors[name] ?? 0, count);
  writeFileSync(floorsFile, `${JSON.stringify(floors, null, 2)}\n`);
}
let below = false;
if (word === undefined) {
  for (const [name, floor] of Object.entries(floors)) {
    if ((passes.get(name) ?? 0) >= floor) continue;
    below = true;
    console.log(`${name} is below its floor of ${floor}`);
  }
}
process.exitCode = below ? 1 : 0;
