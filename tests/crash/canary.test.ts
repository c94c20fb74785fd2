import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { azureClients, bearer, raw, rowsOf } from '../support/clients.js';
import { assertNowhere, newMarker } from '../support/canary.js';
import { cliJson, signInAdministrator } from '../support/cli.js';
import { eventually, Service } from '../support/service.js';

/** Rows that carry the marker: enough that sorting them does not fit a small memory limit. */
const rowsCount = 20_000;

let service: Service;
const marker = newMarker();

/** Where backups go: outside the service's directory. */
let elsewhere: string;

before(async () => {
  elsewhere = await mkdtemp(join(tmpdir(), 'backups-of-the-canary-'));
  service = await Service.start({
    flags: ['--backup', join(elsewhere, 'repository'), '--backup-hours', '0'],
  });
  await signInAdministrator(service);
});
after(async () => {
  await service?.remove();
  await rm(elsewhere, { recursive: true, force: true });
});

const heavy: readonly [what: string, kql: string][] = [
  ['a group-by', 'Text_CL | summarize n = count(), any = max(RawData) by RawData | top 5 by n'],
  [
    'a sort',
    'Text_CL | sort by RawData asc | take 100000 | summarize n = count(), last = max(RawData)',
  ],
  [
    'a join',
    'Text_CL | join kind=inner (Text_CL | project Computer, Other = RawData) on Computer | summarize n = count(), m = max(Other)',
  ],
  [
    'a window',
    'Text_CL | sort by RawData asc | extend r = row_number() | summarize n = count(), m = max(RawData), r = max(r)',
  ],
];

test('an ingested marker is in no file in the clear, whatever is asked and whatever dies', async () => {
  const authorization = await bearer(service);
  const { dcrImmutableId, streamName, workspaceId } = service.bootstrap;
  const send = (from: number, count: number) =>
    raw(service, {
      method: 'POST',
      path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(
        Array.from({ length: count }, (_, index) => ({
          TimeGenerated: new Date().toISOString(),
          Computer: `c${index % 7}`,
          FilePath: `/${marker}`,
          RawData: `${marker} ${from + index} ${'y'.repeat(40)}`,
        })),
      ),
    });
  for (let from = 0; from < rowsCount; from += 2_000) {
    assert.equal((await send(from, 2_000)).status, 204);
  }
  const clients = azureClients(service);
  const [counted] = await eventually(
    () =>
      rowsOf(
        clients,
        workspaceId,
        `Text_CL | where RawData has "${marker}" | summarize n = count()`,
      ),
    ([row]) => Number(row?.['n']) === rowsCount,
  );
  assert.equal(Number(counted?.['n']), rowsCount, 'the marker can be searched for');
  await assertNowhere(service, marker, 'after ingest');

  const ask = (query: string) =>
    raw(service, {
      method: 'POST',
      path: `/v1/workspaces/${workspaceId}/query`,
      headers: { authorization, 'content-type': 'application/json', prefer: 'wait=30' },
      body: JSON.stringify({ query, timespan: 'P1D' }),
    });
  for (const [what, query] of heavy) {
    const answering = ask(query);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await assertNowhere(service, marker, `while ${what} runs`);
    assert.ok([200, 400, 504].includes((await answering).status), what);
    await assertNowhere(service, marker, `after ${what}`);
  }

  // A dead letter quotes the row that did not fit: it is as secret as the row.
  const bad = await raw(service, {
    method: 'POST',
    path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify([{ TimeGenerated: 'never', RawData: `${marker} unfit` }]),
  });
  assert.equal(bad.status, 204);
  const refused = await eventually(
    () => rowsOf(clients, workspaceId, 'IngestionErrors | summarize n = count()'),
    ([row]) => Number(row?.['n']) === 1,
  );
  assert.equal(Number(refused[0]?.['n']), 1);
  await assertNowhere(service, marker, 'after a row that did not fit');

  // All keys are replaced, tables are written anew, and a backup is taken on the way.
  const rotating = cliJson(service, ['keys', 'rotate']);
  await assertNowhere(service, marker, 'while keys rotate');
  await rotating;
  const rotated = await eventually(
    () => cliJson<{ disk: { current: number; rotating: boolean } }>(service, ['keys', 'status']),
    ({ disk }) => disk.current === 2 && !disk.rotating,
    120_000,
  );
  assert.equal(rotated.disk.current, 2);
  await assertNowhere(service, marker, 'after the rotation');
  await cliJson(service, ['backup', 'take']);
  await assertNowhere(service, marker, 'after a backup', [elsewhere]);

  const running = heavy.map(([, query]) => ask(query).catch(() => undefined));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await service.end('SIGKILL');
  await Promise.all(running);
  await assertNowhere(service, marker, 'after kill -9 in the middle');
  await service.run();
  await assertNowhere(service, marker, 'after the next start');
});
