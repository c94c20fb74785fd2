import type { Catalog } from '../catalog/open-catalog.js';
import type { StoredHold, StoredLock } from '../catalog/records.js';
import type { Snapshot } from '../catalog/snapshot.js';
import { isWithin } from '../access/decide.js';
import { HttpError } from '../http/errors.js';

/**
 * What a lock or a hold stands against. `write` and `action` are requests as the front door sees
 * them; the others are acts, asked about where they are done, whoever started them.
 */
export type LockedAct =
  'write' | 'action' | 'delete' | 'shortenRetention' | 'purge' | 'expire' | 'destroyKey';

/** Acts that take data away: refused by every lock and every hold. */
const erasing: ReadonlySet<LockedAct> = new Set([
  'delete',
  'shortenRetention',
  'purge',
  'expire',
  'destroyKey',
]);

/**
 * Locks and holds as of the catalog's newest committed state. A scope is a normalised resource id
 * (`http/request-path.ts`). A lock holds for its scope and everything below; what takes a whole
 * away is also refused by a lock on a part of it.
 */
export interface Locks {
  /** Throws 409 `ScopeLocked` where a lock, 409 `ScopeOnHold` where a hold stands against the act. */
  assertNone(scopeKey: string, act: LockedAct): void;
  /** Locks and holds that stand against the act. */
  against(scopeKey: string, act: LockedAct): Standing;
}

export interface Standing {
  readonly locks: readonly StoredLock[];
  readonly holds: readonly StoredHold[];
}

export const createLocks = (catalog: Pick<Catalog, 'snapshot'>): Locks => ({
  assertNone: (scopeKey, act) => assertNone(catalog.snapshot, scopeKey, act),
  against: (scopeKey, act) => standingAgainst(catalog.snapshot, scopeKey, act),
});

/** {@link Locks.against} in a given state; for a check inside a catalog's change. */
export function standingAgainst(
  { locks, holds }: Pick<Snapshot, 'locks' | 'holds'>,
  scopeKey: string,
  act: LockedAct,
): Standing {
  const takesAway = erasing.has(act);
  const concerns = (at: string): boolean =>
    isWithin(scopeKey, at) || (takesAway && isWithin(at, scopeKey));
  return {
    locks: locks.filter(
      (lock) => (lock.level === 'ReadOnly' || takesAway) && concerns(lock.scopeKey),
    ),
    holds: takesAway
      ? [...holds.values()].filter((hold) => hold.liftedAt === undefined && concerns(hold.scopeKey))
      : [],
  };
}

/** {@link Locks.assertNone} in a given state; for a check inside a catalog's change. */
export function assertNone(
  state: Pick<Snapshot, 'locks' | 'holds'>,
  scopeKey: string,
  act: LockedAct,
): void {
  const { locks, holds } = standingAgainst(state, scopeKey, act);
  if (locks.length > 0) {
    const operation = act === 'delete' || act === 'purge' || act === 'expire' ? 'delete' : 'write';
    throw new HttpError(
      409,
      'ScopeLocked',
      `The scope '${scopeKey}' cannot perform ${operation} operation because following scope(s) ` +
        `are locked: '${[...new Set(locks.map(({ scope }) => scope))].join("', '")}'. Please ` +
        'remove the lock and try again.',
    );
  }
  if (holds.length > 0) {
    throw new HttpError(
      409,
      'ScopeOnHold',
      `The scope '${scopeKey}' is on hold: '${holds.map(({ id }) => id).join("', '")}'. A hold ends ` +
        'when enough of its approvers have signed its lifting.',
    );
  }
}

const locksSegment = '/providers/microsoft.authorization/locks';

/**
 * The act that a management request is, by its normalised path: azure-api.md §5.1, last column.
 * `undefined` for what no lock stands against: reading, and locks themselves.
 *
 * Ending an agent's or an enrolment key's access is let through: a lock must not keep a stranger in.
 */
export function actOf(method: string, key: string): LockedAct | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (key.endsWith(locksSegment) || key.includes(`${locksSegment}/`)) return undefined;
  // Nor a hold that is placed or lifted: it takes away nothing.
  if (/\/providers\/microsoft\.strongroom\/holds(?:\/|$)/.test(key)) return undefined;
  // Nor the calling off of what would.
  if (/\/workspaces\/[^/]+\/operations\/[^/]+\/cancel$/.test(key)) return undefined;
  if (method === 'DELETE') return 'delete';
  if (method !== 'POST') return 'write';
  if (/\/workspaces\/[^/]+\/purge$/.test(key)) return 'purge';
  return 'action';
}
