import { isGuid, utf8, workspaceId } from '@strongroom/base';
import type { Clock, Random } from '@strongroom/base';
import type { Access } from '../access/access.js';
import type { Principal } from '../access/principal.js';
import type { Audit } from '../audit/audit.js';
import type { CatalogReader, WorkspaceRecord } from '../catalog/catalog.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, parseJson, readBody } from '../http/read-body.js';
import { RateLimiter } from '../http/rate-limiter.js';
import type { AuthenticatedHandler, Incoming, Outgoing } from '../http/request.js';
import { resourceKey } from '../http/request-path.js';
import type { RequestPath } from '../http/request-path.js';
import type { Workspaces } from '../workspaces/workspace.js';
import { throttled } from './failures.js';
import { queryLimits } from './limits.js';
import type { QueryLimits } from './limits.js';
import { workspaceMetadata } from './metadata.js';
import { findWorkspaces, unknownWorkspace } from './other-workspaces.js';
import { readPreferences } from './preferences.js';
import { QueryGate } from './query-gate.js';
import { readBatch, readQueryRequest } from './query-request.js';
import type { BatchItem, QueryRequest } from './query-request.js';
import { runQuery } from './run-query.js';
import type { QueryDependencies } from './run-query.js';

export interface QueryOptions {
  readonly catalog: CatalogReader;
  readonly access: Access;
  readonly workspaces: Workspaces;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: Partial<QueryLimits>;
}

/** What a path of the Query API asks for. */
type Target =
  | { readonly kind: 'query' | 'metadata'; readonly workspace: string }
  | { readonly kind: 'query' | 'metadata'; readonly resource: string }
  | { readonly kind: 'batch' };

/**
 * Reads a path of the Query API: with or without `/v1`, by workspace id or by resource id.
 * A bare resource path is taken only where it is a workspace's, since ARM's paths begin alike.
 */
function readTarget({ key, path }: RequestPath): Target | undefined {
  const versioned = key.startsWith('/v1/');
  const rest = versioned ? path.slice(3) : path;
  const lower = rest.toLowerCase();
  if (lower === '/$batch') return { kind: 'batch' };
  const match = /^(\/.+)\/(query|metadata)$/.exec(lower);
  if (match === null) return undefined;
  const kind = match[2] === 'query' ? 'query' : 'metadata';
  const target = rest.slice(0, match[1]!.length);
  const byId = /^\/workspaces\/([^/]+)$/i.exec(target);
  if (byId !== null) return { kind, workspace: byId[1]! };
  const isWorkspace =
    /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.operationalinsights\/workspaces\/[^/]+$/i;
  if (versioned ? /^\/subscriptions\//i.test(target) : isWorkspace.test(target)) {
    return { kind, resource: target };
  }
  return undefined;
}

/** True for a path of the Query API, so that the caller is proved before the handler runs. */
export const isQueryPath = (path: RequestPath): boolean => readTarget(path) !== undefined;

/** The Query API: queries, batches and metadata. */
export function createQuery(options: QueryOptions): AuthenticatedHandler {
  const { catalog, access, workspaces, audit, clock, random } = options;
  const limits: QueryLimits = { ...queryLimits, ...options.limits };
  const dependencies: QueryDependencies = {
    catalog,
    workspaces,
    gate: new QueryGate(clock, limits),
    clock,
    random,
    limits,
  };
  const rates = new RateLimiter({
    clock,
    requestsMax: limits.perPrincipalAndMinuteMax,
    bytesMax: Number.MAX_SAFE_INTEGER,
  });

  /** The workspace, where the caller may read it. The refusal is audited there. */
  async function authorise(
    request: Incoming,
    principal: Principal,
    record: WorkspaceRecord,
  ): Promise<void> {
    const action = 'Microsoft.OperationalInsights/workspaces/query/read';
    if (access.allows(principal, action, record.resourceKey)) return;
    await audit.record({
      principal,
      operation: action,
      outcome: 'Refused',
      target: record.resourceId,
      workspaceId: record.workspaceId,
      callerIp: request.callerIp,
      correlationId: request.correlationId,
      reason: 'InsufficientAccessError',
    });
    throw noAccess();
  }

  function find(
    target: { workspace: string } | { resource: string },
    principal: Principal,
  ): WorkspaceRecord {
    if ('workspace' in target) {
      const record = isGuid(target.workspace)
        ? catalog.workspace(workspaceId(target.workspace))
        : undefined;
      if (record !== undefined) return record;
      throw notFound();
    }
    const key = resourceKey(target.resource);
    const record = catalog.workspaceByResourceId(key);
    if (record !== undefined) return record;
    // Names can be guessed: only who could read it here learns that it is not there.
    const mayRead = access.allows(
      principal,
      'Microsoft.OperationalInsights/workspaces/query/read',
      key,
    );
    throw mayRead ? notFound() : noAccess();
  }

  async function answer(
    request: Incoming,
    principal: Principal,
    asked: { record: WorkspaceRecord; query: QueryRequest; prefer: string | undefined },
  ): Promise<Outgoing> {
    const waitSeconds = rates.admitRequest(principal.id);
    if (waitSeconds > 0) throw throttled(waitSeconds);
    const { record, query } = asked;
    await authorise(request, principal, record);
    const findWorkspace = findWorkspaces({ catalog, access, audit, principal, request });
    const alongside = new Set<WorkspaceRecord>();
    for (const name of query.workspaces) {
      const found = await findWorkspace(name);
      if (found === undefined) throw unknownWorkspace(name);
      if (found.workspaceId !== record.workspaceId) alongside.add(found);
    }
    const preferences = readPreferences(asked.prefer, limits);
    return runQuery(dependencies, {
      request,
      principal,
      record,
      query,
      preferences,
      alongside: [...alongside],
      findWorkspace,
    });
  }

  async function answerItem(
    request: Incoming,
    principal: Principal,
    item: BatchItem,
  ): Promise<Outgoing> {
    try {
      if (!item.isQuery) {
        throw new HttpError(404, 'PathNotFoundError', "A batch takes queries: POST '/query'.");
      }
      const record = find({ workspace: item.workspace }, principal);
      const query = readQueryRequest(item.body, limits);
      return await answer(request, principal, { record, query, prefer: item.prefer });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return jsonAnswer(error.status, error.body(request.correlationId), error.headers);
    }
  }

  /** Answers in the order of the requests (azure-api: clients do not sort). */
  async function* batch(
    request: Incoming,
    principal: Principal,
    items: readonly BatchItem[],
  ): AsyncGenerator<Uint8Array> {
    yield utf8('{"responses":[');
    for (const [at, item] of items.entries()) {
      const outgoing = await answerItem(request, principal, item);
      const head = JSON.stringify({
        id: item.id,
        status: outgoing.status,
        headers: outgoing.headers ?? {},
      });
      yield utf8(`${at === 0 ? '' : ','}${head.slice(0, -1)},"body":`);
      const { body } = outgoing;
      if (typeof body === 'string') yield utf8(body);
      else if (body instanceof Uint8Array) yield body;
      else if (body !== undefined) yield* body;
      yield utf8('}');
    }
    yield utf8(']}');
  }

  return async (request, principal) => {
    const target = readTarget(request.path);
    if (target === undefined) return undefined;
    const { method, headers } = request;
    if (target.kind === 'batch') {
      requireMethod(request, ['POST']);
      const items = readBatch(await readJson(request, limits), limits);
      const type = { 'content-type': 'application/json; charset=utf-8' };
      return { status: 200, headers: type, body: batch(request, principal, items) };
    }
    requireMethod(request, ['GET', 'POST']);
    const record = find(target, principal);
    if (target.kind === 'metadata') {
      await authorise(request, principal, record);
      return jsonAnswer(200, workspaceMetadata(catalog, record));
    }
    const parameters = request.path.query;
    const body =
      method === 'GET'
        ? {
            query: parameters.get('query') ?? '',
            timespan: parameters.get('timespan') ?? null,
            workspaces: parameters.get('workspaces')?.split(',') ?? [],
          }
        : withParameters(await readJson(request, limits), parameters);
    const query = readQueryRequest(body, limits);
    return answer(request, principal, { record, query, prefer: headers['prefer'] });
  };
}

async function readJson(request: Incoming, limits: QueryLimits) {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new HttpError(415, 'UnsupportedMediaType', 'The content type must be application/json.');
  }
  return parseJson(await readBody(request, limits.bodyBytesMax));
}

/** `timespan` may stand in the URL of a `POST`. */
function withParameters(
  body: Awaited<ReturnType<typeof readJson>>,
  parameters: ReadonlyMap<string, string>,
): Awaited<ReturnType<typeof readJson>> {
  const timespan = parameters.get('timespan');
  if (timespan === undefined || typeof body !== 'object' || body === null || Array.isArray(body)) {
    return body;
  }
  return { timespan, ...body };
}

function requireMethod(request: Incoming, methods: readonly string[]): void {
  if (methods.includes(request.method)) return;
  throw new HttpError(405, 'MethodNotAllowed', `Only ${methods.join(' and ')} are allowed here.`, {
    headers: { allow: methods.join(', ') },
  });
}

const noAccess = (): HttpError =>
  new HttpError(
    403,
    'InsufficientAccessError',
    'The provided credentials have insufficient access to perform the requested operation',
    {
      detail: {
        innererror: {
          code: 'UnauthorizedClient',
          message: 'The caller may not read this workspace.',
        },
      },
    },
  );

const notFound = (): HttpError =>
  new HttpError(404, 'WorkspaceNotFoundError', 'The workspace could not be found.');
