import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultyFs, ManualClock, everyFailure, seededRandom, seedsFrom } from '@strongroom/testkit';
import { openAuthority } from './authority.js';
import { openLocalKeystore } from './local-keystore.js';
import { openServiceKeys } from './service-keys.js';

/**
 * Root key, service keys, signing keys and the authority, whose n-th file operation fails: a key that was
 * given out once is the same ever after.
 */
const long = seedsFrom(process.env, 20).count > 1_000;

void test('a key that was given out is there ever after, whichever file operation fails', async (context) => {
  const tried = await everyFailure(
    async () => {
      const disk = new FaultyFs();
      await disk.makeDirectory('/data/keys');
      await disk.makeDirectory('/root');
      await disk.syncDirectory('/');
      await disk.syncDirectory('/data');
      const random = seededRandom('keys');
      const clock = new ManualClock(Date.UTC(2026, 10, 24));
      const given = new Map<string, string>();
      const hold = (name: string, value: string): void => {
        assert.equal(given.get(name) ?? value, value, `${name} is the same`);
        given.set(name, value);
      };
      const live = async (): Promise<void> => {
        const provider = await openLocalKeystore({
          path: '/root/root.key',
          fs: disk,
          random,
          create: true,
        });
        const keys = await openServiceKeys({ provider, directory: '/data/keys', fs: disk, random });
        hold('secret', Buffer.from(await keys.secret('catalog', 32)).toString('hex'));
        const { publicKey } = await keys.signingKey('ledger');
        hold('signing key', Buffer.from(publicKey).toString('hex'));
        hold('sessions', (await keys.ecKey('sessions')).keyId);
        const authority = await openAuthority({
          serviceKeys: keys,
          directory: '/data/keys',
          fs: disk,
          clock,
          random,
        });
        hold('authority', authority.caPin());
      };
      return { disk, live, check: live };
    },
    { stride: long ? 1 : 3 },
  );
  context.diagnostic(`${tried} failures`);
  assert.ok(tried > 30);
});
