import type { Json } from '../catalog/records.js';
import { badRequest } from './failures.js';
import type { QueryLimits } from './limits.js';

/** One query as a client asks it. */
export interface QueryRequest {
  readonly query: string;
  readonly timespan?: string;
  /** Further workspaces: GUIDs, names or resource ids. */
  readonly workspaces: readonly string[];
}

/** Reads `{query, timespan?, workspaces?}`. Throws a 400 for another shape. */
export function readQueryRequest(body: Json | undefined, limits: QueryLimits): QueryRequest {
  if (!isObject(body)) throw badRequest('InvalidJsonBody', 'The body must be a JSON object.');
  const { query, timespan, workspaces } = body;
  if (typeof query !== 'string' || query.trim() === '') {
    throw badRequest('QueryMissing', "The body must have a 'query' with KQL text.");
  }
  if (query.length > limits.queryCharsMax) {
    throw badRequest(
      'QueryTooLong',
      `A query may have ${limits.queryCharsMax} characters at most.`,
    );
  }
  if (timespan !== undefined && timespan !== null && typeof timespan !== 'string') {
    throw badRequest('InvalidTimespanError', "The 'timespan' must be text.");
  }
  const list = workspaces ?? [];
  if (!Array.isArray(list) || !list.every((each): each is string => typeof each === 'string')) {
    throw badRequest('InvalidWorkspaces', "The 'workspaces' must be a list of names or ids.");
  }
  if (list.length > workspacesMax) {
    throw badRequest('TooManyWorkspaces', `At most ${workspacesMax} workspaces may be named.`);
  }
  return {
    query,
    ...(typeof timespan === 'string' && timespan !== '' ? { timespan } : {}),
    workspaces: list,
  };
}

/** Azure's limit of resources of one query. */
const workspacesMax = 100;

const isObject = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One query of a batch. */
export interface BatchItem {
  readonly id: string;
  readonly workspace: string;
  readonly prefer: string | undefined;
  readonly body: Json | undefined;
  /** False where the item asks for something else than a query. */
  readonly isQuery: boolean;
}

/** Reads `{requests: […]}`. Throws a 400 for another shape. */
export function readBatch(body: Json | undefined, limits: QueryLimits): readonly BatchItem[] {
  const requests = isObject(body) ? body['requests'] : undefined;
  if (!Array.isArray(requests) || requests.length === 0) {
    throw badRequest('InvalidBatch', "The body must have a list of 'requests'.");
  }
  if (requests.length > limits.batchMax) {
    throw badRequest('BatchTooLarge', `A batch may hold ${limits.batchMax} queries at most.`);
  }
  return requests.map((item: Json): BatchItem => {
    if (!isObject(item)) throw badRequest('InvalidBatch', 'A request of the batch is no object.');
    const { id, workspace, headers, body: query, path = '/query', method = 'POST' } = item;
    if (typeof id !== 'string' || typeof workspace !== 'string') {
      throw badRequest('InvalidBatch', "A request of the batch has no 'id' or no 'workspace'.");
    }
    const prefer = isObject(headers)
      ? Object.entries(headers).find(([name]) => name.toLowerCase() === 'prefer')?.[1]
      : undefined;
    return {
      id,
      workspace,
      prefer: typeof prefer === 'string' ? prefer : undefined,
      body: query,
      isQuery: path === '/query' && method === 'POST',
    };
  });
}
