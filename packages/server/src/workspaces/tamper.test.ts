import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { utf8 } from '@strongroom/base';
import { openEngine } from '@strongroom/engine';
import type { Engine } from '@strongroom/engine';
import { openJournal, readJournalOffline } from '@strongroom/journal';
import { openWorkspaceKeys, verifyEd25519 } from '@strongroom/keys';
import type { WorkspaceKeys } from '@strongroom/keys';
import { openLedger, printVerifierKey } from '@strongroom/ledger';
import { nodeFileSystem, sha256, systemClock, systemRandom } from '@strongroom/platform';
import { ticksPerMillisecond, unixEpochTicks } from '@strongroom/sql';
import { openDiskKeys } from './disk-keys.js';
import { encodeRecord, serviceActor } from './record.js';
import { RecordStore } from './record-store.js';
import { ledgerOrigin, recordsJournalId } from './running-workspace.js';
import type { RunningWorkspace } from './running-workspace.js';
import { workspaceSegmentKeys } from './segment-keys.js';
import { appendEvents, eventColumns, settle, workspaceFixture } from './workspace-fixture.test.js';
import type { WorkspaceFixture } from './workspace-fixture.test.js';

/**
 * What an attacker with root on the disk, and where it says so with every key of the service, can do
 * to a workspace, and what `strongroom verify` then says. The table in SECURITY.md is this file.
 */
const program = join(
  dirname(fileURLToPath(import.meta.url)),
  '..',
  '..',
  '..',
  'cli',
  'bin',
  'strongroom.js',
);
let fixture: WorkspaceFixture;
let other: WorkspaceFixture;
let scratch: string;
/** The directory as it was early, and as it is now. */
let early: string;
/** What others kept: checkpoints and receipts, as files. */
let kept: { early: string; late: string; earlyReceipt: string; lateReceipt: string; key: string };
let copies = 0;

async function caughtUp(workspace: RunningWorkspace, position: bigint): Promise<void> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    await settle(workspace);
    if (workspace.committed > position) return;
    await systemClock.sleep(5);
  }
  throw new Error('nothing was committed to');
}

const events = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    TimeGenerated: `2026-01-01T00:00:${String((from + n) % 60).padStart(2, '0')}Z`,
    Message: `message ${from + n}`,
    Count: from + n,
  }));

async function keep(name: string, text: string): Promise<string> {
  const path = join(scratch, name);
  await writeFile(path, text);
  return path;
}

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'strongroom-tamper-'));
  fixture = await workspaceFixture();
  other = await workspaceFixture();
  for (const each of [other, fixture]) {
    const workspace = await each.open();
    let last = await appendEvents(workspace, events(0, 4));
    const receipts = [last.receipt];
    for (let batch = 1; batch < 4; batch += 1) {
      last = await appendEvents(workspace, events(batch * 10, 4));
      receipts.push(last.receipt);
    }
    await caughtUp(workspace, last.sequence);
    const checkpoint = workspace.checkpoint()!;
    await workspace.close();
    if (each === other) continue;
    early = join(scratch, 'early', fixture.id);
    await cp(fixture.directory, early, { recursive: true });
    const again = await each.open();
    await again.record({
      type: 'lockSet',
      actor: serviceActor,
      name: 'l',
      level: 'ReadOnly',
      scope: '/',
    });
    last = await appendEvents(again, events(100, 4));
    await caughtUp(again, last.sequence);
    const origin = ledgerOrigin(fixture.id);
    kept = {
      early: await keep('early.checkpoint', checkpoint),
      late: await keep('late.checkpoint', again.checkpoint()!),
      earlyReceipt: await keep('early.receipt', `${receipts[1]!}\n`),
      lateReceipt: await keep('late.receipt', `${last.receipt}\n`),
      key: await keep(
        'keys',
        `${printVerifierKey(sha256, { name: origin, publicKey: fixture.signer.publicKey })}\n`,
      ),
    };
    await again.close();
  }
});
after(async () => {
  await fixture.remove();
  await other.remove();
  await rm(scratch, { recursive: true, force: true });
});

/** A copy to tamper with: a directory that is named as the workspace. */
async function copyOf(source = fixture.directory): Promise<string> {
  const copy = join(scratch, `copy-${(copies += 1)}`, fixture.id);
  await cp(source, copy, { recursive: true });
  return copy;
}

/** Runs `strongroom verify`; gives the exit code and all that it says. */
function verify(
  directory: string,
  ...flags: string[]
): Promise<{ code: number | null; out: string }> {
  const rootKey = join(fixture.directory, '..', '..', '..', '..', '..', 'root.key');
  const args = ['verify', directory, '--public-key', kept.key, '--root-key', rootKey, ...flags];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      env: { PATH: process.env['PATH'] ?? '', HOME: scratch },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out }));
  });
}

async function found(directory: string, what: RegExp, ...flags: string[]): Promise<void> {
  const { code, out } = await verify(directory, ...flags);
  assert.equal(code, 5, out);
  assert.match(out, what);
}

async function notFound(directory: string, ...flags: string[]): Promise<void> {
  const { code, out } = await verify(directory, ...flags);
  assert.equal(code, 0, out);
}

const segments = async (directory: string): Promise<string[]> =>
  (await readdir(join(directory, 'journal')))
    .filter((name) => name.endsWith('.segment'))
    .map((name) => join(directory, 'journal', name));

/** Frames of a segment: where they begin, and how long they are. */
async function frames(directory: string): Promise<{ path: string; at: number; size: number }[]> {
  const list: { path: string; at: number; size: number }[] = [];
  const names = await segments(directory);
  let path = '';
  for await (const finding of readJournalOffline({
    directory: join(directory, 'journal'),
    fs: nodeFileSystem,
  })) {
    if (finding.kind === 'segment') path = finding.path;
    if (finding.kind !== 'entry') continue;
    const bytes = await readFile(names.find((name) => path.endsWith(name.split('/').at(-1)!))!);
    list.push({ path, at: finding.offset, size: 128 + bytes.readUInt32BE(finding.offset + 36) });
  }
  return list;
}

async function change(path: string, edit: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(path);
  edit(bytes);
  await writeFile(path, bytes);
}

const keysOf = (): Promise<WorkspaceKeys> =>
  openWorkspaceKeys({
    provider: fixture.keyProvider,
    record: fixture.record.keyRecord,
    workspaceId: fixture.id,
    random: systemRandom,
  });

/** The engine, in the hands of someone who has its keys. */
async function withEngine(
  directory: string,
  act: (engine: Engine) => Promise<void>,
): Promise<void> {
  const keys = await keysOf();
  const diskKeys = await openDiskKeys({
    path: join(directory, 'engine-keys'),
    fs: nodeFileSystem,
    keys,
  });
  const engine = await openEngine({
    directory: join(directory, 'engine'),
    diskKeys,
    clock: systemClock,
  });
  try {
    await act(engine);
  } finally {
    await engine.close();
    keys.close();
  }
}

const table = { name: 'Events_CL', columns: eventColumns, fullTextColumns: ['Message'] };

/** Puts rows under a position, as if they had come with it. */
async function plant(engine: Engine, position: bigint, rows: readonly object[]): Promise<void> {
  await engine.insert({
    range: { from: position, to: position + 1n },
    table,
    input: eventColumns,
    entries: [
      {
        position,
        timeReceivedTicks: BigInt(systemClock.now()) * ticksPerMillisecond + unixEpochTicks,
        ndjson: utf8(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
        rowCount: rows.length,
      },
    ],
  });
}

/** The commitments of the journal, in order. */
async function commitmentsOf(directory: string): Promise<Uint8Array[]> {
  const list: Uint8Array[] = [];
  for await (const finding of readJournalOffline({
    directory: join(directory, 'journal'),
    fs: nodeFileSystem,
  })) {
    if (finding.kind === 'entry') list.push(finding.commitment);
  }
  return list;
}

/** Makes the ledger anew over other leaves and signs it: with the stolen, present key. */
async function reseal(directory: string, leaves: readonly Uint8Array[]): Promise<void> {
  await rm(join(directory, 'ledger'), { recursive: true });
  const origin = ledgerOrigin(fixture.id);
  const ledger = await openLedger({
    directory: join(directory, 'ledger'),
    fs: nodeFileSystem,
    sha256,
    clock: systemClock,
    origin,
    signer: {
      keyName: origin,
      publicKey: fixture.signer.publicKey,
      sign: (message) => fixture.signer.sign(message),
    },
    verifySignature: verifyEd25519,
  });
  await ledger.append(leaves, 0n);
  await ledger.seal();
  await ledger.close();
}

/** Writes the records' journal anew, with every key, from what `choose` leaves of it. */
async function rewriteRecords(
  directory: string,
  choose: (record: { type: string; position: bigint }) => boolean,
  forged: readonly ReturnType<typeof encodeRecord>[] = [],
): Promise<void> {
  const keys = await keysOf();
  const open = async (path: string): Promise<RecordStore> =>
    RecordStore.open(
      await openJournal({
        directory: path,
        journalId: recordsJournalId(fixture.id),
        fs: nodeFileSystem,
        clock: systemClock,
        random: systemRandom,
        keys: workspaceSegmentKeys(keys),
      }),
    );
  const old = await open(join(directory, 'records'));
  const list = [];
  for await (const each of old.read()) {
    if (choose({ type: each.record.type, position: each.position })) list.push(each);
  }
  const at = list.at(-1)!;
  await old.close();
  await rm(join(directory, 'records'), { recursive: true });
  await nodeFileSystem.makeDirectory(join(directory, 'records'));
  const fresh = await open(join(directory, 'records'));
  await fresh.keep(list);
  await fresh.keep(
    forged.map((entry, n) => ({
      ...at,
      ...entry,
      position: at.position + BigInt(n + 1),
    })),
  );
  await fresh.close();
  keys.close();
}

describe('what an attacker with root on the disk does, and what finds it', () => {
  test('nothing: what was not tampered with verifies, with all that was kept', async () => {
    const copy = await copyOf();
    await notFound(
      copy,
      '--deep',
      '--since',
      kept.early,
      kept.late,
      '--receipt',
      kept.earlyReceipt,
      kept.lateReceipt,
    );
  });

  test('edits an entry in the journal', async () => {
    const copy = await copyOf();
    const [frame] = await frames(copy);
    await change((await segments(copy))[0]!, (bytes) => {
      bytes[frame!.at + 200]! ^= 1;
    });
    await found(copy, /JOURNAL_DAMAGED/);
  });

  test('deletes a segment of the journal', async () => {
    const copy = await copyOf();
    await rm((await segments(copy))[0]!);
    await found(copy, /JOURNAL_DAMAGED/);
  });

  test('swaps two entries of the journal', async () => {
    const copy = await copyOf();
    const list = await frames(copy);
    const [a, b] = list.flatMap((one, n) =>
      list
        .slice(n + 1)
        .filter((two) => two.size === one.size && two.path === one.path)
        .map((two) => [one, two] as const),
    )[0]!;
    const path = (await segments(copy)).find((each) => a.path.endsWith(each.split('/').at(-1)!))!;
    await change(path, (bytes) => {
      const first = Buffer.from(bytes.subarray(a.at, a.at + a.size));
      bytes.copyWithin(a.at, b.at, b.at + b.size);
      first.copy(bytes, b.at);
    });
    await found(copy, /JOURNAL_DAMAGED/);
  });

  test('exchanges the segments of two workspaces', async () => {
    const copy = await copyOf();
    await rm(join(copy, 'journal'), { recursive: true });
    await cp(join(other.directory, 'journal'), join(copy, 'journal'), { recursive: true });
    await found(copy, /LEDGER_ENTRY_DIFFERS/);
  });

  test('changes a row in a table, with the disk keys', async () => {
    const copy = await copyOf();
    await withEngine(copy, async (engine) => {
      await engine.deleteRange(table, { from: 0n, to: 1n });
      await plant(engine, 0n, [{ ...events(0, 1)[0], Message: 'nothing' }, ...events(1, 3)]);
    });
    await notFound(copy);
    await found(
      copy,
      /ROWS_(CHANGED|MISSING).*Events_CL, position 0|Events_CL, position 0/,
      '--deep',
    );
  });

  test('deletes rows of a table, with the disk keys', async () => {
    const copy = await copyOf();
    await withEngine(copy, (engine) => engine.deleteRange(table, { from: 1n, to: 2n }));
    await found(copy, /ROWS_MISSING {2}Events_CL, position 1/, '--deep');
  });

  test('adds rows to a table, with the disk keys', async () => {
    const copy = await copyOf();
    await withEngine(copy, (engine) => plant(engine, 1_000_000n, events(0, 1)));
    await found(copy, /ROWS_ADDED {2}Events_CL, position 1000000/, '--deep');
  });

  test('edits a tile of the ledger', async () => {
    const copy = await copyOf();
    const tiles = join(copy, 'ledger', 'tile', '0', '000.p');
    for (const name of await readdir(tiles)) {
      await change(join(tiles, name), (bytes) => {
        bytes[3]! ^= 1;
      });
    }
    await found(copy, /LEDGER_(ROOT_DIFFERS|TILE_DAMAGED|ENTRY_DIFFERS)/);
  });

  test('rolls the volume back', async () => {
    const copy = await copyOf(early);
    await notFound(copy, '--deep');
    await found(copy, /LEDGER_ROLLED_BACK/, '--since', kept.late);
    await found(copy, /LEDGER_RECEIPT_BROKEN/, '--receipt', kept.lateReceipt);
  });

  test('leaves an entry out and signs the ledger anew, with the stolen key', async () => {
    const copy = await copyOf();
    const leaves = await commitmentsOf(copy);
    await reseal(copy, leaves.toSpliced(1, 1));
    await found(copy, /LEDGER_ENTRY_DIFFERS/);
    // Without the journal beside it only what others kept shows it.
    await rm(join(copy, 'journal'), { recursive: true });
    await notFound(copy);
    await found(copy, /LEDGER_HISTORY_DIFFERS/, '--since', kept.early);
    await found(copy, /LEDGER_RECEIPT_BROKEN/, '--receipt', kept.earlyReceipt);
  });

  test('cuts the ledger short and goes on with other entries: a fork', async () => {
    const copy = await copyOf();
    const leaves = await commitmentsOf(copy);
    await reseal(copy, [
      ...leaves.slice(0, -3),
      sha256(utf8('a')),
      sha256(utf8('b')),
      sha256(utf8('c')),
    ]);
    await rm(join(copy, 'journal'), { recursive: true });
    await notFound(copy, '--since', kept.early);
    await found(copy, /LEDGER_HISTORY_DIFFERS/, '--since', kept.late);
  });

  test('forges a record that explains missing rows', async () => {
    const copy = await copyOf();
    await withEngine(copy, (engine) => engine.deleteRange(table, { from: 0n, to: 1_000n }));
    const forged = encodeRecord({
      type: 'tableDeleted',
      time: new Date().toISOString(),
      actor: serviceActor,
      table: 'Events_CL',
      rows: 20,
    });
    await rewriteRecords(copy, () => true, [forged]);
    await found(copy, /LEDGER_ENTRY_DIFFERS|ROWS_MISSING/, '--deep');
  });

  test('leaves a record out', async () => {
    const copy = await copyOf();
    await rewriteRecords(copy, ({ type }) => type !== 'lockSet');
    // The journal still holds it: what is kept beyond it must not lack it either.
    await rm(join(copy, 'journal'), { recursive: true });
    await cp(join(early, 'journal'), join(copy, 'journal'), { recursive: true });
    await found(copy, /RECORD_WRONG/, '--deep');
  });

  test('cuts off what no checkpoint of anyone else speaks of: only a receipt shows it', async () => {
    const copy = await copyOf(early);
    await notFound(copy, '--deep', '--since', kept.early);
    await found(copy, /LEDGER_RECEIPT_BROKEN/, '--receipt', kept.lateReceipt);
  });
});
