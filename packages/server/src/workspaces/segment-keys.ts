import type { SegmentKeys } from '@strongroom/journal';
import type { KeyProvider, SealingKeys, WorkspaceKeys } from '@strongroom/keys';
import type { Random } from '@strongroom/base';
import { keyAway } from './errors.js';

const contextOf = ({ journalId, segment }: { journalId: string; segment: bigint }): string =>
  `${journalId}/${segment}`;

/** Each journal segment has a data key of its own, under the workspace's key. */
export const workspaceSegmentKeys = (keys: WorkspaceKeys): SegmentKeys => ({
  async create(context) {
    const { key, wrapped } = keys.createDataKey('journal-segment', contextOf(context));
    return { key, wrapped };
  },
  async open(wrapped, context) {
    return keys.unwrapDataKey('journal-segment', wrapped, contextOf(context)).key;
  },
});

/** While the workspace's key is away: segments are begun under its public key, and none is opened. */
export const sealedSegmentKeys = (keys: SealingKeys): SegmentKeys => ({
  async create(context) {
    const { key, wrapped } = keys.createDataKey('journal-segment', contextOf(context));
    return { key, wrapped };
  },
  async open() {
    throw keyAway();
  },
});

/** The service's own journal belongs to no workspace: its segment keys lie under the root key. */
export const serviceSegmentKeys = (provider: KeyProvider, random: Random): SegmentKeys => ({
  async create(context) {
    const key = random.bytes(32);
    return { key, wrapped: await provider.wrap(key, `service-journal/${contextOf(context)}`) };
  },
  open: (wrapped, context) => provider.unwrap(wrapped, `service-journal/${contextOf(context)}`),
});
