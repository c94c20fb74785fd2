import { StrongroomError } from '@strongroom/base';
import type { Clock, WorkspaceId } from '@strongroom/base';
import { agentPaths, receiptHeader, requestIdHeader } from '@strongroom/api';
import type { Access } from '../access/access.js';
import type { Principal } from '../access/principal.js';
import type { Audit } from '../audit/audit.js';
import type { CatalogReader, RuleRecord, StreamRecord } from '../catalog/catalog.js';
import { HttpError, unavailable } from '../http/errors.js';
import type { AuthenticatedHandler, Incoming, Outgoing } from '../http/request.js';
import { jsonAnswer } from '../http/read-body.js';
import type { RequestPath } from '../http/request-path.js';
import { proveConsistency } from '../portal/proofs.js';
import type { BatchSource, Workspaces } from '../workspaces/workspace.js';
import { checkRows } from './check-rows.js';
import type { MalformedRows, WellFormedRows } from './check-rows.js';
import { ingestLimits } from './limits.js';
import type { IngestLimits } from './limits.js';
import { RateLimiter } from '../http/rate-limiter.js';
import { receiveBody, tooLarge } from './receive.js';

export interface IngestOptions {
  readonly catalog: CatalogReader;
  readonly access: Access;
  readonly workspaces: Workspaces;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly limits?: Partial<IngestLimits>;
}

/** The two ways in. Both end in the same lines: receive, check, append, and only then 204. */
export interface Ingest {
  /** `POST /dataCollectionRules/{immutableId}/streams/{stream}` of the Logs Ingestion API. */
  readonly rules: AuthenticatedHandler;
  /** `POST /agents/v1/streams/{stream}` on mutual TLS: the certificate names the workspace. */
  readonly agentStreams: AuthenticatedHandler;
  /** `GET /agents/v1/checkpoint` on mutual TLS. */
  readonly agentCheckpoint: AuthenticatedHandler;
}

/** True for a path of the Logs Ingestion API, so that the caller is proved before the handler runs. */
export const isIngestPath = ({ key }: RequestPath): boolean =>
  /\/datacollectionrules\/[^/]+\/streams\/./.test(key) && !key.startsWith('/subscriptions/');

const apiVersions = new Set(['2023-01-01', '2021-11-01-preview']);

export function createIngest(options: IngestOptions): Ingest {
  const { catalog, access, workspaces, audit, clock } = options;
  const limits: IngestLimits = { ...ingestLimits, ...options.limits };
  const rates = new RateLimiter({
    clock,
    requestsMax: limits.requestsPerMinuteMax,
    bytesMax: limits.bytesPerMinuteMax,
  });
  const refusalRates = new RateLimiter({
    clock,
    requestsMax: limits.refusalsPerMinuteMax,
    bytesMax: Number.MAX_SAFE_INTEGER,
  });
  let heldBytes = 0;

  /** Each refusal is audited where the data would have gone; so only so many are heard. */
  async function refuseAccess(
    request: Incoming,
    principal: Principal,
    rule: RuleRecord,
  ): Promise<never> {
    const waitSeconds = refusalRates.admitRequest(principal.id);
    if (waitSeconds > 0) throw tooManyRequests(waitSeconds);
    const [first] = [...rule.streams.values()].flat();
    await audit.record({
      principal,
      operation: 'Microsoft.Insights/Telemetry/Write',
      outcome: 'Refused',
      target: rule.resourceKey,
      ...(first === undefined ? {} : { workspaceId: first.workspaceId }),
      callerIp: request.callerIp,
      correlationId: request.correlationId,
      reason: 'OperationFailed',
    });
    throw new HttpError(
      403,
      'OperationFailed',
      `The authentication token provided does not have access to ingest data for the data collection rule with immutable Id '${rule.immutableId}'.`,
    );
  }

  /** The whole way of a body, whoever sent it. */
  async function ingest(
    request: Incoming,
    principal: Principal,
    door: { rule?: RuleRecord; streams: readonly StreamRecord[]; rateKey: string; ndjson: boolean },
  ): Promise<Outgoing> {
    const { rule, streams, rateKey } = door;
    const source: BatchSource = { kind: principal.kind, id: principal.id };
    const declared = Number(request.headers['content-length'] ?? 0) || 0;
    // The wire bytes and, until the append is through, the plain ones.
    let held = 0;
    const hold = (bytes: number): void => {
      held += bytes;
      heldBytes += bytes;
    };
    try {
      const waitSeconds = rates.admitRequest(rateKey);
      if (waitSeconds > 0) throw tooManyRequests(waitSeconds);
      if (heldBytes + declared > limits.heldBytesMax) throw tooManyRequests(1);
      checkContentType(request, door.ndjson);
      let room = Math.max(declared, 64 * 1024);
      hold(room);
      const { plain } = await receiveBody(request, limits, clock, (bytes) => {
        // A chunked body says nothing of its size beforehand: it is counted as it comes.
        room -= bytes;
        if (room >= 0) return;
        hold(-room);
        room = 0;
        if (heldBytes > limits.heldBytesMax) throw tooManyRequests(1);
      });
      hold(plain.length);
      rates.addBytes(rateKey, plain.length);
      const rows = checkRows(plain, limits.nestingMax);
      if (!rows.ok) throw malformed(rows, streams[0]!.name, rule);
      if (rows.longestRowBytes > limits.rowBytesMax) {
        throw tooLarge(limits.rowBytesMax, rows.longestRowBytes);
      }
      return await append(request, principal, { rule, streams, source, plain, rows });
    } catch (error) {
      const reason = error instanceof HttpError ? error.code : 'InternalServerError';
      await countRefused(streams, { rule, source, reason, bytes: declared });
      throw error;
    } finally {
      heldBytes -= held;
    }
  }

  async function append(
    request: Incoming,
    principal: Principal,
    batch: {
      rule: RuleRecord | undefined;
      streams: readonly StreamRecord[];
      source: BatchSource;
      plain: Uint8Array;
      rows: WellFormedRows;
    },
  ): Promise<Outgoing> {
    const { rule, streams, source, plain, rows } = batch;
    if (rows.rowCount === 0) return { status: 204 };
    const requestId = request.headers[requestIdHeader];
    const receipts: string[] = [];
    // A stream may flow into several tables. Where one append fails, the sender tries again, and
    // those that were through are recognised by the request id.
    for (const stream of streams) {
      const workspace = await opened(stream.workspaceId);
      try {
        const appended = await workspace.append({
          workspaceId: stream.workspaceId,
          route: {
            stream: stream.name,
            table: stream.outputTable,
            columns: stream.columns,
            ...(rule === undefined
              ? {}
              : { ruleImmutableId: rule.immutableId, ruleVersion: rule.version }),
            ...(stream.transformKql === undefined ? {} : { transformKql: stream.transformKql }),
          },
          source,
          rows: plain,
          shape: rows.shape,
          rowCount: rows.rowCount,
          ...(requestId === undefined || requestId.length > limits.requestIdCharsMax
            ? {}
            : {
                retry: {
                  principal: principal.id,
                  rule: rule?.immutableId ?? 'agent',
                  requestId,
                },
              }),
        });
        receipts.push(appended.receipt);
      } catch (error) {
        throw refusalOf(error);
      }
    }
    return {
      status: 204,
      headers: {
        [receiptHeader]: receipts.join(', '),
        ...(requestId === undefined || !/^[\w-]{1,128}$/.test(requestId)
          ? {}
          : { 'x-ms-client-request-id': requestId }),
      },
    };
  }

  async function opened(id: WorkspaceId) {
    try {
      return await workspaces.open(id);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** In the books of every workspace that would have had it; a refusal never fails on its booking. */
  async function countRefused(
    streams: readonly StreamRecord[],
    refusal: { rule: RuleRecord | undefined; source: BatchSource; reason: string; bytes: number },
  ): Promise<void> {
    for (const stream of streams) {
      const workspace = await workspaces.open(stream.workspaceId).catch(() => undefined);
      const { rule, source, reason, bytes } = refusal;
      workspace?.countRefused({
        stream: stream.name,
        rule: rule?.immutableId ?? '',
        source,
        reason,
        bytes,
      });
    }
  }

  return {
    async rules(request, principal) {
      const target = readTarget(request.path);
      if (target === undefined) return undefined;
      requirePost(request);
      const version = request.path.query.get('api-version');
      if (version === undefined) {
        throw new HttpError(
          400,
          'MissingApiVersionParameter',
          'The api-version query parameter is required.',
        );
      }
      if (!apiVersions.has(version)) {
        throw new HttpError(
          400,
          'InvalidApiVersionParameter',
          `The api-version is not supported. Supported: ${[...apiVersions].join(', ')}.`,
        );
      }
      const rule = catalog.rule(target.immutableId.toLowerCase());
      if (rule === undefined) {
        throw new HttpError(
          404,
          'NotFound',
          `Data collection rule with immutable Id '${target.immutableId}' not found.`,
        );
      }
      if (!access.allows(principal, 'Microsoft.Insights/Telemetry/Write', rule.resourceKey)) {
        return refuseAccess(request, principal, rule);
      }
      const streams = rule.streams.get(target.stream);
      if (streams === undefined || streams.length === 0) {
        throw new HttpError(
          400,
          'InvalidStream',
          `Stream '${target.stream}' is not declared in the data collection rule with immutable Id '${target.immutableId}'.`,
        );
      }
      return ingest(request, principal, {
        rule,
        streams,
        rateKey: rule.immutableId,
        ndjson: false,
      });
    },

    async agentStreams(request, principal) {
      const prefix = '/agents/v1/streams/';
      if (!request.path.key.startsWith(prefix)) return undefined;
      requirePost(request);
      const workspaceId = agentWorkspace(principal);
      const name = request.path.path.slice(prefix.length);
      const stream = catalog.agentStream(workspaceId, name);
      if (stream === undefined || stream.workspaceId !== workspaceId) {
        throw new HttpError(
          400,
          'InvalidStream',
          `Agents of this workspace have no stream '${name}'.`,
        );
      }
      return ingest(request, principal, {
        streams: [stream],
        rateKey: `${workspaceId}/${principal.id}`,
        ndjson: true,
      });
    },

    async agentCheckpoint(request, principal) {
      const { key } = request.path;
      const paths: readonly string[] = [
        agentPaths.checkpoint,
        agentPaths.consistency,
        agentPaths.epoch,
        agentPaths.handOvers,
      ];
      if (!paths.includes(key)) return undefined;
      if (request.method !== 'GET') throw methodNotAllowed('GET');
      const workspace = await opened(agentWorkspace(principal));
      if (key === agentPaths.consistency) {
        return jsonAnswer(200, { ...(await proveConsistency(workspace, request.path)) });
      }
      const text =
        key === agentPaths.epoch
          ? await workspace.epoch()
          : key === agentPaths.handOvers
            ? workspace.handOvers || undefined
            : workspace.checkpoint();
      if (text === undefined) {
        throw new HttpError(404, 'NotFound', 'The workspace has none yet.');
      }
      return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
    },
  };
}

/** Rule and stream of a path; the stream may hold slashes that came as `%2F`. */
function readTarget({
  segments,
}: RequestPath): { immutableId: string; stream: string } | undefined {
  const at = segments.findIndex((segment) => segment.toLowerCase() === 'datacollectionrules');
  if (at < 0 || segments[0]?.toLowerCase() === 'subscriptions') return undefined;
  const [immutableId, word, ...stream] = segments.slice(at + 1);
  if (immutableId === undefined || word?.toLowerCase() !== 'streams' || stream.length === 0) {
    return undefined;
  }
  return { immutableId, stream: stream.join('/') };
}

/** The certificate's workspace. The path and the body name none, and none would count. */
function agentWorkspace(principal: Principal): WorkspaceId {
  if (principal.kind === 'Agent' && principal.proof === 'certificate' && principal.workspaceId) {
    return principal.workspaceId;
  }
  throw new HttpError(403, 'Forbidden', "Only an agent's certificate is accepted here.");
}

const methodNotAllowed = (allow: string): HttpError =>
  new HttpError(405, 'MethodNotAllowed', `Only ${allow} is allowed here.`, { headers: { allow } });

function requirePost(request: Incoming): void {
  if (request.method !== 'POST') throw methodNotAllowed('POST');
}

function checkContentType(request: Incoming, ndjson: boolean): void {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type === 'application/json' || (ndjson && type === 'application/x-ndjson')) return;
  throw new HttpError(
    415,
    'UnsupportedMediaType',
    `The content type must be application/json${ndjson ? ' or application/x-ndjson' : ''}.`,
  );
}

const tooManyRequests = (seconds: number): HttpError =>
  new HttpError(429, 'TooManyRequests', 'Too much is being sent at once. Try again later.', {
    headers: { 'retry-after': String(Math.ceil(seconds)) },
  });

const malformedTexts: Readonly<Record<MalformedRows['reason'], string>> = {
  EMPTY: 'The body is empty',
  NOT_UTF8: 'The body is not UTF-8',
  NOT_JSON: 'The body is not well-formed JSON',
  NOT_ROWS: 'A row is not a JSON object',
  TOO_DEEP: 'A row nests too deeply',
  CONTROL_CHARACTER: 'A string has a raw control character',
};

function malformed(rows: MalformedRows, stream: string, rule: RuleRecord | undefined): HttpError {
  const where = rule === undefined ? '' : `, data collection rule '${rule.immutableId}'`;
  return new HttpError(
    400,
    'InvalidPayload',
    `${malformedTexts[rows.reason]} (stream '${stream}'${where}; row ${rows.row}, byte ${rows.offset}).`,
  );
}

/** A failed append as the sender is told. Nothing of it is kept, so it may be sent again. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof StrongroomError)) return error;
  switch (error.code) {
    case 'JOURNAL_FULL':
      return unavailable('StorageFull', 'The service has no space left. Nothing was kept.', 60);
    case 'JOURNAL_OVERLOADED':
      return tooManyRequests(1);
    case 'WORKSPACE_OVER_QUOTA':
      // Without a time to wait: clients would hold the call until midnight.
      return new HttpError(
        429,
        'DailyQuotaExceeded',
        "The workspace's daily quota is used up until midnight UTC. Nothing was kept.",
      );
    case 'JOURNAL_ENTRY_TOO_LARGE':
      return new HttpError(
        413,
        'ContentLengthLimitExceeded',
        'The body is larger than the journal takes.',
      );
    case 'JOURNAL_IO':
    case 'JOURNAL_KEY_UNAVAILABLE':
    case 'JOURNAL_UNAVAILABLE':
    case 'JOURNAL_CLOSED':
    case 'WORKSPACE_CLOSED':
      return unavailable(
        'ServiceUnavailable',
        'The workspace cannot take data now. Nothing was kept.',
        5,
      );
    case 'WORKSPACE_NOT_FOUND':
      return new HttpError(404, 'NotFound', 'The destination workspace does not exist.');
    default:
      return error;
  }
}
