import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { median } from './figures.js';
import { enginesOf, memoryOf } from './processes.js';

const mib = 1024 * 1024;
const workspaces = 3;

/** Memory right after the start, before anything was sent. */
export async function memoryAfterStart(bench: Bench): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await addServer(bench, 'after start');
}

async function addServer(bench: Bench, when: string, goal = true): Promise<void> {
  const memory = await memoryOf(bench.service.pid);
  if (memory === undefined) return;
  const value = memory.rssBytes / mib;
  bench.add({
    section: 'memory',
    what: `server, resident, ${when}`,
    unit: 'MiB',
    value,
    ...(goal ? { goal: '≤ 200 (150) MiB', met: value <= 200 } : {}),
    note: `private ${(memory.privateBytes / mib).toFixed(0)} MiB`,
  });
}

/** Memory of the server after load and of workspaces that were used once, then of closed ones. */
export async function memory(bench: Bench): Promise<void> {
  if (bench.loaded > 0) await addServer(bench, 'after load');
  const before = new Set(await enginesOf(bench.service.pid));
  for (const pid of before) {
    const busy = await memoryOf(pid);
    if (busy === undefined || bench.loaded === 0) continue;
    bench.add({
      section: 'memory',
      what: 'engine process after load, private',
      unit: 'MiB',
      value: busy.privateBytes / mib,
      note: `resident ${(busy.rssBytes / mib).toFixed(0)} MiB`,
    });
  }
  bench.say('memory of further workspaces …');
  for (let count = 1; count <= workspaces; count += 1) {
    const workspace = await bench.makeWorkspace(`bench-${count}`);
    // A query opens the engine.
    await bench.query('Heartbeat | count', workspace.id);
    await bench.query('union Syslog, Perf | count', workspace.id);
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const fresh = (await enginesOf(bench.service.pid)).filter((pid) => !before.has(pid));
  const sizes: number[] = [];
  const resident: number[] = [];
  for (const pid of fresh) {
    const each = await memoryOf(pid);
    if (each === undefined) continue;
    sizes.push(each.privateBytes / mib);
    resident.push(each.rssBytes / mib);
  }
  bench.add({
    section: 'memory',
    what: 'idle workspace: engine process, private',
    unit: 'MiB',
    value: median(sizes),
    spread: [Math.min(...sizes), Math.max(...sizes)],
    goal: '≤ 120 (110) MiB',
    met: median(sizes) <= 120,
    note: `${sizes.length} processes; resident ${median(resident).toFixed(0)} MiB, mostly the shared library`,
  });
  await addServer(bench, `with ${workspaces + 1} workspaces`);
  bench.say('waiting for idle engines to be closed (1 minute) …');
  const until = performance.now() + 90_000;
  let left = fresh.length;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const running = new Set(await enginesOf(bench.service.pid));
    left = fresh.filter((pid) => running.has(pid)).length;
    if (left === 0) break;
  }
  bench.add({
    section: 'memory',
    what: 'engine processes left of idle workspaces',
    unit: '',
    value: left,
    goal: '0',
    met: left === 0,
  });
  await addServer(bench, 'with idle engines closed');
}

/** Bytes below a directory. */
async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    try {
      bytes += entry.isDirectory() ? await sizeOf(path) : (await stat(path)).blocks * 512;
    } catch {
      continue;
    }
  }
  return bytes;
}

/** Journal and ledger beside the table: the journal goes once it is applied, sealed and kept its time. */
export async function journalOnDisk(bench: Bench): Promise<void> {
  if (bench.loaded === 0) await bench.loadAll();
  const found = await findWorkspace(bench.service.data, bench.workspaceId);
  if (found === undefined) return;
  for (const [name, note] of [
    ['journal', 'goes once applied, sealed and kept 24 h (a setting)'],
    ['ledger', 'stays'],
  ] as const) {
    const bytes = await sizeOf(join(found, name));
    bench.add({
      section: 'disk',
      what: `${name} on disk`,
      unit: 'B per kB raw',
      value: (bytes / bench.sentBytes) * 1000,
      note,
    });
  }
}

async function findWorkspace(directory: string, id: string): Promise<string | undefined> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(directory, entry.name);
    if (entry.name === id) return path;
    const found = await findWorkspace(path, id);
    if (found !== undefined) return found;
  }
  return undefined;
}
