/** Pure readers of the kernel's counters under `/proc` (proc(5)). */

/** Jiffies of one processor since the start. */
export interface ProcessorTimes {
  /** `_Total`, or the processor's number. */
  readonly instance: string;
  readonly user: number;
  readonly nice: number;
  readonly system: number;
  readonly idle: number;
  readonly ioWait: number;
  readonly interrupt: number;
  readonly softInterrupt: number;
  readonly steal: number;
}

/** Reads `/proc/stat`. */
export function parseProcessorTimes(text: string): ProcessorTimes[] {
  const times: ProcessorTimes[] = [];
  for (const line of text.split('\n')) {
    const match = /^cpu(\d*)\s+(.*)$/.exec(line);
    if (match === null) continue;
    const [user, nice, system, idle, ioWait, interrupt, softInterrupt, steal] = match[2]!
      .split(/\s+/)
      .map(Number);
    if (idle === undefined || Number.isNaN(idle)) continue;
    times.push({
      instance: match[1] === '' ? '_Total' : match[1]!,
      user: user ?? 0,
      nice: nice ?? 0,
      system: system ?? 0,
      idle,
      ioWait: ioWait ?? 0,
      interrupt: interrupt ?? 0,
      softInterrupt: softInterrupt ?? 0,
      steal: steal ?? 0,
    });
  }
  return times;
}

/** Reads `/proc/meminfo`: bytes by name. */
export function parseMemory(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([^:]+):\s+(\d+)(?: (kB))?$/.exec(line.trimEnd());
    if (match !== null) values.set(match[1]!, Number(match[2]) * (match[3] === 'kB' ? 1024 : 1));
  }
  return values;
}

/** Counters of one network interface since the start. */
export interface NetworkCounters {
  readonly instance: string;
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly receivedErrors: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly sentErrors: number;
  readonly collisions: number;
}

/** Reads `/proc/net/dev`, without the loopback. */
export function parseNetwork(text: string): NetworkCounters[] {
  const interfaces: NetworkCounters[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*([^\s:]+):\s*(.*)$/.exec(line);
    if (match === null || match[1] === 'lo') continue;
    const n = match[2]!.split(/\s+/).map(Number);
    if (n.length < 14 || n.some(Number.isNaN)) continue;
    interfaces.push({
      instance: match[1]!,
      receivedBytes: n[0]!,
      receivedPackets: n[1]!,
      receivedErrors: n[2]!,
      sentBytes: n[8]!,
      sentPackets: n[9]!,
      sentErrors: n[10]!,
      collisions: n[13]!,
    });
  }
  return interfaces;
}

/** Reads `/proc/loadavg`: the averages of 1, 5 and 15 minutes. */
export function parseLoad(text: string): readonly [number, number, number] | undefined {
  const match = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) /.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/** Reads `/proc/uptime`: seconds since the start. */
export function parseUptime(text: string): number | undefined {
  const seconds = Number.parseFloat(text);
  return Number.isNaN(seconds) ? undefined : seconds;
}

const realFileSystems = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs f2fs jfs reiserfs vfat exfat ntfs ntfs3 bcachefs'.split(' '),
);

/** Reads `/proc/mounts`: where real file systems are mounted, each device once; `/` always. */
export function parseMounts(text: string): string[] {
  const points: string[] = [];
  const devices = new Set<string>();
  for (const line of text.split('\n')) {
    const [device, escaped, kind] = line.split(' ');
    if (device === undefined || escaped === undefined || kind === undefined) continue;
    // Blanks, tabs, line ends and backslashes are written as octal.
    const point = escaped.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const wanted = point === '/' || (realFileSystems.has(kind) && !devices.has(device));
    if (!wanted || points.includes(point)) continue;
    // Files that a container has mounted one by one (resolv.conf, hosts) share one device.
    if (realFileSystems.has(kind)) devices.add(device);
    points.push(point);
  }
  return points;
}

/** Operations of one disk since the start. */
export interface DiskCounters {
  readonly instance: string;
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
}

/** Reads `/proc/diskstats`: whole disks that have been used (a sector there is 512 bytes). */
export function parseDisks(text: string): DiskCounters[] {
  const disks: DiskCounters[] = [];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const name = fields[2];
    if (name === undefined || !/^(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(name)) {
      continue;
    }
    const [reads, , readSectors, , writes, , writtenSectors] = fields.slice(3).map(Number);
    if (writtenSectors === undefined || Number.isNaN(writtenSectors)) continue;
    disks.push({
      instance: name,
      reads: reads!,
      readBytes: readSectors! * 512,
      writes: writes!,
      writtenBytes: writtenSectors * 512,
    });
  }
  return disks;
}
