import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@strongroom/platform';
import { openCatalog } from './open-catalog.js';

/** Run as a process: commits one setting after the other and says so when each is committed. */
const writer = `
  const [openUrl, path] = process.argv.slice(1);
  const { openCatalog } = await import(openUrl);
  const clock = { now: () => 0, monotonicMs: () => 0, sleep: async () => undefined };
  const catalog = await openCatalog({ path, encryptionKey: new Uint8Array(32), clock });
  for (let count = Number(catalog.snapshot.settings.get('count') ?? 0) + 1; ; count += 1) {
    await catalog.change((write) => write.putSetting('count', String(count)));
    process.stdout.write(count + '\\n');
  }
`;

test('what was committed survives kill -9, and the next start needs no help', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'catalog-kill-'));
  const path = join(directory, 'catalog.db');
  const openUrl = new URL('open-catalog.js', import.meta.url).href;
  try {
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(
        process.execPath,
        ['--input-type=module', '--eval', writer, openUrl, path],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.split('\n').length > 40 + round * 7) child.kill('SIGKILL');
      });
      await new Promise((resolve) => child.once('close', resolve));
      const lines = said.split('\n').filter((line) => line !== '');
      const acknowledged = Number(lines.at(-1));
      assert.ok(acknowledged > 0);
      const catalog = await openCatalog({
        path,
        encryptionKey: new Uint8Array(32),
        clock: systemClock,
      });
      const count = Number(catalog.snapshot.settings.get('count'));
      await catalog.close();
      assert.ok(count >= acknowledged && count <= acknowledged + 1, `${acknowledged} ${count}`);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
