import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { bearer, raw, azureClients, rowsOf } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

/**
 * Kills the service or its engine at random moments under load, on real encrypted disks: what was
 * acknowledged is there, once, right after the start and twenty seconds later.
 *
 * STRONGROOM_TEST_ROUNDS sets the rounds (5; the long suite has 1,000), STRONGROOM_TEST_SEED replays.
 */
const rounds = Number(process.env['STRONGROOM_TEST_ROUNDS'] ?? 5);
const seed = Number(process.env['STRONGROOM_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** A seeded sequence of numbers in [0, 1): mulberry32. */
function sequence(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

let service: Service;
before(async () => {
  service = await Service.start();
});
after(() => service.remove());

/** Engine processes below the service. */
function engineChildren(): number[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => new RegExp(`^PPid:\\s+${service.pid}$`, 'm').test(read(pid, 'status')))
    .filter((pid) => read(pid, 'cmdline').includes('engine'))
    .map(Number);
}

test(`${rounds} rounds of kill -9 lose and double nothing (seed ${seed})`, async (context) => {
  const random = sequence(seed);
  /** Batches by name: rows sent, and whether a 204 came. */
  const sent = new Map<string, { rows: number; acknowledged: boolean }>();
  let batch = 0;

  async function load(stop: () => boolean): Promise<void> {
    const authorization = await bearer(service);
    const { dcrImmutableId, streamName } = service.bootstrap;
    const path = `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`;
    const sender = async (): Promise<void> => {
      while (!stop()) {
        batch += 1;
        const name = `/batch/${batch}`;
        const rows = 1 + Math.floor(random() * 400);
        sent.set(name, { rows, acknowledged: false });
        const body = JSON.stringify(
          Array.from({ length: rows }, (_, index) => ({
            TimeGenerated: new Date().toISOString(),
            FilePath: name,
            RawData: `${index} ${'x'.repeat(Math.floor(random() * 300))}`,
          })),
        );
        const answer = await raw(service, {
          method: 'POST',
          path,
          headers: { authorization, 'content-type': 'application/json' },
          body,
        }).catch(() => undefined);
        if (answer?.status === 204) sent.set(name, { rows, acknowledged: true });
      }
    };
    await Promise.all([sender(), sender(), sender()]);
  }

  async function check(moment: string): Promise<void> {
    const clients = azureClients(service);
    const acknowledged = [...sent].filter(([, { acknowledged }]) => acknowledged);
    const expected = acknowledged.reduce((sum, [, { rows }]) => sum + rows, 0);
    const counts = await eventually(
      () =>
        rowsOf(
          clients,
          service.bootstrap.workspaceId,
          'Text_CL | where FilePath startswith "/batch/" | summarize n = count(), distinctRows = dcount(RawData, 4) by FilePath',
        ),
      (rows) => rows.reduce((sum, row) => sum + Number(row['n']), 0) >= expected,
    );
    const found = new Map(counts.map((row) => [String(row['FilePath']), Number(row['n'])]));
    for (const [name, { rows }] of acknowledged) {
      assert.equal(found.get(name), rows, `${moment}: ${name} was acknowledged (seed ${seed})`);
    }
    for (const [name, n] of found) {
      assert.equal(
        n,
        sent.get(name)?.rows,
        `${moment}: ${name} whole or not at all (seed ${seed})`,
      );
    }
  }

  for (let round = 1; round <= rounds; round += 1) {
    let stopped = false;
    const loading = load(() => stopped);
    await new Promise((resolve) => setTimeout(resolve, 300 + random() * 1_500));
    const engines = engineChildren();
    const engine = engines[Math.floor(random() * engines.length)];
    if (engine !== undefined && round % 2 === 0) {
      context.diagnostic(`round ${round}: engine`);
      process.kill(engine, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, random() * 1_000));
      stopped = true;
      await loading;
    } else {
      context.diagnostic(`round ${round}: service`);
      const ending = service.end('SIGKILL');
      stopped = true;
      await Promise.all([ending, loading]);
      // One start in three is killed as well, before it is ready or soon after.
      if (round % 3 === 0) {
        context.diagnostic(`round ${round}: and its start`);
        const starting = service.run().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 100 + random() * 900));
        await service.end('SIGKILL');
        await starting;
      }
      await service.run();
    }
    await check(`round ${round}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  await check('after 20 s');
  context.diagnostic(
    `${sent.size} batches, ${[...sent.values()].filter((s) => s.acknowledged).length} acknowledged`,
  );
  assert.ok(readFileSync(`${service.data}/bootstrap.json`).length > 0);
});
