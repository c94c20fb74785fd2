import { systemColumns } from '@strongroom/sql';
import type { ColumnSchema } from '@strongroom/sql';
import { roles } from '../access/roles.js';
import type { Json, JsonObject, StoredResource, StoredWorkspace } from '../catalog/records.js';
import {
  isObject,
  listOf,
  objectOf,
  readRule,
  scalarTypeOfArm,
  tableOfStream,
  textOf,
} from '../catalog/rule-properties.js';
import type { RuleContent } from '../catalog/rule-properties.js';
import { standardTables } from '../catalog/standard-tables.js';
import { HttpError } from '../http/errors.js';
import { resourceKey } from '../http/request-path.js';
import { readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { authorise, systemData } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import { insightsName, insightsPath, insightsSubscriptionPath } from './endpoints.js';
import { invalid, readObject, readOptionalObject, readOptionalText, readTags } from './fields.js';
import { mayAddInsightsResource } from './resource-creation.js';
import { storedResources } from './stored-resources.js';
import { noTime } from './transform.js';
import type { TransformProblem } from './transform.js';
import { readLocation } from './workspaces.js';

const provider = 'Microsoft.Insights';
const type = `${provider}/dataCollectionRules`;

/** Limits of data collection rules, Azure's. */
export const ruleLimits = {
  streamsMax: 100,
  columnsMax: 500,
  flowsMax: 100,
  destinationsMax: 50,
  /** Streams times destinations over all flows: each may have a transformation to compile. */
  pathsMax: 500,
  transformCharsMax: 15_360,
} as const;

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly target: string;
}

/** `Microsoft.Insights/dataCollectionRules`. */
export function ruleRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, clock, random } = options;
  const one = `${insightsPath}/datacollectionrules/:name`;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
  ): Route => ({ method, pattern, provider, type: 'dataCollectionRules', run });
  const ruleResources = storedResources(options, {
    kind: 'rule',
    type,
    what: 'data collection rule',
    show: (found, call) => showRule(options, found, call.request.origin),
    makersRoles: [roles.owner, roles.metricsPublisher],
    auditOf: ({ properties, immutableId, version }) => {
      const first = readRule(properties).destinations.values().next();
      return {
        workspaceId:
          first.done === true ? undefined : catalog.workspaceByResourceId(first.value)?.workspaceId,
        properties: { immutableId, version },
      };
    },
  });

  async function put(call: ArmCall): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const before = ruleResources.find(call);
    // Whoever owns a workspace of the group may add a rule; an existing one takes a role on it.
    if (before !== undefined || !mayAddInsightsResource(options, call)) {
      await authorise(options, call, `${type}/write`, call.scopeKey);
    }
    if (!insightsName.test(call.params['name'] ?? '')) {
      throw invalid('dataCollectionRuleName', 'A name has 3 to 64 letters, digits and -_. inside.');
    }
    const region = readLocation(body, options.regions);
    const properties = readObject(body['properties'], 'properties');
    const content = checkShape(properties);
    for (const key of new Set(content.destinations.values())) {
      await authorise(options, call, 'Microsoft.OperationalInsights/workspaces/write', key);
    }
    checkContent(options, content);
    const old = before ?? ruleResources.blank(call, `dcr-${random.uuid().replaceAll('-', '')}`);
    return ruleResources.store(call, before, {
      ...old,
      region,
      tags: readTags(body['tags']),
      flavor: readOptionalText(body['kind'], 'kind', { charsMax: 64 }),
      properties: withWorkspaceIds(options, settable(properties)),
      version: old.version + 1,
      modifiedAt: clock.now(),
    });
  }

  async function patch(call: ArmCall): Promise<Outgoing> {
    const before = await ruleResources.toChange(call);
    const body = readOptionalObject(await readJsonBody(call.request), 'body');
    const tags = body['tags'] === undefined ? before.tags : readTags(body['tags']);
    // Tags do not change what the rule does: its version stays.
    return ruleResources.store(call, before, { ...before, tags, modifiedAt: clock.now() });
  }

  return [
    route(
      'GET',
      `${insightsSubscriptionPath}/datacollectionrules`,
      ruleResources.listIn('subscription'),
    ),
    route('GET', `${insightsPath}/datacollectionrules`, ruleResources.listIn('group')),
    route('GET', one, ruleResources.get),
    route('PUT', one, put),
    route('PATCH', one, patch),
    route(
      'DELETE',
      one,
      ruleResources.remove(async ({ resourceKey: key }, write) => {
        for (const other of catalog.snapshot.resources.values()) {
          if (other.kind !== 'association') continue;
          const target = textOf(other.properties['dataCollectionRuleId']);
          if (target !== undefined && resourceKey(target) === key) {
            await write.removeResource(other.resourceKey);
          }
        }
      }),
    ),
  ];
}

const settableNames = [
  'description',
  'dataCollectionEndpointId',
  'streamDeclarations',
  'dataSources',
  'destinations',
  'dataFlows',
];

/**
 * The destinations with the ids of the workspaces that they were allowed for. A name outlives its
 * workspace: another one made under it later must not get, nor be fed, what was meant for the first.
 */
function withWorkspaceIds({ catalog }: ArmOptions, properties: JsonObject): JsonObject {
  const destinations = objectOf(properties['destinations']);
  return {
    ...properties,
    destinations: {
      ...destinations,
      logAnalytics: listOf(destinations['logAnalytics']).map((item): JsonObject => {
        const { workspaceId: _given, ...destination } = objectOf(item);
        const id = textOf(destination['workspaceResourceId']) ?? '';
        const found = catalog.workspaceByResourceId(resourceKey(id));
        return found === undefined
          ? destination
          : { ...destination, workspaceId: found.workspaceId };
      }),
    },
  };
}

const settable = (properties: JsonObject): JsonObject =>
  Object.fromEntries(
    settableNames.flatMap((name) => {
      const value = properties[name];
      return value === undefined || value === null ? [] : [[name, value] as const];
    }),
  );

function throwProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new HttpError(400, 'InvalidPayload', 'Data collection rule is invalid', {
    detail: { details: problems },
  });
}

/** Checks everything that can be said without knowing any workspace. */
function checkShape(properties: JsonObject): RuleContent {
  const problems: Problem[] = [];
  const problem = (code: string, target: string, message: string): void => {
    problems.push({ code, message, target });
  };
  const declarations = Object.entries(objectOf(properties['streamDeclarations']));
  if (declarations.length > ruleLimits.streamsMax) {
    problem('InvalidStream', 'properties.streamDeclarations', 'There are too many streams.');
  }
  for (const [stream, declaration] of declarations) {
    const target = `properties.streamDeclarations.${stream}`;
    if (!/^Custom-[A-Za-z0-9_]{1,100}$/.test(stream)) {
      problem('InvalidStream', target, `Declared streams are named 'Custom-…', not '${stream}'.`);
      continue;
    }
    checkColumns(listOf(objectOf(declaration)['columns']), target, problem);
  }
  const destinations = objectOf(properties['destinations']);
  for (const kind of Object.keys(destinations)) {
    if (kind !== 'logAnalytics' && listOf(destinations[kind]).length > 0) {
      problem(
        'InvalidDestination',
        `properties.destinations.${kind}`,
        `Destinations of the kind '${kind}' are not supported; use logAnalytics.`,
      );
    }
  }
  const content = readRule(properties);
  const wanted = listOf(destinations['logAnalytics']);
  if (wanted.length === 0 || wanted.length > ruleLimits.destinationsMax) {
    problem(
      'InvalidDestination',
      'properties.destinations.logAnalytics',
      `A rule has 1 to ${ruleLimits.destinationsMax} workspaces as destinations.`,
    );
  } else if (content.destinations.size !== wanted.length) {
    problem(
      'InvalidDestination',
      'properties.destinations.logAnalytics',
      "Each destination needs a 'name' of its own and a 'workspaceResourceId'.",
    );
  }
  const flows = listOf(properties['dataFlows']);
  if (flows.length === 0 || flows.length > ruleLimits.flowsMax) {
    problem(
      'InvalidDataFlow',
      'properties.dataFlows',
      `A rule has 1 to ${ruleLimits.flowsMax} flows.`,
    );
  }
  let paths = 0;
  for (const flow of content.flows) paths += flow.streams.length * flow.destinations.length;
  if (paths > ruleLimits.pathsMax) {
    problem(
      'InvalidDataFlow',
      'properties.dataFlows',
      `A rule may lead its streams to their destinations on ${ruleLimits.pathsMax} paths at most.`,
    );
    throwProblems(problems);
  }
  content.flows.forEach((flow, index) => {
    const target = `properties.dataFlows[${index}]`;
    if (flow.streams.length === 0) problem('InvalidDataFlow', target, 'The flow has no stream.');
    if (flow.destinations.length === 0) {
      problem('InvalidDataFlow', target, 'The flow has no destination.');
    }
    for (const name of flow.destinations) {
      if (!content.destinations.has(name)) {
        problem('InvalidDataFlow', target, `There is no destination '${name}'.`);
      }
    }
    for (const stream of flow.streams) {
      if (stream.startsWith('Custom-') && !content.declarations.has(stream)) {
        problem('InvalidStream', target, `The stream '${stream}' is not declared.`);
      }
    }
    if ((flow.transformKql?.length ?? 0) > ruleLimits.transformCharsMax) {
      problem(
        'InvalidTransformQuery',
        target,
        `The transformation is longer than ${ruleLimits.transformCharsMax} characters.`,
      );
    }
  });
  throwProblems(problems);
  return content;
}

function checkColumns(
  columns: readonly Json[],
  target: string,
  problem: (code: string, target: string, message: string) => void,
): void {
  if (columns.length === 0 || columns.length > ruleLimits.columnsMax) {
    problem('InvalidStream', target, `A stream has 1 to ${ruleLimits.columnsMax} columns.`);
    return;
  }
  const seen = new Set<string>();
  for (const column of columns) {
    const { name, type: typeText } = isObject(column) ? column : {};
    if (typeof name !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name)) {
      problem('InvalidStream', target, 'A column has no name, or one that is not allowed.');
    } else if (Object.hasOwn(systemColumns, name)) {
      problem('InvalidStream', target, `The column name '${name}' is reserved.`);
    } else if (seen.has(name)) {
      problem('InvalidStream', target, `The column '${name}' is there twice.`);
    } else if (typeof typeText !== 'string' || scalarTypeOfArm(typeText) === undefined) {
      problem('InvalidStream', target, `The column '${name}' has no type that there is.`);
    }
    if (typeof name === 'string') seen.add(name);
  }
}

/** Checks the rule against its workspaces: tables exist, transformations compile. */
function checkContent(options: ArmOptions, content: RuleContent): void {
  const { catalog } = options;
  const problems: Problem[] = [];
  const workspaces = new Map<string, StoredWorkspace>();
  for (const [name, key] of content.destinations) {
    const found = catalog.snapshot.workspacesByKey.get(key);
    if (found === undefined || found.deletedAt !== undefined) {
      problems.push({
        code: 'InvalidDestination',
        message: `The workspace of the destination '${name}' does not exist.`,
        target: 'properties.destinations.logAnalytics',
      });
    } else workspaces.set(name, found);
  }
  content.flows.forEach((flow, index) => {
    const target = `properties.dataFlows[${index}]`;
    for (const stream of flow.streams) {
      for (const destination of flow.destinations) {
        const workspace = workspaces.get(destination);
        if (workspace === undefined) continue;
        const tableName = flow.outputTable(stream);
        const table = catalog.table(workspace.workspaceId, tableName);
        if (table === undefined) {
          problems.push({
            code: 'InvalidOutputTable',
            message: `Table for output stream '${flow.outputStream ?? stream}' is not available for destination '${destination}'.`,
            target,
          });
          continue;
        }
        const columns: readonly ColumnSchema[] | undefined =
          content.declarations.get(stream) ??
          standardTables().get(tableOfStream(stream))?.schema.columns;
        if (columns === undefined) {
          problems.push({
            code: 'InvalidStream',
            message: `The stream '${stream}' is not known.`,
            target,
          });
          continue;
        }
        const text = flow.transformKql?.trim() ?? 'source';
        const found =
          text === 'source'
            ? plainProblems(columns)
            : options.checkTransform({
                text,
                input: { name: 'source', columns },
                output: table.schema,
                workspaceId: workspace.workspaceId,
              });
        for (const problem of found) problems.push({ ...problem, target });
      }
    }
  });
  throwProblems(problems);
}

/** Without a transformation the rows must bring the time themselves. */
const plainProblems = (columns: readonly ColumnSchema[]): readonly TransformProblem[] =>
  columns.some(({ name, type: scalar }) => name === 'TimeGenerated' && scalar === 'datetime')
    ? []
    : [noTime];

/** A rule as ARM shows it (azure-api.md §5). */
function showRule(options: ArmOptions, found: StoredResource, origin: string): JsonObject {
  const { properties } = found;
  const logAnalytics = listOf(objectOf(properties['destinations'])['logAnalytics']).map((item) => {
    const destination = objectOf(item);
    const id = textOf(destination['workspaceResourceId']) ?? '';
    const workspace = options.catalog.workspaceByResourceId(resourceKey(id));
    return {
      ...destination,
      ...(workspace === undefined || destination['workspaceId'] !== undefined
        ? {}
        : { workspaceId: workspace.workspaceId }),
    };
  });
  return {
    id: found.resourceId,
    name: found.name,
    type,
    location: found.region,
    tags: found.tags,
    ...(found.flavor === undefined ? {} : { kind: found.flavor }),
    etag: `"${found.version}"`,
    systemData: systemData(found),
    properties: {
      ...properties,
      destinations: { ...objectOf(properties['destinations']), logAnalytics },
      immutableId: found.immutableId,
      endpoints: { logsIngestion: origin },
      provisioningState: 'Succeeded',
    },
  };
}
