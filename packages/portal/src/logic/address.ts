import type { TimeRange } from './timespan.js';
import { parseTimeRange, printTimeRange } from './timespan.js';

/**
 * What a link to the query page says. It lives in the URL's fragment, which the browser keeps to
 * itself: a query's literals reach no access log and no `Referer`.
 */
export interface QueryAddress {
  readonly workspaceId?: string;
  readonly range?: TimeRange;
  readonly query?: string;
}

export function parseAddress(fragment: string): QueryAddress {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const workspaceId = fields.get('workspace');
  const range = parseTimeRange(fields.get('timespan') ?? '');
  const query = fields.get('query');
  return {
    ...(workspaceId ? { workspaceId } : {}),
    ...(range ? { range } : {}),
    ...(query === null ? {} : { query }),
  };
}

/** `#workspace=…&timespan=…&query=…`, absent parts left out; empty without any. */
export function printAddress(address: QueryAddress): string {
  const fields: string[] = [];
  if (address.workspaceId) fields.push(`workspace=${encodeURIComponent(address.workspaceId)}`);
  if (address.range) fields.push(`timespan=${encodeURIComponent(printTimeRange(address.range))}`);
  if (address.query) fields.push(`query=${encodeURIComponent(address.query)}`);
  return fields.length === 0 ? '' : `#${fields.join('&')}`;
}

/** The portal's pages by the last part of their path. */
export const pageNames = ['logs', 'data', 'agents', 'access', 'account'] as const;
export type PageName = (typeof pageNames)[number];

/** The page of a path such as `/portal/agents`; anything else is the query page. */
export function pageOf(path: string): PageName {
  const name = path.replace(/^\/portal\/?/, '').split('/')[0];
  return pageNames.find((page) => page === name) ?? 'logs';
}
