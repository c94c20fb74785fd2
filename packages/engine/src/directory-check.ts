/** Holds an engine's directory against its manifest, without a key and without opening ClickHouse. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, partsOnDisk } from './child/parts.js';

/** Something in an engine's directory that is not what was written. */
export interface EngineFinding {
  /** Below the engine's directory. */
  readonly path: string;
  readonly problem: string;
}

/**
 * Compares every part with the manifest. The manifest's own MAC needs the disk's key and is held when
 * the engine opens; column data is held against ClickHouse's checksums when it is read.
 */
export async function checkEngineDirectory(
  directory: string,
): Promise<{ parts: number; findings: EngineFinding[] }> {
  const findings: EngineFinding[] = [];
  const found = await partsOnDisk(directory);
  let manifest: { underWay?: boolean; parts: Record<string, { hash: string }> } | undefined;
  try {
    const text = await readFile(join(directory, 'manifest'), 'utf8');
    manifest = JSON.parse(text.slice(0, text.indexOf('\n'))) as typeof manifest;
    if (!/^[^\n]+\n[0-9a-f]{64}\n$/.test(text)) throw new Error('it has no MAC');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing && found.size === 0) return { parts: 0, findings };
    const problem = isMissing ? 'The manifest is missing.' : 'The manifest is damaged.';
    return { parts: 0, findings: [{ path: 'manifest', problem }] };
  }
  const parts = Object.entries(manifest?.parts ?? {});
  for (const [key, { hash }] of parts) {
    const directories = found.get(key) ?? [];
    if (directories.length === 0 && manifest?.underWay !== true) {
      findings.push({ path: key, problem: 'A part that is vouched for is missing.' });
    }
    for (const each of directories) {
      const now = await digestOf(each);
      if (now.hash === hash) continue;
      const problem = 'A metadata or index file of the part is not what was written.';
      findings.push({ path: each.slice(directory.length + 1), problem });
    }
  }
  return { parts: parts.length, findings };
}
