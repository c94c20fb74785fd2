import { fromUtf8, isNotFound, toBase64, utf8 } from '@strongroom/base';
import type { Fs, WorkspaceId } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import type { Epoch } from '@strongroom/ledger';
import type { HoldApprover, StoredHold } from '../catalog/records.js';
import { readBase64 } from '../locks/holds.js';
import type { RecordActor } from './record.js';
import { replaceFile } from './retry-memory.js';

/** A restore to an earlier point that waits for the approvers of the holds that stand. */
export interface PendingEpoch {
  readonly number: number;
  readonly reason: string;
  /** What each approver signs. */
  readonly approvalStatement: string;
  readonly holds: readonly {
    readonly id: string;
    readonly approvalsNeeded: number;
    readonly approvers: readonly HoldApprover[];
    /** Names of those who agreed. */
    readonly approved: readonly string[];
  }[];
}

/** What an approver signs with the key of the hold, in UTF-8: `docs/formats/hold.md`. */
export const epochApprovalStatement = (id: WorkspaceId, epoch: Epoch): string =>
  [
    'strongroom/epoch-approval/v1',
    `workspace ${id}`,
    `epoch ${epoch.number}`,
    `kept ${epoch.kept.size} ${toBase64(epoch.kept.root)}`,
    `reason ${epoch.reason}`,
    '',
  ].join('\n');

/** Who of a hold's approvers signed the statement; each counts once. */
export function epochApprovers(
  hold: StoredHold,
  statement: string,
  signatures: readonly string[],
): readonly HoldApprover[] {
  const message = utf8(statement);
  return hold.approvers.filter(({ publicKey }) =>
    signatures.some((text) => {
      const [key, signature] = [readBase64(publicKey, 32), readBase64(text, 64)];
      return key !== undefined && signature !== undefined && verifyEd25519(key, message, signature);
    }),
  );
}

/** How a restore stands; `undefined` for the pending part where enough approvers of each hold agreed. */
export function weighEpoch(
  id: WorkspaceId,
  epoch: Epoch,
  given: { readonly holds: readonly StoredHold[]; readonly signatures: readonly string[] },
): { readonly pending: PendingEpoch | undefined; readonly approvals: readonly RecordActor[] } {
  const approvalStatement = epochApprovalStatement(id, epoch);
  const weighed = given.holds.map((hold) => ({
    hold,
    agreed: epochApprovers(hold, approvalStatement, given.signatures),
  }));
  const agreed = new Map(
    weighed.flatMap(({ agreed: each }) => each.map((one) => [one.publicKey, one] as const)),
  );
  const approvals = [...agreed.values()].map(({ name, publicKey }): RecordActor => ({
    kind: 'User',
    id: publicKey,
    name,
  }));
  const isEnough = weighed.every(({ hold, agreed: each }) => each.length >= hold.approvalsNeeded);
  if (isEnough) return { pending: undefined, approvals };
  return {
    approvals,
    pending: {
      number: Number(epoch.number),
      reason: epoch.reason,
      approvalStatement,
      holds: weighed.map(({ hold, agreed: each }) => ({
        id: hold.id,
        approvalsNeeded: hold.approvalsNeeded,
        approvers: hold.approvers,
        approved: each.map(({ name }) => name),
      })),
    },
  };
}

const fileName = 'epoch-approvals';

/** The signatures that were given, base64, one a line. */
export async function readEpochApprovals(fs: Fs, directory: string): Promise<string[]> {
  try {
    const text = fromUtf8(await fs.readFile(`${directory}/${fileName}`));
    return text.split('\n').filter((line) => line !== '');
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

export const keepEpochApprovals = (
  fs: Fs,
  directory: string,
  signatures: readonly string[],
): Promise<void> =>
  replaceFile(fs, `${directory}/${fileName}`, utf8(signatures.map((each) => `${each}\n`).join('')));
