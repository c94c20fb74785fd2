/**
 * Whether disk keys are those that a directory was made with, before ClickHouse sees them: opened
 * with a wrong key it would take every part for damaged and set it aside.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EngineError } from './errors.js';

/** Keys by number, all of one size: 16 bytes (AES-128-CTR) or 32 (AES-256-CTR). */
export interface DiskKeys {
  /** The one that new files are written under. */
  readonly current: number;
  readonly keys: Readonly<Record<number, Uint8Array>>;
}

const domain = 'strongroom engine disk key check v1';

/** A key's fingerprint: 16 bytes of a hash. Keys are random, so it tells nothing about them. */
const fingerprint = (key: Uint8Array): Buffer =>
  createHash('sha256').update(domain).update(key).digest().subarray(0, 16);

/** Keys in order of their numbers. Throws `ENGINE_BAD_OPTION`. */
export function orderedKeys(diskKeys: DiskKeys): { id: number; key: Uint8Array }[] {
  const bad = (why: string): never => {
    throw new EngineError('ENGINE_BAD_OPTION', `Disk keys: ${why}.`);
  };
  const keys = Object.entries(diskKeys.keys).map(([id, key]) => ({ id: Number(id), key }));
  keys.sort((a, b) => a.id - b.id);
  const size = keys[0]?.key.length ?? bad('there is none');
  for (const { id, key } of keys) {
    if (!Number.isSafeInteger(id) || id < 0 || id > 0xffff_ffff) bad('a number is not allowed');
    if (key.length !== size || (size !== 16 && size !== 32))
      bad('not all of 16 or all of 32 bytes');
  }
  if (!keys.some(({ id }) => id === diskKeys.current)) bad('the current one is missing');
  return keys;
}

/**
 * Compares the keys with the fingerprints in `file` and adds those of new ones. Rejects with
 * `ENGINE_WRONG_KEY` where a known number has another key, or where none of the known is there.
 */
export async function checkKeys(file: string, diskKeys: DiskKeys): Promise<void> {
  const keys = orderedKeys(diskKeys);
  const known = await readKnown(file);
  const wrong = (why: string): never => {
    throw new EngineError('ENGINE_WRONG_KEY', `The engine's disk keys do not fit: ${why}.`);
  };
  let added = known === undefined;
  const next: Record<string, string> = { ...known };
  for (const { id, key } of keys) {
    const have = known?.[id];
    if (have === undefined) {
      next[id] = fingerprint(key).toString('hex');
      added = true;
    } else if (!sameBytes(Buffer.from(have, 'hex'), fingerprint(key))) {
      wrong(`key ${id} is another one`);
    }
  }
  if (known !== undefined && !keys.some(({ id }) => known[id] !== undefined)) {
    wrong('none of the known ones is there');
  }
  if (added) await writeDurably(file, `${JSON.stringify({ version: 1, fingerprints: next })}\n`);
}

const sameBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

async function readKnown(file: string): Promise<Readonly<Record<string, string>> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const damaged = (): never => {
    throw new EngineError('ENGINE_DAMAGED', 'The file of key fingerprints is damaged.');
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return damaged();
  }
  if (typeof value !== 'object' || value === null || !('fingerprints' in value)) return damaged();
  const { fingerprints } = value;
  if (typeof fingerprints !== 'object' || fingerprints === null) return damaged();
  const known: Record<string, string> = {};
  for (const [id, hex] of Object.entries(fingerprints)) {
    if (typeof hex !== 'string' || !/^[0-9a-f]{32}$/.test(hex)) return damaged();
    known[id] = hex;
  }
  return known;
}

/** Writes a small file so that a crash leaves the old one or the new one. */
export async function writeDurably(file: string, text: string): Promise<void> {
  const temporary = join(dirname(file), `.${file.slice(dirname(file).length + 1)}.new`);
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  const directory = await open(dirname(file), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
