/** What lies in an engine's directory: parts, and one hash over each. */

import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eachOf } from './durable-names.js';

const partName = /^-?[0-9a-zA-Z]+_\d+_\d+_\d+(?:_\d+)?$/;
const uuidName = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const volumes = ['hot', 'cold'] as const;

/** Directories of tables' data, by UUID: one a volume. */
export async function tablesOnDisk(directory: string): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for (const volume of volumes) {
    const store = join(directory, volume, 'store');
    for (const prefix of await list(store)) {
      for (const uuid of await list(join(store, prefix))) {
        if (uuidName.test(uuid)) found.push([uuid, join(store, prefix, uuid)]);
      }
    }
  }
  return found;
}

/** Directories of parts by `<uuid>/<part>`. */
export async function partsOnDisk(directory: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const [uuid, path] of await tablesOnDisk(directory)) {
    for (const name of await list(path)) {
      if (!partName.test(name)) continue;
      const key = `${uuid}/${name}`;
      found.set(key, [...(found.get(key) ?? []), join(path, name)]);
    }
  }
  return found;
}

/** One hash over a part's files but its column data, with their names and sizes. */
export async function digestOf(
  directory: string,
): Promise<{ files: number; bytes: number; hash: string }> {
  const hash = createHash('sha256').update('strongroom/engine-part/v1\n');
  let files = 0;
  let bytes = 0;
  const names = (await readdir(directory)).sort();
  const contents = new Map<string, Buffer>();
  // Small files: opening each is what costs.
  await eachOf(
    names.filter((name) => !name.endsWith('.bin')),
    async (name) => void contents.set(name, await readFile(join(directory, name))),
  );
  for (const name of names) {
    // ClickHouse holds column data against `checksums.txt` on each read.
    const content = contents.get(name);
    if (content === undefined) {
      hash.update(`data ${name}\n`);
      continue;
    }
    hash
      .update(`file ${content.length} ${name}\n`)
      .update(createHash('sha256').update(content).digest());
    files += 1;
    bytes += content.length;
  }
  return { files, bytes, hash: hash.digest('hex') };
}

export const isGone = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ENOENT' || error.code === 'ENOTDIR');

export async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}
