import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import { parseCheckpoint, printVerifierKey, verifyLedgerDirectory } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import { ManualClock, seededRandom } from '@strongroom/testkit';
import { ledgerOrigin } from './running-workspace.js';
import {
  simulatedId,
  simulatedSigner,
  simulatedWorld,
  textRoute,
} from './simulation-fixture.test.js';

/** A wall clock that jumps (years, backwards, a leap second, an hour) changes no order and no proof. */
const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

test('no jump of the clock changes the order, a proof, or which entries are held', async () => {
  const jumps = [yearMs * 5, -yearMs * 9, hourMs, -hourMs, 1000, -1000, yearMs * 30, -yearMs * 30];
  const clock = new ManualClock();
  const world = await simulatedWorld('clock', clock);
  const random = seededRandom('clock');
  let number = 0;
  const receipts: string[] = [];
  const checkpoints: string[] = [];
  for (let life = 0; life < 2; life += 1) {
    const workspace = await world.open({
      fs: world.disk,
      clock,
      random,
      writer: world.tables.writer(async () => undefined),
    });
    const settled = async (work: Promise<unknown>): Promise<void> => {
      let done = false;
      void work.finally(() => (done = true));
      for (let turns = 0; !done && turns < 20_000; turns += 1) await clock.advance(20);
      await work;
    };
    for (const jump of jumps) {
      clock.jump(jump);
      for (let entry = 0; entry < 3; entry += 1) {
        number += 1;
        const appending = workspace.append({
          workspaceId: simulatedId,
          route: textRoute,
          source: { kind: 'Application', id: 'sender' },
          rows: utf8(`{"n":"${number}"}\n`),
          rowCount: 1,
          shape: 'ndjson',
          retry: { principal: 'p', rule: 'r', requestId: `${number}` },
        });
        await settled(appending);
        receipts.push((await appending).receipt);
      }
      // Upkeep runs under the clock as it is now: pruning, forgetting requests, sealing.
      for (let at = 0; at < 16; at += 1) await clock.advance(120_000);
      const text = workspace.checkpoint();
      if (text !== undefined) checkpoints.push(text);
    }
    await settled(workspace.close());
  }
  const rows = world.tables
    .rows('Text_CL')
    .map((text) => Number((JSON.parse(text) as { n: string }).n));
  assert.deepEqual(
    rows,
    Array.from({ length: number }, (_, index) => index + 1),
    'every row once, in the order of its acknowledgement',
  );
  const sizes = checkpoints.map((text) => parseCheckpoint(text).size);
  assert.deepEqual(
    sizes,
    [...sizes].sort((a, b) => Number(a - b)),
    'checkpoints only grow',
  );
  const verdict = await verifyLedgerDirectory({
    directory: `${world.directory}/ledger`,
    fs: world.disk,
    sha256,
    verifySignature: verifyEd25519,
    publicKeys: [
      printVerifierKey(sha256, {
        name: ledgerOrigin(simulatedId),
        publicKey: simulatedSigner.publicKey,
      }),
    ],
    expected: checkpoints,
    receipts,
  });
  assert.deepEqual(verdict.problems, []);
});
