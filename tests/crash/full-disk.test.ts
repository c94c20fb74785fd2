import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

/** A small disk of its own, or undefined where this account may not mount one. */
async function smallDisk(): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'full-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=320m', 'tmpfs', directory], {
      stdio: 'ignore',
    });
    return directory;
  } catch {
    await rm(directory, { recursive: true });
    return undefined;
  }
}

test('a full disk refuses with 503 and Retry-After, loses nothing, and recovers by itself', async (context) => {
  const disk = await smallDisk();
  if (disk === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'CI can mount a small disk');
    context.skip('mounting a small disk is not allowed here');
    return;
  }
  const service = await Service.start({ directory: disk });
  try {
    const authorization = await bearer(service);
    const { dcrImmutableId, streamName } = service.bootstrap;
    let sent = 0;
    const acknowledged = new Set<string>();
    const send = async () => {
      sent += 1;
      const row = {
        TimeGenerated: new Date().toISOString(),
        FilePath: '/full',
        RawData: `${sent}`,
      };
      const answer = await raw(service, {
        method: 'POST',
        path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify([{ ...row, RawData: `${sent} ${'x'.repeat(1000)}` }]),
      });
      if (answer.status === 204) acknowledged.add(`${sent}`);
      return answer;
    };
    assert.equal((await send()).status, 204);

    const { bavail, bsize } = await statfs(disk);
    const filler = join(disk, 'filler');
    await writeFile(filler, Buffer.alloc(Math.max(0, bavail * bsize - 8 * 1024 * 1024)));
    const refused = await eventually(send, ({ status }) => status !== 204);
    assert.equal(refused.status, 503, refused.text);
    assert.match(String(refused.headers['retry-after']), /^\d+$/);

    await truncate(filler, 0);
    const taken = await eventually(send, ({ status }) => status === 204);
    assert.equal(taken.status, 204, 'it recovers without a restart');
    const rows = await eventually(
      () =>
        rowsOf(
          azureClients(service),
          service.bootstrap.workspaceId,
          "Text_CL | where FilePath == '/full' | project n = tostring(split(RawData, ' ')[0])",
        ).catch(() => []),
      (found) => found.length >= acknowledged.size,
    );
    const found = rows.map((row) => String(row['n'])).sort();
    assert.deepEqual(found, [...acknowledged].sort(), 'what was acknowledged is there, once');
  } finally {
    await service.remove().catch(() => undefined);
    execFileSync('umount', ['-l', disk]);
    await rm(disk, { recursive: true, force: true });
  }
});
