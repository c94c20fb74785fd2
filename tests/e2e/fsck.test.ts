import assert from 'node:assert/strict';
import { cp, readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { cli } from '../support/cli.js';
import { azureClients, rowsOf } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

/** `strongroom fsck` over a real data directory: nothing wrong in it, and each damage named. */
interface Report {
  readonly ok: boolean;
  readonly findings: readonly { path: string; problem: string }[];
  readonly checked: Readonly<Record<string, number>>;
  readonly unchecked: readonly string[];
}

let service: Service;
let kept: string;

const send = async (from: number, count: number): Promise<void> => {
  const { dcrImmutableId, streamName } = service.bootstrap;
  await azureClients(service).ingestion.upload(
    dcrImmutableId,
    streamName,
    Array.from({ length: count }, (_, index) => ({
      TimeGenerated: new Date().toISOString(),
      FilePath: '/fsck',
      RawData: `row ${from + index}`,
    })),
  );
};
const count = async (): Promise<number> => {
  const rows = await rowsOf(
    azureClients(service),
    service.bootstrap.workspaceId,
    "Text_CL | where FilePath == '/fsck' | summarize n = count()",
  );
  return Number(rows[0]?.['n'] ?? 0);
};

async function fsck(
  directory: string,
  ...more: string[]
): Promise<{ code: number | null; report: Report }> {
  const { code, out, notes } = await cli(service, ['--json', 'fsck', directory, ...more]);
  assert.notEqual(out, '', notes);
  return { code, report: JSON.parse(out) as Report };
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

before(async () => {
  service = await Service.start({ agent: true });
  for (let batch = 0; batch < 5; batch += 1) await send(batch * 10, 10);
  assert.equal(await eventually(count, (n) => n === 50), 50);
  await service.end();
  kept = join(service.directory, 'kept');
  await cp(service.data, kept, { recursive: true, verbatimSymlinks: true });
});
after(() => service.remove());

test('finds nothing wrong in a data directory that was closed, and knows its files', async () => {
  const { code, report } = await fsck(kept);
  assert.deepEqual(report.findings, []);
  assert.equal(code, 0);
  for (const kind of [
    'journal entry',
    'journal segment',
    'ledger leaf',
    'history',
    'cursor',
    'retries',
    'engine keys',
    'key',
    'engine part',
    'catalog',
  ]) {
    assert.ok((report.checked[kind] ?? 0) > 0, `${kind} is checked`);
  }
});

test('names each file kind that is flipped, zeroed or cut in its last bytes', async (context) => {
  const files = await filesBelow(kept);
  const kinds: Readonly<Record<string, RegExp>> = {
    segment: /workspaces\/[^/]+\/journal\/[0-9a-f]+\.segment$/,
    'segment of the service': /^service\/journal\/[0-9a-f]+\.segment$/,
    mark: /workspaces\/[^/]+\/journal\/mark$/,
    checkpoint: /workspaces\/[^/]+\/ledger\/checkpoint$/,
    tile: /workspaces\/[^/]+\/ledger\/tile\/0\//,
    history: /workspaces\/[^/]+\/ledger\/history\//,
    cursor: /cursors\/applier$/,
    retries: /cursors\/retries$/,
    'engine keys': /engine-keys$/,
    manifest: /engine\/manifest$/,
    part: /engine\/hot\/store\/.*\/count\.txt$/,
    key: /^keys\/.*\.key$/,
  };
  const copy = join(service.directory, 'copy');
  const ways: ('flip' | 'zero' | 'cut')[] = ['flip', 'zero', 'cut'];
  const long = Number(process.env['STRONGROOM_SEEDS'] ?? 0) > 1_000;
  for (const [kind, pattern] of Object.entries(kinds)) {
    const file = files.find((path) => pattern.test(path));
    assert.ok(file, `${kind} is there`);
    await rm(copy, { recursive: true, force: true });
    await cp(kept, copy, { recursive: true, verbatimSymlinks: true });
    const path = join(copy, file);
    const bytes = await readFile(path);
    const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
    // Each kind is damaged in one way here, and in all by the long suite.
    const [way] = ways.splice(0, 1);
    ways.push(way!);
    for (const how of long ? ways : [way!]) {
      const damaged = Buffer.from(bytes);
      if (how === 'flip') damaged[end - 2] = damaged[end - 2]! ^ 4;
      if (how === 'zero') damaged.fill(0, Math.max(0, end - 20), end);
      await writeFile(path, damaged);
      if (how === 'cut') await truncate(path, end - 7);
      const { code, report } = await fsck(copy);
      if ((kind === 'key' || kind === 'manifest') && how !== 'cut') {
        // Its authenticity is the root key's to know; what is in the clear is only its structure.
        context.diagnostic(`${kind} ${how}: exit ${code}`);
        continue;
      }
      assert.equal(code, 5, `${kind} ${how}`);
      const directory =
        kind === 'part'
          ? file.slice(0, file.lastIndexOf('/'))
          : file.replace(/\/tile\/.*|\/checkpoint$/, '');
      assert.ok(
        report.findings.some(
          ({ path: place }) => place.startsWith(directory) || file.startsWith(place),
        ),
        `${kind} ${how}: ${JSON.stringify(report.findings)} names ${file}`,
      );
    }
  }
});

test('a damaged journal keeps its workspace closed until it is repaired by an act', async () => {
  const journal = join(
    service.data,
    'regions',
    'local',
    'workspaces',
    service.bootstrap.workspaceId,
    'journal',
  );
  const newest = (await readdir(journal))
    .filter((name) => name.endsWith('.segment'))
    .sort()
    .at(-1)!;
  const path = join(journal, newest);
  const bytes = await readFile(path);
  // In the body of the first entry: acknowledged, applied, sealed.
  bytes[4096 + 128 + 40] = bytes[4096 + 128 + 40]! ^ 1;
  bytes[4096 + 20] = bytes[4096 + 20]! ^ 1;
  await writeFile(path, bytes);

  await service.run();
  assert.match(service.output, /workspace did not open.*JOURNAL_CORRUPT/);
  const refused = await cli(service, [
    'fsck',
    service.data,
    '--repair',
    '-w',
    service.bootstrap.workspaceId,
    '--yes',
  ]);
  assert.equal(refused.code, 3, `a running service: ${refused.notes}`);
  await service.end();

  const planned = await cli(service, [
    'fsck',
    service.data,
    '--repair',
    '-w',
    service.bootstrap.workspaceId,
  ]);
  assert.equal(planned.code, 0, planned.notes);
  assert.match(planned.out, /entries 0 to 0[^]*Nothing was changed/);
  assert.equal((await fsck(service.data)).code, 5);
  const done = await cli(service, [
    'fsck',
    service.data,
    '--repair',
    '-w',
    service.bootstrap.workspaceId,
    '--yes',
  ]);
  assert.equal(done.code, 0, done.notes);

  await service.run();
  assert.equal(await eventually(count, (n) => n === 50), 50, 'what was applied is there');
  await send(50, 5);
  assert.equal(await eventually(count, (n) => n === 55), 55, 'and it takes new rows');
  await service.end();
  await rename(kept, `${kept}.done`);
});
