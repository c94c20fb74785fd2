/** Tables exported through the front door: made, killed in the middle, verified alone. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { cli, cliJson, signInAdministrator } from '../support/cli.js';
import { azureClients } from '../support/clients.js';
import { Service, eventually } from '../support/service.js';

interface TableStatus {
  readonly table: string;
  readonly state: string;
  readonly reason: string;
  readonly files: number;
  readonly exported: string;
  readonly secondsBehind: number;
}

suite('exports', () => {
  let service: Service;
  let elsewhere: string;
  let target: string;
  let key: string;
  let sent = 0;

  before(async () => {
    elsewhere = await mkdtemp(join(tmpdir(), 'strongroom-export-'));
    target = join(elsewhere, 'archive');
    const targets = join(elsewhere, 'targets.yaml');
    await writeFile(targets, `archive:\n  kind: directory\n  path: ${target}\n`);
    service = await Service.start({ flags: ['--export-targets', targets] });
    await signInAdministrator(service);
  });
  after(async () => {
    await service.remove();
    await rm(elsewhere, { recursive: true, force: true });
  });

  const send = async (count: number): Promise<void> => {
    const { dcrImmutableId, streamName } = service.bootstrap;
    const rows = Array.from({ length: count }, () => ({
      TimeGenerated: new Date().toISOString(),
      RawData: `row "${sent++}" with {braces} and ünïcode`,
    }));
    await azureClients(service).ingestion.upload(dcrImmutableId, streamName, rows);
  };
  const status = async (): Promise<TableStatus> => {
    const [found] = await cliJson<TableStatus[]>(service, ['export', 'status', 'texts']);
    assert.ok(found !== undefined);
    return found;
  };
  const directory = async (): Promise<string> => {
    const [workspace] = await readdir(target);
    const [name] = await readdir(join(target, workspace!));
    return join(target, workspace!, name!);
  };
  const exported = async (): Promise<string[]> => {
    const table = join(await directory(), 'Text_CL');
    const names = (await readdir(table)).filter((name) => name.endsWith('.ndjson.gz')).sort();
    const files = await Promise.all(names.map((name) => readFile(join(table, name))));
    return files.flatMap((file) =>
      gunzipSync(file)
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { RawData: string }).RawData),
    );
  };
  const all = (): string[] =>
    Array.from({ length: sent }, (_, index) => `row "${index}" with {braces} and ünïcode`);
  const arrived = async (): Promise<void> => {
    await eventually(
      () => exported().catch(() => []),
      (rows) => rows.length >= sent,
    );
  };

  test('rows that are there and rows that come are exported, and the export verifies alone', async () => {
    await send(40);
    const made = await cliJson<{ properties: { strongroom: { place: string } } }>(service, [
      'export',
      'create',
      'texts',
      '--table',
      'Text_CL',
      '--target',
      'archive',
      '--every',
      '1',
    ]);
    await arrived();
    await send(20);
    await arrived();
    assert.deepEqual(await exported(), all());
    assert.equal(made.properties.strongroom.place, await directory());
    const shown = await status();
    assert.deepEqual([shown.state, shown.reason], ['running', '']);
    assert.ok(shown.files >= 2 && Number(shown.exported) > 0);
    const { workspaceId } = service.bootstrap;
    key = await readFile(
      join(service.data, 'regions/local/workspaces', workspaceId, 'ledger/public-keys'),
      'utf8',
    );
    key = key.trim();
    const verified = await cli(service, ['verify', await directory(), '--public-key', key]);
    assert.match(verified.out, /^ok .*Text_CL of strongroom\/.*60 rows/m);
  });

  test('a kill in the middle loses no row and doubles none', async () => {
    await send(25);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await service.end('SIGKILL');
    await service.run();
    await arrived();
    assert.deepEqual(await exported(), all());
  });

  test('any changed, missing or added row or file is found', async () => {
    const table = join(await directory(), 'Text_CL');
    const names = (await readdir(table)).sort();
    const [data, last] = names.filter((name) => name.endsWith('.ndjson.gz'));
    const [, manifest] = names.filter((name) => name.endsWith('.manifest'));
    const verify = async (): Promise<string> => {
      const answer = await cli(service, ['verify', table, '--public-key', key]);
      return `${answer.code} ${answer.out}`;
    };
    assert.match(await verify(), /^0 ok/);
    const path = join(table, data!);
    await chmod(path, 0o640);
    const lines = gunzipSync(await readFile(path)).toString('utf8');
    const changed = lines.replace('row \\"0\\"', 'row \\"9\\"');
    assert.notEqual(changed, lines);
    await writeFile(path, gzipSync(changed));
    await writeFile(join(table, 'more.ndjson.gz'), gzipSync(lines));
    assert.match(await verify(), /^5 FAILED[^]*EXPORT_FILE_DIFFERS[^]*EXPORT_FILE_UNKNOWN/);
    await rm(join(table, last!));
    await rm(join(table, manifest!));
    assert.match(await verify(), /^5 FAILED[^]*EXPORT_GAP/);
  });

  test('an export ends when it is deleted, and both acts are on record', async () => {
    const refused = await cli(service, [
      'export',
      'create',
      'else',
      '--table',
      'Text_CL',
      '--target',
      'nowhere',
    ]);
    assert.notEqual(refused.code, 0);
    await cli(service, ['export', 'delete', 'texts', '--yes']);
    assert.deepEqual(await cliJson(service, ['export', 'list']), []);
    const records = await eventually(
      () =>
        cliJson<{ RecordType: string }[]>(service, [
          'query',
          'LedgerRecords | where RecordType startswith "export" | project RecordType',
        ]),
      (rows) => JSON.stringify(rows).includes('exportDeleted'),
    );
    assert.match(JSON.stringify(records), /exportCreated/);
    assert.ok((await exported()).length > 0, 'what it wrote stays');
  });
});
