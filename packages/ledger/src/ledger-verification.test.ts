import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { utf8 } from '@strongroom/base';
import { verifyEd25519 as verifySignature } from '@strongroom/keys';
import { sha256 } from '@strongroom/platform';
import { FaultyFs, ManualClock, testSigner } from '@strongroom/testkit';
import type { FsSnapshot } from '@strongroom/testkit';
import { signCheckpoint } from './checkpoint.js';
import { verifyLedgerDirectory } from './ledger-verification.js';
import type { LedgerVerdict } from './ledger-verification.js';
import { openLedger } from './ledger.js';
import { leafHash, rootOf } from './merkle-tree.js';
import { printVerifierKey } from './note.js';
import { makeReceipt } from './receipt.js';

const origin = 'strongroom.test/ledger';
const signer = testSigner(origin);
const publicKey = printVerifierKey(sha256, { name: origin, ...signer });
const directory = '/data/ledger';
const all = Array.from({ length: 700 }, (_, index) => sha256(utf8(`entry ${index}`)));
const last = `${directory}/tile/0/002.p/188`;

/** A ledger of 700 leaves, sealed at 100 and at 700, and the checkpoint at 100. */
async function prepare(): Promise<{ fs: FaultyFs; earlier: string; atEarlier: FsSnapshot }> {
  const fs = new FaultyFs();
  const clock = new ManualClock();
  const options = { directory, fs, sha256, clock, origin, signer, verifySignature };
  const ledger = await openLedger(options);
  await ledger.append(all.slice(0, 100), 0n);
  const earlier = (await ledger.seal()).text;
  const atEarlier = fs.snapshot();
  await clock.advance(3_600_000);
  await ledger.append(all.slice(100), 100n);
  await ledger.seal();
  return { fs, earlier, atEarlier };
}

const verify = (
  fs: FaultyFs,
  more: { expected?: string[]; receipts?: string[]; publicKeys?: string[]; origin?: string } = {},
): Promise<LedgerVerdict> =>
  verifyLedgerDirectory({
    directory,
    fs,
    sha256,
    verifySignature,
    publicKeys: [publicKey],
    ...more,
  });

const codes = (verdict: LedgerVerdict): string[] => [
  ...new Set(verdict.problems.map(({ code }) => code)),
];

const receiptOf = (position: number, commitment: Uint8Array): Promise<string> =>
  makeReceipt(sha256, { origin, position: BigInt(position), commitment, time: 1 }, signer);

void describe('offline verification', () => {
  void test('finds nothing wrong with a whole ledger, an earlier checkpoint and receipts', async () => {
    const { fs, earlier } = await prepare();
    const receipts = [await receiptOf(0, all[0]!), await receiptOf(699, all[699]!)];
    const verdict = await verify(fs, { expected: [earlier], receipts });
    assert.deepEqual(verdict.problems, []);
    assert.equal(verdict.ok, true);
    assert.equal(verdict.size, 700n);
    assert.equal(verdict.root, Buffer.from(verdict.checkpoint!.root).toString('hex'));
  });

  void test('finds every single bit changed in any tile and in the checkpoint', async () => {
    const { fs } = await prepare();
    const kept = fs.snapshot();
    const files = fs.paths().filter((path) => /\/tile\/|\/checkpoint$/.test(path));
    assert.equal(files.length, 5);
    for (const path of files) {
      const size = fs.peek(path).length;
      // Each bit somewhere, at places spread over the file: a full tile alone has 65,536.
      for (let offset = 0; offset < size; offset += Math.max(1, Math.floor(size / 40))) {
        fs.corrupt(path, offset, 1 << (offset % 8));
        const verdict = await verify(fs);
        assert.equal(verdict.ok, false, `${path} at ${offset}`);
        fs.restore(kept);
      }
    }
  });

  const tampered: [string, string[], (fs: FaultyFs) => Promise<void> | void][] = [
    ['a leaf tile removed', ['LEDGER_TILE_DAMAGED'], (fs) => fs.remove(last)],
    [
      'an upper tile removed',
      ['LEDGER_TILE_DAMAGED'],
      (fs) => fs.remove(`${directory}/tile/1/000.p/2`),
    ],
    [
      'the last leaf cut off',
      ['LEDGER_TILE_DAMAGED'],
      (fs) => fs.overwrite(last, fs.peek(last).subarray(0, -32)),
    ],
    [
      'two leaves exchanged',
      ['LEDGER_HISTORY_DIFFERS', 'LEDGER_ROOT_DIFFERS'],
      (fs) => {
        const tile = fs.peek(last);
        fs.overwrite(last, Buffer.concat([tile.slice(32, 64), tile.slice(0, 32), tile.slice(64)]));
      },
    ],
    [
      'two full tiles exchanged',
      ['LEDGER_TILE_DAMAGED', 'LEDGER_HISTORY_DIFFERS', 'LEDGER_ROOT_DIFFERS'],
      (fs) => {
        const [a, b] = [`${directory}/tile/0/000`, `${directory}/tile/0/001`];
        const kept = fs.peek(a);
        fs.overwrite(a, fs.peek(b));
        fs.overwrite(b, kept);
      },
    ],
    ['no checkpoint', ['LEDGER_CHECKPOINT_MISSING'], (fs) => fs.remove(`${directory}/checkpoint`)],
    [
      'a checkpoint that is not text',
      ['LEDGER_CHECKPOINT_INVALID'],
      (fs) => fs.overwrite(`${directory}/checkpoint`, new Uint8Array([0xff, 0xfe])),
    ],
    [
      'a checkpoint by another key',
      ['LEDGER_CHECKPOINT_INVALID'],
      async (fs) => {
        const root = rootOf(
          sha256,
          all.map((each) => leafHash(sha256, each)),
        );
        const head = { origin, size: 700n, root, time: 1_780_000_000_000 };
        const { text } = await signCheckpoint(sha256, head, testSigner(origin, 'thief'));
        fs.overwrite(`${directory}/checkpoint`, utf8(text));
      },
    ],
  ];
  for (const [what, expected, tamper] of tampered) {
    void test(`finds ${what}`, async () => {
      const { fs } = await prepare();
      await tamper(fs);
      const verdict = await verify(fs);
      assert.equal(verdict.ok, false);
      assert.deepEqual(codes(verdict).sort(), expected.sort());
    });
  }

  void test('finds a volume that was rolled back, by a checkpoint kept outside', async () => {
    const { fs, atEarlier } = await prepare();
    const kept = Buffer.from(fs.peek(`${directory}/checkpoint`)).toString();
    fs.restore(atEarlier);
    assert.equal((await verify(fs)).ok, true);
    assert.deepEqual(codes(await verify(fs, { expected: [kept] })), ['LEDGER_ROLLED_BACK']);
  });

  void test('finds a tree that was rebuilt with the stolen key, by a checkpoint or a receipt', async () => {
    const { earlier } = await prepare();
    const forged = new FaultyFs();
    const clock = new ManualClock();
    const ledger = await openLedger({
      directory,
      fs: forged,
      sha256,
      clock,
      origin,
      signer,
      verifySignature,
    });
    await ledger.append(all.with(50, all[51]!), 0n);
    await ledger.seal();
    assert.equal((await verify(forged)).ok, true);
    assert.deepEqual(codes(await verify(forged, { expected: [earlier] })), [
      'LEDGER_HISTORY_DIFFERS',
    ]);
    const receipts = [await receiptOf(49, all[49]!), await receiptOf(50, all[50]!)];
    const verdict = await verify(forged, { receipts });
    assert.deepEqual(codes(verdict), ['LEDGER_RECEIPT_BROKEN']);
    assert.equal(verdict.problems[0]?.path, 'receipts[1]');
  });

  void test('finds a receipt beyond the end, and things that are no receipts, keys or checkpoints', async () => {
    const { fs } = await prepare();
    const beyond = [await receiptOf(700, all[0]!)];
    assert.deepEqual(codes(await verify(fs, { receipts: beyond })), ['LEDGER_RECEIPT_BROKEN']);
    assert.deepEqual(codes(await verify(fs, { receipts: ['v1;'] })), ['LEDGER_RECEIPT_MALFORMED']);
    assert.deepEqual(codes(await verify(fs, { expected: ['x'] })), ['LEDGER_NOTE_MALFORMED']);
    assert.deepEqual(codes(await verify(fs, { publicKeys: ['x'] })), ['LEDGER_KEY_MALFORMED']);
    assert.deepEqual(codes(await verify(fs, { publicKeys: [] })), ['LEDGER_CHECKPOINT_INVALID']);
    assert.deepEqual(codes(await verify(fs, { origin: 'other.test/x' })), [
      'LEDGER_CHECKPOINT_INVALID',
    ]);
  });

  void test('finds an earlier checkpoint changed in the history', async () => {
    const { fs } = await prepare();
    const path = fs.paths().find((each) => each.includes('/history/'))!;
    const text = Buffer.from(fs.peek(path)).toString();
    assert.match(text, /^[1-9][0-9]* [0-9a-f]{8}\nstrongroom\.test\/ledger\n100\n/);
    const note = text.slice(text.indexOf('\n') + 1).split(/(?<=\n)[1-9][0-9]* [0-9a-f]{8}\n/)[0]!;
    const forged = note.replace('\n100\n', '\n101\n');
    const sum = Buffer.from(sha256(utf8(forged)).subarray(0, 4)).toString('hex');
    fs.overwrite(path, utf8(`${Buffer.byteLength(forged)} ${sum}\n${forged}`));
    assert.deepEqual(codes(await verify(fs)), ['LEDGER_SIGNATURE_WRONG']);
    fs.overwrite(path, utf8(text.slice(0, 150)));
    assert.equal((await verify(fs)).ok, true, 'a torn tail is no forgery');
  });

  void test('finds its key among those of several ledgers, and takes no other for it', async () => {
    const { fs } = await prepare();
    const other = testSigner('other.test/ledger');
    const otherKey = printVerifierKey(sha256, { name: other.keyName, ...other });
    const verdict = await verify(fs, { publicKeys: [otherKey, publicKey] });
    assert.deepEqual([verdict.ok, verdict.checkpoint?.origin], [true, origin]);
    assert.equal((await verify(fs, { publicKeys: [otherKey] })).ok, false);
    // The same key under another name speaks for another ledger.
    const renamed = printVerifierKey(sha256, { name: 'other.test/ledger', ...signer });
    assert.equal((await verify(fs, { publicKeys: [renamed] })).ok, false);
    const keys = Buffer.from(fs.peek(`${directory}/public-keys`)).toString();
    assert.equal(keys, `${publicKey}\n`);
  });

  void test('takes the start of a full tile where a partial one is gone', async () => {
    const { fs, atEarlier } = await prepare();
    const full = fs.peek(`${directory}/tile/0/000`);
    fs.restore(atEarlier);
    const partial = `${directory}/tile/0/000.p/100`;
    await fs.rename(partial, `${directory}/tile/0/000`);
    fs.overwrite(`${directory}/tile/0/000`, full);
    assert.equal((await verify(fs)).ok, true);
    fs.overwrite(`${directory}/tile/0/000`, full.subarray(32));
    assert.deepEqual(codes(await verify(fs)), ['LEDGER_TILE_DAMAGED']);
  });

  void test('says what it could not read, and how far it came', async () => {
    const { fs } = await prepare();
    fs.fail({ code: 'EIO', effect: 'lost', path: /002\.p/ });
    const steps: bigint[] = [];
    const verdict = await verifyLedgerDirectory({
      directory,
      fs,
      sha256,
      verifySignature,
      publicKeys: [publicKey],
      onProgress: (leaves) => steps.push(leaves),
    });
    assert.deepEqual(codes(verdict), ['LEDGER_UNREADABLE']);
    assert.equal(verdict.root, undefined);
    assert.deepEqual(steps, [256n]);
  });
});
