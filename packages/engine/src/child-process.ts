/** The parent's end of one engine process: starts it, speaks to it, ends it. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { invariant } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import { engineError, EngineError } from './errors.js';
import { FrameReader, encodeFrame } from './frames.js';
import type { Frame } from './frames.js';
import type { Reply, Request, StageRequest } from './protocol.js';

const entry = fileURLToPath(new URL('./child/main.js', import.meta.url));

/** What becomes of the omission of `id`, for each kind of request. */
type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;
export type RequestBody = Unnumbered<Request>;

export interface ExitInfo {
  readonly code: number | null;
  readonly signal: string | null;
  /** True where `close` asked for it. */
  readonly expected: boolean;
}

interface Waiting {
  readonly what: string;
  onReply(frame: Frame<Reply>): void;
  onGone(error: EngineError): void;
}

export class EngineProcess {
  readonly #process: ChildProcess;
  readonly #socket: Duplex;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onExit: ((info: ExitInfo) => void) | undefined;
  readonly #exited: Promise<void>;
  #nextId = 1;
  #gone = false;
  #expected = false;

  constructor(options: { directory: string; onExit?: ((info: ExitInfo) => void) | undefined }) {
    this.#onExit = options.onExit;
    // `sh` sets the limit that Node cannot: no core dump of a process that holds keys.
    this.#process = spawn(
      '/bin/sh',
      ['-c', 'ulimit -c 0; exec "$@"', 'sh', process.execPath, '--max-old-space-size=512', entry],
      {
        cwd: options.directory,
        // One thread for the insert, one for control, the rest for queries.
        env: { UV_THREADPOOL_SIZE: '8', TZ: 'UTC', LANG: 'C.UTF-8' },
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      },
    );
    const socket = this.#process.stdio[3];
    invariant(
      socket !== undefined && socket !== null && 'write' in socket,
      'a socket to the child',
    );
    this.#socket = socket as Duplex;
    const reader = new FrameReader<Reply>((frame) => this.#take(frame));
    this.#socket.on('data', (chunk: Buffer) => reader.push(chunk));
    this.#socket.on('error', () => undefined);
    this.#exited = new Promise((resolve) => {
      const ended = (code: number | null, signal: string | null): void => {
        if (this.#gone) return;
        this.#gone = true;
        const error = new EngineError('ENGINE_GONE', 'The engine process has ended.');
        for (const each of this.#waiting.values()) each.onGone(error);
        this.#waiting.clear();
        this.#socket.destroy();
        resolve();
        this.#onExit?.({ code, signal, expected: this.#expected });
      };
      this.#process.once('exit', ended);
      this.#process.once('error', () => ended(null, null));
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Resolves when the process has ended. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /** Sends a request with one answer. Rejects with an `EngineError`. */
  request(
    body: RequestBody,
    options: { what: string; payload?: readonly Uint8Array[] },
  ): Promise<Frame<Reply>> {
    return new Promise((resolve, reject) => {
      this.#send(body, options.payload ?? [], {
        what: options.what,
        onReply: (frame) => {
          if (frame.header.is === 'failed') reject(engineError(frame.header.failure, options.what));
          else resolve(frame);
        },
        onGone: reject,
      });
    });
  }

  /** Sends a request with several answers; `onReply` gets each until `end` or `failed`. */
  open(
    body: RequestBody,
    on: { what: string; onReply: (frame: Frame<Reply>) => void; onGone: (e: EngineError) => void },
  ): number {
    return this.#send(body, [], on);
  }

  /** Sends what has no answer, about request `id`. */
  tell(body: { op: 'more' | 'cancel' | 'unstage'; id: number }): void {
    if (!this.#gone) this.#write(body, []);
  }

  /** Sends what has no answer, and says by which id it is spoken of later. */
  hand(body: Omit<StageRequest, 'id'>, payload: readonly Uint8Array[]): number {
    const id = this.#nextId;
    this.#nextId += 1;
    if (!this.#gone) this.#write({ ...body, id }, payload);
    return id;
  }

  /** Ends the process: asks, and after `closeMs` kills. Resolves when it has ended. */
  async close(options: { clock: Clock; closeMs: number }): Promise<void> {
    this.#expected = true;
    if (this.#gone) return;
    const stop = new AbortController();
    const asked = this.request({ op: 'close' }, { what: 'close' }).then(
      () => this.#exited,
      () => this.#exited,
    );
    const late = options.clock.sleep(options.closeMs, stop.signal).then(
      () => this.kill(),
      () => undefined,
    );
    await asked;
    stop.abort(new Error('closed'));
    await late;
  }

  /** Ends it at once. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #send(body: RequestBody, payload: readonly Uint8Array[], waiting: Waiting): number {
    const id = this.#nextId;
    this.#nextId += 1;
    if (this.#gone) {
      waiting.onGone(new EngineError('ENGINE_GONE', 'The engine process has ended.'));
      return id;
    }
    this.#waiting.set(id, waiting);
    this.#write({ ...body, id }, payload);
    return id;
  }

  #write(header: object, payload: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const part of encodeFrame(header, payload)) this.#socket.write(part);
    this.#socket.uncork();
  }

  #take(frame: Frame<Reply>): void {
    const { id, is } = frame.header;
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (is !== 'chunk') this.#waiting.delete(id);
    waiting.onReply(frame);
  }
}
