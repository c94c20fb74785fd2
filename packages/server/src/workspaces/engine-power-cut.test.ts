import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromBase64, fromUtf8 } from '@strongroom/base';
import { nodeFileSystem, systemClock, systemRandom } from '@strongroom/platform';
import { call, column, print, select, table } from '@strongroom/sql';
import { RecordedDisk, canRecord, recordDisk, seededRandom, seedsFrom } from '@strongroom/testkit';
import type { RunningWorkspace } from './running-workspace.js';
import { workspaceAt } from './simulation-fixture.test.js';

/**
 * ClickHouse does its own input and output, so a whole workspace with its engine is recorded while
 * it inserts and merges, and replayed up to any moment onto a disk that drops and tears what was not
 * synced. Then it is opened again: each acknowledged row is there once.
 */
const writer = `
  const [fixtureUrl, platformUrl, root] = process.argv.slice(1);
  const { workspaceAt, textRoute, simulatedId } = await import(fixtureUrl);
  const { nodeFileSystem: fs, systemClock: clock, systemRandom: random } = await import(platformUrl);
  const say = (line) => process.stdout.write(line + '\\n');
  const workspace = await workspaceAt('engine', root);
  say('record ' + Buffer.from(await workspace.make(fs, clock)).toString('base64'));
  const limits = { applyLingerMs: 4, applyOwnLingerMs: 4, sealIntervalMs: 50 };
  const running = await workspace.open({ fs, clock, random, limits });
  const applied = async () => {
    for (;;) {
      const { applied, journalNext, sealed } = running.status();
      if (applied === journalNext && sealed === journalNext) return;
      await clock.sleep(10);
    }
  };
  for (let batch = 1; batch <= 40; batch += 1) {
    const rows = Array.from({ length: 1 + (batch * 7) % 30 }, (_, row) => JSON.stringify({
      TimeGenerated: batch % 9 === 0 && row === 0 ? 'never' : '2026-01-01T00:00:00Z',
      n: String(batch),
    }));
    await running.append({
      workspaceId: simulatedId, route: textRoute, source: { kind: 'Application', id: 'x' },
      rows: Buffer.from(rows.join('\\n') + '\\n'), rowCount: rows.length, shape: 'ndjson',
    });
    say('ack ' + batch);
    if (batch % 3 === 0) await applied();
  }
  await applied();
  say('applied');
  await running.close();
  process.exit(0);
`;
const rowsOfBatch = (batch: number): number => 1 + ((batch * 7) % 30) - (batch % 9 === 0 ? 1 : 0);

const short = 3;
const seeds = seedsFrom(
  { ...process.env, STRONGROOM_SEEDS: process.env['STRONGROOM_ENGINE_CUTS'] },
  short,
);
const reason =
  canRecord() || process.env['CI'] === 'true'
    ? false
    : 'strace is not there: apt-get install strace';

async function countsIn(running: RunningWorkspace): Promise<Map<number, number>> {
  const run = running.query(
    print(
      select({
        items: [{ value: column('n') }, { value: call('count'), alias: 'rows' }],
        from: table('Text_CL', 'workspace'),
        groupBy: [column('n')],
      }),
    ),
    {
      tables: ['Text_CL'],
      maxSeconds: 10,
      maxMemoryBytes: 1e9,
      signal: new AbortController().signal,
      queryId: randomUUID(),
    },
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of run) chunks.push(chunk);
  const lines = fromUtf8(Buffer.concat(chunks)).split('\n').filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [batch, rows] = JSON.parse(line) as unknown[];
      return [Number(batch), Number(rows)];
    }),
  );
}

/** Opens what the cut left, lets it recover, and says what is in the table. */
async function recovered(root: string, record: string): Promise<Map<number, number>> {
  const workspace = await workspaceAt('engine', root);
  workspace.know(fromBase64(record));
  const running = await workspace.open({
    fs: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    limits: { applyLingerMs: 4, applyOwnLingerMs: 4, sealIntervalMs: 50 },
  });
  try {
    for (let tries = 0; ; tries += 1) {
      const { applied, journalNext, sealed } = running.status();
      if (applied === journalNext && sealed === journalNext) break;
      assert.ok(tries < 3_000, `it recovers: ${JSON.stringify(running.status())}`);
      await systemClock.sleep(20);
    }
    return await countsIn(running);
  } finally {
    await running.close();
  }
}

test(
  `engine: each acknowledged row is there once after any power cut (${seeds.count} cuts)`,
  { skip: reason },
  async (context) => {
    const events = await recordDisk({
      command: process.execPath,
      arguments: [
        '--input-type=module',
        '--eval',
        writer,
        new URL('simulation-fixture.test.js', import.meta.url).href,
        import.meta.resolve('@strongroom/platform'),
      ],
      timeoutMs: 120_000,
    });
    context.diagnostic(`${events.length} events recorded`);
    const first = events.findIndex((event) => event.kind === 'said');
    const scratch = await mkdtemp(join(tmpdir(), 'engine-cut-'));
    try {
      const cuts = Array.from({ length: seeds.count }, (_, index) => {
        const seed = seeds.first + index;
        const span = events.length - first;
        return { seed, at: first + 1 + seededRandom(`engine/${seed}`).integer(span) };
      }).sort((a, b) => a.at - b.at);
      const disk = new RecordedDisk();
      let done = 0;
      let record = '';
      let acknowledged = 0;
      for (const { seed, at } of cuts) {
        for (; done < at; done += 1) {
          const event = events[done]!;
          disk.apply(event);
          if (event.kind !== 'said') continue;
          const [word, value] = event.line.split(' ');
          if (word === 'record') record = value!;
          if (word === 'ack') acknowledged = Number(value);
        }
        const target = join(scratch, String(seed));
        disk.cut({ seed, target, order: 'none' });
        const where = `seed ${seed} at ${at} (STRONGROOM_FIRST_SEED=${seed} STRONGROOM_ENGINE_CUTS=1)`;
        const counts = await recovered(target, record).catch((cause: unknown) => {
          throw new Error(`${where}: ${String(cause)}`, { cause });
        });
        for (let batch = 1; batch <= 40; batch += 1) {
          const found = counts.get(batch) ?? 0;
          const whole = found === rowsOfBatch(batch) || (batch > acknowledged && found === 0);
          assert.ok(whole, `${where}: batch ${batch} of ${acknowledged} has ${found} rows`);
        }
        await rm(target, { recursive: true, force: true });
      }
    } finally {
      if (process.env['STRONGROOM_KEEP'] === undefined) {
        await rm(scratch, { recursive: true, force: true });
      }
    }
  },
);
