import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { toBase64, utf8 } from '@strongroom/base';
import { verifyEd25519 as verifySignature } from '@strongroom/keys';
import { sha256 } from '@strongroom/platform';
import { testSigner } from '@strongroom/testkit';
import { signCheckpoint } from './checkpoint.js';
import { limits } from './limits.js';
import { inclusionProof, leafHash, rootOf } from './merkle-tree.js';
import { parseVerifierKey, printVerifierKey } from './note.js';
import { parseProof, printProof, verifyProof } from './proof.js';

const origin = 'strongroom.test/ledger';
const signer = testSigner(origin);
const keys = [parseVerifierKey(sha256, printVerifierKey(sha256, { name: origin, ...signer }))];
const commitments = Array.from({ length: 11 }, (_, index) => sha256(utf8(`entry ${index}`)));
const leaves = commitments.map((commitment) => leafHash(sha256, commitment));
const head = { origin, size: 11n, root: rootOf(sha256, leaves), time: 1_780_000_000_000 };
const { text: checkpoint } = await signCheckpoint(sha256, head, signer);
const options = { sha256, verifySignature, keys, origin };

const proofOf = (index: number, extra?: Uint8Array): string =>
  printProof({
    index: BigInt(index),
    hashes: inclusionProof(sha256, leaves, index),
    checkpoint,
    ...(extra === undefined ? {} : { extra }),
  });

void describe('proof text', () => {
  void test('of each leaf verifies for its own commitment and for no other', async () => {
    for (const [index, commitment] of commitments.entries()) {
      const text = proofOf(index);
      assert.ok((await verifyProof(text, { ...options, commitment })).ok);
      const other = commitments[(index + 1) % commitments.length]!;
      const verdict = await verifyProof(text, { ...options, commitment: other });
      assert.equal(!verdict.ok && verdict.code, 'LEDGER_PROOF_WRONG');
    }
  });

  void test('has the form of c2sp.org/tlog-proof, with and without extra data', async () => {
    const text = proofOf(4, utf8('opaque'));
    const lines = text.split('\n');
    assert.deepEqual(lines.slice(0, 3), [
      'c2sp.org/tlog-proof@v1',
      `extra ${toBase64(utf8('opaque'))}`,
      'index 4',
    ]);
    assert.equal(text.endsWith(`\n\n${checkpoint}`), true);
    assert.deepEqual(printProof(parseProof(text)), text);
    assert.deepEqual(parseProof(text).extra, utf8('opaque'));
    assert.ok((await verifyProof(text, { ...options, commitment: commitments[4]! })).ok);
    const single = printProof({ index: 0n, hashes: [], checkpoint });
    assert.deepEqual(printProof(parseProof(single)), single);
  });

  void test('fails for each single bit changed', async () => {
    const bytes = Buffer.from(proofOf(6));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      const source = copy.toString('utf8');
      const verdict = await verifyProof(source, { ...options, commitment: commitments[6]! });
      assert.equal(verdict.ok, false, `bit ${bit}`);
    }
  });

  const hash = toBase64(sha256());
  const first = 'c2sp.org/tlog-proof@v1';
  const malformed: [string, string][] = [
    ['nothing', ''],
    ['no checkpoint', `${first}\nindex 1\n`],
    ['an unknown version', `c2sp.org/tlog-proof@v2\nindex 1\n\n${checkpoint}`],
    ['no index', `${first}\n${hash}\n\n${checkpoint}`],
    ['an empty index', `${first}\nindex \n\n${checkpoint}`],
    ['a padded index', `${first}\nindex 01\n\n${checkpoint}`],
    ['a hexadecimal index', `${first}\nindex 0x1\n\n${checkpoint}`],
    ['two indexes', `${first}\nindex 1\nindex 1\n\n${checkpoint}`],
    ['extra data behind the index', `${first}\nindex 1\nextra AAAA\n\n${checkpoint}`],
    ['extra data that is not base64', `${first}\nextra ?\nindex 1\n\n${checkpoint}`],
    ['a short hash', `${first}\nindex 1\nAAAA\n\n${checkpoint}`],
    ['a hash with a space', `${first}\nindex 1\n${hash} \n\n${checkpoint}`],
    ['carriage returns', `${first}\r\nindex 1\r\n\r\n${checkpoint}`],
    ['too many hashes', `${first}\nindex 1\n${`${hash}\n`.repeat(65)}\n${checkpoint}`],
    ['too much', `${first}\nindex 1\n\n${'x'.repeat(limits.proofBytesMax)}`],
  ];
  for (const [what, source] of malformed) {
    void test(`is refused with ${what}`, async () => {
      assert.throws(() => parseProof(source), { code: 'LEDGER_PROOF_MALFORMED' });
      const verdict = await verifyProof(source, { ...options, commitment: commitments[1]! });
      assert.equal(!verdict.ok && verdict.code, 'LEDGER_PROOF_MALFORMED');
    });
  }

  void test('takes extra data up to the limit', () => {
    const most = new Uint8Array(limits.proofExtraBytesMax);
    assert.equal(parseProof(proofOf(1, most)).extra?.length, most.length);
    const tooMuch = new Uint8Array(limits.proofExtraBytesMax + 1);
    assert.throws(() => parseProof(proofOf(1, tooMuch)), { code: 'LEDGER_PROOF_MALFORMED' });
  });
});
