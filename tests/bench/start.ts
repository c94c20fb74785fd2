/** A start after a kill with a gigabyte that no table has yet. */
import { execFileSync } from 'node:child_process';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import { Service, eventually } from '../support/service.js';
import type { Figure } from './figures.js';

const mb = 1_000_000;
const backlogBytes = 1_000 * mb;
const bodyBytes = 0.9 * mb;
const goalMs = 5_000;
const section = 'start';

/** Processes below one. */
const childrenOf = (pid: number): number[] => {
  try {
    return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
};

export async function start(
  add: (figure: Figure) => void,
  say: (line: string) => void,
): Promise<void> {
  const service = await Service.start();
  try {
    const { dcrImmutableId, streamName, workspaceId, customTable } = service.bootstrap;
    const path = `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`;
    let authorization = await bearer(service);
    let number = 0;
    const rowsOfBody = (count: number): string =>
      JSON.stringify(
        Array.from({ length: count }, () => ({
          TimeGenerated: new Date().toISOString(),
          FilePath: '/var/log/messages',
          RawData: `host-${(number += 1) % 97} service[${number % 4_099}]: request ${number} took ${(number * 7_919) % 1_000} ms and ${'was answered '.repeat(4)}`,
        })),
      );
    const send = async (body: string): Promise<number> => {
      const answer = await raw(service, {
        method: 'POST',
        path,
        headers: { authorization, 'content-type': 'application/json' },
        body,
      });
      return answer.status;
    };
    const count = async (): Promise<number> => {
      const [row] = await rowsOf(azureClients(service), workspaceId, `${customTable} | count`);
      return Number(row?.['Count']);
    };
    if ((await send(rowsOfBody(1_000))) !== 204) throw new Error('not taken');
    await eventually(count, (rows) => rows === 1_000);

    say('a gigabyte, while the engine stands still …');
    const engines = childrenOf(service.pid);
    for (const pid of engines) process.kill(pid, 'SIGSTOP');
    let sent = 0;
    let refused = 0;
    const rowBytes = rowsOfBody(100).length / 100;
    const perBody = Math.floor(bodyBytes / rowBytes);
    const sender = async (): Promise<void> => {
      while (sent < backlogBytes) {
        const body = rowsOfBody(perBody);
        sent += body.length;
        for (; (await send(body)) !== 204; refused += 1) {
          if (refused > 200) throw new Error('the service refuses');
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
      }
    };
    const before = number - 100;
    await Promise.all([sender(), sender()]);
    const expected = 1_000 + (number - before) - 100;
    await service.end('SIGKILL');
    for (const pid of engines) process.kill(pid, 'SIGKILL');

    say('killed; starting …');
    const begun = performance.now();
    const since = (): number => performance.now() - begun;
    await service.run();
    const ready = since();
    authorization = await bearer(service);
    if ((await send(rowsOfBody(10))) !== 204) throw new Error('not taken');
    const taken = since();
    const first = await count();
    const answered = since();
    say(`${first} of ${expected} rows were applied at the first answer`);
    const all = await eventually(count, (rows) => rows >= expected + 10, 600_000);
    const applied = since();
    if (all !== expected + 10) throw new Error(`${all} rows, not ${expected + 10}`);
    for (const [what, value, goal] of [
      ['until it is ready', ready, true],
      ['until it has taken a batch', taken, true],
      ['until it has answered a query', answered, true],
      ['until all is in the table', applied, false],
    ] as const) {
      add({
        section,
        what,
        unit: 's',
        value: Math.round(value / 10) / 100,
        note: `after kill -9 with ${Math.round(sent / mb)} MB unapplied`,
        ...(goal ? { goal: '≤ 5', met: value <= goalMs } : {}),
      });
    }
  } finally {
    await service.remove();
  }
}
