import { isNotFound } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { ledgerError } from './errors.js';
import { hashSize } from './merkle-tree.js';
import { tileHashes, tilePath, tileWidth } from './tile.js';
import type { TileId } from './tile.js';

/**
 * Reads a tile's hashes, not yet verified. Where a partial tile is gone, the full one begins with its
 * hashes (c2sp.org/tlog-tiles, Partial Tiles): so it is in a copy that was made while the ledger grew.
 *
 * Throws `LEDGER_TILE_DAMAGED` where the tile is missing or has another size.
 */
export async function readTile(fs: Fs, directory: string, id: TileId): Promise<Uint8Array[]> {
  const path = tilePath(id);
  const bytes = (await readOrNothing(fs, `${directory}/${path}`)) ?? (await startOfFull());
  if (bytes === undefined) {
    throw ledgerError('LEDGER_TILE_DAMAGED', `The tile ${path} is missing.`);
  }
  const hashes = tileHashes(bytes, id.width);
  if (hashes === undefined) {
    const message = `The tile ${path} has ${bytes.length} bytes, not ${id.width * hashSize}.`;
    throw ledgerError('LEDGER_TILE_DAMAGED', message);
  }
  return hashes;

  async function startOfFull(): Promise<Uint8Array | undefined> {
    if (id.width === tileWidth) return undefined;
    const full = await readOrNothing(fs, `${directory}/${tilePath({ ...id, width: tileWidth })}`);
    return full?.length === tileWidth * hashSize
      ? full.subarray(0, id.width * hashSize)
      : undefined;
  }
}

async function readOrNothing(fs: Fs, path: string): Promise<Uint8Array | undefined> {
  try {
    return await fs.readFile(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
