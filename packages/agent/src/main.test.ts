import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@strongroom/platform';
import { seededRandom } from '@strongroom/testkit';
import { TestService, stateOf, until } from './service-fixture.test.js';
import type { ReadStatus } from './status.js';

const program = fileURLToPath(new URL('main.js', import.meta.url));

async function run(
  args: readonly string[],
  input = '',
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

const enrolArgs = (service: TestService): string[] =>
  ['enrol', '--server', service.publicUrl, '--key', service.enrollmentKey].concat(
    ['--pin', service.authority.caPin(), '--state', stateOf(service)],
    ['--key-directory', join(service.directory, 'keys'), '--computer', 'web1'],
  );

test('as a process: killed at any moment it loses no line and sends none twice', async () => {
  const service = await TestService.start();
  const logs = join(service.directory, 'logs');
  await mkdir(logs);
  service.configuration = {
    etag: '1',
    textFiles: [{ stream: 'Custom-Text_CL', patterns: [join(logs, '*.log')] }],
    heartbeat: { stream: 'Microsoft-Heartbeat', intervalSeconds: 60 },
  };
  const random = seededRandom(7);
  let child: ChildProcess | undefined;
  const start = (): void => {
    child = spawn(process.execPath, [program, 'run', '--state', stateOf(service)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  };
  const status = async (): Promise<ReadStatus> => {
    const { out } = await run(['status', '--state', stateOf(service), '--json']);
    return JSON.parse(out) as ReadStatus;
  };
  try {
    const key = service.enrollmentKey;
    const enrolled = await run(
      [...enrolArgs(service).map((arg) => (arg === key ? '-' : arg)), '--json'],
      `${key}\n`,
    );
    assert.equal(enrolled.code, 0, enrolled.err);
    const before = await status();
    assert.deepEqual([before.running, before.status], [false, null]);

    let written = 0;
    const write = async (): Promise<void> => {
      let text = '';
      for (let count = 200 + random.integer(2000); count > 0; count -= 1) {
        text += `line ${written} ${'x'.repeat(random.integer(150))}\n`;
        written += 1;
      }
      await appendFile(join(logs, 'app.log'), text);
    };
    for (let round = 1; round <= 4; round += 1) {
      start();
      for (let part = 0; part < 6; part += 1) {
        await write();
        await systemClock.sleep(50 + random.integer(400));
      }
      // The moment of death is anywhere between reading and acknowledgement.
      child!.kill('SIGKILL');
      await once(child!, 'exit');
      if (round === 2) await rename(join(logs, 'app.log'), join(logs, 'app.log.1'));
    }
    start();
    await until('all lines', () => service.rowsOf('Custom-Text_CL').length >= written);
    const stopping = systemClock.monotonicMs();
    child!.kill('SIGTERM');
    const [code] = (await once(child!, 'exit')) as [number | null];
    assert.equal(code, 0);
    assert.ok(systemClock.monotonicMs() - stopping < 3000);
    const numbers = service
      .rowsOf('Custom-Text_CL')
      .map((row) => Number(/\d+/.exec(String(row['RawData']))?.[0]));
    assert.equal(numbers.length, written);
    assert.equal(new Set(numbers).size, written);
    const after = await status();
    assert.equal(after.running, false);
    assert.equal(after.status?.spool.streams['Custom-Text_CL']?.collected, written);
    assert.equal(service.rowsOf('Microsoft-Heartbeat')[0]?.['Computer'], 'web1');
    const printed = await run(['status', '--state', stateOf(service)]);
    assert.match(printed.out, /state +stopped/);
  } finally {
    child?.kill('SIGKILL');
    await service.stop();
  }
});

test('ends with its parent where it was told to', async () => {
  const service = await TestService.start();
  try {
    assert.equal((await run(enrolArgs(service))).code, 0);
    const child = spawn(
      process.execPath,
      [program, 'run', '--state', stateOf(service), '--while-stdin-open'],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    child.stdin.end();
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 0);
  } finally {
    await service.stop();
  }
});

test('says what is wrong, and how it ended by its exit code', async () => {
  const service = await TestService.start();
  try {
    const cases: [string[], number, RegExp][] = [
      [['status', '--state', stateOf(service)], 1, /AGENT_NOT_ENROLLED/],
      [['run', '--state', stateOf(service)], 1, /AGENT_NOT_ENROLLED/],
      [['run'], 2, /--state/],
      [['dance'], 2, /dance/],
      [['run', '--state', 'x', '--spool-mib', '-1'], 2, /whole number/],
      [
        enrolArgs(service).map((arg) => (arg === service.enrollmentKey ? 'wrong' : arg)),
        1,
        /AGENT_ENROLMENT_REFUSED/,
      ],
      [[...enrolArgs(service), '--key-directory', stateOf(service)], 1, /KEYS_INSIDE_DATA/],
      [enrolArgs(service), 0, /^$/],
      [enrolArgs(service), 1, /AGENT_ALREADY_ENROLLED/],
      [['run', '--state', stateOf(service), '--spool-mib', '1'], 1, /AGENT_BAD_OPTION/],
    ];
    for (const [args, code, stderr] of cases) {
      const result = await run(args);
      assert.equal(result.code, code, `${args.join(' ')}: ${result.err}`);
      assert.match(result.err, stderr, args.join(' '));
    }
  } finally {
    await service.stop();
  }
});
