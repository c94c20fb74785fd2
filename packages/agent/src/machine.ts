import type { Fs } from '@strongroom/base';
import { fromUtf8 } from '@strongroom/base';
import type { System } from './system.js';

/** What every row says of the machine it comes from. */
export interface Machine {
  readonly computer: string;
  /** First address; empty where there is none. */
  readonly address: string;
  readonly addresses: readonly string[];
  readonly osName: string;
  readonly osMajorVersion: string;
  readonly osMinorVersion: string;
  /** The machine's own id (`/etc/machine-id`); empty where it has none. */
  readonly machineId: string;
}

/** Values of an `os-release` file (os-release(5)). */
export function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim());
    if (match === null) continue;
    const raw = match[2]!;
    const quoted = /^(["'])(.*)\1$/.exec(raw);
    values.set(match[1]!, (quoted?.[2] ?? raw).replaceAll(/\\(["'$`\\])/g, '$1'));
  }
  return values;
}

async function textOf(fs: Fs, path: string): Promise<string> {
  try {
    return fromUtf8(await fs.readFile(path));
  } catch {
    return '';
  }
}

/** Reads what the machine says of itself; what it does not say is empty. */
export async function readMachine(fs: Fs, system: System, computer: string): Promise<Machine> {
  const release = parseOsRelease(
    (await textOf(fs, '/etc/os-release')) || (await textOf(fs, '/usr/lib/os-release')),
  );
  const [major = '', minor = ''] = (release.get('VERSION_ID') ?? '').split('.');
  const addresses = system.addresses();
  return {
    computer,
    address: addresses[0] ?? '',
    addresses,
    osName: release.get('PRETTY_NAME') ?? release.get('NAME') ?? 'Linux',
    osMajorVersion: major,
    osMinorVersion: minor,
    machineId: (await textOf(fs, '/etc/machine-id')).trim(),
  };
}
