import { ticksPerMillisecond, unixEpochTicks } from '@strongroom/sql';
import type { Json, JsonObject, StoredTable, StoredWorkspace } from '../catalog/records.js';
import { objectOf } from '../catalog/rule-properties.js';

/** How long rows are kept, from what the catalog says. Pure. */

/** A moment in ticks (packages/sql) as text. */
export const isoOfTicks = (ticks: bigint): string =>
  new Date(Number((ticks - unixEpochTicks) / ticksPerMillisecond)).toISOString();

/** A shortened retention takes effect so long after it was asked for, as in Azure. */
export const shorteningWaitMs = 30 * 86_400_000;

/** The name under which the properties of a workspace or table keep a shortening that waits. */
const waitName = 'retentionWait';

/** Until `until`, rows are kept `days` all the same. */
interface Wait {
  readonly days: number;
  readonly until: number;
}

type Kept = Pick<StoredWorkspace, 'retentionInDays' | 'properties'>;

/** -1 stands for the workspace's own retention. */
export const daysOf = (value: Json | undefined): number | undefined =>
  typeof value === 'number' && value !== -1 ? value : undefined;

/** Days that a workspace's rows are kept where their table says nothing else. */
export const workspaceDays = (workspace: Kept, now: number): number =>
  Math.max(workspace.retentionInDays, waitingDays(workspace.properties, now));

/** Days that a table's rows are kept in all, a shortening that waits included. */
export function tableDays(
  workspace: Kept,
  table: Pick<StoredTable, 'properties'> | undefined,
  now: number,
): number {
  const properties = table?.properties ?? {};
  const interactive = daysOf(properties['retentionInDays']) ?? workspaceDays(workspace, now);
  const total = daysOf(properties['totalRetentionInDays']) ?? interactive;
  return Math.max(interactive, total, waitingDays(properties, now));
}

/** When a shortening of this takes effect; `undefined` where none waits. */
export function shorteningUntil(properties: JsonObject, now: number): number | undefined {
  const wait = readWait(properties);
  return wait !== undefined && wait.until > now ? wait.until : undefined;
}

/**
 * The properties with the wait that this change brings. `daysBefore` is what rows are kept now, a
 * wait that runs included; a change that keeps as long or longer brings none.
 */
export function withWait(
  properties: JsonObject,
  change: { daysBefore: number; daysAfter: number; now: number; immediate: boolean },
): JsonObject {
  const rest = withoutWait(properties);
  if (change.daysAfter >= change.daysBefore || change.immediate) return rest;
  const running = readWait(properties);
  const until =
    running !== undefined && running.until > change.now && running.days === change.daysBefore
      ? running.until
      : change.now + shorteningWaitMs;
  return { ...rest, [waitName]: { days: change.daysBefore, until } };
}

/** The workspace asked to be rid of data at once (Azure: `immediatePurgeDataOn30Days`). */
export const isImmediate = (workspace: Pick<StoredWorkspace, 'properties'>): boolean =>
  objectOf(workspace.properties['features'])['immediatePurgeDataOn30Days'] === true;

/** The properties as they were written, without a shortening that waits. */
export function withoutWait(properties: JsonObject): JsonObject {
  const { [waitName]: _wait, ...rest } = properties;
  return rest;
}

/** What of the properties says that a shortening waits; a PUT of the whole must not lose it. */
export const retentionWaitOf = (properties: JsonObject): JsonObject =>
  properties[waitName] === undefined ? {} : { [waitName]: properties[waitName] };

function waitingDays(properties: JsonObject, now: number): number {
  const wait = readWait(properties);
  return wait !== undefined && wait.until > now ? wait.days : 0;
}

function readWait(properties: JsonObject): Wait | undefined {
  const { days, until } = objectOf(properties[waitName]);
  return typeof days === 'number' && typeof until === 'number' ? { days, until } : undefined;
}
