import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { equalBytes } from '@strongroom/base';
import { systemClock } from '@strongroom/platform';
import { FaultyFs, eachSeed, seededRandom, seedsFrom, testSegmentKeys } from '@strongroom/testkit';
import type { SeededRandom } from '@strongroom/testkit';
import type { Batch, Positions } from './batch.js';
import { Health } from './health.js';
import { limits } from './limits.js';
import { openSpool } from './spool.js';
import type { Spool, SpoolEntry } from './spool.js';
import type { Sealer } from './sealed-file.js';

/** Keeps the context with the value; the real one is tested with the whole agent. */
const sealer: Sealer = {
  seal: (plain, context) => Buffer.concat([Buffer.from(`${context}|`), plain]),
  open: (sealed, context) => {
    const prefix = `${context}|`;
    assert.equal(Buffer.from(sealed).toString('latin1', 0, prefix.length), prefix);
    return sealed.subarray(prefix.length);
  },
};
const never = new AbortController().signal;

class Bench {
  readonly fs = new FaultyFs({ capacityBytes: 2 ** 30 });
  readonly random: SeededRandom;
  health = new Health();

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  open(bytesMax: number = limits.spoolBytesMin): Promise<Spool> {
    return openSpool({
      directory: '/state/spool',
      agentId: 'agent',
      fs: this.fs,
      clock: systemClock,
      random: this.random,
      keys: testSegmentKeys(1),
      sealer,
      health: this.health,
      bytesMax,
    });
  }

  batch(stream: string, text: string, positions: Positions = {}): Batch {
    return {
      stream,
      rowCount: 1,
      plainBytes: text.length,
      payload: new Uint8Array(gzipSync(text)),
      positions,
    };
  }

  bulk(stream: string): Batch {
    return {
      stream,
      rowCount: 1,
      plainBytes: 1,
      payload: this.random.bytes(900_000),
      positions: {},
    };
  }
}

const soon = (): AbortSignal => AbortSignal.timeout(150);

test('gives batches in order, state first, and keeps request ids and positions over a restart', async () => {
  const bench = new Bench();
  let spool = await bench.open();
  assert.equal(spool.firstStart, true);
  await spool.append('logs', bench.batch('L', 'one', { a: ['x', 1] }), never);
  await spool.append('logs', bench.batch('L', 'two', { a: ['x', 2], b: 'cursor' }), never);
  await spool.append('state', bench.batch('S', 'beat'), never);
  const first = await spool.take(never);
  assert.equal(first?.stream, 'S');
  const second = await spool.take(never);
  spool.sent(first);
  await spool.append('logs', bench.batch('L', 'three', { b: null }), never);
  // Not closed: the process died. What was being sent is sent again, under the same id.
  spool = await bench.open();
  assert.equal(spool.firstStart, false);
  assert.deepEqual([...spool.positions], [['a', ['x', 2]]]);
  const again: SpoolEntry[] = [];
  for (let count = 0; count < 4; count += 1) again.push((await spool.take(never))!);
  assert.equal(again[0]!.stream, 'S');
  assert.equal(again[1]!.requestId, second!.requestId);
  assert.equal(new Set(again.map((entry) => entry.requestId)).size, 4);
  for (const entry of again) spool.sent(entry);
  await spool.close();
  spool = await bench.open();
  assert.equal(await spool.take(soon()), undefined);
  assert.deepEqual([...spool.positions], [['a', ['x', 2]]]);
  assert.deepEqual(spool.status.streams['L'], { collected: 3, sent: 3, refused: 0, dropped: 0 });
  await spool.close();
});

test('when full, performance data is dropped oldest first and counted, and logs wait', async () => {
  const bench = new Bench();
  const spool = await bench.open();
  for (let count = 0; count < 6; count += 1)
    await spool.append('performance', bench.bulk('Perf'), never);
  let appended = 0;
  await assert.rejects(async () => {
    for (;;) {
      await spool.append('logs', bench.bulk('L'), soon());
      appended += 1;
    }
  });
  assert.equal(spool.status.waiting.performance, 0);
  assert.equal(spool.status.streams['Perf']?.dropped, 6);
  assert.equal(bench.health.totals['rows dropped'], 6);
  assert.ok(spool.status.bytes <= limits.spoolBytesMin);
  assert.equal(spool.status.waiting.logs, appended);
  assert.ok(appended >= 14, String(appended));
  // Performance data now has no room; heartbeats still have.
  await spool.append('performance', bench.bulk('Perf'), never);
  assert.equal(spool.status.streams['Perf']?.dropped, 7);
  await spool.append('state', bench.batch('S', 'beat'), never);
  assert.equal(spool.status.waiting.state, 1);
  // Room comes back when batches leave.
  const waiting = spool.append('logs', bench.bulk('L'), never);
  for (let count = 0; count < 12; count += 1) spool.sent((await spool.take(never))!);
  await spool.store();
  await waiting;
  await spool.close();
});

test('a disk without space makes logs wait and drops performance data, until there is space', async () => {
  const bench = new Bench();
  const spool = await bench.open();
  await spool.append('logs', bench.batch('L', 'one'), never);
  const filler = await bench.fs.open('/filler', 'create');
  const free = await bench.fs.freeBytes('/');
  await filler.write(free - limits.diskReservedBytes, new Uint8Array(1024));
  // Free space is measured now and then, not for each batch.
  await systemClock.sleep(1100);
  const waiting = spool.append('logs', bench.batch('L', 'two'), never);
  await spool.append('performance', bench.batch('Perf', 'x'), never);
  assert.equal(spool.status.streams['Perf']?.dropped, 1);
  await spool.append('state', bench.batch('S', 'beat'), never);
  assert.equal(spool.status.full, true);
  assert.deepEqual(spool.status.waiting, { state: 1, performance: 0, logs: 1 });
  await filler.close();
  await bench.fs.remove('/filler');
  await waiting;
  assert.equal(spool.status.waiting.logs, 2);
  await spool.close();
});

test('a backlog is read back from the disk as it was written', async () => {
  const bench = new Bench();
  let spool = await bench.open(64 * 1024 * 1024);
  const payloads: Uint8Array[] = [];
  for (let count = 0; count < 30; count += 1) {
    const batch = bench.bulk('L');
    payloads.push(batch.payload);
    await spool.append('logs', batch, never);
  }
  for (let count = 0; count < 30; count += 1) {
    const entry = (await spool.take(never))!;
    assert.ok(equalBytes(entry.payload, payloads[count]!));
    if (count % 7 === 3) {
      spool.putBack(entry);
      const same = (await spool.take(never))!;
      assert.equal(same.requestId, entry.requestId);
      assert.ok(equalBytes(same.payload, payloads[count]!));
      spool.sent(same);
    } else spool.sent(entry);
    if (count === 15) {
      await spool.close();
      spool = await bench.open(64 * 1024 * 1024);
    }
  }
  await spool.close();
  assert.ok(bench.fs.usedBytes < 8 * 1024 * 1024, 'sent segments are removed');
});

test('refused batches are kept aside up to a share of the spool', async () => {
  const bench = new Bench();
  const spool = await bench.open();
  for (let count = 0; count < 8; count += 1) {
    await spool.append('logs', bench.bulk('L'), never);
    await spool.setAside((await spool.take(never))!, '400');
  }
  assert.equal(spool.status.streams['L']?.refused, 8);
  assert.ok(spool.status.refusedEntries < 8);
  assert.equal(spool.status.waiting.logs, 0);
  await spool.close();
});

test('no cut of power, and no failing operation, loses a durable batch or a position apart from its rows', async () => {
  await eachSeed(seedsFrom(process.env, 40), async (seed) => {
    const bench = new Bench(seed);
    const { random } = bench;
    /** What the collector read: numbers 1 to `collected`, each in one batch, until it is durable. */
    let collected = 0;
    const delivered = new Set<number>();
    for (let life = 0; life < 4; life += 1) {
      const last = life === 3;
      const spool = await opened(bench, last);
      if (spool !== undefined) {
        const position = spool.positions.get('source') as [number] | undefined;
        const resumed = position?.[0] ?? 0;
        assert.ok(resumed >= collected, `resumes at ${resumed} behind ${collected}`);
        collected = resumed;
        const aborted = new AbortController();
        if (!last) {
          const effect = random.pick(['lost', 'done', 'partial', 'halt'] as const);
          const code = random.pick(['EIO', 'ENOSPC', 'EMFILE']);
          const nth = 1 + random.integer(60);
          if (random.chance(0.5)) bench.fs.fail({ code, effect, nth, times: 1 });
          bench.fs.fail({
            code: 'EIO',
            effect: 'halt',
            nth: 1 + random.integer(90),
            times: Infinity,
          });
        }
        for (let step = 0; step < 25; step += 1) {
          const action = random.integer(10);
          if (action < 5) {
            const number = collected + 1;
            const appending = spool.append(
              'logs',
              bench.batch('L', String(number), { source: [number] }),
              aborted.signal,
            );
            // A disk that stays dead: the spool waits for it, so the collector is stopped.
            const waits = setTimeout(() => aborted.abort(), last ? 60_000 : 10);
            const done = await appending.then(
              () => true,
              () => false,
            );
            clearTimeout(waits);
            if (!done) break;
            collected = number;
          } else if (action < 8) {
            const entry = await spool.take(AbortSignal.timeout(1)).catch(() => undefined);
            if (entry !== undefined) {
              delivered.add(numberIn(entry));
              spool.sent(entry);
            }
          } else await spool.store().catch(() => undefined);
        }
        if (last) await drain(spool, delivered);
      }
      if (random.chance(0.3)) bench.fs.crash();
      else bench.fs.powerCut({ seed: `${seed}/${life}` });
    }
    assert.deepEqual(
      [...delivered].sort((a, b) => a - b),
      Array.from({ length: collected }, (_, index) => index + 1),
      'each batch that became durable was delivered',
    );
  });
});

const numberIn = (entry: SpoolEntry): number => Number(gunzipSync(entry.payload).toString());

/** Opens the spool; where nothing fails it must open. */
async function opened(bench: Bench, sure: boolean): Promise<Spool | undefined> {
  if (sure) return bench.open();
  return bench.open().catch(() => undefined);
}

async function drain(spool: Spool, delivered: Set<number>): Promise<void> {
  for (;;) {
    const entry = await spool.take(AbortSignal.timeout(1));
    if (entry === undefined) break;
    delivered.add(numberIn(entry));
    spool.sent(entry);
  }
  await spool.close();
}
