import { fromUtf8 } from '@strongroom/base';
import type { Clock, Fs, Random } from '@strongroom/base';
import { portalPaths } from '@strongroom/api';
import type { ValueList, WorkspaceSummary } from '@strongroom/api';
import { openConnection, readJson } from './connection.js';
import type { ClientResponse, Connection } from './connection.js';
import { cliError } from './errors.js';
import { findProfile, loginProfile, storeLogin, withLoginLock } from './profile.js';
import type { AccessToken, Profile, ProfileSources } from './profile.js';
import { applicationToken, refresh } from './sign-in.js';

/** A signed-in client of one service. */
export interface Client {
  readonly profile: Profile;
  readonly connection: Connection;
  get(path: string): Promise<unknown>;
  /** Sends JSON; resolves with the answer's JSON, `undefined` where it has none. */
  send(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Sends bytes as they are and returns the answer whatever its status. */
  exchange(request: {
    method: string;
    path: string;
    headers?: Record<string, string>;
    body?: string | Uint8Array;
    timeoutMs?: number;
  }): Promise<ClientResponse>;
  close(): void;
}

/** A token that ends sooner is renewed first. */
const freshMs = 60_000;

/** Finds the profile and signs in with it. */
export async function openClient(
  sources: ProfileSources,
  ports: { readonly clock: Clock; readonly random: Random; readonly fs: Fs },
): Promise<Client> {
  const profile = await findProfile(sources);
  const connection = openConnection(profile.url, profile.authorityPem);
  const { clock, fs } = ports;
  let token: AccessToken | undefined =
    profile.credential.kind === 'user' ? profile.credential.access : undefined;
  let renewing: Promise<AccessToken> | undefined;

  const isFresh = (of: AccessToken | undefined): of is AccessToken =>
    of !== undefined && of.endsAt - clock.now() > freshMs;

  const authorization = async (): Promise<string> => {
    if (!isFresh(token)) {
      renewing ??= signIn().finally(() => {
        renewing = undefined;
      });
      token = await renewing;
    }
    return `Bearer ${token.value}`;
  };
  const signIn = async (): Promise<AccessToken> => {
    const { credential } = profile;
    if (credential.kind === 'user') return renewSignIn(credential);
    const made = await applicationToken(connection, { ...profile, credential });
    return { value: made.accessToken, endsAt: clock.now() + made.expiresInSeconds * 1000 };
  };
  const renewSignIn = (known: { userName: string; refreshToken: string }): Promise<AccessToken> =>
    withLoginLock(ports, sources.environment, async () => {
      // Another command may have renewed it while this one waited.
      const stored = (await loginProfile(sources))?.credential;
      const newest = stored?.kind === 'user' ? stored : { ...known, access: undefined };
      if (isFresh(newest.access)) return newest.access;
      const fresh = await refresh(connection, newest.refreshToken);
      const made = {
        value: fresh.accessToken,
        endsAt: clock.now() + fresh.expiresInSeconds * 1000,
      };
      await storeLogin(fs, sources.environment, {
        url: profile.url,
        authorityPem: await newestAuthority(connection, made.value, profile.authorityPem),
        tenantId: profile.tenantId,
        userName: newest.userName,
        refreshToken: fresh.refreshToken,
        accessToken: made.value,
        accessTokenEndsAt: String(made.endsAt),
        workspace: profile.workspace,
        subscriptionId: profile.subscriptionId,
        resourceGroup: profile.resourceGroup,
      });
      return made;
    });
  const exchange: Client['exchange'] = async (request) =>
    connection.send({
      ...request,
      headers: {
        accept: 'application/json',
        'x-ms-client-request-id': ports.random.uuid(),
        ...request.headers,
        authorization: await authorization(),
      },
    });
  const send: Client['send'] = async (method, path, body) =>
    readJson(
      await exchange({
        method,
        path,
        ...(body === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      }),
    );
  return {
    profile,
    connection,
    get: (path) => send('GET', path),
    send,
    exchange,
    close: () => connection.close(),
  };
}

/** All workspaces that the caller sees. */
export async function listWorkspaces(client: Client): Promise<readonly WorkspaceSummary[]> {
  const list = (await client.get(portalPaths.workspaces)) as ValueList<WorkspaceSummary>;
  return list.value;
}

/** The workspace that a command means: by name, GUID or resource id; else the profile's, else the only one. */
export async function findWorkspace(
  client: Client,
  named: string | undefined,
): Promise<WorkspaceSummary> {
  const wanted = named ?? client.profile.workspace;
  const all = await listWorkspaces(client);
  if (wanted === undefined) {
    const [only] = all;
    if (all.length === 1 && only !== undefined) return only;
    throw cliError('CLI_USAGE', 'Which workspace? Name it with --workspace.', {
      hint: `There are: ${all.map(({ name }) => name).join(', ') || 'none that you may see'}.`,
    });
  }
  const key = wanted.toLowerCase();
  const found = all.filter(
    ({ name, workspaceId, resourceId }) =>
      name.toLowerCase() === key ||
      workspaceId.toLowerCase() === key ||
      resourceId.toLowerCase() === key,
  );
  const [first] = found;
  if (first === undefined) {
    throw cliError('CLI_NOT_FOUND', `There is no workspace ${wanted} that you may see.`);
  }
  if (found.length > 1) {
    throw cliError('CLI_USAGE', `Several workspaces are called ${wanted}; use the GUID.`);
  }
  return first;
}

/**
 * The authority's certificates as the service has them now, over a connection that those which are kept
 * vouch for: so a replaced authority is followed while both of its keys count.
 */
async function newestAuthority(
  connection: Connection,
  token: string,
  kept: string | undefined,
): Promise<string | undefined> {
  if (kept === undefined) return undefined;
  const answer = await connection.send({
    method: 'GET',
    path: portalPaths.authority,
    headers: { authorization: `Bearer ${token}` },
  });
  const pem = fromUtf8(answer.body);
  return answer.status === 200 && pem.includes('BEGIN CERTIFICATE') ? pem : kept;
}
