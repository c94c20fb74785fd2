import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { toBase64 } from '@strongroom/base';
import { verifyEd25519 as verifySignature } from '@strongroom/keys';
import { sha256 } from '@strongroom/platform';
import { testSigner } from '@strongroom/testkit';
import { signCheckpoint, verifyCheckpoint } from './checkpoint.js';
import { limits } from './limits.js';
import {
  keyIdOf,
  parseDecimal,
  parseNote,
  parseVerifierKey,
  printNote,
  printVerifierKey,
  signNote,
  verifyNote,
} from './note.js';

// The example in the documentation of Go's golang.org/x/mod/sumdb/note.
const published = {
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  note:
    'If you think cryptography is the answer to your problem,\n' +
    "then you don't know what your problem is.\n" +
    '\n' +
    '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
};
const origin = 'strongroom.test/ledger';
const signer = testSigner(origin);
const key = parseVerifierKey(sha256, printVerifierKey(sha256, { name: origin, ...signer }));
const options = { sha256, verifySignature, keys: [key], origin };
const head = { origin, size: 5n, root: sha256(), time: 1_780_000_000_500 };

void describe('signed note', () => {
  void test('verifies what another implementation signed', async () => {
    const peter = parseVerifierKey(sha256, published.key);
    assert.equal(printVerifierKey(sha256, peter), published.key);
    assert.equal((await verifyNote(published.note, { ...options, keys: [peter] })).ok, true);
    assert.equal(printNote(parseNote(published.note)), published.note);
  });

  void test('fails for each single bit changed in text or signature', async () => {
    const peter = parseVerifierKey(sha256, published.key);
    const bytes = Buffer.from(published.note);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      const verdict = await verifyNote(copy.toString('utf8'), { ...options, keys: [peter] });
      assert.equal(verdict.ok, false, `bit ${bit}`);
    }
  });

  void test('ignores unknown signers, but refuses a known one whose signature is wrong', async () => {
    const text = 'a text\n';
    const [known] = (await signNote(sha256, text, signer)).signatures;
    const [stranger] = (await signNote(sha256, text, testSigner('stranger.test'))).signatures;
    const [namesake] = (await signNote(sha256, text, testSigner(origin, 'other'))).signatures;
    const note = (...signatures: (typeof known)[]): string =>
      printNote({ text, signatures: signatures.flatMap((each) => each ?? []) });
    assert.equal((await verifyNote(note(stranger, known, namesake), options)).ok, true);
    const without = await verifyNote(note(stranger, namesake), options);
    assert.equal(!without.ok && without.code, 'LEDGER_UNSIGNED');
    const wrong = { ...known!, signature: stranger!.signature };
    const verdict = await verifyNote(note(known, wrong), options);
    assert.equal(!verdict.ok && verdict.code, 'LEDGER_SIGNATURE_WRONG');
  });

  void test('is taken with 16 signatures and up to the limit, and refused beyond it', async () => {
    const { text, signatures } = await signNote(sha256, 'a text\n', signer);
    const many = (count: number): string =>
      printNote({ text, signatures: Array.from({ length: count }, () => signatures[0]!) });
    for (const count of [16, limits.noteSignaturesMax]) {
      assert.equal((await verifyNote(many(count), options)).ok, true);
    }
    const refused = await verifyNote(many(limits.noteSignaturesMax + 1), options);
    assert.equal(!refused.ok && refused.code, 'LEDGER_NOTE_MALFORMED');
  });

  const line = '\u2014 a.test AAAAAAE=';

  void test('may have any character in its text but controls below the space', () => {
    for (let code = 0; code < 0x100; code += 1) {
      const source = `a${String.fromCharCode(code)}b\n\n${line}\n`;
      if (code >= 0x20 || code === 0x0a) assert.equal(printNote(parseNote(source)), source);
      else assert.throws(() => parseNote(source), { code: 'LEDGER_NOTE_MALFORMED' });
    }
  });

  const malformed: [string, string][] = [
    ['nothing', ''],
    ['no signature', 'text\n'],
    ['no signature after the blank line', 'text\n\n'],
    ['no blank line', `text\n${line}\n`],
    ['no final newline', `text\n\n${line}`],
    ['a carriage return', `text\r\n\n${line}\n`],
    ['a tab', `te\txt\n\n${line}\n`],
    ['a NUL', `te\u0000xt\n\n${line}\n`],
    ['a lone surrogate', `te\ud800xt\n\n${line}\n`],
    ['a hyphen for the dash', `text\n\n- a.test AAAAAAE=\n`],
    ['two spaces', `text\n\n\u2014 a.test  AAAAAAE=\n`],
    ['a trailing space', `text\n\n${line} \n`],
    ['an empty name', `text\n\n\u2014  AAAAAAE=\n`],
    ['a plus in the name', `text\n\n\u2014 a+b AAAAAAE=\n`],
    ['a Unicode space in the name', `text\n\n\u2014 a\u00a0b AAAAAAE=\n`],
    ['a signature shorter than its key id', `text\n\n\u2014 a.test AAAAAA==\n`],
    ['base64 without padding', `text\n\n\u2014 a.test AAAAAAE\n`],
    ['base64 with trailing bits', `text\n\n\u2014 a.test AAAAAAF=\n`],
    ['base64 for URLs', `text\n\n\u2014 a.test AAAAA_E=\n`],
    ['text after the signatures', `text\n\n${line}\nmore\n`],
    ['too many characters', `${'x'.repeat(limits.noteBytesMax)}\n\n${line}\n`],
  ];
  for (const [what, source] of malformed) {
    void test(`refuses ${what}`, () => {
      assert.throws(() => parseNote(source), { code: 'LEDGER_NOTE_MALFORMED' });
    });
  }
});

void describe('verifier key', () => {
  void test('of a public log is read, and printed the same', () => {
    const text = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
    assert.equal(printVerifierKey(sha256, parseVerifierKey(sha256, text)), text);
  });

  const good = printVerifierKey(sha256, { name: 'a.test', publicKey: new Uint8Array(32) });
  const strange = new Uint8Array(33).fill(7);
  const strangeId = keyIdOf(sha256, { name: 'a', type: 7, publicKey: strange.subarray(1) });
  const malformed: [string, string][] = [
    ['nothing', ''],
    ['two parts', 'a.test+00000000'],
    ['an empty name', good.slice('a.test'.length)],
    ['a name with a space', good.replace('a.test', 'a test')],
    ['another name', good.replace('a.test', 'b.test')],
    ['a hash in capitals', good.replace(/\+[0-9a-f]{8}\+/, (hash) => hash.toUpperCase())],
    ['another hash', good.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['a key that is cut off', good.slice(0, -4)],
    ['a key without padding', `${good.slice(0, -1)}`],
    ['a line end', `${good}\n`],
    ['an unknown type', `a+${Buffer.from(strangeId).toString('hex')}+${toBase64(strange)}`],
  ];
  for (const [what, source] of malformed) {
    void test(`is refused with ${what}`, () => {
      assert.throws(() => parseVerifierKey(sha256, source), { code: 'LEDGER_KEY_MALFORMED' });
    });
  }
});

void describe('decimal', () => {
  void test('is read only in its one canonical form', () => {
    assert.equal(parseDecimal('0'), 0n);
    assert.equal(parseDecimal('9223372036854775807'), 9223372036854775807n);
    const wrong = ['', '-1', '+1', '01', '00', ' 7 ', '0x1f', '1e3', '1.0', '1n', '\u0661', '7\n'];
    for (const text of [...wrong, '9223372036854775808', '99999999999999999999']) {
      assert.equal(parseDecimal(text), undefined, JSON.stringify(text));
    }
  });
});

void describe('checkpoint', () => {
  void test('carries size, root and a signed time of whole seconds', async () => {
    const { text } = await signCheckpoint(sha256, head, signer);
    const verdict = await verifyCheckpoint(text, options);
    assert.ok(verdict.ok);
    const { size, root, time } = verdict.value;
    assert.deepEqual({ size, root, time }, { size: 5n, root: head.root, time: 1_780_000_000_000 });
  });

  void test('fails for each single bit changed', async () => {
    const { text } = await signCheckpoint(sha256, head, signer);
    const bytes = Buffer.from(text);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      const verdict = await verifyCheckpoint(copy.toString('utf8'), options);
      assert.equal(verdict.ok, false, `bit ${bit}`);
    }
  });

  void test('is refused without its signed time, or as another ledger\u2019s', async () => {
    const { text } = await signCheckpoint(sha256, head, signer);
    const timeless = text.split('\n').toSpliced(5, 1).join('\n');
    const first = await verifyCheckpoint(timeless, options);
    assert.equal(!first.ok && first.code, 'LEDGER_TIME_MISSING');
    const second = await verifyCheckpoint(text, { ...options, origin: 'other.test/ledger' });
    assert.equal(!second.ok && second.code, 'LEDGER_UNSIGNED');
    const borrowed = await signCheckpoint(sha256, { ...head, origin: 'other.test/x' }, signer);
    const third = await verifyCheckpoint(borrowed.text, options);
    assert.equal(!third.ok && third.code, 'LEDGER_ORIGIN_DIFFERS');
  });

  void test('does not take a plain signature in the place of a timestamped one', async () => {
    const note = parseNote((await signCheckpoint(sha256, head, signer)).text);
    const [plain, stamped] = note.signatures;
    const disguised = { ...stamped!, signature: plain!.signature };
    const verdict = await verifyNote(printNote({ ...note, signatures: [disguised] }), options);
    assert.equal(!verdict.ok && verdict.code, 'LEDGER_SIGNATURE_WRONG');
  });

  const root = toBase64(sha256());
  const malformed: [string, string][] = [
    ['two lines', `${origin}\n5\n`],
    ['an empty size', `${origin}\n\n${root}\n`],
    ['a size with a leading zero', `${origin}\n05\n${root}\n`],
    ['a negative size', `${origin}\n-5\n${root}\n`],
    ['a hexadecimal size', `${origin}\n0x5\n${root}\n`],
    ['a size beyond 2^63', `${origin}\n9223372036854775808\n${root}\n`],
    ['a short root', `${origin}\n5\n${toBase64(new Uint8Array(31))}\n`],
    ['a root without padding', `${origin}\n5\n${root.slice(0, -1)}\n`],
  ];
  for (const [what, text] of malformed) {
    void test(`is refused with ${what}, however well signed`, async () => {
      const signed = printNote(await signNote(sha256, text, signer));
      const verdict = await verifyCheckpoint(signed, options);
      assert.equal(!verdict.ok && verdict.code, 'LEDGER_CHECKPOINT_MALFORMED');
    });
  }

  void test('is not signed over a name that would be ambiguous', async () => {
    for (const name of ['', 'a b', 'a+b', 'a\nb', 'x'.repeat(256)]) {
      const signed = signCheckpoint(sha256, { ...head, origin: name }, signer);
      await assert.rejects(signed, { code: 'LEDGER_BAD_NAME' });
    }
  });
});
