import { X509Certificate, createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import type { AgentConfiguration } from '@strongroom/api';
import { agentId as readAgentId, workspaceId as readWorkspaceId } from '@strongroom/base';
import { openAuthority, openLocalKeystore, openServiceKeys } from '@strongroom/keys';
import type { Authority } from '@strongroom/keys';
import type { Clock, Fs } from '@strongroom/base';
import { nodeFileSystem, sha256, systemClock, systemRandom } from '@strongroom/platform';
import { enrol } from './enrol.js';
import type { Enrolled } from './enrol.js';
import { runAgent } from './agent.js';
import type { System } from './system.js';

/** A request that arrived on the agents' listener. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly requestId: string;
  readonly commonName: string;
  readonly body: Buffer;
}

export type Reply = {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

/**
 * A small service over real TLS with a real authority: it keeps what the real one keeps (each request
 * id and content once) and answers as a test decides.
 */
export class TestService {
  readonly authority: Authority;
  readonly directory: string;
  readonly workspaceId = 'aaaaaaaa-0000-4000-8000-000000000001';
  configuration: AgentConfiguration = { etag: '1' };
  enrollmentKey = 'an-enrolment-key';
  /** Decides an answer; `undefined` answers as a healthy service does. */
  decide: (request: Arrived) => Reply | undefined | 'hang up' = () => undefined;
  checkpoint: string | undefined;
  /** Answers the question for a consistency proof; a service that cannot says 404. */
  consistency: ((from: bigint) => unknown) | undefined;
  /** The statement of a restore. */
  epoch: string | undefined;
  /** Hand-overs of the ledger's key, as the service answers them. */
  handOvers: string | undefined;
  verifierKey: string | undefined;
  readonly arrived: Arrived[] = [];
  readonly accepted = new Map<string, string>();
  /** Rows by stream, each once. */
  readonly rows = new Map<string, Record<string, unknown>[]>();
  renewals = 0;
  publicUrl = '';
  agentUrl = '';
  #public: Server | undefined;
  #agents: Server | undefined;
  #agentPort = 0;
  #tls: { cert: string; key: string; ca: string } | undefined;

  private constructor(authority: Authority, directory: string) {
    this.authority = authority;
    this.directory = directory;
  }

  static async start(): Promise<TestService> {
    const directory = await mkdtemp(join(tmpdir(), 'strongroom-agent-test-'));
    const [fs, random, clock] = [nodeFileSystem, systemRandom, systemClock];
    const path = join(directory, 'service', 'root.key');
    const provider = await openLocalKeystore({ path, fs, random, create: true });
    const keys = join(directory, 'service', 'keys');
    const serviceKeys = await openServiceKeys({ provider, directory: keys, fs, random });
    const authority = await openAuthority({ serviceKeys, directory: keys, fs, clock, random });
    const service = new TestService(authority, directory);
    const issued = await authority.issueServerCertificate({
      names: ['localhost', '127.0.0.1'],
      days: 30,
    });
    service.#tls = {
      cert: issued.certificatePem + authority.certificatePem,
      key: issued.privateKeyPem,
      ca: authority.certificatePem,
    };
    service.#public = createServer(
      service.#tls,
      service.#handle((request, response, body) => service.#enrol(request, response, body)),
    );
    service.publicUrl = `https://127.0.0.1:${await service.#listen(service.#public, 0)}`;
    await service.startAgents();
    return service;
  }

  /** Starts the agents' listener, on the port it had before. */
  async startAgents(): Promise<void> {
    this.#agents = createServer(
      { ...this.#tls!, requestCert: true, rejectUnauthorized: true },
      this.#handle((request, response, body) => this.#agent(request, response, body)),
    );
    this.#agentPort = await this.#listen(this.#agents, this.#agentPort);
    this.agentUrl = `https://127.0.0.1:${this.#agentPort}`;
  }

  async stopAgents(): Promise<void> {
    const server = this.#agents;
    this.#agents = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) =>
      server === undefined ? resolve() : server.close(() => resolve()),
    );
  }

  async stop(): Promise<void> {
    await this.stopAgents();
    this.#public?.closeAllConnections();
    await new Promise<void>((resolve) => this.#public?.close(() => resolve()));
    await rm(this.directory, { recursive: true, force: true });
  }

  async #listen(server: Server, port: number): Promise<number> {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  #handle(
    answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => Promise<void>,
  ): RequestListener {
    return (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        answer(request, response, Buffer.concat(chunks)).catch((error: unknown) => {
          response.writeHead(500).end(String(error));
        });
      });
    };
  }

  #json(response: ServerResponse, status: number, value: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  }

  async #issue(csrPem: string, agentId: string): Promise<string> {
    const issued = await this.authority.issueAgentCertificate({
      csrPem,
      agentId: readAgentId(agentId),
      workspaceId: readWorkspaceId(this.workspaceId),
      days: 90,
    });
    return issued.certificatePem;
  }

  async #enrol(_request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const request = JSON.parse(body.toString()) as { enrollmentKey: string; csr: string };
    if (request.enrollmentKey !== this.enrollmentKey) {
      this.#json(response, 403, {
        error: { code: 'EnrollmentKeyInvalid', message: 'No such key.' },
      });
      return;
    }
    const agentId = systemRandom.uuid();
    this.#json(response, 200, {
      agentId,
      workspaceId: this.workspaceId,
      workspaceName: 'default',
      certificate: await this.#issue(request.csr, agentId),
      authority: this.authority.certificatePem,
      agentEndpoint: this.agentUrl,
      verifierKey: this.verifierKey,
      configuration: this.configuration,
    });
  }

  async #agent(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const raw = (request.socket as TLSSocket).getPeerX509Certificate();
    const commonName = /CN=(.*)/.exec(raw?.subject ?? '')?.[1] ?? '';
    const path = request.url ?? '';
    const requestId = String(request.headers['x-ms-client-request-id'] ?? '');
    const arrived = { method: request.method ?? '', path, requestId, commonName, body };
    this.arrived.push(arrived);
    const decided = this.decide(arrived);
    if (decided === 'hang up') {
      // Done, but the answer is lost.
      if (path.startsWith('/agents/v1/streams/')) this.#accept(arrived);
      request.socket.destroy();
      return;
    }
    if (decided !== undefined) {
      response.writeHead(decided.status, decided.headers).end(decided.body);
      return;
    }
    if (path === '/agents/v1/configuration') {
      this.#json(response, 200, this.configuration);
    } else if (path === '/agents/v1/checkpoint') {
      if (this.checkpoint === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'text/plain' }).end(this.checkpoint);
    } else if (path === '/agents/v1/handovers' && this.handOvers !== undefined) {
      response.writeHead(200, { 'content-type': 'text/plain' }).end(this.handOvers);
    } else if (path === '/agents/v1/epoch' && this.epoch !== undefined) {
      response.writeHead(200, { 'content-type': 'text/plain' }).end(this.epoch);
    } else if (path.startsWith('/agents/v1/consistency')) {
      const answer = this.consistency?.(BigInt(path.split('from=')[1] ?? '0'));
      if (answer === undefined) response.writeHead(409).end();
      else this.#json(response, 200, answer);
    } else if (path === '/agents/v1/renew') {
      this.renewals += 1;
      const { csr } = JSON.parse(body.toString()) as { csr: string };
      const certificate = await this.#issue(csr, commonName);
      this.#json(response, 200, { certificate, authority: this.authority.certificatePem });
    } else if (path.startsWith('/agents/v1/streams/')) {
      this.#accept(arrived);
      response.writeHead(204, { 'x-strongroom-receipt': `receipt-of-${requestId}` }).end();
    } else response.writeHead(404).end();
  }

  #accept(request: Arrived): void {
    const plain = gunzipSync(request.body).toString();
    const hash = createHash('sha256').update(plain).digest('hex');
    const key = `${request.commonName} ${request.path} ${request.requestId} ${hash}`;
    if (this.accepted.has(key)) return;
    this.accepted.set(key, hash);
    const stream = decodeURIComponent(request.path.slice('/agents/v1/streams/'.length));
    const rows = this.rows.get(stream) ?? [];
    this.rows.set(stream, rows);
    for (const line of plain.trimEnd().split('\n')) {
      rows.push(JSON.parse(line) as Record<string, unknown>);
    }
  }

  rowsOf(stream: string): Record<string, unknown>[] {
    return this.rows.get(stream) ?? [];
  }
}

/** A machine with nothing on it but what a test gives it. */
export const bareSystem: System = {
  hostname: () => 'test-machine',
  addresses: () => ['192.0.2.7'],
  run: async () => undefined,
  async *follow() {},
  diskUsage: async () => undefined,
  processStart: async (pid) => (pid === process.pid ? '1' : undefined),
};

export const stateOf = (service: TestService): string => join(service.directory, 'agent');

export const enrolWith = (
  service: TestService,
  changes: { key?: string; pin?: string; server?: string; replace?: boolean } = {},
): Promise<Enrolled> =>
  enrol({
    fs: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    system: bareSystem,
    server: changes.server ?? service.publicUrl,
    enrollmentKey: changes.key ?? service.enrollmentKey,
    pin: changes.pin ?? service.authority.caPin(),
    stateDirectory: stateOf(service),
    keyDirectory: join(service.directory, 'keys'),
    replace: changes.replace ?? false,
  });

/** An agent that runs in this process until it is stopped. */
export function startAgent(
  service: TestService,
  options: { system?: System; spoolBytesMax?: number; clock?: Clock; fs?: Fs } = {},
): { stop(): Promise<void>; readonly done: Promise<void>; readonly log: string[] } {
  const abort = new AbortController();
  const log: string[] = [];
  const done = runAgent({
    fs: options.fs ?? nodeFileSystem,
    clock: options.clock ?? systemClock,
    random: systemRandom,
    sha256,
    system: options.system ?? bareSystem,
    stateDirectory: stateOf(service),
    signal: abort.signal,
    pid: process.pid,
    log: (line) => log.push(line),
    memoryBytes: () => process.memoryUsage.rss(),
    ...(options.spoolBytesMax === undefined
      ? {}
      : { limits: { spoolBytesMax: options.spoolBytesMax } }),
  });
  done.catch(() => undefined);
  return {
    log,
    done,
    async stop() {
      abort.abort();
      await done;
    },
  };
}

/** Resolves when a condition holds; rejects after a while, saying what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let waited = 0; waited < 15_000; waited += 50) {
    if (await condition()) return;
    await systemClock.sleep(50);
  }
  throw new Error(`waited in vain: ${what}`);
}

/** The common name in a certificate. */
export const commonNameOf = (pem: string): string =>
  /CN=(.*)/.exec(new X509Certificate(pem).subject)?.[1] ?? '';
