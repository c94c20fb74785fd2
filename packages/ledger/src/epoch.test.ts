import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '@strongroom/platform';
import { verifyEd25519 } from '@strongroom/keys';
import { testSigner } from '@strongroom/testkit';
import { signCheckpoint } from './checkpoint.js';
import { signEpoch, verifyEpoch } from './epoch.js';
import { parseVerifierKey, printVerifierKey } from './note.js';

const origin = 'strongroom/w';
const signer = testSigner(origin, 'epoch');
const key = parseVerifierKey(
  sha256,
  printVerifierKey(sha256, { name: origin, publicKey: signer.publicKey }),
);
const verifier = { sha256, verifySignature: verifyEd25519, keys: [key], origin };

async function statement(changes: { reason?: string; origin?: string } = {}): Promise<string> {
  const root = sha256(new Uint8Array([1]));
  const kept = await signCheckpoint(sha256, { origin, size: 5n, root, time: 1_000 }, signer);
  return signEpoch(
    sha256,
    { origin, number: 1n, time: 2_000, reason: 'the disk burned', ...changes, kept: kept.text },
    signer,
  );
}

test('a statement says which checkpoint is kept, why, and after which restore', async () => {
  const verdict = await verifyEpoch(await statement(), verifier);
  assert.ok(verdict.ok);
  const { number, reason, kept, time } = verdict.value;
  assert.deepEqual([number, reason, kept.size, time], [1n, 'the disk burned', 5n, 2_000]);
});

test('no changed character passes', async () => {
  const text = await statement();
  for (let at = 0; at < text.length; at += 1) {
    const other = text[at] === 'A' ? 'B' : 'A';
    const changed = text.slice(0, at) + other + text.slice(at + 1);
    const verdict = await verifyEpoch(changed, verifier);
    assert.equal(verdict.ok, false, `character ${at}`);
  }
});

test('another ledger’s, or another key’s, is refused', async () => {
  const other = testSigner(origin, 'other');
  const publicKey = printVerifierKey(sha256, { name: origin, publicKey: other.publicKey });
  const keys = [parseVerifierKey(sha256, publicKey)];
  assert.equal((await verifyEpoch(await statement(), { ...verifier, keys })).ok, false);
  const elsewhere = { ...verifier, origin: 'strongroom/v' };
  assert.equal((await verifyEpoch(await statement(), elsewhere)).ok, false);
  assert.equal(
    (await verifyEpoch(await statement({ origin: 'strongroom/v' }), verifier)).ok,
    false,
  );
});

test('a reason of several lines cannot be signed', async () => {
  await assert.rejects(statement({ reason: 'one\ntwo' }));
  await assert.rejects(statement({ reason: ' ' }));
});
