/**
 * The engine by itself, in a process of its own: the same library, configuration, encrypted disks
 * and table as a workspace's, without the service. Started with `fork`; requests and answers in turn.
 */

import { openSync, readSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { Session, drainPending } from 'chdb';

export type RawRequest =
  | { readonly op: 'open'; readonly directory: string; readonly keyHex: string }
  /** Rows of a statement as arrays of texts. */
  | { readonly op: 'rows'; readonly sql: string }
  /** Runs a statement and says how long it took. */
  | { readonly op: 'time'; readonly sql: string }
  /** Inserts bytes of a file in pieces of whole lines, and says how long the inserts took. */
  | {
      readonly op: 'insert';
      readonly table: string;
      readonly file: string;
      readonly from: number;
      readonly to: number;
      readonly pieceBytes: number;
    }
  | { readonly op: 'close' };

export interface RawAnswer {
  readonly ms?: number;
  readonly rows?: unknown[][];
  readonly error?: string;
  readonly cpuSeconds?: number;
}

let session: Session | undefined;

const opened = (): Session => {
  if (session === undefined) throw new Error('not open');
  return session;
};

const text = async (sql: string): Promise<string> => {
  const result = await opened().queryAsync(sql, { format: 'JSONCompactEachRow' });
  return Buffer.from(result.bytes()).toString();
};

async function answer(request: RawRequest): Promise<RawAnswer> {
  switch (request.op) {
    case 'open': {
      const { directory, keyHex } = request;
      process.env['STRONGROOM_ENGINE_KEY_1'] = keyHex;
      session = new Session(join(directory, 'db'), {
        connectionArgs: [`--config-file=${join(directory, 'engine.xml')}`],
      });
      delete process.env['STRONGROOM_ENGINE_KEY_1'];
      await text("SET session_timezone = 'UTC'");
      await text('SET async_insert = 0');
      await text('SET output_format_json_quote_64bit_integers = 0');
      return {};
    }
    case 'rows':
      return {
        rows: (await text(request.sql))
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as unknown[]),
      };
    case 'time': {
      const started = performance.now();
      await opened().queryAsync(request.sql, { format: 'JSONCompactEachRow' });
      return { ms: performance.now() - started };
    }
    case 'insert': {
      const bytes = Buffer.allocUnsafe(request.to - request.from);
      const descriptor = openSync(request.file, 'r');
      readSync(descriptor, bytes, 0, bytes.length, request.from);
      closeSync(descriptor);
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length;) {
        const wanted = Math.min(at + request.pieceBytes, bytes.length);
        const newline = bytes.indexOf(0x0a, wanted - 1);
        const end = newline < 0 ? bytes.length : newline + 1;
        pieces.push(bytes.subarray(at, end));
        at = end;
      }
      const cpuBefore = process.cpuUsage();
      const started = performance.now();
      for (const values of pieces) {
        await opened().insert({
          table: request.table,
          values,
          format: 'JSONEachRow',
          settings: { date_time_input_format: 'best_effort' },
        });
      }
      const ms = performance.now() - started;
      const { user, system } = process.cpuUsage(cpuBefore);
      return { ms, cpuSeconds: (user + system) / 1e6 };
    }
    case 'close':
      session?.close();
      session = undefined;
      await drainPending();
      return {};
  }
}

let queue: Promise<void> = Promise.resolve();
process.on('message', (request: RawRequest) => {
  queue = queue.then(async () => {
    let reply: RawAnswer;
    try {
      reply = await answer(request);
    } catch (error) {
      reply = { error: String(error) };
    }
    process.send?.(reply);
    if (request.op === 'close') process.exit(0);
  });
});
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
