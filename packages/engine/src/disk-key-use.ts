/**
 * Which disk keys the files of an engine's directory lie under, read from the files themselves: each
 * begins with a header of ClickHouse's that holds a fingerprint of its key.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files and bytes under one key. */
export interface DiskKeyUse {
  readonly files: number;
  readonly bytes: number;
  /** Ids of the tables that they belong to. */
  readonly tables: ReadonlySet<string>;
}

/** ClickHouse's `EncryptedFileHeader`: `ENC`, version and algorithm (16 bits each), fingerprint. */
const headerSize = 64;
const signature = Buffer.from('ENC');
const fingerprintAt = 7;
const fingerprintSize = 16;

const tableOf = /\/store\/[0-9a-f]{3}\/([0-9a-f-]{36})\//;

/** By the key's fingerprint, in hexadecimal. A file that goes while it is looked at is not counted. */
export async function diskKeyUse(directory: string): Promise<ReadonlyMap<string, DiskKeyUse>> {
  const found = new Map<string, { files: number; bytes: number; tables: Set<string> }>();
  for (const disk of ['hot', 'cold']) {
    for await (const path of filesBelow(join(directory, disk))) {
      const header = await readHeader(path);
      // An empty file has no header, and nothing to hide.
      if (header === undefined) continue;
      const use = found.get(header.fingerprint) ?? { files: 0, bytes: 0, tables: new Set() };
      use.files += 1;
      use.bytes += header.size;
      const table = tableOf.exec(path)?.[1];
      if (table !== undefined) use.tables.add(table);
      found.set(header.fingerprint, use);
    }
  }
  return found;
}

async function* filesBelow(directory: string): AsyncGenerator<string> {
  let entries;
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isGone(error)) return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

async function readHeader(
  path: string,
): Promise<{ fingerprint: string; size: number } | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const bytes = Buffer.alloc(headerSize);
      const { bytesRead } = await file.read(bytes, 0, headerSize, 0);
      if (bytesRead < headerSize || !bytes.subarray(0, 3).equals(signature)) return undefined;
      const { size } = await file.stat();
      const fingerprint = bytes.toString('hex', fingerprintAt, fingerprintAt + fingerprintSize);
      return { fingerprint, size };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';
