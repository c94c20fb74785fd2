import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import { printVerifierKey, verifyLedgerDirectory } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import { ManualClock, eachSeed, mortalFs, seededRandom, seedsFrom } from '@strongroom/testkit';
import type { SeededRandom } from '@strongroom/testkit';
import { ledgerOrigin } from './running-workspace.js';
import type { RunningWorkspace } from './running-workspace.js';
import {
  isStrongroomError,
  simulatedId,
  simulatedLimits,
  simulatedSigner,
  simulatedWorld,
  textRoute,
} from './simulation-fixture.test.js';
import type { SimulatedWorld } from './simulation-fixture.test.js';

/**
 * A whole workspace (journal, applier's cursor, ledger, requests' snapshot) on a disk that loses what
 * was not synced, in processes that die at any operation, under a sender that sends again until it
 * is answered: each acknowledged row is in its table once, and each receipt is kept.
 */
const seeds = seedsFrom(process.env, 20);

interface Batch {
  readonly requestId: string;
  readonly texts: readonly string[];
  /** When it was first sent; a sender gives up once the service may have forgotten the request. */
  readonly sentAt: number;
  acknowledged: boolean;
}

class Simulation {
  readonly random: SeededRandom;
  readonly world: SimulatedWorld;
  readonly batches: Batch[] = [];
  readonly receipts: string[] = [];
  readonly checkpoints: string[] = [];
  now: number;
  #number = 0;

  constructor(world: SimulatedWorld, seed: number, now: number) {
    this.world = world;
    this.random = seededRandom(`workspace/${seed}`);
    this.now = now;
  }

  /** One process: does random things until it dies or has done `steps`. True where it closed in order. */
  async life(options: { steps: number; operations: number; faults: boolean }): Promise<void> {
    const { random, world } = this;
    const clock = new ManualClock(this.now);
    const process = mortalFs(world.disk, options.operations);
    const never = new Promise<never>(() => undefined);
    let workspace: RunningWorkspace | undefined;

    /** Lets time pass until it settles; undefined where the process died or it was refused. */
    const during = async <T>(work: Promise<T>): Promise<T | undefined> => {
      let settled = false;
      let result: T | undefined;
      let failure: unknown;
      work.then(
        (value) => {
          settled = true;
          result = value;
        },
        (error: unknown) => {
          settled = true;
          failure = error;
        },
      );
      for (let turns = 0; !settled && !process.dead; turns += 1) {
        if (turns > 20_000) throw new Error('it hangs');
        await clock.advance(turns < 50 ? 1 : 40);
      }
      if (failure !== undefined && !isStrongroomError(failure)) throw failure;
      return failure === undefined ? result : undefined;
    };
    const passes = async (ms: number): Promise<void> => {
      for (let at = 0; at < 40 && !process.dead; at += 1) await clock.advance(Math.ceil(ms / 40));
    };
    const open = async (): Promise<void> => {
      for (let tries = 0; workspace === undefined && !process.dead; tries += 1) {
        assert.ok(tries < 10, 'it opens unaided');
        const step = async (): Promise<void> => {
          if (!process.dead && options.operations !== Infinity && random.chance(0.03)) {
            process.kill();
          }
          if (process.dead) await never;
        };
        const work = world.open({
          fs: process.fs,
          clock,
          random: random.fork(`process ${this.#number++}`),
          writer: world.tables.writer(step),
          outcomes: world.tables.outcomes(async () => {
            await step();
            // An engine that is busy or gone: it is asked again.
            if (options.faults && random.chance(0.3)) throw new Error('the engine is away');
          }),
        });
        // A planned failure may meet opening; a file operation's error is not one of ours there.
        workspace = await during(
          work.catch((error: unknown) => {
            if (!options.faults) throw error;
            return undefined;
          }),
        );
        if (!options.faults && !process.dead) assert.ok(workspace, 'it opens without a failure');
      }
    };
    const send = async (batch: Batch): Promise<void> => {
      const work = workspace!.append({
        workspaceId: simulatedId,
        route: textRoute,
        source: { kind: 'Application', id: 'sender' },
        rows: utf8(`${batch.texts.join('\n')}\n`),
        rowCount: batch.texts.length,
        shape: 'ndjson',
        retry: { principal: 'p', rule: 'r', requestId: batch.requestId },
      });
      const answer = await during(work);
      if (answer === undefined) return;
      if (batch.acknowledged) assert.ok(answer.repeated, 'a retry of what is held is recognised');
      batch.acknowledged = true;
      this.receipts.push(answer.receipt);
    };

    await open();
    for (let step = 0; step < options.steps && !process.dead; step += 1) {
      if (options.faults && random.chance(0.3)) {
        world.disk.fail({
          code: random.pick(['EIO', 'ENOSPC', 'EMFILE']),
          effect: random.pick(['lost', 'done', 'partial', 'halt']),
          nth: 1 + random.integer(40),
          times: 1 + random.integer(3),
        });
      }
      const open_ = this.batches.filter(({ sentAt }) => clock.now() - sentAt < window);
      switch (random.integer(8)) {
        case 0:
          await passes(random.integer(5_000));
          break;
        case 1:
          await passes(random.integer(90 * 60_000));
          break;
        case 2:
          if (open_.length > 0) await send(random.pick(open_));
          break;
        case 3:
          await during(workspace!.appendAudit('Operation', { Detail: `audit ${step}` }));
          break;
        case 4: {
          const checkpoint = workspace!.checkpoint();
          if (checkpoint !== undefined) this.checkpoints.push(checkpoint);
          break;
        }
        case 5:
          if (random.chance(0.4)) {
            await during(workspace!.close());
            workspace = undefined;
            await open();
          }
          break;
        default: {
          const fresh = Array.from({ length: 1 + random.integer(3) }, (): Batch => {
            const name = `${this.#number++}`;
            const size = 1 + random.integer(4);
            return {
              requestId: name,
              texts: Array.from(
                { length: size },
                (_, row) => `{"n":"${name}.${row} ${'x'.repeat(random.integer(600))}"}`,
              ),
              sentAt: clock.now(),
              acknowledged: false,
            };
          });
          this.batches.push(...fresh);
          await Promise.all(fresh.map(send));
        }
      }
    }
    if (options.operations === Infinity) await this.#settle(workspace!, clock, { send, during });
    process.kill();
    await process.died;
    this.now = clock.now() + 1;
  }

  /** The sender sends what it was not answered; then all is applied and sealed, and it is closed. */
  async #settle(
    workspace: RunningWorkspace,
    clock: ManualClock,
    by: {
      send: (batch: Batch) => Promise<void>;
      during: <T>(work: Promise<T>) => Promise<T | undefined>;
    },
  ): Promise<void> {
    const { disk } = this.world;
    disk.heal();
    for (const batch of this.batches) {
      if (clock.now() - batch.sentAt < window) await by.send(batch);
    }
    const done = (): boolean => {
      const { applied, sealed, journalNext } = workspace.status();
      return applied === journalNext && sealed === journalNext;
    };
    // Twice: the accounts of what came are rows as well, written within a minute.
    for (const atLeastMs of [0, 2 * simulatedLimits.accountingIntervalMs]) {
      const until = clock.now() + atLeastMs;
      for (let turns = 0; clock.now() < until || !done(); turns += 1) {
        assert.ok(turns < 2_000, 'everything is applied and sealed in the end');
        await clock.advance(atLeastMs === 0 ? 100 : 2_000);
      }
    }
    await by.during(workspace.close());
  }

  /** Stored = acknowledged, once each, plus at most whole batches that were never answered. */
  async check(): Promise<void> {
    const { tables, disk, directory } = this.world;
    const stored = new Map<string, number>();
    for (const text of tables.rows('Text_CL')) stored.set(text, (stored.get(text) ?? 0) + 1);
    for (const { texts, acknowledged, requestId } of this.batches) {
      const counts = texts.map((text) => stored.get(text) ?? 0);
      for (const text of texts) stored.delete(text);
      const expected = acknowledged ? [1] : [0, 1];
      assert.ok(
        expected.includes(counts[0]!) && counts.every((count) => count === counts[0]),
        `batch ${requestId} (${acknowledged ? 'acknowledged' : 'not answered'}): ${counts.join()}`,
      );
    }
    assert.equal(stored.size, 0, 'nothing is stored that nobody sent');
    const origin = ledgerOrigin(simulatedId);
    const publicKey = printVerifierKey(sha256, {
      name: origin,
      publicKey: simulatedSigner.publicKey,
    });
    const verdict = await verifyLedgerDirectory({
      directory: `${directory}/ledger`,
      fs: disk,
      sha256,
      verifySignature: verifyEd25519,
      publicKeys: [publicKey],
      expected: this.checkpoints,
      receipts: this.receipts,
    });
    assert.deepEqual(verdict.problems, []);
    this.#checkAccounts();
  }

  /** Whatever failed or died: each batch that is held is accounted for once, and each row stored. */
  #checkAccounts(): void {
    const sums = { received: 0, repeated: 0, stored: 0, other: 0 };
    for (const text of this.world.tables.rows('IngestionAccounting')) {
      const row = JSON.parse(text) as Record<string, unknown>;
      if (row['TableName'] !== 'Text_CL') continue;
      sums.received += Number(row['RowsReceived']);
      sums.repeated += Number(row['RowsRepeated']);
      sums.stored += Number(row['RowsStored']);
      for (const name of ['RowsFiltered', 'RowsDeadLettered', 'RowsDropped']) {
        sums.other += Number(row[name]);
      }
    }
    const held = this.world.tables.rows('Text_CL').length;
    assert.deepEqual(
      { received: sums.received - sums.repeated, stored: sums.stored, other: sums.other },
      { received: held, stored: held, other: 0 },
      'the accounts say what is stored',
    );
  }
}

const window = simulatedLimits.retryWindowMs - 30 * 60_000;

async function simulate(seed: number): Promise<void> {
  const clock = new ManualClock();
  const world = await simulatedWorld(seed, clock);
  const simulation = new Simulation(world, seed, clock.now());
  const { random } = simulation;
  const calm = seed % 8 === 7;
  for (let cut = 0; cut < 3; cut += 1) {
    const operations = calm ? Infinity : 1 + random.integer(random.pick([60, 300, 900]));
    await simulation.life({ steps: 12, operations, faults: !calm && random.chance(0.4) });
    if (random.chance(0.3)) world.disk.crash();
    else world.disk.powerCut({ seed: `${seed}/${cut}` });
  }
  await simulation.life({ steps: 4, operations: Infinity, faults: false });
  // What the last closing counted is in rows after the next start.
  await simulation.life({ steps: 0, operations: Infinity, faults: false });
  await simulation.check();
}

void test(`keeps every acknowledged row once, and every receipt, over power cuts (${seeds.count} seeds)`, async () => {
  await eachSeed(seeds, simulate);
});

/** Where the accounts once said something else than the tables did. */
const accountsWereWrong = [1, 103, 150, 2191];
void test('the accounts say what is stored, also where counting was cut off and begun again', async () => {
  for (const first of accountsWereWrong) await eachSeed({ first, count: 1 }, simulate);
});
