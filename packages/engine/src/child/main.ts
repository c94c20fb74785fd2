/**
 * The engine's process: one workspace's ClickHouse and nothing else.
 *
 * It is started with an empty environment, takes its keys from the inherited socket (descriptor
 * 3), and answers requests there until the socket ends. It writes to no log: what ClickHouse has
 * to say quotes rows.
 */

import { readFile, readlink, realpath } from 'node:fs/promises';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { FrameReader, encodeFrame } from '../frames.js';
import type { Frame } from '../frames.js';
import type { EngineFailure } from '../errors.js';
import type { MemoryUse, OpenRequest, Reply, Request, WireStatement } from '../protocol.js';
import { DurableNames } from './durable-names.js';
import { Inserter, TooManyRows } from './inserts.js';
import { Busy, Cancelled, Queries } from './queries.js';
import { Manifest, ManifestDamaged } from './manifest.js';
import type { PartDamage, VouchedPart } from './manifest.js';
import type { Session } from './sessions.js';
import { drainPending, failureOf, openSession, run, runRows, set } from './sessions.js';

const socketDescriptor = 3;
const clock = { monotonicMs: (): number => performance.now() };

class Child {
  readonly #socket = new Socket({ fd: socketDescriptor });
  #open:
    | {
        writer: Session;
        control: Session;
        inserter: Inserter;
        queries: Queries;
        names: DurableNames;
        manifest: Manifest;
        activeParts: WireStatement;
      }
    | undefined;
  /** The writer's calls, one after the other. */
  #writing: Promise<unknown> = Promise.resolve();
  #controlling: Promise<unknown> = Promise.resolve();
  #closing = false;
  #purge: { readonly statement: WireStatement; readonly afterMs: number } | undefined;
  #purging: NodeJS.Timeout | undefined;
  #syncing: NodeJS.Timeout | undefined;

  start(): void {
    const reader = new FrameReader<Request>((frame) => void this.#take(frame));
    this.#socket.on('data', (chunk) => reader.push(chunk));
    // The parent is gone: whoever comes next wants the directory now, and an insert that was cut
    // is what recovery is for. Leaving in any other way with a session open crashes.
    this.#socket.on('end', () => this.#die());
    this.#socket.on('error', () => this.#die());
    // A signal to the whole group is the parent's to answer: it closes us in its own time.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => undefined);
    }
  }

  #send(reply: Reply, payload: readonly Uint8Array[] = []): void {
    this.#socket.cork();
    for (const part of encodeFrame(reply, payload)) this.#socket.write(part);
    this.#socket.uncork();
  }

  async #take({ header, payload }: Frame<Request>): Promise<void> {
    try {
      await this.#answer(header, payload);
      this.#purgeSoon();
    } catch (error) {
      this.#send({ id: header.id, is: 'failed', failure: describe(error) });
    }
  }

  async #answer(header: Request, payload: Buffer): Promise<void> {
    const { id } = header;
    if (header.op === 'open') {
      const damages = await this.#start(header, payload);
      this.#send({ id, is: 'opened', damages });
      return;
    }
    const open = this.#open;
    if (open === undefined) throw new Error('not open');
    switch (header.op) {
      case 'run': {
        const rows = await (header.session === 'writer'
          ? this.#write(async () => {
              if (header.keepsParts !== true) await open.manifest.begin();
              const answer = await run(open.writer, header.statement);
              await this.#vouchAll({ settles: true });
              return answer;
            })
          : this.#control(() => run(open.control, header.statement)));
        if (header.forget !== undefined) open.inserter.forget(header.forget);
        this.#send({ id, is: 'rows' }, [rows]);
        return;
      }
      case 'script':
        await this.#write(async () => {
          await open.manifest.begin();
          await open.inserter.script(header);
          await this.#vouchAll({ settles: true });
        });
        this.#send({ id, is: 'done' });
        return;
      case 'stage':
        open.inserter.stage(header, payload);
        return;
      case 'unstage':
        open.inserter.unstage(id);
        return;
      case 'insert': {
        const counts = await this.#write(() => open.inserter.insert(header));
        this.#send({ id, is: 'inserted', counts });
        return;
      }
      case 'query': {
        const statistics = await open.queries.query(header, (bytes) =>
          this.#send({ id, is: 'chunk' }, [bytes]),
        );
        this.#send({ id, is: 'end', statistics });
        return;
      }
      case 'more':
        open.queries.more(id);
        return;
      case 'cancel':
        await open.queries.cancel(id);
        return;
      case 'reopen':
        await this.#write(async () => {
          open.manifest.reopen(header.uuid);
          await this.#vouchAll({ settles: false });
        });
        this.#send({ id, is: 'done' });
        return;
      case 'memory':
        this.#send({ id, is: 'memory', memory: await memoryUse() });
        return;
      case 'close':
        this.#closing = true;
        await this.#close();
        this.#send({ id, is: 'done' });
        this.#socket.end(() => process.exit(0));
        return;
    }
  }

  async #start(request: OpenRequest, payload: Buffer): Promise<PartDamage[]> {
    // ClickHouse reads keys from the environment only; they are in it while it opens. `payload`
    // and the strings made of it stay in this process's memory, as the keys themselves do.
    request.keyNames.forEach((name, index) => {
      const from = index * request.keySize;
      process.env[name] = payload.toString('hex', from, from + request.keySize);
    });
    const manifest = new Manifest({
      directory: dirname(request.path),
      keys: new Map(
        request.keyIds.map((id, index) => [
          id,
          payload.subarray(index * request.keySize, (index + 1) * request.keySize),
        ]),
      ),
      current: request.currentKeyId,
    });
    payload.fill(0);
    await refuseSecond(request.path);
    const damages = await manifest.check();
    manifest.keepClosed(damages.map(({ uuid }) => uuid));
    let writer: Session;
    try {
      writer = openSession(request.path, request.configurationFile);
    } finally {
      for (const name of request.keyNames) delete process.env[name];
    }
    set(writer, request.writerSettings);
    await run(writer, request.createDatabase);
    // What a killed process left is named in memory only, and is built on from now on.
    const names = new DurableNames({ directory: dirname(request.path), now: () => Date.now() });
    await names.sync();
    const control = openSession(request.path);
    const queryControl = openSession(request.path);
    for (const session of [control, queryControl]) set(session, request.writerSettings);
    this.#open = {
      writer,
      control,
      inserter: new Inserter(writer, (parts) => manifest.vouch(parts)),
      names,
      manifest,
      activeParts: request.activeParts,
      queries: new Queries({
        path: request.path,
        runningMax: request.queriesRunningMax,
        waitingMax: request.queriesWaitingMax,
        control: queryControl,
        clock,
      }),
    };
    this.#syncing = setInterval(() => {
      // A merge is named in memory only until this, and what it replaced is removed later.
      this.#vouchAll({ settles: false }).catch(() => this.#die());
    }, request.syncNamesMs);
    this.#purge = { statement: request.purgeMemory, afterMs: request.purgeMemoryMs };
    this.#closers.push(queryControl, control, writer);
    await this.#vouchAll({ settles: true });
    return damages;
  }

  readonly #closers: Session[] = [];

  /** Makes all names durable, and vouches for the parts that were there before. */
  async #vouchAll(options: { settles: boolean }): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    const before = open.manifest.known;
    const rows = await this.#control(() => runRows(open.control, open.activeParts));
    const parts = rows.map((row): VouchedPart => ({
      name: String(row[1]),
      path: String(row[2]),
      rows: Number(row[3]),
    }));
    await open.names.sync();
    await open.manifest.vouchAll(parts, { ...options, before });
  }

  #write<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(work);
    this.#writing = result.catch(() => undefined);
    return result;
  }

  #control<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#controlling.then(work);
    this.#controlling = result.catch(() => undefined);
    return result;
  }

  /** Kills queries, waits for what writes, closes: leaving with an open session crashes. */
  async #close(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    await open.queries.cancelAll();
    await this.#writing;
    await this.#controlling;
    clearInterval(this.#syncing);
    await this.#vouchAll({ settles: false });
    this.#open = undefined;
    for (const session of this.#closers) session.close();
    await drainPending();
  }

  /** Once a while where there is work, and a last time after it. */
  #purgeSoon(): void {
    if (this.#purge === undefined || this.#purging !== undefined) return;
    const { statement, afterMs } = this.#purge;
    this.#purging = setTimeout(() => {
      this.#purging = undefined;
      const open = this.#open;
      if (open === undefined || this.#closing) return;
      // Without it the engine is only larger.
      this.#control(() => run(open.control, statement)).catch(() => undefined);
    }, afterMs);
    this.#purging.unref();
  }

  #die(): void {
    if (!this.#closing) process.kill(process.pid, 'SIGKILL');
  }
}

/**
 * Rejects where another process has the directory. ClickHouse's own lock would say so, but only once
 * it opens, and what nobody vouches for is removed before that.
 */
async function refuseSecond(path: string): Promise<void> {
  const text = await readFile(join(path, 'status'), 'utf8').catch(() => '');
  const pid = /^PID: (\d+)$/m.exec(text)?.[1];
  if (pid === undefined || Number(pid) === process.pid) return;
  // An engine's process runs in its own directory; a number given to another process does not.
  const where = await readlink(`/proc/${pid}/cwd`).catch(() => '');
  if (where === (await realpath(dirname(path)))) throw new Error('another process has it');
}

function describe(error: unknown): EngineFailure {
  if (error instanceof Busy) return { engineCode: 0, code: 'ENGINE_BUSY' };
  if (error instanceof Cancelled) return { engineCode: 0, code: 'ENGINE_CANCELLED' };
  if (error instanceof ManifestDamaged) return { engineCode: 0, code: 'ENGINE_DAMAGED' };
  if (error instanceof TooManyRows) return { engineCode: 0, code: 'ENGINE_BAD_BATCH' };
  return failureOf(error);
}

/** `/proc/self/smaps_rollup`: sizes in kB. Dirty private pages are this process's alone. */
async function memoryUse(): Promise<MemoryUse> {
  const text = await readFile('/proc/self/smaps_rollup', 'utf8');
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { rssBytes: bytes('Rss'), privateBytes: bytes('Private_Dirty') };
}

new Child().start();
