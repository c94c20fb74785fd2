import { dirname } from 'node:path';
import { isNotFound } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { agentError } from './errors.js';

/** Encrypts and authenticates small values under the agent's key. */
export interface Sealer {
  /** `context` says what the value is; it must be the same on opening. */
  seal(plain: Uint8Array, context: string): Uint8Array;
  /** Throws where the value was changed, or made for another context or key. */
  open(sealed: Uint8Array, context: string): Uint8Array;
}

/**
 * Makes a directory (mode 0700) and those above it that are missing. When it resolves, their names
 * survive a power loss.
 */
export async function makeDirectoryDurably(fs: Fs, path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; (await fs.stat(at)) === undefined; at = dirname(at)) missing.push(at);
  await fs.makeDirectory(path, 0o700);
  for (const made of missing) await fs.syncDirectory(dirname(made));
}

/**
 * Replaces a file's content: afterwards, and after a power loss at any moment, it holds the old or
 * the new content, whole. Mode 0600.
 */
export async function replaceFile(fs: Fs, path: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${path}.new`;
  await fs.remove(fresh).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
  const file = await fs.open(fresh, 'create', 0o600);
  try {
    await file.write(0, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(fresh, path);
  await fs.syncDirectory(dirname(path));
}

/** A file whose content only the agent can read. `undefined` where there is none. */
export async function readSealedFile(
  fs: Fs,
  sealer: Sealer,
  path: string,
  context: string,
): Promise<Uint8Array | undefined> {
  let sealed: Uint8Array;
  try {
    sealed = await fs.readFile(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  try {
    return sealer.open(sealed, context);
  } catch (cause) {
    throw agentError('AGENT_STATE_DAMAGED', `${path} is damaged, or of another agent.`, { cause });
  }
}

/** Replaces a sealed file's content. */
export async function writeSealedFile(
  fs: Fs,
  sealer: Sealer,
  path: string,
  context: string,
  plain: Uint8Array,
): Promise<void> {
  await replaceFile(fs, path, sealer.seal(plain, context));
}
