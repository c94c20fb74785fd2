import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { FsError, equalBytes, fromBase64, toBase64, utf8 } from '@strongroom/base';
import { verifyEd25519 as verifySignature } from '@strongroom/keys';
import { sha256 } from '@strongroom/platform';
import { FaultyFs, ManualClock, testSigner } from '@strongroom/testkit';
import { signCheckpoint, verifyCheckpoint } from './checkpoint.js';
import { signEpoch, verifyEpoch } from './epoch.js';
import { followHandOvers, parseHandOvers, printHandOvers, signHandOver } from './hand-over.js';
import { verifyLedgerDirectory } from './ledger-verification.js';
import { openLedger } from './ledger.js';
import type { Ledger } from './ledger.js';
import { limits } from './limits.js';
import { rootOf } from './merkle-tree.js';
import { parseVerifierKey, printVerifierKey } from './note.js';
import type { NoteSigner, VerifierKey } from './note.js';
import { makeReceipt, verifyReceipt } from './receipt.js';

const origin = 'strongroom.test/handed';
const signers = ['one', 'two', 'three', 'four'].map((seed) => testSigner(origin, seed));
const [one, two, three, four] = signers as [NoteSigner, NoteSigner, NoteSigner, NoteSigner];
const textOf = ({ publicKey }: NoteSigner): string =>
  printVerifierKey(sha256, { name: origin, publicKey });
const keyOf = (signer: NoteSigner): VerifierKey => parseVerifierKey(sha256, textOf(signer));
const root = rootOf(sha256, []);
const verifier = (...held: NoteSigner[]) => ({
  sha256,
  verifySignature,
  origin,
  keys: held.map(keyOf),
});

const statement = (
  number: bigint,
  from: NoteSigner,
  to: NoteSigner,
  more: { size?: bigint; time?: number } = {},
): Promise<string> =>
  signHandOver(
    sha256,
    {
      origin,
      number,
      time: more.time ?? Number(number) * 1_000_000,
      size: more.size ?? number * 10n,
      root,
    },
    { from, to },
  );

const chain = async (): Promise<string[]> => [
  await statement(1n, one, two),
  await statement(2n, two, three),
];

void describe('hand-over of a signing key', () => {
  void test('a chain is followed from any of its keys, in both directions', async () => {
    for (const held of [one, two, three]) {
      const verdict = await followHandOvers(await chain(), verifier(held));
      assert.ok(verdict.ok);
      assert.ok(equalBytes(verdict.value.newest!.publicKey, three.publicKey));
      assert.deepEqual(
        verdict.value.keys.map(({ retired }) => retired?.size),
        [undefined, 20n, 10n],
      );
    }
  });

  void test('one that is forged, out of order, or by an unknown key is refused', async () => {
    const [first, second] = (await chain()) as [string, string];
    const signatures = (text: string): string[] => text.trimEnd().split('\n').slice(-2);
    const body = (text: string): string => text.slice(0, text.lastIndexOf('\n\n') + 2);
    const foreign = testSigner('strongroom.test/other', 'one');
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['by an unknown key', [await statement(1n, four, two)]],
      ['without the first', [second]],
      ['out of order', [second, first]],
      ['twice', [first, first]],
      ['another key between', [first, await statement(2n, four, three)]],
      ['number left out', [first, await statement(3n, two, three)]],
      ['the tree shrinks', [first, await statement(2n, two, three, { size: 9n })]],
      ['time goes back', [first, await statement(2n, two, three, { time: 1 })]],
      ['back to an old key', [first, await statement(2n, two, one)]],
      ['by the old key alone', [`${body(first)}${signatures(first)[0]}\n`]],
      ['by the new key alone', [`${body(first)}${signatures(first)[1]}\n`]],
      ['signatures of another', [`${body(first)}${signatures(second).join('\n')}\n`]],
      ['of another ledger', [first.replaceAll(origin, foreign.keyName)]],
      ['changed', [first.replace('\n10\n', '\n11\n')]],
      ['empty', ['']],
      [
        'a checkpoint',
        [(await signCheckpoint(sha256, { origin, size: 0n, root, time: 0 }, one)).text],
      ],
    ];
    for (const [name, sources] of cases) {
      const verdict = await followHandOvers(sources, verifier(one));
      assert.equal(verdict.ok, false, name);
    }
    // Whoever followed to the second key does not follow to another one after the first.
    const fork = [await statement(1n, one, four)];
    assert.equal((await followHandOvers(fork, verifier(two))).ok, false);
    for (let at = 0; at < first.length; at += 7) {
      const other = first[at] === 'A' ? 'B' : 'A';
      const changed = `${first.slice(0, at)}${other}${first.slice(at + 1)}`;
      if (changed === first) continue;
      assert.equal((await followHandOvers([changed], verifier(one))).ok, false, `byte ${at}`);
    }
  });

  void test('a key that was replaced signs nothing later', async () => {
    const followed = await followHandOvers(await chain(), verifier(three));
    assert.ok(followed.ok);
    const trusted = { ...verifier(), keys: followed.value.keys };
    const check = async (signer: NoteSigner, size: bigint): Promise<string> => {
      const { text } = await signCheckpoint(sha256, { origin, size, root, time: 5_000 }, signer);
      const verdict = await verifyCheckpoint(text, trusted);
      return verdict.ok ? 'ok' : verdict.code;
    };
    assert.deepEqual(
      [await check(one, 10n), await check(one, 11n), await check(two, 20n), await check(two, 21n)],
      ['ok', 'LEDGER_KEY_RETIRED', 'ok', 'LEDGER_KEY_RETIRED'],
    );
    assert.equal(await check(three, 1_000n), 'ok');
    const commitment = sha256(utf8('x'));
    const receipt = async (time: number): Promise<string> => {
      const verdict = await verifyReceipt(
        await makeReceipt(sha256, { origin, position: 3n, commitment, time }, one),
        trusted,
      );
      return verdict.ok ? 'ok' : verdict.code;
    };
    const last = 1_000_000 + limits.retiredReceiptMs;
    assert.deepEqual([await receipt(last), await receipt(last + 1)], ['ok', 'LEDGER_KEY_RETIRED']);
    const kept = await signCheckpoint(sha256, { origin, size: 15n, root, time: 0 }, two);
    const about = { origin, number: 1n, time: 1, reason: 'fire', kept: kept.text };
    const late = await verifyEpoch(await signEpoch(sha256, about, one), trusted);
    assert.equal(late.ok ? 'ok' : late.code, 'LEDGER_KEY_RETIRED');
    assert.equal((await verifyEpoch(await signEpoch(sha256, about, two), trusted)).ok, true);
  });

  void test('the file of hand-overs is read whole or not at all', async () => {
    const bytes = printHandOvers(sha256, await chain());
    assert.deepEqual(parseHandOvers(sha256, bytes), await chain());
    for (const at of [bytes.length - 1, 700, 3]) {
      assert.throws(() => parseHandOvers(sha256, bytes.slice(0, at)), {
        code: 'LEDGER_NOTE_MALFORMED',
      });
    }
  });
});

void describe('a ledger whose key is replaced', () => {
  const directory = '/data/ledger';
  const open = (fs: FaultyFs, signer: NoteSigner, ...earlier: NoteSigner[]): Promise<Ledger> =>
    openLedger({
      directory,
      fs,
      sha256,
      clock: new ManualClock(),
      origin,
      signer,
      earlier,
      verifySignature,
    });
  const disk = async (): Promise<FaultyFs> => {
    const fs = new FaultyFs();
    await fs.makeDirectory('/data');
    await fs.syncDirectory('/');
    return fs;
  };
  const grow = async (ledger: Ledger, to: number): Promise<void> => {
    const from = Number(ledger.nextIndex);
    const leaves = Array.from({ length: to - from }, (_, at) => sha256(utf8(`${from + at}`)));
    await ledger.append(leaves, BigInt(from));
    await ledger.seal();
  };
  const problems = async (fs: FaultyFs, ...held: NoteSigner[]): Promise<string[]> => {
    const publicKeys = held.map(textOf);
    const verdict = await verifyLedgerDirectory({
      directory,
      fs,
      sha256,
      verifySignature,
      publicKeys,
    });
    return verdict.problems.map(({ code }) => code);
  };

  void test('verifies from the first key on, and from the newest one back', async () => {
    const fs = await disk();
    await grow(await open(fs, one), 3);
    const ledger = await open(fs, two, one);
    assert.equal(ledger.verifierKey, textOf(two));
    assert.equal(ledger.handOvers.length, 1);
    assert.deepEqual(await problems(fs, one), []);
    await grow(ledger, 5);
    await ledger.handOver(three);
    await ledger.handOver(three);
    await grow(ledger, 9);
    for (const held of [one, two, three]) assert.deepEqual(await problems(fs, held), []);
    assert.deepEqual(await problems(fs, four), [
      'LEDGER_HANDOVER_WRONG',
      'LEDGER_CHECKPOINT_INVALID',
    ]);
    // Only the newest private half is needed from now on.
    const again = await open(fs, three);
    assert.equal(again.handOvers.length, 2);
    await assert.rejects(open(fs, four), { code: 'LEDGER_KEY_MISSING' });
    await assert.rejects(open(fs, one), { code: 'LEDGER_KEY_MISSING' });
  });

  void test('an empty one keeps the key that senders were told', async () => {
    const fs = await disk();
    await open(fs, one);
    const ledger = await open(fs, two, one);
    assert.equal(ledger.handOvers.length, 1);
    await grow(ledger, 2);
    assert.deepEqual(await problems(fs, one), []);
  });

  void test('a thief of the old key forks nothing for those who followed', async () => {
    const fs = await disk();
    const ledger = await open(fs, one);
    await grow(ledger, 3);
    await ledger.handOver(two);
    await grow(ledger, 4);
    // With the disk and the old key: the checkpoint is signed again, with the key of before.
    const { size, root: now, time } = ledger.checkpoint!;
    const forged = await signCheckpoint(sha256, { origin, size, root: now, time }, one);
    await fs.remove(`${directory}/checkpoint`);
    const file = await fs.open(`${directory}/checkpoint`, 'create');
    await file.write(0, utf8(forged.text));
    await file.sync();
    assert.deepEqual(await problems(fs, one), ['LEDGER_CHECKPOINT_INVALID']);
    assert.deepEqual(await problems(fs, two), ['LEDGER_CHECKPOINT_INVALID']);
  });

  void test('a hand-over that speaks of another tree is found', async () => {
    const fs = await disk();
    const ledger = await open(fs, one);
    await grow(ledger, 3);
    await ledger.handOver(two);
    await grow(ledger, 4);
    const other = await signHandOver(
      sha256,
      { origin, number: 1n, time: 1, size: 3n, root: fromBase64(toBase64(sha256(utf8('other')))) },
      { from: one, to: two },
    );
    await fs.remove(`${directory}/handovers`);
    const file = await fs.open(`${directory}/handovers`, 'create');
    await file.write(0, printHandOvers(sha256, [other]));
    await file.sync();
    assert.deepEqual(await problems(fs, one), ['LEDGER_HISTORY_DIFFERS']);
  });

  void test('whatever operation fails or is cut short, one key signs on and everything verifies', async () => {
    for (const effect of ['lost', 'done', 'partial', 'halt'] as const) {
      for (let nth = 1; ; nth += 1) {
        const fs = await disk();
        let ledger = await open(fs, one);
        await grow(ledger, 3);
        const times = effect === 'halt' ? Number.POSITIVE_INFINITY : 1;
        fs.fail({ code: 'EIO', effect, nth, times });
        let failed = false;
        try {
          await ledger.handOver(two);
          await grow(ledger, 6);
        } catch (error) {
          if (!(error instanceof FsError)) throw error;
          failed = true;
        }
        if (failed && effect !== 'halt' && nth % 2 === 0) {
          // The same process goes on: the hand-over comes first.
          await grow(ledger, 6);
        }
        fs.heal();
        fs.powerCut({ seed: `${effect} ${nth}` });
        ledger = await open(fs, two, one);
        assert.equal(ledger.verifierKey, textOf(two), `${effect} ${nth}`);
        await grow(ledger, Number(ledger.nextIndex) + 1);
        assert.deepEqual(await problems(fs, one), [], `${effect} ${nth}`);
        assert.deepEqual(await problems(fs, two), [], `${effect} ${nth}`);
        if (!failed) break;
      }
    }
  });
});
