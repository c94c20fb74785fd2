import { invariant } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { foldNodes, hashSize, rootOf } from './merkle-tree.js';

/** Hashes in a full tile (c2sp.org/tlog-tiles). */
export const tileWidth = 256;
/** Levels of the Merkle tree in one tile. */
export const tileHeight = 8;

/** Where a tile lies. `width` is 1 to 255 in a partial tile, 256 in a full one. */
export interface TileId {
  readonly level: number;
  readonly index: bigint;
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]` with N in groups of three digits (c2sp.org/tlog-tiles, Merkle Tree). */
export function tilePath({ level, index, width }: TileId): string {
  invariant(width >= 1 && width <= tileWidth, 'a tile without width');
  const digits = index.toString();
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/[0-9]{3}/g) ?? [];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** Full tiles at a level of a tree with `size` leaves. */
export const fullTiles = (size: bigint, level: number): bigint =>
  size >> BigInt(tileHeight * (level + 1));

/** Hashes in the partial tile at a level of a tree with `size` leaves; 0 where there is none. */
export const partialWidth = (size: bigint, level: number): number =>
  Number((size >> BigInt(tileHeight * level)) % BigInt(tileWidth));

/** Levels that have a tile in a tree with `size` leaves. */
export const levelCount = (size: bigint): number =>
  size === 0n ? 0 : Math.floor((size.toString(2).length - 1) / tileHeight) + 1;

/** The hashes of a tile's bytes, or `undefined` where the bytes are not `width` hashes. */
export function tileHashes(bytes: Uint8Array, width: number): Uint8Array[] | undefined {
  if (bytes.length !== width * hashSize) return undefined;
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += hashSize)
    hashes.push(bytes.subarray(at, at + hashSize));
  return hashes;
}

/**
 * The right edge of a tree: at each level the hashes that are not yet part of a full tile. It is all
 * that is needed to add leaves and to know the root, whatever the size of the tree.
 */
export class Frontier {
  readonly levels: Uint8Array[][];
  #size: bigint;

  constructor(levels: readonly (readonly Uint8Array[])[] = []) {
    this.levels = levels.map((hashes) => [...hashes]);
    this.#size = 0n;
    for (const [level, hashes] of this.levels.entries()) {
      this.#size += BigInt(hashes.length) << BigInt(tileHeight * level);
    }
  }

  /** Leaves in the tree. */
  get size(): bigint {
    return this.#size;
  }

  clone(): Frontier {
    return new Frontier(this.levels);
  }

  /** Adds a leaf hash. `onFull` is handed each tile that it completed, lowest level first. */
  push(sha256: Sha256, leaf: Uint8Array, onFull: (id: TileId, hashes: Uint8Array[]) => void): void {
    this.#size += 1n;
    let hash = leaf;
    for (let level = 0; ; level += 1) {
      const hashes = (this.levels[level] ??= []);
      hashes.push(hash);
      if (hashes.length < tileWidth) return;
      this.levels[level] = [];
      onFull({ level, index: fullTiles(this.#size, level) - 1n, width: tileWidth }, hashes);
      hash = rootOf(sha256, hashes);
    }
  }

  /** The partial tiles, lowest level first. */
  partialTiles(): { id: TileId; hashes: Uint8Array[] }[] {
    return this.levels.flatMap((hashes, level) =>
      hashes.length === 0
        ? []
        : [{ id: { level, index: fullTiles(this.#size, level), width: hashes.length }, hashes }],
    );
  }

  /** The tree's root. */
  root(sha256: Sha256): Uint8Array {
    const subtrees: Uint8Array[] = [];
    for (const hashes of [...this.levels].reverse()) {
      let at = 0;
      for (let count = tileWidth / 2; count >= 1; count /= 2) {
        if ((hashes.length & count) === 0) continue;
        subtrees.push(rootOf(sha256, hashes.slice(at, at + count)));
        at += count;
      }
    }
    return subtrees.length === 0 ? sha256() : foldNodes(sha256, subtrees);
  }
}
