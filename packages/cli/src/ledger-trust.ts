import { join, resolve } from 'node:path';
import { equalBytes, fromUtf8, toHex, utf8 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import { followHandOvers, parseHandOvers, parseVerifierKey } from '@strongroom/ledger';
import type { VerifierKey } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import type { Context } from './context.js';
import { cliError } from './errors.js';
import { loginFile } from './profile.js';

/**
 * Trusted keys, and those that hand-overs lead to from them (docs/formats/ledger.md, Hand-over). `files`
 * are files of hand-overs, each of one ledger. Exit code 5 where one does not follow from the keys.
 */
export async function followedKeys(
  context: Context,
  given: { readonly texts: readonly string[]; readonly files: readonly string[] },
): Promise<readonly VerifierKey[]> {
  let keys: readonly VerifierKey[] = given.texts.map((text) => parseVerifierKey(sha256, text));
  for (const file of given.files) {
    const path = resolve(context.workingDirectory, file);
    const statements = parseHandOvers(sha256, await context.fs.readFile(path));
    // The ledger's name is the second line of each.
    const origin = statements[0]?.split('\n')[1] ?? '';
    const followed = await followHandOvers(statements, {
      sha256,
      verifySignature: verifyEd25519,
      keys,
      origin,
    });
    if (!followed.ok) throw cliError('CLI_VERIFICATION_FAILED', `${file}: ${followed.message}`);
    keys = followed.value.keys;
  }
  return keys;
}

/**
 * Whether this account takes an epoch statement of a ledger: each number once. The same statement again
 * is the same epoch; another one of that number, or of a lower one, is refused.
 */
export async function takeEpoch(
  context: Context,
  epoch: { readonly origin: string; readonly number: bigint; readonly statement: string },
): Promise<boolean> {
  const { fs } = context;
  const directory = join(loginFile(context.environment), '..', 'checkpoints');
  const path = join(directory, `epoch-${toHex(sha256(utf8(epoch.origin)).subarray(0, 16))}`);
  const hash = toHex(sha256(utf8(epoch.statement)));
  const known = (await fs.stat(path)) === undefined ? '' : fromUtf8(await fs.readFile(path)).trim();
  const [number = '0', before = ''] = known.split(' ');
  if (epoch.number <= BigInt(number)) return equalBytes(utf8(before), utf8(hash));
  await fs.makeDirectory(directory);
  await replaceText(context, path, `${epoch.number} ${hash}\n`);
  return true;
}

/** Writes a whole file in the place of another one, durably. */
export async function replaceText({ fs }: Context, path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  if ((await fs.stat(fresh)) !== undefined) await fs.remove(fresh);
  const file = await fs.open(fresh, 'create');
  try {
    await file.write(0, utf8(text));
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(fresh, path);
  await fs.syncDirectory(join(path, '..'));
}
