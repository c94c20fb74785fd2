import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { FsError, equalBytes, utf8 } from '@strongroom/base';
import { verifyEd25519 as verifySignature } from '@strongroom/keys';
import { sha256 } from '@strongroom/platform';
import {
  FaultyFs,
  ManualClock,
  eachSeed,
  seededRandom,
  seedsFrom,
  testSigner,
} from '@strongroom/testkit';
import type { FsFault } from '@strongroom/testkit';
import { verifyLedgerDirectory } from './ledger-verification.js';
import { openLedger } from './ledger.js';
import type { Ledger } from './ledger.js';
import { limits } from './limits.js';
import { leafHash, rootOf, verifyConsistency, verifyInclusion } from './merkle-tree.js';
import { parseVerifierKey, printVerifierKey } from './note.js';
import { verifyProof } from './proof.js';

const origin = 'strongroom.test/ledger';
const signer = testSigner(origin);
const publicKey = printVerifierKey(sha256, { name: origin, ...signer });
const directory = '/data/ledger';
const commitment = (index: number): Uint8Array => sha256(utf8(`entry ${index}`));
const commitments = (from: number, to: number): Uint8Array[] =>
  Array.from({ length: to - from }, (_, index) => commitment(from + index));
const all = commitments(0, 1_000);
const leaves = all.map((each) => leafHash(sha256, each));
const roots = new Map<bigint, Uint8Array>();
function rootFor(size: bigint): Uint8Array {
  const root = roots.get(size) ?? rootOf(sha256, leaves.slice(0, Number(size)));
  roots.set(size, root);
  return root;
}

function open(fs: FaultyFs, clock = new ManualClock()): Promise<Ledger> {
  return openLedger({ directory, fs, sha256, clock, origin, signer, verifySignature });
}

/** A disk with a durable directory for the ledger to be made in. */
async function disk(): Promise<FaultyFs> {
  const fs = new FaultyFs();
  await fs.makeDirectory('/data');
  await fs.syncDirectory('/');
  return fs;
}

/** The journal's view: append whatever is not there yet, then seal. */
async function follow(ledger: Ledger, to: number): Promise<void> {
  const from = Number(ledger.nextIndex);
  if (from < to) await ledger.append(all.slice(from, to), BigInt(from));
  await ledger.seal();
}

async function assertWhole(fs: FaultyFs, ledger: Ledger): Promise<void> {
  assert.ok(equalBytes(ledger.checkpoint!.root, rootFor(ledger.size)));
  const verdict = await verifyLedgerDirectory({
    directory,
    fs,
    sha256,
    verifySignature,
    publicKeys: [publicKey],
  });
  assert.deepEqual(verdict.problems, []);
  assert.equal(verdict.size, ledger.size);
}

void describe('ledger', () => {
  void test('is empty, then holds what was appended and sealed, also when opened again', async () => {
    const fs = new FaultyFs();
    const ledger = await open(fs);
    assert.equal(ledger.size, 0n);
    assert.equal(ledger.checkpoint === undefined, true);
    await ledger.append(all.slice(0, 3), 0n);
    assert.deepEqual([ledger.size, ledger.nextIndex], [0n, 3n]);
    const checkpoint = await ledger.seal();
    assert.deepEqual([ledger.size, checkpoint.size], [3n, 3n]);
    await follow(ledger, 700);
    const again = await open(fs);
    assert.equal(again.checkpoint?.text, ledger.checkpoint?.text);
    await follow(again, 701);
    assert.equal(again.size, 701n);
    await assertWhole(fs, again);
  });

  void test('signs the empty tree, and signs nothing twice', async () => {
    const ledger = await open(new FaultyFs());
    const empty = await ledger.seal();
    assert.equal(empty.size, 0n);
    assert.deepEqual(empty.root, sha256());
    assert.equal(await ledger.seal(), empty);
  });

  void test('proves every leaf at every size, and that each size continues the others', async () => {
    const fs = new FaultyFs();
    const ledger = await open(fs);
    for (const size of [1, 5, 255, 256, 257, 600]) await follow(ledger, size);
    for (const size of [1n, 5n, 256n, 300n, 600n]) {
      const root = await ledger.rootAt(size);
      assert.deepEqual(root, rootFor(size));
      for (let index = 0n; index < size; index += size > 50n ? 41n : 1n) {
        const proof = await ledger.proveInclusion(index, size);
        assert.deepEqual(proof.leafHash, leafHash(sha256, all[Number(index)]!));
        assert.equal(verifyInclusion(sha256, { ...proof, root }).ok, true);
      }
      for (const oldSize of [0n, 1n, 200n, 256n, 599n].filter((each) => each <= size)) {
        const proof = await ledger.proveConsistency(oldSize, size);
        const oldRoot = await ledger.rootAt(oldSize);
        assert.equal(verifyConsistency(sha256, { ...proof, oldRoot, root }).ok, true);
      }
    }
    await assert.rejects(ledger.proveInclusion(600n), { code: 'LEDGER_OUT_OF_RANGE' });
    await assert.rejects(ledger.proveConsistency(5n, 601n), { code: 'LEDGER_OUT_OF_RANGE' });
    await assert.rejects(ledger.rootAt(601n), { code: 'LEDGER_OUT_OF_RANGE' });
  });

  void test('gives a proof as a text that needs only the public key', async () => {
    const ledger = await open(new FaultyFs());
    await follow(ledger, 300);
    const text = await ledger.proofText(123n);
    const keys = [parseVerifierKey(sha256, publicKey)];
    const options = { sha256, verifySignature, keys, origin };
    const verdict = await verifyProof(text, { ...options, commitment: all[123]! });
    assert.ok(verdict.ok && verdict.value.index === 123n);
    const other = await verifyProof(text, { ...options, commitment: all[124]! });
    assert.equal(!other.ok && other.code, 'LEDGER_PROOF_WRONG');
  });

  void test('takes the same leaves again, sealed or not', async () => {
    const ledger = await open(new FaultyFs());
    await follow(ledger, 300);
    await ledger.append(all.slice(300, 310), 300n);
    await ledger.append(all.slice(200, 320), 200n);
    await ledger.append(all.slice(305, 307), 305n);
    assert.equal(ledger.nextIndex, 320n);
    await ledger.seal();
    assert.deepEqual(ledger.checkpoint?.root, rootFor(320n));
  });

  for (const [where, sealed] of [
    ['sealed', 10],
    ['waiting', 5],
  ] as const) {
    void test(`stops at a different leaf where one is ${where}`, async () => {
      const ledger = await open(new FaultyFs());
      await follow(ledger, sealed);
      await ledger.append(all.slice(sealed, 10), BigInt(sealed));
      const before = ledger.checkpoint;
      await assert.rejects(ledger.append([all[5]!, all[8]!], 6n), { code: 'LEDGER_FORK' });
      await assert.rejects(ledger.append(all.slice(10, 11), 10n), { code: 'LEDGER_FORK' });
      await assert.rejects(ledger.seal(), { code: 'LEDGER_FORK' });
      assert.equal(ledger.checkpoint, before);
      await ledger.proveInclusion(0n);
    });
  }

  void test('refuses gaps, other sizes of commitments and too many waiting leaves', async () => {
    const ledger = await open(new FaultyFs());
    await ledger.append(all.slice(0, 2), 0n);
    await assert.rejects(ledger.append(all.slice(3, 4), 3n), { code: 'LEDGER_GAP' });
    await assert.rejects(ledger.append(all.slice(0, 1), -1n), { code: 'LEDGER_GAP' });
    await assert.rejects(ledger.append([new Uint8Array(31)], 2n), {
      code: 'LEDGER_BAD_COMMITMENT',
    });
    const many = Array.from({ length: limits.pendingLeavesMax - 2 }, () => all[0]!);
    await ledger.append(many, 2n);
    await assert.rejects(ledger.append([all[0]!], BigInt(limits.pendingLeavesMax)), {
      code: 'LEDGER_UNSEALED_FULL',
    });
    await ledger.close();
    await assert.rejects(ledger.append([all[0]!], 0n), { code: 'LEDGER_CLOSED' });
  });

  void test('keeps order where appends and seals are not awaited one by one', async () => {
    const fs = new FaultyFs();
    const ledger = await open(fs);
    const running: Promise<unknown>[] = [];
    for (let at = 0; at < 400; at += 50) {
      running.push(ledger.append(all.slice(at, at + 50), BigInt(at)), ledger.seal());
    }
    await Promise.all(running);
    assert.equal(ledger.size, 400n);
    await assertWhole(fs, ledger);
  });

  void test('never signs a time earlier than the one before', async () => {
    const clock = new ManualClock();
    const ledger = await open(new FaultyFs(), clock);
    await follow(ledger, 1);
    const { time } = ledger.checkpoint!;
    clock.jump(-3_600_000);
    await follow(ledger, 2);
    assert.equal(ledger.checkpoint!.time, time);
    await clock.advance(2 * 3_600_000);
    await follow(ledger, 3);
    assert.equal(ledger.checkpoint!.time, time + 3_600_000);
  });

  void test('leaves no partial tile where the full one is', async () => {
    const fs = new FaultyFs();
    const ledger = await open(fs);
    for (const size of [3, 100, 256, 300]) await follow(ledger, size);
    const tiles = fs.paths().filter((path) => path.includes('/tile/'));
    assert.deepEqual(
      tiles.map((path) => path.slice(directory.length + 1)),
      ['tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1'],
    );
  });

  void test('is not opened by other keys, another origin, or with its checkpoint gone', async () => {
    const fs = new FaultyFs();
    await follow(await open(fs), 3);
    const options = { directory, fs, sha256, clock: new ManualClock(), origin, verifySignature };
    const other = testSigner(origin, 'next');
    await assert.rejects(openLedger({ ...options, signer: other }), {
      code: 'LEDGER_CHECKPOINT_INVALID',
    });
    const foreign = { ...options, origin: 'other.test/x' };
    await assert.rejects(openLedger({ ...foreign, signer: testSigner('other.test/x', 'next') }), {
      code: 'LEDGER_CHECKPOINT_INVALID',
    });
    await assert.rejects(openLedger({ ...foreign, signer: other }), { code: 'LEDGER_BAD_NAME' });
    await fs.remove(`${directory}/checkpoint`);
    await assert.rejects(openLedger({ ...options, signer: other }), {
      code: 'LEDGER_CHECKPOINT_INVALID',
    });
  });

  void test('is not opened on a damaged right edge, and reads no damaged tile', async () => {
    for (const [path, size] of [
      ['tile/0/001.p/44', 44 * 32],
      ['tile/1/000.p/1', 32],
    ] as const) {
      const fs = new FaultyFs();
      await follow(await open(fs), 300);
      fs.corrupt(`${directory}/${path}`, size - 1);
      await assert.rejects(open(fs), { code: 'LEDGER_TILE_DAMAGED' });
      fs.corrupt(`${directory}/${path}`, size - 1);
      fs.overwrite(`${directory}/${path}`, fs.peek(`${directory}/${path}`).subarray(1));
      await assert.rejects(open(fs), { code: 'LEDGER_TILE_DAMAGED' });
      await fs.remove(`${directory}/${path}`);
      await assert.rejects(open(fs), { code: 'LEDGER_TILE_DAMAGED' });
    }
    const fs = new FaultyFs();
    await follow(await open(fs), 300);
    fs.corrupt(`${directory}/tile/0/000`, 17);
    const ledger = await open(fs);
    await assert.rejects(ledger.proveInclusion(0n), { code: 'LEDGER_TILE_DAMAGED' });
    await assert.rejects(ledger.append(all.slice(0, 1), 0n), { code: 'LEDGER_TILE_DAMAGED' });
    await ledger.proveInclusion(299n);
  });
});

void describe('ledger, each durable step failing', () => {
  const sizes = [2, 3, 255, 258, 258, 600];

  /** Runs the same work with the n-th operation failing; false once no operation was left to fail. */
  async function run(fault: Omit<FsFault, 'nth'>, nth: number): Promise<boolean> {
    const fs = await disk();
    let ledger = await open(fs);
    fs.fail({ ...fault, nth });
    let failed = false;
    let signed = -1n;
    for (const size of sizes) {
      for (let attempt = 0; ; attempt += 1) {
        try {
          await follow(ledger, size);
          break;
        } catch (error) {
          assert.ok(attempt < 3, `${String(error)} again`);
          failed = true;
          // Every other time the process dies of it, and starts again.
          if (nth % 2 === 0) {
            fs.crash();
            ledger = await open(fs);
          }
        }
      }
      assert.ok(ledger.size > signed || ledger.size === BigInt(size));
      signed = ledger.size;
    }
    assert.equal(ledger.size, 600n);
    fs.heal();
    // What was sealed is there after a power cut: names and bytes, whatever the seed loses.
    fs.powerCut({ seed: nth });
    const again = await open(fs);
    assert.equal(again.size, 600n);
    await assertWhole(fs, again);
    return failed;
  }

  for (const effect of ['lost', 'done', 'partial'] as const) {
    void test(`recovers where one operation fails, ${effect}`, async () => {
      let nth = 1;
      while (await run({ code: 'EIO', effect }, nth)) nth += 1;
      assert.ok(nth > 60, `${nth} operations`);
    });
  }

  void test('does not trust a name whose sync failed, and makes it afresh', async () => {
    const fs = await disk();
    const ledger = await open(fs);
    await ledger.append(all.slice(0, 2), 0n);
    fs.fail({ code: 'EIO', effect: 'lost', on: ['syncDirectory'] });
    await assert.rejects(ledger.seal(), { code: 'EIO' });
    const names = ['tile', 'tile/0', 'tile/0/000.p', 'tile/0/000.p/2'];
    const identities = async (): Promise<(string | undefined)[]> =>
      Promise.all(names.map(async (name) => (await fs.stat(`${directory}/${name}`))?.identity));
    const before = await identities();
    await ledger.seal();
    for (const [at, identity] of (await identities()).entries()) {
      assert.notEqual(identity, undefined);
      assert.notEqual(identity, before[at], names[at]);
    }
  });

  void test('keeps what was sealed, whatever a power cut at any operation loses', async () => {
    let cuts = 0;
    for (let nth = 1; ; nth += 1) {
      const fs = await disk();
      let ledger = await open(fs);
      fs.fail({ code: 'EIO', effect: 'halt', nth, times: Number.POSITIVE_INFINITY });
      let sealed = 0n;
      try {
        for (const size of sizes) {
          await follow(ledger, size);
          sealed = ledger.size;
        }
        break;
      } catch {
        cuts += 1;
      }
      fs.powerCut({ seed: `cut ${nth}` });
      ledger = await open(fs);
      assert.ok(ledger.size >= sealed, `${ledger.size} after ${sealed} were sealed`);
      if (ledger.checkpoint !== undefined) await assertWhole(fs, ledger);
      for (const size of sizes.filter((each) => BigInt(each) >= ledger.size)) {
        await follow(ledger, size);
      }
      fs.powerCut({ seed: `again ${nth}` });
      ledger = await open(fs);
      assert.equal(ledger.size, 600n);
      await assertWhole(fs, ledger);
    }
    assert.ok(cuts > 60, `${cuts} cuts`);
  });

  const seeds = seedsFrom(process.env, 60);
  void test(`keeps what was sealed through faults and power cuts (${seeds.count} seeds)`, async () => {
    await eachSeed(seeds, async (seed) => {
      const fs = await disk();
      const random = seededRandom(`ledger/${seed}`);
      const seen: string[] = [];
      let sealed = 0n;
      for (let cut = 0; cut < 4; cut += 1) {
        const nth = 1 + random.integer(90);
        if (random.chance(0.4)) {
          const effect = random.pick(['lost', 'done', 'partial'] as const);
          fs.fail({
            code: random.pick(['EIO', 'ENOSPC', 'EMFILE']),
            effect,
            nth: 1 + random.integer(nth),
          });
        }
        fs.fail({ code: 'EIO', effect: 'halt', nth, times: Number.POSITIVE_INFINITY });
        try {
          const ledger = await open(fs);
          assert.ok(ledger.size >= sealed, `${ledger.size} after ${sealed} were sealed`);
          for (let failures = 0; ledger.size < 600n && failures < 3;) {
            const size = Number(ledger.size) + 1 + random.integer(random.pick([3, 40, 300]));
            await follow(ledger, Math.min(size, 600)).catch((error: unknown) => {
              // The next call tries again, on the same ledger.
              if (!(error instanceof FsError)) throw error;
              failures += 1;
            });
            sealed = ledger.size;
            if (ledger.checkpoint !== undefined) seen.push(ledger.checkpoint.text);
            if (random.chance(0.05)) break;
          }
        } catch (error) {
          if (!(error instanceof FsError)) throw error;
        }
        if (random.chance(0.3)) fs.crash();
        else fs.powerCut({ seed: `${seed}/${cut}` });
      }
      const ledger = await open(fs);
      assert.ok(ledger.size >= sealed, `${ledger.size} after ${sealed} were sealed`);
      await follow(ledger, 600);
      await assertWhole(fs, ledger);
      const verdict = await verifyLedgerDirectory({
        directory,
        fs,
        sha256,
        verifySignature,
        publicKeys: [ledger.verifierKey],
        expected: seen,
      });
      assert.deepEqual(verdict.problems, []);
    });
  });
});
