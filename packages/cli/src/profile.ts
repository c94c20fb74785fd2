import { join } from 'node:path';
import type { Clock, Fs } from '@strongroom/base';
import { FsError, fromUtf8, isNotFound, utf8 } from '@strongroom/base';
import { cliError } from './errors.js';

/** An access token and when it ends, in milliseconds since 1970. */
export interface AccessToken {
  readonly value: string;
  readonly endsAt: number;
}

/** Where the service is and as whom the client speaks to it. */
export interface Profile {
  readonly url: string;
  /** PEM of the authority that the service's certificate comes from. */
  readonly authorityPem: string | undefined;
  readonly tenantId: string;
  readonly credential:
    | { readonly kind: 'application'; readonly clientId: string; readonly clientSecret: string }
    | {
        readonly kind: 'user';
        readonly userName: string;
        /** Spent by its use; the service gives a new one each time. */
        readonly refreshToken: string;
        readonly access?: AccessToken;
      };
  /** What commands fall back to where they name no workspace. */
  readonly workspace: string | undefined;
  readonly subscriptionId: string | undefined;
  readonly resourceGroup: string | undefined;
  /** For `send`: the rule and stream of the default workspace. */
  readonly rule: string | undefined;
  readonly stream: string | undefined;
  /** Where it was read from, for messages. */
  readonly source: string;
}

export interface ProfileSources {
  readonly fs: Fs;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /** `--data`: the service's data directory, for its bootstrap.json. */
  readonly data?: string;
  readonly url?: string;
  readonly caFile?: string;
}

/** The file that `strongroom login` writes, 0600. */
export function loginFile(environment: ProfileSources['environment']): string {
  const home = environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? '/root', '.config');
  return join(home, 'strongroom', 'login.json');
}

/**
 * Finds the profile: the environment, then `--data`, then a sign-in, then `./data/bootstrap.json`.
 * Throws `CLI_NOT_SIGNED_IN` where there is none.
 */
export async function findProfile(sources: ProfileSources): Promise<Profile> {
  const fromEnvironment = await environmentProfile(sources);
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (sources.data !== undefined) {
    const named = await bootstrapProfile(sources, sources.data);
    if (named !== undefined) return named;
    throw cliError('CLI_NOT_SIGNED_IN', `There is no bootstrap.json in ${sources.data}.`, {
      hint: 'The service writes it while it listens on loopback. Else sign in: `strongroom login`.',
    });
  }
  const signedIn = await loginProfile(sources);
  if (signedIn !== undefined) return signedIn;
  const beside = await bootstrapProfile(sources, join(sources.workingDirectory, 'data'));
  if (beside !== undefined) return beside;
  throw cliError('CLI_NOT_SIGNED_IN', 'No service is known to this client.', {
    hint:
      'Run it where `npm start` ran, name its data directory with --data DIR, sign in with ' +
      '`strongroom login --url https://HOST:PORT`, or set STRONGROOM_URL, STRONGROOM_TENANT_ID, ' +
      'STRONGROOM_CLIENT_ID, STRONGROOM_CLIENT_SECRET and STRONGROOM_CA_FILE.',
  });
}

async function environmentProfile(sources: ProfileSources): Promise<Profile | undefined> {
  const read = (name: string): string | undefined => sources.environment[`STRONGROOM_${name}`];
  const [clientId, clientSecret] = [read('CLIENT_ID'), read('CLIENT_SECRET')];
  const url = sources.url ?? read('URL');
  if (clientId === undefined || clientSecret === undefined || url === undefined) return undefined;
  const tenantId = read('TENANT_ID');
  if (tenantId === undefined) throw cliError('CLI_USAGE', 'STRONGROOM_TENANT_ID is not set.');
  const caFile = sources.caFile ?? read('CA_FILE');
  return {
    url,
    authorityPem: caFile === undefined ? undefined : fromUtf8(await sources.fs.readFile(caFile)),
    tenantId,
    credential: { kind: 'application', clientId, clientSecret },
    workspace: read('WORKSPACE'),
    subscriptionId: undefined,
    resourceGroup: undefined,
    rule: undefined,
    stream: undefined,
    source: 'the environment',
  };
}

async function readRecord(fs: Fs, path: string): Promise<Map<string, string> | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await fs.readFile(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw cliError('CLI_USAGE', `${path} cannot be read.`, { cause: error });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw cliError('CLI_USAGE', `${path} is not JSON.`, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  return new Map(
    Object.entries(parsed).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}

async function bootstrapProfile(
  sources: ProfileSources,
  directory: string,
): Promise<Profile | undefined> {
  const path = join(directory, 'bootstrap.json');
  const record = await readRecord(sources.fs, path);
  if (record === undefined) return undefined;
  const need = (name: string): string => {
    const value = record.get(name);
    if (value === undefined) throw cliError('CLI_USAGE', `${path} has no ${name}.`);
    return value;
  };
  return {
    url: sources.url ?? need('url'),
    authorityPem: fromUtf8(await sources.fs.readFile(sources.caFile ?? need('caFile'))),
    tenantId: need('tenantId'),
    credential: {
      kind: 'application',
      clientId: need('clientId'),
      clientSecret: need('clientSecret'),
    },
    workspace: need('workspaceId'),
    subscriptionId: need('subscriptionId'),
    resourceGroup: need('resourceGroup'),
    rule: need('dcrImmutableId'),
    stream: need('streamName'),
    source: path,
  };
}

/** The sign-in of this account, if there is one. */
export async function loginProfile(sources: ProfileSources): Promise<Profile | undefined> {
  const path = loginFile(sources.environment);
  const record = await readRecord(sources.fs, path);
  const [url, tenantId] = [record?.get('url'), record?.get('tenantId')];
  const [userName, refreshToken] = [record?.get('userName'), record?.get('refreshToken')];
  if (url === undefined || tenantId === undefined) return undefined;
  if (userName === undefined || refreshToken === undefined) return undefined;
  const [value, endsAt] = [record?.get('accessToken'), Number(record?.get('accessTokenEndsAt'))];
  const access =
    value === undefined || !Number.isFinite(endsAt) ? {} : { access: { value, endsAt } };
  return {
    url: sources.url ?? url,
    authorityPem: record?.get('authorityPem'),
    tenantId,
    credential: { kind: 'user', userName, refreshToken, ...access },
    workspace: record?.get('workspace'),
    subscriptionId: record?.get('subscriptionId'),
    resourceGroup: record?.get('resourceGroup'),
    rule: undefined,
    stream: undefined,
    source: path,
  };
}

/** Keeps a sign-in. Written whole and renamed, so that a reader never sees half of it. */
export async function storeLogin(
  fs: Fs,
  environment: ProfileSources['environment'],
  record: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const path = loginFile(environment);
  const directory = join(path, '..');
  await fs.makeDirectory(directory);
  const fresh = `${path}.new`;
  if ((await fs.stat(fresh)) !== undefined) await fs.remove(fresh);
  const file = await fs.open(fresh, 'create', 0o600);
  try {
    await file.write(0, utf8(`${JSON.stringify(record, null, 2)}\n`));
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(fresh, path);
  await fs.syncDirectory(directory);
  return path;
}

/** Forgets the sign-in. Returns whether there was one. */
export async function removeLogin(
  fs: Fs,
  environment: ProfileSources['environment'],
): Promise<boolean> {
  const path = loginFile(environment);
  if ((await fs.stat(path)) === undefined) return false;
  await fs.remove(path);
  return true;
}

/** How long a command waits for another one that renews the sign-in, and when its lock is stale. */
const lockWaitMs = 10_000;
const lockStaleMs = 30_000;

/**
 * Runs `act` while no other command of this account renews the sign-in: a refresh token that is used
 * twice ends the sign-in on the service.
 */
export async function withLoginLock<T>(
  ports: { readonly fs: Fs; readonly clock: Clock },
  environment: ProfileSources['environment'],
  act: () => Promise<T>,
): Promise<T> {
  const { fs, clock } = ports;
  const path = `${loginFile(environment)}.lock`;
  const until = clock.monotonicMs() + lockWaitMs;
  for (;;) {
    try {
      await (await fs.open(path, 'create', 0o600)).close();
      break;
    } catch (error) {
      if (!(error instanceof FsError) || error.code !== 'EEXIST') throw error;
      const held = await fs.stat(path);
      const isStale = held !== undefined && clock.now() - held.modifiedMs > lockStaleMs;
      if (isStale) await fs.remove(path).catch(() => undefined);
      else if (clock.monotonicMs() > until) {
        throw cliError('CLI_FAILED', 'Another command renews the sign-in and does not end.', {
          hint: `Remove ${path} if none runs.`,
        });
      } else await clock.sleep(50);
    }
  }
  try {
    return await act();
  } finally {
    await fs.remove(path).catch(() => undefined);
  }
}
