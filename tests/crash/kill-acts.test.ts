import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { seededRandom } from '@strongroom/testkit';
import type { SeededRandom } from '@strongroom/testkit';
import { cli } from '../support/cli.js';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import type { RawAnswer } from '../support/clients.js';
import { Service, eventually, repository } from '../support/service.js';

/**
 * kill -9 at random moments while, under load, keys rotate, arrival days expire, rows are purged,
 * tables are merged, exported and backed up, and while the service starts. Every start is unaided; what
 * was acknowledged is there once, but for what expired or was purged, and that is gone for good.
 *
 * STRONGROOM_TEST_ROUNDS sets the kills (5; the long suite has 1,000), STRONGROOM_TEST_SEED replays.
 */
const kills = Number(process.env['STRONGROOM_TEST_ROUNDS'] ?? 5);
const seed = Number(process.env['STRONGROOM_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** A fresh service after so many kills: its clock may not pass the machine's. */
const killsPerService = 40;
/** How far the clock goes on in each life; rows are kept for four days. */
const stepMs = 8 * 3_600_000;
const dayMs = 86_400_000;
const retentionDays = 4;
const startMsMax = 60_000;

interface Batch {
  readonly rows: number;
  state: 'sent' | 'acknowledged' | 'purging';
  /** The service's time when its answer came. */
  at: number;
}

class World {
  readonly service: Service;
  readonly random: SeededRandom;
  readonly batches = new Map<string, Batch>();
  readonly #acts: Record<string, () => Promise<RawAnswer | undefined>>;
  /** How far the service's clock is from the machine's. */
  shiftMs = -20 * dayMs;
  startMs = 0;
  #number = 0;
  #authorization = '';

  constructor(service: Service, random: SeededRandom) {
    this.service = service;
    this.random = random;
    const { workspaceId, workspaceResourceId } = service.bootstrap;
    const version = 'api-version=2025-07-01';
    const own = '/providers/Microsoft.Strongroom';
    const keys = `/api/workspaces/${workspaceId}/keys/rotate`;
    this.#acts = {
      'rotation of the workspace key': () => this.#send('POST', keys, { parts: ['workspace'] }),
      'rotation of the disk key': () => this.#send('POST', keys, { parts: ['disk'] }),
      expiry: () => this.#send('POST', `${own}/expire?api-version=2026-11-01`),
      purge: () => this.#purge(`${workspaceResourceId}/purge?${version}`),
      backup: () => this.#send('POST', '/api/backups', {}),
      'nothing but load': async () => undefined,
    };
  }

  /** The service's time. */
  get now(): number {
    return Date.now() + this.shiftMs;
  }

  async #send(method: string, path: string, body?: unknown): Promise<RawAnswer | undefined> {
    return raw(this.service, {
      method,
      path,
      headers: { authorization: this.#authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(() => undefined);
  }

  /** `strongroom` with the service's clock; it must succeed. */
  async command(args: readonly string[], input = ''): Promise<void> {
    const environment = this.#clock();
    const { code, out, notes } = await cli(this.service, args, { input, environment });
    assert.equal(code, 0, `strongroom ${args.join(' ')}:\n${out}${notes}`);
  }

  /** What is set once: rows are kept for four days, and tables are exported. */
  async prepare(): Promise<void> {
    const { administrator, data } = this.service;
    const user = ['--data', data, 'login', '--user', administrator.name, '--password-stdin'];
    await this.command(user, `${administrator.password}\n`);
    this.#authorization = await bearer(this.service);
    const claims = Buffer.from(this.#authorization.split('.')[1]!, 'base64url').toString();
    const { oid } = JSON.parse(claims) as { oid: string };
    await this.command(['role', 'assign', 'Owner', oid, '--scope', '/']);
    const { workspaceResourceId, customTable } = this.service.bootstrap;
    const expect = async (answer: Promise<RawAnswer | undefined>): Promise<void> => {
      const { status, text } = (await answer)!;
      assert.ok(status < 300, `${status} ${text}`);
    };
    const version = 'api-version=2025-07-01';
    await expect(
      this.#send('PATCH', `${workspaceResourceId}?${version}`, {
        properties: { features: { immediatePurgeDataOn30Days: true } },
      }),
    );
    await expect(
      this.#send('PATCH', `${workspaceResourceId}/tables/${customTable}?${version}`, {
        properties: { retentionInDays: retentionDays },
      }),
    );
    await expect(
      this.#send('PUT', `${workspaceResourceId}/dataExports/all?${version}`, {
        properties: {
          tableNames: [customTable],
          destination: { resourceId: '/providers/Microsoft.Strongroom/exportTargets/archive' },
          enable: true,
          everySeconds: 1,
        },
      }),
    );
  }

  /** Asks for the purge of one batch: from now on its rows may go, whatever becomes of the request. */
  async #purge(path: string): Promise<RawAnswer | undefined> {
    const held = [...this.batches].filter(([, { state }]) => state === 'acknowledged');
    if (held.length === 0) return undefined;
    const [name, batch] = this.random.pick(held);
    batch.state = 'purging';
    return this.#send('POST', path, {
      table: this.service.bootstrap.customTable,
      filters: [{ column: 'FilePath', operator: '==', value: name }],
    });
  }

  /** Three senders until `stop`. */
  async load(stop: () => boolean): Promise<void> {
    const { dcrImmutableId, streamName } = this.service.bootstrap;
    const path = `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`;
    const sender = async (): Promise<void> => {
      while (!stop()) {
        const name = `/batch/${(this.#number += 1)}`;
        const batch: Batch = { rows: 1 + this.random.integer(60), state: 'sent', at: this.now };
        this.batches.set(name, batch);
        const rows = Array.from({ length: batch.rows }, (_, index) => ({
          TimeGenerated: new Date(this.now).toISOString(),
          FilePath: name,
          RawData: `${index} ${'x'.repeat(this.random.integer(300))}`,
        }));
        const answer = await this.#send('POST', path, rows);
        if (answer?.status === 204 && batch.state === 'sent') batch.state = 'acknowledged';
        batch.at = this.now;
        if (answer === undefined) await pause(20);
      }
    };
    await Promise.all([sender(), sender(), sender()]);
  }

  /** Starts it again, its clock set on; sometimes the start is killed as well. */
  async start(context: TestContext): Promise<number> {
    this.shiftMs += stepMs;
    let killed = 0;
    while (this.random.chance(0.25)) {
      context.diagnostic('its start is killed');
      const starting = this.service.run([], this.#clock()).catch(() => undefined);
      await pause(50 + this.random.integer(1_500));
      await this.service.end('SIGKILL');
      await starting;
      killed += 1;
    }
    const begun = performance.now();
    const timer = setTimeout(() => void this.service.end('SIGKILL'), startMsMax);
    await this.service.run([], this.#clock());
    clearTimeout(timer);
    this.startMs = Math.max(this.startMs, performance.now() - begun);
    this.#authorization = await bearer(this.service);
    // A person says that the jump is right.
    const confirmed = await this.#send(
      'POST',
      '/providers/Microsoft.Strongroom/confirmClock?api-version=2026-11-01',
    );
    assert.ok(confirmed !== undefined && confirmed.status < 300, confirmed?.text);
    return killed;
  }

  #clock(): Record<string, string> {
    return {
      NODE_OPTIONS: `--import=${join(repository, 'tests', 'crash', 'shifted-clock.mjs')}`,
      STRONGROOM_TEST_CLOCK_MS: String(this.shiftMs),
    };
  }

  /** One life: load, an act, and the kill in it. Says what the act answered. */
  async life(): Promise<string> {
    let stopped = false;
    const loading = this.load(() => stopped);
    await pause(this.random.integer(600));
    const name = this.random.pick(Object.keys(this.#acts));
    let answered = 'no answer';
    const acting = this.#acts[name]!().then((answer) => {
      answered = answer === undefined ? answered : `${answer.status}`;
      return answer;
    });
    await pause(this.random.integer(this.random.pick([60, 400, 1_500])));
    const ending = this.service.end('SIGKILL');
    stopped = true;
    const [, , answer] = await Promise.all([ending, loading, acting]);
    if (answer !== undefined) assert.ok(answer.status < 500, `${name}: ${answer.text}`);
    if (answer?.status === 400 || answer?.status === 403 || answer?.status === 404) {
      assert.fail(`${name}: ${answer.text}`);
    }
    return `${name}, ${answered}`;
  }

  /** Arrival days before it may have expired. */
  #keptFrom(): number {
    return Math.floor((this.now - retentionDays * dayMs) / dayMs) * dayMs;
  }

  async check(moment: string): Promise<void> {
    const clients = azureClients(this.service);
    const certain = [...this.batches].filter(
      ([, { state, at }]) => state === 'acknowledged' && at >= this.#keptFrom(),
    );
    const counts = await eventually(
      () =>
        rowsOf(
          clients,
          this.service.bootstrap.workspaceId,
          `${this.service.bootstrap.customTable} | summarize n = count() by FilePath`,
          'P400D',
        ),
      (rows) => {
        const there = new Set(rows.map((row) => String(row['FilePath'])));
        return certain.every(([name]) => there.has(name));
      },
      60_000,
    );
    const found = new Map(counts.map((row) => [String(row['FilePath']), Number(row['n'])]));
    for (const [name, { rows }] of certain) {
      assert.equal(found.get(name), rows, `${moment}: ${name} was acknowledged`);
    }
    for (const [name, n] of found) {
      assert.equal(n, this.batches.get(name)?.rows, `${moment}: ${name} whole or not at all`);
    }
  }

  /** In the end: what expired is gone, every file is whole, ledger, export and backup verify. */
  async finish(directory: string): Promise<void> {
    const { service } = this;
    const expired = await this.#send(
      'POST',
      '/providers/Microsoft.Strongroom/expire?api-version=2026-11-01',
    );
    assert.ok(expired !== undefined && expired.status < 300, expired?.text);
    await this.check('in the end');
    const left = await rowsOf(
      azureClients(service),
      service.bootstrap.workspaceId,
      `${service.bootstrap.customTable} | distinct FilePath`,
      'P400D',
    );
    for (const { FilePath } of left) {
      const batch = this.batches.get(String(FilePath));
      assert.ok(
        batch !== undefined && batch.at >= this.#keptFrom(),
        `${String(FilePath)} has expired and is there`,
      );
    }
    const backed = await this.#send('POST', '/api/backups', {});
    assert.ok(backed !== undefined && backed.status < 300, backed?.text);
    await eventually(
      () => this.#send('GET', '/api/backups'),
      (answer) => answer !== undefined && /"state":"(idle|done|waiting)"/.test(answer.text),
      20_000,
    );
    await service.end('SIGTERM');
    const data = service.data;
    const ledger = join(
      data,
      'regions/local/workspaces',
      service.bootstrap.workspaceId,
      'ledger/public-keys',
    );
    const key = (await readFile(ledger, 'utf8')).trim().split('\n').at(-1)!;
    await this.command(['--data', data, 'fsck', data]);
    await this.command(['backup', 'verify', join(directory, 'backups')]);
    const archive = join(directory, 'archive');
    for (const path of await readdir(archive, { recursive: true })) {
      if (!path.endsWith('Text_CL')) continue;
      await this.command(['verify', join(archive, path, '..'), '--public-key', key]);
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test(`${kills} kills amid acts lose and double nothing (seed ${seed})`, async (context) => {
  const random = seededRandom(`kills/${seed}`);
  let done = 0;
  let slowest = 0;
  for (let number = 0; done < kills; number += 1) {
    const wanted = Math.min(kills, done + killsPerService);
    const service = await Service.prepare();
    try {
      const directory = service.directory;
      await mkdir(join(directory, 'archive'), { recursive: true });
      const targets = join(directory, 'targets.yaml');
      await writeFile(targets, `archive:\n  kind: directory\n  path: ${directory}/archive\n`);
      service.flags = [
        '--no-agent',
        '--export-targets',
        targets,
        '--backup',
        join(directory, 'backups'),
        '--backup-hours',
        '0',
        '--erasure-wait-hours',
        '0',
        '--journal-keep-hours',
        '1',
      ];
      await service.run([], {
        NODE_OPTIONS: `--import=${join(repository, 'tests', 'crash', 'shifted-clock.mjs')}`,
        STRONGROOM_TEST_CLOCK_MS: String(-20 * dayMs),
      });
      const world = new World(service, random.fork(`service ${number}`));
      await world.prepare();
      try {
        while (done < wanted) {
          const life = await world.life();
          done += 1;
          context.diagnostic(`kill ${done}: ${life}`);
          done += await world.start(context);
          if (random.chance(0.4)) await world.check(`after kill ${done}`);
        }
        await world.finish(directory);
      } catch (error) {
        if (process.env['STRONGROOM_TEST_KEEP'] !== undefined) {
          context.diagnostic(`kept: ${service.directory}`);
          service.keep = true;
        }
        context.diagnostic(service.output.split('\n').slice(-40).join('\n'));
        throw error;
      }
      const states = [...world.batches.values()];
      slowest = Math.max(slowest, world.startMs);
      context.diagnostic(
        `${done} kills, ${states.length} batches, ${states.filter(({ state }) => state !== 'sent').length} acknowledged, slowest start ${Math.round(slowest)} ms`,
      );
    } finally {
      await service.remove();
    }
  }
});
