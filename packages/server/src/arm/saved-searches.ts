import type { Json, JsonObject, StoredSearch, StoredWorkspace } from '../catalog/records.js';
import { textOf } from '../catalog/rule-properties.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { audited, resourceNotFound, workspaceRoutes } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import { invalid, readList, readObject, readOptionalText, readText } from './fields.js';
import { workspacesPath } from './workspaces.js';

const provider = 'Microsoft.OperationalInsights';
const workspaceType = `${provider}/workspaces`;

/** `Microsoft.OperationalInsights/workspaces/savedSearches`: saved queries and functions. */
export function savedSearchRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, random } = options;
  const all = `${workspacesPath}/:workspace/savedsearches`;
  const one = `${all}/:search`;
  const route = workspaceRoutes(options, { provider, type: 'workspaces/savedSearches' });
  const searches = (workspace: StoredWorkspace): ReadonlyMap<string, StoredSearch> =>
    catalog.snapshot.searches.get(workspace.workspaceId) ?? new Map();

  async function put(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const searchId = readText(call.params['search'], 'savedSearchId', {
      charsMax: 256,
      pattern: /^[^<>%&\\?/]+$/,
    });
    const body = readObject(await readJsonBody(call.request));
    const properties = readProperties(readObject(body['properties'], 'properties'));
    const alias = textOf(properties['functionAlias'])?.toLowerCase();
    for (const other of searches(workspace).values()) {
      if (other.searchId.toLowerCase() === searchId.toLowerCase() || alias === undefined) continue;
      if (textOf(other.properties['functionAlias'])?.toLowerCase() === alias) {
        throw new HttpError(409, 'Conflict', `The function '${alias}' is another saved search's.`);
      }
    }
    const before = searches(workspace).get(searchId.toLowerCase());
    const etag = textOf(body['etag']);
    if (etag !== undefined && etag !== '*' && before !== undefined && etag !== before.etag) {
      throw new HttpError(
        412,
        'PreconditionFailed',
        'The saved search has changed; read it again.',
      );
    }
    const after: StoredSearch = {
      workspaceId: workspace.workspaceId,
      searchId,
      properties,
      etag: `"${random.uuid()}"`,
    };
    await audited(
      options,
      call,
      {
        operation: `${workspaceType}/write`,
        target: call.scopeKey,
        workspaceId: workspace.workspaceId,
        properties: { savedSearch: searchId },
      },
      () => catalog.change((write) => write.putSearch(after)),
    );
    return jsonAnswer(200, show(workspace, after));
  }

  async function remove(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const searchId = call.params['search'] ?? '';
    if (!searches(workspace).has(searchId.toLowerCase())) return { status: 200 };
    await audited(
      options,
      call,
      {
        operation: `${workspaceType}/write`,
        target: call.scopeKey,
        workspaceId: workspace.workspaceId,
        properties: { savedSearch: searchId, removed: true },
      },
      () =>
        catalog.change((write) =>
          write.removeSearch({ workspaceId: workspace.workspaceId, searchId }),
        ),
    );
    return { status: 200, headers: { 'content-length': '0' } };
  }

  return [
    route('GET', all, `${workspaceType}/read`, async (_call, workspace) =>
      jsonAnswer(200, {
        value: [...searches(workspace).values()].map((search) => show(workspace, search)),
      }),
    ),
    route('GET', one, `${workspaceType}/read`, async (call, workspace) => {
      const found = searches(workspace).get((call.params['search'] ?? '').toLowerCase());
      if (found === undefined) throw resourceNotFound(call, 'saved search');
      return jsonAnswer(200, show(workspace, found));
    }),
    route('PUT', one, `${workspaceType}/write`, put),
    route('DELETE', one, `${workspaceType}/write`, remove),
  ];
}

function readProperties(body: JsonObject): JsonObject {
  const alias = readOptionalText(body['functionAlias'], 'properties.functionAlias', {
    charsMax: 128,
    pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
  });
  const parameters = readOptionalText(body['functionParameters'], 'properties.functionParameters', {
    charsMax: 4_096,
  });
  if (parameters !== undefined && alias === undefined) {
    throw invalid('properties.functionParameters', 'Parameters need a function alias.');
  }
  const tags = body['tags'];
  const version = body['version'];
  const properties: Record<string, Json> = {
    category: readText(body['category'], 'properties.category', { charsMax: 256 }),
    displayName: readText(body['displayName'], 'properties.displayName', { charsMax: 256 }),
    query: readText(body['query'], 'properties.query', { charsMax: 100_000 }),
    version: typeof version === 'number' ? version : 2,
  };
  if (alias !== undefined) properties['functionAlias'] = alias;
  if (parameters !== undefined) properties['functionParameters'] = parameters;
  if (tags !== undefined && tags !== null) {
    properties['tags'] = readList(tags, 'properties.tags', 50).map((tag, index) => {
      const { name, value } = readObject(tag, `properties.tags[${index}]`);
      return {
        name: readText(name, `properties.tags[${index}].name`, { charsMax: 256 }),
        value: readText(value, `properties.tags[${index}].value`, { charsMax: 256 }),
      };
    });
  }
  return properties;
}

const show = (workspace: StoredWorkspace, search: StoredSearch): JsonObject => ({
  id: `${workspace.resourceId}/savedSearches/${search.searchId}`,
  name: search.searchId,
  type: `${workspaceType}/savedSearches`,
  etag: search.etag,
  properties: search.properties,
});
