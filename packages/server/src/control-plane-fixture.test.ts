import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, WorkspaceId } from '@strongroom/base';
import { journalSequence, utf8 } from '@strongroom/base';
import { openAuthority, openLocalKeystore, openServiceKeys } from '@strongroom/keys';
import { nodeFileSystem as fs, systemRandom as random } from '@strongroom/platform';
import { accessFacts } from './access/catalog-access.js';
import { createAccess } from './access/decide.js';
import type { Principal } from './access/principal.js';
import { createAgentDirectory } from './agents/agent-directory.js';
import { createAgentControl, createEnrolHandler } from './agents/enrolment.js';
import { createArm } from './arm/arm.js';
import type { CheckTransform } from './arm/transform.js';
import type { Audit, AuditEvent } from './audit/audit.js';
import { bootstrap, openServiceIdentity } from './bootstrap/bootstrap.js';
import { openCatalog } from './catalog/open-catalog.js';
import { HttpError } from './http/errors.js';
import { readRequestPath } from './http/request-path.js';
import type { Incoming, Outgoing } from './http/request.js';
import { createAuthenticator } from './identity/authenticator.js';
import { createOidc } from './identity/oidc.js';
import { createPasswordCheck } from './identity/password-check.js';
import { createPasswords } from './identity/passwords.js';
import { createRefusalLog } from './identity/refusal-log.js';
import { createSessions } from './identity/sessions.js';
import { createSignIn } from './identity/sign-in.js';
import { createTokenService } from './identity/token-service.js';
import { createTokens } from './identity/tokens.js';
import type { Plane } from './identity/tokens.js';
import { createPortal } from './portal/portal.js';
import { createLocks } from './locks/locks.js';
import { openBackups } from './backup/backups.js';
import { createLog } from './log.js';
import { openErasures } from './purge/erasures.js';
import type { Retention } from './retention/retention.js';
import type { Erasing } from './workspaces/erasing.js';
import type { KeptRecord } from './workspaces/record.js';
import type { Workspace, Workspaces } from './workspaces/workspace.js';

/** Answers as a client sees them: errors have become bodies. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Whatever it is: tests look into it freely. */
  readonly json: ReturnType<JSON['parse']>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly callerIp?: string;
  readonly origin?: string;
}

/** The whole control plane on a real catalog and real keys; only the data plane is a record of calls. */
export async function openControlPlane(
  clock: Clock,
  options: { region?: string; erasureWaitMs?: number } = {},
) {
  const directory = await mkdtemp(join(tmpdir(), 'control-plane-'));
  const provider = await openLocalKeystore({
    fs,
    random,
    path: join(directory, 'root.key'),
    create: true,
  });
  const serviceKeys = await openServiceKeys({
    provider,
    fs,
    random,
    directory: join(directory, 'keys'),
  });
  const catalog = await openCatalog({
    path: join(directory, 'catalog.db'),
    encryptionKey: await serviceKeys.secret('catalog', 32),
    clock,
  });
  const identity = await openServiceIdentity(catalog, random);
  const { tenantId, subscriptionId } = identity;
  const events: AuditEvent[] = [];
  const audit: Audit & { broken: boolean } = {
    broken: false,
    record: async (event) => {
      if (audit.broken)
        throw new HttpError(503, 'AuditUnavailable', 'The audit cannot be written.');
      events.push(event);
    },
  };
  const workspaceCalls: string[] = [];
  const notHere = (): never => {
    throw new HttpError(503, 'NotHere', 'There is no data plane in this test.');
  };
  const noErasing: Erasing = {
    count: notHere,
    stage: notHere,
    staged: notHere,
    positions: notHere,
    eraseDay: notHere,
    sweep: notHere,
    forget: notHere,
    eraseEntries: notHere,
    entriesOf: async () => new Set(),
    days: async () => [],
    dropDays: notHere,
    tables: async () => [],
  };
  /** Records are kept as they come; there is no data. */
  const recorded: KeptRecord[] = [];
  const recorder = (id: WorkspaceId): Workspace => ({
    id,
    append: notHere,
    appendAudit: notHere,
    query: notHere,
    storedTables: async () => new Map(),
    countRefused: () => undefined,
    erasing: noErasing,
    committed: 0n,
    verifierKey: '',
    verifierKeys: [],
    handOvers: '',
    pendingEpoch: undefined,
    approveEpoch: async () => false,
    proofs: {
      entry: notHere,
      row: notHere,
      find: async () => [],
      inclusion: notHere,
      consistency: notHere,
    },
    changeRows: (run) => run(),
    rowCommitments: async () => [],
    signNote: async (text) => `${text}\n`,
    epoch: async () => undefined,
    checkpoint: () => undefined,
    checkpointTime: () => undefined,
    status: notHere,
    record: async (draft) => {
      const position = BigInt(recorded.length);
      const record = { time: new Date(clock.now()).toISOString(), ...draft };
      const empty = new Uint8Array();
      recorded.push({
        position,
        time: clock.now(),
        salt: empty,
        metadata: empty,
        payload: empty,
        record,
      });
      return { sequence: journalSequence(position), receipt: '' };
    },
    async *records() {
      yield* recorded;
    },
    async *recordsFrom(position) {
      yield* recorded.filter((kept) => kept.position >= position);
    },
  });
  const workspaces: Workspaces = {
    open: async (id) => recorder(id),
    statuses: () => [],
    create: async (id: WorkspaceId, region: string) => {
      workspaceCalls.push(`create ${region}`);
      return { keyRecord: utf8(`key of ${id}`) };
    },
    suspend: async () => void workspaceCalls.push('suspend'),
    remove: async (_id: WorkspaceId, region?: string) =>
      void workspaceCalls.push(`remove ${region ?? ''}`),
    dropTable: async (_id: WorkspaceId, table: string) => void workspaceCalls.push(`drop ${table}`),
    close: async () => undefined,
  };
  const isOwnOrigin = (url: string): boolean =>
    /^https:\/\/(localhost|127\.0\.0\.1):8443$/.test(url);
  const access = createAccess(() => accessFacts(catalog));
  const key = await serviceKeys.rsaKey('tokens');
  const tokens = createTokens({ key, tenantId, isOwnOrigin, catalog, clock, random });
  const sessions = createSessions({ clock, random, idleTimeoutMs: 30 * 60_000 });
  const passwords = await createPasswords(random);
  const refusals = createRefusalLog(audit, clock);
  const authenticator = createAuthenticator({ tokens, sessions, catalog, refusals });
  const checkPassword = createPasswordCheck({ catalog, passwords, audit, refusals, clock });
  const oidc = createOidc({
    catalog,
    checkPassword,
    key,
    clock,
    random,
    cookieSecret: 'a secret of this test',
  });
  const agents = createAgentDirectory({ catalog, clock });
  const authority = await openAuthority({
    serviceKeys,
    fs,
    clock,
    random,
    directory: join(directory, 'keys'),
  });
  const verifierKey = async (): Promise<string> => 'a key that this test does not use';
  const enrolment = { catalog, authority, verifierKey, audit, refusals, clock, random };
  const locks = createLocks(catalog);
  const erasures = openErasures({
    catalog,
    workspaces,
    audit,
    clock,
    trusted: clock,
    log: createLog(
      () => undefined,
      () => clock.now(),
    ),
    signAsService: async (text) => `${text}\n`,
    serviceLedger: 'strongroom/service',
    waitMs: options.erasureWaitMs ?? 0,
    softDeleteMs: 14 * 86_400_000,
  });
  const trusted = {
    now: () => clock.now(),
    status: () => ({ machine: clock.now(), trusted: clock.now(), inDoubt: false }),
    confirm: async () => trusted.status(),
  };
  const retention: Pick<Retention, 'status' | 'run'> = {
    run: async () => undefined,
    status: () => ({ lastRun: undefined, expired: [], keptBy: {} }),
  };
  const parts = {
    catalog,
    access,
    audit,
    workspaces,
    locks,
    erasures,
    retention,
    trusted,
    clock,
    random,
  };
  const region = options.region ?? 'local';
  const checkTransform: CheckTransform = ({ text }) =>
    text.startsWith('source')
      ? []
      : [{ code: 'InvalidTransformQuery', message: 'SYN0002: not a query' }];
  const arm = createArm({ ...parts, tenantId, subscriptionId, regions: [region], checkTransform });
  const open = [
    createEnrolHandler(enrolment),
    createTokenService({ tokens, key, tenantId, catalog, audit, refusals, clock, random }),
    createSignIn({ oidc, sessions, authenticator, catalog, audit, clock, random }),
    createPortal({
      ...parts,
      authenticator,
      sessions,
      passwords,
      checkPassword,
      agents,
      authority,
      backups: await openBackups({
        root: directory,
        destinations: [],
        everyHours: 0,
        catalog,
        workspaces: {
          directoryOf: (id) => join(directory, id),
          whileStill: (_id, run) => run(),
          statuses: () => [],
        },
        keyProvider: provider,
        fs,
        hardLink: () => Promise.reject(new Error('there are no backups here')),
        clock,
        random,
        log: createLog(
          () => undefined,
          () => clock.now(),
        ),
      }),
      subscriptionId,
      resourceGroup: identity.resourceGroup,
      regions: [region],
      version: '0',
    }),
  ];
  const agentControl = createAgentControl({ ...enrolment, agents });

  function incoming(method: string, path: string, given: CallOptions): Incoming {
    const content =
      given.form !== undefined
        ? new URLSearchParams(given.form).toString()
        : typeof given.body === 'string'
          ? given.body
          : given.body === undefined
            ? ''
            : JSON.stringify(given.body);
    return {
      method,
      path: readRequestPath(path),
      headers: {
        ...(content === ''
          ? {}
          : {
              'content-type':
                given.form === undefined ? 'application/json' : 'application/x-www-form-urlencoded',
            }),
        ...given.headers,
      },
      origin: given.origin ?? 'https://localhost:8443',
      callerIp: given.callerIp ?? '192.0.2.1',
      correlationId: random.uuid(),
      signal: new AbortController().signal,
      body: (async function* () {
        if (content !== '') yield utf8(content);
      })(),
    };
  }

  async function answer(run: () => Promise<Outgoing | undefined>): Promise<Answer> {
    let outgoing: Outgoing;
    try {
      outgoing = (await run()) ?? { status: 404, body: '{"error":{"code":"NoRoute"}}' };
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      outgoing = {
        status: error.status,
        headers: error.headers,
        body: JSON.stringify(error.body('test')),
      };
    }
    const text = typeof outgoing.body === 'string' ? outgoing.body : '';
    const isJson = text.startsWith('{') || text.startsWith('[');
    return {
      status: outgoing.status,
      headers: outgoing.headers ?? {},
      text,
      json: isJson ? JSON.parse(text) : undefined,
    };
  }

  /** As the listener routes it, agents apart. */
  const call = (method: string, path: string, given: CallOptions = {}): Promise<Answer> =>
    answer(async () => {
      const request = incoming(method, path, given);
      for (const handler of open) {
        const found = await handler(request);
        if (found !== undefined) return found;
      }
      return arm(request, await authenticator.authenticate(request, 'management'));
    });
  const authenticate = (
    plane: Plane,
    given: CallOptions & { method?: string } = {},
  ): Promise<Principal> =>
    authenticator.authenticate(incoming(given.method ?? 'GET', '/x', given), plane);

  const agentCall = (
    certificateDer: Uint8Array,
    method: string,
    path: string,
    given: CallOptions = {},
  ): Promise<Answer> =>
    answer(async () =>
      agentControl(incoming(method, path, given), agents.readPrincipal(certificateDer)),
    );

  const start = (writeFile = true) =>
    bootstrap({
      catalog,
      workspaces,
      audit,
      passwords,
      identity,
      clock,
      random,
      fs,
      region,
      writeFile,
      resetAdministrator: false,
      data: directory,
      url: 'https://localhost:8443',
      caFile: join(directory, 'keys', 'authority.pem'),
    });

  const token = async (of: {
    clientId: string;
    clientSecret: string;
    scope?: string;
  }): Promise<string> => {
    const got = await call('POST', `/${tenantId}/oauth2/v2.0/token`, {
      form: {
        grant_type: 'client_credentials',
        client_id: of.clientId,
        client_secret: of.clientSecret,
        scope: of.scope ?? 'https://management.azure.com/.default',
      },
    });
    if (got.status !== 200) throw new Error(`no token: ${got.text}`);
    return got.json.access_token;
  };

  return {
    directory,
    catalog,
    identity,
    events,
    audit,
    workspaceCalls,
    recorded,
    workspaces,
    erasures,
    access,
    tokens,
    sessions,
    passwords,
    checkPassword,
    oidc,
    agents,
    authority,
    authenticator,
    serviceKeys,
    key,
    call,
    agentCall,
    authenticate,
    start,
    token,
    tenantId,
    subscriptionId,
    close: async () => {
      await erasures.close();
      await agents.close();
      await catalog.close();
      serviceKeys.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export type ControlPlane = Awaited<ReturnType<typeof openControlPlane>>;
