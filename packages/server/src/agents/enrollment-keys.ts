import type { EnrollmentKeySummary, NewEnrollmentKey } from '@strongroom/api';
import type { Clock, Random, WorkspaceId } from '@strongroom/base';
import type { Catalog } from '../catalog/open-catalog.js';
import type { StoredEnrollmentKey } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { newSecret, secretHash } from '../identity/secrets.js';
import { agentLimits } from './limits.js';

const hourMs = 3_600_000;

/** Makes a key for one workspace. The text is returned here and never again. */
export async function createEnrollmentKey(
  { catalog, clock, random }: { catalog: Catalog; clock: Clock; random: Random },
  wanted: {
    workspaceId: WorkspaceId;
    description: string;
    expiresInHours: number;
    usesMax: number | undefined;
    createdBy: string;
  },
): Promise<{ key: string; stored: StoredEnrollmentKey }> {
  const key = newSecret(random, 'srk_');
  const now = clock.now();
  const stored: StoredEnrollmentKey = {
    id: random.uuid(),
    workspaceId: wanted.workspaceId,
    hash: secretHash(key),
    description: wanted.description,
    createdAt: now,
    createdBy: wanted.createdBy,
    expiresAt: now + Math.round(wanted.expiresInHours * hourMs),
    usesMax: wanted.usesMax,
    uses: 0,
    revokedAt: undefined,
  };
  await catalog.change(async (write, snapshot) => {
    const own = [...snapshot.enrollmentKeys.values()].filter(
      ({ workspaceId }) => workspaceId === wanted.workspaceId,
    );
    if (own.length >= agentLimits.enrollmentKeysPerWorkspaceMax) {
      throw new HttpError(
        409,
        'EnrollmentKeyLimitReached',
        `A workspace may have ${agentLimits.enrollmentKeysPerWorkspaceMax} enrolment keys.`,
      );
    }
    await write.putEnrollmentKey(stored);
  });
  return { key, stored };
}

/** Gives a key a new text and its whole life again; the old text is dead at once. */
export async function regenerateEnrollmentKey(
  { catalog, clock, random }: { catalog: Catalog; clock: Clock; random: Random },
  id: string,
): Promise<{ key: string; stored: StoredEnrollmentKey }> {
  const key = newSecret(random, 'srk_');
  return catalog.change(async (write, snapshot) => {
    const before = snapshot.enrollmentKeys.get(id);
    if (before === undefined) throw keyNotFound();
    const now = clock.now();
    const stored: StoredEnrollmentKey = {
      ...before,
      hash: secretHash(key),
      createdAt: now,
      expiresAt: now + (before.expiresAt - before.createdAt),
      uses: 0,
      revokedAt: undefined,
    };
    await write.putEnrollmentKey(stored);
    return { key, stored };
  });
}

export async function revokeEnrollmentKey(
  { catalog, clock }: { catalog: Catalog; clock: Clock },
  id: string,
): Promise<void> {
  await catalog.change(async (write, snapshot) => {
    const before = snapshot.enrollmentKeys.get(id);
    if (before === undefined) throw keyNotFound();
    if (before.revokedAt !== undefined) return;
    await write.putEnrollmentKey({ ...before, revokedAt: clock.now() });
  });
}

export const keyNotFound = (): HttpError =>
  new HttpError(404, 'EnrollmentKeyNotFound', 'There is no such enrolment key.');

export function keyState(key: StoredEnrollmentKey, now: number): EnrollmentKeySummary['state'] {
  if (key.revokedAt !== undefined) return 'Revoked';
  if (key.usesMax !== undefined && key.uses >= key.usesMax) return 'UsedUp';
  return key.expiresAt <= now ? 'Expired' : 'Active';
}

export const summarizeKey = (key: StoredEnrollmentKey, now: number): EnrollmentKeySummary => ({
  keyId: key.id,
  description: key.description,
  createdAt: new Date(key.createdAt).toISOString(),
  expiresAt: new Date(key.expiresAt).toISOString(),
  usesLeft: key.usesMax === undefined ? null : Math.max(0, key.usesMax - key.uses),
  state: keyState(key, now),
});

/** A key just made, with the line to run on the machine that is to be enrolled. */
export const showNewKey = (
  { key, stored }: { key: string; stored: StoredEnrollmentKey },
  where: { origin: string; pin: string },
): NewEnrollmentKey => ({
  keyId: stored.id,
  key,
  expiresAt: new Date(stored.expiresAt).toISOString(),
  command: `npx strongroom agent enrol ${where.origin} --key ${key} --pin ${where.pin}`,
});
