import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { concatBytes, fromHex, toHex, utf8 } from '@strongroom/base';
import { sha256 } from '@strongroom/platform';
import {
  allInclusionProofs,
  consistencyProof,
  consistencyRanges,
  foldNodes,
  inclusionProof,
  inclusionRanges,
  leafHash,
  nodesOf,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle-tree.js';
import type { LeafRange } from './merkle-tree.js';
import { Frontier } from './tile.js';

// The eight leaves that implementations of RFC 6962 exchange, and the roots of their prefixes.
const vectorLeaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((data) => leafHash(sha256, fromHex(data)));
const vectorRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const leaves = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => leafHash(sha256, utf8(`leaf ${index}`)));
const hex = (hashes: readonly Uint8Array[]): string[] => hashes.map(toHex);
const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = new Uint8Array(bytes);
  copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
  return copy;
};

/** RFC 6962 §2.1 word for word: slow, and written apart from the code under test. */
const naive = {
  split: (n: number): number => {
    let k = 1;
    while (k * 2 < n) k *= 2;
    return k;
  },
  mth: (d: readonly Uint8Array[]): Uint8Array => {
    if (d.length === 0) return sha256();
    if (d.length === 1) return d[0]!;
    const k = naive.split(d.length);
    return sha256(
      concatBytes(new Uint8Array([1]), naive.mth(d.slice(0, k)), naive.mth(d.slice(k))),
    );
  },
  path: (m: number, d: readonly Uint8Array[]): Uint8Array[] => {
    if (d.length === 1) return [];
    const k = naive.split(d.length);
    return m < k
      ? [...naive.path(m, d.slice(0, k)), naive.mth(d.slice(k))]
      : [...naive.path(m - k, d.slice(k)), naive.mth(d.slice(0, k))];
  },
  subproof: (m: number, d: readonly Uint8Array[], whole: boolean): Uint8Array[] => {
    if (m === d.length) return whole ? [] : [naive.mth(d)];
    const k = naive.split(d.length);
    return m <= k
      ? [...naive.subproof(m, d.slice(0, k), whole), naive.mth(d.slice(k))]
      : [...naive.subproof(m - k, d.slice(k), false), naive.mth(d.slice(0, k))];
  },
};

void describe('Merkle tree', () => {
  void test('has the roots that other implementations have', () => {
    for (const [size, root] of vectorRoots.entries()) {
      assert.equal(toHex(rootOf(sha256, vectorLeaves.slice(0, size))), root, `size ${size}`);
    }
  });

  void test('has the paths that other implementations have', () => {
    assert.deepEqual(hex(inclusionProof(sha256, vectorLeaves, 0)), [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    assert.deepEqual(hex(consistencyProof(sha256, vectorLeaves, 1)), [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
  });

  void test('agrees with the definition in RFC 6962 on roots and proofs of every size', () => {
    for (let size = 1; size <= 40; size += 1) {
      const tree = leaves(size);
      assert.deepEqual(rootOf(sha256, tree), naive.mth(tree));
      const all = allInclusionProofs(sha256, tree);
      assert.deepEqual(all.root, naive.mth(tree));
      for (let at = 0; at < size; at += 1) {
        assert.deepEqual(hex(inclusionProof(sha256, tree, at)), hex(naive.path(at, tree)));
        assert.deepEqual(hex(all.paths[at]!), hex(naive.path(at, tree)));
        assert.deepEqual(
          hex(consistencyProof(sha256, tree, at + 1)),
          hex(naive.subproof(at + 1, tree, true)),
        );
      }
    }
  });

  void test('proves each leaf of each tree, and no other leaf, index, size or root', () => {
    for (let size = 1; size <= 34; size += 1) {
      const tree = leaves(size);
      const root = rootOf(sha256, tree);
      for (let at = 0; at < size; at += 1) {
        const claim = {
          index: BigInt(at),
          size: BigInt(size),
          leafHash: tree[at]!,
          hashes: inclusionProof(sha256, tree, at),
          root,
        };
        assert.equal(verifyInclusion(sha256, claim).ok, true);
        for (let other = 0; other < size; other += 1) {
          if (other === at) continue;
          assert.equal(verifyInclusion(sha256, { ...claim, index: BigInt(other) }).ok, false);
        }
        const { hashes } = claim;
        for (const changed of [
          { leafHash: leafHash(sha256, utf8('another')) },
          { hashes: [...hashes, root] },
          { hashes: [root, ...hashes] },
          ...(hashes.length > 0
            ? [{ hashes: hashes.slice(1) }, { hashes: hashes.slice(0, -1) }]
            : []),
          { size: claim.index },
          { root: sha256(root) },
        ]) {
          assert.equal(verifyInclusion(sha256, { ...claim, ...changed }).ok, false);
        }
      }
    }
  });

  void test('fails for each single bit changed in leaf, path and root', () => {
    const tree = leaves(13);
    const root = rootOf(sha256, tree);
    for (const at of [0, 7, 12]) {
      const hashes = inclusionProof(sha256, tree, at);
      const claim = { index: BigInt(at), size: 13n, leafHash: tree[at]!, hashes, root };
      for (let bit = 0; bit < 256; bit += 1) {
        const changes = [
          { leafHash: flipped(claim.leafHash, bit) },
          { root: flipped(root, bit) },
          ...hashes.map((hash, which) => ({ hashes: hashes.with(which, flipped(hash, bit)) })),
        ];
        for (const changed of changes) {
          assert.equal(verifyInclusion(sha256, { ...claim, ...changed }).ok, false);
        }
      }
    }
  });

  void test('proves that each tree continues each smaller one, and no bit may differ', () => {
    for (let size = 0; size <= 20; size += 1) {
      const tree = leaves(size);
      const root = rootOf(sha256, tree);
      for (let oldSize = 0; oldSize <= size; oldSize += 1) {
        const oldRoot = rootOf(sha256, tree.slice(0, oldSize));
        const hashes = consistencyProof(sha256, tree, oldSize);
        const claim = { oldSize: BigInt(oldSize), oldRoot, size: BigInt(size), root, hashes };
        assert.equal(verifyConsistency(sha256, claim).ok, true, `${oldSize} to ${size}`);
        const wrong = [
          { oldRoot: flipped(oldRoot, 5) },
          { hashes: [...hashes, root] },
          // From nothing, everything follows: the new root is not part of that claim.
          ...(oldSize > 0 ? [{ root: flipped(root, 250) }] : []),
          ...hashes.map((hash, which) => ({ hashes: hashes.with(which, flipped(hash, 99)) })),
          ...(hashes.length > 0 ? [{ hashes: hashes.slice(1) }] : []),
        ];
        for (const changed of wrong) {
          assert.equal(verifyConsistency(sha256, { ...claim, ...changed }).ok, false);
        }
      }
    }
  });

  void test('refuses claims that no honest prover makes, without throwing', () => {
    const [hash] = leaves(1) as [Uint8Array];
    const inclusion = { index: 0n, size: 1n, leafHash: hash, hashes: [], root: hash };
    assert.equal(verifyInclusion(sha256, inclusion).ok, true);
    const claims = [
      { index: -1n },
      { size: 0n },
      { size: -1n },
      { size: 1n << 63n },
      { index: 1n << 70n, size: 1n << 71n },
      { leafHash: hash.subarray(1) },
      { root: new Uint8Array(0) },
      { hashes: [new Uint8Array(31)] },
      { hashes: Array.from({ length: 65 }, () => hash), size: (1n << 63n) - 1n },
    ];
    for (const claim of claims) {
      assert.equal(verifyInclusion(sha256, { ...inclusion, ...claim }).ok, false);
    }
    const same = { oldSize: 1n, oldRoot: hash, size: 1n, root: hash, hashes: [] };
    assert.equal(verifyConsistency(sha256, same).ok, true);
    for (const claim of [
      { oldSize: 2n },
      { oldSize: -1n },
      { oldSize: 0n },
      { root: leaves(2)[1]! },
      { size: 2n },
      { size: 1n << 63n },
      { hashes: Array.from({ length: 65 }, () => hash), size: 5n },
    ]) {
      assert.equal(verifyConsistency(sha256, { ...same, ...claim }).ok, false);
    }
  });

  void test('throws where asked for what is not in the tree', () => {
    const tree = leaves(3);
    for (const index of [-1, 3, 0.5, Number.NaN]) {
      assert.throws(() => inclusionProof(sha256, tree, index), { code: 'LEDGER_OUT_OF_RANGE' });
    }
    assert.throws(() => consistencyProof(sha256, tree, 4), { code: 'LEDGER_OUT_OF_RANGE' });
  });

  void test('finds the same proofs by perfect subtrees as by the whole tree', () => {
    const tree = leaves(77);
    const fold = (range: LeafRange): Uint8Array =>
      foldNodes(
        sha256,
        nodesOf(range).map(({ height, index }) => {
          const start = Number(index) * 2 ** height;
          return rootOf(sha256, tree.slice(start, start + 2 ** height));
        }),
      );
    for (let at = 0; at < 77; at += 1) {
      const path = inclusionRanges(BigInt(at), 77n).map(fold);
      assert.deepEqual(hex(path), hex(inclusionProof(sha256, tree, at)));
      const proof = consistencyRanges(BigInt(at), 77n).map(fold);
      assert.deepEqual(hex(proof), hex(consistencyProof(sha256, tree, at)));
    }
  });

  void test('keeps the root of a growing tree in its right edge alone', () => {
    const tree = leaves(600);
    const frontier = new Frontier();
    assert.deepEqual(frontier.root(sha256), sha256());
    for (const [at, leaf] of tree.entries()) {
      frontier.push(sha256, leaf, () => undefined);
      if (at % 37 !== 0 && at !== 255 && at !== 256 && at !== 511) continue;
      assert.deepEqual(frontier.root(sha256), rootOf(sha256, tree.slice(0, at + 1)));
      assert.deepEqual(new Frontier(frontier.levels).size, BigInt(at + 1));
    }
  });
});
