/** Backups through the front door: taken under load, verified, restored on an empty directory. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { cli, cliJson, signInAdministrator } from '../support/cli.js';
import { azureClients, rowsOf } from '../support/clients.js';
import { Service, eventually } from '../support/service.js';

const marker = 'marker-of-the-backup-test';

suite('backups', () => {
  let service: Service;
  let elsewhere: string;
  let repository: string;
  /** Numbers of the rows that were acknowledged. */
  const acknowledged: number[] = [];
  /** How many of them when the first snapshot was asked for. */
  let before1 = 0;

  before(async () => {
    elsewhere = await mkdtemp(join(tmpdir(), 'strongroom-backup-'));
    repository = join(elsewhere, 'repository');
    service = await Service.start({ flags: ['--backup', repository, '--backup-hours', '0'] });
    await signInAdministrator(service);
  });
  after(async () => {
    await service.remove();
    await rm(elsewhere, { recursive: true, force: true });
  });

  const send = async (count: number): Promise<void> => {
    const { dcrImmutableId, streamName } = service.bootstrap;
    const { ingestion } = azureClients(service);
    for (let sent = 0; sent < count; sent += 1) {
      const from = acknowledged.length;
      const rows = Array.from({ length: 50 }, (_, index) => ({
        TimeGenerated: new Date().toISOString(),
        RawData: `${marker} ${from + index}`,
      }));
      await ingestion.upload(dcrImmutableId, streamName, rows);
      for (let index = 0; index < 50; index += 1) acknowledged.push(from + index);
    }
  };
  const stored = async (): Promise<{ rows: number; distinct: number }> => {
    const [row] = await rowsOf(
      azureClients(service),
      service.bootstrap.workspaceId,
      `Text_CL | where RawData startswith "${marker}" | summarize rows = count(), distinct = dcount(RawData, 4)`,
    );
    return { rows: Number(row?.['rows']), distinct: Number(row?.['distinct']) };
  };
  const exact = async (): Promise<number[]> =>
    (
      await rowsOf(
        azureClients(service),
        service.bootstrap.workspaceId,
        `Text_CL | where RawData startswith "${marker}" | project n = toint(extract("([0-9]+)$", 1, RawData)) | sort by n asc`,
      )
    ).map((row) => Number(row['n']));

  test('a snapshot is taken while rows come in', async () => {
    await send(10);
    before1 = acknowledged.length;
    let going = true;
    const load = (async (): Promise<void> => {
      while (going) await send(1);
    })();
    const taken = await cliJson<{ last: { id: string; files: number; bytes: number } }>(service, [
      'backup',
      'take',
    ]);
    going = false;
    await load;
    assert.match(taken.last.id, /^\d{8}T\d{6}Z-[0-9a-f]{8}$/);
    assert.ok(taken.last.files > 20);
    assert.ok(acknowledged.length > before1, 'rows came in meanwhile');
    assert.equal((await readdir(service.data)).includes('staged'), false);
    const { rows } = await eventually(stored, (answer) => answer.rows === acknowledged.length);
    assert.equal(rows, acknowledged.length);
  });

  test('no file of the repository holds a row, and nothing of the bootstrap', async () => {
    for (const entry of await readdir(repository, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const bytes = await readFile(join(entry.parentPath, entry.name));
      assert.equal(bytes.includes(marker), false, entry.name);
      assert.equal(bytes.includes(service.bootstrap.clientSecret), false, entry.name);
      assert.equal(bytes.includes('bootstrap.json'), false, entry.name);
    }
  });

  test('a second snapshot stores little more than what changed', async () => {
    await send(1);
    const { last } = await cliJson<{ last: { bytes: number; written: number } }>(service, [
      'backup',
      'take',
    ]);
    assert.ok(last.written < last.bytes, `${last.written} of ${last.bytes}`);
    const list = await cliJson<{ id: string }[]>(service, ['backup', 'list', repository]);
    assert.equal(list.length, 2);
  });

  test('a changed byte is found, and named', async () => {
    const pieces = (
      await readdir(join(repository, 'pieces'), { recursive: true, withFileTypes: true })
    ).filter((entry) => entry.isFile());
    const [victim] = pieces;
    const path = join(victim!.parentPath, victim!.name);
    const whole = await readFile(path);
    const changed = Buffer.from(whole);
    changed[changed.length - 20]! ^= 1;
    await writeFile(path, changed);
    const found = await cli(service, ['--json', 'backup', 'verify', repository]);
    assert.equal(found.code, 5);
    assert.ok((JSON.parse(found.out) as { problems: unknown[] }).problems.length > 0);
    await writeFile(path, whole);
    const good = await cli(service, ['backup', 'verify', repository]);
    assert.equal(good.code, 0, good.notes);
  });

  test('the first snapshot is restored: all that was acknowledged before it, each once', async () => {
    const [first] = await cliJson<{ id: string }[]>(service, ['backup', 'list', repository]);
    await service.end();
    await rename(service.data, `${service.data}.lost`);
    const restore = (to: string): string[] => [
      'restore',
      repository,
      '--to',
      to,
      '--snapshot',
      first!.id,
    ];
    const refused = await cli(service, restore(`${service.data}.lost`));
    assert.equal(refused.code, 1);
    assert.match(refused.notes, /not empty/);
    const restored = await cliJson<{ ok: boolean; ledgers: { ok: boolean; size: string }[] }>(
      service,
      [...restore(service.data), '--open-epoch', 'a test of the restore'],
    );
    assert.equal(restored.ok, true);
    assert.ok(restored.ledgers.length >= 2);
    assert.equal((await stat(service.data)).mode & 0o077, 0);
    await service.run();
    // Entries that the snapshot's journal has and its tables do not yet are applied meanwhile.
    let quiet = 0;
    let seen = -1;
    const numbers = await eventually(exact, (found) => {
      quiet = found.length === seen ? quiet + 1 : 0;
      seen = found.length;
      return seen >= before1 && quiet >= 10;
    });
    assert.ok(numbers.length >= before1, `${numbers.length} of ${before1}`);
    assert.ok(numbers.length <= acknowledged.length);
    // Each once, and without a gap: the journal's order is the order of acknowledgement.
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
    );
    const verified = await cli(service, ['verify', service.data]);
    assert.equal(verified.code, 0, verified.out);
    const records = await eventually(
      () =>
        rowsOf(
          azureClients(service),
          service.bootstrap.workspaceId,
          'LedgerRecords | where RecordType == "epochOpened"',
        ),
      (found) => found.length > 0,
    );
    assert.match(JSON.stringify(records), /a test of the restore/);
    // It goes on: what is sent now is stored.
    acknowledged.length = numbers.length;
    await send(2);
    const after = await eventually(stored, (answer) => answer.rows === acknowledged.length);
    assert.equal(after.rows, acknowledged.length);
  });

  test('forgetting keeps what the newest snapshot needs', async () => {
    const result = await cliJson<{ forgotten: string[] }>(service, [
      'backup',
      'forget',
      repository,
      '--keep',
      '1',
    ]);
    assert.equal(result.forgotten.length, 1);
    const good = await cli(service, ['backup', 'verify', repository]);
    assert.equal(good.code, 0, good.notes);
  });

  test('who may not administer the service takes no backup', async () => {
    const environment = { HOME: elsewhere };
    const refused = await cli(service, ['--data', service.data, 'backup', 'take'], {
      environment,
    });
    assert.equal(refused.code, 3, refused.notes);
  });
});

suite('replicas', () => {
  let service: Service;
  let elsewhere: string;
  let replica: string;
  before(async () => {
    elsewhere = await mkdtemp(join(tmpdir(), 'strongroom-replica-'));
    replica = join(elsewhere, 'replica');
    service = await Service.start({ flags: ['--replicas', replica, '--backup-hours', '0'] });
    await signInAdministrator(service);
  });
  after(async () => {
    await service.remove();
    await rm(elsewhere, { recursive: true, force: true });
  });

  test('all that was acknowledged is restored from a replica alone, each row once', async () => {
    let sent = 0;
    const send = async (): Promise<void> => {
      const { dcrImmutableId, streamName } = service.bootstrap;
      const rows = Array.from({ length: 20 }, (_, index) => ({
        TimeGenerated: new Date().toISOString(),
        RawData: `${marker} ${sent + index}`,
      }));
      await azureClients(service).ingestion.upload(dcrImmutableId, streamName, rows);
      sent += 20;
    };
    for (let batch = 0; batch < 5; batch += 1) await send();
    await cliJson(service, ['backup', 'take']);
    for (let batch = 0; batch < 5; batch += 1) await send();
    // The disk is gone, in the middle of everything.
    await service.end('SIGKILL');
    await rm(service.data, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    await assert.rejects(service.run(), /REPLICA_AHEAD[\s\S]*strongroom restore/);
    await rm(service.data, { recursive: true, force: true });
    const restored = await cliJson<{ ok: boolean; ledgers: { ok: boolean }[] }>(service, [
      'restore',
      join(replica, 'repository'),
      '--mirror',
      join(replica, 'mirror'),
      '--to',
      service.data,
    ]);
    assert.equal(restored.ok, true);
    await service.run();
    const clients = azureClients(service);
    const count = async (): Promise<Record<string, unknown>[]> =>
      rowsOf(
        clients,
        service.bootstrap.workspaceId,
        `Text_CL | where RawData startswith "${marker}" | summarize rows = count(), texts = count_distinct(RawData)`,
      );
    const [row] = await eventually(count, ([found]) => Number(found?.['rows']) >= sent);
    assert.equal(Number(row?.['rows']), sent);
    assert.equal(Number(row?.['texts']), sent);
    const verified = await cli(service, ['verify', service.data]);
    assert.equal(verified.code, 0, verified.out);
  });
});
