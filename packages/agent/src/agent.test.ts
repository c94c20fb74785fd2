import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ed25519Signer } from '@strongroom/keys';
import {
  consistencyProof,
  leafHash,
  printVerifierKey,
  printHandOverText,
  rootOf,
  signCheckpoint,
  signEpoch,
  signHandOver,
} from '@strongroom/ledger';
import { toBase64 } from '@strongroom/base';
import { nodeFileSystem, sha256, systemClock } from '@strongroom/platform';
import {
  TestService,
  bareSystem,
  enrolWith,
  startAgent,
  stateOf,
  until,
} from './service-fixture.test.js';
import { readStatus } from './status.js';

async function withService(
  run: (service: TestService, logs: string) => Promise<void>,
): Promise<void> {
  const service = await TestService.start();
  const logs = join(service.directory, 'logs');
  await mkdir(logs);
  service.configuration = {
    etag: '1',
    textFiles: [{ stream: 'Custom-Text_CL', patterns: [join(logs, '*.log')] }],
  };
  try {
    await run(service, logs);
  } finally {
    await service.stop();
  }
}

const texts = (service: TestService): string[] =>
  service.rowsOf('Custom-Text_CL').map((row) => String(row['RawData']));
const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
const text = (from: number, to: number): string => `${lines(from, to).join('\n')}\n`;

// They mostly wait, each for a service and an agent of its own.
describe('an agent', { concurrency: 4 }, () => {
  test('enrols, collects everything that the configuration names, and ships it over its certificate', () =>
    withService(async (service, logs) => {
      service.configuration = {
        ...service.configuration,
        syslog: { stream: 'Microsoft-Syslog', files: [join(logs, 'syslog')], journald: true },
        performance: { stream: 'Microsoft-Perf', intervalSeconds: 10 },
        heartbeat: { stream: 'Microsoft-Heartbeat', intervalSeconds: 60 },
        inventory: { stream: 'Microsoft-ConfigurationData', intervalSeconds: 3600 },
      };
      const enrolled = await enrolWith(service);
      await writeFile(join(logs, 'syslog'), 'Nov 23 22:03:11 web1 sshd[42]: Accepted key\n');
      await writeFile(join(logs, 'app.log'), text(0, 3));
      const agent = startAgent(service, {
        system: {
          ...bareSystem,
          run: async (command) =>
            command === 'dpkg-query'
              ? 'installed\tbash\t5.2\tamd64\tSomeone\tA shell\n'
              : undefined,
        },
      });
      await until('all streams', () =>
        [
          'Custom-Text_CL',
          'Microsoft-Syslog',
          'Microsoft-Perf',
          'Microsoft-Heartbeat',
          'Microsoft-ConfigurationData',
        ].every((stream) => service.rowsOf(stream).length > 0),
      );
      await agent.stop();
      assert.deepEqual(texts(service), lines(0, 3));
      const [syslog] = service.rowsOf('Microsoft-Syslog');
      assert.equal(syslog?.['SyslogMessage'], 'Accepted key');
      assert.equal(syslog?.['Facility'], 'authpriv');
      assert.equal(syslog?.['ProcessID'], 42);
      assert.equal(
        service.rowsOf('Microsoft-Heartbeat')[0]?.['SourceComputerId'],
        enrolled.agentId,
      );
      assert.equal(service.rowsOf('Microsoft-ConfigurationData')[0]?.['SoftwareName'], 'bash');
      assert.ok(
        service
          .rowsOf('Microsoft-Perf')
          .some(
            (row) => row['CounterName'] === '% Processor Time' && row['InstanceName'] === '_Total',
          ),
      );
      assert.ok(service.arrived.every((request) => request.commonName === enrolled.agentId));
      const { running, status } = await readStatus(nodeFileSystem, bareSystem, stateOf(service));
      assert.equal(running, false);
      assert.equal(status?.shipping.state, 'sending');
      assert.deepEqual(status?.spool.streams['Custom-Text_CL'], {
        collected: 3,
        sent: 3,
        refused: 0,
        dropped: 0,
      });
    }));

  test('tells its inventory again after a start only where it changed', () =>
    withService(async (service) => {
      const stream = 'Microsoft-ConfigurationData';
      service.configuration = {
        ...service.configuration,
        inventory: { stream, intervalSeconds: 1 },
        heartbeat: { stream: 'Microsoft-Heartbeat', intervalSeconds: 1 },
      };
      await enrolWith(service);
      const run = async (version: string, expected: number): Promise<void> => {
        const beats = service.rowsOf('Microsoft-Heartbeat').length;
        const agent = startAgent(service, {
          system: {
            ...bareSystem,
            run: async (command) =>
              command === 'dpkg-query'
                ? `installed\tbash\t${version}\tamd64\tSomeone\tA shell\n`
                : undefined,
          },
        });
        await until(
          'beats and rows',
          () =>
            service.rowsOf('Microsoft-Heartbeat').length >= beats + 3 &&
            service.rowsOf(stream).length >= expected,
        );
        await agent.stop();
        assert.equal(service.rowsOf(stream).length, expected);
      };
      await run('5.2', 1);
      await run('5.2', 1);
      await run('5.3', 2);
    }));

  test('a pin of another authority sends nothing', () =>
    withService(async (service) => {
      const pin = `sha256/${Buffer.alloc(32).toString('base64')}`;
      await assert.rejects(enrolWith(service, { pin }), { code: 'AGENT_PIN_MISMATCH' });
      await assert.rejects(enrolWith(service, { pin: 'sha1/x' }), { code: 'AGENT_BAD_PIN' });
      await assert.rejects(enrolWith(service, { server: 'http://127.0.0.1:1' }), {
        code: 'AGENT_BAD_ADDRESS',
      });
      await assert.rejects(enrolWith(service, { server: 'https://127.0.0.1:1' }), {
        code: 'AGENT_SERVER_UNREACHABLE',
      });
      await assert.rejects(enrolWith(service, { key: 'wrong' }), {
        code: 'AGENT_ENROLMENT_REFUSED',
        message: /EnrollmentKeyInvalid/,
      });
      await enrolWith(service);
      await assert.rejects(enrolWith(service), { code: 'AGENT_ALREADY_ENROLLED' });
      // Anew: another agent, and nothing of others in the directory is touched.
      await writeFile(join(stateOf(service), 'not-ours'), 'kept');
      const before = await readFile(join(stateOf(service), 'agent.json'), 'utf8');
      await enrolWith(service, { replace: true });
      assert.notEqual(await readFile(join(stateOf(service), 'agent.json'), 'utf8'), before);
      assert.equal(await readFile(join(stateOf(service), 'not-ours'), 'utf8'), 'kept');
      const agent = startAgent(service);
      await until('running', () => agent.log.length > 0);
      await assert.rejects(enrolWith(service, { replace: true }), {
        code: 'AGENT_ALREADY_RUNNING',
      });
      await agent.stop();
    }));

  test('nothing of the state directory is readable without the key, and the key is not in it', () =>
    withService(async (service, logs) => {
      await enrolWith(service);
      await writeFile(join(logs, 'app.log'), 'CANARY-in-a-log-line\n');
      service.decide = (request) =>
        request.path.includes('streams') ? { status: 503 } : undefined;
      const agent = startAgent(service);
      await until('a spooled batch', async () => {
        const { status } = await readStatus(nodeFileSystem, bareSystem, stateOf(service));
        return (status?.spool.waiting.logs ?? 0) > 0;
      });
      await agent.stop();
      for (const name of await readdir(stateOf(service), { recursive: true })) {
        const path = join(stateOf(service), name);
        if (!(await stat(path)).isFile()) continue;
        assert.equal((await stat(path)).mode & 0o077, 0, name);
        const bytes = await readFile(path, 'latin1');
        assert.ok(!bytes.includes('CANARY'), name);
        assert.ok(!bytes.includes('PRIVATE KEY'), name);
        assert.ok(!bytes.includes('app.log'), name);
      }
    }));

  test('keeps rows while the service is away, over restarts, and delivers each once', () =>
    withService(async (service, logs) => {
      await enrolWith(service);
      await service.stopAgents();
      await writeFile(join(logs, 'app.log'), text(0, 1000));
      let agent = startAgent(service);
      await until('spooled', async () => {
        const { status } = await readStatus(nodeFileSystem, bareSystem, stateOf(service));
        return status?.spool.streams['Custom-Text_CL']?.collected === 1000;
      });
      await agent.stop();
      await appendFile(join(logs, 'app.log'), text(1000, 1500));
      await rename(join(logs, 'app.log'), join(logs, 'app.log.1'));
      await writeFile(join(logs, 'app.log'), text(1500, 1600));
      agent = startAgent(service);
      await service.startAgents();
      await until('all rows', () => texts(service).length >= 1600);
      await agent.stop();
      assert.deepEqual(texts(service).toSorted(), lines(0, 1600).toSorted());
    }));

  test('an answer that is lost makes no second row', () =>
    withService(async (service, logs) => {
      await enrolWith(service);
      let hangUps = 3;
      service.decide = (request) => {
        if (!request.path.includes('streams') || hangUps === 0) return undefined;
        hangUps -= 1;
        return 'hang up';
      };
      await writeFile(join(logs, 'app.log'), text(0, 100));
      const agent = startAgent(service);
      await until('acknowledged', async () => {
        const { status } = await readStatus(nodeFileSystem, bareSystem, stateOf(service));
        return status?.spool.streams['Custom-Text_CL']?.sent === 100;
      });
      await agent.stop();
      assert.deepEqual(texts(service), lines(0, 100));
      assert.ok(service.arrived.filter((one) => one.path.includes('streams')).length >= 2);
    }));

  test('a batch refused for good is set aside, counted and reported; others go on', () =>
    withService(async (service, logs) => {
      await enrolWith(service);
      service.decide = (request) =>
        request.path.includes('Text_CL')
          ? { status: 400, body: '{"error":{"code":"InvalidStream","message":"No such stream."}}' }
          : undefined;
      await writeFile(join(logs, 'app.log'), text(0, 7));
      const agent = startAgent(service);
      await until('a report', () => service.rowsOf('Microsoft-Operation').length > 0);
      await agent.stop();
      const [report] = service.rowsOf('Microsoft-Operation');
      assert.equal(report?.['OperationCategory'], 'Data Collection Health');
      assert.match(
        String(report?.['Detail']),
        /^7 rows refused: Custom-Text_CL \(400 InvalidStream/,
      );
      const { status } = await readStatus(nodeFileSystem, bareSystem, stateOf(service));
      assert.equal(status?.spool.refusedEntries, 1);
      assert.equal(status?.spool.waiting.logs, 0);
    }));

  test('a revoked agent stops sending, says so, and keeps what it has', () =>
    withService(async (service, logs) => {
      await enrolWith(service);
      service.decide = () => ({
        status: 403,
        body: '{"error":{"code":"AgentRevoked","message":"x"}}',
      });
      await writeFile(join(logs, 'app.log'), text(0, 5));
      const agent = startAgent(service);
      await until('refused', () =>
        agent.log.some((line) => line.startsWith('refused: 403 AgentRevoked')),
      );
      await until('spooled', async () => {
        const { status } = await readStatus(nodeFileSystem, bareSystem, stateOf(service));
        return status?.spool.waiting.logs === 1 && status.shipping.state === 'refused';
      });
      await agent.stop();
      assert.equal(service.rows.size, 0);
      assert.ok(!service.arrived.some((one) => one.path.includes('streams')));
    }));

  test('a service whose ledger went back gets nothing more', () =>
    withService(async (service, logs) => {
      const signer = ed25519Signer(new Uint8Array(32).fill(1));
      const origin = 'strongroom.test/w';
      const leaves = Array.from({ length: 16 }, (_, n) =>
        leafHash(sha256, new Uint8Array(32).fill(n)),
      );
      const forked = leaves.map((leaf, n) => (n === 3 ? sha256(leaf) : leaf));
      /** What the service shows: a tree over the first so many of these leaves. */
      const shows = async (size: number, by = signer, tree = leaves): Promise<void> => {
        const text = await note(size, by, tree);
        service.checkpoint = text;
        service.consistency = (from) =>
          from > BigInt(size)
            ? undefined
            : {
                oldSize: String(from),
                size: String(size),
                hashes: consistencyProof(sha256, tree.slice(0, size), Number(from)).map(toBase64),
                checkpoint: text,
              };
      };
      const note = async (size: number, by: typeof signer, tree = leaves): Promise<string> => {
        const head = {
          origin,
          size: BigInt(size),
          root: rootOf(sha256, tree.slice(0, size)),
          time: systemClock.now(),
        };
        const keyed = {
          keyName: origin,
          publicKey: by.publicKey,
          sign: (message: Uint8Array) => by.sign(message),
        };
        return (await signCheckpoint(sha256, head, keyed)).text;
      };
      service.verifierKey = printVerifierKey(sha256, { name: origin, publicKey: signer.publicKey });
      await enrolWith(service);
      await shows(9);
      await writeFile(join(logs, 'app.log'), text(0, 5));
      let agent = startAgent(service);
      await until('rows', () => texts(service).length === 5);
      await agent.stop();
      await shows(8);
      await appendFile(join(logs, 'app.log'), text(5, 9));
      agent = startAgent(service);
      await until('noticed', () =>
        agent.log.some((line) =>
          line.startsWith('rollback detected: the ledger has 8 entries, it had 9'),
        ),
      );
      await until('spooled', async () => {
        const { status } = await readStatus(nodeFileSystem, bareSystem, stateOf(service));
        return (status?.spool.waiting.logs ?? 0) > 0;
      });
      await agent.stop();
      // More entries, and signed by somebody else.
      await shows(10, ed25519Signer(new Uint8Array(32).fill(2)));
      agent = startAgent(service);
      await until('refused', () =>
        agent.log.some((line) => line.includes('the checkpoint is not the ledger’s')),
      );
      await agent.stop();
      // Signed by the right key, larger, and another tree: nothing but the proof shows it.
      await shows(10, signer, forked);
      agent = startAgent(service);
      await until('another tree', () =>
        agent.log.some((line) =>
          line.includes('the ledger of 10 entries does not continue the one of 9'),
        ),
      );
      await agent.stop();
      // No proof is no continuation.
      await shows(10);
      service.consistency = undefined;
      agent = startAgent(service);
      await until('no proof', () => agent.log.some((line) => line.includes('nothing shows that')));
      await agent.stop();
      assert.equal(texts(service).length, 5);
      // A restore that somebody else states explains nothing.
      const epoch = async (number: bigint, by: typeof signer): Promise<string> =>
        signEpoch(
          sha256,
          { origin, number, time: 1, reason: 'the disk burned', kept: await note(8, signer) },
          { keyName: origin, publicKey: by.publicKey, sign: (message) => by.sign(message) },
        );
      await shows(8);
      service.epoch = await epoch(1n, ed25519Signer(new Uint8Array(32).fill(2)));
      agent = startAgent(service);
      await until('a stranger’s statement', () =>
        agent.log.some((line) => line.startsWith('rollback detected')),
      );
      await agent.stop();
      // Stated by the ledger's own key it is accepted: what waited is sent.
      service.epoch = await epoch(1n, signer);
      agent = startAgent(service);
      await until('rows after the restore', () => texts(service).length === 9);
      await agent.stop();
      // Once: the same statement covers no second way back.
      await shows(7);
      agent = startAgent(service);
      await until('once', () =>
        agent.log.some((line) =>
          line.startsWith('rollback detected: the ledger has 7 entries, it had 8'),
        ),
      );
      await agent.stop();
      await shows(10);
      agent = startAgent(service);
      await until('rows', () => texts(service).length === 9);
      await agent.stop();
      // Another key: followed where the one before vouches for it, and not back, nor to a second one.
      const keyed = (by: typeof signer) => ({
        keyName: origin,
        publicKey: by.publicKey,
        sign: (message: Uint8Array) => by.sign(message),
      });
      const [next, other] = [3, 4].map((byte) => ed25519Signer(new Uint8Array(32).fill(byte)));
      const handOver = (from: typeof signer, to: typeof signer): Promise<string> =>
        signHandOver(
          sha256,
          { origin, number: 1n, time: 1, size: 10n, root: rootOf(sha256, leaves.slice(0, 10)) },
          { from: keyed(from), to: keyed(to) },
        );
      await shows(11, next);
      service.handOvers = printHandOverText(sha256, [await handOver(other!, next!)]);
      agent = startAgent(service);
      await until('a stranger’s hand-over', () =>
        agent.log.some((line) => line.includes('the checkpoint is not the ledger’s')),
      );
      await agent.stop();
      service.handOvers = printHandOverText(sha256, [await handOver(signer, next!)]);
      await appendFile(join(logs, 'app.log'), text(9, 13));
      agent = startAgent(service);
      await until('rows under the new key', () => texts(service).length === 13);
      await agent.stop();
      for (const by of [signer, other!]) {
        await shows(12, by);
        service.handOvers = printHandOverText(sha256, [await handOver(signer, by)]);
        agent = startAgent(service);
        await until('the key of before, or another one after it', () =>
          agent.log.some((line) => line.includes('the checkpoint is not the ledger’s')),
        );
        await agent.stop();
      }
    }));

  test('a certificate past two thirds of its life is renewed over a new key', () =>
    withService(async (service, logs) => {
      await enrolWith(service);
      const clock = { ...systemClock, now: () => systemClock.now() + 61 * 86_400_000 };
      const agent = startAgent(service, { clock });
      await until('renewed', () =>
        agent.log.some((line) => line.startsWith('certificate renewed')),
      );
      await writeFile(join(logs, 'app.log'), text(0, 5));
      await until('rows', () => texts(service).length === 5);
      await agent.stop();
      assert.equal(service.renewals, 1);
    }));

  test('two agents do not share a state directory, and a dead one does not keep it', () =>
    withService(async (service) => {
      await enrolWith(service);
      const first = startAgent(service);
      await until('running', () => first.log.length > 0);
      await assert.rejects(startAgent(service).done, { code: 'AGENT_ALREADY_RUNNING' });
      await first.stop();
      await writeFile(join(stateOf(service), 'agent.lock'), '999999 7\n');
      const second = startAgent(service);
      await until('running', () => second.log.length > 0);
      await second.stop();
    }));

  test('a full spool makes the reading wait; nothing is lost, and stopping is quick', () =>
    withService(async (service, logs) => {
      await enrolWith(service);
      const read = async () =>
        (await readStatus(nodeFileSystem, bareSystem, stateOf(service))).status;
      await service.stopAgents();
      let agent = startAgent(service, { spoolBytesMax: 16 * 1024 * 1024 });
      await until('a first look', async () => (await read()) !== null);
      const all: string[] = [];
      for (let part = 0; part < 25; part += 1) {
        const lines = Array.from({ length: 1000 }, () => randomBytes(750).toString('base64'));
        all.push(...lines);
        await appendFile(join(logs, 'app.log'), `${lines.join('\n')}\n`);
      }
      await until('a full spool', async () => (await read())?.spool.full === true);
      const stopping = systemClock.monotonicMs();
      await agent.stop();
      assert.ok(systemClock.monotonicMs() - stopping < 3000);
      const left = await read();
      assert.ok((left?.spool.bytes ?? 0) <= 16 * 1024 * 1024);
      assert.ok((left?.spool.streams['Custom-Text_CL']?.collected ?? 0) < all.length);
      await service.startAgents();
      agent = startAgent(service, { spoolBytesMax: 16 * 1024 * 1024 });
      await until('all rows', () => service.rowsOf('Custom-Text_CL').length >= all.length);
      await agent.stop();
      assert.deepEqual(texts(service).toSorted(), all.toSorted());
      assert.equal((await read())?.spool.streams['Custom-Text_CL']?.dropped, 0);
    }));

  test('takes a configuration that changed since, and follows the journal of systemd from its cursor', () =>
    withService(async (service) => {
      await enrolWith(service);
      service.configuration = {
        etag: '2',
        syslog: { stream: 'Microsoft-Syslog', files: [], journald: true },
      };
      const followed: string[][] = [];
      const journal = [1, 2, 3].map((n) =>
        JSON.stringify({
          __CURSOR: `c${n}`,
          MESSAGE: `entry ${n}`,
          PRIORITY: '4',
          _HOSTNAME: 'test-machine',
        }),
      );
      const system = {
        ...bareSystem,
        async *follow(command: string, args: readonly string[], signal: AbortSignal) {
          followed.push([command, ...args]);
          const after = args.find((arg) => arg.startsWith('--after-cursor=c'))?.slice(-1);
          yield journal.slice(after === undefined ? 0 : Number(after));
          await systemClock.sleep(60_000, signal).catch(() => undefined);
        },
      };
      // A machine with a journal: the rest is its own.
      const fs = {
        ...nodeFileSystem,
        list: async (path: string) =>
          path === '/run/log/journal'
            ? ['id']
            : path === '/run/log/journal/id'
              ? ['system.journal']
              : path.startsWith('/var/log/journal')
                ? []
                : nodeFileSystem.list(path),
        open: async (path: string, how: 'read' | 'write' | 'create', mode?: number) =>
          nodeFileSystem.open(
            path === '/run/log/journal/id/system.journal' ? '/dev/null' : path,
            how,
            mode,
          ),
      };
      let agent = startAgent(service, { system, fs });
      await until('entries', () => service.rowsOf('Microsoft-Syslog').length === 3);
      await agent.stop();
      journal.push(JSON.stringify({ __CURSOR: 'c4', MESSAGE: 'entry 4' }));
      agent = startAgent(service, { system, fs });
      await until('the next entry', () => service.rowsOf('Microsoft-Syslog').length === 4);
      await agent.stop();
      assert.deepEqual(
        service.rowsOf('Microsoft-Syslog').map((row) => row['SyslogMessage']),
        ['entry 1', 'entry 2', 'entry 3', 'entry 4'],
      );
      assert.equal(service.rowsOf('Microsoft-Syslog')[0]?.['SeverityLevel'], 'warning');
      assert.ok(followed[0]?.some((arg) => arg.startsWith('--lines=')));
      assert.ok(followed[1]?.includes('--after-cursor=c3'));
      const { status } = await readStatus(nodeFileSystem, bareSystem, stateOf(service));
      assert.equal(status?.configurationEtag, '2');
    }));
});
