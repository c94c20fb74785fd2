// The rules of this repository that no other tool knows: which package may import which, what may
// be called where, and escape hatches that may only become fewer. Runs with the tests.
import { readFileSync, readdirSync, writeFileSync, existsSync } from 'node:fs';
import { join, relative, dirname, resolve } from 'node:path';
import { root } from './steps.mjs';

/** The arrows of ARCHITECTURE.md: package → packages that it may import. */
const arrows = {
  base: [],
  platform: ['base'],
  sql: ['base'],
  api: ['base'],
  ledger: ['base'],
  keys: ['base'],
  journal: ['base'],
  backup: ['keys', 'base'],
  kql: ['sql', 'base'],
  engine: ['sql', 'base'],
  server: [
    'kql',
    'sql',
    'engine',
    'api',
    'ledger',
    'keys',
    'journal',
    'backup',
    'platform',
    'base',
  ],
  agent: ['api', 'ledger', 'keys', 'journal', 'platform', 'base'],
  cli: ['agent', 'engine', 'api', 'ledger', 'keys', 'journal', 'backup', 'platform', 'base'],
  portal: ['api', 'base'],
  testkit: ['keys', 'platform', 'base'],
};
const pure = new Set(['base', 'sql', 'kql', 'ledger', 'api']);
/** Files that may read the process: the programs' entries and the ports' implementations. */
const programs =
  /^packages\/(?:platform\/|engine\/src\/child\/|(?:server|agent|cli)\/src\/main\.ts|portal\/)/;

const banned = [
  {
    name: 'Date.now',
    pattern: /\bDate\.now\(/,
    instead: "the Clock port's now()",
    except: programs,
  },
  { name: 'new Date()', pattern: /\bnew Date\(\)/, instead: 'the Clock port', except: programs },
  { name: 'Math.random', pattern: /\bMath\.random\(/, instead: 'the Random port', except: /^$/ },
  {
    name: 'process.env',
    pattern: /\bprocess\.env\b/,
    instead: 'settings read by the program',
    except: programs,
  },
  {
    name: 'process.exit',
    pattern: /\bprocess\.exit\(/,
    instead: 'an error that the program handles',
    except: programs,
  },
  { name: 'eval', pattern: /\beval\(|\bnew Function\(/, instead: 'data', except: /^$/ },
  {
    name: 'SQL in a string',
    pattern: /[`'"](?:SELECT|INSERT INTO|ALTER TABLE|CREATE TABLE|DROP TABLE|DELETE FROM)\s/,
    instead: 'the tree of packages/sql',
    except: /^packages\/(?:sql|portal)\//,
  },
];

/** Counted over all sources; the numbers in tidy.json may only fall. */
const hatches = {
  'as unknown as': /\bas unknown as\b/g,
  'as never': /\bas never\b/g,
  '@ts-expect-error': /@ts-expect-error/g,
  'lint off': /(?:eslint|oxlint)-disable/g,
  'to do': /\b(?:TODO|FIXME|XXX|HACK)\b/g,
};

function sources(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', 'golden'].includes(entry.name)) return [];
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

const problems = [];
const counts = Object.fromEntries(Object.keys(hatches).map((name) => [name, 0]));
const imported =
  /^\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

for (const path of sources(join(root, 'packages'))) {
  const file = relative(root, path);
  const [, name] = file.split('/');
  const text = readFileSync(path, 'utf8');
  const test = /\.test\.tsx?$/.test(file) || name === 'testkit';
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
  const declared = new Set([
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.optionalDependencies ?? {}),
    ...(test || name === 'portal' ? Object.keys(manifest.devDependencies ?? {}) : []),
  ]);
  if (!(name in arrows)) problems.push(`${file}: package ${name} is not drawn in scripts/tidy.mjs`);
  for (const [, named, dynamic] of text.matchAll(imported)) {
    const target = named ?? dynamic;
    if (target.startsWith('.')) {
      const away = relative(join(root, 'packages', name), resolve(dirname(path), target));
      if (away.startsWith('..')) problems.push(`${file}: imports ${target}, outside its package`);
      continue;
    }
    if (target.startsWith('node:')) {
      if (pure.has(name) && !test) problems.push(`${file}: pure packages know no ${target}`);
      continue;
    }
    const parts = target.split('/');
    const dependency = target.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
    if (dependency.startsWith('@strongroom/')) {
      const other = parts[1];
      if (parts.length > 2) problems.push(`${file}: imports ${target}; only index.ts is public`);
      if (!test && !arrows[name]?.includes(other)) {
        problems.push(`${file}: no arrow leads from ${name} to ${other}`);
      }
    }
    if (
      !declared.has(dependency) &&
      !(test && existsSync(join(root, 'node_modules', dependency)))
    ) {
      problems.push(`${file}: ${dependency} is not a dependency of packages/${name}`);
    }
  }
  if (!test) {
    const lines = text.split('\n');
    for (const { name: call, pattern, instead, except } of banned) {
      if (except.test(file)) continue;
      lines.forEach((line, index) => {
        const code = line.replace(/^\s*(?:\*|\/\/|\/\*).*$/, '');
        if (pattern.test(code)) problems.push(`${file}:${index + 1}: ${call}; use ${instead}`);
      });
    }
  }
  for (const [hatch, pattern] of Object.entries(hatches)) {
    counts[hatch] += text.match(pattern)?.length ?? 0;
  }
}

const ratchet = join(root, 'scripts', 'tidy.json');
const allowed = existsSync(ratchet) ? JSON.parse(readFileSync(ratchet, 'utf8')) : counts;
for (const [hatch, count] of Object.entries(counts)) {
  if (count > (allowed[hatch] ?? 0)) {
    problems.push(`${hatch}: ${count} in the sources, ${allowed[hatch] ?? 0} allowed`);
  }
}
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n${problems.length} untidy.\n`);
  process.exit(1);
}
const lowered = Object.fromEntries(
  Object.entries(counts).map(([hatch, count]) => [hatch, Math.min(count, allowed[hatch] ?? count)]),
);
if (process.argv.includes('--ratchet') || !existsSync(ratchet)) {
  writeFileSync(ratchet, `${JSON.stringify(lowered, null, 2)}\n`);
}
process.stdout.write('tidy\n');
