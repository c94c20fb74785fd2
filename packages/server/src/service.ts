import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Socket } from 'node:net';
import { toHex } from '@strongroom/base';
import type { Clock, Fs, Random, Sha256, WorkspaceId } from '@strongroom/base';
import { openAuthority, openServiceKeys } from '@strongroom/keys';
import type { Authority } from '@strongroom/keys';
import { printVerifierKey } from '@strongroom/ledger';
import { ticksPerMillisecond, unixEpochTicks } from '@strongroom/sql';
import { accessFacts } from './access/catalog-access.js';
import { createAccess } from './access/decide.js';
import type { Principal } from './access/principal.js';
import { createAgentDirectory } from './agents/agent-directory.js';
import type { AgentDirectory } from './agents/agent-directory.js';
import { createAgentControl, createEnrolHandler } from './agents/enrolment.js';
import { createEnrollmentKey } from './agents/enrollment-keys.js';
import { createArm, isArmPath } from './arm/arm.js';
import { createCheckTransform } from './arm/transform.js';
import { openAudit, serviceLedgerOrigin } from './audit/audit-journal.js';
import { limitRefusals } from './audit/limit-refusals.js';
import { openBackups } from './backup/backups.js';
import type { Backups } from './backup/backups.js';
import type { HardLink } from './backup/stage.js';
import { bootstrap, openServiceIdentity } from './bootstrap/bootstrap.js';
import { openCatalog } from './catalog/open-catalog.js';
import { HttpError } from './http/errors.js';
import { openListener } from './http/listener.js';
import type { Listener, Peer } from './http/listener.js';
import type { AuthenticatedHandler, Handler, Incoming, Outgoing } from './http/request.js';
import { createStaticFiles } from './http/static-files.js';
import { createAuthenticator } from './identity/authenticator.js';
import { createOidc, oidcPrefix } from './identity/oidc.js';
import { createPasswordCheck } from './identity/password-check.js';
import { createPasswords } from './identity/passwords.js';
import { createRefusalLog } from './identity/refusal-log.js';
import type { RefusalLog } from './identity/refusal-log.js';
import { createSessions } from './identity/sessions.js';
import { createSignIn } from './identity/sign-in.js';
import { createTokenService } from './identity/token-service.js';
import { createTokens } from './identity/tokens.js';
import { createIngest, isIngestPath } from './ingest/ingest-handler.js';
import { createProviderSet } from './keys/provider-set.js';
import { createKeyApi } from './keys/key-api.js';
import { createKeyControl } from './keys/key-control.js';
import type { KeyControl } from './keys/key-control.js';
import { openSigningKeys } from './keys/signing-keys.js';
import { CurrentRoot, isRootName, openRoot, readPassphrase, rootDirectory } from './keys/root.js';
import { startLocalAgent } from './local-agent.js';
import type { LocalAgent } from './local-agent.js';
import { createLocks } from './locks/locks.js';
import { openErasures } from './purge/erasures.js';
import { openRetention } from './retention/retention.js';
import { openTrustedClock } from './retention/trusted-clock.js';
import { Publication, readWitness } from './publication.js';
import { openExports } from './export/exports.js';
import { readTargets } from './export/targets.js';
import { errorFields } from './log.js';
import type { Log } from './log.js';
import { createPortal } from './portal/portal.js';
import { createQuery, isQueryPath } from './query/query-handler.js';
import { alignReplicas, mirroredFs, putInReplicas } from './replica/mirrored-fs.js';
import { defaultRootKey } from './settings.js';
import type { Environment, Settings } from './settings.js';
import type { StartInformation } from './welcome.js';
import { ledgerOrigin } from './workspaces/running-workspace.js';
import { openWorkspaces } from './workspaces/workspaces.js';

/** A running service. */
export interface Service {
  readonly information: StartInformation;
  /** Stops taking requests, lets followers and engines end, closes everything. */
  close(): Promise<void>;
}

export interface ServiceOptions {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly fs: Fs;
  readonly hardLink: HardLink;
  /** Writes to the output. */
  readonly print: (text: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly log: Log;
}

/** The version of the product, as the command-line client and the status show it. */
const version = '0.1.0';

/** Days of a server certificate's life, and when a new one is made. */
const certificateDays = 90;
const certificateRenewalMs = 30 * 86_400_000;
const housekeepingIntervalMs = 3_600_000;

const portalDirectory = fileURLToPath(new URL('../../portal/dist', import.meta.url));
const loopback = new Set(['localhost', '127.0.0.1', '::1']);
const wildcard = new Set(['0.0.0.0', '::']);

/** Opens everything below `settings.data`, then the listener. What was opened is closed on failure. */
export async function openService(given: ServiceOptions): Promise<Service> {
  const options = await withReplicas(given);
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const information = await openParts(options, (closer) => closers.push(closer));
    return { information, close };
  } catch (error) {
    await close().catch((failure: unknown) => {
      options.log.error('closing after a failed start failed', errorFields(failure));
    });
    throw error;
  }
}

/** Every change below the data directory is made in the replicas too, where there are any. */
async function withReplicas(options: ServiceOptions): Promise<ServiceOptions> {
  const { data: root, replicas } = options.settings;
  if (replicas.length === 0) return options;
  await alignReplicas(options.fs, { root, replicas });
  return { ...options, fs: mirroredFs(options.fs, { root, replicas }) };
}

type OnClose = (closer: () => Promise<void> | void) => void;

/** The whole start, in order: what keeps, who speaks, which doors there are, and then the listener. */
async function openParts(options: ServiceOptions, onClose: OnClose): Promise<StartInformation> {
  const { settings, fs, clock, random, log } = options;
  const core = await openCore(options, onClose);
  const plane = await openPlane(options, core, onClose);
  const people = await openPeople(options, { ...core, ...plane }, onClose);
  const late: { renewCertificate?: () => Promise<void> } = {};
  const authorityChanged = async (): Promise<void> => late.renewCertificate?.();
  const keys = await openKeyControl(
    options,
    { ...core, ...plane, authority: people.authority, authorityChanged },
    onClose,
  );
  const handlers = await createHandlers(options, { ...core, ...plane, ...people, keys });

  const { authority, oidc } = people;
  const names = servedNames(settings);
  const sockets = new AgentSockets(people.agents);
  const listener = await openListener({
    names,
    random,
    log,
    host: settings.host === 'localhost' ? '127.0.0.1' : settings.host,
    port: settings.port,
    certificate: await authority.issueServerCertificate({
      names: [...names],
      days: certificateDays,
    }),
    agentAuthorityPem: authority.certificatePem,
    raw: [{ prefix: oidcPrefix, handle: (request, response) => oidc.handle(request, response) }],
    handle: (request, peer) => route(handlers, sockets, request, peer),
  });
  onClose(() => listener.close());
  late.renewCertificate = keepCertificateFresh({ authority, listener, names, clock, log }, onClose);

  const url = `https://${publicHost(settings)}:${listener.port}`;
  const made = await bootstrap({
    catalog: core.catalog,
    identity: core.identity,
    workspaces: plane.workspaces,
    audit: plane.audit,
    passwords: people.passwords,
    clock,
    random,
    fs,
    url,
    region: settings.region,
    data: settings.data,
    resetAdministrator: settings.resetAdministrator,
    caFile: join(core.keysDirectory, 'authority.pem'),
    writeFile: settings.bootstrap && loopback.has(settings.host),
  });
  await plane.workspaces.openAll();
  keys.start();
  if (settings.agent) {
    const { workspaceId } = made.workspace;
    const { catalog } = core;
    const agent = await localAgent(options, {
      catalog,
      clock,
      random,
      authority,
      url,
      workspaceId,
    });
    onClose(() => agent.stop());
  }
  return {
    url,
    administrator: made.administrator,
    dataDirectory: settings.data,
    rootKeyFile: settings.rootKey,
    rootKeyMade: core.rootKeyMade,
    bootstrap: made.file !== undefined,
  };
}

/** How often new checkpoints are shown to witnesses and exported. */
const publicationMs = 2_000;

/** Keys and catalog. */
async function openCore(options: ServiceOptions, onClose: OnClose) {
  const { settings, fs, clock, random } = options;
  const root = settings.data;
  // The root key first: without it there is nothing to open.
  const { environment } = options;
  const opened = await openRoot({ settings, fs, random, environment });
  const keyProvider = new CurrentRoot(opened.provider);
  const rootKeyMade = opened.made;
  onClose(() => keyProvider.close());
  const providers = createProviderSet({ root: keyProvider, settings, fs, random });
  onClose(() => providers.close());
  await fs.makeDirectory(root);
  const keysDirectory = join(root, 'keys');
  const serviceKeys = await openServiceKeys({
    fs,
    random,
    provider: keyProvider,
    directory: keysDirectory,
  });
  onClose(() => serviceKeys.close());

  // The catalog's lock is the data directory's lock: before anything else is written.
  const encryptionKey = await serviceKeys.secret('catalog', 32);
  const { replicas } = settings;
  const catalog = await openCatalog({
    path: join(root, 'catalog.db'),
    encryptionKey,
    clock,
    ...(replicas.length === 0
      ? {}
      : { keepCopy: (bytes) => putInReplicas(fs, replicas, { name: 'catalog.db', bytes }) }),
  });
  encryptionKey.fill(0);
  onClose(() => catalog.close());
  const identity = await openServiceIdentity(catalog, random);
  return { rootKeyMade, keyProvider, providers, keysDirectory, serviceKeys, catalog, identity };
}
type Core = Awaited<ReturnType<typeof openCore>>;

/** Workspaces and audit. */
async function openPlane(options: ServiceOptions, core: Core, onClose: OnClose) {
  const { settings, fs, clock, random, sha256, log } = options;
  const { catalog, keyProvider, providers, serviceKeys } = core;
  const signing = await openSigningKeys({ serviceKeys, catalog, clock });
  const shared = {
    root: settings.data,
    catalog,
    keyProvider,
    signer: signing,
    fs,
    clock,
    random,
    sha256,
    log,
  };
  const trusted = await openTrustedClock({ catalog, clock, log });
  onClose(() => trusted.close());
  const late: { backups?: Backups } = {};
  const workspaces = openWorkspaces({
    ...shared,
    pruneBefore: (id) =>
      settings.replicas.length === 0 ? undefined : (late.backups?.holdFrom(id) ?? 0n),
    providers,
    keepNow: () => trusted.now(),
    limits: {
      keyCheckMs: settings.keyCheckSeconds * 1_000,
      keyGraceMs: settings.keyGraceMinutes * 60_000,
      engineIdleMs: settings.engineIdleMinutes * 60_000,
      journalKeepMs: settings.journalKeepHours * 3_600_000,
    },
  });
  onClose(() => workspaces.close());
  const audit = await openAudit({ ...shared, workspaces });
  onClose(() => audit.close());
  const backups = await openBackups({
    ...shared,
    workspaces,
    destinations: [
      ...(settings.backup === '' ? [] : [settings.backup]),
      ...settings.replicas.map((replica) => join(replica, 'repository')),
    ],
    everyHours: settings.backupHours,
    hardLink: options.hardLink,
  });
  late.backups = backups;
  onClose(() => backups.close());
  if (settings.witnesses.length > 0 || settings.checkpointExport !== '') {
    const publication = new Publication({
      ...shared,
      workspaces,
      ledgerOf: (id, region) => join(settings.data, 'regions', region, 'workspaces', id, 'ledger'),
      witnesses: settings.witnesses.map((each) => readWitness(sha256, each)),
      export: settings.checkpointExport,
      print: options.print,
      intervalMs: publicationMs,
    });
    publication.start();
    onClose(() => publication.close());
  }
  const erasures = openErasures({
    catalog,
    workspaces,
    audit,
    clock,
    trusted,
    log,
    signAsService: (text) => audit.signNote(text),
    serviceLedger: serviceLedgerOrigin,
    waitMs: settings.erasureWaitHours * 3_600_000,
    softDeleteMs: settings.softDeleteDays * 86_400_000,
  });
  onClose(() => erasures.close());
  const retention = openRetention({ catalog, workspaces, clock, trusted, log });
  onClose(() => retention.close());
  const { exportTargets: file, data } = settings;
  const targets = await readTargets({ file, data, fs, clock, sha256 });
  const exports = openExports({ ...shared, workspaces, targets });
  onClose(() => exports.close());
  return { signing, workspaces, audit, backups, trusted, erasures, retention, exports };
}
type Plane = Awaited<ReturnType<typeof openPlane>>;

/** What rotates keys and moves workspaces to others. */
async function openKeyControl(
  options: ServiceOptions,
  parts: Pick<Core, 'catalog' | 'keyProvider' | 'providers' | 'serviceKeys'> &
    Pick<Plane, 'workspaces' | 'audit' | 'signing'> & {
      readonly authority: Authority;
      readonly authorityChanged: () => Promise<void>;
    },
  onClose: OnClose,
): Promise<KeyControl> {
  const { settings, environment, fs, clock, random, log } = options;
  const passphrase = await readPassphrase({ fs, settings });
  const rootFile = isRootName(settings.rootKey)
    ? undefined
    : {
        path: settings.rootKey,
        fs,
        random,
        create: false,
        ...(passphrase === undefined ? {} : { passphrase }),
      };
  const control = createKeyControl({
    ...parts,
    serviceLedger: parts.audit,
    rootFile,
    exchangeRoot: async () => {
      parts.keyProvider.exchange((await openRoot({ settings, fs, random, environment })).provider);
    },
    serviceSegments: () => parts.audit.wrappedKeys(),
    rotationDays: settings.keyRotationDays,
    fs,
    clock,
    random,
    log,
  });
  onClose(() => control.close());
  return control;
}

/** Who may speak: tokens, sessions, passwords, certificates. */
async function openPeople(options: ServiceOptions, parts: Core & Plane, onClose: OnClose) {
  const { settings, fs, clock, random } = options;
  const { catalog, audit, serviceKeys, identity, keysDirectory } = parts;
  const names = servedNames(settings);
  const isOwnOrigin = (url: string): boolean =>
    URL.canParse(url) &&
    new URL(url).origin === url &&
    new URL(url).protocol === 'https:' &&
    names.has(new URL(url).hostname.replaceAll(/^\[|\]$/g, ''));
  const tokenKey = await serviceKeys.rsaKey('tokens');
  const tokens = createTokens({
    catalog,
    clock,
    random,
    tenantId: identity.tenantId,
    isOwnOrigin,
    key: tokenKey,
  });
  const sessions = createSessions({
    clock,
    random,
    idleTimeoutMs: settings.sessionIdleMinutes * 60_000,
  });
  const passwords = await createPasswords(random);
  const refusals = createRefusalLog(audit, clock);
  const authenticator = createAuthenticator({ tokens, sessions, catalog, refusals });
  const checkPassword = createPasswordCheck({ catalog, passwords, audit, refusals, clock });
  const cookieSecret = toHex(await serviceKeys.secret('cookies', 32));
  const oidc = createOidc({ catalog, checkPassword, cookieSecret, clock, random, key: tokenKey });
  const agents = createAgentDirectory({ catalog, clock });
  onClose(() => agents.close());
  const authority = await openAuthority({
    serviceKeys,
    fs,
    clock,
    random,
    directory: keysDirectory,
  });
  return {
    tokenKey,
    tokens,
    sessions,
    passwords,
    refusals,
    authenticator,
    checkPassword,
    oidc,
    agents,
    authority,
  };
}
type People = Awaited<ReturnType<typeof openPeople>>;

/** The doors. */
async function createHandlers(
  options: ServiceOptions,
  all: Core & Plane & People & { readonly keys: KeyControl },
): Promise<Handlers> {
  const { settings, clock, random, sha256 } = options;
  const { catalog, workspaces, audit, signing, agents, authority, authenticator, refusals } = all;
  const { tenantId, subscriptionId, resourceGroup } = all.identity;
  const access = createAccess(() => accessFacts(catalog));
  const regions = [settings.region];
  const parts = {
    catalog,
    access,
    audit: limitRefusals(audit, clock),
    workspaces,
    locks: createLocks(catalog),
    erasures: all.erasures,
    retention: all.retention,
    trusted: all.trusted,
    clock,
    random,
  };
  const verifierKey = (id: WorkspaceId): Promise<string> =>
    workspaces.open(id).then(
      (workspace) => workspace.verifierKey,
      // One that does not open now is handed over to the newest key when it does.
      () => printVerifierKey(sha256, { name: ledgerOrigin(id), ...signing.newest }),
    );
  const enrolment = { catalog, authority, verifierKey, audit, refusals, clock, random };
  const ingest = createIngest(parts);
  return {
    agents,
    authenticator,
    refusals,
    agentRoutes: [
      createAgentControl({ ...enrolment, agents }),
      ingest.agentStreams,
      ingest.agentCheckpoint,
    ],
    open: [
      createEnrolHandler(enrolment),
      createTokenService({ ...all, tenantId, clock, random, key: all.tokenKey }),
      createSignIn({ ...all, clock, random }),
      createKeyApi({ ...parts, authenticator, authority, keys: all.keys }),
      createPortal({ ...all, ...parts, subscriptionId, resourceGroup, regions, version }),
      await createStaticFiles({ directory: portalDirectory, prefix: '/portal' }),
    ],
    ingest: ingest.rules,
    query: createQuery(parts),
    management: createArm({
      ...parts,
      exports: all.exports,
      keys: all.keys,
      tenantId,
      subscriptionId,
      regions,
      checkTransform: createCheckTransform(
        () => unixEpochTicks + BigInt(clock.now()) * ticksPerMillisecond,
      ),
    }),
  };
}

/** Every name and address that a request may be for; all of them stand in the certificate. */
function servedNames(settings: Settings): ReadonlySet<string> {
  const own = wildcard.has(settings.host) ? [hostname().toLowerCase()] : [settings.host];
  return new Set([...own, ...settings.names, ...loopback]);
}

const publicHost = (settings: Settings): string => {
  const host = wildcard.has(settings.host)
    ? (settings.names[0] ?? hostname().toLowerCase())
    : settings.host;
  return host.includes(':') ? `[${host}]` : host;
};

interface Handlers {
  readonly agents: AgentDirectory;
  readonly authenticator: ReturnType<typeof createAuthenticator>;
  readonly refusals: RefusalLog;
  readonly agentRoutes: readonly AuthenticatedHandler[];
  /** Handlers that prove their callers themselves, or need no proof. */
  readonly open: readonly Handler[];
  readonly ingest: AuthenticatedHandler;
  readonly query: AuthenticatedHandler;
  readonly management: AuthenticatedHandler;
}

/** From a path to the room that answers. The caller is proved before any room but the open ones. */
async function route(
  handlers: Handlers,
  sockets: AgentSockets,
  request: Incoming,
  peer: Peer,
): Promise<Outgoing | undefined> {
  const { path } = request;
  if (path.key === '/') return { status: 302, headers: { location: '/portal/' } };
  for (const handler of handlers.open) {
    const answer = await handler(request);
    if (answer !== undefined) return answer;
  }
  if (path.key.startsWith('/agents/')) {
    const principal = await proveAgent(handlers, request, peer);
    sockets.remember(principal.id, peer.socket);
    for (const handler of handlers.agentRoutes) {
      const answer = await handler(request, principal);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }
  const { authenticator } = handlers;
  if (isIngestPath(path)) {
    return handlers.ingest(request, await authenticator.authenticate(request, 'ingestion'));
  }
  if (isQueryPath(path)) {
    return handlers.query(request, await authenticator.authenticate(request, 'query'));
  }
  if (isArmPath(path.key)) {
    return handlers.management(request, await authenticator.authenticate(request, 'management'));
  }
  return undefined;
}

/** The agent of the connection's certificate. Throws 401 or 403; the refusal is audited. */
async function proveAgent(
  { agents, refusals }: Handlers,
  request: Incoming,
  peer: Peer,
): Promise<Principal> {
  try {
    if (peer.certificate === undefined) {
      throw new HttpError(401, 'CertificateRequired', 'This path needs an agent’s certificate.');
    }
    return agents.readPrincipal(peer.certificate);
  } catch (error) {
    await refusals.record({
      principal: { anonymous: true },
      operation: 'Microsoft.Strongroom/agents/authenticate/action',
      outcome: 'Refused',
      target: request.path.path.slice(0, 512),
      reason: error instanceof HttpError ? error.code : 'InternalServerError',
      callerIp: request.callerIp,
      correlationId: request.correlationId,
    });
    throw error;
  }
}

/** Connections by agent, so that a revoked one is out at once and not only at its next request. */
class AgentSockets {
  readonly #byAgent = new Map<string, Set<Socket>>();

  constructor(agents: AgentDirectory) {
    agents.onRevoked((agentId) => {
      for (const socket of this.#byAgent.get(agentId) ?? []) socket.destroy();
    });
  }

  remember(agentId: string, socket: Socket): void {
    const open = this.#byAgent.get(agentId) ?? new Set();
    if (open.has(socket)) return;
    open.add(socket);
    this.#byAgent.set(agentId, open);
    socket.once('close', () => {
      open.delete(socket);
      if (open.size === 0) this.#byAgent.delete(agentId);
    });
  }
}

/**
 * A new server certificate before the old one ends, without closing the listener. Returns what makes one
 * now, because the authority changed.
 */
function keepCertificateFresh(
  parts: {
    authority: Authority;
    listener: Listener;
    names: ReadonlySet<string>;
    clock: Clock;
    log: Log;
  },
  onClose: OnClose,
): () => Promise<void> {
  const { authority, listener, names, clock, log } = parts;
  const stop = new AbortController();
  let until = clock.now() + certificateDays * 86_400_000;
  const renew = async (): Promise<void> => {
    const fresh = await authority.issueServerCertificate({
      names: [...names],
      days: certificateDays,
    });
    listener.replaceCertificate(fresh, authority.certificatePem);
    until = fresh.notAfter;
    log.info('server certificate renewed');
  };
  const keep = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await clock.sleep(housekeepingIntervalMs, stop.signal);
      if (until - clock.now() <= certificateRenewalMs) await renew();
    }
  };
  keep().catch((error: unknown) => {
    if (!stop.signal.aborted) log.error('server certificate not renewed', errorFields(error));
  });
  onClose(() => stop.abort(new Error('stopping')));
  return renew;
}

async function localAgent(
  options: ServiceOptions,
  parts: {
    catalog: Parameters<typeof createEnrollmentKey>[0]['catalog'];
    clock: Clock;
    random: Random;
    authority: Authority;
    url: string;
    workspaceId: Parameters<typeof createEnrollmentKey>[1]['workspaceId'];
  },
): Promise<LocalAgent> {
  const { settings, environment, clock, log } = options;
  const enrolled = existsSync(join(settings.data, 'agent', 'identity'));
  // A key for this one enrolment: through the same door as any other machine's.
  const key = enrolled
    ? undefined
    : await createEnrollmentKey(parts, {
        workspaceId: parts.workspaceId,
        description: 'this machine',
        expiresInHours: 1,
        usesMax: 1,
        createdBy: 'strongroom',
      });
  return startLocalAgent({
    environment,
    clock,
    log,
    url: parts.url,
    data: settings.data,
    keyDirectory: rootDirectory(settings.rootKey, defaultRootKey(environment)),
    pin: parts.authority.caPin(),
    enrollmentKey: key?.key,
  });
}
