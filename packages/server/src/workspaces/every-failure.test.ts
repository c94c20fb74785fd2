import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import { printVerifierKey, verifyLedgerDirectory } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import { ManualClock, everyFailure, seededRandom, seedsFrom } from '@strongroom/testkit';
import type { FallibleWork } from '@strongroom/testkit';
import { ledgerOrigin } from './running-workspace.js';
import {
  simulatedId,
  simulatedSigner,
  simulatedWorld,
  textRoute,
} from './simulation-fixture.test.js';

/**
 * A whole workspace (keys, journal, records, ledger, cursors, accounts) whose n-th file operation fails,
 * for every n: what was answered with a receipt is in its table once and in the ledger.
 */
const long = seedsFrom(process.env, 20).count > 1_000;

async function workspace(): Promise<FallibleWork> {
  const clock = new ManualClock();
  const world = await simulatedWorld('every failure', clock);
  const random = seededRandom('every failure');
  const sent = new Set<string>();
  const acknowledged = new Set<string>();
  const receipts: string[] = [];
  const checkpoints: string[] = [];

  /** Time passes until it settles. */
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    let over = false;
    const ended = (): void => {
      over = true;
    };
    work.then(ended, ended);
    for (let turns = 0; !over; turns += 1) {
      if (turns > 5_000) throw new Error('it hangs');
      await clock.advance(turns < 50 ? 1 : 40);
    }
    return work;
  };

  return {
    disk: world.disk,
    async live(life) {
      const step = async (): Promise<void> => undefined;
      const open = await settled(
        world.open({
          fs: world.disk,
          clock,
          random: random.fork(`life ${life}`),
          writer: world.tables.writer(step),
          outcomes: world.tables.outcomes(step),
        }),
      );
      try {
        for (let batch = 0; batch < 3; batch += 1) {
          const text = `{"n":"${life}.${batch}"}`;
          sent.add(text);
          const { receipt } = await settled(
            open.append({
              workspaceId: simulatedId,
              route: textRoute,
              source: { kind: 'Application', id: 'sender' },
              rows: utf8(`${text}\n`),
              rowCount: 1,
              shape: 'ndjson',
              retry: { principal: 'p', rule: 'r', requestId: text },
            }),
          );
          acknowledged.add(text);
          receipts.push(receipt);
        }
        await settled(
          open.record({
            type: 'keyRotated',
            actor: { kind: 'Service', id: 'strongroom' },
            purpose: 'workspace',
            keyId: 'a',
          }),
        );
        const done = (): boolean => {
          const { applied, sealed, journalNext } = open.status();
          return applied === journalNext && sealed === journalNext;
        };
        for (let turns = 0; !done() && turns < 400; turns += 1) await clock.advance(100);
        if (life === 2) assert.ok(done(), 'all is applied and sealed');
        const checkpoint = open.checkpoint();
        if (checkpoint !== undefined) checkpoints.push(checkpoint);
      } finally {
        await settled(open.close());
      }
    },
    async check() {
      const counts = new Map<string, number>();
      for (const text of world.tables.rows('Text_CL')) {
        counts.set(text, (counts.get(text) ?? 0) + 1);
      }
      for (const text of acknowledged) assert.equal(counts.get(text), 1, text);
      for (const [text, count] of counts) assert.ok(sent.has(text) && count === 1, text);
      const { publicKey } = simulatedSigner;
      const verdict = await verifyLedgerDirectory({
        directory: `${world.directory}/ledger`,
        fs: world.disk,
        sha256,
        verifySignature: verifyEd25519,
        publicKeys: [printVerifierKey(sha256, { name: ledgerOrigin(simulatedId), publicKey })],
        expected: checkpoints,
        receipts,
      });
      assert.deepEqual(verdict.problems, []);
    },
  };
}

void test('a workspace keeps what it acknowledged, whichever file operation fails', async (context) => {
  const tried = await everyFailure(workspace, { stride: long ? 1 : 23 });
  context.diagnostic(`${tried} failures`);
  assert.ok(tried > 40);
});
