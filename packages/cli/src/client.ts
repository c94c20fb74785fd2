import type { Clock, Fs, Random } from '@strongroom/base';
import { portalPaths } from '@strongroom/api';
import type { ValueList, WorkspaceSummary } from '@strongroom/api';
import { openConnection, readJson } from './connection.js';
import type { ClientResponse, Connection } from './connection.js';
import { cliError } from './errors.js';
import { findProfile, storeLogin } from './profile.js';
import type { Profile, ProfileSources } from './profile.js';
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

/** Finds the profile and signs in with it. */
export async function openClient(
  sources: ProfileSources,
  ports: { readonly clock: Clock; readonly random: Random; readonly fs: Fs },
): Promise<Client> {
  const profile = await findProfile(sources);
  const connection = openConnection(profile.url, profile.authorityPem);
  let token: { value: string; until: number } | undefined;

  const authorization = async (): Promise<string> => {
    if (token === undefined || ports.clock.monotonicMs() > token.until) {
      const fresh = await signIn();
      const lifeMs = Math.max(fresh.expiresInSeconds - 60, 1) * 1000;
      token = { value: fresh.accessToken, until: ports.clock.monotonicMs() + lifeMs };
    }
    return `Bearer ${token.value}`;
  };
  const signIn = async (): Promise<{ accessToken: string; expiresInSeconds: number }> => {
    const { credential } = profile;
    if (credential.kind === 'application') {
      return applicationToken(connection, { ...profile, credential });
    }
    const fresh = await refresh(connection, credential.refreshToken);
    // The service gives a new refresh token for each one used; the old one is spent.
    await storeLogin(ports.fs, sources.environment, {
      url: profile.url,
      authorityPem: profile.authorityPem,
      tenantId: profile.tenantId,
      userName: credential.userName,
      refreshToken: fresh.refreshToken,
      workspace: profile.workspace,
      subscriptionId: profile.subscriptionId,
      resourceGroup: profile.resourceGroup,
    });
    return fresh;
  };
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
