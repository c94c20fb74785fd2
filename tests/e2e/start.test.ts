import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { azureClients, rowsOf } from '../support/clients.js';
import { eventually, repository, Service } from '../support/service.js';

/** Runs the service's program until it ends by itself, in a home of its own. */
function start(
  home: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(repository, 'packages', 'server', 'dist', 'main.js'), ...args],
      {
        cwd: home,
        env: { PATH: process.env['PATH'] ?? '', HOME: home, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
      },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, said }));
  });
}

describe('what cannot be right is refused before anything is written', () => {
  let home: string;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'strongroom-start-'));
  });
  after(() => rm(home, { recursive: true, force: true }));

  const cases: readonly [string[], Record<string, string>, RegExp][] = [
    [['--port', '70000'], {}, /--port: must be a whole number from 0 to 65535/],
    [['--prot', '1'], {}, /--prot/],
    [['--host', 'a b'], {}, /--host: must be a host name/],
    [[], { STRONGROOM_PROT: '1' }, /STRONGROOM_PROT: is not a setting/],
    [[], { STRONGROOM_AGENT: 'perhaps' }, /STRONGROOM_AGENT: must be true or false/],
    [['--config', 'absent.yaml'], {}, /absent\.yaml/],
    [['--config', 'wrong.yaml'], {}, /wrong\.yaml: colour: is not a setting/],
  ];
  for (const [args, environment, message] of cases) {
    test(`${args.join(' ')} ${Object.keys(environment).join(' ')}`.trim(), async () => {
      await writeFile(join(home, 'wrong.yaml'), 'colour: red\n');
      const { code, said } = await start(home, args, environment);
      assert.equal(code, 2, said);
      assert.match(said, message);
      assert.deepEqual(await readdir(home), ['wrong.yaml']);
    });
  }

  test('a root key inside the data directory', async () => {
    const inside = ['--data', 'data', '--root-key', 'data/keys/root.key', '--port', '0'];
    const { code, said } = await start(home, inside);
    assert.notEqual(code, 0);
    assert.match(said, /KEYS_INSIDE_DATA.*lies inside/);
    assert.deepEqual(await readdir(home), ['wrong.yaml']);
  });
});

describe('a running service', () => {
  let service: Service;
  before(async () => {
    service = await Service.start();
  });
  after(() => service.remove());

  const again = (...args: string[]) =>
    start(service.directory, ['--data', service.data, '--no-agent', ...args]);

  test('a second service on the same data directory is refused, and the first goes on', async () => {
    const { code, said } = await again('--port', '0');
    assert.equal(code, 1, said);
    assert.match(said, /another|in use|already/i);
    const rows = await rowsOf(azureClients(service), service.bootstrap.workspaceId, 'print x = 1');
    assert.deepEqual(rows, [{ x: 1 }]);
  });

  test('a port that is taken is named', async () => {
    const elsewhere = join(service.directory, 'elsewhere');
    const { port } = new URL(service.bootstrap.url);
    const { code, said } = await start(service.directory, [
      '--data',
      elsewhere,
      '--port',
      port,
      '--no-agent',
      '--root-key',
      join(service.directory, 'other', 'root.key'),
    ]);
    assert.equal(code, 1, said);
    assert.match(said, /LISTEN_FAILED.*EADDRINUSE[^]*--port/);
  });

  test('--no-bootstrap writes no bootstrap.json', async () => {
    const data = join(service.directory, 'quiet');
    const child = spawn(
      process.execPath,
      [
        join(repository, 'packages', 'server', 'dist', 'main.js'),
        '--data',
        data,
        '--port',
        '0',
        '--no-agent',
        '--no-bootstrap',
        '--root-key',
        join(service.directory, 'quiet-key', 'root.key'),
      ],
      { env: service.environment, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(said)));
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (/^ready /m.test(said)) resolve();
      });
    });
    child.kill('SIGTERM');
    await ended;
    await assert.rejects(stat(join(data, 'bootstrap.json')), { code: 'ENOENT' });
    assert.match(said, /sign in as admin with password/);
  });

  test('SIGTERM under load ends it within five seconds, and all that was acknowledged is there', async () => {
    const clients = azureClients(service);
    const { dcrImmutableId, streamName, workspaceId } = service.bootstrap;
    const text = 'x'.repeat(500);
    let acknowledged = 0;
    let going = true;
    const load = Array.from({ length: 4 }, async (_, lane) => {
      while (going) {
        const rows = Array.from({ length: 200 }, (__, at) => ({
          TimeGenerated: new Date(),
          FilePath: `/load/${lane}/${at}`,
          RawData: text,
        }));
        try {
          await clients.ingestion.upload(dcrImmutableId, streamName, rows, {
            abortSignal: AbortSignal.timeout(4_000),
          });
          acknowledged += rows.length;
        } catch {
          return;
        }
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const { code, ms } = await service.end('SIGTERM');
    going = false;
    await Promise.all(load);
    assert.equal(code, 0);
    assert.ok(ms < 5_000, `${ms} ms`);
    assert.ok(acknowledged > 0);
    await service.run();
    const count = async () =>
      Number(
        (
          await rowsOf(
            azureClients(service),
            workspaceId,
            'Text_CL | where FilePath startswith "/load/" | summarize n = count()',
          )
        )[0]?.['n'],
      );
    assert.ok((await eventually(count, (n) => n >= acknowledged)) >= acknowledged);
  });

  test('after kill -9 it starts again and goes on', async () => {
    await service.end('SIGKILL');
    await service.run();
    const rows = await rowsOf(azureClients(service), service.bootstrap.workspaceId, 'print x = 2');
    assert.deepEqual(rows, [{ x: 2 }]);
  });

  test('without its root key it does not start, and no new key is made', async () => {
    await service.end('SIGTERM');
    const key = join(service.directory, '.config', 'strongroom', 'root.key');
    await rename(key, `${key}.away`);
    const { code, said } = await again('--port', '0');
    assert.equal(code, 1, said);
    assert.match(said, /KEYS_NOT_FOUND.*no root key[^]*Restore the key file/i);
    await assert.rejects(stat(key), { code: 'ENOENT' });
    await rename(`${key}.away`, key);
    await service.run();
  });
});
