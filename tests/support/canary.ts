import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Service } from './service.js';

/** A word that stands nowhere else: what is looked for in files. */
export const newMarker = (): string =>
  `canary${Array.from({ length: 24 }, () => 'abcdefghijkmnpqrstuvwxyz'[Math.floor(Math.random() * 24)]).join('')}`;

/** Files below a directory whose name or content holds one of the forms of the marker. */
export async function findMarker(directory: string, marker: string): Promise<string[]> {
  const forms = [
    Buffer.from(marker),
    Buffer.from(Buffer.from(marker).toString('hex')),
    Buffer.from(marker, 'utf16le'),
  ];
  const found: string[] = [];
  const look = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      const child = join(path, entry.name);
      if (entry.name.includes(marker)) found.push(child);
      if (entry.isDirectory()) await look(child);
      else if (entry.isFile()) {
        const bytes = await readFile(child).catch(() => Buffer.alloc(0));
        if (forms.some((form) => bytes.includes(form))) found.push(child);
      }
    }
  };
  await look(directory);
  return found;
}

/**
 * Everything that the service may write: its data, its home, its temporary folder, its log, and the
 * directories that a caller names (a backup, an export).
 */
export async function assertNowhere(
  service: Service,
  marker: string,
  moment: string,
  also: readonly string[] = [],
): Promise<void> {
  for (const directory of [service.directory, ...also]) {
    assert.deepEqual(await findMarker(directory, marker), [], moment);
  }
  const temporary = (await readdir(tmpdir())).filter((name) =>
    /chdb|clickhouse|strongroom/i.test(name),
  );
  for (const name of temporary) {
    assert.deepEqual(await findMarker(join(tmpdir(), name), marker), [], `${moment}: ${name}`);
  }
  assert.ok(!service.output.includes(marker), `${moment}: the log`);
}
