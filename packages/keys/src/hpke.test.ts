import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core';
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519';
import { fromHex, toHex, utf8 } from '@strongroom/base';
import { systemRandom } from '@strongroom/platform';
import { openHpke, sealHpke, sealHpkeWith, x25519PublicKey } from './hpke.js';

const refused = (error: { code?: string }): boolean =>
  ['KEYS_OPEN_FAILED', 'KEYS_MALFORMED'].includes(error.code ?? '');

void describe('hybrid public key encryption', () => {
  void test('gives the values of RFC 9180 §A.1.1', () => {
    const recipient = fromHex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8');
    const publicKey = x25519PublicKey(recipient);
    assert.equal(
      toHex(publicKey),
      '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
    );
    const sealed = sealHpkeWith({
      publicKey,
      ephemeral: fromHex('52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736'),
      info: fromHex('4f6465206f6e2061204772656369616e2055726e'),
      aad: fromHex('436f756e742d30'),
      plain: fromHex('4265617574792069732074727574682c20747275746820626561757479'),
      aeadId: 1,
    });
    assert.equal(
      toHex(sealed),
      '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431' +
        'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
    );
  });

  void test('understands another implementation, and is understood by it', async () => {
    const suite = new CipherSuite({
      kem: new DhkemX25519HkdfSha256(),
      kdf: new HkdfSha256(),
      aead: new Aes256Gcm(),
    });
    const privateKey = systemRandom.bytes(32);
    const publicKey = x25519PublicKey(privateKey);
    const info = utf8('what it is for');
    const plain = utf8('thirty-two bytes of a secret key');
    const sender = await suite.createSenderContext({
      recipientPublicKey: await suite.kem.deserializePublicKey(publicKey.buffer),
      info: info.buffer,
    });
    const body = await sender.seal(plain.buffer);
    const sealed = new Uint8Array([...new Uint8Array(sender.enc), ...new Uint8Array(body)]);
    assert.deepEqual(openHpke({ privateKey, info, sealed }), plain);

    const ours = sealHpke(systemRandom, { publicKey, info, plain });
    const receiver = await suite.createRecipientContext({
      recipientKey: await suite.kem.deserializePrivateKey(privateKey.buffer),
      enc: ours.slice(0, 32).buffer,
      info: info.buffer,
    });
    assert.deepEqual(new Uint8Array(await receiver.open(ours.slice(32).buffer)), plain);
  });

  void test('refuses each single bit changed, other keys, other uses and cut boxes', () => {
    const privateKey = systemRandom.bytes(32);
    const info = utf8('use');
    const plain = utf8('secret');
    const publicKey = x25519PublicKey(privateKey);
    const sealed = sealHpke(systemRandom, { publicKey, info, plain });
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      // X25519 ignores the top bit of the last byte of a point (RFC 7748 §5), and the encapsulated
      // bytes as they came are bound in all the same.
      const copy = new Uint8Array(sealed);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      assert.throws(() => openHpke({ privateKey, info, sealed: copy }), refused, `bit ${bit}`);
    }
    for (const size of [0, 31, 32, 47, sealed.length - 1]) {
      assert.throws(
        () => openHpke({ privateKey, info, sealed: sealed.subarray(0, size) }),
        refused,
      );
    }
    assert.throws(() => openHpke({ privateKey, info: utf8('other'), sealed }), refused);
    assert.throws(() => openHpke({ privateKey: systemRandom.bytes(32), info, sealed }), refused);
    // A point of small order would give a secret that everybody knows.
    const zero = new Uint8Array(sealed).fill(0, 0, 32);
    assert.throws(() => openHpke({ privateKey, info, sealed: zero }), refused);
  });
});
