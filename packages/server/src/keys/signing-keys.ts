import type { Clock } from '@strongroom/base';
import type { Ed25519Signer, ServiceKeys } from '@strongroom/keys';
import type { NoteSigner } from '@strongroom/ledger';
import type { Catalog } from '../catalog/open-catalog.js';

/** The keys that sign ledgers: one of the service, under each ledger's own name. */
export interface SigningKeys {
  readonly newest: Ed25519Signer;
  /** Those whose ledgers are not all handed over yet, newest first. */
  readonly earlier: readonly Ed25519Signer[];
}

/** The keys of one ledger, as `openLedger` takes them: of one key alone, or of all that there are now. */
export function noteSigners(
  keys: Ed25519Signer | SigningKeys,
  keyName: string,
): { signer: NoteSigner; earlier: readonly NoteSigner[] } {
  const { newest, earlier } = 'newest' in keys ? keys : { newest: keys, earlier: [] };
  const named = (key: Ed25519Signer): NoteSigner => ({
    keyName,
    publicKey: key.publicKey,
    sign: (message) => key.sign(message),
  });
  return { signer: named(newest), earlier: earlier.map(named) };
}

/** Name of the first key; later ones are `ledger-2`, `ledger-3` and so on. */
const firstName = 'ledger';
const namePattern = /^ledger(?:-([1-9]\d{0,8}))?$/;
const numberOf = (name: string): number => Number(namePattern.exec(name)?.[1] ?? 1);

/** When the newest key was made, by its name; the catalog's setting. */
const madeSetting = 'signingKeyMade';

/** The signing keys of the service's directory of keys. */
export interface KeptSigningKeys extends SigningKeys {
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** Makes a new one, durably: what is opened from now on signs with it. */
  add(): Promise<void>;
  /** Destroys every key but the newest. Call it when no ledger is signed by one of them. */
  removeEarlier(): Promise<void>;
}

/**
 * Opens them, newest first; makes the first. More than one: a rotation was begun and is not finished.
 * A key that is first seen here counts as made now.
 */
export async function openSigningKeys(options: {
  readonly serviceKeys: ServiceKeys;
  readonly catalog: Catalog;
  readonly clock: Clock;
}): Promise<KeptSigningKeys> {
  const { serviceKeys, catalog, clock } = options;
  const names = (await serviceKeys.names())
    .filter((name) => namePattern.test(name))
    .sort((a, b) => numberOf(b) - numberOf(a));
  if (names.length === 0) names.push(firstName);
  const signers: Ed25519Signer[] = [];
  for (const name of names) signers.push(await serviceKeys.signingKey(name));

  const noteMade = async (): Promise<void> => {
    const kept = catalog.snapshot.settings.get(madeSetting);
    if (kept?.startsWith(`${names[0]} `) === true) return;
    await catalog.change((write) =>
      write.putSetting(madeSetting, `${names[0]} ${String(clock.now())}`),
    );
  };
  await noteMade();
  return {
    get newest() {
      return signers[0]!;
    },
    get earlier() {
      return signers.slice(1);
    },
    get madeAt() {
      return Number(catalog.snapshot.settings.get(madeSetting)?.split(' ')[1] ?? clock.now());
    },
    async add() {
      const name = `${firstName}-${numberOf(names[0]!) + 1}`;
      const signer = await serviceKeys.signingKey(name);
      names.unshift(name);
      signers.unshift(signer);
      await noteMade();
    },
    async removeEarlier() {
      while (names.length > 1) {
        await serviceKeys.remove(names.at(-1)!);
        names.pop();
        signers.pop();
      }
    },
  };
}
