/**
 * Sends bodies that were compressed beforehand, in a process of its own: its work is not the
 * service's. Started with `fork`; one job, one answer.
 */

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { randomUUID } from 'node:crypto';

export interface LoadJob {
  readonly url: string;
  readonly ca: string;
  readonly authorization: string;
  readonly path: string;
  /** Compressed bodies, one after the other. */
  readonly file: string;
  readonly sizes: readonly number[];
  readonly connections: number;
  /** Bodies begun each second, evenly; without it as fast as the connections go. */
  readonly perSecond?: number;
  /** Sends them again and again for so long. */
  readonly durationMs?: number;
}

export interface LoadReport {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly acknowledgedAt: number;
  /** From when a body was due to its 204. */
  readonly latenciesMs: readonly number[];
  readonly bodies: number;
  /** Answers other than 204. */
  readonly refused: number;
  readonly cpuSeconds: number;
}

const now = (): number => performance.timeOrigin + performance.now();

async function run(job: LoadJob): Promise<LoadReport> {
  const bytes = readFileSync(job.file);
  const bodies: Buffer[] = [];
  let offset = 0;
  for (const size of job.sizes) {
    bodies.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  const base = new URL(job.url);
  const agent = new Agent({ keepAlive: true, maxSockets: job.connections, ca: job.ca });
  const send = (body: Buffer): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent,
          hostname: base.hostname,
          port: base.port,
          servername: base.hostname,
          method: 'POST',
          path: job.path,
          headers: {
            authorization: job.authorization,
            'content-type': 'application/json',
            'content-encoding': 'gzip',
            'content-length': body.length,
            'x-ms-client-request-id': randomUUID(),
          },
        },
        (incoming) => {
          incoming.resume();
          incoming.once('end', () => resolve(incoming.statusCode ?? 0));
          incoming.once('error', reject);
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });

  // Handshakes are not what is measured.
  await Promise.all(Array.from({ length: job.connections }, () => send(bodies[0]!.subarray(0, 0))));

  const cpuBefore = process.cpuUsage();
  const startedAt = now();
  const latenciesMs: number[] = [];
  let [sent, refused] = [0, 0];
  const isOver = (): boolean =>
    job.durationMs === undefined ? sent >= bodies.length : now() - startedAt >= job.durationMs;
  const one = async (dueAt: number): Promise<void> => {
    const body = bodies[sent % bodies.length]!;
    sent += 1;
    for (;;) {
      const status = await send(body);
      if (status === 204) break;
      refused += 1;
      if (status !== 429 && status !== 503) throw new Error(`the service answered ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    latenciesMs.push(now() - dueAt);
  };
  if (job.perSecond === undefined) {
    const worker = async (): Promise<void> => {
      while (!isOver()) await one(now());
    };
    await Promise.all(Array.from({ length: job.connections }, worker));
  } else {
    const running: Promise<void>[] = [];
    for (let count = 0; !isOver(); count += 1) {
      const dueAt = startedAt + (count * 1000) / job.perSecond;
      const wait = dueAt - now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      running.push(one(dueAt));
    }
    await Promise.all(running);
  }
  const acknowledgedAt = now();
  const { user, system } = process.cpuUsage(cpuBefore);
  agent.destroy();
  return {
    startedAt,
    acknowledgedAt,
    latenciesMs,
    bodies: sent,
    refused,
    cpuSeconds: (user + system) / 1e6,
  };
}

process.once('message', (job: LoadJob) => {
  run(job).then(
    (report) => process.send?.({ report }, () => process.exit(0)),
    (error: unknown) => process.send?.({ error: String(error) }, () => process.exit(1)),
  );
});
