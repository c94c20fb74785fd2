import { HttpError } from '../http/errors.js';
import type { Incoming } from '../http/request.js';

/**
 * The api-versions that clients of the years 2015 to 2025 send, by lower-case resource type. The
 * bodies are the same across all of these (azure-api.md §0.1).
 */
const workspaceVersions = [
  '2020-03-01-preview',
  '2020-08-01',
  '2020-10-01',
  '2021-06-01',
  '2021-12-01-preview',
  '2022-10-01',
  '2023-09-01',
  '2025-02-01',
  '2025-07-01',
];
const ruleVersions = [
  '2019-11-01-preview',
  '2021-04-01',
  '2021-09-01-preview',
  '2022-06-01',
  '2023-03-11',
  '2024-03-11',
];
const authorizationVersions = [
  '2015-01-01',
  '2015-07-01',
  '2016-09-01',
  '2017-04-01',
  '2018-01-01-preview',
  '2020-04-01-preview',
  '2020-05-01',
  '2020-08-01-preview',
  '2020-10-01-preview',
  '2021-04-01-preview',
  '2022-04-01',
  '2022-05-01-preview',
];
const resourceVersions = [
  '2016-06-01',
  '2018-05-01',
  '2019-10-01',
  '2020-01-01',
  '2020-06-01',
  '2020-10-01',
  '2021-01-01',
  '2021-04-01',
  '2022-09-01',
  '2022-12-01',
  '2023-07-01',
  '2024-03-01',
  '2024-11-01',
  '2025-04-01',
];

const versionsByProvider: ReadonlyMap<string, readonly string[]> = new Map([
  ['Microsoft.OperationalInsights', workspaceVersions],
  ['Microsoft.Insights', ruleVersions],
  ['Microsoft.Authorization', authorizationVersions],
  ['Microsoft.Resources', resourceVersions],
  // Ours: no client of Azure's asks for it.
  ['Microsoft.Strongroom', ['2026-11-01']],
]);

export type Provider =
  | 'Microsoft.OperationalInsights'
  | 'Microsoft.Insights'
  | 'Microsoft.Authorization'
  | 'Microsoft.Resources'
  | 'Microsoft.Strongroom';

/** Throws a 400 where the api-version is missing, or is none that we know for the provider. */
export function checkApiVersion(request: Incoming, provider: Provider, type: string): void {
  const version = apiVersionOf(request);
  if (version === undefined) {
    throw new HttpError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  }
  const known = versionsByProvider.get(provider) ?? [];
  if (!known.includes(version.toLowerCase())) {
    throw new HttpError(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for API version '${version.slice(0, 64)}' and type ` +
        `'${type}'. The supported api-versions are '${known.join(', ')}'.`,
    );
  }
}

function apiVersionOf(request: Incoming): string | undefined {
  for (const [name, value] of request.path.query) {
    if (name.toLowerCase() === 'api-version' && value !== '') return value;
  }
  return undefined;
}
