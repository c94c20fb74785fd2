import { fromUtf8 } from '@strongroom/base';
import type { Clock, Fs } from '@strongroom/base';
import type { Machine } from '../machine.js';
import type { DiskUsage, System } from '../system.js';
import {
  parseDisks,
  parseLoad,
  parseMemory,
  parseMounts,
  parseNetwork,
  parseProcessorTimes,
  parseUptime,
} from './proc.js';
import type { DiskCounters, NetworkCounters, ProcessorTimes } from './proc.js';

/** All counters at one moment. */
export interface PerformanceSnapshot {
  readonly timeMs: number;
  /** For rates: never goes back. */
  readonly monotonicMs: number;
  readonly processors: readonly ProcessorTimes[];
  readonly memory: ReadonlyMap<string, number>;
  readonly network: readonly NetworkCounters[];
  readonly disks: readonly DiskCounters[];
  readonly volumes: readonly (DiskUsage & { readonly instance: string })[];
  readonly load: readonly [number, number, number] | undefined;
  readonly uptimeSeconds: number | undefined;
}

/** One value of one counter, by the names of Azure Monitor's Linux counters. */
export interface Counter {
  readonly object: string;
  readonly counter: string;
  readonly instance: string;
  readonly value: number;
}

const mebibyte = 1024 * 1024;
const percent = (part: number, whole: number): number =>
  whole > 0 ? Math.min(100, Math.max(0, (100 * part) / whole)) : 0;

function* processorCounters(before: ProcessorTimes, after: ProcessorTimes): Iterable<Counter> {
  const spent = {
    user: after.user - before.user,
    nice: after.nice - before.nice,
    system: after.system - before.system,
    idle: after.idle - before.idle,
    ioWait: after.ioWait - before.ioWait,
    interrupt: after.interrupt - before.interrupt,
    softInterrupt: after.softInterrupt - before.softInterrupt,
    steal: after.steal - before.steal,
  };
  const parts = Object.values(spent);
  const total = parts.reduce((sum, part) => sum + part, 0);
  // A processor that was taken away and came back counts anew.
  if (total <= 0 || spent.idle < 0) return;
  const one = (counter: string, part: number): Counter => ({
    object: 'Processor',
    counter,
    instance: after.instance,
    value: percent(part, total),
  });
  yield one('% Processor Time', total - spent.idle - spent.ioWait);
  yield one('% Idle Time', spent.idle);
  yield one('% User Time', spent.user);
  yield one('% Nice Time', spent.nice);
  yield one('% Privileged Time', spent.system);
  yield one('% IO Wait Time', spent.ioWait);
  yield one('% Interrupt Time', spent.interrupt);
  yield one('% DPC Time', spent.softInterrupt);
}

function* memoryCounters(memory: ReadonlyMap<string, number>): Iterable<Counter> {
  const total = memory.get('MemTotal');
  const available = memory.get('MemAvailable');
  const one = (counter: string, value: number): Counter => ({
    object: 'Memory',
    counter,
    instance: 'Memory',
    value,
  });
  if (total !== undefined && available !== undefined) {
    yield one('Available MBytes Memory', available / mebibyte);
    yield one('% Available Memory', percent(available, total));
    yield one('Used Memory MBytes', (total - available) / mebibyte);
    yield one('% Used Memory', percent(total - available, total));
  }
  const swap = memory.get('SwapTotal');
  const swapFree = memory.get('SwapFree');
  if (swap !== undefined && swapFree !== undefined) {
    yield one('Available MBytes Swap', swapFree / mebibyte);
    yield one('Used MBytes Swap Space', (swap - swapFree) / mebibyte);
    yield one('% Used Swap Space', percent(swap - swapFree, swap));
    yield one('% Available Swap Space', percent(swapFree, swap));
  }
}

function* volumeCounters(volume: DiskUsage & { readonly instance: string }): Iterable<Counter> {
  const one = (counter: string, value: number): Counter => ({
    object: 'Logical Disk',
    counter,
    instance: volume.instance,
    value,
  });
  const used = volume.totalBytes - volume.freeBytes;
  // As df(1) counts: of the space that an ordinary account can have.
  yield one('% Used Space', percent(used, used + volume.availableBytes));
  yield one('% Free Space', percent(volume.availableBytes, used + volume.availableBytes));
  yield one('Free Megabytes', volume.availableBytes / mebibyte);
  if (volume.filesTotal > 0) {
    yield one('% Used Inodes', percent(volume.filesTotal - volume.filesFree, volume.filesTotal));
    yield one('% Free Inodes', percent(volume.filesFree, volume.filesTotal));
  }
}

/** Counters between two snapshots; those that are no rates are the later one's. */
export function countersBetween(
  before: PerformanceSnapshot,
  after: PerformanceSnapshot,
): Counter[] {
  const counters: Counter[] = [];
  const seconds = (after.monotonicMs - before.monotonicMs) / 1000;
  for (const processor of after.processors) {
    const earlier = before.processors.find((one) => one.instance === processor.instance);
    if (earlier !== undefined) counters.push(...processorCounters(earlier, processor));
  }
  counters.push(...memoryCounters(after.memory));
  for (const volume of after.volumes) counters.push(...volumeCounters(volume));
  for (const disk of after.disks) {
    const earlier = before.disks.find((one) => one.instance === disk.instance);
    if (earlier === undefined || seconds <= 0) continue;
    const one = (counter: string, now: number, then: number): Counter => ({
      object: 'Physical Disk',
      counter,
      instance: disk.instance,
      value: Math.max(0, now - then) / seconds,
    });
    counters.push(
      one('Disk Reads/sec', disk.reads, earlier.reads),
      one('Disk Writes/sec', disk.writes, earlier.writes),
      one('Disk Read Bytes/sec', disk.readBytes, earlier.readBytes),
      one('Disk Write Bytes/sec', disk.writtenBytes, earlier.writtenBytes),
    );
  }
  for (const port of after.network) {
    const one = (counter: string, value: number): Counter => ({
      object: 'Network',
      counter,
      instance: port.instance,
      value,
    });
    counters.push(
      one('Total Bytes Transmitted', port.sentBytes),
      one('Total Bytes Received', port.receivedBytes),
      one('Total Bytes', port.sentBytes + port.receivedBytes),
      one('Total Packets Transmitted', port.sentPackets),
      one('Total Packets Received', port.receivedPackets),
      one('Total Rx Errors', port.receivedErrors),
      one('Total Tx Errors', port.sentErrors),
      one('Total Collisions', port.collisions),
    );
  }
  const system = (counter: string, value: number): Counter => ({
    object: 'System',
    counter,
    instance: '_Total',
    value,
  });
  if (after.load !== undefined) {
    counters.push(
      system('Load1', after.load[0]),
      system('Load5', after.load[1]),
      system('Load15', after.load[2]),
    );
  }
  if (after.uptimeSeconds !== undefined) counters.push(system('Uptime', after.uptimeSeconds));
  counters.push(system('CPUs', after.processors.filter((one) => one.instance !== '_Total').length));
  return counters;
}

/** A row of the `Perf` table. */
export function performanceRow(counter: Counter, machine: Machine, timeMs: number): string {
  return JSON.stringify({
    TimeGenerated: new Date(timeMs).toISOString(),
    Computer: machine.computer,
    ObjectName: counter.object,
    CounterName: counter.counter,
    InstanceName: counter.instance,
    CounterValue: Math.round(counter.value * 1e6) / 1e6,
    CounterPath: `\\\\${machine.computer}\\${counter.object}(${counter.instance})\\${counter.counter}`,
    SourceSystem: 'Linux',
  });
}

/** Reads all counters; those that this machine does not have are absent. */
export async function readPerformance(
  fs: Fs,
  clock: Clock,
  system: System,
): Promise<PerformanceSnapshot> {
  const text = async (path: string): Promise<string> => {
    try {
      return fromUtf8(await fs.readFile(path));
    } catch {
      return '';
    }
  };
  const [stat, memory, network, load, uptime, mounts, disks] = await Promise.all([
    text('/proc/stat'),
    text('/proc/meminfo'),
    text('/proc/net/dev'),
    text('/proc/loadavg'),
    text('/proc/uptime'),
    text('/proc/mounts'),
    text('/proc/diskstats'),
  ]);
  const volumes: (DiskUsage & { instance: string })[] = [];
  for (const instance of parseMounts(mounts)) {
    const usage = await system.diskUsage(instance);
    if (usage !== undefined && usage.totalBytes > 0) volumes.push({ instance, ...usage });
  }
  return {
    timeMs: clock.now(),
    monotonicMs: clock.monotonicMs(),
    processors: parseProcessorTimes(stat),
    memory: parseMemory(memory),
    network: parseNetwork(network),
    disks: parseDisks(disks),
    volumes,
    load: parseLoad(load),
    uptimeSeconds: parseUptime(uptime),
  };
}
