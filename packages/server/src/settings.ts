import { parseArgs } from 'node:util';
import { isAbsolute, join, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { StrongroomError } from '@strongroom/base';
import { isRootName } from './keys/root.js';
import type { RootSettings } from './keys/root.js';

/**
 * The service's settings. Each can be given as a flag, an environment variable or a line of a YAML
 * file; a flag wins over the environment, the environment over the file. Whatever is not known or
 * does not fit is refused by name, and the service does not start.
 */
export interface Settings extends RootSettings {
  /** Directory of everything that is stored, absolute. */
  readonly data: string;
  readonly port: number;
  /** Name or address to listen on; also in the certificate. */
  readonly host: string;
  /** Further names and addresses that clients call the service by; in the certificate as well. */
  readonly names: readonly string[];
  /** Where data lies; workspaces are created in it and never leave it. */
  readonly region: string;
  /** How often a customer's key is tried, and how long its provider may be away. */
  readonly keyCheckSeconds: number;
  readonly keyGraceMinutes: number;
  /** After so many days keys are replaced. */
  readonly keyRotationDays: number;
  /** Whether `bootstrap.json` may be written while bound to loopback. */
  readonly bootstrap: boolean;
  /** Whether the administrator `admin` gets a new password at this start. */
  readonly resetAdministrator: boolean;
  /** Whether an agent for this machine is enrolled and run. */
  readonly agent: boolean;
  readonly engineIdleMinutes: number;
  readonly sessionIdleMinutes: number;
  /** Hours that journal entries are kept after they were applied and sealed. */
  readonly journalKeepHours: number;
  /** Hours in which a purge or a deletion can be called off. */
  readonly erasureWaitHours: number;
  /** Days in which a deleted workspace can be recovered. */
  readonly softDeleteDays: number;
  /** Directory of the backup repository, absolute; empty: there are no backups. */
  readonly backup: string;
  /** After so many hours another backup is taken; 0: only when asked. */
  readonly backupHours: number;
  /** YAML file with the targets that tables may be exported to, absolute; empty: there are none. */
  readonly exportTargets: string;
  /** Directories, absolute, that hold each acknowledged entry as well, best each on its own disk. */
  readonly replicas: readonly string[];
  /** Witnesses that sign checkpoints, each `URL=KEY`. */
  readonly witnesses: readonly string[];
  /** Where each new checkpoint is written as well: a file, `-`, or a URL. */
  readonly checkpointExport: string;
}

interface Option {
  readonly type: 'string' | 'number' | 'boolean' | 'list' | 'paths' | 'texts';
  readonly fallback: (environment: Environment) => unknown;
  readonly check?: (value: never) => string | undefined;
  readonly help: string;
  readonly placeholder?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const between =
  (least: number, most: number) =>
  (value: number): string | undefined =>
    Number.isInteger(value) && value >= least && value <= most
      ? undefined
      : `must be a whole number from ${least} to ${most}`;

const hostPattern = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*|[0-9a-f:]*:[0-9a-f:.]*)$/;
const checkHost = (value: string): string | undefined =>
  hostPattern.test(value) && value.length <= 253 ? undefined : 'must be a host name or an address';

const options = {
  data: {
    type: 'string',
    fallback: () => './data',
    placeholder: 'DIR',
    help: 'directory of everything that is stored',
  },
  port: {
    type: 'number',
    fallback: () => 8443,
    check: between(0, 65_535),
    placeholder: 'N',
    help: 'port for everything: portal, APIs and agents (0: any free one)',
  },
  host: {
    type: 'string',
    fallback: () => 'localhost',
    check: checkHost,
    placeholder: 'NAME',
    help: 'name or address to listen on',
  },
  names: {
    type: 'list',
    fallback: () => [],
    check: (values: readonly string[]) => values.map(checkHost).find((bad) => bad !== undefined),
    placeholder: 'A,B',
    help: 'further names and addresses in the certificate',
  },
  region: {
    type: 'string',
    fallback: () => 'local',
    check: (value: string) =>
      /^[a-z0-9](?:[a-z0-9-]{0,62})$/.test(value)
        ? undefined
        : 'must be lower-case letters, digits and dashes, at most 63',
    placeholder: 'NAME',
    help: 'region that workspaces are created in',
  },
  rootKey: {
    type: 'string',
    fallback: defaultRootKey,
    placeholder: 'FILE',
    help: 'root key: a file outside the data directory, credential:NAME, or a remote key',
  },
  rootPassphraseFile: {
    type: 'string',
    fallback: () => '',
    placeholder: 'FILE',
    help: 'file with the passphrase that seals the root key file',
  },
  keyHosts: {
    type: 'list',
    fallback: () => [],
    check: (values: readonly string[]) =>
      values.every((value) => /^[a-z0-9.-]{1,253}(?::\d{1,5})?$/.test(value))
        ? undefined
        : 'must be hosts, with their port where it is not 443',
    placeholder: 'A,B',
    help: 'vaults that keys may be used at; none without it',
  },
  keyAuthorityFile: {
    type: 'string',
    fallback: () => '',
    placeholder: 'FILE',
    help: 'certificates to trust at these vaults, PEM',
  },
  keyVaultTenant: {
    type: 'string',
    fallback: () => '',
    placeholder: 'GUID',
    help: 'Azure Key Vault: tenant',
  },
  keyVaultClientId: {
    type: 'string',
    fallback: () => '',
    placeholder: 'GUID',
    help: 'Azure Key Vault: client id of this service',
  },
  keyVaultSecretFile: {
    type: 'string',
    fallback: () => '',
    placeholder: 'FILE',
    help: 'Azure Key Vault: file with its client secret',
  },
  keyVaultAuthority: {
    type: 'string',
    fallback: () => '',
    placeholder: 'URL',
    help: 'Azure Key Vault: who gives tokens, where it is not Azure',
  },
  keyVaultAnyResource: {
    type: 'boolean',
    fallback: () => false,
    help: 'Azure Key Vault: its challenge may name another domain',
  },
  transitTokenFile: {
    type: 'string',
    fallback: () => '',
    placeholder: 'FILE',
    help: 'Vault or OpenBao Transit: file with the token',
  },
  pkcs11Module: {
    type: 'string',
    fallback: () => '',
    placeholder: 'FILE',
    help: 'PKCS#11: the library of the HSM',
  },
  pkcs11PinFile: {
    type: 'string',
    fallback: () => '',
    placeholder: 'FILE',
    help: 'PKCS#11: file with the PIN',
  },
  keyCheckSeconds: {
    type: 'number',
    fallback: () => 15,
    check: between(1, 60),
    placeholder: 'N',
    help: 'try customers’ keys so often: a revoked one is felt within it',
  },
  keyGraceMinutes: {
    type: 'number',
    fallback: () => 120,
    check: between(0, 10_080),
    placeholder: 'N',
    help: 'go on so long while a customer’s vault cannot be reached',
  },
  keyRotationDays: {
    type: 'number',
    fallback: () => 90,
    check: between(1, 3_650),
    placeholder: 'N',
    help: 'replace keys after so many days',
  },
  bootstrap: {
    type: 'boolean',
    fallback: () => true,
    help: 'no bootstrap.json for first steps (there is one only while on loopback)',
  },
  resetAdministrator: {
    type: 'boolean',
    fallback: () => false,
    help: 'give the administrator `admin` a new password, printed once',
  },
  agent: { type: 'boolean', fallback: () => true, help: 'no agent for this machine' },
  engineIdleMinutes: {
    type: 'number',
    fallback: () => 10,
    check: between(1, 1_440),
    placeholder: 'N',
    help: 'close an idle engine process after so many minutes',
  },
  sessionIdleMinutes: {
    type: 'number',
    fallback: () => 30,
    check: between(1, 1_440),
    placeholder: 'N',
    help: 'end an idle portal session after so many minutes',
  },
  journalKeepHours: {
    type: 'number',
    fallback: () => 24,
    check: between(0, 8_760),
    placeholder: 'N',
    help: 'keep raw entries so long after they were applied and sealed',
  },
  erasureWaitHours: {
    type: 'number',
    fallback: () => 24,
    check: between(0, 8_760),
    placeholder: 'N',
    help: 'a purge or a deletion can be called off so long',
  },
  softDeleteDays: {
    type: 'number',
    fallback: () => 14,
    check: between(0, 365),
    placeholder: 'N',
    help: 'a deleted workspace can be recovered so long',
  },
  backup: {
    type: 'string',
    fallback: () => '',
    placeholder: 'DIR',
    help: 'backup repository, best on another disk; outside the data directory',
  },
  backupHours: {
    type: 'number',
    fallback: () => 24,
    check: between(0, 8_760),
    placeholder: 'N',
    help: 'take a backup after so many hours (0: only when asked)',
  },
  exportTargets: {
    type: 'string',
    fallback: () => '',
    placeholder: 'FILE',
    help: 'targets that tables may be exported to, YAML: docs/export.md',
  },
  replicas: {
    type: 'paths',
    fallback: () => [],
    placeholder: 'DIR,DIR',
    help: 'directories on other disks that have what is acknowledged before it is',
  },
  witnesses: {
    type: 'texts',
    fallback: () => [],
    check: (values: readonly string[]) =>
      values.every((each) =>
        /^https?:\/\/[^=\s]+=[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/.test(each),
      )
        ? undefined
        : 'must be URL=KEY, with the key that `strongroom witness` prints',
    placeholder: 'URL=KEY,…',
    help: 'witnesses that each new checkpoint is shown to, and that sign it',
  },
  checkpointExport: {
    type: 'string',
    fallback: () => '',
    placeholder: 'FILE|-|URL',
    help: 'write each new checkpoint there as well: a file, the output, or a URL that takes POST',
  },
} as const satisfies Record<keyof Settings, Option>;

type Name = keyof Settings;
const names = Object.keys(options) as Name[];

/** `rootKey` → `root-key`. */
const flagOf = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
/** `rootKey` → `STRONGROOM_ROOT_KEY`. */
const variableOf = (name: string): string =>
  `STRONGROOM_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** Variables with our prefix that belong to the command-line client and the agent. */
const foreignVariables =
  /^STRONGROOM_(?:URL|CA_FILE|CLIENT_ID|CLIENT_SECRET|TENANT_ID|WORKSPACE|PROFILE|CONFIG|AGENT_[A-Z_]+|TEST_[A-Z_]+)$/;

/**
 * The root key's place without configuration: `$STATE_DIRECTORY` (set by systemd), else the user's
 * configuration folder.
 */
export function defaultRootKey(environment: Environment): string {
  // systemd separates several by colons.
  const [state] = (environment['STATE_DIRECTORY'] ?? '').split(':');
  if (state !== undefined && state !== '') return join(state, 'root.key');
  const home = environment['HOME'] ?? '/root';
  return join(environment['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'strongroom', 'root.key');
}

function refuse(where: string, what: string): never {
  throw new StrongroomError('SETTINGS_INVALID', `${where}: ${what}`, {
    hint: 'See --help for what there is to set.',
  });
}

function convert(name: Name, value: unknown, where: string): unknown {
  const option: Option = options[name];
  const converted = convertType(option.type, value, where);
  const problem = option.check?.(converted as never);
  if (problem !== undefined) refuse(where, problem);
  if (option.type === 'string' && converted === '') refuse(where, 'must not be empty');
  return converted;
}

function convertType(type: Option['type'], value: unknown, where: string): unknown {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : refuse(where, 'must be text');
    case 'number': {
      if (typeof value === 'number') return value;
      if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return Number(value);
      return refuse(where, 'must be a whole number');
    }
    case 'boolean':
      if (typeof value === 'boolean') return value;
      if (value === 'true' || value === 'false') return value === 'true';
      return refuse(where, 'must be true or false');
    case 'paths':
    case 'texts':
    case 'list': {
      const list = typeof value === 'string' ? value.split(',') : value;
      if (!Array.isArray(list)) return refuse(where, 'must be a list');
      return list.map((item) => {
        const given = String(item).trim();
        const text = type === 'list' ? given.toLowerCase() : given;
        return text === '' ? refuse(where, 'has an empty item') : text;
      });
    }
  }
}

function fromFlags(args: readonly string[]): Map<string, unknown> {
  const flags: Record<string, { type: 'string' | 'boolean' }> = {
    config: { type: 'string' },
    help: { type: 'boolean' },
  };
  for (const name of names) {
    const boolean = options[name].type === 'boolean';
    flags[flagOf(name)] = { type: boolean ? 'boolean' : 'string' };
    if (boolean) flags[`no-${flagOf(name)}`] = { type: 'boolean' };
  }
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: [...args], options: flags, strict: true }));
  } catch (error) {
    const text = error instanceof Error ? (error.message.split('. ')[0] ?? '') : '';
    return refuse('command line', text);
  }
  return new Map(Object.entries(values));
}

function fromFile(path: string, readText: (path: string) => string): Map<string, unknown> {
  let parsed: unknown;
  try {
    parsed = parseYaml(readText(path));
  } catch {
    return refuse(`--config ${path}`, 'cannot be read as YAML');
  }
  if (parsed === null) return new Map();
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    return refuse(`--config ${path}`, 'must be a mapping of settings');
  }
  const entries = Object.entries(parsed as Record<string, unknown>);
  for (const [key] of entries) {
    if (!names.some((name) => name === key)) refuse(`${path}: ${key}`, 'is not a setting');
  }
  return new Map(entries);
}

/** Reads the settings, or `'help'` where help was asked for. Throws `SETTINGS_INVALID`. */
export function readSettings(sources: {
  args: readonly string[];
  environment: Environment;
  workingDirectory: string;
  readText: (path: string) => string;
}): Settings | 'help' {
  const { environment } = sources;
  const flags = fromFlags(sources.args);
  if (flags.get('help') === true) return 'help';
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith('STRONGROOM_') || foreignVariables.test(variable)) continue;
    if (!names.some((name) => variableOf(name) === variable)) {
      refuse(variable, 'is not a setting');
    }
  }
  const config = flags.get('config') ?? environment['STRONGROOM_CONFIG'];
  const path = typeof config === 'string' ? config : undefined;
  const file =
    path === undefined
      ? new Map<string, unknown>()
      : fromFile(resolve(sources.workingDirectory, path), sources.readText);
  const read = (name: Name): unknown => {
    const flag = flagOf(name);
    if (flags.get(`no-${flag}`) === true) return false;
    if (flags.has(flag)) return convert(name, flags.get(flag), `--${flag}`);
    const variable = environment[variableOf(name)];
    if (variable !== undefined) return convert(name, variable, variableOf(name));
    if (file.has(name)) return convert(name, file.get(name), `${path}: ${name}`);
    return options[name].fallback(environment);
  };
  const settings = Object.fromEntries(
    names.map((name) => [name, read(name)]),
  ) as unknown as Settings;
  const absolute = (path: string): string =>
    isAbsolute(path) ? path : resolve(sources.workingDirectory, path);
  const data = absolute(settings.data);
  const outside = (name: string, path: string): string => {
    const where = absolute(path);
    if (!`${where}/`.startsWith(`${data}/`) && !`${data}/`.startsWith(`${where}/`)) return where;
    return refuse(name, 'must lie outside the data directory, best on another disk');
  };
  const backup = settings.backup === '' ? '' : outside('backup', settings.backup);
  const replicas = settings.replicas.map((path) => outside('replicas', path));
  return {
    ...settings,
    data,
    backup,
    replicas,
    exportTargets: settings.exportTargets === '' ? '' : absolute(settings.exportTargets),
    rootKey: isRootName(settings.rootKey) ? settings.rootKey : absolute(settings.rootKey),
  };
}

/** What `--help` prints. */
export function settingsHelp(environment: Environment): string {
  const rows = names.map((name) => {
    const option: Option = options[name];
    const fallback = option.fallback(environment);
    const flag =
      option.type === 'boolean'
        ? `--${fallback === true ? 'no-' : ''}${flagOf(name)}`
        : `--${flagOf(name)} ${option.placeholder ?? ''}`;
    const shown = option.type === 'boolean' ? '' : ` [${String(fallback)}]`;
    return `  ${flag.padEnd(28)} ${option.help}${shown}\n${' '.repeat(31)}${variableOf(name)}, ${name}:`;
  });
  return [
    'strongroom start: runs the service.',
    '',
    'Each option also as an environment variable, or as a line of the YAML file given by --config',
    '(both named below each option). A flag wins over the environment, that over the file.',
    '',
    `  ${'--config FILE'.padEnd(28)} YAML file with settings`,
    ...rows,
    '',
  ].join('\n');
}
