import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@strongroom/platform';
import {
  RecordedDisk,
  canRecord,
  recordDisk,
  runWithFault,
  seededRandom,
  seedsFrom,
} from '@strongroom/testkit';
import { openCatalog } from './open-catalog.js';

/**
 * SQLite does its own input and output, so its system calls are recorded, and replayed up to any
 * moment onto a disk that drops and tears what was not synced.
 */
const writer = `
  const [openUrl, root] = process.argv.slice(1);
  const { openCatalog } = await import(openUrl);
  const clock = { now: () => 0, monotonicMs: () => 0, sleep: async () => undefined };
  const catalog = await openCatalog({
    path: root + '/catalog.db', encryptionKey: new Uint8Array(32), clock,
  });
  for (let count = 1; count <= 60; count += 1) {
    await catalog.change(async (write) => {
      for (let part = 0; part < 8; part += 1) {
        await write.putSetting('part' + part, String(count) + 'x'.repeat((count * 97) % 700));
      }
      await write.putSetting('count', String(count));
    });
    process.stdout.write(count + '\\n');
  }
  await catalog.close();
  process.exit(0);
`;
const seeds = seedsFrom(process.env, 40);
const reason =
  canRecord() || process.env['CI'] === 'true'
    ? false
    : 'strace is not there: apt-get install strace';

test(
  `what was committed is in the catalog after any power cut (${seeds.count} cuts)`,
  { skip: reason },
  async () => {
    const events = await recordDisk({
      command: process.execPath,
      arguments: [
        '--input-type=module',
        '--eval',
        writer,
        new URL('open-catalog.js', import.meta.url).href,
      ],
      timeoutMs: 60_000,
    });
    assert.ok(events.length > 300, `${events.length} events`);
    const scratch = await mkdtemp(join(tmpdir(), 'catalog-cut-'));
    try {
      // Cuts in order of time, so that one replay serves them all.
      const cuts = Array.from({ length: seeds.count }, (_, index) => {
        const seed = seeds.first + index;
        return { seed, at: seededRandom(`catalog/${seed}`).integer(events.length + 1) };
      }).sort((a, b) => a.at - b.at);
      const disk = new RecordedDisk();
      let done = 0;
      let acknowledged = 0;
      for (const { seed, at } of cuts) {
        for (; done < at; done += 1) {
          const event = events[done]!;
          disk.apply(event);
          if (event.kind === 'said') acknowledged = Number(event.line);
        }
        const target = join(scratch, String(seed));
        disk.cut({ seed, target, order: 'none' });
        const catalog = await openCatalog({
          path: join(target, 'catalog.db'),
          encryptionKey: new Uint8Array(32),
          clock: systemClock,
        });
        const { settings } = catalog.snapshot;
        const count = Number(settings.get('count') ?? 0);
        const parts = Array.from({ length: 8 }, (_, part) =>
          Number.parseInt(settings.get(`part${part}`) ?? '0', 10),
        );
        await catalog.close();
        await rm(target, { recursive: true, force: true });
        assert.ok(
          count === acknowledged || count === acknowledged + 1,
          `seed ${seed} at ${at}: ${count} after ${acknowledged} were acknowledged`,
        );
        assert.ok(
          parts.every((part) => part === count),
          `seed ${seed} at ${at}: a change is whole`,
        );
      }
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  },
);

test(
  'a write or sync of the catalog that fails refuses the change and loses none before it',
  { skip: reason },
  async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'catalog-fault-'));
    const long = seeds.count > 1_000;
    try {
      for (const [call, code, count] of [
        ['fsync', 'EIO', 12],
        ['fdatasync', 'EIO', 12],
        ['pwrite64', 'ENOSPC', 60],
        ['pwrite64', 'EIO', 60],
        ['openat', 'EMFILE', 4],
      ] as const) {
        for (let nth = 1; nth <= count; nth += long ? 1 : Math.ceil(count / 2)) {
          const root = join(scratch, `${call}-${code}-${nth}`);
          await mkdir(root);
          const path = join(root, 'catalog.db');
          const said = await runWithFault({
            command: process.execPath,
            arguments: [
              '--input-type=module',
              '--eval',
              writer,
              new URL('open-catalog.js', import.meta.url).href,
              root,
            ],
            inject: `${call}:error=${code}:when=${nth}`,
            paths: [path, `${path}-wal`, `${path}-journal`],
            timeoutMs: 30_000,
          });
          const acknowledged = Number(said.at(-1) ?? 0);
          const catalog = await openCatalog({
            path,
            encryptionKey: new Uint8Array(32),
            clock: systemClock,
          });
          const held = Number(catalog.snapshot.settings.get('count') ?? 0);
          await catalog.close();
          const where = `${call} ${code} ${nth}: ${held} after ${acknowledged}`;
          assert.ok(held === acknowledged || held === acknowledged + 1, where);
        }
      }
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  },
);
