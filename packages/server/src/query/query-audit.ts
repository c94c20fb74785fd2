import type { Principal } from '../access/principal.js';
import type { WorkspaceRecord } from '../catalog/catalog.js';
import type { Incoming } from '../http/request.js';
import type { QueryLimits } from './limits.js';
import { printDatetime } from './time-range.js';
import type { TimeRange } from './time-range.js';

/** What is known of a query when its record is written: before its first byte leaves. */
export interface QueryFacts {
  readonly text: string;
  readonly range: TimeRange | undefined;
  readonly status: number;
  readonly durationMs: number;
  /** Absent where the answer is streamed and its end not known yet. */
  readonly rowCount?: number;
  readonly bytesRead?: number;
}

/** One row of `LAQueryLogs`, with Azure's columns. */
export function queryLogRow(
  context: {
    request: Incoming;
    principal: Principal;
    /** The workspace that the query was put to. */
    record: WorkspaceRecord;
    /** All that it concerns, that one among them. */
    workspaces: readonly WorkspaceRecord[];
    /** The one whose record this is. */
    of: WorkspaceRecord;
    now: number;
    limits: QueryLimits;
  },
  facts: QueryFacts,
): Record<string, unknown> {
  const { request, principal, record, workspaces, of, now, limits } = context;
  const { text, range } = facts;
  const client = request.headers['x-ms-app'] ?? request.headers['user-agent'] ?? '';
  return {
    TimeGenerated: new Date(now).toISOString(),
    CorrelationId: request.correlationId,
    AADObjectId: principal.id,
    AADEmail: principal.kind === 'User' ? principal.name : '',
    AADClientId: principal.kind === 'Application' ? principal.name : '',
    RequestClientApp: client.slice(0, 256),
    RequestTarget: record.resourceId,
    RequestContext: {
      workspaces: workspaces.map((each) => each.resourceId),
      callerIp: request.callerIp,
    },
    QueryText: text.slice(0, limits.auditedQueryCharsMax),
    ...(range === undefined
      ? {}
      : {
          QueryTimeRangeStart: printDatetime(range.start),
          QueryTimeRangeEnd: printDatetime(range.end > 0n ? range.end - 1n : 0n),
        }),
    ResponseCode: facts.status,
    ResponseDurationMs: Math.round(facts.durationMs * 1000) / 1000,
    ...(facts.rowCount === undefined ? {} : { ResponseRowCount: facts.rowCount }),
    ...(facts.bytesRead === undefined ? {} : { ScannedGB: facts.bytesRead / 1e9 }),
    StatsRegionCount: new Set(workspaces.map((each) => each.region)).size,
    StatsWorkspaceCount: workspaces.length,
    WorkspaceRegion: of.region,
    IsBillableQuery: false,
    IsWorkspaceInFailover: false,
    SourceSystem: 'Strongroom',
  };
}
