import { X509Certificate } from 'node:crypto';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { access, constants, copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pinOf } from '@strongroom/agent';
import { repository } from '../support/service.js';
import type { Bench } from './bench.js';
import { cpuSecondsOf, memoryOf } from './processes.js';

const mb = 1_000_000;
const mib = 1024 * 1024;
const logs = '/var/log';

/** Tailing a large file and shipping it: a real agent, enrolled with the service, over mutual TLS. */
export async function agent(bench: Bench): Promise<void> {
  const section = 'agent';
  try {
    await access(logs, constants.W_OK);
  } catch {
    bench.add({
      section,
      what: `agent: skipped, ${logs} cannot be written`,
      unit: '',
      value: Number.NaN,
    });
    return;
  }
  const { set } = await bench.syslog();
  const { service } = bench;
  const state = join(bench.directory, 'agent');
  const program = join(repository, 'packages', 'agent', 'dist', 'main.js');
  const start = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, ['--max-semi-space-size=4', program, ...args, '--state', state], {
      env: service.environment,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  const enrolling = start([
    'enrol',
    '--server',
    service.bootstrap.url,
    '--pin',
    pinOf(new X509Certificate(service.ca)),
    '--key',
    service.bootstrap.enrollmentKey,
    '--key-directory',
    join(bench.directory, 'agent-key'),
    '--computer',
    'bench',
  ]);
  const code = await new Promise<number | null>((resolve) => enrolling.once('exit', resolve));
  if (code !== 0) throw new Error(`enrolling ended with ${code}`);
  const directory = await mkdtemp(join(logs, 'strongroom-bench-'));
  const child = start(['run']);
  const pid = child.pid ?? 0;
  try {
    bench.say('the agent tails a file …');
    // Its first look at the machine, with the inventory, is not what is measured.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    const path = join(directory, 'big.log');
    await copyFile(set.file, `${path}.tmp`);
    const cpuBefore = await cpuSecondsOf(pid);
    let peak = 0;
    const watch = setInterval(() => {
      void memoryOf(pid).then((memory) => {
        peak = Math.max(peak, memory?.rssBytes ?? 0);
      });
    }, 200);
    const started = performance.timeOrigin + performance.now();
    await rename(`${path}.tmp`, path);
    const query = `Text_CL | where FilePath == "${path}" | count`;
    const finished = await bench.untilCount(query, set.rows);
    clearInterval(watch);
    const cpu = (await cpuSecondsOf(pid)) - cpuBefore;
    bench.add({
      section,
      what: 'agent: tail, spool, ship, until queryable',
      unit: 'MB/s',
      value: set.bytes / mb / ((finished - started) / 1000),
      note: `one file of ${(set.bytes / mb).toFixed(0)} MB; the service is on the same two cores`,
    });
    bench.add({
      section,
      what: 'agent: per second of its own processor time',
      unit: 'MB/s',
      value: set.bytes / mb / cpu,
      goal: '≥ 50 MB/s a core',
      met: set.bytes / mb / cpu >= 50,
    });
    bench.add({
      section,
      what: 'agent: greatest resident memory',
      unit: 'MiB',
      value: peak / mib,
      goal: '≤ 100 MB',
      met: peak <= 100 * mb,
    });
  } finally {
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
}
