import { equalBytes } from '@strongroom/base';
import { parseCheckpoint, verifyCheckpoint } from './checkpoint.js';
import type { SignedCheckpoint, Verifier } from './checkpoint.js';
import { verifyConsistency } from './merkle-tree.js';
import { attempt, refuse } from './verdict.js';
import type { Verdict } from './verdict.js';

/**
 * Whether a checkpoint continues one that was seen before: same ledger, not smaller, and proved to hold
 * all that the earlier tree held. What agents, clients and witnesses ask of a service. Throws nothing.
 *
 * `before` was verified when it was kept. Without it any valid checkpoint is taken.
 */
export async function verifyContinuation(
  now: string,
  options: Verifier & {
    readonly origin: string;
    readonly before: string | undefined;
    /** The consistency proof, from the size of `before` to that of `now`. */
    readonly hashes: readonly Uint8Array[] | undefined;
  },
): Promise<Verdict<SignedCheckpoint>> {
  const verified = await verifyCheckpoint(now, options);
  if (!verified.ok || options.before === undefined) return verified;
  const earlier = attempt('LEDGER_CHECKPOINT_MALFORMED', () => parseCheckpoint(options.before!));
  if (!earlier.ok) return earlier;
  const { size, root } = verified.value;
  const { value: old } = earlier;
  if (old.origin !== options.origin) {
    return refuse('LEDGER_ORIGIN_DIFFERS', `the ledger is ${options.origin}, it was ${old.origin}`);
  }
  if (size < old.size) {
    return refuse('LEDGER_ROLLED_BACK', `the ledger has ${size} entries, it had ${old.size}`);
  }
  if (size === old.size) {
    return equalBytes(root, old.root)
      ? verified
      : refuse('LEDGER_HISTORY_DIFFERS', `the ledger of ${size} entries has another root`);
  }
  if (old.size === 0n) return verified;
  if (options.hashes === undefined) {
    return refuse(
      'LEDGER_HISTORY_DIFFERS',
      `nothing shows that the ledger of ${size} entries continues the one of ${old.size}`,
    );
  }
  const claim = { oldSize: old.size, oldRoot: old.root, size, root, hashes: options.hashes };
  const continued = verifyConsistency(options.sha256, claim);
  if (continued.ok) return verified;
  return refuse(
    'LEDGER_HISTORY_DIFFERS',
    `the ledger of ${size} entries does not continue the one of ${old.size}`,
  );
}
