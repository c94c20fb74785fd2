import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '@strongroom/base';
import { systemRandom as random } from '@strongroom/platform';
import { keyProviderContract, startTestKeyVault, startTestTransit } from '@strongroom/testkit';
import type { TestKeyVault, TestTransit } from '@strongroom/testkit';
import { clientSecretCredential, openAzureKeyVault, parseKeyVaultKey } from './azure-key-vault.js';
import { openPkcs11 } from './pkcs11.js';
import { openTransit, parseTransitKey } from './transit.js';
import type { KeyProvider } from './key-provider.js';

const key = utf8('0123456789abcdef0123456789abcdef');

/** One vault of each kind for all tests of this file. */
let vault: TestKeyVault;
let transit: TestTransit;
before(async () => {
  [vault, transit] = await Promise.all([startTestKeyVault(), startTestTransit()]);
  for (const name of ['cmk', 'other', 'away']) {
    vault.createKey(name);
    transit.createKey(name);
  }
});
after(async () => {
  await Promise.all([vault.close(), transit.close()]);
});

const openVault = (keyName: string): KeyProvider =>
  openAzureKeyVault({
    vaultUri: vault.url,
    keyName,
    credential: clientSecretCredential({
      tenantId: vault.tenantId,
      clientId: vault.clientId,
      clientSecret: vault.clientSecret,
      authorityHost: vault.url,
      authorityPem: vault.authorityPem,
    }),
    authorityPem: vault.authorityPem,
    anyChallengeResource: true,
    random,
  });

const openVaultTransit = (keyName: string): KeyProvider =>
  openTransit({
    url: transit.url,
    keyName,
    token: async () => transit.token,
    authorityPem: transit.authorityPem,
    random,
  });

keyProviderContract('Azure Key Vault, by its own client', async () => ({
  open: async () => openVault('cmk'),
  openOther: async () => openVault('other'),
}));

keyProviderContract('Transit', async () => ({
  open: async () => openVaultTransit('cmk'),
  openOther: async () => openVaultTransit('other'),
}));

void describe('Azure Key Vault', () => {
  void test('wraps in the vault, under the newest version, and opens older ones', async () => {
    const provider = openVault('away');
    const first = await provider.wrap(key, 'c');
    const version = vault.createKey('away');
    const second = await provider.wrap(key, 'c');
    assert.ok(Buffer.from(second).includes(version));
    assert.ok(!Buffer.from(first).includes(version));
    assert.deepEqual(await provider.unwrap(first, 'c'), key);
    assert.deepEqual(await provider.unwrap(second, 'c'), key);
    assert.ok(vault.asked.filter((each) => each === 'wrapkey away').length >= 2);
  });

  void test('tells a key that was taken away from a vault that does not answer', async () => {
    const provider = openVault('away');
    const wrapped = await provider.wrap(key, 'c');
    for (const state of ['disabled', 'forbidden', 'deleted'] as const) {
      vault.set('away', state);
      await assert.rejects(provider.unwrap(wrapped, 'c'), { code: 'KEYS_REVOKED' }, state);
      await assert.rejects(openVault('away').wrap(key, 'c'), { code: 'KEYS_REVOKED' }, state);
    }
    vault.set('away', 'down');
    await assert.rejects(provider.unwrap(wrapped, 'c'), { code: 'KEYS_UNREACHABLE' });
    vault.set('away', 'enabled');
    assert.deepEqual(await provider.unwrap(wrapped, 'c'), key);
  });

  void test('does not speak to a vault whose certificate it does not trust', async () => {
    const { authorityPem: _trusted, ...stranger } = {
      vaultUri: vault.url,
      keyName: 'cmk',
      credential: { getToken: async () => ({ token: 't', expiresOnTimestamp: 0 }) },
      authorityPem: '',
      random,
    };
    await assert.rejects(openAzureKeyVault(stranger).wrap(key, 'c'), {
      code: 'KEYS_UNREACHABLE',
    });
  });

  const identifiers: [string, string | undefined][] = [
    ['https://v.vault.azure.net/keys/cmk', 'cmk'],
    ['https://v.vault.azure.net/keys/cmk/0123abcd', 'cmk'],
    ['https://localhost:8443/keys/a-b', 'a-b'],
    ['http://v.vault.azure.net/keys/cmk', undefined],
    ['https://v.vault.azure.net/keys/', undefined],
    ['https://v.vault.azure.net/keys/c/../d', undefined],
    ['https://user@v.vault.azure.net/keys/cmk', undefined],
    ['https://v.vault.azure.net/secrets/cmk', undefined],
  ];
  void test('reads key identifiers strictly', () => {
    for (const [text, name] of identifiers) {
      assert.equal(parseKeyVaultKey(text)?.keyName, name, text);
    }
  });
});

void describe('Transit', () => {
  void test('tells a key that was taken away from a vault that is sealed', async () => {
    const provider = openVaultTransit('away');
    const wrapped = await provider.wrap(key, 'c');
    for (const state of ['forbidden', 'deleted'] as const) {
      transit.set('away', state);
      await assert.rejects(provider.unwrap(wrapped, 'c'), { code: 'KEYS_REVOKED' }, state);
    }
    transit.set('away', 'sealed');
    await assert.rejects(provider.unwrap(wrapped, 'c'), { code: 'KEYS_UNREACHABLE' });
    transit.set('away', 'enabled');
    transit.createKey('away');
    assert.deepEqual(await provider.unwrap(wrapped, 'c'), key);
  });

  void test('reads addresses strictly', () => {
    assert.equal(parseTransitKey('https://bao:8200/transit/cmk')?.keyName, 'cmk');
    assert.equal(parseTransitKey('https://bao:8200/a/b/cmk')?.mount, 'a/b');
    for (const text of ['http://bao/transit/cmk', 'https://bao/cmk', 'https://bao/t/../cmk']) {
      assert.equal(parseTransitKey(text), undefined, text);
    }
  });
});

// ---- a real HSM's software twin ----------------------------------------------------------------

const modulePath = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
].find(existsSync);
const binding = await import('pkcs11js').then(
  (loaded: typeof import('pkcs11js') & { default?: typeof import('pkcs11js') }) =>
    loaded.default ?? loaded,
  () => undefined,
);

if (modulePath === undefined || binding === undefined) {
  const missing = modulePath === undefined ? 'SoftHSM (Debian: softhsm2)' : 'pkcs11js';
  void test(`PKCS#11 with SoftHSM: skipped, ${missing} is not installed`, { skip: true });
} else {
  const directory = await mkdtemp(join(tmpdir(), 'strongroom-hsm-'));
  await mkdir(join(directory, 'tokens'));
  const configuration = join(directory, 'softhsm2.conf');
  await writeFile(configuration, `directories.tokendir = ${directory}/tokens\nlog.level = ERROR\n`);
  process.env['SOFTHSM2_CONF'] = configuration;
  const pin = '123456';
  execFileSync(
    'softhsm2-util',
    ['--init-token', '--free', '--label', 'strongroom', '--pin', pin, '--so-pin', '654321'],
    { env: { ...process.env, SOFTHSM2_CONF: configuration } },
  );
  after(() => rm(directory, { recursive: true, force: true }));

  /** What an HSM's administrator does. */
  const administer = (act: (library: import('pkcs11js').PKCS11, session: Buffer) => void): void => {
    const library = new binding.PKCS11();
    library.load(modulePath);
    try {
      library.C_Initialize();
    } catch {
      // Another part of this process has.
    }
    const slot = library
      .C_GetSlotList(true)
      .find((each) => library.C_GetTokenInfo(each).label.trimEnd() === 'strongroom')!;
    const session = library.C_OpenSession(
      slot,
      binding.CKF_SERIAL_SESSION | binding.CKF_RW_SESSION,
    );
    try {
      library.C_Login(session, binding.CKU_USER, pin);
    } catch {
      // Signed in already: a login is the process's.
    }
    act(library, session);
    library.C_CloseSession(session);
  };
  for (const label of ['cmk', 'other', 'away']) {
    administer((library, session) => {
      library.C_GenerateKey(session, { mechanism: binding.CKM_AES_KEY_GEN }, [
        { type: binding.CKA_CLASS, value: binding.CKO_SECRET_KEY },
        { type: binding.CKA_KEY_TYPE, value: binding.CKK_AES },
        { type: binding.CKA_VALUE_LEN, value: 32 },
        { type: binding.CKA_LABEL, value: label },
        { type: binding.CKA_TOKEN, value: true },
        { type: binding.CKA_SENSITIVE, value: true },
        { type: binding.CKA_EXTRACTABLE, value: false },
        { type: binding.CKA_ENCRYPT, value: true },
        { type: binding.CKA_DECRYPT, value: true },
      ]);
    });
  }
  const openHsm = (keyLabel: string): Promise<KeyProvider> =>
    openPkcs11({ modulePath, tokenLabel: 'strongroom', keyLabel, pin, random });

  keyProviderContract('PKCS#11 with SoftHSM', async () => ({
    open: () => openHsm('cmk'),
    openOther: () => openHsm('other'),
  }));

  void describe('PKCS#11', () => {
    void test('tells a key that was destroyed from a token that is away', async () => {
      const provider = await openHsm('away');
      const wrapped = await provider.wrap(key, 'c');
      administer((library, session) => {
        library.C_FindObjectsInit(session, [{ type: binding.CKA_LABEL, value: 'away' }]);
        const found = library.C_FindObjects(session, 1);
        library.C_FindObjectsFinal(session);
        library.C_DestroyObject(session, found[0]!);
      });
      await assert.rejects(provider.unwrap(wrapped, 'c'), { code: 'KEYS_REVOKED' });
      const elsewhere = await openPkcs11({
        modulePath,
        tokenLabel: 'none',
        keyLabel: 'cmk',
        pin,
        random,
      });
      await assert.rejects(elsewhere.wrap(key, 'c'), { code: 'KEYS_UNREACHABLE' });
    });
  });
}
