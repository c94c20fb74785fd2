import { join } from 'node:path';
import { fromUtf8, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { limits } from './limits.js';
import { readSealedFile, writeSealedFile } from './sealed-file.js';
import type { AgentState } from './state.js';

const fileName = 'inventory';
const context = 'inventory';

/** What the workspace was last told of this machine's packages and daemons. */
export interface SentInventory {
  /** SHA-256 of its rows without their time, hexadecimal. */
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly sentAtMs: number;
}

/** True where an inventory is news: it changed, or the last one is a day old. */
export function isInventoryDue(
  sent: SentInventory | undefined,
  found: { readonly hash: string; readonly now: number },
): boolean {
  if (sent === undefined || sent.hash !== found.hash) return true;
  const ageMs = found.now - sent.sentAtMs;
  // A clock that was set back must not silence it.
  return ageMs >= limits.inventoryAgainMs || ageMs < 0;
}

/** Reads what was last sent; `undefined` where nothing was. */
export async function readSentInventory(
  fs: Fs,
  state: Pick<AgentState, 'directory' | 'sealer'>,
): Promise<SentInventory | undefined> {
  const plain = await readSealedFile(fs, state.sealer, join(state.directory, fileName), context);
  return plain === undefined ? undefined : (JSON.parse(fromUtf8(plain)) as SentInventory);
}

/** Keeps what was last sent, sealed: its hash would tell which packages a machine has. */
export async function storeSentInventory(
  fs: Fs,
  state: Pick<AgentState, 'directory' | 'sealer'>,
  sent: SentInventory,
): Promise<void> {
  const plain = utf8(JSON.stringify(sent));
  await writeSealedFile(fs, state.sealer, join(state.directory, fileName), context, plain);
}
