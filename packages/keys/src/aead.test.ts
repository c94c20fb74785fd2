import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { concatBytes, utf8 } from '@strongroom/base';
import { seededRandom } from '@strongroom/testkit';
import { openAead, sealAead, sealedKeyId, sealedOverhead } from './aead.js';

const random = seededRandom('aead');
const key = { id: random.bytes(16), key: random.bytes(32) };
const context = utf8('segment 7');

void describe('sealed box', () => {
  void test('opens to what was sealed, of any size', () => {
    for (const size of [0, 1, 15, 16, 17, 4096, 1_000_003]) {
      const plain = random.bytes(size);
      const sealed = sealAead(random, key, { plain, context });
      assert.equal(sealed.length, size + sealedOverhead);
      assert.deepEqual(openAead(key, { sealed, context }), plain);
      assert.deepEqual(sealedKeyId(sealed), key.id);
    }
  });

  void test('lies byte for byte as docs/formats/keys.md says', () => {
    const plain = utf8('plain');
    const sealed = sealAead(random, key, { plain, context });
    assert.deepEqual([...sealed.subarray(0, 2)], [1, 1]);
    const nonce = sealed.subarray(18, 30);
    const cipher = createCipheriv('aes-256-gcm', key.key, nonce);
    cipher.setAAD(concatBytes(new Uint8Array([1, 1]), key.id, context));
    const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    assert.deepEqual(Buffer.from(sealed.subarray(30)), body);
  });

  void test('takes a new nonce each time', () => {
    const box = { plain: utf8('the same'), context };
    const nonces = Array.from({ length: 100 }, () =>
      Buffer.from(sealAead(random, key, box).subarray(18, 30)).toString('hex'),
    );
    assert.equal(new Set(nonces).size, 100);
  });

  void test('does not open with any single bit changed, or cut off anywhere', () => {
    const sealed = sealAead(random, key, { plain: utf8('twelve bytes'), context });
    const codes = new Set<string>();
    const refuses = (changed: Uint8Array): void => {
      assert.throws(
        () => openAead(key, { sealed: changed, context }),
        (error: { code: string }) => {
          codes.add(error.code);
          return true;
        },
      );
    };
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const copy = new Uint8Array(sealed);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      refuses(copy);
    }
    for (let size = 0; size < sealed.length; size += 1) refuses(sealed.subarray(0, size));
    refuses(concatBytes(sealed, new Uint8Array(1)));
    assert.deepEqual([...codes].sort(), ['KEYS_MALFORMED', 'KEYS_OPEN_FAILED', 'KEYS_UNKNOWN_KEY']);
  });

  void test('does not open in another context or with another key', () => {
    const sealed = sealAead(random, key, { plain: utf8('x'), context });
    for (const other of [utf8('segment 8'), utf8(''), utf8('segment 7\0')]) {
      assert.throws(() => openAead(key, { sealed, context: other }), { code: 'KEYS_OPEN_FAILED' });
    }
    const sameId = { ...key, key: random.bytes(32) };
    assert.throws(() => openAead(sameId, { sealed, context }), { code: 'KEYS_OPEN_FAILED' });
    const otherId = { ...key, id: random.bytes(16) };
    assert.throws(() => openAead(otherId, { sealed, context }), { code: 'KEYS_UNKNOWN_KEY' });
  });

  void test('is not made or opened with keys of other sizes', () => {
    const sealed = sealAead(random, key, { plain: utf8('x'), context });
    for (const bad of [
      { ...key, key: random.bytes(16) },
      { ...key, key: new Uint8Array(0) },
      { ...key, id: random.bytes(15) },
    ]) {
      const box = { plain: utf8('x'), context };
      assert.throws(() => sealAead(random, bad, box), { code: 'KEYS_BAD_KEY' });
      assert.throws(() => openAead(bad, { sealed, context }), { code: 'KEYS_BAD_KEY' });
    }
  });
});
