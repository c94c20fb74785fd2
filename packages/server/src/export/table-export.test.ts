import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { StrongroomError, equalBytes, fromUtf8, hasCode } from '@strongroom/base';
import type { CursorFile } from '@strongroom/journal';
import { verifyEd25519 } from '@strongroom/keys';
import {
  parseExportProofs,
  parseVerifierKey,
  verifyExportManifest,
  verifyExportRows,
} from '@strongroom/ledger';
import { sha256, systemClock, systemRandom } from '@strongroom/platform';
import type { RunningWorkspace } from '../workspaces/running-workspace.js';
import { appendEvents, settle, workspaceFixture } from '../workspaces/workspace-fixture.test.js';
import type { WorkspaceFixture } from '../workspaces/workspace-fixture.test.js';
import { exportError } from './errors.js';
import { TableExport } from './table-export.js';
import type { ExportSource } from './table-export.js';
import type { ExportTarget } from './target.js';

let fixture: WorkspaceFixture;
let workspace: RunningWorkspace;
/** Batches, each an entry of so many rows. */
const batches = [2, 3, 2];
const messages = batches.flatMap((size, batch) =>
  Array.from({ length: size }, (_, row) => `${batch}.${row}`),
);

before(async () => {
  fixture = await workspaceFixture();
  workspace = await fixture.open();
  for (const [batch, size] of batches.entries()) {
    await appendEvents(
      workspace,
      Array.from({ length: size }, (_, row) => ({
        TimeGenerated: '2026-01-02T03:04:05.1234567Z',
        Message: `${batch}.${row}`,
        Count: row,
      })),
    );
  }
  for (let tries = 0; tries < 2_000 && workspace.committed < 3n; tries += 1) {
    await systemClock.sleep(5);
  }
  await settle(workspace);
});
after(async () => {
  await workspace.close();
  await fixture.remove();
});

/** What survives a crash: a target's objects and a cursor's value. */
interface Kept {
  readonly objects: Map<string, Uint8Array>;
  cursor: Uint8Array | undefined;
}
/** Decides what becomes of a durable step: it is lost, or done and not reported. */
type Fault = () => 'lost' | 'unreported' | undefined;
const none: Fault = () => undefined;
const crash = (): Error => exportError('EXPORT_TARGET_FAILED', 'a fault of the test');
const exportId = randomUUID();

function durable(fault: Fault, run: () => void): void {
  const what = fault();
  if (what !== 'lost') run();
  if (what !== undefined) throw crash();
}

function open(kept: Kept, fault: Fault = none): TableExport {
  const target: ExportTarget = {
    read: async (name) => kept.objects.get(name),
    async create(name, content) {
      const there = kept.objects.get(name);
      if (there !== undefined && !equalBytes(there, content)) {
        throw exportError('EXPORT_OBJECT_DIFFERS', name);
      }
      durable(fault, () => kept.objects.set(name, content));
    },
  };
  const cursor: CursorFile = {
    get value() {
      return kept.cursor;
    },
    async store(value) {
      durable(fault, () => (kept.cursor = value));
    },
  };
  return new TableExport({
    exportId,
    table: 'Events_CL',
    prefix: 'x/',
    everyMs: 0,
    target,
    cursor,
    sha256,
    verifySignature: verifyEd25519,
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
    // A file ends with the first entry that brings it to two rows or two hundred bytes.
    limits: { filePlainBytesMax: 200 },
  });
}

async function drain(table: TableExport, source: ExportSource = workspace): Promise<void> {
  while (await table.step(source)) continue;
}

/** The messages of all files, each verified; files follow one another. */
async function verified({ objects }: Kept): Promise<string[]> {
  const found: string[] = [];
  let next = '0';
  const names = [...objects.keys()].sort();
  const manifests = names.filter((name) => name.endsWith('.manifest'));
  assert.equal(names.length, manifests.length * 3, 'nothing but files of manifests');
  for (const name of manifests) {
    const verdict = await verifyExportManifest(fromUtf8(objects.get(name)!), {
      sha256,
      verifySignature: verifyEd25519,
      keys: [parseVerifierKey(sha256, workspace.verifierKey)],
    });
    assert.ok(verdict.ok);
    const { manifest } = verdict.value;
    assert.equal(manifest.from, next);
    next = manifest.to;
    const lines = gunzipSync(objects.get(`x/${manifest.data.name}`)!)
      .toString('utf8')
      .split('\n')
      .slice(0, -1);
    const proofs = parseExportProofs(gunzipSync(objects.get(`x/${manifest.proofs.name}`)!));
    const check = (changed: readonly string[]) =>
      verifyExportRows(sha256, {
        ...verdict.value,
        proofs,
        lines: (async function* () {
          yield* changed;
        })(),
      });
    assert.equal((await check(lines)).ok, true);
    // The rows are held by the ledger as well, not by the manifest's hashes alone.
    const [first] = lines;
    for (const changed of [
      lines.slice(1),
      [...lines, first!],
      [first!.replace('.1234567Z', '.1234568Z'), ...lines.slice(1)],
      lines.toReversed(),
    ]) {
      if (JSON.stringify(changed) === JSON.stringify(lines)) continue;
      assert.equal((await check(changed)).ok, false);
    }
    found.push(...lines.map((line) => (JSON.parse(line) as { Message: string }).Message));
  }
  return found;
}

test('a fault at every durable step, lost or unreported, loses no row and doubles none', async () => {
  for (const kind of ['lost', 'unreported'] as const) {
    for (let at = 0; ; at += 1) {
      const kept: Kept = { objects: new Map(), cursor: undefined };
      let step = 0;
      let faults = 0;
      const fault: Fault = () => {
        step += 1;
        if (step !== at + 1) return undefined;
        faults += 1;
        return kind;
      };
      // Once it goes on with what it holds in memory, once a new process reads what survived.
      let table = open(kept, fault);
      await drain(table).catch((error: unknown) =>
        assert.ok(hasCode(error, 'EXPORT_TARGET_FAILED')),
      );
      if (at % 2 === 0) table = open(kept, fault);
      await drain(table);
      assert.deepEqual(await verified(kept), messages, `${kind} at ${at}`);
      assert.equal(table.status.exported >= 3n, true);
      if (faults === 0) {
        assert.ok(at >= 10, 'several files were made');
        break;
      }
    }
  }
});

/** The workspace, whose table is empty. */
const purged = (): ExportSource => ({
  id: workspace.id,
  recordsFrom: (position) => workspace.recordsFrom(position),
  proofs: workspace.proofs,
  query: () => ({ statistics: undefined, async *[Symbol.asyncIterator]() {} }),
  signNote: (text) => workspace.signNote(text),
  verifierKeys: workspace.verifierKeys,
  checkpoint: () => workspace.checkpoint(),
});

test('rows that are not those on record are never exported', async () => {
  const kept: Kept = { objects: new Map(), cursor: undefined };
  await assert.rejects(drain(open(kept), purged()), { code: 'EXPORT_ROWS_DIFFER' });
  assert.equal(kept.objects.size, 0);
});

test('a planned file is finished from what the target holds, or planned anew', async () => {
  for (const written of [0, 1]) {
    const kept: Kept = { objects: new Map(), cursor: undefined };
    let step = 0;
    // The first durable step is the plan, the second the rows.
    const fault: Fault = () => (++step === 2 + written ? 'lost' : undefined);
    await assert.rejects(drain(open(kept, fault)), { code: 'EXPORT_TARGET_FAILED' });
    assert.equal(kept.objects.size, written);
    const table = open(kept);
    assert.equal(await table.step(purged()), true);
    assert.equal(kept.objects.size, written * 3);
    await drain(table);
    assert.deepEqual(await verified(kept), messages);
  }
});

test('a cursor of an earlier time takes up what the target holds already', async () => {
  const kept: Kept = { objects: new Map(), cursor: undefined };
  await drain(open(kept));
  const before = new Map(kept.objects);
  kept.cursor = undefined;
  const table = open(kept);
  await drain(table);
  assert.deepEqual(kept.objects, before);
  assert.ok(table.status.files > 1);
});

test('another object in a file’s place stops the export', async () => {
  const kept: Kept = { objects: new Map(), cursor: undefined };
  await drain(open(kept));
  const [name] = [...kept.objects.keys()].filter((each) => each.endsWith('.ndjson.gz'));
  const again: Kept = { objects: new Map([[name!, new Uint8Array(3)]]), cursor: undefined };
  await assert.rejects(drain(open(again)), { code: 'EXPORT_OBJECT_DIFFERS' });
  const other: Kept = {
    objects: new Map([['x/Events_CL/00000000000000000000.manifest', new Uint8Array(3)]]),
    cursor: undefined,
  };
  await assert.rejects(drain(open(other)), { code: 'EXPORT_HISTORY_DIFFERS' });
});

test('while the key is away nothing is read, and it goes on when it is back', async () => {
  const kept: Kept = { objects: new Map(), cursor: undefined };
  const table = open(kept);
  const away: ExportSource = {
    ...purged(),
    recordsFrom: () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new StrongroomError('WORKSPACE_KEY_AWAY', 'away')),
      }),
    }),
  };
  await assert.rejects(drain(table, away), { code: 'WORKSPACE_KEY_AWAY' });
  assert.equal(kept.objects.size, 0);
  await drain(table);
  assert.deepEqual(await verified(kept), messages);
});
