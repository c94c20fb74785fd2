import { StrongroomError, isGuid, workspaceId as readWorkspaceId } from '@strongroom/base';
import type { Authority } from '@strongroom/keys';
import type { Access, Action } from '../access/access.js';
import type { Principal } from '../access/principal.js';
import { audited, authorise } from '../arm/context.js';
import { invalid, readList, readOptionalObject, readText } from '../arm/fields.js';
import type { Audit } from '../audit/audit.js';
import type { Catalog } from '../catalog/open-catalog.js';
import type { Json, StoredWorkspace } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Handler, Incoming, Outgoing } from '../http/request.js';
import type { Authenticator } from '../identity/authenticator.js';
import type { Locks } from '../locks/locks.js';
import type { KeyActor, KeyControl, RotatedPart } from './key-control.js';

export interface KeyApiOptions {
  readonly keys: KeyControl;
  readonly catalog: Catalog;
  readonly access: Access;
  readonly audit: Audit;
  readonly locks: Locks;
  readonly authenticator: Authenticator;
  readonly authority: Authority;
}

const readKeys: Action = 'Microsoft.Strongroom/keys/read';
const writeKeys: Action = 'Microsoft.Strongroom/keys/write';
const parts: readonly RotatedPart[] = ['workspace', 'disk'];

/**
 * `/api/authority`, `/api/keys` and `/api/workspaces/ID/keys`: what lies under which key, and replacing them. A
 * workspace's owner may replace its keys; the root key is the service's.
 */
export function createKeyApi(options: KeyApiOptions): Handler {
  const { keys, catalog, authenticator, locks } = options;
  return async (request) => {
    const [first, second, ...rest] = request.path.segments.map((part) => part.toLowerCase());
    if (first !== 'api') return undefined;
    if (second === 'authority' && rest.length === 0) return showAuthority(request);
    if (second === 'keys') return serviceKeys(request, rest.join('/'));
    if (second !== 'workspaces' || rest[1] !== 'keys') return undefined;
    return workspaceKeys(request, rest[0] ?? '', rest.slice(2).join('/'));
  };

  /** What clients trust: whoever may ask at all keeps it, and follows a replaced authority in time. */
  async function showAuthority(request: Incoming): Promise<Outgoing | undefined> {
    if (request.method !== 'GET') return undefined;
    await authenticator.authenticate(request, 'portal');
    const headers = { 'content-type': 'application/x-pem-file' };
    return { status: 200, headers, body: options.authority.certificatePem };
  }

  async function serviceKeys(request: Incoming, what: string): Promise<Outgoing | undefined> {
    const principal = await authenticator.authenticate(request, 'portal');
    const call = { request, principal };
    if (what === '' && request.method === 'GET') {
      await authorise(options, call, readKeys, '/');
      return jsonAnswer(200, toJson(await keys.serviceStatus()));
    }
    const acts: Readonly<Record<string, () => Promise<unknown>>> = {
      'root/rotate': () => keys.rotateRoot(),
      'root/prune': () => keys.pruneRoot(),
      'signing/rotate': () => keys.rotateService('signing', actorOf(call)),
      'ca/rotate': () => keys.rotateService('ca', actorOf(call)),
      'ca/prune': () => keys.dropAuthority(actorOf(call)),
    };
    const act = Object.hasOwn(acts, what) ? acts[what] : undefined;
    if (act === undefined || request.method !== 'POST') return undefined;
    await authorise(options, call, writeKeys, '/');
    await audited(
      options,
      call,
      { operation: writeKeys, target: '/', properties: { act: what } },
      () => told(act()),
    );
    return jsonAnswer(200, toJson(await keys.serviceStatus()));
  }

  async function workspaceKeys(
    request: Incoming,
    id: string,
    what: string,
  ): Promise<Outgoing | undefined> {
    const principal = await authenticator.authenticate(request, 'portal');
    const call = { request, principal };
    const workspace = isGuid(id) ? catalog.workspace(readWorkspaceId(id)) : undefined;
    const scope = workspace?.resourceKey ?? '/';
    if (what === '' && request.method === 'GET') {
      await authorise(options, call, readKeys, scope);
      const found = existing(workspace);
      return jsonAnswer(200, toJson(await told(keys.workspaceStatus(found.workspaceId))));
    }
    if ((what !== 'rotate' && what !== 'destroy') || request.method !== 'POST') return undefined;
    await authorise(options, call, writeKeys, scope);
    const found = existing(workspace);
    const body = readOptionalObject(await readJsonBody(request), 'body');
    const target = { target: found.resourceKey, workspaceId: found.workspaceId };
    if (what === 'destroy') {
      locks.assertNone(found.resourceKey, 'destroyKey');
      const confirm = readText(body['confirm'], 'confirm');
      if (confirm !== found.name) throw invalid('confirm', 'It must be the workspace’s name.');
      const certificate = await audited(
        options,
        call,
        { operation: writeKeys, target: target.target, properties: { act: 'destroy' } },
        () => told(keys.destroy(found.workspaceId, actorOf(call))),
      );
      return jsonAnswer(200, { certificate });
    }
    const chosen = readParts(body['parts']);
    await audited(
      options,
      call,
      { operation: writeKeys, ...target, properties: { act: 'rotate', parts: chosen.join(',') } },
      () => told(keys.rotate(found.workspaceId, chosen, actorOf(call))),
    );
    return jsonAnswer(202, toJson(await keys.workspaceStatus(found.workspaceId)));
  }
}

const existing = (workspace: StoredWorkspace | undefined): StoredWorkspace => {
  if (workspace !== undefined) return workspace;
  throw new HttpError(404, 'ResourceNotFound', 'There is no such workspace.');
};

function readParts(value: Json | undefined): readonly RotatedPart[] {
  if (value === undefined || value === null) return parts;
  return readList(value, 'parts', parts.length).map((each) => {
    const known = parts.find((part) => part === each);
    if (known === undefined) throw invalid('parts', `Parts are ${parts.join(' and ')}.`);
    return known;
  });
}

const actorOf = ({
  request,
  principal,
}: {
  request: Incoming;
  principal: Principal;
}): KeyActor => ({
  actor: { kind: principal.kind, id: principal.id, name: principal.name },
  ...(request.correlationId === undefined ? {} : { correlationId: request.correlationId }),
});

/** Failures of keys as the caller is told. */
async function told<T>(act: Promise<T>): Promise<T> {
  try {
    return await act;
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    const status = conflicts.has(error.code) ? 409 : unreachable.has(error.code) ? 503 : undefined;
    if (status === undefined) throw error;
    throw new HttpError(status, error.code, error.message, { cause: error });
  }
}
const conflicts = new Set([
  'WORKSPACE_KEY_AWAY',
  'KEYS_CHANGED',
  'KEYS_ROTATING',
  'KEYS_REVOKED',
  'KEYS_NOT_SUPPORTED',
  'KEYS_PASSPHRASE',
]);
const unreachable = new Set(['KEYS_UNREACHABLE']);

const toJson = (value: object): Json => JSON.parse(JSON.stringify(value)) as Json;
