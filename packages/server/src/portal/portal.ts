import { X509Certificate } from 'node:crypto';
import { newEnrollmentKeyRequest } from '@strongroom/api';
import type {
  ServiceStatus,
  SessionInformation,
  UserSummary,
  WorkspaceSummary,
} from '@strongroom/api';
import {
  isGuid,
  principalId as readPrincipalId,
  workspaceId as readWorkspaceId,
} from '@strongroom/base';
import type { Clock, Random } from '@strongroom/base';
import type { Authority } from '@strongroom/keys';
import type { Access, Action } from '../access/access.js';
import type { Principal } from '../access/principal.js';
import type { AgentDirectory } from '../agents/agent-directory.js';
import {
  createEnrollmentKey,
  keyNotFound,
  regenerateEnrollmentKey,
  revokeEnrollmentKey,
  showNewKey,
  summarizeKey,
} from '../agents/enrollment-keys.js';
import { audited, authorise } from '../arm/context.js';
import { invalid, readInteger, readObject, readOptionalText, readText } from '../arm/fields.js';
import { refuseLastAdministrator } from '../arm/role-assignments.js';
import { checkGroup, createWorkspace, namePattern, readLocation } from '../arm/workspaces.js';
import type { Audit } from '../audit/audit.js';
import type { Backups } from '../backup/backups.js';
import type { Catalog } from '../catalog/open-catalog.js';
import type { Json, StoredApplication, StoredUser, StoredWorkspace } from '../catalog/records.js';
import type { Snapshot } from '../catalog/snapshot.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import { readSchema } from '../http/read-schema.js';
import type { Handler, Incoming, Outgoing } from '../http/request.js';
import type { Authenticator } from '../identity/authenticator.js';
import type { CheckPassword } from '../identity/password-check.js';
import { newPassword, passwordProblem } from '../identity/passwords.js';
import type { Passwords } from '../identity/passwords.js';
import { newSecret, secretHash } from '../identity/secrets.js';
import type { Sessions } from '../identity/sessions.js';
import type { Locks } from '../locks/locks.js';
import { refuseLocked } from '../locks/refuse-locked.js';
import type { Workspaces } from '../workspaces/workspace.js';
import { proveConsistency, proveOverHttp } from './proofs.js';

export interface PortalOptions {
  readonly catalog: Catalog;
  readonly access: Access;
  readonly audit: Audit;
  readonly workspaces: Workspaces;
  readonly locks: Locks;
  readonly authenticator: Authenticator;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly checkPassword: CheckPassword;
  readonly agents: AgentDirectory;
  readonly backups: Backups;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly random: Random;
  readonly subscriptionId: string;
  /** Where a convenience `POST /api/workspaces` without a group creates. */
  readonly resourceGroup: string;
  readonly regions: readonly string[];
  readonly version: string;
}

interface Call {
  readonly request: Incoming;
  readonly principal: Principal;
  /** Segments below `/api`, as they came. */
  readonly rest: readonly string[];
}

const users = 'Microsoft.Strongroom/users';
const agentActions = 'Microsoft.OperationalInsights/workspaces/agents';
const workspaceActions = 'Microsoft.OperationalInsights/workspaces';
const dayMs = 86_400_000;

/** `/api/…`: what the portal and the command line ask beside ARM and queries. */
export function createPortal(options: PortalOptions): Handler {
  const { catalog, access, authenticator, clock, random, sessions, passwords } = options;
  const startedAt = new Date(clock.now()).toISOString();

  const routes: readonly (readonly [string, string, (call: Call) => Promise<Outgoing>])[] = [
    ['GET', 'session', showSession],
    ['GET', 'status', showStatus],
    ['GET', 'workspaces', listWorkspaces],
    ['POST', 'workspaces', makeWorkspace],
    ['GET', 'backups', showBackups],
    ['POST', 'backups', takeBackup],
    ['GET', 'users', listUsers],
    ['POST', 'users', makeUser],
    ['PATCH', 'users/:', changeUser],
    ['DELETE', 'users/:', removeUser],
    ['GET', 'applications', listApplications],
    ['POST', 'applications', makeApplication],
    ['DELETE', 'applications/:', removeApplication],
    ['POST', 'applications/:/secret', renewSecret],
    ['POST', 'me/password', changeOwnPassword],
    ['GET', 'workspaces/:/agents', listAgents],
    ['POST', 'workspaces/:/agents/:/revoke', revokeAgent],
    ['GET', 'workspaces/:/enrollmentkeys', listKeys],
    ['POST', 'workspaces/:/enrollmentkeys', makeKey],
    ['DELETE', 'workspaces/:/enrollmentkeys/:', revokeKey],
    ['POST', 'workspaces/:/enrollmentkeys/:/regenerate', regenerateKey],
    ['GET', 'workspaces/:/checkpoint', showCheckpoint],
    ['GET', 'workspaces/:/publickey', showPublicKey],
    ['GET', 'workspaces/:/consistency', showConsistency],
    ['GET', 'workspaces/:/handovers', showHandOvers],
    ['GET', 'workspaces/:/epoch', showEpoch],
    ['GET', 'workspaces/:/epoch/approval', showEpochApproval],
    ['POST', 'workspaces/:/epoch/approval', approveEpoch],
    ['GET', 'workspaces/:/proof', showProof],
    ['POST', 'workspaces/:/proof', showProof],
  ];

  return async (request) => {
    const [first, ...rest] = request.path.segments;
    // `/api/logs` is the Data Collector's path, not ours.
    if (first?.toLowerCase() !== 'api' || rest[0]?.toLowerCase() === 'logs') return undefined;
    const principal = await authenticator.authenticate(request, 'portal');
    let methods = '';
    for (const [method, pattern, run] of routes) {
      if (!matches(pattern, rest)) continue;
      if (method === request.method) {
        await refuseLockedHere(request, principal, rest);
        return run({ request, principal, rest });
      }
      methods += `${methods === '' ? '' : ', '}${method}`;
    }
    if (methods === '') return undefined;
    throw new HttpError(405, 'MethodNotAllowed', `Allowed here: ${methods}.`, {
      headers: { allow: methods },
    });
  };

  /**
   * Locks hold here as on ARM's paths. Ending an agent's or an enrolment key's access is let
   * through: a lock must not keep a stranger in.
   */
  async function refuseLockedHere(
    request: Incoming,
    principal: Principal,
    rest: readonly string[],
  ): Promise<void> {
    const [first, id, ...below] = rest.map((part) => part.toLowerCase());
    if (first !== 'workspaces') return;
    const ends = below.at(-1) === 'revoke' || request.method === 'DELETE';
    if (ends && (below[0] === 'agents' || below[0] === 'enrollmentkeys')) return;
    const workspace =
      id !== undefined && isGuid(id) ? catalog.workspace(readWorkspaceId(id)) : undefined;
    const scopeKey =
      workspace === undefined
        ? `/subscriptions/${options.subscriptionId}/resourcegroups/${options.resourceGroup}`.toLowerCase()
        : [workspace.resourceKey, ...below].join('/');
    await refuseLocked(options, { request, principal, scopeKey });
  }

  async function showSession({ request, principal }: Call): Promise<Outgoing> {
    const user = catalog.snapshot.users.get(principal.id);
    const found = authenticator.session(request);
    const body: SessionInformation = {
      user: {
        id: principal.id,
        name: principal.name,
        displayName: user?.displayName ?? principal.name,
      },
      csrfToken: principal.proof === 'session' ? (found?.session.csrfToken ?? '') : '',
      idleTimeoutSeconds: Math.round(sessions.idleTimeoutMs / 1000),
      isAdministrator: access.allows(principal, `${users}/write`, '/'),
    };
    return jsonAnswer(200, body);
  }

  function isReadable(principal: Principal, { resourceKey }: StoredWorkspace): boolean {
    return access.allows(principal, `${workspaceActions}/read`, resourceKey);
  }

  async function showStatus({ principal }: Call): Promise<Outgoing> {
    const visible = new Set(
      catalog
        .workspaces()
        .filter((workspace) => isReadable(principal, workspace))
        .map(({ workspaceId }) => String(workspaceId)),
    );
    const body: ServiceStatus = {
      version: options.version,
      startedAt,
      region: options.regions[0] ?? '',
      workspaces: options.workspaces
        .statuses()
        .filter(({ workspaceId }) => visible.has(workspaceId)),
    };
    return jsonAnswer(200, body);
  }

  function summarizeWorkspace(principal: Principal, workspace: StoredWorkspace): WorkspaceSummary {
    return {
      workspaceId: workspace.workspaceId,
      name: workspace.name,
      resourceId: workspace.resourceId,
      resourceGroup: workspace.resourceGroup,
      subscriptionId: workspace.subscriptionId,
      region: workspace.region,
      roles: access.rolesAt(principal, workspace.resourceKey),
    };
  }

  async function listWorkspaces({ principal }: Call): Promise<Outgoing> {
    const value = catalog
      .workspaces()
      .filter((workspace) => isReadable(principal, workspace))
      .map((workspace) => summarizeWorkspace(principal, workspace));
    return jsonAnswer(200, { value });
  }

  async function makeWorkspace(call: Call): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const name = readText(body['name'], 'name', { charsMax: 63, pattern: namePattern });
    const resourceGroup =
      readOptionalText(body['resourceGroup'], 'resourceGroup') ?? options.resourceGroup;
    checkGroup(resourceGroup);
    const key =
      `/subscriptions/${options.subscriptionId}/resourcegroups/${resourceGroup}/providers/microsoft.operationalinsights/workspaces/${name}`.toLowerCase();
    await authorise(options, call, `${workspaceActions}/create/action`, key);
    const region = readLocation(
      { location: body['region'] ?? options.regions[0] ?? '' },
      options.regions,
    );
    const made = await audited(
      options,
      call,
      {
        operation: `${workspaceActions}/write`,
        target: key,
        outcomeIn: (workspace: StoredWorkspace) => workspace.workspaceId,
      },
      () =>
        createWorkspace(options, {
          name,
          resourceGroup,
          region,
          tags: {},
          properties: {},
          owner: call.principal,
        }),
    );
    return jsonAnswer(201, summarizeWorkspace(call.principal, made));
  }

  // Backups

  async function showBackups(call: Call): Promise<Outgoing> {
    await authorise(options, call, 'Microsoft.Strongroom/service/read', '/');
    return jsonAnswer(200, options.backups.state());
  }

  async function takeBackup(call: Call): Promise<Outgoing> {
    const operation = 'Microsoft.Strongroom/service/write';
    await authorise(options, call, operation, '/');
    const { destinations } = options.backups.state();
    if (destinations.length === 0) {
      throw new HttpError(
        409,
        'BackupNotConfigured',
        'No directory for backups is set. Start the service with --backup DIR.',
      );
    }
    const properties = { backups: destinations.join(' ') };
    const state = await audited(options, call, { operation, target: '/', properties }, () =>
      Promise.resolve(options.backups.start()),
    );
    return jsonAnswer(202, state);
  }

  // Users

  /** Administrators, and people who give roles in some workspace and so need to find users. */
  async function authoriseUsersRead(call: Call): Promise<void> {
    const grants =
      call.principal.kind === 'User' &&
      catalog
        .workspaces()
        .some(({ resourceKey }) =>
          access.allows(
            call.principal,
            'Microsoft.Authorization/roleAssignments/write',
            resourceKey,
          ),
        );
    if (!grants) await authorise(options, call, `${users}/read`, '/');
  }

  async function listUsers(call: Call): Promise<Outgoing> {
    await authoriseUsersRead(call);
    return jsonAnswer(200, { value: [...catalog.snapshot.users.values()].map(summarizeUser) });
  }

  async function makeUser(call: Call): Promise<Outgoing> {
    await authorise(options, call, `${users}/write`, '/');
    const body = readObject(await readJsonBody(call.request));
    const userName = readText(body['userName'], 'userName', {
      charsMax: 128,
      pattern: /^[\p{L}\p{N}][\p{L}\p{N}._@+-]*$/u,
    });
    const displayName =
      readOptionalText(body['displayName'], 'displayName', { charsMax: 256 }) ?? userName;
    const wanted = readOptionalText(body['password'], 'password', { charsMax: 1_024 });
    if (wanted !== undefined) checkNewPassword(wanted, userName);
    const initialPassword = wanted ?? newPassword(random);
    const passwordHash = await passwords.hash(initialPassword);
    const now = clock.now();
    const user: StoredUser = {
      id: readPrincipalId(random.uuid()),
      userName,
      displayName,
      passwordHash,
      disabled: false,
      createdAt: now,
      passwordChangedAt: now,
      validAfter: now,
    };
    await audited(
      options,
      call,
      { operation: `${users}/write`, target: user.id, properties: { userName } },
      () =>
        catalog.change(async (write, snapshot) => {
          if (snapshot.usersByName.has(userName.toLowerCase())) {
            throw new HttpError(409, 'UserExists', `There is a user named ${userName} already.`);
          }
          await write.putUser(user);
        }),
    );
    return jsonAnswer(201, {
      ...summarizeUser(user),
      ...(wanted === undefined ? { initialPassword } : {}),
    });
  }

  function findUser(snapshot: Snapshot, text: string | undefined): StoredUser {
    const user =
      text !== undefined && isGuid(text) ? snapshot.users.get(readPrincipalId(text)) : undefined;
    if (user === undefined) throw new HttpError(404, 'UserNotFound', 'There is no such user.');
    return user;
  }

  async function changeUser(call: Call): Promise<Outgoing> {
    await authorise(options, call, `${users}/write`, '/');
    const { id } = findUser(catalog.snapshot, call.rest[1]);
    const body = readObject(await readJsonBody(call.request));
    const { disabled, resetPassword } = body;
    for (const [name, value] of Object.entries({ disabled, resetPassword })) {
      if (value !== undefined && typeof value !== 'boolean') {
        throw invalid(name, `'${name}' must be true or false.`);
      }
    }
    const displayName = readOptionalText(body['displayName'], 'displayName', { charsMax: 256 });
    const initialPassword = resetPassword === true ? newPassword(random) : undefined;
    const passwordHash =
      initialPassword === undefined ? undefined : await passwords.hash(initialPassword);
    const now = clock.now();
    const after = await audited(
      options,
      call,
      {
        operation: `${users}/write`,
        target: id,
        properties: {
          ...(typeof disabled === 'boolean' ? { disabled } : {}),
          passwordReset: initialPassword !== undefined,
        },
      },
      () =>
        catalog.change(async (write, snapshot) => {
          const before = findUser(snapshot, id);
          if (disabled === true) refuseLastAdministratorOf(snapshot, before);
          const ends = disabled === true || passwordHash !== undefined;
          const user: StoredUser = {
            ...before,
            ...(typeof disabled === 'boolean' ? { disabled } : {}),
            ...(displayName === undefined ? {} : { displayName }),
            ...(passwordHash === undefined ? {} : { passwordHash, passwordChangedAt: now }),
            validAfter: ends ? now : before.validAfter,
          };
          await write.putUser(user);
          return user;
        }),
    );
    if (disabled === true || initialPassword !== undefined) sessions.endAllOf(id);
    return jsonAnswer(200, {
      ...summarizeUser(after),
      ...(initialPassword === undefined ? {} : { initialPassword }),
    });
  }

  async function removeUser(call: Call): Promise<Outgoing> {
    await authorise(options, call, `${users}/write`, '/');
    const { id } = findUser(catalog.snapshot, call.rest[1]);
    await audited(
      options,
      call,
      { operation: `${users}/write`, target: id, properties: { removed: true } },
      () =>
        catalog.change(async (write, snapshot) => {
          refuseLastAdministratorOf(snapshot, findUser(snapshot, id));
          await write.removeUser(id);
        }),
    );
    sessions.endAllOf(id);
    return { status: 204 };
  }

  async function changeOwnPassword(call: Call): Promise<Outgoing> {
    const { request, principal } = call;
    const user = catalog.snapshot.users.get(principal.id);
    if (user === undefined) {
      throw new HttpError(403, 'NotAUser', 'Only users have passwords.');
    }
    const body = readObject(await readJsonBody(request));
    const current = readText(body['currentPassword'], 'currentPassword');
    const next = readText(body['newPassword'], 'newPassword');
    const verdict = await options.checkPassword({
      userName: user.userName,
      password: current,
      callerIp: request.callerIp,
      correlationId: request.correlationId,
      operation: 'Microsoft.Strongroom/password/write',
    });
    if ('refused' in verdict) {
      if (verdict.refused === 'wait') {
        throw new HttpError(429, 'TooManyRequests', 'Too many attempts. Try again later.', {
          headers: { 'retry-after': String(verdict.seconds) },
        });
      }
      throw new HttpError(403, 'WrongPassword', 'The current password is wrong.');
    }
    checkNewPassword(next, user.userName);
    const passwordHash = await passwords.hash(next);
    const now = clock.now();
    await audited(options, call, { operation: `${users}/write`, target: user.id }, () =>
      catalog.change(async (write, snapshot) => {
        const before = findUser(snapshot, user.id);
        await write.putUser({ ...before, passwordHash, passwordChangedAt: now, validAfter: now });
      }),
    );
    // Whoever knew the old password is out, this browser as well: it signs in with the new one.
    sessions.endAllOf(user.id);
    return { status: 204 };
  }

  // Applications

  async function listApplications(call: Call): Promise<Outgoing> {
    await authorise(options, call, `${users}/read`, '/');
    const { snapshot } = catalog;
    const value = [...snapshot.applications.values()].map((application) => {
      const until = (snapshot.credentials.get(application.clientId) ?? []).map(
        ({ expiresAt }) => expiresAt,
      );
      return {
        ...summarizeApplication(application),
        secretExpiresAt: until.length === 0 ? null : new Date(Math.max(...until)).toISOString(),
      };
    });
    return jsonAnswer(200, { value });
  }

  async function makeApplication(call: Call): Promise<Outgoing> {
    await authorise(options, call, `${users}/write`, '/');
    const body = readObject(await readJsonBody(call.request));
    const displayName = readText(body['displayName'], 'displayName', { charsMax: 256 });
    const days = readDays(body);
    const certificate = readOptionalText(body['certificate'], 'certificate', { charsMax: 16_384 });
    if (certificate !== undefined && !isCertificate(certificate)) {
      throw invalid('certificate', "'certificate' must be one certificate as PEM.");
    }
    const clientSecret = newSecret(random, 'srs_');
    const now = clock.now();
    const expiresAt = now + days * dayMs;
    const application: StoredApplication = {
      clientId: random.uuid(),
      principalId: readPrincipalId(random.uuid()),
      displayName,
      disabled: false,
      createdAt: now,
    };
    await audited(
      options,
      call,
      { operation: `${users}/write`, target: application.clientId, properties: { displayName } },
      () =>
        catalog.change(async (write) => {
          await write.putApplication(application);
          await write.putCredential({
            id: random.uuid(),
            clientId: application.clientId,
            ...(certificate === undefined
              ? { kind: 'secret', verifier: secretHash(clientSecret) }
              : { kind: 'certificate', verifier: certificate }),
            createdAt: now,
            expiresAt,
          });
        }),
    );
    return jsonAnswer(201, {
      ...summarizeApplication(application),
      ...(certificate === undefined ? { clientSecret } : {}),
      secretExpiresAt: new Date(expiresAt).toISOString(),
    });
  }

  function findApplication(text: string | undefined): StoredApplication {
    const id = (text ?? '').toLowerCase();
    const { snapshot } = catalog;
    const found =
      snapshot.applications.get(id) ??
      (isGuid(id) ? snapshot.applicationsByPrincipal.get(readPrincipalId(id)) : undefined);
    if (found === undefined) {
      throw new HttpError(404, 'ApplicationNotFound', 'There is no such application.');
    }
    return found;
  }

  async function removeApplication(call: Call): Promise<Outgoing> {
    await authorise(options, call, `${users}/write`, '/');
    const found = findApplication(call.rest[1]);
    await audited(
      options,
      call,
      { operation: `${users}/write`, target: found.clientId, properties: { removed: true } },
      () => catalog.change((write) => write.removeApplication(found)),
    );
    return { status: 204 };
  }

  async function renewSecret(call: Call): Promise<Outgoing> {
    await authorise(options, call, `${users}/write`, '/');
    const found = findApplication(call.rest[1]);
    const days = readDays((await readJsonBody(call.request)) ?? {});
    const clientSecret = newSecret(random, 'srs_');
    const now = clock.now();
    const expiresAt = now + days * dayMs;
    await audited(
      options,
      call,
      { operation: `${users}/write`, target: found.clientId, properties: { secretRenewed: true } },
      () =>
        catalog.change(async (write) => {
          await write.removeCredentials(found.clientId);
          await write.putCredential({
            id: random.uuid(),
            clientId: found.clientId,
            kind: 'secret',
            verifier: secretHash(clientSecret),
            createdAt: now,
            expiresAt,
          });
        }),
    );
    return jsonAnswer(200, {
      ...summarizeApplication(found),
      clientSecret,
      secretExpiresAt: new Date(expiresAt).toISOString(),
    });
  }

  // Agents

  /** The path's workspace, for those who may do this in it. */
  async function workspaceOf(call: Call, action: Action): Promise<StoredWorkspace> {
    const text = call.rest[1] ?? '';
    const workspace = isGuid(text) ? catalog.workspace(readWorkspaceId(text)) : undefined;
    if (workspace === undefined) {
      // As for a workspace that exists but is not his: ids are not to be found by trying.
      await authorise(options, call, action, '/');
      throw new HttpError(404, 'WorkspaceNotFoundError', 'There is no such workspace.');
    }
    await authorise(options, call, action, workspace.resourceKey);
    return workspace;
  }

  async function listAgents(call: Call): Promise<Outgoing> {
    const { workspaceId } = await workspaceOf(call, `${agentActions}/read`);
    return jsonAnswer(200, { value: options.agents.summaries(workspaceId) });
  }

  async function revokeAgent(call: Call): Promise<Outgoing> {
    const { workspaceId } = await workspaceOf(call, `${agentActions}/write`);
    const agent = catalog.snapshot.agents.get((call.rest[3] ?? '').toLowerCase());
    if (agent === undefined || agent.workspaceId !== workspaceId) {
      throw new HttpError(404, 'AgentNotFound', 'There is no such agent.');
    }
    if (agent.revokedAt !== undefined) return { status: 204 };
    await audited(
      options,
      call,
      {
        operation: `${agentActions}/write`,
        target: agent.id,
        workspaceId,
        properties: { revoked: true, computer: agent.computer },
      },
      () => options.agents.revoke(agent),
    );
    return { status: 204 };
  }

  async function listKeys(call: Call): Promise<Outgoing> {
    const { workspaceId } = await workspaceOf(call, `${agentActions}/read`);
    const now = clock.now();
    const value = [...catalog.snapshot.enrollmentKeys.values()]
      .filter((key) => key.workspaceId === workspaceId)
      .map((key) => summarizeKey(key, now));
    return jsonAnswer(200, { value });
  }

  function showKey(call: Call, made: Parameters<typeof showNewKey>[0], status: number): Outgoing {
    const where = { origin: call.request.origin, pin: options.authority.caPin() };
    return jsonAnswer(status, showNewKey(made, where));
  }

  async function makeKey(call: Call): Promise<Outgoing> {
    const { workspaceId } = await workspaceOf(call, `${agentActions}/write`);
    const wanted = readSchema(newEnrollmentKeyRequest, (await readJsonBody(call.request)) ?? {});
    const made = await audited(
      options,
      call,
      {
        operation: `${agentActions}/write`,
        target: workspaceId,
        workspaceId,
        properties: { enrollmentKey: 'created' },
      },
      () =>
        createEnrollmentKey(options, {
          workspaceId,
          description: wanted.description,
          expiresInHours: wanted.expiresInHours,
          usesMax: wanted.usesMax ?? undefined,
          createdBy: call.principal.name,
        }),
    );
    return showKey(call, made, 201);
  }

  async function keyOf(call: Call): Promise<{ workspace: StoredWorkspace; id: string }> {
    const workspace = await workspaceOf(call, `${agentActions}/write`);
    const key = catalog.snapshot.enrollmentKeys.get((call.rest[3] ?? '').toLowerCase());
    if (key === undefined || key.workspaceId !== workspace.workspaceId) throw keyNotFound();
    return { workspace, id: key.id };
  }

  async function revokeKey(call: Call): Promise<Outgoing> {
    const { workspace, id } = await keyOf(call);
    await audited(
      options,
      call,
      {
        operation: `${agentActions}/write`,
        target: id,
        workspaceId: workspace.workspaceId,
        properties: { enrollmentKey: 'revoked' },
      },
      () => revokeEnrollmentKey(options, id),
    );
    return { status: 204 };
  }

  async function regenerateKey(call: Call): Promise<Outgoing> {
    const { workspace, id } = await keyOf(call);
    const made = await audited(
      options,
      call,
      {
        operation: `${agentActions}/write`,
        target: id,
        workspaceId: workspace.workspaceId,
        properties: { enrollmentKey: 'regenerated' },
      },
      () => regenerateEnrollmentKey(options, id),
    );
    return showKey(call, made, 200);
  }

  async function showCheckpoint(call: Call): Promise<Outgoing> {
    const { workspaceId } = await workspaceOf(call, `${workspaceActions}/read`);
    const text = (await options.workspaces.open(workspaceId)).checkpoint();
    if (text === undefined) {
      throw new HttpError(404, 'CheckpointNotFound', 'Nothing was sealed in this workspace yet.');
    }
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
  }
  async function showPublicKey(call: Call): Promise<Outgoing> {
    const { workspaceId } = await workspaceOf(call, `${workspaceActions}/read`);
    const body = `${(await options.workspaces.open(workspaceId)).verifierKey}\n`;
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
  }

  async function showHandOvers(call: Call): Promise<Outgoing> {
    const { workspaceId } = await workspaceOf(call, `${workspaceActions}/read`);
    // None is an answer as well: the key is the first one.
    const body = (await options.workspaces.open(workspaceId)).handOvers;
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
  }

  async function showEpoch(call: Call): Promise<Outgoing> {
    const { workspaceId } = await workspaceOf(call, `${workspaceActions}/read`);
    const body = await (await options.workspaces.open(workspaceId)).epoch();
    if (body === undefined) {
      throw new HttpError(404, 'EpochNotFound', 'This workspace was never restored.');
    }
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
  }

  async function showEpochApproval(call: Call): Promise<Outgoing> {
    const { workspaceId } = await workspaceOf(call, `${workspaceActions}/read`);
    const pending = (await options.workspaces.open(workspaceId)).pendingEpoch;
    return jsonAnswer(
      200,
      pending === undefined ? { pending: false } : { pending: true, ...pending },
    );
  }

  /** Who may read may bring a signature: it, and no role, is what agrees. */
  async function approveEpoch(call: Call): Promise<Outgoing> {
    const { request, principal } = call;
    const { workspaceId } = await workspaceOf(call, `${workspaceActions}/read`);
    const body = readObject(await readJsonBody(request), 'body');
    const signature = readText(body['signature'] ?? null, 'signature', { charsMax: 128 });
    await options.audit.record({
      principal,
      operation: `${workspaceActions}/epoch/approve/action`,
      outcome: 'Started',
      target: request.path.path,
      workspaceId,
    });
    const workspace = await options.workspaces.open(workspaceId);
    if (!(await workspace.approveEpoch(signature))) {
      throw new HttpError(400, 'SignatureInvalid', 'No approver of a hold signed this restore.');
    }
    return showEpochApproval(call);
  }

  async function showConsistency(call: Call): Promise<Outgoing> {
    const { workspaceId } = await workspaceOf(call, `${workspaceActions}/read`);
    const workspace = await options.workspaces.open(workspaceId);
    return jsonAnswer(200, { ...(await proveConsistency(workspace, call.request.path)) });
  }

  /** A proof shows a row: who asks for it must be allowed to query, and is on record. */
  async function showProof(call: Call): Promise<Outgoing> {
    const { request, principal } = call;
    const { workspaceId } = await workspaceOf(call, `${workspaceActions}/query/read`);
    const body = request.method === 'POST' ? await readJsonBody(request) : undefined;
    await options.audit.record({
      principal,
      operation: `${workspaceActions}/proofs/read`,
      outcome: 'Succeeded',
      target: request.path.path,
      workspaceId,
    });
    return proveOverHttp(await options.workspaces.open(workspaceId), request.path, body);
  }
}

/** Life of a secret. */
function readDays(body: Json): number {
  const days = readObject(body)['expiresInDays'];
  if (days === undefined) return 365;
  return readInteger(
    days,
    'expiresInDays',
    (value) => value >= 1 && value <= 730,
    'a whole number of days from 1 to 730',
  );
}

/** `:` in a pattern stands for one segment. */
function matches(pattern: string, segments: readonly string[]): boolean {
  const parts = pattern.split('/');
  return (
    parts.length === segments.length &&
    parts.every((part, index) => part === ':' || part === segments[index]?.toLowerCase())
  );
}

function checkNewPassword(password: string, userName: string): void {
  const problem = passwordProblem(password, userName);
  if (problem !== undefined) throw new HttpError(400, 'PasswordTooWeak', problem);
}

function refuseLastAdministratorOf(snapshot: Snapshot, user: StoredUser): void {
  for (const assignment of snapshot.assignmentsByPrincipal.get(user.id) ?? []) {
    refuseLastAdministrator(snapshot, assignment);
  }
}

function isCertificate(pem: string): boolean {
  if (!/^-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/.test(pem)) {
    return false;
  }
  try {
    return new X509Certificate(pem).publicKey.type === 'public';
  } catch {
    return false;
  }
}

const summarizeUser = (user: StoredUser): UserSummary => ({
  id: user.id,
  userName: user.userName,
  displayName: user.displayName,
  disabled: user.disabled,
  createdAt: new Date(user.createdAt).toISOString(),
});

const summarizeApplication = (application: StoredApplication) => ({
  id: application.principalId,
  clientId: application.clientId,
  displayName: application.displayName,
  disabled: application.disabled,
  createdAt: new Date(application.createdAt).toISOString(),
});
