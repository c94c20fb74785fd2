import { fromBase64, toBase64, utf8 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import type { WorkspaceId } from '@strongroom/base';
import type { Catalog } from '../catalog/open-catalog.js';
import type { HoldApprover, StoredHold } from '../catalog/records.js';
import type { LedgerRecord } from '../workspaces/record.js';
import type { Workspaces } from '../workspaces/workspace.js';

/**
 * Holds: what one person cannot lift. Each approver has an Ed25519 key of their own; a hold ends when
 * enough of them have signed one statement. No role, password or clock is part of that.
 *
 * A hold stands in the catalog and, with its approvers' keys, in the workspace's ledger. Where the
 * two differ (an older catalog was brought back, or somebody wrote to it) the ledger counts.
 */

/** Fewer could be one person. */
export const approvalsNeededMin = 2;
export const approversMax = 32;

/** What an approver signs, in UTF-8: `docs/formats/hold.md`. */
export const liftingStatement = (
  hold: Pick<StoredHold, 'id' | 'workspaceId' | 'scopeKey' | 'placedAt'>,
): string =>
  [
    'strongroom/hold-lifting/v1',
    `hold ${hold.id}`,
    `workspace ${hold.workspaceId}`,
    `scope ${hold.scopeKey}`,
    `placed ${new Date(hold.placedAt).toISOString()}`,
    '',
  ].join('\n');

/** The approver whose signature this is; `undefined` where it is nobody's. */
export function approverOf(hold: StoredHold, signature: string): HoldApprover | undefined {
  const bytes = readBase64(signature, 64);
  if (bytes === undefined) return undefined;
  const statement = utf8(liftingStatement(hold));
  return hold.approvers.find(({ publicKey }) => {
    const key = readBase64(publicKey, 32);
    return key !== undefined && verifyEd25519(key, statement, bytes);
  });
}

/** The signatures that count: one an approver, each verified again. */
export const validApprovals = (hold: StoredHold): StoredHold['approvals'] => {
  const counted = new Set<string>();
  return hold.approvals.filter(({ signature, publicKey }) => {
    if (counted.has(publicKey) || approverOf(hold, signature)?.publicKey !== publicKey) {
      return false;
    }
    counted.add(publicKey);
    return true;
  });
};

/** Base64 of exactly so many bytes, in its one canonical form. */
export function readBase64(text: string, size: number): Uint8Array | undefined {
  try {
    const bytes = fromBase64(text);
    return bytes.length === size && toBase64(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** An approver as a record names it, keys and all. */
export const approverText = ({ name, publicKey }: HoldApprover): string => `${publicKey} ${name}`;

/** The holds that a workspace's records say stand. */
export function holdsOf(
  workspaceId: WorkspaceId,
  records: Iterable<LedgerRecord>,
): ReadonlyMap<string, StoredHold> {
  const standing = new Map<string, StoredHold>();
  for (const record of records) {
    if (record.type === 'holdPlaced') {
      standing.set(record.holdId, {
        id: record.holdId,
        workspaceId,
        scope: record.scope,
        scopeKey: record.scope.toLowerCase(),
        reason: record.reason ?? '',
        approvalsNeeded: record.approversNeeded ?? approversMax,
        approvers: (record.approvers ?? []).map((text) => ({
          publicKey: text.split(' ', 1)[0] ?? '',
          name: text.slice(text.indexOf(' ') + 1),
        })),
        placedAt: Date.parse(record.time),
        placedBy: { id: record.actor.id, name: record.actor.name ?? '' },
        approvals: [],
        liftedAt: undefined,
      });
    } else if (record.type === 'holdLifted') standing.delete(record.holdId);
  }
  return standing;
}

/**
 * Puts back into the catalog each hold that stands by the workspace's ledger and not by the catalog.
 * Before every act that erases; throws where the records cannot be read, and then nothing is erased.
 */
export async function restoreHolds(
  { catalog, workspaces }: { catalog: Catalog; workspaces: Workspaces },
  id: WorkspaceId,
): Promise<void> {
  const workspace = await workspaces.open(id);
  const records: LedgerRecord[] = [];
  for await (const { record } of workspace.records()) {
    if (record.type === 'holdPlaced' || record.type === 'holdLifted') records.push(record);
  }
  const standing = holdsOf(id, records);
  const lost = [...standing.values()].filter((hold) => {
    const known = catalog.snapshot.holds.get(hold.id);
    return known === undefined || (known.liftedAt !== undefined && !isLifted(known));
  });
  if (lost.length === 0) return;
  await catalog.change(async (write) => {
    for (const hold of lost) await write.putHold(hold);
  });
}

/** True where the signatures that lift it are all there: a crash came before its last record. */
const isLifted = (hold: StoredHold): boolean => validApprovals(hold).length >= hold.approvalsNeeded;
