import type { JsonObject, StoredResource } from '../catalog/records.js';
import { textOf } from '../catalog/rule-properties.js';
import { HttpError } from '../http/errors.js';
import { resourceKey } from '../http/request-path.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { audited, authorise, resourceNotFound, systemData } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import { insightsPath } from './endpoints.js';
import { invalid, readObject, readOptionalText, readText } from './fields.js';

const provider = 'Microsoft.Insights';
const type = `${provider}/dataCollectionRuleAssociations`;

/**
 * `Microsoft.Insights/dataCollectionRuleAssociations`: which resource a rule or endpoint is meant
 * for. Kept and shown; what an agent collects is decided by its workspace's configuration.
 *
 * Whoever may write the rule may associate it.
 */
export function associationRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, clock } = options;
  const one = '*/providers/microsoft.insights/datacollectionruleassociations/:name';
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
  ): Route => ({ method, pattern, provider, type: 'dataCollectionRuleAssociations', run });
  const keyOf = (call: ArmCall): string =>
    `${call.scopeKey}/providers/microsoft.insights/datacollectionruleassociations/${(call.params['name'] ?? '').toLowerCase()}`;
  const find = (call: ArmCall): StoredResource | undefined => {
    const found = catalog.snapshot.resources.get(keyOf(call));
    return found?.kind === 'association' ? found : undefined;
  };
  const targetKey = (properties: JsonObject): string =>
    resourceKey(
      textOf(properties['dataCollectionRuleId']) ??
        textOf(properties['dataCollectionEndpointId']) ??
        '/',
    );
  const action = (properties: JsonObject, verb: 'read' | 'write') =>
    textOf(properties['dataCollectionRuleId']) === undefined
      ? (`${provider}/dataCollectionEndpoints/${verb}` as const)
      : (`${provider}/dataCollectionRules/${verb}` as const);
  const all = (): readonly StoredResource[] =>
    [...catalog.snapshot.resources.values()].filter(({ kind }) => kind === 'association');
  const shown = (call: ArmCall, chosen: (found: StoredResource) => boolean): Outgoing =>
    jsonAnswer(200, {
      value: all()
        .filter(
          (found) =>
            chosen(found) &&
            options.access.allows(
              call.principal,
              action(found.properties, 'read'),
              targetKey(found.properties),
            ),
        )
        .map(show),
    });

  async function put(call: ArmCall): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const given = readObject(body['properties'], 'properties');
    const properties: Record<string, string> = {};
    for (const name of ['description', 'dataCollectionRuleId', 'dataCollectionEndpointId']) {
      const text = readOptionalText(given[name], `properties.${name}`);
      if (text !== undefined) properties[name] = text;
    }
    if (
      (properties['dataCollectionRuleId'] === undefined) ===
      (properties['dataCollectionEndpointId'] === undefined)
    ) {
      throw invalid(
        'properties',
        "Exactly one of 'dataCollectionRuleId' and 'dataCollectionEndpointId' is needed.",
      );
    }
    await authorise(options, call, action(properties, 'write'), targetKey(properties));
    if (!catalog.snapshot.resources.has(targetKey(properties))) {
      throw new HttpError(404, 'ResourceNotFound', 'What is to be associated does not exist.');
    }
    const before = find(call);
    if (before !== undefined) {
      await authorise(
        options,
        call,
        action(before.properties, 'write'),
        targetKey(before.properties),
      );
    }
    const name = readText(call.params['name'], 'associationName', {
      charsMax: 260,
      pattern: /^[A-Za-z0-9][\w.() -]*$/,
    });
    if (call.scope.length > 2_048) throw invalid('resourceUri', 'The resource id is too long.');
    const now = clock.now();
    const after: StoredResource = {
      kind: 'association',
      resourceKey: keyOf(call),
      resourceId: `${call.scope === '/' ? '' : call.scope}/providers/${type}/${name}`,
      name,
      subscriptionId: options.subscriptionId,
      resourceGroup: '',
      region: '',
      immutableId: '',
      version: (before?.version ?? 0) + 1,
      tags: {},
      flavor: undefined,
      properties,
      createdAt: before?.createdAt ?? now,
      modifiedAt: now,
    };
    await audited(
      options,
      call,
      { operation: action(properties, 'write'), target: after.resourceKey },
      () => catalog.change((write) => write.putResource(after)),
    );
    return jsonAnswer(before === undefined ? 201 : 200, show(after));
  }

  return [
    route('PUT', one, put),
    route('GET', one, async (call) => {
      const found = find(call);
      if (found === undefined) throw resourceNotFound(call, 'association');
      await authorise(options, call, action(found.properties, 'read'), targetKey(found.properties));
      return jsonAnswer(200, show(found));
    }),
    route('DELETE', one, async (call) => {
      const found = find(call);
      if (found === undefined) return { status: 204 };
      const write = action(found.properties, 'write');
      await authorise(options, call, write, targetKey(found.properties));
      await audited(options, call, { operation: write, target: found.resourceKey }, () =>
        catalog.change((writer) => writer.removeResource(found.resourceKey)),
      );
      return { status: 200, headers: { 'content-length': '0' } };
    }),
    route('GET', '*/providers/microsoft.insights/datacollectionruleassociations', async (call) =>
      shown(call, ({ resourceKey: key }) =>
        key.startsWith(
          `${call.scopeKey}/providers/microsoft.insights/datacollectionruleassociations/`,
        ),
      ),
    ),
    ...(['datacollectionrules', 'datacollectionendpoints'] as const).map((folder) =>
      route('GET', `${insightsPath}/${folder}/:name/associations`, async (call) =>
        shown(
          call,
          ({ properties }) =>
            targetKey(properties) === call.scopeKey.replace(/\/associations$/, ''),
        ),
      ),
    ),
  ];
}

const show = (found: StoredResource): JsonObject => ({
  id: found.resourceId,
  name: found.name,
  type,
  etag: `"${found.version}"`,
  systemData: systemData(found),
  properties: { ...found.properties, provisioningState: 'Succeeded' },
});
