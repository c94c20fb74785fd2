import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { utf8 } from '@strongroom/base';
import { FaultyFs, seededRandom } from '@strongroom/testkit';
import { limits } from './limits.js';
import { openLocalKeystore } from './local-keystore.js';
import { openServiceKeys } from './service-keys.js';
import type { ServiceKeys } from './service-keys.js';
import { ed25519Signer, readEd25519PublicKey, verifyEd25519 } from './signature.js';

const random = seededRandom('service keys');
const directory = '/data/keys';

async function disk(): Promise<FaultyFs> {
  const fs = new FaultyFs();
  await fs.makeDirectory('/data');
  await fs.syncDirectory('/');
  return fs;
}

async function open(fs: FaultyFs, root = '/root.key'): Promise<ServiceKeys> {
  const provider = await openLocalKeystore({ path: root, fs, random, create: true });
  return openServiceKeys({ provider, directory, fs, random });
}

void describe('service keys', () => {
  void test('are made once, and found again after a restart', async () => {
    const fs = await disk();
    const [first, second] = [await open(fs), await open(fs)];
    const secret = await first.secret('catalog', 32);
    assert.deepEqual(await second.secret('catalog', 32), secret);
    const signer = await first.signingKey('ledger');
    assert.deepEqual((await second.signingKey('ledger')).publicKey, signer.publicKey);
    const [rsa, ec] = [await first.rsaKey('tokens'), await first.ecKey('sessions')];
    assert.equal((await second.rsaKey('tokens')).privateKeyPem, rsa.privateKeyPem);
    assert.equal((await second.ecKey('sessions')).keyId, ec.keyId);
    assert.deepEqual(
      [rsa.publicJwk['alg'], rsa.publicJwk['kid'], rsa.publicJwk.d, ec.publicJwk.crv],
      ['RS256', rsa.keyId, undefined, 'P-256'],
    );
  });

  void test('are one key where many ask for it at once', async () => {
    const keys = await open(await disk());
    const asked = await Promise.all(Array.from({ length: 20 }, () => keys.secret('cookie', 32)));
    assert.equal(new Set(asked.map((each) => Buffer.from(each).toString('hex'))).size, 1);
  });

  void test('lie in no file in the clear', async () => {
    const fs = await disk();
    const keys = await open(fs);
    const secrets = [await keys.secret('catalog', 32), utf8('PRIVATE KEY')];
    await keys.signingKey('ledger');
    await keys.ecKey('authority');
    for (const path of fs.paths().filter((each) => each.startsWith(directory))) {
      const bytes = Buffer.from(fs.peek(path));
      for (const secret of secrets) assert.equal(bytes.includes(Buffer.from(secret)), false, path);
    }
  });

  void test('give an Ed25519 signer, with its public key beside it for others', async () => {
    const fs = await disk();
    const signer = await (await open(fs)).signingKey('ledger');
    const message = utf8('a message');
    const signature = await signer.sign(message);
    assert.equal(verifyEd25519(signer.publicKey, message, signature), true);
    const pem = Buffer.from(fs.peek(`${directory}/ledger.pub.pem`)).toString();
    assert.equal(verify(null, message, createPublicKey(pem), signature), true);
    assert.deepEqual(readEd25519PublicKey(pem), signer.publicKey);
    const ecPem = (await (await open(fs)).ecKey('other')).publicKeyPem;
    for (const wrong of ['', pem + pem, pem.replace('MCowBQ', 'MCowBR'), ecPem]) {
      assert.throws(() => readEd25519PublicKey(wrong), { code: 'KEYS_BAD_KEY' });
    }
  });

  void test('do not open under another root key, name, kind or size', async () => {
    const fs = await disk();
    await (await open(fs)).secret('catalog', 32);
    await assert.rejects((await open(fs, '/other.key')).secret('catalog', 32), {
      code: 'KEYS_UNKNOWN_KEY',
    });
    await fs.rename(`${directory}/catalog.key`, `${directory}/cookie.key`);
    const keys = await open(fs);
    await assert.rejects(keys.secret('cookie', 32), { code: 'KEYS_OPEN_FAILED' });
    await assert.rejects(keys.signingKey('cookie'), { code: 'KEYS_MALFORMED' });
    await keys.secret('other', 32);
    await assert.rejects(keys.secret('other', 64), { code: 'KEYS_BAD_KEY' });
    await assert.rejects(keys.rsaKey('other'), { code: 'KEYS_BAD_NAME' });
  });

  void test('do not open from a file with any bit changed, and never replace it', async () => {
    const fs = await disk();
    await (await open(fs)).secret('catalog', 32);
    const path = `${directory}/catalog.key`;
    const file = fs.peek(path);
    // The provider's name, after magic, version and kind, only informs.
    const informs = new Set(Array.from({ length: 38 }, (_, at) => 7 + at));
    for (let at = 0; at < file.length; at += 1) {
      if (informs.has(at)) continue;
      const copy = new Uint8Array(file);
      copy[at] = copy[at]! ^ (1 << (at % 8));
      fs.overwrite(path, copy);
      await assert.rejects((await open(fs)).secret('catalog', 32), /sealed|file|root|box|key/i);
      assert.deepEqual(fs.peek(path), copy);
    }
    for (const size of [0, 3, 5, file.length - 1]) {
      fs.overwrite(path, file.subarray(0, size));
      await assert.rejects((await open(fs)).secret('catalog', 32), { code: 'KEYS_MALFORMED' });
    }
    fs.overwrite(path, new Uint8Array(limits.serviceKeyBytesMax + 1));
    await assert.rejects((await open(fs)).secret('catalog', 32), { code: 'KEYS_MALFORMED' });
  });

  void test('refuse names that are no plain file names, and sizes that make no sense', async () => {
    const keys = await open(await disk());
    for (const name of ['', '.', '..', 'a/b', 'A', 'a.b', '-a', 'a-', 'x'.repeat(65), 'a\0']) {
      await assert.rejects(keys.secret(name, 32), { code: 'KEYS_BAD_NAME' });
    }
    for (const size of [0, 15, 1025, 32.5, Number.NaN]) {
      await assert.rejects(keys.secret('a', size), { code: 'KEYS_OUT_OF_RANGE' });
    }
    keys.close();
    await assert.rejects(keys.secret('a', 32), { code: 'KEYS_CLOSED' });
  });

  void test('use no key that a power cut may take away', async () => {
    for (let nth = 1; ; nth += 1) {
      const fs = await disk();
      const keys = await open(fs);
      const before = fs.count();
      fs.fail({ code: 'EIO', effect: nth % 2 === 0 ? 'lost' : 'done', nth });
      let failed = false;
      try {
        await keys.secret('catalog', 32);
      } catch {
        failed = true;
      }
      fs.heal();
      const secret = await keys.secret('catalog', 32);
      const operations = fs.count() - before;
      fs.powerCut({ seed: nth });
      assert.deepEqual(await (await open(fs)).secret('catalog', 32), secret, `operation ${nth}`);
      if (!failed && nth > operations) break;
    }
  });
});

void describe('Ed25519', () => {
  void test('agrees with RFC 8032 §7.1 test 1', async () => {
    const seed = Buffer.from(
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'hex',
    );
    const signer = ed25519Signer(seed);
    assert.equal(
      Buffer.from(signer.publicKey).toString('hex'),
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
    assert.equal(
      Buffer.from(await signer.sign(new Uint8Array(0))).toString('hex'),
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
  });

  void test('verifies nothing hostile, and does not throw', () => {
    const { publicKey } = ed25519Signer(new Uint8Array(32));
    const message = utf8('m');
    for (const [key, signature] of [
      [publicKey, new Uint8Array(64)],
      [publicKey, new Uint8Array(0)],
      [publicKey, new Uint8Array(65)],
      [new Uint8Array(31), new Uint8Array(64)],
      [new Uint8Array(32).fill(255), new Uint8Array(64).fill(255)],
    ] as const) {
      assert.equal(verifyEd25519(key, message, signature), false);
    }
    assert.throws(() => ed25519Signer(new Uint8Array(31)), { code: 'KEYS_BAD_KEY' });
  });
});
