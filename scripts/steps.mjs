// What `npm start`, `npm test` and the rest share: install, compile and bundle, only where needed,
// and say what goes on while it does.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const least = [20, 19];

/** Ends the process where Node is too old: nothing after it would work. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < least[0] || (major === least[0] && minor < least[1])) {
    process.stderr.write(
      `Strongroom needs Node ${least.join('.')} or newer; this is ${process.version}.\n`,
    );
    process.exit(1);
  }
}

/** Runs a command; resolves with its exit code. Its output is shown where `show` is set. */
export function run(command, args, { show = true, env = {}, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** One step with its name and its time; its output only where it failed. Ends the process then. */
async function step(name, command, args, options) {
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1).padStart(5);
  const live = process.stderr.isTTY === true;
  const ticker = live
    ? setInterval(() => process.stderr.write(`\r  ${seconds()} s  ${name} …`), 200)
    : undefined;
  if (!live) process.stderr.write(`           ${name} …\n`);
  const { code, output } = await run(command, args, { show: false, ...options });
  clearInterval(ticker);
  process.stderr.write(
    `${live ? '\r' : ''}  ${seconds()} s  ${name}${code === 0 ? '  ' : ' failed'}\n`,
  );
  if (code !== 0) {
    process.stderr.write(`\n${output}\n`);
    process.exit(code);
  }
}

const stamps = join(root, 'node_modules', '.strongroom');
const readStamp = (name) =>
  existsSync(join(stamps, name)) ? readFileSync(join(stamps, name), 'utf8') : '';
const writeStamp = (name, value) => {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), value);
};

/** Installs the dependencies that `package-lock.json` names, once for each state of it. */
export async function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.version)
    .digest('hex');
  if (readStamp('install') === lock) return;
  const npm = process.env.npm_execpath;
  const [command, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  await step('install the dependencies', command, [...first, 'ci', '--no-audit', '--no-fund']);
  writeStamp('install', lock);
}

/** Compiles all packages (incremental), or only those that a project file names. */
export async function compile(project = '.') {
  await step('compile', process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-b',
    project,
  ]);
}

/** Names and times of all files below a directory, as one hash. */
function fingerprint(directory, hash) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.name === 'dist' || entry.name === 'node_modules') continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) fingerprint(path, hash);
    else
      hash
        .update(`${path}\0`)
        .update(readFileSync(path))
        .update(String(statSync(path).size));
  }
}

/** Bundles the portal, once for each state of its sources. */
export async function bundle() {
  const portal = join(root, 'packages', 'portal');
  const hash = createHash('sha256').update(readStamp('install'));
  fingerprint(portal, hash);
  fingerprint(join(root, 'packages', 'api', 'src'), hash);
  const state = hash.digest('hex');
  if (readStamp('portal') === state && existsSync(join(portal, 'dist', 'index.html'))) return;
  await step('bundle the portal', process.execPath, [
    join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
    'build',
    portal,
    '--logLevel',
    'warn',
  ]);
  writeStamp('portal', state);
}
