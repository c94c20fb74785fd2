import { invariant, workspaceId } from '@strongroom/base';
import type { Clock, Random, WorkspaceId } from '@strongroom/base';
import { compileAsking, resultSettings } from '@strongroom/kql';
import type { CompiledQuery, OtherWorkspace } from '@strongroom/kql';
import type { Principal } from '../access/principal.js';
import type { CatalogReader, WorkspaceRecord } from '../catalog/catalog.js';
import { visibleSchema } from '../catalog/visible-schema.js';
import { HttpError } from '../http/errors.js';
import type { Incoming, Outgoing } from '../http/request.js';
import type { QueryRun, StoredTables, Workspace, Workspaces } from '../workspaces/workspace.js';
import { answerText } from './answer-text.js';
import { encodeAnswer } from './answer.js';
import type { Answer } from './answer.js';
import { engineRefusal, queryProblems } from './failures.js';
import type { QueryLimits } from './limits.js';
import type { FindWorkspace } from './other-workspaces.js';
import type { Preferences } from './preferences.js';
import { queryLogRow } from './query-audit.js';
import type { QueryFacts } from './query-audit.js';
import type { QueryGate } from './query-gate.js';
import type { QueryRequest } from './query-request.js';
import { msToTicks, readTimeRange } from './time-range.js';
import type { TimeRange } from './time-range.js';

export interface QueryDependencies {
  readonly catalog: CatalogReader;
  readonly workspaces: Workspaces;
  readonly gate: QueryGate;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: QueryLimits;
}

/** A query whose caller may read the workspace. */
export interface AuthorisedQuery {
  readonly request: Incoming;
  readonly principal: Principal;
  readonly record: WorkspaceRecord;
  readonly query: QueryRequest;
  readonly preferences: Preferences;
  /** Further workspaces that it is put to, which the caller may read. */
  readonly alongside: readonly WorkspaceRecord[];
  readonly findWorkspace: FindWorkspace;
}

/**
 * Runs one query: compile → a place → the engine → rows in the API's shape. What the compiler asks of
 * the data on the way (`pivot`'s columns) runs as the query itself does, in its place and its limits.
 *
 * A statement reads one workspace. Rows of others come in by statements of theirs, each in a place
 * and an engine process of that workspace.
 *
 * Its records in `LAQueryLogs`, one in each workspace that it concerns, are durable before the first
 * byte of an answer leaves; where one can't be written, nothing leaves. A small answer is complete by then, so its record and its status are
 * too; a large one streams after it, and its record has no row count.
 */
export async function runQuery(
  dependencies: QueryDependencies,
  job: AuthorisedQuery,
): Promise<Outgoing> {
  const { catalog, workspaces, gate, clock, random, limits } = dependencies;
  const { request, principal, record, query, preferences, alongside, findWorkspace } = job;
  const started = clock.monotonicMs();
  const now = clock.now();
  const elapsedMs = (): number => clock.monotonicMs() - started;
  const workspace = await openWorkspace(workspaces, record);
  let range: TimeRange | undefined;
  const concerned = new Map([[record.workspaceId, { record, workspace }]]);
  const audit = async (facts: Omit<QueryFacts, 'text' | 'range' | 'durationMs'>): Promise<void> => {
    const workspacesOf = [...concerned.values()].map((each) => each.record);
    const known = { text: query.query, range, durationMs: elapsedMs(), ...facts };
    for (const each of concerned.values()) {
      const context = { request, principal, record, workspaces: workspacesOf, now, limits };
      await auditQuery(each.workspace, queryLogRow({ ...context, of: each.record }, known));
    }
  };
  let place: { readonly of: string; readonly leave: () => void } | undefined;
  const leave = (): void => {
    place?.leave();
    place = undefined;
  };
  const enter = async (of: WorkspaceId): Promise<void> => {
    if (place?.of === of) return;
    // Never one place while waiting for another: two queries would wait for each other.
    leave();
    place = { of, leave: await gate.enter(of, request.signal) };
    // A client that leaves while its answer waits to be read must not keep the place.
    request.signal.addEventListener('abort', place.leave, { once: true });
  };
  const concern = async (other: WorkspaceRecord): Promise<OtherWorkspace> => {
    const opened =
      concerned.get(other.workspaceId)?.workspace ?? (await openWorkspace(workspaces, other));
    concerned.set(other.workspaceId, { record: other, workspace: opened });
    const tables = tablesOf(dependencies, other, await opened.storedTables());
    return { workspaceId: other.workspaceId, tables };
  };
  const runIn = (
    of: WorkspaceId,
    { statement, tables }: Pick<CompiledQuery, 'statement' | 'tables'>,
  ): QueryRun =>
    workspaceOf(concerned, of).query(statement, {
      tables,
      maxSeconds: Math.max(1, Math.ceil(preferences.timeoutSeconds - elapsedMs() / 1000)),
      maxMemoryBytes: limits.memoryBytesMax,
      signal: request.signal,
      queryId: random.uuid(),
      settings: resultSettings,
    });
  const spent = { rowsRead: 0, bytesRead: 0, memoryBytes: 0 };
  let answer: Answer | undefined;
  try {
    if (query.timespan !== undefined) range = readTimeRange(query.timespan, msToTicks(now));
    const own = await concern(record);
    const others: OtherWorkspace[] = [];
    for (const each of alongside) others.push(await concern(each));
    const compiled = await compileAsking(
      query.query,
      {
        ...own,
        now: msToTicks(now),
        ...(range === undefined ? {} : { timeRange: range }),
        rowsMax: limits.rowsMax,
        functions: catalog.functions(record.workspaceId),
        alongside: others,
        otherWorkspace: async (name) => {
          const found = await findWorkspace(name);
          return found === undefined ? undefined : concern(found);
        },
      },
      async (inquiry) => {
        const of = workspaceId(inquiry.workspaceId);
        await enter(of);
        return answerText(runIn(of, inquiry), inquiry.bytesMax, spent);
      },
    );
    if (!compiled.ok) throw queryProblems(compiled.diagnostics);
    const home = workspaceId(compiled.workspaceId);
    await enter(home);
    answer = encodeAnswer({
      results: compiled.results,
      limits,
      preferences,
      elapsedMs,
      spent,
      run: (result) => runIn(home, result),
    });
    const held = await holdBack(answer, limits.heldBytesMax);
    const { rows: rowCount, bytesRead } = answer;
    await audit({ status: 200, ...(held.ended ? { rowCount, bytesRead } : {}) });
    answer.commit();
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    if (held.ended) {
      leave();
      return { status: 200, headers, body: Buffer.concat(held.chunks) };
    }
    return { status: 200, headers, body: rest(held.chunks, answer, leave) };
  } catch (error) {
    await answer?.body.return(undefined).catch(() => undefined);
    leave();
    const refusal = engineRefusal(error, preferences.timeoutSeconds);
    if (!(error instanceof AuditFailure)) await audit({ status: refusal?.status ?? 500 });
    throw refusal?.error ?? error;
  }
}

/** A workspace's tables, as its queries see them. */
function tablesOf(
  { catalog }: QueryDependencies,
  { workspaceId: id }: WorkspaceRecord,
  stored: StoredTables,
): OtherWorkspace['tables'] {
  return {
    get: (name) => {
      const table = catalog.table(id, name);
      return table === undefined
        ? undefined
        : { ...visibleSchema(table.schema), ...stored.get(name) };
    },
    names: () => catalog.tableNames(id),
    isEmpty: (name) => !stored.has(name),
  };
}

function workspaceOf(
  concerned: ReadonlyMap<WorkspaceId, { readonly workspace: Workspace }>,
  id: WorkspaceId,
): Workspace {
  const found = concerned.get(id);
  invariant(found !== undefined, 'a statement reads a workspace that was authorised');
  return found.workspace;
}

async function openWorkspace(workspaces: Workspaces, record: WorkspaceRecord): Promise<Workspace> {
  try {
    return await workspaces.open(record.workspaceId);
  } catch (cause) {
    throw new HttpError(503, 'ServiceUnavailable', 'The workspace cannot be opened now.', {
      headers: { 'retry-after': '5' },
      cause,
    });
  }
}

/** The audit could not be written: the client is told so, and gets nothing else. */
class AuditFailure extends HttpError {
  constructor(cause: unknown) {
    super(503, 'AuditUnavailable', 'The query could not be recorded, so it was not answered.', {
      headers: { 'retry-after': '5' },
      cause,
    });
  }
}

async function auditQuery(
  workspace: Workspace,
  row: Readonly<Record<string, unknown>>,
): Promise<void> {
  try {
    await workspace.appendAudit('LAQueryLogs', row);
  } catch (cause) {
    throw new AuditFailure(cause);
  }
}

/** Reads an answer until it ends or is too large to hold. */
async function holdBack(
  { body }: Answer,
  bytesMax: number,
): Promise<{ chunks: Uint8Array[]; ended: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size <= bytesMax) {
    const next = await body.next();
    if (next.done === true) return { chunks, ended: true };
    chunks.push(next.value);
    size += next.value.length;
  }
  return { chunks, ended: false };
}

/** What was held, then what follows; the place is given back at the end, however it comes. */
async function* rest(
  held: readonly Uint8Array[],
  { body }: Answer,
  leave: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield Buffer.concat(held);
    yield* body;
  } finally {
    await body.return(undefined);
    leave();
  }
}
