import { isAbsolute, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { StrongroomError } from '@strongroom/base';
import type { Clock, Fs, Sha256 } from '@strongroom/base';
import { blobTarget } from './blob-target.js';
import { directoryTarget } from './directory-target.js';
import { s3Target } from './s3-target.js';
import type { ExportTarget } from './target.js';

/** A target as its operator configured it. */
export interface ConfiguredTarget {
  readonly name: string;
  readonly kind: 'directory' | 's3' | 'blob';
  /** Where it is, for people. No secret. */
  readonly place: string;
  readonly target: ExportTarget;
}

export interface ReadTargetsOptions {
  /** The YAML file; empty: there are no targets. */
  readonly file: string;
  /** The service's data directory: no target lies in it. */
  readonly data: string;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly sha256: Sha256;
}

/**
 * Reads the targets that exports may go to. Only who runs the service adds one: an export of a
 * workspace names it, so nobody makes the service write or connect elsewhere. Throws `SETTINGS_INVALID`.
 */
export async function readTargets(
  options: ReadTargetsOptions,
): Promise<ReadonlyMap<string, ConfiguredTarget>> {
  const { file, fs } = options;
  if (file === '') return new Map();
  const refuse = (why: string): never => {
    throw new StrongroomError('SETTINGS_INVALID', `${file}: ${why}`, {
      hint: 'docs/export.md shows the form.',
    });
  };
  let value: unknown;
  try {
    value = parseYaml(new TextDecoder().decode(await fs.readFile(file)));
  } catch {
    refuse('cannot be read as YAML.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse('must be a mapping of names to targets.');
  }
  const targets = new Map<string, ConfiguredTarget>();
  for (const [name, fields] of Object.entries(value as object)) {
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) refuse(`${name} is no name of a target.`);
    const field = reader(fields, (why) => refuse(`${name}: ${why}.`));
    targets.set(name, await openTarget(options, name, field, (why) => refuse(`${name}: ${why}.`)));
  }
  return targets;
}

type Field = ReturnType<typeof reader>;

async function openTarget(
  options: ReadTargetsOptions,
  name: string,
  field: Field,
  refuse: (why: string) => never,
): Promise<ConfiguredTarget> {
  const { fs, data, clock, sha256 } = options;
  const secret = async (path: string): Promise<string> => {
    try {
      return new TextDecoder().decode(await fs.readFile(path)).trim();
    } catch {
      return refuse(`${path} cannot be read`);
    }
  };
  const kind = field.text('kind');
  switch (kind) {
    case 'directory': {
      const path = field.text('path');
      field.end();
      if (!isAbsolute(path)) refuse('path must be absolute');
      if (`${resolve(path)}/`.startsWith(`${data}/`)) refuse('path lies in the data directory');
      return { name, kind, place: path, target: directoryTarget({ path: resolve(path), fs }) };
    }
    case 's3': {
      const target = {
        endpoint: field.url('endpoint'),
        bucket: field.text('bucket'),
        region: field.text('region'),
        accessKeyId: field.text('accessKeyId'),
        secretAccessKey: await secret(field.text('secretKeyFile')),
        retainDays: field.days('retainDays'),
        mode: field.choice('mode', ['COMPLIANCE', 'GOVERNANCE']),
      };
      field.end();
      return {
        name,
        kind,
        place: `${target.endpoint}/${target.bucket}`,
        target: s3Target({ ...target, clock, sha256 }),
      };
    }
    case 'blob': {
      const target = {
        container: field.url('container'),
        sas: await secret(field.text('sasFile')),
        retainDays: field.days('retainDays'),
        mode: field.choice('mode', ['Locked', 'Unlocked']),
      };
      field.end();
      return { name, kind, place: target.container, target: blobTarget({ ...target, clock }) };
    }
    default:
      return refuse('kind must be directory, s3 or blob');
  }
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Reads a mapping's members by name; one that nobody asked for is refused. */
function reader(value: unknown, refuse: (why: string) => never) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('must be a mapping');
  }
  const members = new Map<string, unknown>(Object.entries(value));
  const take = (name: string): unknown => {
    const member = members.get(name);
    members.delete(name);
    return member;
  };
  const text = (name: string): string => {
    const member = take(name);
    return typeof member === 'string' && member !== '' ? member : refuse(`${name} must be text`);
  };
  return {
    text,
    url(name: string): string {
      const member = text(name);
      const url = URL.canParse(member) ? new URL(member) : refuse(`${name} must be a URL`);
      // Rows and credentials go there: in the clear only on this machine.
      if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback.has(url.hostname))) {
        refuse(`${name} must begin with https:`);
      }
      if (url.search !== '' || url.hash !== '' || url.username !== '')
        refuse(`${name} has too much`);
      return member.replace(/\/+$/, '');
    },
    /** 0: the target's own rule decides. */
    days(name: string): number {
      const member = take(name) ?? 0;
      return typeof member === 'number' &&
        Number.isInteger(member) &&
        member >= 0 &&
        member <= 36_500
        ? member
        : refuse(`${name} must be a number of days`);
    },
    choice<Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice {
      const member = take(name) ?? choices[0];
      return (
        choices.find((choice) => choice === member) ??
        refuse(`${name} must be ${choices.join(' or ')}`)
      );
    },
    end(): void {
      const [more] = members.keys();
      if (more !== undefined) refuse(`${more} is no field of it`);
    },
  };
}
