import { concatBytes, equalBytes, invariant } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import { ledgerError } from './errors.js';
import { limits } from './limits.js';
import { accept, refuse } from './verdict.js';
import type { Verdict } from './verdict.js';

/** Bytes of every hash here. */
export const hashSize = 32;

/** The hash of a leaf's data: SHA-256(0x00 || data) (RFC 6962 §2.1). */
export function leafHash(sha256: Sha256, data: Uint8Array): Uint8Array<ArrayBuffer> {
  // One buffer, one update: the calls into the hash function cost more than the hashing.
  const input = new Uint8Array(1 + data.length);
  input.set(data, 1);
  return sha256(input);
}

/** The hash of an inner node: SHA-256(0x01 || left || right) (RFC 6962 §2.1). */
export function nodeHash(
  sha256: Sha256,
  left: Uint8Array,
  right: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const input = new Uint8Array(1 + 2 * hashSize);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 1 + hashSize);
  return sha256(input);
}

/**
 * All levels of the tree over leaf hashes, the leaves first and the root last. An odd last node rises
 * unchanged, which yields RFC 6962's split at the largest power of two.
 */
function levelsOf(sha256: Sha256, leafHashes: readonly Uint8Array[]): (readonly Uint8Array[])[] {
  const levels = [leafHashes];
  for (let level = leafHashes; level.length > 1; level = levels.at(-1)!) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index]!, level[index + 1]];
      above.push(right === undefined ? left : nodeHash(sha256, left, right));
    }
    levels.push(above);
  }
  return levels;
}

/** The Merkle tree hash over leaf *hashes*; over none, SHA-256 of nothing (RFC 6962 §2.1). */
export function rootOf(sha256: Sha256, leafHashes: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [root] = levelsOf(sha256, leafHashes).at(-1)!;
  return root === undefined ? sha256() : new Uint8Array(root);
}

/** The root of a tree held in memory, and the path of each of its leaves: each node is hashed once. */
export function allInclusionProofs(
  sha256: Sha256,
  leafHashes: readonly Uint8Array[],
): { root: Uint8Array; paths: Uint8Array[][] } {
  const levels = levelsOf(sha256, leafHashes);
  const paths = leafHashes.map((_, leaf) => pathIn(levels, leaf));
  return { root: levels.at(-1)![0] ?? sha256(), paths };
}

function pathIn(levels: readonly (readonly Uint8Array[])[], leaf: number): Uint8Array[] {
  const path: Uint8Array[] = [];
  let index = leaf;
  for (const level of levels.slice(0, -1)) {
    // Where there is no sibling, the node rises without one.
    const sibling = level[index ^ 1];
    if (sibling !== undefined) path.push(sibling);
    index >>= 1;
  }
  return path;
}

/** Leaves from `start` up to, but not including, `end`. */
export interface LeafRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** A perfect subtree: the `index`-th one of 2^`height` leaves. */
export interface TreeNode {
  readonly height: number;
  readonly index: bigint;
}

/** Largest power of two smaller than `count`, for `count` > 1. */
function splitOf(count: bigint): bigint {
  return 1n << BigInt((count - 1n).toString(2).length - 1);
}

/** The ranges whose hashes prove one leaf, its sibling first (RFC 6962 §2.1.1). */
export function inclusionRanges(index: bigint, size: bigint): LeafRange[] {
  invariant(index >= 0n && index < size, 'inclusion of a leaf outside the tree');
  const ranges: LeafRange[] = [];
  let [start, end] = [0n, size];
  while (end - start > 1n) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** The ranges whose hashes prove that a tree continues a smaller one (RFC 6962 §2.1.2). */
export function consistencyRanges(oldSize: bigint, size: bigint): LeafRange[] {
  invariant(oldSize >= 0n && oldSize <= size, 'consistency with a larger tree');
  if (oldSize === 0n || oldSize === size) return [];
  const ranges: LeafRange[] = [];
  let [start, end] = [0n, size];
  while (oldSize !== end) {
    const middle = start + splitOf(end - start);
    if (oldSize <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // The old root itself is left out where it is a node of the new tree: the verifier has it.
  if (start !== 0n) ranges.push({ start, end });
  return ranges.reverse();
}

/** The perfect subtrees that make up a range of {@link inclusionRanges}, from left to right. */
export function nodesOf(range: LeafRange): TreeNode[] {
  const nodes: TreeNode[] = [];
  let start = range.start;
  while (start < range.end) {
    const height = (range.end - start).toString(2).length - 1;
    invariant(start % (1n << BigInt(height)) === 0n, 'a range that is no subtree');
    nodes.push({ height, index: start >> BigInt(height) });
    start += 1n << BigInt(height);
  }
  return nodes;
}

/** The hash of a range from those of its perfect subtrees, left to right. */
export function foldNodes(sha256: Sha256, hashes: readonly Uint8Array[]): Uint8Array {
  let hash = hashes.at(-1);
  invariant(hash !== undefined, 'a fold of nothing');
  for (let index = hashes.length - 2; index >= 0; index -= 1) {
    hash = nodeHash(sha256, hashes[index]!, hash);
  }
  return hash;
}

function rangeHash(sha256: Sha256, leafHashes: readonly Uint8Array[], range: LeafRange) {
  return rootOf(sha256, leafHashes.slice(Number(range.start), Number(range.end)));
}

/** The Merkle path of one leaf in a tree held in memory. Throws `LEDGER_OUT_OF_RANGE`. */
export function inclusionProof(
  sha256: Sha256,
  leafHashes: readonly Uint8Array[],
  index: number,
): Uint8Array[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leafHashes.length) {
    throw ledgerError('LEDGER_OUT_OF_RANGE', `No leaf ${index} in ${leafHashes.length}.`);
  }
  return pathIn(levelsOf(sha256, leafHashes), index);
}

/** The proof that a tree held in memory continues its first `oldSize` leaves. Throws `LEDGER_OUT_OF_RANGE`. */
export function consistencyProof(
  sha256: Sha256,
  leafHashes: readonly Uint8Array[],
  oldSize: number,
): Uint8Array[] {
  if (!Number.isSafeInteger(oldSize) || oldSize < 0 || oldSize > leafHashes.length) {
    throw ledgerError('LEDGER_OUT_OF_RANGE', `No size ${oldSize} in ${leafHashes.length}.`);
  }
  const ranges = consistencyRanges(BigInt(oldSize), BigInt(leafHashes.length));
  return ranges.map((range) => rangeHash(sha256, leafHashes, range));
}

const isHash = (hash: unknown): boolean => hash instanceof Uint8Array && hash.length === hashSize;
const isCount = (value: unknown): boolean =>
  typeof value === 'bigint' && value >= 0n && value < 1n << 63n;
const wrong = (message: string): Verdict<never> => refuse('LEDGER_PROOF_WRONG', message);

/** Everything that a Merkle path claims. */
export interface InclusionClaim {
  readonly index: bigint;
  readonly size: bigint;
  readonly leafHash: Uint8Array;
  readonly hashes: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/**
 * The root that a path leads to from a leaf (RFC 9162 §2.1.3.2); a verdict where the path cannot be
 * one of a tree of that size. Throws nothing.
 */
export function rootOfPath(
  sha256: Sha256,
  claim: Omit<InclusionClaim, 'root'>,
): Verdict<Uint8Array> {
  const { index, size, hashes } = claim;
  if (!isCount(index) || !isCount(size) || index >= size)
    return wrong('The leaf is not in the tree.');
  if (![claim.leafHash, ...hashes].every(isHash)) return wrong('A hash is not 32 bytes.');
  if (hashes.length > limits.pathHashesMax) return wrong('The path is too long.');
  let [first, last] = [index, size - 1n];
  let hash: Uint8Array = claim.leafHash;
  for (const sibling of hashes) {
    if (last === 0n) return wrong('The path is too long.');
    if ((first & 1n) === 1n || first === last) {
      hash = nodeHash(sha256, sibling, hash);
      while ((first & 1n) === 0n && first !== 0n) {
        first >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = nodeHash(sha256, hash, sibling);
    }
    first >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? accept(hash) : wrong('The path is too short.');
}

/** Whether the path leads from the leaf to the root (RFC 9162 §2.1.3.2). Throws nothing. */
export function verifyInclusion(sha256: Sha256, claim: InclusionClaim): Verdict {
  if (!isHash(claim.root)) return wrong('A hash is not 32 bytes.');
  const root = rootOfPath(sha256, claim);
  if (!root.ok) return root;
  return equalBytes(root.value, claim.root)
    ? accept(undefined)
    : wrong('The path leads to another root than the checkpoint says.');
}

/** Everything that a consistency proof claims. */
export interface ConsistencyClaim {
  readonly oldSize: bigint;
  readonly oldRoot: Uint8Array;
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

/** Whether the larger tree continues the smaller (RFC 9162 §2.1.4.2). Throws nothing. */
export function verifyConsistency(sha256: Sha256, claim: ConsistencyClaim): Verdict {
  const { oldSize, size, oldRoot, root, hashes } = claim;
  if (!isCount(oldSize) || !isCount(size) || oldSize > size) return wrong('The tree got smaller.');
  if (![oldRoot, root, ...hashes].every(isHash)) return wrong('A hash is not 32 bytes.');
  if (hashes.length > limits.pathHashesMax) return wrong('The proof is too long.');
  if (oldSize === 0n || oldSize === size) {
    if (hashes.length !== 0) return wrong('The proof is too long.');
    if (oldSize === 0n && !equalBytes(oldRoot, sha256()))
      return wrong('An empty tree has one root.');
    if (oldSize === size && !equalBytes(oldRoot, root)) return wrong('Two roots of one size.');
    return accept(undefined);
  }
  const isPowerOfTwo = (oldSize & (oldSize - 1n)) === 0n;
  const path = isPowerOfTwo ? [oldRoot, ...hashes] : hashes;
  if (path.length === 0) return wrong('The proof is too short.');
  let [first, last] = [oldSize - 1n, size - 1n];
  while ((first & 1n) === 1n) {
    first >>= 1n;
    last >>= 1n;
  }
  let [oldHash, hash]: [Uint8Array, Uint8Array] = [path[0]!, path[0]!];
  for (const sibling of path.slice(1)) {
    if (last === 0n) return wrong('The proof is too long.');
    if ((first & 1n) === 1n || first === last) {
      oldHash = nodeHash(sha256, sibling, oldHash);
      hash = nodeHash(sha256, sibling, hash);
      while ((first & 1n) === 0n && first !== 0n) {
        first >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = nodeHash(sha256, hash, sibling);
    }
    first >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n) return wrong('The proof is too short.');
  if (!equalBytes(oldHash, oldRoot)) return wrong('The proof leads to another old root.');
  return equalBytes(hash, root) ? accept(undefined) : wrong('The proof leads to another new root.');
}

/** Hashes one after the other, as tiles hold them. */
export const joinHashes = (hashes: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  concatBytes(...hashes);
