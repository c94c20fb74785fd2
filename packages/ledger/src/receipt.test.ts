import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { utf8 } from '@strongroom/base';
import { verifyEd25519 as verifySignature } from '@strongroom/keys';
import { sha256 } from '@strongroom/platform';
import { testSigner } from '@strongroom/testkit';
import { limits } from './limits.js';
import { parseVerifierKey, printVerifierKey } from './note.js';
import { makeReceipt, makeReceipts, parseReceipt, printReceipt, verifyReceipt } from './receipt.js';

const origin = 'strongroom.test/ledger';
const signer = testSigner(origin);
const key = parseVerifierKey(sha256, printVerifierKey(sha256, { name: origin, ...signer }));
const options = { sha256, verifySignature, keys: [key], origin };
const commitments = Array.from({ length: 9 }, (_, index) => sha256(utf8(`entry ${index}`)));
const time = 1_780_000_000_123;

void describe('receipt', () => {
  void test('of each entry of a group verifies with the public key alone', async () => {
    for (let count = 1; count <= commitments.length; count += 1) {
      const group = { origin, start: 70n, commitments: commitments.slice(0, count), time };
      const receipts = await makeReceipts(sha256, group, signer);
      assert.equal(receipts.length, count);
      for (const [at, text] of receipts.entries()) {
        const verdict = await verifyReceipt(text, options);
        assert.ok(verdict.ok);
        assert.equal(verdict.value.position, 70n + BigInt(at));
        assert.deepEqual(verdict.value.commitment, commitments[at]);
        assert.equal(verdict.value.time, time);
        assert.equal(printReceipt(parseReceipt(text)), text);
        assert.match(text, /^[!-~]+$/);
      }
    }
  });

  void test('fails for each single bit changed, and for entries exchanged', async () => {
    const receipts = await makeReceipts(sha256, { origin, start: 0n, commitments, time }, signer);
    const bytes = Buffer.from(receipts[5]!);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      const verdict = await verifyReceipt(copy.toString('latin1'), options);
      assert.equal(verdict.ok, false, `bit ${bit}`);
    }
    const receipt = parseReceipt(receipts[5]!);
    for (const changed of [
      { position: 6n },
      { commitment: commitments[6]! },
      { groupStart: 1n },
      { groupCount: 8 },
      { path: receipt.path.slice(1) },
      { time: time + 1 },
    ]) {
      const verdict = await verifyReceipt(printReceipt({ ...receipt, ...changed }), options);
      assert.equal(verdict.ok, false);
    }
  });

  void test('is refused from another signer and of another ledger', async () => {
    const entry = { origin, position: 3n, commitment: commitments[0]!, time };
    const foreign = await makeReceipt(sha256, entry, testSigner(origin, 'other'));
    const first = await verifyReceipt(foreign, options);
    assert.equal(!first.ok && first.code, 'LEDGER_UNSIGNED');
    const receipt = await makeReceipt(sha256, entry, signer);
    const second = await verifyReceipt(receipt, { ...options, origin: 'other.test/ledger' });
    assert.equal(!second.ok && second.code, 'LEDGER_ORIGIN_DIFFERS');
  });

  void test('fits a header line for the largest group', () => {
    const longest = printReceipt({
      origin: 'x'.repeat(limits.nameCharactersMax),
      position: (1n << 63n) - 1n,
      commitment: commitments[0]!,
      time,
      groupStart: (1n << 63n) - 1n,
      groupCount: limits.receiptGroupMax,
      path: Array.from({ length: Math.log2(limits.receiptGroupMax) }, () => commitments[0]!),
      keyId: new Uint8Array(4),
      signature: new Uint8Array(64),
    });
    assert.ok(longest.length < limits.receiptCharactersMax);
  });

  void test('is not made for origins, groups and commitments that it cannot carry', async () => {
    const make = (changed: object): Promise<string[]> =>
      makeReceipts(sha256, { origin, start: 0n, commitments, time, ...changed }, signer);
    for (const name of ['', 'a;b', 'a,b', 'a b', 'a+b', '\u00e9', 'strongroom.receipt/v1']) {
      await assert.rejects(make({ origin: name }), { code: 'LEDGER_BAD_NAME' });
    }
    await assert.rejects(make({ commitments: [] }), { code: 'LEDGER_OUT_OF_RANGE' });
    await assert.rejects(make({ commitments: [sha256().subarray(1)] }), {
      code: 'LEDGER_BAD_COMMITMENT',
    });
  });

  const hash = 'A'.repeat(43) + '=';
  const signature = 'A'.repeat(91) + '=';
  const good = ['v1', origin, '5', hash, '1', '5', '1', '', signature];
  const malformed: [string, string][] = [
    ['nothing', ''],
    ['too few fields', good.slice(0, 8).join(';')],
    ['too many fields', [...good, ''].join(';')],
    ['an unknown version', good.with(0, 'v2').join(';')],
    ['an empty origin', good.with(1, '').join(';')],
    ['a space', good.join('; ')],
    ['a line end', `${good.join(';')}\n`],
    ['an empty position', good.with(2, '').join(';')],
    ['a padded position', good.with(2, '05').join(';')],
    ['a short commitment', good.with(3, 'AAAA').join(';')],
    ['a commitment for URLs', good.with(3, `_${hash.slice(1)}`).join(';')],
    ['a time with a sign', good.with(4, '-1').join(';')],
    ['a time beyond exactness', good.with(4, '9223372036854775807').join(';')],
    ['a position before its group', good.with(5, '6').join(';')],
    ['a position behind its group', good.with(5, '4').join(';')],
    ['an empty group', good.with(6, '0').join(';')],
    ['a huge group', good.with(6, '65537').join(';')],
    ['an empty hash in the path', good.with(7, `${hash},`).join(';')],
    ['a path without end', good.with(7, Array(65).fill(hash).join(',')).join(';')],
    ['a short signature', good.with(8, signature.slice(4)).join(';')],
    ['too many characters', good.with(1, 'x'.repeat(5000)).join(';')],
  ];
  for (const [what, source] of malformed) {
    void test(`is refused with ${what}`, () => {
      assert.throws(() => parseReceipt(source), { code: 'LEDGER_RECEIPT_MALFORMED' });
    });
  }
});
