import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { concatBytes, utf8 } from '@strongroom/base';
import type { KeyProvider } from '@strongroom/keys';

/** A provider to try. */
export interface KeyProviderUnderTest {
  /** Opens the provider; each call the same root key. */
  open(): Promise<KeyProvider>;
  /** Opens a provider of the same kind over another root key. */
  openOther(): Promise<KeyProvider>;
  /** Called after the test. */
  dispose?(): Promise<void>;
}

/** What every {@link KeyProvider} promises. Declares its tests when called. */
export function keyProviderContract(name: string, make: () => Promise<KeyProviderUnderTest>): void {
  const check = (title: string, run: (on: KeyProviderUnderTest) => Promise<void>): void => {
    void test(title, async () => {
      const on = await make();
      try {
        await run(on);
      } finally {
        await on.dispose?.();
      }
    });
  };
  const key = utf8('0123456789abcdef0123456789abcdef');
  const codes = ['KEYS_OPEN_FAILED', 'KEYS_UNKNOWN_KEY', 'KEYS_MALFORMED'];
  const refuses = (run: Promise<unknown>): Promise<void> =>
    assert.rejects(run, (error: { code?: string }) => codes.includes(error.code ?? ''));

  void describe(`KeyProvider contract: ${name}`, () => {
    check('unwraps what it wrapped, also when opened again', async (on) => {
      const provider = await on.open();
      const wrapped = await provider.wrap(key, 'a context');
      assert.deepEqual(await provider.unwrap(wrapped, 'a context'), key);
      const again = await on.open();
      assert.equal(again.id, provider.id);
      assert.deepEqual(await again.unwrap(wrapped, 'a context'), key);
    });

    check('wraps keys of 1 to 64 bytes, and no others', async (on) => {
      const provider = await on.open();
      for (const size of [1, 16, 32, 64]) {
        const plain = new Uint8Array(size).fill(7);
        assert.deepEqual(await provider.unwrap(await provider.wrap(plain, 'c'), 'c'), plain);
      }
      for (const size of [0, 65]) {
        await assert.rejects(provider.wrap(new Uint8Array(size), 'c'), { code: 'KEYS_BAD_KEY' });
      }
    });

    check('does not show the key in what it wrapped, nor wrap it the same twice', async (on) => {
      const provider = await on.open();
      const wrapped = await provider.wrap(key, 'c');
      assert.equal(Buffer.from(wrapped).includes(Buffer.from(key)), false);
      assert.notDeepEqual(await provider.wrap(key, 'c'), wrapped);
    });

    check('refuses another context', async (on) => {
      const provider = await on.open();
      const wrapped = await provider.wrap(key, 'workspace a');
      for (const context of ['workspace b', 'workspace', 'workspace a ', 'Workspace a']) {
        await refuses(provider.unwrap(wrapped, context));
      }
      for (const context of ['', 'x'.repeat(513)]) {
        await assert.rejects(provider.wrap(key, context), { code: 'KEYS_BAD_NAME' });
        await assert.rejects(provider.unwrap(wrapped, context), { code: 'KEYS_BAD_NAME' });
      }
    });

    check('refuses each single bit changed, and each byte more or less', async (on) => {
      const provider = await on.open();
      const wrapped = await provider.wrap(key, 'c');
      for (let bit = 0; bit < wrapped.length * 8; bit += 1) {
        const copy = new Uint8Array(wrapped);
        copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
        await refuses(provider.unwrap(copy, 'c'));
      }
      for (let size = 0; size < wrapped.length; size += 1) {
        await refuses(provider.unwrap(wrapped.subarray(0, size), 'c'));
      }
      await refuses(provider.unwrap(concatBytes(wrapped, new Uint8Array(1)), 'c'));
    });

    check('refuses what another root key wrapped', async (on) => {
      const [provider, other] = [await on.open(), await on.openOther()];
      assert.notEqual(other.id, provider.id);
      await refuses(other.unwrap(await provider.wrap(key, 'c'), 'c'));
    });

    check('refuses everything once closed', async (on) => {
      const provider = await on.open();
      const wrapped = await provider.wrap(key, 'c');
      provider.close();
      provider.close();
      await assert.rejects(provider.wrap(key, 'c'), { code: 'KEYS_CLOSED' });
      await assert.rejects(provider.unwrap(wrapped, 'c'), { code: 'KEYS_CLOSED' });
    });
  });
}
