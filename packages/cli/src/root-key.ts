import { fromUtf8 } from '@strongroom/base';
import { openLocalKeystore } from '@strongroom/keys';
import type { KeyProvider } from '@strongroom/keys';
import type { Context } from './context.js';

/**
 * Opens a root key file for what is done offline. Where it is sealed, the passphrase is read from the
 * file that `STRONGROOM_ROOT_PASSPHRASE_FILE` names, as the service does.
 */
export async function openRootKey(
  { fs, random, environment }: Pick<Context, 'fs' | 'random' | 'environment'>,
  path: string,
): Promise<KeyProvider> {
  const file = environment['STRONGROOM_ROOT_PASSPHRASE_FILE'] ?? '';
  const passphrase =
    file === '' ? undefined : fromUtf8(await fs.readFile(file)).replace(/\r?\n$/, '');
  const options = { path, fs, random, create: false };
  return openLocalKeystore(passphrase === undefined ? options : { ...options, passphrase });
}
