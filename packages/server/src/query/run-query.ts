import type { Clock, Random } from '@strongroom/base';
import { compileAsking, resultSettings } from '@strongroom/kql';
import type { Ask, CompileOptions, CompiledQuery } from '@strongroom/kql';
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
}

/**
 * Runs one query: compile → a place → the engine → rows in the API's shape. What the compiler asks of
 * the data on the way (`pivot`'s columns) runs as the query itself does, in its place and its limits.
 *
 * Its record in `LAQueryLogs` is durable before the first byte of an answer leaves; where it can't
 * be written, nothing leaves. A small answer is complete by then, so its record and its status are
 * too; a large one streams after it, and its record has no row count.
 */
export async function runQuery(
  dependencies: QueryDependencies,
  job: AuthorisedQuery,
): Promise<Outgoing> {
  const { workspaces, gate, clock, random, limits } = dependencies;
  const { request, principal, record, query, preferences } = job;
  const started = clock.monotonicMs();
  const now = clock.now();
  const elapsedMs = (): number => clock.monotonicMs() - started;
  const workspace = await openWorkspace(workspaces, record);
  let range: TimeRange | undefined;
  const audit = (facts: Omit<QueryFacts, 'text' | 'range' | 'durationMs'>): Promise<void> =>
    auditQuery(
      workspace,
      queryLogRow(
        { request, principal, record, now, limits },
        { text: query.query, range, durationMs: elapsedMs(), ...facts },
      ),
    );
  let place: (() => void) | undefined;
  const leave = (): void => place?.();
  const enter = async (): Promise<void> => {
    if (place !== undefined) return;
    place = await gate.enter(record.workspaceId, request.signal);
    // A client that leaves while its answer waits to be read must not keep the place.
    request.signal.addEventListener('abort', place, { once: true });
  };
  const run = ({ statement, tables }: Pick<CompiledQuery, 'statement' | 'tables'>): QueryRun =>
    workspace.query(statement, {
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
    const stored = await workspace.storedTables();
    const results = await compileQuery(
      dependencies,
      { record, query, range, now, stored },
      async (inquiry) => {
        await enter();
        return answerText(run(inquiry), inquiry.bytesMax, spent);
      },
    );
    await enter();
    answer = encodeAnswer({
      results,
      limits,
      preferences,
      elapsedMs,
      spent,
      run,
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

async function compileQuery(
  { catalog, limits }: QueryDependencies,
  job: {
    record: WorkspaceRecord;
    query: QueryRequest;
    range: TimeRange | undefined;
    now: number;
    stored: StoredTables;
  },
  ask: Ask,
): Promise<readonly CompiledQuery[]> {
  const { record, query, range, now, stored } = job;
  const id = record.workspaceId;
  const options: CompileOptions = {
    tables: {
      get: (name) => {
        const table = catalog.table(id, name);
        return table === undefined
          ? undefined
          : { ...visibleSchema(table.schema), ...stored.get(name) };
      },
      names: () => catalog.tableNames(id),
      isEmpty: (name) => !stored.has(name),
    },
    workspaceId: id,
    now: msToTicks(now),
    ...(range === undefined ? {} : { timeRange: range }),
    rowsMax: limits.rowsMax,
    functions: catalog.functions(id),
  };
  const compiled = await compileAsking(query.query, options, ask);
  if (!compiled.ok) throw queryProblems(compiled.diagnostics);
  return compiled.results;
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
