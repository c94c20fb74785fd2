/** What `/proc` says of other processes. */

import { readFile, readdir } from 'node:fs/promises';

export interface ProcessMemory {
  readonly rssBytes: number;
  /** Pages that no other process shares. */
  readonly privateBytes: number;
}

/** Memory of a process, or `undefined` where it has ended. */
export async function memoryOf(pid: number): Promise<ProcessMemory | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  } catch {
    return undefined;
  }
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { rssBytes: bytes('Rss'), privateBytes: bytes('Private_Clean') + bytes('Private_Dirty') };
}

/** Ticks of `times(2)` in a second: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Seconds of processor time that a process has used; 0 where it has ended. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return 0;
  }
}

/** Children of a process. */
export async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const text = await readFile(`/proc/${name}/stat`, 'utf8');
      if (Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === pid) {
        children.push(Number(name));
      }
    } catch {
      continue;
    }
  }
  return children;
}

/** Engine processes of a service. */
export async function enginesOf(pid: number): Promise<number[]> {
  const engines: number[] = [];
  for (const child of await childrenOf(pid)) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('/engine/dist/child/main.js')) engines.push(child);
  }
  return engines;
}

/** Processor seconds of a service and of its engine processes. */
export async function cpuOfService(pid: number): Promise<{ server: number; engines: number }> {
  const engines = await Promise.all((await enginesOf(pid)).map((engine) => cpuSecondsOf(engine)));
  return { server: await cpuSecondsOf(pid), engines: engines.reduce((a, b) => a + b, 0) };
}
