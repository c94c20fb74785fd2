import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import { openJournal } from '@strongroom/journal';
import { verifyEd25519 } from '@strongroom/keys';
import { leafHash, openLedger, rootOf } from '@strongroom/ledger';
import { sha256, systemClock } from '@strongroom/platform';
import { FaultyFs, seededRandom, testSegmentKeys, testSigner } from '@strongroom/testkit';
import { createLog } from '../log.js';
import { workspaceLimits } from './limits.js';
import { Sealer } from './sealer.js';

const log = createLog(() => undefined, Date.now);
const limits = { ...workspaceLimits, sealIntervalMs: 1, retryMsMin: 1, retryMsMax: 2 };
const clock: Clock = {
  now: () => Date.UTC(2026, 0, 1),
  monotonicMs: () => systemClock.monotonicMs(),
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 2), signal),
};

test('seals every entry, whether it was told of it or not, over failures and power cuts', async () => {
  const fs = new FaultyFs();
  const random = seededRandom('sealer');
  const keys = testSegmentKeys('sealer');
  const signer = testSigner('strongroom/test');
  const commitments: Uint8Array[] = [];
  for (let life = 0; life < 4; life += 1) {
    const ledger = await openLedger({
      directory: '/ledger',
      fs,
      sha256,
      clock,
      signer,
      origin: 'strongroom/test',
      verifySignature: verifyEd25519,
    });
    const journal = await openJournal({
      directory: '/j',
      journalId: 'j',
      fs,
      clock,
      random,
      keys,
      atLeast: ledger.size,
    });
    const alarms: string[] = [];
    const sealer = new Sealer({
      journal,
      ledger,
      clock,
      log,
      limits,
      alarm: (code) => alarms.push(code),
    });
    sealer.start();
    for (let entry = 0; entry < 20; entry += 1) {
      const appended = await journal.append({ metadata: utf8('m'), payload: utf8(`${entry}`) });
      commitments.push(appended.commitment);
      if (random.chance(0.7)) sealer.note(appended);
      if (random.chance(0.2)) {
        fs.fail({
          on: ['sync'],
          path: /^\/ledger/,
          code: 'EIO',
          effect: random.pick(['lost', 'done']),
        });
      }
      if (random.chance(0.3)) await systemClock.sleep(2);
    }
    for (let tries = 0; tries < 2_000 && sealer.sealed < journal.next; tries += 1) {
      await systemClock.sleep(1);
    }
    assert.equal(sealer.sealed, journal.next);
    assert.deepEqual(alarms, []);
    const root = rootOf(
      sha256,
      commitments.map((each) => leafHash(sha256, each)),
    );
    assert.deepEqual(sealer.checkpoint?.root, root);
    await journal.close();
    if (life % 2 === 0) await sealer.close().catch(() => undefined);
    fs.powerCut({ seed: life });
  }
});
