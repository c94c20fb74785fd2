/** A process that appends is killed, again and again, on the real file system. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fromUtf8 } from '@strongroom/base';
import { seededRandom, testSegmentKeys } from '@strongroom/testkit';
import { nodeFileSystem, systemClock, systemRandom } from '@strongroom/platform';
import { entries, journalId, record } from './fixture.test.js';
import { openJournal, readJournalOffline } from './index.js';
import type { OpenJournalOptions } from './journal.js';

const rounds = Number(process.env['STRONGROOM_KILLS'] ?? 4);

const options = (directory: string): OpenJournalOptions => ({
  directory,
  journalId,
  fs: nodeFileSystem,
  clock: systemClock,
  random: systemRandom,
  keys: testSegmentKeys('kill', systemRandom),
  limits: { segmentBytesMax: 200_000, markDelayMs: 5 },
});

async function writer(directory: string, life: string): Promise<void> {
  const journal = await openJournal(options(directory));
  for (let step = 0; ; step += 1) {
    await Promise.all(
      [0, 1, 2].map(async (lane) => {
        const name = `${life}.${step}.${lane}`;
        const { sequence } = await journal.append(record(name, (step * 977) % 20_000));
        process.stdout.write(`${sequence} ${name}\n`);
      }),
    );
  }
}

const [, self, role, directoryOfWriter, life] = process.argv;
if (role === 'writer' && directoryOfWriter !== undefined && life !== undefined) {
  await writer(directoryOfWriter, life);
} else {
  void test(`keeps what was acknowledged through kill -9 (${rounds} rounds)`, async () => {
    const root = await mkdtemp(join(tmpdir(), 'strongroom-kill-'));
    const directory = join(root, 'journal');
    const random = seededRandom('kill');
    const acknowledged = new Map<bigint, string>();
    try {
      for (let round = 0; round < rounds; round += 1) {
        const child = spawn(
          process.execPath,
          [self ?? fileURLToPath(import.meta.url), 'writer', directory, String(round)],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        );
        const ended = new Promise((resolve) => child.once('exit', resolve));
        const last = acknowledged.size + 20 + random.integer(200);
        for await (const line of createInterface({ input: child.stdout })) {
          const [sequence, name] = line.split(' ');
          // The last line may be cut short by the kill.
          if (!/^[0-9]+ \d+\.\d+\.\d$/.test(line)) continue;
          acknowledged.set(BigInt(sequence!), name!);
          if (acknowledged.size >= last) child.kill('SIGKILL');
        }
        await ended;
        for await (const finding of readJournalOffline({ directory, fs: nodeFileSystem })) {
          assert.notEqual(
            finding.kind,
            'problem',
            JSON.stringify(finding, (_key, value: unknown) =>
              typeof value === 'bigint' ? String(value) : value,
            ),
          );
        }
      }
      const journal = await openJournal(options(directory));
      const names = (await entries(journal)).map(({ metadata }) => fromUtf8(metadata));
      for (const [sequence, name] of acknowledged) {
        assert.equal(names[Number(sequence)], `metadata of ${name}`);
      }
      assert.equal(new Set(names).size, names.length, 'nothing is there twice');
      await journal.close();
    } finally {
      await rm(root, { recursive: true });
    }
  });
}
