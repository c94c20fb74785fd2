import type { Fs } from '@strongroom/base';
import type { Machine } from '../machine.js';
import type { System } from '../system.js';

/** An installed package. */
export interface SoftwarePackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly publisher: string;
  readonly description: string;
}

/** A service of the system. */
export interface Daemon {
  readonly name: string;
  readonly description: string;
  readonly state: string;
  readonly startup: string;
}

const dpkgFields = [
  '${db:Status-Status}',
  '${Package}',
  '${Version}',
  '${Architecture}',
  '${Maintainer}',
  '${binary:Summary}',
];
const dpkgFormat = `${dpkgFields.join(String.raw`\t`)}${String.raw`\n`}`;
const rpmFormat = String.raw`installed\t%{NAME}\t%{VERSION}-%{RELEASE}\t%{ARCH}\t%{VENDOR}\t%{SUMMARY}\n`;

/** Reads the lines that `dpkg-query` and `rpm` were asked for. */
export function parsePackages(text: string): SoftwarePackage[] {
  const packages: SoftwarePackage[] = [];
  for (const line of text.split('\n')) {
    const [status, name, version, architecture, publisher, ...description] = line.split('\t');
    if (status !== 'installed' || name === undefined || name === '') continue;
    packages.push({
      name,
      version: version ?? '',
      architecture: architecture ?? '',
      publisher: publisher ?? '',
      description: description.join(' '),
    });
  }
  return packages;
}

/**
 * Joins what `systemctl list-units` (name, load, active, sub, description) and `list-unit-files`
 * (name, state, preset) say.
 */
export function parseDaemons(units: string, files: string): Daemon[] {
  const startups = new Map<string, string>();
  for (const line of files.split('\n')) {
    const [name, startup] = line.trim().split(/\s+/);
    if (name !== undefined && startup !== undefined) startups.set(name, startup);
  }
  const daemons: Daemon[] = [];
  for (const line of units.split('\n')) {
    const match = /^\s*(?:\S\s+)?(\S+\.service)\s+(\S+)\s+(\S+)\s+(\S+)\s*(.*)$/.exec(line);
    if (match === null || match[2] === 'not-found') continue;
    daemons.push({
      name: match[1]!,
      state: match[4] === 'running' ? 'Running' : match[3] === 'active' ? 'Active' : 'Stopped',
      startup: startups.get(match[1]!) ?? '',
      description: match[5]!,
    });
  }
  return daemons;
}

/** Rows of the `ConfigurationData` table, without their time, in a steady order. */
export function inventoryRows(
  machine: Machine,
  agentId: string,
  packages: readonly SoftwarePackage[],
  daemons: readonly Daemon[],
): Record<string, string>[] {
  const common = {
    Computer: machine.computer,
    SourceComputerId: agentId,
    SourceSystem: 'Linux',
    VMUUID: machine.machineId,
  };
  const rows: Record<string, string>[] = [
    ...packages.map((found) => ({
      ...common,
      ConfigDataType: 'Software',
      SoftwareType: 'Package',
      SoftwareName: found.name,
      CurrentVersion: found.version,
      Publisher: found.publisher,
      Architecture: found.architecture,
      SoftwareDescription: found.description,
    })),
    ...daemons.map((found) => ({
      ...common,
      ConfigDataType: 'Daemons',
      SvcController: 'systemd',
      SvcName: found.name,
      SvcDisplayName: found.name,
      SvcDescription: found.description,
      SvcState: found.state,
      SvcStartupType: found.startup,
    })),
  ];
  return rows;
}

/** Asks the machine for its packages and services. */
export async function readInventory(
  fs: Fs,
  system: System,
): Promise<{ packages: SoftwarePackage[]; daemons: Daemon[] }> {
  const text =
    (await system.run('dpkg-query', ['-W', '-f', dpkgFormat])) ??
    (await system.run('rpm', ['-qa', '--qf', rpmFormat])) ??
    '';
  const packages = parsePackages(text);
  packages.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  let daemons: Daemon[] = [];
  // systemd's own test for being the running init system: sd_booted(3).
  if ((await fs.stat('/run/systemd/system').catch(() => undefined))?.kind === 'directory') {
    const plain = ['--type=service', '--no-legend', '--plain', '--no-pager'];
    const units = await system.run('systemctl', ['list-units', '--all', ...plain]);
    const files = await system.run('systemctl', ['list-unit-files', ...plain]);
    daemons = parseDaemons(units ?? '', files ?? '');
  }
  return { packages, daemons };
}
