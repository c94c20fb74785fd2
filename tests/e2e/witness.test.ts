import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { verifyEd25519 } from '@strongroom/keys';
import {
  consistencyProof,
  leafHash,
  parseVerifierKey,
  printAddCheckpoint,
  printHandOverText,
  printVerifierKey,
  rootOf,
  signCheckpoint,
  signEpoch,
  signHandOver,
  verifyNote,
} from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import { testSigner } from '@strongroom/testkit';
import { cli, signInAdministrator } from '../support/cli.js';
import { eventually, repository, Service } from '../support/service.js';

/** `strongroom witness` as a process, asked as c2sp.org/tlog-witness says, and by a real service. */
let directory: string;
let witness: ChildProcess;
let url: string;
let key: string;
let service: Service | undefined;
const origin = `strongroom/${randomUUID()}`;
const signer = testSigner(origin);
const program = join(repository, 'packages', 'cli', 'bin', 'strongroom.js');

async function run(logs: string): Promise<void> {
  witness = spawn(
    process.execPath,
    [
      program,
      'witness',
      '--name',
      'witness.example/one',
      '--state',
      join(directory, 'state'),
      '--log',
      logs,
      '--listen',
      '127.0.0.1:0',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface({ input: witness.stdout! })) {
    if (line.startsWith('witness http')) {
      url = line.slice(8);
      return;
    }
    key = line;
  }
  throw new Error('the witness ended');
}

async function stop(): Promise<void> {
  const ended = new Promise((resolve) => witness.once('exit', resolve));
  witness.kill('SIGINT');
  await ended;
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'strongroom-witness-'));
  const logKey = printVerifierKey(sha256, { name: origin, publicKey: signer.publicKey });
  await writeFile(join(directory, 'logs'), `${logKey}\n`);
  await run(join(directory, 'logs'));
});
after(async () => {
  witness.kill('SIGKILL');
  await service?.remove();
  await rm(directory, { recursive: true, force: true });
});

const leaves = Array.from({ length: 20 }, (_, n) => leafHash(sha256, new Uint8Array(32).fill(n)));
const forked = leaves.map((leaf, n) => (n === 2 ? sha256(leaf) : leaf));

async function ask(
  size: number,
  oldSize: number,
  options: { tree?: Uint8Array[]; hashes?: Uint8Array[]; by?: typeof signer } = {},
): Promise<{ status: number; text: string }> {
  const { tree = leaves, by = signer } = options;
  const root = rootOf(sha256, tree.slice(0, size));
  const head = { origin, size: BigInt(size), root, time: 1_790_000_000_000 };
  const { text: checkpoint } = await signCheckpoint(sha256, head, { ...by, keyName: origin });
  const fitting = oldSize <= size ? consistencyProof(sha256, tree.slice(0, size), oldSize) : [];
  const { hashes = fitting } = options;
  const answer = await fetch(`${url}/add-checkpoint`, {
    method: 'POST',
    body: printAddCheckpoint({ oldSize: BigInt(oldSize), hashes, checkpoint }),
  });
  return { status: answer.status, text: await answer.text() };
}

test('a witness signs what continues what it saw, also after a restart, and nothing else', async () => {
  const first = await ask(5, 0);
  assert.equal(first.status, 200, first.text);
  assert.match(first.text, /^\u2014 witness\.example\/one [A-Za-z0-9+/=]+\n$/u);
  assert.deepEqual(await ask(9, 0), { status: 409, text: '5\n' });
  assert.equal((await ask(9, 5)).status, 200);
  await stop();
  await run(join(directory, 'logs'));
  // It went back, it forked, it is not shown to continue, it is signed by somebody else.
  assert.equal((await ask(7, 9)).status, 400);
  assert.deepEqual(await ask(7, 5), { status: 409, text: '9\n' });
  assert.equal((await ask(12, 9, { tree: forked })).status, 422);
  assert.deepEqual(await ask(9, 9, { tree: forked }), { status: 409, text: '9\n' });
  assert.equal((await ask(12, 9, { hashes: [] })).status, 422);
  assert.equal((await ask(12, 9, { by: testSigner('another') })).status, 403);
  const malformed = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: 'old x\n\n' });
  assert.equal(malformed.status, 400);
  assert.equal((await ask(12, 9)).status, 200);
});

test('a witness takes a stated restore and a replaced key once, and nothing else', async () => {
  const tell = async (what: string, body: string): Promise<number> =>
    (await fetch(`${url}/${what}`, { method: 'POST', body })).status;
  const keyed = (by: typeof signer) => ({ ...by, keyName: origin });
  const restored = async (number: bigint, size: number, by = signer): Promise<string> => {
    const root = rootOf(sha256, leaves.slice(0, size));
    const head = { origin, size: BigInt(size), root, time: 1_790_000_000_000 };
    const { text: kept } = await signCheckpoint(sha256, head, keyed(by));
    return signEpoch(sha256, { origin, number, time: 1, reason: 'r', kept }, keyed(by));
  };
  const other = testSigner('another');
  assert.equal(await tell('add-epoch', await restored(1n, 9, other)), 403);
  assert.equal(await tell('add-epoch', await restored(1n, 13)), 409, 'more than was seen');
  assert.equal(await tell('add-epoch', await restored(1n, 9)), 200);
  assert.equal(await tell('add-epoch', await restored(1n, 8)), 409, 'once');
  assert.equal(await tell('add-epoch', 'x'), 404);
  // From there on it goes another way.
  const another = leaves.map((leaf, n) => (n < 9 ? leaf : sha256(leaf)));
  assert.equal((await ask(12, 9, { tree: another })).status, 200);

  const next = testSigner(origin, 'next');
  const handOver = (from: typeof signer): Promise<string> =>
    signHandOver(
      sha256,
      { origin, number: 1n, time: 1, size: 12n, root: rootOf(sha256, another.slice(0, 12)) },
      { from: keyed(from), to: keyed(next) },
    );
  const file = async (from: typeof signer): Promise<string> =>
    printHandOverText(sha256, [await handOver(from)]);
  assert.equal((await ask(13, 12, { tree: another, by: next })).status, 403);
  assert.equal(await tell('add-hand-overs', await file(other)), 403);
  assert.equal(await tell('add-hand-overs', 'x'), 400);
  assert.equal(await tell('add-hand-overs', await file(signer)), 200);
  assert.equal((await ask(13, 12, { tree: another, by: next })).status, 200);
  assert.equal((await ask(14, 13, { tree: another })).status, 403, 'the old key is over');
});

test('a service shows its checkpoints to its witness, keeps the signatures, and exports them', async () => {
  await stop();
  // The witness has to know the ledger's key before: the service is started once for it.
  const exported = join(directory, 'checkpoints');
  service = await Service.start({ flags: ['--checkpoint-export', exported] });
  const [region] = await readdir(join(service.data, 'regions'));
  const { workspaceId } = service.bootstrap;
  const ledger = join(service.data, 'regions', region!, 'workspaces', workspaceId, 'ledger');
  await eventually(
    async () => readFile(exported, 'utf8').catch(() => ''),
    (text) => text.includes(workspaceId),
  );
  await service.end();
  await run(join(ledger, 'public-keys'));
  await service.run(['--witnesses', `${url}=${key}`]);
  const sent = await cli(service, ['--data', service.data, 'send'], {
    input: `${JSON.stringify({ TimeGenerated: new Date().toISOString(), RawData: 'x' })}\n`,
  });
  assert.equal(sent.code, 0, sent.notes);
  const cosigned = await eventually(
    async () => readFile(join(ledger, 'cosigned'), 'utf8').catch(() => ''),
    (text) => text.includes('witness.example/one'),
  );
  const verdict = await verifyNote(cosigned, {
    sha256,
    verifySignature: verifyEd25519,
    keys: [parseVerifierKey(sha256, key)],
  });
  assert.equal(verdict.ok, true, cosigned);
  // It is a checkpoint like any other: the ledger has to continue it.
  const verified = await cli(service, ['verify', ledger, '--since', join(ledger, 'cosigned')]);
  assert.equal(verified.code, 0, verified.out);

  // The signing key is replaced: the service tells the witness who vouches for the new one.
  await signInAdministrator(service);
  const rotated = await cli(service, ['keys', 'rotate', '--what', 'signing']);
  assert.equal(rotated.code, 0, rotated.notes);
  await cli(service, ['--data', service.data, 'send'], {
    input: `${JSON.stringify({ TimeGenerated: new Date().toISOString(), RawData: 'y' })}\n`,
  });
  const [newest] = (await readFile(join(ledger, 'public-keys'), 'utf8')).split('\n');
  const isByNewest = async (text: string): Promise<boolean> => {
    const keys = [parseVerifierKey(sha256, newest!)];
    return (await verifyNote(text, { sha256, verifySignature: verifyEd25519, keys })).ok;
  };
  let shown = '';
  const again = await eventually(
    async () => {
      shown = await readFile(join(ledger, 'cosigned'), 'utf8');
      return isByNewest(shown);
    },
    (is) => is,
  );
  assert.ok(again && shown.includes('witness.example/one'), shown);
});
