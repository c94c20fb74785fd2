import { StrongroomError } from '@strongroom/base';
import type { Clock, WorkspaceId } from '@strongroom/base';
import { ticksPerDay, ticksPerMillisecond, unixEpochTicks } from '@strongroom/sql';
import type { Catalog } from '../catalog/open-catalog.js';
import { HttpError } from '../http/errors.js';
import { restoreHolds } from '../locks/holds.js';
import { assertNone } from '../locks/locks.js';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import { erasureScope } from '../purge/erasures.js';
import { serviceActor } from '../workspaces/record.js';
import type { Workspaces } from '../workspaces/workspace.js';
import { tableDays } from './days.js';
import type { TrustedClock } from './trusted-clock.js';

/**
 * Expiry: whole arrival days are dropped when they are older than their table keeps rows. Nothing in
 * the engine deletes by itself. Before each drop come locks, holds, the trusted clock, the time of the
 * ledger's newest checkpoint, and a record; where one of them objects the rows stay.
 */
export interface Retention {
  /** Drops what has expired in every workspace. */
  run(): Promise<void>;
  /** What each table keeps, and what holds expiry up. */
  status(id: WorkspaceId): RetentionStatus;
  close(): Promise<void>;
}

export interface RetentionStatus {
  /** When it last ran, and what came of it; `undefined` before the first time. */
  readonly lastRun: number | undefined;
  readonly expired: readonly ExpiredDays[];
  /** Tables whose expired rows stay, and why (a code). */
  readonly keptBy: Readonly<Record<string, string>>;
}

export interface ExpiredDays {
  readonly table: string;
  readonly days: readonly string[];
  readonly rows: number;
}

export interface RetentionOptions {
  readonly catalog: Catalog;
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly trusted: Pick<TrustedClock, 'now'>;
  readonly log: Log;
  readonly intervalMs?: number;
  /** Before the first run after a start: what was off catches up first. */
  readonly firstMs?: number;
}

const intervalMsDefault = 3_600_000;
const firstMsDefault = 5 * 60_000;
/** A checkpoint may be this much younger than the time that expiry goes by. */
const checkpointAheadMsMax = 5 * 60_000;

/** The arrival day of a moment, as the engine counts its partitions. */
export const arrivalDayOf = (ms: number): bigint =>
  (BigInt(ms) * ticksPerMillisecond + unixEpochTicks) / ticksPerDay;

export function openRetention(options: RetentionOptions): Retention {
  const { clock, log } = options;
  const stop = new AbortController();
  const statuses = new Map<WorkspaceId, RetentionStatus>();
  const run = async (): Promise<void> => {
    for (const { workspaceId } of options.catalog.workspaces()) {
      if (stop.signal.aborted) return;
      try {
        statuses.set(workspaceId, await expire(options, workspaceId));
      } catch (error) {
        log.warn('retention did not run', { workspace: workspaceId, ...errorFields(error) });
      }
    }
  };
  let busy: Promise<void> = Promise.resolve();
  const runOnce = (): Promise<void> => {
    const next = busy.then(run);
    busy = next.catch(() => undefined);
    return next;
  };
  const running = (async () => {
    let waitMs = options.firstMs ?? firstMsDefault;
    while (!stop.signal.aborted) {
      await clock.sleep(waitMs, stop.signal).then(runOnce, () => undefined);
      waitMs = options.intervalMs ?? intervalMsDefault;
    }
  })();
  return {
    run: runOnce,
    status: (id) => statuses.get(id) ?? { lastRun: undefined, expired: [], keptBy: {} },
    async close() {
      stop.abort(new Error('closing'));
      await running;
      await busy;
    },
  };
}

async function expire(options: RetentionOptions, id: WorkspaceId): Promise<RetentionStatus> {
  const { catalog, workspaces, trusted, clock, log } = options;
  const open = await workspaces.open(id);
  const now = trusted.now();
  const expired: ExpiredDays[] = [];
  const keptBy: Record<string, string> = {};
  const sealedAt = open.checkpointTime();
  const isBehind = sealedAt !== undefined && sealedAt - now > checkpointAheadMsMax;
  let holdsKnown = false;
  for (const table of await open.erasing.tables()) {
    const record = catalog.workspace(id);
    // Deleted meanwhile: then its deletion sees to it. A table that is not in the catalog likewise.
    if (record === undefined) break;
    if (catalog.table(id, table) === undefined) continue;
    const retentionDays = tableDays(record, catalog.snapshot.tables.get(id)?.get(table), now);
    const cutoff = arrivalDayOf(now - retentionDays * 86_400_000);
    const old = (await open.erasing.days(table)).filter(({ day }) => day < cutoff);
    if (old.length === 0) continue;
    try {
      if (isBehind) {
        throw new StrongroomError('CLOCK_BEHIND', 'The clock is behind the newest checkpoint.');
      }
      if (!holdsKnown) await restoreHolds({ catalog, workspaces }, id);
      holdsKnown = true;
      const scope = erasureScope(record, table);
      assertNone(catalog.snapshot, scope, 'expire');
      const days = old.map(({ day }) => day);
      const rows = Number(old.reduce((sum, each) => sum + each.rows, 0n));
      await open.changeRows(async () => {
        await open.record({
          type: 'partitionExpired',
          actor: serviceActor,
          table,
          days: days.map(String),
          rows,
          retentionDays,
        });
        await open.erasing.dropDays(table, days);
      });
      expired.push({ table, days: days.map(String), rows });
      log.info('expired', { workspace: id, table, days: days.length, rows });
    } catch (error) {
      const code =
        error instanceof HttpError || error instanceof StrongroomError ? error.code : undefined;
      if (code === undefined) throw error;
      keptBy[table] = code;
    }
  }
  return { lastRun: clock.now(), expired, keptBy };
}
