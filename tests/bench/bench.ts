import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:https';
import { open, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine } from '@strongroom/engine';
import type { TableDefinition } from '@strongroom/engine';
import { systemClock } from '@strongroom/platform';
import { azureClients, bearer } from '../support/clients.js';
import { Service } from '../support/service.js';
import { syslogColumns, syslogRows, writeBodies, writeDataSet } from './data.js';
import type { Body, ColumnDeclaration, DataSet, SyslogAnswers } from './data.js';
import type { Figure } from './figures.js';
import type { LoadJob, LoadReport } from './loader.js';
import { cpuOfService, cpuSecondsOf } from './processes.js';
import type { RawAnswer, RawRequest } from './raw-engine.js';

/** Plain bytes of an apply batch, as the service makes them. */
const twinBatchBytes = 8 * 1024 * 1024;

export interface BenchOptions {
  /** Rows of the syslog-like set. */
  readonly rows: number;
  readonly say: (line: string) => void;
  /** Whether queries are compared: the engine by itself then holds the same rows. */
  readonly fillsTwin: boolean;
}

/** A service under measurement, its data, and the engine by itself beside it. */
export class Bench {
  readonly directory: string;
  readonly service: Service;
  readonly options: BenchOptions;
  readonly figures: Figure[] = [];
  readonly #agent: Agent;
  #authorization = '';
  #data: { set: DataSet; answers: SyslogAnswers } | undefined;
  #raw: RawEngine | undefined;
  #syslogPath: string | undefined;
  #loaded = 0;
  #sentBytes = 0;
  #files = 0;

  private constructor(directory: string, service: Service, options: BenchOptions) {
    this.directory = directory;
    this.service = service;
    this.options = options;
    this.#agent = new Agent({ keepAlive: true, ca: service.ca });
  }

  static async open(options: BenchOptions): Promise<Bench> {
    const directory = await mkdtemp(join(tmpdir(), 'strongroom-bench-'));
    // An idle engine is closed within the bench's time, so that this can be measured too.
    const service = await Service.start({ flags: ['--engine-idle-minutes', '1'] });
    const bench = new Bench(directory, service, options);
    bench.#authorization = await bearer(service);
    return bench;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.#raw?.close();
    await this.service.remove();
    await rm(this.directory, { recursive: true, force: true });
  }

  add(figure: Figure): void {
    this.figures.push(figure);
  }

  say(line: string): void {
    this.options.say(line);
  }

  get workspaceId(): string {
    return this.service.bootstrap.workspaceId;
  }

  /** A table with a rule for it; resolves with the path that takes its rows. */
  async makeTable(
    name: string,
    columns: readonly ColumnDeclaration[],
    workspace?: { name: string; resourceId: string },
  ): Promise<string> {
    const { resourceGroup, workspaceName, workspaceResourceId } = this.service.bootstrap;
    const clients = azureClients(this.service);
    const target = workspace ?? { name: workspaceName, resourceId: workspaceResourceId };
    const { location } = await clients.workspaces.workspaces.get(resourceGroup, target.name);
    await clients.workspaces.tables.createOrUpdate(resourceGroup, target.name, name, {
      schema: {
        name,
        columns: columns.map((column) => ({
          name: column.name,
          type: column.type === 'datetime' ? 'dateTime' : column.type,
        })),
      },
    });
    const stream = `Custom-${name}`;
    const rule = await clients.monitor.dataCollectionRules.create(
      resourceGroup,
      `bench-${target.name}-${name.toLowerCase().replace('_', '-')}`,
      {
        body: {
          location,
          kind: 'Direct',
          streamDeclarations: { [stream]: { columns: [...columns] } },
          destinations: {
            logAnalytics: [{ workspaceResourceId: target.resourceId, name: 'own' }],
          },
          dataFlows: [
            {
              streams: [stream],
              destinations: ['own'],
              transformKql: 'source',
              outputStream: stream,
            },
          ],
        },
      },
    );
    return `/dataCollectionRules/${rule.immutableId}/streams/${stream}?api-version=2023-01-01`;
  }

  /** A further workspace. */
  async makeWorkspace(name: string): Promise<{ name: string; id: string; resourceId: string }> {
    const { resourceGroup, workspaceName } = this.service.bootstrap;
    const { workspaces } = azureClients(this.service).workspaces;
    const { location } = await workspaces.get(resourceGroup, workspaceName);
    const made = await workspaces.createOrUpdate(resourceGroup, name, {
      location,
      sku: { name: 'PerGB2018' },
      retentionInDays: 31,
    });
    return { name, id: made.customerId ?? '', resourceId: made.id ?? '' };
  }

  /** One request over a connection that stays open. */
  async post(
    path: string,
    body: string | Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> {
    const base = new URL(this.service.bootstrap.url);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent: this.#agent,
          hostname: base.hostname,
          servername: base.hostname,
          port: base.port,
          method: 'POST',
          path,
          headers: {
            authorization: this.#authorization,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            ...headers,
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.once('error', reject);
          incoming.once('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              text: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }

  /** Rows of a query. */
  async query(kql: string, workspaceId = this.workspaceId): Promise<unknown[][]> {
    const answer = await this.post(
      `/v1/workspaces/${workspaceId}/query`,
      JSON.stringify({ query: kql, timespan: 'P3D' }),
    );
    if (answer.status !== 200) throw new Error(`${kql}: ${answer.status} ${answer.text}`);
    const { tables, error } = JSON.parse(answer.text) as {
      tables: { rows: unknown[][] }[];
      error?: unknown;
    };
    if (error !== undefined) throw new Error(`${kql}: ${JSON.stringify(error)}`);
    return tables[0]?.rows ?? [];
  }

  /** The first cell of a query's first row as a number. */
  async count(kql: string, workspaceId = this.workspaceId): Promise<number> {
    return Number((await this.query(kql, workspaceId))[0]?.[0] ?? 0);
  }

  /** Polls until the query counts so many, and fails after a minute. */
  async untilCount(kql: string, wanted: number): Promise<number> {
    const until = performance.now() + 120_000;
    for (;;) {
      const found = await this.count(kql);
      const at = performance.timeOrigin + performance.now();
      if (found === wanted) return at;
      if (found > wanted || performance.now() > until) {
        throw new Error(`${kql}: ${found} where ${wanted} were sent`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The syslog-like rows, made once. */
  async syslog(): Promise<{ set: DataSet; answers: SyslogAnswers }> {
    if (this.#data === undefined) {
      this.say(`making ${this.options.rows} rows …`);
      const { next, answers } = syslogRows({
        seed: 'bench-1',
        rows: this.options.rows,
        now: Date.now(),
      });
      const set = await writeDataSet({ directory: this.directory, name: 'syslog', next });
      this.#data = { set, answers };
    }
    return this.#data;
  }

  /** Where the syslog-like rows go. */
  async syslogPath(): Promise<string> {
    this.#syslogPath ??= await this.makeTable('Bench_CL', syslogColumns);
    return this.#syslogPath;
  }

  /** Rows of the set that were sent so far; {@link loadSlice} sends the next ones. */
  get loaded(): number {
    return this.#loaded;
  }

  /** Plain bytes of all bodies that were sent, to whatever table. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Sends the bodies from number `from` up to and without `to`, and waits until they are queryable. */
  async loadSlice(
    from: number,
    to: number,
    connections: number,
  ): Promise<{
    report: LoadReport;
    queryableAt: number;
    bytes: number;
    cpu: { server: number; engines: number };
  }> {
    const { set } = await this.syslog();
    const path = await this.syslogPath();
    const bodies = set.bodies.slice(from, to);
    const before = await cpuOfService(this.service.pid);
    const report = await this.load(path, bodies, { connections });
    this.#loaded += bodies.reduce((sum, { rows }) => sum + rows, 0);
    const queryableAt = await this.untilCount('Bench_CL | count', this.#loaded);
    const after = await cpuOfService(this.service.pid);
    return {
      report,
      queryableAt,
      bytes: bodies.reduce((sum, body) => sum + body.to - body.from, 0),
      cpu: { server: after.server - before.server, engines: after.engines - before.engines },
    };
  }

  /** Sends what was not sent yet. */
  async loadAll(): Promise<void> {
    const { set, answers } = await this.syslog();
    if (this.#loaded === answers.rows) return;
    if (this.#loaded !== 0) throw new Error('the rows were sent in part');
    this.say('sending all rows …');
    await this.loadSlice(0, set.bodies.length, 4);
  }

  /** Sends bodies from a process of its own. */
  async load(
    path: string,
    bodies: readonly Body[],
    options: Pick<LoadJob, 'connections' | 'perSecond' | 'durationMs'>,
  ): Promise<LoadReport> {
    this.#files += 1;
    const file = join(this.directory, `bodies-${this.#files}`);
    await writeBodies(file, bodies);
    const child = fork(fileURLToPath(new URL('./loader.js', import.meta.url)), [], {
      serialization: 'advanced',
    });
    const job: LoadJob = {
      url: this.service.bootstrap.url,
      ca: this.service.ca,
      authorization: this.#authorization,
      path,
      file,
      sizes: bodies.map(({ gz }) => gz.length),
      ...options,
    };
    try {
      return await new Promise<LoadReport>((resolve, reject) => {
        child.once('message', (message: { report?: LoadReport; error?: string }) => {
          if (message.report !== undefined) {
            const plain = bodies.reduce((sum, body) => sum + body.to - body.from, 0);
            this.#sentBytes += (plain / bodies.length) * message.report.bodies;
            resolve(message.report);
          } else reject(new Error(message.error));
        });
        child.once('exit', (code) => reject(new Error(`the loader ended (${code})`)));
        child.send(job);
      });
    } finally {
      await rm(file, { force: true });
    }
  }

  /** Waits until the service does nothing worth mentioning: merges are over. */
  async settle(): Promise<void> {
    const used = async (): Promise<number> => {
      const { server, engines } = await cpuOfService(this.service.pid);
      const { pid } = this.#raw ?? {};
      return server + engines + (pid === undefined ? 0 : await cpuSecondsOf(pid));
    };
    let before = await used();
    for (let count = 0; count < 20; count += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const now = await used();
      if (now - before < 0.1) return;
      before = now;
    }
  }

  /** The engine by itself. With the same rows in `workspace.Bench_CL` where queries are compared. */
  async raw(): Promise<RawEngine> {
    this.#raw ??= await RawEngine.open(join(this.directory, 'engine'), {
      fill: this.options.fillsTwin ? (await this.syslog()).set : undefined,
      say: (line) => this.say(line),
    });
    return this.#raw;
  }
}

const twinTable: TableDefinition = {
  name: 'Bench_CL',
  columns: syslogColumns.map(({ name, type }) => ({ name, type })),
  fullTextColumns: ['SyslogMessage'],
};

/** The process of `raw-engine.ts`. */
export class RawEngine {
  readonly #child: ChildProcess;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor() {
    this.#child = fork(fileURLToPath(new URL('./raw-engine.js', import.meta.url)), [], {
      serialization: 'advanced',
    });
  }

  /** Makes the directory and the table as a workspace's engine does, then opens it bare. */
  static async open(
    directory: string,
    options: { fill: DataSet | undefined; say: (line: string) => void },
  ): Promise<RawEngine> {
    const key = randomBytes(32);
    const keyHex = key.toString('hex');
    const engine = await openEngine({
      directory,
      diskKeys: { current: 1, keys: { 1: key } },
      clock: systemClock,
    });
    try {
      await engine.ensureTables([twinTable]);
      if (options.fill !== undefined) {
        options.say('inserting the same rows into the engine by itself …');
        await fillTwin(engine, options.fill);
      }
    } finally {
      await engine.close();
    }
    const raw = new RawEngine();
    await raw.ask({ op: 'open', directory, keyHex });
    return raw;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask(message: RawRequest): Promise<RawAnswer> {
    const asked = this.#queue.then(
      () =>
        new Promise<RawAnswer>((resolve, reject) => {
          const child = this.#child;
          const ended = (): void => reject(new Error('the engine by itself ended'));
          child.once('exit', ended);
          child.once('message', (reply: RawAnswer) => {
            child.off('exit', ended);
            if (reply.error === undefined) resolve(reply);
            else reject(new Error(reply.error));
          });
          child.send(message);
        }),
    );
    this.#queue = asked.catch(() => undefined);
    return asked;
  }

  async rows(sql: string): Promise<unknown[][]> {
    return (await this.ask({ op: 'rows', sql })).rows ?? [];
  }

  async time(sql: string): Promise<number> {
    return (await this.ask({ op: 'time', sql })).ms ?? Number.NaN;
  }

  /** A table with the same columns, codecs, index and settings, without our system columns. */
  async makePlainTable(name: string): Promise<void> {
    const [row] = await this.rows('SHOW CREATE TABLE workspace.Bench_CL');
    const text = String(row?.[0]);
    const lines = text
      .split('\n')
      .filter((line) => !/^\s*(?:`_|INDEX _position\b)/.test(line))
      .filter((line) => !/^(?:PARTITION BY|TTL) /.test(line));
    const sql = lines
      .join('\n')
      .replace('workspace.Bench_CL', `workspace.${name}`)
      .replace('`TimeGenerated` Int64', "`TimeGenerated` DateTime64(7, 'UTC')")
      // The last column's comma, where what followed it is gone.
      .replace(/,\n\)/, '\n)');
    await this.rows(sql);
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      if (this.#child.exitCode !== null) resolve();
      this.#child.once('exit', () => resolve());
    });
    await this.ask({ op: 'close' }).catch(() => undefined);
    this.#child.kill('SIGKILL');
    await ended;
  }
}

async function fillTwin(
  engine: Awaited<ReturnType<typeof openEngine>>,
  set: DataSet,
): Promise<void> {
  const handle = await open(set.file, 'r');
  const epochTicks = 621_355_968_000_000_000n;
  const timeReceivedTicks = BigInt(Date.now()) * 10_000n + epochTicks;
  try {
    for (let at = 0; at < set.bodies.length;) {
      const first = at;
      const entries = [];
      for (let bytes = 0; at < set.bodies.length && bytes < twinBatchBytes; at += 1) {
        const body = set.bodies[at]!;
        const ndjson = Buffer.allocUnsafe(body.to - body.from);
        await handle.read(ndjson, 0, ndjson.length, body.from);
        bytes += ndjson.length;
        entries.push({
          position: BigInt(at),
          timeReceivedTicks,
          ndjson,
          shape: 'ndjson' as const,
          rowCount: body.rows,
        });
      }
      await engine.insert({
        range: { from: BigInt(first), to: BigInt(at) },
        table: twinTable,
        input: twinTable.columns,
        entries,
      });
    }
  } finally {
    await handle.close();
  }
}
